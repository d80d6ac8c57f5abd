// The browser as the tests see it: what a visitor does and what a visitor, or
// somebody who looks into the browser, finds. Puppeteer is behind it, for
// Chromium and Firefox; another driver may take its place.
import puppeteer from 'puppeteer-core';

import { eventually } from './server.mjs';

const engines = {
  chromium: {
    launch: {
      executablePath: process.env.TEMOIN_BROWSER ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--force-color-profile=srgb'],
    },
    capabilities: {
      accessibilityTree: true, forcedColors: true, layoutShift: true, mediaType: true, noScript: true,
      reducedMotion: true, textSize: true, colorScheme: true, downloads: true,
    },
  },
  firefox: {
    launch: { browser: 'firefox', executablePath: process.env.TEMOIN_BROWSER ?? '/usr/bin/firefox-esr' },
    capabilities: {},
  },
};

export const engine = process.env.TEMOIN_ENGINE ?? 'chromium';
export const { capabilities } = engines[engine];

/** Option of a test that needs something only some drivers can do. */
export const needs = (capability) => ({ skip: capabilities[capability] ? false : `the driver for ${engine} cannot do this: ${capability}` });

/**
 * Starts a browser that ends with the suite.
 * @param after node:test's after
 * @param textSize the text size that the visitor has set in the browser, in pixels
 */
export async function launch(after, { textSize } = {}) {
  let { args = [], ...options } = engines[engine].launch;
  if (textSize) args = [...args, `--blink-settings=defaultFontSize=${textSize}`];
  const browser = await puppeteer.launch({ headless: true, acceptInsecureCerts: true, timeout: 30_000, protocolTimeout: 30_000, ...options, args });
  after(() => browser.close());
  return new Browser(browser);
}

class Browser {
  constructor(browser) { this.browser = browser; }

  /** Somebody who has never been here: own cookies, own cache. It leaves after the test t. */
  async visitor(t, options = {}) {
    const context = await this.browser.createBrowserContext();
    t.after(() => context.close().catch(() => {}));
    return new Visitor(context, options);
  }

  /** A visitor's first tab, which is all that most tests need. */
  async tab(t, options) { return (await this.visitor(t, options)).tab(); }
}

class Visitor {
  #context;
  #options;

  constructor(context, options) {
    this.#context = context;
    this.#options = options;
  }

  /**
   * Opens a tab. Options: javascript, viewport, media, languages (of the
   * browser), before (functions that run in each document before its scripts;
   * or [function, argument]).
   */
  async tab(options = {}) {
    const { javascript, viewport, media, languages, before = [] } = { ...this.#options, ...options };
    const page = await this.#context.newPage();
    const tab = new Tab(page, this);
    await tab.viewport(viewport ?? { width: 1280, height: 800 });
    if (javascript === false) await page.setJavaScriptEnabled(false);
    if (media) await tab.media(media);
    const setup = [[listen]];
    if (languages) setup.push([speak, languages]);
    for (const step of [before].flat(1)) setup.push([step].flat());
    for (const [step, argument] of setup) await page.evaluateOnNewDocument(step, argument);
    return tab;
  }

  /** All cookies that the browser keeps, whatever page they are for. */
  cookies() { return this.#context.cookies(); }

  /** Puts cookies there; each needs name, value and url or domain. */
  async setCookies(...cookies) {
    await this.#context.setCookie(...cookies.map((cookie) => {
      const { url, ...rest } = cookie;
      return { path: '/', ...(url && { domain: new URL(url).hostname }), ...rest };
    }));
  }
}

/** Runs in each document: notes what the product and the browser say there. */
function listen() {
  const heard = [];
  Object.defineProperty(window, 'heard', { value: heard });
  for (const name of ['temoin:ready', 'temoin:change']) {
    document.addEventListener(name, ({ type, detail }) => heard.push({ type, detail: structuredClone(detail) }));
  }
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
    heard.push({ type: 'violation', detail: `${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber}` });
  });
  if (globalThis.PerformanceObserver?.supportedEntryTypes?.includes('layout-shift')) {
    const shifts = [];
    Object.defineProperty(window, 'shifts', { value: shifts });
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries()) {
        shifts.push({ value, nodes: sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? String(node)) });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  }
}

function speak(languages) {
  Object.defineProperty(Navigator.prototype, 'languages', { get: () => languages });
  Object.defineProperty(Navigator.prototype, 'language', { get: () => languages[0] });
}

/** Returns null where the page went away beneath a question: the next one is to be asked. */
function whenGone(error) {
  if (/context|navigat|detached|destroyed|not found|no such|discarded/i.test(error.message)) return null;
  throw error;
}

/** What is done in a document: a tab's own, or one in a frame. */
class Place {
  constructor(frame, page) {
    this.frame = frame;
    this.driver = page;
  }

  /** Runs a function in the page, with arguments that JSON can hold. */
  run(fn, ...args) { return this.frame().evaluate(`(${fn})(...${JSON.stringify(args)})`); }

  /** The same, with the banner's shadow root, or null, as the first argument. */
  inside(fn, ...args) {
    return this.frame().evaluate(`(() => {
      const host = [...document.querySelectorAll('#temoin')].find((element) => element.shadowRoot);
      return (${fn})(host?.shadowRoot ?? null, ...${JSON.stringify(args)});
    })()`);
  }

  /** Waits until a function that is run as inside() says something true. */
  until(fn, expected, ...args) {
    return eventually(() => this.inside(fn, ...args).catch(whenGone), async () => `${expected}; the page is ${this.frame().url()}, its banner ${JSON.stringify(await this.layers().catch(String))}`);
  }

  /** Looks an element up; a page that goes away meanwhile is looked for in its successor. */
  #handle(fn, ...args) {
    const look = async () => {
      const handle = await this.frame().evaluateHandle(`(() => {
        const host = [...document.querySelectorAll('#temoin')].find((element) => element.shadowRoot);
        return (${fn})(host?.shadowRoot ?? null, ...${JSON.stringify(args)}) ?? null;
      })()`);
      return { element: handle.asElement() };
    };
    return eventually(() => look().catch(whenGone), 'a page that stays').then(({ element }) => element);
  }

  /** Presses the visible button of that name with the mouse, as the visitor would. */
  async press(action, options = {}) {
    await eventually(async () => {
      await this.sees(action);
      const button = await this.#handle(visibleButton, action);
      try {
        await button.click(options);
        return true;
      } catch (error) {
        // The button was replaced by another like it before the mouse came there.
        if (/not clickable|detached|not an Element/.test(error.message)) return false;
        throw error;
      }
    }, `a button data-temoin="${action}" that stays where it is`);
  }

  /** Clicks the first visible element of the page that matches. */
  async click(selector, options = {}) {
    const element = await this.#handle((shadow, selector) => [...document.querySelectorAll(selector)].find((element) => element.checkVisibility()), selector);
    if (!element) throw new Error(`expected something visible in the page that matches ${selector}`);
    await element.click(options);
  }

  /** Clicks the first visible element of the layers that matches. */
  async clickInside(selector, options = {}) {
    const element = await this.#handle((shadow, selector) => [...shadow?.querySelectorAll(selector) ?? []].find((element) => element.checkVisibility()), selector);
    if (!element) throw new Error(`expected something visible in the layers that matches ${selector}`);
    await element.click(options);
  }

  /** Gives the focus to the button of that name, as the Tab key would. */
  async focus(action) {
    await this.sees(action);
    await this.inside((shadow, action) => {
      [...shadow.querySelectorAll(`[data-temoin="${action}"]`)].find((button) => button.checkVisibility()).focus();
    }, action);
  }

  /** Waits for the visible button of that name. */
  sees(action) {
    return this.until(`(...args) => !!(${visibleButton})(...args)`, `a visible button data-temoin="${action}"`, action);
  }

  /** What of the product is to be seen: { banner, reopen, dialog, notice }, and what has the focus. */
  layers() {
    return this.inside((shadow) => {
      if (!shadow) return null;
      const seen = (selector) => !!shadow.querySelector(selector)?.checkVisibility({ visibilityProperty: true });
      return {
        banner: seen('.banner'),
        reopen: seen('.reopen'),
        dialog: !!shadow.querySelector('dialog')?.open,
        notice: shadow.querySelector('.notice.shown') ? shadow.querySelector('.notice p').textContent : '',
        said: shadow.querySelector('.notice p')?.textContent,
        focus: shadow.activeElement?.dataset.temoin ?? shadow.activeElement?.name ?? null,
      };
    });
  }

  bannerIsThere() { return this.until((shadow) => !!shadow?.querySelector('.banner')?.checkVisibility(), 'the banner to be seen'); }

  bannerIsGone() { return this.until((shadow) => !!shadow && !shadow.querySelector('.banner')?.checkVisibility(), 'the banner to be gone'); }

  dialogIsOpen() {
    return this.until((shadow) => {
      const dialog = shadow?.querySelector('dialog[open]');
      if (!dialog?.checkVisibility()) return false;
      dialog.closing = new Promise((resolve) => { dialog.addEventListener('close', resolve, { once: true }); });
      return true;
    }, 'the dialog to be open');
  }

  /** Waits until the dialog is closed, and the event that says so has been heard, which comes a little later. */
  dialogIsClosed() {
    return this.until(async (shadow) => {
      const dialog = shadow?.querySelector('dialog');
      if (!dialog || dialog.open) return false;
      await Promise.race([dialog.closing, new Promise((resolve) => { setTimeout(resolve, 500); })]);
      return true;
    }, 'the dialog to be closed');
  }

  /**
   * Waits until Go has drawn the layers: it adopts the dialog's style sheet and
   * mounts in one go, before the browser does anything else.
   */
  goRuns() { return this.until((shadow) => shadow?.adoptedStyleSheets.length === 2, 'the Go program to have drawn the layers'); }

  goHasNotRun() { return this.inside((shadow) => shadow === null || shadow.adoptedStyleSheets.length < 2); }

  /** The state of each switch of the dialog, by name. */
  switches() {
    return this.inside((shadow) => Object.fromEntries([...shadow.querySelectorAll('dialog input[role=switch]')]
      .map((input) => [input.name, input.checked])));
  }

  /** Turns a switch of the dialog with the mouse; opens what it is folded in. */
  async turn(name) {
    await this.inside((shadow, name) => {
      const details = shadow.querySelector(`dialog input[name="${name}"]`).closest('details');
      if (details) details.open = true;
    }, name);
    const input = await this.#handle((shadow, name) => shadow.querySelector(`dialog input[name="${name}"]`), name);
    await input.click();
  }

  /** What the page's own scripts get. */
  choice() { return this.run(() => window.temoin.choice); }

  has(id) { return this.run((id) => window.temoin.has(id), id); }

  /** What was heard of a type: see listen. */
  async heard(type) {
    const all = await this.run(() => window.heard);
    return all.filter((entry) => entry.type === type).map((entry) => entry.detail);
  }
}

const visibleButton = (shadow, action) => {
  const buttons = [...shadow?.querySelectorAll(`[data-temoin="${action}"]`) ?? []];
  // Beneath an open dialog nothing can be pressed.
  const open = shadow?.querySelector('dialog[open]');
  return buttons.find((button) => button.checkVisibility() && (!open || open.contains(button)));
};

class Tab extends Place {
  /** Addresses that were asked for, lines on the console, exceptions that nobody caught. */
  requests = [];
  console = [];
  errors = [];
  #inFlight = new Set();
  #lastRequest = Date.now();

  constructor(page, visitor) {
    super(() => page.mainFrame(), page);
    this.visitor = visitor;
    page.on('request', (request) => {
      this.requests.push(request.url());
      this.#inFlight.add(request);
      this.#lastRequest = Date.now();
    });
    for (const end of ['requestfinished', 'requestfailed']) {
      page.on(end, (request) => {
        this.#inFlight.delete(request);
        this.#lastRequest = Date.now();
      });
    }
    // What a page had under way when another took its place never ends.
    page.on('framenavigated', (frame) => { if (frame === page.mainFrame()) this.#inFlight.clear(); });
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => this.errors.push(String(error?.message ?? error)));
  }

  async visit(url, { until = 'load' } = {}) {
    await this.driver.goto(url, { waitUntil: until, timeout: 20_000 });
    return this;
  }

  async reload() {
    await this.driver.reload({ waitUntil: 'load', timeout: 20_000 });
    return this;
  }

  back() { return this.driver.goBack({ waitUntil: 'load', timeout: 20_000 }); }

  url() { return this.driver.url(); }

  /** Waits for an address that matches. */
  arrives(pattern) { return eventually(() => pattern.test(this.url()) && this.loaded(), () => `the address ${pattern}, the page is ${this.url()}`); }

  async loaded() {
    try {
      return await this.run(() => document.readyState === 'complete');
    } catch {
      return false;
    }
  }

  /** Waits until the page is loaded, idle, and has asked for nothing for a while, but for what is held back. */
  async settles({ quiet = 300, but = /^$/ } = {}) {
    const awaited = () => [...this.#inFlight].map((request) => request.url()).filter((url) => !but.test(new URL(url).pathname));
    await eventually(() => this.loaded(), 'the page to be loaded');
    await this.run(() => new Promise((resolve) => { (window.requestIdleCallback ?? setTimeout)(() => resolve(true), { timeout: 1000 }); }));
    await eventually(() => awaited().length === 0 && Date.now() - this.#lastRequest > quiet, () => `an end of the requests; not answered: ${awaited()}`);
  }

  /** The document in the frame whose address matches. */
  async frameAt(pattern) {
    const find = () => this.driver.frames().find((frame) => pattern.test(frame.url()));
    await eventually(find, `a frame with an address like ${pattern}`);
    return new Place(find, this.driver);
  }

  /** Presses keys, one after the other: 'Tab', 'Enter', 'Shift+Tab'. */
  async keys(...names) {
    for (const name of names) {
      const parts = name.split('+');
      const key = parts.pop();
      for (const modifier of parts) await this.driver.keyboard.down(modifier);
      await this.driver.keyboard.press(key);
      for (const modifier of parts.reverse()) await this.driver.keyboard.up(modifier);
    }
  }

  type(text) { return this.driver.keyboard.type(text); }

  get mouse() { return this.driver.mouse; }

  viewport(size) { return this.driver.setViewport({ deviceScaleFactor: 1, ...size }); }

  /** Sets the medium: { type: 'print', 'prefers-color-scheme': 'dark', … }. */
  async media({ type, ...features }) {
    if (type !== undefined) await this.driver.emulateMediaType(type || undefined);
    const { 'forced-colors': forced, ...others } = features;
    const list = Object.entries(others).map(([name, value]) => ({ name, value }));
    if (list.length && forced === undefined) await this.driver.emulateMediaFeatures(list);
    if (forced !== undefined) {
      // Puppeteer does not know the feature; the browser does.
      const session = await this.driver.createCDPSession();
      await session.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value: forced }, ...list] });
    }
  }

  offline(off) { return this.driver.setOfflineMode(off); }

  /** Aborts every request whose path matches, as a content blocker does. */
  async blocks(pattern) {
    await this.driver.setRequestInterception(true);
    this.driver.on('request', (request) => {
      if (pattern.test(new URL(request.url()).pathname)) request.abort('blockedbyclient');
      else request.continue();
    });
  }

  /** Has the browser save what it is offered into a folder. */
  async downloadsInto(folder) {
    const session = await this.driver.createCDPSession();
    await session.send('Browser.setDownloadBehavior', { behavior: 'allow', browserContextId: this.driver.browserContext().id, downloadPath: folder });
  }

  /** Runs a script's text in the page, whatever the page's policy says. */
  inject(source) { return this.driver.evaluate(source); }

  evaluateOnNext(fn, ...args) { return this.driver.evaluateOnNewDocument(fn, ...args); }

  screenshot(file, options = {}) { return this.driver.screenshot({ path: file, ...options }); }

  accessibilityTree() { return this.driver.accessibility.snapshot({ interestingOnly: false }); }

  async front() { await this.driver.bringToFront(); }

  close() { return this.driver.close(); }

  /** Our cookies in the browser, as it keeps them. */
  async choiceCookies() { return (await this.visitor.cookies()).filter((cookie) => cookie.name === 'cookies_preferences'); }

  /** The record in the one cookie of ours that the browser keeps. */
  async record() {
    const cookies = await this.choiceCookies();
    if (cookies.length !== 1) throw new Error(`expected one cookie cookies_preferences, there are ${cookies.length}: ${JSON.stringify(cookies)}`);
    return JSON.parse(decodeURIComponent(cookies[0].value));
  }

  /** Everything that is stored for the page. */
  async stores() {
    const inPage = await this.run(async () => ({
      document: document.cookie,
      local: { ...localStorage },
      session: { ...sessionStorage },
      databases: (await indexedDB.databases()).map(({ name }) => name),
      caches: globalThis.caches ? await caches.keys() : [],
      workers: globalThis.navigator.serviceWorker ? (await navigator.serviceWorker.getRegistrations()).length : 0,
    }));
    return { cookies: await this.visitor.cookies(), ...inPage };
  }
}

/** Text with plain spaces in the place of those that do not break. */
export const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');

export const nothingStored = { cookies: [], document: '', local: {}, session: {}, databases: [], caches: [], workers: 0 };
