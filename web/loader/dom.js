// Questions to elements that a page may have made to lie: a form answers with
// its own inputs of that name.

export const isElement = (node) => node instanceof Element;

/** The elements below a node, and itself, that a selector matches, in document order. */
export function within(node, selector) {
  const below = (isElement(node) ? Element : Document).prototype.querySelectorAll.call(node, selector);
  return isElement(node) && Element.prototype.matches.call(node, selector) ? [node, ...below] : [...below];
}
