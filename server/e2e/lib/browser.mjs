// The browser as the tests see it: what a visitor does and what a visitor, or
// somebody who looks into the browser, finds. Behind it is Puppeteer, for
// Chromium and Firefox, or a client of our own for WebKit.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import puppeteer from 'puppeteer-core';

import { eventually, patience, pause } from './server.mjs';
import { webkit } from './webdriver.mjs';

const engines = {
  chromium: {
    launch: {
      // The same engine without windows: a journey by keyboard takes 1.0 s of processor in it, in
      // the whole browser 1.5, and 2.6 where each window loads the pages of its address bar too.
      executablePath: process.env.TEMOIN_BROWSER ?? '/usr/bin/chromium-headless-shell',
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--force-color-profile=srgb',
        '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup'],
    },
    cannot: {},
  },
  firefox: {
    launch: {
      browser: 'firefox',
      executablePath: process.env.TEMOIN_BROWSER ?? '/usr/bin/firefox-esr',
      // What BiDi has no command for is set from within the browser: see firefoxSets.
      args: ['--remote-allow-system-access'],
    },
    // Timers and idle time come in a tab behind another as in the one in front: so Puppeteer sets Chromium.
    prefs: {
      'dom.min_background_timeout_value': 4,
      'dom.min_background_timeout_value_without_budget_throttling': 4,
      'dom.timeout.enable_budget_timer_throttling': false,
      'dom.idle_period.throttled_length': 50,
      // Else a process is started ahead of each page that may come: a seventh of the processor's time.
      'dom.ipc.processPrelaunch.enabled': false,
      'dom.ipc.processPrelaunch.fission.number': 0,
      // The panel of what was downloaded would take the keyboard from the tab of the next test.
      'browser.download.alwaysOpenPanel': false,
    },
    cannot: {
      memory: 'WebDriver BiDi does not measure memory',
      prerender: 'Firefox renders no page ahead',
      accessibilityTree: 'the golden files are those of Chromium’s tree',
      layoutShift: 'Firefox does not measure layout shifts',
    },
  },
  webkit: {
    cannot: {
      prerender: 'WebKit renders no page ahead',
      downloads: 'WebDriver cannot say where files go',
      memory: 'WebDriver does not measure memory',
      cache: 'a MiniBrowser that is driven keeps no cache on the disk, where alone it would find the program again',
      accessibilityTree: 'the golden files are those of Chromium’s tree',
      forcedColors: 'WebKitGTK knows no forced colours',
      layoutShift: 'WebKit does not measure layout shifts',
      mediaType: 'WebDriver cannot change the medium, and neither can the desktop',
      contrastSetting: 'WebDriver cannot set it, and WebKitGTK takes it from the desktop alone',
      nonASCIICookies: 'WebKitGTK’s libsoup cuts such a cookie off and keeps the rest without a name',
      withoutJSON: 'WebKitWebDriver speaks to the page through the page’s own JSON',
      secureLoopback: 'WebKitGTK keeps no Secure cookie of http://127.0.0.1',
      noScript: 'without JavaScript WebDriver cannot ask the page anything',
      textSize: 'WebDriver cannot set it, and MiniBrowser has no option for it',
      touch: 'WebKitWebDriver has no fingers',
    },
  },
};

export const engine = process.env.TEMOIN_ENGINE ?? 'chromium';
const { cannot } = engines[engine];

/** Whether this engine, or its driver, can do a thing that not all of them can. */
export const can = (ability) => !(ability in cannot);

/** Option of a test that needs something only some engines can do; the reason is printed, and stands in docs/testing.md. */
export const needs = (...abilities) => {
  const missing = abilities.find((ability) => !can(ability));
  return { skip: missing ? `${engine}: ${missing}: ${cannot[missing]}` : false };
};

/** A profile of Chromium in which the visitor has told it to keep no cookies. */
function profileWithoutCookies() {
  const dir = mkdtempSync(path.join(tmpdir(), 'temoin-profile-'));
  mkdirSync(path.join(dir, 'Default'));
  writeFileSync(path.join(dir, 'Default/Preferences'), JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }));
  return dir;
}

/**
 * Starts a browser that ends with the suite.
 * @param after node:test's after
 * @param textSize the text size that the visitor has set in the browser, in pixels
 * @param cookies false where the visitor has told the browser to keep none
 * @param privately in private windows; in Chromium every visitor has one
 * @param whole with all that only the whole browser has: back/forward cache, clipboard, the profile's settings, private windows
 */
export async function launch(after, { textSize, cookies = true, privately = false, whole = privately || !cookies } = {}) {
  if (engine === 'webkit') {
    const browser = webkit([...(cookies ? [] : ['--cookies-policy=never']), ...(privately ? ['--private'] : [])]);
    after(() => browser.close());
    return new Browser(browser);
  }
  let { args = [], ...options } = engines[engine].launch;
  if (engine === 'chromium') {
    if (whole) options.executablePath = process.env.TEMOIN_BROWSER ?? '/usr/bin/chromium';
    args = [...args, ...(textSize ? [`--blink-settings=defaultFontSize=${textSize}`] : [])];
  } else {
    options = {
      ...options,
      extraPrefsFirefox: {
        ...engines.firefox.prefs,
        ...(textSize && { 'font.size.variable.x-western': textSize, 'font.size.variable.x-unicode': textSize }),
        ...(!cookies && { 'network.cookie.cookieBehavior': 2 }),
        ...(privately && { 'browser.privatebrowsing.autostart': true }),
      },
    };
  }
  const profile = engine === 'chromium' && !cookies && profileWithoutCookies();
  const browser = await puppeteer.launch({ headless: true, acceptInsecureCerts: true, timeout: 30_000 * patience, protocolTimeout: 30_000 * patience, ...options, args, ...(profile && { userDataDir: profile }) });
  after(async () => {
    await browser.close();
    if (profile) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  // A profile's setting holds in its own windows: not in those of a context apart.
  return new Browser(browser, { ownContext: !!profile || (engine === 'firefox' && privately) });
}

/** Runs an expression within Firefox itself, which can do what neither Puppeteer nor BiDi has a command for; returns its value. */
async function firefoxRuns(page, expression) {
  const { connection } = page.browser();
  const { result: { contexts: [{ context }] } } = await connection.send('browsingContext.getTree', { 'moz:scope': 'chrome' });
  const { result } = await connection.send('script.evaluate', { expression, target: { context }, awaitPromise: true });
  if (result.type !== 'success') throw new Error(`Firefox does not do ${expression}: ${result.exceptionDetails?.text}`);
  return result.result.value;
}

/** Sets what Firefox knows of one tab: its medium, its visitor's settings, whether scripts run. */
function firefoxSets(page, settings) {
  return firefoxRuns(page, `Object.assign(${browsingContext(page)}, ${JSON.stringify(settings)}); true`);
}

/** What Firefox itself calls a tab. */
const browsingContext = (page) => `ChromeUtils.importESModule('chrome://remote/content/shared/NavigableManager.sys.mjs')
  .NavigableManager.getBrowsingContextById(${JSON.stringify(page.mainFrame()._id)})`;

/** The tree that Firefox gives to a screen reader; at first it is not whole. */
async function firefoxTree(page) {
  return JSON.parse(await firefoxRuns(page, `(() => {
    const service = Cc['@mozilla.org/accessibilityService;1'].getService(Ci.nsIAccessibilityService);
    const after = (node) => (node ? [node, ...after(node.nextSibling)] : []);
    const print = (node) => ({ role: node.computedARIARole || service.getStringRole(node.role), name: node.name ?? '', children: after(node.firstChild).map(print) });
    const found = service.getAccessibleFor(${browsingContext(page)}.embedderElement);
    return JSON.stringify(found ? print(found) : {});
  })()`));
}

const contrasts = new WeakMap(); // Firefox → what it was told last

/** Sets the contrast that the visitor prefers, 'more' or none: Firefox has one for all its tabs, and a new tab begins without. */
async function firefoxContrasts(page, contrast) {
  const browser = page.browser();
  if ((contrasts.get(browser) ?? 'no-preference') === contrast) return;
  // A desktop's theme for those who see badly, which leaves a page its colours.
  await firefoxRuns(page, `Services.prefs.setIntPref('browser.display.document_color_use', ${contrast === 'more' ? 1 : 0});
    Services.prefs.setIntPref('ui.useAccessibilityTheme', ${contrast === 'more' ? 1 : 0}); true`);
  contrasts.set(browser, contrast);
}

class Browser {
  constructor(browser, { ownContext = false } = {}) {
    this.browser = browser;
    this.ownContext = ownContext;
  }

  /** Who uses the browser's own windows, which in Chromium are not private. */
  owner() { return new Visitor(this.browser.defaultBrowserContext(), {}); }

  /** Somebody who has never been here: own cookies, own cache. It leaves after the test t. */
  async visitor(t, options = {}) {
    if (this.ownContext) return new Visitor(this.browser.defaultBrowserContext(), options);
    const context = await this.browser.createBrowserContext(engine === 'webkit' ? options.media : undefined);
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
    page.setDefaultTimeout?.(30_000 * patience);
    const tab = new Tab(page, this);
    await tab.viewport(viewport ?? { width: 1280, height: 800 });
    if (javascript === false) await (engine === 'firefox' ? firefoxSets(page, { allowJavascript: false }) : page.setJavaScriptEnabled(false));
    if (engine === 'firefox') await firefoxContrasts(page, 'no-preference');
    // WebKit's visitors have their settings from the start.
    if (media && engine !== 'webkit') await tab.media(media);
    const setup = [[listen]];
    if (engine === 'firefox') setup.push([spellErrors]);
    if (languages) setup.push([speak, languages]);
    for (const step of [before].flat(1)) setup.push([step].flat());
    for (const [step, argument] of setup) await page.evaluateOnNewDocument(step, argument);
    return tab;
  }

  /** Closes all windows of this visitor's. */
  leave() { return this.#context.close(); }

  /** All cookies that the browser keeps, whatever page they are for. */
  cookies() { return this.#context.cookies(); }

  /** Puts cookies there; each needs name, value and url or domain. */
  async setCookies(...cookies) {
    await this.#context.setCookie(...cookies.map((cookie) => {
      const { url, ...rest } = cookie;
      return { path: '/', ...(url && { domain: new URL(url).hostname }), ...rest, ...(engine === 'webkit' && { url }) };
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
    // The browser's own wish.
    if (/\/favicon\.ico$/.test(blockedURI)) return;
    heard.push({ type: 'violation', detail: `${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber}` });
  });
  if (globalThis.PerformanceObserver?.supportedEntryTypes?.includes('layout-shift')) {
    const shifts = [];
    Object.defineProperty(window, 'shifts', { value: shifts });
    // Of the first frame nothing has been seen before. A mouse that lies over the
    // page has Chromium lay it out for a hit test even before that frame's scripts,
    // and what these then move counts as shifted.
    let second = Infinity;
    requestAnimationFrame(() => requestAnimationFrame(() => { second = performance.now(); }));
    new PerformanceObserver((list) => {
      for (const { startTime, value, sources } of list.getEntries()) {
        if (startTime >= second) shifts.push({ value, nodes: sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? String(node)) });
      }
    }).observe({ type: 'layout-shift', buffered: true });
  }
}

/** Runs in each document of Firefox, whose driver does not tell what an error on the console says. */
function spellErrors() {
  for (const type of ['log', 'info', 'warn', 'error']) {
    const original = console[type];
    console[type] = (...values) => original.apply(console, values.map((value) => (/^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value)) ? String(value) : value)));
  }
}

function speak(languages) {
  Object.defineProperty(Navigator.prototype, 'languages', { get: () => languages });
  Object.defineProperty(Navigator.prototype, 'language', { get: () => languages[0] });
}

/** Returns null where the page went away beneath a question: the next one is to be asked. */
function whenGone(error) {
  if (/context|navigat|detached|destroyed|not found|no such|discarded|no answer/i.test(error.message)) return null;
  throw error;
}

/** The call of a function in the page, with the banner's shadow root, or null, as its first argument. */
const within = (fn, args) => `(() => {
  const host = [...document.querySelectorAll('#temoin')].find((element) => element.shadowRoot);
  return (${fn})(host?.shadowRoot ?? null, ...${JSON.stringify(args)});
})()`;

/** What is done in a document: a tab's own, or one in a frame. */
class Place {
  constructor(frame, page) {
    this.frame = frame;
    this.driver = page;
  }

  /** Runs a function in the page, with arguments that JSON can hold. */
  run(fn, ...args) { return this.frame().evaluate(`(${fn})(...${JSON.stringify(args)})`); }

  /** The same, with the banner's shadow root, or null, as the first argument. */
  inside(fn, ...args) { return this.frame().evaluate(within(fn, args)); }

  /** The same, of a page that may be on its way out: null where it was. */
  ask(fn, ...args) {
    const source = within(fn, args);
    // WebKit may never answer what a page was asked as it went.
    return (engine === 'webkit' ? this.frame().evaluate(source, true) : this.frame().evaluate(source)).catch(whenGone);
  }

  /** Waits until a function that is run as inside() says something true. */
  until(fn, expected, ...args) {
    return eventually(() => this.ask(fn, ...args), async () => `${expected}; the page is ${await this.run(() => location.href).catch(String)}, its banner ${JSON.stringify(await this.seen().catch(String))}${this.said()}`);
  }

  /** What else helps to see why something does not come. */
  said() { return ''; }

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

  /**
   * Clicks in the middle of an element. Puppeteer asks Firefox in many steps
   * where that is, one of which never ends where the element is taken out of
   * the page; and in quirks mode it takes the height of <html> for the window's.
   */
  async #clickOn(element, options) {
    if (engine !== 'firefox' || this.frame() !== this.driver.mainFrame()) return element.click(options);
    const point = await element.evaluate((element) => {
      const box = () => [...element.getClientRects()].find(({ width, height }) => width > 1 && height > 1);
      const isInView = ({ left, top, right, bottom }) => left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
      if (box() && !isInView(box())) element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
      const { x, y, width, height } = box() ?? {};
      return width && [x + width / 2, y + height / 2];
    });
    if (!point) throw new Error('not clickable');
    return this.driver.mouse.click(...point, options);
  }

  /** Clicks on what look finds; what is replaced by another like it before the mouse comes there is looked for anew. */
  #clickOnce(look, options, expected) {
    return eventually(async () => {
      const element = await look();
      if (!element) return false;
      try {
        await this.#clickOn(element, options);
        return true;
      } catch (error) {
        if (/not clickable|detached|not an Element|no such node/.test(error.message)) return false;
        throw error;
      }
    }, expected);
  }

  /** Presses the visible button of that name with the mouse, as the visitor would. */
  async press(action, options = {}) {
    await this.#clickOnce(async () => {
      await this.sees(action);
      return this.#handle(visibleButton, action);
    }, options, `a button data-temoin="${action}" that stays where it is`);
  }

  /** Clicks the first visible element of the page that matches. */
  async click(selector, options = {}) {
    await this.#clickOnce(
      () => this.#handle((shadow, selector) => [...document.querySelectorAll(selector)].find((element) => element.checkVisibility()), selector),
      options, `something visible in the page that matches ${selector}`);
  }

  /** Clicks the first visible element of the layers that matches. */
  async clickInside(selector, options = {}) {
    await this.#clickOnce(
      () => this.#handle((shadow, selector) => [...shadow?.querySelectorAll(selector) ?? []].find((element) => element.checkVisibility()), selector),
      options, `something visible in the layers that matches ${selector}`);
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

  /** What of the product is to be seen, once it is drawn: { banner, reopen, dialog, notice }, and what has the focus. */
  async layers() {
    await this.until((shadow) => !!shadow?.querySelector('.layers'), 'the layers to be drawn');
    return this.seen();
  }

  /** The same now; null where nothing is drawn. */
  seen() {
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

  /** Waits until the dialog is closed, and the event that says so has been heard, which comes a little later. A page that was loaded anew has none. */
  dialogIsClosed() {
    return this.until(async (shadow) => {
      const dialog = shadow?.querySelector('dialog');
      if (!shadow?.querySelector('.layers') || dialog?.open) return false;
      await Promise.race([dialog?.closing, new Promise((resolve) => { setTimeout(resolve, 500); })]);
      return true;
    }, 'the dialog to be closed');
  }

  /** Comes near the banner, as a pointer that passes over it: so the Go program is fetched. */
  comesNear() { return this.until((shadow) => shadow?.host.dispatchEvent(new PointerEvent('pointerover')), 'the layers to be drawn'); }

  /** Has the Go program come, and take the layers over. */
  async goRuns() {
    await this.comesNear();
    return this.goDraws();
  }

  /** Waits until the Go program has taken the layers over. */
  goDraws() { return this.until((shadow) => shadow?.querySelector('.root')?.dataset.drawnBy === 'go', 'the Go program to have taken the layers over'); }

  goHasNotRun() { return this.inside((shadow) => shadow?.querySelector('.root')?.dataset.drawnBy !== 'go'); }

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

  /** What was heard of a type: see listen, which does not reach WebKit's pages over https. */
  async heard(type) {
    const all = await this.run((deaf) => window.heard ?? (deaf && location.protocol === 'https:' ? [] : null), engine === 'webkit');
    return all.filter((entry) => entry.type === type).map((entry) => entry.detail);
  }
}

const visibleButton = (shadow, action) => {
  const buttons = [...shadow?.querySelectorAll(`[data-temoin="${action}"]`) ?? []];
  // Beneath an open dialog nothing can be pressed.
  const open = shadow?.querySelector('dialog[open]');
  return buttons.find((button) => button.checkVisibility() && (!open || open.contains(button)));
};

/** Firefox tells what it did not let through in the same way as what nobody caught. */
const blocked = /^(Content-Security-Policy: |Cookie “|Cross-Origin Request Blocked: |Loading (module|script|failed))/;

class Tab extends Place {
  /** Addresses that were asked for, lines on the console, exceptions that nobody caught. */
  requests = [];
  console = [];
  errors = [];
  #session;
  #inFlight = new Set();
  #lastRequest = Date.now();

  constructor(page, visitor) {
    super(() => page.mainFrame(), page);
    this.visitor = visitor;
    page.on('request', (request) => {
      // Nobody is asked for these.
      if (request.url().startsWith('data:')) return;
      this.requests.push(request.url());
      if (request.isNavigationRequest?.()) this.#overtaken(request.frame());
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
    page.on('pageerror', (error) => {
      const text = String(error?.message ?? error);
      if (engine === 'firefox' && blocked.test(text)) {
        // The picture of the tab is the browser's own wish.
        if (!/\/favicon\.ico because/.test(text)) this.console.push(`error: ${text}`);
      } else this.errors.push(text);
    });
  }

  /** A frame that goes to another address, or to the same once more: what it had asked for before is never answered. */
  #overtaken(frame) {
    for (const request of this.#inFlight) if (request.isNavigationRequest() && request.frame() === frame) this.#inFlight.delete(request);
  }

  said() {
    const pending = [...this.#inFlight].map((request) => request.url());
    return Object.entries({ console: this.console, errors: this.errors, 'not answered': pending, 'asked for last': this.requests.slice(-6) })
      .filter(([, lines]) => lines.length).map(([what, lines]) => `\n${what}: ${lines.join('\n  ')}`).join('');
  }

  async visit(url, { until = 'load' } = {}) {
    await this.driver.goto(url, { waitUntil: until, timeout: 20_000 * patience });
    return this;
  }

  async reload() {
    await this.driver.reload({ waitUntil: 'load', timeout: 20_000 * patience });
    return this;
  }

  async back() {
    if (engine !== 'firefox') return this.driver.goBack({ waitUntil: 'load', timeout: 20_000 * patience });
    // Firefox need not tell of a load where the page comes from its back/forward cache.
    const left = await this.url();
    await this.run(() => { history.back(); });
    return eventually(async () => ![left, null].includes(await this.ask(() => location.href)) && this.loaded(), `a page other than ${left}`);
  }

  /** The page's address as it is now. */
  url() { return this.run(() => location.href); }

  /** Waits for an address that matches. */
  arrives(pattern) {
    return eventually(async () => pattern.test(await this.ask(() => location.href)) && this.loaded(), async () => `the address ${pattern}, the page is ${await this.url().catch(String)}`);
  }

  /** What the console says, to its last line: WebKit's page keeps its own until it is asked something. */
  async lines() {
    await this.run(() => true).catch(whenGone);
    return this.console;
  }

  loaded() {
    return this.ask(() => document.readyState === 'complete').catch(() => false);
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
    const find = async () => (await this.driver.frames()).find((frame) => pattern.test(frame.url()));
    const frame = await eventually(find, `a frame with an address like ${pattern}`);
    return new Place(() => frame, this.driver);
  }

  /** Presses keys, one after the other: 'Tab', 'Enter', 'Shift+Tab'. */
  async keys(...names) {
    for (const name of names) {
      const parts = name.split('+');
      // "Space" is the key's code, and its name a space.
      const key = parts.pop().replace(/^Space$/, ' ');
      for (const modifier of parts) await this.driver.keyboard.down(modifier);
      await this.driver.keyboard.press(key);
      for (const modifier of parts.reverse()) await this.driver.keyboard.up(modifier);
    }
  }

  /** Waits until the page has been drawn, and what comes before that has been done; but for a page that is not drawn. */
  frames() {
    return this.run(() => Promise.race([new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))); }), new Promise((resolve) => { setTimeout(resolve, 300); })]));
  }

  type(text) { return this.driver.keyboard.type(text); }

  get mouse() { return this.driver.mouse; }

  /** Sets the window's inside: { width, height, hasTouch, isMobile }. */
  async viewport(size) {
    if (engine !== 'firefox') return this.driver.setViewport({ deviceScaleFactor: 1, ...size });
    const { width, height, deviceScaleFactor = 1, hasTouch = false } = size;
    await this.driver.setViewport({ width, height, deviceScaleFactor });
    await firefoxSets(this.driver, { touchEventsOverride: hasTouch ? 'enabled' : 'none' });
  }

  /** Sets the medium and what the visitor prefers: { type: 'print', 'prefers-color-scheme': 'dark', … }. */
  async media({ type, ...features }) {
    if (engine === 'firefox') {
      if (features['prefers-contrast']) await firefoxContrasts(this.driver, features['prefers-contrast']);
      delete features['prefers-contrast'];
      const names = { 'prefers-color-scheme': 'prefersColorSchemeOverride', 'prefers-reduced-motion': 'prefersReducedMotionOverride', 'forced-colors': 'forcedColorsOverride' };
      const settings = Object.fromEntries(Object.entries(features).map(([name, value]) => {
        if (!names[name]) throw new Error(`no way is known to set ${name} in Firefox`);
        return [names[name], value];
      }));
      await firefoxSets(this.driver, { ...settings, ...(type !== undefined && { mediumOverride: type }) });
      return;
    }
    if (type !== undefined) await this.driver.emulateMediaType(type || undefined);
    if (!Object.keys(features).length) return;
    // Puppeteer knows some of the features; the browser does all.
    this.#session ??= await this.driver.createCDPSession();
    await this.#session.send('Emulation.setEmulatedMedia', { ...(type && { media: type }), features: Object.entries(features).map(([name, value]) => ({ name, value })) });
  }

  /** Touches the middle of the visible button of that name with a finger, where it comes to rest. */
  async tap(action) {
    await this.sees(action);
    await this.frames();
    const [x, y] = await this.inside((shadow, action) => {
      const open = shadow.querySelector('dialog[open]');
      const button = [...shadow.querySelectorAll(`[data-temoin="${action}"]`)].find((button) => button.checkVisibility() && (!open || open.contains(button)));
      const { x, y, width, height } = button.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    }, action);
    await this.driver.touchscreen.tap(x, y);
  }

  /**
   * Touches the first visible element that matches, in the layers or in another
   * root: 'page', 'placeholder'. Where a finger is, Firefox finds by what was last
   * drawn; and two touches in one moment are a gesture of their own.
   */
  async touch(selector, where = 'layers') {
    await pause(400);
    const [x, y] = await this.inside((shadow, selector, where) => {
      const root = { layers: shadow, page: document, placeholder: document.querySelector('.temoin-placeholder')?.shadowRoot }[where];
      const element = [...root.querySelectorAll(selector)].find((element) => element.checkVisibility());
      element.scrollIntoView({ block: 'center', behavior: 'instant' });
      const { x, y, width, height } = element.getBoundingClientRect();
      return [x + width / 2, y + height / 2];
    }, selector, where);
    await this.frames();
    await this.driver.touchscreen.tap(x, y);
  }

  async offline(off) {
    if (engine === 'firefox') await firefoxSets(this.driver, { forceOffline: off });
    else await this.driver.setOfflineMode(off);
  }

  /** Aborts every request whose path matches, as a content blocker does. */
  async blocks(pattern) {
    if (engine === 'webkit') return this.driver.block(pattern);
    await this.driver.setRequestInterception(true);
    this.driver.on('request', (request) => {
      if (pattern.test(new URL(request.url()).pathname)) request.abort('blockedbyclient');
      else request.continue();
    });
  }

  /** Has the browser save what it is offered into a folder. */
  async downloadsInto(folder) {
    if (engine === 'firefox') {
      await this.driver.browser().connection.send('browser.setDownloadBehavior', { downloadBehavior: { type: 'allowed', destinationFolder: folder }, userContexts: [this.driver.browserContext().id] });
      return;
    }
    const session = await this.driver.createCDPSession();
    await session.send('Browser.setDownloadBehavior', { behavior: 'allow', browserContextId: this.driver.browserContext().id, downloadPath: folder });
  }

  /** Runs a script's text in the page, whatever the page's policy says. */
  inject(source) { return engine === 'webkit' ? this.driver.inject(source) : this.driver.evaluate(source); }

  evaluateOnNext(fn, ...args) { return this.driver.evaluateOnNewDocument(fn, ...args); }

  screenshot(file, options = {}) { return this.driver.screenshot({ path: file, ...options }); }

  accessibilityTree() { return this.driver.accessibility.snapshot({ interestingOnly: false }); }

  /**
   * Role and name, as the browser computes them, of all that can be used or has
   * a name of its own, in reading order: ['button Fermer', …]. WebKit is asked
   * for each element of the layers, the others for the whole tree.
   */
  async controls() {
    const told = ['region', 'dialog', 'button', 'link', 'switch', 'summary', 'table'];
    const print = (role, name) => `${role} ${plain(name)}`.trim();
    if (engine === 'webkit') return (await this.driver.described('section, dialog, button, a, input, summary, table')).map(([role, name]) => print(role, name));
    // Chromium calls a summary by what is drawn beside it.
    const flat = ({ role, name, children = [] }) => [[role?.replace('DisclosureTriangle', 'summary'), name], ...children.flatMap(flat)];
    const tree = engine === 'firefox' ? await firefoxTree(this.driver) : await this.accessibilityTree();
    return flat(tree).filter(([role]) => told.includes(role)).map(([role, name]) => print(role, name ?? ''));
  }

  async front() { await this.driver.bringToFront(); }

  close() { return this.driver.close(); }

  /** Our cookies in the browser, as it keeps them. */
  async choiceCookies() { return (await this.visitor.cookies()).filter((cookie) => cookie.name === 'cookies_preferences'); }

  /** The record in the one cookie of ours that the browser keeps. */
  async record() {
    let cookies = await this.choiceCookies();
    // What a page has written, WebKit's other processes know a little later.
    for (let i = 0; engine === 'webkit' && cookies.length === 0 && i < 5; i++) {
      await pause(100);
      cookies = await this.choiceCookies();
    }
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
