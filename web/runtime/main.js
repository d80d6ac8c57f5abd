// runtime.js: fetches Go's program and runs it in a scope of its own. It comes
// with the program, so that visitors who do not come near never load it.
import makeGo from 'wasm_exec'; // Go's own, wrapped by server/tools/build
import { adopt } from './adopt.js';
import { download } from './receipt.js';
import { rested } from './rest.js';
import { makeScope } from './scope.js';

export { download };

// The contract between the loader (web/loader/layers.js), this runtime and the
// Go program (app/browser/page_js.go). Runtime and Go carry this comment; change
// both at once, and raise the contract's number when either side would misread
// the other.
//
// Go finds a scope in the place of the window. Its property "temoin":
//
//	contract    number   5
//	edition     string   what app.Edition's Write wrote
//	root        Element  holds the layers, the dialog too, which Go takes over as they stand
//	changed(how)         the cookie has been written; how: see server/receipt. Read it,
//	                     open the gate, report the choice
//	notKept()            the cookie was written and is not there
//	dismissed() boolean  the visitor answered, though the browser kept nothing
//	gpc         boolean  no choice, and the browser's Global Privacy Control refuses
//	announce(text)       says text in the live region
//	refocus()            an answered layer is gone: the focus must not be
//	proof(done)          gives the visitor the choice's receipt as a file, then calls
//	                     done(given boolean); undefined where no receipts are kept
//	showDialog()         opens the dialog, as soon as the layers are in the page
//	mounted(go)          Go has taken the layers over; go.open() opens the dialog,
//	                     go.sync() draws what the loader and the cookie say now,
//	                     go.speak(edition) draws all in that edition's language
const contract = 5;

/**
 * Fetches the program and has it take the layers over when nobody is about to press
 * anything; resolves when that is done.
 * @param page the loader's side of the contract; and files(), the addresses of the
 *   program and the edition; fitting(line), which gives a line for document.cookie as
 *   the browser takes it here; placed(text), see web/loader/bundle.js; fault(error), called when the program ends after that;
 *   and, where receipts are kept, receipt(): see download
 */
export async function start(page) {
  const answers = await Promise.all(page.files().map((address) => fetch(address)));
  // Before anything begins that nobody would wait for.
  for (const { ok, url, status } of answers) if (!ok) throw new Error(url + ' answers ' + status);
  const [program, edition] = await Promise.all([compile(answers[0]), answers[1].text()]);
  await run(program, edition, page);
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

/** Runs the program; resolves when it has taken the layers over. */
function run(program, edition, page) {
  return new Promise((resolve, reject) => {
    const { root } = page;
    const { making, end } = adopt(root);
    let fault = reject;
    const seam = Object.assign(Object.create(page), {
      contract,
      edition: page.placed(edition),
      proof: page.receipt && ((done) => download(page.receipt).then(done)),
      mounted(callbacks) {
        page.mounted(callbacks);
        root.dataset.drawnBy = 'go';
        fault = (error) => {
          delete root.dataset.drawnBy;
          page.fault(new Error('the preferences have stopped', { cause: error }));
        };
        resolve();
      },
    });
    const broken = (error) => {
      end();
      fault(error);
    };
    const Go = makeGo(makeScope(root, seam, making));
    const instance = new Go();
    guard(instance, Go, broken);
    WebAssembly.instantiate(program, instance.importObject)
      .then(async (wasm) => {
        await rested();
        return instance.run(wasm); // has the layers before it returns here
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
