// The dialog before the Go program has come, and as that takes it over: it opens
// at once, does what it does later, and nothing moves beneath the visitor's hand.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { choices, cookie, day, now, record } from './lib/records.mjs';
import { eventually, repository, startTemoin } from './lib/server.mjs';
import { dialog, parts, program, stage } from './lib/stage.mjs';

const { browser, site, rev } = await stage();

// ---- when it is fetched ----

test('until a visitor comes near, all that a page costs is temoin.js and the dialog’s one file: 14.7 kB; the program comes after that', async (t) => {
  const server = await startTemoin(t, { catalogue: await readFile(path.join(repository, 'server/demo/comparison.yaml'), 'utf8') });
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/banc');
  await tab.bannerIsThere();
  await tab.mouse.move(300, 100);
  const fetched = () => tab.run(() => performance.getEntriesByType('resource').filter(({ name }) => new URL(name).pathname.startsWith('/temoin')).map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize]));
  await eventually(async () => (await fetched()).length > 1, 'the dialog to be fetched');
  await tab.settles({ quiet: 600 });
  const files = await fetched();
  assert.equal(files.length, 2, `${files}`);
  assert.match(files[1][0], dialog);
  // WebKitGTK asks for gzip, where no https is.
  const bytes = files.reduce((sum, [, size]) => sum + size, 0);
  if (engine !== 'webkit') assert.ok(bytes > 5000 && bytes <= 14_700, `${bytes} bytes`);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.goDraws();
});

test('customize opens the dialog within the press, once its file is there, though the program never comes', async (t) => {
  site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await eventually(() => site.asked(dialog).length, 'the dialog to be asked for');
  await tab.settles();
  const opened = await tab.inside((shadow) => {
    shadow.querySelector('[data-temoin="customize"]').click();
    return Promise.resolve().then(() => new Promise((resolve) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => resolve(shadow.querySelector('dialog').matches(':modal')); port2.postMessage(null); }));
  });
  assert.equal(opened, true);
});

// ---- it does the same, whoever answers ----

/** What the dialog shows, and what it is found to be by those who cannot see it. */
const shown = (shadow) => ({
  on: [...shadow.querySelectorAll('dialog input:checked')].map(({ name }) => name),
  states: [...shadow.querySelectorAll('dialog .state')].map(({ innerText }) => innerText.trim()),
  proof: !!shadow.querySelector('[data-temoin="proof"]')?.checkVisibility(),
  unfolded: [...shadow.querySelectorAll('dialog details')].map(({ open }) => open),
  focus: shadow.activeElement?.dataset.temoin ?? shadow.activeElement?.name ?? null,
  open: !!shadow.querySelector('dialog')?.open,
  banner: shadow.querySelector('.banner').checkVisibility(),
  reopen: shadow.querySelector('.reopen').checkVisibility(),
  said: shadow.querySelector('.notice p').textContent,
});

/** All that can be done in the dialog, with what is seen after each step. */
async function journey(tab) {
  const seen = [];
  const look = async (step) => { seen.push([step, await tab.inside(shown)]); };
  const does = async (step, act) => {
    await act();
    await tab.frames();
    await look(step);
  };
  const closes = (act) => async () => {
    await act();
    await tab.dialogIsClosed();
  };
  const opens = (button) => async () => {
    await tab.press(button);
    await tab.dialogIsOpen();
  };
  await does('open', opens('customize'));
  for (const name of ['third-party', 'youtube', 'facebook', 'statistics', 'matomo', 'youtube', 'facebook']) await does(`turn ${name}`, () => tab.turn(name));
  await does('Esc', closes(() => tab.keys('Escape')));
  await does('open again: what was not saved is forgotten', opens('customize'));
  await does('close', closes(() => tab.press('close')));
  await does('open a third time', opens('customize'));
  await does('turn youtube on', () => tab.turn('youtube'));
  await does('save', closes(() => tab.press('save')));
  const saved = await tab.choice();
  await does('reopen', opens('open'));
  await does('refuse', closes(() => tab.press('refuse')));
  const refused = await tab.choice();
  await does('reopen after the refusal', opens('open'));
  await does('accept', closes(() => tab.press('accept')));
  const accepted = await tab.choice();
  await tab.run(() => window.temoin.reset());
  await tab.bannerIsThere();
  await look('after a reset');
  const kept = [saved, refused, accepted].map(({ choices, services }) => ({ choices, services }));
  const heard = (await tab.heard('temoin:change')).map(({ choices, services }) => ({ choices, services }));
  return { seen, kept, heard };
}

test('before and after Go the dialog does the same, step by step', async (t) => {
  site.hold(program);
  const early = await browser.tab(t);
  await early.visit(site.url);
  const before = await journey(early);
  assert.equal(await early.goHasNotRun(), true);
  site.reset();
  const late = await browser.tab(t);
  await late.visit(site.url);
  await late.goRuns();
  const after = await journey(late);
  assert.deepEqual(before, after);
  assert.deepEqual(before.kept, [
    { choices: choices(false), services: { matomo: true, youtube: true } },
    { choices: choices(false), services: {} },
    { choices: choices(true), services: {} },
  ], 'and it is what was asked for');
  assert.deepEqual([...early.errors, ...late.errors], []);
});

test('before Go, a choice is one receipt, reported as given in the dialog', async (t) => {
  site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await tab.inside((shadow) => { for (let i = 0; i < 2; i++) shadow.querySelector('[data-temoin="save"]').click(); });
  await tab.dialogIsClosed();
  const { id } = await tab.record();
  const answer = await eventually(async () => {
    const response = await fetch(`${site.url}/api/consents/${id}`);
    return response.ok && response.text();
  }, 'the receipt to be kept');
  assert.match(answer, /"dialog"/);
  assert.equal((await tab.heard('temoin:change')).length, 1);
});

// ---- Go takes it over ----

test('Go takes the open dialog over where it stands: switches, focus, scroll, what is unfolded, and every element', async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t, { viewport: { width: 1000, height: 420 } });
  await tab.visit(site.url);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await tab.turn('youtube');
  await tab.inside((shadow) => {
    shadow.querySelector('.scroll').scrollTop = 120;
    window.events = [];
    for (const type of ['focusin', 'focusout', 'close', 'toggle', 'scroll']) shadow.addEventListener(type, ({ target }) => window.events.push(`${type} ${target.outerHTML.slice(0, 60)}`), true);
    window.changes = [];
    new MutationObserver((list) => window.changes.push(...list.filter(({ type }) => type === 'childList').flatMap(({ addedNodes, removedNodes }) => [...addedNodes, ...removedNodes].filter((node) => node.data !== '' && node.data !== ' ').map((node) => node.outerHTML ?? node.data)))).observe(shadow, { childList: true, subtree: true });
  });
  await tab.frames();
  await tab.run(() => { window.events.length = 0; });
  const place = (shadow) => [shadow.querySelector('.scroll').scrollTop, shadow.querySelector('.root').innerText];
  const before = [await tab.inside(shown), await tab.inside(place)];
  assert.ok(before[1][0] > 0, 'it must be scrolled for the test to mean something');
  assert.deepEqual([before[0].focus, before[0].on], ['youtube', ['necessary', 'matomo', 'third-party', 'facebook']]);
  release();
  await tab.goDraws();
  assert.deepEqual([await tab.inside(shown), await tab.inside(place)], before);
  assert.deepEqual(await tab.run(() => [window.events, window.changes]), [[], []], 'nothing may be heard of it, and no element may come or go');
  await tab.turn('youtube');
  await tab.until((shadow) => shadow.querySelector('#temoin-third-party-state').innerText.trim() === '', 'Go to answer the switch');
  await tab.keys('Tab');
  await tab.press('save');
  await tab.dialogIsClosed();
  assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
  assert.equal((await tab.heard('temoin:change')).length, 1, 'the choice is made once');
  assert.deepEqual(tab.errors, []);
});

for (const sign of ['pointermove', 'wheel', 'keydown', 'touchmove']) {
  test(`Go waits while the visitor’s hand is busy: ${sign}`, async (t) => {
    /** A hand that moves each 20 ms until it is told to rest; and whether the program is there. */
    const busy = (sign) => {
      window.moves = 0;
      window.hand = setInterval(() => {
        window.moves += 1;
        document.body?.dispatchEvent(new Event(sign, { bubbles: true }));
      }, 20);
      const { instantiate } = WebAssembly;
      WebAssembly.instantiate = async (...args) => {
        const instance = await instantiate(...args);
        window.moves = 0;
        window.ready = true;
        return instance;
      };
    };
    const tab = await browser.tab(t, { before: [[busy, sign]] });
    await tab.visit(site.url);
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.until(() => window.ready && window.moves > 50, 'the program to be there, and the hand to go on');
    assert.equal(await tab.goHasNotRun(), true, 'no press may wait for the start of Go');
    await tab.run(() => { clearInterval(window.hand); });
    await tab.goDraws();
  });
}

test('layers that are not those that Go draws stay as they are, and work', async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.inside((shadow) => { shadow.querySelector('.sheet').append(document.createElement('hr')); });
  release();
  const warned = await eventually(async () => (await tab.lines()).find((line) => line.includes('the program does not run')), 'the console to say so');
  assert.match(warned, /temoin/);
  await tab.turn('third-party');
  await tab.press('save');
  await tab.dialogIsClosed();
  assert.equal((await tab.record()).choices['third-party'], true);
  assert.equal(await tab.goHasNotRun(), true);
});

test('who has answered has the dialog as well before Go: with the choice, and with its receipt to be had', async (t) => {
  site.hold(program);
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, record(rev, { at: now() - day, choices: { ...choices(false), statistics: true }, services: { matomo: false } })));
  const tab = await visitor.tab();
  await tab.visit(site.url);
  await tab.settles();
  assert.deepEqual(site.asked(parts), [], 'nothing is fetched for who has answered');
  await tab.press('open');
  await tab.dialogIsOpen();
  const { on, proof, states } = await tab.inside(shown);
  assert.deepEqual(on, ['necessary', 'statistics', 'google-analytics']);
  assert.ok(states.some((state) => /en partie/.test(state)));
  assert.equal(proof, true);
  await tab.press('proof');
  await tab.until((shadow) => shadow.querySelector('.proof [role=status]').innerText.trim() !== '', 'to be told that there is no receipt of a choice that was never reported');
});
