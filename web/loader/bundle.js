// What the server wrote around this program for one catalogue and one language
// (server/site/loader.go, type loaderBundle), and where the program came from.

/* global temoinBundle */
export const [
  lang, // what this file speaks; words holds the rest of it
  languages,
  fixed, // lang holds whatever the page's language is
  rev,
  cookie,
  attributes,
  lifetime, // seconds
  categories,
  services, // category by service
  necessary, // categories
  exempt, // categories and services that count as allowed until they are answered
  asks, // consent is asked for something
  marks, // what answers are about, by category and service: see Marks in app/consent
  reopen,
  near, // the program waits for the visitor to come near
  frames, // whether a page in a frame of another site asks
  runtime, // names of files; a star in them stands for the language
  program,
  edition,
  dialog,
  later,
  gated,
  speak,
  shells,
  anew,
  placeholders,
  style,
  proof, // where choices are reported, null where they are not
  gpc, // whether Global Privacy Control refuses
  reload,
  hosts, // services by the host that waits for one of them
  heldWait, // whether what scripts ask these for waits, where it can
  erase, // what goes with the consent, by service
  keep, // what never does
  signals,
  words, // { shell, texts, charter }, which the files that shells names hold too
] = temoinBundle;

const script = document.currentScript ?? { dataset: {} }; // a module has none

/** The attributes data-… of the script's element. */
export const options = script.dataset;

/** The nonce by which the page's policy let this script run, or "". */
export const nonce = script.nonce ?? '';

/** The folder of temoin.js: all its parts lie beneath it. */
const base = new URL('.', script.src || document.baseURI);

/** Address of what lies beside temoin.js, which may be on another origin than the page. */
export const beside = (path) => new URL(path, base).href;

/** Address of a part of the bundle. */
export const part = (name) => beside('temoin/' + name);

/**
 * Text of ours, in which what leads to our own charter leads beside temoin.js: in whatever
 * folder of the page's site a proxy has put both.
 */
export const placed = (text) => (base.origin === location.origin ? text.replace(/(^|["\x1f])\/(?=charte-cookies)/g, (_, before) => before + base.pathname) : text);

export const warn = (...words) => console.warn('temoin:', ...words);

if (script.src && !/\/temoin[^/]*$/.test(script.src)) warn('temoin.js has to be a file of its own; its parts are looked for beside', script.src);

/** An object's own property: what a page adds to Object.prototype is not there. */
export const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);
