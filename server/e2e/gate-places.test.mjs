// What stands in the place of embeds: as large as they would be, however they are
// wrapped and however wide the page becomes; nothing for what nobody would see;
// copies wait by themselves; and what loads lazily does not undo the hold.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';

import { catalogue, include, page, placeholderIsDrawn, pressPlaceholder, services, startStranger } from './lib/gate.mjs';
import { eventually } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const stranger = await startStranger(after);
const { browser, site } = await stage({ catalogue: catalogue(services) });

let count = 0;
const byHand = 'data-consent="third-party" data-service="video"';
const at = (name, suffix = 'html', host = 'elsewhere') => stranger.url(host, `${name}.${suffix}`);

async function open(visitor, body, head = '', options) {
  const path = `/places-${(count += 1)}`;
  site.page(path, page(include + head, body));
  const tab = await visitor.tab();
  return tab.visit(site.url + path, options);
}

const accept = (tab) => tab.run(() => { window.temoin.accept(); });

// ---- wrappers ----

const style = `<style>
  main { max-width: 900px; margin: auto; }
  main > * { margin: 0 0 20px; }
  .before { position: relative; }
  .before::before { content: ""; display: block; padding-top: 56.25%; }
  .before iframe { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
  .padded { position: relative; height: 0; padding-bottom: 56.25%; overflow: hidden; }
  .padded iframe { position: absolute; top: 0; left: 0; width: 100%; height: 100%; border: 0; }
  .ratio iframe { width: 100%; aspect-ratio: 16 / 9; height: auto; border: 0; }
  .boxed { aspect-ratio: 4 / 3; } .boxed iframe { width: 100%; height: 100%; border: 0; }
  .children { position: relative; aspect-ratio: 2; } .children > * { position: absolute; width: 100%; height: 100%; border: 0; }
  .centred { position: relative; height: 300px; } .centred iframe { position: absolute; top: 50%; left: 50%; transform: translate(-50%, -50%); width: 60%; height: 200px; border: 0; }
  .grid { display: grid; grid-template: "a b" 200px / 1fr 2fr; } .grid iframe { grid-area: b; width: 100%; height: 100%; border: 0; } .grid p { grid-area: a; margin: 0; }
  .flex { display: flex; } .flex iframe { flex: 1; height: 200px; border: 0; } .flex p { width: 30%; margin: 0; }
  .fluid iframe { max-width: 100%; }
</style>`;
const wrappers = {
  before: '%', padded: '%', ratio: '%', boxed: '%', children: '%', centred: '%', grid: '<p>text</p>%', flex: '<p>text</p>%', fluid: '%',
};
const frame = (name, of = 'data-src') => `<iframe title="${name}" width="800" height="300" ${of === 'data-src' ? byHand : ''} ${of}="${at(`place-${name}`)}"></iframe>`;
const shapes = Object.entries(wrappers).flatMap(([name, inner]) => [
  [name, `<div class="${name}" id="${name}">${inner.replace('%', frame(name))}</div>`],
  [`${name}-t`, `<div class="${name}" id="${name}-t">${inner.replace('%', `<template ${byHand}>${frame(`${name}-t`, 'src')}</template>`)}</div>`],
]).concat(['before', 'padded', 'ratio'].map((name) => [
  `${name}-w`, `<div id="${name}-w"><template ${byHand}><div class="${name}">${frame(`${name}-w`, 'src')}</div></template></div>`,
]));

test('in wrappers of every kind the placeholder lies where the embed will, at each width, and nothing moves', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `<main>${shapes.map(([, markup]) => markup).join('\n')}<p id="end">end</p></main>`, style);
  await placeholderIsDrawn(tab, shapes.length);
  const measure = (selector) => tab.run((selector) => {
    const rect = (element) => { const { left, top, width, height } = element.getBoundingClientRect(); return [left, top + scrollY, width, height].map(Math.round); };
    return Object.fromEntries([...document.querySelectorAll('main > [id]')].map((wrapper) => {
      const inner = wrapper.querySelector(selector);
      return [wrapper.id, [rect(wrapper), inner && rect(inner)]];
    }));
  }, selector);
  const found = {};
  for (const width of [1280, 700, 420]) {
    await tab.viewport({ width, height: 800 });
    await tab.settles();
    await tab.frames();
    found[width] = await measure('.temoin-placeholder');
  }
  await accept(tab);
  await tab.until(() => !document.querySelector('.temoin-placeholder'), 'all to be let in');
  for (const width of [1280, 700, 420]) {
    await tab.viewport({ width, height: 800 });
    await tab.settles();
    const shown = await measure('iframe');
    // Where halves of pixels have added up, WebKit rounds another way.
    const same = (a, b) => a.flat().every((n, i) => Math.abs(n - b.flat()[i]) <= (i % 4 === 1 ? 1 : 0));
    // In a template with what lies around a frame, the placeholder stands for all of it.
    for (const id of Object.keys(shown)) assert.ok(same(...[found[width][id], shown[id]].map(([outer, inner]) => (/-w$/.test(id) ? [outer] : [outer, inner]))), `${id} at ${width} px: wrapper and placeholder ${found[width][id]}, wrapper and embed ${shown[id]}`);
  }
  assert.deepEqual(tab.errors, []);
});

/** Where the elements are that match within each element with an id, in whole pixels. */
const boxesIn = (tab, selector) => tab.run((selector) => Object.fromEntries([...document.querySelectorAll('main [id]')].map((wrapper) => {
  const { left, top, width, height } = wrapper.querySelector(selector).getBoundingClientRect();
  return [wrapper.id, [left, top, width, height].map(Math.round)];
})), selector);

test('an image with words for who does not see it has a placeholder of the image’s size', async (t) => {
  const image = (name, more, of = `${byHand} data-src`) => `<img alt="Map of ${name}" ${more} ${of}="${at(`words-${name}`, 'svg')}">`;
  const tab = await open(await browser.visitor(t), `<main>
    <div id="sized">${image('sized', 'width="400" height="300"')}</div>
    <div id="wide">${image('wide', 'width="400" height="300" style="width: 100%; height: auto"')}</div>
    <div id="ratio">${image('ratio', 'style="width: 50%; aspect-ratio: 4 / 3"')}</div>
    <div id="block">${image('block', 'width="400" height="300" style="display: block; max-width: 100%; height: auto"')}</div>
    <div id="flex" style="display: flex">${image('flex', 'width="400" height="300"')}</div>
    <div id="template"><template ${byHand}>${image('template', 'width="400" height="300"', 'src')}</template></div></main>`);
  await placeholderIsDrawn(tab, 6);
  await tab.frames();
  const before = await boxesIn(tab, '.temoin-placeholder');
  assert.deepEqual(await tab.run(() => document.querySelector('#sized img').alt), 'Map of sized');
  await accept(tab);
  await tab.until(() => [...document.querySelectorAll('main [id]')].every((wrapper) => wrapper.querySelector('img')?.naturalWidth), 'the images to be shown');
  assert.deepEqual(before, await boxesIn(tab, 'img'));
});

test('scaled or turned, a placeholder lies where the embed will', async (t) => {
  const embed = (name, style = '') => `<iframe title="${name}" width="400" height="200" style="border: 0; ${style}" ${byHand} data-src="${at(`turned-${name}`)}"></iframe>`;
  const own = { scale: 'scale: .5', rotate: 'rotate: 90deg', translate: 'translate: 20px 10px', zoom: 'zoom: .5', transform: 'transform: scale(.5)' };
  const around = { scaled: 'transform: scale(.5)', zoomed: 'zoom: 1.5', turned: 'rotate: 90deg' };
  const tab = await open(await browser.visitor(t), `<main>${[
    ...Object.entries(own).map(([name, style]) => `<div id="${name}">${embed(name, style)}</div>`),
    ...Object.entries(around).map(([name, style]) => `<div id="${name}" style="width: 500px; ${style}">${embed(name)}</div>`),
  ].join('')}</main>`);
  await placeholderIsDrawn(tab, 8);
  await tab.frames();
  const before = await boxesIn(tab, '.temoin-placeholder');
  await accept(tab);
  await tab.until(() => !document.querySelector('.temoin-placeholder'), 'all to be let in');
  assert.deepEqual(before, await boxesIn(tab, 'iframe'));
});

test('in what shrinks to its content a placeholder can be read, and is no wider than that may be', async (t) => {
  const shrinking = ['display: flex; justify-content: center', 'display: flex; flex-direction: column; align-items: center', 'display: grid; justify-items: center',
    'display: inline-block', 'width: fit-content', 'float: left'];
  const post = `<template ${byHand}><blockquote>A post</blockquote><script src="${at('post', 'js')}"></script></template>`;
  const tab = await open(await browser.visitor(t), `<main>${shrinking.map((style, i) => `<div id="shrinks-${i}" style="clear: both; ${style}">${post}</div>`).join('')}</main>`);
  await placeholderIsDrawn(tab, shrinking.length);
  for (const width of [1280, 320]) {
    await tab.viewport({ width, height: 800 });
    await tab.settles();
    await tab.frames();
    for (const [id, [left, , wide, high]] of Object.entries(await boxesIn(tab, '.temoin-placeholder'))) {
      assert.ok(wide >= 250 && left >= 0 && left + wide <= width && high < 400, `${shrinking[id.at(-1)]}: ${wide} × ${high} at ${left}, in ${width} px`);
    }
  }
});

test('a placeholder in a link, or in a card that leads somewhere, lets in and leads nowhere', async (t) => {
  const frame = (name) => `<iframe title="${name}" width="300" height="200" ${byHand} data-src="${at(name)}"></iframe>`;
  const tab = await open(await browser.visitor(t), `<a href="#link">${frame('in-link')}</a><div onclick="location.hash = 'card'">${frame('in-card')}</div>`);
  await placeholderIsDrawn(tab, 2);
  await tab.press('refuse');
  await tab.bannerIsGone();
  for (const name of ['in-link', 'in-card']) {
    await pressPlaceholder(tab, 'once');
    await eventually(() => stranger.asked(name), `${name} to be let in`);
  }
  assert.equal(await tab.run(() => location.hash), '');
});

// ---- what nobody would see ----

test('nothing stands in the place of what nobody would see, and it is sent after consent; what is shown later on gets its placeholder', async (t) => {
  const visitor = await browser.visitor(t);
  const hidden = [
    `<iframe style="display:none" ${byHand} data-src="${at('inv-0')}"></iframe>`,
    `<iframe width="0" height="0" style="border:0" ${byHand} data-src="${at('inv-1')}"></iframe>`,
    `<iframe width="1" height="1" ${byHand} data-src="${at('inv-2')}"></iframe>`,
    `<iframe hidden ${byHand} data-src="${at('inv-3')}"></iframe>`,
    `<iframe style="visibility:hidden" ${byHand} data-src="${at('inv-4')}"></iframe>`,
    `<iframe style="position:absolute; left:-9999px" ${byHand} data-src="${at('inv-5')}"></iframe>`,
    `<img alt="" width="1" height="1" ${byHand} data-src="${at('inv-6', 'svg')}">`,
    `<img alt="" hidden ${byHand} data-src="${at('inv-7', 'svg')}">`,
    `<img alt="" style="display:none" ${byHand} data-src="${at('inv-8', 'svg')}">`,
    `<template ${byHand}><img alt="" width="1" height="1" src="${at('inv-9', 'svg')}"></template>`,
    `<template ${byHand}><link rel="stylesheet" href="${at('inv-10', 'css')}"><style>p { color: navy }</style></template>`,
    `<template ${byHand}><div><img alt="" style="width: 1px; height: 1px" src="${at('inv-11', 'svg')}"></div></template>`,
    `<iframe width="1" height="1" style="display:none;visibility:hidden" src="${at('inv-12', 'html', 'counter')}"></iframe>`,
    `<link rel="stylesheet" ${byHand} data-href="${at('inv-13', 'css')}">`,
    `<audio ${byHand} data-src="${at('inv-14', 'mp3')}" preload="auto"></audio>`,
  ];
  const tab = await open(visitor, `<p>before</p>${hidden.join('')}<p>after</p>
    <div id="tab" hidden><iframe width="300" height="150" ${byHand} data-src="${at('inv-tab')}"></iframe><template ${byHand}><iframe width="300" height="150" src="${at('inv-tab-t')}"></iframe></template></div>
    <div id="menu" style="visibility:hidden"><iframe width="300" height="150" ${byHand} data-src="${at('inv-menu')}"></iframe></div>
    <iframe id="later" style="display:none" width="300" height="150" ${byHand} data-src="${at('inv-later')}"></iframe>
    <iframe id="seen" width="300" height="150" ${byHand} data-src="${at('inv-seen')}"></iframe>`);
  const visible = () => tab.run(() => [...document.querySelectorAll('.temoin-placeholder')].filter((box) => box.getClientRects().length && getComputedStyle(box).visibility === 'visible')
    .map((box) => [box.nextElementSibling.id || box.parentElement.id, Math.round(box.offsetWidth)]));
  await tab.until(() => [...document.querySelectorAll('.temoin-placeholder')].some((box) => box.nextElementSibling.id === 'seen' && box.shadowRoot), 'the one that is seen to be drawn');
  await tab.settles();
  assert.deepEqual(await visible(), [['seen', 304]]);
  await tab.run(() => { document.querySelector('#tab').hidden = false; document.querySelector('#later').style.display = ''; document.querySelector('#menu').style.visibility = ''; });
  await eventually(async () => (await visible()).length === 5, async () => `placeholders for what is shown now: ${JSON.stringify(await visible())}`);
  await tab.settles();
  assert.deepEqual((await visible()).map(([, size]) => size), [304, 304, 304, 304, 304]);
  await accept(tab);
  const missing = () => hidden.map((_, i) => i).filter((i) => !stranger.asked(`inv-${i}`));
  await eventually(() => missing().length === 0, () => `all to be asked for; missing ${missing()}`);
  assert.deepEqual(tab.errors, []);
});

// ---- copies ----

const slide = `<div class="slide"><iframe width="300" height="150" title="v" style="border: 0" ${byHand} data-src="${at('copy')}"></iframe><template ${byHand}><p class="shown">in a template</p></template></div>`;
const copies = {
  cloneNode: () => { document.querySelector('#track').append(document.querySelector('.slide').cloneNode(true)); },
  innerHTML: () => { document.querySelector('#track').innerHTML += document.querySelector('#track').innerHTML; },
  importNode: () => { document.querySelector('#track').prepend(document.importNode(document.querySelector('.slide'), true)); },
  'a fragment of a range': () => { const range = document.createRange(); range.selectNode(document.querySelector('.slide')); document.querySelector('#track').append(range.cloneContents()); },
};

for (const [way, double] of Object.entries(copies)) {
  test(`copies by ${way}, made while held and after, behave as new embeds`, async (t) => {
    const visitor = await browser.visitor(t);
    const tab = await open(visitor, `<div id="track">${slide}</div>`);
    const state = () => tab.run(() => ({
      frames: [...document.querySelectorAll('iframe')].map((frame) => `${frame.getAttribute('src') ? 'shown' : 'held'} ${getComputedStyle(frame).display}`),
      contents: document.querySelectorAll('.shown').length,
      boxes: [...document.querySelectorAll('.temoin-placeholder')].map((box) => !!box.shadowRoot?.querySelector('button')),
    }));
    const held = (n) => ({ frames: Array(n).fill('held none'), contents: 0, boxes: Array(2 * n).fill(true) });
    const shown = (n) => ({ frames: Array(n).fill('shown inline'), contents: n, boxes: [] });
    const becomes = (want, why) => eventually(async () => JSON.stringify(await state()) === JSON.stringify(want), async () => `${why}: ${JSON.stringify(want)}, there is ${JSON.stringify(await state())}`);
    await becomes(held(1), 'held');
    await tab.run(double);
    await becomes(held(2), 'doubled while held');
    await accept(tab);
    await becomes(shown(2), 'let in');
    await tab.run(double);
    await becomes(shown(way === 'innerHTML' ? 4 : 3), 'doubled while shown');
    await tab.run(() => { window.temoin.refuse(); });
    await becomes(held(way === 'innerHTML' ? 4 : 3), 'withdrawn');
    assert.deepEqual(tab.errors, []);
  });
}

test('a snapshot of the body that is put back shows each embed once', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `<h1>page</h1>${slide}`);
  await placeholderIsDrawn(tab, 2);
  const back = () => tab.run(async () => {
    const copy = document.body.cloneNode(true);
    const other = document.createElement('body');
    other.innerHTML = '<h1>elsewhere</h1>';
    document.body.replaceWith(other);
    await new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); });
    document.body.replaceWith(copy);
  });
  await back();
  await placeholderIsDrawn(tab, 2);
  await accept(tab);
  const isShown = () => tab.until(() => document.querySelectorAll('.shown').length === 1 && document.querySelectorAll('iframe[src]').length === 1
    && !document.querySelector('.temoin-placeholder') && getComputedStyle(document.querySelector('iframe')).display === 'inline', 'each embed to be shown once');
  await isShown();
  await back();
  await isShown();
  await tab.frames();
  await isShown();
});

test('a template that the page gives room takes it from the first frame on: its placeholder, and then its content, move nothing', async (t) => {
  const reserved = `<style>.room { display: block; width: 400px; height: 225px; margin: 10px; } iframe { border: 0; display: block; }</style>`;
  const body = `<p>text</p><template class="room" ${byHand}><iframe title="r" style="margin: 10px" width="400" height="225" src="${at('roomy')}"></iframe></template><p id="end">end</p>`;
  const visitor = await browser.visitor(t);
  const release = site.hold(/^\/temoin\/gated\./);
  const tab = await open(visitor, body, reserved, { until: 'domcontentloaded' });
  const end = () => tab.run(() => document.getElementById('end').getBoundingClientRect().top);
  const first = await end();
  assert.ok(first > 225, `the template has its room: ${first}`);
  release();
  await placeholderIsDrawn(tab);
  assert.equal(await end(), first, 'the placeholder moves nothing');
  assert.deepEqual(await tab.run(() => { const { width, height } = document.querySelector('.temoin-placeholder').getBoundingClientRect(); return [width, height]; }), [400, 225]);
  await accept(tab);
  await tab.until(() => document.querySelector('iframe') && !document.querySelector('.temoin-placeholder'), 'the frame to be shown');
  assert.equal(await end(), first, 'nor does the frame');
  await tab.run(() => { window.temoin.refuse(); });
  await placeholderIsDrawn(tab);
  assert.equal(await end(), first, 'nor does its going');
  await tab.run(() => { window.temoin.accept(); });
  const back = await open(visitor, body, reserved);
  await back.until(() => !!document.querySelector('iframe'), 'the frame to be shown');
  assert.equal(await back.run(() => document.getElementById('end').getBoundingClientRect().top), first);
});

test('a frame that begins without a size and is let in may grow: no placeholder comes over it', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `<iframe title="grows" ${byHand} width="600" height="0" style="border: 0" data-src="${at('grows')}"></iframe><iframe title="waits" data-consent="statistics" width="600" height="0" style="border: 0" data-src="${at('waits')}"></iframe>`);
  await tab.bannerIsThere();
  await tab.run(() => { window.temoin.save({ video: true }); });
  await tab.until(() => document.querySelector('iframe').src, 'the frame to be let in');
  await tab.run(() => { for (const frame of document.querySelectorAll('iframe')) frame.height = 300; });
  await placeholderIsDrawn(tab); // that of the other, which tells that sizes have been looked at
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll('iframe')].map((frame) => getComputedStyle(frame).display)), ['inline', 'none']);
  assert.equal(await tab.run(() => document.querySelector('.temoin-placeholder').nextSibling.title), 'waits');
});

test('between the rows of a table a placeholder is as wide as the page allows, and no column is', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await open(visitor, `<main style="width: 600px"><table style="border-spacing: 0"><tbody><tr><td>a<td>b</tr><template ${byHand}><tr id="row"><td>c<td>d</tr></template></tbody></table></main>`);
  const columns = () => tab.run(() => [...document.querySelector('tr').children].map((cell) => cell.getBoundingClientRect().width));
  await placeholderIsDrawn(tab);
  const waiting = await columns();
  assert.ok(waiting[0] < 50, `the column is ${waiting[0]} px wide`);
  assert.equal(await tab.run(() => document.querySelector('.temoin-placeholder').getBoundingClientRect().width), 600);
  await accept(tab);
  await tab.until(() => !!document.getElementById('row'), 'the row to be there');
  assert.equal(await tab.run(() => document.querySelectorAll('tr').length), 2);
});

test('a snapshot without comments, as htmx keeps one, shows each embed once as well, and loses nothing of the page', async (t) => {
  const visitor = await browser.visitor(t);
  const template = `<template ${byHand}> <p class="shown">one</p> <p class="shown">two</p> </template>`;
  const tab = await open(visitor, `${template}<p class="own">between</p>${template}<p class="own">after</p>`);
  await accept(tab);
  const isWhole = () => tab.until(() => document.querySelectorAll('.shown').length === 4 && document.querySelectorAll('.own').length === 2, 'two embeds of two parts, and what is the page’s');
  await isWhole();
  await tab.run(() => { document.body.innerHTML = document.body.innerHTML.replaceAll(/<!--.*?-->/g, ''); });
  await isWhole();
  await tab.run(() => { window.temoin.refuse(); });
  await tab.until(() => document.querySelectorAll('.shown').length === 0 && document.querySelectorAll('.own').length === 2, 'the embeds to be gone, and they alone');
});

// ---- what loads lazily ----

const lazily = {
  'a loop over data-src': `addEventListener('load', () => { for (const element of document.querySelectorAll('.lazyload')) { element.src = element.getAttribute('data-src'); element.removeAttribute('data-src'); element.classList.replace('lazyload', 'lazyloaded'); } });`,
  'an IntersectionObserver': `addEventListener('DOMContentLoaded', () => { const observer = new IntersectionObserver((entries) => { for (const { isIntersecting, target } of entries) if (isIntersecting) { target.src = target.dataset.src; observer.unobserve(target); } });
    for (const element of document.querySelectorAll('.lazyload')) observer.observe(element); });`,
  'setAttribute as each comes': `new MutationObserver((records) => { for (const { addedNodes } of records) for (const node of addedNodes) if (node.dataset?.src) node.setAttribute('src', node.dataset.src); }).observe(document, { childList: true, subtree: true });`,
  lazysizes: await readFile(createRequire(import.meta.url).resolve('lazysizes'), 'utf8'),
};

for (const [way, source] of Object.entries(lazily)) {
  test(`what loads lazily does not undo the hold: ${way}`, async (t) => {
    const name = `lazy-${(count += 1)}`;
    site.file(`/${name}.js`, source, { 'content-type': 'text/javascript' });
    const visitor = await browser.visitor(t);
    const tab = await open(visitor, `
      <iframe class="lazyload" width="300" height="150" title="a" data-consent="third-party" data-service="map" data-src="${at(`${name}-a`)}"></iframe>
      <iframe class="lazyload" width="300" height="150" title="b" ${byHand} data-src="${at(`${name}-b`, 'html', 'video')}"></iframe>
      <iframe class="lazyload" width="300" height="150" title="c" data-src="${at(`${name}-c`, 'html', 'video')}"></iframe>
      <img class="lazyload" alt="x" width="50" height="50" data-consent="statistics" data-src="${at(`${name}-d`, 'svg')}">
      <iframe width="300" height="150" title="e" ${byHand} data-consent-src="${at(`${name}-e`)}"></iframe>`, `<script src="/${name}.js"></script>`);
    await tab.bannerIsThere();
    await placeholderIsDrawn(tab, 5);
    await tab.settles();
    const names = ['a', 'b', 'c', 'd', 'e'].map((part) => `${name}-${part}`);
    assert.deepEqual(names.filter((name) => stranger.asked(name)), [], 'before a choice');
    await accept(tab);
    const missing = () => names.filter((name) => !stranger.asked(name));
    await eventually(() => missing().length === 0, () => `all to be asked for; missing ${missing()}`);
    await tab.settles();
    const left = await tab.run(() => [...document.querySelectorAll('iframe, img.lazyload, img.lazyloaded')].map((element) => [element.getAttribute('src')?.split('-').at(-1).split('.')[0], element.checkVisibility()]));
    assert.deepEqual(left, ['a', 'b', 'c', 'd', 'e'].map((part) => [part, true]));
    assert.deepEqual(tab.errors, []);
  });
}
