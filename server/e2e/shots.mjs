// Screenshots of all that a visitor can see: node server/e2e/shots.mjs DIR
// [WORD…]; with words, only those whose name holds one of them.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { launch } from './lib/browser.mjs';
import { startTemoin } from './lib/server.mjs';

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

const whole = ['charter', 'portal'];

try {
  const [server, browser] = await Promise.all([startTemoin(later), launch(later)]);
  for (const [scene, come] of Object.entries(scenes)) {
    for (const lang of ['fr', 'en']) {
      for (const scheme of ['light', 'dark']) {
        for (const width of [1440, 768, 320]) {
          const name = `${scene}-${lang}-${scheme}-${width}`;
          if (words.length && !words.some((word) => name.includes(word))) continue;
          const leaving = [];
          const tab = await browser.tab({ after: (leave) => leaving.push(leave) }, {
            viewport: { width, height: width === 320 ? 640 : 900 },
            media: { 'prefers-color-scheme': scheme },
          });
          await come(tab, `${server.url}/?lang=${lang}`, lang);
          await tab.screenshot(path.join(dir, name + '.png'), { fullPage: whole.includes(scene) });
          for (const leave of leaving) await leave();
        }
      }
    }
  }
} finally {
  for (const end of endings.reverse()) await end();
}
