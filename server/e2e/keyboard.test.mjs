// Whole journeys with the keyboard alone, from the first Tab in the page on.
// At each stop the focus has to be seen: in the window, not covered, with a ring.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { needs } from './lib/browser.mjs';
import { include, page, placeholderIsDrawn } from './lib/gate.mjs';
import { choices } from './lib/records.mjs';
import { folder, pause, saved } from './lib/server.mjs';
import { dialog, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

/** What has the focus, however deep, and whether it can be seen. */
const stop = (tab) => tab.run(() => {
  let root = document;
  while (root.activeElement?.shadowRoot?.activeElement) root = root.activeElement.shadowRoot;
  const element = root.activeElement;
  if (!element || element === document.body) return { name: 'nothing' };
  const name = element.dataset.temoin ?? (element.matches('input') ? element.name === 'allow' ? element.value : element.name : element.id || element.localName);
  // A switch without an outline of its own may show it on another box.
  const style = getComputedStyle(element);
  const ring = style.outlineStyle !== 'none' && (style.outlineStyle === 'auto' || parseFloat(style.outlineWidth) >= 2);
  const box = element.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 10)];
  const hit = root.elementFromPoint(x, y);
  return {
    name,
    value: element.value,
    ring,
    outside: box.bottom <= 0 || box.top >= innerHeight || box.right <= 0 || box.left >= innerWidth,
    covered: !!hit && hit !== element && !element.contains(hit) && !hit.contains(element) && !hit.closest('label')?.contains(element),
    by: hit?.outerHTML?.slice(0, 80),
    text: element.textContent.trim().slice(0, 40),
  };
});

/** Presses Tab until the focus is where the visitor wants to be; each stop has to be seen. */
async function goTo(tab, wanted, { key = 'Tab', most = 60 } = {}) {
  const stops = [];
  for (let i = 0; i < most; i++) {
    await tab.keys(key);
    await tab.frames();
    const here = await stop(tab);
    stops.push(here.name);
    if (here.name === 'nothing') continue;
    assert.ok(here.ring, `the focus on ${here.name} "${here.text}" must be shown: ${JSON.stringify(here)}`);
    assert.ok(!here.outside, `${here.name} "${here.text}" has the focus, and is outside of the window`);
    assert.ok(!here.covered, `${here.name} "${here.text}" has the focus, and lies behind ${here.by}`);
    if (here.name === wanted || here.value === wanted) return stops;
  }
  throw new Error(`expected to come to ${wanted} with ${key}; the stops were ${stops}`);
}

/** Waits until the floating button has the focus, and shows it. */
async function isBackOnOpen(tab) {
  await tab.until((shadow) => shadow.activeElement?.dataset.temoin === 'open', 'the floating button to have the focus');
  assert.ok((await stop(tab)).ring, 'the focus on the floating button must be shown');
}

async function arrive(t, path = '/', options) {
  const tab = await browser.tab(t, options);
  await tab.visit(site.url + path);
  await tab.goRuns();
  return tab;
}

for (const [answer, key, granted] of [['accept', 'Enter', true], ['refuse', 'Space', false]]) {
  test(`with the keyboard alone: ${answer} all, in the banner`, async (t) => {
    const tab = await arrive(t);
    const stops = await goTo(tab, answer);
    assert.ok(stops.length <= 5, `the banner comes first: ${answer} is at stop ${stops.length}`);
    await tab.keys(key);
    await tab.bannerIsGone();
    assert.deepEqual((await tab.record()).choices, choices(granted));
    await isBackOnOpen(tab);
  });
}

test('with the keyboard alone: customize, switch one category, save; then reopen and withdraw', async (t) => {
  const tab = await arrive(t);
  await goTo(tab, 'customize');
  await tab.keys('Enter');
  await tab.dialogIsOpen();
  assert.equal((await stop(tab)).covered, false, 'the focus must be in the dialog, and be seen');
  await goTo(tab, 'third-party');
  await tab.keys('Space');
  await goTo(tab, 'save');
  await tab.keys('Enter');
  await tab.dialogIsClosed();
  await tab.bannerIsGone();
  assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
  assert.equal((await tab.layers()).focus, 'open', 'the focus must be on the button that reopens the choices');

  await tab.keys('Enter');
  await tab.dialogIsOpen();
  assert.equal((await tab.switches())['third-party'], true);
  await goTo(tab, 'third-party');
  await tab.keys('Space');
  await goTo(tab, 'save');
  await tab.keys('Space');
  await tab.dialogIsClosed();
  assert.deepEqual((await tab.record()).choices, choices(false), 'what was allowed is taken back');
  await tab.until((shadow) => shadow.activeElement?.dataset.temoin === 'open', 'the focus where it came from');
});

test('with the keyboard alone: reopened and left with Esc, nothing changes and the focus is where it was', async (t) => {
  const tab = await arrive(t);
  await goTo(tab, 'refuse');
  await tab.keys('Enter');
  await tab.bannerIsGone();
  const before = await tab.record();
  await tab.keys('Enter');
  await tab.dialogIsOpen();
  await goTo(tab, 'statistics');
  await tab.keys('Space', 'Escape');
  await tab.dialogIsClosed();
  assert.deepEqual(await tab.record(), before);
  assert.equal((await tab.layers()).focus, 'open');
});

test('with the keyboard alone: a details element of the dialog opens and closes', async (t) => {
  const tab = await arrive(t);
  await goTo(tab, 'customize');
  await tab.keys('Space');
  await tab.dialogIsOpen();
  await goTo(tab, 'summary');
  const isOpen = () => tab.inside((shadow) => shadow.activeElement.closest('details').open);
  const before = await isOpen();
  await tab.keys('Enter');
  await tab.until((shadow, before) => shadow.activeElement.closest('details').open !== before, 'the details to open', before);
  await tab.keys('Space');
  await tab.until((shadow, before) => shadow.activeElement.closest('details').open === before, 'the details to close', before);
});

/** Comes to a page with an embed that waits, whose placeholder is drawn. */
async function arriveAtPlaceholder(t) {
  site.page('/embedded', page('', '<p>the video</p>'));
  site.page('/placeholder', page(include, '<h1>page</h1><p><a href="/">first</a></p><iframe title="video" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/embedded"></iframe>', 'fr'));
  const tab = await arrive(t, '/placeholder');
  await placeholderIsDrawn(tab);
  return tab;
}

test('with the keyboard alone: an embed is let in by its placeholder, and gets the focus', async (t) => {
  const tab = await arriveAtPlaceholder(t);
  await goTo(tab, 'always');
  await tab.keys('Enter');
  await tab.until(() => document.querySelector('iframe').getAttribute('src') === '/embedded', 'the embed to be let in');
  assert.equal((await tab.record()).services.youtube, true);
  assert.equal(await tab.run(() => document.activeElement.localName), 'iframe', 'the focus must go to what came');
});

test('with the keyboard alone, before the dialog has come: customize waits, and the dialog has the focus', async (t) => {
  const release = site.hold(dialog);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.bannerIsThere();
  await goTo(tab, 'customize');
  await tab.keys('Enter');
  await tab.until((shadow) => !!shadow.activeElement?.matches('[aria-busy=true]'), 'the button that waits to keep the focus');
  release();
  await tab.dialogIsOpen();
  await tab.until((shadow) => !!shadow.activeElement?.closest('dialog'), 'the focus in the dialog');
});

test('with the keyboard alone: an embed is let in for once, and nothing is kept of it', async (t) => {
  const tab = await arriveAtPlaceholder(t);
  await goTo(tab, 'once');
  await tab.keys('Space');
  await tab.until(() => document.querySelector('iframe').getAttribute('src') === '/embedded', 'the embed to be let in');
  assert.deepEqual(await tab.choiceCookies(), []);
  assert.equal(await tab.run(() => document.activeElement.localName), 'iframe', 'the focus must go to what came');
});

test('with the keyboard alone: the proof of the choice is fetched', needs('downloads'), async (t) => {
  const dir = await folder(t);
  const tab = await arrive(t);
  await tab.downloadsInto(dir);
  await goTo(tab, 'refuse');
  await tab.keys('Enter');
  await tab.bannerIsGone();
  const { id } = await tab.record();
  await isBackOnOpen(tab);
  await tab.keys('Enter');
  await tab.dialogIsOpen();
  await goTo(tab, 'proof');
  await tab.keys('Enter');
  await saved(dir, new RegExp(`^temoin-${id}\\.json$`));
  assert.equal((await tab.layers()).focus, 'proof', 'the focus stays where it was');
});

test('with the keyboard alone: the notice that nothing is kept is sent away', async (t) => {
  const tab = await arrive(t, '/', { before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  await goTo(tab, 'refuse');
  await tab.keys('Enter');
  await tab.bannerIsGone();
  const dismiss = await tab.inside((shadow) => shadow.querySelector('.notice button').dataset.temoin);
  await goTo(tab, dismiss);
  await tab.keys('Enter');
  await tab.until((shadow) => !shadow.querySelector('.notice.shown'), 'the notice to be gone');
  assert.equal((await tab.layers()).focus, 'open', 'the focus must not be lost');
});

test('with the keyboard alone: a withdrawal after which the page has to begin anew is said, and the focus is back', async (t) => {
  site.page('/measured', page(include, '<main><script type="text/plain" data-consent="statistics">window.ran = true;</script></main>', 'fr'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/measured');
  await tab.goRuns();
  await goTo(tab, 'accept');
  await tab.keys('Enter');
  await tab.until(() => window.ran === true, 'the measure to run');
  await isBackOnOpen(tab);
  await tab.keys('Enter');
  await tab.dialogIsOpen();
  await goTo(tab, 'refuse');
  await tab.keys('Enter');
  await tab.until((shadow) => window.ran !== true && /enregistré/.test(shadow?.querySelector('.notice p').textContent), 'the new page to say that it was saved');
  assert.equal((await tab.layers()).focus, 'open');
  assert.equal(await tab.has('statistics'), false);
  await tab.reload();
  await pause(700);
  const { said, focus } = await tab.layers();
  assert.deepEqual([said, focus], ['', null], 'it is said once');
});

for (const [answer, key, granted] of [['accept', 'Space', true], ['refuse', 'Enter', false]]) {
  test(`with the keyboard alone: ${answer} all, in the form of the charter`, async (t) => {
    const tab = await arrive(t, '/charte-cookies/fr');
    await tab.run(() => document.querySelector('form input').focus());
    await goTo(tab, answer);
    await tab.keys(key);
    await tab.bannerIsGone();
    assert.deepEqual((await tab.record()).choices, choices(granted));
    assert.notEqual((await stop(tab)).name, 'nothing', 'the focus must not be lost');
  });
}

test('with the keyboard alone: the form of the charter', async (t) => {
  const tab = await arrive(t, '/charte-cookies/fr');
  await goTo(tab, 'facebook', { most: 80 });
  await tab.keys('Space');
  await goTo(tab, 'save');
  await tab.keys('Enter');
  await tab.until(() => window.temoin.has('facebook'), 'the choice to count');
  await tab.bannerIsGone();
  assert.notEqual((await stop(tab)).name, 'nothing', 'the focus must not be lost');
  assert.equal((await tab.record()).services.facebook, true);
});

for (const key of ['Tab', 'Shift+Tab']) {
  test(`through a long page with the banner open, ${key}: no stop is hidden, none is lost`, async (t) => {
    const lines = Array.from({ length: 60 }, (_, i) => `<p>Text ${i}. <a id="link-${i}" href="#${i}">Link ${i}</a></p>`).join('');
    site.page('/long', page(include, `<main><h1>long</h1>${lines}</main>`, 'fr'));
    const tab = await arrive(t, '/long', { viewport: { width: 800, height: 500 } });
    // From within the page: a browser that has shown the focus shows it where a script puts it, too.
    if (key === 'Shift+Tab') await goTo(tab, 'link-1');
    if (key === 'Shift+Tab') await tab.run(() => document.querySelector('#link-59').focus());
    const wanted = key === 'Tab' ? 'link-59' : 'link-0';
    const stops = await goTo(tab, wanted, { key, most: 80 });
    const links = stops.filter((name) => name.startsWith('link-'));
    assert.equal(new Set(links).size, links.length, 'no stop twice');
    assert.ok(links.length >= 59, `all of the page's links are stops: ${links.length}`);
  });
}
