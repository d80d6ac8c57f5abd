// What axe-core finds: the same rules wherever something is looked at.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { contrast } from './colours.mjs';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const options = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  // These are off by themselves.
  rules: Object.fromEntries(['target-size', 'label-content-name-mismatch', 'css-orientation-lock', 'focus-order-semantics', 'hidden-content', 'p-as-heading', 'table-fake-caption', 'td-has-header']
    .map((id) => [id, { enabled: true }])),
  resultTypes: ['violations', 'incomplete'],
};

/** Text that the banner lies over, text in charts, and a lone character have no contrast that axe could compute. */
const uncomputed = ['bgOverlap', 'elmPartiallyObscured', 'imgNode', 'shortTextContent'];

/** The open modal dialog: beside it, nothing is within reach. */
export const inDialog = { fromShadowDom: ['#temoin', 'dialog'] };

/** The texts that can be seen in the layers, or, where it is open, in their dialog; with what they are written in, and on. */
const texts = (shadow) => {
  const part = shadow?.querySelector('dialog[open]') ?? shadow;
  const walker = part && document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker?.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest('.notice:not(.shown), summary span')) continue;
    let ground = element;
    while (ground && getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    found.push({ text: walker.currentNode.data.slice(0, 60), color, on: ground && getComputedStyle(ground).backgroundColor, size: parseFloat(fontSize), bold: fontWeight >= 700 });
  }
  return found;
};

/** The layers stand beside the body, where axe computes no contrast; so they are computed here. */
export async function areLegible(tab, state, { normal = 4.5, large = 3 } = {}) {
  const found = await tab.inside(texts);
  const low = found.map(({ size, bold, ...text }) => ({ ...text, ratio: contrast(text.color, text.on), least: size >= 24 || (bold && size >= 18.66) ? large : normal }))
    .filter(({ ratio, least }) => ratio < least);
  assert.deepEqual(low, [], `texts of the layers that stand out too little, ${state}`);
  return found.length;
}

/** Puts axe into the page, which keeps it. */
export const injectAxe = async (tab) => { if (!await tab.run(() => !!window.axe)) await tab.inject(source); };

/** Asserts that axe finds nothing in a state, in all of the page or in a part; nor contrasts that it cannot compute. */
export async function isAccessible(tab, state, part) {
  await injectAxe(tab);
  const { violations, incomplete, passes } = await tab.run((part, options) => window.axe.run(part ?? document, options), part ?? null, options);
  const report = (list, counts = () => true) => list.flatMap(({ id, help, nodes }) => nodes.filter(counts)
    .map((node) => `${id}: ${help}: ${node.target.flat().join(' ')} ${node.html.slice(0, 120)} ${node.failureSummary ?? ''}`));
  assert.deepEqual(report(violations), [], `violations, ${state}`);
  const mustBeSure = ({ target, any }) => !/#temoin/.test(target.flat().join(' ')) && !any.some(({ data }) => uncomputed.includes(data?.messageKey));
  assert.deepEqual(report(incomplete.filter(({ id }) => id === 'color-contrast'), mustBeSure), [], `contrasts that could not be computed, ${state}`);
  assert.ok(passes.length > 5, `axe must have looked at something, ${state}`);
  await areLegible(tab, state);
}
