// The gate: scripts and embeds that name what they need consent for, in
// data-consent and data-service, wait here until it is allowed. It is inert by
// itself: what is never released never runs, whatever becomes of this script.
import * as bundle from './bundle.js';
import { nonce, own, warn } from './bundle.js';
import { gpc, grants, has, known, onChange, refused } from './choice.js';
import { isBeingRead, isElement, within } from './dom.js';
import { fetchGated, offer } from './fetch-later.js';
import { host } from './place.js';
import { again, insert, isNew, like, ran, release } from './script.js';
import { loading, opened, shelter, waiting, waits } from './waiting.js';

const selector = '[data-consent]:not(form)';

const seen = new Set(); // gated elements of the page, in the order in which they came
const open = new WeakMap(); // those that were let in: element → what closes it, null where nothing can
const loose = new WeakSet(); // those that wait outside of the page, as new Image().src may
const late = new WeakSet(); // scripts that have not come with the page's own markup, and never ran
const meant = new WeakMap(); // what an open embed named, which a morph may take from what waited for its host
let once = new WeakSet(); // those that the visitor lets in for this page, until the next choice
let styled = document.readyState === 'complete'; // before that, style sheets may be missing and nothing has its size

/** The categories and services that an element names; "!x" asks that x is refused. */
function ids(element) {
  const named = (element.getAttribute('data-consent') ?? meant.get(element) ?? '').split(/[\s,]+/).filter(Boolean);
  const service = element.getAttribute('data-service')?.trim();
  if (!service) return named;
  // A service is answered apart from its category, so it stands for it.
  return [...named.filter((id) => id !== own(bundle.services, service)), service];
}

/** What a placeholder asks for, or "". */
const lastID = (element) => ids(element).at(-1) ?? '';

/** Whether what waits for id may go on: "!x" for x to be refused. */
const permitted = (id) => (id.startsWith('!') ? refused(id.slice(1)) : has(id));

/** All that an element names has to be permitted. Naming nothing permits nothing. */
function allowed(element) {
  const named = ids(element);
  return once.has(element) || (named.length > 0 && named.every(permitted));
}

// ---- what comes into the page ----

let hold = () => {}; // what waits for its host: see hold.js
let hear; // listens in a tree in shadow that is closed: nobody outside is told what in it was clicked

const observer = new MutationObserver((mutations) => {
  let changed = unfinished;
  for (const { type, target, addedNodes, removedNodes } of mutations) {
    if (type === 'attributes') changed = (open.has(target) ? hasFallen(target) : collect(target)) || changed;
    for (const node of addedNodes) if (isElement(node)) changed = arrive(node) || changed;
    // With an embed goes its placeholder; without its placeholder an embed gets another.
    changed ||= removedNodes.length > 0 && seen.size > 0;
  }
  if (changed) settle();
});

const watched = new WeakSet();
const scripted = new WeakSet(); // trees in shadow into which no parser of the page's own markup puts anything

/** Watches the document, or a tree in shadow, of which the document's observer hears nothing. */
function observe(root) {
  if (watched.has(root)) return;
  watched.add(root);
  if (root.mode === 'closed') hear(root);
  observer.observe(root, { childList: true, subtree: true, attributeFilter: ['data-consent', 'data-service', opened, ...loading.map((name) => 'data-' + name)] });
  if (arrive(root)) settle();
}

/** Takes in what has come into the page; says whether any of it waits. */
function arrive(node) {
  hold(node);
  enterShadows(node);
  return collect(node);
}

function enterShadows(node) {
  for (const element of within(node, '*')) if (element.shadowRoot) observe(element.shadowRoot);
}

/**
 * Watches the page from the first line of its parsing on.
 * @param held hold.js, where the catalogue names hosts
 * @param listen is called with each closed tree in shadow
 */
export function watch(held, listen) {
  hear = listen;
  hold = held?.holdWithin ?? hold;
  observe(document);
  const { attachShadow } = Element.prototype;
  Element.prototype.attachShadow = new Proxy(attachShadow, {
    apply(native, host, options) {
      const root = Reflect.apply(native, host, options);
      scripted.add(root);
      observe(root);
      return root;
    },
  });
  held?.holdScripted();
  document.addEventListener('DOMContentLoaded', () => {
    enterShadows(document); // a shadow root that stands in the markup comes after its host
    settle();
  }, { once: true });
  addEventListener('input', (event) => {
    const [field, ...around] = event.composedPath();
    // What is switched in our own layers, and ticked in the charter's form, is the choice.
    if (!around.includes(host) && !field.closest?.('form[data-temoin-form]')) touched.add(field);
  }, true);
  offer({ touched, insert });
  requestAnimationFrame(drawAll);
  addEventListener('load', drawAll, { once: true }); // for a tab that nobody looks at
  onChange((record, previous) => {
    once = new WeakSet();
    reloading = mustReload(previous);
    if (!reloading || !isPoliced) settle();
    if (reloading) fetchGated().then((gated) => (gated ? gated.reload() : reloadPlain()) || settle());
  });
  if (gpc()) warn('Global Privacy Control refuses all that can be refused, and nothing is asked');
  settle();
}

const touched = new Set(); // what the visitor has typed into, or ticked: no reload may take it away
/** Whether the page came with a policy for the choice: what that keeps out can only come with the next page. */
const isPoliced = bundle.reload === 'on-change';
let reloading = false;

/** What gated/reload.js does, where it cannot be had: where the visitor has touched anything, the page stays. */
function reloadPlain() {
  if (!touched.size) location.replace(location.href.split('#')[0]);
  return !touched.size;
}

/** Whether the page is about to begin anew, since what has run in it may no longer. */
export const isReloading = () => reloading;

/** Takes in an element that waits, and may never be in the page: new Image().src. */
export function take(element) {
  seen.add(element);
  loose.add(element);
}

/** Lets go of one that no longer waits, since it has been given another address. */
export function drop(element) {
  seen.delete(element);
  gated?.clear(element);
}

/** Whether a gated element waits for consent; a script that does not runs already. */
function isHeld(element) {
  if (element.localName !== 'script' || element.type === 'text/plain' || (waits(element) && !element.hasAttribute('src'))) return true;
  warn('runs without consent, since its type is not text/plain:', element);
  return false;
}

const isInHead = (element) => element.localName === 'script' && element.parentNode === document.head;

/**
 * Whether a script has been put into the head where it stands already: Turbo Drive
 * does at each visit, since it compares markup, and finds the one there changed.
 */
const isThere = (script) => isInHead(script) && document.readyState !== 'loading'
  && [...seen].some((other) => other !== script && isInHead(other) && like(other) === like(script));

/** Notes the gated elements at and below a node; says whether there are any. */
function collect(node) {
  const found = within(node, selector).filter((element) => !seen.has(element) && isHeld(element) && !isThere(element));
  // The markup of what is there already stays as it is, so that it is found the next time.
  for (const element of within(node, waiting)) if (!open.has(element) && element.closest(selector) && !isThere(element)) shelter(element);
  for (const element of found) {
    if ((document.readyState !== 'loading' || scripted.has(element.getRootNode())) && isNew(element)) late.add(element);
    seen.add(element);
    for (const id of ids(element)) if (!known().includes(id.replace('!', ''))) warn(`no category or service "${id}", so this waits for ever:`, element);
  }
  return found.length > 0;
}

// ---- what may come in, and what has to go ----

let unfinished = false; // something waits for the parser to come to its end

const empty = /^(iframe|img|embed|input|link|source|track)$/; // has no content that matters

/**
 * Whether the parser may still be inside of an element whose content matters. To
 * Firefox that of a script matters which has no src when its end tag comes: given
 * one before, it would never run.
 */
const isUnfinished = (element) => !empty.test(element.localName) && !(element.localName === 'script' && element.hasAttribute('src')) && isBeingRead(element);

function drawAll() {
  styled = true;
  settle();
}

/**
 * Whether an embed is open and does not look so: a morph has made it what the server sent. One that
 * waited for its host has its address by itself there, and goes on.
 */
const hasFallen = (element) => !!open.get(element) && element.hasAttribute('data-consent') && !element.hasAttribute(opened);

/** Lets in what is allowed, closes what no longer is, and draws what stands in the place of what waits. */
function settle() {
  unfinished = false;
  const closed = [];
  for (const element of seen) {
    if (isUnfinished(element)) {
      unfinished = true;
    } else if (!element.isConnected && !loose.has(element)) {
      drop(element);
    } else {
      const isScript = element.localName === 'script';
      if (!isScript && !gated) {
        needGated();
        continue;
      }
      if (hasFallen(element)) close(element);
      const isOpen = open.has(element);
      if (allowed(element) !== isOpen) (isOpen ? close : isScript ? letInScript : letInEmbed)(element);
      // What waits for a refusal has nothing in its place that could give it.
      if (!isScript && !open.has(element) && element.isConnected && /^[^!]/.test(lastID(element))) closed.push(element);
    }
  }
  if (styled && closed.length) gated.draw(closed, lastID, letInOnce);
}

let gated = null; // what deals with embeds, once it is there

const needGated = () => fetchGated().then((parts) => {
  if (!parts || gated) return;
  gated = parts;
  settle();
});

function letInOnce(element) {
  once.add(element);
  settle();
}

function letInScript(held) {
  const script = asNew(held);
  open.set(script, null); // what has run cannot be taken back
  // A policy by nonces would not have run it, wherever it came from; put into
  // the page once more, by a script with a nonce, it might.
  if (nonce && script.nonce !== nonce && !loose.has(script)) {
    warn('does not run, since its nonce is not the one that this page came with:', script);
    return;
  }
  release(script, ids(script), () => {
    // Withdrawn, or taken out of the page, while others before it were loading.
    const may = script.isConnected && allowed(script);
    if (!may) open.delete(script);
    return may;
  });
}

/** One that came by innerHTML a browser would never run, and does not say which it is; so it is made once more. */
function asNew(script) {
  if (!late.has(script) || loose.has(script)) return script;
  const made = again(script);
  script.replaceWith(made);
  seen.delete(script);
  seen.add(made);
  return made;
}

function letInEmbed(element) {
  const hide = gated.show(element, ids(element));
  if (element.isConnected) {
    open.set(element, hide);
    meant.set(element, element.getAttribute('data-consent'));
  } else seen.delete(element); // a pixel: sent once, it is done
}

function close(element) {
  const hide = open.get(element);
  if (!hide) return; // a script
  hide();
  open.delete(element);
}

/** Whether the page has to begin anew, since what has been allowed, or has even run, no longer is. */
function mustReload(previous) {
  const withdrawn = (id) => !id.startsWith('!') && !permitted(id);
  if (isPoliced || bundle.reload === 'always') {
    return Object.keys(bundle.services).some((id) => grants(previous, id) !== has(id) && (isPoliced || !has(id)));
  }
  return bundle.reload !== 'never' && [...ran].some(withdrawn);
}
