// Reading order and names, as the browser's accessibility tree has them: each
// state is kept in testdata/tree, to be read like a page. After a change that is
// meant, TEMOIN_UPDATE=1 writes the files anew. Those are Chromium's; roles and
// names are compared in every engine.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { needs, plain } from './lib/browser.mjs';
import { include, page, placeholderIsDrawn } from './lib/gate.mjs';
import { catalogueIn, pageIn } from './lib/languages.mjs';
import { admin, pause, startSite, startTemoin } from './lib/server.mjs';
import { program, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

const folder = new URL('testdata/tree/', import.meta.url);
const states = ['level', 'checked', 'pressed', 'expanded', 'disabled', 'modal'];
const silent = ['generic', 'none', 'InlineTextBox', 'LineBreak', 'RootWebArea', 'LayoutTableRow', 'Iframe', 'LabelText', 'paragraph', 'DescriptionList', 'listitem'];
const called = { StaticText: 'text', DisclosureTriangle: 'disclosure' };

/** What a screen reader comes by, a line each, set in by what it lies in. */
function lines(node, depth = 0, within = '') {
  const name = plain(node.name ?? '').replace(/\s+/g, ' ').trim();
  const told = states.filter((state) => node[state] !== undefined && node[state] !== false)
    .map((state) => (node[state] === true ? state : `${state} ${node[state]}`));
  const isTold = !silent.includes(node.role) && !(node.role === 'StaticText' && (!name || within.includes(name)));
  const description = node.description ? ` (${plain(node.description).replace(/\s+/g, ' ').trim()})` : '';
  const line = `${'  '.repeat(depth)}${called[node.role] ?? node.role}${name ? ` "${name}"` : ''}${told.length ? ` [${told.join(', ')}]` : ''}${description}`;
  const below = (node.children ?? []).flatMap((child) => lines(child, isTold ? depth + 1 : depth, isTold ? name : within));
  return isTold ? [line, ...below] : below;
}

async function isAsKept(tab, name) {
  const text = `${lines(await tab.accessibilityTree()).join('\n')}\n`;
  const file = new URL(`${name}.txt`, folder);
  if (process.env.TEMOIN_UPDATE) {
    await mkdir(folder, { recursive: true });
    await writeFile(file, text);
    return;
  }
  const kept = await readFile(file, 'utf8').catch(() => '');
  assert.deepEqual(text.split('\n'), kept.split('\n'), `the tree is not as in testdata/tree/${name}.txt; where the change is meant, write it anew with TEMOIN_UPDATE=1`);
}

/** A plain page, so that the order of ours among the page's is seen. */
async function visit(t, options) {
  site.page('/embedded', page('', '<p>the video'));
  site.page('/tree', page(include, '<header><a href="#main">Skip</a></header><main id="main"><h1>The page</h1><p>Text.</p><iframe title="Film" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/embedded"></iframe></main>', 'fr'));
  const tab = await browser.tab(t, options);
  await tab.visit(site.url + '/tree');
  await placeholderIsDrawn(tab);
  return tab;
}

test('reading order and names: the shell, and the same once Go draws', needs('accessibilityTree'), async (t) => {
  const release = site.hold(program);
  const tab = await visit(t);
  await tab.bannerIsThere();
  await isAsKept(tab, 'banner');
  release();
  await tab.goRuns();
  await isAsKept(tab, 'banner');
});

test('reading order and names: the dialog, closed and open details', needs('accessibilityTree'), async (t) => {
  const release = site.hold(program);
  const tab = await visit(t);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await isAsKept(tab, 'dialog');
  release();
  await tab.goDraws();
  await isAsKept(tab, 'dialog');
  await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
  await isAsKept(tab, 'dialog-details');
});

test('reading order and names: after a refusal, the placeholder with its details, and after consent', needs('accessibilityTree'), async (t) => {
  const tab = await visit(t);
  await tab.goRuns();
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.run(() => { for (const details of document.querySelector('.temoin-placeholder').shadowRoot.querySelectorAll('details')) details.open = true; });
  await isAsKept(tab, 'refused');
  await tab.run(() => window.temoin.accept());
  await tab.until(() => !document.querySelector('.temoin-placeholder'), 'the embed to be let in');
  await tab.frameAt(/embedded/);
  await tab.settles();
  await isAsKept(tab, 'accepted');
});

for (const lang of ['fr', 'en']) {
  test(`reading order and names: the charter with its form, ${lang}`, needs('accessibilityTree'), async (t) => {
    const tab = await browser.tab(t);
    await tab.visit(`${site.url}/charte-cookies/${lang}`);
    await tab.goRuns(); // nothing is started for who has answered before
    await tab.press('refuse');
    await tab.bannerIsGone();
    await isAsKept(tab, `charter-${lang}`);
  });
}

test('reading order and names: under Global Privacy Control, and in the dialog after a choice', needs('accessibilityTree'), async (t) => {
  const tab = await visit(t, { before: [() => { Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }); }] });
  await tab.sees('open');
  await isAsKept(tab, 'gpc');
  await tab.run(() => window.temoin.save({ 'third-party': true }));
  await tab.press('open');
  await tab.dialogIsOpen();
  await isAsKept(tab, 'dialog-answered');
});

test('reading order and names: where the choice cannot be kept', needs('accessibilityTree'), async (t) => {
  const tab = await visit(t, { before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  await tab.goRuns();
  await tab.press('refuse');
  await tab.bannerIsGone();
  await isAsKept(tab, 'not-kept');
});

test('reading order and names: in Arabic, from right to left', needs('accessibilityTree'), async (t) => {
  const { url } = await startTemoin(t, { catalogue: catalogueIn(['ar', 'fr']) });
  const arabic = await startSite(t, { upstream: url });
  arabic.page('/page', pageIn('ar'));
  const tab = await browser.tab(t);
  await tab.visit(arabic.url + '/page');
  await placeholderIsDrawn(tab);
  await tab.goRuns();
  await isAsKept(tab, 'banner-ar');
  await tab.press('customize');
  await tab.dialogIsOpen();
  await isAsKept(tab, 'dialog-ar');
});

test('reading order and names: where the dashboard asks for its password', needs('accessibilityTree'), async (t) => {
  const { url, data } = await startTemoin(t);
  await admin(data, 'cheval correct pile', 'password');
  const tab = await browser.tab(t);
  await tab.visit(`${url}/admin?lang=fr`);
  await isAsKept(tab, 'sign-in');
});

test('role and name of all that can be used in the banner and in the dialog, in every engine', async (t) => {
  site.page('/plain', page(include, '<p>text', 'fr'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/plain');
  await tab.goRuns();
  await hasControls(tab, ['region Vos choix sur les cookies', 'link Lire la charte cookies', 'button Tout refuser', 'button Personnaliser', 'button Tout accepter']);
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
  await hasControls(tab, [
    'dialog Choisir mes cookies', 'button Fermer', 'link Lire la charte cookies',
    'switch Cookies nécessaires', 'summary Services et cookies (4) Cookies nécessaires', 'table Authentification', 'table Choix de la langue', 'table API, protection CSRF', 'table Choix sur les cookies',
    'switch Mesure d’audience', 'summary Services et cookies (2) Mesure d’audience', 'switch Matomo', 'table Matomo', 'switch Google Analytics 4', 'link Sa politique de confidentialité', 'table Google Analytics 4',
    'switch Cookies tiers', 'summary Services et cookies (2) Cookies tiers', 'switch YouTube', 'link Sa politique de confidentialité', 'table YouTube', 'switch Bouton « Partager » de Facebook', 'link Sa politique de confidentialité', 'table Bouton « Partager » de Facebook',
    'button Tout refuser', 'button Enregistrer mes choix', 'button Tout accepter',
  ]);
  await tab.press('refuse');
  await tab.dialogIsClosed();
  await hasControls(tab, ['button Gérer mes cookies']);
});

/** Asserts what there is to be used; Firefox's tree follows the page a little later. */
async function hasControls(tab, expected) {
  let found;
  const isSo = async () => isDeepStrictEqual(found = await tab.controls(), expected);
  for (let i = 0; i < 50 && !await isSo(); i++) await pause(100);
  assert.deepEqual(found, expected);
}
