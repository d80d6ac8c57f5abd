// A temoin.js of before version 2 of the record on the same domain: it is still there where
// a site has not been brought up to date, or a cache has kept it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';

import { launch } from './lib/browser.mjs';
import { revision } from './lib/records.mjs';
import { startSite, startTemoin } from './lib/server.mjs';

const kept = (name) => readFile(new URL(`testdata/before-version-2/${name}`, import.meta.url), 'utf8');
const [catalogue, olderLoader] = [await kept('catalogue.yaml'), await kept('temoin.js')];
const heatmap = '  - { id: heatmap, category: statistics, name: Carte de chaleur, provider: Chaud, purpose: Voir. }\n';

// One host, whatever the port: they share the cookie.
const [same, other] = await Promise.all([startTemoin(after, { catalogue }), startTemoin(after, { catalogue: catalogue + heatmap })]);
const [older, present, changed] = await Promise.all([startSite(after), startSite(after, { upstream: same.url }), startSite(after, { upstream: other.url })]);
const held = '<script type="text/plain" data-consent="statistics" data-service="counter">window.ran = "counter"</script>';
for (const site of [older, present, changed]) {
  site.page('/page', `<!doctype html><html lang="fr"><title>Page</title><link rel="icon" href="data:,"><script src="/temoin.js"></script><body><p>Page</p>${held}`);
}
older.file('/temoin.js', olderLoader, { 'content-type': 'text/javascript', 'cache-control': 'no-store' });

const browser = await launch(after);

/** Visits a site; asks is whether it has to ask. */
async function visit(tab, site, asks, message) {
  await tab.visit(site.url + '/page');
  await (asks ? tab.bannerIsThere() : tab.sees('open'));
  assert.equal((await tab.layers()).banner, asks, message);
}

const allowed = (tab) => tab.run(() => ['statistics', 'counter', 'heatmap', 'third-party', 'film'].filter((id) => window.temoin.has(id)).join(' '));
const ran = (tab) => tab.run(() => window.ran ?? '');
const said = (tab) => tab.run(() => document.querySelector('#temoin').shadowRoot.querySelector('.banner:not([hidden]) p').textContent);

/** Answers: with a button of the banner, or statistics alone. */
async function answer(tab, kind) {
  if (kind === 'mixed') await tab.run(() => window.temoin.save({ statistics: true }));
  else await tab.press(kind);
  await tab.bannerIsGone();
}

const answers = { refuse: '', accept: 'statistics counter third-party film', mixed: 'statistics counter' };

test('the older one is what it is said to be: of the same revision, and it writes version 1', async (t) => {
  const tab = await browser.tab(t);
  await visit(tab, older, true);
  await answer(tab, 'refuse');
  const { v, rev, of } = await tab.record();
  assert.deepEqual({ v, rev, of }, { v: 1, rev: await revision(same.url), of: undefined });
});

for (const [kind, before] of Object.entries(answers)) {
  test(`${kind}, to the present one: the older one allows nothing and asks, and takes nothing away until it is answered`, async (t) => {
    const tab = await browser.tab(t);
    await visit(tab, present, true);
    await answer(tab, kind);
    const [{ value }] = await tab.choiceCookies();
    await visit(tab, older, true, 'it cannot read the record, and asks');
    assert.equal(await allowed(tab), '');
    assert.equal(await ran(tab), '', 'what waits for an answer waits');
    assert.deepEqual((await tab.choiceCookies()).map((cookie) => cookie.value), [value], 'the newer record is left as it was');
    await visit(tab, present, false, 'the answer stands where it can be read');
    assert.equal(await allowed(tab), before);
  });

  test(`${kind}, to the older one: the present one reads it, of the same catalogue as a whole`, async (t) => {
    const tab = await browser.tab(t);
    await visit(tab, present, true);
    await answer(tab, kind === 'refuse' ? 'accept' : 'refuse');
    await visit(tab, older, true);
    await answer(tab, kind);
    assert.equal(await allowed(tab), before);
    await visit(tab, present, false);
    assert.equal(await allowed(tab), before, 'the newer answer counts, though it is of the older version');
  });
}

// Of another catalogue nobody knows what was allowed, and what was refused stands: the
// banner names what is asked where something stands, and then may be accepted.
const reads = {
  refuse: null,
  accept: { names: [], then: 'statistics counter heatmap third-party film' },
  mixed: { names: ['Compteur', 'Carte de chaleur'], then: 'statistics counter heatmap' },
};
for (const [kind, asks] of Object.entries(reads)) {
  test(`${kind}, to the older one: of another catalogue what was refused stands, and what was allowed is asked`, async (t) => {
    const tab = await browser.tab(t);
    await visit(tab, older, true);
    await answer(tab, kind);
    await visit(tab, changed, !!asks);
    assert.equal(await allowed(tab), '', 'nothing is allowed that was not answered');
    if (!asks) return;
    const words = await said(tab);
    assert.deepEqual(['Compteur', 'Carte de chaleur', 'Film'].filter((name) => words.includes(name)), asks.names, words);
    await answer(tab, 'accept');
    assert.equal(await allowed(tab), asks.then, 'and no refusal is lost');
  });
}

test('what the older one does not know, and was refused, is asked once more and not allowed', async (t) => {
  const tab = await browser.tab(t);
  await visit(tab, changed, true);
  await tab.run(() => window.temoin.save({ statistics: true, heatmap: false }));
  await tab.bannerIsGone();
  await visit(tab, older, true);
  await answer(tab, 'accept');
  await visit(tab, changed, true);
  assert.equal(await allowed(tab), '');
});

test('visitors are asked by turns until the older one is gone, and then no more', async (t) => {
  const tab = await browser.tab(t);
  await visit(tab, changed, true);
  await answer(tab, 'accept');
  for (let turn = 0; turn < 2; turn++) {
    await visit(tab, older, true);
    await answer(tab, 'accept');
    await visit(tab, changed, true);
    await answer(tab, 'accept');
  }
  // The other site is brought up to date: it has the same catalogue as before.
  for (let turn = 0; turn < 2; turn++) {
    await visit(tab, present, false);
    assert.equal(await allowed(tab), 'statistics counter third-party film');
    await visit(tab, changed, false);
    assert.equal(await allowed(tab), 'statistics counter heatmap third-party film');
  }
  assert.deepEqual(tab.errors, []);
});
