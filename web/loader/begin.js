// How temoin.js begins: the banner before Go, the visitor's choice, the gate, and
// the way to the Go program that draws the rest.
import { expose, isExposed, whenReady } from './api.js';
import * as bundle from './bundle.js';
import { options } from './bundle.js';
import { current, onChange, onRestored, refresh } from './choice.js';
import * as gate from './gate.js';
import { later } from './later.js';
import * as layers from './layers.js';
import * as receipts from './report.js';
import { host } from './shell.js';

/**
 * Begins, unless an earlier temoin.js of this page has.
 * @param parts what only some catalogues need, for its weight (web/build): a loader
 *   is built for each set of hold.js, signals.js and withdraw.js
 */
export function begin({ signals, withdraw, hold } = {}) {
  if (isExposed()) return;
  refresh();
  expose(withdraw?.beyondReach);
  signals?.(current());
  withdraw?.cleanUp();
  gate.watch(hold);
  followOthers();
  listenForOpeners();
  listenForForms();
  if (receipts.address) {
    receipts.watch();
    onRestored(layers.update);
    whenReady(() => idle(receipts.sendLeft));
  }
  if (current()) whenReady(layers.draw);
  else whenBody(layers.draw).then(anticipate);
}

/** Resolves with what callback returns, called as soon as there is a body. */
function whenBody(callback) {
  return new Promise((resolve) => {
    const look = () => {
      if (!document.body) return;
      observer.disconnect();
      resolve(callback());
    };
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { childList: true });
    look();
  });
}

// ---- one choice in all tabs ----

/** Follows what is chosen in other tabs, and while the page lay in the back/forward cache. */
function followOthers() {
  // The word of another tab may come before its cookie does.
  const follow = () => {
    refresh();
    setTimeout(refresh, 100);
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
}

// ---- openers in the page ----

function listenForOpeners() {
  const selector = ['[data-temoin-open]', 'a[href="#temoin"]', options.open].filter(Boolean).join();
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.(selector)) return;
    event.preventDefault();
    layers.open();
  });
  if (location.hash === '#temoin') layers.open();
}

// ---- the charter's form ----

function listenForForms() {
  const selector = 'form[data-temoin-form]';
  document.addEventListener('submit', (event) => {
    if (!event.target.matches(selector)) return;
    event.preventDefault();
    later().then(({ submit }) => submit(event.target, event.submitter?.value));
  });
  whenReady(() => { if (document.querySelector(selector)) later(); });
}

// ---- when more is wanted ----

const idle = globalThis.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));

/**
 * Has the program ready before it is asked for: compiled and started when the
 * page is idle, or when the visitor comes near. On a line that is slow, or
 * saved by the visitor's or the site's wish, only the latter. Who answers at
 * once needs no program: its start must not stand in the way of that click.
 */
function anticipate() {
  const near = ['pointerover', 'pointerdown', 'touchstart', 'focusin'];
  const unlessAnswered = (callback) => () => idle(() => { if (!current()) callback(); });
  const start = unlessAnswered(() => layers.start().catch(() => {})); // said on the console; the shell goes on
  const prepare = unlessAnswered(() => {
    for (const event of near) host.removeEventListener(event, prepare);
    later();
    layers.prepare().then(start, start);
  });
  for (const event of near) host.addEventListener(event, prepare, { passive: true });
  // The banner must be kept off what has the focus.
  document.addEventListener('focusin', later, { once: true });

  const { saveData, effectiveType } = navigator.connection ?? {};
  if (bundle.near || saveData || /2g/.test(effectiveType)) return;
  if (document.readyState === 'complete') prepare();
  else addEventListener('load', prepare, { once: true });
}
