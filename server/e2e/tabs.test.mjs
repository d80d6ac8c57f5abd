// One choice in all tabs, and in pages that the browser kept for later.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { choices } from './lib/records.mjs';
import { eventually } from './lib/server.mjs';
import { program, stage } from './lib/stage.mjs';

const { browser, site } = await stage({ whole: true });

for (const [when, held] of [['before Go', true], ['once Go runs', false]]) {
  test(`a choice in one tab closes the banner in the other ${when}, and the other’s scripts hear of it`, async (t) => {
    if (held) site.hold(program);
    const visitor = await browser.visitor(t);
    const [here, there] = [await visitor.tab(), await visitor.tab()];
    await here.visit(site.url);
    await there.visit(site.url + '/a-propos');
    for (const tab of [here, there]) {
      await tab.front();
      await (held ? tab.bannerIsThere() : tab.goRuns());
    }
    await here.front();
    await here.press('accept');
    await here.bannerIsGone();
    await there.bannerIsGone();
    const { id } = await here.record();
    assert.equal((await there.choice()).id, id, 'the same choice counts in both');
    assert.equal(await there.has('youtube'), true);
    assert.equal((await there.layers()).reopen, true, 'the floating button must come there, too');
    assert.equal((await there.heard('temoin:change')).length, 1, 'one change must be told there');
    assert.equal((await here.heard('temoin:change')).length, 1, 'and one here: nothing echoes');

    // Back again, from the other side.
    await there.front();
    await there.run(() => window.temoin.reset());
    await here.bannerIsThere();
    assert.equal(await here.choice(), null);
    await here.front();
    await here.press('refuse');
    await there.bannerIsGone();
    assert.deepEqual((await there.choice()).choices, choices(false));
    assert.equal((await here.choiceCookies()).length, 1);
  });
}

test('a tab without a banner shows, in its dialog, what another tab has chosen meanwhile', async (t) => {
  const visitor = await browser.visitor(t);
  const [here, there] = [await visitor.tab(), await visitor.tab()];
  for (const tab of [here, there]) await tab.visit(site.url);
  await there.front();
  await there.press('refuse');
  await here.bannerIsGone();
  await here.front();
  await here.press('open');
  await here.dialogIsOpen();
  assert.equal((await here.switches()).youtube, false);
  await here.press('close');
  await here.dialogIsClosed();
  await there.run(() => window.temoin.save({ 'third-party': true }));
  await here.until(() => window.temoin.has('youtube'), 'the other tab’s choice to count here');
  await here.press('open');
  await here.dialogIsOpen();
  assert.equal((await here.switches()).youtube, true);
});

test('two tabs that answer at the same moment keep one choice, the same in both', async (t) => {
  const visitor = await browser.visitor(t);
  const [here, there] = [await visitor.tab(), await visitor.tab()];
  for (const tab of [here, there]) {
    await tab.visit(site.url);
    await tab.bannerIsThere();
  }
  await Promise.all([here.run(() => window.temoin.accept()), there.run(() => window.temoin.refuse())]);
  // Firefox may go on showing each tab the other's cookie, whoever wrote them, until another page comes.
  if (engine === 'firefox') for (const tab of [here, there]) await tab.reload();
  const agreed = async () => {
    const ids = [(await here.record()).id, (await here.choice())?.id, (await there.choice())?.id];
    return new Set(ids).size === 1;
  };
  for (const tab of [here, there]) await tab.front();
  await eventually(agreed, 'the choice that the cookie keeps to count in both tabs');
  const kept = await here.record();
  for (const tab of [here, there]) {
    assert.equal(await tab.has('statistics'), kept.choices.statistics);
    assert.equal((await tab.layers()).banner, false);
  }
});

test('without BroadcastChannel a tab follows as soon as it is looked at', async (t) => {
  const visitor = await browser.visitor(t);
  const [here, there] = [await visitor.tab(), await visitor.tab({ before: [() => { delete window.BroadcastChannel; }] })];
  await there.visit(site.url);
  await there.bannerIsThere();
  await here.visit(site.url);
  await here.front();
  await here.press('refuse');
  await here.bannerIsGone();
  await there.front();
  await there.until(() => !document.hidden, 'the tab to be looked at');
  // A headless browser need not say so, having no tabs to look at.
  await there.run(() => { document.dispatchEvent(new Event('visibilitychange')); });
  await there.bannerIsGone();
});

test('a page that is restored from the back/forward cache knows the choice that was made meanwhile', async (t) => {
  site.page('/cached', '<!doctype html><html lang="fr"><script src="/temoin.js"></script><title>cached</title><p>text', { 'cache-control': 'no-cache' });
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/cached');
  await tab.bannerIsThere();
  await tab.settles(); // Firefox keeps no page that waits for an answer
  await tab.run(() => { window.restored = 0; addEventListener('pageshow', ({ persisted }) => { window.restored += persisted; }); });
  await tab.visit(site.url + '/a-propos');
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.back();
  await tab.until((shadow) => !!shadow, 'the page to be back');
  await tab.until(() => window.restored === 1, 'the page to be restored as it was left');
  await tab.bannerIsGone();
  assert.equal((await tab.choice()).choices.statistics, false);
});

test('told that it was restored, a page reads the cookie again', async (t) => {
  // Without the channel, so that nothing else can tell it.
  const visitor = await browser.visitor(t, { before: [() => { delete window.BroadcastChannel; }] });
  const [here, there] = [await visitor.tab(), await visitor.tab()];
  await here.visit(site.url);
  await here.goRuns();
  await there.visit(site.url);
  await there.run(() => window.temoin.accept());
  await here.run(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await here.bannerIsGone();
  assert.equal(await here.has('statistics'), true);
  assert.equal((await here.heard('temoin:change')).length, 1);
});

test('a message on the channel that somebody forged changes nothing', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.run(() => {
    const channel = new BroadcastChannel('temoin');
    for (const message of [null, 'accept', { choices: { statistics: true } }, { v: 1, id: 'x' }]) channel.postMessage(message);
  });
  await tab.run(() => {
    document.dispatchEvent(new CustomEvent('temoin:change', { detail: { choices: { statistics: true } } }));
    postMessage({ temoin: 'accept' }, '*');
    dispatchEvent(new StorageEvent('storage', { key: 'cookies_preferences', newValue: 'x' }));
  });
  await tab.settles();
  assert.equal(await tab.has('statistics'), false);
  assert.equal((await tab.layers()).banner, true);
});
