// Delivers receipts: one after the other, again where one fails, ever more rarely.

const recovery = 1000; // ms that another tab has to put a cookie back
const tries = 7; // that fail, in one page; what else happens there is tried all the same

/**
 * @param page what the loader hands over: see main.js
 * @returns a function that delivers what waits, in one tab at a time, where the browser can tell
 */
export function delivery({ receipts: { key, queue, post, done }, refresh, warn }) {
  let failures = 0;
  let line = Promise.resolve(); // one delivery after the other

  /** Delivers until none is left or one fails. */
  async function drain() {
    for (const [id, entry] of queue()) {
      const [answer, words] = await post(entry).catch(() => [Response.error()]);
      if (!answer.ok && !/^4(?!08|25|29)/.test(answer.status)) {
        failures += 1;
        if (failures < tries) setTimeout(deliver, (+answer.headers.get('retry-after') || 2 ** failures) * 1000);
        if (answer.status === 425) continue; // made by a clock that was ahead: the others need not wait
        return;
      }
      done(id);
      queue(); // of this the other tabs hear; one may know a newer choice, and puts its cookie back
      setTimeout(refresh, recovery);
      if (!answer.ok) warn('receipt refused:', words);
    }
  }

  function deliver() {
    line = line.then(() => navigator.locks?.request(key, drain) ?? drain()).catch(() => {});
    return line;
  }

  return deliver;
}
