// A catalogue that changes while visitors have their answers: who is asked what, on a
// running server.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { launch } from './lib/browser.mjs';
import { eventually, plainCatalogue, startTemoin } from './lib/server.mjs';

const services = `
  - { id: counter, category: statistics, name: Compteur, provider: Compte, purpose: Compter., cookies: [{ name: _count, purpose: Compter., duration: 13 months, party: first }] }
  - { id: film, category: third-party, name: Film, provider: Ciné, purpose: Montrer., cookies: [{ name: _film, purpose: Montrer., duration: 6 months, party: third }] }
`;
const text = await plainCatalogue() + services;
const heatmap = '  - { id: heatmap, category: statistics, name: Carte de chaleur, provider: Chaud, purpose: Voir. }\n';
const server = await startTemoin(after, { catalogue: text });
const browser = await launch(after);

const revision = async () => (await (await fetch(server.url + '/healthz')).json()).rev;

/** Has the server take a catalogue over, and waits until it has. */
async function publish(changed, differs = true) {
  const before = await revision();
  await server.change(changed);
  if (differs) await eventually(async () => await revision() !== before, () => `another revision; the log is ${server.log()}`);
}

/** A visitor who answered the first catalogue: a tab. */
async function visitor(t, kind) {
  const tab = await browser.tab(t);
  await tab.visit(server.url);
  await tab.bannerIsThere();
  if (kind === 'mixed') await tab.run(() => window.temoin.save({ statistics: true }));
  else await tab.press(kind);
  await tab.bannerIsGone();
  return tab;
}

const kinds = ['refuse', 'accept', 'mixed'];
const said = (tab) => tab.run(() => document.querySelector('#temoin').shadowRoot.querySelector('.banner:not([hidden]) p')?.textContent ?? '');
const allowed = (tab) => tab.run(() => ['counter', 'film', 'heatmap', 'statistics', 'third-party'].filter((id) => window.temoin.has(id)).join(' '));

/** Loads the page anew, and waits until it has drawn what it has to. */
async function again(tab, asks) {
  await tab.reload();
  await (asks ? tab.bannerIsThere() : tab.sees('open'));
  assert.equal((await tab.layers()).banner, asks);
}

// By visitor: what each change asks, and what is allowed meanwhile.
const before = { refuse: '', accept: 'counter film statistics third-party', mixed: 'counter statistics' };
const changes = [
  ['a necessary cookie is renamed', text.replace('name: csrftoken', 'name: csrf'), { refuse: '', accept: '', mixed: '' }, before],
  ['a duration is shorter', text.replace('13 months', '6 months'), { refuse: '', accept: '', mixed: '' }, before],
  ['a service comes', text + heatmap, { refuse: '', accept: 'Carte de chaleur', mixed: 'Carte de chaleur' }, before],
  ['a provider changes', text.replace('Ciné', 'Autre'), { refuse: '', accept: 'Film', mixed: '' }, { ...before, accept: 'counter statistics' }],
  ['a duration is longer', text.replace('13 months', '14 months'), { refuse: '', accept: 'Compteur', mixed: 'Compteur' }, { ...before, accept: 'film third-party', mixed: '' }],
];

for (const [name, changed, asked, meanwhile] of changes) {
  test(`${name}: who refused, accepted or mixed is asked what is new alone`, async (t) => {
    const tabs = {};
    for (const kind of kinds) tabs[kind] = await visitor(t, kind);
    t.after(() => publish(text));
    await publish(changed);
    for (const kind of kinds) {
      const tab = tabs[kind];
      await again(tab, asked[kind] !== '');
      assert.equal(await allowed(tab), meanwhile[kind], `${kind}: what is allowed before an answer`);
      if (!asked[kind]) continue;
      const words = await said(tab);
      assert.ok(words.includes(asked[kind]), `${kind}: the banner names ${asked[kind]}; it says ${words}`);
      for (const other of ['Carte de chaleur', 'Film', 'Compteur'].filter((one) => one !== asked[kind])) assert.ok(!words.includes(other), `${kind}: and not ${other}: ${words}`);
      await tab.press('refuse');
      await tab.bannerIsGone();
      assert.equal(await allowed(tab), meanwhile[kind], `${kind}: a refusal of what is new takes nothing else away`);
      await again(tab, false);
      assert.equal(await allowed(tab), meanwhile[kind], `${kind}: on the next page`);
    }
    assert.deepEqual(Object.values(tabs).flatMap(({ errors }) => errors), []);
  });
}

test('who accepts what is new allows that, and the rest grows no younger; the dialog shows it as it was answered, and its receipt says so', async (t) => {
  const tab = await visitor(t, 'mixed');
  const first = await tab.record();
  t.after(() => publish(text));
  await publish(text + heatmap);
  await eventually(async () => Math.floor(Date.now() / 1000) > first.at, 'the next second');
  await again(tab, true);
  await tab.press('customize');
  await tab.sees('save');
  const shown = await tab.run(() => {
    const dialog = document.querySelector('#temoin').shadowRoot.querySelector('dialog');
    return {
      on: [...dialog.querySelectorAll('input:checked')].map(({ name }) => name),
      anew: [...dialog.querySelectorAll('.state')].filter(({ textContent }) => /Nouveau/.test(textContent)).map(({ id }) => id),
    };
  });
  assert.deepEqual(shown.on, ['necessary', 'statistics', 'counter']);
  assert.deepEqual(shown.anew, ['temoin-statistics-state', 'temoin-heatmap-state']);
  await tab.press('close');
  await tab.press('accept');
  await tab.bannerIsGone();
  assert.equal(await allowed(tab), 'counter heatmap statistics');
  const second = await tab.record();
  const [now, before] = second.of.split('!');
  assert.equal(now.length, 6, `what came new is answered now, and nothing else: ${second.of}`);
  assert.equal(parseInt(before, 36), first.at, 'the rest is as old as it was');
  const [, receipt] = await eventually(async () => {
    const kept = await server.receipts();
    const mine = kept.filter(({ receipt }) => [first.id, second.id].includes(receipt.record_id)).map(({ receipt }) => receipt);
    return mine.length === 2 && mine;
  }, 'both receipts');
  const purpose = receipt.pii_processing.purposes.find(({ purpose }) => purpose === 'statistics');
  assert.equal(receipt.temoin.stood_from, first.id);
  assert.equal(Date.parse(purpose.stood_since) / 1000, first.at);
  assert.deepEqual(purpose.services, [{ service: 'heatmap', event_state: 'consent_given' }]);
});

test('without JavaScript’s hand the charter’s form names what is new, and keeps the rest', async (t) => {
  const tab = await visitor(t, 'mixed');
  const { id } = await tab.record();
  t.after(() => publish(text));
  await publish(text + heatmap);
  const cookie = (await tab.choiceCookies()).map(({ name, value }) => `${name}=${value}`).join();
  const page = await (await fetch(server.url + '/charte-cookies/fr', { headers: { cookie } })).text();
  assert.match(page, /Carte de chaleur<\/span><em>Nouveau/);
  const sent = await fetch(server.url + '/charte-cookies/fr', {
    method: 'POST', redirect: 'manual', headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' }, body: 'answer=save&allow=counter&lang=fr',
  });
  const written = decodeURIComponent(/=([^;]*)/.exec(sent.headers.get('set-cookie'))[1]);
  const record = JSON.parse(written);
  assert.notEqual(record.id, id);
  assert.deepEqual(record.services, { heatmap: false });
  assert.match(record.of, /^[\w-]{3}!/, 'heatmap is refused now, the rest stands');
});
