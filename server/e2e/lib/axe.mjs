// What axe-core finds: the same rules wherever something is looked at.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

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

/** Puts axe into the page, which keeps it. */
export const injectAxe = async (tab) => { if (!await tab.run(() => !!window.axe)) await tab.inject(source); };

/** Asserts that axe finds nothing in a state, in all of the page or in a part; nor contrasts that it cannot compute. */
export async function isAccessible(tab, state, part) {
  await injectAxe(tab);
  const { violations, incomplete, passes } = await tab.run((part, options) => window.axe.run(part ?? document, options), part ?? null, options);
  const report = (list, counts = () => true) => list.flatMap(({ id, help, nodes }) => nodes.filter(counts)
    .map((node) => `${id}: ${help}: ${node.target.flat().join(' ')} ${node.html.slice(0, 120)} ${node.failureSummary ?? ''}`));
  assert.deepEqual(report(violations), [], `violations, ${state}`);
  // Of the banner's own layers, everything counts.
  const mustBeSure = ({ target, any }) => /#temoin/.test(target.flat().join(' ')) || !any.some(({ data }) => uncomputed.includes(data?.messageKey));
  assert.deepEqual(report(incomplete.filter(({ id }) => id === 'color-contrast'), mustBeSure), [], `contrasts that could not be computed, ${state}`);
  assert.ok(passes.length > 5, `axe must have looked at something, ${state}`);
}
