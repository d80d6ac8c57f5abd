// Every way in which a page, or a script in it, loads from a host that the catalogue
// names: nothing before consent, all of it once after, nothing once it is withdrawn.
// Each way is tried first on a host that no service names: what is asked for there
// is what has to be asked for after consent.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { catalogue, include, page, reloaded, service, stamp, startStranger } from './lib/gate.mjs';
import { eventually, folder, patience, pause, startSite, startTemoin, temoin } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const stranger = await startStranger(after);
const services = [
  service('video', 'third-party', { kind: 'media', hosts: ['video.localhost'] }),
  service('gateway', 'statistics', { kind: 'measure', hosts: ['127.0.0.1/metrics/'] }),
];
const settings = { site: { name: 'Portal', url: 'http://127.0.0.1' } };
const text = catalogue(services, settings);
const { browser, site } = await stage({ catalogue: text });

// ---- the ways ----

/** What elements load, by script: [suffix, source], where url is the address and add(tag, fields) makes an element in the page. */
const given = {
  'script.src': ['js', 'add("script", { src: url })'],
  'script, setAttribute': ['js', 'const e = document.createElement("script"); e.setAttribute("SRC", url); document.head.append(e)'],
  'script, setAttributeNode': ['js', 'const e = document.createElement("script"); const a = document.createAttribute("src"); a.value = url; e.setAttributeNode(a); document.head.append(e)'],
  'iframe.src': ['html', 'add("iframe", { src: url })'],
  'iframe.srcdoc': ['svg', 'add("iframe", { srcdoc: `<img src="${url}">` })'],
  'img.src': ['svg', 'add("img", { src: url })'],
  'img.src, an object': ['svg', 'add("img", { src: new URL(url) })'],
  'img.srcset': ['svg', 'add("img", { srcset: `${url} 1x,${url} 2x` })'],
  'new Image': ['svg', 'new Image().src = url'],
  'source.srcset': ['svg', 'const e = document.createElement("picture"); const s = document.createElement("source"); s.srcset = url; e.append(s, document.createElement("img")); box.append(e)'],
  'video.src': ['mp4', 'add("video", { preload: "auto", src: url })'],
  'video.poster': ['svg', 'add("video", { preload: "none", poster: url })'],
  'new Audio': ['mp4', 'new Audio(url)'],
  'source.src': ['mp4', 'const e = document.createElement("video"); const s = document.createElement("source"); e.preload = "auto"; s.src = url; e.append(s); box.append(e)'],
  'link.href': ['css', 'add("link", { rel: "stylesheet", href: url })'],
  'link, rel behind href': ['css', 'add("link", { href: url, rel: "stylesheet" })'],
  'link rel=preload': ['svg', 'add("link", { rel: "preload", as: "image", href: url })'],
  'link rel=modulepreload': ['js', 'add("link", { rel: "modulepreload", href: url })'],
  'embed.src': ['html', 'add("embed", { type: "text/html", src: url })'],
  'object.data': ['html', 'add("object", { type: "text/html", data: url })'],
  'input.src': ['svg', 'add("input", { type: "image", src: url })'],
  'SVG image, href': ['svg', 'addSVG("image", (e) => e.setAttribute("href", url))'],
  'SVG image, xlink:href': ['svg', 'addSVG("image", (e) => e.setAttributeNS("http://www.w3.org/1999/xlink", "xlink:href", url))'],
  'SVG image, baseVal': ['svg', 'addSVG("image", (e) => { e.href.baseVal = url; })'],
  'innerHTML': ['svg', 'box.appendChild(document.createElement("p")).innerHTML = `<b title="it\'s>"><img alt=\'"\' src=${url}></b>`'],
  'innerHTML, srcset': ['svg', 'box.appendChild(document.createElement("p")).innerHTML = `<img alt="" srcset=" ${url} 1x, ${url} 2x">`'],
  'innerHTML, capitals': ['svg', 'box.appendChild(document.createElement("p")).innerHTML = `<IMG ALT="x"SRC=\'${url.replace("video", "VIDEO")}\'/>`'],
  'innerHTML, SVG': ['svg', 'box.appendChild(document.createElement("p")).innerHTML = `<svg width="9" height="9"><image width="9" height="9" xlink:href="${url}"/><g></g></svg>`'],
  'innerHTML, style sheet': ['css', 'box.appendChild(document.createElement("p")).innerHTML = `<link rel=stylesheet href="${url}">`'],
  'innerHTML, srcdoc': ['svg', 'box.appendChild(document.createElement("p")).innerHTML = `<iframe srcdoc="<img src=${url}>"></iframe>`'],
  'insertAdjacentHTML': ['html', 'box.insertAdjacentHTML("beforeend", `<iframe src="${url}"></iframe>`)'],
  'outerHTML': ['svg', 'box.appendChild(document.createElement("p")).outerHTML = `<img alt="" src="${url}">`'],
  'setHTMLUnsafe': ['svg', 'box.appendChild(document.createElement("p")).setHTMLUnsafe(`<img alt="" src="${url}">`)'],
  'setHTMLUnsafe, a shadow root': ['svg', 'box.appendChild(document.createElement("p")).attachShadow({ mode: "open" }).setHTMLUnsafe(`<img alt="" src="${url}">`)'],
  'setHTML': ['svg', 'box.appendChild(document.createElement("p")).setHTML(`<img alt="" src="${url}">`, { sanitizer: { elements: ["img"], attributes: ["src"] } })'],
  'createContextualFragment': ['js', 'document.head.append(document.createRange().createContextualFragment(`<script src="${url}"></scr` + "ipt>"))'],
  'document.write': ['svg', 'if (document.readyState === "loading") document.write("<img alt=\'\' src=\'", url, "\'>")'],
  'DOMParser': ['svg', 'box.append(...new DOMParser().parseFromString(`<img alt="" src="${url}">`, "text/html").body.children)'],
  'DOMParser, SVG': ['svg', 'box.append(new DOMParser().parseFromString(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image width="9" height="9" href="${url}"/></svg>`, "image/svg+xml").documentElement)'],
  'parseHTMLUnsafe': ['svg', 'box.append(...Document.parseHTMLUnsafe(`<img alt="" src="${url}">`).body.children)'],
  'a template’s content': ['svg', 'const e = document.createElement("template"); e.innerHTML = `<img alt="">`; e.content.firstChild.src = url; box.append(e.content.cloneNode(true))'],
  'a shadow root': ['svg', 'const root = box.appendChild(document.createElement("p")).attachShadow({ mode: "closed" }); root.innerHTML = `<img alt="" src="${url}">`'],
};

/** What scripts ask for themselves: they fail, and are asked for once more after consent. */
const requests = {
  'fetch': ['txt', 'await fetch(url)'],
  'fetch, a URL': ['txt', 'await fetch(new URL(url))'],
  'fetch, a Request': ['txt', 'await fetch(new Request(url))'],
  'XMLHttpRequest': ['txt', 'await new Promise((resolve, reject) => { const x = new XMLHttpRequest(); x.open("GET", url); x.onload = resolve; x.onerror = () => reject(new Error(`state ${x.readyState}, status ${x.status}`)); x.send(); })'],
  'XMLHttpRequest, at once': ['txt', 'const x = new XMLHttpRequest(); x.open("GET", url, false); x.send()'],
  'EventSource': ['txt', 'new EventSource(url)'],
  'WebSocket': ['txt', 'new WebSocket(url.replace("http", "ws"))'],
  'Worker': ['js', 'new Worker(own)', 'own'],
  'SharedWorker': ['js', 'new SharedWorker(own)', 'own'],
  'a worklet': ['js', 'await new OfflineAudioContext(1, 1, 8000).audioWorklet.addModule(url)'],
};
const beacon = { sendBeacon: ['txt', 'if (!navigator.sendBeacon(url, "x")) throw new Error("not taken")'] };
const ways = { ...given, ...requests, ...beacon };

/** A page that goes each way as it is read; window.go() goes some once more. window.failed has what threw. */
function pageOf(prefix, host, head = include) {
  const functions = Object.entries(ways).map(([way, [suffix, source, isOwn]], i) => {
    const url = stranger.url(host, `${prefix}-${i}.${suffix}`);
    return `${JSON.stringify(way)}: async () => { const url = ${JSON.stringify(url)}, own = "/${host === 'video' ? 'metrics' : 'free'}/${prefix}-${i}.js"; ${isOwn ? '' : 'void own;'} ${source}; }`;
  });
  return page(head, `<div id="box"></div><script>
    const add = (tag, fields) => { const e = document.createElement(tag); for (const name in fields) e[name] = fields[name]; box.append(e); };
    const addSVG = (tag, fill) => { const space = "http://www.w3.org/2000/svg"; const [s, e] = [document.createElementNS(space, "svg"), document.createElementNS(space, tag)];
      for (const each of [s, e]) { each.setAttribute("width", 9); each.setAttribute("height", 9); } fill(e); s.append(e); box.append(s); };
    window.failed = {}; window.held = [];
    document.addEventListener("temoin:held", ({ detail }) => held.push(detail));
    const ways = { ${functions.join(',\n')} };
    window.go = (names) => { for (const name of names) { delete failed[name]; ways[name]().catch((error) => { failed[name] = error.name + ": " + error.message; }); } };
    go(Object.keys(ways));
  </script>`);
}

for (const name of Object.keys(ways).keys()) {
  for (const prefix of ['control', 'held', 'refused', 'free']) {
    for (const folder of ['metrics', 'free']) site.file(`/${folder}/${prefix}-${name}.js`, '', { 'content-type': 'text/javascript' });
  }
}

/** How often each way has asked for something, those alone that have. */
function asked(prefix) {
  const all = {};
  for (const [i, way] of Object.keys(ways).entries()) {
    const count = stranger.asked(`${prefix}-${i}`) + site.requests.filter(({ path }) => path.endsWith(`/${prefix}-${i}.js`)).length;
    if (count) all[way] = count;
  }
  return all;
}

/** Waits until the page has been read and nobody has been asked for anything for a while; a worker's requests the tab does not see end. */
async function settles(tab) {
  await tab.until(() => document.readyState === 'complete', 'the page to be loaded');
  const count = () => stranger.requests.length + site.requests.length;
  for (let before = -1; before !== count();) {
    before = count();
    await pause(500 * patience);
  }
}

/** Visits a page in which every way leads to a host that no service names; returns what it asks for, and what fails. */
async function control(visitor, prefix, head) {
  site.page(`/${prefix}`, pageOf(prefix, 'elsewhere', head));
  const tab = await visitor.tab();
  await tab.visit(`${site.url}/${prefix}`);
  await settles(tab);
  return { asked: asked(prefix), failed: await tab.run(() => window.failed) };
}

test('every way: nothing before consent, all of it once after, nothing once it is withdrawn', async (t) => {
  const visitor = await browser.visitor(t);
  const free = await control(visitor, 'control');
  const lost = Object.keys(ways).filter((way) => !free.asked[way]);
  t.diagnostic(`what this browser does not load: ${lost.join(', ') || 'nothing'}`);
  assert.ok(lost.length <= 6, `too little is asked for where nothing is held: ${lost}; ${JSON.stringify(free.failed)}`);

  site.page('/held', pageOf('held', 'video'));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/held');
  await settles(tab);
  assert.deepEqual(asked('held'), {}, 'before consent');
  const failed = await tab.run(() => window.failed);
  for (const way of Object.keys(requests)) {
    const text = /XMLHttpRequest$/.test(way) ? /^Error: state 4, status 0$/ : /^HeldRequestError: .* waits for consent to (video|gateway): /;
    if (free.asked[way]) assert.match(failed[way] ?? 'nothing', text, way);
  }
  const held = await tab.run(() => window.held);
  assert.deepEqual(held.find(({ kind }) => kind === 'fetch'), { services: ['video'], kind: 'fetch', url: stranger.url('video', `held-${Object.keys(ways).indexOf('fetch')}.txt`), waits: false });
  assert.equal(held.find(({ kind }) => kind === 'sendBeacon').waits, true);

  await tab.run((names) => { window.temoin.accept(); window.go(names); }, Object.keys(requests));
  // WebKit on a busy machine now and then loads an embed twice once it is let in; why is not known.
  const isAsked = (way, count) => count === free.asked[way] || (engine === 'webkit' && way === 'embed.src' && count === 2);
  const wrong = () => Object.keys(free.asked).filter((way) => !isAsked(way, asked('held')[way])).map((way) => `${way} ${asked('held')[way]} of ${free.asked[way]}`);
  await eventually(() => wrong().length === 0, () => `each as often as where nothing waits: ${wrong()}`);
  await settles(tab);
  const allowed = asked('held');
  assert.deepEqual(wrong(), [], 'each as often as where nothing waits');
  assert.deepEqual(Object.keys(allowed), Object.keys(free.asked), 'nothing else');

  site.page('/held', pageOf('refused', 'video'));
  await stamp(tab);
  await tab.run(() => { window.temoin.refuse(); });
  await reloaded(tab);
  await settles(tab);
  assert.deepEqual(asked('refused'), {}, 'withdrawn');
  assert.deepEqual(asked('held'), allowed, 'nothing of the page before');
});

test('held-requests: wait: what can wait is sent after consent, once, unless the page has given it up', async (t) => {
  const server = await startTemoin(t, { catalogue: catalogue(services, { ...settings, 'held-requests': 'wait' }) });
  const waiting = await startSite(t, { upstream: server.url });
  const visitor = await browser.visitor(t);
  waiting.page('/wait', page(include, `<script>
    window.said = [];
    const url = (name) => ${JSON.stringify(stranger.url('video', ''))} + name + '.txt';
    const say = (name) => [(value) => said.push(name + ' ' + (value.status ?? value)), (error) => said.push(name + ' ' + error.name)];
    const request = (name, act) => { const x = new XMLHttpRequest(); x.open('POST', url(name)); x.onload = () => said.push(name + ' ' + x.status);
      x.onerror = () => said.push(name + ' error'); x.onabort = () => said.push(name + ' abort'); x.send('body'); act?.(x); };
    window.stop = new AbortController();
    fetch(url('w-fetch'), { method: 'POST', body: 'body' }).then(...say('fetch'));
    fetch(url('w-given-up'), { signal: stop.signal }).then(...say('given up'));
    fetch(new Request(url('w-request'))).then(...say('request'));
    request('w-xhr'); request('w-aborted', (x) => x.abort()); request('w-other', (x) => { x.open('GET', url('w-instead')); x.send(); });
    try { const x = new XMLHttpRequest(); x.open('GET', url('w-sync'), false); x.send(); } catch (error) { say('sync')[1](error); }
    try { new WebSocket(url('w-socket').replace('http', 'ws')); } catch (error) { say('socket')[1](error); }
    stop.abort();
  </script>`));
  const tab = await visitor.tab();
  await tab.visit(waiting.url + '/wait');
  await settles(tab);
  const asks = () => stranger.requests.filter(({ name }) => /^w-/.test(name)).map(({ name }) => name).sort();
  assert.deepEqual(asks(), [], 'before consent');
  assert.deepEqual((await tab.run(() => window.said)).sort(), ['given up AbortError', 'socket HeldRequestError', 'sync HeldRequestError', 'w-aborted abort']);
  await tab.run(() => { window.temoin.accept(); });
  await tab.until(() => window.said.length === 8, 'what waited to be answered');
  await settles(tab);
  assert.deepEqual(asks(), ['w-fetch', 'w-instead', 'w-request', 'w-xhr']);
  assert.equal(stranger.request('w-fetch').method, 'POST');
  assert.deepEqual((await tab.run(() => window.said)).sort().slice(0, 2), ['fetch 404', 'given up AbortError']);
});

test('what is wrapped looks and answers as before', async (t) => {
  const visitor = await browser.visitor(t);
  site.page('/looks', page(include, '<iframe></iframe>'));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/looks');
  const { before, now, works } = await tab.run(async (free) => {
    const names = [['fetch'], ['XMLHttpRequest'], ['WebSocket'], ['EventSource'], ['Worker'], ['SharedWorker'], ['Audio'], ['fetchLater'],
      ...['open', 'send', 'abort', 'readyState', 'response', 'responseXML'].map((name) => ['XMLHttpRequest', name]),
      ...['setAttribute', 'setAttributeNS', 'setAttributeNode', 'innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'setHTML', 'attachShadow'].map((name) => ['Element', name]),
      ...['Script', 'IFrame', 'Image', 'Source', 'Embed', 'Media', 'Track', 'Input'].map((kind) => [`HTML${kind}Element`, 'src']),
      ['HTMLImageElement', 'srcset'], ['HTMLIFrameElement', 'srcdoc'], ['HTMLLinkElement', 'href'], ['HTMLLinkElement', 'imageSrcset'], ['HTMLObjectElement', 'data'], ['HTMLVideoElement', 'poster'],
      ['SVGImageElement', 'href'], ['SVGAnimatedString', 'baseVal'], ['HTMLTemplateElement', 'content'], ['ShadowRoot', 'innerHTML'], ['Range', 'createContextualFragment'],
      ['Document', 'write'], ['DOMParser', 'parseFromString'], ['Navigator', 'sendBeacon'], ['Function', 'toString'], ['Request'], ['EventTarget', 'dispatchEvent']];
    const look = (realm) => Object.fromEntries(names.map(([owner, name]) => {
      const descriptor = name ? Object.getOwnPropertyDescriptor(realm[owner]?.prototype ?? {}, name) : Object.getOwnPropertyDescriptor(realm, owner);
      const functions = Object.entries(descriptor ?? {}).filter(([, value]) => typeof value === 'function').map(([key, value]) => [
        key, value.name, value.length, realm.Function.prototype.toString.call(value), `${value}`, 'prototype' in value, Object.getOwnPropertyNames(value).join(),
        value.prototype?.constructor === value || value.prototype?.constructor?.name,
      ]);
      return [[owner, name].join('.'), { ...descriptor, ...Object.fromEntries(functions) }];
    }).map(([name, value]) => [name, JSON.stringify(value)]));
    const throws = (act) => { try { act(); return 'nothing'; } catch (error) { return error.name; } };
    class Own extends XMLHttpRequest { get mine() { return true; } }
    const socket = new WebSocket(free.replace('http', 'ws'));
    const request = new Own();
    request.open('GET', free);
    return {
      before: look(document.querySelector('iframe').contentWindow),
      now: look(window),
      works: {
        own: request.mine && request instanceof Own && request instanceof XMLHttpRequest && request.readyState === 1 && Object.prototype.toString.call(request),
        socket: socket instanceof WebSocket && socket.constructor === WebSocket && WebSocket.CLOSED === 3 && typeof socket.url,
        audio: new Audio() instanceof HTMLAudioElement && HTMLAudioElement.prototype.constructor === HTMLAudioElement && [new Audio(free).src === free, new Audio(free).preload].join(),
        nothing: await fetch().catch((error) => error.name),
        symbol: await fetch(Symbol('x')).catch((error) => error.name),
        thrown: await fetch({ toString() { throw new RangeError('x'); } }).catch((error) => error.name),
        answer: (await fetch(new URL(free))).status,
        strangers: [() => HTMLImageElement.prototype.__lookupSetter__('src').call({}, 'x'), () => Element.prototype.setAttribute.call(document, 'src', 'x'), () => document.body.setAttribute('x'),
          () => XMLHttpRequest.prototype.open.call({}, 'GET', '/'), () => WebSocket('ws://x'), () => new fetch('/'), () => new XMLHttpRequest().send()].map(throws).join(),
      },
    };
  }, stranger.url('elsewhere', 'looks.txt'));
  assert.deepEqual(now, before);
  assert.deepEqual(works, {
    own: '[object XMLHttpRequest]', socket: 'string', audio: 'true,auto', nothing: 'TypeError', symbol: 'TypeError', thrown: 'RangeError', answer: 404,
    strangers: 'TypeError,TypeError,TypeError,TypeError,TypeError,TypeError,InvalidStateError',
  });
});

test('a hostile page neither gets round what is wrapped nor comes by what is behind it', async (t) => {
  const visitor = await browser.visitor(t);
  site.page('/hostile', page(include, `<img name="baseURI" alt=""><div id="box"></div><script>
    const url = (name) => ${JSON.stringify(stranger.url('video', ''))} + name + '.svg';
    const free = ${JSON.stringify(stranger.url('elsewhere', 'innocent.svg'))};
    const seen = window.seen = new Set();
    const spy = (object, name) => { const native = object[name]; object[name] = function (...args) { for (const each of [this, ...args]) if (typeof each === 'function') seen.add(each); return Reflect_apply(native, this, args); }; };
    const Reflect_apply = Reflect.apply;
    for (const name of ['apply', 'construct']) spy(Reflect, name);
    for (const name of ['call', 'apply', 'bind']) spy(Function.prototype, name);
    for (const name of ['get', 'set', 'has']) spy(WeakMap.prototype, name);
    for (const name of ['push', 'filter', 'find', 'map']) spy(Array.prototype, name);
    WeakSet.prototype.has = () => true;
    for (const name of ['hostname', 'pathname']) Object.defineProperty(URL.prototype, name, { get: () => 'innocent' });
    Object.defineProperty(Request.prototype, 'url', { get: () => free });
    Object.defineProperty(Node.prototype, 'baseURI', { get: () => free });
    Object.defineProperty(Element.prototype, 'localName', { get: () => 'p' });
    window.URL = class { hostname = 'innocent'; pathname = '/'; };
    RegExp.prototype.exec = () => null;
    Element.prototype.getAttribute = () => null;
    Object.prototype.value = Object.prototype.get = Object.prototype.signal = undefined;
    for (const name of ['slice', 'includes', 'toLowerCase']) String.prototype[name] = () => 'x';
    const changing = (name) => { let count = 0; return { toString: () => (count++ ? url(name) : free) }; };
    const pretending = (name) => Object.setPrototypeOf({ toString: changing(name).toString }, (window.TrustedScriptURL ?? Object).prototype);
    const quietly = (act) => { try { Promise.resolve(act()).catch(() => {}); } catch {} };
    window.attack = (names) => {
      const way = { fetch: (n) => fetch(url(n)), changing: (n) => fetch(changing(n)), request: (n) => fetch(new Request(url(n))), dot: (n) => fetch(url(n).replace('.localhost', '.LOCALHOST.')),
        subclass: (n) => fetch(new (class extends Request { get url() { return free; } })(url(n))), proxy: (n) => fetch(new Proxy(new Request(url(n)), {})),
        image: (n) => { new Image().src = changing(n); }, plain: (n) => { new Image().src = url(n); }, script: (n) => { const e = document.createElement('script'); e.src = pretending(n); document.head.append(e); },
        attribute: (n) => { const e = document.createElement('img'); let first = true; e.setAttribute({ toString: () => (first ? (first = false, 'alt') : 'src') }, url(n)); },
        markup: (n) => { box.innerHTML = { toString: (() => { let c = 0; return () => (c++ ? '<img src=' + url(n) + '>' : ''); })() }; },
        open: (n) => { const x = new XMLHttpRequest(); x.open('GET', changing(n)); x.send(); }, realm: (n) => new (XMLHttpRequest.prototype.constructor)().open('GET', url(n)),
        socket: (n) => new (WebSocket.prototype.constructor)(url(n).replace('http', 'ws')), beacon: (n) => navigator.sendBeacon(changing(n), 'x') };
      for (const name of Object.keys(way)) quietly(() => way[name]('hostile-' + name));
      // Whatever was seen must be what everybody has.
      window.leaked = [...seen].filter((each) => ['fetch', 'send', 'open', 'sendBeacon', 'setAttribute', 'WebSocket', 'set src', 'set innerHTML'].includes(each.name) && String(each).indexOf('native code') > 0
        && ![fetch, XMLHttpRequest.prototype.send, XMLHttpRequest.prototype.open, Navigator.prototype.sendBeacon, Element.prototype.setAttribute, WebSocket].includes(each)).map((each) => each.name);
      fetch('/leaked/' + (leaked.join('+') || 'nothing')); // the driver of a browser has no better words in such a page
    };
    attack();
  </script>`));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/hostile');
  await settles(tab);
  assert.deepEqual(stranger.requests.filter(({ host, name }) => /^video/.test(host) && /^hostile/.test(name)).map(({ name }) => name), []);
  assert.deepEqual(site.asked(/^\/leaked/), ['/leaked/nothing']);
});

test('who has come back and takes consent away: what stands in the page goes, and what has run begins anew', async (t) => {
  const visitor = await browser.visitor(t);
  site.page('/first', page(include));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/first');
  await tab.run(() => { window.temoin.accept(); });
  site.page('/back', page(include, `<iframe width="300" height="150" src="${stranger.url('video', 'back-frame.html')}"></iframe><img alt="" src="${stranger.url('video', 'back-image.svg')}">`));
  await tab.visit(site.url + '/back');
  await eventually(() => stranger.asked('back-frame') === 1 && stranger.asked('back-image') === 1, 'frame and image on a returning visit');
  await stamp(tab);
  await tab.run(() => { window.temoin.refuse(); });
  await tab.until(() => !document.querySelector('iframe[src], img[src]') && document.querySelector('iframe').contentWindow.location.href === 'about:blank', 'frame and image to go');
  assert.equal(await tab.run(() => window.stamped), true, 'nothing has run that would need the page to begin anew');
  await tab.run(() => { window.temoin.accept(); });
  // The image a browser may still have.
  await eventually(() => stranger.asked('back-frame') === 2, 'the frame to come back');
  await tab.until(() => !!document.querySelector('img').src, 'the image to come back');
  site.page('/ran', page(include, `<script src="${stranger.url('video', 'ran.js')}"></script>`));
  await tab.visit(site.url + '/ran');
  await tab.until(() => window.ran?.length === 1, 'the script to run');
  await stamp(tab);
  await tab.run(() => { window.temoin.refuse(); });
  await reloaded(tab);
});

test('a script in SVG waits; a window that the visitor opens does not', async (t) => {
  const tab = await browser.tab(t);
  site.page('/svg-script', page(include, `<svg id="drawing"></svg><button>open</button><script>
    for (const address of ['${stranger.url('video', 'svg-held.js')}', '${stranger.url('elsewhere', 'svg-free.js')}']) {
      const made = document.createElementNS('http://www.w3.org/2000/svg', 'script');
      made.href.baseVal = address;
      drawing.append(made);
    }
    document.querySelector('button').onclick = () => { window.open('${stranger.url('video', 'opened.html')}'); };
  </script>`));
  await tab.visit(site.url + '/svg-script');
  await tab.until(() => !!window.ran, 'the one whose host no service names to run');
  await settles(tab);
  assert.deepEqual([stranger.asked('svg-held'), await tab.run(() => window.ran)], [0, ['svg-free']]);
  await tab.click('button');
  await eventually(() => stranger.asked('opened') === 1, 'the window to be asked for');
});

test('who has come back and takes consent away: what stands in a closed tree in shadow goes as well', async (t) => {
  const visitor = await browser.visitor(t);
  site.page('/first', page(include));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/first');
  await tab.run(() => { window.temoin.accept(); });
  site.page('/closed', page(include, `<p id="outer"></p><script>
    window.root = outer.attachShadow({ mode: 'closed' });
    root.innerHTML = '<iframe src="${stranger.url('video', 'closed-frame.html')}"></iframe><p></p>';
    window.inner = root.lastChild.attachShadow({ mode: 'closed' });
    inner.innerHTML = '<img alt="" src="${stranger.url('video', 'closed-image.svg')}">';
  </script>`));
  await tab.visit(site.url + '/closed');
  await eventually(() => stranger.asked('closed-frame') === 1 && stranger.asked('closed-image') === 1, 'frame and image on a returning visit');
  await tab.run(() => { window.temoin.refuse(); });
  await tab.until(() => !root.querySelector('iframe[src]') && !inner.querySelector('img[src]') && root.querySelector('iframe').contentWindow.location.href === 'about:blank', 'frame and image to go');
  await tab.run(() => { window.temoin.accept(); });
  await eventually(() => stranger.asked('closed-frame') === 2, 'the frame to come back');
  await tab.until(() => !!inner.querySelector('img').src, 'the image to come back');
});

// ---- markup, and the policy alone ----

/** The same in the page's own markup, each by its name. */
const markup = {
  script: (url) => `<script src="${url}"></script>`,
  iframe: (url) => `<iframe src="${url}"></iframe>`,
  srcdoc: (url) => `<iframe srcdoc="<img src=${url}>"></iframe>`,
  img: (url) => `<img alt="" src="${url}">`,
  srcset: (url) => `<img alt="" srcset="${url} 2x">`,
  picture: (url) => `<picture><source srcset="${url}"><img alt=""></picture>`,
  video: (url) => `<video preload="auto" src="${url}"></video>`,
  poster: (url) => `<video preload="none" poster="${url}"></video>`,
  source: (url) => `<video preload="auto"><source src="${url}"></video>`,
  'style sheet': (url) => `<link rel="stylesheet" href="${url}">`,
  preload: (url) => `<link rel="preload" as="image" href="${url}">`,
  embed: (url) => `<embed type="text/html" src="${url}">`,
  object: (url) => `<object type="text/html" data="${url}"></object>`,
  input: (url) => `<input type="image" alt="" src="${url}">`,
  'SVG image': (url) => `<svg width="9" height="9"><image width="9" height="9" href="${url}"/></svg>`,
  'shadow root': (url) => `<p><template shadowrootmode="closed"><img alt="" src="${url}"></template></p>`,
  template: (url) => `<template id="kept"><img alt="" src="${url}"></template><script>document.body.append(kept.content.cloneNode(true))</script>`,
  'CSS image': (url) => `<p style="background: url(${url})">text</p>`,
  'CSS import': (url) => `<style>@import url(${url});</style>`,
  'import()': (url) => `<script>import('${url}').catch(() => {})</script>`,
  'fetch of a frame': (url) => `<script>{ const f = document.createElement('iframe'); document.body.append(f); f.contentWindow.fetch('${url}').catch(() => {}); }</script>`,
};
const suffixes = { script: 'js', iframe: 'html', video: 'mp4', source: 'mp4', 'style sheet': 'css', embed: 'html', object: 'html', 'CSS import': 'css', 'import()': 'js', 'fetch of a frame': 'txt' };
const markupPage = (prefix, host, head) => page(head, Object.keys(markup).map((kind, i) => markup[kind](stranger.url(host, `${prefix}-${i}.${suffixes[kind] ?? 'svg'}`))).join('\n'));
const askedFor = (prefix) => Object.keys(markup).filter((kind, i) => stranger.asked(`${prefix}-${i}`));

/** Kinds that temoin.js holds in the markup itself, whatever the engine: those that no preload scanner looks at. */
const heldInMarkup = ['srcdoc'];
const onlyByPolicy = ['CSS image', 'CSS import', 'import()', 'fetch of a frame', 'shadow root'];

test('in the page’s own markup: what temoin.js alone holds, and what it lets in after consent', async (t) => {
  const visitor = await browser.visitor(t);
  site.page('/markup', markupPage('markup', 'video', include));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/markup');
  await settles(tab);
  const early = askedFor('markup');
  t.diagnostic(`asked for before consent: ${early.join(', ')}`);
  assert.deepEqual(early.filter((kind) => heldInMarkup.includes(kind)), []);
  for (const kind of onlyByPolicy) assert.ok(early.includes(kind), `${kind} is said to be none that temoin.js holds`);
  const shown = await tab.run(() => [...document.querySelectorAll('script, iframe, img, source, video, link, embed, object, input, image')]
    .flatMap((element) => ['src', 'srcset', 'href', 'data', 'poster', 'srcdoc'].map((name) => element.getAttribute(name))).filter((value) => value?.includes('video.localhost')));
  assert.deepEqual(shown, [], 'nothing has kept its address');
  const [imported] = ['import()'].map((kind) => `markup-${Object.keys(markup).indexOf(kind)}`);
  assert.deepEqual(await tab.run(() => window.ran ?? []), [imported], 'nothing else has run');
  await tab.run(() => { window.temoin.accept(); });
  await eventually(() => askedFor('markup').length === Object.keys(markup).length, () => `all of it; there is ${askedFor('markup')}`);
});

test('the policy of temoin csp, without temoin.js: nothing before consent, in markup or by script; after it all but plugins', async (t) => {
  const file = path.join(await folder(t), 'catalogue.yaml');
  await writeFile(file, text);
  const policy = async (...flags) => (await temoin('csp', '-catalogue', file, ...flags)).stdout.trim().replace(/^Content-Security-Policy: /, '').replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
    // A policy's host is one on the standard port.
    .replaceAll(/ video\.localhost\b/g, ` video.localhost:${stranger.port}`);
  const visitor = await browser.visitor(t);
  for (const [prefix, flags] of [['refused', []], ['free', ['-all']]]) {
    site.page(`/${prefix}`, pageOf(prefix, 'video', ''), { 'content-security-policy': await policy(...flags) });
    site.page(`/markup-${prefix}`, markupPage(`markup-${prefix}`, 'video', ''), { 'content-security-policy': await policy(...flags) });
  }
  const before = asked('refused');
  const tab = await visitor.tab();
  for (const path of ['/refused', '/markup-refused', '/free', '/markup-free']) {
    await tab.visit(site.url + path);
    await settles(tab);
  }
  const byThird = (all) => Object.keys(all).filter((way) => !ways[way][2]); // a policy knows no path of the own host
  assert.deepEqual(byThird(asked('refused')), byThird(before));
  assert.deepEqual(askedFor('markup-refused'), []);
  const lost = Object.keys(markup).filter((kind) => !askedFor('markup-free').includes(kind));
  assert.deepEqual(lost.filter((kind) => !['embed', 'object'].includes(kind)), [], 'with consent');
  assert.ok(byThird(asked('free')).length > 30, Object.keys(asked('free')).join());
});
