// The loader's codec, without a browser: it takes and refuses the same values
// as Go's, by the vectors that both are held to.
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { choices, encode as written, now, record } from '../lib/records.mjs';
import { folder, repository } from '../lib/server.mjs';

const rev = '0a1b2c3d';

// The page, as far as the module looks at it.
const jar = { cookie: '', currentScript: null, baseURI: 'https://site.example/' };
globalThis.document = jar;
globalThis.location = new URL('https://site.example/a/b');
globalThis.origin = location.origin;
globalThis.window = globalThis.top = globalThis; // in no frame

// Node takes a file .js for a module where a package.json says so.
const dir = await folder(after);
await cp(path.join(repository, 'web/loader'), dir, { recursive: true });
await writeFile(path.join(dir, 'package.json'), '{"type": "module"}');
const known = {
  cookie: 'cookies_preferences', rev, lifetime: 15_552_000, categories: Object.keys(choices()), necessary: ['necessary'],
  services: { counter: 'statistics' }, exempt: [], marks: { statistics: 'sta', counter: 'cou123' }, attributes: '; Path=/; Max-Age=15552000; SameSite=Lax',
};
const [, order] = /export const \[([^]*?)\] = temoinBundle/.exec(await readFile(path.join(dir, 'bundle.js'), 'utf8'));
globalThis.temoinBundle = [...order.matchAll(/^ {2}(\w+),/gm)].map(([, name]) => known[name]);
const { decode, encode } = await import(pathToFileURL(path.join(dir, 'cookie.js')).href);

let pages = 0;

/** What a page reads that has just been loaded, where what knows of other catalogues cannot be had. */
async function read() {
  pages += 1;
  const { current, learnBy, refresh } = await import(pathToFileURL(path.join(dir, 'choice.js')).href + '?' + pages);
  learnBy(async () => null);
  refresh();
  await new Promise(setImmediate);
  return current();
}

const vectors = JSON.parse(await readFile(path.join(repository, 'app/consent/testdata/records.json'), 'utf8'));

test('there are vectors of both kinds', () => {
  assert.ok(vectors.filter(({ ok }) => ok).length >= 5, 'values that are to be taken');
  assert.ok(vectors.filter(({ ok }) => !ok).length >= 20, 'values that are to be refused');
});

for (const { name, json, value, ok } of vectors) {
  test(`decode ${ok ? 'takes' : 'refuses'}: ${name}`, () => {
    const encoded = value ?? encodeURIComponent(json);
    const found = decode(encoded);
    assert.equal(found !== null, ok, `want ${ok ? 'a record' : 'null'} from ${encoded.slice(0, 200)}, got ${JSON.stringify(found)}`);
    if (!ok) return;
    const fields = JSON.parse(decodeURIComponent(encoded));
    for (const key of ['v', 'id', 'rev', 'at', 'choices', ...fields.v === 2 ? ['of'] : []]) assert.deepEqual(found[key], fields[key], key);
    assert.deepEqual({ ...found.services }, fields.services ?? {}, 'services');
    // What was taken comes back as it was.
    assert.deepEqual(decode(encode(found)), found, 'decode ∘ encode must be the identity');
  });
}

test('decode never throws, whatever it is given', () => {
  const pieces = ['%', '%22', '%7B', '%7D', '"', '{', '}', '[', ']', ',', ':', 'v', '1', 'null', 'true', '%00', '%C3', '%ED%A0%80', ' ', '\n', '\u00e9', '\ud800', '__proto__', 'e308', '-0', '"rev":', 'x'.repeat(5000)];
  let seed = 1;
  const random = (n) => { seed = (seed * 48271) % 2147483647; return seed % n; };
  for (let i = 0; i < 20_000; i++) {
    const value = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join('');
    assert.equal(decode(value), null, `nothing can be read from ${JSON.stringify(value).slice(0, 200)}`);
  }
  for (const value of [undefined, null, 0, {}, [], '']) assert.equal(decode(value), null, String(value));
});

test('a record with one thing changed at a time is refused', () => {
  const good = record(rev, { choices: choices(true) });
  assert.ok(decode(written(good)), 'the record itself must be taken');
  const bad = {
    v: [0, 2, 3, '1', null, true, 1.5],
    id: ['', 'x', good.id.toUpperCase() + 'A', null, 1, good.id + '\n', good.id.slice(1)],
    rev: ['', 'zzzzzzzz', rev.toUpperCase(), rev + '0', null, 12345678],
    at: [0, -1, 1.5, '1764000000', null, 2 ** 53, true],
    choices: [null, [], 'x', { a: 1 }, { a: null }, { A: true }, { '': true }, { 'a b': true }, { '1a': true }],
    services: [null, [], 'x', { a: 'true' }, { __proto__x: true }],
  };
  for (const [key, values] of Object.entries(bad)) {
    for (const value of values) assert.equal(decode(written({ ...good, [key]: value })), null, `${key}: ${JSON.stringify(value)}`);
  }
});

test('of several cookies, the newest that is valid is read', async () => {
  const at = now();
  const [older, newer, stale, other] = [record(rev, { at: at - 100 }), record(rev, { at: at - 10 }), record(rev, { at: at - 181 * 86_400 }), record('ffffffff', { at, choices: choices(true) })];
  const line = (...records) => records.map((r) => 'cookies_preferences=' + (typeof r === 'string' ? r : written(r))).join('; ');
  for (const [cookies, expected] of [
    ['', null],
    ['cookies_preferences', null],
    ['cookies_preferences=', null],
    ['xcookies_preferences=' + written(newer), null],
    ['cookies_preferencesx=' + written(newer), null],
    ['COOKIES_PREFERENCES=' + written(newer), null],
    [line(older), older],
    [line(older, newer), newer],
    [line(newer, older), newer],
    [line(stale, older, other, 'nonsense'), older],
    [line(stale, other), null],
    ['a=b; ' + line(newer) + '; c=cookies_preferences=' + written(other), newer],
    [line(older).replace('=', ' ='), null],
  ]) {
    jar.cookie = cookies;
    assert.equal((await read())?.id ?? null, expected?.id ?? null, cookies.slice(0, 120));
  }
});

test('a choice of the very second in which it expires still counts, a second later it does not', async () => {
  const real = Date.now;
  try {
    const moment = now();
    jar.cookie = 'cookies_preferences=' + written(record(rev, { at: moment - 15_552_000 }));
    Date.now = () => moment * 1000;
    assert.ok((await read()), 'at the end of the lifetime');
    Date.now = () => (moment + 1) * 1000;
    assert.equal((await read()), null, 'after it');
    jar.cookie = 'cookies_preferences=' + written(record(rev, { at: moment + 86_400 }));
    Date.now = () => moment * 1000;
    assert.ok((await read()), 'one day in the future: a wrong clock');
    Date.now = () => (moment - 1) * 1000;
    assert.equal((await read()), null, 'more than a day in the future');
  } finally {
    Date.now = real;
  }
});
