// Screenshots of all that a visitor can see: node server/e2e/shots.mjs DIR
// [WORD…]; with words, only those whose name holds one of them.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { launch } from './lib/browser.mjs';
import { catalogueIn, languages, pageIn } from './lib/languages.mjs';
import { startSite, startTemoin } from './lib/server.mjs';

const [dir, ...words] = process.argv.slice(2);
if (!dir) {
  console.error('shots.mjs takes a folder: node server/e2e/shots.mjs DIR [WORD…]');
  process.exit(1);
}
await mkdir(dir, { recursive: true });

const endings = [];
const later = (end) => endings.push(end);
const noCookies = () => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); };

/** What to show: how to come there, and what to take. */
const scenes = {
  async banner(tab, url) {
    await tab.visit(url);
    await tab.goRuns();
  },
  async dialog(tab, url) {
    await tab.visit(url);
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
  },
  async 'dialog-details'(tab, url) {
    await scenes.dialog(tab, url);
    await tab.turn('youtube');
    await tab.turn('google-analytics');
    await tab.inside((shadow) => {
      for (const details of shadow.querySelectorAll('dialog details')) details.open = true;
      shadow.querySelector('dialog input[name="statistics"]').closest('.category').scrollIntoView();
    });
  },
  async notice(tab, url) {
    await tab.evaluateOnNext(noCookies);
    await tab.visit(url);
    await tab.press('accept');
    await tab.bannerIsGone();
  },
  async charter(tab, url, lang) {
    await tab.visit(`${new URL(url).origin}/charte-cookies/${lang}`);
    await answered(tab);
  },
  async portal(tab, url) {
    await tab.visit(url);
    await answered(tab);
  },
};

async function answered(tab) {
  await tab.press('refuse');
  await tab.bannerIsGone();
}

/** The same in the languages that the portal does not speak, on a page that says little. */
const scenesElsewhere = {
  banner: scenes.banner,
  async 'dialog-details'(tab, url) {
    await scenes.dialog(tab, url);
    await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
  },
  charter: scenes.charter,
  async placeholder(tab, url) {
    await tab.visit(url);
    await answered(tab);
    await tab.settles();
  },
};

const whole = ['charter', 'portal'];

/** The languages of the second part: words may name some, as in-ar- does. */
const spoken = languages.filter((lang) => !words.some((word) => /in-/.test(word)) || words.some((word) => word.includes(`in-${lang}-`)));

async function take(browser, name, { width, scheme }, come) {
  if (words.length && !words.some((word) => name.includes(word))) return;
  const leaving = [];
  const tab = await browser.tab({ after: (leave) => leaving.push(leave) }, {
    viewport: { width, height: width === 320 ? 640 : 900 },
    media: { 'prefers-color-scheme': scheme },
  });
  await come(tab);
  await tab.screenshot(path.join(dir, name + '.png'), { fullPage: whole.some((scene) => name.startsWith(scene)) });
  for (const leave of leaving) await leave();
}

try {
  const [server, elsewhere, browser] = await Promise.all([startTemoin(later), startTemoin(later, { catalogue: catalogueIn(spoken) }), launch(later)]);
  const site = await startSite(later, { upstream: elsewhere.url });
  for (const [scene, come] of Object.entries(scenes)) {
    for (const lang of ['fr', 'en']) {
      for (const scheme of ['light', 'dark']) {
        for (const width of [1440, 768, 320]) {
          await take(browser, `${scene}-${lang}-${scheme}-${width}`, { width, scheme }, (tab) => come(tab, `${server.url}/?lang=${lang}`, lang));
        }
      }
    }
  }
  for (const [scene, come] of Object.entries(scenesElsewhere)) {
    for (const lang of spoken) {
      const url = site.page('/page-' + lang, pageIn(lang));
      for (const width of [1280, 320]) {
        await take(browser, `${scene}-in-${lang}-${width}`, { width, scheme: 'light' }, (tab) => come(tab, url, lang));
      }
    }
  }
} finally {
  for (const end of endings.reverse()) await end();
}
