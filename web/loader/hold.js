// Automatic holding: what a page, or a script in it, loads from a host that the
// catalogue names is made to wait at the gate, as if it had said data-consent.
// Here it is elements, however they come into the page; requests.js has what
// scripts ask for themselves. What a browser does without telling a script stays:
// its preload scanner may ask for what the parser has not reached, and styles and
// import() load what they will. docs/gate.md says which layer stops what.
import { onChange } from './choice.js';
import { within } from './dom.js';
import { drop, take } from './gate.js';
import { both, markupWaitsFor, servicesAt, setWaitsFor, waitsFor } from './hosts.js';
import { passed } from './passed.js';
import { holdRequests } from './requests.js';
import { ran } from './script.js';
import { trustedHTML } from './trusted.js';
import { loading } from './waiting.js';
import { apply, construct, disguise, exec, getter, lower, method, nativeOf, own, settled, textOf, wrap } from './wrap.js';

own(passed);

const { attachShadow } = Element.prototype;
const get = method(Element.prototype, 'getAttribute');
const set = method(Element.prototype, 'setAttribute');
const remove = method(Element.prototype, 'removeAttribute');
const slice = method(String.prototype, 'slice');
const nameOf = getter(Element.prototype, 'localName');
const attributeName = getter(Attr.prototype, 'name');
const attributeValue = getter(Attr.prototype, 'value');

// ---- elements ----

const kinds = ['script', 'iframe', 'frame', 'img', 'image', 'source', 'link', 'embed', 'object', 'video', 'audio', 'track', 'input', 'use', 'feImage'];
const isKind = { __proto__: null };
for (const kind of kinds) isKind[kind] = true;
const isLoading = { __proto__: null };
for (const name of loading) isLoading[name] = true;

const svgName = 'xlink:href';
const everything = `:is(${kinds}):is([${loading.map((name) => `${name}],[data-${name}`).join('],[')}],[xlink\\:href]):not([data-consent])`;

/** What an attribute waits for, if it does. */
function idsOf(name, text) {
  if (name === 'srcdoc') return markupWaitsFor(text);
  return (exec(/set$/, name) ? setWaitsFor : waitsFor)(text);
}

/** The attribute that loads, by the name that a script gives it. */
function attributeOf(name) {
  const plain = lower(name);
  return plain === svgName ? 'href' : plain;
}

const held = own(new WeakMap()); // element → what its attributes wait for, by their names

/** Makes one attribute of an element wait. */
function withhold(element, name, text, ids) {
  const all = held.get(element) ?? { __proto__: null };
  all[name] = ids;
  held.set(element, all);
  set(element, 'data-consent-' + name, text);
  remove(element, name);
  if (name === 'href') remove(element, svgName);
  if (nameOf(element) === 'script') {
    const type = get(element, 'type');
    if (type && type !== 'text/plain') set(element, 'data-type', type);
    set(element, 'type', 'text/plain');
  }
  mark(element, all);
}

/** Says in data-consent what an element waits for; nothing where that is nothing. */
function mark(element, all) {
  let ids;
  for (const name in all) ids = both(ids, all[name]);
  if (ids) {
    set(element, 'data-consent', ids);
    return;
  }
  held.delete(element);
  remove(element, 'data-consent');
  drop(element);
}

/** Notes what a script that runs has come from: once that is withdrawn, the page has to begin anew. */
function noteScript(element, url) {
  const ids = nameOf(element) === 'script' && servicesAt(url);
  if (ids) for (const id of ids.split(' ')) ran.add(id);
}

const closed = []; // references to the trees in shadow to which nothing in the page leads

/**
 * Makes what has come into the page, or might, wait, before it runs.
 * @param again what to do with what has been there already; scripts among it have run
 */
function holdWithin(node, again) {
  if (node.mode === 'closed' && !again) closed.push(new WeakRef(node));
  for (const element of within(node, everything)) {
    if (passed.has(element) || (again && nameOf(element) === 'script')) continue;
    let isHeld = false;
    for (const name of loading) {
      // What stands in data-src something else may load in a way that cannot be held.
      const text = get(element, name) ?? (name === 'href' ? get(element, svgName) : null) ?? get(element, 'data-' + name);
      const ids = text && idsOf(name, text);
      if (ids) withhold(element, name, text, ids);
      isHeld ||= ids;
    }
    if (!isHeld) noteScript(element, get(element, 'src') ?? '');
    else again?.(element);
  }
}

const isPolicied = /^(script|iframe|embed|object)$/; // what no plain text may be given to where the page demands Trusted Types

/**
 * Makes an element wait that a script gives an address; says whether it does.
 * @param load gives the address to another element
 */
function holdGiven(element, name, value, load) {
  if (!isLoading[name] || !isKind[nameOf(element)] || passed.has(element)) return false;
  const text = textOf(value);
  const ids = idsOf(name, text);
  if (ids) {
    const kind = nameOf(element);
    if (exec(isPolicied, kind)) load(document.createElement(kind)); // a plain text fails as ever
    withhold(element, name, text, ids);
    take(element);
    return true;
  }
  const all = held.get(element);
  // What loads lazily copies the data-src that the gate has emptied (waiting.js): that is no other address.
  const isEmptied = text === '' && get(element, 'data-' + name) === '';
  if (all?.[name] && !isEmptied) {
    delete all[name];
    remove(element, 'data-consent-' + name);
    mark(element, all);
  }
  noteScript(element, text);
  return false;
}

/** Wraps the ways in which scripts give elements their addresses. */
function holdGivers() {
  for (const kind of ['Script', 'IFrame', 'Frame', 'Image', 'Source', 'Link', 'Embed', 'Object', 'Media', 'Video', 'Track', 'Input']) {
    for (const property of ['src', 'srcset', 'srcdoc', 'href', 'imageSrcset', 'data', 'poster']) {
      wrap(globalThis[`HTML${kind}Element`]?.prototype, property, (native, element, args) => {
        const given = [settled(args[0])];
        if (!holdGiven(element, lower(property), given[0], (other) => apply(native, other, given))) apply(native, element, given);
      }, 'set');
    }
  }
  const { prototype } = Element;
  // The name, then the value; with a namespace in front, or as an attribute made before.
  for (const [method, at] of [['setAttribute', 0], ['setAttributeNS', 1]]) {
    wrap(prototype, method, (native, element, args) => {
      if (args.length < at + 2) return apply(native, element, args);
      args[at] = `${args[at]}`;
      args[at + 1] = settled(args[at + 1]);
      return holdGiven(element, attributeOf(args[at]), args[at + 1], (other) => apply(native, other, args)) ? undefined : apply(native, element, args);
    });
  }
  for (const method of ['setAttributeNode', 'setAttributeNodeNS']) {
    wrap(prototype, method, (native, element, args) => {
      const attribute = args[0];
      const isHeld = attribute instanceof Attr && holdGiven(element, attributeOf(attributeName(attribute)), attributeValue(attribute), () => {});
      return isHeld ? null : apply(native, element, args);
    });
  }
  wrap(globalThis, 'Audio', (native, args, newTarget) => {
    const audio = construct(native, [], newTarget);
    if (args.length) {
      audio.preload = 'auto';
      audio.src = args[0];
    }
    return audio;
  }, 'value', 'construct');
  // An SVG element hands out an object that takes its address.
  const owners = own(new WeakMap());
  for (const kind of ['Image', 'Use', 'FEImage', 'Script']) {
    wrap(globalThis[`SVG${kind}Element`]?.prototype, 'href', (native, element) => {
      const address = apply(native, element, []);
      owners.set(address, element);
      return address;
    }, 'get');
  }
  wrap(SVGAnimatedString.prototype, 'baseVal', (native, address, args) => {
    const given = [settled(args[0])];
    const element = owners.get(address);
    if (!element || !holdGiven(element, 'href', given[0], () => {})) apply(native, address, given);
  }, 'set');
}

// ---- markup ----

const tag = new RegExp(`<(${kinds.join('|')})(?=[\\s/])`, 'gi');
const attribute = /([\s/]*)([^\s=>/]+)(\s*=\s*("[^"]*"|'[^']*'|[^\s>]*))?/y;

/**
 * The markup in which what has to wait does. What goes into it has no quotes, since
 * it may stand within some.
 */
function heldMarkup(text) {
  let done = '';
  let upTo = 0;
  tag.lastIndex = 0;
  for (let found; (found = exec(tag, text));) {
    const from = tag.lastIndex;
    const { ids, attributes, end } = heldAttributes(text, from, lower(found[1]) === 'script');
    tag.lastIndex = end;
    if (!ids) continue;
    done += `${slice(text, upTo, from)} data-consent=${ids.replaceAll(' ', ',')} ${attributes}`;
    upTo = end;
  }
  return done + slice(text, upTo);
}

/** Reads the attributes of a tag, as a browser does; those that wait have another name in what it returns. */
function heldAttributes(text, from, isScript) {
  let attributes = isScript ? 'type=text/plain ' : '';
  let ids;
  let end = from;
  attribute.lastIndex = from;
  for (let found; (found = exec(attribute, text));) {
    end = attribute.lastIndex;
    const value = found[4] ?? '';
    const name = attributeOf(found[2]);
    const waits = isLoading[name] && idsOf(name, exec(/^["']/, value) ? slice(value, 1, -1) : value);
    ids = both(ids, waits);
    if (name === 'data-consent') return { end }; // by hand
    attributes += found[1] + (waits ? 'data-consent-' + name : isScript && name === 'type' ? 'data-type' : found[2]) + (found[3] ?? '');
  }
  return { ids, attributes, end };
}

/** The same for what a script gives, which may be one of its own Trusted Types. */
function heldGiven(given) {
  if (given === null) return given;
  const value = settled(given);
  const text = textOf(value);
  const changed = heldMarkup(text);
  if (changed === text) return value;
  return typeof value === 'object' ? trustedHTML(changed) : changed;
}

function holdMarkup() {
  const first = (native, self, args) => {
    if (args.length) args[0] = heldGiven(args[0]);
    return apply(native, self, args);
  };
  wrap(Element.prototype, 'innerHTML', first, 'set');
  wrap(Element.prototype, 'outerHTML', first, 'set');
  wrap(ShadowRoot.prototype, 'innerHTML', first, 'set');
  wrap(Element.prototype, 'setHTMLUnsafe', first);
  wrap(ShadowRoot.prototype, 'setHTMLUnsafe', first);
  wrap(Range.prototype, 'createContextualFragment', first);
  wrap(Element.prototype, 'insertAdjacentHTML', (native, element, args) => {
    if (args.length > 1) args[1] = heldGiven(args[1]);
    return apply(native, element, args);
  });
  for (const name of ['write', 'writeln']) {
    wrap(Document.prototype, name, (native, page, args) => {
      let text = '';
      let isTrusted = true;
      for (let i = 0; i < args.length; i += 1) {
        args[i] = settled(args[i]);
        isTrusted &&= typeof args[i] === 'object';
        text += textOf(args[i]);
      }
      const changed = heldMarkup(text);
      return apply(native, page, changed === text ? args : [isTrusted ? trustedHTML(changed) : changed]);
    });
  }
}

/** Holds what is read into a tree in which nothing loads, before scripts take it from there into the page. */
function holdInert() {
  const read = (native, self, args) => {
    const tree = apply(native, self, args);
    if (tree instanceof Node) holdWithin(tree);
    return tree;
  };
  wrap(DOMParser.prototype, 'parseFromString', read);
  wrap(Document, 'parseHTMLUnsafe', read);
  wrap(Document, 'parseHTML', read);
  wrap(XMLHttpRequest.prototype, 'responseXML', read, 'get');
  wrap(XMLHttpRequest.prototype, 'response', read, 'get');
  // What stands in a template that waits itself comes with it.
  wrap(HTMLTemplateElement.prototype, 'content', (native, template, args) => (
    get(template, 'data-consent') === null ? read : apply)(native, template, args), 'get');
  // What is added to markup would not get past a sanitizer: it is added to what has got past it.
  const { setHTML } = Element.prototype;
  for (const { prototype } of [Element, ShadowRoot]) {
    wrap(prototype, 'setHTML', (native, self, args) => {
      if (args.length) args[0] = `${args[0]}`;
      if (!args.length || !markupWaitsFor(args[0])) return apply(native, self, args);
      const inert = document.implementation.createHTMLDocument('').importNode(self instanceof ShadowRoot ? self.host : self);
      apply(setHTML, inert, args);
      holdWithin(inert);
      return self.replaceChildren(...inert.childNodes);
    });
  }
}

// ---- what is withdrawn ----

/** Makes what was let in by its host alone, and stands in the page, wait. */
function holdAgain(root) {
  holdWithin(root, takeOut);
  for (const element of within(root, '*')) if (element.shadowRoot) holdAgain(element.shadowRoot);
}

/** Has an element begin anew that has lost its address. */
function takeOut(element) {
  const place = document.createComment('');
  element.replaceWith(place);
  place.replaceWith(element);
  element.closest('video, audio')?.load();
}

function holdScripted() {
  wrap(Function.prototype, 'toString', (native, self, args) => apply(native, nativeOf(self), args));
  disguise(Element.prototype.attachShadow, attachShadow);
  holdGivers();
  holdMarkup();
  holdInert();
  holdRequests();
  onChange(() => {
    holdAgain(document);
    for (const reference of closed) {
      const root = reference.deref();
      if (root) holdAgain(root);
    }
  });
}

export const hold = { holdWithin, holdScripted };
