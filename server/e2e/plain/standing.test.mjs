// What of earlier answers stands for the loader, and what it writes over them, without
// a browser: by the vectors that Go is held to, each catalogue in a process of its own.
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { folder, repository } from '../lib/server.mjs';

globalThis.document = { cookie: '', currentScript: null, baseURI: 'https://site.example/' };
globalThis.location = new URL('https://site.example/');
Object.assign(globalThis, { window: globalThis, top: globalThis, origin: location.origin });

const { catalogues, cases } = JSON.parse(await readFile(path.join(repository, 'app/consent/testdata/standing.json'), 'utf8'));

// Node takes a file .js for a module where a package.json says so.
const dir = await folder(after);
await writeFile(path.join(dir, 'package.json'), '{"type": "module"}');
const ids = (list) => list.map(({ id }) => id);

/** The loader's modules for a catalogue: each needs its own, since the bundle is read once. */
async function loader(name, { rev, lifetime, marks, categories, services }) {
  const known = {
    cookie: 'cookies_preferences', attributes: '; Path=/', rev, lifetime, marks,
    categories: ids(categories.filter(({ id, necessary }) => necessary || marks[id])),
    services: Object.fromEntries(services.map(({ id, category }) => [id, category])),
    necessary: ids(categories.filter(({ necessary }) => necessary)),
    exempt: ids([...categories, ...services].filter(({ anonymous }) => anonymous)),
  };
  const own = path.join(dir, String(Object.keys(catalogues).indexOf(name)));
  await cp(path.join(repository, 'web/loader'), path.join(own, 'loader'), { recursive: true });
  await cp(path.join(repository, 'web/later'), path.join(own, 'later'), { recursive: true });
  const [, order] = /export const \[([^]*?)\] = temoinBundle/.exec(await readFile(path.join(own, 'loader/bundle.js'), 'utf8'));
  globalThis.temoinBundle = [...order.matchAll(/^ {2}(\w+),/gm)].map(([, key]) => known[key]);
  const load = (file) => import(pathToFileURL(path.join(own, file)).href);
  const cookie = await load('loader/cookie.js');
  const choice = await load('loader/choice.js');
  const { standing } = await load('later/standing.js');
  const later = standing({ ...known, ...cookie, grants: choice.grants });
  choice.learnBy(async () => ({ standing: later }));
  return { ...cookie, ...choice, ...later };
}

const loaders = {};
for (const [name, catalogue] of Object.entries(catalogues)) loaders[name] = await loader(name, catalogue);

/** Runs act at another time. */
function at(now, act) {
  const real = Date.now;
  Date.now = () => now * 1000;
  try {
    return act();
  } finally {
    Date.now = real;
  }
}

const sorted = (list) => [...list ?? []].sort();

/** A record as it is written, with the marks of each moment in one order: a catalogue's is nobody's matter. */
const normal = (json) => {
  const record = JSON.parse(json);
  return { ...record, of: record.of?.split('!').map((round) => round.split(/[.~]/).sort().join('~')).join('!') };
};

for (const { name, catalogue, now, cookies, choices, services, asked, allowed, answers } of cases) {
  test(name, () => at(now, () => {
    const l = loaders[catalogue];
    const every = [...ids(catalogues[catalogue].categories), ...ids(catalogues[catalogue].services)];
    document.cookie = cookies.map((json) => 'cookies_preferences=' + encodeURIComponent(json)).join('; ');
    const records = l.values().map(l.decode).filter((record) => record && l.lasts(record.at)).sort((a, b) => b.at - a.at);
    const { view } = l.read(records);
    assert.deepEqual(view && { choices: { ...view.choices }, services: { ...view.services }, asked: sorted(view.asked) }, choices && { choices, services, asked: sorted(asked) });
    assert.deepEqual(sorted(every.filter((id) => l.grants(view, id))), sorted(allowed), 'what is allowed');
    for (const { allow, part, written } of answers) {
      const record = l.answered(records, '11111111-1111-4111-8111-111111111111', now, (id) => (allow ?? []).includes(id), part);
      assert.deepEqual(normal(JSON.stringify(l.plain(record))), normal(written), `allows ${allow}`);
    }
  }));
}

// What the loader reads and writes by itself has to be what that part of later.js would.
for (const { name, catalogue, now, cookies, choices, services, asked, answers } of cases) {
  const { rev } = catalogues[catalogue];
  if (cookies.length !== 1 || JSON.parse(cookies[0]).rev !== rev || asked) continue;
  test(`by itself: ${name}`, () => at(now, () => {
    const l = loaders[catalogue];
    document.cookie = 'cookies_preferences=' + encodeURIComponent(cookies[0].replace(/"id":"[^"]*"/, `"id":"${crypto.randomUUID()}"`));
    l.refresh();
    if (!l.current()) return; // some of it is over
    assert.deepEqual({ choices: { ...l.current().choices }, services: { ...l.current().services } }, { choices, services });
    const { allow } = answers.find(({ part }) => !part);
    document.cookie = '';
    l.refresh();
    l.save(Object.fromEntries(Object.keys(catalogues[catalogue].marks).map((id) => [id, (allow ?? []).includes(id)])));
    const written = decodeURIComponent(document.cookie.split(';')[0].split('=')[1]);
    const { id, ...got } = normal(written);
    const { id: _, ...want } = normal(JSON.stringify(l.plain(l.answered([], id, now, (id) => (allow ?? []).includes(id), false))));
    assert.deepEqual(got, want);
  }));
}

test('there are cases of both kinds', () => {
  assert.ok(cases.filter(({ asked }) => asked).length > 15 && cases.filter(({ choices, asked }) => choices && !asked).length > 15);
});
