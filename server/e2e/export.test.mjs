// The export: the same files for any static host, and the same behaviour there.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { launch, plain } from './lib/browser.mjs';
import { choices } from './lib/records.mjs';
import { folder, plainCatalogue, send, startSite, startTemoin, temoin } from './lib/server.mjs';

// A static host keeps no receipts; to be compared with, the server keeps none either.
const server = await startTemoin(after, { args: ['-data', ''] });
const browser = await launch(after);
const dir = path.join(await folder(after), 'public');
const exported = await temoin('export', '-catalogue', server.catalogue, '-max-age', '0', dir);

/** All files below a folder, as paths. */
async function files(root) {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name))).sort();
}

/** The exported files behind a host that knows nothing but types by extension. */
async function host(t, root) {
  const site = await startSite(t);
  const types = { '.js': 'text/javascript', '.json': 'application/json', '.css': 'text/css', '.html': 'text/html; charset=utf-8', '.wasm': 'application/octet-stream' };
  for (const file of await files(root)) {
    const body = await readFile(path.join(root, file));
    const headers = { 'content-type': types[path.extname(file)] ?? 'application/octet-stream' };
    site.file('/' + file, body, headers);
    if (path.basename(file) === 'index.html') {
      site.file('/' + path.dirname(file), body, headers);
      site.file(`/${path.dirname(file)}/`, body, headers);
    }
  }
  return site;
}

/** The files that a line of the manifest stands for: what is too small to shrink is there once. */
const written = ({ path: name, size, gzip, brotli }) => [name, ...(brotli < size ? [name + '.br'] : []), ...(gzip < size ? [name + '.gz'] : [])];

test('the export says what it made, and exits 0', async () => {
  assert.equal(exported.code, 0, exported.stderr);
  for (const name of ['temoin.js', 'temoin.fr.js', 'temoin.en.js', 'app.', 'runtime.']) assert.ok(exported.stdout.includes(name), `${name} in ${exported.stdout}`);
});

test('the manifest names every file, with sizes and hashes that are right, and there is no other file', async () => {
  const manifest = JSON.parse(await readFile(path.join(dir, 'temoin-manifest.json'), 'utf8'));
  assert.match(manifest.rev, /^[0-9a-f]{8}$/);
  const there = await files(dir);
  const expected = manifest.files.flatMap(written);
  assert.deepEqual(there, [...expected, 'temoin-manifest.json'].sort());
  for (const { path: name, size, gzip, brotli, integrity } of manifest.files) {
    const body = await readFile(path.join(dir, name));
    assert.equal(integrity, 'sha384-' + createHash('sha384').update(body).digest('base64'), `integrity of ${name}`);
    if (written({ path: name, size, gzip, brotli }).length === 1) {
      assert.deepEqual([size, gzip, brotli], [body.length, body.length, body.length], `sizes of ${name}`);
      continue;
    }
    const [gz, br] = await Promise.all(['.gz', '.br'].map((extension) => readFile(path.join(dir, name + extension))));
    assert.deepEqual([size, gzip, brotli], [body.length, gz.length, br.length], `sizes of ${name}`);
    assert.ok(gunzipSync(gz).equals(body) && brotliDecompressSync(br).equals(body), `${name} in each encoding`);
  }
});

test('each file is byte for byte what the server sends, in each encoding', async () => {
  const { files: list } = JSON.parse(await readFile(path.join(dir, 'temoin-manifest.json'), 'utf8'));
  for (const file of list) {
    const { path: name } = file;
    const url = server.url + '/' + name.replace(/\/index\.html$/, '');
    const page = name.endsWith('index.html');
    const extensions = page ? [''] : written(file).map((made) => made.slice(name.length));
    for (const extension of extensions) {
      const encoding = { '': 'identity', '.br': 'br', '.gz': 'gzip' }[extension];
      const answer = await send(url, { headers: { 'accept-encoding': encoding, 'accept-language': 'fr' } });
      assert.equal(answer.status, 200, url);
      assert.ok(answer.body.equals(await readFile(path.join(dir, name + extension))), `${name}${extension} must be what the server sends`);
    }
  }
});

test('on a plain static host, without the type application/wasm, all works', async (t) => {
  const site = await host(t, dir);
  site.page('/', '<!doctype html><html lang="fr"><head><script src="/temoin.js"></script><title>static</title><link rel="icon" href="data:,"></head><body><p>text</body></html>');
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/');
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('youtube');
  await tab.press('save');
  await tab.bannerIsGone();
  const { choices: kept, services } = await tab.record();
  assert.deepEqual([kept, services], [choices(false), { matomo: true, youtube: true }]);
  await tab.reload();
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false);
  assert.deepEqual(tab.errors, []);
  assert.deepEqual(await tab.lines(), []);
});

test('on a static host the charter and its form work, in each language', async (t) => {
  const site = await host(t, dir);
  for (const [lang, saved] of [['fr', /Votre choix est enregistré/], ['en', /Your choice has been saved/]]) {
    const tab = await browser.tab(t);
    await tab.visit(`${site.url}/charte-cookies/${lang}`);
    await tab.bannerIsThere();
    await tab.click('input[value=facebook]');
    await tab.click('button[value=save]');
    await tab.bannerIsGone();
    assert.deepEqual((await tab.record()).services, { matomo: true, facebook: true });
    assert.match(plain((await tab.layers()).notice), saved);
    assert.match(await tab.url(), new RegExp(`/charte-cookies/${lang}$`), 'no request may be needed');
  }
});

test('in a subfolder of another site the parts are found', async (t) => {
  const site = await startSite(t);
  for (const file of await files(dir)) site.file('/vendor/cookies/' + file, await readFile(path.join(dir, file)), { 'content-type': file.endsWith('.js') ? 'text/javascript' : 'application/octet-stream' });
  site.page('/', '<!doctype html><html lang="en"><head><script src="/vendor/cookies/temoin.js"></script><title>static</title></head><body><p>text</body></html>');
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/');
  await tab.goRuns();
  assert.equal(await tab.inside((shadow) => shadow.querySelector('.title').textContent), 'Your cookie choices');
  assert.deepEqual(tab.errors, []);
});

test('exported again it is the same; with another catalogue the old files go', async (t) => {
  const own = path.join(await folder(t), 'public');
  const state = async () => Promise.all((await files(own)).map(async (name) => [name, createHash('sha256').update(await readFile(path.join(own, name))).digest('hex')]));
  assert.equal((await temoin('export', '-catalogue', server.catalogue, own)).code, 0);
  const first = await state();
  assert.equal((await temoin('export', own, '-catalogue', server.catalogue)).code, 0, 'flags may come after the folder');
  assert.deepEqual(await state(), first);
  const other = path.join(await folder(t), 'catalogue.yaml');
  await writeFile(other, await plainCatalogue());
  assert.equal((await temoin('export', '-catalogue', other, own)).code, 0);
  const manifest = JSON.parse(await readFile(path.join(own, 'temoin-manifest.json'), 'utf8'));
  assert.equal((await files(own)).length, manifest.files.flatMap(written).length + 1, 'no file of the earlier export may be left');
});

test('a folder that holds something else is refused, and left as it is', async (t) => {
  for (const [name, make] of [
    ['a file of somebody’s', (root) => writeFile(path.join(root, 'index.html'), 'mine')],
    ['a file in a folder', async (root) => { await mkdir(path.join(root, 'temoin')); await writeFile(path.join(root, 'temoin', 'mine.js'), 'mine'); }],
    ['a file with one of our names', (root) => writeFile(path.join(root, 'temoin.js'), 'mine')],
    ['a link to elsewhere', (root) => symlink('/etc', path.join(root, 'temoin'))],
  ]) {
    const root = await folder(t);
    await make(root);
    const before = await readdir(root, { recursive: true });
    const { code, stderr } = await temoin('export', '-catalogue', server.catalogue, root);
    assert.equal(code, 1, `${name} must be refused`);
    assert.match(stderr, /^temoin: export into .*: /, `${name}: ${stderr}`);
    assert.deepEqual(await readdir(root, { recursive: true }), before, `${name}: the folder must be as before`);
  }
});

test('a manifest that names files outside of its folder cannot make the export delete them', async (t) => {
  const base = await folder(t);
  const root = path.join(base, 'public');
  await mkdir(root);
  await writeFile(path.join(base, 'victim'), 'keep me');
  await writeFile(path.join(root, 'temoin-manifest.json'), JSON.stringify({ rev: 'x', files: [{ path: '../victim' }, { path: path.join(base, 'victim') }] }));
  const { code } = await temoin('export', '-catalogue', server.catalogue, root);
  assert.equal(code, 1);
  assert.equal(await readFile(path.join(base, 'victim'), 'utf8'), 'keep me');
});

test('with a catalogue that is not valid nothing is written', async (t) => {
  const base = await folder(t);
  const bad = path.join(base, 'bad.yaml');
  await writeFile(bad, 'site: 1\n');
  const { code, stderr } = await temoin('export', '-catalogue', bad, path.join(base, 'public'));
  assert.equal(code, 1);
  assert.match(stderr, /bad\.yaml:1:/);
  await assert.rejects(stat(path.join(base, 'public')), /ENOENT/);
});
