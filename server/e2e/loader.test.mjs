// The loader: what works before Go, without Go, and when Go goes wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { choices, cookie, record } from './lib/records.mjs';
import { include, page } from './lib/gate.mjs';
import { eventually, send } from './lib/server.mjs';
import { dialog, edition, later, loader, parts, program, runtime, stage } from './lib/stage.mjs';

const { browser, server, site, rev } = await stage({ whole: true });

/** Makes a visitor's patience of ten seconds last half a second. */
const impatient = () => {
  const real = window.setTimeout;
  window.setTimeout = (callback, time, ...rest) => real(callback, time >= 5000 ? time / 20 : time, ...rest);
};

const warnings = async (tab) => (await tab.lines()).filter((line) => line.startsWith('warn') && line.includes('temoin:')).join('\n');

/** A visitor who has just arrived where something is missing. */
async function arrive(t, { faults, path = '/', before = [] }) {
  site.reset();
  faults();
  const tab = await browser.tab(t, { before });
  await tab.visit(site.url + path);
  await tab.bannerIsThere();
  await tab.settles({ but: /./ });
  assert.equal((await tab.layers()).banner, true, 'the banner must stay');
  assert.equal(await tab.has('statistics'), false, 'nothing is allowed until a button is pressed');
  return tab;
}

async function answers(tab, answer) {
  await tab.press(answer);
  await tab.bannerIsGone();
  assert.deepEqual((await tab.record()).choices, choices(answer === 'accept'), `${answer} must work`);
  assert.equal(await tab.has('statistics'), answer === 'accept');
  assert.equal((await tab.layers()).reopen, true, 'the floating button must come');
}

/** Asserts that a visitor can do everything without the Go program, and that the console says once why it does not run. */
async function worksWithoutGo(t, { says, ...where }) {
  const tab = await arrive(t, where);
  await answers(tab, 'accept');
  await tab.press('open');
  await tab.dialogIsOpen();
  const warned = await eventually(() => warnings(tab), 'the console to say why');
  assert.match(warned, says);
  assert.equal(warned.split('the program does not run; the banner and the dialog do without it.').length, 2, `once: ${warned}`);
  await tab.turn('third-party');
  await tab.press('save');
  await tab.dialogIsClosed();
  // The answer to the report of the first choice may set its cookie once more, for a moment.
  assert.deepEqual((await tab.choice()).choices, { ...choices(true), 'third-party': false });
  assert.equal(await tab.goHasNotRun(), true);
  assert.deepEqual(tab.errors, [], 'no exception may reach the page');
}

/** Asserts that a visitor can do everything without the dialog, on the charter. */
async function worksWithoutDialog(t, { says, ...where }) {
  const leadsToCharter = async (tab, button) => {
    await tab.press(button);
    await tab.arrives(/\/charte-cookies\/fr#choix$/);
    const warned = await warnings(tab);
    assert.match(warned, says, `the console must say why; it says ${JSON.stringify(tab.console)}`);
    assert.match(warned, /customize leads to the charter/, 'and what comes of it');
    assert.deepEqual(tab.errors, [], 'no exception may reach the page');
  };
  const first = await arrive(t, where);
  await answers(first, 'accept');
  await leadsToCharter(first, 'open');
  const second = await arrive(t, where);
  await leadsToCharter(second, 'customize');
  // The mouse lies where the banner comes, which has the dialog fetched: Firefox's load event waits for that.
  await second.visit(site.url + (where.path ?? '/'), { until: 'domcontentloaded' });
  await answers(second, 'refuse');
  assert.deepEqual(second.errors, [], 'no exception may reach the page');
}

const truncated = (answer) => ({ ...answer, body: answer.body.subarray(0, answer.body.length / 2) });

test('app.wasm is missing', (t) => worksWithoutGo(t, { faults: () => site.fail(program, 404), says: /app\.\w+\.wasm answers 404/ }));

test('app.wasm cannot be had: the server answers 500', (t) => worksWithoutGo(t, { faults: () => site.fail(program, 500), says: /answers 500/ }));

test('app.wasm is truncated', (t) => worksWithoutGo(t, { faults: () => site.alter(program, truncated), says: /CompileError|out of memory/ }));

test('app.wasm breaks off half-way', (t) => worksWithoutGo(t, { faults: () => site.alter(program, (answer) => ({ ...answer, breakAfter: answer.body.length / 2 })), says: /TypeError|network|CompileError|aborted/i }));

test('app.wasm is something else', (t) => worksWithoutGo(t, { faults: () => site.alter(program, (answer) => ({ ...answer, body: Buffer.from('<!doctype html><title>Login</title>') })), says: /CompileError/ }));

test('runtime.js is missing', (t) => worksWithoutGo(t, { faults: () => site.fail(runtime), says: /runtime|import/i }));

test('runtime.js is something else', (t) => worksWithoutGo(t, { faults: () => site.alter(runtime, (answer) => ({ ...answer, body: Buffer.from('syntax error here') })), says: /SyntaxError/ }));

test('later.js is missing: choices hold, the console says why, and their receipts come with the next page', async (t) => {
  const kept = async (id) => (await send(`${server.url}/api/consents/${id}`)).status === 200;
  site.fail(later);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.press('accept');
  await tab.bannerIsGone();
  const { id } = await tab.record();
  assert.equal(await tab.has('statistics'), true);
  await tab.until(() => !!localStorage.getItem('temoin.receipts'), 'the receipt to wait in the queue');
  await tab.press('open');
  await tab.dialogIsOpen();
  assert.match(await warnings(tab), /later|import/i, `the console must say why; it says ${JSON.stringify(tab.console)}`);
  assert.deepEqual(tab.errors, [], 'no exception may reach the page');
  assert.equal(await kept(id), false, 'the receipt cannot have been delivered');
  site.reset();
  await tab.reload();
  await eventually(() => kept(id), 'the receipt to be delivered by the next page');
});

test('with Save-Data the banner keeps off the focus, for which it fetches what that takes', async (t) => {
  site.page('/long', page(include, Array.from({ length: 40 }, (_, i) => `<p><a href="#${i}">link ${i}</a>`).join(''), 'fr'));
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); }] });
  await tab.visit(site.url + '/long');
  await tab.bannerIsThere();
  await tab.settles();
  assert.deepEqual(site.asked(parts), [], 'nothing but the loader may be fetched before that');
  await tab.run(() => {
    const last = [...document.links].findLast((link) => link.getBoundingClientRect().bottom < innerHeight);
    last.focus({ focusVisible: true, preventScroll: true });
  });
  await tab.until((shadow) => {
    const link = document.activeElement.getBoundingClientRect();
    return link.bottom <= shadow.querySelector('.banner').getBoundingClientRect().top;
  }, 'the link with the focus to be in sight');
  assert.deepEqual(site.asked(program), [], 'the program is not needed for that');
});

test('with Save-Data, where later.js is missing, it is asked for once, however often the focus moves', async (t) => {
  site.page('/links', page(include, '<p><a href="#1">one</a> <a href="#2">two</a> <a href="#3">three</a>', 'fr'));
  site.fail(later);
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); }] });
  await tab.visit(site.url + '/links');
  await tab.bannerIsThere();
  for (let i = 0; i < 3; i++) {
    await tab.run((i) => { document.links[i].focus(); }, i);
    await tab.settles();
  }
  assert.equal(site.asked(later).length, 1);
  assert.match(await warnings(tab), /later|import/i);
});

test('the edition is missing', (t) => worksWithoutGo(t, { faults: () => site.fail(edition), says: /edition\.fr\.\w+\.txt answers 404/ }));

test('the edition is not the one that the program expects', (t) => worksWithoutGo(t, { faults: () => site.alter(edition, (answer) => ({ ...answer, body: Buffer.from('[]') })), says: /the Go program has ended|read edition/ }));

test('the dialog is missing', (t) => worksWithoutDialog(t, { faults: () => site.fail(dialog), says: /dialog\.fr|import/i }));

test('the dialog is something else', (t) => worksWithoutDialog(t, { faults: () => site.alter(dialog, (answer) => ({ ...answer, body: Buffer.from('syntax error here') })), says: /SyntaxError/ }));

test('the dialog never arrives', (t) => worksWithoutDialog(t, { faults: () => site.hold(dialog), before: [impatient], says: /the dialog is late/ }));

test('all that the loader loads is missing', (t) => worksWithoutDialog(t, { faults: () => site.fail(parts), says: /404|import/i }));

test('app.wasm never arrives: the dialog does without', async (t) => {
  const tab = await arrive(t, { faults: () => site.hold(program) });
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await tab.press('save');
  await tab.dialogIsClosed();
  assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
  assert.equal(await warnings(tab), '');
});

test('WebAssembly is not there at all', (t) => worksWithoutGo(t, { faults() {}, before: [() => { delete globalThis.WebAssembly; }], says: /WebAssembly/ }));

test('there is no memory for the program', (t) => worksWithoutGo(t, {
  faults() {},
  before: [() => { WebAssembly.instantiate = () => Promise.reject(new RangeError('WebAssembly.instantiate(): Out of memory')); }],
  says: /Out of memory/,
}));

test('the page’s policy refuses WebAssembly', async (t) => {
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:";
  await worksWithoutGo(t, { faults: () => site.headers(/^\/(a-propos)?$/, { 'content-security-policy': policy }), path: '/a-propos', says: /CompileError|Content Security Policy/ });
});

test('the page’s policy refuses every request', async (t) => {
  const policy = "default-src 'none'; script-src 'self'; style-src 'self'";
  await worksWithoutGo(t, { faults: () => site.headers(/^\/a-propos$/, { 'content-security-policy': policy }), path: '/a-propos', says: /fetch|policy|load failed/i });
});

test('the warning is not repeated for each press', async (t) => {
  site.fail(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  for (let i = 0; i < 2; i++) {
    await tab.press('customize');
    await tab.dialogIsOpen();
    await eventually(() => warnings(tab), 'a warning');
    await tab.press('close');
    await tab.dialogIsClosed();
  }
  await tab.settles();
  assert.equal((await warnings(tab)).split('\n').length, 1, `want one warning: ${JSON.stringify(tab.console)}`);
});

test('a wrong MIME type of app.wasm does no harm', async (t) => {
  for (const type of ['application/octet-stream', 'text/plain', null]) {
    site.reset();
    site.headers(program, { 'content-type': type });
    site.headers(program, { 'x-content-type-options': null });
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
    assert.doesNotMatch(await warnings(tab), /./, `no warning for ${type}`);
  }
});

test('when the answer comes after the visitor has lost patience and come back, the banner works', async (t) => {
  site.hold(dialog);
  const tab = await browser.tab(t, { before: [impatient] });
  await tab.visit(site.url);
  await tab.press('customize');
  await tab.arrives(/#choix$/);
  site.reset();
  await tab.back();
  await tab.press('customize');
  await tab.dialogIsOpen();
});

test('who follows a link while the program is on its way, and comes back, has it', async (t) => {
  site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await eventually(() => site.asked(program).length, 'the program to be asked for');
  await tab.press('close');
  await tab.dialogIsClosed();
  await tab.click('nav a[href^="/jeux-de-donnees"]');
  await tab.arrives(/jeux-de-donnees/);
  site.reset();
  await tab.back();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.goRuns();
  assert.deepEqual(tab.errors, []);
});

// ---- Go breaks after it has drawn ----

/** Lets the program break at the next event, when window.broken is set. */
const breakable = (answer) => {
  const resume = /\w+\.prototype\._resume\.call\(/;
  const code = answer.body.toString();
  assert.match(code, resume, 'the runtime must resume Go in one place');
  const trap = "if(window.broken)throw new WebAssembly.RuntimeError('unreachable');";
  return { ...answer, body: Buffer.from(code.replace(resume, (call) => `(()=>{${trap}})(),${call}`)) };
};

const breaks = {
  'a trap in the program': {
    prepare: () => site.alter(runtime, breakable),
    break: (tab) => tab.run(() => { window.broken = true; }),
  },
  'a panic in the program': {
    prepare() {},
    // The method is called from Go, which takes its exception for a panic, and exits.
    break: (tab) => tab.run(() => {
      const { showModal } = HTMLDialogElement.prototype;
      HTMLDialogElement.prototype.showModal = () => {
        HTMLDialogElement.prototype.showModal = showModal;
        throw new Error('made to fail');
      };
    }),
  },
};

/** Presses a button that opens the dialog, in a page whose program breaks at that. */
async function opensAllTheSame(tab, button) {
  await tab.press(button);
  const warned = await eventually(() => warnings(tab), 'a warning on the console');
  assert.match(warned, /the preferences have stopped/, 'the console must say what happened');
  // go-app as it is draws, and panics, when the click is over: the next one finds the dialog.
  if (process.env.TEMOIN_STOCK && !(await tab.layers()).dialog) await tab.press(button);
  await tab.dialogIsOpen();
}

for (const [name, fault] of Object.entries(breaks)) {
  test(`${name}: the page lives on, and the dialog works without it`, async (t) => {
    fault.prepare();
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await tab.goRuns();
    await fault.break(tab);
    await opensAllTheSame(tab, 'customize');
    await tab.turn('third-party');
    await tab.press('save');
    await tab.dialogIsClosed();
    await tab.bannerIsGone();
    assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
    assert.equal((await tab.heard('temoin:change')).length, 1, 'one change');
    await tab.press('open');
    await tab.dialogIsOpen();
    await tab.press('refuse');
    await tab.dialogIsClosed();
    assert.deepEqual((await tab.choice()).choices, choices(false));
    assert.equal((await tab.layers()).reopen, true);
    assert.deepEqual(tab.errors, [], 'no exception may reach the page');
  });
}

test('the press on "save" that ends the program is answered all the same', async (t) => {
  site.alter(runtime, breakable);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await tab.run(() => { window.broken = true; });
  await tab.press('save');
  await tab.dialogIsClosed();
  assert.match(await warnings(tab), /the preferences have stopped/);
  assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
});

const noTimers = !process.env.TEMOIN_STOCK && 'the trimmed go-app draws at once and sets no timer';

test('a trap in the program while one of its timers runs does not freeze the page', { skip: noTimers }, async (t) => {
  site.alter(runtime, breakable);
  // The click makes the program set a timer for the next frame; it is then that
  // it breaks. On a slow machine it may draw the frame at once instead, and set
  // none: then that page shows nothing, and another is tried.
  for (let attempt = 0; attempt < 8; attempt++) {
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.settles();
    await tab.inside((shadow) => {
      shadow.querySelector('.banner [data-temoin="customize"]').click();
      window.broken = true;
    });
    const alive = tab.run(() => new Promise((resolve) => { setTimeout(resolve, 300, 'alive'); })).catch((error) => error.message);
    const frozen = new Promise((resolve) => { setTimeout(resolve, 6000, 'frozen').unref(); });
    assert.equal(await Promise.race([alive, frozen]), 'alive', 'the page must go on');
    if (!await warnings(tab)) continue;
    await tab.press('refuse');
    await tab.bannerIsGone();
    return;
  }
  assert.fail('the program has set no timer in any of the pages');
});

test('a panic in the program does not undo the choice that was made', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.press('accept');
  await tab.bannerIsGone();
  await breaks['a panic in the program'].break(tab);
  await opensAllTheSame(tab, 'open');
  assert.equal((await tab.switches()).statistics, true);
  await tab.press('close');
  await tab.dialogIsClosed();
  assert.equal(await tab.has('statistics'), true);
  assert.equal((await tab.layers()).banner, false, 'nobody is asked again');
});

// ---- when the program is fetched ----

for (const [name, connection] of [['Save-Data', { saveData: true, effectiveType: '4g' }], ['a slow line', { saveData: false, effectiveType: '2g' }], ['a very slow line', { effectiveType: 'slow-2g' }]]) {
  test(`with ${name} the program is not fetched until the visitor comes near`, async (t) => {
    const tab = await browser.tab(t, { before: [[(connection) => { Object.defineProperty(navigator, 'connection', { value: connection }); }, connection]] });
    await tab.visit(site.url);
    await tab.bannerIsThere();
    await tab.mouse.move(300, 100);
    await tab.settles({ quiet: 600 });
    assert.deepEqual(site.asked(parts), [], 'nothing but the loader may be fetched');
    const box = await tab.inside((shadow) => shadow.querySelector('.banner').getBoundingClientRect().toJSON());
    await tab.mouse.move(box.x + 60, box.y + 40);
    await tab.goDraws();
    assert.equal(site.asked(program).length, 1);
  });
}

test('who comes near only to answer has no program fetched', async (t) => {
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); }] });
  await tab.visit(site.url);
  await tab.press('accept');
  await tab.bannerIsGone();
  await tab.settles({ quiet: 1000 });
  assert.deepEqual(site.asked(program), []);
});

test('with Save-Data the program comes with the focus, too, and with customize', async (t) => {
  const before = [() => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); }];
  const keyboard = await browser.tab(t, { before });
  await keyboard.visit(site.url);
  await keyboard.bannerIsThere();
  await keyboard.keys('Tab');
  await keyboard.goDraws();
  assert.equal((await keyboard.layers()).banner, true);
  const scripted = await browser.tab(t, { before });
  await scripted.visit(site.url);
  await scripted.run(() => window.temoin.open());
  await scripted.dialogIsOpen();
  await scripted.goDraws();
});

test('with Save-Data accept and refuse need no program at all', async (t) => {
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); }] });
  await tab.visit(site.url);
  await tab.inside((shadow) => shadow.querySelector('.banner [data-temoin="refuse"]').click());
  await tab.bannerIsGone();
  await tab.settles();
  assert.deepEqual(site.asked(program), []);
  assert.equal((await tab.record()).choices.statistics, false);
});

test('the dialog is fetched after the page has loaded, not before', async (t) => {
  const release = site.hold(/^\/slow\.png$/);
  site.page('/slow', '<!doctype html><html lang="fr"><script src="/temoin.js"></script><title>slow</title><img src="/slow.png" alt=""><p>text');
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/slow', { until: 'domcontentloaded' });
  await tab.bannerIsThere();
  assert.equal(await tab.loaded(), false, 'the page must still be loading for the test to mean something');
  assert.deepEqual(site.asked(parts), [], 'nothing may compete with the page');
  release();
  await eventually(() => site.asked(dialog).length, 'the dialog to be asked for');
});

test('the dialog leaves the page 0.2 s of its own after it has loaded, for who answers at once too', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await eventually(() => site.asked(dialog).length, 'the dialog to be asked for');
  await tab.settles();
  const [loaded, fetched] = await tab.run(() => [
    performance.getEntriesByType('navigation')[0].loadEventStart,
    performance.getEntriesByType('resource').find(({ name }) => /dialog/.test(name)).startTime,
  ]);
  assert.ok(fetched - loaded >= 199, `fetched ${fetched - loaded} ms after the page had loaded`);
});

test('where the dialog cannot be had, on the charter itself, the button that waited waits no longer', async (t) => {
  const tab = await browser.tab(t);
  site.fail(dialog);
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.press('customize');
  await tab.arrives(/\/charte-cookies\/fr#choix$/);
  assert.equal(await tab.inside((shadow) => shadow.querySelector('[aria-busy]')), null);
  await tab.press('refuse');
  await tab.bannerIsGone();
});

test('a page that is never idle has the dialog and the program all the same', async (t) => {
  /** A browser with no time to spare: each callback waits for its timeout, which passes sooner here. */
  const busy = () => { window.requestIdleCallback = (callback, { timeout } = {}) => (timeout ? setTimeout(callback, timeout / 20) : 0); };
  const tab = await browser.tab(t, { before: [busy] });
  await tab.visit(site.url);
  await eventually(() => site.asked(dialog).length, 'the dialog to be asked for');
  await tab.goRuns();
});

for (const when of ['before Go', 'once Go runs']) {
  test(`what a choice lets in runs before the banner goes, ${when}`, async (t) => {
    const watch = 'window.seen = document.getElementById("temoin").shadowRoot.querySelector(".banner").checkVisibility()';
    site.page('/gated', page(include, `<main><script type="text/plain" data-consent="statistics">${watch}</script></main>`, 'fr'));
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/gated');
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.press('accept');
    await tab.bannerIsGone();
    assert.equal(await tab.run(() => window.seen), true);
  });
}

test('the loader runs where it stands in the head: the banner is painted with the page', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url, { until: 'domcontentloaded' });
  await tab.bannerIsThere();
  assert.ok(await tab.run(() => document.body.previousElementSibling.id === 'temoin'), 'the host comes before the body');
});

test('included at the end of the body, deferred, as a module’s import or late by script, the banner comes as well', async (t) => {
  const pages = {
    end: '<!doctype html><html lang="fr"><title>end</title><p>text<script src="/temoin.js"></script>',
    defer: '<!doctype html><html lang="fr"><script defer src="/temoin.js"></script><title>defer</title><p>text',
    async: '<!doctype html><html lang="fr"><script async src="/temoin.js"></script><title>async</title><p>text',
    late: '<!doctype html><html lang="fr"><title>late</title><p>text<script>addEventListener("load", () => setTimeout(() => { const s = document.createElement("script"); s.src = "/temoin.js"; document.head.append(s); }, 50))</script>',
  };
  for (const [name, html] of Object.entries(pages)) {
    site.page('/' + name, html);
    const tab = await browser.tab(t);
    await tab.visit(`${site.url}/${name}`);
    await tab.bannerIsThere();
    await tab.goRuns();
    await tab.press('refuse');
    await tab.bannerIsGone();
    assert.deepEqual(tab.errors, [], name);
    assert.deepEqual(await tab.heard('temoin:ready'), [null], `temoin:ready must be heard once: ${name}`);
  }
});

test('temoin.js cannot be had: the page works, and is silent', async (t) => {
  for (const status of [404, 500]) {
    site.reset();
    site.fail(loader, status);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    assert.equal(await tab.run(() => typeof window.temoin), 'undefined');
    assert.equal(await tab.run(() => document.querySelectorAll('#temoin').length), 0);
    await tab.click('nav a[href^="/jeux-de-donnees"]');
    await tab.arrives(/jeux-de-donnees/);
    assert.deepEqual(await tab.visitor.cookies(), []);
    assert.deepEqual(tab.errors, []);
  }
});

test('the server goes down after the page has loaded: the choice is kept', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.offline(true);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await tab.press('save');
  await tab.bannerIsGone();
  assert.equal((await tab.record()).choices['third-party'], true);
});

// ---- cookies that are not kept ----

const noCookies = () => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); };
const throwing = () => {
  const refuse = () => { throw new DOMException('denied', 'SecurityError'); };
  Object.defineProperty(Document.prototype, 'cookie', { get: refuse, set: refuse });
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) Object.defineProperty(window, name, { get: refuse });
};

for (const [where, before] of [['keeps no cookies', noCookies], ['denies cookies and storage with an exception', throwing]]) {
  for (const when of ['before Go', 'once Go runs']) {
    test(`a browser that ${where}, ${when}: the visitor is told once that the choice cannot be kept, and all stays refused`, async (t) => {
      if (when === 'before Go') site.hold(program);
      const tab = await browser.tab(t, { before: [before] });
      await tab.visit(site.url);
      await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
      await tab.press('accept');
      await tab.bannerIsGone();
      const layers = await tab.layers();
      assert.match(layers.notice, /n’accepte pas les cookies.*ne peut pas être gardé.*tout reste refusé/, 'the visitor must be told, for all to see');
      const region = await tab.inside((shadow) => ({ role: shadow.querySelector('.notice p').getAttribute('role'), seen: shadow.querySelector('.notice').checkVisibility(), lang: shadow.querySelector('.notice').lang }));
      assert.deepEqual(region, { role: 'status', seen: true, lang: 'fr' }, 'in a polite live region');
      assert.equal(await tab.choice(), null);
      for (const id of ['statistics', 'google-analytics', 'youtube', 'third-party']) assert.equal(await tab.has(id), false, `${id} must stay refused`);
      assert.deepEqual(await tab.heard('temoin:change'), [], 'nothing has changed');
      await tab.press('dismiss');
      await tab.until((shadow) => !shadow.querySelector('.notice.shown'), 'the notice to be gone');
      assert.equal((await tab.layers()).banner, false, 'the banner must not come back on this page');
      assert.deepEqual(tab.errors, [], 'no exception may reach the page');
    });
  }

  test(`a browser that ${where}: the dialog opens, and says that the choice cannot be kept`, async (t) => {
    const tab = await browser.tab(t, { before: [before] });
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.turn('third-party');
    await tab.press('save');
    await tab.dialogIsClosed();
    await tab.bannerIsGone();
    assert.match((await tab.layers()).notice, /ne peut pas être gardé/);
    assert.equal(await tab.has('third-party'), false);
    assert.deepEqual(tab.errors, []);
  });
}

test('after the notice that nothing is kept, reset() asks again, and the notice can still be dismissed', async (t) => {
  site.hold(program);
  const tab = await browser.tab(t, { before: [noCookies] });
  await tab.visit(site.url);
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.run(() => window.temoin.reset());
  await tab.bannerIsThere();
  await tab.inside((shadow) => shadow.querySelector('[data-temoin="dismiss"]').click());
  assert.deepEqual(tab.errors, []);
  assert.equal((await tab.layers()).banner, true, 'to dismiss the notice is no answer');
});

test('when cookies are off, the other page asks again, and tells again', async (t) => {
  const tab = await browser.tab(t, { before: [noCookies] });
  await tab.visit(site.url);
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.visit(site.url + '/a-propos');
  await tab.bannerIsThere();
  assert.equal((await tab.layers()).notice, '', 'nothing is said before an answer');
});

