// The visitor's hand: what it holds when Go takes the place of the shell, it
// still holds after that.

/**
 * Waits until nothing in the layers is being pressed: a press on a button that is
 * replaced between its two halves would be lost.
 */
export async function released(root) {
  if (!root.querySelector(':active')) return;
  await new Promise((resolve) => {
    for (const end of ['pointerup', 'pointercancel', 'keyup']) addEventListener(end, () => setTimeout(resolve), { once: true });
  });
}

/**
 * Returns a function that gives the focus back to what has it now, when its like
 * has taken its place: Go draws the same elements in the same order.
 */
export function keepFocus(root) {
  const controls = () => [...root.querySelectorAll('a, button')];
  const place = controls().indexOf(root.getRootNode().activeElement);
  const top = root.querySelector('.words')?.scrollTop;
  return () => {
    controls()[place]?.focus({ preventScroll: true });
    if (top) root.querySelector('.words').scrollTop = top;
  };
}
