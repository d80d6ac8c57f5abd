// The sites that Témoin is put into, as they are: WordPress with the plugin, and
// Django with the middleware, of docs/stacks.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { launch } from './lib/browser.mjs';
import { catalogue, service } from './lib/gate.mjs';
import { send, startSite, startTemoin } from './lib/server.mjs';
import { startDjango, startWordPress } from './lib/stacks.mjs';

const temoin = await startTemoin(after, {
  command: 'serve',
  catalogue: catalogue([service('counter', 'statistics'), service('video', 'third-party'), service('login', 'necessary')]),
});
const [browser, wordpress, django] = await Promise.all([
  launch(after),
  startWordPress(after, { temoin_scripts: 'counter statistics counter' }),
  startDjango(after, `${temoin.url}/temoin/catalogue.json`),
]);

const front = (upstream) => startSite(after, { upstream, folders: { '/temoin/': temoin.url } });

test('WordPress: what waits does so until it is allowed, and the WP Consent API hears of it', async (t) => {
  const site = await front(wordpress);
  site.file('/counter.js', 'ran.push("counter");', { 'content-type': 'text/javascript' });
  site.page('/frame.html', '<title>frame</title>');
  const tab = await browser.tab(t);
  await tab.visit(`${site.url}/?pagename=video`);
  await tab.sees('accept');
  const before = await tab.run(() => ({
    first: document.head.querySelector('script').getAttribute('src'),
    ran: window.ran ?? null,
    consents: window.consents,
    faults: document.body.innerText.match(/(Warning|Notice|Deprecated): .*/)?.[0] ?? null,
  }));
  assert.deepEqual(before, { first: '/temoin/temoin.js', ran: null, consents: {}, faults: null });
  assert.deepEqual(site.asked(/counter|frame/), []);

  await tab.run(() => window.temoin.save({ statistics: true, 'third-party': false }));
  await tab.until(() => window.ran?.length === 3, 'the script that waited, and what WordPress prints around it');
  assert.deepEqual(await tab.run(() => window.ran), ['before', 'counter', 'after']);
  assert.deepEqual(await tab.run(() => window.consents), { statistics: 'allow', preferences: 'deny', marketing: 'deny' });
  assert.deepEqual(site.asked(/frame/), []);

  await tab.run(() => window.temoin.accept());
  await tab.until(() => !!document.querySelector('iframe[src="/frame.html"]'), 'what the shortcode holds');
  assert.equal(await tab.run(() => window.consents.marketing), 'allow');
  await tab.visit(`${site.url}/?pagename=video`);
  await tab.until(() => window.consents?.marketing === 'allow', 'the API to be told at each page');
});

test('Django: a page is rendered for what was allowed', async (t) => {
  const site = await front(django);
  const tab = await browser.tab(t);
  const said = () => tab.run(() => document.querySelector('#said').textContent.replace(/\s+/g, ' '));
  await tab.visit(site.url);
  await tab.sees('accept');
  assert.equal(await said(), 'no video, no third, necessary');
  await tab.run(() => window.temoin.save({ 'third-party': true }));
  await tab.visit(site.url);
  assert.equal(await said(), 'video, third, necessary');
  await tab.run(() => window.temoin.refuse());
  await tab.visit(site.url);
  assert.equal(await said(), 'no video, no third, necessary');

  const answers = await Promise.all(['/', '/plain'].map((path) => send(django + path)));
  assert.deepEqual(answers.map(({ headers }) => headers.vary), ['Cookie', undefined]);
});
