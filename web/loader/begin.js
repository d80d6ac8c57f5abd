// How temoin.js begins: the banner before Go, the visitor's choice, the gate, and
// the way to the Go program that draws the rest.
import { expose, isExposed, whenReady } from './api.js';
import { options } from './bundle.js';
import { current, onChange, refresh } from './choice.js';
import { listenForForm } from './form.js';
import * as gate from './gate.js';
import * as layers from './layers.js';
import * as receipts from './report.js';
import { host } from './shell.js';

/**
 * Begins, unless an earlier temoin.js of this page has.
 * @param parts what only some catalogues need: signals.js, withdraw.js, hold.js
 */
export function begin({ signals, withdraw, hold } = {}) {
  if (isExposed()) return;
  refresh();
  expose(withdraw?.beyondReach);
  signals?.signal(current());
  withdraw?.cleanUp();
  gate.watch(hold);
  followOthers();
  listenForOpeners();
  listenForForm();
  if (receipts.address) {
    receipts.watch();
    whenReady(() => idle(receipts.send)); // what earlier pages have left
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

// ---- when Go is wanted ----

const idle = globalThis.requestIdleCallback ?? ((callback) => setTimeout(callback, 200));

/**
 * Has the program ready before it is asked for: compiled and started when the
 * page is idle, or when the visitor comes near. On a line that is slow, or
 * saved by the visitor's wish, only the latter.
 */
function anticipate() {
  const near = ['pointerover', 'pointerdown', 'touchstart', 'focusin'];
  const start = () => {
    for (const event of near) host.removeEventListener(event, start);
    layers.start().catch(() => {}); // said on the console; the shell goes on
  };
  for (const event of near) host.addEventListener(event, start, { passive: true });

  const { saveData, effectiveType } = navigator.connection ?? {};
  if (saveData || /2g/.test(effectiveType)) return;
  const prepare = () => idle(() => layers.prepare().then(() => idle(start), start));
  if (document.readyState === 'complete') prepare();
  else addEventListener('load', prepare, { once: true });
}
