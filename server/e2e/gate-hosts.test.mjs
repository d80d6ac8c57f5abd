// Hosts that several services share, paths on them, and paths of the site itself.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';

import { catalogue, include, page, service, startStranger } from './lib/gate.mjs';
import { eventually, folder, startSite, startTemoin, temoin } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const stranger = await startStranger(after);
const shared = [
  service('map', 'third-party', { kind: 'media', hosts: ['www.big.localhost'] }),
  service('captcha', 'necessary', { hosts: ['www.big.localhost'] }),
  service('paths-map', 'third-party', { kind: 'media', hosts: ['www.paths.localhost/maps/'] }),
  service('paths-captcha', 'first-party', { hosts: ['www.paths.localhost/captcha/', 'www.paths.localhost/tag.js'] }),
  service('gateway', 'statistics', { kind: 'measure', hosts: ['127.0.0.1/metrics/'] }),
];
const text = catalogue(shared, { site: { name: 'Portal', url: 'http://127.0.0.1' } });
const { browser, site } = await stage({ catalogue: text });

const bring = (...urls) => `<script>
  for (const url of ${JSON.stringify(urls)}) {
    const element = document.createElement(/\\.js/.test(url) ? 'script' : 'iframe');
    element.src = url; document.body.append(element);
  }</script>`;
const asked = (host, start) => stranger.requests.filter((request) => request.host === host && request.path.startsWith(start)).length;

test('one service’s consent never lets another in on the same host', async (t) => {
  const visitor = await browser.visitor(t);
  site.page('/shared', page(include, bring(stranger.url('www.big', 'maps/embed'), stranger.url('www.paths', 'maps/embed'), stranger.url('www.paths', 'captcha/api.js'), stranger.url('www.paths', 'tag.js'), stranger.url('www.paths', 'free.js'))
    + `<div id="box"></div><script>box.innerHTML = '<iframe src="${stranger.url('www.paths', 'maps/markup')}"></iframe>';</script>`));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/shared');
  await tab.settles();
  assert.deepEqual(stranger.requests.map((request) => request.path), ['/free.js'], 'before a choice: what no service loads alone');
  await tab.run(() => { window.temoin.save({ 'paths-captcha': true }); });
  await eventually(() => asked('www.paths.localhost', '/captcha/') && asked('www.paths.localhost', '/tag.js'), 'what was allowed to be let in');
  await tab.settles();
  assert.deepEqual([asked('www.paths.localhost', '/maps/'), asked('www.big.localhost', '/')], [0, 0], 'the maps were refused');
  await tab.run(() => { window.temoin.save({ map: true, 'paths-map': true }); });
  await eventually(() => asked('www.paths.localhost', '/maps/embed') && asked('www.paths.localhost', '/maps/markup') && asked('www.big.localhost', '/maps/'), 'the maps to be let in');
});

test('paths on the site’s own host wait: a tag gateway’s script that a script brings in', async (t) => {
  for (const name of ['/metrics/gtm.js', '/own.js']) site.file(name, `(window.ran ??= []).push('${name}')`, { 'content-type': 'text/javascript' });
  const visitor = await browser.visitor(t);
  site.page('/gateway', page(include, bring('/metrics/gtm.js?id=1', '/own.js')));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/gateway');
  await tab.settles();
  assert.deepEqual(site.asked(/gtm|own/), ['/own.js']);
  await tab.run(() => { window.temoin.accept(); });
  await tab.until(() => window.ran?.length === 2, 'the tag to run');
});

test('temoin check warns of a host that services share, and takes paths', async (t) => {
  const file = path.join(await folder(t), 'catalogue.yaml');
  await writeFile(file, text);
  const { code, stdout } = await temoin('check', file);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /warning: the host www\.big\.localhost is given to map and captcha/);
  assert.equal(stdout.match(/is given to/g).length, 1, stdout);
});

test('a cookie.domain that is no part of the page’s host: the choice is kept for the host, and the console says so', async (t) => {
  const server = await startTemoin(t, { catalogue: catalogue([service('counter', 'statistics', { kind: 'measure' })], { site: { name: 'Portal', url: 'https://data.rivemont.example' }, cookie: { domain: 'rivemont.example' } }) });
  const preview = await startSite(t, { upstream: server.url });
  const visitor = await browser.visitor(t);
  preview.page('/preview', page(include));
  const tab = await visitor.tab();
  await tab.visit(preview.url + '/preview');
  await tab.bannerIsThere();
  await tab.press('accept');
  await tab.bannerIsGone();
  await eventually(() => tab.console.some((line) => /no part of cookie\.domain, rivemont\.example/.test(line)), () => `a word about the domain: ${tab.console}`);
  await tab.reload();
  await tab.until(() => !!window.temoin.choice, 'the choice to be kept');
  assert.equal((await tab.layers()).notice, '', 'nothing says that it was not kept');
  const [kept] = await tab.choiceCookies();
  assert.equal(kept.domain, '127.0.0.1');
});

test('a script that is not the page’s temoin.js file is told what it needs', async (t) => {
  const visitor = await browser.visitor(t);
  site.file('/all.js', await (await fetch(`${site.url}/temoin.js`)).text(), { 'content-type': 'text/javascript' });
  site.page('/joined', page('<script src="/all.js"></script>'));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/joined');
  await eventually(() => tab.console.some((line) => /all\.js/.test(line) && /file of its own/.test(line)), () => `a word about the file: ${tab.console}`);
  // Put off until the visitor moves, as optimisers do, it works.
  site.page('/delayed', page('', '<button id="b">b</button><script>document.querySelector("#b").onclick = () => { const script = document.createElement("script"); script.src = "/temoin.js"; document.head.append(script); };</script>'));
  await tab.visit(site.url + '/delayed');
  await tab.run(() => document.querySelector('#b').click());
  await tab.bannerIsThere();
});
