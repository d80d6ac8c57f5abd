// The dialog: opening it, its switches, what is kept, and how it is left.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { needs, plain } from './lib/browser.mjs';
import { choices, cookie, day, now, record } from './lib/records.mjs';
import { richCatalogue, startTemoin } from './lib/server.mjs';
import { dialog, stage } from './lib/stage.mjs';

const { browser, site, rev } = await stage();

/** A visitor who has the dialog open. */
async function atDialog(t, options) {
  const tab = await browser.tab(t, options);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  return tab;
}

/** A visitor who has answered before. */
async function returning(t, fields, path = '/') {
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, record(rev, { at: now() - day, ...fields })));
  const tab = await visitor.tab();
  await tab.visit(site.url + path);
  await tab.sees('open');
  return tab;
}

const asFound = { necessary: true, statistics: false, matomo: true, 'google-analytics': false, 'third-party': false, youtube: false, facebook: false };
const all = (granted) => ({ ...Object.fromEntries(Object.keys(asFound).map((name) => [name, granted])), necessary: true });

test('customize before the dialog is there waits, shows it, and opens it then', async (t) => {
  const release = site.hold(dialog);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.press('customize');
  const waiting = await tab.inside((shadow) => {
    const button = shadow.querySelector('.banner [data-temoin="customize"]');
    return { busy: button.getAttribute('aria-busy'), text: button.textContent };
  });
  assert.deepEqual(waiting, { busy: 'true', text: 'Ouverture…' }, 'the button must show that something is on its way');
  assert.equal((await tab.layers()).dialog, false);
  release();
  await tab.dialogIsOpen();
  const afterwards = await tab.inside((shadow) => {
    const button = shadow.querySelector('.banner [data-temoin="customize"]');
    return { busy: button.getAttribute('aria-busy'), text: button.textContent };
  });
  assert.deepEqual(afterwards, { busy: null, text: 'Personnaliser' }, 'the button must be as before');
  await tab.keys('Escape');
  await tab.dialogIsClosed();
  assert.equal((await tab.layers()).focus, 'customize', 'the focus must be back on the button that opened the dialog');
});

test('pressing customize twice while it waits opens one dialog, once', async (t) => {
  const release = site.hold(dialog);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.press('customize');
  await tab.press('customize');
  release();
  await tab.dialogIsOpen();
  await tab.settles();
  await tab.press('close');
  await tab.dialogIsClosed();
  await tab.settles();
  assert.equal((await tab.layers()).dialog, false, 'the dialog must not open again by itself');
  assert.deepEqual(tab.errors, []);
});

test('who gives up waiting for customize and refuses is not shown the dialog later', async (t) => {
  const release = site.hold(dialog);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.press('customize');
  await tab.press('refuse');
  await tab.bannerIsGone();
  release();
  await tab.settles();
  assert.equal((await tab.layers()).dialog, false, 'the visitor has answered: the dialog must not come over the page');
  assert.equal((await tab.record()).choices.statistics, false);
});

test('the dialog is a native modal one, named and described', async (t) => {
  const tab = await atDialog(t);
  const found = await tab.inside((shadow) => {
    const dialog = shadow.querySelector('dialog');
    const text = (attribute) => shadow.getElementById(dialog.getAttribute(attribute))?.textContent;
    const box = dialog.getBoundingClientRect();
    return {
      modal: dialog.matches(':modal'),
      name: text('aria-labelledby'),
      description: text('aria-describedby'),
      inside: dialog.contains(shadow.activeElement),
      box: [box.left >= 0, box.top >= 0, box.right <= innerWidth, box.bottom <= innerHeight],
      buttons: [...dialog.querySelectorAll('[data-temoin]')].filter((button) => button.checkVisibility()).map((button) => [button.dataset.temoin, button.textContent]),
      links: [...dialog.querySelectorAll('.links a')].map((link) => link.getAttribute('href')),
    };
  });
  assert.equal(found.modal, true, 'opened with showModal');
  assert.equal(found.name, 'Choisir mes cookies');
  assert.match(plain(found.description), /le reste est refusé.*Données ouvertes de Rivemont.*6 mois/s, 'the description must say how it works, for which site, and for how long');
  assert.equal(found.inside, true, 'the focus must be inside');
  assert.deepEqual(found.box, [true, true, true, true], 'the dialog must be inside of the window');
  assert.deepEqual(found.buttons, [['close', 'Fermer'], ['refuse', 'Tout refuser'], ['save', 'Enregistrer mes choix'], ['accept', 'Tout accepter']]);
  assert.deepEqual(found.links, ['/charte-cookies/fr']);
});

test('the accessibility tree holds the dialog, its groups and its switches', needs('accessibilityTree'), async (t) => {
  const tab = await atDialog(t);
  await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
  const keep = ['role', 'name', 'description', 'checked', 'disabled', 'modal', 'level'];
  const list = [];
  const walk = (node, depth) => {
    if (['dialog', 'group', 'switch', 'heading', 'button', 'table', 'columnheader'].includes(node.role)) list.push(keep.filter((key) => node[key] !== undefined).map((key) => node[key]).join(' | '));
    for (const child of node.children ?? []) walk(child, depth + 1);
  };
  walk(await tab.accessibilityTree(), 0);
  const text = plain(list.join('\n'));
  for (const line of [
    /^dialog \| Choisir mes cookies \| Activez ce que vous autorisez/m,
    /^switch \| Cookies nécessaires \| Toujours actif[^|]*\| true \| true$/m,
    /^switch \| Mesure d’audience \|.*false$/m,
    /^switch \| Matomo \| Mesure anonyme[^|]*\| true$/m,
    /^switch \| YouTube \|.*false$/m,
    /^heading \| Choisir mes cookies \| 2$/m,
    /^button \| Enregistrer mes choix$/m,
  ]) assert.match(text, line, `expected ${line} among:\n${text}`);
});

test('groups are labelled by their category, and every switch has its visible label as its name', async (t) => {
  const tab = await atDialog(t);
  const found = await tab.inside((shadow) => [...shadow.querySelectorAll('dialog [role=group]')].map((group) => ({
    group: shadow.getElementById(group.getAttribute('aria-labelledby'))?.textContent,
    switches: [...group.querySelectorAll('input')].map((input) => ({ type: input.type, role: input.getAttribute('role'), label: input.labels[0]?.textContent, name: input.name })),
  })));
  assert.deepEqual(found.map(({ group }) => group), ['Cookies nécessaires', 'Mesure d’audience', 'Cookies tiers'], 'one group a category that has a service, in the order of the catalogue');
  for (const { group, switches } of found) {
    assert.equal(switches[0].label, group, 'the category’s switch comes first');
    for (const { type, role, label } of switches) assert.deepEqual([type, role, !!label], ['checkbox', 'switch', true], 'a check box with the role switch and a label');
  }
  assert.deepEqual(found.map(({ switches }) => switches.map(({ name }) => name)), [['necessary'], ['statistics', 'matomo', 'google-analytics'], ['third-party', 'youtube', 'facebook']]);
});

test('on first opening nothing is on but what is necessary or exempt, and necessary is locked and said to be so', async (t) => {
  const tab = await atDialog(t);
  assert.deepEqual(await tab.switches(), asFound);
  const state = await tab.inside((shadow) => {
    const input = shadow.querySelector('dialog input[name=necessary]');
    return { disabled: input.disabled, said: shadow.getElementById(input.getAttribute('aria-describedby')).textContent, others: [...shadow.querySelectorAll('dialog input:disabled')].map(({ name }) => name) };
  });
  assert.equal(state.disabled, true, 'the switch of what is necessary must be locked');
  assert.match(state.said, /Toujours actif/, 'and be said to be so');
  assert.deepEqual(state.others, ['necessary'], 'no other switch may be locked');
  await tab.clickInside('dialog label[for="temoin-necessary"]');
  assert.equal((await tab.switches()).necessary, true, 'a click must not turn it off');
});

test('the Tab key stays in the dialog, both ways, and reaches each of its controls', async (t) => {
  const tab = await atDialog(t);
  for (const key of ['Tab', 'Shift+Tab']) {
    // From the first control onwards, or from the last one backwards: beyond
    // them a browser may keep the focus among its own buttons.
    const first = key === 'Tab' ? 'close' : 'accept';
    await tab.focus(first);
    const seen = new Set([first]);
    for (let i = 0; i < 30; i++) {
      await tab.keys(key);
      const focus = await tab.inside((shadow) => {
        const active = shadow.activeElement;
        if (!active) return document.activeElement === document.body ? 'browser' : `outside: ${document.activeElement.outerHTML.slice(0, 80)}`;
        if (!shadow.querySelector('dialog').contains(active)) return `outside: ${active.outerHTML.slice(0, 80)}`;
        return active.dataset.temoin ?? active.name ?? active.localName;
      });
      assert.doesNotMatch(focus, /^outside/, `${key} must not leave the dialog`);
      seen.add(focus);
    }
    for (const control of ['close', 'statistics', 'third-party', 'refuse', 'save', 'accept', 'summary', 'a']) {
      assert.ok(seen.has(control) || (control === 'a' && [...seen].some((name) => name === '' || name === 'a')), `${key} must reach ${control}; it reached ${[...seen]}`);
    }
  }
});

test('Esc closes without choosing; the focus returns to where it came from, and the banner still asks', async (t) => {
  const tab = await atDialog(t);
  await tab.turn('statistics');
  await tab.keys('Escape');
  await tab.dialogIsClosed();
  const layers = await tab.layers();
  assert.equal(layers.banner, true, 'the banner must still ask');
  assert.equal(layers.focus, 'customize', 'the focus must be where it came from');
  assert.deepEqual(await tab.choiceCookies(), [], 'nothing may be kept');
  assert.equal(await tab.choice(), null);
  await tab.keys('Enter');
  await tab.dialogIsOpen();
  assert.deepEqual(await tab.switches(), asFound, 'what was switched and not saved must be forgotten');
  await tab.press('close');
  await tab.dialogIsClosed();
  assert.equal((await tab.layers()).focus, 'customize', 'after the button Fermer too');
  assert.deepEqual(await tab.choiceCookies(), []);
});

test('all by keyboard: open, switch one category, save', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.keys('Tab', 'Tab', 'Tab', 'Enter');
  await tab.dialogIsOpen();
  for (let i = 0; i < 12 && (await tab.layers()).focus !== 'third-party'; i++) await tab.keys('Tab');
  assert.equal((await tab.layers()).focus, 'third-party', 'Tab must lead to the switch');
  await tab.keys('Space');
  await tab.until((shadow) => shadow.querySelector('dialog input[name=facebook]').checked, 'its services to follow');
  for (let i = 0; i < 12 && (await tab.layers()).focus !== 'save'; i++) await tab.keys('Tab');
  await tab.keys('Enter');
  await tab.dialogIsClosed();
  await tab.bannerIsGone();
  const { choices: kept, services } = await tab.record();
  assert.deepEqual(kept, { ...choices(false), 'third-party': true });
  assert.deepEqual(services, { matomo: true }, 'the exempt measure, which was left on, differs from its category');
});

test('a category’s switch moves its services', async (t) => {
  const tab = await atDialog(t);
  await tab.turn('third-party');
  await tab.until((shadow) => ['youtube', 'facebook'].every((name) => shadow.querySelector(`input[name=${name}]`).checked), 'the services to be on');
  await tab.turn('third-party');
  await tab.until((shadow) => ['youtube', 'facebook'].every((name) => !shadow.querySelector(`input[name=${name}]`).checked), 'the services to be off');
  await tab.turn('statistics');
  await tab.until((shadow) => ['matomo', 'google-analytics'].every((name) => shadow.querySelector(`input[name=${name}]`).checked), 'both measures to be on');
  assert.deepEqual(await tab.switches(), { ...asFound, statistics: true, 'google-analytics': true });
});

const stateOf = (shadow, id) => shadow.getElementById(`temoin-${id}-state`).innerText.trim();

test('a service switched apart shows that its category is allowed in part, and is kept apart', async (t) => {
  const tab = await atDialog(t);
  assert.equal(await tab.inside(stateOf, 'third-party'), '', 'nothing to say before');
  await tab.turn('youtube');
  await tab.until((shadow) => /en partie/.test(shadow.getElementById('temoin-third-party-state').textContent), 'the mixed state to be shown in words');
  const mixed = await tab.inside((shadow) => {
    const input = shadow.querySelector('input[name=third-party]');
    return { checked: input.checked, said: shadow.getElementById(input.getAttribute('aria-describedby')).textContent };
  });
  assert.deepEqual({ ...mixed, said: plain(mixed.said) }, { checked: false, said: 'Autorisé en partie : voir le détail.' }, 'the category stays off, and its switch is described by the mixed state');
  await tab.press('save');
  await tab.dialogIsClosed();
  await tab.bannerIsGone();
  const kept = await tab.record();
  assert.deepEqual(Object.keys(kept), ['v', 'id', 'rev', 'at', 'choices', 'services', 'of'], 'the keys of the contract, in order');
  assert.deepEqual(kept.choices, choices(false));
  assert.deepEqual(kept.services, { matomo: true, youtube: true });
  assert.equal(await tab.has('youtube'), true);
  assert.equal(await tab.has('facebook'), false);
  assert.equal(await tab.has('third-party'), false);
  assert.equal(await tab.has('matomo'), true);
});

test('the other way round: a category allowed but for one service', async (t) => {
  const tab = await atDialog(t);
  await tab.turn('third-party');
  await tab.turn('facebook');
  await tab.turn('matomo');
  await tab.press('save');
  await tab.bannerIsGone();
  const kept = await tab.record();
  assert.deepEqual(kept.choices, { ...choices(false), 'third-party': true });
  assert.deepEqual(kept.services, { facebook: false });
  assert.equal(await tab.has('facebook'), false);
  assert.equal(await tab.has('youtube'), true);
  assert.equal(await tab.has('matomo'), false, 'the visitor has objected to the exempt measure');
});

test('saving the dialog as it comes allows nothing but what is exempt', async (t) => {
  const tab = await atDialog(t);
  await tab.press('save');
  await tab.bannerIsGone();
  const kept = await tab.record();
  assert.deepEqual([kept.choices, kept.services], [choices(false), { matomo: true }]);
});

for (const [answer, granted] of [['accept', true], ['refuse', false]]) {
  test(`${answer} in the dialog does what it does in the banner`, async (t) => {
    const tab = await atDialog(t);
    await tab.press(answer);
    await tab.dialogIsClosed();
    await tab.bannerIsGone();
    const kept = await tab.record();
    assert.deepEqual([kept.choices, kept.services], [choices(granted), undefined]);
    assert.equal((await tab.layers()).said, 'Votre choix est enregistré.');
    assert.equal((await tab.heard('temoin:change')).length, 1);
  });
}

test('a double click on save makes one choice', async (t) => {
  const tab = await atDialog(t);
  await tab.press('save', { clickCount: 2, count: 2 });
  await tab.dialogIsClosed();
  await tab.settles();
  assert.equal((await tab.heard('temoin:change')).length, 1);
  assert.deepEqual(tab.errors, []);
});

test('details hold a table of each service’s cookies, with name, purpose and duration', async (t) => {
  const tab = await atDialog(t);
  const found = await tab.inside((shadow) => [...shadow.querySelectorAll('dialog .category')].map((category) => {
    const details = category.querySelector('details');
    const closed = !details.open;
    details.open = true;
    return {
      closed,
      summary: [...details.querySelector('summary').childNodes].map(({ textContent }) => textContent),
      services: [...details.querySelectorAll('.service')].map((service) => ({
        name: service.querySelector('h4').innerText.trim(),
        text: service.innerText,
        head: [...service.querySelectorAll('thead th')].map((cell) => [cell.textContent, cell.scope]),
        rows: [...service.querySelectorAll('tbody tr')].map((row) => [...row.children].map((cell) => cell.innerText.trim())),
        policy: service.querySelector('a')?.href,
      })),
    };
  }));
  assert.ok(found.every(({ closed }) => closed), 'details must be closed at first');
  assert.deepEqual(found.map(({ summary }) => summary), [['Services et cookies (4)', 'Cookies nécessaires'], ['Services et cookies (2)', 'Mesure d’audience'], ['Services et cookies (2)', 'Cookies tiers']]);
  const youtube = found[2].services[0];
  assert.equal(youtube.name, 'YouTube');
  assert.deepEqual(youtube.head, [['Cookie', 'col'], ['À quoi il sert', 'col'], ['Durée', 'col']]);
  assert.deepEqual(youtube.rows.map(([name, , duration]) => [name, plain(duration)]), [['VISITOR_INFO1_LIVE\ncookie d’un autre site', '6 mois'], ['YSC\ncookie d’un autre site', 'jusqu’à la fermeture du navigateur']]);
  assert.match(youtube.text, /Fourni par Google Ireland Limited/);
  assert.equal(youtube.policy, 'https://policies.google.com/privacy');
  assert.match(found[1].services[0].text, /Mesure anonyme/, 'that a measure is exempt must be said');
  assert.deepEqual(found[0].services.map(({ name }) => name), ['Authentification', 'Choix de la langue', 'API, protection CSRF', 'Choix sur les cookies']);
});

test('the details open with a click on their summary, and with the keyboard', async (t) => {
  const tab = await atDialog(t);
  const open = (shadow) => shadow.querySelectorAll('dialog details[open]').length;
  await tab.clickInside('dialog .category:nth-child(2) summary');
  assert.equal(await tab.inside(open), 1);
  await tab.inside((shadow) => shadow.querySelector('dialog .category:nth-child(3) summary').focus());
  await tab.keys('Enter');
  assert.equal(await tab.inside(open), 2);
  await tab.turn('statistics');
  assert.equal(await tab.inside(open), 2, 'a switch must not fold what was opened');
});

// ---- opening it again ----

test('opened again, the dialog shows the choice that counts', async (t) => {
  const tab = await returning(t, { choices: { ...choices(false), 'third-party': true }, services: { facebook: false, matomo: true } });
  await tab.press('open');
  await tab.dialogIsOpen();
  assert.deepEqual(await tab.switches(), { ...asFound, 'third-party': true, youtube: true });
  assert.match(await tab.inside(stateOf, 'third-party'), /en partie/);
  await tab.press('accept');
  await tab.dialogIsClosed();
  await tab.press('open');
  await tab.dialogIsOpen();
  assert.deepEqual(await tab.switches(), all(true));
  await tab.turn('youtube');
  await tab.press('save');
  await tab.dialogIsClosed();
  assert.deepEqual((await tab.record()).services, { youtube: false });
  assert.equal((await tab.layers()).focus, 'open', 'the focus must be back on the floating button');
});

test('what was chosen by another tab or by script meanwhile is shown when the dialog opens', async (t) => {
  const tab = await returning(t, { choices: choices(false) });
  await tab.press('open');
  await tab.dialogIsOpen();
  assert.deepEqual(await tab.switches(), { ...all(false) }, 'refused: the exempt measure is off too');
  await tab.keys('Escape');
  await tab.dialogIsClosed();
  await tab.run(() => window.temoin.save({ youtube: true }));
  await tab.press('open');
  await tab.dialogIsOpen();
  assert.deepEqual(await tab.switches(), { ...all(false), youtube: true });
});

test('withdrawing takes as few clicks as giving, from every page', async (t) => {
  // Giving: one click, on the banner. Withdrawing: open, refuse. Giving later: open, accept.
  const clicks = {};
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.press('accept');
  await tab.bannerIsGone();
  for (const [path, answer] of [['/', 'refuse'], ['/jeux-de-donnees', 'accept'], ['/jeux-de-donnees/qualite-air', 'refuse'], ['/a-propos', 'accept'], ['/charte-cookies', 'refuse']]) {
    await tab.visit(site.url + path);
    clicks[answer] = 0;
    for (const button of ['open', answer]) {
      await tab.press(button);
      clicks[answer] += 1;
    }
    await tab.dialogIsClosed();
    await tab.until((shadow, granted) => window.temoin.has('statistics') === granted, `the choice ${answer} to count on ${path}`, answer === 'accept');
  }
  assert.equal(clicks.refuse, clicks.accept, 'withdrawing must not cost more clicks than giving');
  assert.ok(clicks.refuse <= 2, `withdrawing takes ${clicks.refuse} clicks`);
});

const openers = `<!doctype html><html lang="fr"><head><title>openers</title><script src="/temoin.js" data-open=".cookies, #mine"></script></head><body>
<p><button data-temoin-open><span>one</span></button> <a href="#temoin" id="link">two</a> <span class="cookies" tabindex="0">three</span> <button id="mine">four</button> <a id="late" hidden href="#temoin">five</a></p></body>`;

for (const [when, chosen] of [['before a choice', false], ['after one', true]]) {
  test(`the page’s own links and buttons open the dialog ${when}`, async (t) => {
    site.page('/openers', openers);
    const visitor = await browser.visitor(t);
    if (chosen) await visitor.setCookies(cookie(site.url, record(rev, { choices: choices(true) })));
    const tab = await visitor.tab();
    await tab.visit(site.url + '/openers');
    for (const selector of ['[data-temoin-open] span', '#link', '.cookies', '#mine']) {
      await tab.click(selector);
      await tab.dialogIsOpen();
      assert.equal((await tab.switches()).youtube, chosen, `${selector}: the present choice must be shown`);
      await tab.keys('Escape');
      await tab.dialogIsClosed();
      assert.equal(await tab.run(() => location.hash), '', `${selector} must not change the address`);
    }
    await tab.run(() => { window.temoin.open(); });
    await tab.dialogIsOpen();
    await tab.press('close');
    await tab.dialogIsClosed();
    await tab.run(() => { document.querySelector('#late').hidden = false; });
    await tab.click('#late');
    await tab.dialogIsOpen();
  });
}

test('the focus returns to the page’s own button that opened the dialog', async (t) => {
  site.page('/openers', openers);
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, record(rev)));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/openers');
  await tab.run(() => document.querySelector('#mine').focus());
  await tab.keys('Enter');
  await tab.dialogIsOpen();
  await tab.keys('Escape');
  await tab.dialogIsClosed();
  assert.equal(await tab.run(() => document.activeElement.id), 'mine');
});

test('an address that ends in #temoin opens the dialog', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/#temoin');
  await tab.dialogIsOpen();
});

test('the links of banner and dialog are plain links: they lead to the charter', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.clickInside('.banner a');
  await tab.arrives(/\/charte-cookies\/fr$/);
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.clickInside('dialog .links a');
  await tab.until(() => document.readyState === 'complete' && location.pathname === '/charte-cookies/fr', 'the charter');
});

test('without the floating button the dialog opens through the page’s own links', async (t) => {
  const server = await startTemoin(t, { catalogue: await richCatalogue() + '\nreopen: false\n' });
  const tab = await browser.tab(t);
  await tab.visit(server.url);
  await tab.goRuns();
  await tab.press('refuse');
  await tab.bannerIsGone();
  assert.equal((await tab.layers()).reopen, false, 'reopen: false');
  await tab.reload();
  await tab.until((shadow) => !!shadow?.querySelector('.layers'), 'the layers to be drawn');
  assert.equal((await tab.layers()).reopen, false, 'reopen: false, on the next page');
  await tab.click('footer [data-temoin-open]');
  await tab.dialogIsOpen();
});

// ---- on all screens ----

for (const [width, height] of [[320, 480], [320, 256]]) {
  test(`on a screen of ${width} × ${height} all of the dialog can be used`, async (t) => {
    const tab = await atDialog(t, { viewport: { width, height } });
    await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
    const found = await tab.inside((shadow) => {
      const dialog = shadow.querySelector('dialog');
      const box = dialog.getBoundingClientRect();
      const wide = [dialog, ...dialog.querySelectorAll('*')].filter((element) => !['inline', 'contents'].includes(getComputedStyle(element).display) && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
        .map((element) => `${element.localName}.${element.className} ${element.scrollWidth} > ${element.clientWidth}`);
      const scroll = dialog.querySelector('.scroll');
      return { left: box.left, right: box.right, top: box.top, bottom: box.bottom, wide, room: scroll.clientHeight };
    });
    assert.ok(found.left >= 0 && found.right <= width && found.top >= 0 && found.bottom <= height, `the dialog must be inside of the window: ${JSON.stringify(found)}`);
    assert.deepEqual(found.wide, [], 'nothing may scroll sideways');
    assert.ok(found.room >= 40, `the part that scrolls is ${found.room} px high: want room to read`);
    for (const name of ['facebook', 'statistics']) {
      const before = (await tab.switches())[name];
      await tab.turn(name);
      await tab.until((shadow, name, before) => shadow.querySelector(`input[name=${name}]`).checked !== before, `${name} to be switched`, name, before);
    }
    for (const action of ['close', 'refuse', 'save', 'accept']) {
      await tab.focus(action).catch(() => {});
      const seen = await tab.inside((shadow, action) => {
        const button = shadow.querySelector(`dialog [data-temoin="${action}"]`);
        button.focus();
        const { left, right, top, bottom } = button.getBoundingClientRect();
        const hit = shadow.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        return { left, right, top, bottom, hit: hit === button || button.contains(hit) };
      }, action);
      assert.ok(seen.hit && seen.left >= 0 && seen.right <= width && seen.bottom <= height + 1 && seen.top >= -1, `${action} must be within reach: ${JSON.stringify(seen)}`);
    }
    await tab.press('save');
    await tab.dialogIsClosed();
    assert.equal((await tab.record()).choices.statistics, true);
  });
}

test('every target of the dialog is at least 24 px in both directions', async (t) => {
  const tab = await atDialog(t);
  const small = await tab.inside((shadow) => {
    for (const details of shadow.querySelectorAll('dialog details')) details.open = true;
    return [...shadow.querySelectorAll('dialog button, dialog label, dialog summary, dialog .links a')].filter((element) => element.checkVisibility()).map((element) => {
      const { width, height } = element.getBoundingClientRect();
      return { element: element.outerHTML.slice(0, 60), width, height };
    }).filter(({ width, height }) => width < 24 || height < 24);
  });
  assert.deepEqual(small, []);
});

test('a switch shows its state without colour, and in forced colours', needs('forcedColors'), async (t) => {
  const tab = await atDialog(t, { media: { 'forced-colors': 'active' } });
  const found = await tab.inside((shadow) => ['matomo', 'youtube', 'necessary'].map((name) => {
    const input = shadow.querySelector(`input[name=${name}]`);
    input.closest('details')?.setAttribute('open', '');
    const knob = getComputedStyle(input, '::before');
    return { name, place: knob.insetInlineStart, mark: getComputedStyle(input, '::after').content, knob: knob.backgroundColor, back: getComputedStyle(input).backgroundColor, border: getComputedStyle(input).borderTopStyle };
  }));
  const [on, off, locked] = found;
  assert.notEqual(on.place, off.place, 'the knob must be in another place');
  assert.equal(on.mark, '""', 'a mark where it is on');
  assert.equal(off.mark, 'none', 'no mark where it is off');
  for (const { name, knob, back, border } of [on, off, locked]) {
    assert.notEqual(knob, back, `the knob of ${name} must be seen on its ground`);
    assert.equal(border, 'solid');
  }
});
