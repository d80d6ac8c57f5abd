// Every element that loads can wait by its attributes, wherever it stands.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { catalogue, include, page, placeholderIsDrawn, services, startStranger } from './lib/gate.mjs';
import { choices, cookie, record } from './lib/records.mjs';
import { eventually } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const stranger = await startStranger(after);
const { browser, site, rev } = await stage({ catalogue: catalogue(services, { reload: 'never' }) });

let count = 0;
const byHand = 'data-consent="third-party" data-service="video"';
const at = (name, suffix) => stranger.url('elsewhere', `${name}.${suffix}`);

async function open(visitor, body) {
  const path = `/elements-${(count += 1)}`;
  site.page(path, page(include, body));
  const tab = await visitor.tab();
  return tab.visit(site.url + path);
}

const decide = (tab, name) => tab.run((name) => { window.temoin[name](); }, name);
const say = (tab) => tab.console.join('\n');

/** What each kind asks for, by the part of its markup; %x is the attribute's name: data-x, or data-consent-x. */
const kinds = {
  script: { markup: (n) => `<script ${byHand} type="text/plain" %src="${at(n, 'js')}"></script>`, asks: [''] },
  iframe: { markup: (n) => `<iframe ${byHand} %src="${at(n, 'html')}"></iframe>`, asks: [''] },
  img: { markup: (n) => `<img alt="x" ${byHand} %src="${at(n, 'svg')}">`, asks: [''] },
  'img with srcset': { markup: (n) => `<img alt="x" ${byHand} %src="${at(`${n}-never`, 'svg')}" %srcset="${at(n, 'svg')} 1x, ${at(n, 'svg')} 2x">`, asks: [''] },
  picture: { markup: (n) => `<picture ${byHand}><source %srcset="${at(n, 'svg')}"><img alt="x" %src="${at(`${n}-never`, 'svg')}"></picture>`, asks: [''] },
  'img in a picture': { markup: (n) => `<picture><source %srcset="${at(n, 'svg')}"><img alt="x" ${byHand} %src="${at(`${n}-never`, 'svg')}"></picture>`, asks: [''] },
  video: { markup: (n) => `<video preload="auto" muted ${byHand} %src="${at(n, 'mp4')}" %poster="${at(`${n}-poster`, 'svg')}"></video>`, asks: ['', '-poster'] },
  'video with sources': { markup: (n) => `<video preload="auto" muted ${byHand}><source %src="${at(n, 'mp4')}"></video>`, asks: [''] },
  'source that waits by itself': { markup: (n) => `<video preload="auto" muted><source ${byHand} %src="${at(n, 'mp4')}"></video>`, asks: [''] },
  audio: { markup: (n) => `<audio preload="auto" controls ${byHand} %src="${at(n, 'mp3')}"></audio>`, asks: [''] },
  object: { markup: (n) => `<object width="90" height="90" type="text/html" ${byHand} %data="${at(n, 'html')}"></object>`, asks: [''] },
  embed: { markup: (n) => `<embed width="90" height="90" type="text/html" ${byHand} %src="${at(n, 'html')}">`, asks: [''] },
  'style sheet': { markup: (n) => `<link rel="stylesheet" ${byHand} %href="${at(n, 'css')}">`, asks: [''] },
  preload: { markup: (n) => `<link rel="preload" as="image" ${byHand} %href="${at(n, 'svg')}">`, asks: [''] },
  'input type=image': { markup: (n) => `<input type="image" alt="go" ${byHand} %src="${at(n, 'svg')}">`, asks: [''] },
  'several in one': { markup: (n) => `<div ${byHand}><img alt="x" %src="${at(`${n}-one`, 'svg')}"><iframe %src="${at(`${n}-two`, 'html')}"></iframe></div>`, asks: ['-one', '-two'] },
};

for (const prefix of ['data-', 'data-consent-']) {
  test(`what waits in ${prefix}src and the like: nothing asked before, all there after, gone again, back`, async (t) => {
    const names = Object.keys(kinds).map((kind, i) => [kind, `el-${prefix.length}-${i}`]);
    const body = names.map(([kind, name]) => kinds[kind].markup(name).replaceAll('%', prefix)).join('\n');
    const missing = () => names.flatMap(([kind, name]) => kinds[kind].asks.filter((part) => !stranger.asked(name + part)).map((part) => kind + part));
    const visitor = await browser.visitor(t);
    const tab = await open(visitor, body);
    await tab.bannerIsThere();
    await tab.settles();
    assert.deepEqual(stranger.requests.filter(({ name }) => name?.startsWith(`el-${prefix.length}-`)).map(({ path }) => path), [], 'before a choice');
    await decide(tab, 'accept');
    await eventually(() => missing().length === 0, () => `all to be asked for; missing: ${missing()}`);
    assert.deepEqual(names.filter(([, name]) => stranger.asked(`${name}-never`)), [], 'of a set of images, one alone');
    const history = await tab.run(() => window.history.length);
    await decide(tab, 'refuse');
    const left = await tab.run(() => [...document.querySelectorAll('iframe, img, source, video, audio, object, embed, link, input')]
      .flatMap((element) => ['src', 'srcset', 'href', 'data', 'poster'].filter((name) => element.hasAttribute(name)).map((name) => `${element.localName} ${name}`)));
    assert.deepEqual(left, [], 'withdrawn');
    const before = stranger.requests.length;
    await decide(tab, 'accept');
    await eventually(() => stranger.requests.length >= before + 4, 'the embeds to be asked for again');
    await decide(tab, 'refuse');
    await tab.frames();
    assert.equal(await tab.run(() => window.history.length), history, 'embeds that come and go leave nothing in the history');
    assert.deepEqual(tab.errors, []);
  });
}

for (const [kind, inner] of Object.entries({
  'of the same service': byHand,
  'of a service of its own': 'data-consent="statistics"',
})) {
  test(`a template in a template, ${kind}: each is there once, or not at all`, async (t) => {
    const visitor = await browser.visitor(t);
    const template = (more) => `<template data-consent="third-party"><p class="outer"></p><template ${inner}><p class="inner"></p></template>${more}</template>`;
    const tab = await open(visitor, `<div>${template('<p class="outer"></p>')}</div><div>${template('')}${template('')}<p id="end"></p></div>`);
    const there = (outer, inner) => tab.until((shadow, ...wanted) => `${['.outer', '.inner', '#end'].map((name) => document.querySelectorAll(name).length)}` === `${wanted}`, `${outer} outer, ${inner} inner`, outer, inner, 1);
    for (let i = 0; i < 2; i += 1) {
      await decide(tab, 'accept');
      await there(4, 3);
      await decide(tab, 'refuse');
      await there(0, 0);
      await placeholderIsDrawn(tab, 3);
    }
    await decide(tab, 'accept');
    await there(4, 3);
    // The outer ones stay where the inner ones go.
    if (kind === 'of a service of its own') {
      await tab.run(() => { window.temoin.save({ statistics: false, 'third-party': true }); });
      await there(4, 0);
    }
    assert.deepEqual(tab.errors, []);
  });
}

test('what cannot wait is named on the console', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `<p ${byHand}>text</p><script data-consent="statistics">window.early = true;</script>
    <script type="text/plain" data-consent="statistcs !nobody">window.never = true;</script>`);
  await decide(tab, 'accept');
  await tab.until(() => window.temoin.has('video'), 'the choice');
  const wanted = [/nothing that could wait/, /runs without consent/, /"statistcs", so this waits for ever/, /"!nobody", so this waits for ever/];
  await eventually(() => wanted.every((line) => line.test(say(tab))), () => `these warnings; there is ${say(tab)}`);
  assert.equal(say(tab).match(/for ever/g).length, 2, 'each is said once');
});

const inside = (name, host = 'elsewhere') => `<iframe width="300" height="150" title="${name}" ${byHand} data-src="${stranger.url(host, `${name}.html`)}"></iframe>`;
const named = (name) => `<iframe width="300" height="150" title="${name}" src="${stranger.url('video', `${name}.html`)}"></iframe>`;

test('in shadow roots as in the page: declared, open, closed, by hand and by host', async (t) => {
  const body = `<div id="declared"><template shadowrootmode="open"><p>text</p>${inside('sh-declared')}</template></div>
    <x-open></x-open><x-closed></x-closed><div id="late"></div><script>
    const fill = (root, name) => { root.innerHTML = ${JSON.stringify(inside('NAME') + named('NAME-host')).replaceAll('</', '<\\/')}.replaceAll('NAME', name)
      + '<script type="text/plain" data-consent="third-party">(window.ran ??= []).push("shadow")<\\/script>'; };
    customElements.define('x-open', class extends HTMLElement { connectedCallback() { fill(this.attachShadow({ mode: 'open' }), 'sh-open'); } });
    customElements.define('x-closed', class extends HTMLElement { connectedCallback() {
      const root = window.closed1 = this.attachShadow({ mode: 'closed' }); fill(root, 'sh-closed');
      root.append(document.createElement('x-inner')); } });
    customElements.define('x-inner', class extends HTMLElement { connectedCallback() { fill(this.attachShadow({ mode: 'open' }), 'sh-inner'); } });
    addEventListener('load', () => { document.querySelector('#late').attachShadow({ mode: 'open' }).append(...new DOMParser().parseFromString(${JSON.stringify(inside('sh-late'))}, 'text/html').body.children); });
    </script>`;
  const names = ['declared', 'open', 'open-host', 'closed', 'closed-host', 'inner', 'inner-host', 'late'].map((name) => `sh-${name}`);
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, body);
  const boxes = () => tab.run(() => {
    const roots = [document.querySelector('#declared').shadowRoot, document.querySelector('x-open').shadowRoot, window.closed1, window.closed1.querySelector('x-inner').shadowRoot, document.querySelector('#late').shadowRoot];
    return roots.map((root) => root?.querySelectorAll('.temoin-placeholder').length);
  });
  await eventually(async () => JSON.stringify(await boxes()) === '[1,2,2,2,1]', async () => `a placeholder for each: ${await boxes()}`);
  await tab.settles();
  assert.deepEqual(names.filter((name) => stranger.asked(name)), [], 'before a choice');
  await decide(tab, 'accept');
  await eventually(() => names.every((name) => stranger.asked(name)), () => `all to be shown; missing ${names.filter((name) => !stranger.asked(name))}`);
  await tab.until(() => window.ran?.length === 3, 'the scripts in shadow roots to run');
  assert.deepEqual(await boxes(), [0, 0, 0, 0, 0]);
  assert.deepEqual(tab.errors, []);
});

test('a listed element that comes, changes its address or moves while it waits follows the page', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `<div id="a"><iframe id="it" width="300" height="150" ${byHand} data-src="${at('el-first', 'html')}"></iframe></div><div id="b"></div><iframe id="gone" width="300" height="150" ${byHand} data-src="${at('el-gone', 'html')}"></iframe>`);
  await placeholderIsDrawn(tab, 2);
  await tab.run((url) => {
    const frame = document.querySelector('#it');
    frame.setAttribute('data-src', url);
    document.querySelector('#b').append(frame);
    document.querySelector('#gone').remove();
  }, at('el-last', 'html'));
  await tab.until(() => document.querySelectorAll('.temoin-placeholder').length === 1, 'one placeholder to be left');
  assert.equal(await tab.run(() => document.querySelector('.temoin-placeholder').parentElement.id), 'b');
  // What a framework takes out as not its own comes back.
  await tab.run(() => document.querySelector('.temoin-placeholder').remove());
  await placeholderIsDrawn(tab, 1);
  await decide(tab, 'accept');
  await eventually(() => stranger.asked('el-last') === 1, 'the last address to be asked for');
  assert.deepEqual([stranger.asked('el-first'), stranger.asked('el-gone')], [0, 0]);
  const visitor2 = await browser.visitor(t);
  await visitor2.setCookies(cookie(site.url, record(rev, { choices: choices(true) })));
  const back = await open(visitor2, `<video preload="auto" muted ${byHand}><source data-src="${at('el-read', 'mp4')}"></video>`);
  await eventually(() => stranger.asked('el-read') > 0, 'what stands in a video that is still being read');
  assert.deepEqual(back.errors, []);
});
