// Compares screenshots with small ones that were looked at and kept, in
// goldens/. Text is drawn as bars in its colour, so that the fonts of a machine
// make no difference; what remains is layout, colours and shapes.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const goldens = fileURLToPath(new URL('../goldens/', import.meta.url));

/** A golden is a quarter of the screen in both directions. */
const scale = 4;

/** Colours of a pixel that differ by less, of 255, are the same; as many pixels, of all, may differ. */
const tolerance = { colour: 16, pixels: 0.004 };

const greek = `
  .words > *, .placeholder > p, .scroll > *, .category > *, .head > h2, .notice > p {
    height: 12px; overflow: hidden; color: inherit; background: currentColor; -webkit-text-fill-color: transparent;
  }
  .words > :first-child, .placeholder > .title, .head > h2 { width: 40%; height: 18px; }
  .words > * > a, .placeholder > p > a { display: block; width: 160px; height: 12px; background: currentColor; }
  .words > :last-child, .placeholder > p:has(a) { background: none; }
  .scroll > :last-child { height: auto; background: none; }
  .category > h3 { height: auto; background: none; }
  .switch span { width: 200px; height: 12px; overflow: hidden; background: currentColor; }
  .button {
    white-space: nowrap; overflow: hidden; -webkit-text-fill-color: transparent; min-width: 100px;
    background-image: linear-gradient(currentColor, currentColor) !important; background-size: 50% 8px !important;
    background-position: center !important; background-repeat: no-repeat !important;
  }
  .reopen .button { width: 160px; }
  details, .state { display: none !important; }
`;

/** Draws all text of the layers and placeholders as bars. */
export const withoutFonts = (tab) => tab.inside((shadow, css) => {
  for (const root of [shadow, ...[...document.querySelectorAll('.temoin-placeholder')].map((box) => box.shadowRoot)]) {
    if (!root) continue;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }
}, greek);

/**
 * How much of what the tab shows differs from the golden of that name: a share
 * of its pixels. With TEMOIN_UPDATE set, the golden is written anew.
 * @param canvas a tab in which pictures can be drawn
 * @returns { share, seen } seen: the file with what was seen, where that is too much
 */
export async function differs(tab, canvas, name) {
  const shot = Buffer.from(await tab.screenshot(undefined)).toString('base64');
  const seen = await canvas.run(shrink, shot, scale);
  const file = path.join(goldens, name + '.png');
  if (process.env.TEMOIN_UPDATE) {
    await mkdir(goldens, { recursive: true });
    await writeFile(file, seen, 'base64');
  }
  const share = await canvas.run(compare, seen, await readFile(file, 'base64'), tolerance.colour);
  if (share <= tolerance.pixels) return { share, same: true };
  const other = path.join(tmpdir(), `temoin-${name}.png`);
  await writeFile(other, seen, 'base64');
  return { share, same: false, seen: other };
}

/** Runs in the browser: a picture, made smaller. */
async function shrink(data, scale) {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob());
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(image.width / scale);
  canvas.height = Math.round(image.height / scale);
  const context = canvas.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/png').split(',')[1];
}

/** Runs in the browser: the share of the pixels that differ. */
async function compare(a, b, colour) {
  const [one, other] = await Promise.all([a, b].map(async (data) => {
    const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height);
  }));
  if (one.width !== other.width || one.height !== other.height) return 1;
  let different = 0;
  for (let i = 0; i < one.data.length; i += 4) {
    if ([0, 1, 2].some((channel) => Math.abs(one.data[i + channel] - other.data[i + channel]) > colour)) different += 1;
  }
  return different / (one.data.length / 4);
}
