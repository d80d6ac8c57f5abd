// The visitor's choice in this page: read from the cookie, written to it, and
// the question every part asks: is this allowed?
import * as bundle from './bundle.js';
import { own, warn } from './bundle.js';
import { encode, erase, plain, read, write } from './cookie.js';
import { isRefused } from './frames.js';

let record; // null where nothing has been answered; undefined before the page is shown, when nothing counts
const past = new Set(); // ids of answers that are no longer the visitor's
const listeners = [];
let restored = () => {};

/** The record that counts now, or null: nothing has been answered. */
export const current = () => record ?? null;

/** Calls listener(record, previous) after each change. */
export const onChange = (listener) => { listeners.push(listener); };

/** Calls listener after a cookie that a late answer had set was put right: who looked meanwhile saw the wrong one. */
export const onRestored = (listener) => { restored = listener; };

/**
 * Reads the cookie again. Only what stands there, valid, ever counts; but an
 * answer that was taken back, or that another has taken the place of, can only
 * have been put there by a server whose own answer came late: see report.js.
 */
export function refresh() {
  if (document.prerendering) return;
  const previous = record;
  const found = isRefused ? null : read();
  if (found && past.has(found.id)) {
    if (record) write(encode(plain(record)));
    else erase();
    restored();
    return;
  }
  record = found;
  if (previous !== undefined && previous?.id === record?.id) return;
  past.add(previous?.id);
  for (const listener of listeners) listener(record, previous);
}

/**
 * Whether the browser's Global Privacy Control stands for a refusal: until the
 * visitor says otherwise, and unless the site wants to ask all the same.
 */
export const gpc = () => !record && bundle.gpc && navigator.globalPrivacyControl === true;

/** Whether all that can be is refused, though nobody has said so. */
export const isSilent = () => isRefused || gpc();

/** Whether id, a category or a service, is allowed now. */
export const has = (id) => grants(record, id);

/** Whether id, which the catalogue has to know, has been refused: that is more than not allowed. */
export const refused = (id) => Boolean(record || (record === null && isSilent())) && known().includes(id) && !has(id);

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
 */
export function save(answers = {}) {
  for (const id of Object.keys(answers)) {
    if (!known().includes(id)) warn(`save: no category or service "${id}"`);
  }
  const isNecessary = (category) => bundle.necessary.includes(category);
  const choices = Object.fromEntries(bundle.categories.map((id) => [id, isNecessary(id) || own(answers, id) === true]));
  const services = {};
  for (const [id, category] of Object.entries(bundle.services)) {
    const granted = own(answers, id);
    if (typeof granted === 'boolean' && granted !== choices[category] && !isNecessary(category)) services[id] = granted;
  }
  const id = newID();
  const value = encode(plain({ v: 1, id, rev: bundle.rev, at: Math.floor(Date.now() / 1000), choices, services }));
  write(value);
  refresh();
  if (record?.id === id) return;
  // In that very moment the answer to an earlier report may have set its cookie.
  write(value);
  refresh();
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
