// What a page needs only later lies in files of its own, so that it weighs on no
// other: later.js (web/later), for a visitor or a form that asks for it; gated.js
// (web/gated), for embeds that wait and scripts that come late; the dialog (web/dialog);
// speak.js (web/speak), where the page's language changes.
import * as bundle from './bundle.js';
import { categories, cookie, exempt, marks, necessary, part, rev, services, warn } from './bundle.js';
import { current, grants, has, known, onChange, refresh } from './choice.js';
import { encode, lasts } from './cookie.js';
import { home, isRefused } from './frames.js';
import { language, onLanguage } from './language.js';
import { passed } from './passed.js';
import { host, raise, root, showDialog } from './place.js';
import { style } from './shell.js';
import { parse, scriptURL, trustedHTML } from './trusted.js';

const files = { shell: bundle.shells, dialog: bundle.dialog, edition: bundle.edition, placeholders: bundle.placeholders, anew: bundle.anew };

/** The address of a file in a language. */
export const inLanguage = (name, lang) => part(files[name].replace('*', lang));

const page = {
  warn, current, has, known, onChange, refresh, host, root, raise, showDialog, style, parse, scriptURL, trustedHTML, passed, home, isRefused,
  grants, encode, lasts, cookie, rev, categories, services, necessary, exempt, marks,
  charter: bundle.placed(bundle.words.charter),
  runtime: part(bundle.runtime),
  placeholders: () => fetch(inLanguage('placeholders', language())),
  language,
  onLanguage,
  inLanguage,
};

/** Hands over the rest, from modules that themselves import this one. */
export const offer = (more) => Object.assign(page, more);

/**
 * Returns what fetches a file, once, and resolves to it; to nothing where it cannot be had, which the console says.
 * @param address asked for when it is fetched
 */
export function fetcher(address) {
  let there = null;
  return () => {
    there ??= import(address()).then(({ begin }) => begin(page)).catch((error) => {
      warn(error);
      there = null;
    });
    return there;
  };
}

export const fetchGated = fetcher(() => part(bundle.gated));

export const fetchSpeak = fetcher(() => part(bundle.speak));

const reach = fetcher(() => part(bundle.later));

/** The same, which resolves to nothing where it cannot be had. */
export { reach as tryLater };

/** Where it cannot be had nothing follows, until it is asked for again. */
export const fetchLater = () => reach().then((parts) => parts ?? new Promise(() => {}));
