// What Témoin weighs and how long it takes: ./build.sh bench builds, then runs
// this. Nothing here asserts a figure; it fails only where something does not
// work. The figures of two machines, or of a busy one, cannot be compared.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { folder, repository, smallCatalogue, startSite, startTemoin, temoin } from './lib/server.mjs';

const help = `./build.sh bench [OPTIONS]

  -size        print the sizes only; needs no browser
  -embeds      time a page of 300 frames only
  -hold        time scripts on a page whose catalogue names hosts only
  --runs N     how often each visit is made, after one that does not count (9)
  --json FILE  write all that was measured, run by run, into FILE as well
`;

const visitTime = 60_000; // ms after which a visit that has not come to its end never will
const quiet = 500; // ms without a request that count as the end of them

const profiles = {
  fast: { cpu: 1, network: null, viewport: { width: 1280, height: 800 }, label: 'as it is, 1280×800' },
  mobile: {
    cpu: 4,
    network: { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: -1 },
    viewport: { width: 390, height: 844 },
    label: 'CPU ÷ 4 (main thread only), 1.6 Mbit/s down, 150 ms, 390×844',
  },
};

// ---- what has to be undone at the end, however that comes ----

const cleanups = [];
const after = (done) => { cleanups.push(done); };

async function cleanUp() {
  while (cleanups.length) await cleanups.pop()().catch((error) => console.error('bench:', error.message));
}

let interrupted = false;
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]]) {
  process.once(signal, async () => {
    interrupted = true;
    await cleanUp();
    process.exit(128 + number);
  });
}

/** Fails if promise takes longer than ms. */
function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: not done within ${ms} ms`)), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// ---- sizes ----

/** Exports the catalogue; returns the parts as { name, lang, size, gzip, brotli }, and the default language. */
async function measureSizes(catalogue) {
  const dir = await folder(after);
  const file = path.join(dir, 'catalogue.yaml');
  const target = path.join(dir, 'export');
  await writeFile(file, catalogue);
  const { code, stderr } = await temoin('export', '-catalogue', file, target);
  if (code !== 0) throw new Error(`temoin export ended with ${code}: ${stderr}`);
  const { files } = JSON.parse(await readFile(path.join(target, 'temoin-manifest.json'), 'utf8'));

  // The charter of the default language lies there a second time, without its
  // language in the path: it says which that is, and counts once.
  const charter = files.find(({ path }) => path === 'charte-cookies/index.html');
  const lang = files.find((file) => file !== charter && file.integrity === charter.integrity).path.split('/')[1];
  const parts = files.filter((file) => file !== charter)
    .map(({ path, size, gzip, brotli }) => ({ ...identify(path), size, gzip, brotli }));
  return { lang, parts: parts.sort((a, b) => rank(a) - rank(b)), sums: sums(parts, lang) };
}

/** What a path of the export is: its name without the hash, and its language, if it has one. */
function identify(file) {
  const charter = file.match(/^charte-cookies\/([\w-]+)\/index\.html$/);
  if (charter) return { name: `charter page ${charter[1]}`, kind: 'charter page', lang: charter[1] };
  const name = path.basename(file).replace(/\.[0-9a-f]{8}(?=\.\w+$)/, '');
  const [kind, lang] = name.split('.').slice(0, -1);
  return { name, kind, lang };
}

/** The order in which a visitor meets the parts. */
function rank({ kind }) {
  const place = ['temoin', 'shell', 'dialog', 'runtime', 'edition', 'app', 'charter page', 'charter'].indexOf(kind);
  return place < 0 ? Infinity : place;
}

/** What a first visit takes in each language, with temoin.js as the one script of all of them. */
function sums(parts, defaultLang) {
  const total = (name, wanted) => {
    const counted = parts.filter(wanted);
    const sum = (key) => counted.reduce((bytes, part) => bytes + part[key], 0);
    return { name, size: sum('size'), gzip: sum('gzip'), brotli: sum('brotli') };
  };
  // temoin.js brings the shell of the default language along, and fetches others.
  const visible = (lang) => (part) => part.name === 'temoin.js' || (lang !== defaultLang && part.kind === 'shell' && part.lang === lang);
  const program = (lang) => (part) => ['runtime', 'app'].includes(part.kind) || (part.kind === 'edition' && part.lang === lang);
  const dialog = (lang) => (part) => part.kind === 'dialog' && part.lang === lang;
  const others = parts.filter((part) => part.kind === 'shell' && part.lang !== defaultLang).map((part) => part.lang);
  return [defaultLang, ...others].flatMap((lang) => [
    total(`before visible, ${lang}`, visible(lang)),
    total(`until idle, ${lang}`, (part) => visible(lang)(part) || dialog(lang)(part)),
    total(`near, ${lang}`, (part) => visible(lang)(part) || dialog(lang)(part) || program(lang)(part)),
  ]);
}

function printSizes({ parts, sums }) {
  const rows = (list) => list.map(({ name, size, gzip, brotli }) => [name, ...[size, gzip, brotli].map(grouped)]);
  console.log('\nSizes in bytes, without headers\n');
  printTable([['', 'raw', 'gzip -9', 'brotli 11'], ...rows(parts), [], ...rows(sums)]);
}

// ---- what runs in the page ----

/**
 * Runs in each document before its scripts, and changes nothing that the
 * product does. Each mark is a time in ms since navigation start; the first of
 * a name counts, and is told to Node through the binding benchMark.
 */
function probe() {
  if (window !== window.top) return;
  const marks = {};
  const longTasks = [];
  const shifts = [];
  const mark = (name, at = performance.now(), data = null) => {
    if (name in marks) return;
    marks[name] = at;
    window.benchMark?.(JSON.stringify({ name, data }));
  };

  const shadow = () => document.getElementById('temoin')?.shadowRoot;

  /** The middle of the button, if a click there would hit it, else null. */
  const point = (action) => {
    for (const button of shadow()?.querySelectorAll(`[data-temoin="${action}"]`) ?? []) {
      const { x: left, y: top, width, height } = button.getBoundingClientRect();
      const [x, y] = [left + width / 2, top + height / 2];
      const inViewport = width > 0 && height > 0 && x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
      const atop = inViewport && document.elementFromPoint(x, y)?.shadowRoot === shadow();
      if (atop && button.contains(shadow().elementFromPoint(x, y))) return { x, y };
    }
    return null;
  };

  // Looked at once per frame, until it is there: what is drawn in between
  // nobody can see.
  const look = () => {
    const found = point('accept');
    if (found) {
      follow(shadow().querySelector('.root'));
      mark('visible', performance.now(), found);
    } else if (!window.temoin?.choice) {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);

  // The observer is called when Go's turn is over, thus after all that it does there.
  const follow = (root) => {
    new MutationObserver(() => mark('drawn')).observe(root, { attributeFilter: ['data-drawn-by'] });
    new MutationObserver(() => {
      if (!root.querySelector('dialog[open]')) return;
      mark('dialog');
      // The first task after a frame's callbacks: that frame has been painted.
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => mark('dialog painted');
        port2.postMessage(null);
      });
    }).observe(root, { attributeFilter: ['open'], subtree: true });
  };

  /** Marks when a function of WebAssembly is called and when its promise is kept; passes on the promise as it is. */
  const time = (name, called, kept) => {
    const original = WebAssembly[name];
    WebAssembly[name] = function (...args) {
      mark(called);
      const promise = original.apply(this, args);
      promise.then(() => mark(kept), () => {});
      return promise;
    };
  };
  time('compileStreaming', 'compile', 'compiled');
  time('instantiate', 'instantiate', 'instantiated');

  addEventListener('click', (event) => {
    const action = event.composedPath().find((node) => node.dataset?.temoin)?.dataset.temoin;
    if (action) mark('click', event.timeStamp);
  }, { capture: true });

  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(Document.prototype, 'cookie', {
    ...cookie,
    set(line) {
      cookie.set.call(this, line);
      if (/(^|; )cookies_preferences=./.test(cookie.get.call(this))) mark('cookie');
    },
  });

  document.addEventListener('temoin:ready', ({ detail }) => mark('ready', performance.now(), { answered: detail !== null }));

  const observers = [
    ['longtask', ({ startTime, duration }) => longTasks.push({ startTime, duration })],
    ['layout-shift', ({ startTime, value, hadRecentInput, sources }) => {
      if (!hadRecentInput) shifts.push({ startTime, value, moved: sources.map(({ node }) => node?.cloneNode?.(false).outerHTML ?? node?.nodeName) });
    }],
  ].map(([type, note]) => {
    const all = (entries) => { for (const entry of entries) note(entry); };
    const observer = new PerformanceObserver((list) => all(list.getEntries()));
    observer.observe({ type, buffered: true });
    return () => all(observer.takeRecords());
  });

  window.bench = {
    point,
    idle: () => new Promise((resolve) => { requestIdleCallback(resolve, { timeout: 5_000 }); }),
    read() {
      for (const flush of observers) flush();
      return { marks, longTasks, shifts, connection: navigator.connection?.effectiveType };
    },
  };
}

// ---- one visit ----

/** What the page loads of the banner's own: bytes as received, headers included. */
class Traffic {
  #requests = new Map();
  #lastChange = Date.now();

  constructor(cdp) {
    cdp.on('Network.requestWillBeSent', ({ requestId, request }) => {
      if (!/^https?:/.test(request.url)) return;
      this.#change(requestId, { path: new URL(request.url).pathname, bytes: 0, cached: false, ended: false });
    });
    cdp.on('Network.requestServedFromCache', ({ requestId }) => this.#change(requestId, { cached: true }));
    cdp.on('Network.responseReceived', ({ requestId, response }) => this.#change(requestId, {
      status: response.status,
      ...(response.fromDiskCache && { cached: true }),
    }));
    cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => this.#change(requestId, { ended: true, bytes: encodedDataLength }));
    cdp.on('Network.loadingFailed', ({ requestId, errorText }) => this.#change(requestId, { ended: true, failed: errorText }));
  }

  #change(id, news) {
    if (!this.#requests.has(id) && !news.path) return;
    this.#requests.set(id, { ...this.#requests.get(id), ...news });
    this.#lastChange = Date.now();
  }

  /** Waits until nothing is on its way, and has not been for a while. */
  async end() {
    const limit = Date.now() + visitTime / 2;
    for (;;) {
      const open = [...this.#requests.values()].filter(({ ended }) => !ended).map(({ path }) => path);
      if (open.length === 0 && Date.now() - this.#lastChange >= quiet) return;
      if (Date.now() > limit) throw new Error(`no end of the requests; not answered: ${open}`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }

  /** The banner's own files; what the cache had costs no request and no bytes. */
  own() {
    const files = [...this.#requests.values()].filter(({ path }) => /^\/temoin(\.[\w-]+)?\.js$|^\/temoin\//.test(path));
    const sent = files.filter(({ cached }) => !cached);
    return { requests: sent.length, bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0), files };
  }
}

/** A page that is being visited. What its probe marks can be waited for. */
class Visit {
  #heard = new Map();
  #waiting = new Map();
  #said = [];
  #loaded;

  static async open(context, profile) {
    const visit = new Visit();
    visit.page = await context.newPage();
    await visit.#prepare(profile);
    return visit;
  }

  async #prepare({ cpu, network, viewport }) {
    const { page } = this;
    page.on('pageerror', (error) => this.#said.push(String(error?.message ?? error)));
    page.on('console', (message) => { if (['error', 'warn'].includes(message.type())) this.#said.push(message.text()); });
    await page.setViewport({ ...viewport, deviceScaleFactor: 1 });
    await page.evaluateOnNewDocument(probe);

    this.cdp = await page.createCDPSession();
    this.traffic = new Traffic(this.cdp);
    this.cdp.on('Runtime.bindingCalled', ({ name, payload }) => { if (name === 'benchMark') this.#hear(JSON.parse(payload)); });
    await this.cdp.send('Runtime.enable');
    await this.cdp.send('Runtime.addBinding', { name: 'benchMark' });
    await this.cdp.send('Network.enable');
    if (network) await this.cdp.send('Network.emulateNetworkConditions', network);
    if (cpu > 1) await this.cdp.send('Emulation.setCPUThrottlingRate', { rate: cpu });
  }

  /** Begins to load the page, and does not wait for it. */
  go(url) {
    this.#loaded = this.page.goto(url, { waitUntil: 'load', timeout: visitTime });
    this.#loaded.catch(() => {}); // whoever waits for the load hears of it
  }

  async loaded() {
    const response = await this.#loaded;
    if (!response.ok()) throw new Error(`${response.url()} answers ${response.status()}`);
  }

  #hear({ name, data }) {
    this.#heard.set(name, data);
    this.#waiting.get(name)?.(data);
  }

  /** Waits for the probe's mark; returns the data that came with it. */
  async mark(name) {
    if (this.#heard.has(name)) return this.#heard.get(name);
    const come = new Promise((resolve) => { this.#waiting.set(name, resolve); });
    try {
      return await within(visitTime / 2, `expected the mark "${name}" of ${this.page.url()}`, come);
    } catch (error) {
      throw new Error([error.message, 'the page said:', ...this.#said].join('\n  '), { cause: error });
    }
  }

  /** Loaded, all requests answered, and nothing left to do. */
  async settles() {
    await this.loaded();
    await this.traffic.end();
    await this.page.evaluate(() => window.bench.idle());
  }

  /** Clicks the button with the mouse. */
  async click(action) {
    const point = await this.page.evaluate((action) => window.bench.point(action), action);
    if (!point) throw new Error(`no button "${action}" that a click would hit`);
    await this.clickAt(point);
  }

  comesTo(point) { return this.cdp.send('Input.dispatchMouseEvent', { type: 'mouseMoved', button: 'none', clickCount: 0, ...point }); }

  async clickAt(point) {
    const mouse = (type, button, clickCount) => this.cdp.send('Input.dispatchMouseEvent', { type, button, clickCount, ...point });
    // One after the other, as a hand does it: each is answered when the page
    // has dealt with it, so that the click, whose time counts, waits for none.
    await mouse('mouseMoved', 'none', 0);
    await mouse('mousePressed', 'left', 1);
    await mouse('mouseReleased', 'left', 1);
  }

  async read() {
    const seen = await this.page.evaluate(() => window.bench.read());
    return { ...seen, ...this.traffic.own() };
  }
}

// ---- the visits of a run: what is done in each, and what is taken from it ----

/** Somebody comes for the first time, waits for a while, opens the dialog, and lets Go take it over. */
async function firstVisit(visit, url) {
  visit.go(url);
  await visit.mark('visible');
  await visit.settles();
  const { requests, bytes, files, connection } = await visit.read();
  await visit.click('customize');
  await visit.mark('dialog painted');
  await visit.mark('drawn');
  const { marks, longTasks, shifts } = await visit.read();
  return {
    visible: marks.visible,
    ...programTimes(marks),
    ...splitLongTasks(longTasks, marks),
    longTasks,
    layoutShift: layoutShift(shifts),
    shifts,
    requests,
    bytes,
    files,
    connection,
    dialog: marks.dialog - marks.click,
    dialogPainted: marks['dialog painted'] - marks.click,
  };
}

/** Somebody comes for the first time and accepts at once. */
async function hastyVisit(visit, url) {
  visit.go(url);
  await visit.clickAt(await visit.mark('visible'));
  await visit.mark('cookie');
  const { marks } = await visit.read();
  // The pointer that comes near makes Go start: on a busy machine it may be
  // there before the click, and then this run does not count.
  const beforeGo = !(marks.drawn < marks.click);
  return { stored: beforeGo ? marks.cookie - marks.click : null };
}

/** Somebody who has not answered looks at a second page, comes near, and accepts there, with Go running. */
async function secondPage(visit, url) {
  visit.go(url);
  await visit.comesTo(await visit.mark('visible'));
  await visit.mark('drawn');
  await visit.settles();
  const { marks, requests, bytes, files } = await visit.read();
  await visit.click('accept');
  await visit.mark('cookie');
  const { marks: later } = await visit.read();
  return { ...programTimes(marks), requests, bytes, files, stored: later.cookie - later.click };
}

/** Somebody comes back who has answered. */
async function returningVisit(visit, url) {
  visit.go(url);
  const { answered } = await visit.mark('ready');
  if (!answered) throw new Error('the choice that the visit before made is not there any more');
  await visit.settles();
  const { marks, longTasks, shifts, requests, bytes, files } = await visit.read();
  return { ready: marks.ready, long: total(longTasks), longTasks, layoutShift: layoutShift(shifts), shifts, requests, bytes, files };
}

/** The page without the banner: the long tasks and shifts of the other visits that are not the banner's. */
async function bareVisit(visit, url) {
  await visit.cdp.send('Network.setBlockedURLs', { urls: ['*/temoin.js', '*/temoin.*.js', '*/temoin/*'] });
  visit.go(url);
  await visit.settles();
  const { longTasks, shifts, bytes } = await visit.read();
  if (bytes > 0) throw new Error('the banner was not held back');
  return { long: total(longTasks), longTasks, layoutShift: layoutShift(shifts), shifts };
}

const programTimes = ({ compiled, instantiate, instantiated, drawn }) => ({ compiled, instantiated: instantiated - instantiate, drawn });

const total = (tasks) => tasks.reduce((sum, { duration }) => sum + duration, 0);

/** The sum of all shifts that no input caused. */
const layoutShift = (shifts) => shifts.reduce((sum, { value }) => sum + value, 0);

/** Parts the main thread's tasks over 50 ms: before the start of Go, what has a share in it, after it. */
function splitLongTasks(tasks, { instantiate, drawn }) {
  const before = tasks.filter(({ startTime, duration }) => startTime + duration <= instantiate);
  const behind = tasks.filter(({ startTime }) => startTime >= drawn);
  const during = tasks.filter((task) => !before.includes(task) && !behind.includes(task));
  return { longBefore: total(before), longStart: total(during), longAfter: total(behind) };
}

/** One run: three visitors, each with cookies and a cache of their own. */
async function run(browser, profile, url) {
  const visitor = async (...visits) => {
    const context = await browser.createBrowserContext();
    const results = [];
    try {
      for (const kind of visits) results.push(await oneVisit(context, profile, kind, url));
    } finally {
      await context.close();
    }
    return results;
  };
  const [first, second, returning] = await visitor(firstVisit, secondPage, returningVisit);
  const [hasty] = await visitor(hastyVisit);
  const [bare] = await visitor(bareVisit);
  return { first, hasty, second, returning, bare };
}

async function oneVisit(context, profile, kind, url) {
  const visit = await Visit.open(context, profile);
  try {
    return await within(visitTime, kind.name, kind(visit, url));
  } catch (error) {
    throw new Error(`${kind.name}: ${error.message}`, { cause: error });
  } finally {
    await visit.page.close();
  }
}

// ---- times ----

async function startBrowser() {
  const { default: puppeteer } = await import('puppeteer-core');
  const browser = await puppeteer.launch({
    executablePath: process.env.TEMOIN_BROWSER ?? '/usr/bin/chromium',
    headless: true,
    timeout: 30_000,
    protocolTimeout: visitTime,
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  after(() => within(10_000, 'close the browser', browser.close()).catch(() => browser.process()?.kill('SIGKILL')));
  return browser;
}

/** Returns the runs of each profile, by its name. */
async function measureTimes(browser, catalogue, count) {
  // The helper's server makes browsers ask for temoin.js again each time; here
  // it is as a fresh "temoin serve" would be.
  const { url } = await startTemoin(after, { catalogue, args: ['-max-age', '5m', '-log', 'warn'] });
  const all = {};
  for (const [name, profile] of Object.entries(profiles)) {
    all[name] = [];
    for (let i = 0; i <= count; i++) {
      progress(`${name}: ${i === 0 ? 'warm-up' : `run ${i} of ${count}`}`);
      const result = await run(browser, profile, new URL('/', url).href);
      if (i > 0) all[name].push(result);
    }
  }
  progress('');
  return all;
}

/** One line that overwrites itself, for whoever sits in front of it. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

const milliseconds = (value) => value.toFixed(value === 0 || value >= 99.95 ? 0 : 1);
const kilobytes = (value) => (value / 1000).toFixed(1);
const integer = (value) => value.toFixed(0);
const thousandths = (value) => value.toFixed(3);

const timeRows = [
  ['First visit'],
  ['shell visible, ms', ({ first }) => first.visible, milliseconds],
  ['click → cookie before Go, ms', ({ hasty }) => hasty.stored, milliseconds],
  ['program compiled, ms', ({ first }) => first.compiled, milliseconds],
  ['requests until idle', ({ first }) => first.requests, integer],
  ['kB until idle', ({ first }) => first.bytes, kilobytes],
  ['customize → dialog open, ms', ({ first }) => first.dialog, milliseconds],
  ['customize → dialog painted, ms', ({ first }) => first.dialogPainted, milliseconds],
  ['program compiled, ms', ({ first }) => first.compiled, milliseconds],
  ['program instantiated in, ms', ({ first }) => first.instantiated, milliseconds],
  ['taken over by Go, ms', ({ first }) => first.drawn, milliseconds],
  ['long tasks before that, ms', ({ first }) => first.longBefore, milliseconds],
  ['long tasks of it, ms', ({ first }) => first.longStart, milliseconds],
  ['long tasks after it, ms', ({ first }) => first.longAfter, milliseconds],
  ['layout shift', ({ first }) => first.layoutShift, thousandths],
  ['Second page, not answered yet'],
  ['taken over by Go, ms', ({ second }) => second.drawn, milliseconds],
  ['click → cookie with Go, ms', ({ second }) => second.stored, milliseconds],
  ['requests', ({ second }) => second.requests, integer],
  ['kB', ({ second }) => second.bytes, kilobytes],
  ['Returning visit, answered'],
  ['temoin:ready, ms', ({ returning }) => returning.ready, milliseconds],
  ['long tasks, ms', ({ returning }) => returning.long, milliseconds],
  ['layout shift', ({ returning }) => returning.layoutShift, thousandths],
  ['requests', ({ returning }) => returning.requests, integer],
  ['kB', ({ returning }) => returning.bytes, kilobytes],
  ['The same page without banner'],
  ['long tasks, ms', ({ bare }) => bare.long, milliseconds],
  ['layout shift', ({ bare }) => bare.layoutShift, thousandths],
];

function printTimes(times, count) {
  console.log(`\nTimes in Chromium: median (least–most) of ${count} runs\n`);
  for (const [name, { label }] of Object.entries(profiles)) console.log(`${name}: ${label}`);
  console.log();
  const names = Object.keys(times);
  const rows = timeRows.map(([title, pick, format]) => (pick
    ? [`  ${title}`, ...names.map((name) => statistics(times[name].map(pick), format))]
    : [title]));
  printTable([['', ...names], ...rows]);
  console.log(`
Times count from navigation start or from the click. Go takes over when the hand has rested for 0.3 s. Long
tasks are the sums of those over 50 ms, be they the banner's or the page's own. Requests and kB (1000 bytes,
headers included) are those of the banner's own files that came over the network, until nothing more is asked
for.`);
}

// ---- the gate ----

const crowd = 500; // gated elements in a page: four scripts to each embed

/** A page with a crowd of scripts and embeds; what is not gated runs at once. */
function crowdedPage(isGated) {
  const script = `<script${isGated ? ' type="text/plain" data-consent="statistics"' : ''}>window.ran = (window.ran || 0) + 1;</script>`;
  const embed = isGated
    ? '<iframe width="40" height="30" data-consent="statistics" data-src="about:blank"></iframe>'
    : '<iframe width="40" height="30" src="about:blank"></iframe>';
  const body = Array.from({ length: crowd }, (_, i) => (i % 5 ? script : embed)).join('\n');
  return `<!doctype html><html lang="fr"><head><title>crowd</title><script src="/temoin.js"></script></head><body>${body}</body></html>`;
}

/** In the page: accepts; resolves with the time that took, and the time until all has run. */
async function acceptCrowd(scripts) {
  await window.temoin.ready;
  const start = performance.now();
  window.temoin.accept();
  const answered = performance.now() - start;
  while (window.ran !== scripts) await new Promise((resolve) => { setTimeout(resolve); });
  return { answered, ran: performance.now() - start };
}

/** Returns a run for each visit of a page whose elements are gated, and of the same page where they are not. */
async function measureGate(browser, catalogue, count) {
  const { url } = await startTemoin(after, { catalogue, args: ['-log', 'warn'] });
  const site = await startSite(after, { upstream: url });
  site.page('/gated', crowdedPage(true));
  site.page('/free', crowdedPage(false));
  const runs = [];
  for (let i = 0; i <= count; i++) {
    progress(`gate: ${i === 0 ? 'warm-up' : `run ${i} of ${count}`}`);
    const result = {};
    for (const kind of ['gated', 'free']) {
      const context = await browser.createBrowserContext();
      try {
        const page = await context.newPage();
        await within(visitTime, `load ${kind}`, page.goto(`${site.url}/${kind}`, { waitUntil: 'load' }));
        result[kind] = { loaded: await page.evaluate(() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd) };
        if (kind === 'gated') Object.assign(result.gated, await within(visitTime, 'let all in', page.evaluate(acceptCrowd, crowd * 4 / 5)));
      } finally {
        await context.close();
      }
    }
    if (i > 0) runs.push(result);
  }
  progress('');
  return runs;
}

function printGate(runs) {
  console.log(`\nA page with ${crowd} gated elements, unthrottled\n`);
  printTable([
    ['document read, nothing gated, ms', statistics(runs.map(({ free }) => free.loaded), milliseconds)],
    ['document read, all gated, ms', statistics(runs.map(({ gated }) => gated.loaded), milliseconds)],
    ['accept() returns, ms', statistics(runs.map(({ gated }) => gated.answered), milliseconds)],
    ['all scripts have run, ms', statistics(runs.map(({ gated }) => gated.ran), milliseconds)],
  ]);
}

const embedCount = 300;

/** A page of frames; window.framed resolves to the time at which the last of them has been loaded. */
function framedPage(isGated) {
  const source = isGated ? 'data-consent="statistics" data-src' : 'src';
  const body = Array.from({ length: embedCount }, (_, i) => `<iframe width="200" height="100" title="${i}" ${source}="/frame?${i}"></iframe>`).join('\n');
  return `<!doctype html><html lang="fr"><head><title>frames</title><script src="/temoin.js"></script><script>
    window.framed = new Promise((resolve) => {
      const loaded = new Set();
      document.addEventListener('load', ({ target }) => {
        if (target.localName !== 'iframe' || !target.getAttribute('src')) return;
        loaded.add(target);
        if (loaded.size === ${embedCount}) resolve(performance.now());
      }, true);
    });
    window.drawn = new Promise((resolve) => {
      const look = () => (document.querySelectorAll('.temoin-placeholder').length === ${embedCount} && [...document.querySelectorAll('.temoin-placeholder')].every((box) => box.shadowRoot) ? resolve(performance.now()) : setTimeout(look));
      look();
    });
  </script></head><body>${body}</body></html>`;
}

/** In the page: accepts; resolves with the time until all frames have been loaded. */
async function acceptFrames() {
  const start = performance.now();
  window.temoin.accept();
  return await window.framed - start;
}

/** Returns a run for each visit of a page of frames: free, gated and then accepted, gated on a returning visit. */
async function measureEmbeds(browser, catalogue, count) {
  const { url } = await startTemoin(after, { catalogue, args: ['-log', 'warn'] });
  const site = await startSite(after, { upstream: url });
  site.page('/frame', '<!doctype html><title>frame</title><p>frame');
  site.page('/gated', framedPage(true));
  site.page('/free', framedPage(false));
  const runs = [];
  for (let i = 0; i <= count; i++) {
    progress(`embeds: ${i === 0 ? 'warm-up' : `run ${i} of ${count}`}`);
    const context = await browser.createBrowserContext();
    const on = async (path, what, look) => {
      const page = await context.newPage();
      await within(visitTime, `load ${what}`, page.goto(site.url + path, { waitUntil: 'load' }));
      const found = await within(visitTime, what, page.evaluate(look));
      await page.close();
      return found;
    };
    try {
      const result = {
        free: await on('/free', 'free frames', () => window.framed),
        drawn: await on('/gated', 'placeholders', () => window.drawn),
      };
      const page = await context.newPage();
      await within(visitTime, 'load gated', page.goto(`${site.url}/gated`, { waitUntil: 'load' }));
      await within(visitTime, 'placeholders', page.evaluate(() => window.drawn));
      result.accepted = await within(visitTime, 'accepted frames', page.evaluate(acceptFrames));
      await page.close();
      result.returning = await on('/gated', 'frames on a returning visit', () => window.framed);
      if (i > 0) runs.push(result);
    } finally {
      await context.close();
    }
  }
  progress('');
  return runs;
}

function printEmbeds(runs) {
  console.log(`\nA page with ${embedCount} frames, unthrottled\n`);
  const ratio = (pick) => statistics(runs.map((run) => pick(run) / run.free), (value) => value.toFixed(2));
  printTable([
    ['', 'ms', 'times the first line'],
    ['nothing gated: all loaded', statistics(runs.map(({ free }) => free), milliseconds), ''],
    ['gated, nothing answered: all placeholders drawn', statistics(runs.map(({ drawn }) => drawn), milliseconds), ratio(({ drawn }) => drawn)],
    ['from accept() until all are loaded', statistics(runs.map(({ accepted }) => accepted), milliseconds), ratio(({ accepted }) => accepted)],
    ['gated, on a returning visit: all loaded', statistics(runs.map(({ returning }) => returning), milliseconds), ratio(({ returning }) => returning)],
  ]);
}

// ---- what is held for its host ----

/** In the page: 10,000 operations on elements, then 1,000 requests, to hosts that no service names; resolves with the time of each. */
async function work(origin) {
  const box = document.createElement('div');
  document.body.append(box);
  const start = performance.now();
  for (let i = 0; i < 1250; i += 1) {
    const row = document.createElement('p');
    row.setAttribute('class', 'row');
    row.setAttribute('data-row', String(i));
    row.title = 'row';
    const image = document.createElement('img');
    image.setAttribute('src', '#' + i);
    row.append(image);
    row.insertAdjacentHTML('beforeend', '<b>one</b> <i>two</i>');
    box.append(row);
  }
  void box.offsetHeight;
  const drawn = performance.now();
  for (let i = 0; i < 20; i += 1) await Promise.all(Array.from({ length: 50 }, (_, j) => fetch(`${origin}/answer?${i}-${j}`)));
  return { operations: drawn - start, requests: performance.now() - drawn };
}

const heldKinds = { bare: 'without temoin.js', plain: 'temoin.js, no hosts', held: 'temoin.js, a hundred hosts' };

/** Returns a run for each visit of a page whose scripts work, without temoin.js and with two of them. */
async function measureHold(browser, catalogue, count) {
  const { url } = await startTemoin(after, { catalogue, args: ['-log', 'warn'] });
  const hosts = Array.from({ length: 50 }, (_, i) => [`www.n${i}.example`, `*.n${i}.example`]).flat();
  const naming = `${catalogue}\n  - { id: named, category: statistics, kind: measure, name: N, provider: N, purpose: N., hosts: [${hosts.map((host) => `"${host}"`)}] }\n`;
  const { url: namingURL } = await startTemoin(after, { catalogue: naming, args: ['-log', 'warn'] });
  const site = await startSite(after);
  const other = await startSite(after);
  other.file('/answer', 'x', { 'content-type': 'text/plain', 'access-control-allow-origin': '*' });
  const from = { bare: '', plain: `<script src="${url}/temoin.js"></script>`, held: `<script src="${namingURL}/temoin.js"></script>` };
  for (const kind of Object.keys(heldKinds)) site.page(`/${kind}`, `<!doctype html><html lang="fr"><head><title>work</title>${from[kind]}</head><body></body></html>`);
  const runs = [];
  for (let i = 0; i <= count; i++) {
    progress(`hold: ${i === 0 ? 'warm-up' : `run ${i} of ${count}`}`);
    const result = {};
    for (const kind of Object.keys(heldKinds)) {
      const context = await browser.createBrowserContext();
      try {
        const page = await context.newPage();
        await within(visitTime, `load ${kind}`, page.goto(`${site.url}/${kind}`, { waitUntil: 'networkidle0' }));
        result[kind] = await within(visitTime, kind, page.evaluate(work, other.url));
      } finally {
        await context.close();
      }
    }
    if (i > 0) runs.push(result);
  }
  progress('');
  return runs;
}

function printHold(runs) {
  console.log('\n10,000 operations on elements and 1,000 requests of a page’s scripts, unthrottled\n');
  const times = (kind, of) => statistics(runs.map((run) => of(run[kind])), milliseconds);
  const ratio = (kind, of) => statistics(runs.map((run) => of(run[kind]) / of(run.bare)), (value) => value.toFixed(2));
  const [operations, requests] = [(time) => time.operations, (time) => time.requests];
  const all = (time) => time.operations + time.requests;
  printTable([
    ['', 'operations, ms', 'requests, ms', 'operations, ratio', 'all, ratio'],
    ...Object.entries(heldKinds).map(([kind, label]) => [label, times(kind, operations), times(kind, requests), ratio(kind, operations), ratio(kind, all)]),
  ]);
}

/** Median, and in brackets the least and the most where they differ in print; "of N" where not every run counts. */
function statistics(values, format) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return '–';
  const middle = (sorted.length - 1) / 2;
  const median = format((sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2);
  const [least, most] = [format(sorted[0]), format(sorted.at(-1))];
  const counted = sorted.length < values.length ? ` of ${sorted.length}` : '';
  return (least === most ? median : `${median} (${least}–${most})`) + counted;
}

// ---- printing ----

const grouped = (number) => number.toLocaleString('en');

/** Prints rows of cells in columns, the first to the left and the others to the right. */
function printTable(rows) {
  const widths = [];
  for (const row of rows) row.forEach((cell, i) => { widths[i] = Math.max(widths[i] ?? 0, cell.length); });
  for (const row of rows) {
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   ').trimEnd());
  }
}

/** What the figures were taken with. */
async function circumstances(browser) {
  const { stdout: go } = await promisify(execFile)('go', ['env', 'GOVERSION'], { cwd: repository, timeout: 30_000 });
  const [cpu] = os.cpus();
  return {
    date: new Date().toISOString(),
    cpu: `${cpu?.model.trim() ?? 'unknown'}, ${os.cpus().length} cores`,
    chromium: browser ? await browser.version() : null,
    node: process.version,
    go: go.trim(),
  };
}

function printCircumstances({ date, cpu, chromium, node, go }) {
  console.log(`${date.slice(0, 10)}, ${cpu}`);
  console.log([chromium, `Node ${node}`, `Go ${go.replace(/^go/, '')}`].filter(Boolean).join(', '));
}

// ---- the command ----

function options() {
  const { values } = parseArgs({
    // Go's way to write a long option is allowed for all of them.
    args: process.argv.slice(2).map((word) => word.replace(/^-(?=\w\w)/, '--')),
    options: {
      size: { type: 'boolean' },
      embeds: { type: 'boolean' },
      hold: { type: 'boolean' },
      runs: { type: 'string', default: '9' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (!/^[1-9]\d{0,2}$/.test(values.runs)) throw new Error(`--runs takes a number from 1 to 999, not ${values.runs}`);
  return { ...values, runs: Number(values.runs) };
}

async function main() {
  const { size, embeds, hold, runs, json, help: asked } = options();
  if (asked) return console.log(help);
  const catalogue = await smallCatalogue();
  const browser = size ? null : await startBrowser();
  const found = { circumstances: await circumstances(browser), sizes: await measureSizes(catalogue) };
  printCircumstances(found.circumstances);
  if (!embeds && !hold) printSizes(found.sizes);
  if (!size && !embeds && !hold) {
    found.times = await measureTimes(browser, catalogue, runs);
    printTimes(found.times, runs);
    found.gate = await measureGate(browser, catalogue, runs);
    printGate(found.gate);
  }
  if (!size && !embeds) {
    found.hold = await measureHold(browser, catalogue, runs);
    printHold(found.hold);
  }
  if (!size && !hold) {
    found.embeds = await measureEmbeds(browser, catalogue, runs);
    printEmbeds(found.embeds);
  }
  if (json) await writeFile(json, JSON.stringify(found, null, 1) + '\n');
}

try {
  await main();
} catch (error) {
  if (!interrupted) console.error('bench:', error.message);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
