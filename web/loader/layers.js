// What the visitor does with the layers, before Go runs and beside it.
import * as bundle from './bundle.js';
import { part, warn } from './bundle.js';
import { current, forget, gpc, has, isOpen, joining, known, refresh, save, signal } from './choice.js';
import { fitting } from './cookie.js';
import { whenShown } from './dom.js';
import { fetchLater, fetchSpeak, fetcher, inLanguage } from './fetch-later.js';
import { isBare, isRefused } from './frames.js';
import { isReloading } from './gate.js';
import { language, onLanguage } from './language.js';
import { host, root, showDialog } from './place.js';
import { address, receipt, report, unanswered } from './report.js';
import * as shell from './shell.js';

const patience = 10_000; // ms that a visitor waits for the dialog before the charter's form takes its place

let lang;
const spoken = {}; // the language of each part that is drawn: shell, dialog, go
let texts;
let charter;
let dismissed = false; // answered, though the browser did not keep the answer
let resolveDrawn;
const whenDrawn = new Promise((resolve) => { resolveDrawn = resolve; });

/** Whether there is anything that can be allowed or refused. */
const offers = bundle.categories.length > bundle.necessary.length;

const asking = () => bundle.asks && isOpen() && !dismissed;

/** Draws the layers in the page's language. */
export async function draw() {
  lang = language();
  const words = lang === bundle.lang ? bundle.words : await otherLanguage();
  speak(lang, words);
  shell.frame(words.shell);
  update();
  watchLeaving();
  sayAfterReload();
  resolveDrawn();
  onLanguage(follow);
  follow();
}

/** Says from now on what is said in a language; all that is drawn is in it. */
function speak(other, words) {
  lang = other;
  spoken.shell = lang;
  ({ texts } = words);
  charter = bundle.placed(words.charter);
}

/** Has all that is drawn follow the page's language, which may change without a load. */
function follow() {
  if (Object.values(spoken).some((one) => one !== language())) fetchSpeak().then((bring) => bring?.());
}

/** The words in lang, else, where they cannot be had, those that are there. */
const otherLanguage = () => fetch(inLanguage('shell', lang)).then((response) => response.json()).catch((error) => {
  warn('the texts in', lang, 'cannot be had.', error);
  lang = bundle.lang;
  return bundle.words;
});

let due = false;

/** Draws what has changed, once, and after the scripts that a choice lets in have had their turn. */
export function update() {
  if (due) return;
  due = true;
  queueMicrotask(() => {
    due = false;
    redraw();
  });
}

/** Go draws where it runs, else the shell. */
function redraw() {
  noteFocus();
  if (go) {
    go.sync(); // refocuses, too
    return;
  }
  const asked = asking() && current()?.asked;
  if (asked && !speakAnew) {
    fetchLater().then((later) => {
      speakAnew = later.anew;
      update();
    });
  }
  // The banner waits until it can name what is new: nobody is to answer what is not said.
  shell.draw(asking() && (speakAnew ? speakAnew(asked) : !asked), gpc() && texts?.reopenGPC);
  refocus();
}

let speakAnew; // has the banner name what alone is asked: see web/later/anew.js

/** Answers all buttons but the dialog's. */
export function click(target) {
  const button = target.closest('[data-temoin]');
  const action = button?.dataset.temoin;
  if (action === 'dismiss') {
    shell.notice('', false);
    shell.refocus();
  } else if (action === 'customize' || action === 'open') {
    if (!button.ariaBusy) open(button);
  } else if (button?.closest('.banner') && asking()) {
    // Of a double click, the second finds the banner gone; if both clicks were
    // on their way before that, it finds the choice made.
    answer(action, 'banner-' + action);
  }
}

// ---- answers ----

/**
 * Takes an answer, as save in choice.js does; where the browser does not keep it,
 * all stays refused.
 * @param how the way in which it was given: see How in server/receipt
 * @param part see save
 */
export function choose(answers, how, part = how === 'embed' || isOpen()) {
  if (isRefused) return;
  if (!offers) {
    warn('nothing is asked');
    return;
  }
  whenShown(() => joining(part, () => take(answers, how, part)));
}

function take(answers, how, part) {
  // Where no banner or dialog goes away to show it, everybody is told that it was kept.
  if (reported(() => save(answers, part), how)) shell.notice(texts?.saved, /form|embed/.test(how));
  else notKept();
  update();
}

/** Has act change the choice; returns whether the new one was kept, and is being reported. */
function reported(act, how) {
  const previous = current();
  const overridden = gpc();
  act();
  if (!current() || current().id === previous?.id) return false;
  report(how, overridden, lang ?? language(), previous?.id);
  if (isReloading()) remember();
  return true;
}

/** What a reload would interrupt, the word that the choice was saved and the focus, follows in the new page. */
const remember = () => session((storage) => { storage.temoin = 1; });

function sayAfterReload() {
  if (!session((storage) => storage.temoin && delete storage.temoin)) return;
  // What stands in a live region from the beginning is not said.
  setTimeout(() => {
    shell.notice(texts.saved);
    shell.refocus();
  }, 500);
}

/** What use makes of the session's storage, which may be denied. */
function session(use) {
  try {
    return use(sessionStorage);
  } catch {
    return false;
  }
}

/** Allows all, or, whatever else is said, nothing; by the banner, of what it asks. */
export function answer(name, how) {
  const part = /banner/.test(how);
  const stands = (id) => part && current() && !current().asked.includes(id);
  choose(Object.fromEntries(known().map((id) => [id, stands(id) ? has(id) : name === 'accept'])), how, part);
}

export const reset = () => whenShown(() => {
  dismissed = false;
  forget();
  update();
});

let hadFocus = false; // a layer had the focus before it was drawn anew

const noteFocus = () => { hadFocus = document.activeElement === host; };

/** Whoever answers by the keyboard must not be thrown to the page's beginning. */
function refocus() {
  if (hadFocus) shell.refocus();
}

function notKept() {
  dismissed = true;
  shell.notice(texts?.notKept, true);
}

/** Counts a banner that is left unanswered, if it was ever painted: not in a tab that nobody looked at. */
function watchLeaving() {
  requestAnimationFrame(() => {
    addEventListener('pagehide', () => { if (asking()) unanswered(); }, { once: true });
  });
}

// ---- the dialog ----

let go = null; // what the Go program can be asked, where it runs
let begun; // the language in which it was fetched

/** What the Go program is handed, and what it is fetched by: see web/runtime/main.js. */
const seam = {
  root,
  placed: bundle.placed,
  fitting,
  files() {
    begun = lang;
    return [part(bundle.program), inLanguage('edition', lang)];
  },
  changed(how) {
    noteFocus();
    reported(refresh, how);
  },
  receipt: address && receipt,
  notKept,
  dismissed: () => dismissed,
  get gpc() { return signal(); },
  announce: shell.notice,
  refocus,
  showDialog,
  mounted(callbacks) {
    go = callbacks;
    spoken.go = begun;
    follow();
  },
  fault(error) {
    warn('the program does not run; the banner and the dialog do without it.', error);
    go = null; // who presses a button just now is answered here
    delete spoken.go;
    update();
  },
};

/** What the dialog is handed beside what fetch-later.js knows. */
export const forDialog = { seam, goes: () => !!go };

/** What is handed to speak.js, by which all that is drawn follows the page's language. */
export const forSpeaking = { placed: bundle.placed, spoken, speak, texts: () => texts, relabel: shell.relabel, update, dialog: () => fetchDialog(), go: () => go };

const reach = fetcher(() => inLanguage('dialog', spoken.dialog = lang));

/** Fetches the dialog, once; rejects where it cannot be had. */
export const fetchDialog = () => whenDrawn.then(reach).then((dialog) => dialog ?? Promise.reject(new Error('the dialog cannot be had')));

/**
 * Opens the dialog. Where it cannot be had, or not in good time, leads to the
 * charter, whose form does the same.
 * @param button shows meanwhile that something is on its way
 */
export async function open(button) {
  if (isBare) {
    fetchLater().then(({ openElsewhere }) => openElsewhere());
    return;
  }
  await whenDrawn;
  if (go) {
    go.open();
    await new Promise((resolve) => { setTimeout(resolve); }); // a program that breaks at that has told so by then
    if (go) return;
  }
  const asked = asking();
  const waited = button && shell.waiting(button, texts.waiting);
  const late = new Promise((_, reject) => { setTimeout(reject, patience, new Error('the dialog is late')); });
  try {
    const dialog = await Promise.race([fetchDialog(), late]);
    waited?.();
    // Who has answered meanwhile did not want to wait.
    if (!asked || asking()) dialog.open();
    if (offers) dialog.start();
  } catch (error) {
    waited?.();
    warn('customize leads to the charter:', error.message);
    location.assign(charter + '#choix');
  }
}
