// Keeps the banner off what has the focus (WCAG 2.2, 2.4.11).

/** @param page what the loader hands over: see main.js */
export function watchFocus({ host, root }) {
  const banner = () => root.querySelector('.banner:not([hidden])');

  function uncover(target) {
    // Nothing may move under the pointer of who clicks.
    if (target === host || !banner() || !target.matches(':focus-visible')) return;
    host.classList.remove('top', 'foot');
    const hidden = covered(target);
    if (!hidden) return;
    // Up to a whole pixel: WebKit scrolls no less.
    scrollBy({ top: Math.ceil(hidden), behavior: 'instant' });
    const { top, bottom } = target.getBoundingClientRect();
    // Where the page ends, the banner moves to the other half of the screen for as long as needed.
    if (covered(target)) host.classList.add(top + bottom > innerHeight ? 'top' : 'foot');
  }

  /**
   * How many pixels the page has to scroll so that the banner hides nothing of the
   * element; of one that is taller than the room above the banner, not its top.
   */
  function covered(element) {
    const a = element.getBoundingClientRect();
    const b = banner().getBoundingClientRect();
    const beside = a.right <= b.left || a.left >= b.right || a.top >= b.bottom;
    return beside ? 0 : Math.max(0, Math.min(a.bottom - b.top, a.top));
  }

  document.addEventListener('focusin', ({ target }) => {
    uncover(target);
    // WebKit scrolls to what has the focus some time after it has told of it.
    const again = () => { if (document.activeElement === target) uncover(target); };
    addEventListener('scroll', again, { once: true, passive: true });
    setTimeout(() => removeEventListener('scroll', again), 300);
  });
  if (document.activeElement) uncover(document.activeElement);
}
