// The cookie charter, and its form: with JavaScript and without.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import { needs, plain } from './lib/browser.mjs';
import { choices, cookie, lifetime, now, record } from './lib/records.mjs';
import { certificate, plainCatalogue, send, startSite, startTemoin } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const { browser, server, site, rev } = await stage();

const post = (fields, headers = {}) => send(server.url + '/charte-cookies', {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
});

/** The text of a cell: WebKit ends it with a line, the others do not. */
const textOf = (cell) => plain(cell).trim();

for (const [lang, words] of [
  ['fr', { title: 'Charte cookies', what: 'Qu’est-ce qu’un cookie', kinds: ['Cookies nécessaires', 'Mesure d’audience', 'Cookies internes', 'Cookies tiers'], empty: 'Aucun cookie de cette sorte', change: 'Changer d’avis', month: '6 mois', session: 'jusqu’à la fermeture du navigateur', local: 'dans le stockage local du navigateur', erased: 'jusqu’à ce que ce soit effacé', party: ['ce site', 'cookie d’un autre site'] }],
  ['en', { title: 'Cookie charter', what: 'What is a cookie?', kinds: ['Necessary cookies', 'Audience measurement', 'First-party cookies', 'Third-party cookies'], empty: 'No cookie of this kind', change: 'Changing your mind', month: '6 months', session: 'until the browser is closed', local: 'in the browser’s local storage', erased: 'until it is erased', party: ['this site', 'another site’s cookie'] }],
]) {
  test(`the charter says in ${lang} what a cookie is, which kinds and which cookies there are, and how to change one’s mind`, async (t) => {
    const tab = await browser.tab(t);
    await tab.visit(`${site.url}/charte-cookies/${lang}`);
    const found = await tab.run(() => ({
      lang: document.documentElement.lang,
      dir: document.documentElement.dir,
      title: document.title,
      h1: [...document.querySelectorAll('h1')].map((heading) => heading.textContent),
      h2: [...document.querySelectorAll('h2')].map((heading) => heading.textContent),
      kinds: [...document.querySelectorAll('dt')].map((term) => term.textContent),
      described: [...document.querySelectorAll('dd')].every((text) => text.textContent.length > 30),
      sections: [...document.querySelectorAll('section')].map((section) => !!document.getElementById(section.getAttribute('aria-labelledby'))),
      tables: [...document.querySelectorAll('table')].map((table) => ({
        name: document.getElementById(table.getAttribute('aria-labelledby')).textContent,
        head: [...table.querySelectorAll('thead th[scope=col]')].length,
        rows: [...table.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.innerText)),
      })),
      text: document.querySelector('main').innerText,
    }));
    const text = plain(found.text);
    assert.deepEqual([found.lang, found.dir], [lang, 'ltr']);
    assert.deepEqual(found.h1, [words.title], 'one first heading');
    assert.ok(found.title.startsWith(words.title));
    assert.ok(found.h2.some((heading) => plain(heading).includes(words.what)));
    assert.ok(found.h2.includes(words.change));
    assert.deepEqual(found.kinds, words.kinds, 'the four kinds');
    assert.ok(found.described, 'each explained');
    assert.ok(found.sections.every(Boolean), 'each section named by its heading');
    assert.deepEqual(found.tables.map(({ name, head, rows }) => [name, head, rows.length]), [[words.kinds[0], 6, 5], [words.kinds[1], 6, 4], [words.kinds[3], 6, 3]], 'one table for each kind that has cookies');
    assert.ok(text.includes(words.empty), 'and a word where there is none');
    const rows = found.tables.flatMap(({ rows }) => rows).map((row) => row.map(textOf));
    const names = ['sessionid', 'django_language', 'csrftoken', 'cookies_preferences', `temoin.receipts\n${words.local}`, '_pk_id.*', '_pk_ses.*', '_ga', '_ga_*', 'VISITOR_INFO1_LIVE', 'YSC', 'fr'];
    assert.deepEqual(rows.map((row) => row[2]), names, 'each cookie of the catalogue, and what is kept beside them');
    for (const row of rows) for (const cell of row) assert.ok(cell, `no cell may be empty: ${row}`);
    assert.equal(rows[3][4], words.month);
    assert.equal(rows[4][4], words.erased);
    assert.equal(rows[10][4], words.session);
    assert.equal(rows[3][5], words.party[0]);
    assert.equal(rows[10][5], words.party[1]);
    assert.ok(text.includes(words.month), 'how long the choice is kept');
  });
}

test('the charter of the default catalogue lists the four cookies of the portal, and the queue of receipts', async (t) => {
  const own = await startTemoin(t, { catalogue: await plainCatalogue() });
  const tab = await browser.tab(t);
  await tab.visit(own.url + '/charte-cookies/fr');
  const rows = await tab.run(() => [...document.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.innerText)));
  assert.deepEqual(rows.map((row) => [row[1], row[2], row[4]].map(textOf)), [
    ['Opendatasoft', 'sessionid', '2 semaines'], ['Opendatasoft', 'django_language', '12 mois'], ['Opendatasoft', 'csrftoken', '12 mois au plus'], ['Opendatasoft', 'cookies_preferences', '6 mois'],
    ['Opendatasoft', 'temoin.receipts\ndans le stockage local du navigateur', 'jusqu’à ce que ce soit effacé'],
  ]);
});

test('the charter speaks the language of the path, of the query, or of the browser, and says so', async () => {
  for (const [path, accept, expected] of [
    ['/charte-cookies/en', 'fr', 'en'], ['/charte-cookies/fr', 'en', 'fr'], ['/charte-cookies?lang=en', 'fr', 'en'], ['/charte-cookies', 'en-GB,en;q=0.9', 'en'],
    ['/charte-cookies', 'fr-CA', 'fr'], ['/charte-cookies', 'de, en;q=0.5', 'en'], ['/charte-cookies', 'zh', 'fr'], ['/charte-cookies', '', 'fr'], ['/charte-cookies?lang=xx', 'en', 'en'], ['/charte-cookies', '*;;q=x,,', 'fr'],
  ]) {
    const answer = await send(server.url + path, { headers: { 'accept-language': accept } });
    assert.equal(answer.status, 200, path);
    assert.equal(answer.headers['content-language'], expected, `${path}, Accept-Language: ${accept}`);
    assert.match(answer.text, new RegExp(`<html lang="${expected}"`));
    assert.match(answer.headers.vary, /accept-language/i);
    assert.match(answer.headers.vary, /cookie/i, 'the form shows the visitor’s choice');
    assert.match(answer.headers['cache-control'], /private|no-store/, 'which nobody else may be shown');
  }
});

test('the charter leads to its other language, to the site, and from banner and dialog', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/');
  await tab.goRuns();
  await tab.clickInside('.banner a');
  await tab.arrives(/\/charte-cookies\/fr$/);
  await tab.click('nav a[hreflang]');
  await tab.arrives(/\/charte-cookies\/en$/);
  await tab.click('header > a');
  await tab.arrives(/:\d+\/$/);
});

test('the button of the charter opens the dialog', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.click('[data-temoin-open]');
  await tab.dialogIsOpen();
});

test('on paper the charter has its tables, and neither form nor buttons', needs('mediaType'), async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.goRuns();
  await tab.media({ type: 'print' });
  const found = await tab.inside((shadow) => ({
    tables: [...document.querySelectorAll('table')].every((table) => table.checkVisibility()),
    others: [...document.querySelectorAll('form, button, nav'), shadow.host].filter((element) => element.checkVisibility()).map((element) => element.outerHTML.slice(0, 60)),
    color: getComputedStyle(document.body).color,
  }));
  assert.deepEqual(found, { tables: true, others: [], color: 'rgb(0, 0, 0)' });
});

test('on paper, tables stay tables and no word of them is cut, dark or light, on a narrow sheet too', needs('mediaType'), async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 680, height: 1000 }, media: { 'prefers-color-scheme': 'dark' } });
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.goRuns();
  await tab.media({ type: 'print' });
  const found = await tab.run(() => ({
    layout: [...new Set([...document.querySelectorAll('td')].map((cell) => getComputedStyle(cell).display))],
    wide: [...document.querySelectorAll('th, td')].filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.textContent),
    broken: [...document.querySelectorAll('table code')].filter((code) => code.getClientRects().length > 1).map((code) => code.textContent),
    colors: [...new Set([...document.querySelectorAll('h1, h2, h3, p, td')].map((element) => getComputedStyle(element).color))],
    paper: getComputedStyle(document.body).backgroundColor,
  }));
  assert.deepEqual(found, { layout: ['table-cell'], wide: [], broken: [], colors: ['rgb(0, 0, 0)'], paper: 'rgb(255, 255, 255)' });
});

test('in a browser’s reader mode the charter is complete', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.bannerIsThere();
  await tab.inject(`${await readFile(createRequire(import.meta.url).resolve('@mozilla/readability/Readability.js'), 'utf8')}; window.Readability = Readability;`);
  const read = await tab.run(() => {
    const { title, content } = new window.Readability(document.cloneNode(true), { serializer: (element) => element }).parse();
    return {
      title,
      text: content.textContent,
      headings: [...content.querySelectorAll('h2, h3')].map((heading) => heading.textContent),
      tables: [...content.querySelectorAll('table')].map((table) => table.rows.length),
    };
  });
  const shown = await tab.run(() => ({
    headings: [...document.querySelectorAll('main section :is(h2, h3)')].map((heading) => heading.textContent),
    tables: [...document.querySelectorAll('table')].map((table) => table.rows.length),
  }));
  assert.match(read.title, /Charte cookies/);
  assert.deepEqual(read.headings.filter((heading) => shown.headings.includes(heading)), shown.headings);
  assert.deepEqual(read.tables, shown.tables);
  for (const words of ['cookies_preferences', 'Google Ireland Limited', 'Se souvenir du choix du visiteur', 'CNIL']) assert.ok(read.text.includes(words), `reader mode shows "${words}"`);
  assert.doesNotMatch(read.text, /Vos choix sur les cookies/, 'nothing of the banner');
});

for (const width of [320, 768]) {
  test(`${width} px wide, the charter does not scroll sideways`, async (t) => {
    const tab = await browser.tab(t, { viewport: { width, height: 800 } });
    await tab.visit(site.url + '/charte-cookies/fr');
    assert.equal(await tab.run(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
    const narrow = await tab.run(() => [...document.querySelectorAll('tbody th > div')].map((cell) => cell.getBoundingClientRect().width));
    for (const room of narrow) assert.ok(room >= 120, `a service’s name has ${room} px: its words are broken`);
  });
}

// ---- the form without JavaScript ----

/** The boxes in a page's HTML, by value. */
const boxes = (html) => Object.fromEntries([...html.matchAll(/<input([^>]*type="checkbox"[^>]*)>/g)].map(([, attributes]) => [attributes.match(/value="([^"]*)"/)[1], /\schecked(=|\s|$)/.test(attributes)]));

test('without JavaScript the portal says where to choose, and the charter’s form keeps the choice', needs('noScript'), async (t) => {
  const visitor = await browser.visitor(t, { javascript: false });
  const tab = await visitor.tab();
  await tab.visit(site.url + '/');
  assert.match(await tab.driver.$eval('noscript a', (link) => link.getAttribute('href')), /^\/charte-cookies(\/fr)?#choix$/, 'the portal must lead to the form');
  await tab.visit(site.url + '/charte-cookies/fr#choix');
  assert.deepEqual(await visitor.cookies(), [], 'nothing may be kept before');
  const shown = () => tab.driver.$$eval('form input[type=checkbox]', (inputs) => Object.fromEntries(inputs.map((input) => [input.value, input.checked])));
  assert.deepEqual(await shown(), { matomo: true, 'google-analytics': false, youtube: false, facebook: false }, 'nothing is ticked beforehand but what is exempt');

  await (await tab.driver.$('input[value=youtube]')).click();
  await (await tab.driver.$('button[value=save]')).click();
  await tab.driver.waitForSelector('.saved:not(:empty)');
  assert.match(await tab.url(), /\/charte-cookies\/fr\?sent=1#choix$/);
  assert.match(plain(await tab.driver.$eval('.saved', (text) => text.textContent)), /Votre choix est enregistré/);
  assert.equal(await tab.driver.$eval('.saved', (text) => text.getAttribute('role')), 'status');
  assert.deepEqual(await shown(), { matomo: true, 'google-analytics': false, youtube: true, facebook: false }, 'the form must show the choice');
  const kept = await tab.record();
  assert.deepEqual([kept.choices, kept.services], [choices(false), { matomo: true, youtube: true }]);

  for (const [answer, granted] of [['accept', true], ['refuse', false]]) {
    await Promise.all([tab.driver.waitForNavigation(), tab.driver.$(`button[value=${answer}]`).then((button) => button.click())]);
    const { choices: now, services } = await tab.record();
    assert.deepEqual([now, services], [choices(granted), undefined], `${answer} must be kept`);
    assert.deepEqual(Object.values(await shown()), Array(4).fill(granted), `the boxes after ${answer}`);
  }
});

test('what the form keeps counts in pages with JavaScript', async (t) => {
  const answer = await post([['answer', 'save'], ['lang', 'fr'], ['allow', 'youtube'], ['allow', 'facebook']]);
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, answer.headers['set-cookie'][0].match(/=([^;]*)/)[1]));
  const tab = await visitor.tab();
  await tab.visit(site.url);
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false);
  assert.deepEqual((await tab.choice()).choices, { ...choices(false), 'third-party': true });
  assert.equal(await tab.has('matomo'), false);
});

test('with JavaScript the form answers in the page, and shows what is kept', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.goRuns();
  const shown = () => tab.run(() => Object.fromEntries([...document.querySelectorAll('form input[type=checkbox]')].map((input) => [input.value, input.checked])));
  await tab.click('input[value=facebook]');
  await tab.click('button[value=save]');
  await tab.bannerIsGone();
  const { choices: kept, services } = await tab.record();
  assert.deepEqual([kept, services], [choices(false), { matomo: true, facebook: true }]);
  assert.match((await tab.layers()).notice, /Votre choix est enregistré/, 'the visitor must see that it was kept');
  for (const [answer, granted] of [['accept', true], ['refuse', false]]) {
    await tab.click(`button[value=${answer}]`);
    await tab.until((shadow, granted) => window.temoin.has('facebook') === granted, `the choice ${answer} to count`, granted);
    assert.deepEqual(Object.values(await shown()), Array(4).fill(granted), `the boxes after ${answer}`);
  }
  await tab.press('open');
  await tab.dialogIsOpen();
  await tab.turn('youtube');
  await tab.press('save');
  await tab.dialogIsClosed();
  await tab.until(() => document.querySelector('input[value=youtube]').checked, 'the form to show what was chosen in the dialog');
});

test('the form shows at once what is answered in the banner', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.until(() => [...document.querySelectorAll('form input[type=checkbox]')].every((box) => !box.checked), 'no box to be ticked after all was refused');
});

test('where the browser sends no cookies back, the form says that the choice is not kept', async () => {
  const saved = await post({ answer: 'accept', lang: 'fr' });
  assert.equal(saved.status, 303);
  const page = await send(server.url + saved.headers.location.split('#')[0]);
  assert.match(plain(page.text), /n’accepte pas les cookies/);
  assert.doesNotMatch(page.text, /Votre choix est enregistré/);
  assert.equal(boxes(page.text).youtube, false, 'and all stays refused');
});

test('the form’s answer is a cookie by the contract, and a 303 to the form', async () => {
  for (const [fields, expected, services, lang] of [
    [{ answer: 'accept', lang: 'fr' }, choices(true), undefined, 'fr'],
    [{ answer: 'refuse', lang: 'en' }, choices(false), undefined, 'en'],
    [[['answer', 'save'], ['lang', 'fr']], choices(false), undefined, 'fr'],
    [[['answer', 'save'], ['lang', 'fr'], ['allow', 'matomo'], ['allow', 'google-analytics'], ['allow', 'first-party']], { ...choices(false), statistics: true }, undefined, 'fr'],
    [[['answer', 'save'], ['lang', 'fr'], ['allow', 'youtube']], choices(false), { youtube: true }, 'fr'],
    [[['answer', 'save'], ['lang', 'xx'], ['allow', 'necessary']], choices(false), undefined, 'fr'],
    [[['answer', 'accept'], ['allow', 'youtube']], choices(true), undefined, 'fr'],
  ]) {
    const answer = await post(fields);
    assert.equal(answer.status, 303, JSON.stringify(fields));
    assert.equal(answer.headers.location, `/charte-cookies/${lang}?sent=1#choix`);
    const [line, ...more] = answer.headers['set-cookie'];
    assert.deepEqual(more, [], 'one cookie');
    const [, value, attributes] = line.match(/^cookies_preferences=([^;]+); (.*)$/);
    assert.equal(attributes, `Path=/; Max-Age=${lifetime}; SameSite=Lax`, 'the attributes of the contract');
    const found = JSON.parse(decodeURIComponent(value));
    assert.equal(value, encodeURIComponent(JSON.stringify(found)), 'encoded as JavaScript does');
    assert.deepEqual(Object.keys(found), ['v', 'id', 'rev', 'at', 'choices', ...services ? ['services'] : [], 'of']);
    assert.equal(found.rev, rev);
    assert.ok(Math.abs(found.at - now()) <= 5);
    assert.deepEqual([found.choices, found.services], [expected, services], JSON.stringify(fields));
  }
});

test('behind a proxy that speaks https the form’s cookie is Secure', async () => {
  const [line] = (await post({ answer: 'accept' }, { 'x-forwarded-proto': 'https' })).headers['set-cookie'];
  assert.match(line, /; Secure$/);
});

test('over https, without JavaScript, the browser keeps the form’s cookie as a Secure one', needs('noScript'), async (t) => {
  const secure = await startSite(t, { upstream: server.url, tls: await certificate(t) });
  const tab = await browser.tab(t, { javascript: false });
  await tab.visit(secure.url + '/charte-cookies/fr');
  await (await tab.driver.$('button[value=accept]')).click();
  await tab.driver.waitForSelector('.saved:not(:empty)');
  const [kept] = await tab.choiceCookies();
  assert.equal(kept.secure, true);
});

test('the form is refused when it comes from another site', async (t) => {
  for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }, { origin: 'null' }]) {
    const answer = await post({ answer: 'accept' }, headers);
    assert.equal(answer.status, 403, JSON.stringify(headers));
    assert.equal(answer.headers['set-cookie'], undefined);
  }
  for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, { origin: server.url }, {}]) {
    assert.equal((await post({ answer: 'accept' }, headers)).status, 303, JSON.stringify(headers));
  }
  const evil = await startSite(t);
  evil.page('/', `<!doctype html><title>evil</title><form method="post" action="${site.url}/charte-cookies"><input name="answer" value="accept"></form><script>document.forms[0].submit()</script>`);
  const tab = await browser.tab(t);
  await tab.visit(evil.url.replace('127.0.0.1', 'evil.localhost') + '/');
  await tab.arrives(/charte-cookies/);
  assert.deepEqual(await tab.choiceCookies(), [], 'another site cannot answer in the visitor’s place');
});

test('what the form cannot mean is 400, what is too large 413, and neither sets a cookie', async () => {
  for (const [fields, status, says] of [
    [{}, 400, /answer/],
    [{ answer: 'yes' }, 400, /want accept, refuse or save/],
    [{ answer: 'save', allow: 'nobody' }, 400, /allow is "nobody"/],
    [[['answer', 'save'], ['allow', 'youtube'], ['allow', '<script>']], 400, /allow/],
    ['answer=%zz', 400, /cannot be read/],
    ['answer=accept;x', 400, /./],
    ['answer=accept&x=' + 'x'.repeat(9000), 413, /too large/],
  ]) {
    const answer = await post(fields);
    assert.equal(answer.status, status, JSON.stringify(fields).slice(0, 80));
    assert.match(answer.text, says);
    assert.match(answer.headers['content-type'], /^text\/plain/, 'what was sent must not come back as HTML');
    assert.equal(answer.headers['set-cookie'], undefined);
  }
  assert.equal((await post('{"answer":"accept"}', { 'content-type': 'application/json' })).status, 400, 'another type than a form’s says nothing');
  assert.equal((await send(server.url + '/charte-cookies?answer=accept', { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } })).status, 400, 'what the address says does not count');
  const got = await send(server.url + '/charte-cookies?answer=accept');
  assert.equal(got.status, 200);
  assert.equal(got.headers['set-cookie'], undefined, 'a link cannot answer');
});

test('the form shows the newest valid of several cookies, and none that is not valid', async () => {
  const at = now();
  const value = (fields) => `cookies_preferences=${encodeURIComponent(JSON.stringify(fields))}`;
  for (const [header, youtube] of [
    ['', false],
    [value(record(rev, { choices: choices(true) })), true],
    [`${value(record(rev, { choices: choices(true), at: at - 50 }))}; ${value(record(rev, { at }))}`, false],
    [`${value(record(rev, { at: at - 50 }))}; a=b; ${value(record(rev, { choices: choices(true), at }))}`, true],
    [value(record('0badcafe', { choices: choices(true) })), false],
    [value(record(rev, { choices: choices(true), at: at - lifetime - 60 })), false],
    ['cookies_preferences="quoted"', false],
  ]) {
    const page = await send(server.url + '/charte-cookies/fr', { headers: { cookie: header } });
    assert.equal(boxes(page.text).youtube, youtube, decodeURIComponent(header).slice(0, 300));
  }
});

