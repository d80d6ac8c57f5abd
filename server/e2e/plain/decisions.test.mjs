// What the loader decides as Go does, without a browser: what is allowed, how an
// answer is divided into categories and services, what the dialog's switches and a
// form mean, and on which paths a page sees cookies; by the vectors that both are held to.
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { folder, repository } from '../lib/server.mjs';

globalThis.document = { cookie: '', currentScript: null, baseURI: 'https://site.example/', querySelectorAll: () => [] };
globalThis.location = new URL('https://site.example/a/b');
globalThis.origin = location.origin;
globalThis.window = globalThis.top = globalThis; // in no frame

const vectors = JSON.parse(await readFile(path.join(repository, 'app/consent/testdata/decisions.json'), 'utf8'));
const { services } = vectors.catalogue;
// What is not offered the server does not name: see newLoader in server/site/loader.go.
const categories = vectors.catalogue.categories.filter(({ id, necessary }) => necessary || services.some(({ category }) => category === id));

// Node takes a file .js for a module where a package.json says so.
const dir = await folder(after);
await cp(path.join(repository, 'web'), dir, { recursive: true, filter: (file) => !/dist|texts|presets/.test(path.relative(repository, file)) });
await writeFile(path.join(dir, 'package.json'), '{"type": "module"}');
const ids = (list) => list.map(({ id }) => id);
const known = {
  cookie: 'cookies_preferences', rev: '0a1b2c3d', lifetime: 15_552_000, attributes: '; Path=/',
  categories: ids(categories),
  services: Object.fromEntries(services.map(({ id, category }) => [id, category])),
  necessary: ids(categories.filter(({ necessary }) => necessary)),
  marks: Object.fromEntries([...categories, ...services].map(({ id }, i) => [id, services.some((s) => s.id === id) ? `s${10 + i}abc` : `c${10 + i}`])),
  exempt: ids([...categories, ...services].filter(({ anonymous }) => anonymous)),
};
const [, order] = /export const \[([^]*?)\] = temoinBundle/.exec(await readFile(path.join(dir, 'loader/bundle.js'), 'utf8'));
globalThis.temoinBundle = [...order.matchAll(/^ {2}(\w+),/gm)].map(([, name]) => known[name]);
const load = (name) => import(pathToFileURL(path.join(dir, name)).href);
const { current, forget, grants, save } = await load('loader/choice.js');
const { folders } = await load('loader/cookie.js');
const { followForms } = await load('later/form.js');
const { mixed, switched } = await load('dialog/draft.js');

for (const { name, record, allowed } of vectors.granted) {
  test(`granted: ${name}`, () => {
    const got = [...vectors.asked, 'unknown', 'constructor', 'other'].filter((id) => grants(record, id));
    assert.deepEqual(got.sort(), [...allowed].sort());
  });
}

for (const { name, answers, choices, services } of vectors.split) {
  test(`split: ${name}`, () => {
    forget();
    save(answers);
    assert.deepEqual({ ...current().choices }, choices);
    assert.deepEqual({ ...current().services }, services);
  });
}

for (const { name, ticked, anew, allowed } of vectors.form) {
  test(`form: ${name}`, () => {
    globalThis.FormData = class { getAll() { return ticked; } };
    let meant;
    followForms({ services: known.services, current: () => anew && { asked: anew }, has: () => false, onChange() {}, answer() {}, choose(answers) { meant = answers; } })({}, undefined);
    forget();
    save(meant);
    const asked = vectors.asked.filter((id) => id !== 'necessary' && id !== 'login');
    assert.deepEqual(asked.filter((id) => grants(current(), id)).sort(), [...allowed].sort());
  });
}

for (const { name, on, switch: id, to, want, mixed: apart } of vectors.drafts) {
  test(`draft: ${name}`, () => {
    // As the dialog has it: what is necessary has no switch of its services.
    const services = new Map(Object.entries(known.services).filter(([, category]) => category !== 'necessary'));
    const before = Object.fromEntries([...known.categories, ...services.keys()].map((id) => [id, on.includes(id)]));
    const after = switched(before, services, id, to);
    assert.deepEqual(Object.keys(after).filter((id) => after[id]).sort(), [...want].sort());
    assert.deepEqual(known.categories.filter((category) => mixed(after, services, category)), apart);
  });
}

for (const { path, folders: want } of vectors.folders) {
  test(`folders: ${path}`, () => assert.deepEqual([...new Set(folders(path))].sort(), [...want].sort()));
}
