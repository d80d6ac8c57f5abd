// What stands in the place of an embed that is not allowed: what it would be,
// and the way to allow it, once or always. The markup was prepared by Go.
import { bundle, own, part, warn } from './bundle.js';
import { allow } from './layers.js';
import { parse } from './trusted.js';
import { language } from './language.js';

let markups = null; // promise of the markup by id, fetched when first needed

async function fetchMarkups() {
  const response = await fetch(part(bundle.placeholders.replace('*', language())));
  if (!response.ok) throw new Error('answers ' + response.status);
  return response.json();
}

/**
 * Makes a placeholder of the embed's size.
 * @param id the service or category that the embed waits for
 * @param once lets the embed in for this page
 */
export function drawPlaceholder(embed, id, once) {
  const box = document.createElement('div');
  box.className = 'temoin-placeholder';
  fit(box, embed);
  markups ??= fetchMarkups();
  markups.then((known) => fill(box, known, id, once)).catch((error) => warn('placeholder:', error));
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

function fill(box, known, id, once) {
  const markup = own(known, id);
  if (!markup) {
    warn(`no category or service "${id}" that could be allowed`);
    return;
  }
  const shadow = box.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(known.style);
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(parse(markup));
  shadow.addEventListener('click', ({ target }) => {
    const action = target.closest('[data-temoin]')?.dataset.temoin;
    if (action === 'once') once();
    if (action === 'always') allow(id);
  });
}
