// Every language that there are texts for, drawn by a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inDialog, isAccessible } from './lib/axe.mjs';
import { placeholderIsDrawn } from './lib/gate.mjs';
import { catalogueIn, direction, languages, pageIn, rightToLeft } from './lib/languages.mjs';
import { stage } from './lib/stage.mjs';

const all = ['fr', ...languages.filter((lang) => lang !== 'fr')];
const { browser, site } = await stage({ catalogue: catalogueIn(all) });

/** Only the shell: Go starts when the visitor comes near. */
const saveData = () => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); };

/** What of the buttons in a place does not fit: words that are broken, rows that are not one, what lies out of view. */
const misfits = (shadow, place) => {
  const isBroken = (button) => [...button.textContent.matchAll(/[^\s-]+/g)].some(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(button.firstChild, index);
    range.setEnd(button.firstChild, index + word.length);
    return new Set([...range.getClientRects()].filter(({ width }) => width).map(({ top }) => top)).size > 1;
  });
  const buttons = [...shadow.querySelectorAll(`${place} .buttons .button`)];
  const boxes = buttons.map((button) => button.getBoundingClientRect());
  return [
    ...buttons.filter((button) => isBroken(button) || button.scrollWidth > button.clientWidth).map((button) => 'too long: ' + button.textContent),
    ...boxes.filter(({ top, height }) => top !== boxes[0].top || height !== boxes[0].height).map(() => 'not in one row'),
    ...boxes.filter(({ left, right, bottom }) => left < 0 || right > innerWidth || bottom > innerHeight).map(() => 'out of view'),
    ...buttons.length === 3 ? [] : [`${buttons.length} buttons`],
  ];
};

for (const lang of all) {
  test(`on a small telephone the banner speaks ${lang}, with its three buttons side by side and in view`, async (t) => {
    site.page('/page', pageIn(lang));
    const tab = await browser.tab(t, { viewport: { width: 320, height: 640 }, before: [saveData] });
    await tab.visit(site.url + '/page');
    await tab.bannerIsThere();
    const found = await tab.inside((shadow) => ['.layers', '.notice'].map((selector) => {
      const { lang, dir } = shadow.querySelector(selector);
      return [lang, dir];
    }));
    assert.deepEqual(found, [[lang, direction(lang)], [lang, direction(lang)]]);
    assert.deepEqual(await tab.inside(misfits, '.banner'), []);
    if (lang === 'fr') {
      await tab.inside((shadow) => { shadow.querySelector('.banner .button').textContent = 'Personnalisationnellement'; });
      assert.deepEqual(await tab.inside(misfits, '.banner'), ['too long: Personnalisationnellement'], 'this test sees a word that is too long');
    }
    assert.equal(await tab.run(() => document.documentElement.scrollWidth), 320, 'nothing is wider than the screen');
  });
}

// What is left out here differs by words only.
for (const lang of ['ar', 'he', 'de', 'el', 'mt']) {
  test(`on a small telephone the dialog fits in ${lang}`, async (t) => {
    site.page('/page', pageIn(lang));
    const tab = await browser.tab(t, { viewport: { width: 320, height: 640 } });
    await tab.visit(site.url + '/page');
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
    assert.deepEqual(await tab.inside(misfits, 'dialog'), []);
    const wide = await tab.inside((shadow) => {
      for (const details of shadow.querySelectorAll('dialog details')) details.open = true;
      return [...shadow.querySelectorAll('dialog *')].filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline').map((element) => element.outerHTML.slice(0, 80));
    });
    assert.deepEqual(wide, [], 'nothing is cut or wider than what holds it');
  });
}

for (const lang of rightToLeft) {
  test(`in ${lang} all runs from right to left, but for names`, async (t) => {
    site.page('/page', pageIn(lang));
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/page');
    await tab.goRuns();
    await isAccessible(tab, 'the banner');
    const dark = await browser.tab(t, { media: { 'prefers-color-scheme': 'dark' } });
    await dark.visit(site.url + '/page');
    await dark.goRuns();
    await isAccessible(dark, 'the banner, dark');
    await dark.press('customize');
    await dark.dialogIsOpen();
    await isAccessible(dark, 'the dialog, dark', inDialog);
    await dark.close();
    const banner = await tab.inside((shadow) => [...shadow.querySelectorAll('.banner .title, .banner .button')].map((element) => element.getBoundingClientRect().left));
    assert.deepEqual(banner.toSorted((a, b) => b - a), banner, 'the title is on the right, then refuse, customize, accept');

    await tab.press('customize');
    await tab.dialogIsOpen();
    await isAccessible(tab, 'the dialog', inDialog);
    const knobs = await tab.inside((shadow) => ['necessary', 'statistics'].map((name) => {
      const input = shadow.querySelector(`dialog input[name=${name}]`);
      return { ours: parseFloat(getComputedStyle(input, '::before').left), beside: input.getBoundingClientRect().left - input.labels[0].querySelector('span').getBoundingClientRect().left };
    }));
    assert.ok(knobs[0].ours < knobs[1].ours, 'what is on has its knob on the left');
    assert.ok(knobs.every(({ beside }) => beside > 0), 'the name is on the left of its switch');
    const code = await tab.inside((shadow) => {
      shadow.querySelector('dialog input[name=statistics]').closest('.category').querySelector('details').open = true;
      const element = [...shadow.querySelectorAll('dialog code')].find((one) => one.textContent === '_pk_id.*');
      const range = document.createRange();
      return [0, 7].map((at) => {
        range.setStart(element.firstChild, at);
        range.setEnd(element.firstChild, at + 1);
        return range.getBoundingClientRect().left;
      });
    });
    assert.ok(code[0] < code[1], 'the star of _pk_id.* is on its right');
    await tab.press('refuse');
    await tab.dialogIsClosed();
    await tab.sees('open');
    const { right } = await tab.inside((shadow) => shadow.querySelector('.reopen .button').getBoundingClientRect().toJSON());
    assert.ok(right > 1280 - 20, 'the floating button is on the right');

    await placeholderIsDrawn(tab);
    const placeholder = await tab.run(() => {
      const box = document.querySelector('.temoin-placeholder').shadowRoot.querySelector('.placeholder');
      const { lang, dir } = box;
      const { direction, textAlign } = getComputedStyle(box);
      return { lang, dir, direction, textAlign, buttons: [...box.querySelectorAll('button')].map((button) => button.getBoundingClientRect().left) };
    });
    assert.deepEqual({ ...placeholder, buttons: 2 }, { lang, dir: 'rtl', direction: 'rtl', textAlign: 'start', buttons: 2 });
    assert.ok(placeholder.buttons[0] > placeholder.buttons[1], 'the first button of the placeholder is on the right');

    await tab.visit(`${site.url}/charte-cookies/${lang}`);
    assert.deepEqual(await tab.run(() => [document.documentElement.lang, document.documentElement.dir]), [lang, 'rtl']);
    await isAccessible(tab, 'the charter');
  });
}

for (const [name, html, wanted, expected] of [
  ['Portuguese in Brazil', 'pt-BR', ['fr'], 'pt'],
  ['Swiss German', 'de-CH', ['fr'], 'de'],
  ['Spanish in Latin America', 'es-419', ['fr'], 'es'],
  ['Valencian', 'ca-ES-valencia', ['fr'], 'ca'],
  ['Chinese, of which there is nothing', 'zh-Hant-TW', ['zh', 'de-AT'], 'de'],
  ['Norwegian, by the browser’s second language', 'nb', ['nb-NO', 'sv'], 'sv'],
  ['Norwegian, and nothing else: the site’s first language, no guess', 'no', ['no'], 'fr'],
  ['Serbian, and nothing else: the site’s first language, no guess', 'sr-Latn-RS', ['sr'], 'fr'],
]) {
  test(`of a page in ${name}`, async (t) => {
    site.page('/page', pageIn(html));
    const tab = await browser.tab(t, { languages: wanted, before: [saveData] });
    await tab.visit(site.url + '/page');
    await tab.bannerIsThere();
    assert.equal(await tab.inside((shadow) => shadow.querySelector('.layers').lang), expected);
  });
}
