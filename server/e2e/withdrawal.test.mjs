// Withdrawal: what a service kept in the browser goes when it is no longer
// allowed, wherever the page can reach it; the rest stays.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { can } from './lib/browser.mjs';
import { catalogue, cookies, exemption, include, page, service } from './lib/gate.mjs';
import { choices, cookie, record } from './lib/records.mjs';
import { eventually, pause } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const kept = [
  service('login', 'necessary', { cookies: cookies('sessionid', 'csrftoken', 'shared_login') }),
  service('counter', 'statistics', {
    kind: 'measure',
    cookies: cookies('count', '_cnt_*', 'a.b*c', 'shared', 'shared_login', 'c*', { name: 'count_http', 'http-only': true }),
    storage: { local: ['cnt', 'cnt.*'], session: ['cnt-session*'], databases: ['cnt-db*'], caches: ['cnt-cache'] },
  }),
  service('exempt', 'statistics', { kind: 'measure', anonymous: true, exemption, cookies: cookies('ex_id', 'shared') }),
  service('video', 'third-party', { kind: 'media', cookies: cookies('v_id', { name: 'v_third', party: 'third' }), storage: { local: ['video'] } }),
];
const { browser, site, rev } = await stage({ catalogue: catalogue(kept), whole: true });

/** A host with a parent that cookies may be set for; Chromium finds it on the loopback by itself. */
const host = 'www.portal.localhost';
const url = (path, name = host) => `http://${name}:${site.port}${path}`;

for (const path of ['/', '/a', '/a/', '/a/b', '/a/b/', '/a/b/page', '/empty']) site.page(path, page(include));

const names = async (visitor) => (await visitor.cookies()).map(({ name }) => name).filter((name) => name !== 'cookies_preferences').sort();
const decide = (tab, name, ...args) => tab.run((name, args) => { window.temoin[name](...args); }, name, args);
const yes = (fields) => cookie(url('/'), record(rev, { choices: choices(true), ...fields }));

async function returning(t, path, fields = {}) {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(yes(fields));
  const tab = await visitor.tab();
  await tab.visit(url(path));
  assert.equal(await tab.has('counter'), true);
  return { visitor, tab };
}

const write = (tab, ...lines) => tab.run((lines) => { for (const line of lines) document.cookie = line; }, lines);
const gone = (visitor, left = []) => eventually(async () => JSON.stringify(await names(visitor)) === JSON.stringify(left),
  async () => `only the cookies ${JSON.stringify(left)} to be left, there are ${JSON.stringify(await visitor.cookies())}`, { within: 3000 });

test('cookies go by name and by pattern, and no other', async (t) => {
  const { visitor, tab } = await returning(t, '/empty');
  const stay = ['Count', 'a.bd', 'axbc', 'sessionid', 'v_id', 'x_cnt_1', 'x_count'];
  await write(tab, ...['count', '_cnt_', '_cnt_1', '_cnt_a.b-c', 'a.bc', 'a.b.x.c', 'c', ...stay].map((name) => `${name}=1; path=/; max-age=1000`));
  await decide(tab, 'save', { 'third-party': true });
  await gone(visitor, stay);
});

test('cookies go from every path and from the parent domain that the page can reach', async (t) => {
  for (const path of ['/a/b/page', '/a/b/']) {
    const { visitor, tab } = await returning(t, path);
    const lines = [];
    for (const folder of ['/', '/a', '/a/', '/a/b', '/a/b/', path]) {
      for (const domain of ['', `; domain=${host}`, '; domain=portal.localhost', '; domain=.portal.localhost']) lines.push(`count=${lines.length}; path=${folder}; max-age=1000${domain}`);
    }
    await write(tab, ...lines, '_cnt_session=1; path=/a');
    await eventually(async () => (await names(visitor)).filter((name) => name === 'count').length >= 15, async () => `the page to have set 15 cookies: ${await names(visitor)}`);
    await decide(tab, 'refuse');
    await gone(visitor);
  }
});

test('cookies with attributes, partitioned apart, with odd names and values go', async (t) => {
  const { visitor, tab } = await returning(t, '/a/b/page');
  await write(tab, 'count=a=b; path=/; samesite=strict', '_cnt_1=; path=/a', '_cnt_2="q;"; path=/', '_cnt_[x]=1; path=/', ...(can('nonASCIICookies') ? ['_cnt_é=1; path=/'] : []), '_cnt_s=1; path=/; secure; samesite=none');
  const before = await names(visitor);
  assert.ok(before.length >= (can('nonASCIICookies') ? 5 : 4), `set: ${before}`);
  await decide(tab, 'refuse');
  await gone(visitor);
});

test('cookies of necessary services, of services that stay allowed, and the choice itself are never touched', async (t) => {
  const { visitor, tab } = await returning(t, '/empty');
  // The counter’s pattern c* fits csrftoken and cookies_preferences; shared belongs to the exempt measure as well.
  await write(tab, ...['sessionid', 'csrftoken', 'shared_login', 'shared', 'ex_id', 'count'].map((name) => `${name}=1; path=/; max-age=1000`));
  await decide(tab, 'save', { statistics: false, exempt: true, 'third-party': true });
  await gone(visitor, ['csrftoken', 'ex_id', 'sessionid', 'shared', 'shared_login']);
  assert.deepEqual((await tab.record()).services, { exempt: true });
  await decide(tab, 'refuse');
  await gone(visitor, ['csrftoken', 'sessionid', 'shared_login']);
  assert.equal((await tab.choiceCookies()).length, 1);
});

test('a tracker that sets its cookie anew within seconds finds it gone again', async (t) => {
  const { visitor, tab } = await returning(t, '/empty');
  await tab.run(() => {
    for (const delay of [200, 1500, 3000]) setTimeout(() => { document.cookie = `count=${delay}; path=/; max-age=1000`; localStorage.setItem('cnt', delay); window.anew = delay; }, delay);
  });
  await decide(tab, 'refuse');
  await tab.until(() => window.anew === 3000, 'the tracker to have set its cookie for the last time');
  await eventually(async () => (await names(visitor)).length === 0 && await tab.run(() => localStorage.getItem('cnt') === null),
    'the cookie to be deleted again', { within: 6000 });
});

test('what is set anew at the last moment is gone when the page is left', async (t) => {
  const { visitor, tab } = await returning(t, '/empty');
  await decide(tab, 'refuse');
  await write(tab, 'count=1; path=/; max-age=1000');
  await tab.visit(url('/a'));
  await gone(visitor);
});

const fill = (tab) => tab.run(async () => {
  for (const key of ['cnt', 'cnt.a', 'cnt.b', 'cntx', 'mine', 'video']) localStorage.setItem(key, '1');
  for (const key of ['cnt-session', 'cnt-session-2', 'mine']) sessionStorage.setItem(key, '1');
  for (const name of ['cnt-db', 'cnt-db-2', 'mine']) {
    await new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore('x');
      request.onsuccess = () => { request.result.close(); resolve(); };
      request.onerror = reject;
    });
  }
  for (const name of ['cnt-cache', 'mine']) await caches.open(name);
});
const left = (tab) => tab.run(async () => ({
  local: Object.keys(localStorage).sort(),
  session: Object.keys(sessionStorage).sort(),
  databases: (await indexedDB.databases()).map(({ name }) => name).sort(),
  caches: (await caches.keys()).sort(),
}));

test('keys in the storages, databases and caches go, by name and by pattern, and no other', async (t) => {
  const { tab } = await returning(t, '/empty');
  await fill(tab);
  await decide(tab, 'save', { 'third-party': true });
  await pause(300);
  await tab.until(() => !localStorage.getItem('temoin.receipts'), 'the receipt to be delivered');
  assert.deepEqual(await left(tab), { local: ['cntx', 'mine', 'video'], session: ['mine'], databases: ['mine'], caches: ['mine'] });
  assert.deepEqual(tab.errors, []);
});

test('before any choice, what lies around of services that wait is removed; the exempt and the necessary stay', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  site.page('/bare', page());
  await tab.visit(url('/bare'));
  await fill(tab);
  await write(tab, ...['count', '_cnt_1', 'v_id', 'ex_id', 'shared', 'sessionid', 'mine'].map((name) => `${name}=1; path=/; max-age=1000`));
  await tab.visit(url('/empty'));
  await tab.bannerIsThere();
  await gone(visitor, ['ex_id', 'mine', 'sessionid', 'shared']);
  await pause(300);
  assert.deepEqual(await left(tab), { local: ['cntx', 'mine'], session: ['mine'], databases: ['mine'], caches: ['mine'] });
});

test('temoin:change names what no script can delete, and only of what was withdrawn', async (t) => {
  site.hold(/^\/api\/consents$/); // with its answer to the report the server deletes it
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(url('/empty'));
  await decide(tab, 'accept');
  await visitor.setCookies({ name: 'count_http', value: '1', url: url('/'), httpOnly: true });
  await decide(tab, 'save', { statistics: true });
  await decide(tab, 'refuse');
  await decide(tab, 'refuse');
  const changes = await tab.heard('temoin:change');
  assert.deepEqual(changes.map(({ kept: names }) => names), [[], ['v_third'], ['count_http'], []]);
  await gone(visitor, ['count_http']);
});

test('a withdrawal in another tab, or in a page restored from the back/forward cache, is one here', async (t) => {
  const { visitor, tab } = await returning(t, '/a/b/page');
  const there = await visitor.tab();
  await there.visit(url('/empty'));
  await write(tab, 'count=1; path=/a/b; max-age=1000', '_cnt_1=1; path=/a/b/; max-age=1000');
  // The other page cannot see those cookies; this one can.
  await decide(there, 'refuse');
  await tab.until(() => !window.temoin.has('counter'), 'the other tab’s withdrawal to count here');
  await gone(visitor);
});

test('reset() deletes as a refusal does', async (t) => {
  const { visitor, tab } = await returning(t, '/empty');
  await write(tab, 'count=1; path=/', 'v_id=1; path=/', 'ex_id=1; path=/');
  await decide(tab, 'reset');
  await gone(visitor, ['ex_id']);
});

test('a choice that no longer counts deletes what it had allowed', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(yes({ rev: '00000000' }), ...['count', 'v_id', 'sessionid'].map((name) => ({ name, value: '1', url: url('/') })));
  const tab = await visitor.tab();
  await tab.visit(url('/empty'));
  await gone(visitor, ['sessionid']);
});

test('storages that are denied, or broken by the page, hinder nothing', async (t) => {
  const visitor = await browser.visitor(t, { before: [() => {
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
  }] });
  await visitor.setCookies(yes(), { name: 'count', value: '1', url: url('/') });
  const tab = await visitor.tab();
  await tab.visit(url('/empty'));
  await decide(tab, 'refuse');
  await gone(visitor);
  assert.deepEqual(tab.errors, []);
});

test('what a service keeps stays while it is allowed', async (t) => {
  const { visitor, tab } = await returning(t, '/empty');
  await decide(tab, 'accept'); // before that, what is written may be deleted at any moment
  await fill(tab);
  await write(tab, 'count=1; path=/; max-age=1000', 'v_id=1; path=/; max-age=1000');
  await tab.reload();
  await pause(300);
  assert.deepEqual(await names(visitor), ['count', 'v_id']);
  // A receipt may still wait there for the server's word.
  assert.equal((await left(tab)).local.filter((entry) => !String(entry).startsWith('temoin.')).length, 6);
});
