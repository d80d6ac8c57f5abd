// A client of WebDriver, for WebKitGTK, in the shape of the few parts of
// Puppeteer that browser.mjs uses. WebDriver knows neither the requests of a
// page, nor its console, nor scripts that run before its own, nor a network
// that is gone: each visitor therefore goes through a proxy of ours, which
// sees the requests, puts a recorder and the scripts of the test first into
// each HTML document, and can be cut.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';

import { freePort } from './programs.mjs';
import { eventually, patience, pause } from './server.mjs';

// ---- processes ----

const running = new Set();
const folders = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const dir of folders) rmSync(dir, { recursive: true, force: true });
});

function start(command, args, options) {
  const child = spawn(command, args, options);
  running.add(child);
  child.ended = new Promise((resolve) => {
    child.on('close', () => { running.delete(child); resolve(); });
    child.on('error', (error) => { running.delete(child); child.failure = error; resolve(); });
  });
  return child;
}

async function stop(child) {
  child.kill();
  const killer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await child.ended;
  clearTimeout(killer);
}

const mediaRegistry = path.join(tmpdir(), 'temoin-e2e-gstreamer.bin');

const screenSize = { width: 1600, height: 1300 };

const screens = []; // that nobody uses now

/** A screen that nobody sees, for one visitor: of several windows on one, that beneath the pointer has the focus. */
function display() {
  return screens.pop() ?? new Promise((resolve, reject) => {
    const child = start('Xvfb', ['-displayfd', '3', '-screen', '0', `${screenSize.width}x${screenSize.height}x24`, '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    child.stdio[3].once('data', (data) => resolve(`:${String(data).trim()}`));
    child.ended.then(() => reject(child.failure ?? new Error('Xvfb ended')));
    child.unref();
    child.stdio[3].unref?.();
  });
}

function miniBrowser() {
  const base = '/usr/lib/x86_64-linux-gnu';
  const [folder] = readdirSync(base).filter((name) => /^webkit2gtk-4\.\d$/.test(name)).sort().reverse();
  return process.env.TEMOIN_BROWSER ?? path.join(base, folder ?? 'webkit2gtk-4.1', 'MiniBrowser');
}

/** Settings of GTK: a bar that takes no room, so that windows can be narrow, and what a visitor has set. */
async function settings(media) {
  const dir = mkdtempSync(path.join(tmpdir(), 'temoin-webkit-'));
  folders.add(dir);
  await mkdir(path.join(dir, 'gtk-3.0'));
  await writeFile(path.join(dir, 'gtk-3.0/gtk.css'), 'toolbar, toolbar *, box.horizontal, entry, entry *, button, button * { min-width: 0; min-height: 0; padding: 0; margin: 0; border: 0; font-size: 1px; -gtk-icon-transform: scale(0.01); }\n');
  const still = media['prefers-reduced-motion'] === 'reduce';
  await writeFile(path.join(dir, 'gtk-3.0/settings.ini'), `[Settings]\ngtk-enable-animations=${still ? 0 : 1}\n`);
  return dir;
}

// ---- the proxy ----

const recorderPath = '/e2e-recorder.js';
const blankPath = '/e2e-blank';

/**
 * Runs first in each document: what the console and the errors were. Fetched
 * with each answer to the test; what was not fetched when the page goes, the
 * window's name carries to the next one.
 */
function recorder() {
  const said = [];
  const isTop = window === top;
  const mark = 'temoin-e2e: ';
  const take = () => {
    const carried = isTop && name.startsWith(mark) ? JSON.parse(name.slice(mark.length)) : [];
    if (carried.length) name = '';
    return [...carried, ...said.splice(0)];
  };
  if (isTop) {
    addEventListener('pagehide', () => {
      const left = take();
      if (left.length) name = mark + JSON.stringify(left);
    });
  }
  const text = (value) => {
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    try { return typeof value === 'object' ? JSON.stringify(value) : String(value); } catch { return String(value); }
  };
  for (const type of ['log', 'debug', 'info', 'warn', 'error']) {
    const original = console[type];
    console[type] = (...values) => {
      said.push(['console', type, values.map(text).join(' ')]);
      original.apply(console, values);
    };
  }
  addEventListener('error', (event) => { if (event instanceof ErrorEvent) said.push(['pageerror', event.message]); });
  addEventListener('unhandledrejection', ({ reason }) => { said.push(['pageerror', text(reason)]); });
  globalThis.alert = (message) => { said.push(['dialog', String(message)]); };
  Object.defineProperty(globalThis, Symbol.for('temoin-e2e'), { value: take });
  document.currentScript?.remove();
}

/**
 * Returns the nonce by which a page's policy lets the recorder in: the page's
 * own, or one that is added where all scripts are forbidden, and stay so.
 */
function letIn(headers) {
  const policy = headers['content-security-policy'];
  if (/default-src 'none'/.test(policy) && !/script-src/.test(policy)) headers['content-security-policy'] = `${policy}; script-src 'nonce-recorder'`;
  return headers['content-security-policy']?.match(/'nonce-([^']+)'/)?.[1] ?? '';
}

class Proxy {
  offline = false;
  /** Addresses of the documents that were asked for: beneath them all of their cookies can be reached. */
  documents = new Set();
  sockets = new Set();

  constructor(told) {
    this.told = told;
    // The scripts of the tab that was last told to do something.
    this.scripts = [];
    this.server = http.createServer((request, response) => this.#pass(request, response));
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.server.on('clientError', (error, socket) => socket.destroy());
  }

  async listen() {
    await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
    return this.server.address().port;
  }

  close() {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => { this.server.close(resolve); });
  }

  #pass(request, response) {
    let url;
    try { url = new URL(request.url); } catch { response.writeHead(400); response.end(); return; }
    const isBlank = url.pathname.endsWith(blankPath);
    // The window in which the cookies are looked at is not the visitor's.
    if (this.offline && !isBlank) { request.socket.destroy(); return; }
    if (url.pathname === recorderPath) {
      response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-store', 'access-control-allow-origin': '*' });
      // A router that finds the tag in the next page, as Turbo does, runs it once more.
      response.end(`if (!window[Symbol.for('temoin-e2e')]) {\n${this.scripts.map((script) => `${script};\n`).join('')}}`);
      return;
    }
    if (isBlank || url.pathname === '/favicon.ico') {
      response.writeHead(isBlank ? 200 : 404, { 'content-type': 'text/html', 'cache-control': 'no-store' });
      response.end();
      return;
    }
    const entry = { url: () => url.href };
    this.told('request', entry);
    const done = (() => {
      let over = false;
      return (how) => { if (!over) { over = true; this.told(how, entry); } };
    })();
    response.on('close', () => done('requestfinished'));
    const { 'proxy-connection': ignored, ...headers } = request.headers;
    const onward = http.request({ host: '127.0.0.1', port: url.port || 80, method: request.method, path: url.pathname + url.search, headers, agent: false }, (answer) => {
      if (!/^(text\/html|application\/xhtml\+xml)/.test(answer.headers['content-type'] ?? '') || request.method === 'HEAD') {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
        answer.on('error', () => response.destroy());
        answer.on('aborted', () => response.destroy());
        return;
      }
      this.documents.add(url.origin + url.pathname.replace(/\/$/, ''));
      this.#first(answer, response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  /** Puts the recorder first into a document, without waiting for its end. */
  #first(answer, response) {
    const { 'content-length': length, 'content-encoding': encoding, ...headers } = answer.headers;
    const nonce = letIn(headers);
    response.writeHead(answer.statusCode, headers);
    const plain = { gzip: () => zlib.createGunzip(), br: () => zlib.createBrotliDecompress() }[encoding];
    const body = plain ? answer.pipe(plain()) : answer;
    let begun = '';
    let put = false;
    const tag = `<script nonce="${nonce}" src="${recorderPath}"></script>`;
    const insert = (last) => {
      // After <head> where there is one, else after what has to come before it.
      const place = begun.match(/^[^]*?<head(\s[^>]*)?>/i) ?? (last || begun.length > 500 ? begun.match(/^(\s*<\?[^]*?\?>)?\s*(<!doctype[^>]*>)?\s*(<html[^>]*>)?/i) : null);
      if (!place) return;
      put = true;
      response.write(begun.slice(0, place[0].length) + tag + begun.slice(place[0].length));
    };
    body.on('data', (chunk) => {
      if (put) { response.write(chunk); return; }
      begun += chunk.toString('latin1');
      insert(false);
    });
    body.on('end', () => {
      if (!put) insert(true);
      response.end();
    });
    answer.on('aborted', () => response.destroy());
    body.on('error', () => response.destroy());
    // Latin-1 keeps every byte as it is.
    const write = response.write.bind(response);
    response.write = (chunk) => write(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  }
}

// ---- the protocol ----

// A script that is asked for in the moment in which a page goes may never be
// answered: who asks what the page is waits for so many ms, and asks again.
const forgotten = 2000;

class Session {
  #queue = Promise.resolve();
  #window;
  #frame = '';

  constructor(base) { this.base = base; }

  async call(method, command, body, within = 30_000) {
    const response = await fetch(this.base + command, {
      method,
      ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }),
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(within * patience),
    }).catch((error) => { throw new Error(`no answer to ${method} ${command} ${JSON.stringify(body)?.slice(0, 100) ?? ''}: ${error.message}`); });
    const { value } = await response.json();
    if (value?.error) {
      // Asked as one page turns into another, WebKit's driver knows no word for it.
      const gone = /no such (window|frame|element)|stale element|unloaded|script timeout|^unknown error: $/i;
      const words = `${value.error}: ${value.message}`;
      throw Object.assign(new Error(gone.test(words) ? `${words} (the page was gone, or navigated)` : words), { code: value.error });
    }
    return value;
  }

  /** Does commands in a window, and in the frame that a path of elements leads to; nothing else comes in between. */
  inWindow(window, frame, commands) {
    const next = this.#queue.then(async () => {
      if (this.#window !== window) {
        await this.call('POST', '/window', { handle: window });
        this.#window = window;
        this.#frame = '';
      }
      const wanted = frame ? JSON.stringify(frame) : '';
      if (this.#frame || wanted) {
        await this.call('POST', '/frame', { id: null });
        for (const id of frame ?? []) await this.call('POST', '/frame', { id });
        this.#frame = wanted;
      }
      return commands();
    });
    this.#queue = next.catch(() => {});
    return next;
  }
}

const elementKey = 'element-6066-11e4-a52e-4f735466cecf';

/** What the recorder has left in the page; over https there is none. */
const recorded = 'const said = () => window[Symbol.for("temoin-e2e")]?.() ?? [];';

/** Runs in the page: evaluates, waits, and answers with what was said meanwhile. */
const asking = (expression) => `
  const done = arguments[arguments.length - 1];
  ${recorded}
  (async () => (${expression}))().then(
    (value) => done(JSON.stringify({ value, said: said() })),
    (error) => done(JSON.stringify({ error: String(error?.message ?? error), said: said() })));`;

class Frame {
  /** @param path the elements that lead to it, each within the one before; absent for the page itself */
  constructor(page, path, url) {
    this.page = page;
    this.path = path;
    this.address = url;
  }

  url() { return this.path ? this.address : this.page.url(); }

  /** @param isAskedAgain whether who asks does so again, and need not wait long: see forgotten */
  async evaluate(expression, isAskedAgain = false) {
    const answer = JSON.parse(await this.page.command('POST', '/execute/async', { script: asking(expression), args: [] }, this.path, isAskedAgain ? forgotten : undefined));
    this.page.hear(answer.said);
    if ('error' in answer) throw new Error(answer.error);
    return answer.value;
  }

  async evaluateHandle(expression) {
    const value = await this.page.command('POST', '/execute/sync', { script: `return ${expression}`, args: [] }, this.path);
    return new Handle(this, value);
  }
}

class Handle {
  constructor(frame, value) {
    this.frame = frame;
    this.value = value;
  }

  asElement() { return this.value?.[elementKey] ? this : null; }

  /** The middle of the element as the window shows it; it is scrolled there first where it is not. */
  async #middle() {
    const measure = this.frame.page.command('POST', '/execute/sync', {
      args: [this.value],
      script: `
        const [element] = arguments;
        if (!element.isConnected) return null;
        element.scrollIntoViewIfNeeded();
        const box = [...element.getClientRects()].find(({ width, height }) => width * height > 1);
        if (!box) return null;
        // A part of it may lie outside of the window.
        const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
        const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
        return left < right && top < bottom ? [(left + right) / 2, (top + bottom) / 2] : null;`,
    }, this.frame.path);
    const found = await measure.catch((error) => {
      if (error.code !== 'stale element reference') throw error;
    });
    if (!found) throw new Error('Node is either not clickable or not an Element');
    return found;
  }

  async click({ count = 1, delay = 0 } = {}) {
    const [x, y] = await this.#middle();
    await this.frame.page.mouse.click(Math.floor(x), Math.floor(y), { count, delay, frame: this.frame.path });
  }
}

/** Runs in the page: has each request to a path that matches fail, as a content blocker does. */
function blockRequests(source) {
  const { fetch } = window;
  const { sendBeacon } = Navigator.prototype;
  const isBlocked = (address) => new RegExp(source).test(new URL(address, document.baseURI).pathname);
  window.fetch = (request, options) => (isBlocked(request.url ?? request) ? Promise.reject(new TypeError('Load failed')) : fetch(request, options));
  Navigator.prototype.sendBeacon = function (address, data) { return !isBlocked(address) && sendBeacon.call(this, address, data); };
}

const keyCodes = {
  Backspace: '\uE003', Tab: '\uE004', Enter: '\uE007', Shift: '\uE008', Control: '\uE009', Alt: '\uE00A', Escape: '\uE00C', Space: ' ',
  PageUp: '\uE00E', PageDown: '\uE00F', End: '\uE010', Home: '\uE011', ArrowLeft: '\uE012', ArrowUp: '\uE013', ArrowRight: '\uE014', ArrowDown: '\uE015', Delete: '\uE017', Meta: '\uE03D',
};

class Keyboard {
  constructor(page) { this.page = page; }

  #act(...actions) { return this.page.act({ type: 'key', id: 'keyboard', actions }); }

  static #code(key) {
    const value = keyCodes[key] ?? (key.length === 1 ? key : null);
    if (!value) throw new Error(`Unknown key: ${key}`);
    return value;
  }

  down(key) { return this.#act({ type: 'keyDown', value: Keyboard.#code(key) }); }

  up(key) { return this.#act({ type: 'keyUp', value: Keyboard.#code(key) }); }

  press(key) { return this.#act({ type: 'keyDown', value: Keyboard.#code(key) }, { type: 'keyUp', value: Keyboard.#code(key) }); }

  async type(text) { for (const key of text) await this.press(key); }
}

class Mouse {
  at = [0, 0];

  constructor(page) { this.page = page; }

  #act(actions, frame) { return this.page.act({ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }, frame); }

  #to(x, y) {
    this.at = [Math.floor(x), Math.floor(y)];
    return { type: 'pointerMove', x: this.at[0], y: this.at[1], duration: 0, origin: 'viewport' };
  }

  move(x, y) { return this.#act([this.#to(x, y)]); }

  down() { return this.#act([{ type: 'pointerDown', button: 0 }]); }

  up() { return this.#act([{ type: 'pointerUp', button: 0 }]); }

  click(x, y, { count = 1, delay = 0, frame } = {}) {
    const presses = Array.from({ length: count }, () => [
      { type: 'pointerDown', button: 0 },
      ...(delay ? [{ type: 'pause', duration: delay }] : []),
      { type: 'pointerUp', button: 0 },
    ]).flat();
    return this.#act([this.#to(x, y), ...presses], frame);
  }

  async wheel({ deltaX = 0, deltaY = 0 }) {
    await this.page.act({ type: 'wheel', id: 'wheel', actions: [{ type: 'scroll', x: this.at[0], y: this.at[1], deltaX, deltaY, duration: 0, origin: 'viewport' }] });
  }
}

class Page {
  #listeners = {};
  #address = 'about:blank';

  constructor(context, window) {
    this.context = context;
    this.window = window;
    this.main = new Frame(this, null);
    this.keyboard = new Keyboard(this);
    this.mouse = new Mouse(this);
    this.scripts = [`(${recorder})()`];
  }

  on(type, listener) { (this.#listeners[type] ??= []).push(listener); }

  emit(type, value) { for (const listener of this.#listeners[type] ?? []) listener(value); }

  hear(said) {
    for (const [kind, ...words] of said) {
      if (kind === 'console') this.emit('console', { type: () => words[0], text: () => words[1] });
      if (kind === 'pageerror') this.emit('pageerror', new Error(words[0]));
      if (kind === 'dialog') this.emit('dialog', { message: () => words[0], dismiss() {} });
    }
  }

  /** One command of WebDriver in this tab. */
  command(method, command, body, frame, within) {
    return this.context.session.inWindow(this.window, frame, () => {
      this.context.proxy.scripts = this.scripts;
      return this.context.session.call(method, command, body, within);
    });
  }

  act(source, frame) { return this.command('POST', '/actions', { actions: [source] }, frame); }

  mainFrame() { return this.main; }

  evaluate(expression) { return this.main.evaluate(expression); }

  evaluateHandle(expression) { return this.main.evaluateHandle(expression); }

  inject(source) { return this.command('POST', '/execute/sync', { script: `${source};`, args: [] }); }

  evaluateOnNewDocument(fn, ...args) { this.scripts.push(`(${fn})(...${JSON.stringify(args)})`); }

  /** Lets no request to such paths leave this tab, now and later; the proxy cannot tell one tab from another. */
  async block(pattern) {
    this.evaluateOnNewDocument(blockRequests, pattern.source);
    await this.evaluate(`(${blockRequests})(${JSON.stringify(pattern.source)})`);
  }

  /** Role and name of those elements of the layers that match and can be reached; of one without a role, what it is. */
  async described(selector) {
    const elements = await this.command('POST', '/execute/sync', {
      args: [selector],
      script: `
        const { shadowRoot } = document.querySelector('#temoin');
        const dialog = shadowRoot.querySelector('dialog[open]');
        return [...shadowRoot.querySelectorAll(arguments[0])]
          .filter((element) => element.checkVisibility({ visibilityProperty: true }) && (!dialog || dialog.contains(element)))
          .map((element) => [element, element.localName]);`,
    });
    const found = [];
    for (const [{ [elementKey]: id }, what] of elements) {
      found.push([await this.command('GET', `/element/${id}/computedrole`) || what, await this.command('GET', `/element/${id}/computedlabel`)]);
    }
    return found;
  }

  async currentUrl() { return this.command('GET', '/url'); }

  url() { return this.#address; }

  async frames() {
    return [this.main, ...await this.#framesIn([])];
  }

  async #framesIn(path) {
    const all = [];
    const inside = path.length ? path : undefined;
    for (const element of await this.command('POST', '/elements', { using: 'css selector', value: 'iframe' }, inside)) {
      const deeper = [...path, element];
      try {
        const url = await this.command('POST', '/execute/sync', { script: 'return location.href', args: [] }, deeper);
        all.push(new Frame(this, deeper, url), ...await this.#framesIn(deeper));
      } catch { /* It went away, or shows nothing. */ }
    }
    return all;
  }

  /** Waits for another document than the one that stood there, or for the same with another fragment. */
  async #arrives(before, act, waitUntil, timeout) {
    await act();
    const ready = waitUntil === 'load' ? ['complete'] : ['interactive', 'complete'];
    await eventually(async () => {
      const now = await this.#document().catch(() => null);
      if (!now || !ready.includes(now.state)) return false;
      if (now.stamp === before?.stamp && now.url === before?.url) return false;
      this.#address = now.url;
      return now.url !== 'about:blank';
    }, () => `another page than ${before?.url} to be loaded`, { within: timeout / patience });
    this.emit('framenavigated', this.main);
  }

  async #document() {
    const answer = JSON.parse(await this.command('POST', '/execute/sync', {
      script: `${recorded} return JSON.stringify({ stamp: performance.timeOrigin, state: document.readyState, url: location.href, said: said() })`, args: [],
    }, null, forgotten));
    this.hear(answer.said);
    return answer;
  }

  async goto(url, { waitUntil = 'load', timeout = 20_000 * patience } = {}) {
    const { protocol, origin } = new URL(url);
    if (protocol === 'https:') this.context.proxy.documents.add(origin);
    const before = await this.#document().catch(() => null);
    await this.#arrives(before?.url === url ? { stamp: before.stamp, url } : before, () => this.command('POST', '/url', { url }), waitUntil, timeout);
  }

  /** Waits for another page than this one. */
  async waitForNavigation({ timeout = 20_000 * patience } = {}) { await this.#arrives(await this.#document(), () => {}, 'load', timeout); }

  async reload({ waitUntil = 'load', timeout = 20_000 * patience } = {}) {
    await this.#arrives(await this.#document(), () => this.command('POST', '/refresh'), waitUntil, timeout);
  }

  async goBack({ waitUntil = 'load', timeout = 20_000 * patience } = {}) {
    await this.#arrives(await this.#document(), () => this.command('POST', '/back'), waitUntil, timeout);
  }

  async goForward({ waitUntil = 'load', timeout = 20_000 * patience } = {}) {
    await this.#arrives(await this.#document(), () => this.command('POST', '/forward'), waitUntil, timeout);
  }

  /** Makes the window's inside that large. */
  async setViewport({ width, height }) {
    let outer = { width, height: height + (this.bar ?? 20) };
    for (let attempt = 0; ; attempt++) {
      // In the middle of the screen, where its pointer is: without a window
      // manager the window beneath the pointer has the focus.
      const [x, y] = [screenSize.width - outer.width, screenSize.height - outer.height].map((room) => Math.max(0, Math.round(room / 2)));
      await this.command('POST', '/window/rect', { x, y, ...outer });
      const end = Date.now() + 500 * patience;
      let inner;
      do {
        inner = await this.command('POST', '/execute/sync', { script: 'return [innerWidth, innerHeight]', args: [] });
        if (inner[0] === width && inner[1] === height) {
          this.bar = outer.height - height;
          return;
        }
        await pause(20);
      } while (Date.now() < end);
      if (attempt === 3) throw new Error(`the window cannot be made ${width} × ${height}; it is ${inner}`);
      outer = { width: outer.width + width - inner[0], height: outer.height + height - inner[1] };
    }
  }

  async setOfflineMode(offline) {
    this.context.proxy.offline = offline;
    if (offline) for (const socket of this.context.proxy.sockets) socket.destroy();
  }

  async screenshot({ path: file }) {
    const data = Buffer.from(await this.command('GET', '/screenshot'), 'base64');
    if (file) await writeFile(file, data);
    return data;
  }

  async bringToFront() { await this.command('POST', '/execute/sync', { script: 'window.focus()', args: [] }); }

  async close() {
    // With its last window a session ends.
    await this.context.openSpare();
    await this.command('DELETE', '/window');
    this.context.pages.delete(this);
  }
}

class Context {
  pages = new Set();

  constructor(media, args) {
    this.media = media;
    this.args = args;
  }

  async start() {
    this.proxy = new Proxy((type, entry) => { for (const page of this.pages) page.emit(type, entry); });
    const through = `127.0.0.1:${await this.proxy.listen()}`;
    const port = await freePort();
    this.dir = await settings(this.media);
    this.screen = await display();
    this.driver = start('WebKitWebDriver', [`--port=${port}`], {
      stdio: 'ignore',
      env: {
        ...process.env, DISPLAY: this.screen, XDG_CONFIG_HOME: this.dir, XDG_CACHE_HOME: this.dir, XDG_DATA_HOME: this.dir, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1',
        ...(this.media['prefers-color-scheme'] === 'dark' && { GTK_THEME: 'Adwaita:dark' }),
        // What media it can play, found once and not by each visitor's browser: a fifth of its start.
        GST_REGISTRY_1_0: mediaRegistry,
        // There is no graphics processor: to draw without one is much faster than to imitate one.
        WEBKIT_DISABLE_COMPOSITING_MODE: '1',
        WEBKIT_DISABLE_DMABUF_RENDERER: '1',
        // As in a container, where there is no other user to protect from.
        WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
      },
    });
    const base = `http://127.0.0.1:${port}`;
    await eventually(() => {
      if (this.driver.failure) throw this.driver.failure;
      return fetch(`${base}/status`).then(() => true, () => false);
    }, 'WebKitWebDriver to answer');
    const { sessionId } = await new Session(base).call('POST', '/session', {
      capabilities: {
        alwaysMatch: {
          acceptInsecureCerts: true,
          pageLoadStrategy: 'none',
          unhandledPromptBehavior: 'dismiss',
          // The driver's timer for scripts would be the page's own setTimeout, which tests hurry and count.
          timeouts: { script: null, pageLoad: Math.round(60_000 * patience), implicit: 0 },
          // https goes its own way: neither recorder nor scripts.
          proxy: { proxyType: 'manual', httpProxy: through },
          'webkitgtk:browserOptions': { binary: miniBrowser(), args: ['--automation', ...this.args] },
        },
      },
    });
    this.session = new Session(`${base}/session/${sessionId}`);
    this.first = await this.session.call('GET', '/window');
    return this;
  }

  async newPage() {
    // The first window is for the visitor's first tab; cookies have another.
    let window = this.first;
    this.first = null;
    // One is opened from another, which the last that was spoken to may no longer be.
    const opens = () => this.session.call('POST', '/window/new', { type: 'window' });
    window ??= (await (this.spare ? this.session.inWindow(this.spare, null, opens) : opens())).handle;
    const page = new Page(this, window);
    this.pages.add(page);
    return page;
  }

  /** Opens a window beside the tabs, once. */
  async openSpare() {
    this.spare ??= (await this.session.call('POST', '/window/new', { type: 'tab' })).handle;
  }

  /** Does commands beside the tabs, where the cookies of an address can be reached. */
  async #aside(address, commands) {
    await this.openSpare();
    return this.session.inWindow(this.spare, null, async () => {
      const url = address + blankPath;
      await this.session.call('POST', '/url', { url });
      // The page is asked: WebDriver already says where it is going.
      const here = () => this.session.call('POST', '/execute/sync', { script: 'return document.readyState === "complete" && location.href', args: [] }, forgotten);
      await eventually(() => here().then((address) => address === url, () => false), `the page ${url}`);
      return commands();
    });
  }

  async cookies() {
    // What a page has just written, the process that keeps it is told a little later.
    for (let attempt = 0; ; attempt++) {
      await pause(120);
      const found = await this.#kept();
      if (found.length || attempt === 3) return found;
    }
  }

  async #kept() {
    const found = new Map();
    const all = [...this.proxy.documents];
    for (const url of all.filter((url) => !all.some((other) => other.startsWith(`${url}/`)))) {
      for (const { expiry, ...cookie } of await this.#aside(url, () => this.session.call('GET', '/cookie'))) {
        found.set(JSON.stringify([cookie.name, cookie.domain, cookie.path]), { ...cookie, session: expiry === undefined, expires: expiry ?? -1 });
      }
    }
    return [...found.values()];
  }

  async setCookie(...cookies) {
    for (const { url, expires, ...cookie } of cookies) {
      const origin = url ? new URL(url).origin : `http://${cookie.domain.replace(/^\./, '')}`;
      this.proxy.documents.add(origin);
      await this.#aside(origin, () => {
        // WebDriver takes no empty value; the page does.
        if (cookie.value === '') return this.session.call('POST', '/execute/sync', { script: 'document.cookie = arguments[0]', args: [`${cookie.name}=; path=/; max-age=100000`] });
        return this.session.call('POST', '/cookie', { cookie: { path: '/', ...cookie, ...(expires > 0 && { expiry: Math.round(expires) }) } });
      });
    }
  }

  async close() {
    await this.session?.call('DELETE', '').catch(() => {});
    if (this.driver) await stop(this.driver);
    await this.proxy.close();
    if (this.screen) screens.push(this.screen);
    rmSync(this.dir, { recursive: true, force: true });
    folders.delete(this.dir);
  }
}

/**
 * Puppeteer's browser as far as the tests know it: each visitor is a session of its own.
 * @param args more arguments for MiniBrowser
 */
export const webkit = (args = []) => {
  const begin = async (media = {}, again = false) => {
    const context = new Context(media, args);
    try {
      return await context.start();
    } catch (error) {
      await context.close().catch(() => {});
      // A browser that does not come at once is asked for once more.
      if (again) throw error;
      return begin(media, true);
    }
  };
  // A session takes a second to begin: the next visitor's does while this one is here.
  let next = null;
  return {
    async createBrowserContext(media) {
      if (media && Object.keys(media).length) return begin(media);
      const begun = next ?? begin();
      next = null; // nobody else gets this one
      const context = await begun;
      next ??= begin();
      next.catch(() => {}); // who needs it hears of it
      return context;
    },
    async close() {
      await next?.then((context) => context.close(), () => {});
      next = null;
    },
  };
};
