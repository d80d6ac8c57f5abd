// Pages that are made with other people's libraries, as npm has them: those that put
// another page's body in the place of the one that was there, and those that take over
// what the server has rendered.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { makeAstro, makePage } from './lib/bundle.mjs';
import { choices } from './lib/records.mjs';
import { repository } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const { browser, site } = await stage();

const script = { 'content-type': 'text/javascript', 'cache-control': 'no-store' };
const library = (file) => readFile(path.join(repository, 'server/e2e/node_modules', file));

/** Asserts that the layers are in the page once: of banner, reopen and dialog, what is named and nothing else. */
async function shows(tab, ...names) {
  const look = (shadow) => {
    const hosts = [...document.querySelectorAll('#temoin')];
    const seen = (selector) => !!shadow?.querySelector(selector)?.checkVisibility({ visibilityProperty: true });
    return [hosts.length, seen('.banner') && 'banner', seen('.reopen') && 'reopen', !!shadow?.querySelector('dialog')?.open && 'dialog'].filter(Boolean).join();
  };
  await tab.until(`(shadow, wanted) => (${look})(shadow) === wanted`, `once, and to be seen: ${names}`, [1, ...names].join());
}

/** Asserts that nobody has anything to complain of. */
async function isQuiet(tab) {
  assert.deepEqual(tab.errors, []);
  const lines = (await tab.lines()).filter((line) => /^(error|warn)/.test(line) && !/favicon/.test(line));
  assert.deepEqual(lines, []);
}

async function closes(tab) {
  await tab.dialogIsOpen();
  await tab.press('close');
  await tab.dialogIsClosed();
}

// ---- routers that put another body there ----

/** Serves two pages that bring the library along in one file. */
const alone = (file, body) => async () => {
  site.file('/library.js', await library(file), script);
  for (const name of ['one', 'two']) site.page('/' + name, routed(name, 'fr', body));
};

/** Serves the two pages of a site that Astro has built. */
async function astro(t) {
  for (const [name, text] of Object.entries(await makeAstro(t))) {
    if (name.endsWith('/index.html')) site.page(path.dirname(name), text);
    else site.file(name, text, script);
  }
}

const routers = {
  'Turbo Drive': alone('@hotwired/turbo/dist/turbo.es2017-umd.js'),
  'htmx, which boosts all links': alone('htmx.org/dist/htmx.js', 'hx-boost="true"'),
  'Astro’s router': astro,
};

/** One of two pages, in French and in English. */
const routed = (name, lang, body) => `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><script src="/temoin.js"></script><script src="/library.js"></script><title>${name}</title></head>
<body ${body ?? ''}><h1 id="${name}">${name}</h1><nav><a href="/one" id="to-one">one</a> <a href="/two" id="to-two">two</a> <a href="#temoin" id="cookies">cookies</a></nav>
<template data-consent="third-party" data-service="youtube"><p class="embed">a video</p></template></body></html>`;

/** MiniBrowser ends in a transition between two of Astro's pages, with Témoin and without; so Astro goes on as in older browsers. */
const withoutTransitions = () => { delete Document.prototype.startViewTransition; };

/** Waits for one of the two pages. While Astro has one turn into the other, nothing on either can be pressed. */
const arrives = (tab, name) => tab.until((shadow, name) => !!document.getElementById(name) && location.pathname === `/${name}` && !document.documentElement.dataset.astroTransition, `the page ${name}`, name);

for (const [name, serve] of Object.entries(routers)) {
  test(`${name}: the layers are there after each visit, and Back, before and after Go runs; one choice`, async (t) => {
    await serve(t);
    const tab = await browser.tab(t, { before: engine === 'webkit' ? [withoutTransitions] : [] });
    const goes = async (to) => {
      await tab.click(`#to-${to}`);
      await arrives(tab, to);
      assert.equal(await tab.run(() => window.stamped), true, 'the library must have put it there for the test to mean something');
    };
    await tab.visit(site.url + '/one');
    await tab.run(() => { window.stamped = true; });
    await shows(tab, 'banner');
    await goes('two');
    await shows(tab, 'banner');
    await tab.press('customize');
    await closes(tab);
    await tab.run(() => { history.back(); });
    await arrives(tab, 'one');
    await shows(tab, 'banner');
    await goes('two');
    await goes('one');
    await shows(tab, 'banner');
    await tab.press('accept');
    await shows(tab, 'reopen');
    await tab.until(() => !!document.querySelector('.embed'), 'what was allowed');
    const { id } = await tab.record();
    await goes('two');
    await shows(tab, 'reopen');
    await tab.until(() => document.querySelectorAll('.embed').length === 1, 'what was allowed, on the other page');
    await tab.click('#cookies');
    await closes(tab);
    await tab.run(() => { history.back(); });
    await arrives(tab, 'one');
    await shows(tab, 'reopen');
    await tab.until(() => document.querySelectorAll('.embed').length === 1, 'what was allowed, in the page that was kept, once');
    assert.equal((await tab.record()).id, id, 'the same choice');
    await tab.press('open');
    await tab.dialogIsOpen();
    await tab.press('refuse');
    await tab.dialogIsClosed();
    await shows(tab, 'reopen');
    await tab.until(() => !document.querySelector('.embed'), 'what is no longer allowed to go');
    assert.deepEqual((await tab.record()).choices, choices(false));
    assert.equal(await tab.run(() => window.stamped), true);
    await isQuiet(tab);
  });
}

// ---- frameworks that take over what the server has rendered ----

const frameworks = {
  'React 19, to which the whole document belongs, as with Next': ['react', {}],
  'React 18, to which the whole document belongs': ['react', { react: 'react-18', 'react-dom': 'react-dom-18' }],
  'Vue 3': ['vue', {}],
};

for (const [name, [files, alias]] of Object.entries(frameworks)) {
  test(`${name}: it finds what the server has rendered, and the layers are there in each view`, async (t) => {
    const { html, client } = await makePage(files, alias);
    site.page('/app', html);
    site.file('/client.js', client, script);
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/app');
    await shows(tab, 'banner');
    await tab.until(() => {
      const button = document.querySelector('#count');
      button.click();
      return button.textContent > 0;
    }, 'the framework to answer');
    await tab.click('#to-b');
    await tab.until(() => document.querySelector('h1').textContent === 'View b', 'the other view');
    await shows(tab, 'banner');
    await tab.press('customize');
    await closes(tab);
    await tab.press('refuse');
    await shows(tab, 'reopen');
    await tab.click('#to-a');
    await shows(tab, 'reopen');
    await tab.click('#cookies');
    await closes(tab);
    await tab.press('open');
    await tab.dialogIsOpen();
    await tab.press('accept');
    await tab.dialogIsClosed();
    await shows(tab, 'reopen');
    assert.deepEqual((await tab.record()).choices, choices(true));
    await isQuiet(tab);
  });
}
