// What axe-core finds, in each state that a visitor can see.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { program, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Asserts that axe finds nothing; where the modal dialog is open, in it alone: nothing else is within reach. */
async function isAccessible(tab, state, dialog = false) {
  await tab.inject(axe);
  const { violations, incomplete, passes } = await tab.run((dialog) => window.axe.run(dialog ? { fromShadowDom: ['#temoin', 'dialog'] } : document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    resultTypes: ['violations', 'incomplete'],
  }), dialog);
  const report = (list) => list.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.flat().join(' ')} ${node.html.slice(0, 120)} ${node.failureSummary ?? ''}`));
  assert.deepEqual(report(violations), [], `violations, ${state}`);
  const unsure = incomplete.filter(({ id }) => id === 'color-contrast');
  assert.deepEqual(report(unsure).filter((line) => /#temoin/.test(line)), [], `contrasts of ours that could not be computed, ${state}`);
  assert.ok(passes.length > 5, `axe must have looked at something, ${state}`);
}

for (const scheme of ['light', 'dark']) {
  const options = { media: { 'prefers-color-scheme': scheme } };

  test(`the shell before Go, the banner that Go draws, and the floating button are accessible, ${scheme}`, async (t) => {
    const release = site.hold(program);
    const tab = await browser.tab(t, options);
    await tab.visit(site.url);
    await tab.bannerIsThere();
    await isAccessible(tab, 'the shell');
    release();
    await tab.goRuns();
    await isAccessible(tab, 'the banner that Go draws');
    await tab.press('refuse');
    await tab.bannerIsGone();
    await isAccessible(tab, 'the floating button');
  });

  test(`the dialog is accessible, also with all its details open and services apart, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
    await isAccessible(tab, 'the dialog', true);
    await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
    await tab.turn('youtube');
    await isAccessible(tab, 'the dialog with all details open', true);
  });

  test(`the charter and its form are accessible, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    for (const path of ['/charte-cookies/fr', '/charte-cookies/en']) {
      await tab.visit(site.url + path);
      await tab.goRuns();
      await isAccessible(tab, path);
    }
    await tab.press('accept');
    await tab.bannerIsGone();
    await isAccessible(tab, 'the charter without the banner');
  });

  test(`the notice that the choice cannot be kept is accessible, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, { ...options, before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
    await tab.visit(site.url);
    await tab.press('accept');
    await tab.bannerIsGone();
    await isAccessible(tab, 'the notice');
  });

  test(`every page of the demo is accessible, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    for (const path of ['/', '/jeux-de-donnees', '/jeux-de-donnees/comptages-velos', '/a-propos', '/essai', '/nothing', '/?lang=en']) {
      await tab.visit(site.url + path);
      await tab.bannerIsThere();
      await isAccessible(tab, path);
    }
  });
}

test('small and narrow, banner and dialog are accessible', async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 320, height: 480 } });
  await tab.visit(site.url);
  await tab.goRuns();
  await isAccessible(tab, 'the banner, 320 × 480');
  await tab.press('customize');
  await tab.dialogIsOpen();
  await isAccessible(tab, 'the dialog, 320 × 480', true);
});

test('after an answer by the keyboard the focus is not lost', async (t) => {
  for (const when of ['before Go', 'once Go runs']) {
    site.reset();
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.focus('refuse');
    await tab.keys('Enter');
    await tab.bannerIsGone();
    await tab.until((shadow) => shadow.activeElement?.dataset.temoin === 'open', `the focus on the button that reopens the choices, ${when}`);
  }
});

test('after an answer by the mouse on the page’s own button the focus stays in the page', async (t) => {
  const tab = await browser.tab(t);
  site.page('/own-button', '<!doctype html><html lang="fr"><script src="/temoin.js"></script><title>own</title><button id="b" onclick="temoin.refuse()">Refuser</button>');
  await tab.visit(site.url + '/own-button');
  await tab.goRuns();
  await tab.click('#b');
  await tab.bannerIsGone();
  assert.equal(await tab.run(() => document.activeElement.id), 'b');
});

test('the notice does not cover the floating button', async (t) => {
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  await tab.visit(site.url);
  await tab.press('accept');
  await tab.bannerIsGone();
  const [a, b] = await tab.inside((shadow) => ['.notice', '.reopen button'].map((selector) => shadow.querySelector(selector).getBoundingClientRect().toJSON()));
  assert.ok(a.bottom <= b.top || a.top >= b.bottom || a.right <= b.left || a.left >= b.right, `notice and button lie over each other: ${JSON.stringify([a, b])}`);
});
