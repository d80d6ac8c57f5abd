// The looks that a catalogue can ask for, and what tests and screenshots do with
// them.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { eventually, send } from './server.mjs';

export const themes = ['default', 'dsfr', 'minimal'];
export const positions = ['bottom', 'corner', 'centre'];

/** Each theme in each position. */
export const looks = (t = themes, p = positions) => t.flatMap((theme) => p.map((position) => ({ theme, position })));

/** A catalogue with another look. */
export function catalogueWith(text, look) {
  const pairs = Object.entries(look).map(([key, value]) => `${key}: ${value}`);
  return `${text.replace(/^look:.*\n/m, '')}look: { ${pairs.join(', ')} }\n`;
}

/** Has the running server take another look over. */
export async function withLook(server, look) {
  const text = catalogueWith(await readFile(server.catalogue, 'utf8'), look);
  const before = server.log().length;
  await server.change(text);
  await eventually(() => server.log().slice(before).includes('catalogue taken over'), 'the server to take the look over');
  await send(server.url + '/healthz');
}

/** Has the page and the layers written in the other direction, whatever their language. */
export const setDirection = (tab, direction) => tab.inside((shadow, direction) => {
  document.documentElement.dir = direction;
  for (const root of [shadow, ...[...document.querySelectorAll('.temoin-placeholder')].map((box) => box.shadowRoot)]) {
    for (const element of root?.querySelectorAll('[dir]') ?? []) element.dir = direction;
  }
}, direction);

/** Shows many screenshots of dir in one: dir/name.png. */
export async function contactSheet(browser, dir, name, names) {
  const figures = await Promise.all(names.map(async (shot) => {
    const data = await readFile(path.join(dir, shot + '.png'), 'base64');
    return `<figure><img src="data:image/png;base64,${data}"><figcaption>${shot}</figcaption></figure>`;
  }));
  const leaving = [];
  const tab = await browser.tab({ after: (leave) => leaving.push(leave) }, { viewport: { width: 1500, height: 800 } });
  await tab.inject(`document.documentElement.innerHTML = ${JSON.stringify(`<style>
    body { display: flex; flex-wrap: wrap; gap: 12px; margin: 12px; background: #888; font: 12px sans-serif; }
    figure { margin: 0; } img { display: block; height: 330px; }
  </style>${figures.join('')}`)}`);
  await tab.run(() => Promise.all([...document.images].map((image) => image.decode())));
  await tab.screenshot(path.join(dir, name + '.png'), { fullPage: true });
  for (const leave of leaving) await leave();
}
