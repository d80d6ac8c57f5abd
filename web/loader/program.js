// Fetches, compiles and starts the Go program that draws the interface.
import { bundle, part, warn } from './bundle.js';
import { makeScope } from './scope.js';

// The contract between the loader (web/loader/program.js) and the Go program
// (app/browser/page_js.go). Both files carry this comment; change both at once,
// and raise the contract's number when either side would misread the other.
//
// The loader gives Go a scope in the place of the window. Its property "temoin":
//
//	contract    number   1
//	edition     string   the JSON of app.Edition
//	root        Element  holds the layers; Go replaces its first child
//	style(css)           adopts one more style sheet
//	changed()            the cookie has been written: read it, open the gate
//	notKept()            the cookie was written and is not there
//	dismissed() boolean  the visitor answered, though the browser kept nothing
//	announce(text)       says text in the live region
//	refocus()            an answered layer is gone: the focus must not be
//	mounted(go)          Go has drawn the layers; go.open() opens the dialog,
//	                     go.sync() draws what the loader and the cookie say now
const contract = 1;

let fetched = null; // promise of [runtime module, compiled program, edition]
let started = null; // promise of go, what the program said when it was mounted

/** What the running program can be asked, or null: it does not run. */
export let go = null;

/** Fetches and compiles, off the main thread, once. */
export function prepare(lang) {
  fetched ??= Promise.all([
    import(part(bundle.runtime)),
    compile(part(bundle.program)),
    text(part(bundle.edition.replace('*', lang))),
  ]);
  return fetched;
}

async function request(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(url + ' answers ' + response.status);
  return response;
}

const text = async (url) => (await request(url)).text();

async function compile(url) {
  const response = await request(url);
  try {
    return await WebAssembly.compileStreaming(response.clone());
  } catch (error) {
    // Not every static host knows the type application/wasm.
    if (!(error instanceof TypeError)) throw error;
    return WebAssembly.compile(await response.arrayBuffer());
  }
}

/**
 * Starts the program, once; resolves when it has drawn the layers. A start that
 * fails is said on the console, and rejects each time it is asked for.
 * @param page the loader's side of the contract, but for what is made here; and
 *   keepFocus(), which returns a function that puts the focus back
 * @param ended called when a running program ends, which it does only by a fault
 */
export function start(lang, page, ended) {
  started ??= prepare(lang).then((parts) => run(parts, page, ended)).catch((error) => {
    warn('the preferences cannot be drawn, the cookie charter has a form in their place.', error);
    throw error;
  });
  return started;
}

async function run([runtime, program, edition], page, ended) {
  await calm();
  return new Promise((resolve, reject) => {
    const fault = (error) => {
      if (go) warn('the preferences have stopped.', error);
      go = null;
      reject(error);
      started = Promise.reject(error);
      started.catch(() => {});
      ended();
    };
    let restoreFocus;
    const mounted = (callbacks) => {
      go = callbacks;
      restoreFocus();
      resolve(go);
    };
    const Go = runtime.default(makeScope(page.root, { ...page, contract, edition, mounted }));
    const instance = new Go();
    guard(instance, Go, fault);
    WebAssembly.instantiate(program, instance.importObject)
      .then((wasm) => {
        restoreFocus = page.keepFocus();
        return instance.run(wasm); // draws before it returns here
      })
      .then(() => fault(new Error('the Go program has ended')), fault);
  });
}

/** Go is resumed by each event: catches what it throws there, and lets it rest after that. */
function guard(instance, Go, fault) {
  let broken = false;
  instance._resume = () => {
    if (broken) return;
    try {
      Go.prototype._resume.call(instance);
    } catch (error) {
      broken = true;
      instance._scheduledTimeouts.clear(); // Go's runtime resumes it until its timers are gone
      fault(error);
    }
  };
}

/**
 * Waits until no button of the mouse is down: a click on a button that is
 * replaced between its two halves would be lost.
 */
function calm() {
  if (!pressed) return Promise.resolve();
  return new Promise((resolve) => { for (const end of ['pointerup', 'pointercancel']) addEventListener(end, () => setTimeout(resolve), { once: true }); });
}

let pressed = false;

/** Follows whether a button of the mouse, or a finger, is down. */
export function watchPointer() {
  const set = (down) => () => { pressed = down; };
  addEventListener('pointerdown', set(true), { capture: true, passive: true });
  for (const end of ['pointerup', 'pointercancel']) addEventListener(end, set(false), { capture: true, passive: true });
}
