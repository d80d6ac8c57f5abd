// Receipts: each choice that the browser has kept is reported to the server,
// which keeps a proof of it and sets the cookie once more, since some browsers
// soon forget what a script has set. Neither the cookie nor the gate waits for
// that. What cannot be delivered waits in a queue in the browser's local
// storage: for this page to try again, or for the next one that is loaded.
import { beside, bundle, warn } from './bundle.js';
import { current, refresh } from './choice.js';
import { plain } from './cookie.js';

const { url, text } = bundle.proof ?? {};

/** Where choices are reported; absent where no receipts are kept. */
export const address = url && beside(url);

const key = 'temoin.receipts';
const capacity = 20; // the oldest gives way
const rest = 100; // ms for what a choice lets in, before the storage takes its time
const recovery = 1000; // ms that another tab has to put a cookie back
const tries = 7; // that fail, in one page; what else happens there is tried all the same

let changes = {}; // what the storage has not taken in yet: entries by id, 0 for one that is delivered
let failures = 0;
let line = Promise.resolve(); // one delivery after the other
let request; // the last one

/** Brings the storage up to date; returns what is to be delivered, as [id, entry], the oldest first. */
function queue() {
  let all = changes;
  try {
    all = { ...JSON.parse(localStorage[key]), ...changes };
  } catch {
    // Nothing is there, it is denied, or the page has spoilt it.
  }
  const entries = Object.entries(all).filter(([id, entry]) => entry?.record?.id === id).slice(-capacity);
  try {
    if (entries.length) localStorage[key] = JSON.stringify(Object.fromEntries(entries));
    else delete localStorage[key];
    changes = {};
  } catch {
    // Denied, or full: it stays in memory, as long as the page does.
  }
  return entries;
}

/** @returns the answer, and its words */
async function post(entry, options) {
  request = new AbortController();
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(entry),
    signal: request.signal,
    ...options,
  });
  refresh(); // it may have set the cookie of a choice that another has taken the place of
  return [answer, await answer.text()];
}

/** Delivers one after the other, until none is left or one fails. */
async function deliver() {
  refresh(); // WebKit does not tell a page that has yet to look into the storage what another tab delivers
  for (const [id, entry] of queue()) {
    const [answer, words] = await post(entry).catch(() => [Response.error()]);
    if (!answer.ok && !/^4(?!08|25|29)/.test(answer.status)) {
      failures += 1;
      if (failures < tries) setTimeout(send, (+answer.headers.get('retry-after') || 2 ** failures) * 1000);
      return;
    }
    changes[id] = 0;
    queue(); // of this the other tabs hear; one may know a newer choice, and puts its cookie back
    setTimeout(refresh, recovery);
    if (!answer.ok) warn('receipt refused:', words);
  }
}

/** Delivers what waits; one tab at a time, where the browser can tell. */
export function send() {
  line = line.then(() => navigator.locks?.request(key, deliver) ?? deliver()).catch(() => {});
  return line;
}

/**
 * Reports the choice that has just been made.
 * @param how see How in server/receipt
 * @param gpc whether it overrode a refusal by Global Privacy Control
 */
export function report(how, gpc, lang) {
  if (!address) return;
  changes[current().id] ??= { record: plain(current()), how, gpc, lang, text };
  setTimeout(send, rest);
}

/** Sees to what this page, another tab or the line leaves undelivered. */
export function watch() {
  addEventListener('online', send);
  // Another tab's delivery may have brought an older choice's cookie back.
  addEventListener('storage', (event) => { if (event.key === key) refresh(); });
  // No answer may set the cookie once nobody is there to look after it. A request
  // that is kept alive cannot be broken off, so only the last ones are, which set none.
  addEventListener('pagehide', () => {
    request?.abort();
    refresh();
    for (const [, entry] of queue()) post(entry, { keepalive: true, credentials: 'omit' }).catch(() => {});
  });
}

/** Tells that the banner was left unanswered: a plain count. */
export const unanswered = () => address && navigator.sendBeacon(address + '/unanswered', bundle.rev);

/** The address of the present choice's receipt, once what waits has been sent. */
export const receipt = () => send().then(() => address + '/' + current().id);
