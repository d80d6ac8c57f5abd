// Which of the catalogue's languages the page speaks.
import * as bundle from './bundle.js';
import { options } from './bundle.js';

/**
 * The language of the script's data-lang, else of the page, else of the
 * visitor's browser, else the one that this file was made in.
 */
export function language() {
  if (bundle.fixed) return bundle.lang;
  const wanted = [options.lang, document.documentElement?.lang, ...navigator.languages];
  for (const tag of wanted) {
    const found = tag && match(tag.toLowerCase());
    if (found) return found;
  }
  return bundle.lang;
}

/** Calls back when the page may speak another language: by the attribute of its root, or of the script, or by another root. */
export function onLanguage(callback) {
  const observer = () => new MutationObserver(callback);
  observer().observe(document, { childList: true });
  observer().observe(document, { subtree: true, attributeFilter: ['lang', 'data-lang'] });
}

/** pt-br finds pt-BR, else pt; fr-CA finds fr. */
const match = (tag) => bundle.languages.find((lang) => lang.toLowerCase() === tag)
  ?? (tag.includes('-') ? match(tag.slice(0, tag.lastIndexOf('-'))) : undefined);
