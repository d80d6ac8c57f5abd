// How temoin.js begins: the banner before Go, the visitor's choice, the gate, and
// the way to the Go program that draws the rest.
import { expose, isExposed } from './api.js';
import * as bundle from './bundle.js';
import { options, warn } from './bundle.js';
import { current, isAnswered, learnBy, onChange, onRestored, refresh, whenKnown } from './choice.js';
import { attempt, idle, isElement, whenReady, whenShown } from './dom.js';
import { fetchLater, offer, tryLater } from './fetch-later.js';
import { isBare, isRefused } from './frames.js';
import * as gate from './gate.js';
import * as layers from './layers.js';
import { host } from './place.js';
import * as report from './report.js';

/**
 * Begins, unless an earlier temoin.js of this page has. The parameters are parts
 * that only some catalogues need, else null: the build makes a loader for each set
 * of hold.js, signals.js and withdraw.js, for their weight.
 */
export function begin(hold, signals, withdraw) {
  if (isExposed()) return;
  offer({ answer: layers.answer, choose: layers.choose, receipts: report.receipts, ...layers.forDialog, ...layers.forSpeaking });
  learnBy(tryLater);
  refresh();
  withdraw?.cleanUp(); // before anybody is told what is left
  expose(withdraw?.beyondReach);
  attempt(() => signals?.(current())); // the gate is watched whatever they meet
  gate.watch(hold, listen);
  followOthers();
  listen(window);
  followAddress();
  listenForForms();
  whenShown(show);
}

/** What is done in a page that the visitor sees, and not in one that the browser only has ready. */
function show() {
  refresh();
  if (report.address) {
    report.watch();
    onRestored(layers.update);
    whenRested(() => idle(report.send)); // what earlier pages have left
  }
  if (isRefused) warn('in a frame of another site all is refused, and nothing is asked');
  if (isBare) return;
  // Who has answered, or is not asked, needs nothing at once: the page's first frame is the page's own.
  if (isAnswered() || !bundle.asks) whenReady(() => setTimeout(layers.draw, rest));
  else whenKnown.then(layers.draw).then(anticipate);
}

// ---- one choice in all tabs ----

/** Follows what is chosen in other tabs, and while the page lay in the back/forward cache. */
function followOthers() {
  // The word of another tab may come before its cookie does: on a busy machine, long before.
  const follow = () => {
    refresh();
    for (const time of [100, 2000]) setTimeout(refresh, time);
  };
  let channel = null;
  const join = () => {
    try {
      channel = new BroadcastChannel('temoin');
      channel.onmessage = follow;
    } catch {
      // A frame without an origin has no channel; it has no cookies either.
    }
  };
  join();
  let told = current()?.id;
  onChange((record) => {
    layers.update();
    if (record?.id !== told) channel?.postMessage(null);
    told = record?.id;
  });
  // An open channel can keep a page out of the back/forward cache.
  addEventListener('pagehide', () => { channel?.close(); });
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    join();
    follow();
  });
  document.addEventListener('visibilitychange', () => { if (!document.hidden) follow(); });
  // The page around a frame may have another origin, of which no channel tells.
  if (isBare) globalThis.cookieStore?.addEventListener('change', follow);
}

// ---- clicks, and what opens the choices ----

const fragment = '#temoin';
const openers = ['[data-temoin-open]', `a[href="${fragment}"]`, options.open].filter(Boolean).join();

/** Whether an element is a link to the choices, by an address that may be written in full. */
const leadsHere = ({ hash, href }) => hash === fragment && href === location.href.split('#')[0] + fragment;

const isOpener = (node) => isElement(node) && (Element.prototype.matches.call(node, openers) || leadsHere(node));

/** Hears clicks before the page does, which may keep them from everybody else. */
function listen(target) {
  target.addEventListener('click', (event) => {
    const path = event.composedPath();
    if (path.includes(host)) layers.click(path[0]);
    else if (path.some(isOpener)) {
      event.preventDefault();
      layers.open();
    }
  }, true);
}

/** Opens the dialog where the page's address asks for it; one that comes to do so gets back what it was, to be asked again. */
function followAddress() {
  if (location.hash === fragment) layers.open();
  addEventListener('hashchange', ({ oldURL }) => {
    if (location.hash !== fragment) return;
    history.replaceState(history.state, '', oldURL);
    layers.open();
  });
}

// ---- the charter's form ----

function listenForForms() {
  const selector = 'form[data-temoin-form]';
  document.addEventListener('submit', (event) => {
    if (!event.target.matches(selector)) return;
    event.preventDefault();
    fetchLater().then(({ submit }) => submit(event.target, event.submitter?.value));
  });
  whenReady(() => { if (document.querySelector(selector)) fetchLater(); });
}

// ---- when more is wanted ----

const rest = 200; // ms for the page's own beginning, and for who answers at once

/**
 * Has the dialog ready before it is asked for, when the page is idle; and the
 * program, when the visitor comes near, or, if the site wishes so, with the dialog.
 * On a line that is slow, or saved by the visitor, both wait for the latter.
 */
function anticipate() {
  const prepare = (program, timeout) => idle(() => {
    if (isAnswered()) return; // who answers at once needs neither
    if (program) giveWay({});
    const dialog = layers.fetchDialog();
    dialog.then(({ start }) => program && start()).catch(() => {}); // said on the console
    if (program) fetchLater(); // an answer may be given when there is no line, and no browser but Chromium asks again
  }, { timeout });
  const come = () => setTimeout(prepare, rest, true, 500);
  // A finger, too, comes over before it is down.
  for (const event of ['pointerover', 'focusin']) host.addEventListener(event, come, { once: true, passive: true });
  // The banner must be kept off what has the focus, and give way to a modal dialog.
  const giveWay = ({ target }) => {
    if (target === host) return;
    for (const event of events) document.removeEventListener(event, giveWay, true);
    fetchLater();
  };
  const events = ['focusin', 'toggle'];
  for (const event of events) document.addEventListener(event, giveWay, true);
  if (document.querySelector('dialog:modal')) giveWay({});

  const { saveData, effectiveType } = navigator.connection ?? {};
  if (!saveData && !/2g/.test(effectiveType)) whenRested(() => prepare(!bundle.near, 5000)); // ms that a page which is never idle may have
}

/** Calls back when the page has been loaded, and its beginning is over. */
function whenRested(callback) {
  const soon = () => setTimeout(callback, rest);
  if (document.readyState === 'complete') soon();
  else addEventListener('load', soon, { once: true });
}
