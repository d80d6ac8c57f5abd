// A page that the browser renders ahead, for a visitor who may never come, and one
// that it keeps for who comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { needs } from './lib/browser.mjs';
import { allRan, catalogue, include, mark, page, services } from './lib/gate.mjs';
import { choices, cookie, record } from './lib/records.mjs';
import { eventually } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const { browser, site, rev } = await stage({ catalogue: catalogue(services, { reload: 'always' }), whole: true });

/** Notes when it ran: "counter ahead" or "counter shown". */
const note = (name) => mark(name).replace(`'${name}'`, `'${name} ' + (document.prerendering ? 'ahead' : 'shown')`);
const gated = `<script type="text/plain" data-consent="statistics" data-service="counter">${note('counter')}</script>
<script type="text/plain" data-consent="statistics" data-service="exempt">${note('exempt')}</script>
<script type="text/plain" data-consent="!counter">${note('refused')}</script>
<template data-consent="third-party" data-service="video"><p id="shown">a video</p></template>`;
site.page('/ahead', page(include, gated));
site.page('/other', page('', '<p>another page'));

/** Runs in each document: has it say that it is rendered ahead, until show() is called. */
const renderedAhead = () => {
  let isAhead = true;
  Object.defineProperty(Document.prototype, 'prerendering', { configurable: true, get: () => isAhead });
  window.show = () => {
    isAhead = false;
    document.dispatchEvent(new Event('prerenderingchange'));
  };
};

const ahead = (tab) => tab.run(async () => ({
  drawn: !!document.querySelector('#temoin'),
  allowed: ['counter', 'exempt', 'video'].filter((id) => window.temoin.has(id)),
  choice: window.temoin.choice,
  ready: await Promise.race([window.temoin.ready.then(() => true), new Promise((resolve) => { setTimeout(resolve, 300, false); })]),
  ran: window.ran ?? [],
}));
const nothing = { drawn: false, allowed: [], choice: null, ready: false, ran: [] };

test('a page that is rendered ahead lets nothing in, asks nothing and counts nothing before it is shown', async (t) => {
  const tab = await browser.tab(t, { before: [renderedAhead] });
  await tab.visit(site.url + '/ahead');
  await tab.settles();
  assert.deepEqual(await ahead(tab), nothing);
  await tab.visit(site.url + '/ahead'); // it was never shown
  await tab.settles();
  assert.deepEqual(site.asked(/^\/api/), [], 'no banner was left unanswered');
  await tab.run(() => window.show());
  await tab.bannerIsThere();
  await tab.until(() => window.ran?.length > 0, 'what needs no answer to run');
  assert.deepEqual(await allRan(tab), ['exempt shown']);
  assert.equal(await tab.run(() => window.temoin.ready), null);
  await tab.press('accept');
  await tab.bannerIsGone();
  assert.equal(await tab.has('counter'), true);
  assert.deepEqual(tab.errors, []);
});

test('who has answered finds the answer in a page that was rendered ahead, once it is shown', async (t) => {
  const visitor = await browser.visitor(t);
  const fields = record(rev, { choices: { ...choices(false), statistics: true }, services: { exempt: false } });
  await visitor.setCookies(cookie(site.url, fields));
  const tab = await visitor.tab({ before: [renderedAhead] });
  await tab.visit(site.url + '/ahead');
  await tab.settles();
  assert.deepEqual(await ahead(tab), nothing);
  await tab.run(() => window.show());
  await tab.until(() => window.ran?.length > 0, 'what was allowed to run');
  await tab.sees('open');
  assert.deepEqual(await allRan(tab), ['counter shown']);
  assert.equal((await tab.run(() => window.temoin.ready)).id, fields.id);
  assert.deepEqual((await tab.heard('temoin:change')).map(({ id, previous }) => [id, previous]), [[fields.id, null]], 'who asked has() before is told');
  assert.equal((await tab.layers()).banner, false);
});

test('an answer that a script gives in a page that is rendered ahead is written when it is shown', async (t) => {
  const tab = await browser.tab(t, { before: [renderedAhead] });
  await tab.visit(site.url + '/ahead');
  await tab.run(() => window.temoin.accept());
  await tab.settles();
  assert.deepEqual(await ahead(tab), nothing);
  assert.deepEqual(await tab.choiceCookies(), []);
  await tab.run(() => window.show());
  await tab.until(() => window.temoin.has('video'), 'the answer to count');
  await tab.sees('open');
});

/** Runs in the page, which the test cannot ask while it is rendered ahead: tells the site how it stands. */
function tell() {
  setInterval(() => {
    const [{ activationStart }] = performance.getEntriesByType('navigation');
    const state = { ahead: document.prerendering, activationStart, ran: window.ran ?? [], drawn: !!document.querySelector('#temoin'), shown: !!document.querySelector('#shown') };
    fetch('/told?' + encodeURIComponent(JSON.stringify(state)));
  }, 100);
}

test('what the browser renders ahead by itself (speculation rules) runs once the visitor comes', needs('prerender'), async (t) => {
  const rules = '<script type="speculationrules">{"prerender":[{"urls":["/rendered"],"eagerness":"immediate"}]}</script>';
  site.page('/rendered', page(include, `${gated}<script>(${tell})()</script>`));
  site.page('/from', page(include + rules, '<a href="/rendered">ahead</a>'));
  site.page('/told', '');
  const told = () => site.requests.filter(({ path }) => path === '/told').map(({ url }) => JSON.parse(decodeURIComponent(url.split('?')[1])));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/from');
  await tab.press('accept');
  await tab.bannerIsGone();
  const count = 5; // so many times it tells the same: nothing comes late
  await eventually(() => told().length > count, 'the page to be rendered ahead');
  assert.deepEqual(told().filter(({ ahead, ran, drawn, shown }) => !ahead || ran.length || drawn || shown), [], 'nothing before it is shown');
  await tab.run(() => { document.querySelector('a').click(); });
  await eventually(() => told().some(({ ran, drawn, shown }) => ran.length > 1 && drawn && shown), () => `what was allowed to run; told was ${JSON.stringify(told().at(-1))}`);
  assert.deepEqual(told().at(-1).ran.sort(), ['counter shown', 'exempt shown']);
  assert.ok(told().at(-1).activationStart > 0, 'it must have been rendered ahead for the test to mean something');
});
