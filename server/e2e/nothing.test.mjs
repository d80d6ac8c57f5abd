// Where nothing is to be asked nobody is: no banner, no cookie, no receipt, only the
// button and what it opens. Consent to nothing is no consent.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { can, plain } from './lib/browser.mjs';
import { allRan, catalogue, cookies, exemption, include, mark, page, reloaded, service, stamp } from './lib/gate.mjs';
import { choices, cookie, record, revision } from './lib/records.mjs';
import { eventually, plainCatalogue, smallCatalogue, startSite, startTemoin } from './lib/server.mjs';
import { parts, program, stage } from './lib/stage.mjs';

// The first user's: an open-data portal with four necessary cookies.
const { browser, site, rev } = await stage({ catalogue: await plainCatalogue() });

const gated = (id) => `<script type="text/plain" data-consent="${id}">${mark(id)}</script>`;

/** A visitor's page with scripts of three categories, once the button is there. */
async function open(visitor, at = site) {
  const tab = await visitor.tab();
  await tab.visit(at.page('/page', page(include, ['necessary', 'statistics', 'third-party', '!third-party'].map(gated).join(''), 'fr')));
  await tab.sees('open');
  return tab;
}

/** What can be seen and pressed in the layers. */
const buttons = (tab) => tab.inside((shadow) => [...shadow.querySelectorAll('[data-temoin]')].filter((button) => button.checkVisibility()).map((button) => button.dataset.temoin).sort());

test('the portal with four necessary cookies has no banner: what is necessary runs, nothing else does, nothing is fetched or kept', async (t) => {
  const tab = await open(await browser.visitor(t));
  await tab.settles({ quiet: 600 });
  assert.equal((await tab.layers()).banner, false);
  assert.deepEqual(await buttons(tab), ['open']);
  assert.deepEqual(await allRan(tab), ['necessary']);
  const asked = site.asked(parts);
  assert.deepEqual(can('cache') ? asked : asked.filter((path) => !/shell/.test(path)), [], 'no part of the program');
  assert.equal(await tab.run(() => window.temoin.ready), null, 'there is no choice');
  assert.deepEqual(await tab.run(() => ['necessary', 'sessionid', 'statistics', 'first-party', 'third-party'].filter((id) => window.temoin.has(id))), ['necessary']);
  await tab.run(() => { window.temoin.accept(); window.temoin.save({ statistics: true }); window.temoin.refuse(); });
  assert.deepEqual(await allRan(tab), ['necessary']);
  assert.deepEqual(await tab.choiceCookies(), [], 'asking for nothing is no valid consent');
  assert.equal(tab.said().match(/nothing is asked/g)?.length, 3);
  await tab.visit(site.url + '/');
  assert.deepEqual(site.asked(/^\/api\//), [], 'nothing is recorded, nothing counted');
});

test('its button opens a dialog that explains, and can only be closed', async (t) => {
  const tab = await open(await browser.visitor(t));
  await tab.press('open');
  await tab.dialogIsOpen();
  const shown = await tab.inside((shadow) => shadow.querySelector('dialog').innerText);
  assert.match(shown, /Les cookies de ce site/);
  assert.match(shown, /n’utilise aujourd’hui que des cookies nécessaires à son fonctionnement\./);
  assert.deepEqual(await tab.switches(), { necessary: true });
  assert.deepEqual(await tab.inside((shadow) => [...shadow.querySelectorAll('dialog [data-temoin]')].map(({ dataset }) => dataset.temoin)), ['close']);
  assert.equal(await tab.inside((shadow) => shadow.querySelector('dialog input').disabled), true);
  await tab.press('close');
  await tab.dialogIsClosed();
  assert.deepEqual(await buttons(tab), ['open']);
  await tab.settles();
  assert.deepEqual(site.asked(program), [], 'which needs no program');
  await tab.visit(site.url + '/charte-cookies/fr');
  assert.equal(await tab.run(() => document.forms.length), 0);
  assert.deepEqual(await tab.choiceCookies(), []);
});

test('an answer that an earlier version took allows nothing of what is not asked', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, record(rev, { choices: { ...choices(true), 'first-party': true } })));
  const tab = await open(visitor);
  assert.deepEqual(await allRan(tab), ['necessary']);
  assert.equal(await tab.run(() => window.temoin.has('third-party')), false);
});

test('a measure that is exempt is on without a banner, and the dialog takes the objection', async (t) => {
  const own = await startTemoin(t, { catalogue: catalogue([
    service('login', 'necessary'),
    service('reach', 'statistics', { kind: 'measure', anonymous: true, exemption, cookies: cookies('reach_id') }),
  ]) });
  const front = await startSite(t, { upstream: own.url });
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(front.page('/page', page(include, `<script type="text/plain" data-consent="statistics" data-service="reach">${mark('reach')}</script>`)));
  await tab.sees('open');
  assert.deepEqual(await buttons(tab), ['open']);
  assert.deepEqual(await allRan(tab), ['reach']);
  await tab.press('open');
  await tab.dialogIsOpen();
  assert.deepEqual(await tab.switches(), { necessary: true, statistics: false, reach: true });
  await tab.turn('reach');
  await stamp(tab);
  await tab.press('save');
  await reloaded(tab); // the measure has run
  await tab.sees('open');
  assert.deepEqual(await allRan(tab), []);
  const kept = await tab.record();
  assert.deepEqual([kept.rev, kept.choices], [await revision(own.url), { necessary: true, statistics: false }]);
  await eventually(async () => (await own.receipts()).length === 1, 'the objection to be proved');
});

test('once the portal asks for something, there is a banner', async (t) => {
  const own = await startTemoin(t, { catalogue: await plainCatalogue() });
  const front = await startSite(t, { upstream: own.url });
  const tab = await open(await browser.visitor(t), front);
  assert.equal((await tab.layers()).banner, false);
  await own.change(await smallCatalogue());
  await eventually(async () => await revision(own.url) !== rev, 'the new catalogue to be served');
  await tab.reload();
  await tab.bannerIsThere();
  assert.match(plain(await tab.inside((shadow) => shadow.querySelector('.banner').innerText)), /ces usages : Cookies tiers \(services concernés : 1\)/);
});
