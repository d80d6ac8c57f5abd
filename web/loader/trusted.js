// The one Trusted Types policy of the loader: markup that the server made, and
// scripts that the page itself held out to the gate.

let policy = null;

function made() {
  const same = (text) => text;
  policy ??= globalThis.trustedTypes?.createPolicy('temoin', { createHTML: same, createScriptURL: same })
    ?? { createHTML: same, createScriptURL: same };
  return policy;
}

/** Parses markup into a fragment; nothing in it is loaded or run by that. */
export function parse(markup) {
  const template = document.createElement('template');
  template.innerHTML = made().createHTML(markup);
  return template.content;
}

export const trustedHTML = (markup) => made().createHTML(markup);

export const scriptURL = (url) => made().createScriptURL(url);
