// Questions to the document: about its elements, in such a way that a page cannot
// make them lie (a form answers with its own inputs of that name), and when it is
// ready.

export const isElement = (node) => node instanceof Element;

/** The elements below a node, and itself, that a selector matches, in document order. */
export function within(node, selector) {
  const below = (isElement(node) ? Element : Document).prototype.querySelectorAll.call(node, selector);
  return isElement(node) && Element.prototype.matches.call(node, selector) ? [node, ...below] : [...below];
}

/** Calls back once the document has been read. */
export function whenReady(callback) {
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', callback, { once: true });
  else queueMicrotask(callback);
}

/** Calls back when the browser has nothing better to do. */
export const idle = globalThis.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));
