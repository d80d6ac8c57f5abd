// The bench on the demo's page to try things: the banner in other looks, and
// what to write to get it elsewhere.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { can } from './lib/browser.mjs';
import { reloaded, stamp } from './lib/gate.mjs';
import { startTemoin } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const { browser, server } = await stage();

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What tells one look from another. */
const look = (shadow) => {
  const banner = shadow.querySelector('.banner');
  const { backgroundColor, borderTopColor, width } = getComputedStyle(banner);
  const { color, fontFamily, borderRadius } = getComputedStyle(banner.querySelector('[data-temoin="accept"]'));
  return { text: banner.innerText, backgroundColor, borderTopColor, width, color, fontFamily, borderRadius };
};

test('by keyboard alone: choose a look, see it, and get it elsewhere with what the page prints', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai');
  await tab.goRuns();
  const plain = await tab.inside(look);
  await tab.run(() => document.querySelector('.bench select[name="theme"]').focus());
  await tab.keys('ArrowDown', 'Tab', 'ArrowDown', 'Tab', 'Tab', 'Space', 'Tab', 'Space', 'Enter');
  await tab.arrives(/theme=dsfr&position=corner/);
  await tab.goRuns();
  const shown = await tab.inside(look);
  assert.notDeepEqual(shown, plain, 'the banner must look otherwise');
  assert.match(shown.text, /À propos des cookies/);
  const { tag, catalogue, chosen } = await tab.run(() => ({
    tag: document.getElementById('banc-balise').textContent,
    catalogue: document.getElementById('banc-catalogue').textContent,
    chosen: [...document.querySelectorAll('.bench select, .bench :checked:not(option)')].map(({ name, value }) => `${name}=${value}`),
  }));
  assert.equal(tag, '<script src="/temoin.js"></script>');
  assert.match(catalogue, /^look:\n  theme: dsfr\n  position: corner$/m);
  assert.deepEqual(chosen, ['banner=', 'theme=dsfr', 'position=corner', 'scheme=auto', 'category=third-party'], 'the form shows what is asked for');

  const elsewhere = await startTemoin(t, { catalogue });
  const other = await browser.tab(t);
  await other.visit(elsewhere.url + '/essai');
  await other.goRuns();
  assert.deepEqual(await other.inside(look), shown, 'the printed catalogue gives what is seen');
});

test('the dialog, the placeholders and the choice work in a look that is tried', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai?theme=minimal&position=centre&scheme=dark&banner=en');
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal(await tab.inside((shadow) => shadow.querySelector('dialog').getAttribute('lang') ?? shadow.querySelector('.layers').lang), 'en');
  await tab.turn('statistics');
  await tab.press('save');
  await tab.dialogIsClosed();
  await tab.until(() => /179|180/.test(document.getElementById('panneau-age').textContent), 'the age of the choice, and how long it is kept');
  await tab.until(() => document.querySelector('.temoin-placeholder').shadowRoot?.textContent.includes('Always allow'), 'a placeholder in English');
  await stamp(tab);
  await tab.click('[data-action="reset"]');
  await reloaded(tab); // the measure has run
  await tab.bannerIsThere();
  assert.deepEqual(tab.errors, []);
  assert.deepEqual(await tab.heard('violation'), [], 'the server’s own policy allows all of it');
});

test('the signal of Global Privacy Control can be tried', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai?gpc=on');
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false, 'the signal has refused');
  assert.equal(await tab.run(() => document.querySelector('.bench [name="gpc"]').checked), true);
  await tab.click('.languages a[lang="en"]');
  await tab.arrives(/lang=en/);
  assert.equal(await tab.run(() => navigator.globalPrivacyControl), true, 'the other language keeps what is tried');
});

for (const scheme of can('colorScheme') ? ['light', 'dark'] : ['light']) {
  test(`the bench is accessible and 320 px wide enough, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, { viewport: { width: 320, height: 640 }, media: can('colorScheme') ? { 'prefers-color-scheme': scheme } : {} });
    for (const query of ['', '?lang=en&theme=dsfr']) {
      await tab.visit(server.url + '/essai' + query);
      await tab.goRuns();
      assert.equal(await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, 'the page must not scroll sideways');
      await tab.inject(axe);
      const { violations } = await tab.run(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
      assert.deepEqual(violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`)), []);
    }
  });
}
