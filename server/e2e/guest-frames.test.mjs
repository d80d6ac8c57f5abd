// A page in a frame: of its own site, whose choice it follows without asking, and
// of another site, where it keeps no choice and asks for none.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { allRan, catalogue, include, mark, page, placeholderIsDrawn, services } from './lib/gate.mjs';
import { certificate, eventually, send, startSite, startTemoin } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const signals = services.map((service) => (service.id === 'counter' ? { ...service, signal: 'google' } : service));
const { browser, site, server } = await stage({ catalogue: catalogue(signals, { gpc: 'ask' }) });
const elsewhere = site.url.replace('127.0.0.1', 'other.localhost');

const gated = `<script type="text/plain" data-consent="statistics" data-service="counter">${mark('counter')}</script>
<script type="text/plain" data-consent="statistics" data-service="exempt">${mark('exempt')}</script>
<template data-consent="third-party" data-service="video"><p id="shown">a video</p></template>
<p><a href="#temoin">Cookies</a> <button data-temoin-open>Cookies</button>`;
const frame = (url, more = '') => `<iframe title="frame" width="800" height="500" src="${url}" ${more}></iframe>`;

site.page('/embed', page(include, gated));
site.page('/around', page(include, frame('/embed')));
site.page('/far-around', page(include, frame('/around')));
site.page('/plain', page('', frame('/embed')));
site.page('/elsewhere', page('', frame(site.url + '/embed')));
site.page('/elsewhere-deep', page('', frame(site.url + '/around')));

const drawsNothing = (place) => place.run(() => [...document.querySelectorAll('#temoin')].length === 0);

/** The document in the frame, once its script has begun. */
async function embedded(tab, pattern = /\/embed$/) {
  const place = await tab.frameAt(pattern);
  await place.until(() => document.readyState === 'complete' && !!window.temoin, 'the script in the frame');
  return place;
}

test('in a frame of its own origin a page draws nothing, and its gate follows the choice of the page around it', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/around');
  const inner = await embedded(tab);
  await tab.bannerIsThere();
  assert.deepEqual(await allRan(inner), ['exempt'], 'what needs no answer runs, what needs one does not');
  await tab.press('accept');
  await tab.bannerIsGone();
  await inner.until(() => (window.ran ?? []).includes('counter') && !!document.querySelector('#shown'), 'what waits in the frame to be let in');
  assert.deepEqual(await inner.choice(), await tab.choice(), 'one choice');
  assert.equal(await drawsNothing(inner), true);
  await tab.run(() => window.temoin.refuse());
  await inner.until(() => window.temoin && !window.temoin.has('video') && !document.querySelector('#shown'), 'the withdrawal to be heard in the frame');
  assert.deepEqual(tab.errors, []);
});

test('whatever opens the choices in a frame of its own origin opens the dialog of the page around it', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/far-around');
  const middle = await embedded(tab, /\/around$/);
  const inner = await embedded(tab);
  assert.equal(await drawsNothing(middle), true);
  assert.equal(await drawsNothing(inner), true);
  const ways = [() => window.temoin.open(), () => document.querySelector('a').click(), () => document.querySelector('button').click()];
  for (const [i, way] of ways.entries()) {
    await inner.run(way);
    await tab.dialogIsOpen();
    await tab.press(i === ways.length - 1 ? 'accept' : 'close');
    await tab.dialogIsClosed();
  }
  await inner.until(() => (window.ran ?? []).includes('counter'), 'the answer to be heard two frames below');
});

test('what is allowed at a placeholder in a frame of its own origin is the answer of the page around it', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/around');
  const inner = await embedded(tab);
  await placeholderIsDrawn(inner);
  await tab.bannerIsThere();
  await inner.run(() => document.querySelector('.temoin-placeholder').shadowRoot.querySelector('[data-temoin="always"]').click());
  await tab.bannerIsGone();
  assert.equal(await tab.has('video'), true);
  assert.equal(await tab.has('counter'), false);
  const { id } = await tab.record();
  await eventually(async () => (await send(`${server.url}/api/consents/${id}`)).status === 200, 'its receipt');
});

test('where the page around it, of its own origin, has no Témoin, a frame leads to the charter in a tab of its own', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/plain');
  await tab.until(() => !!frames[0].temoin, 'the script in the frame');
  assert.equal(await tab.run(() => frames[0].document.querySelector('#temoin')), null);
  await tab.run(() => {
    frames[0].open = (...how) => { window.opened = how; };
    frames[0].document.querySelector('a').click();
  });
  await tab.until(() => !!window.opened, 'the charter to be opened');
  assert.deepEqual(await tab.run(() => window.opened), ['/charte-cookies/en#choix', '_blank', 'noopener']);
});

/** Asserts that all is refused in a frame, without a word to the visitor. */
async function isRefused(tab, inner) {
  await placeholderIsDrawn(inner);
  assert.equal(await drawsNothing(inner), true);
  assert.deepEqual(await allRan(inner), [], 'the exempt measure neither: nobody could object to it');
  assert.deepEqual(await inner.run(() => ['login', 'counter', 'exempt', 'video'].map((id) => window.temoin.has(id))), [true, false, false, false]);
  assert.equal(await inner.choice(), null);
  const told = await inner.run(() => window.dataLayer.map(([, kind, states]) => [kind, states.analytics_storage]));
  assert.deepEqual(told, [['default', 'denied']]);
  assert.deepEqual(await inner.run(() => [...document.querySelector('.temoin-placeholder').shadowRoot.querySelectorAll('button')].map(({ dataset }) => dataset.temoin)), ['once'], 'what could not be kept is not offered');
  await inner.run(() => { window.temoin.accept(); window.temoin.save({ statistics: true }); });
  assert.equal(await inner.has('counter'), false, 'nobody answers in the visitor’s place');
  assert.equal(await drawsNothing(inner), true);
  await eventually(async () => (await tab.lines()).some((line) => /^warn.*temoin: in a frame of another site/.test(line)), () => `a word on the console: ${tab.console}`);
  assert.deepEqual(tab.errors, []);
}

test('in a frame of another site all is refused and nothing asked, also of who has allowed all at the site itself', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(elsewhere + '/elsewhere');
  await isRefused(tab, await embedded(tab));
  assert.deepEqual(await tab.choiceCookies(), []);
  await tab.visit(site.url + '/embed');
  await tab.press('accept');
  await tab.bannerIsGone();
  await tab.visit(elsewhere + '/elsewhere');
  const inner = await embedded(tab);
  await isRefused(tab, inner);
  await inner.run(() => document.querySelector('.temoin-placeholder').shadowRoot.querySelector('[data-temoin="once"]').click());
  await inner.until(() => !!document.querySelector('#shown'), 'the one embed that the visitor asks for');
  assert.equal((await tab.record()).choices.statistics, true, 'the choice made at the site itself stands');
  await tab.visit(elsewhere + '/elsewhere-deep');
  await isRefused(tab, await embedded(tab));
});

test('in a sandboxed frame, which has no cookies, all is refused, whatever page is around it', async (t) => {
  site.page('/sandboxing', page(include, frame('/embed', 'sandbox="allow-scripts"')));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/sandboxing');
  await tab.press('accept');
  await tab.bannerIsGone();
  const inner = await embedded(tab);
  assert.equal(await inner.run(() => { try { return document.cookie; } catch (error) { return error.name; } }), 'SecurityError', 'cookies must throw there for the test to mean something');
  await isRefused(tab, inner);
});

test('hosts that share the choice by cookie.domain are one site', async (t) => {
  const shared = await startTemoin(t, { catalogue: catalogue(signals, { site: { name: 'Portal', url: 'https://www.portal.localhost' }, cookie: { domain: 'portal.localhost' } }) });
  const portal = await startSite(t, { upstream: shared.url });
  const at = (host, path) => `http://${host}:${portal.port}${path}`;
  portal.page('/embed', page(include, gated));
  portal.page('/around', page(include, frame(at('data.portal.localhost', '/embed'))));
  const tab = await browser.tab(t);
  await tab.visit(at('www.portal.localhost', '/around'));
  await tab.bannerIsThere();
  const inner = await embedded(tab);
  assert.equal(await drawsNothing(inner), true);
  assert.equal(await inner.has('exempt'), true);
  await tab.press('accept');
  await tab.bannerIsGone();
  await inner.until(() => window.temoin.has('counter') && window.ran.includes('counter'), 'the choice to be heard at the other host');
  await tab.visit(at('evil-portal.localhost', '/around'));
  const foreign = await embedded(tab);
  assert.equal(await foreign.has('counter'), false, 'a name that only ends alike is another site');
  assert.equal(await foreign.has('exempt'), false);
});

test('with "frames: ask" a frame of another site asks, and keeps the answer for that site alone', async (t) => {
  const asking = await startTemoin(t, { catalogue: catalogue(signals, { frames: 'ask' }) });
  const secure = await startSite(t, { upstream: asking.url, tls: await certificate(t, '127.0.0.1,localhost') });
  secure.page('/embed', page(include, gated));
  secure.page('/around', page(include, frame('/embed')));
  secure.page('/elsewhere', page('', frame(secure.url + '/around')));
  const tab = await browser.tab(t);
  const answer = async (when, action) => {
    await tab.visit(secure.url.replace('127.0.0.1', 'localhost') + '/elsewhere');
    const outer = await embedded(tab, /\/around$/);
    await outer.bannerIsThere();
    assert.equal(await drawsNothing(await embedded(tab)), true, 'the page within it leaves the asking to it');
    if (when === 'once Go runs') {
      await outer.goRuns();
      await outer.run(() => window.temoin.open());
      await outer.dialogIsOpen();
    }
    await outer.press(action);
    await outer.bannerIsGone();
    return outer;
  };
  for (const when of ['before Go', 'once Go runs']) {
    const outer = await answer(when, 'accept');
    if (engine === 'webkit') { // it keeps no cookie in a frame of another site
      assert.match((await outer.layers()).notice, /cannot be kept/);
      assert.equal(await outer.has('counter'), false);
      continue;
    }
    assert.equal(await outer.has('counter'), true);
    await (await embedded(tab)).until(() => window.ran.includes('counter'), 'the page within it to follow');
    await tab.reload();
    const again = await embedded(tab, /\/around$/);
    await again.sees('open');
    assert.equal((await again.layers()).banner, false, 'it is not asked again');
    assert.equal(await again.has('counter'), true);
    await tab.visit(secure.url + '/embed');
    await tab.bannerIsThere();
    assert.equal(await tab.choice(), null, 'at the site itself nothing has been answered');
    await tab.visit(secure.url.replace('127.0.0.1', 'localhost') + '/elsewhere');
    const last = await embedded(tab, /\/around$/);
    await last.run(() => window.temoin.reset());
    await last.bannerIsThere();
  }
});
