// The visitor's hand. Go's start takes the page's one thread for a moment, which
// must not be that of a press.

const pause = 300; // ms without any sign of a hand
const patience = 5000; // ms that a page which is never idle may have
const signs = ['pointerdown', 'pointermove', 'pointerup', 'keydown', 'keyup', 'wheel', 'touchmove'];
const wait = (time) => new Promise((resolve) => { setTimeout(resolve, time); });
const idle = () => new Promise((resolve) => { (globalThis.requestIdleCallback ?? setTimeout)(resolve, { timeout: patience }); });

/** Waits until the visitor's hand rests, and the browser has nothing better to do. */
export async function rested() {
  let moved = performance.now();
  const still = () => performance.now() - moved;
  const note = () => { moved = performance.now(); };
  for (const sign of signs) addEventListener(sign, note, { capture: true, passive: true });
  do {
    await wait(pause - still());
    await idle();
  } while (still() < pause);
  for (const sign of signs) removeEventListener(sign, note, { capture: true });
}
