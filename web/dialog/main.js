// dialog.<lang>.js: the preferences, prerendered by the components that Go draws,
// with their style, and what makes them work before Go runs, or without it: as
// app/preferences.go and app/layers.go say.
import { mixed, switched } from './draft.js';

// The contract with the loader (web/loader/layers.js). The server (server/site/dialog.go)
// puts in front of this:
//
//	temoinDialog   [markup, style, partly, anew, proofMissing]
//
// The loader hands over, beside what web/later/main.js names:
//
//	current             choice.js
//	parse, style        trusted.js, shell.js
//	showDialog          place.js
//	runtime             the address of runtime.js
//	seam                what the Go program is handed: see web/runtime/main.js
//	goes()              whether that runs: then it answers, and draws
//
// and is handed:
//
//	open()              opens the dialog
//	speak(words, like)  says from now on what another language's file does, of which like is the dialog
//	start()             has the Go program take the layers over, once it can be had

/* global temoinDialog */
const [markup, style] = temoinDialog;
let [, , partly, anew, proofMissing] = temoinDialog;

/** For a page that goes on in this language. */
export const words = temoinDialog;

/** Begins, once in a page. */
export function begin(page) {
  page.style(style);
  const layers = page.root.firstElementChild;
  layers.append(page.parse(markup));
  const dialog = layers.lastElementChild;
  const boxes = [...dialog.querySelectorAll('input')];
  const find = (id) => dialog.querySelector('#temoin-' + id);
  const services = new Map(Object.entries(page.services).filter(([id]) => boxes.some(({ name }) => name === id)));
  // What is said of each category and service while nothing is mixed or new.
  const states = new Map();

  function learn(dialog) {
    for (const id of [...services].flat()) states.set(id, dialog.querySelector(`#temoin-${id}-state`).textContent);
  }

  learn(dialog);

  const draft = () => Object.fromEntries(boxes.map(({ name, checked }) => [name, checked]));

  function show(draft) {
    for (const box of boxes) box.checked = draft[box.name];
    const asked = page.current()?.asked ?? [];
    const isNew = (id) => asked.includes(id) || asked.some((service) => services.get(service) === id);
    for (const [id, said] of states) {
      find(id + '-state').textContent = isNew(id) ? anew : mixed(draft, services, id) ? partly : said;
    }
  }

  // ---- the receipt of the choice, where receipts are kept ----

  const proof = dialog.querySelector('.proof');

  function showProof(missing = '') {
    if (!proof) return;
    proof.hidden = !page.current();
    proof.lastChild.textContent = missing;
  }

  function giveProof() {
    showProof();
    import(page.runtime).then(({ download }) => download(page.seam.receipt))
      .catch(() => false)
      .then((given) => { if (!given) showProof(proofMissing); });
  }

  // ---- what the visitor does ----

  const answers = {
    close() {},
    save: () => page.choose(draft(), 'dialog'),
    accept: () => page.answer('accept', 'dialog'),
    refuse: () => page.answer('refuse', 'dialog'),
  };

  // Of a double click, the second finds the dialog closed.
  dialog.addEventListener('click', ({ target }) => {
    const action = target.closest('[data-temoin]')?.dataset.temoin;
    if (page.goes() || !action || !dialog.open) return;
    if (action === 'proof') {
      giveProof();
      return;
    }
    answers[action]();
    dialog.close();
  });

  dialog.addEventListener('change', ({ target }) => {
    if (!page.goes()) show(switched(draft(), services, target.name, target.checked));
  });

  page.onChange(() => { if (!page.goes()) showProof(); });

  let started = null;

  return {
    open() {
      if (dialog.open) return;
      show(Object.fromEntries(boxes.map(({ name }) => [name, page.has(name)])));
      showProof();
      page.showDialog();
    },
    speak(words, like) {
      [, , partly, anew, proofMissing] = words;
      learn(like);
      if (page.goes()) return;
      show(draft());
      showProof();
    },
    start() {
      started ??= import(page.runtime).then(({ start }) => start(page.seam)).catch((error) => {
        page.seam.fault(error);
        // WebKit breaks off what is on its way when the page is left for another: it may come when the page is shown again.
        addEventListener('pageshow', () => { started = null; }, { once: true });
      });
    },
  };
}
