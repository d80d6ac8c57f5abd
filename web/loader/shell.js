// Draws the prerendered layers in a shadow root at the beginning of the page,
// and keeps the banner off what has the focus.
import { bundle } from './bundle.js';
import { parse } from './trusted.js';

const host = document.createElement('div');
const shadow = host.attachShadow({ mode: 'open' });

let shell = null; // the markup in the page's language

/** Holds the layers; Go replaces its first child. */
const root = document.createElement('div');

export { host, root, shadow };

/**
 * Returns a function that gives the focus back to what has it now, when its like
 * has taken its place: Go draws the same elements in the same order.
 */
export function keepFocus() {
  const controls = () => [...root.querySelectorAll('a, button')];
  const place = controls().indexOf(shadow.activeElement);
  const top = root.querySelector('.words')?.scrollTop;
  return () => {
    controls()[place]?.focus({ preventScroll: true });
    if (top) root.querySelector('.words').scrollTop = top;
  };
}

/** Whether something in the layers has the focus that can be seen. */
export const hasFocus = () => Boolean(shadow.activeElement?.getClientRects().length);

/** Gives the focus to the first button of that action, if it can be seen. */
export function focusOn(action) {
  root.querySelector(`[data-temoin="${action}"]`)?.focus({ preventScroll: true });
}

/** Adopts a style sheet, which no style-src can forbid. */
export function style(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
}

/** Makes the frame: the root for the layers, and the notice. */
export function frame(markup) {
  shell = parse(markup);
  host.id = 'temoin';
  style(bundle.style);
  root.className = 'root';
  shadow.append(root, shell.querySelector('.notice'));
  document.body.prepend(host);
}

/**
 * Draws the layers as they are before Go runs: the banner, or the button that
 * reopens the choices, which may have another label.
 */
export function draw(asking, label) {
  const layers = shell.querySelector('.layers').cloneNode(true);
  if (!asking) layers.querySelector('.banner').remove();
  const reopen = layers.querySelector('.reopen');
  reopen.hidden = asking || !bundle.reopen;
  if (label) reopen.querySelector('button').textContent = label;
  root.replaceChildren(layers);
}

/** Says text to whoever uses a screen reader; shows it to everybody if visible. */
export function notice(text, visible) {
  const box = shadow.querySelector('.notice');
  box.querySelector('p').textContent = text;
  box.classList.toggle('shown', !!visible);
}

/** Shows on the button that was pressed that something is on its way. */
export function waiting(button, text) {
  button.setAttribute('aria-busy', 'true');
  button.textContent = text;
}

const banner = () => root.querySelector('.banner:not([hidden])');

/**
 * Keeps the banner off the element that has the focus: scrolls, and where the
 * page ends there, moves the banner to the other half of the screen for as long
 * as needed.
 */
export function watchFocus() {
  document.addEventListener('focusin', ({ target }) => {
    uncover(target);
    // WebKit scrolls to what has the focus some time after it has told of it.
    const again = () => { if (document.activeElement === target) uncover(target); };
    addEventListener('scroll', again, { once: true, passive: true });
    setTimeout(() => removeEventListener('scroll', again), 300);
  });
}

function uncover(target) {
  // Nothing may move under the pointer of who clicks.
  if (target === host || !banner() || !target.matches(':focus-visible')) return;
  host.classList.remove('top', 'foot');
  const hidden = covered(target);
  if (!hidden) return;
  // Up to a whole pixel: WebKit scrolls no less.
  scrollBy({ top: Math.ceil(hidden), behavior: 'instant' });
  const { top, bottom } = target.getBoundingClientRect();
  if (covered(target)) host.classList.add(top + bottom > innerHeight ? 'top' : 'foot');
}

/**
 * How many pixels the page has to scroll so that the banner hides nothing of the
 * element; of one that is taller than the room above the banner, not its top.
 */
function covered(element) {
  const a = element.getBoundingClientRect();
  const b = banner().getBoundingClientRect();
  const beside = a.right <= b.left || a.left >= b.right || a.top >= b.bottom;
  return beside ? 0 : Math.max(0, Math.min(a.bottom - b.top, a.top));
}
