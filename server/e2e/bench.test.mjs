// The bench on the demo's page to try things: the banner in other looks, and
// what to write to get it elsewhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isAccessible } from './lib/axe.mjs';
import { can, engine, plain } from './lib/browser.mjs';
import { page, reloaded, stamp } from './lib/gate.mjs';
import { languages } from './lib/languages.mjs';
import { startSite, startTemoin } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const { browser, server } = await stage({ whole: true }); // for the clipboard

/** What tells one look from another. */
const look = (shadow) => {
  const banner = shadow.querySelector('.banner');
  const { backgroundColor, borderTopColor, width } = getComputedStyle(banner);
  const { color, fontFamily, borderRadius } = getComputedStyle(banner.querySelector('[data-temoin="accept"]'));
  return { text: banner.innerText, backgroundColor, borderTopColor, width, color, fontFamily, borderRadius };
};

test('by keyboard alone: choose a look, see it, and get it elsewhere with what the page prints', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai');
  await tab.goRuns();
  const plain = await tab.inside(look);
  await tab.run(() => document.querySelector('.bench select[name="theme"]').focus());
  await tab.keys('ArrowDown', 'Tab', 'ArrowDown', 'Tab', 'Tab', 'Space', 'Enter');
  await tab.arrives(/theme=dsfr&position=corner/);
  await tab.goRuns();
  const shown = await tab.inside(look);
  assert.notDeepEqual(shown, plain, 'the banner must look otherwise');
  assert.match(shown.text, /À propos des cookies/);
  const { tag, catalogue, chosen } = await tab.run(() => ({
    tag: document.getElementById('banc-balise').textContent,
    catalogue: document.getElementById('banc-catalogue').textContent,
    chosen: [...document.querySelectorAll('.bench select, .bench :checked:not(option)')].map(({ name, value }) => `${name}=${value}`),
  }));
  assert.equal(tag, '<script src="/temoin.js"></script>');
  assert.match(catalogue, /^look:\n  theme: dsfr\n  position: corner$/m);
  assert.deepEqual(chosen, ['banner=', 'theme=dsfr', 'position=corner', 'scheme=auto', 'category=third-party'], 'the form shows what is asked for');

  const elsewhere = await startTemoin(t, { catalogue });
  const other = await browser.tab(t);
  await other.visit(elsewhere.url + '/essai');
  await other.goRuns();
  assert.deepEqual(await other.inside(look), shown, 'the printed catalogue gives what is seen');
});

test('the dialog, the placeholders and the choice work in a look that is tried', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai?theme=minimal&position=centre&scheme=dark&banner=en');
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal(await tab.inside((shadow) => shadow.querySelector('dialog').getAttribute('lang') ?? shadow.querySelector('.layers').lang), 'en');
  await tab.turn('statistics');
  await tab.press('save');
  await tab.dialogIsClosed();
  await tab.until(() => /179|180/.test(document.getElementById('panneau-age').textContent), 'the age of the choice, and how long it is kept');
  await tab.until(() => document.querySelector('.temoin-placeholder').shadowRoot?.textContent.includes('Always allow'), 'a placeholder in English');
  await stamp(tab);
  await tab.click('[data-action="reset"]');
  await reloaded(tab); // the measure has run
  await tab.bannerIsThere();
  assert.deepEqual(tab.errors, []);
  assert.deepEqual(await tab.heard('violation'), [], 'the server’s own policy allows all of it');
});

/** Chooses in the form: values by name of a select, whether it is on by value of a box. */
const choose = (tab, wanted) => tab.run((wanted) => {
  const form = document.querySelector('.bench');
  for (const [name, value] of Object.entries(wanted)) {
    const select = form.querySelector(`select[name="${name}"]`);
    const box = form.querySelector(`[type=checkbox][value="${name}"]`);
    if (select) select.value = value;
    else if (box.checked !== value) box.click();
    if (select && select.value !== value) throw new Error(`no ${value} in ${name}`);
  }
}, wanted);

/** Clicks what the banner may lie over: the visitor scrolls first. */
async function click(tab, selector) {
  await tab.run((selector) => document.querySelector(selector).scrollIntoView({ block: 'start', behavior: 'instant' }), selector);
  await tab.click(selector);
}

/** Sends the form, and waits for the page with what was asked for. */
async function show(tab, wanted) {
  await choose(tab, wanted);
  await stamp(tab);
  await click(tab, '.bench [type=submit]');
  await reloaded(tab);
}

const printed = (tab) => tab.run(() => ['balise', 'catalogue'].map((name) => document.getElementById(`banc-${name}`).textContent));

test('every control of the form shows in the banner, and the printed tag and catalogue give the same on another site', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai');
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll('[name=banner] option')].map(({ value }) => value).filter(Boolean).sort()), languages, 'every language can be chosen');
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll('[name=banner] option')].filter(({ value, lang }) => value !== lang).map(({ value }) => value)), [], 'each says which it is');
  await show(tab, { banner: 'ar', theme: 'minimal', position: 'corner', scheme: 'dark', statistics: true, 'third-party': false });
  await tab.goRuns();
  const spoken = await tab.inside((shadow) => {
    const { lang, dir } = shadow.querySelector('.banner').closest('[lang]');
    const { left, right } = shadow.querySelector('.banner').getBoundingClientRect();
    return { lang, dir, corner: right - left < innerWidth / 2 };
  });
  assert.deepEqual([spoken.lang, spoken.dir, spoken.corner], ['ar', 'rtl', true]);
  const shown = await tab.inside(look);
  assert.match(shown.text, /[\u0600-\u06ff]{3}/, 'the banner speaks Arabic');
  const [tag, catalogue] = await printed(tab);
  assert.equal(tag, '<script src="/temoin.ar.js"></script>');
  assert.match(catalogue, /scheme: dark/);
  assert.doesNotMatch(catalogue, /youtube|facebook/, 'what was left out is not printed');

  const elsewhere = await startTemoin(t, { catalogue });
  const site = await startSite(t, { upstream: elsewhere.url });
  const font = await tab.run(() => getComputedStyle(document.body).fontFamily);
  const url = site.page('/', page(`${tag}<style>body { font-family: ${font}; height: 5000px }</style>`));
  const other = await browser.tab(t);
  await other.visit(url);
  await other.goRuns();
  assert.deepEqual(await other.inside(look), shown, 'the same is seen there');
  await other.press('customize');
  await other.dialogIsOpen();
  assert.deepEqual(Object.keys(await other.switches()).filter((name) => /-party$|statistics$/.test(name)), ['statistics'], 'the dialog asks for what was chosen');

  await click(tab, '.bench a.button');
  await tab.arrives(/\/essai$/);
  assert.deepEqual(await tab.run(() => [...document.querySelectorAll('.bench select, .bench :checked:not(option)')].map(({ value }) => value)), ['', 'default', 'bottom', 'auto', 'statistics', 'third-party'], 'the form is as it was');
});

test('every state of the cookie can be tried, and is shown', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai');
  const panel = (name) => tab.run((name) => document.getElementById(`panneau-${name}`).textContent, name);
  for (const [state, asks, shows] of [
    ['accepted', false, /"third-party": true/], ['refused', false, /"third-party": false/], ['expired', true, /"third-party": true/],
    ['older', true, /"rev": "00000000"/], ['unreadable', true, /^%7Bno record$/], ['none', true, /^Aucun$/],
  ]) {
    await tab.until(() => document.getElementById('panneau-lignes').rows.length > 0, 'the panel to be drawn');
    await tab.run((state) => { document.getElementById('panneau-autre').value = state; }, state);
    await stamp(tab);
    await click(tab, '#panneau-ecrire');
    await reloaded(tab);
    await tab.until(() => document.getElementById('panneau-lignes').rows.length > 0, 'the panel to be drawn');
    assert.match(await panel('cookie'), shows, state);
    assert.equal(await panel('id') === 'Aucun', asks, `whether there is a record, ${state}`);
    await (asks ? tab.bannerIsThere() : tab.sees('open'));
    assert.equal((await tab.layers()).banner, asks, `whether the banner asks, ${state}`);
    assert.equal(await tab.has('third-party'), state === 'accepted', state);
  }
  assert.deepEqual(tab.errors, []);
});

test('what is printed can be copied', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai');
  const texts = await printed(tab);
  for (const [i, name] of ['balise', 'catalogue'].entries()) {
    await tab.run(() => {
      document.getElementById('banc-copie').textContent = '';
      document.getElementById('pasted')?.remove();
    });
    await click(tab, `[data-copy="banc-${name}"]`);
    await tab.until(() => document.getElementById('banc-copie').textContent === 'Copié.', 'that it is copied to be said');
    await tab.run(() => {
      const area = Object.assign(document.createElement('textarea'), { id: 'pasted' });
      document.querySelector('main').prepend(area);
      area.focus();
    });
    await tab.keys('Control+v');
    const pasted = await tab.run(() => document.getElementById('pasted').value);
    // WebKit's clipboard makes a plain space of one that does not break.
    const kept = engine === 'webkit' ? plain : (text) => text;
    assert.equal(kept(pasted), kept(texts[i]), `the ${name} is on the clipboard`);
  }
});

test('the signal of Global Privacy Control can be tried', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(server.url + '/essai');
  await show(tab, { on: true });
  await tab.sees('open');
  await tab.until(() => /Activé/.test(document.getElementById('panneau-gpc').textContent), 'the panel to say so');
  assert.equal((await tab.layers()).banner, false, 'the signal has refused');
  assert.equal(await tab.run(() => document.querySelector('.bench [name="gpc"]').checked), true);
  await tab.click('.languages a[lang="en"]');
  await tab.arrives(/lang=en/);
  assert.equal(await tab.run(() => navigator.globalPrivacyControl), true, 'the other language keeps what is tried');
});

for (const scheme of can('colorScheme') ? ['light', 'dark'] : ['light']) {
  test(`the bench is accessible and 320 px wide enough, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, { viewport: { width: 320, height: 640 }, media: can('colorScheme') ? { 'prefers-color-scheme': scheme } : {} });
    for (const query of ['', '?lang=en&theme=dsfr']) {
      await tab.visit(server.url + '/essai' + query);
      await tab.goRuns();
      assert.equal(await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, 'the page must not scroll sideways');
      await isAccessible(tab, `the bench${query}`);
    }
  });
}
