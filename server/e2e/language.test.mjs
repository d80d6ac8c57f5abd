// Which language the layers speak.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { plain } from './lib/browser.mjs';
import { eventually, send } from './lib/server.mjs';
import { dialog, loader, parts, program, stage } from './lib/stage.mjs';

const { browser, server, site } = await stage();

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

// ---- the page's language changes without a load ----

/** Has the page speak another language, as a router does; the banner or the button that is seen follows. */
async function turns(tab, lang) {
  await tab.run((lang) => { document.documentElement.lang = lang; }, lang);
  await tab.until((shadow, lang) => ['.layers', '.notice'].every((part) => shadow.querySelector(part)?.lang === lang), `the layers to be marked as ${lang}`, lang);
}

const dialogSays = async (tab) => plain(await tab.inside((shadow) => shadow.querySelector('dialog').textContent));

/** The language that the receipt of the present choice names. */
async function receiptLanguage(tab) {
  const { id } = await tab.record();
  const receipt = await eventually(async () => {
    const { status, text } = await send(`${server.url}/api/consents/${id}`);
    return status === 200 && text;
  }, 'the receipt');
  return /"language": ?"(\w+)"/.exec(receipt)?.[1];
}

for (const when of ['before Go', 'once Go runs']) {
  test(`${when}, banner, dialog and receipt follow the page’s language; focus, switches and what is unfolded stay`, async (t) => {
    site.page('/page', page(' lang="fr"'));
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/page');
    await speaks(tab, 'fr');
    if (when === 'once Go runs') await tab.goRuns();
    await tab.focus('refuse');
    await turns(tab, 'en');
    await speaks(tab, 'en');
    assert.equal((await tab.layers()).focus, 'refuse');
    assert.equal(await tab.inside((shadow) => shadow.activeElement.textContent), 'Refuse all');
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.until((shadow) => /Choose my cookies/.test(shadow.querySelector('dialog').textContent.replace(/\u00a0/g, ' ')), 'the dialog in English');
    await tab.turn('youtube');
    await turns(tab, 'fr');
    await tab.until((shadow) => /Choisir mes cookies/.test(shadow.querySelector('dialog').textContent.replace(/\u00a0/g, ' ')), 'the dialog in French');
    const said = await dialogSays(tab);
    assert.match(said, /Services et cookies \(2\)/);
    assert.match(said, /Lire dans la page des vidéos/, 'the catalogue’s own texts too');
    assert.doesNotMatch(said, /Provider|months|Save/, 'nothing may be left in English');
    assert.deepEqual(await tab.inside((shadow) => {
      const dialog = shadow.querySelector('dialog');
      return [dialog.matches(':modal'), shadow.activeElement.name, dialog.querySelector('[name="youtube"]').checked, dialog.querySelector('[name="youtube"]').closest('details').open];
    }), [true, 'youtube', true, true]);
    await tab.press('save');
    await tab.dialogIsClosed();
    assert.equal(await tab.has('youtube'), true);
    assert.equal((await tab.layers()).said, 'Votre choix est enregistré.');
    assert.equal(await receiptLanguage(tab), 'fr');
    await turns(tab, 'en');
    const { text, notice } = await tab.inside((shadow) => ({ text: shadow.querySelector('.reopen button').textContent, notice: shadow.querySelector('.notice p').textContent }));
    assert.deepEqual([text, notice], ['Manage my cookies', 'Your choice has been saved.']);
    assert.deepEqual(tab.errors, []);
  });
}

test('what is answered after the page’s language has changed is reported in it, whichever way it is answered', async (t) => {
  site.page('/page', page(' lang="fr"'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/page');
  await tab.bannerIsThere();
  await turns(tab, 'en');
  await tab.press('accept');
  await tab.bannerIsGone();
  assert.equal(await receiptLanguage(tab), 'en');
});

test('a language that changes while Go and the dialog are on their way, and back and forth, is that of all in the end', async (t) => {
  site.page('/page', page(' lang="fr"'));
  const release = [site.hold(program), site.hold(dialog)];
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/page');
  await tab.press('customize');
  await eventually(() => site.asked(dialog).length, 'the dialog to be asked for');
  await turns(tab, 'en');
  for (const lang of ['fr', 'en', 'fr', 'en']) await tab.run((lang) => { document.documentElement.lang = lang; }, lang);
  for (const arrive of release) arrive();
  await tab.dialogIsOpen();
  await tab.goRuns();
  await tab.until((shadow) => shadow.querySelector('dialog').textContent.includes('Choose my') && shadow.querySelector('.banner').textContent.includes('Your cookie choices') && shadow.querySelector('.layers').lang === 'en', 'all in English');
  assert.equal(await tab.inside((shadow) => shadow.querySelector('.banner [data-temoin="customize"]').textContent), 'Customize', 'the button that said “please wait”');
});

test('a dialog that is asked for while the banner’s other language is on its way follows it', async (t) => {
  site.page('/page', page(' lang="fr"'));
  const neverIdle = () => { window.requestIdleCallback = () => 0; };
  const release = [site.hold(program), site.hold(/shell\.en/)];
  const tab = await browser.tab(t, { before: [neverIdle] });
  await tab.visit(site.url + '/page');
  await speaks(tab, 'fr');
  await tab.run(() => { document.documentElement.lang = 'en'; });
  await eventually(() => site.asked(/shell\.en/).length, 'the banner’s English to be asked for');
  await tab.press('customize');
  await tab.dialogIsOpen();
  release[1]();
  await tab.until((shadow) => shadow.querySelector('.banner').textContent.includes('Your cookie choices') && shadow.querySelector('dialog').textContent.replace(/\u00a0/g, ' ').includes('Choose my'), 'banner and dialog in English');
  assert.deepEqual(tab.errors, []);
});

test('placeholders follow the page’s language, and a notice that is shown', async (t) => {
  const embed = '<iframe title="video" width="400" height="225" data-consent="third-party" data-service="youtube" data-src="https://www.youtube-nocookie.com/embed/x"></iframe>';
  site.page('/page', page(' lang="fr"').replace('<p>text', embed));
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  await tab.visit(site.url + '/page');
  const placeholder = (words) => tab.until((shadow, words) => document.querySelector('.temoin-placeholder')?.shadowRoot?.textContent.includes(words), `a placeholder with the words ${words}`, words);
  await placeholder('Toujours');
  await tab.press('refuse');
  await tab.bannerIsGone();
  assert.match((await tab.layers()).notice, /ne peut pas être gardé/);
  await turns(tab, 'en');
  await placeholder('Always');
  assert.match((await tab.layers()).notice, /cannot be kept/);
  await tab.run(() => { const other = document.documentElement.cloneNode(true); other.lang = 'fr'; document.documentElement.replaceWith(other); });
  await placeholder('Toujours');
});

test('where data-lang or the file says which language it is, the page’s does not change it', async (t) => {
  for (const [src, attribute] of [['/temoin.js', 'data-lang="fr"'], ['/temoin.fr.js', '']]) {
    site.page('/page', page(' lang="fr"', `<script src="${src}" ${attribute}></script>`));
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/page');
    await speaks(tab, 'fr');
    await tab.run(() => { document.documentElement.lang = 'en'; });
    await tab.settles();
    await speaks(tab, 'fr');
    if (!attribute) continue;
    await tab.run(() => { document.querySelector('script[data-lang]').dataset.lang = 'en'; });
    await tab.until((shadow) => shadow.querySelector('.layers').lang === 'en', 'the language that data-lang names now');
  }
});

test('where the other language cannot be had, all goes on in the one that is there, and the console says so', async (t) => {
  site.page('/page', page(' lang="fr"'));
  site.fail(/shell\.en/);
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/page');
  await tab.bannerIsThere();
  await tab.run(() => { document.documentElement.lang = 'en'; });
  await eventually(async () => (await tab.lines()).some((line) => /^warn.*temoin: the texts in en/.test(line)), () => `a warning, the console says ${tab.console}`);
  await speaks(tab, 'fr');
  await tab.press('refuse');
  await tab.bannerIsGone();
  assert.equal(await receiptLanguage(tab), 'fr');
  assert.deepEqual(tab.errors, []);
});

test('a button that is held down while the language changes is pressed all the same', async (t) => {
  site.page('/page', page(' lang="fr"'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/page');
  await speaks(tab, 'fr');
  const { x, y } = await tab.inside((shadow) => {
    const { left, top, width, height } = shadow.querySelector('.banner [data-temoin="customize"]').getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  });
  await tab.mouse.move(x, y);
  await tab.mouse.down();
  await tab.run(() => { document.documentElement.lang = 'en'; });
  await tab.until((shadow) => shadow.querySelector('.banner [data-temoin="customize"]').textContent === 'Customize', 'the button in English');
  await tab.mouse.up();
  await tab.dialogIsOpen();
});
