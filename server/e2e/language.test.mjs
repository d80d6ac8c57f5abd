// Which language the layers speak.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { plain } from './lib/browser.mjs';
import { eventually } from './lib/server.mjs';
import { loader, parts, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

const titles = { fr: 'Vos choix sur les cookies', en: 'Your cookie choices' };

/** The language of what is shown, by its words and by its marks. */
async function speaks(tab, lang) {
  await tab.bannerIsThere();
  const found = await tab.inside((shadow) => ({
    title: shadow.querySelector('.banner .title').textContent,
    marks: ['.layers', '.notice'].map((selector) => {
      const { lang, dir } = shadow.querySelector(selector);
      return [lang, dir];
    }),
  }));
  assert.equal(found.title, titles[lang], 'the words');
  assert.deepEqual(found.marks, [[lang, 'ltr'], [lang, 'ltr']], 'lang and dir of the layers and of the notice');
}

const page = (html, script = '<script src="/temoin.js"></script>') => `<!doctype html><html${html}><head>${script}<title>x</title></head><body><p>text</p></body></html>`;

const cases = [
  ['of the page', ' lang="en"', undefined, ['fr'], 'en'],
  ['of the page, of which the catalogue knows the language, not the region', ' lang="en-GB"', undefined, ['fr'], 'en'],
  ['of the page, in capitals', ' lang="EN"', undefined, ['fr'], 'en'],
  ['of data-lang before that of the page', ' lang="fr"', '<script src="/temoin.js" data-lang="en"></script>', ['fr'], 'en'],
  ['of the page, where data-lang is not known', ' lang="en"', '<script src="/temoin.js" data-lang="xx"></script>', ['fr'], 'en'],
  ['of the browser, where the page has none', '', undefined, ['en-US', 'fr'], 'en'],
  ['of the browser, where the page’s is not known', ' lang="pt-BR"', undefined, ['de', 'en', 'fr'], 'en'],
  ['that comes first in the catalogue, where nothing is known', ' lang="pt"', undefined, ['de', 'it'], 'fr'],
  ['that comes first, where the tag is nonsense', ' lang="-"', undefined, ['', '*'], 'fr'],
];

for (const [name, html, script, languages, expected] of cases) {
  test(`the banner speaks the language ${name}`, async (t) => {
    site.page('/page', page(html, script));
    const tab = await browser.tab(t, { languages });
    await tab.visit(site.url + '/page');
    await speaks(tab, expected);
    assert.deepEqual(tab.errors, []);
  });
}

test('once Go runs, dialog and announcements speak the same language', async (t) => {
  const tab = await browser.tab(t, { languages: ['fr'] });
  await tab.visit(site.url + '/?lang=en');
  await speaks(tab, 'en');
  await tab.goRuns();
  await speaks(tab, 'en');
  await tab.press('customize');
  await tab.dialogIsOpen();
  const text = plain(await tab.inside((shadow) => shadow.querySelector('dialog').textContent));
  assert.match(text, /Choose my cookies/);
  assert.match(text, /Services and cookies \(2\)/);
  assert.match(text, /6 months/);
  assert.match(text, /Play videos hosted by YouTube/, 'the catalogue’s own texts too');
  assert.doesNotMatch(text, /Enregistrer|Fournisseur|Durée|nécessaires/, 'nothing may be left in French');
  await tab.press('save');
  await tab.bannerIsGone();
  assert.equal((await tab.layers()).said, 'Your choice has been saved.');
});

for (const lang of ['fr', 'en']) {
  test(`/temoin.${lang}.js speaks that language whatever the page’s is, and asks for no other file`, async (t) => {
    site.page('/page', page(lang === 'fr' ? ' lang="en"' : ' lang="fr"', `<script src="/temoin.${lang}.js"></script>`));
    const tab = await browser.tab(t, { languages: [lang === 'fr' ? 'en' : 'fr'], before: [() => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); }] });
    await tab.visit(site.url + '/page');
    await speaks(tab, lang);
    await tab.settles();
    assert.deepEqual(site.asked(parts), []);
    assert.deepEqual(site.asked(loader), [`/temoin.${lang}.js`]);
  });
}

test('the banner in the second language is the loader’s and one small file more', async (t) => {
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(navigator, 'connection', { value: { saveData: true } }); }] });
  await tab.visit(site.url + '/?lang=en');
  await speaks(tab, 'en');
  await tab.settles();
  assert.equal(site.asked(parts).length, 1, `${site.asked(parts)}`);
  assert.match(site.asked(parts)[0], /^\/temoin\/shell\.en\.[0-9a-f]{8}\.json$/);
});

for (const [name, fault] of [['is missing', () => site.fail(/shell\.en/)], ['cannot be read', () => site.alter(/shell\.en/, (answer) => ({ ...answer, body: Buffer.from('<html>') }))]]) {
  test(`where the file of the other language ${name}, the banner comes in the first language, and the console says so`, async (t) => {
    fault();
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/?lang=en');
    await speaks(tab, 'fr');
    await eventually(async () => (await tab.lines()).some((line) => /^warn.*temoin:.*en/.test(line)), () => `a warning, the console says ${tab.console}`);
    await tab.press('accept');
    await tab.bannerIsGone();
    assert.deepEqual(tab.errors, []);
  });
}

test('a returning visitor of the second language has the floating button in it', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/?lang=en');
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.reload();
  await tab.sees('open');
  assert.equal(await tab.inside((shadow) => shadow.querySelector('.reopen button').textContent), 'Manage my cookies');
});

test('a choice made in one language counts in the other', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/?lang=en');
  await tab.press('accept');
  await tab.bannerIsGone();
  await tab.visit(site.url + '/?lang=fr');
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false);
  assert.equal(await tab.has('youtube'), true);
});
