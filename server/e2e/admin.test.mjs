// The dashboard, as whoever runs the site uses it: on the real server, with the
// choices of real visitors.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';

import { isAccessible } from './lib/axe.mjs';
import { can, launch, needs } from './lib/browser.mjs';
import { revision } from './lib/records.mjs';
import { admin, certificate, eventually, folder, pause, plainCatalogue, richCatalogue, run, saved, send, startSite, startTemoin, temoin } from './lib/server.mjs';

const password = 'cheval correct pile';
const browser = await launch(after);

/** Starts a server; its door is where an operator's browser keeps a Secure cookie. */
async function start(t, options) {
  const server = await startTemoin(t, options);
  const door = can('secureLoopback') ? server.url : (await startSite(t, { upstream: server.url, tls: await certificate(t) })).url;
  return { ...server, door };
}

/** Starts a server whose dashboard has a password. */
async function dashboard(t, options) {
  const server = await start(t, options);
  assert.deepEqual(await admin(server.data, password, 'password'), { code: 0, said: 'the password is set; the dashboard is at /admin\n' });
  return server;
}

/** Fills a field with a text. */
const fill = (tab, selector, text) => tab.run((selector, text) => { document.querySelector(selector).value = text; }, selector, text);

/** Presses the button of a form in the page's main part, and waits for the page that answers it. */
async function submit(tab, action) {
  await Promise.all([tab.driver.waitForNavigation(), tab.click(`form[action^="${action}"] button`)]);
}

async function signIn(tab, { door }, lang = 'fr') {
  await tab.visit(`${door}/admin?lang=${lang}`);
  await fill(tab, '#password', password);
  await submit(tab, '/admin/login');
}

/** The cookie of the visitor's session, where there is one. */
const session = async (visitor) => (await visitor.cookies()).find(({ name }) => name === '__Host-temoin-admin');

const said = (tab) => tab.run(() => document.body.innerText);

async function says(tab, ...words) {
  const page = await said(tab);
  for (const word of words) assert.ok(page.includes(word), `expected ${JSON.stringify(word)} in\n${page}`);
}

/** Asserts that axe finds nothing and that nothing is wider than the page. */
async function isGood(tab, state) {
  await isAccessible(tab, state);
  const { page, window: room } = await tab.run(() => ({ page: document.documentElement.scrollWidth, window: window.innerWidth }));
  assert.ok(page <= room, `the page is ${page} wide in a window of ${room}, ${state}`);
  const { origin } = new URL(await tab.url());
  const foreign = tab.requests.filter((request) => !request.startsWith(origin) && !request.startsWith('data:'));
  assert.deepEqual(foreign, [], `requests to others, ${state}`);
  assert.deepEqual(await tab.heard('violation'), [], `what the policy forbade, ${state}`);
}

/** A visitor of the site answers; returns the id of the receipt, once it is kept. */
async function answer(t, server, lang, how) {
  const tab = await browser.tab(t);
  await tab.visit(`${server.url}/?lang=${lang}`);
  await tab.goRuns();
  if (how === 'dialog') {
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.turn('statistics');
    await tab.press('save');
  } else {
    await tab.press(how);
  }
  const { id } = await eventually(() => tab.record().catch(() => null), 'a cookie with the choice');
  await eventually(async () => (await send(`${server.url}/api/consents/${id}`)).status === 200, `the receipt of ${id}`);
  await tab.close();
  return id;
}

test('without a password the dashboard is off, and its command turns it on and off', async (t) => {
  const server = await start(t);
  const tab = await browser.tab(t);
  await tab.visit(`${server.door}/admin?lang=fr`);
  assert.equal((await send(`${server.url}/admin`)).status, 404);
  await says(tab, 'désactivé', 'temoin admin password');
  await isGood(tab, 'off');

  const refused = await admin(server.data, 'too short', 'password');
  assert.equal(refused.code, 1);
  assert.match(refused.said, /9 characters, want at least 12/);
  assert.equal((await send(`${server.url}/admin`)).status, 404);

  assert.equal((await admin(server.data, password, 'password')).code, 0);
  assert.equal((await send(`${server.url}/admin`)).status, 200);
  await signIn(tab, server);
  await says(tab, 'Tableau de bord');

  assert.equal((await admin(server.data, 'another password of mine', 'password')).code, 0);
  await tab.reload();
  await says(tab, 'Se connecter');

  assert.equal((await admin(server.data, '', 'off')).code, 0);
  await tab.visit(`${server.door}/admin?lang=en`);
  await says(tab, 'The dashboard is off');
});

test('an operator signs in, without any script, and out again', needs('noScript'), async (t) => {
  const server = await dashboard(t);
  const visitor = await browser.visitor(t, { javascript: false });
  const tab = await visitor.tab();
  await tab.visit(`${server.door}/admin?lang=fr`);
  await fill(tab, '#password', 'cheval incorrect pile');
  await submit(tab, '/admin/login');
  await says(tab, 'Ce mot de passe n’est pas le bon');
  assert.deepEqual(await visitor.cookies(), [], 'a wrong password sets no cookie');

  await fill(tab, '#password', password);
  await submit(tab, '/admin/login');
  await says(tab, 'Tableau de bord', 'Rien à montrer');
  const cookie = await session(visitor);
  assert.deepEqual((await visitor.cookies()).map(({ name }) => name).sort(), ['__Host-temoin-admin', '__Host-temoin-admin-known']);
  const { name, httpOnly, secure, sameSite, path } = cookie;
  assert.deepEqual({ name, httpOnly, secure, sameSite, path }, { name: '__Host-temoin-admin', httpOnly: true, secure: true, sameSite: 'Strict', path: '/' });
  assert.ok(!server.log().includes(cookie.value) && !server.log().includes(password) && !server.log().includes('incorrect'), 'no secret is in the log');

  await submit(tab, '/admin/logout');
  await says(tab, 'Vous êtes déconnecté');
  assert.equal(await session(visitor), undefined, 'no session is left');
  assert.ok(!(await visitor.cookies()).some(({ name }) => name === '__Host-temoin-admin-left'), 'what there was to forget is forgotten');
  const stale = await send(`${server.url}/admin/export.csv`, { headers: { cookie: `${cookie.name}=${cookie.value}` } });
  assert.equal(stale.status, 303, 'the session is over for whoever kept its cookie');
  await tab.back();
  await tab.arrives(/\/admin/);
  assert.ok(!(await said(tab)).includes('Rien à montrer'), 'the way back does not lead behind the door');
});

test('whoever tries many passwords has to wait, but not who has signed in before', async (t) => {
  const server = await dashboard(t);
  const tab = await browser.tab(t);
  await signIn(tab, server);
  await submit(tab, '/admin/logout');

  // They go on until the stranger has been sent away, however long a browser takes to come.
  const gone = new AbortController();
  let refused;
  const guess = async (value) => {
    while (!gone.signal.aborted) {
      const answer = await fetch(`${server.url}/admin/login?lang=en`, {
        method: 'POST', body: new URLSearchParams({ password: value }), redirect: 'manual', signal: gone.signal,
      });
      if (answer.status === 429) refused ??= answer;
      await pause(100);
    }
  };
  t.after(() => gone.abort());
  for (let i = 0; i < 12; i++) guess(`guess number ${i}`).catch(() => {}); // what still waits when the test ends
  await eventually(() => refused, 'a guess that is sent away');
  assert.ok(Number(refused.headers.get('retry-after')) > 0);
  assert.equal(refused.headers.get('set-cookie'), null);

  const stranger = await browser.tab(t);
  await signIn(stranger, server);
  await says(stranger, 'Trop d’essais');
  await isGood(stranger, 'too many attempts');
  await signIn(tab, server);
  await says(tab, 'Tableau de bord');
});

test('a password that others could read is neither asked for nor taken', async (t) => {
  const server = await dashboard(t);
  for (const headers of [{ host: 'data.example.org' }, { 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7;proto=http' }, { 'x-forwarded-proto': 'http' }]) {
    const asked = await send(`${server.url}/admin?lang=en`, { headers });
    assert.ok(asked.text.includes('over https only') && !asked.text.includes('type="password"'), JSON.stringify(headers));
    const { status, headers: got } = await send(`${server.url}/admin/login`, {
      method: 'POST', body: new URLSearchParams({ password }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
    assert.equal(status, 403, JSON.stringify(headers));
    assert.equal(got['set-cookie'], undefined);
  }
});

test('whose password may erase does so with a tick, and whose may only read is offered neither that nor an export', async (t) => {
  const server = await start(t);
  assert.equal((await admin(server.data, password, 'password', '-role', 'erase')).code, 0);
  const id = await answer(t, server, 'fr', 'accept');
  const tab = await browser.tab(t);
  await signIn(tab, server);
  const receipt = `${server.door}/admin/receipts?lang=fr&id=${id}`;
  await tab.visit(receipt);
  await says(tab, 'Effacer cette preuve');
  await isGood(tab, 'a receipt that may be erased');
  await tab.click('form[action^="/admin/receipts/erase"] button');
  await says(tab, 'Effacer cette preuve'); // the browser asks for the tick
  await tab.click('[name=sure]');
  await submit(tab, '/admin/receipts/erase');
  await says(tab, 'La preuve est effacée', id);
  await isGood(tab, 'a receipt that is erased');
  assert.equal((await send(`${server.url}/api/consents/${id}`)).status, 404);
  await tab.visit(receipt);
  await says(tab, 'Aucune preuve');

  const other = await answer(t, server, 'fr', 'refuse');
  assert.equal((await admin(server.data, password, 'password', '-role', 'read')).code, 0);
  await tab.visit(receipt);
  await says(tab, 'Se connecter');
  await signIn(tab, server);
  assert.ok(!(await said(tab)).includes('JSONL'), 'no export is offered');
  await tab.visit(`${server.door}/admin/export.csv?lang=fr`);
  await says(tab, 'Votre rôle ne le permet pas');
  await isGood(tab, 'a role that may not');
  await tab.visit(receipt.replace(id, other));
  assert.ok(!(await said(tab)).includes('Effacer'), 'nor to erase');
});

test('markup in what is stored is shown as text', async (t) => {
  const attack = '"><img src=x onerror=document.title=1><script>document.title=1</script>';
  const catalogue = (await richCatalogue())
    .replace(/(name:\n +fr: ).*\n( +en: ).*/, `$1'${attack}'\n$2'${attack}'`)
    .replaceAll(/\{ fr: .*, en: .*\}$/gm, `{ fr: '${attack}', en: '${attack}' }`)
    .replaceAll(/provider: .*$/gm, `provider: '${attack}'`);
  assert.ok(catalogue.includes(attack));
  const server = await dashboard(t, { catalogue });
  const id = await answer(t, server, 'fr', 'accept');
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await signIn(tab, server);
  let shown = '';
  for (const page of ['/admin?', `/admin/receipts?id=${id}&`, `/admin/receipts?id=${encodeURIComponent(attack)}&`, '/admin/nothing?']) {
    await tab.visit(`${server.door}${page}lang=fr`);
    assert.deepEqual(await tab.run(() => [document.querySelectorAll('main script, main img, header script, header img').length, document.title === '1']), [0, false], page);
    assert.deepEqual(await tab.heard('violation'), [], `the policy had nothing to stop on ${page}`);
    shown += await said(tab);
  }
  assert.ok(shown.includes(attack), 'a page shows the markup as it was written');
});

/** A database that is read and written behind the server's back; select returns what one query finds. */
const behind = (server) => {
  const sql = async (query) => (await run('sqlite3', ['-cmd', '.timeout 10000', '-json', path.join(server.data, 'temoin.db'), query])).stdout;
  const value = (bytes) => `CAST(X'${Buffer.from(bytes).toString('hex')}' AS TEXT)`;
  return { sql, value, select: async (query) => JSON.parse(await sql(query) || '[]') };
};

/** JSON as Go writes it, so that a receipt counts as written by this program. */
const asGo = (value) => JSON.stringify(value).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt().toString(16)}`);

/** Every kind of text in a JSON value: where it is, and the value with all of that kind replaced. */
function spoilt(value, by) {
  const kinds = new Set();
  const walk = (value, kind, replaced) => {
    if (typeof value === 'string') { kinds.add(kind); return kind === replaced ? by : value; }
    if (Array.isArray(value)) return value.map((item) => walk(item, `${kind}[]`, replaced));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, `${kind}.${key}`, replaced)]));
  };
  walk(value, '');
  return [...kinds].map((kind) => [kind, walk(value, '', kind)]);
}

test('markup in any field of the database is shown as text, or not at all', async (t) => {
  const attack = `'"></title></textarea></style><svg onload=document.title=1><img src=x onerror=document.title=1><script>document.title=1</script>`;
  const server = await dashboard(t);
  const id = await answer(t, server, 'fr', 'accept');
  const { sql, value, select } = behind(server);
  const receiptOf = `FROM entries WHERE id = '${id}'`;
  const [{ body }] = await select(`SELECT CAST(body AS TEXT) AS body ${receiptOf}`);
  const receipt = JSON.parse(body);
  assert.equal(asGo(receipt), body, 'what is written here is read there');

  const fields = [];
  for (const [table, column] of [['choice_sums', 'day'], ['choice_sums', 'rev'], ['choice_sums', 'lang'], ['choice_sums', 'how'], ['choice_sums', 'outcome'],
    ['answer_sums', 'rev'], ['answer_sums', 'lang'], ['answer_sums', 'category'], ['answer_sums', 'answer'], ['unanswered_sums', 'rev'], ['anew_sums', 'rev'], ['anew_sums', 'outcome'], ['checkpoints', 'note']]) {
    fields.push([`${table}.${column}`, `PRAGMA ignore_check_constraints = ON; UPDATE ${table} SET ${column} = ${value(attack)} WHERE rowid = (SELECT max(rowid) FROM ${table})`]);
  }
  const withService = structuredClone(receipt);
  withService.pii_processing.purposes[1].services = [{ service: attack, event_state: 'consent_refused' }];
  for (const [kind, changed] of [...spoilt(receipt, attack), ['.service', withService]]) {
    fields.push([`receipt${kind}`, `UPDATE entries SET body = CAST(${value(asGo(changed))} AS BLOB) WHERE id = '${id}'`]);
  }
  // The server keeps editions in memory: each that is spoilt is a new one.
  const [{ catalogue }] = await select(`SELECT CAST(catalogue AS TEXT) AS catalogue FROM editions WHERE lang = 'fr'`);
  for (const [i, [kind, changed]] of spoilt(JSON.parse(catalogue), attack).entries()) {
    const other = structuredClone(receipt);
    const { privacy_notice: notice } = other.pii_processing;
    notice.text = String(i).padStart(16, '0');
    fields.push([`edition${kind}`, `UPDATE entries SET body = CAST(${value(asGo(other))} AS BLOB) WHERE id = '${id}';
      INSERT INTO editions VALUES ('${notice.rev}', '${notice.text}', 'fr', CAST(${value(asGo(changed))} AS BLOB), '')`]);
  }
  assert.ok(fields.length > 50, `${fields.length} fields`);

  const today = new Date().toISOString().slice(0, 10);
  await sql(`INSERT INTO unanswered_sums (day, rev, n) VALUES ('${today}', '00000000', 3)`);
  await sql(`INSERT INTO anew_sums (day, rev, outcome, n) VALUES ('${today}', '${receipt.pii_processing.privacy_notice.rev}', 'refused', 3)`);
  const tables = ['choice_sums', 'answer_sums', 'unanswered_sums', 'anew_sums', 'checkpoints', 'entries', 'editions'];
  await sql(tables.map((table) => `CREATE TABLE good_${table} AS SELECT * FROM ${table}`).join(';'));
  const mend = tables.map((table) => `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM good_${table}`).join(';');

  const tab = await browser.tab(t);
  await signIn(tab, server);
  const shown = [];
  for (const [field, spoil] of fields) {
    await sql(`BEGIN; ${mend}; ${spoil}; COMMIT`);
    for (const page of ['/admin?', `/admin/receipts?id=${id}&`]) {
      await tab.visit(`${server.door}${page}lang=fr`);
      const { made, title, text } = await tab.run(() => ({
        made: document.querySelectorAll('script, img, iframe, textarea, [onload], [onerror]').length,
        title: document.title,
        text: document.documentElement.textContent,
      }));
      assert.equal(made, 0, `elements made by ${field} on ${page}`);
      assert.notEqual(title, '1', `a script of ${field} ran on ${page}`);
      assert.deepEqual(await tab.heard('violation'), [], `the policy had to stop ${field} on ${page}`);
      if (text.includes(attack)) shown.push(field);
    }
  }
  for (const field of ['choice_sums.rev', 'choice_sums.lang', 'answer_sums.category', 'receipt.party_identification[].party_id', 'receipt.temoin.version', 'receipt.service', 'edition.categories[].title.fr']) {
    assert.ok(shown.includes(field), `expected ${field} among what is shown as it was written: ${shown}`);
  }
});

test('whoever lets a proxy name who is signed in is told what the proxy has to do', async (t) => {
  assert.match((await temoin('serve', '-h')).stderr, /-user-header header\n.*the proxy has to remove the visitor's own/);
  const server = await startTemoin(t, { command: 'serve', args: ['-user-header', 'X-Remote-User', '-proxies', '127.0.0.1'] });
  assert.match(server.log(), /level=WARN .*the proxy has to remove the visitor's own" header=X-Remote-User/);
  const quiet = await startTemoin(t, { command: 'serve' });
  assert.ok(!quiet.log().includes('has to remove'));
  const { code, stderr } = await temoin('serve', '-addr', '127.0.0.1:0', '-catalogue', server.catalogue, '-data', await folder(t), '-user-header', 'X-Remote-User');
  assert.equal(code, 1);
  assert.match(stderr, /no proxy is trusted with the header X-Remote-User; name their networks/);
});

test('other sites’ pages can neither sign in nor out', async (t) => {
  const server = await dashboard(t);
  for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }, { origin: 'null' }]) {
    for (const action of ['login', 'logout']) {
      const { status, headers: got } = await send(`${server.url}/admin/${action}`, {
        method: 'POST', body: new URLSearchParams({ password }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      });
      assert.equal(status, 403, `${action} with ${JSON.stringify(headers)}`);
      assert.equal(got['set-cookie'], undefined);
    }
  }
});

test('an operator reads the figures, finds a receipt and exports', async (t) => {
  const server = await dashboard(t);
  const refused = await answer(t, server, 'fr', 'refuse');
  await answer(t, server, 'en', 'accept');
  const partly = await answer(t, server, 'fr', 'dialog');
  const today = new Date().toISOString().slice(0, 10);

  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await signIn(tab, server);
  const figures = await tab.run(() => [...document.querySelectorAll('.figures strong')].map((figure) => figure.textContent.replace(/\s/g, ' ')));
  assert.deepEqual(figures.slice(0, 4), ['3', '33,3 %', '33,3 %', '33,3 %']);
  const row = (selector, name) => tab.run((selector, name) => [...document.querySelectorAll(`${selector} tbody tr`)].map((tr) => [...tr.cells].map((cell) => cell.textContent))
    .find(([first]) => first === name), selector, name);
  assert.deepEqual((await row('[aria-labelledby="ways-title"]', 'Bandeau (premier écran)')).slice(1, 5), ['1', '0', '1', '2']);
  assert.deepEqual((await row('[aria-labelledby="ways-title"]', 'Fenêtre de détail')).slice(1, 5), ['0', '1', '0', '1']);
  assert.deepEqual((await row('[aria-labelledby="languages-title"]', 'English')).slice(-1), ['1']);
  const drawn = () => tab.run(() => [...document.querySelectorAll('svg.chart')].filter((svg) => svg.checkVisibility()).length);
  assert.equal(await drawn(), 4, 'of each chart one size is shown');
  await isGood(tab, 'report');

  await Promise.all([tab.driver.waitForNavigation(), tab.click('.period a[href*="days=7"]')]);
  assert.equal(await tab.run(() => document.querySelector('.period [aria-current]').textContent), '7 jours');
  assert.equal(await tab.run(() => document.documentElement.lang), 'fr', 'the language that was asked for is kept');
  await fill(tab, '#since', '2020-01-01');
  await fill(tab, '#until', '2020-01-31');
  await Promise.all([tab.driver.waitForNavigation(), tab.click('.period button')]);
  await says(tab, 'Du 1er janvier 2020 au 31 janvier 2020', 'Rien à montrer');
  await tab.visit(`${server.door}/admin?lang=fr&since=${today}&until=2020-01-01`);
  await says(tab, 'avant la date de début');

  await tab.visit(`${server.door}/admin?lang=fr`);
  await fill(tab, '#id', ` ${partly.toUpperCase()} `);
  await submit(tab, '/admin/receipts');
  await says(tab, 'a accepté en partie', 'La preuve est intacte', partly, 'fenêtre de détail');
  await isGood(tab, 'receipt');
  await fill(tab, '#id', refused);
  await submit(tab, '/admin/receipts');
  await says(tab, 'a tout refusé', 'La preuve est intacte', refused);
  await fill(tab, '#id', '3f2b8c1e-5a47-4d0a-9c61-0e8f7b6a5d43');
  await submit(tab, '/admin/receipts');
  await says(tab, 'Aucune preuve ne porte ce numéro');
  await isGood(tab, 'no receipt');

  const { name, value } = await session(visitor);
  const csv = await send(`${server.url}/admin/export.csv?days=7`, { headers: { cookie: `${name}=${value}` } });
  assert.equal(csv.status, 200);
  assert.match(csv.headers['content-disposition'], new RegExp(`filename="temoin-[0-9-]+-${today}\\.csv"`));
  assert.equal(csv.text.trim().split('\n').length, 4, 'a heading and three receipts');
  const jsonl = await send(`${server.url}/admin/export.jsonl?days=7`, { headers: { cookie: `${name}=${value}` } });
  assert.deepEqual(jsonl.text.trim().split('\n').map((line) => JSON.parse(line).receipt.record_id).slice(0, 1), [refused]);
});

test('the dashboard shows whom a change of the catalogue has asked anew, and what they said', async (t) => {
  const before = await plainCatalogue() + ['counter', 'reach'].map((id) => `  - { id: ${id}, category: statistics, name: ${id}, provider: Compte, purpose: Compter. }\n`).join('');
  const server = await dashboard(t, { catalogue: before });
  const kept = async (tab) => {
    await tab.bannerIsGone();
    const { id } = await tab.record();
    await eventually(async () => (await send(`${server.url}/api/consents/${id}`)).status === 200, `the receipt of ${id}`);
  };
  const visitor = async (how) => {
    const tab = await browser.tab(t);
    await tab.visit(server.url);
    await tab.bannerIsThere();
    await tab.press(how);
    await kept(tab);
    return tab;
  };
  const [allows, refuses, alsoRefuses, mixes, refused] = [await visitor('accept'), await visitor('accept'), await visitor('accept'), await visitor('accept'), await visitor('refuse')];
  const first = await revision(server.url);
  await server.change(before + ['heatmap', 'clicks'].map((id) => `  - { id: ${id}, category: statistics, name: ${id}, provider: Chaud, purpose: Voir. }\n`).join(''));
  await eventually(async () => await revision(server.url) !== first, 'another revision');

  for (const [tab, how] of [[allows, 'accept'], [refuses, 'refuse'], [alsoRefuses, 'refuse']]) {
    await tab.reload();
    await tab.bannerIsThere();
    await tab.press(how);
    await kept(tab);
  }
  await mixes.reload();
  await mixes.press('customize');
  await mixes.dialogIsOpen();
  await mixes.turn('clicks');
  await mixes.press('save');
  await kept(mixes);
  await refused.reload(); // who has refused is asked nothing
  await refused.sees('open');
  await visitor('accept'); // a first answer

  const tab = await browser.tab(t);
  await signIn(tab, server);
  const rows = await tab.run(() => [...document.querySelectorAll('[aria-labelledby="anew-title"] tbody tr')].map((tr) => [...tr.cells].map((cell) => cell.textContent)));
  assert.deepEqual(rows.map(([rev, , ...numbers]) => [rev, ...numbers]), [[await revision(server.url), '4', '1', '1', '2']]);
  await says(tab, 'Ce que chaque révision a redemandé', 'Ceux qui sont partis sans répondre sont parmi les bandeaux laissés sans réponse');
  await isGood(tab, 'asked anew');
});

test('the export button saves a file', needs('downloads'), async (t) => {
  const server = await dashboard(t);
  const dir = await folder(t);
  const tab = await browser.tab(t);
  await signIn(tab, server);
  await tab.downloadsInto(dir);
  await tab.click('a[href^="/admin/export.csv"]');
  const { name, text } = await saved(dir, /\.csv$/);
  assert.match(name, /^temoin-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv$/);
  assert.match(text, /^index,id,/);
});

test('the keyboard alone leads past the header', async (t) => {
  const server = await dashboard(t);
  const tab = await browser.tab(t);
  await signIn(tab, server);
  await tab.visit(`${server.door}/admin?lang=fr`);
  await tab.keys('Tab');
  assert.equal(await tab.run(() => document.activeElement.className), 'skip');
  await tab.keys('Enter', 'Tab');
  assert.equal(await tab.run(() => document.activeElement.textContent), '7 jours');
});

for (const scheme of can('colorScheme') ? ['light', 'dark'] : ['light']) {
  for (const lang of ['fr', 'en']) {
    test(`every state is accessible, wide and narrow, ${scheme}, ${lang}`, async (t) => {
      const server = await dashboard(t);
      const id = await answer(t, server, lang, 'accept');
      const tab = await browser.tab(t, can('colorScheme') ? { media: { 'prefers-color-scheme': scheme } } : {});
      await tab.visit(`${server.door}/admin?lang=${lang}`);
      await isGood(tab, 'sign-in');
      await fill(tab, '#password', 'not the password');
      await submit(tab, '/admin/login');
      await isGood(tab, 'wrong password');
      await signIn(tab, server, lang);
      for (const width of [1280, 700, 320]) {
        await tab.viewport({ width, height: 640 });
        for (const page of ['/admin?', '/admin?days=365&', '/admin?days=7&', '/admin?since=2020-01-01&until=2020-01-02&', `/admin/receipts?id=${id}&`, '/admin/receipts?id=x&', '/admin/nothing?']) {
          await tab.visit(`${server.door}${page}lang=${lang}`);
          await tab.run(() => { for (const details of document.querySelectorAll('details')) details.open = true; });
          await isGood(tab, `${page}, ${width} px`);
        }
      }
    });
  }
}
