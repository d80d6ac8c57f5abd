// A few looks against pictures that were looked at and kept. When one is meant
// to change: TEMOIN_UPDATE=1 node --test server/e2e/golden.test.mjs, and look.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { differs, withoutFonts } from './lib/golden.mjs';
import { looks, setDirection, themes, withLook } from './lib/looks.mjs';
import { stage } from './lib/stage.mjs';

const { browser, site, server } = await stage();
const options = { skip: engine === 'chromium' ? false : 'goldens are Chromium’s' };

const wide = { width: 768, height: 600 };
const narrow = { width: 320, height: 568 };

const blank = '<!doctype html><html lang="fr"><script src="/temoin.js"></script><title>golden</title><style>html { background: #ccc }</style>';
const embed = '<body style="margin: 20px"><iframe data-consent="third-party" data-service="youtube" data-src="/video" width="560" height="315"></iframe>';

/** What is to be seen, and in which looks. */
const scenes = [
  ...looks().map((look) => ({ name: `banner-${look.theme}-${look.position}-light`, look, viewport: wide, scheme: 'light' })),
  ...themes.map((theme) => ({ name: `banner-${theme}-dark-narrow`, look: { theme, position: 'bottom' }, viewport: narrow, scheme: 'dark' })),
  { name: 'banner-default-corner-rtl', look: { theme: 'default', position: 'corner' }, viewport: wide, scheme: 'light', direction: 'rtl' },
  ...themes.map((theme) => ({ name: `dialog-${theme}`, look: { theme, position: 'bottom' }, viewport: wide, scheme: 'light', come: openDialog })),
  ...themes.map((theme) => ({ name: `placeholder-${theme}`, look: { theme, position: 'bottom' }, viewport: wide, scheme: 'light', html: embed, come: refuse })),
];

async function openDialog(tab) {
  await tab.press('customize');
  await tab.dialogIsOpen();
}

async function refuse(tab) {
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.until(() => document.querySelector('.temoin-placeholder')?.shadowRoot, 'the placeholder');
}

/** Shows a scene, and a tab to compare pictures in. */
async function show(t, { look, viewport, scheme, direction = 'ltr', html = '', come }) {
  await withLook(server, look);
  site.page('/golden', blank + html);
  const tab = await browser.tab(t, { viewport, media: { 'prefers-color-scheme': scheme } });
  await tab.visit(site.url + '/golden');
  await tab.goRuns();
  await come?.(tab);
  await setDirection(tab, direction);
  await withoutFonts(tab);
  await tab.run(() => { document.activeElement?.blur(); });
  await tab.inside((shadow) => { shadow.activeElement?.blur(); });
  return { tab, canvas: await browser.tab(t) };
}

for (const scene of scenes) {
  test(`${scene.name} looks as it did`, options, async (t) => {
    const { tab, canvas } = await show(t, scene);
    const { same, share, seen } = await differs(tab, canvas, scene.name);
    assert.ok(same, `${(share * 100).toFixed(2)} % of the picture differs; what was seen is in ${seen}`);
  });
}

test('a golden notices a button that vanishes and a colour that changes, and not another font', { skip: options.skip || (process.env.TEMOIN_UPDATE ? 'goldens are being written' : false) }, async (t) => {
  const { tab, canvas } = await show(t, scenes[0]);
  const change = (css) => tab.inside((shadow, css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets.slice(0, 3), sheet];
  }, css);
  for (const [css, same] of [
    ['.root { font-family: monospace !important }', true],
    ['.button { font-weight: 900 !important }', true],
    ['[data-temoin="refuse"] { visibility: hidden }', false],
    ['[data-temoin="refuse"] { display: none }', false],
    ['.button { background-color: #4a174a !important }', false],
    ['.banner { background-color: #e8e8e8 !important }', false],
    ['.link { color: #888 !important }', false],
  ]) {
    await change(css);
    assert.equal((await differs(tab, canvas, scenes[0].name)).same, same, css);
  }
});
