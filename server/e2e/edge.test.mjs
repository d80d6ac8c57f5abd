// The site's pages, which know nothing of Témoin, behind `temoin proxy`: every way
// to load from a declared host, in their markup and by their scripts, waits for
// consent, also for what reads ahead of the parser. Then the same with the policy
// alone, in a page that the proxy cannot read.
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';

import { launch } from './lib/browser.mjs';
import { catalogue, reloaded, service, stamp, startStranger } from './lib/gate.mjs';
import { eventually, startSite, startTemoin } from './lib/server.mjs';

const stranger = await startStranger(after);
const site = await startSite(after);
const text = catalogue([
  service('video', 'third-party', { kind: 'media', hosts: ['video.localhost', '*.video.localhost'] }),
  service('cdn', 'necessary', { hosts: ['cdn.localhost'] }),
]);
const server = await startTemoin(after, { command: 'proxy', catalogue: text, args: ['-upstream', site.url] });
const browser = await launch(after);
const url = (path) => server.url + path;
const at = (file) => stranger.url('video', file);
beforeEach(() => { stranger.requests.length = 0; });

// Each way asks for a file that has the way's own name.
const markup = {
  'm-script': (n) => `<script src="${at(n + '.js')}"></script>`,
  'm-module': (n) => `<script type="module" src="${at(n + '.js')}"></script>`,
  'm-async': (n) => `<script async src='//video.localhost:${stranger.port}/${n}.js'></script>`,
  'm-style': (n) => `<link rel="stylesheet" href="${at(n + '.css')}">`,
  'm-preload': (n) => `<link rel="preload" as="image" href="${at(n + '.svg')}">`,
  'm-frame': (n) => `<iframe src="${at(n + '.html')}"></iframe>`,
  'm-srcdoc': (n) => `<iframe srcdoc="<img src='${at(n + '.svg')}'>"></iframe>`,
  'm-image': (n) => `<img alt="" src="${at(n + '.svg')}">`,
  'm-srcset': (n) => `<img alt="" src="/own.svg" srcset="${at(n + '.svg')} 1x, ${at(n + '.svg')} 9x">`,
  'm-picture': (n) => `<picture><source srcset="${at(n + '.svg')}"><img alt="" src="/own.svg"></picture>`,
  'm-input': (n) => `<input type="image" alt="" src="${at(n + '.svg')}">`,
  'm-video': (n) => `<video preload="auto" src="${at(n + '.mp4')}"></video>`,
  'm-source': (n) => `<video preload="auto"><source src="${at(n + '.mp4')}"></video>`,
  'm-poster': (n) => `<video poster="${at(n + '.svg')}"></video>`,
  'm-object': (n) => `<object data="${at(n + '.svg')}" type="image/svg+xml"></object>`,
  'm-embed': (n) => `<embed src="${at(n + '.svg')}" type="image/svg+xml">`,
  'm-svg': (n) => `<svg><image href="${at(n + '.svg')}" width="9" height="9"/></svg>`,
  'm-xlink': (n) => `<svg><image xlink:href="${at(n + '.svg')}" width="9" height="9"/></svg>`,
  'm-background': (n) => `<p style="background: url(${at(n + '.svg')})">x</p>`,
  'm-import': (n) => `<style>@import "${at(n + '.css')}";</style>`,
  'm-shadow': (n) => `<div><template shadowrootmode="open"><img alt="" src="${at(n + '.svg')}"></template></div>`,
};
const scripts = {
  's-fetch': (url) => { fetch(url + '.svg').then((response) => response.text()).catch(() => {}); },
  's-xhr': (url) => { const request = new XMLHttpRequest(); request.open('GET', url + '.svg'); request.send(); },
  's-beacon': (url) => { navigator.sendBeacon(url + '.svg', 'x'); },
  's-events': (url) => { const events = new EventSource(url + '.svg'); events.onerror = () => events.close(); },
  's-socket': (url) => { const socket = new WebSocket(url.replace('http', 'ws') + '.svg'); socket.onerror = () => socket.close(); },
  's-import': (url) => { import(url + '.js').catch(() => {}); },
  's-worker': (url) => { new Worker(URL.createObjectURL(new Blob([`importScripts('${url}.js')`], { type: 'text/javascript' }))).onerror = (event) => event.preventDefault(); },
  's-script': (url) => { const script = document.createElement('script'); script.src = url + '.js'; document.head.append(script); },
  's-style': (url) => { const link = document.createElement('link'); link.rel = 'stylesheet'; link.href = url + '.css'; document.head.append(link); },
  's-image': (url) => { new Image().src = url + '.svg'; },
  's-srcset': (url) => { const image = new Image(); image.srcset = url + '.svg 1x'; window.kept = image; },
  's-frame': (url) => { const frame = document.createElement('iframe'); frame.src = url + '.html'; document.body.append(frame); },
  's-html': (url) => { const box = document.createElement('div'); document.body.append(box); box.innerHTML = `<img alt="" src="${url}.svg">`; },
  's-shadow': (url) => { const box = document.createElement('div'); document.body.append(box); box.attachShadow({ mode: 'closed' }).innerHTML = `<img alt="" src="${url}.svg">`; },
  's-background': (url) => { document.body.style.backgroundImage = `url(${url}.svg)`; },
  's-font': (url) => { new FontFace('far', `url(${url}.svg)`).load().catch(() => {}); },
  's-video': (url) => { const video = document.createElement('video'); video.preload = 'auto'; video.src = url + '.mp4'; document.body.append(video); },
};
const names = [...Object.keys(markup), ...Object.keys(scripts)];
// What plays is asked for in pieces, and a connection that failed may be tried again.
const often = /video|source|events|font/;

const every = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>page</title>
<script src="${stranger.url('cdn', 'free.js')}"></script></head><body>
${Object.entries(markup).map(([name, make]) => make(name)).join('\n')}
<script>addEventListener('DOMContentLoaded', () => {
${Object.entries(scripts).map(([name, run]) => `(${run})(${JSON.stringify(at(name))});`).join('\n')}
});</script></body></html>`;
site.page('/every', every);
site.page('/plain', '<!doctype html><title>plain</title><p>text');
site.page('/unreadable', every, { 'content-type': 'text/html; charset=iso-2022-jp' });

const asked = () => stranger.requests.filter(({ host }) => host === 'video.localhost').map(({ name }) => name).sort();
const allOfIt = () => eventually(() => names.every((name) => asked().includes(name)), () => `every way to load to have asked; these have not: ${names.filter((name) => !asked().includes(name))}`);
const exempt = () => stranger.asked('free');

/** Firefox does not tell its driver that what an object shows has come. */
const settles = (tab) => tab.settles({ but: /m-(object|embed)/ });

async function onceEach(tab) {
  await allOfIt();
  await settles(tab);
  assert.deepEqual(asked().filter((name, i, all) => name === all[i - 1] && !often.test(name)), [], 'each once');
}

test('behind the proxy: nothing before consent, all of it once after, nothing after the withdrawal', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(url('/every'));
  await tab.bannerIsThere();
  await settles(tab);
  assert.deepEqual(asked(), [], 'before a choice');
  assert.equal(exempt(), 1, 'what needs no consent is there');
  assert.equal(await tab.run(() => document.head.firstElementChild.getAttribute('src')), '/temoin/temoin.js');

  await tab.run(() => { window.temoin.accept(); });
  await onceEach(tab);

  await stamp(tab);
  stranger.requests.length = 0;
  await tab.run(() => { window.temoin.refuse(); });
  await reloaded(tab);
  await settles(tab);
  assert.deepEqual(asked(), [], 'after the withdrawal');

  stranger.requests.length = 0;
  await tab.reload();
  await settles(tab);
  assert.deepEqual(asked(), [], 'on the next page');
});

test('a page that the proxy cannot read: the policy alone holds it, and the log says so', async (t) => {
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(url('/unreadable'));
  await settles(tab);
  assert.deepEqual(asked(), [], 'before a choice');
  assert.equal(exempt(), 1, 'what needs no consent is there');
  assert.equal(await tab.run(() => typeof window.temoin), 'undefined', 'no script is in it');
  assert.match(server.log(), /not rewritten.*iso-2022-jp/);

  await tab.visit(url('/plain'));
  await stamp(tab);
  await tab.run(() => { window.temoin.accept(); });
  await reloaded(tab);
  await tab.visit(url('/unreadable'));
  await onceEach(tab);
});

test('who has filled something in keeps it: what was allowed comes with the next page', async (t) => {
  site.page('/form', `<!doctype html><html><head><title>form</title></head><body><input id="name"><img alt="" src="${at('picture.svg')}"></body></html>`);
  const tab = await browser.tab(t);
  await tab.visit(url('/form'));
  await tab.bannerIsThere();
  await tab.click('#name');
  await tab.type('Agnès');
  await tab.run(() => { window.temoin.accept(); });
  await eventually(() => tab.console.some((line) => /not loaded anew/.test(line)), () => `a word about the page that stays: ${tab.console}`);
  assert.equal(await tab.run(() => document.querySelector('#name').value), 'Agnès');
  assert.deepEqual(asked(), [], 'the page’s own policy holds on');
  await tab.visit(url('/form'));
  await eventually(() => asked().length === 1, 'the picture to be asked for');
});
