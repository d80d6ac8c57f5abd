// What scripts ask a declared host for without an element: they are told at once
// that it waits for consent, or with held-requests: wait, wait for it themselves.
import * as bundle from './bundle.js';
import { warn } from './bundle.js';
import { onChange } from './choice.js';
import { isWaiting, servicesAt, waitsFor } from './hosts.js';
import { apply, construct, getter, method, own, settled, textOf, wrap } from './wrap.js';

const dispatch = method(EventTarget.prototype, 'dispatchEvent');
const { CustomEvent, Event, ProgressEvent } = globalThis;

const most = 100; // that wait
const waiting = { __proto__: null }; // by number; a list's methods a page could replace, and send what it is given
let count = 0;
let last = 0;

/** Keeps a request until it may be sent; says whether there is room for it. */
function keep(ids, send) {
  if (count >= most) return false;
  count += 1;
  waiting[last += 1] = { ids, send };
  return true;
}

function sendReady() {
  for (const number in waiting) {
    const { ids, send } = waiting[number];
    if (isWaiting(ids)) continue;
    delete waiting[number];
    count -= 1;
    send();
  }
}

const told = new Set();

/** Tells the page of a request that is held; returns the error that says so. */
function tell(kind, url, ids, waits = false) {
  const message = `${kind} waits for consent to ${ids}: ${url}`;
  // One word for all of a kind: who asks a thousand times is not told a thousand times.
  if (!told.has(kind + ids)) warn(message);
  told.add(kind + ids);
  dispatch(document, new CustomEvent('temoin:held', { detail: { services: ids.split(' '), kind, url, waits } }));
  const error = new TypeError(message); // as where a network fails
  error.name = 'HeldRequestError';
  return error;
}

const urlOf = getter(Request.prototype, 'url');

/** Reads once what is asked for, in the first of args; returns its address. */
function asked(args) {
  try {
    if (typeof args[0] === 'object') return urlOf(args[0]);
  } catch {
    // No Request, or what only looks like one.
  }
  args[0] = settled(args[0]);
  return textOf(args[0]);
}

function holdFetch() {
  wrap(globalThis, 'fetch', async (native, self, args) => {
    const url = args.length && asked(args);
    const ids = url && waitsFor(url);
    if (!ids) return apply(native, self, args);
    const signal = args[1]?.signal ?? args[0].signal;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waits = bundle.heldWait && keep(ids, () => { if (!signal?.aborted) resolve(apply(native, self, args)); });
      const error = tell('fetch', url, ids, waits);
      if (!waits) throw error;
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  });
}

/** What answers at once, or gives something back that works: it cannot wait. */
function holdOthers() {
  const refuse = (kind, args) => {
    if (!args.length) return;
    const url = asked(args);
    const ids = waitsFor(url);
    if (ids) throw tell(kind, url, ids);
  };
  for (const kind of ['WebSocket', 'EventSource', 'Worker', 'SharedWorker', 'WebTransport']) {
    wrap(globalThis, kind, (native, args, newTarget) => {
      refuse(kind, args);
      return construct(native, args, newTarget);
    }, 'value', 'construct');
  }
  wrap(globalThis, 'fetchLater', (native, self, args) => {
    refuse('fetchLater', args);
    return apply(native, self, args);
  });
  wrap(globalThis.Worklet?.prototype, 'addModule', async (native, self, args) => {
    refuse('addModule', args);
    return apply(native, self, args);
  });
}

function holdBeacons() {
  wrap(Navigator.prototype, 'sendBeacon', (native, navigator, args) => {
    if (!args.length) return apply(native, navigator, args);
    const url = args[0] = `${args[0]}`;
    const ids = waitsFor(url);
    if (!ids) return apply(native, navigator, args);
    const waits = keep(ids, () => apply(native, navigator, args));
    tell('sendBeacon', url, ids, waits);
    return waits;
  });
}

// ---- XMLHttpRequest ----

function holdXHR() {
  const { prototype } = XMLHttpRequest;
  const opened = own(new WeakMap()); // request → what open() said
  const over = own(new WeakSet()); // those that have ended without having been sent

  const end = (request, type) => {
    over.add(request);
    dispatch(request, new Event('readystatechange'));
    dispatch(request, new ProgressEvent(type));
    dispatch(request, new ProgressEvent('loadend'));
  };

  wrap(prototype, 'open', (native, request, args) => {
    if (args.length > 1) args[1] = `${args[1]}`;
    apply(native, request, args);
    over.delete(request);
    opened.set(request, { url: args[1], ids: servicesAt(args[1]), isAsync: args.length < 3 || !!args[2], isHeld: false });
  });

  wrap(prototype, 'send', (native, request, args) => {
    const it = opened.get(request);
    const send = () => apply(native, request, args);
    if (!it?.ids || !isWaiting(it.ids)) return send();
    if (it.isHeld) return undefined;
    const isStill = () => opened.get(request) === it;
    it.isHeld = it.isAsync;
    const waits = it.isAsync && bundle.heldWait && keep(it.ids, () => {
      if (!isStill()) return;
      it.isHeld = false;
      send();
    });
    const error = tell('XMLHttpRequest', it.url, it.ids, waits);
    if (!it.isAsync) throw error;
    if (!waits) setTimeout(() => { if (isStill()) end(request, 'error'); });
    return undefined;
  });

  wrap(prototype, 'abort', (native, request, args) => {
    const it = opened.get(request);
    opened.delete(request);
    if (it?.isHeld && !over.has(request)) end(request, 'abort');
    apply(native, request, args);
  });

  wrap(prototype, 'readyState', (native, request, args) => (over.has(request) ? 4 : apply(native, request, args)), 'get');
}

export function holdRequests() {
  holdFetch();
  holdOthers();
  holdBeacons();
  holdXHR();
  onChange(sendReady);
}
