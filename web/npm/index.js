// What a page made of components asks of temoin.js, which may come before it, after
// it, or never: until it is there, nothing is allowed.

const events = ['temoin:ready', 'temoin:change'];

/** window.temoin once temoin.js has run, else null: an element with that id is not it. */
export const temoin = () => (typeof window !== 'undefined' && Object.hasOwn(window, 'temoin') ? window.temoin : null);

/** Whether a category or a service is allowed now. */
export const has = (id) => temoin()?.has(id) ?? false;

/** The visitor's answer, or null. */
export const choice = () => temoin()?.choice ?? null;

/** Calls listener whenever the answer may have changed; returns what ends that. */
export function subscribe(listener) {
  for (const name of events) document.addEventListener(name, listener);
  return () => { for (const name of events) document.removeEventListener(name, listener); };
}

const defaultSource = '/temoin.js';

/** The attributes of the tag. */
export const tagAttributes = ({ src = defaultSource, lang, open }) => ({
  src,
  ...(lang && { 'data-lang': lang }),
  ...(open && { 'data-open': open }),
});

/** Resolves with window.temoin: of a tag that the page has already, else of one that is put into it now. */
export function load(options = {}) {
  if (temoin()) return Promise.resolve(temoin());
  const attributes = tagAttributes(options);
  const address = new URL(attributes.src, document.baseURI).href;
  const found = [...document.scripts].find(({ src }) => src === address);
  const tag = found ?? element('script', attributes);
  return new Promise((resolve, reject) => {
    tag.addEventListener('load', () => (temoin() ? resolve(temoin()) : reject(new Error(`temoin: ${address} is not temoin.js`))));
    tag.addEventListener('error', () => reject(new Error(`temoin: ${address} does not load`)));
    if (!found) document.head.append(tag);
  });
}

function element(name, attributes) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  return made;
}

const gated = ({ category, service }) => ({ 'data-consent': category, 'data-service': service });

const held = new Set(); // addresses of scripts: each runs once in a page, however often its component comes

/** Puts a script into the page's head, where it waits for what it needs. */
export function holdScript({ category, service, src, module = false, attributes = {} }) {
  if (held.has(src)) return;
  held.add(src);
  document.head.append(element('script', { ...attributes, type: 'text/plain', ...(module && { 'data-type': 'module' }), ...gated({ category, service }), src }));
}

/** Puts a frame into an element, where a placeholder stands until it is allowed; returns what takes it out again. */
export function holdFrame(into, { category, service, src, title, attributes = {} }) {
  into.replaceChildren(element('iframe', { ...attributes, title, ...gated({ category, service }), 'data-src': src }));
  return () => into.replaceChildren();
}
