// The page that includes the script: it is left as it was, whatever it holds,
// and it cannot be made to say yes in the visitor's place.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { choices, cookie, record } from './lib/records.mjs';
import { eventually, startSite } from './lib/server.mjs';
import { parts, program, stage } from './lib/stage.mjs';

const { browser, server, site, rev } = await stage();
const foreign = await startSite(after);

const page = (head = '', body = '<p>text', html = ' lang="fr"') => `<!doctype html><html${html}><head><title>host</title>${head}</head><body>${body}</body></html>`;
const include = '<script src="/temoin.js"></script>';

/** Goes through banner and dialog, and asserts that all of it works. */
async function worksHere(tab) {
  await tab.bannerIsThere();
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await tab.press('save');
  await tab.dialogIsClosed();
  await tab.bannerIsGone();
  assert.equal(await tab.has('youtube'), true);
  assert.equal(await tab.has('google-analytics'), false);
  assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
  await tab.press('open');
  await tab.dialogIsOpen();
  await tab.press('refuse');
  await tab.dialogIsClosed();
  assert.equal(await tab.has('youtube'), false);
  assert.deepEqual(tab.errors, [], 'no exception may reach the page');
}

test('a page on another origin includes the script from here: all works, and the cookie is the page’s', async (t) => {
  const url = foreign.page('/cross', page(`<script src="${server.url}/temoin.js"></script>`));
  const tab = await browser.tab(t);
  await tab.visit(url);
  await worksHere(tab);
  const ours = ['/temoin', '/api/consents'].map((path) => server.url + path);
  const strangers = tab.requests.filter((request) => ![...ours, foreign.url].some((start) => request.startsWith(start)));
  assert.deepEqual(strangers, [], 'no other address may be asked for');
});

test('a page on another origin in the second language gets its texts from here', async (t) => {
  const url = foreign.page('/cross-en', page(`<script src="${server.url}/temoin.js"></script>`, '<p>text', ' lang="en"'));
  const tab = await browser.tab(t);
  await tab.visit(url);
  await tab.goRuns();
  assert.equal(await tab.inside((shadow) => shadow.querySelector('.title').textContent), 'Your cookie choices');
});

test('included from another origin with integrity and crossorigin, as the export’s manifest has it, it works', async (t) => {
  const body = Buffer.from(await (await fetch(server.url + '/temoin.js')).arrayBuffer());
  const { createHash } = await import('node:crypto');
  const integrity = 'sha384-' + createHash('sha384').update(body).digest('base64');
  const url = foreign.page('/sri', page(`<script src="${server.url}/temoin.js" integrity="${integrity}" crossorigin></script>`));
  const tab = await browser.tab(t);
  await tab.visit(url);
  await worksHere(tab);
});

test('a page with its own <base> and a page in a folder find the parts', async (t) => {
  site.page('/a/b/page', page(`<base href="/elsewhere/">${include}`));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/a/b/page');
  await tab.goRuns();
  assert.equal(site.asked(parts).every((path) => /^\/temoin\/(app|runtime|later|dialog|edition)\./.test(path)), true, `${site.asked(parts)}`);
});

test('included twice, the script runs once', async (t) => {
  site.page('/twice', page(include + include, '<p>text<script src="/temoin.fr.js"></script>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/twice');
  await tab.goRuns();
  await tab.settles();
  assert.equal(await tab.run(() => document.querySelectorAll('#temoin').length), 1, 'one banner');
  assert.equal(site.asked(program).length, 1, 'one program');
  assert.deepEqual(await tab.heard('temoin:ready'), [null], 'one temoin:ready');
  await tab.press('accept');
  await tab.bannerIsGone();
  assert.equal((await tab.heard('temoin:change')).length, 1, 'one temoin:change');
  assert.deepEqual(tab.errors, []);
});

test('a page with a Go program of its own, its own process, fs and handlers, finds them as they were', async (t) => {
  const own = `<script>
    window.Go = class Go { mine = true; };
    window.process = { mine: true, env: {} };
    window.fs = { mine: true };
    window.path = { mine: true };
    window.global = { mine: true };
    window.onclick = function mine() { window.clicks = (window.clicks ?? 0) + 1; };
    window.onpopstate = function mine() { window.pops = (window.pops ?? 0) + 1; };
    window.onresize = function mine() { window.resizes = (window.resizes ?? 0) + 1; };
    window.onhashchange = window.onbeforeunload = null;
    window.before = { onclick, onpopstate, onresize, Go, process, fs, path, global };
    window.globals = Object.getOwnPropertyNames(window);
  </script>`;
  site.page('/own', page(own + include, '<p>text <a href="/a-propos">a plain link</a>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/own');
  await worksHere(tab);
  const found = await tab.run(() => ({
    same: Object.entries(window.before).filter(([name, value]) => window[name] !== value).map(([name]) => name),
    marks: [new Go().mine, process.mine, fs.mine, path.mine, global.mine],
    added: Object.getOwnPropertyNames(window).filter((name) => !window.globals.includes(name)),
    clicks: window.clicks,
    goapp: Object.keys(window).filter((name) => /goapp/i.test(name)),
  }));
  assert.deepEqual(found.same, [], 'none of the page’s own properties may be replaced');
  assert.deepEqual(found.marks, [true, true, true, true, true]);
  assert.deepEqual(found.added.filter((name) => !['clicks', 'resizes', 'pops', 'globals', 'before', 'temoin'].includes(name)), [], 'window.temoin alone may come into the page');
  assert.deepEqual(found.goapp, []);
  assert.ok(found.clicks >= 1, 'the page’s own onclick must still hear clicks');
  await tab.viewport({ width: 1000, height: 700 });
  await tab.until(() => window.resizes >= 1, 'the page’s own onresize to be called');
  await tab.run(() => { history.pushState(null, '', '/own?a'); history.back(); });
  await tab.until(() => window.pops >= 1, 'the page’s own onpopstate to be called');
  await tab.run(() => { window.unloaded = false; });
  await tab.click('a[href="/a-propos"]');
  await tab.arrives(/a-propos$/);
  assert.equal(await tab.run(() => 'unloaded' in window), false, 'the link must load the page, not be answered in it');
});

test('where the page has no handlers, none are there after Go has run', async (t) => {
  site.page('/none', page(include));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/none');
  await tab.goRuns();
  const found = await tab.run(() => [window.onclick, window.onpopstate, window.onresize, window.onhashchange, document.onclick, typeof window.Go, typeof window.fs, typeof window.process]);
  assert.deepEqual(found, [null, null, null, null, null, 'undefined', 'undefined', 'undefined']);
});

test('the page’s body, head, address, title, history and scroll position are as they were', async (t) => {
  site.page('/intact', page(include, `<div id="first">one</div><p style="height: 3000px">tall</p><a id="end" href="#x">end</a>`));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/intact?q=1#end');
  await tab.bannerIsThere();
  const state = () => tab.run(() => ({
    body: [...document.body.children].map((element) => element.id || element.localName),
    attributes: [...document.body.attributes, ...document.documentElement.attributes].map(({ name, value }) => `${name}=${value}`),
    head: document.head.innerHTML,
    url: location.href,
    title: document.title,
    entries: history.length,
    state: history.state,
    styles: document.adoptedStyleSheets.length + document.styleSheets.length,
  }));
  const before = await state();
  assert.deepEqual(before.body, ['first', 'p', 'end'], 'not one element more');
  await tab.run(() => scrollTo(0, 777));
  await tab.goRuns();
  await tab.settles();
  assert.equal(await tab.run(() => scrollY), 777, 'the page must not be scrolled to its fragment again');
  assert.deepEqual(await state(), before);
  assert.equal(before.styles, 0, 'no style may come into the page');
});

test('what the page keeps in its storages is neither read, changed nor deleted; of the product’s own there are two keys', async (t) => {
  site.page('/stores', page(`<script>
    localStorage.setItem('mine', '1');
    // What go-app would take for a state of its own that has expired.
    localStorage.setItem('expired', JSON.stringify({ Value: 'MQ==', ExpiresAt: '2001-01-01T00:00:00Z' }));
    localStorage.setItem('/goapp/x', '{"ExpiresAt":"2001-01-01T00:00:00Z"}');
    sessionStorage.setItem('mine', '2');
    window.reads = [];
    for (const name of ['getItem', 'key', 'setItem', 'removeItem', 'clear']) {
      const real = Storage.prototype[name];
      Storage.prototype[name] = function (...args) { window.reads.push([name, ...args]); return real.apply(this, args); };
    }
    const touch = (name) => (storage, key, ...rest) => { window.reads.push([name, key]); return Reflect[name](storage, key, ...(name === 'get' ? [] : rest.slice(0, 1))); };
    const handler = Object.fromEntries(['get', 'set', 'has', 'deleteProperty', 'defineProperty', 'ownKeys', 'getOwnPropertyDescriptor'].map((name) => [name, touch(name)]));
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, { value: new Proxy(window[name], handler) });
    }
  </script>${include}`));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/stores');
  await worksHere(tab);
  const own = ['temoin', 'temoin.receipts']; // in the session's storage what a reload has to say, in the other the queue of receipts
  const reads = () => tab.run(() => window.reads);
  const { id } = await tab.choice(); // the cookie may be the first answer's once more, for a moment
  await eventually(() => site.requests.some(({ path, body }) => path === '/api/consents' && body?.includes(id)), 'the last answer to be reported');
  await eventually(async () => (await reads()).findLast(([, key]) => key === 'temoin.receipts')[0] === 'deleteProperty', 'the queue of receipts to be empty again');
  assert.deepEqual([...new Set((await reads()).map(([, key]) => key))].sort(), own, 'the product must not touch what is the page’s in its storages');
  const found = await tab.run(() => ({ local: { ...localStorage }, session: { ...sessionStorage } }));
  assert.deepEqual(Object.keys(found.local).sort(), ['/goapp/x', 'expired', 'mine']);
  assert.deepEqual(found.session, { mine: '2' });
});

test('an element of the page with id="temoin" harms nothing, before or after the script', async (t) => {
  site.page('/clobber', page(include, '<form id="temoin"><input name="choice" value="x"><input name="has"></form><a id="temoin" name="ready" href="https://example.org/">x</a><img name="currentScript" alt="">'));
  site.page('/clobber-late', page('', `<form id="temoin"><input name="choice"></form>${include}`));
  for (const path of ['/clobber', '/clobber-late']) {
    const tab = await browser.tab(t);
    await tab.visit(site.url + path);
    assert.equal(await tab.run(() => typeof window.temoin.has), 'function', `window.temoin must be the product’s: ${path}`);
    await worksHere(tab);
  }
});

test('an element that clobbers what the document offers cannot open anything', async (t) => {
  site.page('/dom', page('', `<img name="cookie" id="cookie" alt=""><form name="body"></form><img name="currentScript" alt=""><form id="temoinBundle"></form><input name="documentElement">${include}`));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/dom');
  assert.equal(await tab.run(() => window.temoin?.has('statistics') ?? false), false, 'nothing may be allowed');
  assert.equal(await tab.run(() => window.temoin?.choice ?? null), null);
});

test('an attribute of Object.prototype that the page has added grants nothing and breaks nothing', async (t) => {
  site.page('/polluted', page(`<script>
    for (const [name, value] of Object.entries({ statistics: true, youtube: true, 'third-party': true, services: { youtube: true }, choices: { statistics: true }, v: 1, id: '00000000-0000-4000-8000-000000000000', rev: '${rev}', at: ${Math.floor(Date.now() / 1000)}, google: true, extra() {} })) {
      Object.defineProperty(Object.prototype, name, { value, writable: true, configurable: true, enumerable: true });
    }
    Array.prototype.extra = () => {};
  </script>${include}`));
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, encodeURIComponent('{}')));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/polluted');
  await tab.bannerIsThere();
  for (const id of ['statistics', 'youtube', 'third-party', 'constructor', '__proto__', 'toString', 'extra']) {
    assert.equal(await tab.run((id) => window.temoin.has(id), id), false, `has('${id}')`);
  }
  await tab.press('refuse');
  await tab.bannerIsGone();
  for (const id of ['statistics', 'youtube', 'third-party', 'services', 'toString']) assert.equal(await tab.has(id), false, `has('${id}') after refuse`);
  assert.deepEqual((await tab.record()).choices, choices(false));
});

test('with Object.prototype polluted, the dialog still shows and keeps what the visitor sets', async (t) => {
  site.page('/polluted-2', page(`<script>Object.prototype.extra = function () {}; Object.prototype.youtube = true; Array.prototype.more = 1;</script>${include}`));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/polluted-2');
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal((await tab.switches()).youtube, false);
  await tab.press('save');
  await tab.bannerIsGone();
  assert.equal(await tab.has('youtube'), false);
});

test('window.temoin cannot be replaced or changed by the page', async (t) => {
  site.page('/frozen', page(include));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/frozen');
  const found = await tab.run(() => {
    const { has } = window.temoin;
    try { window.temoin = { has: () => true }; } catch { /* as it should */ }
    try { window.temoin.has = () => true; } catch { /* as it should */ }
    try { delete window.temoin; } catch { /* as it should */ }
    return { same: window.temoin.has === has, frozen: Object.isFrozen(window.temoin), allowed: window.temoin.has('statistics') };
  });
  assert.deepEqual(found, { same: true, frozen: true, allowed: false });
});

test('what a script changes in temoin.choice does not change what is allowed', async (t) => {
  site.page('/mutate', page(include));
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, record(rev)));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/mutate');
  const allowed = await tab.run(() => {
    try {
      window.temoin.choice.choices.statistics = true;
      (window.temoin.choice.services ??= {}).youtube = true;
    } catch { /* frozen is as good */ }
    return [window.temoin.has('statistics'), window.temoin.has('youtube')];
  });
  assert.deepEqual(allowed, [false, false], 'only the cookie’s record may allow anything');
});

const policies = {
  'the strictest policy that suffices': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
  'the same with the page’s own styles': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'",
  'the same with Trusted Types': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'; require-trusted-types-for 'script'; trusted-types temoin",
  'Trusted Types without any other policy': "require-trusted-types-for 'script'; trusted-types temoin",
  'a policy with a nonce and strict-dynamic': "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'; connect-src 'self'",
};

for (const [name, policy] of Object.entries(policies)) {
  for (const lang of ['fr', 'en']) {
    test(`under ${name}, in ${lang}, all works and no violation is reported`, async (t) => {
      site.page('/policy', page('<script nonce="abc" src="/temoin.js"></script>', '<p>text', ` lang="${lang}"`), { 'content-security-policy': policy });
      const tab = await browser.tab(t);
      await tab.visit(site.url + '/policy');
      await worksHere(tab);
      assert.deepEqual(await tab.heard('violation'), []);
      assert.deepEqual((await tab.lines()).filter((line) => /^(warn|error)/.test(line)), []);
    });
  }
}

test('the demo, under its own strict policy, reports no violation and writes nothing on the console', async (t) => {
  for (const path of ['/', '/jeux-de-donnees/qualite-air', '/charte-cookies']) {
    const tab = await browser.tab(t);
    await tab.visit(site.url + path);
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.press('accept');
    await tab.bannerIsGone();
    assert.deepEqual(await tab.heard('violation'), [], path);
    assert.deepEqual(await tab.lines(), [], path);
  }
});

test('the page’s styles do not reach the banner', async (t) => {
  const hostile = '<style>body * { display: none; color: red !important; font-size: 3px !important; transform: scale(0.1) } #temoin { display: none; opacity: 0; width: 5px; overflow: hidden; filter: blur(9px); pointer-events: none; visibility: hidden; margin: 50px; position: static; z-index: -1 } button { position: absolute; left: -9999px } body { line-height: 4; text-align: right; direction: rtl; letter-spacing: 1em; text-transform: uppercase }</style>';
  const look = (shadow) => [...shadow.querySelectorAll('.banner, .banner [data-temoin]')].map((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const { fontSize, color, textTransform, letterSpacing, visibility, pointerEvents } = getComputedStyle(element);
    return { left, top, width, height, fontSize, color, textTransform, letterSpacing, visibility, pointerEvents };
  });
  const looks = [];
  for (const [path, style] of [['/plain', ''], ['/hostile', hostile]]) {
    site.page(path, page(style + include, ''));
    const tab = await browser.tab(t);
    await tab.visit(site.url + path);
    await tab.until((shadow) => !!shadow?.querySelector('.banner'), 'the banner to be drawn');
    looks.push(await tab.inside(look));
  }
  assert.deepEqual(looks[1], looks[0], 'under a hostile style sheet the banner must look the same');
});

test('on a page that sets the root’s font size to 62.5 %, as many do, the banner can still be read', async (t) => {
  site.page('/small', page(`<style>html { font-size: 62.5% } body { font-size: 1.6rem }</style>${include}`));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/small');
  await tab.goRuns();
  const sizes = await tab.inside((shadow) => [...shadow.querySelectorAll('.banner p, .banner [data-temoin]')].map((element) => parseFloat(getComputedStyle(element).fontSize)));
  for (const size of sizes) assert.ok(size >= 13, `text of ${size} px, want at least 13`);
});

test('a page colours the banner with its variables, and finds its parts', async (t) => {
  site.page('/themed', page(`<style>:root { --temoin-accent: rgb(10, 100, 20); --temoin-radius: 0px } #temoin::part(button) { letter-spacing: 2px }</style>${include}`));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/themed');
  await tab.goRuns();
  const style = await tab.inside((shadow) => [...shadow.querySelectorAll('.banner [data-temoin]')].map((button) => {
    const { backgroundColor, borderRadius, letterSpacing } = getComputedStyle(button);
    return [backgroundColor, borderRadius, letterSpacing];
  }));
  assert.deepEqual(style, Array(3).fill(['rgb(10, 100, 20)', '0px', '2px']), 'all three buttons alike');
});

test('a text of the catalogue that looks like markup is shown as text', async (t) => {
  const { richCatalogue, startTemoin } = await import('./lib/server.mjs');
  const evil = `<img src=x onerror=alert(1)></script><script>alert(2)</script>\`\${alert(3)}{{.}}&lt;b&gt;`;
  const quoted = JSON.stringify(evil);
  const text = (await richCatalogue())
    .replace('fr: Données ouvertes de Rivemont', `fr: ${quoted}`)
    .replace('name: YouTube', `name: ${quoted}`)
    .replace('provider: Meta Platforms Ireland Limited', `provider: ${quoted}`);
  const hostile = await startTemoin(t, { catalogue: text });
  const tab = await browser.tab(t);
  let dialogs = 0;
  tab.driver.on('dialog', (dialog) => { dialogs += 1; dialog.dismiss(); });
  for (const path of ['/', '/charte-cookies/fr']) {
    await tab.visit(hostile.url + path);
    await tab.goRuns();
    assert.ok((await tab.inside((shadow) => shadow.querySelector('.banner').textContent)).includes(evil), `the banner must show the text as it is: ${path}`);
    await tab.press('customize');
    await tab.dialogIsOpen();
    const found = await tab.inside((shadow) => ({ text: shadow.querySelector('dialog').textContent, images: shadow.querySelectorAll('img, script').length, inPage: document.querySelectorAll('main img, body script, .charter img').length, page: document.body.textContent }));
    assert.ok(found.text.split(evil).length >= 3, 'the dialog must show it as text');
    assert.equal(found.images, 0, 'no element may be made of it');
    assert.equal(found.inPage, 0, `no element may be made of it in the page: ${path}`);
    if (path !== '/') assert.ok(found.page.includes(evil), 'the charter must show it as text');
  }
  assert.equal(dialogs, 0, 'nothing may run');
});

test('in a page without <body> tags, in quirks mode, and in XHTML, the banner comes', async (t) => {
  site.page('/quirks', `<html lang=fr>${include}<title>quirks</title><center>text</center>`);
  site.page('/xhtml', '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml" lang="fr"><head><title>xhtml</title><script src="/temoin.js"></script></head><body><p>text</p></body></html>', { 'content-type': 'application/xhtml+xml' });
  for (const path of ['/quirks', '/xhtml']) {
    const tab = await browser.tab(t);
    await tab.visit(site.url + path);
    await tab.bannerIsThere();
    await tab.goRuns();
    await tab.press('refuse');
    await tab.bannerIsGone();
    assert.deepEqual(tab.errors, [], path);
  }
});

test('a page that takes its body’s children away and puts others there keeps window.temoin working', async (t) => {
  site.page('/wiped', page(include, '<main>one</main>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/wiped');
  await tab.goRuns();
  await tab.run(() => { document.body.innerHTML = '<main>two</main>'; });
  await tab.run(() => window.temoin.refuse());
  assert.equal((await tab.choice()).choices.statistics, false);
  assert.deepEqual(tab.errors, []);
});
