// What the product costs a visitor, and must not cost: bytes before anybody
// comes near, bytes on a second page, memory over a long stay.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { needs } from './lib/browser.mjs';
import { include, page } from './lib/gate.mjs';
import { smallCatalogue, startTemoin } from './lib/server.mjs';
import { loader, parts, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

test('the banner is there after one request', async (t) => {
  const tab = await browser.tab(t);
  const release = site.hold(parts);
  await tab.visit(site.url);
  await tab.bannerIsThere();
  const answered = await tab.run(() => performance.getEntriesByType('resource')
    .filter(({ name, responseEnd }) => responseEnd > 0 && new URL(name).pathname.startsWith('/temoin')).map(({ name }) => new URL(name).pathname));
  release();
  assert.equal(answered.length, 1, `${answered}`);
  assert.match(answered[0], loader);
});

test('with "load: idle" the program takes the layers over though nobody comes near', async (t) => {
  const { url } = await startTemoin(t, { catalogue: await smallCatalogue() + '\nload: idle\n' });
  const tab = await browser.tab(t);
  await tab.visit(url);
  await tab.goDraws();
});

test('a second page costs a visitor who has not answered no request for the program', needs('cache'), async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.settles();
  const before = site.asked(parts).length;
  assert.ok(before >= 3, 'the runtime, the program and the edition');
  await tab.visit(site.url + '/a-propos');
  await tab.goRuns();
  await tab.settles();
  assert.deepEqual(site.asked(parts).slice(before), [], 'all has to come from the browser’s cache');
  const sent = await tab.run(() => performance.getEntriesByType('resource').filter(({ name }) => new URL(name).pathname.startsWith('/temoin/')).map(({ name, transferSize }) => [name, transferSize]));
  for (const [name, bytes] of sent) assert.equal(bytes, 0, name);
});

test('who has answered gets a page that begins as if it had no banner; the button to reopen comes a moment later', async (t) => {
  site.page('/early', page(`${include}<script>addEventListener('DOMContentLoaded', () => setTimeout(() => { window.early = document.getElementById('temoin') !== null; }));</script>`, '', 'fr'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/early');
  await tab.bannerIsThere();
  assert.equal(await tab.run(() => window.early), true, 'who has not answered gets the banner with the page');
  await tab.press('accept');
  await tab.bannerIsGone();
  await tab.reload();
  await tab.sees('open');
  assert.equal(await tab.run(() => window.early), false);
});

// ---- memory ----

const rounds = 1000; // of opening and closing the dialog

/** Runs before the page's scripts: lets the test see how much memory Go has taken. */
function watchGo() {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...args) => {
    const instance = await instantiate(...args);
    window.goMemory = () => instance.exports.mem.buffer.byteLength;
    return instance;
  };
}

/** In the page: opens and closes the dialog so many times, with a switch turned each time. */
async function openAndClose(times) {
  const shadow = document.getElementById('temoin').shadowRoot;
  const next = () => new Promise((resolve) => { setTimeout(resolve); });
  for (let i = 0; i < times; i++) {
    window.temoin.open();
    while (!shadow.querySelector('dialog[open]')) await next();
    shadow.querySelector('input[role="switch"]:enabled')?.click();
    shadow.querySelector('dialog [data-temoin="close"]').click();
    while (shadow.querySelector('dialog[open]')) await next();
  }
}

test(`opening and closing the dialog ${rounds} times leaves nothing behind`, needs('memory'), async (t) => {
  const tab = await browser.tab(t, { before: [watchGo] });
  const devtools = await tab.driver.createCDPSession();
  const measure = async () => {
    await devtools.send('HeapProfiler.collectGarbage');
    const { usedSize } = await devtools.send('Runtime.getHeapUsage');
    const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters');
    return { heap: usedSize, nodes, listeners: jsEventListeners, go: await tab.run(() => window.goMemory()) };
  };
  await tab.visit(site.url);
  await tab.goRuns();
  // In parts, each of which the driver waits for within its half minute.
  const repeat = async (times) => { for (let i = 0; i < times; i += 10) await tab.run(openAndClose, 10); };
  await repeat(200); // until all has been compiled, and Go's heap has its size
  const before = await measure();
  await repeat(rounds);
  const after = await measure();
  t.diagnostic(JSON.stringify({ before, after }));
  const grown = (key) => after[key] - before[key];
  // What Go let go of stays in the page until Go's next collection: that is some 200 kB.
  assert.ok(grown('heap') < 500 * rounds, `the page’s heap has grown by ${grown('heap')} bytes, 500 a round at most are allowed`);
  assert.ok(grown('nodes') <= 50, `${grown('nodes')} nodes more`);
  assert.ok(grown('listeners') <= 5, `${grown('listeners')} listeners more`);
  assert.ok(grown('go') <= 4 << 20, `Go has taken ${grown('go')} bytes more`);
});
