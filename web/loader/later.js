// What a page needs only once the visitor, an embed or a form in it asks for it
// lies in a file of its own, web/later, so that it weighs on no other.
import * as bundle from './bundle.js';
import { part, warn } from './bundle.js';
import { has, known, onChange, refresh } from './choice.js';
import { language } from './language.js';
import { answer, choose } from './layers.js';
import { receipts } from './report.js';
import { root } from './shell.js';
import { parse } from './trusted.js';

let there = null;

/** Fetches it, once; where it cannot be had, the console says so, and nothing follows until it is asked for again. */
export function later() {
  there ??= import(part(bundle.later)).then(({ begin }) => begin({
    warn, has, known, onChange, refresh, answer, choose, receipts, root, parse,
    services: bundle.services,
    placeholders: () => fetch(part(bundle.placeholders.replace('*', language()))),
  })).catch((error) => {
    warn(error);
    there = null;
    return new Promise(() => {});
  });
  return there;
}
