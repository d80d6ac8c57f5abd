// Receipts: each choice is reported once, whatever the line, the server, the
// browser's storage or another tab do meanwhile; and none of it is ever in the
// way of the choice itself.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { can, needs, nothingStored, plain } from './lib/browser.mjs';
import { include as script, page, placeholderIsDrawn, pressPlaceholder } from './lib/gate.mjs';
import { choices, cookie, day, encode, lifetime, now, record } from './lib/records.mjs';
import { eventually, folder, pause, richCatalogue, saved, send, smallCatalogue, startSite, startTemoin, temoin } from './lib/server.mjs';
import { loader, parts, program, stage } from './lib/stage.mjs';

const { browser, server, site, rev } = await stage({ whole: true });

const api = /^\/api\//;
const endpoint = /^\/api\/consents$/;
const unanswered = /^\/api\/consents\/unanswered$/;
const key = 'temoin.receipts';
const include = script + '<link rel="icon" href="data:,">'; // a browser asks for the icon when it likes

site.page('/page', page(include));
site.page('/elsewhere', page(include));
site.page('/bare', page());

/** What was reported through a site, in the order in which it came. */
const reports = (through = site) => through.requests
  .filter((request) => request.method === 'POST' && endpoint.test(request.path) && request.body)
  .map((request) => JSON.parse(request.body));

/** Waits until so many reports have come. */
const reported = (count, through = site) => eventually(
  () => reports(through).length >= count && reports(through),
  () => `${count} reports, there are ${JSON.stringify(reports(through))}`,
);

const queued = (tab) => tab.run((key) => localStorage.getItem(key), key);

/** Waits until the queue is empty, and so gone; what has just been chosen has yet to come into it. */
const delivered = async (tab) => {
  await pause(300);
  await tab.until((shadow, key) => localStorage.getItem(key) === null, 'the queue to be empty', key);
};

/** Waits until the queue holds the record of that id. */
const waits = (tab, id) => tab.until((shadow, key, id) => !!JSON.parse(localStorage.getItem(key) ?? '{}')[id], `${id} to be in the queue`, key, id);

/** The server's receipts of these records. */
async function receipts(...ids) {
  const rows = await server.receipts();
  return ids.map((id) => rows.filter((row) => JSON.stringify(row).includes(id)).length);
}

const kept = (id, by = server) => eventually(async () => (await send(`${by.url}/api/consents/${id}`)).status === 200, `a receipt of ${id}`);

const decide = (tab, name, ...args) => tab.run((name, args) => { window.temoin[name](...args); }, name, args);

/**
 * Decides, and returns the record as the cookie holds it: not read from there,
 * since an answer to an earlier report may just have put an older one in.
 */
async function decided(tab, name, ...args) {
  await decide(tab, name, ...args);
  return tab.record();
}

/** Opens a page with a tab of a new visitor. */
async function open(t, { path = '/page', ...options } = {}) {
  const tab = await browser.tab(t, options);
  await tab.visit(site.url + path);
  return tab;
}

/** Asserts that the cookie holds that record, for its full time. */
async function cookieHolds(tab, wanted) {
  const [kept, ...more] = await tab.choiceCookies();
  assert.deepEqual(more, [], 'one cookie');
  assert.equal(kept.value, encode(wanted), 'the record must be the same to the byte');
  const left = kept.expires - now();
  // It ends with the answer's time, and a busy machine takes a while to come here; a browser would cut it to days.
  assert.ok(left > lifetime - 600 && left <= lifetime + 10, `the cookie is kept for ${left} s, want ${lifetime}`);
}

// ---- what is reported ----

const ways = {
  'the banner’s accept before Go': { how: 'banner-accept', held: true, act: (tab) => tab.press('accept') },
  'the banner’s refuse before Go': { how: 'banner-refuse', held: true, act: (tab) => tab.press('refuse') },
  'the banner’s accept once Go runs': { how: 'banner-accept', act: (tab) => tab.press('accept') },
  'the banner’s refuse once Go runs': { how: 'banner-refuse', act: (tab) => tab.press('refuse') },
  'the dialog’s save': {
    how: 'dialog',
    async act(tab) {
      await tab.press('customize');
      await tab.dialogIsOpen();
      await tab.turn('youtube');
      await tab.press('save');
    },
  },
  'the dialog’s accept': {
    how: 'dialog',
    async act(tab) {
      await tab.press('customize');
      await tab.dialogIsOpen();
      await tab.press('accept');
    },
  },
  'the dialog’s refuse': {
    how: 'dialog',
    async act(tab) {
      await tab.press('customize');
      await tab.dialogIsOpen();
      await tab.press('refuse');
    },
  },
  'a placeholder’s always': { how: 'embed', path: '/embed', act: (tab) => pressPlaceholder(tab, 'always') },
  'the charter’s form': { how: 'form', path: '/charte-cookies/en', act: (tab) => tab.click('button[value=save]') },
  'temoin.accept()': { how: 'api', held: true, act: (tab) => decide(tab, 'accept') },
  'temoin.refuse()': { how: 'api', act: (tab) => decide(tab, 'refuse') },
  'temoin.save()': { how: 'api', act: (tab) => decide(tab, 'save', { statistics: true, youtube: true }) },
};

site.page('/embed', page(include, '<template data-consent="third-party" data-service="youtube"><p>a video</template>'));

for (const [name, { how, held, path: where = '/page', act }] of Object.entries(ways)) {
  test(`${name} is reported once, as ${how}`, async (t) => {
    if (held) site.hold(program);
    const tab = await open(t, { path: where });
    await (held ? tab.bannerIsThere() : tab.goRuns());
    if (how === 'embed') await placeholderIsDrawn(tab);
    assert.deepEqual(reports(), [], 'nothing may be reported before a choice');
    await act(tab);
    await tab.bannerIsGone();
    const made = await tab.record();
    const [body] = await reported(1);
    assert.match(body.text, /^[0-9a-f]{16}$/);
    assert.deepEqual(body, { record: made, how, gpc: false, lang: 'en', text: body.text });
    await delivered(tab);
    await pause(300);
    assert.equal(reports().length, 1, 'once');
    await kept(made.id);
    assert.deepEqual(await receipts(made.id), [1], 'the server keeps one receipt');
    await cookieHolds(tab, made);
    assert.deepEqual(tab.errors, []);
    assert.deepEqual(await tab.lines(), []);
  });
}

test('a choice over Global Privacy Control is reported as one, the next is not', async (t) => {
  const tab = await open(t, { before: [() => { Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }); }] });
  await tab.press('open');
  await tab.dialogIsOpen();
  assert.deepEqual(reports(), [], 'the signal alone is no choice');
  assert.equal(await queued(tab), null);
  await tab.press('accept');
  await tab.dialogIsClosed();
  await reported(1);
  await decide(tab, 'refuse');
  assert.deepEqual((await reported(2)).map(({ how, gpc }) => [how, gpc]), [['dialog', true], ['api', false]]);
});

test('the language is that of what was shown', async (t) => {
  const tab = await open(t, { path: '/' });
  await tab.press('refuse');
  const [french] = await reported(1);
  await delivered(tab);
  await tab.visit(site.url + '/?lang=en');
  await decide(tab, 'accept');
  const [, english] = await reported(2);
  assert.deepEqual([french.lang, english.lang], ['fr', 'en']);
  assert.equal(french.text, english.text, 'one name stands for the texts of all languages');
});

test('neither the cookie, nor the event, nor what is let in waits for the report', async (t) => {
  site.hold(endpoint);
  site.page('/order', page(`<script>
    window.order = [];
    const real = window.fetch;
    window.fetch = (...args) => { if (String(args[0]).includes('/api/')) order.push('report'); return real(...args); };
    document.addEventListener('temoin:change', () => order.push('event ' + document.cookie.includes('cookies_preferences')));
  </script>${include}<script type="text/plain" data-consent="statistics">order.push('script')</script>`));
  const tab = await open(t, { path: '/order' });
  const before = await tab.run(() => {
    window.temoin.accept();
    return [...window.order, localStorage.length];
  });
  assert.deepEqual(before.at(-1), 0, 'the storage is not touched in the same turn');
  await tab.until(() => window.order.includes('report'), 'the report of this page'); // not that of a page before, which may come late
  const { id } = await tab.record();
  await eventually(() => reports().some(({ record }) => record.id === id), 'the report to have left');
  assert.deepEqual(await tab.run(() => window.order), ['event true', 'script', 'report']);
  assert.equal(await tab.has('statistics'), true);
});

// ---- the cookie ----

for (const [answer, granted] of [['accept', true], ['refuse', false]]) {
  test(`what a browser would soon forget is kept for the full time by the server’s answer: ${answer}`, async (t) => {
    const release = site.hold(endpoint);
    const tab = await open(t);
    await tab.press(answer);
    const made = await tab.record();
    assert.deepEqual(made.choices, choices(granted));
    await reported(1);
    // As Safari does with what a script has written.
    await tab.visitor.setCookies(cookie(site.url, made, { expires: now() + 7 * day }));
    release();
    await delivered(tab);
    await cookieHolds(tab, made);
    assert.equal((await tab.choice()).id, made.id);
    assert.equal((await tab.heard('temoin:change')).length, 1, 'nothing has changed by that');
  });
}

// ---- what cannot be delivered at once ----

test('a choice made offline is delivered as soon as the line is back', async (t) => {
  const tab = await open(t);
  await tab.goRuns();
  await tab.offline(true);
  await tab.press('accept');
  await tab.bannerIsGone();
  const { id } = await tab.record();
  await waits(tab, id);
  assert.deepEqual(reports(), []);
  await tab.offline(false);
  await delivered(tab);
  assert.deepEqual(await receipts(id), [1]);
});

test('the queue survives that the page is loaded anew, and another page’s turn', async (t) => {
  site.instead(endpoint, 503, { 'retry-after': '600' });
  const tab = await open(t);
  const first = await decided(tab, 'accept');
  await waits(tab, first.id);
  await tab.reload();
  const second = await decided(tab, 'refuse');
  await waits(tab, second.id);
  assert.deepEqual(await receipts(first.id, second.id), [0, 0]);
  site.reset();
  await tab.visit(site.url + '/elsewhere');
  await delivered(tab);
  // The page that is left sends them off, and the next makes sure of it.
  assert.deepEqual([...new Set(reports().map(({ record: { id } }) => id))], [first.id, second.id], 'the oldest first');
  assert.deepEqual(await receipts(first.id, second.id), [1, 1]);
  await cookieHolds(tab, second);
});

test('the queue survives a closed tab', async (t) => {
  site.instead(endpoint, 503);
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(site.url + '/page');
  const made = await decided(tab, 'accept');
  await waits(tab, made.id);
  await tab.close();
  site.reset();
  const next = await visitor.tab();
  await next.visit(site.url + '/elsewhere');
  await delivered(next);
  assert.deepEqual(await receipts(made.id), [1]);
});

test('who answers and leaves at once is reported, on this page or the next, once', async (t) => {
  const tab = await open(t);
  await tab.run(() => {
    window.temoin.accept();
    location.assign('/bare');
  });
  await tab.arrives(/\/bare$/);
  const made = await tab.record();
  await kept(made.id);
  await tab.visit(site.url + '/elsewhere');
  await delivered(tab);
  assert.deepEqual(await receipts(made.id), [1]);
  await cookieHolds(tab, made);
});

test('a withdrawal that has the page loaded anew is reported', async (t) => {
  const other = await startTemoin(t, { catalogue: await richCatalogue() + '\nreload: always\n' });
  const tab = await browser.tab(t);
  await tab.visit(other.url + '/essai');
  await kept((await decided(tab, 'accept')).id, other);
  await tab.run(() => { window.stamped = true; });
  await decide(tab, 'refuse');
  await tab.until(() => !window.stamped && !!window.temoin, 'the page to be loaded anew');
  const { id, choices: refused } = await tab.record();
  assert.deepEqual(refused, choices(false));
  await kept(id, other);
  await delivered(tab);
  assert.equal((await other.receipts()).length, 2);
});

test('a content blocker that blocks the endpoint leaves everything else as it is', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.blocks(api);
  // In French, which temoin.js speaks by itself: WebKit says of words that were on their way when a page went that they cannot be had.
  site.page('/gated', page(include, '<script type="text/plain" data-consent="statistics">window.ran = true</script>', 'fr'));
  await tab.visit(site.url + '/gated');
  await tab.goRuns();
  await tab.press('accept');
  await tab.bannerIsGone();
  await tab.until(() => window.ran, 'the script to run');
  const { id } = await tab.record();
  await waits(tab, id);
  await tab.press('open');
  await tab.dialogIsOpen();
  await tab.run(() => { window.stamped = true; });
  await tab.press('refuse');
  await tab.until(() => !window.stamped && !!window.temoin, 'the page to be loaded anew, since the script has run');
  const refused = await tab.record();
  assert.deepEqual(refused.choices, choices(false));
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false);
  assert.deepEqual((await tab.choice()).choices, choices(false));
  await pause(500);
  assert.deepEqual(tab.errors, [], 'no exception may reach the page');
  assert.deepEqual((await tab.lines()).filter((line) => line.includes('temoin')), [], 'nor does the product complain of it');
  assert.deepEqual(reports().filter(({ record }) => [id, refused.id].includes(record.id)), []);
  await tab.run(() => localStorage.clear()); // as it closes, nothing is blocked any more: it would report into the next test
});

/** Notes how long the loader waits, and has it wait a hundredth of that. */
const hurried = () => {
  window.waits = [];
  const real = window.setTimeout;
  window.setTimeout = (callback, time, ...rest) => {
    if (time >= 1000 && time < 1e6) window.waits.push(time);
    return real(callback, time >= 1000 ? time / 100 : time, ...rest);
  };
};

test('while the server answers 503 it is asked again, ever more rarely, and not for ever', async (t) => {
  site.instead(endpoint, 503);
  const tab = await open(t, { before: [hurried] });
  await tab.goRuns();
  await tab.settles();
  const from = await tab.run(() => window.waits.length);
  const made = await decided(tab, 'refuse');
  await reported(7);
  await pause(1500);
  assert.equal(reports().length, 7);
  assert.deepEqual((await tab.run(() => window.waits)).slice(from), [2000, 4000, 8000, 16000, 32000, 64000]);
  assert.ok(await queued(tab), 'it stays in the queue');
  site.reset();
  await tab.reload();
  await delivered(tab);
  assert.deepEqual(await receipts(made.id), [1]);
  assert.deepEqual(tab.errors, []);
});

/** Answers the next reports, so many of them, in that way; those after them come through. */
function failNext(times, status, headers) {
  let left = times;
  site.alter(endpoint, (answer) => {
    left -= 1;
    return left < 0 ? answer : { status, headers: { 'content-type': 'text/plain', ...headers }, body: Buffer.from('later') };
  });
}

test('it is asked again when it says so', async (t) => {
  const tab = await open(t, { before: [hurried] });
  await tab.goRuns();
  for (const [status, header, wait] of [[503, '30', 30_000], [429, '7', 7000], [425, '11', 11_000], [500, '', 16_000], [408, 'Wed, 21 Oct 2037 07:28:00 GMT', 32_000]]) {
    site.reset();
    failNext(status === 408 ? Infinity : 1, status, { 'retry-after': header }); // after a 408 Chromium asks more often by itself
    await decide(tab, 'refuse');
    await eventually(() => tab.run((wait) => window.waits.includes(wait), wait), async () => `${wait} ms to pass after ${status} with Retry-After: ${header}; waits are ${await tab.run(() => window.waits)}`);
    site.reset();
    await delivered(tab);
  }
});

test('a choice that is early by the server’s clock waits, and holds no other up', async (t) => {
  const early = record(rev);
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(site.url + '/bare');
  await tab.run((key, queue) => { localStorage.setItem(key, JSON.stringify(queue)); }, key,
    { [early.id]: { record: early, how: 'api', gpc: false, lang: 'en', text: '0123456789abcdef' } });
  failNext(2, 425, { 'retry-after': '3600' }); // a second rule, made while the first is asked, would apply to that as well
  await tab.visit(site.url + '/page');
  await reported(1);
  const made = await decided(tab, 'refuse');
  await reported(3);
  await eventually(async () => !(await queued(tab)).includes(made.id), () => `${made.id} to leave the queue`);
  assert.deepEqual(reports().map(({ record: { id } }) => id), [early.id, early.id, made.id]);
  assert.deepEqual(Object.keys(JSON.parse(await queued(tab))), [early.id], 'only the early one still waits');
});

test('what the server refuses for good is not sent again, and the console says its words', async (t) => {
  site.instead(endpoint, 422, {}, 'nobody was ever asked that');
  const tab = await open(t);
  await decide(tab, 'accept');
  await reported(1);
  await delivered(tab);
  await eventually(async () => (await tab.lines()).some((line) => line.includes('nobody was ever asked that')), () => `the server’s words on the console: ${JSON.stringify(tab.console)}`);
  await tab.reload();
  await pause(800);
  assert.equal(reports().length, 1);
  assert.equal(await tab.has('statistics'), true, 'the choice stands all the same');
});

test('of more than 20 that wait, the oldest give way', async (t) => {
  const fields = Array.from({ length: 25 }, () => record(rev));
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(site.url + '/bare');
  const queue = Object.fromEntries(fields.map((made) => [made.id, { record: made, how: 'api', gpc: false, lang: 'en', text: '0123456789abcdef' }]));
  await tab.run((key, queue) => { localStorage.setItem(key, JSON.stringify(queue)); }, key, queue);
  await tab.visit(site.url + '/page');
  await delivered(tab);
  assert.deepEqual(reports().map(({ record: { id } }) => id), fields.slice(5).map(({ id }) => id));
});

// ---- the browser's storage ----

const denied = () => { Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } }); };
const full = () => {
  const storage = new Proxy({}, { get: () => undefined, set() { throw new DOMException('full', 'QuotaExceededError'); }, deleteProperty: () => true });
  Object.defineProperty(window, 'localStorage', { value: storage });
};

for (const [name, before] of [['denied', denied], ['full', full]]) {
  test(`with the storage ${name}, choices are reported all the same, and again where that fails`, async (t) => {
    const tab = await open(t, { before: [before, hurried] });
    await tab.goRuns(); // whoever opens the dialog waits for it no longer than a tenth of a second here
    await tab.press('accept');
    const first = await tab.record();
    await reported(1);
    await kept(first.id);
    site.reset();
    site.instead(endpoint, 503);
    await tab.press('open');
    await tab.dialogIsOpen();
    await tab.press('refuse');
    await tab.dialogIsClosed();
    const second = await tab.record();
    await reported(1);
    site.reset();
    await kept(second.id);
    assert.deepEqual(await receipts(first.id, second.id), [1, 1]);
    assert.deepEqual(tab.errors, []);
  });
}

test('a queue that the page has spoilt does no harm', async (t) => {
  for (const spoilt of ['', '{', 'null', '1', '"text"', '[]', '[null, 1, {}]', '{"a": 1, "b": null, "c": {"record": null}, "d": [], "__proto__": {"record": {"id": "x"}}}', '{"a": {"record": {"id": 1}}}', '\u0000']) {
    await t.test(JSON.stringify(spoilt), async (t) => {
      site.reset();
      const tab = await open(t, { path: '/bare' });
      await tab.run((key, spoilt) => { localStorage.setItem(key, spoilt); }, key, spoilt);
      await tab.visit(site.url + '/page');
      const made = await decided(tab, 'accept');
      await delivered(tab);
      await kept(made.id);
      assert.equal(await tab.has('statistics'), true);
      assert.deepEqual(tab.errors, []);
    });
  }
});

// ---- an answer that comes late ----

test('a refusal stands, though the answer to the acceptance before it comes late', async (t) => {
  const release = site.hold(endpoint);
  const tab = await open(t);
  await decide(tab, 'accept');
  await reported(1);
  const second = await decided(tab, 'refuse');
  release();
  await delivered(tab);
  await cookieHolds(tab, second);
  assert.equal(await tab.has('statistics'), false);
  assert.equal((await tab.heard('temoin:change')).length, 2, 'what came late was never a choice');
  assert.equal(reports().length, 2);
  await tab.reload();
  assert.equal((await tab.choice()).id, second.id);
});

test('no choice stands after reset(), though the answer to the one before comes late', async (t) => {
  const release = site.hold(endpoint);
  const tab = await open(t);
  const first = await decided(tab, 'accept');
  await reported(1);
  await decide(tab, 'reset');
  release();
  await delivered(tab);
  assert.deepEqual(await tab.choiceCookies(), []);
  assert.equal(await tab.choice(), null);
  assert.equal((await tab.layers()).banner, true);
  assert.deepEqual(await receipts(first.id), [1], 'what was chosen can be proved all the same');
});

/** Holds back the first answer alone; returns what lets it go. */
function holdFirst(pattern) {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  let first = true;
  site.alter(pattern, async (answer) => {
    if (first) {
      first = false;
      await held;
    }
    return answer;
  });
  return release;
}

site.page('/cached', page(include), { 'cache-control': 'no-cache' });

for (const [name, from, to] of [
  ['a page that is left', '/page', '/elsewhere'],
  ['a page that is loaded anew', '/page', '/page'],
  ['a page in the back/forward cache', '/cached', '/elsewhere'],
]) {
  test(`the answer to an acceptance on ${name} does not undo the refusal on the next, however late it comes`, async (t) => {
    const release = holdFirst(endpoint);
    const tab = await open(t, { path: from });
    const first = await decided(tab, 'accept');
    await reported(1);
    await tab.run((to) => { location.assign(to); }, to);
    await tab.until((shadow, to) => location.pathname === to && document.readyState === 'complete' && !window.heard.some(({ type }) => type === 'temoin:change'), 'the next page', to);
    const second = await decided(tab, 'refuse');
    await kept(second.id);
    await delivered(tab);
    release();
    await pause(1000);
    await cookieHolds(tab, second);
    await tab.visit(site.url + '/page');
    assert.equal((await tab.choice()).id, second.id);
    assert.equal(await tab.has('statistics'), false);
    assert.deepEqual(await receipts(first.id, second.id), [1, 1]);
    if (from !== '/cached') return;
    await tab.back();
    await tab.back();
    await tab.until((shadow, id) => window.temoin.choice?.id === id, 'the newer choice to count in the page that is shown again', second.id);
  });
}

for (const [name, act, check] of [
  ['a refusal', 'refuse', async (tab, made) => { await cookieHolds(tab, made); }],
  ['a reset', 'reset', async (tab) => { assert.deepEqual(await tab.choiceCookies(), []); }],
]) {
  test(`${name} in another tab stands, though the answer to the acceptance in this one comes late`, async (t) => {
    const release = site.hold(endpoint);
    const visitor = await browser.visitor(t);
    const [here, there] = [await visitor.tab(), await visitor.tab()];
    await here.visit(site.url + '/page');
    await there.visit(site.url + '/page');
    await here.front();
    await decide(here, 'accept');
    await reported(1);
    await there.until(() => window.temoin.has('statistics'), 'the choice to count in the other tab');
    await there.front();
    const made = act === 'reset' ? await decide(there, act).then(() => null) : await decided(there, act);
    release();
    await delivered(there);
    await pause(300);
    await check(there, made);
    for (const tab of [here, there]) {
      await tab.until((shadow, id) => (window.temoin.choice?.id ?? null) === id, 'the newer act to count', made?.id ?? null);
      assert.equal(await tab.has('statistics'), false);
    }
  });
}

for (const act of ['refuse', 'reset']) {
  test(`${act}() in another tab stands, though this one has not heard of it before its answer comes late`, async (t) => {
    const release = site.hold(endpoint);
    // Deaf to each other, so that the cookie and the queue are all they share.
    const visitor = await browser.visitor(t, { before: [() => { delete window.BroadcastChannel; }] });
    const [here, there] = [await visitor.tab(), await visitor.tab()];
    await here.visit(site.url + '/page');
    await here.front();
    await decide(here, 'accept');
    await reported(1);
    await there.visit(site.url + '/page');
    await there.front();
    const made = act === 'reset' ? await decide(there, act).then(() => null) : await decided(there, act);
    release();
    await delivered(there);
    // Each tab puts right what it can see; that takes an event from one to the other.
    const values = async () => (await there.choiceCookies()).map(({ value }) => value);
    const right = JSON.stringify(made ? [encode(made)] : []);
    await eventually(async () => JSON.stringify(await values()) === right, async () => `the cookie of ${act}(); there is ${await values()}`);
    await pause(1500);
    assert.equal(JSON.stringify(await values()), right);
    await here.until((shadow, id) => (window.temoin.choice?.id ?? null) === id, 'the newer act to count', made?.id ?? null);
  });
}

test('a page that is put into the back/forward cache waits for no answer', async (t) => {
  // The driver’s browser has no such cache: the page is told that it is put there,
  // and has neither channel nor storage to hear by of what comes after.
  const release = holdFirst(endpoint);
  const visitor = await browser.visitor(t, { before: [denied] });
  const [here, there] = [await visitor.tab(), await visitor.tab()];
  await here.visit(site.url + '/page');
  const first = await decided(here, 'accept');
  await reported(1);
  await here.run(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
  await there.visit(site.url + '/elsewhere');
  await there.front();
  const second = await decided(there, 'refuse');
  await kept(second.id);
  release();
  await pause(1000);
  await cookieHolds(there, second);
  assert.deepEqual(await receipts(first.id, second.id), [1, 1], 'what was chosen is reported on leaving, without cookies');
  await reported(4); // the first page, which has not really left, tries again: not into the next test
});

// ---- several tabs ----

test('two tabs deliver what both have left, one at a time, each once', async (t) => {
  const visitor = await browser.visitor(t);
  const tabs = [await visitor.tab(), await visitor.tab()];
  for (const tab of tabs) await tab.visit(site.url + '/page');
  let [open, most] = [0, 0];
  site.alter(endpoint, async (answer) => {
    open += 1;
    most = Math.max(most, open);
    await pause(300);
    open -= 1;
    return answer;
  });
  // One right after the other: of two cookies in one moment the browser keeps only one.
  for (const [i, tab] of tabs.entries()) await decide(tab, i ? 'accept' : 'refuse');
  await reported(2);
  for (const tab of tabs) await delivered(tab);
  await pause(800);
  const ids = reports().map(({ record: { id } }) => id);
  assert.equal(new Set(ids).size, 2, 'both choices are reported');
  assert.equal(most, 1, 'one at a time');
  assert.deepEqual(await receipts(...new Set(ids)), [1, 1]);
  const standing = await tabs[0].record();
  for (const tab of tabs) {
    await tab.front();
    await tab.until((shadow, id) => window.temoin.choice?.id === id, 'one choice to count in both', standing.id);
  }
});

test('what another tab, writing in the same moment, has undone in the storage is delivered all the same', async (t) => {
  site.instead(endpoint, 503);
  const tab = await open(t);
  const made = await decided(tab, 'accept');
  await waits(tab, made.id);
  await tab.run((key) => { delete localStorage[key]; }, key);
  site.reset();
  await kept(made.id);
  await delivered(tab);
  assert.deepEqual(await receipts(made.id), [1]);
});

test('what one tab has left another delivers', async (t) => {
  const visitor = await browser.visitor(t);
  const [here, there] = [await visitor.tab(), await visitor.tab()];
  await here.visit(site.url + '/page');
  await here.goRuns();
  await here.blocks(api);
  const made = await decided(here, 'accept');
  await waits(here, made.id);
  await there.visit(site.url + '/elsewhere');
  await delivered(there);
  assert.deepEqual(await receipts(made.id), [1]);
  await cookieHolds(there, made);
});

// ---- who has nothing to report ----

test('a returning visitor with an empty queue makes no request, and nothing is stored', async (t) => {
  for (const [name, make] of [['small', smallCatalogue], ['full', richCatalogue]]) {
    await t.test(`the ${name} loader`, async (t) => {
      const own = await startTemoin(t, { catalogue: await make() });
      const front = await startSite(t, { upstream: own.url });
      front.page('/page', page(include));
      const visitor = await browser.visitor(t);
      const tab = await visitor.tab();
      await tab.visit(front.url + '/page');
      const { id } = await decided(tab, 'accept');
      await kept(id, own);
      await delivered(tab);
      await tab.settles();
      front.reset();
      await tab.reload();
      await tab.sees('open');
      await tab.settles({ quiet: 800 });
      const asked = front.requests.map((request) => request.path);
      // The texts of the page's language come from the cache, where there is one.
      assert.deepEqual(can('cache') ? asked : asked.filter((path) => !/^\/temoin\/shell\./.test(path)), ['/page', '/temoin.js']);
      const { cookies, document: _, ...stores } = await tab.stores();
      assert.deepEqual(cookies.map((cookie) => cookie.name), ['cookies_preferences']);
      const { cookies: none, document: nothing, ...empty } = nothingStored;
      assert.deepEqual(stores, empty);
    });
  }
});

test('before a choice nothing is stored and nothing is reported', async (t) => {
  const tab = await open(t);
  await tab.goRuns();
  await tab.settles({ quiet: 800 });
  assert.deepEqual(await tab.stores(), nothingStored);
  assert.deepEqual(site.asked(api), []);
});

test('where no receipts are kept nothing is sent, stored or offered', async (t) => {
  const off = await startTemoin(t, { catalogue: await richCatalogue() + '\nreceipts: off\n' });
  const dir = path.join(await folder(t), 'public');
  assert.equal((await temoin('export', '-catalogue', server.catalogue, dir)).code, 0);
  const exported = await startSite(t);
  for (const file of await readdir(dir, { recursive: true })) {
    const body = await readFile(path.join(dir, file)).catch(() => null);
    if (body) exported.file('/' + file, body, { 'content-type': { '.js': 'text/javascript', '.wasm': 'application/wasm' }[path.extname(file)] ?? 'application/octet-stream' });
  }
  exported.page('/page', page(include));
  const front = await startSite(t, { upstream: off.url });
  front.page('/page', page(include));
  for (const [name, where] of [['receipts: off', front], ['exported files', exported]]) {
    await t.test(name, async (t) => {
      const tab = await browser.tab(t);
      await tab.visit(where.url + '/page');
      await tab.goRuns();
      await tab.visit(where.url + '/page');
      await tab.goRuns();
      await tab.press('accept');
      await tab.press('open');
      await tab.dialogIsOpen();
      assert.equal(await tab.inside((shadow) => shadow.querySelectorAll('[data-temoin="proof"]').length), 0);
      await pause(500);
      await tab.reload();
      await pause(500);
      assert.deepEqual(where.asked(api), []);
      assert.equal(await queued(tab), null);
      assert.deepEqual(tab.errors, []);
    });
  }
});

// ---- another server keeps the receipts ----

test('reported to a server on another origin, no cookie goes along, and the queue works', async (t) => {
  const far = await startSite(t);
  const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'content-type', 'content-type': 'application/json' };
  far.page('/api/consents', '{}', cors, 201);
  far.page('/api/consents/unanswered', '', cors, 204);
  site.alter(loader, (answer) => ({ ...answer, body: Buffer.from(answer.body.toString().replace('"url":"api/consents"', `"url":"${far.url}/api/consents"`)) }));
  const tab = await open(t);
  await tab.visitor.setCookies({ name: 'sessionid', value: 'secret', url: far.url });
  const made = await decided(tab, 'accept');
  const [body] = await reported(1, far);
  assert.deepEqual(body.record, made);
  await delivered(tab);
  for (const request of far.requests) assert.equal(request.headers.cookie, undefined, `${request.method} ${request.path} must carry no cookie`);
  assert.deepEqual(site.asked(api), []);
  assert.deepEqual(tab.errors, []);
});

// ---- the visitor's own proof ----

/** Opens the dialog, and waits for the button. */
async function wantsProof(tab) {
  await tab.press('open');
  await tab.dialogIsOpen();
  await tab.sees('proof');
}

test('the visitor downloads the proof of the choice, which can be checked', needs('downloads'), async (t) => {
  const policies = {
    '/page': {},
    '/strict': { 'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types temoin" },
  };
  for (const [where, headers] of Object.entries(policies)) {
    await t.test(where, async (t) => {
      site.page(where, page(include), headers);
      const dir = await folder(t);
      const tab = await open(t, { path: where });
      await tab.downloadsInto(dir);
      await tab.press('accept');
      await tab.bannerIsGone();
      const made = await tab.record();
      await wantsProof(tab);
      assert.equal(await tab.inside((shadow) => shadow.querySelector('[data-temoin="proof"]').textContent), 'Download my proof');
      await tab.press('proof');
      const { file, text } = await saved(dir, new RegExp(`^temoin-${made.id}\\.json$`));
      const proof = JSON.parse(text);
      assert.deepEqual(Object.keys(proof), ['words', 'receipt', 'signature', 'key', 'log']);
      assert.ok(JSON.stringify(proof.receipt).includes(made.id));
      assert.ok(JSON.stringify(proof.receipt).includes('banner-accept'));
      assert.deepEqual(Object.keys(proof.log), ['index', 'salt', 'proof', 'checkpoint']);
      const { code, stdout, stderr } = await temoin('receipts', 'check', file);
      assert.equal(code, 0, stdout + stderr);
      assert.equal((await tab.layers()).dialog, true, 'the dialog stays open');
      assert.equal((await tab.layers()).focus, 'proof', 'and the focus where it was');
      assert.deepEqual(await tab.heard('violation'), []);
      assert.deepEqual(tab.errors, []);
      assert.deepEqual(await tab.lines(), []);
    });
  }
});

test('who asks for the proof before the choice was delivered has it delivered first', needs('downloads'), async (t) => {
  site.instead(endpoint, 503, { 'retry-after': '600' });
  const dir = await folder(t);
  const tab = await open(t);
  await tab.downloadsInto(dir);
  await tab.press('refuse');
  const { id } = await tab.record();
  await waits(tab, id);
  site.reset();
  await wantsProof(tab);
  await tab.press('proof');
  await saved(dir, new RegExp(`^temoin-${id}\\.json$`));
  await delivered(tab);
});

test('a proof that cannot be had is said where it was asked for', async (t) => {
  const tab = await open(t, { path: '/' });
  await tab.press('refuse');
  await delivered(tab);
  await wantsProof(tab);
  const status = () => tab.inside((shadow) => {
    const region = shadow.querySelector('dialog [role="status"]');
    return { text: region.textContent, seen: region.checkVisibility() };
  });
  assert.equal((await status()).text, '', 'nothing is said before');
  site.fail(/^\/api\/consents\//, 404);
  await tab.press('proof');
  await tab.until((shadow) => shadow.querySelector('dialog [role="status"]').textContent !== '', 'words in the dialog');
  const said = await status();
  assert.equal(plain(said.text), 'Votre preuve ne peut pas être obtenue pour l’instant ; réessayez plus tard.');
  assert.equal(said.seen, true);
  assert.deepEqual(tab.errors, []);
  await tab.press('close');
  await tab.dialogIsClosed();
  await wantsProof(tab);
  assert.equal((await status()).text, '', 'it is not repeated when the dialog is opened again');
});

test('the button for the proof is there only after a choice', async (t) => {
  const button = (tab) => tab.inside((shadow) => [...shadow.querySelectorAll('[data-temoin="proof"]')].filter((button) => button.checkVisibility()).length);
  const tab = await open(t);
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal(await button(tab), 0, 'before a choice');
  await tab.press('refuse');
  await tab.dialogIsClosed();
  await wantsProof(tab);
  const like = await tab.inside((shadow) => {
    const { localName, type } = shadow.querySelector('[data-temoin="proof"]');
    return [localName, type];
  });
  assert.deepEqual(like, ['button', 'button']);
  await tab.press('close');
  await tab.dialogIsClosed();
  await decide(tab, 'reset');
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal(await button(tab), 0, 'after the choice was taken back');

  const signal = await open(t, { before: [() => { Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }); }] });
  await signal.press('open');
  await signal.dialogIsOpen();
  assert.equal(await button(signal), 0, 'where the browser alone has refused');
});

// ---- banners that are left unanswered ----

test('a banner that is left unanswered is counted once', async (t) => {
  const tab = await open(t);
  await tab.bannerIsThere();
  await pause(300);
  assert.deepEqual(site.asked(unanswered), [], 'not while it may be answered');
  await tab.visit(site.url + '/bare');
  await eventually(() => site.asked(unanswered).length, 'a count');
  await pause(300);
  const [count, ...more] = site.requests.filter((request) => unanswered.test(request.path));
  assert.deepEqual(more, []);
  assert.deepEqual([count.method, count.body.toString()], ['POST', rev]);
  assert.match(count.headers['content-type'], /^text\/plain/);
});

test('no banner that was answered, or never shown, is counted', async (t) => {
  const leave = async (tab) => {
    await tab.visit(site.url + '/bare');
    await pause(500);
    assert.deepEqual(site.asked(unanswered), []);
  };
  for (const answer of ['accept', 'refuse']) {
    const tab = await open(t);
    await tab.press(answer);
    await tab.bannerIsGone();
    await leave(tab);
    await tab.visit(site.url + '/elsewhere');
    await tab.sees('open');
    await leave(tab);
  }
  const signal = await open(t, { before: [() => { Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }); }] });
  await signal.sees('open');
  await leave(signal);
  const off = await open(t, { before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  await off.press('refuse');
  await off.bannerIsGone();
  await leave(off);
});
