// Signals: what services hear of the choice in their own words, and the
// browser's Global Privacy Control, which the page hears.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { allRan, catalogue, cookies, exemption, include, mark, page, service } from './lib/gate.mjs';
import { choices, cookie, record, revision } from './lib/records.mjs';
import { send, startSite, startTemoin } from './lib/server.mjs';
import { program, stage } from './lib/stage.mjs';

const told = [
  service('analytics', 'statistics', { kind: 'measure', signal: 'google' }),
  service('google-ads', 'first-party', { kind: 'advertising', signal: 'google' }),
  service('matomo', 'statistics', { kind: 'measure', signal: 'matomo' }),
  service('uet', 'first-party', { kind: 'advertising', signal: 'uet' }),
  service('clarity', 'statistics', { kind: 'measure', signal: 'clarity' }),
];
const asked = (granted) => choices(granted, ['statistics', 'first-party']);
const google = { 'wait-for-update': 500, 'url-passthrough': true, 'ads-data-redaction': true };
const { browser, site, rev } = await stage({ catalogue: catalogue(told, { 'google-consent': google }) });

async function another(services, settings) {
  const server = await startTemoin(after, { catalogue: catalogue(services, settings) });
  const front = await startSite(after, { upstream: server.url });
  return { front, rev: await revision(server.url) };
}
const exempt = service('exempt', 'statistics', { kind: 'measure', anonymous: true, exemption, signal: 'matomo-exempt', cookies: cookies('_pk_id.*') });
const quiet = await another([
  exempt,
  service('video', 'third-party', { kind: 'media' }),
].map(({ signal, ...rest }) => rest));
const measured = await another([exempt, service('counter', 'statistics', { kind: 'measure' }), service('video', 'third-party', { kind: 'media' })]);
const asking = await another([exempt, service('video', 'third-party', { kind: 'media' })], { gpc: 'ask' });
const mapped = await another([
  ...told.slice(0, 1), service('video', 'third-party', { kind: 'media' }),
], { 'google-consent': { types: { functionality_storage: 'video', personalization_storage: 'third-party', ad_storage: 'third-party', analytics_storage: 'analytics' } } });

/** What the queues hold, noted by the first script after temoin.js, and later by the test. */
const queues = () => {
  const list = (queue) => (Array.isArray(queue) ? queue : undefined)?.map((entry) => (/Arguments/.test(Object.prototype.toString.call(entry)) ? ['arguments', ...entry] : entry));
  return structuredClone({ dataLayer: list(window.dataLayer), paq: list(window._paq), uetq: list(window.uetq), clarity: list(window.clarity?.q) });
};
const first = `<script>window.first = (${queues})(); window.answers = Object.fromEntries(['necessary', 'statistics', 'analytics', 'exempt', 'third-party', 'video', 'unknown'].map((id) => [id, window.temoin.has(id)])); window.choiceThen = window.temoin.choice;</script>`;
for (const where of [site, quiet.front, measured.front, asking.front, mapped.front]) {
  where.page('/page', page(include + first));
  where.page('/own', page(`<script>window.dataLayer = [{ mine: 1 }]; window._paq = [['mine']]; window.uetq = ['mine']; window.calls = []; window.clarity = (...args) => { calls.push(args); };</script>${include}${first}`));
}

const all = (state, more = {}) => ({
  ad_storage: state, ad_user_data: state, ad_personalization: state, analytics_storage: state,
  functionality_storage: 'denied', personalization_storage: 'denied', security_storage: 'granted', ...more,
});
const decide = (tab, name, ...args) => tab.run((name, args) => { window.temoin[name](...args); }, name, args);
const withGPC = { before: [() => { Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true, configurable: true }); }] };
const answered = (where, of, granted, fields = {}) => cookie(where.url, record(of, { choices: choices(granted, ['statistics', 'first-party', 'third-party']), ...fields }));

// ---- Google ----

const defaults = [
  ['arguments', 'consent', 'default', { ...all('denied'), wait_for_update: 500 }],
  ['arguments', 'set', 'url_passthrough', true],
  ['arguments', 'set', 'ads_data_redaction', true],
];

test('Google: denied by default comes first, before the page’s own scripts; update after each choice', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/page');
  assert.deepEqual((await tab.run(() => window.first)).dataLayer, defaults);
  await decide(tab, 'accept');
  const event = (answers) => ({ event: 'temoin_change', temoin: answers });
  const after = [['arguments', 'consent', 'update', all('granted')], event(asked(true))];
  assert.deepEqual((await tab.run(queues)).dataLayer, [...defaults, ...after]);
  await decide(tab, 'save', { statistics: true, 'google-ads': true });
  after.push(['arguments', 'consent', 'update', all('granted')], event({ ...asked(false), statistics: true, 'google-ads': true }));
  await decide(tab, 'save', { statistics: true });
  after.push(['arguments', 'consent', 'update', all('denied', { analytics_storage: 'granted' })], event({ ...asked(false), statistics: true }));
  await decide(tab, 'refuse');
  after.push(['arguments', 'consent', 'update', all('denied')], event(asked(false)));
  assert.deepEqual((await tab.run(queues)).dataLayer, [...defaults, ...after]);
  await decide(tab, 'reset');
  assert.deepEqual((await tab.run(queues)).dataLayer[defaults.length + after.length], ['arguments', 'consent', 'update', all('denied')]);
});

test('Google, returning visit: default, then update, before the page’s own scripts', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(answered(site, rev, true));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/page');
  const { dataLayer } = await tab.run(() => window.first);
  assert.deepEqual(dataLayer.slice(0, 4), [...defaults, ['arguments', 'consent', 'update', all('granted')]]);
  await visitor.setCookies(answered(site, rev, false, { services: { analytics: true } }));
  await tab.reload();
  assert.deepEqual((await tab.run(() => window.first)).dataLayer[3], ['arguments', 'consent', 'update', all('denied', { analytics_storage: 'granted' })]);
});

test('Google: the choice of another tab is told here, too, once', async (t) => {
  const visitor = await browser.visitor(t);
  const [here, there] = [await visitor.tab(), await visitor.tab()];
  for (const tab of [here, there]) await tab.visit(site.url + '/page');
  await decide(here, 'accept');
  await there.until(() => window.temoin.has('analytics'), 'the other tab’s choice to count');
  assert.deepEqual((await there.run(queues)).dataLayer.filter((entry) => entry[2] === 'update').length, 1);
});

test('Google: types by category and service as the catalogue maps them, nothing that it does not ask for', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(mapped.front.url + '/page');
  const { dataLayer } = await tab.run(() => window.first);
  assert.deepEqual(dataLayer, [['arguments', 'consent', 'default', all('denied')]]);
  await decide(tab, 'save', { 'third-party': true, video: false });
  const update = (await tab.run(queues)).dataLayer.find((entry) => entry[2] === 'update');
  assert.deepEqual(update[3], all('denied', { ad_storage: 'granted', personalization_storage: 'granted' }));
});

test('queues that the page has already are used, not replaced', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/own');
  const { dataLayer, paq, uetq } = await tab.run(() => window.first);
  assert.deepEqual(dataLayer, [{ mine: 1 }, ...defaults]);
  assert.deepEqual(paq, [['mine'], ['requireCookieConsent']]);
  assert.equal(uetq[0], 'mine');
  assert.ok((await tab.run(() => window.calls)).length >= 1, 'Clarity’s own function must be called');
});

const gated = `<script type="text/plain" data-consent="statistics">${mark('let-in')}</script>`;

/** Pages with a script before temoin.js, or behind it: the choice must count in them, and the gate open. */
async function* choosing(t, path, script) {
  for (const [where, head] of [['before', script + include], ['behind', include + script]]) {
    site.page(`${path}-${where}`, page(head, gated));
    const tab = await browser.tab(t);
    await tab.visit(`${site.url}${path}-${where}`);
    await tab.press('accept');
    await tab.bannerIsGone();
    await tab.until(() => window.ran?.includes('let-in'), `the gate to open, ${where} temoin.js: ${script}`);
    yield { tab, where };
    await tab.close();
  }
}

for (const [name, thing] of [['an object', "{ page: 'home' }"], ['a text', "'home'"]]) {
  test(`${name} where a queue has to be stops no choice; the console says once what is right; a queue that comes later has all`, async (t) => {
    for await (const { tab, where } of choosing(t, `/${name.slice(-4)}`, `<script>dataLayer = ${thing}; uetq = ${thing};</script>`)) {
      for (const queue of ['dataLayer', 'uetq']) {
        const said = (await tab.lines()).filter((line) => line.includes(`signals: ${queue} is no array`));
        assert.equal(said.length, 1, `${queue}, ${where}: ${await tab.lines()}`);
        assert.match(said[0], new RegExp(`want ${queue} = \\[\\]`));
      }
      assert.deepEqual(tab.errors, [], where);
      await tab.run(() => { window.dataLayer = [{ mine: 1 }]; });
      const { dataLayer, paq } = await tab.run(queues);
      assert.deepEqual(dataLayer.slice(0, 4), [...defaults, ['arguments', 'consent', 'update', all('granted')]], where);
      assert.deepEqual(dataLayer.at(-1), { mine: 1 });
      assert.deepEqual(paq, [['requireCookieConsent'], ['setCookieConsentGiven']], 'the others are told');
    }
  });
}

test('null where a queue has to be is a queue when there is something to tell, with all that was told', async (t) => {
  for await (const { tab, where } of choosing(t, '/null', '<script>dataLayer = null; clarity = null;</script>')) {
    const { dataLayer, clarity } = await tab.run(queues);
    assert.deepEqual(dataLayer.slice(0, 4), [...defaults, ['arguments', 'consent', 'update', all('granted')]], where);
    assert.equal(clarity.at(-1)[2].analytics_Storage, 'granted');
    assert.deepEqual([tab.errors, (await tab.lines()).filter((line) => line.includes('signals'))], [[], []], where);
  }
});

test('a queue of the page’s that is declared by var, or a function, is used', async (t) => {
  const script = '<script>var dataLayer = [], uetq = []; function clarity() { (clarity.q = clarity.q || []).push(arguments); }</script>';
  for await (const { tab, where } of choosing(t, '/var', script)) {
    const { dataLayer, uetq, clarity } = await tab.run(queues);
    assert.deepEqual(dataLayer.slice(0, 4), [...defaults, ['arguments', 'consent', 'update', all('granted')]], where);
    assert.deepEqual(uetq.slice(0, 3), ['consent', 'default', { ad_storage: 'denied' }], where);
    assert.equal(clarity.at(-1)[2].analytics_Storage, 'granted', where);
    assert.deepEqual(tab.errors, [], where);
  }
});

test('a queue, or a function of Clarity’s, that throws keeps neither the gate nor the other signals from the choice', async (t) => {
  const script = '<script>dataLayer = { push() { throw new Error("mine") } }; clarity = () => { throw new Error("mine") };</script>';
  for await (const { tab, where } of choosing(t, '/throws', script)) {
    assert.ok(tab.errors.length > 0, 'the page hears of its errors');
    assert.deepEqual(tab.errors.filter((error) => !/mine/.test(error)), [], where);
    assert.deepEqual((await tab.run(queues)).paq, [['requireCookieConsent'], ['setCookieConsentGiven']], where);
  }
});

// ---- the others ----

test('Matomo: cookies wait for consent, are given, are forgotten', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(site.url + '/page');
  assert.deepEqual((await tab.run(() => window.first)).paq, [['requireCookieConsent']]);
  await decide(tab, 'accept');
  await decide(tab, 'refuse');
  assert.deepEqual((await tab.run(queues)).paq, [['requireCookieConsent'], ['setCookieConsentGiven'], ['forgetCookieConsentGiven']]);
  await decide(tab, 'accept');
  await tab.reload();
  assert.deepEqual((await tab.run(() => window.first)).paq, [['requireCookieConsent'], ['setCookieConsentGiven']]);
});

test('exempt Matomo: told nothing but the objection, and that it was taken back', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  const on = measured.front.url + '/page';
  const names = (entries) => (entries ?? []).map(([name]) => name);
  await tab.visit(on);
  assert.ok(!names((await tab.run(() => window.first)).paq).some((name) => /optUserOut|CookieConsent|requireConsent/i.test(name)), 'it measures without asking');
  await decide(tab, 'refuse');
  assert.equal(names((await tab.run(queues)).paq).at(-1), 'optUserOut');
  await tab.reload();
  assert.ok(names((await tab.run(() => window.first)).paq).includes('optUserOut'), 'on a returning visit before the page’s own scripts');
  await decide(tab, 'accept');
  assert.equal(names((await tab.run(queues)).paq).at(-1), 'forgetUserOptOut');
  assert.ok(!names((await tab.run(queues)).paq).includes('requireCookieConsent'));
});

test('Microsoft UET: denied, then as chosen', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/page');
  const before = ['consent', 'default', { ad_storage: 'denied' }];
  assert.deepEqual((await tab.run(() => window.first)).uetq, before);
  await decide(tab, 'save', { 'first-party': true });
  await decide(tab, 'refuse');
  assert.deepEqual((await tab.run(queues)).uetq, [...before, 'consent', 'update', { ad_storage: 'granted' }, 'consent', 'update', { ad_storage: 'denied' }]);
});

test('Microsoft Clarity: denied, then as chosen', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/page');
  const call = (analytics) => ['arguments', 'consentv2', { ad_Storage: 'denied', analytics_Storage: analytics }];
  assert.deepEqual((await tab.run(() => window.first)).clarity, [call('denied')]);
  await decide(tab, 'save', { statistics: true });
  await decide(tab, 'refuse');
  assert.deepEqual((await tab.run(queues)).clarity, [call('denied'), call('granted'), call('denied')]);
});

test('Microsoft Clarity: a snippet that puts its own function there has first what was told, once', async (t) => {
  const call = (analytics) => ['arguments', 'consentv2', { ad_Storage: 'denied', analytics_Storage: analytics }];
  const own = 'function () { (clarity.q = clarity.q || []).push(arguments); }';
  for (const [i, value] of [own, `window.clarity || ${own}`].entries()) {
    site.page(`/clarity-${i}`, page(`${include}<script>window.clarity = ${value}; clarity('set', 'mine');</script>`));
    const tab = await browser.tab(t);
    await tab.visit(`${site.url}/clarity-${i}`);
    await decide(tab, 'accept');
    assert.deepEqual((await tab.run(queues)).clarity, [call('denied'), ['arguments', 'set', 'mine'], call('granted')], value);
  }
});

test('where the catalogue names no such service nothing of it is in the page', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(quiet.front.url + '/page');
  for (const action of ['accept', 'refuse', 'reset']) await decide(tab, action);
  assert.deepEqual(await tab.run(() => ['dataLayer', '_paq', 'uetq', 'clarity', 'gtag'].filter((name) => name in window)), []);
});

test('Object.prototype polluted, or an element named like a queue, breaks no signal', async (t) => {
  const tab = await browser.tab(t);
  site.page('/polluted', page(`<script>for (const name of ['ad_storage', 'analytics_storage', 'google', 'types', 'analytics', 'statistics']) Object.prototype[name] = 'granted';</script>${include}${first}`, '<a id="uetq" href="x">x</a>'));
  await tab.visit(site.url + '/polluted');
  const [entry] = (await tab.run(() => window.first)).dataLayer;
  assert.deepEqual({ ...entry[3] }, { ...all('denied'), wait_for_update: 500 });
  assert.deepEqual(tab.errors, []);
});

// ---- has() ----

test('temoin.has() and temoin.choice are right from the first line of the page’s scripts', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(measured.front.url + '/page');
  assert.deepEqual(await tab.run(() => window.answers), { necessary: true, statistics: false, analytics: false, exempt: true, 'third-party': false, video: false, unknown: false });
  await visitor.setCookies(answered(measured.front, measured.rev, false, { choices: { ...choices(false), statistics: true }, services: { exempt: false, video: true } }));
  await tab.reload();
  assert.deepEqual(await tab.run(() => window.answers), { necessary: true, statistics: true, analytics: false, exempt: false, 'third-party': false, video: true, unknown: false });
  assert.deepEqual((await tab.run(() => window.choiceThen)).services, { exempt: false, video: true });
});

// ---- Global Privacy Control ----

for (const held of [true, false]) {
  test(`GPC: no banner, no cookie, all refused, the reopen button says so, ${held ? 'before Go' : 'and once Go runs'}`, async (t) => {
    if (held) measured.front.hold(program);
    const tab = await browser.tab(t, withGPC);
    measured.front.page('/gpc', page(include + first, ['!exempt', 'exempt', '!video', 'video', 'statistics'].map((id) => `<script type="text/plain" data-consent="${id}">${mark(id)}</script>`).join('')));
    await tab.visit(measured.front.url + '/gpc');
    await tab.sees('open');
    if (!held) {
      // Whoever comes near has the program started.
      await tab.press('open');
      await tab.dialogIsOpen();
      assert.deepEqual(await tab.switches().then((all) => Object.entries(all).filter(([name, on]) => on && name !== 'necessary')), [], 'the dialog shows all off');
      await tab.press('close');
      await tab.dialogIsClosed();
      await tab.goRuns();
    }
    assert.equal((await tab.layers()).banner, false, 'no banner');
    const label = await tab.inside((shadow) => shadow.querySelector('[data-temoin="open"]').textContent);
    assert.match(label, /signal/i, `the reopen button must say why: ${label}`);
    assert.deepEqual(await tab.run(() => window.answers), { necessary: true, statistics: false, analytics: false, exempt: false, 'third-party': false, video: false, unknown: false });
    assert.equal(await tab.choice(), null);
    assert.deepEqual((await allRan(tab)).sort(), ['!exempt', '!video'], 'what waits for a refusal has it');
    assert.deepEqual(await tab.visitor.cookies(), [], 'no cookie may be written');
    assert.deepEqual((await tab.run(() => window.first)).paq, [['optUserOut']]);
    assert.deepEqual(tab.errors, []);
    measured.front.reset();
  });
}

test('GPC: an explicit choice stands over it, and reset() gives the word back to it', async (t) => {
  const visitor = await browser.visitor(t, withGPC);
  const tab = await visitor.tab();
  await tab.visit(measured.front.url + '/page');
  await tab.press('open');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await tab.press('save');
  await tab.dialogIsClosed();
  assert.equal(await tab.has('video'), true);
  assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
  await tab.reload();
  assert.equal((await tab.run(() => window.answers)).video, true);
  assert.deepEqual([(await tab.layers()).banner, (await tab.layers()).reopen], [false, true]);
  assert.doesNotMatch(await tab.inside((shadow) => shadow.querySelector('[data-temoin="open"]').textContent), /signal/i, 'the choice is the visitor’s now');
  await decide(tab, 'reset');
  assert.equal(await tab.has('video'), false);
  assert.equal(await tab.has('exempt'), false);
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false, 'the signal speaks again: no banner');
});

test('GPC: accept() and saving all on count, for the exempt measure too', async (t) => {
  const tab = await browser.tab(t, withGPC);
  await tab.visit(measured.front.url + '/page');
  await decide(tab, 'accept');
  for (const id of ['video', 'exempt', 'counter']) assert.equal(await tab.has(id), true, id);
});

test('GPC with "gpc: ask": the banner asks, and the exempt measure stays on', async (t) => {
  const tab = await browser.tab(t, withGPC);
  await tab.visit(asking.front.url + '/page');
  await tab.bannerIsThere();
  assert.deepEqual([await tab.has('exempt'), await tab.has('video')], [true, false]);
});

test('GPC that is not true is no signal: false, a word, an element', async (t) => {
  for (const value of [false, 'true', 1, null]) {
    const tab = await browser.tab(t, { before: [[(value) => { Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => value }); }, value]] });
    await tab.visit(measured.front.url + '/page');
    await tab.bannerIsThere();
    assert.equal(await tab.has('exempt'), true, String(value));
  }
});

test('the server says that it honours the signal', async () => {
  const { status, headers, text } = await send(measured.front.url + '/.well-known/gpc.json');
  assert.equal(status, 200);
  assert.match(headers['content-type'], /^application\/json/);
  const said = JSON.parse(text);
  assert.equal(said.gpc, true);
  assert.match(said.lastUpdate ?? said.version?.toString() ?? '', /./);
  assert.equal((JSON.parse((await send(asking.front.url + '/.well-known/gpc.json')).text)).gpc, false);
});
