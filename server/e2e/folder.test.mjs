// One rule of a proxy: all that the page asks for, and all that its layers lead
// to, is beneath /temoin/, and the site has nothing else of Témoin's.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { launch } from './lib/browser.mjs';
import { catalogue, page, service } from './lib/gate.mjs';
import { startSite, startTemoin } from './lib/server.mjs';

const server = await startTemoin(after, { command: 'serve', catalogue: catalogue([service('video', 'third-party')]) });
const [browser, site] = await Promise.all([launch(after), startSite(after, { folders: { '/temoin/': server.url } })]);

const links = (tab, layer) => tab.run((layer) => [...document.querySelector('#temoin').shadowRoot.querySelectorAll(`${layer} a.link`)].map((link) => link.getAttribute('href')), layer);

test('banner, dialog and placeholder lead to the charter beneath the folder, before Go and after', async (t) => {
  const url = site.page('/page', page('<script src="/temoin/temoin.js"></script>', '<iframe data-consent="third-party" data-service="video" data-src="/frame"></iframe>'));
  const tab = await browser.tab(t);
  await tab.visit(url);
  await tab.sees('customize');
  assert.deepEqual(await links(tab, '.banner'), ['/temoin/charte-cookies/en']);
  await tab.until(() => !!document.querySelector('.temoin-placeholder')?.shadowRoot?.querySelector('a.link'), 'the placeholder to be drawn');
  assert.equal(await tab.run(() => document.querySelector('.temoin-placeholder').shadowRoot.querySelector('a.link').getAttribute('href')), '/temoin/charte-cookies/en');
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal((await links(tab, 'dialog'))[0], '/temoin/charte-cookies/en');
  await tab.goRuns();
  assert.equal((await links(tab, 'dialog'))[0], '/temoin/charte-cookies/en');

  await tab.visit(`${site.url}/temoin/charte-cookies/en`);
  await tab.run(() => { document.querySelector('form [value="refuse"]').click(); });
  await tab.until(() => !!window.temoin?.choice, 'the form to be answered');
  assert.equal(await tab.has('video'), false);
  assert.deepEqual(site.requests.map(({ path }) => path).filter((path) => !/^\/(temoin\/|page$|favicon)/.test(path)), []);
});
