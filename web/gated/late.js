// Scripts that are let in after the page has been read come too late for what was
// told before. What they want to hear of that is called all the same, once; what
// the page's own scripts want, never a second time.

/** When each moment that a script may wait for is over. */
const moments = [
  [document, 'DOMContentLoaded', ({ domContentLoadedEventEnd }) => domContentLoadedEventEnd > 0],
  [window, 'DOMContentLoaded', ({ domContentLoadedEventEnd }) => domContentLoadedEventEnd > 0],
  [document, 'readystatechange', () => document.readyState === 'complete'],
  [window, 'load', ({ loadEventEnd }) => loadEventEnd > 0],
  [window, 'pageshow', ({ loadEventEnd }) => loadEventEnd > 0],
];

/**
 * Calls, in the order of the moments, the listeners that came too late for theirs.
 * @param heard what released scripts have asked to hear: see web/loader/script.js
 * @param during calls a function in the name of a script
 */
export function callLate(heard, during) {
  const [timing = {}] = performance.getEntriesByType('navigation');
  for (const [target, type, isOver] of moments) {
    if (!isOver(timing)) continue;
    for (const entry of heard) {
      if (entry.target !== target || entry.type !== type || entry.isCalled) continue;
      entry.isCalled = true;
      during(entry.script, () => call(entry));
    }
  }
}

/** Calls one listener as its event would have. */
function call({ target, type, listener }) {
  const event = new Event(type);
  for (const [name, value] of Object.entries({ target: document, currentTarget: target })) Object.defineProperty(event, name, { value });
  try {
    if (typeof listener === 'function') listener.call(target, event);
    else listener.handleEvent(event);
  } catch (error) {
    reportError(error);
  }
}
