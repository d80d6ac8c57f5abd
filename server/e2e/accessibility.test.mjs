// What axe-core finds, in each state that a visitor can see; and what it does
// not look for: sizes, spacings, zoom, announcements, languages.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { areLegible, inDialog, injectAxe, isAccessible } from './lib/axe.mjs';
import { launch, needs } from './lib/browser.mjs';
import { include, page, placeholderIsDrawn, pressPlaceholder } from './lib/gate.mjs';
import { catalogueWith, themes } from './lib/looks.mjs';
import { richCatalogue, startSite, startTemoin } from './lib/server.mjs';
import { dialog, program, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

/** A page with one placeholder, and the banner answered. */
async function placeholderPage(t, options, on = 'fr', visitors = browser) {
  const tab = await embedPage(t, options, on, visitors);
  await tab.press('refuse');
  await tab.bannerIsGone();
  await placeholderIsDrawn(tab);
  return tab;
}

/** A page with an embed that waits, whose visitor has not answered. */
async function embedPage(t, options, on = 'fr', visitors = browser) {
  site.page('/placeholder', page(include, '<main><h1>page</h1><p>text</p><iframe title="video" width="280" height="300" data-consent="third-party" data-service="youtube" data-src="/nothing"></iframe></main>', on));
  const tab = await visitors.tab(t, options);
  await tab.visit(site.url + '/placeholder');
  return tab;
}

for (const scheme of ['light', 'dark']) {
  const options = { media: { 'prefers-color-scheme': scheme } };

  test(`the shell before Go, the banner that Go draws, and the floating button are accessible, ${scheme}`, async (t) => {
    const release = site.hold(program);
    const tab = await browser.tab(t, options);
    await tab.visit(site.url);
    await tab.bannerIsThere();
    await isAccessible(tab, 'the shell');
    release();
    await tab.goRuns();
    await isAccessible(tab, 'the banner that Go draws');
    await tab.press('refuse');
    await tab.bannerIsGone();
    await isAccessible(tab, 'the floating button');
  });

  test(`the dialog is accessible, also with all its details open and services apart, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
    await isAccessible(tab, 'the dialog', inDialog);
    const count = await tab.inside((shadow) => shadow.querySelectorAll('dialog details').length);
    for (let i = 0; i < count; i++) {
      await tab.inside((shadow, i) => { for (const [at, details] of shadow.querySelectorAll('dialog details').entries()) details.open = at === i; }, i);
      await isAccessible(tab, `the dialog with details ${i} open`, inDialog);
    }
    await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
    await tab.turn('youtube');
    await isAccessible(tab, 'the dialog with all details open', inDialog);
  });

  test(`the charter and its form are accessible, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    for (const path of ['/charte-cookies/fr', '/charte-cookies/en']) {
      await tab.visit(site.url + path);
      await tab.goRuns();
      await isAccessible(tab, path);
    }
    await tab.press('accept');
    await tab.bannerIsGone();
    await isAccessible(tab, 'the charter without the banner');
  });

  test(`the notice that the choice cannot be kept is accessible, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, { ...options, before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
    await tab.visit(site.url);
    await tab.press('accept');
    await tab.bannerIsGone();
    await isAccessible(tab, 'the notice');
  });

  test(`the charter’s form is accessible once it has been sent, kept or not, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    await tab.visit(site.url + '/charte-cookies/fr?sent=1#choix');
    await tab.bannerIsThere();
    await isAccessible(tab, 'the form whose answer is not kept');
    await tab.press('refuse');
    await tab.bannerIsGone();
    await tab.visit(site.url + '/charte-cookies/fr?sent=1#choix');
    await isAccessible(tab, 'the form whose answer is kept');
  });

  test(`where the browser’s signal has refused, the floating button that says so is accessible, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, { ...options, before: [() => { Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }); }] });
    await tab.visit(site.url);
    await tab.sees('open');
    await isAccessible(tab, 'the button after the signal');
  });

  test(`a button that waits for the dialog is accessible, ${scheme}`, async (t) => {
    site.hold(dialog);
    const tab = await browser.tab(t, options);
    await tab.visit(site.url);
    await tab.press('customize');
    await tab.until((shadow) => !!shadow.querySelector('[aria-busy=true]'), 'the button to say that it waits');
    await isAccessible(tab, 'the banner that waits');
  });

  test(`the dialog is accessible where the proof cannot be had, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    await tab.visit(site.url);
    await tab.press('refuse');
    await tab.bannerIsGone();
    site.instead(/^\/api\/consents/, 503);
    await tab.press('open');
    await tab.dialogIsOpen();
    await tab.press('proof');
    await tab.until((shadow) => [...shadow.querySelectorAll('dialog [role=status], dialog [role=alert]')].some((region) => region.textContent.length > 20), 'the dialog to say that there is no proof');
    await isAccessible(tab, 'the dialog without a proof', inDialog);
  });

  test(`the placeholder is accessible, ${scheme}`, async (t) => {
    const tab = await placeholderPage(t, options);
    await isAccessible(tab, 'the placeholder');
    await tab.run(() => { for (const details of document.querySelector('.temoin-placeholder').shadowRoot.querySelectorAll('details')) details.open = true; });
    await isAccessible(tab, 'the placeholder with its details open');
  });

  test(`every page of the demo is accessible, ${scheme}`, async (t) => {
    const tab = await browser.tab(t, options);
    for (const path of ['/', '/jeux-de-donnees', '/jeux-de-donnees/comptages-velos', '/a-propos', '/essai', '/nothing', '/?lang=en']) {
      await tab.visit(site.url + path);
      await tab.bannerIsThere();
      await isAccessible(tab, path);
    }
    for (const path of ['/demo/video', '/demo/carte']) {
      await tab.visit(site.url + path);
      await isAccessible(tab, path);
    }
  });
}

test('small and narrow, banner and dialog are accessible', async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 320, height: 480 } });
  await tab.visit(site.url);
  await tab.goRuns();
  await isAccessible(tab, 'the banner, 320 × 480');
  await tab.press('customize');
  await tab.dialogIsOpen();
  await isAccessible(tab, 'the dialog, 320 × 480', inDialog);
});

test('after an answer by the keyboard the focus is not lost', async (t) => {
  for (const when of ['before Go', 'once Go runs']) {
    site.reset();
    if (when === 'before Go') site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await (when === 'before Go' ? tab.bannerIsThere() : tab.goRuns());
    await tab.focus('refuse');
    await tab.keys('Enter');
    await tab.bannerIsGone();
    await tab.until((shadow) => shadow.activeElement?.dataset.temoin === 'open', `the focus on the button that reopens the choices, ${when}`);
  }
});

test('after an answer by the mouse on the page’s own button the focus stays in the page', async (t) => {
  const tab = await browser.tab(t);
  site.page('/own-button', '<!doctype html><html lang="fr"><script src="/temoin.js"></script><title>own</title><button id="b" onclick="temoin.refuse()">Refuser</button>');
  await tab.visit(site.url + '/own-button');
  await tab.goRuns();
  await tab.click('#b');
  await tab.bannerIsGone();
  assert.equal(await tab.run(() => document.activeElement.id), 'b');
});

test('the notice does not cover the floating button', async (t) => {
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  await tab.visit(site.url);
  await tab.press('accept');
  await tab.bannerIsGone();
  const [a, b] = await tab.inside((shadow) => ['.notice', '.reopen button'].map((selector) => shadow.querySelector(selector).getBoundingClientRect().toJSON()));
  assert.ok(a.bottom <= b.top || a.top >= b.bottom || a.right <= b.left || a.left >= b.right, `notice and button lie over each other: ${JSON.stringify([a, b])}`);
});

// ---- what the visitor has set ----

for (const theme of themes) {
  test(`who asks for more contrast has 7:1 for all text: banner, dialog, placeholder, charter, ${theme}`, needs('contrastSetting'), async (t) => {
    const themed = await startTemoin(t, { catalogue: catalogueWith(await richCatalogue(), { theme }) });
    const front = await startSite(t, { upstream: themed.url });
    front.page('/page', page(include, '<main><iframe title="video" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/nothing"></iframe></main>', 'fr'));
    for (const scheme of ['light', 'dark']) {
      const tab = await browser.tab(t, { media: { 'prefers-contrast': 'more', 'prefers-color-scheme': scheme } });
      const enhanced = async (what, context) => {
        await injectAxe(tab);
        const { violations, passes } = await tab.run((context) => window.axe.run(context, { runOnly: { type: 'rule', values: ['color-contrast-enhanced'] } }), context);
        assert.deepEqual(violations.flatMap(({ nodes }) => nodes.map(({ html, failureSummary }) => `${html.slice(0, 100)} ${failureSummary}`)), [], `${what}, ${scheme}`);
        assert.ok(passes[0]?.nodes.length >= 3, `axe must have looked at something: ${what}, ${scheme}`);
      };
      await tab.visit(front.url + '/page');
      await tab.goRuns();
      assert.ok(await tab.run(() => matchMedia('(prefers-contrast: more)').matches), 'the emulation must work');
      const most = { normal: 7, large: 4.5 };
      assert.ok(await areLegible(tab, `the banner, ${scheme}`, most) >= 7, 'all of the banner must have been looked at');
      await placeholderIsDrawn(tab);
      await tab.run(() => { document.querySelector('.temoin-placeholder').shadowRoot.querySelector('details').open = true; });
      await enhanced('the placeholder', { fromShadowDom: ['.temoin-placeholder', '.placeholder'] });
      await tab.press('customize');
      await tab.dialogIsOpen();
      await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
      assert.ok(await areLegible(tab, `the dialog, ${scheme}`, most) >= 20, 'all of the dialog must have been looked at');
      await tab.visit(front.url + '/charte-cookies/fr');
      await enhanced('the charter', 'body');
    }
  });
}

// ---- targets: WCAG 2.5.8 ----

test('every target is at least 24 × 24 px: banner, floating button, notice, placeholder, form', async (t) => {
  const small = (tab, root, selector) => tab.run((root, selector) => {
    const inside = { banner: () => document.querySelector('#temoin').shadowRoot, placeholder: () => document.querySelector('.temoin-placeholder').shadowRoot, page: () => document }[root]();
    const found = [...inside.querySelectorAll(selector)].filter((element) => element.checkVisibility());
    if (!found.length) return [`nothing matches ${selector}`];
    return found.map((element) => [element.outerHTML.slice(0, 80), (element.closest('label') ?? element).getBoundingClientRect()])
      .filter(([, { width, height }]) => width < 24 || height < 24).map(([html, { width, height }]) => `${html} ${width} × ${height}`);
  }, root, selector);
  for (const viewport of [{ width: 320, height: 640 }, { width: 1280, height: 800 }]) {
    const tab = await browser.tab(t, { viewport, before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
    await tab.visit(site.url + '/charte-cookies/fr');
    await tab.goRuns();
    assert.deepEqual(await small(tab, 'banner', '.banner button, .banner a'), [], `the banner, ${viewport.width} px wide`);
    assert.deepEqual(await small(tab, 'page', 'form input, form button, button[data-temoin-open]'), [], `the form, ${viewport.width} px wide`);
    await tab.press('accept');
    await tab.bannerIsGone();
    assert.deepEqual(await small(tab, 'banner', '.reopen button, .notice button'), [], `the floating button and the notice, ${viewport.width} px wide`);
    const other = await placeholderPage(t, { viewport });
    assert.deepEqual(await small(other, 'placeholder', 'button, summary, a'), [], `the placeholder, ${viewport.width} px wide`);
  }
});

// ---- text spacing and zoom: WCAG 1.4.12, 1.4.4, 1.4.10 ----

/** What is wider than its box, in the layers, in placeholders and in the page. */
const tooWide = () => {
  const roots = [document, ...[...document.querySelectorAll('#temoin, .temoin-placeholder')].map((host) => host.shadowRoot).filter(Boolean)];
  return roots.flatMap((root) => [...root.querySelectorAll('*')])
    .filter((element) => element.checkVisibility() && element.clientWidth > 1 && !['inline', 'contents'].includes(getComputedStyle(element).display) && element.scrollWidth > element.clientWidth + 1)
    .map((element) => `${element.outerHTML.slice(0, 80)} ${element.scrollWidth} > ${element.clientWidth}`);
};

/** What shows less of its text than there is, and does not scroll. */
const cutOff = () => {
  const roots = [document, ...[...document.querySelectorAll('#temoin, .temoin-placeholder')].map((host) => host.shadowRoot).filter(Boolean)];
  return roots.flatMap((root) => [...root.querySelectorAll('*')])
    .filter((element) => element.checkVisibility() && !['inline', 'contents'].includes(getComputedStyle(element).display) && getComputedStyle(element).overflowY !== 'visible'
      && !['auto', 'scroll'].includes(getComputedStyle(element).overflowY) && element.clientHeight > 1 && element.scrollHeight > element.clientHeight + 1)
    .map((element) => `${element.outerHTML.slice(0, 80)} ${element.scrollHeight} > ${element.clientHeight}`);
};

const spaced = () => {
  const css = '* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }';
  for (const root of [document, ...[...document.querySelectorAll('#temoin, .temoin-placeholder')].map((host) => host.shadowRoot).filter(Boolean)]) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  }
};

for (const [width, height] of [[320, 640], [640, 400], [1280, 800]]) {
  test(`with the text spacing of WCAG 1.4.12, ${width} px wide, nothing is cut: dialog, placeholder, charter`, async (t) => {
    const viewport = { width, height };
    const tab = await browser.tab(t, { viewport });
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
    await tab.run(spaced);
    assert.deepEqual([await tab.run(tooWide), await tab.run(cutOff)], [[], []], 'the dialog');
    for (const action of ['refuse', 'save', 'accept', 'close']) {
      await tab.focus(action);
      const box = await tab.inside((shadow) => shadow.activeElement.getBoundingClientRect().toJSON());
      assert.ok(box.top >= -1 && box.bottom <= height + 1 && box.left >= -1 && box.right <= width + 1, `${action} must be within reach: ${JSON.stringify(box)}`);
    }
    const other = await placeholderPage(t, { viewport });
    await other.run(spaced);
    assert.deepEqual([await other.run(tooWide), await other.run(cutOff)], [[], []], 'the placeholder');
    await other.visit(site.url + '/charte-cookies/fr');
    await other.run(spaced);
    assert.deepEqual(await other.run(tooWide), [], 'the charter');
  });
}

test('at 320 × 200 px, which is 1280 × 800 at 400 %, nothing is lost and nothing scrolls in two directions', async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 320, height: 200 } });
  for (const path of ['/', '/charte-cookies/fr']) {
    await tab.visit(site.url + path);
    await tab.goRuns();
    assert.deepEqual([await tab.run(tooWide), await tab.run(cutOff)], [[], []], `${path}, with the banner`);
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
    assert.deepEqual([await tab.run(tooWide), await tab.run(cutOff)], [[], []], `${path}, with the dialog`);
    await tab.turn('facebook');
    await tab.press('close');
    await tab.dialogIsClosed();
  }
  const other = await placeholderPage(t, { viewport: { width: 320, height: 200 } });
  assert.deepEqual([await other.run(tooWide), await other.run(cutOff)], [[], []], 'the placeholder');
});

test('with text at 200 %, as the visitor’s browser sets it, placeholder and charter lose nothing', needs('textSize'), async (t) => {
  const large = await launch(after, { textSize: 32 });
  for (const width of [1280, 640]) {
    const tab = await placeholderPage(t, { viewport: { width, height: 800 } }, 'fr', large);
    assert.equal(await tab.run(() => getComputedStyle(document.documentElement).fontSize), '32px', 'the setting must work');
    assert.deepEqual([await tab.run(tooWide), await tab.run(cutOff)], [[], []], `the placeholder, ${width} px wide`);
    await tab.visit(site.url + '/charte-cookies/fr');
    await tab.sees('open');
    assert.deepEqual([await tab.run(tooWide), await tab.run(cutOff)], [[], []], `the charter, ${width} px wide`);
  }
});

// ---- without style sheets: RGAA 10.1 to 10.3 ----

test('without style sheets all words are there, in the order in which one reads them with: banner, dialog, charter', async (t) => {
  const tab = await browser.tab(t);
  /** The words that are shown, in the document's order; which stand before what they follow; and what style sheets add. */
  const look = (selector) => tab.inside((shadow, selector) => {
    const box = shadow.querySelector(selector) ?? document.querySelector(selector);
    const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    const found = [];
    while (texts.nextNode()) {
      const { currentNode: { data, parentElement } } = texts;
      if (data.trim() && parentElement.checkVisibility()) found.push([data.trim(), parentElement.getBoundingClientRect(), parentElement.closest('.scroll')]);
    }
    // What scrolls by itself has an order of its own.
    const isStray = (one, before) => one[2] === before?.[2] && one[1].top < before[1].top - 2 && one[1].left < before[1].right - 2;
    const stray = found.filter((one, i) => isStray(one, found[i - 1])).map(([text]) => text);
    const added = [...box.querySelectorAll('*')].flatMap((element) => ['::before', '::after'].map((side) => getComputedStyle(element, side).content)).filter((content) => !['none', 'normal', '""'].includes(content));
    return { said: found.map(([text]) => text), stray, added };
  }, selector);
  const isThere = async (selector) => {
    const { said, ...wrong } = await look(selector);
    assert.ok(said.length > 5, `there must be something to read in ${selector}: ${said}`);
    assert.deepEqual(wrong, { stray: [], added: [] }, selector);
    await tab.inside((shadow) => {
      shadow.adoptedStyleSheets = [];
      for (const sheet of document.styleSheets) sheet.disabled = true;
    });
    const plainly = (await look(selector)).said;
    // There may be more in between: what a wide screen does not need.
    let at = -1;
    for (const text of said) {
      at = plainly.indexOf(text, at + 1);
      assert.ok(at >= 0, `"${text}" of ${selector} must be there, after what comes before it`);
    }
  };
  await tab.visit(site.url);
  await tab.goRuns();
  await isThere('.banner');
  await tab.reload();
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
  await isThere('dialog');
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.bannerIsThere();
  await isThere('main');
});

// ---- time: WCAG 2.2.1 ----

/** Runs in each document: dayGoesBy() sets its clocks ahead, and lets every timer that waits have its moment. */
const hurry = () => {
  const { Date: Calendar, setTimeout: wait, clearTimeout: forget, performance } = window;
  const elapsed = performance.now.bind(performance);
  const waiting = new Map();
  let ahead = 0;
  performance.now = () => elapsed() + ahead;
  window.Date = class extends Calendar {
    constructor(...parts) { super(...(parts.length ? parts : [Calendar.now() + ahead])); }

    static now() { return Calendar.now() + ahead; }
  };
  window.setTimeout = (done, ms, ...rest) => {
    const id = wait(() => { waiting.delete(id); done(...rest); }, ms);
    waiting.set(id, () => done(...rest));
    return id;
  };
  window.clearTimeout = (id) => { waiting.delete(id); forget(id); };
  window.dayGoesBy = () => {
    ahead += 86_400_000;
    for (const [id, done] of [...waiting]) { window.clearTimeout(id); done(); }
  };
};

test('nothing is lost by waiting: a day later the banner, a choice that is half made and a notice are as they were', async (t) => {
  const tab = await browser.tab(t, { before: [hurry, () => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  const dayGoesBy = async () => { await tab.run(() => window.dayGoesBy()); await tab.frames(); };
  await tab.visit(site.url);
  await tab.goRuns();
  await dayGoesBy();
  assert.equal((await tab.layers()).banner, true);
  assert.equal(await tab.choice(), null, 'silence is no choice');
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('youtube');
  await dayGoesBy();
  assert.deepEqual([(await tab.layers()).dialog, (await tab.switches()).youtube], [true, true], 'what was switched on is still so');
  await tab.press('save');
  await tab.dialogIsClosed();
  const { notice } = await tab.layers();
  assert.ok(notice, 'the choice is not kept, and a notice says so');
  await dayGoesBy();
  assert.equal((await tab.layers()).notice, notice, 'which stays until it is closed');
});

// ---- announcements: WCAG 4.1.3 ----

/** The live region of the page, and what it says; the dialog has one of its own. */
const status = (tab) => tab.inside((shadow) => {
  const regions = [...shadow.querySelectorAll('[role=status], [role=alert], [aria-live]')].filter((region) => !region.closest('dialog'));
  const [region] = regions;
  const hidden = [];
  for (let node = region; node instanceof Element; node = node.parentElement) {
    const { display, visibility } = getComputedStyle(node);
    if (display === 'none' || visibility === 'hidden' || node.getAttribute('aria-hidden') === 'true' || node.inert) hidden.push(node.className);
  }
  return { count: regions.length, role: region?.getAttribute('role'), hidden, text: region?.textContent, lang: region?.closest('[lang]')?.lang };
});

test('a live region is there before anything is said in it, and says politely what is kept', async (t) => {
  for (const answer of ['accept', 'refuse', 'save']) {
    const tab = await browser.tab(t);
    await tab.visit(site.url);
    await tab.goRuns();
    assert.deepEqual(await status(tab), { count: 1, role: 'status', hidden: [], text: '', lang: 'fr' }, `one region, empty, within reach of a screen reader, before ${answer}`);
    await tab.inside((shadow) => { shadow.querySelector('.notice [role=status], .notice[role=status]').marked = true; });
    if (answer === 'save') {
      await tab.press('customize');
      await tab.dialogIsOpen();
    }
    await tab.press(answer);
    await tab.bannerIsGone();
    const said = await status(tab);
    assert.match(said.text, /Votre choix est enregistré/, `what is said after ${answer}`);
    assert.deepEqual([said.count, said.role, said.hidden], [1, 'status', []]);
    assert.ok(await tab.inside((shadow) => shadow.querySelector('.notice [role=status], .notice[role=status]').marked), 'the same element: another one would not be announced');
  }
});

test('what is kept is announced wherever it is said: before Go has come, at a placeholder, in the charter’s form', async (t) => {
  const isSaid = async (tab, where) => {
    await tab.until((shadow) => /Votre choix est enregistré/.test(shadow.querySelector('.notice [role=status], .notice[role=status]').textContent), `it to be said ${where}`);
  };
  site.hold(program);
  const early = await browser.tab(t);
  await early.visit(site.url);
  await early.bannerIsThere();
  assert.equal((await status(early)).text, '', 'the region is there, and empty');
  await early.press('refuse');
  await isSaid(early, 'before Go');
  site.reset();
  const embed = await embedPage(t);
  await embed.goRuns();
  assert.equal((await status(embed)).text, '');
  await pressPlaceholder(embed, 'always');
  await isSaid(embed, 'at a placeholder');
  const form = await browser.tab(t);
  await form.visit(site.url + '/charte-cookies/fr');
  await form.goRuns();
  await form.click('form button[value="refuse"]');
  await isSaid(form, 'in the form');
});

test('that a choice is not kept is announced too', async (t) => {
  const tab = await browser.tab(t, { before: [() => { Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} }); }] });
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.press('accept');
  await tab.bannerIsGone();
  const said = await status(tab);
  assert.ok(said.text.length > 20, `something must be said: ${said.text}`);
  assert.doesNotMatch(said.text, /est enregistré/);
  assert.deepEqual([said.count, said.role, said.hidden], [1, 'status', []]);
});

// ---- languages of parts: WCAG 3.1.2 ----

test('where the page speaks another language, everything of ours says which one it speaks', async (t) => {
  site.page('/foreign', page('<script src="/temoin.js" data-lang="fr"></script>', '<main><h1>Seite</h1><p>Text</p><iframe title="Film" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/nothing"></iframe></main>', 'de'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/foreign');
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.until(() => !!document.querySelector('.temoin-placeholder')?.shadowRoot?.querySelector('button'), 'the placeholder to be drawn');
  const spoken = await tab.run(() => [...document.querySelectorAll('#temoin, .temoin-placeholder')].flatMap(({ shadowRoot }) => {
    const texts = document.createTreeWalker(shadowRoot, NodeFilter.SHOW_TEXT);
    const found = new Set();
    while (texts.nextNode()) if (texts.currentNode.data.trim()) found.add([texts.currentNode.parentElement.closest('[lang]')?.lang, texts.currentNode.parentElement.closest('[dir]')?.dir].join(' '));
    return [...found];
  }));
  assert.deepEqual(new Set(spoken), new Set(['fr ltr']), 'each text must lie in an element that names its language and direction');
});
