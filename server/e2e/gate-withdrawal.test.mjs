// A withdrawal takes away all that can be taken away, and nothing else: no form is
// sent once more, and nothing that the visitor has typed is lost.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { catalogue, cookies, include, mark, page, service } from './lib/gate.mjs';
import { choices, cookie, record } from './lib/records.mjs';
import { eventually, pause } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const counter = service('counter', 'statistics', { kind: 'measure', cookies: cookies('__Secure-cnt', '__Host-cnt', '_cnt_*', 'stuck') });
const { browser, site, rev } = await stage({ catalogue: catalogue([counter, service('ga', 'statistics', { kind: 'measure', signal: 'google' }), service('piwik', 'statistics', { kind: 'measure', signal: 'matomo' })], { 'google-consent': { layer: 'tags' } }) });

const gated = `<script type="text/plain" data-consent="statistics">${mark('gated')}</script>`;
const host = 'www.portal.localhost';
const url = (path) => `http://${host}:${site.port}${path}`;
const accepted = () => cookie(url('/'), record(rev, { choices: choices(true) }));
const decide = (tab, name) => tab.run((name) => { window.temoin[name](); }, name);

async function returning(t, path) {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(accepted());
  const tab = await visitor.tab();
  await tab.visit(url(path));
  await tab.until(() => window.ran?.includes('gated'), 'the script to run');
  await tab.run(() => { window.stamped = true; });
  return { visitor, tab };
}

const begunAnew = (tab) => tab.until(() => document.readyState === 'complete' && !window.stamped && !!window.temoin, 'the page to begin anew');

test('cookies with prefixes and partitioned ones go; what stays is named', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(accepted());
  site.page('/cookies', page(include));
  const tab = await visitor.tab();
  await tab.visit(url('/cookies'));
  await tab.run(() => {
    for (const line of ['_cnt_plain=1; path=/; max-age=999', '__Secure-cnt=1; path=/; max-age=999; secure', '__Host-cnt=1; path=/; max-age=999; secure',
      '_cnt_part=1; path=/; max-age=999; secure; samesite=none; partitioned', '_cnt_s=1; path=/; max-age=999; secure']) document.cookie = line;
  });
  const set = await tab.run(() => document.cookie);
  if (engine === 'chromium') assert.match(set, /__Secure-cnt.*__Host-cnt.*_cnt_part/);
  assert.match(set, /_cnt_plain/);
  await decide(tab, 'refuse');
  await tab.until(() => !/cnt/.test(document.cookie), 'all of them to go');
  assert.deepEqual((await tab.heard('temoin:change')).map(({ kept }) => kept), [[]]);
  // One that comes back, whatever is done, is named.
  await decide(tab, 'accept');
  await tab.run(() => {
    const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
    Object.defineProperty(document, 'cookie', { configurable: true, get() { return `${get.call(document)}; stuck=1`; }, set(line) { set.call(document, line); } });
  });
  await decide(tab, 'refuse');
  assert.deepEqual((await tab.heard('temoin:change')).map(({ kept }) => kept), [[], [], ['stuck']]);
});

test('a page that a form was sent for is never asked for by that form again', async (t) => {
  const { tab } = await returning(t, (site.page('/order', page(include, `<form method="post" action="/order#done"><button id="send">send</button></form>${gated}`)), '/order'));
  await tab.run(() => document.querySelector('#send').click());
  await tab.until(() => !window.stamped && location.hash === '#done' && !!window.ran, 'the answer to the form');
  await tab.run(() => { window.stamped = true; });
  const posts = () => site.requests.filter(({ method, path }) => method === 'POST' && path === '/order').length;
  assert.equal(posts(), 1);
  const entries = await tab.run(() => history.length);
  await decide(tab, 'refuse');
  await begunAnew(tab);
  assert.deepEqual([posts(), await tab.run(() => location.pathname + location.hash), await tab.run(() => history.length)], [1, '/order#done', entries]);
  assert.equal(await tab.run(() => window.ran ?? null), null);
});

const fields = {
  'a text field': ['<input id="f">', (tab) => tab.run(() => { document.querySelector('#f').value = 'text'; })],
  'a text area that was typed into': ['<textarea id="f"></textarea>', async (tab) => { await tab.run(() => document.querySelector('#f').focus()); await tab.keys('a'); }],
  'a text that can be edited': ['<div id="f" contenteditable></div>', async (tab) => { await tab.run(() => document.querySelector('#f').focus()); await tab.keys('a'); }],
};
for (const [what, [markup, fill]] of Object.entries(fields)) {
  test(`what the visitor has typed stays, in this tab and in another: ${what}`, async (t) => {
    site.page('/form', page(include, `${markup}${gated}`));
    site.page('/other', page(include, gated));
    const { visitor, tab } = await returning(t, '/form');
    const other = await visitor.tab();
    await other.visit(url('/other'));
    await other.until(() => window.ran?.includes('gated'), 'the script to run there');
    await other.run(() => { window.stamped = true; });
    await tab.front();
    await fill(tab);
    const text = () => tab.run(() => { const f = document.querySelector('#f'); return f.value ?? f.textContent; });
    const typed = await text();
    assert.ok(typed);
    await other.front();
    await decide(other, 'refuse');
    await begunAnew(other);
    await tab.until(() => !window.temoin.has('counter'), 'the withdrawal to count in the other tab');
    await eventually(async () => (await tab.lines()).some((line) => /filled in/.test(line)), 'the console to say why the page goes on');
    assert.deepEqual([await text(), await tab.run(() => window.stamped)], [typed, true]);
  });
}

for (const part of ['there', 'missing']) {
  test(`where a withdrawal is made no form is sent again, and what is ticked stays; the part that sees to it is ${part}`, async (t) => {
    if (part === 'missing') site.fail(/^\/temoin\/gated\./);
    site.page('/sent', page(include, `<form method="post" action="/sent#done"><button id="send">send</button></form><input id="tick" type="checkbox">${gated}`));
    const { tab } = await returning(t, '/sent');
    await tab.run(() => document.querySelector('#send').click());
    await tab.until(() => !window.stamped && location.hash === '#done' && !!window.ran, 'the answer to the form');
    await tab.run(() => { window.stamped = true; });
    await tab.click('#tick');
    await decide(tab, 'refuse');
    await eventually(async () => (await tab.lines()).some((line) => (part === 'there' ? /filled in/ : /gated|[Ii]mporting a module/).test(line)), 'the console to say why the page goes on');
    await pause(300); // in which it would begin anew
    assert.deepEqual(await tab.run(() => [window.stamped, document.querySelector('#tick').checked, window.temoin.has('counter')]), [true, true, false]);

    await decide(tab, 'accept');
    await tab.visit(url('/sent'));
    await tab.run(() => document.querySelector('#send').click());
    await tab.until(() => location.hash === '#done' && !!window.ran, 'the answer to the form once more');
    await tab.run(() => { window.stamped = true; });
    await decide(tab, 'refuse');
    await begunAnew(tab);
    assert.equal(site.requests.filter(({ method, path }) => method === 'POST' && path === '/sent').length, 2);
  });
}

test('signals reach a queue of another name, and one that the page begins anew', async (t) => {
  site.page('/queues', page(`${include}<script>window.tags = [{ pageType: 'home' }]; var _paq = []; _paq.push(['trackPageView']);</script>`));
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(url('/queues'));
  const consent = () => tab.run(() => ({
    google: [...window.tags].filter((entry) => entry[0] === 'consent').map((entry) => [entry[1], entry[2].analytics_storage]),
    page: window.tags.some((entry) => entry.pageType === 'home'),
    matomo: window._paq.map(([name]) => name),
    layer: typeof window.dataLayer,
  }));
  assert.deepEqual(await consent(), { google: [['default', 'denied']], page: true, matomo: ['requireCookieConsent', 'trackPageView'], layer: 'undefined' });
  await decide(tab, 'accept');
  await tab.run(() => { window.tags = window.tags || []; window._paq = window._paq.concat([['last']]); });
  assert.deepEqual(await consent(), {
    google: [['default', 'denied'], ['update', 'granted']], page: true, matomo: ['requireCookieConsent', 'trackPageView', 'setCookieConsentGiven', 'last'], layer: 'undefined',
  });
});

test('what Global Privacy Control does, and a nonce that is not the page’s, is said', async (t) => {
  const visitor = await browser.visitor(t, { before: [() => { Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }); }] });
  site.page('/gpc', page(include));
  const tab = await visitor.tab();
  await tab.visit(url('/gpc'));
  await eventually(async () => (await tab.lines()).some((line) => /Global Privacy Control/.test(line)), 'a word about the signal');
  const plain = await browser.visitor(t);
  await plain.setCookies(accepted());
  site.page('/nonce', page('<script nonce="one" src="/temoin.js"></script>', `<script type="text/plain" nonce="two" data-consent="statistics">${mark('two')}</script>`));
  const other = await plain.tab();
  await other.visit(url('/nonce'));
  await eventually(() => other.console.some((line) => /nonce/.test(line)), 'a word about the nonce');
  assert.equal(await other.run(() => window.ran ?? null), null);
});
