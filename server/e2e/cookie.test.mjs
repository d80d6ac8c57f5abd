// The cookie cookies_preferences: how it is written, and what a visitor finds
// who comes back with one.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { choices, cookie, day, encode, lifetime, now, record, revision } from './lib/records.mjs';
import { certificate, eventually, richCatalogue, startSite, startTemoin } from './lib/server.mjs';
import { parts, program, stage } from './lib/stage.mjs';

const { browser, server, site, rev } = await stage();

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Asserts that the browser keeps one cookie, exactly as the contract has it. */
async function keeps(tab, answer) {
  const cookies = await tab.choiceCookies();
  assert.equal(cookies.length, 1, `want one cookie, there are ${cookies.length}`);
  const [kept] = cookies;
  const { id, at, of } = await tab.record();
  assert.match(id, uuid, 'id must be a random UUID, version 4');
  assert.ok(Math.abs(at - now()) <= 5, `at is ${at}, want about ${now()}`);
  const services = answer.services ? `,"services":${JSON.stringify(answer.services)}` : '';
  const json = `{"v":2,"id":"${id}","rev":"${rev}","at":${at},"choices":${JSON.stringify(answer.choices)}${services},"of":"${of}"}`;
  assert.match(of, /^[\w-]+(~[\w-]+)*$/, 'of says what was answered, all of it now');
  assert.equal(kept.value, encodeURIComponent(json), `the value must be the encoded compact JSON, its keys in order; decoded it is ${decodeURIComponent(kept.value)}`);
  assert.equal(kept.path, '/', 'Path=/');
  assert.equal(kept.sameSite, 'Lax', 'SameSite=Lax');
  assert.equal(kept.secure, false, 'not Secure on http');
  assert.equal(kept.httpOnly, false, 'readable by the page');
  assert.equal(kept.session, false, 'not a session cookie');
  assert.equal(kept.domain, '127.0.0.1', 'for this host alone');
  assert.ok(Math.abs(kept.expires - now() - lifetime) <= 120, `expires in ${kept.expires - now()} s, want ${lifetime}`);
  return { id, at };
}

/** Asserts what page, scripts and events say after the first choice. */
async function afterChoice(tab, granted, { id, at }) {
  const layers = await tab.layers();
  assert.equal(layers.banner, false, 'the banner must be gone');
  assert.equal(layers.reopen, true, 'the floating button must be there');
  assert.equal(layers.said, 'Votre choix est enregistré.', 'the choice must be announced politely');
  assert.equal(layers.notice, '', 'and not be shown where all is well');
  const { services, ...choice } = await tab.choice();
  assert.deepEqual(choice, { v: 2, id, rev, at, choices: choices(granted), asked: [] }, 'temoin.choice must be the record');
  assert.deepEqual(services ?? {}, {}, 'no service differs from its category');
  for (const name of ['statistics', 'third-party', 'google-analytics', 'matomo', 'youtube', 'facebook']) {
    assert.equal(await tab.has(name), granted, `temoin.has('${name}') after ${granted ? 'accept' : 'refuse'}`);
  }
  assert.equal(await tab.has('necessary'), true, 'what is necessary is always allowed');
  assert.equal(await tab.has('preferences'), true, 'a necessary service is always allowed');
  assert.equal(await tab.has('unknown'), false, 'what is not known is never allowed');
  assert.deepEqual(await tab.heard('temoin:ready'), [null], 'temoin:ready is heard once, with no choice yet');
  const changes = await tab.heard('temoin:change');
  assert.equal(changes.length, 1, `want one temoin:change, heard ${JSON.stringify(changes)}`);
  assert.equal(changes[0].id, id, 'temoin:change tells the record');
  assert.deepEqual(changes[0].choices, choices(granted), 'temoin:change tells the choices');
  assert.equal(changes[0].previous, null, 'temoin:change tells what was before: nothing');
  assert.deepEqual(tab.errors, [], 'no exception may reach the page');
}

for (const when of ['before Go', 'once Go runs']) {
  for (const answer of ['accept', 'refuse']) {
    for (const how of ['the mouse', 'the keyboard']) {
      test(`${answer} with ${how} ${when} writes the cookie of the contract`, async (t) => {
        if (when === 'before Go') site.hold(program);
        const tab = await browser.tab(t);
        await tab.visit(site.url);
        await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
        if (how === 'the mouse') {
          await tab.press(answer);
        } else {
          // Link, refuse, customize, accept.
          await tab.keys('Tab', 'Tab', ...answer === 'accept' ? ['Tab', 'Tab', 'Enter'] : ['Space']);
        }
        await tab.bannerIsGone();
        if (when === 'before Go') assert.ok(await tab.goHasNotRun(), 'Go must not have been needed');
        const granted = answer === 'accept';
        await afterChoice(tab, granted, await keeps(tab, { choices: choices(granted) }));
      });
    }
  }
}

for (const when of ['before Go', 'once Go runs']) {
  for (const answer of ['accept', 'refuse']) {
    test(`temoin.${answer}() ${when} does the same as the button`, async (t) => {
      if (when === 'before Go') site.hold(program);
      const tab = await browser.tab(t);
      await tab.visit(site.url);
      await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
      await tab.run((answer) => window.temoin[answer](), answer);
      await tab.bannerIsGone();
      const granted = answer === 'accept';
      await afterChoice(tab, granted, await keeps(tab, { choices: choices(granted) }));
    });
  }

  test(`temoin.save() ${when} keeps what it is given, and refuses what is not named`, async (t) => {
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.run(() => window.temoin.save({ statistics: true, matomo: true, youtube: true, facebook: 'yes', necessary: false, authentication: false, unknown: true }));
    await tab.bannerIsGone();
    await keeps(tab, { choices: { ...choices(false), statistics: true }, services: { youtube: true } });
    assert.equal(await tab.has('youtube'), true);
    assert.equal(await tab.has('facebook'), false, 'only true allows');
    assert.equal(await tab.has('third-party'), false);
    assert.equal(await tab.has('google-analytics'), true, 'a service follows its category');
    assert.equal(await tab.has('authentication'), true, 'what is necessary cannot be refused');
  });

  test(`temoin.reset() ${when} takes the choice back and asks again`, async (t) => {
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.press('accept');
    await tab.bannerIsGone();
    const before = await tab.record();
    await tab.run(() => window.temoin.reset());
    await tab.bannerIsThere();
    // An answer to the report of the choice may set it once more, for a moment.
    await eventually(async () => (await tab.choiceCookies()).length === 0, 'the cookie to be deleted');
    assert.equal(await tab.choice(), null);
    assert.equal(await tab.has('statistics'), false);
    assert.equal((await tab.layers()).reopen, false, 'the floating button must be gone while the banner asks');
    const changes = await tab.heard('temoin:change');
    assert.equal(changes.length, 2, 'a change to the choice, and one back');
    assert.equal(changes[1].previous.id, before.id, 'the second change tells what was before');
    await tab.press('refuse');
    await tab.bannerIsGone();
    assert.notEqual((await tab.record()).id, before.id, 'the next choice has an id of its own');
  });

  test(`a double click on accept ${when} makes one choice`, async (t) => {
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.press('accept', { clickCount: 2, count: 2 });
    await tab.bannerIsGone();
    const { id } = await keeps(tab, { choices: choices(true) });
    await tab.settles({ but: program });
    assert.equal((await tab.record()).id, id, 'the id must not change');
    assert.equal((await tab.heard('temoin:change')).length, 1, 'one change must be told');
    assert.deepEqual(await tab.layers(), { ...await tab.layers(), dialog: false, banner: false }, 'the second click must open nothing');
  });

  test(`two clicks in one moment ${when}, first refuse and then accept, make one choice: the first`, async (t) => {
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.inside((shadow) => {
      const [refuse, accept] = ['refuse', 'accept'].map((name) => shadow.querySelector(`.banner [data-temoin="${name}"]`));
      refuse.click();
      accept.click();
    });
    await tab.bannerIsGone();
    await keeps(tab, { choices: choices(false) });
    assert.equal((await tab.heard('temoin:change')).length, 1, 'one change must be told');
  });
}

for (const pause of [0, 3, 10, 30, 60]) {
  test(`a click that races the takeover by Go makes one choice (${pause} ms)`, async (t) => {
    const release = site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await tab.bannerIsThere();
    await tab.sees('accept');
    await tab.comesNear();
    release();
    await eventually(() => site.asked(program).length, 'the program to be asked for');
    if (pause) await tab.goDraws();
    // Clicks in each frame around the moment, on whatever button is there then.
    const pressed = await tab.inside((shadow, pause) => new Promise((resolve) => {
      let count = 0;
      const press = () => {
        const button = shadow.querySelector('.banner [data-temoin="accept"]');
        if (!button?.checkVisibility()) return resolve(count);
        count += 1;
        button.click();
        setTimeout(press, pause / 4);
      };
      setTimeout(press, pause);
    }), pause);
    assert.ok(pressed >= 1, 'a button must have been there to press');
    await tab.bannerIsGone();
    if (pause) await tab.goRuns(); // nothing is started for who has answered before
    await tab.settles();
    await keeps(tab, { choices: choices(true) });
    const changes = await tab.heard('temoin:change');
    assert.equal(changes.length, 1, `want one change, heard ${JSON.stringify(changes)}`);
    assert.equal((await tab.layers()).banner, false, 'the banner must stay away');
  });
}

test('a mouse button pressed on the shell and let go after Go came is still a click', async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.bannerIsThere();
  const { x, y } = await tab.inside((shadow) => {
    const box = shadow.querySelector('.banner [data-temoin="refuse"]').getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  });
  await tab.mouse.move(x, y);
  await tab.mouse.down();
  release();
  await tab.goDraws();
  await tab.mouse.up();
  await tab.bannerIsGone();
  await keeps(tab, { choices: choices(false) });
});

test('on https the cookie is Secure', async (t) => {
  const secure = await startSite(t, { upstream: server.url, tls: await certificate(t) });
  for (const when of ['before Go', 'once Go runs']) {
    if (when === 'before Go') secure.hold(program);
    else secure.reset();
    const tab = await browser.tab(t);
    await tab.visit(secure.url);
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.press('accept');
    await tab.bannerIsGone();
    const [kept] = await tab.choiceCookies();
    assert.equal(kept.secure, true, `Secure must be set ${when}`);
    assert.equal(kept.sameSite, 'Lax');
    assert.ok(Math.abs(kept.expires - now() - lifetime) <= 120);
  }
});

// ---- coming back ----

/** A visitor who comes back with cookies. */
async function returning(t, ...cookies) {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(...cookies);
  return visitor.tab();
}

for (const [name, granted] of [['accepted', true], ['refused', false]]) {
  test(`who ${name} before sees no banner, and loads nothing but the loader`, async (t) => {
    const fields = record(rev, { choices: choices(granted), at: now() - 30 * day });
    const tab = await returning(t, cookie(site.url, fields));
    await tab.visit(site.url);
    await tab.sees('open');
    await tab.settles();
    assert.deepEqual(await tab.layers(), { banner: false, reopen: true, dialog: false, notice: '', said: '', focus: null }, 'only the floating button');
    assert.deepEqual(site.asked(parts), [], 'neither runtime.js nor app.wasm nor the edition may be asked for');
    assert.equal((await tab.choice()).id, fields.id);
    assert.equal(await tab.has('statistics'), granted);
    assert.equal((await tab.heard('temoin:ready'))[0].id, fields.id, 'temoin:ready tells the choice');
    assert.deepEqual(await tab.heard('temoin:change'), [], 'nothing has changed');
    assert.equal(await tab.run(async () => (await window.temoin.ready).id), fields.id, 'the promise temoin.ready gives the choice');
    const [kept] = await tab.choiceCookies();
    assert.equal(kept.value, encode(fields), 'a visit must not write the cookie');
  });
}

test('a choice is known to scripts at once, before the page is read to its end', async (t) => {
  const fields = record(rev, { choices: choices(true) });
  site.page('/early', `<!doctype html><script src="/temoin.js"></script><script>
    document.documentElement.dataset.early = String(window.temoin.has('statistics') && window.temoin.choice.id);
  </script><title>early</title><p>text`);
  const tab = await returning(t, cookie(site.url, fields));
  await tab.visit(site.url + '/early');
  assert.equal(await tab.run(() => document.documentElement.dataset.early), fields.id);
});

const cases = [
  ['is 179 days old counts', (r) => record(r, { choices: choices(true), at: now() - 179 * day }), true],
  ['is 181 days old asks again', (r) => record(r, { choices: choices(true), at: now() - 181 * day }), false],
  ['is a refusal of 179 days counts as well', (r) => record(r, { at: now() - 179 * day }), true],
  ['is a refusal of 181 days asks again', (r) => record(r, { at: now() - 181 * day }), false],
  ['is of another revision asks again', () => record('0badcafe', { choices: choices(true) }), false],
  ['is of another version asks again', (r) => record(r, { v: 2, choices: choices(true) }), false],
  ['lies 23 hours in the future counts: clocks are wrong', (r) => record(r, { choices: choices(true), at: now() + 23 * 3600 }), true],
  ['lies 2 days in the future asks again', (r) => record(r, { choices: choices(true), at: now() + 2 * day }), false],
  ['was tampered with (1 for true) asks again', (r) => record(r, { choices: { ...choices(false), statistics: 1 } }), false],
  ['was tampered with (an array of choices) asks again', (r) => record(r, { choices: [true] }), false],
  ['is cut off asks again', (r) => encode(record(r, { choices: choices(true) })).slice(0, -9), false],
  ['has a broken escape asks again', (r) => encode(record(r, { choices: choices(true) })) + '%', false],
  ['is empty asks again', () => '', false],
  ['is not JSON asks again', () => 'true', false],
  ['nearly fills what a browser keeps counts', (r) => record(r, { choices: choices(true), x: 'x'.repeat(3800) }), true],
  ['holds a prototype asks again, and allows nothing', (r) => encodeURIComponent(`{"__proto__":{"choices":{"statistics":true}},"v":1,"id":"00000000-0000-4000-8000-000000000000","rev":"${r}","at":${now()}}`), false],
];

test('a cookie of an earlier visit, in each of its forms, counts or is asked again', async (t) => {
  for (const [name, make, counts] of cases) {
    await t.test(`a cookie that ${name}`, async (t) => {
      const fields = make(rev);
      const tab = await returning(t, cookie(site.url, fields));
      await tab.visit(site.url);
      await tab.until((shadow) => !!shadow?.querySelector('.layers'), 'the layers to be drawn');
      const layers = await tab.layers();
      assert.equal(layers.banner, !counts, counts ? 'no banner expected' : 'the banner expected');
      assert.equal((await tab.choice())?.id ?? null, counts ? fields.id : null, 'temoin.choice');
      for (const id of ['statistics', 'youtube', 'google-analytics']) {
        assert.equal(await tab.has(id), counts && fields.choices.statistics, `temoin.has('${id}')`);
      }
      assert.deepEqual(tab.errors, [], 'no exception may reach the page');
      if (!counts && /another revision|\(1 for true\)|181 days old/.test(name)) {
        await tab.goRuns();
        assert.equal((await tab.layers()).banner, true, 'Go must ask as well: both codecs agree');
      }
    });
  }
});

test('a value that is larger than a cookie may be is asked again, should a browser keep one', async (t) => {
  const value = encode(record(rev, { choices: choices(true), x: 'x'.repeat(4000) }));
  assert.ok(value.length > 4096);
  const tab = await browser.tab(t, { before: [[(value) => {
    Object.defineProperty(Document.prototype, 'cookie', { get: () => 'a=b; cookies_preferences=' + value, set() {} });
  }, value]] });
  await tab.visit(site.url);
  await tab.bannerIsThere();
  await tab.goRuns();
  assert.equal((await tab.layers()).banner, true);
  assert.equal(await tab.has('statistics'), false);
});

test('of several cookies on other paths the newest that is valid counts, and the next choice deletes the others', async (t) => {
  const at = now();
  const fields = {
    old: record(rev, { choices: choices(false), at: at - 3000 }),
    newest: record(rev, { choices: choices(true), at: at - 100 }),
    foreign: record('0badcafe', { choices: choices(true), at: at - 10 }),
  };
  const tab = await returning(
    t,
    cookie(site.url, fields.old, { path: '/' }),
    cookie(site.url, fields.newest, { path: '/jeux-de-donnees' }),
    cookie(site.url, fields.foreign, { path: '/jeux-de-donnees/comptages-velos' }),
    cookie(site.url, 'nonsense', { path: '/jeux-de-donnees/' }),
  );
  await tab.visit(site.url + '/jeux-de-donnees/comptages-velos');
  await tab.sees('open');
  assert.equal((await tab.choice()).id, fields.newest.id, 'the newest valid record counts');
  assert.equal((await tab.choiceCookies()).length, 4, 'reading deletes nothing');
  await tab.run(() => window.temoin.refuse());
  const { id } = await keeps(tab, { choices: choices(false) });
  await tab.visit(site.url + '/a-propos');
  assert.equal((await tab.choice()).id, id, 'elsewhere on the site the same choice counts');
});

test('Go deletes the other cookies as well', async (t) => {
  const tab = await returning(
    t,
    cookie(site.url, record('0badcafe', { choices: choices(true) }), { path: '/jeux-de-donnees' }),
    cookie(site.url, 'nonsense', { path: '/jeux-de-donnees/' }),
    cookie(site.url, record('0badcafe', { choices: choices(true) }), { path: '/jeux-de-donnees/qualite-air' }),
  );
  await tab.visit(site.url + '/jeux-de-donnees/qualite-air');
  await tab.goRuns();
  await tab.press('accept');
  await tab.bannerIsGone();
  await keeps(tab, { choices: choices(true) });
});

test('a cookie of a parent domain gives way to the choice made here', async (t) => {
  const url = site.url.replace('127.0.0.1', 'www.portal.localhost');
  for (const when of ['before Go', 'once Go runs']) {
    const visitor = await browser.visitor(t);
    await visitor.setCookies(
      cookie(url, record('0badcafe', { choices: choices(true) }), { domain: '.portal.localhost' }),
      cookie(url, record(rev, { at: now() - 200 * day }), { domain: '.www.portal.localhost' }),
    );
    if (when === 'before Go') site.hold(program);
    else site.reset();
    const tab = await visitor.tab();
    await tab.visit(url + '/a-propos');
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.press('refuse');
    await tab.bannerIsGone();
    const cookies = await tab.choiceCookies();
    assert.deepEqual(cookies.map(({ domain }) => domain), ['www.portal.localhost'], `only the cookie of this host may remain, ${when}`);
  }
});

test('a catalogue with a domain writes the cookie for the parent domain', async (t) => {
  const text = (await richCatalogue()).replace('https://data.rivemont.example', 'https://www.portal.localhost')
    + '\ncookie:\n  domain: portal.localhost\n';
  const other = await startTemoin(t, { catalogue: text });
  const url = other.url.replace('127.0.0.1', 'www.portal.localhost');
  for (const answer of ['accept', 'refuse']) {
    const tab = await browser.tab(t);
    await tab.visit(url);
    if (answer === 'accept') await tab.goRuns();
    await tab.press(answer);
    await tab.bannerIsGone();
    const cookies = await tab.choiceCookies();
    assert.deepEqual(cookies.map(({ domain }) => domain), ['.portal.localhost'], 'one cookie, for the parent domain');
    await tab.run(() => window.temoin.reset());
    await tab.bannerIsThere();
    // The answer to the report may set it once more, for a moment.
    await eventually(async () => (await tab.choiceCookies()).length === 0, 'the cookie to be deleted there');
  }
});

test('a catalogue with a cookie name and a lifetime of its own has them kept', async (t) => {
  const text = await richCatalogue() + '\ncookie:\n  name: choix-rivemont\n  lifetime: 30 days\n';
  const other = await startTemoin(t, { catalogue: text });
  const otherRev = await revision(other.url);
  const visitor = await browser.visitor(t);
  const tab = await visitor.tab();
  await tab.visit(other.url);
  await tab.goRuns();
  await tab.press('accept');
  await tab.bannerIsGone();
  await eventually(async () => (await other.receipts()).length === 1, 'the report of the choice'); // its answer would set the cookie again
  await tab.settles();
  const [kept, ...more] = await visitor.cookies();
  assert.equal(kept.name, 'choix-rivemont');
  assert.deepEqual(more, []);
  assert.ok(Math.abs(kept.expires - now() - 30 * day) <= 120, 'the lifetime of the catalogue');
  assert.equal(JSON.parse(decodeURIComponent(kept.value)).rev, otherRev);
  await visitor.setCookies({ ...cookie(other.url, record(otherRev, { at: now() - 31 * day })), name: 'choix-rivemont' });
  await tab.reload();
  await tab.bannerIsThere();
});

test('a clock moved back after the choice does not undo it within a day', async (t) => {
  const fields = record(rev, { choices: choices(true), at: now() + 3600 });
  const tab = await returning(t, cookie(site.url, fields));
  await tab.visit(site.url);
  await tab.sees('open');
  await tab.press('open');
  await tab.dialogIsOpen();
  await tab.press('refuse');
  await tab.dialogIsClosed();
  assert.equal((await tab.record()).choices.statistics, false, 'the newer act counts, whatever the clock says');
  assert.equal(await tab.has('statistics'), false);
  assert.equal((await tab.layers()).banner, false);
});

// ---- the catalogue changes ----

test('a catalogue that changes on the disk is taken over without a restart, and visitors are asked again for what consent is about alone', async (t) => {
  const text = await richCatalogue();
  const own = await startTemoin(t, { catalogue: text });
  const first = await revision(own.url);
  const tab = await browser.tab(t);
  await tab.visit(own.url);
  await tab.press('accept');
  await tab.bannerIsGone();

  // Another wording: not asked again.
  const banner = async () => (await (await fetch(own.url + '/temoin.js')).text());
  await own.change(text.replaceAll('Lire dans la page des vidéos', 'Regarder dans la page des vidéos')
    + '\ntexts:\n  fr:\n    banner-title: Un autre titre\n');
  await eventually(async () => (await banner()).includes('Un autre titre'), () => `the new wording within a few seconds; the log is ${own.log()}`, { within: 5000 });
  assert.equal(await revision(own.url), first, 'a wording must not change the revision');
  await tab.reload();
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false, 'nobody is asked again for a wording');

  // A broken one: the old one stays, and the log names the place.
  await own.change(text.replace('    kind: social', '    knid: social'));
  const line = text.split('\n').findIndex((line) => line === '    kind: social') + 1;
  assert.ok(line > 1, 'the example must hold the line that the test breaks');
  // The server may look while the file is written: then the log has another line before.
  const place = new RegExp(`not taken over.*catalogue\\.yaml:${line}:5: `);
  await eventually(() => place.test(own.log()), () => `a line in the log that names line and column; it is ${own.log()}`, { within: 5000 });
  assert.equal(await revision(own.url), first, 'the old catalogue must stay');
  assert.ok((await banner()).includes('Un autre titre'), 'the old wordings must stay');

  // One more cookie: its service is asked again, and nothing else.
  await own.change(text.replace('      - name: YSC', '      - name: NEW_COOKIE\n        purpose: { fr: Nouveau., en: New. }\n        duration: 1 day\n        party: third\n      - name: YSC'));
  await eventually(async () => await revision(own.url) !== first, () => `another revision; the log is ${own.log()}`, { within: 5000 });
  await tab.reload();
  await tab.bannerIsThere();
  assert.equal(await tab.has('youtube'), false, 'the old answer must not count for what it was not about');
  assert.equal(await tab.has('statistics'), true, 'the rest stands');
  await tab.press('refuse');
  await tab.bannerIsGone();
  assert.equal(await tab.has('youtube'), false);
  assert.equal(await tab.has('statistics'), true, 'what is not asked is not refused');
  await tab.reload();
  await tab.sees('open');
  assert.equal((await tab.layers()).banner, false);
});

