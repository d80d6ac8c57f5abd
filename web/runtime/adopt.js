// Go takes the layers over as they stand: what was switched, unfolded, scrolled to
// or has the focus stays so, and a screen reader hears nothing of it. go-app knows
// no such thing: it makes its nodes, in the order of the document, and puts each
// into its parent. So the first time it is handed those that are there, which the
// server made by the same components.

/**
 * @param root holds the layers, which go-app takes for what it has to replace
 * @returns making, what the scope's document answers in the place of the page's, and
 *   end(), which gives the nodes back to the page: go-app's last step does that, too
 */
export function adopt(root) {
  let walker = null; // until go-app begins
  let held = []; // elements
  let next;
  let last; // the element that was handed out last

  function begin() {
    walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    next = walker.nextNode();
    held = [root];
    root.replaceChild = (layers, before) => {
      check(layers === before && !next);
      end();
    };
  }

  function end() {
    for (const element of held.splice(0)) {
      delete element.appendChild;
      delete element.replaceChild;
    }
  }

  function check(same) {
    if (!same) throw new Error(`the layers are not those that Go draws, from here on: ${(next ?? last).parentNode.innerHTML}`);
  }

  function hand() {
    const node = next;
    next = walker.nextNode();
    return node;
  }

  /** In the place of an element's appendChild: what is there stays where it is. */
  function append(child) {
    if (child.parentNode) check(child.parentNode === this);
    else Node.prototype.appendChild.call(this, child);
  }

  const making = {
    createElement(name) {
      if (!walker) begin();
      if (!held.length) return document.createElement(name);
      check(next?.localName === name);
      last = hand();
      last.appendChild = append;
      held.push(last);
      return last;
    },
    createTextNode(text) {
      // Markup has no node for a text that is empty.
      if (!held.length || next?.nodeType !== Node.TEXT_NODE || next.parentNode !== last) return document.createTextNode(text);
      if (next.data !== text) next.data = text;
      return hand();
    },
  };
  return { making, end };
}
