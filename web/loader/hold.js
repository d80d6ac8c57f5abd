// Automatic holding: what a page, or a script in it, loads from a host that the
// catalogue names is made to wait at the gate, as if it had said data-consent.
// It covers scripts, frames, images and beacons, however they come into the
// page, but for what a browser does without telling a script: its preload
// scanner may ask for what the parser has not reached, and fetch and
// XMLHttpRequest are not touched. The policy of `temoin csp` stops those too.
import { onChange } from './choice.js';
import { within } from './dom.js';
import { drop, take } from './gate.js';
import { isWaiting, waitsFor, words } from './hosts.js';
import { passed } from './passed.js';
import { trustedHTML } from './trusted.js';

const sources = [HTMLScriptElement, HTMLIFrameElement, HTMLImageElement];

/** Makes an element wait that was about to load url. */
function withhold(element, id, url) {
  element.setAttribute('data-consent', id);
  element.setAttribute('data-consent-src', url);
  element.removeAttribute('src');
  if (element.localName === 'script') {
    if (element.type && element.type !== 'text/plain') element.setAttribute('data-type', element.type);
    element.type = 'text/plain';
  }
}

/** Makes what the parser has just put into the page wait, before it runs. */
function holdWithin(node) {
  for (const element of within(node, ':is(script, iframe, img):is([src], [data-src]):not([data-consent])')) {
    // What stands in data-src something else may load in a way that cannot be held.
    const url = element.getAttribute('src') ?? element.getAttribute('data-src');
    const id = url && !passed.has(element) && waitsFor(url);
    if (id) withhold(element, id, url);
  }
}

/** Wraps the ways in which scripts bring such elements into a page. */
function holdScripted() {
  const waiting = new WeakSet();
  const holdSource = (element, url, set) => {
    const id = !passed.has(element) && waitsFor(String(url));
    if (id) {
      // Where the page demands Trusted Types, a plain text has to fail as ever.
      if (element instanceof HTMLScriptElement) set.call(document.createElement('script'), url);
      withhold(element, id, String(url));
      waiting.add(element);
      take(element);
    } else if (waiting.delete(element) && !passed.has(element)) {
      element.removeAttribute('data-consent');
      element.removeAttribute('data-consent-src');
      drop(element);
    }
    return Boolean(id);
  };
  for (const { prototype } of sources) {
    wrapSetter(prototype, 'src', (set, element, url) => { if (!holdSource(element, url, set)) set.call(element, url); });
  }
  const isSource = (element, name) => sources.some((kind) => element instanceof kind) && String(name).toLowerCase() === 'src';
  wrap(Element.prototype, 'setAttribute', (original, element, [name, url]) => {
    const set = function set(value) { original.call(this, name, value); };
    if (!isSource(element, name) || !holdSource(element, url, set)) original.call(element, name, url);
  });
  wrap(Element.prototype, 'setAttributeNS', (original, element, [space, name, url]) => {
    const set = function set(value) { original.call(this, space, name, value); };
    if (!isSource(element, name) || !holdSource(element, url, set)) original.call(element, space, name, url);
  });
  wrap(Element.prototype, 'setAttributeNode', (original, element, [attribute]) => {
    const isHeld = isSource(element, attribute.name) && holdSource(element, attribute.value, () => {});
    return isHeld ? null : original.call(element, attribute);
  });
  holdMarkup();
  holdBeacons();
}

// ---- markup ----

const source = /<(script|iframe|img)\b([^>]*?)\ssrc\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi;

/** The markup in which what has to wait does. Most of it names no host, and is left as it is. */
function held(markup) {
  const text = String(markup);
  if (!words.some((word) => text.includes(word))) return markup;
  const changed = text.replace(source, (whole, tag, before, quoted) => {
    const id = waitsFor(quoted.replace(/^["']|["']$/g, '').replaceAll('&amp;', '&'));
    return id ? `<${tag}${before} data-consent="${id}" data-consent-src=${quoted}` : whole;
  });
  return typeof markup === 'string' ? changed : trustedHTML(changed);
}

function holdMarkup() {
  for (const [{ prototype }, name] of [[Element, 'innerHTML'], [Element, 'outerHTML'], [ShadowRoot, 'innerHTML']]) {
    wrapSetter(prototype, name, (set, element, markup) => set.call(element, held(markup)));
  }
  for (const { prototype } of [Element, ShadowRoot]) {
    wrap(prototype, 'setHTMLUnsafe', (original, element, [markup, ...options]) => original.call(element, held(markup), ...options));
  }
  wrap(Element.prototype, 'insertAdjacentHTML', (original, element, [where, markup]) => original.call(element, where, held(markup)));
  wrap(Range.prototype, 'createContextualFragment', (original, range, [markup]) => original.call(range, held(markup)));
  for (const name of ['write', 'writeln']) {
    wrap(Document.prototype, name, (original, page, parts) => original.apply(page, parts.map(held)));
  }
}

// ---- beacons ----

const most = 100; // that wait
let beacons = [];

function holdBeacons() {
  wrap(Navigator.prototype, 'sendBeacon', (original, navigator, [url, data]) => {
    const id = waitsFor(String(url));
    if (!id) return original.call(navigator, url, data);
    if (beacons.length < most) beacons.push({ id, send: () => original.call(navigator, url, data) });
    return beacons.length < most;
  });
  onChange(() => {
    const ready = beacons.filter(({ id }) => !isWaiting(id));
    beacons = beacons.filter((beacon) => !ready.includes(beacon));
    for (const { send } of ready) send();
  });
}

function wrap(prototype, name, replacement) {
  const original = prototype[name];
  if (!original) return;
  prototype[name] = { [name](...args) { return replacement(original, this, args); } }[name];
}

function wrapSetter(prototype, name, replacement) {
  const { get, set, enumerable } = Object.getOwnPropertyDescriptor(prototype, name);
  // Without a prototype: the page may have added "value" to every other object's.
  const descriptor = { __proto__: null, configurable: true, enumerable, get, set(value) { replacement(set, this, value); } };
  Object.defineProperty(prototype, name, descriptor);
}

export const hold = { holdWithin, holdScripted };
