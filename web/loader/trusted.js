// The one Trusted Types policy of the loader: markup that the server made, and
// scripts that the page itself held out to the gate.

import { placed } from './bundle.js';

let policy = null;

function made() {
  const same = (text) => text;
  const rules = { createHTML: same, createScriptURL: same, createScript: same };
  policy ??= globalThis.trustedTypes?.createPolicy('temoin', rules) ?? rules;
  return policy;
}

/** Parses markup into a fragment; nothing in it is loaded or run by that. */
export function parse(markup) {
  const template = document.createElement('template');
  template.innerHTML = made().createHTML(placed(markup));
  return template.content;
}

/** The same, for the place of a node: its scripts run when they are put into the page. */
export function fragment(markup, node) {
  const range = document.createRange();
  range.selectNode(node);
  return range.createContextualFragment(made().createHTML(markup));
}

export const trustedHTML = (markup) => made().createHTML(markup);

export const scriptURL = (url) => made().createScriptURL(url);

export const trustedScript = (text) => made().createScript(text);
