// What a page needs only once the visitor, an embed or a form in it asks for it
// lies in a file of its own, later.js (web/later), so that it weighs on no other.
import * as bundle from './bundle.js';
import { part, warn } from './bundle.js';
import { has, known, onChange, refresh } from './choice.js';
import { language } from './language.js';
import { root } from './shell.js';
import { parse } from './trusted.js';

const page = {
  warn, has, known, onChange, refresh, root, parse,
  services: bundle.services,
  placeholders: () => fetch(part(bundle.placeholders.replace('*', language()))),
};

/** Hands over the rest, from modules that themselves import this one. */
export const offer = (more) => Object.assign(page, more);

let there = null;

/** Fetches it, once; where it cannot be had, the console says so, and nothing follows until it is asked for again. */
export function fetchLater() {
  there ??= import(part(bundle.later)).then(({ begin }) => begin(page)).catch((error) => {
    warn(error);
    there = null;
    return new Promise(() => {});
  });
  return there;
}
