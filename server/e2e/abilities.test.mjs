// What visitors have in their hands: fingers, small and large screens, private
// windows, browsers that keep no cookies, a network that goes.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { engine, launch, needs, nothingStored } from './lib/browser.mjs';
import { include, page } from './lib/gate.mjs';
import { choices } from './lib/records.mjs';
import { eventually } from './lib/server.mjs';
import { program, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

for (const [what, width, height] of [['a telephone', 390, 844], ['a telephone on its side', 844, 390], ['a tablet', 820, 1180]]) {
  test(`with a finger, on ${what}: customize, read the details, save, reopen, refuse`, needs('touch'), async (t) => {
    const tab = await browser.tab(t, { viewport: { width, height, hasTouch: true, isMobile: true } });
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.tap('customize');
    await tab.dialogIsOpen();
    await tab.touch('dialog summary');
    await tab.until((shadow) => shadow.querySelector('dialog summary').parentElement.open, 'the details to open');
    await tab.touch('dialog input[name="third-party"]');
    await tab.until((shadow) => shadow.querySelector('dialog input[name="third-party"]').checked, 'the switch to be on');
    await tab.tap('save');
    await tab.dialogIsClosed();
    assert.equal((await tab.record()).choices['third-party'], true);
    await tab.sees('open');
    await tab.tap('open');
    await tab.dialogIsOpen();
    await tab.tap('refuse');
    await tab.dialogIsClosed();
    assert.deepEqual((await tab.choice()).choices, choices(false));
    // The answer to the report of the first choice may set its cookie once more, for a moment.
    const { id } = await tab.choice();
    await eventually(async () => (await tab.record()).id === id, 'the refusal to be kept');
  });
}

test('with a finger before Go has come: accept', needs('touch'), async (t) => {
  site.hold(program);
  const tab = await browser.tab(t, { viewport: { width: 390, height: 844, hasTouch: true, isMobile: true } });
  await tab.visit(site.url);
  await tab.bannerIsThere();
  await tab.tap('accept');
  await tab.bannerIsGone();
  assert.deepEqual((await tab.record()).choices, choices(true));
});

test('with a finger: an embed is let in by its placeholder', needs('touch'), async (t) => {
  site.page('/embedded', page('', '<p>the video</p>'));
  site.page('/placeholder', page('<meta name="viewport" content="width=device-width">' + include, '<h1>page</h1><iframe title="video" width="300" height="300" data-consent="third-party" data-service="youtube" data-src="/embedded"></iframe>', 'fr'));
  const tab = await browser.tab(t, { viewport: { width: 390, height: 844, hasTouch: true, isMobile: true } });
  await tab.visit(site.url + '/placeholder');
  await tab.bannerIsThere();
  await tab.tap('refuse');
  await tab.bannerIsGone();
  await tab.until(() => !!document.querySelector('.temoin-placeholder')?.shadowRoot?.querySelector('button'), 'the placeholder to be drawn');
  await tab.touch('[data-temoin="always"]', 'placeholder');
  await tab.until(() => document.querySelector('iframe').getAttribute('src') === '/embedded', 'the embed to be let in');
  assert.equal((await tab.record()).services.youtube, true);
});

test('with a finger: the form of the charter', needs('touch'), async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 390, height: 844, hasTouch: true, isMobile: true } });
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.bannerIsThere();
  await tab.tap('refuse');
  await tab.bannerIsGone();
  await tab.touch('input[value="facebook"]', 'page');
  await tab.touch('button[value="save"]', 'page');
  await tab.until(() => window.temoin.has('facebook'), 'the choice to count');
  assert.equal((await tab.record()).services.facebook, true);
});

for (const [width, height] of [[320, 568], [768, 1024], [1440, 900], [1560, 1100]]) {
  test(`${width} × ${height}: banner and dialog are inside of the window, and nothing scrolls sideways`, async (t) => {
    const tab = await browser.tab(t, { viewport: { width, height } });
    await tab.visit(site.url);
    await tab.goRuns();
    const measure = (selector) => tab.inside((shadow, selector) => {
      const box = shadow.querySelector(selector).getBoundingClientRect();
      const page = document.documentElement;
      // A banner's outer border lies behind the window's edge.
      return { inside: box.left >= 0 && box.top >= -1 && box.right <= innerWidth && box.bottom <= innerHeight + 1, sideways: page.scrollWidth - page.clientWidth, line: shadow.querySelector(`${selector} p`).getBoundingClientRect().width / parseFloat(getComputedStyle(shadow.querySelector(`${selector} p`)).fontSize) };
    }, selector);
    const banner = await measure('.banner');
    assert.deepEqual([banner.inside, banner.sideways], [true, 0], 'the banner');
    assert.ok(banner.line <= 100, `a line of ${banner.line.toFixed()} em cannot be read well`);
    await tab.press('customize');
    await tab.dialogIsOpen();
    const dialog = await measure('dialog');
    assert.deepEqual([dialog.inside, dialog.sideways], [true, 0], 'the dialog');
    await tab.press('save');
    await tab.dialogIsClosed();
    assert.deepEqual((await tab.record()).choices, choices(false));
  });
}

/**
 * A private window beside a normal one: in Chromium both of one browser. Puppeteer
 * knows Firefox's private windows only as those of a browser that has no others,
 * and WebKit's are a session of their own in any case: there the normal window is
 * another browser's, and shows that nothing private goes to what is shared on the
 * machine; that the choice ends with its window is seen in all of them.
 */
async function privateAndNormal(t) {
  const first = await launch(after, { privately: true });
  const visitor = await first.visitor(t);
  const again = async () => {
    await (engine === 'firefox' ? first.browser.close() : visitor.leave());
    return (engine === 'firefox' ? await launch(after, { privately: true }) : first).visitor(t);
  };
  return { visitor, again, normal: engine === 'chromium' ? first.owner() : await browser.visitor(t) };
}

test('in a private window a choice counts while the window is open, and nowhere else', async (t) => {
  const { visitor, again, normal } = await privateAndNormal(t);
  const tab = await visitor.tab();
  await tab.visit(site.url);
  await tab.goRuns();
  assert.deepEqual(await tab.stores(), nothingStored);
  // Firefox sends the signal from private windows, which refuses for the visitor; it leaves the last word to the dialog.
  const signalled = await tab.run(() => navigator.globalPrivacyControl === true);
  assert.equal((await tab.layers()).banner, !signalled);
  if (signalled) {
    await tab.press('open');
    await tab.dialogIsOpen();
  }
  await tab.press('accept');
  await tab.bannerIsGone();
  await tab.reload();
  await tab.sees('open');
  assert.deepEqual((await tab.choice()).choices, choices(true));
  const outside = await normal.tab();
  await outside.visit(site.url);
  await outside.bannerIsThere();
  assert.deepEqual([await outside.choice(), await outside.stores()], [null, nothingStored], 'the normal window knows nothing of it');
  const later = await (await again()).tab();
  await later.visit(site.url);
  await (signalled ? later.sees('open') : later.bannerIsThere());
  assert.deepEqual([await later.choice(), await later.choiceCookies()], [null, []], 'the next private window does not either');
});

for (const when of ['before Go', 'once Go runs']) {
  test(`with cookies switched off in the browser, ${when}: the visitor is told, all stays refused, and is asked again on the next page`, async (t) => {
    const strict = await launch(after, { cookies: false });
    site.page('/off', page(include, '<h1>page</h1><script type="text/plain" data-consent="statistics">window.ran = true</script>', 'fr'));
    if (when === 'before Go') site.hold(program);
    const tab = await strict.tab(t);
    await tab.visit(site.url + '/off');
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.press('accept');
    await tab.bannerIsGone();
    assert.ok((await tab.layers()).notice.length > 20, 'the visitor must be told');
    assert.equal(await tab.has('statistics'), false);
    assert.equal(await tab.run(() => window.ran ?? false), false, 'nothing may run');
    assert.deepEqual([await tab.run(() => document.cookie), await tab.choiceCookies()], ['', []], 'the browser must keep none');
    assert.deepEqual(tab.errors, []);
    await tab.visit(site.url + '/off');
    await tab.bannerIsThere();
  });
}

test('the network goes before Go has come: accept and refuse are kept, and scripts of the page run', async (t) => {
  site.page('/gone', page(include, '<h1>page</h1><script type="text/plain" data-consent="statistics">window.ran = true</script>', 'fr'));
  for (const answer of ['accept', 'refuse']) {
    site.reset();
    site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/gone');
    await tab.bannerIsThere();
    await tab.offline(true);
    await tab.press(answer);
    await tab.bannerIsGone();
    assert.deepEqual((await tab.record()).choices, choices(answer === 'accept'));
    assert.equal(await tab.run(() => window.ran ?? false), answer === 'accept');
    assert.deepEqual(tab.errors, []);
  }
});
