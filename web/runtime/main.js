// runtime.js: compiles Go's program and runs it in a scope of its own. It comes
// with the program, so that visitors who have answered never load it.
import makeGo from 'wasm_exec'; // Go's own, wrapped by server/tools/build
import { keepFocus, released } from './hand.js';
import { download } from './receipt.js';
import { makeScope } from './scope.js';

// The contract between the loader (web/loader/layers.js), this runtime and the
// Go program (app/browser/page_js.go). Runtime and Go carry this comment; change
// both at once, and raise the contract's number when either side would misread
// the other.
//
// Go finds a scope in the place of the window. Its property "temoin":
//
//	contract    number   2
//	edition     string   what app.Edition's Write wrote
//	root        Element  holds the layers; Go replaces its first child
//	style(css)           adopts one more style sheet
//	changed(how)         the cookie has been written; how: see server/receipt. Read it,
//	                     open the gate, report the choice
//	notKept()            the cookie was written and is not there
//	dismissed() boolean  the visitor answered, though the browser kept nothing
//	gpc         boolean  no choice, and the browser's Global Privacy Control refuses
//	announce(text)       says text in the live region
//	refocus()            an answered layer is gone: the focus must not be
//	proof(done)          gives the visitor the choice's receipt as a file, then calls
//	                     done(given boolean); undefined where no receipts are kept
//	mounted(go)          Go has drawn the layers; go.open() opens the dialog,
//	                     go.sync() draws what the loader and the cookie say now
const contract = 2;

/**
 * Compiles the program.
 * @param program, edition the answers to the requests for app.wasm and the edition
 * @returns a function that runs it, once: see run
 */
export async function prepare(program, edition) {
  // Before anything begins that nobody would wait for.
  for (const { ok, url, status } of [program, edition]) if (!ok) throw new Error(url + ' answers ' + status);
  const parts = await Promise.all([compile(program), edition.text()]);
  return (page) => run(parts, page);
}

async function compile(response) {
  try {
    return await WebAssembly.compileStreaming(response.clone());
  } catch (error) {
    // Not every static host knows the type application/wasm.
    if (!(error instanceof TypeError)) throw error;
    return WebAssembly.compile(await response.arrayBuffer());
  }
}

/**
 * Runs the program; resolves when it has drawn the layers.
 * @param page the loader's side of the contract; and fitting(line), which gives a line for
 *   document.cookie as the browser takes it here, fault(error), called when the
 *   program ends after that, and, where receipts are kept, receipt(): see download
 */
function run([program, edition], page) {
  return new Promise((resolve, reject) => {
    let fault = reject;
    let restoreFocus;
    const seam = Object.assign(Object.create(page), {
      contract,
      edition,
      proof: page.receipt && ((done) => download(page.receipt).then(done)),
      mounted(callbacks) {
        page.mounted(callbacks);
        fault = (error) => page.fault(new Error('the preferences have stopped', { cause: error }));
        restoreFocus();
        resolve();
      },
    });
    const Go = makeGo(makeScope(page.root, seam));
    const instance = new Go();
    const broken = (error) => { fault(error); };
    guard(instance, Go, broken);
    WebAssembly.instantiate(program, instance.importObject)
      .then(async (wasm) => {
        await released(page.root); // here, since what was above takes its time
        restoreFocus = keepFocus(page.root);
        return instance.run(wasm); // draws before it returns here
      })
      .then(() => broken(new Error('the Go program has ended')), broken);
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
