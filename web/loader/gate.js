// The gate: scripts and embeds that name what they need consent for, in
// data-consent and data-service, wait here until it is allowed. It is inert by
// itself: what is never released never runs, whatever becomes of this script.
import * as bundle from './bundle.js';
import { nonce, own } from './bundle.js';
import { grants, has, onChange, refused } from './choice.js';
import { isElement, whenReady, within } from './dom.js';
import { drawPlaceholder } from './placeholder.js';
import { scriptURL } from './trusted.js';

const scripts = 'script[data-consent]:is([type="text/plain"], [data-src])';
const embeds = 'template[data-consent], :is(iframe, img, video)[data-consent][data-src]';
const gated = scripts + ',' + embeds;

const seen = new Set(); // gated elements of the page, in the order in which they came
const open = new Map(); // those that were let in: element → what closes it, null where nothing can
const held = new WeakSet(); // those that wait outside of the page, as new Image().src may
let once = new WeakSet(); // those that the visitor lets in for this page, until the next choice
let drawn = document.readyState === 'complete'; // before that, style sheets may be missing and nothing has its size

let pass = () => {}; // where hosts are held: lets an element load what it will, or no longer

const ran = new Set(); // what scripts that have run in this page waited for

/** The categories and services that an element names; "!x" asks that x is refused. */
function ids(element) {
  const named = (element.getAttribute('data-consent') ?? '').split(/[\s,]+/).filter(Boolean);
  const service = element.getAttribute('data-service')?.trim();
  if (!service) return named;
  // A service is answered apart from its category, so it stands for it.
  return [...named.filter((id) => id !== own(bundle.services, service)), service];
}

/** Whether what waits for id may go on: "!x" for x to be refused, "x|y" for one of the two to be allowed. */
const permitted = (id) => (id.startsWith('!') ? refused(id.slice(1)) : id.split('|').some(has));

/** All that an element names has to be permitted. Naming nothing permits nothing. */
function allowed(element) {
  const named = ids(element);
  return once.has(element) || (named.length > 0 && named.every(permitted));
}

/**
 * Watches the page from the first line of its parsing on.
 * @param hold hold.js, where the catalogue names hosts
 */
export function watch(hold) {
  new MutationObserver((mutations) => {
    let found = false;
    for (const { addedNodes } of mutations) {
      for (const node of addedNodes) {
        if (!isElement(node)) continue;
        hold?.holdWithin(node);
        found = collect(node) || found;
      }
    }
    if (found || unfinished) settle();
  }).observe(document, { childList: true, subtree: true });
  hold?.holdScripted();
  pass = hold?.pass ?? pass;
  collect(document);
  document.addEventListener('DOMContentLoaded', settle, { once: true });
  requestAnimationFrame(draw);
  addEventListener('load', draw, { once: true }); // for a tab that nobody looks at
  onChange((record, previous) => {
    once = new WeakSet();
    settle();
    reloading = mustReload(previous);
    if (reloading) location.reload();
  });
  settle();
}

let reloading = false;

/** Whether the page is about to begin anew, since what has run in it may no longer. */
export const isReloading = () => reloading;

/** Takes in an element that waits, and may never be in the page: new Image().src. */
export function take(element) {
  seen.add(element);
  held.add(element);
}

/** Lets go of one that no longer does, since it has been given another address. */
export function drop(element) {
  seen.delete(element);
  unhold(element);
}

/** Notes the gated elements at and below a node; says whether there are any. */
function collect(node) {
  const found = within(node, gated);
  for (const element of found) seen.add(element);
  return found.length > 0;
}

let unfinished = false; // something waits for the parser to come to its end

/**
 * Whether the parser may still be inside of an element whose content matters:
 * it is known to be past it when something follows.
 */
function isUnfinished(element) {
  if (document.readyState !== 'loading') return false;
  if (element.localName !== 'template' && (element.localName !== 'script' || element.hasAttribute('src'))) return false;
  for (let node = element; node; node = node.parentNode) if (node.nextSibling) return false;
  return true;
}

function draw() {
  drawn = true;
  settle();
}

/** Lets in what is allowed, and closes what no longer is. */
function settle() {
  unfinished = false;
  for (const element of seen) {
    if (isUnfinished(element)) {
      unfinished = true;
      continue;
    }
    if (!element.isConnected && !held.has(element)) {
      seen.delete(element);
      continue;
    }
    const isOpen = open.has(element);
    if (allowed(element) === isOpen) continue;
    if (isOpen) close(element);
    else if (element.localName === 'script') letInScript(element);
    else letInEmbed(element);
  }
  for (const element of seen) {
    if (element.localName !== 'script' && !open.has(element) && !isUnfinished(element)) hold(element);
  }
}

/** Whether the page has to begin anew, since what has been allowed, or has even run, no longer is. */
function mustReload(previous) {
  const withdrawn = (id) => !id.startsWith('!') && !permitted(id);
  if (bundle.reload === 'always') return Object.keys(bundle.services).some((id) => grants(previous, id) && !has(id));
  return bundle.reload !== 'never' && [...ran].some(withdrawn);
}

// ---- scripts ----

let line = Promise.resolve(); // in this order scripts run, as they would have without the gate
let late = new Promise(whenReady); // those that a browser would have deferred

function letInScript(script) {
  // A policy by nonces would not have run it, wherever it came from; put into
  // the page once more, by a script with a nonce, it might.
  if (nonce && script.nonce !== nonce && !held.has(script)) return;
  open.set(script, null); // what has run cannot be taken back
  const isModule = script.getAttribute('data-type') === 'module';
  const isExternal = hasSource(script);
  if (script.hasAttribute('async') && (isExternal || isModule)) run(script);
  else if (isModule || (isExternal && script.hasAttribute('defer'))) late = late.then(() => line).then(() => run(script));
  else line = line.then(() => run(script));
}

/**
 * Runs a script by putting it in its place once more, now that its type is one
 * that runs: so its attributes, its nonce and its listeners stay what they were.
 * @returns a promise for the end of an external one, or nothing
 */
function run(script) {
  // Withdrawn, or taken out of the page, while others before it were loading.
  if (!script.isConnected || !allowed(script)) {
    open.delete(script);
    return undefined;
  }
  for (const id of ids(script)) ran.add(id);
  const type = script.getAttribute('data-type');
  if (type) script.type = type;
  else script.removeAttribute('type');
  script.async = script.hasAttribute('async');
  const withheld = script.getAttribute('data-src');

  const end = hasSource(script) && new Promise((resolve) => {
    for (const event of ['load', 'error']) script.addEventListener(event, resolve, { once: true });
  });
  pass(script);
  const place = document.createComment('');
  script.replaceWith(place);
  if (withheld) script.src = scriptURL(withheld);
  place.replaceWith(script);
  return end || undefined;
}

const hasSource = (script) => script.hasAttribute('src') || script.hasAttribute('data-src');

// ---- embeds ----

function letInEmbed(element) {
  const placeholder = placeholders.get(element);
  const hadFocus = placeholder && document.activeElement === placeholder;
  const hide = element.localName === 'template' ? showTemplate(element) : showSource(element);
  unhold(element);
  if (hadFocus) focus(element.localName === 'template' ? element.nextElementSibling : element);
  if (element.isConnected) open.set(element, hide);
  else seen.delete(element); // a pixel: sent once, it is done
}

/** Gives the focus to what has come in the place of a placeholder that had it. */
function focus(element) {
  if (!element) return;
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus();
}

/** A template's content stands behind it for as long as it is allowed. */
function showTemplate(template) {
  const content = document.importNode(template.content, true);
  const elements = content.querySelectorAll('*');
  for (const element of elements) pass(element);
  const nodes = [...content.childNodes];
  if (content.querySelector('script')) for (const id of ids(template)) ran.add(id);
  template.after(content);
  return () => {
    for (const node of nodes) node.remove();
    for (const element of elements) pass(element, false);
  };
}

function showSource(element) {
  pass(element);
  element.src = element.getAttribute('data-src');
  return () => {
    // Without its source a frame would go on showing what it has loaded.
    if (element.localName === 'iframe') element.src = 'about:blank';
    element.removeAttribute('src');
    pass(element, false);
  };
}

function close(element) {
  const hide = open.get(element);
  if (!hide) return; // a script
  hide();
  open.delete(element);
}

const placeholders = new WeakMap(); // embed → what stands in its place
const displays = new WeakMap(); // embed that is hidden meanwhile → its own style's display

function hold(element) {
  if (!drawn || placeholders.has(element) || !element.isConnected) return;
  if (element.localName === 'template' && !element.content.querySelector(':not(script)')) return; // nothing to see
  const named = ids(element);
  const id = named[named.length - 1]?.split('|')[0];
  if (!id || id.startsWith('!')) return; // it waits for a refusal, which nothing in its place could give
  const placeholder = drawPlaceholder(element, id, () => {
    once.add(element);
    settle();
  });
  placeholders.set(element, placeholder);
  element.before(placeholder);
  if (element.localName === 'template') return;
  displays.set(element, element.style.display);
  element.style.setProperty('display', 'none', 'important');
}

function unhold(element) {
  placeholders.get(element)?.remove();
  placeholders.delete(element);
  if (displays.has(element)) element.style.display = displays.get(element);
  displays.delete(element);
}
