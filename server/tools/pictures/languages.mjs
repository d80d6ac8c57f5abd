// Screenshots in every language: node server/tools/pictures/languages.mjs DIR [WORD…];
// with words, only those whose name holds one of them, such as banner-ar.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { launch } from '../../e2e/lib/browser.mjs';
import { catalogueIn, languages, pageIn } from '../../e2e/lib/languages.mjs';
import { startSite, startTemoin } from '../../e2e/lib/server.mjs';

const [dir, ...words] = process.argv.slice(2);
if (!dir) {
  console.error('languages.mjs takes a folder: node server/tools/pictures/languages.mjs DIR [WORD…]');
  process.exit(1);
}
await mkdir(dir, { recursive: true });

const endings = [];
const later = (end) => endings.push(end);

/** What to show, on a page that says little, and how to come there. */
const scenes = {
  async banner(tab, url) {
    await tab.visit(url);
    await tab.goRuns();
  },
  async dialog(tab, url) {
    await scenes.banner(tab, url);
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
  },
  async charter(tab, url, lang) {
    await tab.visit(`${new URL(url).origin}/charte-cookies/${lang}`);
    await answered(tab);
  },
  async placeholder(tab, url) {
    await tab.visit(url);
    await answered(tab);
    await tab.settles();
  },
};

async function answered(tab) {
  await tab.press('refuse');
  await tab.bannerIsGone();
}

async function take(browser, name, width, come) {
  if (words.length && !words.some((word) => name.includes(word))) return;
  const leaving = [];
  const tab = await browser.tab({ after: (leave) => leaving.push(leave) }, { viewport: { width, height: width === 320 ? 640 : 900 } });
  await come(tab);
  await tab.screenshot(path.join(dir, name + '.png'), { fullPage: name.startsWith('charter') });
  for (const leave of leaving) await leave();
}

try {
  const [server, browser] = await Promise.all([startTemoin(later, { catalogue: catalogueIn(languages) }), launch(later)]);
  const site = await startSite(later, { upstream: server.url });
  for (const [scene, come] of Object.entries(scenes)) {
    for (const lang of languages) {
      const url = site.page('/page-' + lang, pageIn(lang));
      for (const width of [1280, 320]) await take(browser, `${scene}-${lang}-${width}`, width, (tab) => come(tab, url, lang));
    }
  }
} finally {
  for (const end of endings.reverse()) await end();
}
