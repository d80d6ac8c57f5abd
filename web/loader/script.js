// Scripts that are let in run as they would have without the gate: those of one
// service in the document's order. Those of another do not wait for them.
import { warn } from './bundle.js';
import { whenReady } from './dom.js';
import { fetchGated } from './fetch-later.js';
import { passed } from './passed.js';
import { fragment, scriptURL, trustedScript } from './trusted.js';

/** What scripts that have run in this page waited for. */
export const ran = new Set();

const copied = 'data-consent-ran'; // on a script that has run, and on copies of it

const queues = new Map(); // what scripts wait for → those that do
const released = new WeakSet(); // scripts that have been let in, and those that they have brought in themselves
let running = null; // the inline one that runs now
let modules = 0; // that run, or load: while one does, nothing says which script runs

const source = (script) => script.getAttribute('src') ?? script.getAttribute('data-consent-src');
export const hasSource = (script) => source(script) !== null;

/** The released script that runs now, if one does. */
const current = () => running ?? (released.has(document.currentScript) ? document.currentScript : null);
const isReleased = () => !!current() || (modules > 0 && !document.currentScript);

/** Whether a script is no copy of one that has run. */
export const isNew = (script) => script.localName === 'script' && !script.hasAttribute(copied);

const changing = /^(type|nonce|async|src|data-(src|consent-.*))$/; // attributes that the gate changes, or the browser

/** What is the same of a script and of its copy, whether they wait or have run. */
export const like = (script) => [
  script.getAttribute('data-src') || source(script), script.text,
  ...[...script.attributes].filter(({ name }) => !changing.test(name)).map(({ name, value }) => name + '=' + value),
].join('\n');

/** The same script, made anew; who listens to the one hears of the other. */
export function again(script) {
  const made = document.createElement('script');
  for (const { name, value } of script.attributes) made.setAttribute(name, value);
  made.nonce = script.nonce;
  made.text = trustedScript(script.text);
  for (const type of ['load', 'error']) made.addEventListener(type, () => { script.dispatchEvent(new Event(type)); });
  return made;
}

const newQueue = () => ({ line: Promise.resolve(), deferred: new Promise(whenReady), waiting: 0 });

/**
 * Runs a script when its turn comes.
 * @param ids what it waited for
 * @param may whether it still may, then
 * @param place the comment that keeps its place where it is not in the page yet
 */
export function release(script, ids, may, place, queue = queueOf(ids)) {
  const kind = place ? script.type : script.getAttribute('data-type') ?? '';
  const isModule = kind === 'module';
  const begin = () => {
    if (!may()) return undefined;
    for (const id of ids) ran.add(id);
    return run(script, kind, place, ids);
  };
  const turn = async () => {
    await begin();
    if (!(queue.waiting -= 1)) callLate();
  };
  queue.waiting += 1;
  if (script.hasAttribute('async') && (hasSource(script) || isModule)) turn();
  else if (isModule || (hasSource(script) && script.hasAttribute('defer'))) queue.deferred = queue.deferred.then(() => queue.line).then(turn);
  else queue.line = queue.line.then(turn);
}

function queueOf(ids) {
  const key = ids.join();
  if (!queues.has(key)) queues.set(key, newQueue());
  return queues.get(key);
}

/** Puts content into the page behind a node, and runs its scripts one after the other. */
export function insert(content, node, ids, queue) {
  const scripts = [...content.querySelectorAll('script:not([data-consent])')].map((script) => {
    const place = document.createComment('');
    script.replaceWith(place);
    return [script, place];
  });
  node.after(content);
  for (const [script, place] of scripts) release(script, ids, () => place.isConnected, place, queue);
}

const runs = /^(module|.*(java|ecma)script)?$/i;

/**
 * Runs a script by putting it in its place once more, now that its type is one
 * that runs: so its attributes, its nonce and its listeners stay what they were.
 * @returns a promise for the end of an external one, or of what it has written
 */
function run(script, kind, place, ids) {
  const isGated = !place;
  const isModule = kind === 'module';
  // Whether a browser runs the copy of a script that has run depends on who made it: nobody waits for that.
  const loads = hasSource(script) && runs.test(kind) && !script.noModule && !script.hasAttribute(copied);
  const end = loads && new Promise((resolve) => {
    for (const event of ['load', 'error']) script.addEventListener(event, resolve, { once: true });
  });
  if (kind) script.type = kind;
  else script.removeAttribute('type');
  // A browser, too, runs in order what is not async: behind what hangs, of whatever service.
  const isAsync = script.hasAttribute('async');
  script.async = true;
  passed.add(script);
  released.add(script);
  capture();
  const own = ownHandlers();
  if (isGated) {
    place = document.createComment('');
    script.replaceWith(place);
    if (hasSource(script) && !script.hasAttribute('src')) script.src = scriptURL(source(script));
  }
  if (isModule) {
    modules += 1;
    // One in the page does not say when it has run.
    Promise.resolve(end || new Promise((resolve) => { setTimeout(resolve, 200); })).then(() => { modules -= 1; });
  }
  during(loads || isModule ? null : script, () => place.replaceWith(script));
  const finish = () => {
    script.toggleAttribute('async', isAsync);
    own.forEach(noteHandler);
    if (isGated) {
      // Copies wait again, whoever makes them.
      script.type = 'text/plain';
      script.setAttribute(copied, '');
    }
    return land(script, ids);
  };
  // A parser that is still inside of an external one looks at its type once more.
  return loads ? end.then(finish) : finish();
}

/** Calls what runs in the name of an inline script, if it is one. What that brings into the page is released as well. */
function during(script, call) {
  const before = new Set(document.scripts);
  running = script;
  call();
  running = null;
  for (const other of script ? document.scripts : []) if (!before.has(other)) released.add(other);
}

// ---- document.write ----

const written = new WeakMap(); // script → what it has written, which would take the place of a page that has been read

let isCaptured = false;

/** Has what released scripts write kept for their end, and what they want to hear of noted. */
function capture() {
  if (isCaptured) return;
  isCaptured = true;
  for (const target of [document, window]) {
    target.addEventListener = (type, listener, options) => {
      listen(target, type, listener, options);
      if (moments.test(type) && listener && isReleased()) note(target, type, listener);
    };
  }
  for (const [name, ending] of [['write', ''], ['writeln', '\n']]) {
    const original = document[name];
    document[name] = (...markup) => {
      const script = current();
      if (!script) {
        // Of a released script's timer, too, nobody knows whose it is.
        if (document.readyState === 'loading') original.apply(document, markup);
        else warn('is dropped, since it would take the place of the page:', ...markup);
        return;
      }
      // Where the page demands Trusted Types, a plain text has to fail as ever.
      for (const part of markup) document.createElement('template').innerHTML = part;
      written.set(script, (written.get(script) ?? '') + markup.join('') + ending);
    };
  }
  const { open } = document;
  document.open = (...options) => (current() ? document : open.apply(document, options));
}

/** Puts what a script has written behind it. */
function land(script, ids) {
  const markup = written.get(script);
  if (!markup) return undefined;
  written.delete(script);
  if (!script.isConnected) {
    warn('is dropped, since its script is no longer in the page:', markup);
    return undefined;
  }
  const queue = newQueue();
  insert(fragment(markup, script), script, ids, queue);
  return queue.line;
}

// ---- what comes after its event ----

const moments = /^(DOMContentLoaded|load|pageshow|readystatechange)$/;
const heard = []; // what released scripts want to hear of those: { target, type, listener, script, isCalled }

const listen = (target, ...more) => EventTarget.prototype.addEventListener.apply(target, more);

function note(target, type, listener) {
  const entry = { target, type, listener, script: current(), isCalled: false };
  heard.push(entry);
  listen(target, type, () => { entry.isCalled = true; }, { once: true });
  if (!entry.script) setTimeout(callLate); // a module, in no queue that ends
}

const isOver = () => performance.getEntriesByType('navigation')[0]?.loadEventEnd > 0;

/** Takes away the page's own handlers, which have been called: who adds to one would have it called again. */
const ownHandlers = () => (isOver() ? [[window, 'load'], [window, 'pageshow'], [document, 'readystatechange']] : []).map(([target, type]) => {
  const own = target['on' + type];
  target['on' + type] = null;
  return [target, type, own];
});

/** Notes a handler that a script has set instead, and puts the page's own back. */
function noteHandler([target, type, own]) {
  const handler = target['on' + type];
  if (handler) note(target, type, handler);
  target['on' + type] = own;
}

/** Calls those that nobody has called and whose event is over: see web/gated/late.js. */
const callLate = () => heard.length && fetchGated().then((gated) => gated?.callLate(heard, (script, call) => {
  during(script, call);
  if (script) land(script, []);
}));
