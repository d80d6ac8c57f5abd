// The loader's half of the Go program: when it is fetched and started, and what
// the running one can be asked. The other half, web/runtime, comes with it.
import * as bundle from './bundle.js';
import { part, warn } from './bundle.js';

let prepared = null; // promise of a function that runs the compiled program
let started = null; // promise of go; rejected once the program has failed

/** What the running program can be asked, or null: it does not run. */
export let go = null;

/** Fetches and compiles, off the main thread, once. */
export function prepare(lang) {
  prepared ??= Promise.all([
    import(part(bundle.runtime)),
    fetch(part(bundle.program)),
    fetch(part(bundle.edition.replace('*', lang))),
  ]).then(([runtime, program, edition]) => runtime.prepare(program, edition)).catch((error) => {
    // WebKit breaks off what is on its way when the page is left for another: it may come when the page is shown again.
    addEventListener('pageshow', () => { prepared = started = null; }, { once: true });
    throw error;
  });
  return prepared;
}

/**
 * Starts the program, once; resolves when it has drawn the layers. A start that
 * fails is said on the console, and rejects each time it is asked for.
 * @param page the loader's side of the contract: see web/runtime/main.js
 * @param ended called when a running program ends, which it does only by a fault; go is there until it returns
 */
export function start(lang, page, ended) {
  const fault = (error) => {
    warn('the preferences cannot be drawn.', error);
    // What never ran has drawn nothing; and who presses a button just now must not lose it.
    if (go) ended();
    go = null;
    started = Promise.reject(error);
    started.catch(() => {}); // who asks for it hears of it
    return started;
  };
  const mounted = (callbacks) => { go = callbacks; };
  started ??= prepare(lang).then((run) => run(Object.assign(page, { mounted, fault }))).then(() => go, fault);
  return started;
}
