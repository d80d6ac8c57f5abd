// Draws the prerendered layers in a shadow root at the beginning of the page,
// and keeps the banner off what has the focus.
import * as bundle from './bundle.js';
import { parse } from './trusted.js';

const host = document.createElement('div');
const shadow = host.attachShadow({ mode: 'open' });

let shell = null; // the markup in the page's language

/** Holds the layers; Go replaces its first child. */
const root = document.createElement('div');

export { host, root, shadow };

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
 * Once there is a frame, draws the layers as they are before Go runs: the banner,
 * or the button that reopens the choices, which may have another label.
 */
export function draw(asking, label) {
  if (!shell) return;
  const layers = shell.querySelector('.layers').cloneNode(true);
  if (!asking) layers.querySelector('.banner').remove();
  const reopen = layers.querySelector('.reopen');
  reopen.hidden = asking || !bundle.reopen;
  if (label) reopen.querySelector('button').textContent = label;
  root.replaceChildren(layers);
}

/** Once there is a frame, says text to whoever uses a screen reader; shows it to everybody if visible. */
export function notice(text, visible) {
  const box = shadow.querySelector('.notice');
  if (!box) return;
  box.querySelector('p').textContent = text;
  box.classList.toggle('shown', !!visible);
}

/** Shows on the button that was pressed that something is on its way. */
export function waiting(button, text) {
  button.setAttribute('aria-busy', 'true');
  button.textContent = text;
}
