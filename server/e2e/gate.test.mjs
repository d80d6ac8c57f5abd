// The gate: what waits for consent is neither asked for nor run before it is
// given, runs once when it is, and goes when it is taken back.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';

import { isAccessible } from './lib/axe.mjs';
import { can, needs } from './lib/browser.mjs';
import {
  allRan, catalogue, include, mark, notReloaded, page, placeholderIsDrawn, placeholders, pressPlaceholder, ran, reloaded, services, stamp, startStranger,
} from './lib/gate.mjs';
import { choices, cookie, record, revision } from './lib/records.mjs';
import { eventually, pause, startSite, startTemoin } from './lib/server.mjs';
import { program, stage } from './lib/stage.mjs';

const stranger = await startStranger(after);
const { browser, site, rev } = await stage({ catalogue: catalogue(services) });

/** A second server that never loads a page anew. */
const steady = await startTemoin(after, { catalogue: catalogue(services, { reload: 'never' }) });
const steadySite = await startSite(after, { upstream: steady.url });
const steadyRev = await revision(steady.url);

let count = 0;
const unique = (word = 'x') => `${word}-${(count += 1)}`;

const asked = ['statistics', 'first-party', 'third-party'];
const consented = (on = site, of = rev, fields = {}) => cookie(on.url, record(of, { choices: choices(true, asked), ...fields }));
const refusing = (on = site, of = rev, fields = {}) => cookie(on.url, record(of, { choices: choices(false, asked), ...fields }));

/** Opens a new page with that head and body in a new tab. */
async function open(visitor, { head = include, body = '', headers, on = site } = {}) {
  const path = `/${unique('page')}`;
  on.page(path, page(head, body), headers);
  const tab = await visitor.tab();
  return tab.visit(on.url + path);
}

const decide = (tab, name, ...args) => tab.run((name, args) => { window.temoin[name](...args); }, name, args);

/** Waits until a script of that name has run, and a little longer for one that runs twice. */
async function runsOnce(tab, name, why) {
  await tab.until((shadow, name) => window.ran?.includes(name), `the script ${name} to run: ${why}`, name);
  await pause(150);
  assert.equal(await ran(tab, name), 1, `${name} must run once: ${why}`);
}

async function neverRuns(tab, name, why) {
  await tab.settles({ quiet: 150 });
  assert.equal(await ran(tab, name), 0, `${name} must not run: ${why}`);
}

// ---- each kind of thing, through the life of a choice ----

const counter = (name) => stranger.url('counter', `${name}.js`);
const gated = 'type="text/plain" data-consent="statistics"';
const inPage = (source) => `<script>${source}</script>`;

/** markup(name) is what the page holds; a script notes that it ran, an embed is asked for at the third party. */
const scripts = [
  { kind: 'an inline script', markup: (name) => `<script ${gated}>${mark(name)}</script>` },
  { kind: 'an inline script in the head', head: true, markup: (name) => `<script ${gated}>${mark(name)}</script>` },
  { kind: 'an external script', asks: true, markup: (name) => `<script ${gated} src="${counter(name)}"></script>` },
  { kind: 'an async script', asks: true, markup: (name) => `<script ${gated} async src="${counter(name)}"></script>` },
  { kind: 'a deferred script', asks: true, markup: (name) => `<script ${gated} defer src="${counter(name)}"></script>` },
  { kind: 'an inline module', markup: (name) => `<script ${gated} data-type="module">const local = 1; ${mark(name)}; export { local };</script>` },
  { kind: 'an external module', asks: true, markup: (name) => `<script ${gated} data-type="module" src="${counter(name)}"></script>` },
  { kind: 'an async module', asks: true, markup: (name) => `<script ${gated} data-type="module" async src="${counter(name)}"></script>` },
  { kind: 'a script with data-src', asks: true, markup: (name) => `<script ${gated} data-src="${counter(name)}"></script>` },
  { kind: 'a template with an inline script', markup: (name) => `<template data-consent="statistics"><p>hello</p><script>${mark(name)}</script></template>` },
  { kind: 'a template with an external script', asks: true, markup: (name) => `<template data-consent="statistics" data-service="counter"><script src="${counter(name)}"></script></template>` },
  { kind: 'a gated script that a script adds', asks: true, markup: (name) => inPage(`addEventListener('load', () => {
      const script = document.createElement('script');
      script.type = 'text/plain'; script.dataset.consent = 'statistics'; script.src = '${stranger.url('elsewhere', `${name}.js`)}';
      document.body.append(script); });`) },
  // Held for their host.
  { kind: 'a script of a declared host', asks: true, scanned: true, markup: (name) => `<script src="${counter(name)}"></script>` },
  { kind: 'an async script of a declared host', asks: true, scanned: true, markup: (name) => `<script async src="${counter(name)}"></script>` },
  { kind: 'a deferred script of a declared host', asks: true, scanned: true, markup: (name) => `<script defer src="${counter(name)}"></script>` },
  { kind: 'a module of a declared host', asks: true, scanned: true, markup: (name) => `<script type="module" src="${counter(name)}"></script>` },
  { kind: 'createElement and src', asks: true, markup: (name) => inPage(`const script = document.createElement('script'); script.src = '${counter(name)}'; document.head.append(script);`) },
  { kind: 'createElement, appended before src is set', asks: true, markup: (name) => inPage(`const script = document.createElement('script'); document.head.append(script); script.src = '${counter(name)}';`) },
  { kind: 'createElement and setAttribute', asks: true, markup: (name) => inPage(`const script = document.createElement('script'); script.setAttribute('SRC', '${counter(name)}'); document.head.append(script);`) },
  { kind: 'createElement, an address without its scheme, and insertBefore', asks: true, markup: (name) => inPage(`const script = document.createElement('script');
      script.async = true; script.src = '${counter(name).replace('http:', '')}'; const first = document.getElementsByTagName('script')[0]; first.parentNode.insertBefore(script, first);`) },
  { kind: 'document.write', asks: true, markup: (name) => inPage(`document.write('<script src="${counter(name)}"><\\/script>');`) },
  { kind: 'createContextualFragment', asks: true, markup: (name) => inPage(`document.head.append(document.createRange().createContextualFragment('<script src="${counter(name)}"><\\/script>'));`) },
];

for (const { kind, markup, head, asks, scanned } of scripts) {
  test(`${kind}: held, run once, gone, back, in each tab`, async (t) => {
    const name = unique('script');
    const path = `/${name}`;
    site.page(path, head ? page(include + markup(name)) : page(include, markup(name)));
    const visitor = await browser.visitor(t);
    const [here, there] = [await visitor.tab(), await visitor.tab()];
    for (const tab of [here, there]) {
      await tab.visit(site.url + path);
      await tab.bannerIsThere();
      await neverRuns(tab, name, 'nothing is chosen');
    }
    // A browser's preload scanner may ask for what no script can hold.
    const early = stranger.asked(name);
    if (scanned) t.diagnostic(`asked for by the preload scanner: ${early} times in two pages`);
    else assert.equal(early, 0, 'nothing may be asked for before a choice');

    await here.front();
    await here.press('accept');
    await runsOnce(here, name, 'accepted here');
    await runsOnce(there, name, 'accepted in the other tab');
    if (asks && !scanned) assert.equal(stranger.asked(name), 2, 'once for each page');

    const back = await visitor.tab();
    await back.visit(site.url + path);
    await runsOnce(back, name, 'on a returning visit');
    await back.settles();
    assert.equal((await back.layers()).banner, false, 'no banner on a returning visit');
    assert.deepEqual(back.requests.filter((url) => program.test(new URL(url).pathname)), [], 'no program on a returning visit');

    const before = stranger.asked(name);
    for (const tab of [here, there]) await stamp(tab);
    await decide(here, 'refuse');
    for (const tab of [here, there]) {
      await reloaded(tab);
      await neverRuns(tab, name, 'withdrawn');
    }
    const refused = await visitor.tab();
    await refused.visit(site.url + path);
    await neverRuns(refused, name, 'refused');
    if (!scanned) assert.equal(stranger.asked(name), before, 'nothing may be asked for after withdrawal');
    for (const tab of [here, there, back, refused]) assert.deepEqual(tab.errors, []);
  });
}

const shown = { iframe: 'html', img: 'svg', video: 'svg' };
const size = 'width="400" height="300"';
const embedURL = (name, tag) => stranger.url('video', `${name}.${shown[tag]}`);
const byHand = 'data-consent="third-party" data-service="video"';

const embeds = [
  { kind: 'a template with a frame', tag: 'iframe', markup: (url) => `<template ${byHand}><iframe ${size} src="${url}"></iframe></template>` },
  { kind: 'a frame with data-src', tag: 'iframe', markup: (url) => `<iframe ${size} ${byHand} data-src="${url}"></iframe>` },
  { kind: 'an image with data-src', tag: 'img', markup: (url) => `<img alt="" ${size} ${byHand} data-src="${url}">` },
  { kind: 'a video with data-src', tag: 'video', markup: (url) => `<video ${size} ${byHand} data-src="${url}"></video>` },
  { kind: 'an image of a declared host', tag: 'img', scanned: true, markup: (url) => `<img alt="" ${size} src="${url}">` },
  { kind: 'a frame that a script makes', tag: 'iframe', markup: (url) => inPage(`const frame = document.createElement('iframe'); frame.width = 400; frame.height = 300; frame.src = '${url}'; document.currentScript.after(frame);`) },
  { kind: 'a frame that a script makes, with setAttribute after it was appended', tag: 'iframe', markup: (url) => inPage(`const frame = document.createElement('iframe'); frame.width = 400; frame.height = 300; document.currentScript.after(frame); frame.setAttribute('src', '${url}');`) },
  { kind: 'innerHTML with a frame', tag: 'iframe', markup: (url) => `<div id="box"></div>${inPage(`box.innerHTML = '<p>a</p><iframe class="x" ${size} src="${url}"></iframe>';`)}` },
  { kind: 'innerHTML with an image', tag: 'img', markup: (url) => `<div id="box"></div>${inPage(`box.innerHTML = '<img alt="" ${size} src=${url}>';`)}` },
  { kind: 'insertAdjacentHTML with an image', tag: 'img', markup: (url) => inPage(`document.body.insertAdjacentHTML('beforeend', '<img alt="" src="${url}" ${size}>');`) },
  { kind: 'insertAdjacentHTML with a frame, long after', tag: 'iframe', markup: (url) => inPage(`addEventListener('load', () => setTimeout(() => document.body.insertAdjacentHTML('afterbegin', '<iframe ${size}\\nSRC = "${url}"></iframe>'), 50));`) },
  { kind: 'outerHTML with a frame', tag: 'iframe', markup: (url) => `<div id="box"></div>${inPage(`box.outerHTML = '<iframe ${size} src="${url}"></iframe>';`)}` },
  { kind: 'document.write with an image', tag: 'img', markup: (url) => inPage(`document.write('<img alt="" ${size} src="${url}">');`) },
  { kind: 'an image of a script that is appended', tag: 'img', markup: (url) => inPage(`const image = new Image(400, 300); image.src = '${url}'; document.body.append(image);`) },
];

for (const { kind, tag, markup, scanned } of embeds) {
  test(`${kind}: held, shown once, replaced by its placeholder again, in each tab`, async (t) => {
    const name = unique(tag);
    const url = embedURL(name, tag);
    const path = `/${name}`;
    site.page(path, page(include, markup(url)));
    const visitor = await browser.visitor(t);
    const [here, there] = [await visitor.tab(), await visitor.tab()];
    const element = (tab) => tab.run((tag) => {
      const [found, ...others] = document.querySelectorAll(tag);
      return found ? { src: found.getAttribute('src'), visible: found.checkVisibility(), others: others.length } : null;
    }, tag);
    const isHeld = async (tab, why) => {
      await placeholderIsDrawn(tab);
      await tab.settles({ quiet: 150 });
      const found = await element(tab);
      assert.ok(!found?.src && !found?.visible, `must be held, ${why}: ${JSON.stringify(found)}`);
      assert.equal((await placeholders(tab))[0].visible, true, `a placeholder must stand there, ${why}`);
      assert.deepEqual((await tab.driver.frames()).filter((frame) => frame.url() === url).length, 0, `no frame may show it, ${why}`);
    };
    const isShown = async (tab, why) => {
      await tab.until((shadow, url, tag) => document.querySelector(tag)?.getAttribute('src') === url, `the embed to be let in: ${why}`, url, tag);
      await tab.settles({ quiet: 150 });
      assert.deepEqual(await element(tab), { src: url, visible: true, others: 0 }, why);
      assert.deepEqual(await placeholders(tab), [], `no placeholder beside what is shown: ${why}`);
    };

    for (const tab of [here, there]) {
      await tab.visit(site.url + path);
      await tab.bannerIsThere();
      await isHeld(tab, 'nothing is chosen');
    }
    if (scanned) t.diagnostic(`asked for by the browser before any script could hold it: ${stranger.asked(name)} times in two pages`);
    else assert.equal(stranger.asked(name), 0, 'nothing may be asked for before a choice');

    await here.front();
    await here.press('accept');
    await isShown(here, 'accepted here');
    await isShown(there, 'accepted in the other tab');
    // A browser need not load media in a tab that nobody looks at.
    if (!scanned && tag !== 'video') {
      // An address may be there before its request has come.
      await eventually(() => stranger.asked(name) >= 2, () => `once for each page, got ${stranger.asked(name)}`);
      assert.equal(stranger.asked(name), 2, 'once for each page');
    }

    const back = await visitor.tab();
    await back.visit(site.url + path);
    await isShown(back, 'on a returning visit');
    assert.equal((await back.layers()).banner, false, 'no banner on a returning visit');
    assert.deepEqual(back.requests.filter((address) => program.test(new URL(address).pathname)), [], 'no program on a returning visit');

    const before = stranger.asked(name);
    for (const tab of [here, there]) await stamp(tab);
    await decide(here, 'refuse');
    for (const tab of [here, there]) {
      await isHeld(tab, 'withdrawn');
      assert.ok(await notReloaded(tab), 'no script has run: the page must not be loaded anew');
    }
    const refused = await visitor.tab();
    await refused.visit(site.url + path);
    await isHeld(refused, 'refused');
    if (!scanned) assert.equal(stranger.asked(name), before, 'nothing may be asked for after withdrawal');
    await decide(here, 'accept');
    await isShown(here, 'accepted a second time');
    for (const tab of [here, there, back, refused]) assert.deepEqual(tab.errors, []);
  });
}

const pixels = {
  'new Image().src': (url) => `new Image().src = '${url}';`,
  'new Image() with setAttribute': (url) => `window.pixel = new Image(); pixel.setAttribute('src', '${url}');`,
  'sendBeacon': (url) => `window.sent = navigator.sendBeacon('${url}', 'data=1');`,
};
for (const [kind, source] of Object.entries(pixels)) {
  test(`${kind}: held, sent once, and never when refused`, async (t) => {
    const name = unique('pixel');
    const path = `/${name}`;
    site.page(path, page(include, inPage(source(stranger.url('counter', `${name}.svg`)))));
    const visitor = await browser.visitor(t);
    const here = await visitor.tab();
    await here.visit(site.url + path);
    await here.settles();
    assert.equal(stranger.asked(name), 0, 'nothing may be sent before a choice');
    await here.press('accept');
    await eventually(() => stranger.asked(name) > 0, 'the request to be made after consent');
    await pause(200);
    assert.equal(stranger.asked(name), 1, 'once');
    assert.equal(stranger.request(name).method, kind === 'sendBeacon' ? 'POST' : 'GET');
    if (kind === 'sendBeacon') assert.equal(await here.run(() => window.sent), true, 'the page must hear that it was taken');
    const back = await visitor.tab();
    await back.visit(site.url + path);
    await eventually(() => stranger.asked(name) === 2, 'the request to be made on a returning visit');
    await decide(here, 'refuse');
    const refused = await visitor.tab();
    await refused.visit(site.url + path);
    await refused.settles();
    assert.equal(stranger.asked(name), 2, 'nothing may be sent when refused');
    for (const tab of [here, back]) await tab.close();
    await decide(refused, 'accept');
    await eventually(() => stranger.asked(name) === 3, 'what waited in the page that was refused to go when it is accepted');
  });
}

test('a pixel that was sent is not sent again when the choice goes and comes back', async (t) => {
  const visitor = await browser.visitor(t);
  const name = unique('pixel');
  const tab = await open(visitor, { body: inPage(`new Image().src = '${stranger.url('counter', `${name}.svg`)}';`) });
  for (const action of ['accept', 'refuse', 'accept']) {
    await decide(tab, action);
    await pause(200);
  }
  assert.equal(stranger.asked(name), 1);
});

/** Rarer ways to a declared host, each of which the gate holds. */
const rare = {
  'setAttributeNode': (url) => `const s = document.createElement('script'); const node = document.createAttribute('src'); node.value = '${url('js')}'; s.setAttributeNode(node); document.body.append(s);`,
  'setAttributeNS': (url) => `const s = document.createElement('script'); s.setAttributeNS(null, 'src', '${url('js')}'); document.body.append(s);`,
  'a script in a shadow root': (url) => `const root = document.createElement('div').attachShadow({ mode: 'open' }); document.body.append(root.host); const s = document.createElement('script'); s.src = '${url('js')}'; root.append(s);`,
  'cloneNode of a held script': (url) => `const s = document.createElement('script'); s.src = '${url('js')}'; document.body.append(s.cloneNode(true));`,
};
for (const [way, source] of Object.entries(rare)) {
  test(`held: ${way}`, async (t) => {
    const visitor = await browser.visitor(t);
    const name = unique('rare');
    const tab = await open(visitor, { body: inPage(source((suffix) => stranger.url('video', `${name}.${suffix}`))) });
    await tab.settles();
    assert.equal(stranger.asked(name), 0, 'before a choice');
    await decide(tab, 'accept');
    await eventually(() => stranger.asked(name) === 1, 'it to be let in');
  });
}

test('with "reload: never" a page whose scripts have run stays after a withdrawal, and they do not run again', async (t) => {
  const visitor = await browser.visitor(t);
  const [a, b, c] = [unique(), unique(), unique()];
  const tab = await open(visitor, { on: steadySite, body: `<script ${gated}>${mark(a)}</script><script src="${counter(b)}"></script><template data-consent="statistics"><p id="shown">x<script>${mark(c)}</script></template>` });
  await decide(tab, 'accept');
  for (const name of [a, b, c]) await runsOnce(tab, name, 'accepted');
  await stamp(tab);
  await decide(tab, 'refuse');
  await tab.settles();
  assert.ok(await notReloaded(tab), 'the page must stay');
  assert.equal(await tab.run(() => !!document.querySelector('#shown')), false, 'the template’s content must go');
  await decide(tab, 'accept');
  await tab.settles();
  assert.deepEqual([await ran(tab, a), await ran(tab, b)], [1, 1], 'each script runs once in a page');
});

test('a withdrawal of what has not run, or a change that takes nothing back, loads no page anew', async (t) => {
  const visitor = await browser.visitor(t);
  const name = unique();
  const tab = await open(visitor, { body: `<script ${gated}>${mark(name)}</script>` });
  await decide(tab, 'save', { statistics: true, 'third-party': true });
  await runsOnce(tab, name, 'allowed');
  await stamp(tab);
  await decide(tab, 'save', { statistics: true });
  await decide(tab, 'accept');
  await tab.settles();
  assert.ok(await notReloaded(tab));
  await decide(tab, 'reset');
  await reloaded(tab);
  await tab.bannerIsThere();
  await neverRuns(tab, name, 'the choice was forgotten');
});

test('with "reload: always" a page is loaded anew after a withdrawal even where no script has run', async (t) => {
  const server = await startTemoin(t, { catalogue: catalogue(services, { reload: 'always' }) });
  const own = await startSite(t, { upstream: server.url });
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, { on: own });
  await stamp(tab);
  await decide(tab, 'accept');
  await tab.settles();
  assert.ok(await notReloaded(tab), 'consent is no withdrawal');
  await decide(tab, 'refuse');
  await reloaded(tab);
});

// ---- which ids ----

/** What scripts wait for → after which choices they run; null is no choice. */
const rules = [
  ['data-consent="!statistics"', { nothing: false, accept: false, refuse: true }],
  ['data-consent="!counter"', { nothing: false, accept: false, refuse: true, 'save third-party': true }],
  ['data-consent="statistics third-party"', { nothing: false, accept: true, refuse: false, 'save statistics': false, 'save third-party': false }],
  ['data-consent="statistics, third-party"', { accept: true, 'save statistics': false }],
  ['data-consent="third-party" data-service="video"', { nothing: false, accept: true, refuse: false, 'save video': true, 'save third-party,-video': false }],
  ['data-consent="third-party"', { 'save video': false, 'save third-party,-video': true }],
  ['data-consent="third-party" data-service="counter"', { 'save third-party': false, 'save statistics': false, accept: true }],
  ['data-service="video"  data-consent', { nothing: false, 'save video': true, refuse: false }],
  ['data-consent="necessary"', { nothing: true, refuse: true, accept: true }],
  ['data-consent="statistics" data-service="exempt"', { nothing: true, refuse: false, accept: true, 'save statistics,-exempt': false }],
  ['data-consent="statistics" data-service="login"', { nothing: false, 'save statistics': true, refuse: false }],
  ...['data-consent', 'data-consent=""', 'data-consent=" "', 'data-consent="unknown"', 'data-consent="!unknown"', 'data-consent="statistics" data-service="unknown"', 'data-consent="constructor"',
    'data-consent="__proto__"', 'data-consent="toString hasOwnProperty"', 'data-consent="!"', 'data-consent="Statistics"', 'data-consent="statistics\'"', 'data-consent="&lt;/script&gt;"', 'data-consent="!!statistics"',
    'data-consent="|"', 'data-consent="!constructor"', 'data-consent="!__proto__"', 'data-consent="statistics unknown"', 'data-consent="*"', 'data-consent="true"', 'data-consent="all"',
  ].map((attributes) => [attributes, { nothing: false, accept: false, refuse: false }]),
];

for (const choice of ['nothing', 'accept', 'refuse', 'save statistics', 'save third-party', 'save video', 'save third-party,-video', 'save statistics,-exempt']) {
  test(`what runs after: ${choice}`, async (t) => {
    const visitor = await browser.visitor(t);
    const asked = rules.map(([attributes, want], i) => ({ attributes, want: want[choice], name: `rule-${i}` })).filter(({ want }) => want !== undefined);
    const tab = await open(visitor, { body: asked.map(({ attributes, name }) => `<script type="text/plain" ${attributes}>${mark(name)}</script>`).join('') });
    const [action, ids] = choice.split(' ');
    const answers = Object.fromEntries((ids ?? '').split(',').filter(Boolean).map((id) => [id.replace('-third', '_').replace(/^-/, ''), !id.startsWith('-')]));
    if (action !== 'nothing') await decide(tab, action, ...(ids ? [answers] : []));
    // Where what has run is withdrawn, the page is loaded anew.
    await pause(500);
    await tab.until((shadow, chosen) => document.readyState === 'complete' && !!window.temoin?.choice === chosen, 'the choice to count', action !== 'nothing');
    const all = await allRan(tab);
    assert.deepEqual(
      asked.map(({ attributes, name }) => [attributes, all.filter((entry) => entry === name).length]),
      asked.map(({ attributes, want }) => [attributes, want ? 1 : 0]),
    );
  });
}

test('what waited for a refusal runs when the refusal comes later, and no page is loaded anew for consent after it', async (t) => {
  const visitor = await browser.visitor(t);
  const name = unique();
  const tab = await open(visitor, { body: `<script type="text/plain" data-consent="!statistics">${mark(name)}</script>` });
  await decide(tab, 'accept');
  await neverRuns(tab, name, 'accepted');
  await decide(tab, 'refuse');
  await runsOnce(tab, name, 'refused');
  await stamp(tab);
  await decide(tab, 'accept');
  await tab.settles();
  assert.ok(await notReloaded(tab));
});

test('a script that is taken out of the page, or whose ids change, before the choice follows the page', async (t) => {
  const visitor = await browser.visitor(t);
  const [gone, moved, changed] = [unique(), unique(), unique()];
  const tab = await open(visitor, { body: `<script id="gone" ${gated}>${mark(gone)}</script><script id="moved" ${gated}>${mark(moved)}</script><script id="changed" ${gated}>${mark(changed)}</script>` });
  await tab.run(() => {
    document.querySelector('#gone').remove();
    document.body.prepend(document.querySelector('#moved'));
    document.querySelector('#changed').dataset.consent = 'third-party';
  });
  await decide(tab, 'save', { statistics: true });
  await runsOnce(tab, moved, 'moved');
  assert.deepEqual([await ran(tab, gone), await ran(tab, changed)], [0, 0]);
});

// ---- order ----

const slow = (name, wait) => `${stranger.url('order', `${name}.js`)}?wait=${wait}`;

/** A page of scripts; gate(attributes, type) writes the attributes of each. */
const sequence = (gate) => `
  <script ${gate('module')} src="${slow('module', 50)}"></script>
  <script ${gate()} defer src="${slow('defer-1', 100)}"></script>
  <script ${gate()}>${mark('inline-1')}</script>
  <script ${gate()} src="${slow('external-slow', 400)}"></script>
  <script ${gate()}>${mark('inline-2')}</script>
  <script ${gate()} async src="${slow('async-late', 1200)}"></script>
  <script ${gate('module')}>${mark('module-inline')}</script>
  <script ${gate()} src="${slow('external-fast', 0)}"></script>
  <script ${gate()} defer src="${slow('defer-2', 0)}"></script>
  <script ${gate()}>${mark('inline-3')}</script>`;
const free = (type) => (type ? `type="${type}"` : '');
const behind = (type) => gated + (type ? ` data-type="${type}"` : '');

test('scripts that are released together run in the order in which a browser runs them without the gate', async (t) => {
  const wanted = await browser.tab(t);
  site.page('/free', page(include, sequence(free)));
  await wanted.visit(site.url + '/free');
  await wanted.until(() => window.ran?.length === 10, 'all to run');
  const want = await allRan(wanted);
  t.diagnostic(`without the gate: ${want.join(', ')}`);

  const visitor = await browser.visitor(t);
  const tab = await open(visitor, { body: sequence(behind) });
  await decide(tab, 'accept');
  await tab.until(() => window.ran?.length === 10, 'all to run');
  assert.deepEqual(await allRan(tab), want, 'after the choice');

  const back = await open(visitor, { body: sequence(behind) });
  await back.until(() => window.ran?.length === 10, 'all to run');
  assert.deepEqual(await allRan(back), want, 'on a returning visit');
});

test('on a returning visit an inline script runs where it stands, between the page’s own', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(consented());
  const tab = await open(visitor, { body: `<script>${mark('own-1')}</script><script ${gated}>${mark('gated')}</script><script>${mark('own-2')}</script>` });
  await tab.settles();
  assert.deepEqual(await allRan(tab), ['own-1', 'gated', 'own-2']);
});

test('what fails, throws or is not there does not stop those behind it', async (t) => {
  const visitor = await browser.visitor(t);
  const name = unique();
  const tab = await open(visitor, { body: `<script ${gated} src="${stranger.url('elsewhere', 'missing.txt')}"></script><script ${gated} src="http://127.0.0.1:9/refused.js"></script>
    <script ${gated}>throw new Error('mine')</script><script ${gated}>this is no script</script><script ${gated} src></script><script ${gated} src="http://["></script>
    <script ${gated} data-type="text/x-unknown">no script</script><script ${gated} data-type="module">import 'http://127.0.0.1:9/none.js';</script>
    <script ${gated}>${mark(name)}</script><script ${gated} defer src="${slow(`${name}-d`, 0)}"></script>` });
  await decide(tab, 'accept');
  await runsOnce(tab, name, 'after scripts that fail');
  await runsOnce(tab, `${name}-d`, 'deferred after scripts that fail');
});

// ---- attributes and events ----

test('nonce, integrity, crossorigin, referrerpolicy and the page’s listeners stay what they were', async (t) => {
  const policy = "default-src 'self'; script-src 'self' 'nonce-n0nce' 'wasm-unsafe-eval'; connect-src 'self'";
  const good = unique('good');
  const digest = `sha384-${createHash('sha384').update(mark(good)).digest('base64')}`;
  const [inline, external, bare, wrong, inTemplate] = ['inline', 'external', 'bare', 'wrong', 'template'].map(unique);
  const at = (name) => stranger.url('elsewhere', `${name}.js`);
  const head = '<script nonce="n0nce" src="/temoin.js"></script>';
  const body = `
    <script nonce="n0nce" id="inline" ${gated}>${mark(inline)}</script>
    <script nonce="n0nce" id="external" class="mine" data-mine="1" ${gated} src="${at(external)}" referrerpolicy="no-referrer" crossorigin="anonymous" fetchpriority="low"></script>
    <script id="bare" ${gated}>${mark(bare)}</script>
    <script nonce="n0nce" id="good" ${gated} src="${at(good)}" integrity="${digest}" crossorigin></script>
    <script nonce="n0nce" id="wrong" ${gated} src="${at(wrong)}" integrity="sha384-${'A'.repeat(64)}" crossorigin></script>
    <template data-consent="statistics"><script nonce="n0nce">${mark(inTemplate)}</script></template>
    <script nonce="n0nce">window.events = [];
      for (const id of ['external', 'good', 'wrong']) for (const type of ['load', 'error']) {
        document.getElementById(id).addEventListener(type, (event) => events.push(id + ' ' + event.type + ' ' + window.ran?.length));
      }
      window.element = document.getElementById('external');
    </script>`;
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, { head, body, headers: { 'content-security-policy': policy } });
  await tab.settles();
  assert.deepEqual(await allRan(tab), []);
  await decide(tab, 'accept');
  for (const name of [inline, external, good, inTemplate]) await runsOnce(tab, name, 'its nonce is right');
  await tab.settles();
  assert.equal(await ran(tab, bare), 0, 'without a nonce the page’s policy forbids it');
  assert.equal(await ran(tab, wrong), 0, 'with another integrity it may not run');
  const events = await tab.run(() => window.events.map((line) => line.split(' ').slice(0, 2).join(' ')).sort());
  assert.deepEqual(events, ['external load', 'good load', 'wrong error']);
  const { headers } = stranger.request(external);
  assert.equal(headers.referer, undefined, 'referrerpolicy');
  assert.equal(headers.origin, site.url, 'crossorigin');
  const kept = await tab.run(() => {
    const script = document.querySelector('#external');
    return { same: script === window.element, nonce: script.nonce, mine: script.dataset.mine, name: script.className, type: script.type, parent: script.parentNode.localName };
  });
  assert.deepEqual(kept, { same: true, nonce: 'n0nce', mine: '1', name: 'mine', type: 'text/plain', parent: 'body' });
});

test('under strict-dynamic a gated script that somebody smuggled in without the nonce does not run', async (t) => {
  const policy = "script-src 'nonce-n0nce' 'strict-dynamic' 'wasm-unsafe-eval'";
  const visitor = await browser.visitor(t);
  const [a, b, c, d] = [unique('mine'), unique('smuggled'), unique('smuggled'), unique('smuggled')];
  const tab = await open(visitor, { head: '<script nonce="n0nce" src="/temoin.js"></script>', headers: { 'content-security-policy': policy }, body: `
    <script nonce="n0nce" ${gated}>${mark(a)}</script><script ${gated}>${mark(b)}</script><script ${gated} src="${stranger.url('elsewhere', `${c}.js`)}"></script>
    <script type="text/plain" data-consent="necessary">${mark(d)}</script>` });
  await decide(tab, 'accept');
  await runsOnce(tab, a, 'it has the nonce');
  await tab.settles();
  assert.deepEqual(await allRan(tab), [a], 'what the page’s policy would not have run must not run through us');
});

test('attributes onload and onerror are called, once each', async (t) => {
  const visitor = await browser.visitor(t);
  const name = unique();
  const tab = await open(visitor, { head: `${include}<script>window.events = [];</script>`, body: `
    <script ${gated} onload="events.push('load')" onerror="events.push('bad')" src="${counter(name)}"></script>
    <script ${gated} onload="events.push('bad')" onerror="events.push('error')" src="${stranger.url('elsewhere', 'none')}"></script>
    <script ${gated} data-type="module">${mark(`${name}-m`)}</script>` });
  await decide(tab, 'accept');
  await runsOnce(tab, `${name}-m`, 'allowed');
  await tab.until(() => window.events.length >= 2, 'two events');
  await tab.settles();
  assert.deepEqual((await tab.run(() => window.events)).sort(), ['error', 'load']);
});

test('a held script that a script made keeps what was set on it, and calls its listeners', async (t) => {
  const visitor = await browser.visitor(t);
  const name = unique();
  const tab = await open(visitor, { body: inPage(`
    window.events = [];
    const script = document.createElement('script');
    script.onload = () => events.push('onload');
    script.addEventListener('load', () => events.push('listener'));
    script.async = true; script.id = 'mine'; script.crossOrigin = 'anonymous';
    script.src = '${counter(name)}';
    document.head.append(script);`) });
  assert.equal(await tab.run(() => document.querySelector('#mine').src || document.querySelector('#mine').dataset.consentSrc), counter(name));
  await decide(tab, 'accept');
  await runsOnce(tab, name, 'allowed');
  await tab.until(() => window.events.length >= 2, 'both listeners to be called');
  assert.deepEqual(await tab.run(() => window.events), ['onload', 'listener']);
  assert.ok(stranger.request(name).headers.origin, 'crossorigin');
});

test('what is no declared host is left alone: same address, same order, nothing waits', async (t) => {
  const visitor = await browser.visitor(t);
  const [a, b, c, d, e] = Array.from({ length: 5 }, () => unique('free'));
  const other = (name, suffix = 'js') => stranger.url('elsewhere', `${name}.${suffix}`);
  const tab = await open(visitor, { body: `<script src="${other(a)}"></script><div id="box"></div>${inPage(`
    const script = document.createElement('script'); script.src = '${other(b)}?counter.localhost'; document.head.append(script);
    box.innerHTML = '<img alt="counter.localhost" src="${other(c, 'svg')}"><p title="<img src=x>">&lt;script src="${counter('never')}"&gt;</p>';
    new Image().src = '${other(d, 'svg')}';
    navigator.sendBeacon('${other(e, 'svg')}', 'x');`)}` });
  await tab.settles();
  for (const name of [a, b]) assert.equal(await ran(tab, name), 1, name);
  for (const name of [a, b, c, d, e]) assert.equal(stranger.asked(name), 1, name);
  assert.equal(await tab.run(() => document.querySelector('#box p').textContent), `<script src="${counter('never')}">`);
  assert.deepEqual(await placeholders(tab), []);
});

test('hosts: a subdomain of *.map.localhost waits, map.localhost and a host that merely ends like it do not; necessary ones never', async (t) => {
  const visitor = await browser.visitor(t);
  const names = ['a.map', 'a.b.map', 'map', 'evilmap', 'login', 'counter.evil'].map((host) => [host, unique('host')]);
  const tab = await open(visitor, { body: inPage(names.map(([host, name]) => `{ const s = document.createElement('script'); s.src = '${stranger.url(host, `${name}.js`)}'; document.head.append(s); }`).join('\n')) });
  await tab.settles();
  assert.deepEqual(names.filter(([, name]) => stranger.asked(name)).map(([host]) => host), ['map', 'evilmap', 'login', 'counter.evil']);
});

test('an image whose address is changed while it is held shows the last one, and one that is changed to a free address at once', async (t) => {
  const visitor = await browser.visitor(t);
  const [first, last, free] = [unique('img'), unique('img'), unique('img')];
  const tab = await open(visitor, { body: `<img id="one" alt=""><img id="two" alt="">${inPage(`
    one.src = '${embedURL(first, 'img')}'; one.src = '${embedURL(last, 'img')}';
    two.src = '${embedURL(first, 'img')}'; two.src = '${stranger.url('elsewhere', `${free}.svg`)}';`)}` });
  await tab.settles();
  assert.deepEqual([stranger.asked(first), stranger.asked(last), stranger.asked(free)], [0, 0, 1]);
  await decide(tab, 'accept');
  await eventually(() => stranger.asked(last) === 1, 'the last address to be asked for');
  await tab.settles();
  assert.equal(stranger.asked(first), 0, 'the address that was replaced must never be asked for');
  assert.deepEqual(await tab.run(() => [window.one.src, window.two.src]), [embedURL(last, 'img'), stranger.url('elsewhere', `${free}.svg`)]);
  assert.equal(await tab.run(() => window.two.checkVisibility()), true, 'an image with a free address must be seen');
});

// ---- placeholders ----

test('a placeholder says what is off, who provides it and which cookies it sets, links to the charter, in the page’s language', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, { body: `<iframe ${size} ${byHand} data-src="${embedURL(unique(), 'iframe')}"></iframe><iframe ${size} data-consent="third-party" data-src="${embedURL(unique(), 'iframe')}"></iframe>` });
  await placeholderIsDrawn(tab, 2);
  const [first, second] = await placeholders(tab);
  for (const words of ['Service video', 'Provider of video', 'Purpose of video', 'v_id', 'v_third', 'Just this once', 'Always allow']) {
    assert.ok(first.text.includes(words), `want ${words} in: ${first.text}`);
  }
  assert.ok(second.text.includes('Third-party cookies'), `the category’s name: ${second.text}`);
  const link = await tab.run(() => document.querySelector('.temoin-placeholder').shadowRoot.querySelector('a').href);
  assert.match(link, /\/charte-cookies/);
  site.page('/fr', page(include, `<iframe ${size} ${byHand} data-src="x"></iframe>`, 'fr'));
  await tab.visit(site.url + '/fr');
  await placeholderIsDrawn(tab);
  assert.match((await placeholders(tab))[0].text, /Service video.*désactivé/i);
});

const boxes = {
  'attributes': { body: (inner) => inner(size) },
  'attributes, block, without border': { body: (inner) => inner(`${size} style="display: block; border: 0"`) },
  'a style sheet': { head: '<style>iframe, img { display: block; border: 0; width: 80%; aspect-ratio: 16 / 9; margin: 1rem auto; }</style>', body: (inner) => inner('') },
  'a style sheet that comes late': { head: `<link rel="stylesheet" href="${stranger.url('elsewhere', 'late.css?wait=500')}">`, body: (inner) => inner(size) },
  'a style attribute': { body: (inner) => inner('style="display: block; border: 0; width: 300px; height: 200px"') },
};
for (const [how, { head = '', body }] of Object.entries(boxes)) {
  for (const tag of ['iframe', 'img', 'template']) {
    test(`a placeholder has the size of ${tag} given by ${how}: nothing moves when it is let in`, async (t) => {
      const visitor = await browser.visitor(t);
      const inner = (attributes) => {
        const url = embedURL(unique(), tag === 'img' ? 'img' : 'iframe');
        if (tag === 'template') return `<template ${byHand}><iframe id="it" ${attributes} src="${url}"></iframe></template>`;
        return `<${tag} id="it" ${attributes} ${byHand} data-src="${url}"></${tag}>`;
      };
      const tab = await open(visitor, { head: include + head, body: `<p>before</p>${body(inner)}<p id="after">after</p>` });
      await placeholderIsDrawn(tab);
      await tab.settles();
      const where = () => tab.run(() => document.querySelector('#after').getBoundingClientRect().y);
      const before = await where();
      const [box] = await placeholders(tab);
      await tab.run(() => { window.shifts?.splice(0); });
      await decide(tab, 'accept');
      await tab.until(() => !document.querySelector('.temoin-placeholder') && document.querySelector('#it')?.src, 'the embed to be let in');
      await tab.settles();
      const rect = await tab.run(() => { const { x, y, width, height } = document.querySelector('#it').getBoundingClientRect(); return { x, y, width, height }; });
      const got = { box: [box.x, box.y, box.width, box.height].map(Math.round), after: Math.round(before) };
      assert.deepEqual(got, { box: [rect.x, rect.y, rect.width, rect.height].map(Math.round), after: Math.round(await where()) });
    });
  }
}

// What stands in a template has no size before it is drawn: nothing may come behind it.
test('drawing the placeholders of frames moves nothing in the page', needs('layoutShift'), async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, { body: `<h1>title</h1><iframe ${size} ${byHand} data-src="x"></iframe><p>text</p><template ${byHand}><iframe ${size} src="x"></iframe></template>` });
  await placeholderIsDrawn(tab, 2);
  await tab.settles();
  assert.deepEqual(await tab.run(() => window.shifts), []);
});

test('"this once" lets in that element alone, by the keyboard, and writes no cookie', async (t) => {
  const visitor = await browser.visitor(t);
  const [a, b] = [unique('frame'), unique('frame')];
  const tab = await open(visitor, { body: `<button id="start">start</button>${[a, b].map((name) => `<iframe title="${name}" ${size} ${byHand} data-src="${embedURL(name, 'iframe')}"></iframe>`).join('')}` });
  await placeholderIsDrawn(tab, 2);
  await tab.run(() => document.querySelector('#start').focus());
  const focused = () => tab.run(() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return active.dataset?.temoin ?? active.localName;
  });
  const order = [];
  for (let i = 0; i < 8 && order.at(-1) !== 'always'; i += 1) {
    await tab.keys('Tab');
    order.push(await focused());
  }
  assert.deepEqual(order, ['summary', 'a', 'once', 'always'], 'what the Tab key reaches');
  await tab.keys('Shift+Tab', 'Enter');
  await eventually(() => stranger.asked(a) === 1, 'the first frame to be asked for');
  await tab.settles();
  assert.equal(stranger.asked(b), 0, 'the second must wait');
  assert.equal((await placeholders(tab)).length, 1);
  assert.deepEqual(await tab.choiceCookies(), []);
  assert.equal(await tab.choice(), null);
  assert.equal(await tab.has('video'), false, 'it is no consent');
  assert.equal((await tab.layers()).banner, true, 'the question stays');
  assert.equal(await focused(), 'iframe', 'the focus must go to what came, and not to the page’s beginning');
  await tab.reload();
  await placeholderIsDrawn(tab, 2);
});

test('"always" keeps the rest of the choice, writes the cookie, and lets in all of that service', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(refusing(site, rev, { choices: { ...choices(false, asked), statistics: true }, services: { 'other-counter': false } }));
  const names = [unique('frame'), unique('frame'), unique('frame')];
  const tab = await open(visitor, { body: `${names.slice(0, 2).map((name) => `<iframe ${size} ${byHand} data-src="${embedURL(name, 'iframe')}"></iframe>`).join('')}<iframe ${size} data-consent="third-party" data-service="map" data-src="${embedURL(names[2], 'iframe')}"></iframe>` });
  await placeholderIsDrawn(tab, 3);
  await pressPlaceholder(tab, 'always', 0);
  await eventually(() => stranger.asked(names[0]) && stranger.asked(names[1]), 'both frames of the service to be asked for');
  await tab.settles();
  const kept = await tab.record();
  assert.deepEqual(kept.choices, { ...choices(false, asked), statistics: true });
  assert.deepEqual(kept.services, { 'other-counter': false, video: true });
  assert.equal((await placeholders(tab)).length, 1);
  assert.equal(stranger.asked(names[2]), 0);

  // And it comes back after withdrawal.
  await stamp(tab);
  await decide(tab, 'refuse');
  await placeholderIsDrawn(tab, 3);
  assert.ok(await notReloaded(tab), 'embeds can be taken back without loading the page anew');
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll('iframe')].map((frame) => frame.getAttribute('src'))), [null, null, null]);
});

test('"always" as the first answer allows that alone, and leaves the exempt measure on', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, { body: `<iframe ${size} ${byHand} data-src="${embedURL(unique(), 'iframe')}"></iframe>` });
  await pressPlaceholder(tab, 'always');
  await tab.until(() => window.temoin.has('video'), 'the service to be allowed');
  for (const [id, want] of Object.entries({ exempt: true, counter: false, 'third-party': false, map: false, ads: false, login: true })) {
    assert.equal(await tab.has(id), want, id);
  }
  const other = await open(visitor, { body: `<iframe ${size} data-consent="third-party" data-src="${embedURL(unique(), 'iframe')}"></iframe>` });
  await pressPlaceholder(other, 'always');
  await other.until(() => window.temoin.has('third-party'), 'the category to be allowed');
  assert.deepEqual([await other.has('map'), await other.has('video'), await other.has('counter')], [true, true, false]);
});

test('what was let in "this once" goes with an explicit refusal', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, { body: `<iframe ${size} ${byHand} data-src="${embedURL(unique(), 'iframe')}"></iframe>` });
  await pressPlaceholder(tab, 'once');
  await tab.until(() => document.querySelector('iframe').src, 'the frame to be let in');
  await decide(tab, 'refuse');
  await placeholderIsDrawn(tab);
});

test('placeholders are accessible, light and dark, at small sizes too', async (t) => {
  const frames = ['width="400" height="300"', 'width="160" height="90"', 'width="1000" height="400"'];
  for (const scheme of ['light', 'dark']) {
    const visitor = await browser.visitor(t, { media: { 'prefers-color-scheme': scheme } });
    await visitor.setCookies(refusing());
    const tab = await open(visitor, { body: `<main><h1>page</h1>${frames.map((size, i) => `<iframe title="video ${i}" ${size} ${byHand} data-src="x"></iframe>`).join('')}</main>` });
    await placeholderIsDrawn(tab, 3);
    await isAccessible(tab, `placeholders, ${scheme}`);
  }
});

test('where the placeholders’ file cannot be had the embed still waits, and the rest works', async (t) => {
  const broken = await startSite(t, { upstream: steady.url });
  broken.fail(/placeholder/);
  const visitor = await browser.visitor(t);
  const name = unique('frame');
  const tab = await open(visitor, { on: broken, body: `<iframe ${size} ${byHand} data-src="${embedURL(name, 'iframe')}"></iframe>` });
  await tab.settles();
  assert.equal(stranger.asked(name), 0);
  assert.deepEqual(tab.errors, []);
  await decide(tab, 'accept');
  await eventually(() => stranger.asked(name) === 1, 'the frame to be let in');
});

// ---- many ----

test('500 gated elements: all held, all let in, each once', async (t) => {
  const visitor = await browser.visitor(t);
  const body = Array.from({ length: 500 }, (_, i) => (i % 5 === 4
    ? `<iframe width="200" height="100" ${byHand} data-src="about:blank#${i}"></iframe>`
    : `<script ${gated}>${mark(`many-${i}`)}</script>`)).join('\n');
  const tab = await open(visitor, { body });
  await placeholderIsDrawn(tab, 100);
  await tab.settles();
  assert.deepEqual(await allRan(tab), []);
  const time = await tab.run(() => new Promise((resolve) => {
    const start = performance.now();
    window.temoin.accept();
    const accepted = performance.now() - start;
    const look = () => (window.ran?.length >= 400 ? resolve({ accepted, all: performance.now() - start }) : setTimeout(look, 1));
    look();
  }));
  t.diagnostic(`accept() took ${time.accepted.toFixed(0)} ms, all had run after ${time.all.toFixed(0)} ms`);
  assert.deepEqual(await allRan(tab), Array.from({ length: 500 }, (_, i) => i).filter((i) => i % 5 !== 4).map((i) => `many-${i}`));
  assert.equal(await tab.run(() => document.querySelectorAll('iframe[src]').length), 100);
  assert.equal((await placeholders(tab)).length, 0);
  await open(visitor, { body }).then((back) => back.until(() => window.ran?.length === 400, 'all 400 on a returning visit'));
});

// ---- hostile pages ----

const words = ['statistics', 'counter', 'third-party', 'services', 'exempt', 'necessary', 'hosts', 'signals', 'google', 'erase', 'reload', 'choices', 'once', 'async', 'data-type', 'body', 'cookies', 'kept'];
const hostile = {
  'elements named like the API': { before: '<form id="temoin"><input name="has" value="1"><input name="choice"></form><a id="temoinBundle" href="x">x</a><img name="temoin" alt="">' },
  'a form that hides what elements offer': {
    before: `<form data-consent="statistics" data-src="x">${['dataset', 'getAttribute', 'setAttribute', 'querySelectorAll', 'matches', 'tagName', 'localName', 'isConnected', 'replaceWith', 'type', 'nodeType', 'attributes', 'parentNode', 'children'].map((name) => `<input name="${name}">`).join('')}<!--inside--></form>`,
    inside: true,
  },
  'Object.prototype with names of ours': { head: `<script>for (const word of ${JSON.stringify(words)}) Object.prototype[word] = word === 'services' || word === 'choices' ? { statistics: true, counter: 'statistics' } : true;</script>` },
  'Object.prototype with property descriptors': { head: '<script>Object.prototype.value = 1; Object.prototype.get = function () { return true; }; Object.prototype.writable = true;</script>' },
  'globals that are overwritten after the script': { after: `<script>${can('withoutJSON') ? 'window.JSON = ' : ''}window.decodeURIComponent = window.event = window.name = null; document.querySelector = null;</script>`, clobbers: true },
};
for (const [what, { head = '', before = '', after: late = '', inside, clobbers }] of Object.entries(hostile)) {
  test(`a page with ${what} neither opens the gate nor breaks it`, async (t) => {
    const visitor = await browser.visitor(t);
    const [a, b, c] = [unique('hostile'), unique('hostile'), unique('hostile')];
    const scripted = `<script ${gated}>window.ran = window.ran || []; ran.push('${a}')</script>`;
    const tab = await open(visitor, {
      head: `${head}${include}${late}`,
      body: `${inside ? before.replace('<!--inside-->', scripted) : before + scripted}<script ${gated} src="${counter(b)}"></script><iframe ${size} ${byHand} data-src="${embedURL(c, 'iframe')}"></iframe>`,
    });
    await tab.settles();
    assert.deepEqual(await tab.run(() => window.ran ?? []), [], 'nothing may run before a choice');
    assert.deepEqual([stranger.asked(b), stranger.asked(c)], [0, 0], 'nothing may be asked for before a choice');
    if (clobbers) return; // what the page breaks of the language may break us, but opens nothing
    await decide(tab, 'accept');
    await runsOnce(tab, a, 'accepted');
    await runsOnce(tab, b, 'accepted');
    await eventually(() => stranger.asked(c) === 1, 'the frame to be let in');
    assert.deepEqual(tab.errors, []);
  });
}

test('hostile attribute values are nothing but names that nobody allows', async (t) => {
  const visitor = await browser.visitor(t);
  const values = ['"><script>ran=[1]</script>', "statistics');alert(1)//", '\u0000statistics', 'ѕtatistics', 'x'.repeat(200_000), '%73tatistics', '${1}', '../statistics', 'statistics;', '*.', '[a', '\\'];
  const escape = (value) => value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  const last = unique();
  const body = values.map((value) => `<script type="text/plain" data-consent="${escape(value)}" data-service="${escape(value)}">${mark('hostile')}</script><template data-consent="${escape(value)}"><p>let in</p></template><iframe data-consent="${escape(value)}" data-src="${embedURL('hostile', 'iframe')}" width="${escape(value.slice(0, 50))}"></iframe>`).join('');
  const tab = await open(visitor, { body: `${body}<script ${gated}>${mark(last)}</script>` });
  await decide(tab, 'accept');
  await runsOnce(tab, last, 'those before it are no hindrance');
  await tab.settles();
  assert.deepEqual(await allRan(tab), [last]);
  assert.equal(stranger.asked('hostile'), 0);
  assert.equal(await tab.run(() => document.body.innerText.includes('let in')), false);
  assert.deepEqual(tab.errors, []);
});

test('a cookie that was tampered with opens nothing', async (t) => {
  const good = record(rev, { choices: choices(true, asked) });
  const values = {
    'words for booleans': { ...good, choices: { ...good.choices, necessary: 'yes' } },
    'numbers for booleans': { ...good, choices: { ...good.choices, statistics: 1 } },
    'choices as an array': { ...good, choices: ['statistics', true] },
    'services as an array': { ...good, services: [true] },
    'services with words': { ...good, services: { counter: 'yes' } },
    'an array': [good],
    '__proto__ in choices': `{"v":1,"id":"${good.id}","rev":"${rev}","at":${good.at},"choices":{"necessary":true,"__proto__":{"statistics":true}}}`,
    '__proto__ around all': `{"__proto__":${JSON.stringify(good)}}`,
    '__proto__ as an answer': `{"v":1,"id":"${good.id}","rev":"${rev}","at":${good.at},"choices":{"necessary":true,"__proto__":true}}`,
    'constructor.prototype': `{"v":1,"id":"${good.id}","rev":"${rev}","at":${good.at},"choices":{"necessary":true},"services":{"constructor":{"prototype":{"counter":true}}}}`,
    'another revision': { ...good, rev: '00000000' },
    'a time to come': { ...good, at: good.at + 10 * 86_400 },
    'no id': { ...good, id: undefined },
    'null': 'null',
    'no JSON': '{"v":1,',
    'many keys': { ...good, choices: Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`K${i}`, true])) },
  };
  const name = unique();
  const body = `<script ${gated}>${mark(name)}</script><script ${gated} data-service="counter">${mark(name)}</script><script type="text/plain" data-consent="third-party first-party">${mark(name)}</script><iframe ${byHand} data-src="${embedURL(name, 'iframe')}"></iframe><script src="${counter(`${name}-auto`)}"></script>`;
  for (const [what, value] of Object.entries(values)) {
    const visitor = await browser.visitor(t);
    await visitor.setCookies(cookie(site.url, encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))));
    const tab = await open(visitor, { body });
    await tab.bannerIsThere();
    await tab.settles({ quiet: 100 });
    assert.deepEqual(await allRan(tab), [], what);
    assert.equal(stranger.asked(name), 0, what);
    assert.deepEqual(tab.errors, [], what);
    await tab.close();
  }
});

test('under a strict policy with Trusted Types the page’s gated scripts run after consent, and nothing is violated', async (t) => {
  const csp = ['default-src \'none\'', `script-src 'self' 'nonce-n0nce' 'wasm-unsafe-eval' ${stranger.url('*', '').replace(/\/$/, '')}`, 'connect-src \'self\'',
    `frame-src ${stranger.url('*', '').replace(/\/$/, '')}`, 'require-trusted-types-for \'script\'', 'trusted-types temoin'].join('; ');
  const visitor = await browser.visitor(t);
  const [a, b, c, d, e, f] = Array.from({ length: 6 }, () => unique('strict'));
  const tab = await open(visitor, { headers: { 'content-security-policy': csp }, body: `
    <script nonce="n0nce" ${gated}>${mark(a)}</script><script ${gated} src="${counter(b)}"></script><script ${gated} data-src="${counter(c)}"></script>
    <script src="${counter(d)}"></script><template data-consent="statistics"><script src="${counter(e)}"></script></template>
    <iframe ${size} ${byHand} data-src="${embedURL(f, 'iframe')}"></iframe>` });
  await tab.until(() => !!document.querySelector('iframe').previousElementSibling?.shadowRoot?.querySelector('button'), 'the frame’s placeholder to be drawn');
  await tab.goRuns();
  await tab.settles();
  assert.deepEqual(await allRan(tab), []);
  await decide(tab, 'accept');
  for (const name of [a, b, c, d, e]) await runsOnce(tab, name, 'accepted under a strict policy');
  await eventually(() => stranger.asked(f) === 1, 'the frame to be let in');
  await tab.settles();
  assert.deepEqual(await tab.heard('violation'), []);
  assert.deepEqual(tab.errors, []);
});

test('the page’s own Trusted Types go through what we wrap', async (t) => {
  const csp = `script-src 'self' 'nonce-n0nce' 'wasm-unsafe-eval' ${stranger.url('*', '').replace(/\/$/, '')}; require-trusted-types-for 'script'; trusted-types temoin mine`;
  const visitor = await browser.visitor(t);
  const [a, b, c] = [unique('trusted'), unique('trusted'), unique('trusted')];
  const tab = await open(visitor, { headers: { 'content-security-policy': csp }, body: `<div id="box"></div><script nonce="n0nce">
    const mine = trustedTypes.createPolicy('mine', { createHTML: (s) => s, createScriptURL: (s) => s });
    const held = document.createElement('script'); held.src = mine.createScriptURL('${counter(a)}'); document.head.append(held);
    const free = document.createElement('script'); free.src = mine.createScriptURL('${stranger.url('elsewhere', `${b}.js`)}'); document.head.append(free);
    box.innerHTML = mine.createHTML('<img alt="" src="${embedURL(c, 'img')}">');
    window.refused = 0;
    try { box.innerHTML = '<b>${embedURL(c, 'img')}</b>'; } catch { refused++; }
    try { document.createElement('script').src = 'http://elsewhere.localhost/x.js'; } catch { refused++; }
    try { document.createElement('script').src = '${counter(a)}'; } catch { refused++; }
  </script>` });
  await runsOnce(tab, b, 'its host is not declared');
  await tab.settles();
  assert.deepEqual([stranger.asked(a), stranger.asked(c)], [0, 0]);
  assert.equal(await tab.run(() => window.refused), 3, 'a plain text must be refused as without us: the gate must not make it trusted');
  await decide(tab, 'accept');
  await runsOnce(tab, a, 'accepted');
  await eventually(() => stranger.asked(c) === 1, 'the image to be let in');
});

test('on a site of another origin than temoin.js all of it works', async (t) => {
  const foreign = await startSite(t);
  const visitor = await browser.visitor(t);
  const [a, b] = [unique('cross'), unique('cross')];
  const tab = await open(visitor, { on: foreign, head: `<script src="${steady.url}/temoin.js"></script>`, body: `<script ${gated} src="${counter(a)}"></script><iframe ${size} ${byHand} data-src="${embedURL(b, 'iframe')}"></iframe>` });
  await placeholderIsDrawn(tab);
  await decide(tab, 'accept');
  await runsOnce(tab, a, 'accepted');
  await eventually(() => stranger.asked(b) === 1, 'the frame to be let in');
});

test('a returning visitor’s choice for a service alone opens that alone', async (t) => {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(refusing(steadySite, steadyRev, { services: { video: true } }));
  const [a, b] = [unique('frame'), unique('frame')];
  const tab = await open(visitor, { on: steadySite, body: `<iframe ${size} src="${embedURL(a, 'iframe')}"></iframe>${inPage(`const frame = document.createElement('iframe'); frame.width = 400; frame.height = 300; frame.src = '${stranger.url('a.map', `${b}.html`)}'; document.body.append(frame);`)}` });
  await eventually(() => stranger.asked(a) === 1, 'the video to be shown');
  await placeholderIsDrawn(tab);
  assert.equal(stranger.asked(b), 0);
});
