// Questions to the document: about its elements, in such a way that a page cannot
// make them lie (a form answers with its own inputs of that name), and when it is
// ready.

export const isElement = (node) => node instanceof Element;

/** The elements below a node, and itself, that a selector matches, in document order. */
export function within(node, selector) {
  const isIn = isElement(node);
  const kind = isIn ? Element : node instanceof Document ? Document : DocumentFragment; // a shadow root is one
  const below = node.firstChild ? [...kind.prototype.querySelectorAll.call(node, selector)] : [];
  return isIn && Element.prototype.matches.call(node, selector) ? [node, ...below] : below;
}

/** What holds a node: where its tree ends, at a shadow root, the element that this hangs on. */
const above = (node) => node.parentNode ?? node.host;

/** Whether the parser may still be inside of an element: it is known to be past it when something follows. */
export function isBeingRead(element) {
  if (document.readyState !== 'loading') return false;
  for (let node = element; node; node = above(node)) if (node.nextSibling) return false;
  return true;
}

/** Does what may fail by what the page has done: that is reported, and stops nothing else. */
export function attempt(action) {
  try {
    action();
  } catch (error) {
    reportError(error);
  }
}

/** Calls back once the document has been read. */
export function whenReady(callback) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', callback, { once: true });
  else queueMicrotask(callback);
}

/** Calls back as soon as the page is shown: now, unless it is rendered ahead for a visitor who may never come. */
export function whenShown(callback) {
  if (document.prerendering) document.addEventListener('prerenderingchange', callback, { once: true });
  else callback();
}

/** Calls back when the browser has nothing better to do. */
export const idle = globalThis.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));
