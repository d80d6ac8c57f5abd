// Receipts: each choice that the browser has kept is reported to the server,
// which keeps a proof of it and sets the cookie once more, since some browsers
// soon forget what a script has set. Neither the cookie nor the gate waits for
// that. What cannot be delivered waits in a queue in the browser's local
// storage: for this page to try again, or for the next one that is loaded. How it
// is delivered comes later (web/later/deliver.js).
import * as bundle from './bundle.js';
import { beside, warn } from './bundle.js';
import { answer, current, refresh } from './choice.js';
import { plain } from './cookie.js';
import { fetchLater } from './fetch-later.js';

const { url, text } = bundle.proof ?? {};

/** Where choices are reported; absent where no receipts are kept. */
export const address = url && beside(url);

const key = 'temoin.receipts';
const capacity = 20; // the oldest gives way
const rest = 100; // ms for what a choice lets in, before the storage takes its time

// What this page has reported: entries by id, 0 for one that is delivered. The storage alone
// would not do: two tabs that write in the same moment undo each other's writing.
const mine = {};
let request; // the last one

/** Brings the storage up to date; returns what is to be delivered, as [id, entry], the oldest first. */
function queue() {
  let all = mine;
  try {
    all = { ...JSON.parse(localStorage[key]), ...mine };
  } catch {
    // Nothing is there, it is denied, or the page has spoilt it.
  }
  const entries = Object.entries(all).filter(([id, entry]) => entry?.record?.id === id).slice(-capacity);
  try {
    if (entries.length) localStorage[key] = JSON.stringify(Object.fromEntries(entries));
    else delete localStorage[key];
  } catch {
    // Denied, or full: it stays in memory as long as the page does.
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

const deliver = () => fetchLater().then((parts) => parts.deliver());

/** Delivers what waits, if anything does. */
export function send() {
  const waits = queue()[0];
  refresh(); // WebKit does not tell a page that has yet to look into the storage what another tab delivers
  if (waits) deliver();
}

/**
 * Reports the choice that has just been made.
 * @param how see How in server/receipt
 * @param gpc whether it overrode a refusal by Global Privacy Control
 * @param from the id of the choice before, of which something may stand
 */
export function report(how, gpc, lang, from) {
  if (!address) return;
  mine[current().id] = { record: plain(answer()), how, gpc, lang, text, from };
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

/** The address of the present choice's receipt, once what waits has been sent. */
export const receipt = () => deliver().then(() => address + '/' + current().id);

/** Tells that the banner was left unanswered: a plain count. */
export const unanswered = () => address && navigator.sendBeacon(address + '/unanswered', bundle.rev);

/** What the delivery works on; done takes an entry out of the queue. */
export const receipts = { key, address, queue, post, done(id) { mine[id] = 0; } };
