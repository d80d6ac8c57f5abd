// What can wait beside scripts: elements whose addresses stand in data-src and the
// like, and templates.
import { addresses, opened, shelter, waiting } from '../loader/waiting.js';
import { boxOf, clear, hide } from './placeholder.js';

const openTemplate = `template[${opened}]`;
const end = 'temoin'; // the comment at the end of that content
const last = 'data-consent-last'; // on the last element in it, for who makes copies without comments

/** The elements that load with an embed: itself, those in it that wait, and the sources of a picture. */
function parts(element) {
  const picture = element.localName === 'img' && element.closest('picture');
  return [...(picture ? picture.querySelectorAll('source:not([data-consent])') : []), element, ...element.querySelectorAll(`:is(${waiting}):not([data-consent])`)];
}

const met = new WeakSet();

/** Takes an embed in, without what it has from the one that it may be a copy of: it waits by itself. */
export function meet(embed) {
  if (met.has(embed)) return;
  met.add(embed);
  clear(embed);
  for (const part of parts(embed)) {
    shelter(part);
    for (const [name, value] of addresses(part)) if (part.getAttribute(name) === value) part.removeAttribute(name);
  }
  if (embed.matches(openTemplate)) removeContent(embed);
  embed.removeAttribute(opened);
}

/** Has media look at their sources anew. */
function play(elements) {
  for (const media of new Set(elements.filter(({ localName }) => localName === 'source').map((source) => source.closest('video, audio')))) media?.load();
}

/** Puts an element that has been changed into its place anew. */
function renew(element, change) {
  const place = document.createComment('');
  element.replaceWith(place);
  change();
  place.replaceWith(element);
}

function removeContent(template) {
  template.removeAttribute(opened);
  const nodes = [];
  let count = 0; // of those that are the template's
  let depth = 0; // of templates within it that are open
  for (let node = template.nextSibling; node && depth >= 0; node = node.nextSibling) {
    const isEnd = node.nodeType === Node.COMMENT_NODE && node.data === end;
    nodes.push(node);
    if (!depth && (isEnd || (!count && node.hasAttribute?.(last)))) count = nodes.length;
    if (isEnd) depth -= 1;
    if (node.matches?.(openTemplate)) depth += 1;
  }
  for (const node of nodes.slice(0, count)) node.remove();
}

/**
 * @param page what the loader hands over: see main.js
 * @returns a function that lets an embed in that has waited for ids; it returns what takes it away
 */
export function showing({ passed, insert, scriptURL, trustedHTML, warn }) {
  /** Gives an embed its addresses; returns what takes them away. */
  function showSource(embed) {
    const all = parts(embed);
    const before = [];
    for (const part of all) {
      passed.add(part);
      const load = () => {
        for (const [name, value] of addresses(part)) {
          before.push([part, name, part.getAttribute(name), value]);
          if (part.hasAttribute('data-' + name)) part.setAttribute('data-' + name, value); // what loads lazily finds the same
          part.setAttribute(name, (name === 'srcdoc' ? trustedHTML : scriptURL)(value));
        }
      };
      if (part.matches('object, embed')) renew(part, load); // they look at their address when they come into the page
      else load();
    }
    if (!before.length) warn('has nothing that could wait: want data-src, data-srcset, data-href or data-data, or a template around it:', embed);
    play(all);
    embed.setAttribute(opened, '');
    return () => {
      embed.removeAttribute(opened);
      for (const part of all) {
        const unload = () => {
          for (const [one, name, value, shown] of before) {
            if (one !== part) continue;
            if (value === null) part.removeAttribute(name);
            else part.setAttribute(name, value);
            if (!addresses(part).some(([kept]) => kept === name)) part.setAttribute('data-consent-' + name, shown);
          }
        };
        passed.delete(part);
        // A frame that begins anew leaves nothing of what it has shown, in the history neither.
        if (part.matches('iframe, object, embed')) renew(part, unload);
        else unload();
        shelter(part);
      }
      play(all);
    };
  }

  /** Puts a template's content behind it; returns what takes it away. */
  function showTemplate(template, ids) {
    const content = document.importNode(template.content, true);
    for (const element of content.querySelectorAll('*')) passed.add(element);
    content.lastElementChild?.setAttribute(last, '');
    content.append(document.createComment(end));
    template.setAttribute(opened, '');
    hide(template);
    insert(content, template, ids);
    // Without its mark its content is gone, too, and what stands behind it is another's.
    return () => { if (template.hasAttribute(opened)) removeContent(template); };
  }

  return (embed, ids) => {
    meet(embed);
    const isTemplate = embed.localName === 'template';
    const box = boxOf(embed);
    const hadFocus = box && box.getRootNode().activeElement === box;
    const hide = isTemplate ? showTemplate(embed, ids) : showSource(embed);
    clear(embed);
    if (hadFocus) focus(isTemplate ? embed.nextElementSibling : embed);
    return hide;
  };
}

/** Gives the focus to what has come in the place of a placeholder that had it. */
function focus(element) {
  if (!element) return;
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus();
}
