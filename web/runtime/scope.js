// The scope is what Go's program takes for the window. It is the window, but
// for a few properties: whatever Go sets stays in the scope, so that neither
// go-app's window.onclick nor Go's globals reach the page, and document.body is
// our own element, so that go-app mounts there and leaves the page's body alone.

/** Names that Go's runtime would take from the page, if it found them there. */
const hidden = ['Go', 'fs', 'process', 'path'];

/**
 * @param body the element that go-app takes for the document's body
 * @param seam the object that Go finds as its global "temoin"
 * @param making how the document makes nodes: see adopt.js
 */
export function makeScope(body, seam, making) {
  const own = {
    temoin: seam,
    document: proxy(document, { body, ...making }, cookieOf(seam)),
    // go-app scrolls to the element that the address's fragment names, reads
    // every key of the storages, and throws where they are denied.
    location: proxy(location, { href: 'https://temoin.invalid/' }),
    localStorage: memory(),
    sessionStorage: memory(),
  };
  for (const name of hidden) own[name] = undefined;
  return proxy(window, own);
}

/** The one property out there that Go may change. Where cookies are denied, there are none. */
const cookieOf = ({ fitting }) => ({
  get cookie() {
    try {
      return document.cookie;
    } catch {
      return '';
    }
  },
  set cookie(line) {
    try {
      document.cookie = fitting(line);
    } catch {
      // Whoever writes reads back, and finds nothing.
    }
  },
});

/** An object that reads from own, then from target, and writes to own alone, but for what passes. */
function proxy(target, own, passes = {}) {
  Object.setPrototypeOf(own, null);
  return new Proxy(own, {
    get: (_, name) => (name in own ? own[name] : Object.hasOwn(passes, name) ? passes[name] : bound(target, target[name])),
    set(_, name, value) {
      (Object.hasOwn(passes, name) ? passes : own)[name] = value;
      return true;
    },
    deleteProperty: (_, name) => delete own[name],
  });
}

/** The browser's own methods want their own object; constructors stay as they are. */
const bound = (target, value) => (typeof value === 'function' && !value.prototype ? value.bind(target) : value);

/** An empty storage that lasts as long as the page. */
function memory() {
  const items = new Map();
  return {
    get length() { return items.size; },
    key: (i) => [...items.keys()][i] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => { items.set(key, value); },
    removeItem: (key) => { items.delete(key); },
    clear: () => { items.clear(); },
  };
}
