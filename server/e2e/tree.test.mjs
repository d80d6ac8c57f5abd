// Reading order and names, as the browser's accessibility tree has them: each
// state is kept in testdata/tree, to be read like a page. After a change that is
// meant, TEMOIN_UPDATE=1 writes the files anew.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';

import { needs, plain } from './lib/browser.mjs';
import { include, page } from './lib/gate.mjs';
import { program, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

const folder = new URL('testdata/tree/', import.meta.url);
const states = ['level', 'checked', 'pressed', 'expanded', 'disabled', 'modal'];
const silent = ['generic', 'none', 'InlineTextBox', 'LineBreak', 'RootWebArea', 'LayoutTableRow', 'Iframe', 'LabelText', 'paragraph', 'DescriptionList', 'listitem', 'DisclosureTriangle'];

/** What a screen reader comes by, a line each, set in by what it lies in. */
function lines(node, depth = 0, within = '') {
  const name = plain(node.name ?? '').replace(/\s+/g, ' ').trim();
  const told = states.filter((state) => node[state] !== undefined && node[state] !== false)
    .map((state) => (node[state] === true ? state : `${state} ${node[state]}`));
  const isTold = !silent.includes(node.role) && !(node.role === 'StaticText' && (!name || within.includes(name)));
  const description = node.description ? ` (${plain(node.description).replace(/\s+/g, ' ').trim()})` : '';
  const line = `${'  '.repeat(depth)}${node.role === 'StaticText' ? 'text' : node.role}${name ? ` "${name}"` : ''}${told.length ? ` [${told.join(', ')}]` : ''}${description}`;
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
async function visit(t) {
  site.page('/embedded', page('', '<p>the video'));
  site.page('/tree', page(include, '<header><a href="#main">Skip</a></header><main id="main"><h1>The page</h1><p>Text.</p><iframe title="Film" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/embedded"></iframe></main>', 'fr'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/tree');
  await tab.until(() => !!document.querySelector('.temoin-placeholder')?.shadowRoot?.querySelector('button'), 'the placeholder to be drawn');
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
  const tab = await visit(t);
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
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
