// What stands in the place of an embed that is not allowed, of its size from the
// first moment on; what it shows comes later (web/later/placeholder.js).
import { fetchLater } from './fetch-later.js';

/**
 * Makes a placeholder of the embed's size.
 * @param id the service or category that the embed waits for
 * @param once lets the embed in for this page
 */
export function drawPlaceholder(embed, id, once) {
  const box = document.createElement('div');
  box.className = 'temoin-placeholder';
  fit(box, embed);
  fetchLater().then(({ fill }) => fill(box, id, once));
  return box;
}

const laidOut = ['width', 'height', 'margin', 'float', 'verticalAlign', 'maxWidth', 'gridArea', 'alignSelf', 'justifySelf'];

/** The box takes the room that the embed would, so that nothing moves when it comes. */
function fit(box, embed) {
  const model = embed.localName === 'template' ? standIn(embed) : embed;
  const rect = model?.getBoundingClientRect();
  if (rect?.width && rect.height) {
    const style = getComputedStyle(model);
    for (const name of laidOut) box.style[name] = style[name];
    // What replaces itself stands on the line with its lower edge, and so does this.
    box.style.display = style.display === 'inline' ? 'inline-block' : style.display;
    box.style.width = rect.width + 'px';
    box.style.height = rect.height + 'px';
    box.style.overflow = 'hidden';
  }
  box.style.boxSizing = 'border-box';
  if (model !== embed) model?.remove();
}

/** What a template shows first, without what it would load, put in its place to be measured. */
function standIn(template) {
  const first = template.content.firstElementChild;
  if (!first?.matches('iframe, img, video, audio')) return null;
  const model = document.importNode(first, false);
  for (const name of ['src', 'srcset', 'srcdoc', 'poster', 'autoplay', 'id']) model.removeAttribute(name);
  template.after(model);
  return model;
}
