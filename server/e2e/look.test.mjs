// How it looks: each theme, in each position, light and dark, small and large,
// and what a page may change of it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';

import { inDialog, isAccessible } from './lib/axe.mjs';
import { can, launch, needs } from './lib/browser.mjs';
import { contrast } from './lib/colours.mjs';
import { include, page, placeholderIsDrawn } from './lib/gate.mjs';
import { looks, positions, themes, withLook } from './lib/looks.mjs';
import { eventually } from './lib/server.mjs';
import { program, stage } from './lib/stage.mjs';

const { browser, site, server } = await stage();

const schemes = can('colorScheme') ? ['light', 'dark'] : ['light'];

/** A tab with the banner that Go has drawn. */
async function asked(t, options) {
  const tab = await browser.tab(t, options);
  await tab.visit(site.url);
  await tab.goRuns();
  return tab;
}

/** Where banner and buttons are, and which words of buttons stand on two lines. */
const layout = (shadow) => {
  const banner = shadow.querySelector('.banner');
  const buttons = [...banner.querySelectorAll('[data-temoin]')];
  const brokenWords = buttons.flatMap((button) => [...button.textContent.matchAll(/\S+/g)].filter(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(button.firstChild, index);
    range.setEnd(button.firstChild, index + word.length);
    return new Set([...range.getClientRects()].filter(({ width }) => width).map(({ top }) => Math.round(top))).size > 1;
  }).map(([word]) => word));
  return {
    banner: banner.getBoundingClientRect().toJSON(),
    buttons: buttons.map((button) => button.getBoundingClientRect().toJSON()),
    sideways: document.documentElement.scrollWidth - innerWidth,
    cut: [banner, ...banner.querySelectorAll('*')].filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline').map((element) => element.outerHTML.slice(0, 90)),
    brokenWords,
  };
};

function fits({ banner, buttons, sideways, cut }, { width, height }, where) {
  assert.ok(banner.height <= height / 2 + 2, `the banner is ${banner.height} px high, want at most half of ${height}: ${where}`);
  assert.ok(banner.left >= 0 && banner.right <= width && banner.top >= -1 && banner.bottom <= height + 1, `the banner is at ${JSON.stringify(banner)}: ${where}`);
  assert.ok(sideways <= 0, `the page scrolls sideways by ${sideways} px: ${where}`);
  assert.deepEqual(cut, [], `nothing may be wider than its box: ${where}`);
  for (const button of buttons) {
    assert.ok(button.top >= banner.top && button.bottom <= banner.bottom, `a button is cut, ${JSON.stringify([button, banner])}: ${where}`);
    assert.ok(button.top === buttons[0].top && button.height >= 24 && button.width >= 24, `one row of large buttons: ${where}`);
  }
}

/** How refuse and accept look, at three widths. */
async function weighed(tab, where) {
  for (const width of [1440, 768, 320]) {
    await tab.viewport({ width, height: 700 });
    const [refuse, accept] = await tab.inside((shadow) => ['refuse', 'accept'].map((action) => {
      const button = shadow.querySelector(`.banner [data-temoin="${action}"]`);
      const { width, height, top } = button.getBoundingClientRect();
      const { color, backgroundColor, borderTopColor, borderTopWidth, fontSize, fontWeight, fontFamily, boxShadow, opacity, textDecorationLine } = getComputedStyle(button);
      return { box: [width, height, top].map(Math.round), color, backgroundColor, borderTopColor, borderTopWidth, fontSize, fontWeight, fontFamily, boxShadow, opacity, textDecorationLine };
    }));
    assert.deepEqual(refuse, accept, `${where}, ${width} px`);
  }
}

for (const look of looks()) {
  const name = `${look.theme}, ${look.position}`;

  // One after the other on the page that Go has drawn: to have it drawn takes most of the time.
  test(name, async (t) => {
    await withLook(server, look);
    const tabs = {};
    for (const scheme of schemes) tabs[scheme] = await browser.tab(t, { media: { 'prefers-color-scheme': scheme } });
    const tab = tabs.light;

    await t.test(`${name}: refuse and accept weigh the same, before Go and after`, async () => {
      site.hold(program);
      for (const scheme of schemes) {
        await tabs[scheme].visit(site.url);
        await tabs[scheme].bannerIsThere();
        await weighed(tabs[scheme], `before Go, ${scheme}`);
      }
      site.reset();
      for (const scheme of schemes) {
        await tabs[scheme].visit(site.url);
        await tabs[scheme].goRuns();
        await weighed(tabs[scheme], `once Go runs, ${scheme}`);
      }
    });

    await t.test(`${name}: on small screens at most half, no button cut, no word broken`, async () => {
      for (const [width, height] of [[320, 568], [320, 256], [640, 256], [768, 600], [1280, 256], [1440, 900]]) {
        await tab.viewport({ width, height });
        const found = await tab.inside(layout);
        fits(found, { width, height }, `${width} × ${height}`);
        assert.deepEqual(found.brokenWords, [], `${width} × ${height}`);
      }
    });

    await t.test(`${name}: the focus is never behind the banner`, async () => {
      await tab.viewport({ width: 800, height: 600 });
      const where = (shadow) => {
        const element = document.activeElement;
        if (element === document.body) return { end: true };
        if (element === shadow.host) return {};
        const a = element.getBoundingClientRect();
        const b = shadow.querySelector('.banner').getBoundingClientRect();
        return { label: element.textContent.trim().slice(0, 40), covered: a.left < b.right && a.right > b.left && a.bottom > b.top + 1 && a.top < b.bottom - 1 };
      };
      let labels = 0;
      for (let i = 0; i < 60; i++) {
        await tab.keys('Tab');
        let focus;
        // WebKit scrolls to what has the focus a little later, and only then can the banner be kept off it.
        await eventually(async () => {
          focus = await tab.inside(where);
          return !focus.covered;
        }, () => `"${focus.label}", which has the focus, not to lie behind the banner`, { within: 1000 });
        if (focus.end) break;
        if (focus.label) labels += 1;
      }
      assert.ok(labels > 2, `the focus must have gone through the page, not to ${labels} places`);
    });

    await t.test(`${name}: with the text spacing of WCAG 1.4.12 nothing is cut`, async () => {
      await tab.inside((shadow) => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }');
        shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
      });
      for (const [width, height] of [[320, 568], [1280, 800]]) {
        await tab.viewport({ width, height });
        fits(await tab.inside(layout), { width, height }, `${width} × ${height}`);
      }
    });
  });
}

test('text at 200 %, as the visitor’s browser sets it, is cut in no look', needs('textSize'), async (t) => {
  const large = await launch(after, { textSize: 32 });
  for (const look of looks()) {
    await withLook(server, look);
    const tab = await large.tab(t);
    await tab.visit(site.url);
    await tab.goRuns();
    for (const [width, height] of [[640, 900], [1280, 900]]) {
      await tab.viewport({ width, height });
      fits(await tab.inside(layout), { width, height }, `${JSON.stringify(look)}, ${width} × ${height}`);
    }
  }
});

/** Text, and what is to be seen to be used, with the ground on which each stands. */
const painted = (shadow, area) => {
  const opaque = (color) => !/^rgba\(.*, 0\)$/.test(color);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (opaque(color)) return color;
    }
    return null; // the page: what stands on it has a ground of its own
  };
  const list = [];
  const note = (element, kind, color, on) => on && list.push({ what: `${kind} of ${element.outerHTML.slice(0, 70)}`, color, on, least: kind === 'text' ? 4.5 : 3 });
  for (const element of shadow.querySelectorAll(area)) {
    const style = getComputedStyle(element);
    if (!element.checkVisibility()) continue;
    if ([...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())) note(element, 'text', style.color, ground(element));
    if (element.matches('button')) note(element, 'edge', style.borderTopColor === style.backgroundColor ? style.backgroundColor : style.borderTopColor, ground(element.parentElement));
    if (element.matches('input')) {
      note(element, 'edge', style.borderTopColor, ground(element.parentElement));
      note(element, 'knob', getComputedStyle(element, '::before').backgroundColor, style.backgroundColor);
    }
    if (element.matches('button, a, summary, input')) {
      element.focus({ focusVisible: true });
      note(element, 'ring', getComputedStyle(element).outlineColor, ground(element.parentElement));
    }
  }
  return list;
};

function contrasts(list, where) {
  assert.ok(list.length > 0, `something must have been looked at: ${where}`);
  for (const { what, color, on, least } of list) {
    const ratio = contrast(color, on);
    assert.ok(ratio >= least, `${ratio.toFixed(2)}:1 for the ${what}, ${color} on ${on}, want ${least}: ${where}`);
  }
}

for (const theme of themes) {
  for (const scheme of schemes) {
    const media = can('colorScheme') ? { 'prefers-color-scheme': scheme } : {};

    test(`${theme}, ${scheme}: text stands out by 4.5:1, edges, knobs and the focus ring by 3:1; axe finds nothing`, async (t) => {
      await withLook(server, { theme, position: 'bottom' });
      const tab = await browser.tab(t, { media });
      await tab.visit(site.url + '/essai');
      await tab.goRuns();
      await tab.keys('Tab'); // from here on the focus shows
      contrasts(await tab.inside(painted, '.banner *'), 'the banner');
      await isAccessible(tab, 'the page with the banner and placeholders');
      await tab.press('customize');
      await tab.dialogIsOpen();
      await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
      await tab.turn('youtube');
      contrasts(await tab.inside(painted, 'dialog *'), 'the dialog');
      await isAccessible(tab, 'the dialog', inDialog);
      await tab.press('refuse');
      await tab.dialogIsClosed();
      contrasts(await tab.inside(painted, '.reopen *'), 'the floating button');
      const placeholder = `() => (${painted})(document.querySelector('.temoin-placeholder').shadowRoot, '.placeholder *')`;
      contrasts(await tab.run(placeholder), 'the placeholder');
      await tab.visit(site.url + '/charte-cookies/fr');
      await tab.settles(); // with a choice, Go may never run
      await tab.layers();
      await isAccessible(tab, 'the charter');
      // In the other places the banner alone is another.
      for (const position of ['corner', 'centre']) {
        await withLook(server, { theme, position });
        const other = await asked(t, { media });
        await isAccessible(other, `the banner, ${position}`);
        await other.close();
      }
    });
  }

  test(`${theme}: in forced colours edges stay, with more contrast lines are ink`, needs('forcedColors'), async (t) => {
    await withLook(server, { theme, position: 'corner' });
    const tab = await asked(t, { media: { 'forced-colors': 'active' } });
    const edges = await tab.inside((shadow) => [...shadow.querySelectorAll('.banner, .banner [data-temoin]')].map((element) => getComputedStyle(element)).map(({ borderTopStyle, borderTopWidth }) => `${borderTopStyle} ${borderTopWidth}`));
    assert.deepEqual(edges, Array(4).fill('solid 1px'));
    await tab.close();

    const more = await asked(t, { media: { 'prefers-contrast': 'more' } });
    assert.ok(await more.run(() => matchMedia('(prefers-contrast: more)').matches), 'the emulation must work');
    const [line, ink] = await more.inside((shadow) => { const { borderTopColor, color } = getComputedStyle(shadow.querySelector('.banner')); return [borderTopColor, color]; });
    assert.equal(line, ink);
  });

  test(`${theme}: for who wants less motion nothing moves`, async (t) => {
    await withLook(server, { theme, position: 'corner' });
    const still = await asked(t, { media: { 'prefers-reduced-motion': 'reduce' } });
    assert.ok(await still.run(() => matchMedia('(prefers-reduced-motion: reduce)').matches), 'the emulation must work');
    assert.equal(await still.inside((shadow) => shadow.getAnimations().length), 0);
  });
}

/** The grounds of banner, dialog, placeholder and charter. */
async function grounds(t, setting) {
  const tab = await browser.tab(t, { media: { 'prefers-color-scheme': setting } });
  await tab.visit(site.url + '/embed');
  await tab.goRuns();
  await placeholderIsDrawn(tab);
  await tab.press('customize');
  await tab.dialogIsOpen();
  const inPage = await tab.inside((shadow) => [
    shadow.querySelector('.banner'), shadow.querySelector('dialog'), document.querySelector('.temoin-placeholder').shadowRoot.querySelector('.placeholder'),
  ].map((box) => getComputedStyle(box).backgroundColor));
  await tab.visit(site.url + '/charte-cookies/fr');
  return [...inPage, await tab.run(() => getComputedStyle(document.body).backgroundColor)];
}

for (const theme of themes) {
  test(`a catalogue can make ${theme} light or dark whatever the visitor’s setting: banner, dialog, placeholder, charter`, needs('colorScheme'), async (t) => {
    site.page('/embed', page(include, '<h1>page</h1><iframe title="video" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/nothing"></iframe>', 'fr'));
    const found = {};
    for (const scheme of ['auto', 'light', 'dark']) {
      await withLook(server, { theme, position: 'bottom', scheme });
      for (const setting of ['light', 'dark']) found[`${scheme} ${setting}`] = await grounds(t, setting);
    }
    const [light, dark] = [found['auto light'], found['auto dark']];
    for (const [i, ground] of light.entries()) assert.notEqual(ground, dark[i], 'light and dark must differ');
    if (theme === 'dsfr') assert.deepEqual([light[0], dark[0]], ['rgb(255, 255, 255)', 'rgb(36, 36, 36)']);
    assert.deepEqual(found, { 'auto light': light, 'auto dark': dark, 'light light': light, 'light dark': light, 'dark light': dark, 'dark dark': dark });
  });
}

test('the State’s theme has its order, its words, its blue; customize is the secondary button', async (t) => {
  await withLook(server, { theme: 'dsfr', position: 'bottom' });
  const tab = await asked(t);
  const buttons = await tab.inside((shadow) => [...shadow.querySelectorAll('.banner [data-temoin]')].map((button) => [button.textContent, getComputedStyle(button).backgroundColor]));
  assert.deepEqual(buttons, [['Personnaliser', 'rgb(255, 255, 255)'], ['Tout refuser', 'rgb(0, 0, 145)'], ['Tout accepter', 'rgb(0, 0, 145)']]);
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal(await tab.inside((shadow) => shadow.querySelector('dialog .title').textContent), 'Panneau de gestion des cookies');
});

test('minimal takes the page’s font', async (t) => {
  await withLook(server, { theme: 'minimal', position: 'bottom' });
  site.page('/font', '<!doctype html><html lang="fr"><script src="/temoin.js"></script><style>body { font-family: monospace }</style><title>font</title><p>Page');
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/font');
  await tab.bannerIsThere();
  assert.equal(await tab.inside((shadow) => getComputedStyle(shadow.querySelector('.banner p')).fontFamily), 'monospace');
});

/** The custom properties that docs/look.md lists, each with a value and where it is to be seen. */
const properties = {
  ink: ['#010203', '.banner .title', 'color', 'rgb(1, 2, 3)'],
  paper: ['#fefefe', '.banner', 'backgroundColor', 'rgb(254, 254, 254)'],
  line: ['#040506', '.banner', 'borderTopColor', 'rgb(4, 5, 6)'],
  quiet: ['#070809', 'dialog .state', 'color', 'rgb(7, 8, 9)'],
  accent: ['#0a0b0c', '.banner .link', 'color', 'rgb(10, 11, 12)'],
  'on-accent': ['#fdfdfd', 'dialog input[name="matomo"]', 'backgroundColor', 'rgb(253, 253, 253)', '::before'],
  button: ['#0d0e0f', '.banner [data-temoin="accept"]', 'backgroundColor', 'rgb(13, 14, 15)'],
  'on-button': ['#fcfcfc', '.banner [data-temoin="accept"]', 'color', 'rgb(252, 252, 252)'],
  'button-line': ['#101112', '.banner .button', 'borderTopColor', 'rgb(16, 17, 18)'],
  radius: ['7px', 'dialog', 'borderTopLeftRadius', '7px'],
  'button-radius': ['9px', '.banner .button', 'borderTopLeftRadius', '9px'],
  weight: ['300', '.banner .button', 'fontWeight', '300'],
  font: ['monospace', '.banner p', 'fontFamily', 'monospace'],
  size: ['20px', '.banner p', 'fontSize', '20px'],
  space: ['11px', '.banner', 'paddingTop', '11px'],
  shadow: ['1px 2px #191a1b', '.banner', 'boxShadow', 'rgb(25, 26, 27) 1px 2px 0px 0px'],
  focus: ['#131415', '.banner .button', 'outlineColor', 'rgb(19, 20, 21)'],
  backdrop: ['#161718', 'dialog', 'backgroundColor', 'rgb(22, 23, 24)', '::backdrop'],
  z: ['7', ':host', 'zIndex', '7'],
};

for (const theme of themes) {
  test(`${theme}: each custom property on #temoin takes effect`, async (t) => {
    await withLook(server, { theme, position: 'bottom' });
    // One page for all: to have Go draw one for each takes a minute.
    site.page('/own', '<!doctype html><html lang="fr"><script src="/temoin.js"></script><title>own</title><style></style><p>Page');
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/own');
    await tab.goRuns();
    const inDialog = ([, [, selector]]) => /dialog/.test(selector);
    const all = Object.entries(properties);
    for (const [name, [value, selector, property, seen, pseudo]] of [...all.filter((entry) => !inDialog(entry)), ...all.filter(inDialog)]) {
      if (/dialog/.test(selector) && !(await tab.seen()).dialog) {
        await tab.press('customize');
        await tab.dialogIsOpen();
      }
      const found = (css) => tab.inside((shadow, css, selector, property, pseudo) => {
        document.querySelector('style').textContent = css;
        const element = selector === ':host' ? shadow.host : shadow.querySelector(selector);
        element.focus({ focusVisible: true });
        return getComputedStyle(element, pseudo)[property];
      }, css, selector, property, pseudo);
      assert.notEqual(await found(''), seen, `without --temoin-${name}`);
      assert.equal(await found(`#temoin { --temoin-${name}: ${value} }`), seen, `--temoin-${name}`);
    }
  });
}

/** A page with the banner, an embed that waits, and a style of its own. */
const ownPage = (css, html = '<html lang="fr">') => site.page('/own', `<!doctype html>${html}<script src="/temoin.js"></script><title>own</title><style>${css}</style><h1>Page</h1><iframe title="video" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/nothing"></iframe>`);

async function own(t) {
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/own');
  await tab.goRuns();
  await tab.until(() => !!document.querySelector('.temoin-placeholder')?.shadowRoot?.querySelector('button'), 'the placeholder to be drawn');
  return tab;
}

/** The colours of text in the banner and in the placeholder. */
const inks = (shadow) => [shadow.querySelector('.banner .title'), document.querySelector('.temoin-placeholder').shadowRoot.querySelector('.title')].map((element) => getComputedStyle(element).color);

test('each part that docs/look.md lists can be reached, wherever it is drawn', async (t) => {
  await withLook(server, { theme: 'default', position: 'bottom' });
  // A property that nothing inherits, nor sets.
  const parts = ['banner', 'title', 'text', 'link', 'button', 'reopen', 'notice', 'dialog', 'category', 'service', 'name', 'state', 'switch', 'summary', 'table', 'placeholder'];
  ownPage(parts.map((part, i) => `#temoin::part(${part}), .temoin-placeholder::part(${part}) { scroll-margin-top: ${i + 1}px }`).join(' '));
  const tab = await own(t);
  await tab.press('customize');
  await tab.dialogIsOpen();
  const seen = await tab.inside((shadow, parts) => {
    const all = [shadow, document.querySelector('.temoin-placeholder').shadowRoot].flatMap((root) => [...root.querySelectorAll('[part]')]);
    return parts.map((part) => [part, [...new Set(all.filter((element) => element.part.value === part).map((element) => getComputedStyle(element).scrollMarginTop))]]);
  }, parts);
  assert.deepEqual(seen, parts.map((part, i) => [part, [`${i + 1}px`]]));
});

test('custom properties on .temoin-placeholder are for embeds, on :root for both, and a site’s own dark class works as in docs/look.md', async (t) => {
  await withLook(server, { theme: 'default', position: 'bottom' });
  ownPage('.temoin-placeholder { --temoin-ink: #010203 }');
  const [banner, placeholder] = await (await own(t)).inside(inks);
  assert.deepEqual([banner === placeholder, placeholder], [false, 'rgb(1, 2, 3)']);
  ownPage(':root { --temoin-ink: #040506 }');
  assert.deepEqual(await (await own(t)).inside(inks), Array(2).fill('rgb(4, 5, 6)'));
  const readme = await readFile(new URL('../../docs/look.md', import.meta.url), 'utf8');
  const [example] = readme.match(/#temoin \{ --temoin-accent[^`]*/);
  ownPage(example, '<html lang="fr" class="dark">');
  const { color, backgroundColor } = await (await own(t)).inside((shadow) => {
    const { color, backgroundColor } = getComputedStyle(shadow.querySelector('.banner'));
    return { color, backgroundColor };
  });
  assert.deepEqual([color, backgroundColor], ['rgb(238, 238, 238)', 'rgb(17, 17, 17)']);
});

test('the parts are those that docs/look.md lists', async (t) => {
  await withLook(server, { theme: 'default', position: 'bottom' });
  const tab = await asked(t);
  await tab.press('customize');
  await tab.dialogIsOpen();
  const parts = await tab.inside((shadow) => [...new Set([...shadow.querySelectorAll('[part]')].map((element) => element.part.value))].sort());
  assert.deepEqual(parts, ['banner', 'button', 'category', 'dialog', 'link', 'name', 'notice', 'reopen', 'service', 'state', 'summary', 'switch', 'table', 'text', 'title']);
  const readme = await readFile(new URL('../../docs/look.md', import.meta.url), 'utf8');
  for (const name of [...parts, 'placeholder']) assert.ok(readme.includes('`' + name + '`'), `docs/look.md lists the part ${name}`);
  for (const name of Object.keys(properties)) assert.ok(readme.includes(`--temoin-${name}`), `docs/look.md lists --temoin-${name}`);
});

test('no look prints the banner', needs('mediaType'), async (t) => {
  for (const position of positions) {
    await withLook(server, { theme: 'default', position });
    const tab = await asked(t);
    await tab.media({ type: 'print' });
    assert.equal((await tab.layers()).banner, false, position);
  }
});
