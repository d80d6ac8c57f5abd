// Screenshots of all that a visitor can see, in every look, and sheets that show
// many at once: node server/tools/pictures/pictures.mjs DIR [WORD…]; with words, only those
// whose name holds all of them. Names are scene-theme-position-scheme-width-dir:
// from left to right in French, from right to left in Arabic.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { launch } from '../../e2e/lib/browser.mjs';
import { catalogueIn } from '../../e2e/lib/languages.mjs';
import { contactSheet, looks, positions, themes, withLook } from '../../e2e/lib/looks.mjs';
import { richCatalogue, startTemoin } from '../../e2e/lib/server.mjs';

const [dir, ...words] = process.argv.slice(2);
if (!dir) {
  console.error('pictures.mjs takes a folder: node server/tools/pictures/pictures.mjs DIR [WORD…]');
  process.exit(1);
}
await mkdir(dir, { recursive: true });

const noCookies = () => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); };
const heights = { 320: 568, 768: 760, 1440: 900 };

/** What to show: how to come there, and what to bring into view; where it looks the same in every position, it is shown in one. */
const scenes = {
  banner: {
    positions,
    async come(tab, url) {
      await tab.visit(url);
      await tab.goRuns();
    },
  },
  dialog: {
    async come(tab, url) {
      await scenes.banner.come(tab, url);
      await tab.press('customize');
      await tab.dialogIsOpen();
    },
  },
  details: {
    async come(tab, url) {
      await scenes.dialog.come(tab, url);
      await tab.turn('youtube');
      await tab.turn('matomo');
      await tab.inside((shadow) => {
        for (const details of shadow.querySelectorAll('dialog details')) details.open = true;
        shadow.querySelector('dialog input[name="statistics"]').closest('.category').scrollIntoView();
      });
    },
  },
  notice: {
    async come(tab, url) {
      await tab.evaluateOnNext(noCookies);
      await tab.visit(url);
      await tab.press('accept');
      await tab.bannerIsGone();
    },
  },
  placeholder: {
    async come(tab, url) {
      await tab.visit(url + 'essai');
      await answered(tab);
    },
    aim: (tab) => tab.run(() => document.querySelector('.temoin-placeholder').scrollIntoView({ block: 'center' })),
  },
  charter: {
    whole: true,
    async come(tab, url) {
      await tab.visit(url + 'charte-cookies');
      await answered(tab);
    },
  },
};

async function answered(tab) {
  await tab.press('refuse');
  await tab.bannerIsGone();
}

/** Takes a scene in one look and one direction, light and dark, at each width. */
async function take(browser, server, direction, scene, look) {
  const { come, aim, whole } = scenes[scene];
  const wanted = [];
  for (const scheme of ['light', 'dark']) {
    for (const width of Object.keys(heights).map(Number)) {
      const name = [scene, look.theme, look.position, scheme, width, direction].join('-');
      if (words.every((word) => name.split('-').includes(word))) wanted.push({ name, scheme, width });
    }
  }
  if (!wanted.length) return [];
  await withLook(server, look);
  const leaving = [];
  const tab = await browser.tab({ after: (leave) => leaving.push(leave) });
  await come(tab, server.url + '/');
  for (const { name, scheme, width } of wanted) {
    await tab.viewport({ width, height: heights[width] });
    await tab.media({ 'prefers-color-scheme': scheme });
    await aim?.(tab);
    await tab.screenshot(path.join(dir, name + '.png'), { fullPage: !!whole });
  }
  for (const leave of leaving) await leave();
  return wanted.map(({ name }) => name);
}

const endings = [];
try {
  const later = (end) => endings.push(end);
  const [ltr, rtl, browser] = await Promise.all([startTemoin(later, { catalogue: await richCatalogue() }), startTemoin(later, { catalogue: catalogueIn(['ar']) }), launch(later)]);
  for (const [scene, { positions: all = ['bottom'] }] of Object.entries(scenes)) {
    for (const look of looks(themes, all)) {
      const names = [];
      for (const [direction, server] of Object.entries({ ltr, rtl })) names.push(...await take(browser, server, direction, scene, look));
      if (names.length) await contactSheet(browser, dir, ['sheet', scene, look.theme, look.position].join('-'), names);
    }
  }
} finally {
  for (const end of endings.reverse()) await end();
}
