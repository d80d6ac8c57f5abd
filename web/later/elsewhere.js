// A page in a frame draws no layers of its own: see web/loader/frames.js.

/**
 * @param page what the loader hands over: see main.js
 * @returns a function that opens the choices where they are drawn: in the farthest
 *   page around this one that has them; where there is none, in the charter, in a tab
 *   of its own, since it may stand in no frame
 */
export function elsewhere({ home, charter }) {
  return () => {
    let found;
    for (let around = window; around !== home;) {
      around = around.parent;
      if (around.temoin?.open) found = around.temoin;
    }
    if (found) found.open();
    else window.open(charter + '#choix', '_blank', 'noopener');
  };
}
