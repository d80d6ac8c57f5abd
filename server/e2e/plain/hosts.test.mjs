// Which services an address is one of, without a browser: the loader decides as Go
// does, by the vectors that both are held to.
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { folder, repository } from '../lib/server.mjs';

globalThis.Node = class { get baseURI() { return 'https://site.example/a/b'; } };
globalThis.document = Object.assign(new Node(), { currentScript: null, cookie: '' });
globalThis.location = new URL(document.baseURI);
globalThis.origin = location.origin;
globalThis.window = globalThis.top = globalThis; // in no frame

const vectors = JSON.parse(await readFile(path.join(repository, 'app/consent/testdata/hosts.json'), 'utf8'));
const source = await readFile(path.join(repository, 'web/loader/bundle.js'), 'utf8');
const [, order] = /export const \[([^]*?)\] = temoinBundle/.exec(source);
const names = [...order.matchAll(/^ {2}(\w+),/gm)].map(([, name]) => name);

for (const { name, rules, cases } of vectors) {
  test(name, async () => {
    // Each bundle has modules of its own; Node takes a file .js for one where a package.json says so.
    const dir = await folder(after);
    await cp(path.join(repository, 'web/loader'), dir, { recursive: true });
    await writeFile(path.join(dir, 'package.json'), '{"type": "module"}');
    const known = { hosts: rules, services: {}, categories: [], necessary: [], exempt: [] };
    globalThis.temoinBundle = names.map((name) => known[name]);
    const { servicesAt } = await import(pathToFileURL(path.join(dir, 'hosts.js')).href);
    assert.ok(cases.length > 0);
    for (const { url, services } of cases) assert.equal(servicesAt(url) ?? '', services, url);
  });
}
