// Placeholders: what stands in the place of embeds that wait, of their size however
// wide the page becomes. Nothing stands for what nobody would see.
import { loading } from '../loader/waiting.js';

const boxes = new WeakMap(); // embed → what stands in its place
const embeds = new WeakMap(); // the other way round
const natural = { display: '', boxSizing: 'border-box', maxWidth: '100%' };
const hidden = 'data-consent-display'; // on an embed that is hidden meanwhile: what its own style says

/** What stands in an embed's place, if anything does. */
export const boxOf = (embed) => boxes.get(embed);

/** Whether an element is a template that has room of its own, by the page's styles: what stands for it, and its content, take that. */
const isRoomy = (element) => element.localName === 'template' && element.getClientRects().length > 0;

/** Hides an embed, and notes how it was shown; a template that takes no room need not be. */
export function hide(embed) {
  if (embed.localName === 'template' && !isRoomy(embed)) return;
  embed.setAttribute(hidden, embed.style.display);
  embed.style.setProperty('display', 'none', 'important');
}

/** Puts a box, a new one if there is none, in the place of an embed. */
function place(embed, style) {
  let box = boxes.get(embed);
  if (!box) {
    box = document.createElement('div');
    box.className = 'temoin-placeholder';
    box.dataset.nosnippet = ''; // no search engine may show its words for the page's
    boxes.set(embed, box);
    embeds.set(box, embed);
  }
  Object.assign(box.style, style);
  if (box.nextSibling !== embed) embed.before(box);
  hide(embed);
  return box;
}

/** Has an embed that is hidden, or that is a copy of one, be seen. */
function show(embed) {
  if (!embed.hasAttribute(hidden)) return;
  embed.style.display = embed.getAttribute(hidden);
  embed.removeAttribute(hidden);
}

const unseen = new WeakSet(); // embeds that wait, and that nobody would see

/** Has an embed be seen again, alone in its place; of a template, what comes behind it is. */
export function clear(embed) {
  const before = boxes.get(embed) ?? embed.previousSibling;
  if (before?.className === 'temoin-placeholder') before.remove(); // it may be a copy, as the embed is
  boxes.delete(embed);
  unseen.delete(embed);
  if (embed.localName !== 'template') show(embed);
}

const laidOut = ['position', 'top', 'right', 'bottom', 'left', 'zIndex', 'transform', 'translate', 'scale', 'rotate', 'zoom',
  'margin', 'float', 'clear', 'verticalAlign', 'gridArea', 'order', 'alignSelf', 'justifySelf'];

/** The style of a box that takes the room of an element, so that nothing moves when it comes; null where that is none. */
function styleFor(element) {
  const { width, height } = element.getBoundingClientRect();
  if (width <= 1 || height <= 1) return null;
  const style = getComputedStyle(element);
  // Scaled or turned, by itself or by what it is in.
  const isMoved = Math.abs(width - element.offsetWidth) >= 1 || Math.abs(height - element.offsetHeight) >= 1;
  return {
    ...Object.fromEntries(laidOut.map((name) => [name, style[name]])),
    boxSizing: 'border-box',
    // What replaces itself stands on the line with its lower edge, and so does this.
    display: style.display === 'inline' ? 'inline-block' : style.display,
    width: (isMoved ? element.offsetWidth : width) + 'px',
    height: (isMoved ? element.offsetHeight : height) + 'px',
    maxWidth: 'none',
    flex: 'none',
    overflow: 'hidden',
  };
}

/** The style of a box between the rows of a table: as wide as what that stands in, without widening a column. */
function betweenRows({ parentElement: parent }) {
  const width = parent?.matches('table, thead, tbody, tfoot') && parent.closest('table').parentElement.clientWidth + 'px';
  return width && { ...natural, maxWidth: 'none', width, marginInlineEnd: '-' + width };
}

/** A copy of an element, without what is in it and what it would load. */
function empty(element) {
  const copy = document.importNode(element, false);
  for (const name of [...loading, 'autoplay', 'data-consent']) copy.removeAttribute(name);
  return copy;
}

// What shows the same, but has a browser forget that there were words.
const likeness = { inline: 'inline-block', block: 'flow-root' };

/**
 * Gives images that have no source yet the size that they will have: until then most are as large as their
 * words. Returns a function that gives them back what they had.
 */
function sized(images) {
  const before = images.map((image) => [image, image.alt, image.style.display, likeness[getComputedStyle(image).display]]);
  for (const [image, words, , like] of before) {
    if (words) image.alt = '';
    if (like) image.style.display = like;
  }
  return () => {
    for (const [image, words, display, like] of before) {
      if (words) image.alt = words;
      if (like) image.style.display = display;
    }
  };
}

const media = 'iframe, img, video, audio, object, embed';

/**
 * @param fill fills a box: see fill.js
 * @returns a function that draws the placeholders of embeds that have none; idOf gives the service or
 *   category that an embed waits for, once lets an embed in for this page
 */
export function placing(fill) {
  const filled = new WeakSet(); // boxes
  const watched = new WeakSet(); // those of them whose size is watched
  const room = new Map(); // what boxes stand in → { width, boxes }
  let names;
  let letIn;

  /** Puts a box in the place of each embed that can be seen, or fits the one that is there. */
  function draw(waiting) {
    for (const [embed, style] of measure(waiting)) {
      if (!style && !boxOf(embed)) {
        unseen.add(embed);
        if (!watched.has(embed)) sizes.observe(embed); // observed anew, it would be told of anew
        watched.add(embed);
        continue;
      }
      const box = place(embed, style ?? { display: 'none' });
      if (filled.has(box)) continue;
      filled.add(box);
      // One that is as large as what is in it is measured again only where it could not be yet.
      const width = box.parentElement?.clientWidth;
      const isFollowed = style !== natural || !box.getClientRects().length;
      // What a query of a container moves while it is drawn, WebKit reports to the page as a fault of the observer.
      fill(box, names(embed), () => letIn(embed)).then(() => soon(() => soon(() => isFollowed && box.isConnected && follow(box, width))));
    }
  }

  // ---- sizes that change ----

  // What an observer of sizes changes itself, browsers report to the page as a fault.
  const soon = (callback) => requestAnimationFrame(callback);

  /** Tells when what could not be seen has a size. */
  const sizes = new ResizeObserver((entries) => soon(() => draw(entries.map(({ target }) => target).filter((embed) => unseen.delete(embed) && embed.isConnected))));

  const widths = new ResizeObserver(() => soon(() => fit((parent, { width }) => parent.clientWidth !== width)));
  addEventListener('resize', () => fit(() => true)); // heights may hang on the window

  /** Fits the boxes whose room has changed. */
  function fit(hasChanged) {
    const changed = [];
    for (const [parent, place] of room) {
      place.boxes = place.boxes.filter((box) => box.isConnected && box.parentNode === parent);
      if (!place.boxes.length) {
        room.delete(parent);
        widths.unobserve(parent);
      } else if (hasChanged(parent, place)) {
        place.width = parent.clientWidth;
        changed.push(...place.boxes);
      }
    }
    draw(changed.map((box) => embeds.get(box)));
  }

  function follow(box, width) {
    const parent = box.parentElement;
    if (!parent) return; // at the top of a shadow root
    if (!room.has(parent)) room.set(parent, { width, boxes: [] });
    room.get(parent).boxes.push(box);
    widths.observe(parent);
  }

  // ---- the room that an embed takes ----

  /** The styles of boxes, as [embed, style]; null where nobody would see the embed. */
  function measure(waiting) {
    const models = waiting.map((embed) => {
      const box = boxOf(embed);
      if (box) box.style.display = 'none';
      show(embed);
      return [embed, embed.localName === 'template' && !isRoomy(embed) ? standIn(embed) : embed];
    });
    const restore = sized(models.flatMap(([, model]) => (model ? [model, ...model.querySelectorAll('img')] : [])).filter(({ localName }) => localName === 'img'));
    const styles = models.map(([embed, model]) => [embed, model && styleOf(model, embed)]); // all are in their places: laid out once
    restore();
    for (const [embed, model] of models) if (model !== embed) model?.remove();
    return styles;
  }

  function styleOf(model, embed) {
    const isTemplate = embed.localName === 'template';
    if (model === embed && isTemplate && !isRoomy(embed)) return betweenRows(embed) || natural;
    if (isTiny(model) || (!isTemplate && isAway(model))) return null;
    const style = styleFor(model);
    if (style) return style;
    // What has a size by itself is not seen. What gets one by what it loads may well be; in a part of the page that is hidden, nothing has.
    return isTemplate || !(model.matches('iframe, video, audio') || /^1px/.test(getComputedStyle(model).width)) ? natural : null;
  }

  /**
   * What a template shows, put in its place to be measured; null where it shows
   * nothing, the template where its size is not known before.
   */
  function standIn(template) {
    const { content } = template;
    const seen = [...content.querySelectorAll('*')].filter((element) => !element.firstElementChild && !isTiny(element)
      && !element.matches('script, style, link, meta, template, noscript, [hidden]') && element.style?.display !== 'none');
    const hasText = [...content.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!seen.length && !hasText) return null;
    // Of what is one medium, and what lies around it alone, an empty copy is made.
    const [medium] = seen;
    if (hasText || seen.length > 1 || !medium.matches(media)) return template;
    let model;
    for (let element = medium; element !== content; element = element.parentNode) {
      if (element.localName.includes('-') || /url\(/i.test(element.getAttribute('style'))) return template;
      const copy = empty(element);
      if (model) copy.append(model);
      model = copy;
    }
    template.after(model);
    return model;
  }

  return (waiting, idOf, once) => {
    names = idOf;
    letIn = once;
    draw(waiting.filter((embed) => !unseen.has(embed) && !(filled.has(boxOf(embed)) && boxOf(embed).nextSibling === embed)));
  };
}

/** Whether an element says itself that it has no size to speak of: a counter's pixel. */
const isTiny = (element) => [element.getAttribute('width'), element.getAttribute('height'), element.style?.width, element.style?.height]
  .some((size) => /^[01](\.0*)?(px)?$/.test(size));

/** Whether an element is invisible, or off the page, by a style of its own. */
function isAway(element) {
  const { display, visibility, position, left, top } = getComputedStyle(element);
  const around = element.parentElement ?? element.getRootNode().host;
  return display === 'none' || (visibility !== 'visible' && getComputedStyle(around).visibility === 'visible')
    || (/absolute|fixed/.test(position) && (parseFloat(left) < -999 || parseFloat(top) < -999));
}
