// Scripts that are let in behave as if they had been there from the start: in
// order, told of what is over, and what they write lands where they stand.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';

import { allRan, catalogue, include, mark, page, services, startStranger } from './lib/gate.mjs';
import { choices, cookie, record } from './lib/records.mjs';
import { stage } from './lib/stage.mjs';

const stranger = await startStranger(after);
const { browser, site, rev } = await stage({ catalogue: catalogue(services) });

let count = 0;
const gated = 'type="text/plain" data-consent="statistics"';
const video = 'data-consent="third-party" data-service="video"';
const held = (source) => `<script ${gated}>${source}</script>`;
const external = (name, wait = 0) => stranger.url('elsewhere', `${name}.js?wait=${wait}`);

async function open(visitor, body, head = include) {
  const path = `/scripts-${(count += 1)}`;
  site.page(path, page(head, body));
  const tab = await visitor.tab();
  return tab.visit(site.url + path);
}

/** Runs look on a page that is accepted after it has been loaded, and on the next visit to the same page. */
async function bothWays(t, body, look, head) {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, body, head);
  await tab.until(() => performance.getEntriesByType('navigation')[0].loadEventEnd > 0, 'the page to be loaded');
  await tab.settles();
  await tab.run(() => { window.temoin.accept(); });
  await look(tab, 'accepted after the page was loaded');
  const back = await open(visitor, body, head);
  await look(back, 'on a returning visit');
  for (const each of [tab, back]) assert.deepEqual(each.errors, []);
}

const ranAre = async (tab, count, why) => {
  try { await tab.until((shadow, count) => window.ran?.length >= count, `${count} to run: ${why}`, count); } catch (error) {
    throw new Error(`${error.message}; there ran ${await allRan(tab)}; errors ${tab.errors}`);
  }
};

const listeners = {
  'document DOMContentLoaded': `document.addEventListener('DOMContentLoaded', (event) => { %s; window.seen = [event.type, event.target === document, event.currentTarget === document]; });`,
  'window DOMContentLoaded': 'window.addEventListener("DOMContentLoaded", () => { %s });',
  'bare DOMContentLoaded, once': 'addEventListener("DOMContentLoaded", () => { %s }, { once: true });',
  'window load': 'window.addEventListener("load", function () { if (this === window) { %s } });',
  'load, an object': 'window.addEventListener("load", { handleEvent() { %s } });',
  'pageshow': 'window.addEventListener("pageshow", () => { %s });',
  'readystatechange': 'document.addEventListener("readystatechange", () => { if (document.readyState === "complete") { %s } });',
  'onreadystatechange': 'document.onreadystatechange = () => { if (document.readyState === "complete") { %s } };',
  'onload, which calls the one before': 'const before = window.onload; window.onload = (event) => { before?.call(window, event); %s };',
  'body.onload': 'const earlier = document.body?.onload; addEventListener("load", () => { %s });',
  'jQuery’s ready': 'jQuery(() => { %s });',
  'jQuery’s load': 'jQuery(window).on("load", () => { %s });',
};

test('listeners for what is over are called once, the page’s own never twice', async (t) => {
  site.file('/jquery.js', await readFile(createRequire(import.meta.url).resolve('jquery')), { 'content-type': 'text/javascript' });
  const names = Object.keys(listeners);
  const own = `<script>
    window.own = [];
    for (const type of ['DOMContentLoaded', 'readystatechange']) document.addEventListener(type, () => { if (type !== 'readystatechange' || document.readyState === 'complete') own.push('document ' + type); });
    for (const type of ['DOMContentLoaded', 'load', 'pageshow']) window.addEventListener(type, () => own.push('window ' + type));
    window.onload = () => own.push('onload');
  </script>`;
  const body = `${own}<script ${gated} src="/jquery.js"></script>
    ${names.map((name) => held(`{ ${listeners[name].replaceAll('%s', mark(name))} }`)).join('\n')}
    <script ${gated} src="/listens.js"></script>
    <script ${gated} data-type="module">document.addEventListener('DOMContentLoaded', () => { ${mark('module')} });</script>
    ${held('const other = document.createElement("script"); other.textContent = "addEventListener(\'load\', () => { (window.ran ??= []).push(\'added\') })"; document.head.append(other);')}`;
  site.file('/listens.js', `addEventListener('load', () => { ${mark('external')} });`, { 'content-type': 'text/javascript' });
  await bothWays(t, body, async (tab, why) => {
    const want = [...names, 'external', 'module', 'added'].sort();
    await ranAre(tab, want.length, why);
    await tab.settles();
    assert.deepEqual((await allRan(tab)).sort(), want, why);
    const own = await tab.run(() => window.own);
    // On a returning visit a script may have taken window.onload before the page's own was called.
    assert.deepEqual(own.sort(), ['document DOMContentLoaded', 'document readystatechange', 'onload', 'window DOMContentLoaded', 'window load', 'window pageshow'], why);
    assert.deepEqual(await tab.run(() => window.seen), ['DOMContentLoaded', true, true], why);
    // From then on the page's listeners are the browser's.
    assert.equal(await tab.run(() => {
      const script = document.createElement('script');
      script.textContent = "window.told = 0; addEventListener('load', () => { told += 1; }); dispatchEvent(new Event('load'));";
      document.body.append(script);
      return window.told;
    }), 1, `the page's own way to listen, ${why}`);
  });
});

test('document.write of scripts that are let in lands where they stand, and the page stays', async (t) => {
  const script = (text) => `document.write(${JSON.stringify(text).replaceAll('</', '<\\/')});`;
  const body = `<h1 id="mine">page</h1>
    <div id="one">${held(`document.write('<p id="ad'); document.write('-1">', 'ad</p>'); document.writeln('<b id="b">b</b>');`)}<i id="next"></i></div>
    <div id="two"><template data-consent="statistics"><div>box</div><script>${script('<p id="ad-2">ad</p>')}</script><i></i></template></div>
    <div id="three"><script ${gated} src="/writes.js"></script></div>
    <div id="four">${held(script(`<script src="${external('written', 100)}"></script><script>${mark('after written')}</script>`))}</div>
    <div id="five">${held(`document.open(); document.write('<p id="ad-5">ad</p>'); document.close();`)}</div>
    <p id="end">end</p>`;
  site.file('/writes.js', `document.write('<p id="ad-3">ad</p>'); ${mark('external')}`, { 'content-type': 'text/javascript' });
  await bothWays(t, body, async (tab, why) => {
    await ranAre(tab, 3, why);
    await tab.settles();
    const found = await tab.run(() => ({
      page: ['#mine', '#end', '#temoin'].map((id) => !!document.querySelector(id)),
      one: [...document.querySelector('#one').children].map(({ localName, id }) => id || localName),
      ads: [2, 3, 5].map((n) => document.querySelector(`#ad-${n}`)?.parentElement.id),
      ran: window.ran.filter((name) => name !== 'external'),
    }));
    assert.deepEqual(found, {
      page: [true, true, true], one: ['script', 'ad-1', 'b', 'next'], ads: ['two', 'three', 'five'], ran: ['written', 'after written'],
    }, why);
  });
});

test('what is written from a timer or a promise once the page has been read is dropped, and the page stays', (t) => bothWays(t, `
  <p id="keep">text</p>${held(`const late = (name) => {
    if (document.readyState === 'loading') return setTimeout(late, 10, name);
    document.write('<p id="' + name + '">ad</p>');
    ${mark('wrote')};
  };
  setTimeout(late, 10, 'timer');
  fetch('/').then(() => late('promise'));`)}`, async (tab, why) => {
  await ranAre(tab, 2, why);
  await tab.until((shadow) => !!shadow, 'the layers to be there');
  assert.deepEqual(await tab.run(() => ['keep', 'temoin', 'timer', 'promise'].map((id) => !!document.getElementById(id))), [true, true, false, false], why);
  assert.equal(tab.console.filter((line) => /is dropped, since it would take the place of the page/.test(line)).length, 2, why);
  // A page that means it says so.
  await tab.run(() => { document.open(); document.write('<p id="new">new</p>'); document.close(); });
  assert.equal(await tab.run(() => document.body.textContent), 'new');
}));

test('what a listener writes that is called late lands, too', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `<h1 id="mine">page</h1>${held(`addEventListener('load', () => { document.write('<p id="ad">ad</p>'); });`)}`);
  await tab.until(() => performance.getEntriesByType('navigation')[0].loadEventEnd > 0, 'the page to be loaded');
  await tab.run(() => { window.temoin.accept(); });
  await tab.until(() => !!document.querySelector('#ad'), 'what is written to land');
  assert.equal(await tab.run(() => !!document.querySelector('#mine')), true);
});

test('scripts of one template run in order', (t) => bothWays(t, `
  <template data-consent="third-party" data-service="video"><div id="widget">empty</div><script src="${external('lib', 200)}"></script><script>${mark('start')}</script>
    <script type="application/json" src="/data.json">{}</script><script nomodule src="/old.js"></script><script async src="${external('async', 300)}"></script><script>${mark('end')}</script></template>`,
async (tab, why) => {
  await ranAre(tab, 4, why);
  assert.deepEqual((await allRan(tab)).filter((name) => name !== 'async'), ['lib', 'start', 'end'], why);
}));

test('a third party that hangs holds up only its own service', async (t) => {
  site.hold(/^\/hangs/);
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `
    <script ${gated} data-service="other-counter" src="/hangs.js"></script><script ${gated} data-service="other-counter">${mark('behind what hangs')}</script>
    <template data-consent="third-party" data-service="map"><script src="/hangs-too.js"></script></template>
    <template data-consent="third-party" data-service="video"><script src="${external('lib', 100)}"></script><script>${mark('start')}</script></template>
    <script ${gated} data-service="counter" src="${external('counter')}"></script><script ${gated} data-service="counter" data-type="module" src="${external('module')}"></script>`);
  await tab.run(() => { window.temoin.accept(); });
  await ranAre(tab, 4, 'beside what hangs');
  assert.deepEqual((await allRan(tab)).sort(), ['counter', 'lib', 'module', 'start']);
});

test('a script that came by innerHTML runs too, once', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, '<div id="box"></div>');
  await tab.run((markup) => { document.querySelector('#box').innerHTML = markup; }, `<script ${gated} src="${external('set')}"></script>${held(mark('inline'))}`);
  await tab.run(() => { window.temoin.accept(); });
  await ranAre(tab, 2, 'set by innerHTML');
  await tab.settles();
  assert.deepEqual(await allRan(tab), ['set', 'inline']);
});

test('copies of a script that has run: the browser’s rule holds, and nothing behind them waits', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, record(rev, { choices: choices(true) })));
  const tab = await open(visitor, `<div id="box"><script ${gated} src="${external('copied')}"></script>${held(mark('inline'))}</div>`);
  await ranAre(tab, 2, 'returning');
  await tab.run(() => { document.body.append(document.querySelector('#box').cloneNode(true)); });
  await tab.run((source) => {
    // As Turbo does: a new element with the same attributes and text.
    for (const old of [...document.querySelectorAll('#box script')].slice(0, 2)) {
      const script = document.createElement('script');
      for (const { name, value } of old.attributes) script.setAttribute(name, value);
      script.textContent = old.textContent;
      document.body.append(script);
    }
    const last = document.createElement('script');
    last.type = 'text/plain';
    last.dataset.consent = 'statistics';
    last.textContent = source;
    document.body.append(last);
  }, mark('last'));
  await tab.until(() => window.ran.includes('last') && window.ran.filter((name) => name === 'copied').length === 2, 'the new scripts to run');
  assert.deepEqual((await allRan(tab)).sort(), ['copied', 'copied', 'inline', 'inline', 'last']);
});

const turbo = await readFile(createRequire(import.meta.url).resolve('@hotwired/turbo/dist/turbo.es2017-umd.js'));

for (const [kind, tag] of Object.entries({
  'with src': `<script ${gated} src="/tag.js"></script>`,
  'with data-src': `<script ${gated} data-src="/tag.js"></script>`,
  'inline': held(mark('tag')),
})) {
  test(`Turbo Drive: a script of the head, ${kind}, runs once in the page’s life, and no copies of it pile up`, async (t) => {
    site.file('/turbo.js', turbo, { 'content-type': 'text/javascript' });
    site.file('/tag.js', mark('tag'), { 'content-type': 'text/javascript' });
    site.file('/plain.js', mark('plain'), { 'content-type': 'text/javascript' });
    const other = `<script ${gated} data-id="2" src="/plain.js"></script>`; // of one page alone, and again with other words
    const extra = { four: other, five: other.replace('"2"', '"3"') };
    for (const name of ['one', 'two', 'three', 'four', 'five']) site.page('/' + name, page(`${include}<script src="/turbo.js"></script>${tag}${extra[name] ?? ''}`, `<h1 id="${name}">${name}</h1>`));
    const visitor = await browser.visitor(t);
    const tab = await visitor.tab();
    await tab.visit(site.url + '/one');
    await tab.run(() => { window.stamped = true; });
    const go = async (name) => {
      await tab.run((name) => { window.Turbo.visit('/' + name); }, name);
      await tab.until((shadow, name) => !!document.getElementById(name), `page ${name}`, name);
      await tab.settles();
    };
    const held = () => tab.run(() => document.head.querySelectorAll('script[data-consent]').length);
    await go('two');
    await go('three');
    assert.ok(await held() <= 2, 'copies before a choice');
    await tab.run(() => { window.temoin.accept(); });
    await ranAre(tab, 1, 'accepted');
    for (const name of ['one', 'two', 'three', 'one']) await go(name);
    assert.deepEqual(await allRan(tab), ['tag']);
    assert.ok(await held() <= 2, 'copies after it');
    await go('four');
    await go('five');
    await ranAre(tab, 3, 'what another page brings along');
    assert.deepEqual(await allRan(tab), ['tag', 'plain', 'plain'], 'what differs in an attribute is another');
    assert.equal(await tab.run(() => window.stamped), true);
    assert.deepEqual(tab.errors, []);
  });
}

/** Has Turbo put the page's own markup over it. */
async function morph(tab) {
  await tab.run(() => new Promise((resolve) => {
    addEventListener('turbo:render', resolve, { once: true });
    window.Turbo.visit(location.href, { action: 'replace' });
  }));
  await tab.settles();
}

/** A page whose markup Turbo puts over it, at a path. */
async function morphing(t, path, body) {
  site.file('/turbo.js', turbo, { 'content-type': 'text/javascript' });
  site.page(path, page(`${include}<meta name="turbo-refresh-method" content="morph"><script src="/turbo.js"></script>`, body));
  const tab = await (await browser.visitor(t)).tab();
  return tab.visit(site.url + path);
}

test('Turbo’s morph leaves what is open open, and what waits waiting', async (t) => {
  const frames = ['data-src', 'data-consent-src'].map((name, i) => `<div><iframe ${video} ${name}="${stranger.url('elsewhere', `morph-${i}.html`)}"></iframe></div>`).join('');
  const tab = await morphing(t, '/morph', `${frames}<div><template ${video}><p class="inner"></p></template></div><p id="end"></p>`);
  await tab.run(() => { window.stamped = true; });
  const look = (frames, inner, boxes) => tab.until((shadow, wanted) => [document.querySelectorAll('iframe[src]'), document.querySelectorAll('.inner'), document.querySelectorAll('.temoin-placeholder')].map(({ length }) => length).join() === wanted, `${frames} frames, ${inner} inner, ${boxes} placeholders`, `${[frames, inner, boxes]}`);
  await look(0, 0, 3);
  await morph(tab);
  await look(0, 0, 3);
  for (let i = 0; i < 2; i += 1) {
    await tab.run(() => { window.temoin.accept(); });
    await look(2, 1, 0);
    await morph(tab);
    await look(2, 1, 0);
    await morph(tab);
    await look(2, 1, 0);
    await tab.run(() => { window.temoin.save({ statistics: true }); });
    await look(0, 0, 3);
  }
  assert.equal(await tab.run(() => window.stamped), true);
  assert.deepEqual(tab.errors, []);
});

test('a frame that waited for its host is not loaded anew by a morph, which takes the gate’s attributes from it, and still closes', async (t) => {
  const tab = await morphing(t, '/morph-host', `<div><iframe title="film" src="${stranger.url('video', 'morph-host.html')}"></iframe></div><p id="end"></p>`);
  const shows = (wanted) => tab.until((shadow, wanted) => !!document.querySelector('iframe[src]') === wanted && !!document.querySelector('.temoin-placeholder') !== wanted, `the frame ${wanted ? 'open' : 'held'}`, wanted);
  await shows(false);
  for (let i = 0; i < 2; i += 1) {
    await tab.run(() => { window.temoin.accept(); });
    await shows(true);
    await tab.settles();
    const before = stranger.asked('morph-host');
    for (let j = 0; j < 2; j += 1) {
      await morph(tab);
      await shows(true);
    }
    assert.equal(stranger.asked('morph-host'), before, 'the frame must stay');
    await tab.run(() => { window.temoin.save({ statistics: true }); });
    await shows(false);
    await morph(tab);
    await shows(false);
  }
  assert.deepEqual(tab.errors, []);
});
