// The visitor's choice in this page: read from the cookie, written to it, and
// the question every part asks: is this allowed?
import * as bundle from './bundle.js';
import { own, warn } from './bundle.js';
import { decode, encode, erase, lasts, values, write } from './cookie.js';
import { attempt } from './dom.js';
import { isRefused } from './frames.js';

let held; // the cookie's record as it is written
let record; // what of it stands: null where nothing has been answered; undefined while that is not known, or the page not shown, when nothing counts
const past = new Set(); // ids of answers that are no longer the visitor's
const listeners = [];
let restored = () => {};

/** The record that counts now, or null: nothing has been answered. */
export const current = () => record ?? null;

/** Calls listener(record, previous) after each change. */
export const onChange = (listener) => { listeners.push(listener); };

/** Calls listener after a cookie that a late answer had set was put right: who looked meanwhile saw the wrong one. */
export const onRestored = (listener) => { restored = listener; };

// ---- what stands of an answer ----

let standing; // what knows of answers to other catalogues than this: see web/later/standing.js; null where it cannot be had
let fetchStanding;
let resolveKnown;

/** Resolves once the record is known. */
export const whenKnown = new Promise((resolve) => { resolveKnown = resolve; });

export const isKnown = () => record !== undefined;

/** Has it fetched by fetch, which resolves to nothing where it cannot be had. */
export const learnBy = (fetch) => {
  fetchStanding = () => fetch().then((later) => {
    standing ??= later?.standing ?? null;
    refresh();
  });
};

/** Whether a record answers this very catalogue, and nothing of it is over: then it counts as it says. */
const isOwn = ({ rev, of = '' }) => rev === bundle.rev && [...of.matchAll(/!(\w+)/g)].every(([, when]) => lasts(parseInt(when, 36)));

const records = () => values().map(decode).filter((found) => found && lasts(found.at)).sort((a, b) => b.at - a.at);

/** The newest record that counts, and what of it stands; undefined as long as that is not known. */
function read() {
  let all = records();
  if (standing) return standing.read(all);
  if (standing === null) all = all.filter(isOwn);
  if (!all.every(isOwn)) {
    fetchStanding();
    return {};
  }
  const [held] = all;
  return { held, view: held ? viewOf(held) : null };
}

const isNecessary = (category) => bundle.necessary.includes(category);

const { freeze } = Object;

/** The answers to what the catalogue asks: there may be others, of another one on the same domain. */
const asked = (answers) => freeze(Object.fromEntries(known().filter((id) => Object.hasOwn(answers, id)).map((id) => [id, isNecessary(id) || answers[id]])));

/** The record as the page's scripts are handed it: what they change must not count. */
const viewOf = ({ of, choices, services, ...rest }) => freeze({ ...rest, choices: asked(choices), services: asked(services), asked: freeze([]) });

/**
 * Calls act, which saves an answer: at once, unless it has to be joined to earlier
 * answers by what is not there yet.
 */
export function joining(part, act) {
  // What another catalogue asks was answered at another moment.
  if (standing === undefined && held && (part || /!/.test(held.of))) fetchStanding().then(act);
  else act();
}

const tag = (mark) => mark.slice(0, 3);

/**
 * Reads the cookie again. Only what stands there, valid, ever counts; but an
 * answer that was taken back, or that another has taken the place of, can only
 * have been put there by a server whose own answer came late: see report.js.
 */
export function refresh() {
  if (document.prerendering) return;
  const previous = record;
  const { held: there, view } = read();
  const found = isRefused ? null : view;
  if (found === undefined) return; // until it is known
  if (found && past.has(found.id)) {
    if (record) write(encode(held));
    else erase();
    restored();
    return;
  }
  held = found && there;
  record = found;
  resolveKnown();
  if (previous !== undefined && previous?.id === record?.id) return;
  past.add(previous?.id);
  for (const listener of listeners) attempt(() => listener(record, previous));
}

/**
 * Whether the browser's Global Privacy Control stands for a refusal of what the
 * visitor has not answered: unless the site wants to ask all the same.
 */
export const signal = () => bundle.gpc && navigator.globalPrivacyControl === true;

/** Whether it stands for a refusal of all. */
export const gpc = () => !record && signal();

/** Whether the visitor has still to be asked, for all or for what is new. */
export const isOpen = () => !signal() && (record === null || !!record?.asked[0]);

/** Whether all was answered: nothing is asked. */
export const isAnswered = () => !!record && !isOpen();

/** The record as the cookie holds it. */
export const answer = () => held;

/** Whether all that can be is refused, though nobody has said so. */
export const isSilent = () => isRefused || gpc();

/** Whether id, a category or a service, is allowed now. */
export const has = (id) => grants(record, id);

/** Whether id, which the catalogue has to know, has been refused: that is more than not allowed. */
export const refused = (id) => Boolean(record ? signal() || !record.asked.includes(id) : record === null && isSilent()) && known().includes(id) && !has(id);

/** The ids of all categories and services. */
export const known = () => [...bundle.categories, ...Object.keys(bundle.services)];

/** Whether a record, or null, allows id: see Catalogue.Granted. */
export function grants(record, id) {
  const category = own(bundle.services, id) ?? id;
  if (!bundle.categories.includes(category)) return false;
  if (bundle.necessary.includes(category)) return true;
  if (!record) return record === null && !isSilent() && (bundle.exempt.includes(id) || bundle.exempt.includes(category));
  return (category !== id ? own(record.services, id) : undefined) ?? own(record.choices, category) ?? false;
}

/**
 * Writes an answer: booleans by id. A category that is not named is refused, a
 * service follows its category.
 * @param part whether what stood stands on where the answer does not change it, and grows no younger
 */
export function save(answers = {}, part = false) {
  for (const id of Object.keys(answers)) {
    if (!known().includes(id)) warn(`save: no category or service "${id}"`);
  }
  const granted = (id) => {
    const said = own(answers, id);
    return typeof said === 'boolean' ? said : own(answers, own(bundle.services, id)) === true;
  };
  const id = newID();
  const at = Math.floor(Date.now() / 1000);
  const value = encode(standing ? standing.answered(records(), id, at, granted, part) : whole(id, at, granted));
  write(value);
  refresh();
  if (record?.id === id) return;
  // In that very moment the answer to an earlier report may have set its cookie.
  write(value);
  refresh();
}

/** A record in which all is answered now. */
function whole(id, at, granted) {
  const choices = {};
  const services = {};
  const of = [];
  for (const category of bundle.categories) {
    const on = isNecessary(category) || granted(category);
    choices[category] = on;
    if (isNecessary(category)) continue;
    of.push(tag(bundle.marks[category]));
    for (const id of Object.keys(bundle.services).filter((id) => bundle.services[id] === category)) {
      const yes = granted(id);
      if (yes !== on) services[id] = yes;
      // What is refused together with its category needs no mark of its own.
      if (yes || on) of.push(yes ? bundle.marks[id] : tag(bundle.marks[id]));
    }
  }
  return { v: 2, id, rev: bundle.rev, at, choices, services, of: of.join('~') };
}

/** Takes the answer back: the visitor will be asked again. */
export function forget() {
  erase();
  refresh();
}

/** A random UUID, version 4. crypto.randomUUID is missing on plain http. */
function newID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
