// Draws the prerendered layers, and keeps the focus in them.
import * as bundle from './bundle.js';
import { enter, root, shadow } from './place.js';
import { parse } from './trusted.js';

/** Gives the focus to the reopening button, if nothing in the layers has it that can be seen. */
export function refocus() {
  if (shadow.activeElement?.getClientRects().length) return;
  root.querySelector('[data-temoin="open"]')?.focus({ preventScroll: true });
}

/** Adopts a style sheet, which no style-src can forbid. */
export function style(css) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets.push(sheet);
}

let reopens; // the label of the button that reopens the choices

/** Gives that button another label, from when it is drawn next. */
export const relabel = (label) => { reopens = label; };

/** Makes the frame: the root with the layers, and the notice. */
export function frame(markup) {
  const [layers, notice] = parse(markup).children;
  reopens = layers.querySelector('.reopen').textContent;
  style(bundle.style);
  root.className = 'root';
  root.append(layers);
  shadow.append(root, notice);
  enter();
}

/**
 * Once there is a frame, draws the layers as they are before Go runs: the banner,
 * or the button that reopens the choices, which may have another label.
 */
export function draw(asking, label) {
  if (!reopens) return;
  if (bundle.asks) root.querySelector('.banner').hidden = !asking;
  const reopen = root.querySelector('.reopen');
  reopen.hidden = asking || !bundle.reopen;
  reopen.firstChild.textContent = label || reopens;
}

/** Once there is a frame, says text to whoever uses a screen reader; shows it to everybody if visible. */
export function notice(text, visible) {
  const box = shadow.querySelector('.notice');
  if (!box) return;
  box.querySelector('p').textContent = text;
  box.classList.toggle('shown', !!visible);
}

/** Shows on the button that was pressed that something is on its way, until what it returns is called. */
export function waiting(button, text) {
  const label = button.textContent;
  button.setAttribute('aria-busy', 'true');
  button.textContent = text;
  return () => {
    button.removeAttribute('aria-busy');
    // In another language the button has its label already (web/speak).
    if (button.textContent === text) button.textContent = label;
  };
}
