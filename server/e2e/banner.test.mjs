// The first layer: what a visitor meets, before and after Go runs.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { launch, needs, nothingStored } from './lib/browser.mjs';
import { contrast } from './lib/colours.mjs';
import { include, page, placeholderIsDrawn } from './lib/gate.mjs';
import { eventually } from './lib/server.mjs';
import { demoPages, program, stage } from './lib/stage.mjs';

const { browser, site } = await stage();

test('the banner is there at once, before app.wasm has arrived', async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.bannerIsThere();
  assert.ok(await tab.goHasNotRun(), 'the program must not run yet: its file is held back');
  release();
  await tab.goRuns();
  assert.equal((await tab.layers()).banner, true, 'the banner must still be there once Go runs');
  assert.deepEqual(tab.errors, [], 'no exception may reach the page');
});

for (const path of demoPages) {
  test(`nothing is stored and nobody else is asked before a choice on ${path}`, async (t) => {
    const tab = await browser.tab(t);
    await tab.visit(site.url + path);
    await tab.bannerIsThere();
    await tab.goRuns();
    await tab.settles();
    assert.deepEqual(await tab.stores(), nothingStored, 'every storage must be empty before a choice');
    const foreign = tab.requests.filter((url) => !url.startsWith(site.url + '/') && !url.startsWith('data:'));
    assert.deepEqual(foreign, [], 'no request may go to another origin');
  });
}

test('scrolling, Esc, clicking on the page and navigating on are no consent and write no cookie', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.run(() => scrollTo(0, document.documentElement.scrollHeight));
  await tab.mouse.wheel({ deltaY: -400 });
  await tab.keys('Escape', 'Escape');
  await tab.run(() => scrollTo(0, 0));
  await tab.click('h1');
  await tab.click('nav a[href^="/jeux-de-donnees"]');
  await tab.arrives(/jeux-de-donnees/);
  await tab.bannerIsThere();
  await tab.goRuns();
  await tab.focus('customize');
  await tab.keys('Escape');
  await tab.settles();
  assert.deepEqual(await tab.stores(), nothingStored, 'silence is no choice');
  assert.equal(await tab.choice(), null, 'temoin.choice must be null');
  for (const id of ['statistics', 'google-analytics', 'first-party', 'third-party', 'youtube', 'facebook', 'unknown']) {
    assert.equal(await tab.has(id), false, `temoin.has('${id}') must be false before a choice`);
  }
  for (const id of ['necessary', 'authentication', 'matomo']) {
    assert.equal(await tab.has(id), true, `temoin.has('${id}') must be true: necessary or exempt`);
  }
});

/** How the three buttons look, and where they are. */
const looks = (shadow) => [...shadow.querySelectorAll('.banner [data-temoin]')].map((button) => {
  const { width, height, top, left } = button.getBoundingClientRect();
  const style = getComputedStyle(button);
  const same = Object.fromEntries(['fontSize', 'fontWeight', 'fontFamily', 'fontStyle', 'lineHeight', 'color', 'backgroundColor', 'padding',
    'borderColor', 'borderStyle', 'borderWidth', 'borderRadius', 'opacity', 'boxShadow', 'textDecorationLine', 'textTransform', 'letterSpacing', 'cursor', 'transform']
    .map((name) => [name, style[name]]));
  return { action: button.dataset.temoin, width, height, top, left, same, color: style.color, background: style.backgroundColor };
});

for (const [when, held] of [['before Go', true], ['once Go runs', false]]) {
  test(`refuse, customize and accept weigh the same ${when}, light and dark, wide and narrow`, async (t) => {
    if (held) site.hold(program);
    for (const scheme of ['light', 'dark']) {
      const tab = await browser.tab(t, { media: { 'prefers-color-scheme': scheme } });
      await tab.visit(site.url);
      await (held ? tab.bannerIsThere() : tab.goRuns());
      for (const width of [1440, 1280, 768, 320]) {
        await tab.viewport({ width, height: 800 });
        sameWeight(await tab.inside(looks), `${scheme}, ${width} px wide`);
      }
    }
  });
}

function sameWeight(buttons, where) {
  assert.deepEqual(buttons.map(({ action }) => action), ['refuse', 'customize', 'accept'], 'the three buttons, in this order');
  const [first, ...others] = buttons;
  for (const button of others) {
    assert.deepEqual(button.same, first.same, `${button.action} must look like ${first.action}: ${where}`);
    for (const side of ['width', 'height', 'top']) {
      assert.ok(Math.abs(button[side] - first[side]) <= 1, `${side} of ${button.action} is ${button[side]}, of ${first.action} ${first[side]}: want the same, in one row, ${where}`);
    }
  }
  assert.ok(buttons[0].left < buttons[1].left && buttons[1].left < buttons[2].left, `from left to right in that order: ${where}`);
  for (const { action, color, background, width, height } of buttons) {
    const ratio = contrast(color, background);
    assert.ok(ratio >= 4.5, `contrast of ${action} is ${ratio.toFixed(2)}, want at least 4.5: ${where}`);
    assert.ok(width >= 24 && height >= 24, `${action} is ${width} × ${height}, want at least 24 × 24: ${where}`);
  }
}

test('the banner is a region named by its title, early in the document, and says what is asked', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  const banner = await tab.inside((shadow) => {
    const region = shadow.querySelector('.banner');
    const title = shadow.getElementById(region.getAttribute('aria-labelledby'));
    return {
      tag: region.localName,
      title: title.textContent,
      titleIs: title.localName,
      text: region.innerText,
      beforeBody: shadow.host.nextElementSibling === document.body,
      preselected: region.querySelectorAll('input, [aria-pressed], [autofocus]').length,
      buttons: [...region.querySelectorAll('button')].map((button) => button.dataset.temoin),
      charter: [...region.querySelectorAll('a')].map((link) => link.getAttribute('href')),
      focus: document.activeElement.localName,
    };
  });
  assert.equal(banner.tag, 'section', 'a section with a name is a region');
  assert.equal(banner.titleIs, 'h2', 'the title must be a heading');
  assert.equal(banner.title, 'Vos choix sur les cookies');
  assert.ok(banner.beforeBody, 'the banner must come before all of the page');
  assert.match(banner.text, /Données ouvertes de Rivemont/, 'the banner must say who asks');
  assert.match(banner.text, /Mesure d’audience/, 'the banner must say what for');
  assert.match(banner.text, /Cookies tiers/, 'the banner must say what for');
  assert.match(banner.text, /\b3\b/, 'the banner must say how many services need consent: 3, and not the exempt measure');
  assert.match(banner.text, /Refuser n’a aucune conséquence/, 'refusing has no consequence');
  assert.match(banner.text, /changer d’avis à tout moment/, 'the choice can be changed');
  assert.deepEqual(banner.charter, ['/charte-cookies/fr'], 'a link to the charter, in the banner’s language');
  assert.equal(banner.preselected, 0, 'nothing may be preselected');
  assert.deepEqual(banner.buttons, ['refuse', 'customize', 'accept'], 'no other button, such as a cross that would be taken for consent');
  assert.equal(banner.focus, 'body', 'the banner must not take the focus');
});

test('the accessibility tree holds the region, its heading, its text, its link and its buttons', needs('accessibilityTree'), async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  const tree = JSON.stringify(await tab.accessibilityTree(), (key, value) => (['backendNodeId', 'loaderId', 'url'].includes(key) ? undefined : value));
  for (const node of ['"role":"region","name":"Vos choix sur les cookies"', '"role":"heading","name":"Vos choix sur les cookies","level":2', '"role":"link","name":"Lire la charte cookies"',
    '"role":"button","name":"Tout refuser"', '"role":"button","name":"Personnaliser"', '"role":"button","name":"Tout accepter"']) {
    assert.ok(tree.includes(node), `expected ${node} in the tree:\n${tree.slice(0, 1500)}`);
  }
});

test('nothing in the page moves: neither when the banner comes, nor when Go takes over, nor when it goes', needs('layoutShift'), async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.bannerIsThere();
  await tab.settles({ but: program });
  const before = await tab.inside((shadow) => shadow.querySelector('.banner').getBoundingClientRect().toJSON());
  release();
  await tab.goRuns();
  await tab.settles();
  const afterwards = await tab.inside((shadow) => shadow.querySelector('.banner').getBoundingClientRect().toJSON());
  assert.deepEqual(afterwards, before, 'the banner that Go draws must be where the shell was');
  await tab.press('refuse');
  await tab.bannerIsGone();
  await tab.settles();
  assert.deepEqual(await tab.run(() => window.shifts), [], 'no layout shift may be measured');
});

test('the shell with its dialog and what Go draws are the same markup', async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.bannerIsThere();
  await tab.until((shadow) => !!shadow.querySelector('dialog'), 'the dialog to be fetched');
  const markup = (shadow) => {
    const print = (node) => {
      if (node.nodeType === Node.TEXT_NODE) return node.data;
      const attributes = [...node.attributes].map(({ name, value }) => `${name}=${value}`).sort();
      return [node.localName, attributes, [...node.childNodes].map(print).filter(Boolean)];
    };
    return print(shadow.querySelector('.layers'));
  };
  const shell = await tab.inside(markup);
  release();
  await tab.goRuns();
  assert.deepEqual(await tab.inside(markup), shell, 'Go must draw what the server prerendered');
});

test('the page is not blocked: it scrolls and its links work with the banner open', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  const style = await tab.run(() => ['html', 'body'].map((name) => {
    const { overflowY, position, pointerEvents } = getComputedStyle(document.querySelector(name));
    return { overflowY, position, pointerEvents };
  }));
  for (const { overflowY, position, pointerEvents } of style) assert.deepEqual([overflowY, position, pointerEvents], ['visible', 'static', 'auto'], 'the page must be as without the banner');
  await tab.mouse.move(600, 200);
  await tab.mouse.wheel({ deltaY: 300 });
  await tab.until(() => scrollY > 0, 'the page to scroll with the wheel over it');
  await tab.run(() => scrollTo(0, 0));
  await tab.click('nav a[href^="/a-propos"]');
  await tab.arrives(/a-propos/);
  await tab.bannerIsThere();
});

test('a click on text neither scrolls the page nor moves the banner, even in a tall element that takes the focus', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  const where = () => tab.inside((shadow) => ({ scrollY, top: shadow.querySelector('.banner').getBoundingClientRect().top }));
  const before = await where();
  await tab.click('h1');
  assert.equal(await tab.run(() => document.activeElement.localName), 'main', 'the demo’s main has tabindex="-1": it takes the focus of a click, as on many sites with a skip link');
  assert.deepEqual(await where(), before, 'nothing may move under the pointer');
});

test('the skip link leads to the content, which is not hidden by the banner', async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.run(() => document.querySelector('a.skip').focus());
  await tab.keys('Enter');
  await tab.until(() => document.activeElement.localName === 'main', 'the skip link to give the focus to main');
  const found = await tab.inside((shadow) => ({ heading: document.querySelector('h1').getBoundingClientRect().toJSON(), banner: shadow.querySelector('.banner').getBoundingClientRect().toJSON() }));
  assert.ok(found.heading.top >= 0 && found.heading.bottom <= 800, `the heading of the content must be in the window: ${JSON.stringify(found)}`);
  assert.ok(found.heading.bottom <= found.banner.top || found.heading.top >= found.banner.bottom, `the heading of the content must not lie behind the banner: ${JSON.stringify(found)}`);
});

test('the end of the page can be read above the banner, and the focus is never hidden by it', async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 1024, height: 700 } });
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.run(() => { document.activeElement.blur(); scrollTo(0, 0); });
  const seen = new Set();
  for (let i = 0; i < 120; i++) {
    await tab.keys('Tab');
    await tab.frames();
    const focus = await tab.inside((shadow) => {
      const element = document.activeElement;
      if (element === document.body) return { end: true };
      if (element === shadow.host) return { inside: true, label: shadow.activeElement?.textContent };
      const a = element.getBoundingClientRect();
      const b = shadow.querySelector('.banner').getBoundingClientRect();
      const label = `${element.localName} ${(element.textContent || element.name).trim().slice(0, 40)}`;
      const covered = a.left < b.right && a.right > b.left && a.bottom > b.top && a.top < b.bottom;
      return {
        label,
        key: `${label} ${element.href ?? ''}`,
        hidden: covered && a.top >= b.top - 1 && a.bottom <= b.bottom + 1,
        outside: a.bottom <= 0 || a.top >= innerHeight,
        covered,
        boxes: JSON.stringify([a, b, innerHeight]),
      };
    });
    if (focus.end) break;
    if (focus.inside) continue;
    seen.add(focus.key);
    assert.ok(!focus.outside, `${focus.label} has the focus, and is outside of the window: ${focus.boxes}`);
    assert.ok(!focus.covered, `${focus.label} has the focus, and lies behind the banner: ${focus.boxes}`);
  }
  assert.ok(seen.size >= 15, `expected at least 15 places for the focus in the page, there were ${seen.size}`);
});

test('going backwards with Shift+Tab, the focus is not hidden either', async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 800, height: 600 } });
  await tab.visit(site.url + '/jeux-de-donnees');
  await tab.goRuns();
  // From within the page: a browser that has shown the focus shows it where a script puts it, too.
  await tab.keys(...Array(7).fill('Tab'));
  await tab.run(() => { [...document.querySelectorAll('footer a, footer button')].at(-1).focus(); });
  await tab.frames();
  for (let i = 0; i < 40; i++) {
    const focus = await tab.inside((shadow) => {
      const element = document.activeElement;
      if (element === document.body || element === shadow.host) return null;
      const a = element.getBoundingClientRect();
      const b = shadow.querySelector('.banner').getBoundingClientRect();
      return { label: element.textContent.trim().slice(0, 40), covered: a.left < b.right && a.right > b.left && a.bottom > b.top + 1 && a.top < b.bottom - 1 };
    });
    if (!focus) break;
    assert.ok(!focus.covered, `"${focus.label}" has the focus, and lies behind the banner`);
    await tab.keys('Shift+Tab');
    await tab.frames();
  }
});

/** The words of the buttons that stand on more than one line. */
const brokenWords = (shadow) => [...shadow.querySelectorAll('.banner [data-temoin]')].flatMap((button) => {
  const text = button.firstChild;
  return [...text.data.matchAll(/\S+/g)].filter(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return new Set([...range.getClientRects()].filter(({ width }) => width).map(({ top }) => Math.round(top))).size > 1;
  }).map(([word]) => word);
});

for (const [width, height] of [[320, 480], [320, 256], [640, 256]]) {
  test(`on a screen of ${width} × ${height} the banner takes at most half, scrolls inside and loses nothing`, async (t) => {
    const tab = await browser.tab(t, { viewport: { width, height } });
    await tab.visit(site.url);
    await tab.goRuns();
    const found = await tab.inside((shadow) => {
      const banner = shadow.querySelector('.banner');
      const box = banner.getBoundingClientRect();
      const cut = [...banner.querySelectorAll('*')].filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline').map((element) => element.outerHTML.slice(0, 80));
      return { height: box.height, left: box.left, right: box.right, sideways: banner.scrollWidth - banner.clientWidth, page: document.documentElement.scrollWidth - document.documentElement.clientWidth, cut };
    });
    assert.ok(found.height <= height / 2 + 1, `the banner is ${found.height} px high, want at most ${height / 2}`);
    assert.ok(found.left >= 0 && found.right <= width, `the banner reaches from ${found.left} to ${found.right}, want within ${width}`);
    assert.ok(found.sideways <= 0, `the banner scrolls sideways by ${found.sideways} px`);
    assert.equal(found.page, 0, 'the page must not scroll sideways');
    assert.deepEqual(found.cut, [], 'no text may be wider than its box');
    assert.deepEqual(await tab.inside(brokenWords), [], 'no word of a button may be broken');
    for (const action of ['refuse', 'customize', 'accept']) {
      await tab.focus(action);
      const visible = await tab.inside((shadow) => {
        const a = shadow.activeElement.getBoundingClientRect();
        const b = shadow.querySelector('.banner').getBoundingClientRect();
        return a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
      });
      assert.ok(visible, `${action} must be scrolled into view when it has the focus`);
    }
    await tab.press('accept');
    await tab.bannerIsGone();
    assert.equal((await tab.record()).choices.statistics, true, 'accept works on a small screen');
  });
}

test('a banner that scrolls inside can be scrolled with the keyboard alone', async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 320, height: 256 } });
  await tab.visit(site.url);
  await tab.goRuns();
  // The first stop of the Tab key is in the banner; all of its text has to be
  // within reach of the keys from there.
  await tab.keys('Tab');
  const focus = await tab.inside((shadow) => document.activeElement === shadow.host);
  assert.ok(focus, 'the banner comes first in the order of the Tab key');
  await tab.inside((shadow) => { shadow.querySelector('.words').scrollTop = 1e6; });
  await eventually(async () => {
    await tab.keys('ArrowUp'); // how far one goes is the browser's matter
    return tab.inside((shadow) => shadow.querySelector('.words').scrollTop === 0);
  }, 'the arrow keys to scroll the banner back to its title');
});

test('with text at 200 %, as the visitor’s browser sets it, banner and dialog lose nothing', needs('textSize'), async (t) => {
  const large = await launch(after, { textSize: 32 });
  const normal = await browser.tab(t);
  await normal.visit(site.url);
  await normal.goRuns();
  const before = await normal.inside(fontSizes);
  const tab = await large.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  const doubled = await tab.inside(fontSizes);
  assert.deepEqual(doubled, before.map((size) => 2 * size), 'the texts of the banner must follow the visitor’s setting');
  for (const width of [1280, 640]) {
    await tab.viewport({ width, height: 800 });
    const banner = await tab.inside((shadow) => {
      const banner = shadow.querySelector('.banner');
      const buttons = [...banner.querySelectorAll('[data-temoin]')];
      return {
        sideways: banner.scrollWidth - banner.clientWidth,
        height: banner.getBoundingClientRect().height,
        cut: buttons.filter((button) => button.scrollWidth > button.clientWidth + 1 || button.scrollHeight > button.clientHeight + 1).map((button) => button.textContent),
      };
    });
    assert.ok(banner.sideways <= 0, `the banner must not scroll sideways, ${width} px wide`);
    assert.deepEqual(banner.cut, [], `no button may cut its label, ${width} px wide`);
    assert.ok(banner.height <= 401, `the banner is ${banner.height} px high, want at most half of 800, ${width} px wide`);
  }
  await tab.press('customize');
  await tab.dialogIsOpen();
  const wide = await tab.inside((shadow) => {
    const dialog = shadow.querySelector('dialog');
    for (const details of dialog.querySelectorAll('details')) details.open = true;
    return [dialog, ...dialog.querySelectorAll('*')].filter((element) => !['inline', 'contents'].includes(getComputedStyle(element).display) && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      .map((element) => `${element.localName}.${element.className} ${element.scrollWidth} > ${element.clientWidth}`);
  });
  assert.deepEqual(wide, [], 'nothing of the dialog may scroll sideways or be cut');
  await tab.press('save');
  await tab.dialogIsClosed();
});

const fontSizes = (shadow) => [...shadow.querySelectorAll('.banner .title, .banner p, .banner [data-temoin]')].map((element) => parseFloat(getComputedStyle(element).fontSize));

test('with the text spacing of WCAG 1.4.12 nothing is cut', async (t) => {
  const tab = await browser.tab(t, { viewport: { width: 400, height: 800 } });
  await tab.visit(site.url);
  await tab.goRuns();
  const cut = await tab.inside((shadow) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }');
    shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
    return [...shadow.querySelectorAll('.banner, .banner *')]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== 'inline')
      .map((element) => element.outerHTML.slice(0, 100));
  });
  assert.deepEqual(cut, [], 'no text may be wider than its box');
});

/** Of all that can be used in a place: which button has no edge, and what has the focus without a ring of 2 px. */
const unseen = (shadow, place) => {
  const roots = { layers: shadow, placeholder: document.querySelector('.temoin-placeholder')?.shadowRoot, page: document };
  const [where, selector] = place;
  const found = [...roots[where].querySelectorAll(selector)].flatMap((box) => [...box.querySelectorAll('button, a, input, summary')]).filter((element) => element.checkVisibility() && !element.disabled);
  const wrong = found.filter((element) => {
    element.focus();
    const { borderTopWidth, borderTopStyle, outlineStyle, outlineWidth } = getComputedStyle(element);
    const hasEdge = element.localName !== 'button' || (borderTopStyle === 'solid' && parseFloat(borderTopWidth) >= 1);
    return !hasEdge || outlineStyle !== 'solid' || parseFloat(outlineWidth) < 2;
  });
  return found.length < 3 ? [`only ${found.length} things to use`] : wrong.map((element) => element.outerHTML.slice(0, 100));
};

test('in forced colours the buttons keep their edges and the focus is to be seen: banner, dialog, placeholder, charter', needs('forcedColors'), async (t) => {
  site.page('/embed', page(include, '<main><iframe title="Film" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/nothing"></iframe></main>', 'fr'));
  const tab = await browser.tab(t, { media: { 'forced-colors': 'active' } });
  await tab.visit(site.url + '/embed');
  await tab.goRuns();
  assert.ok(await tab.run(() => matchMedia('(forced-colors: active)').matches), 'the emulation must work');
  await tab.keys('Tab'); // a browser shows the focus to whom uses the keys
  assert.deepEqual(await tab.inside(unseen, ['layers', '.banner']), [], 'the banner');
  await placeholderIsDrawn(tab);
  assert.deepEqual(await tab.inside(unseen, ['placeholder', '.placeholder']), [], 'the placeholder');
  await tab.focus('customize');
  await tab.keys('Enter');
  await tab.dialogIsOpen();
  await tab.inside((shadow) => { for (const details of shadow.querySelectorAll('dialog details')) details.open = true; });
  assert.deepEqual(await tab.inside(unseen, ['layers', 'dialog']), [], 'the dialog');
  await tab.visit(site.url + '/charte-cookies/fr');
  await tab.keys('Tab');
  assert.deepEqual(await tab.inside(unseen, ['page', 'body']), [], 'the charter');
});

test('the focus ring is at least 2 px wide and stands out by 3:1', async (t) => {
  for (const scheme of ['light', 'dark']) {
    const tab = await browser.tab(t, { media: { 'prefers-color-scheme': scheme } });
    await tab.visit(site.url);
    await tab.goRuns();
    await tab.keys('Tab', 'Tab');
    const ring = await tab.inside((shadow) => {
      const style = getComputedStyle(shadow.activeElement);
      return { width: parseFloat(style.outlineWidth), style: style.outlineStyle, color: style.outlineColor, on: getComputedStyle(shadow.querySelector('.banner')).backgroundColor };
    });
    assert.equal(ring.style, 'solid', 'the focus must be shown');
    assert.ok(ring.width >= 2, `the ring is ${ring.width} px`);
    const ratio = contrast(ring.color, ring.on);
    assert.ok(ratio >= 3, `contrast of the ring is ${ratio.toFixed(2)} in ${scheme}, want 3`);
  }
});

test('with reduced motion nothing moves', async (t) => {
  const tab = await browser.tab(t, { media: { 'prefers-reduced-motion': 'reduce' } });
  await tab.visit(site.url);
  await tab.goRuns();
  const running = () => tab.inside((shadow) => [...document.getAnimations(), ...shadow.getAnimations()].length);
  assert.equal(await running(), 0, 'no animation may run with the banner');
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.equal(await running(), 0, 'no animation may run with the dialog');
  await tab.turn('statistics');
  assert.equal(await running(), 0, 'no animation may run with a switch');
  const moving = await tab.inside((shadow) => [...shadow.querySelectorAll('*')].filter((element) => ['', '::before', '::after'].some((pseudo) => {
    const { transitionDuration, animationName } = getComputedStyle(element, pseudo);
    return animationName !== 'none' || transitionDuration.split(',').some((time) => parseFloat(time) > 0);
  })).map((element) => element.outerHTML.slice(0, 80)));
  assert.deepEqual(moving, [], 'nothing may have a transition or an animation');
});

test('on paper there is no banner and no button', needs('mediaType'), async (t) => {
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.goRuns();
  await tab.media({ type: 'print' });
  assert.deepEqual(await tab.layers(), { ...await tab.layers(), banner: false, reopen: false }, 'print must not show the banner');
  await tab.media({ type: 'screen' });
  assert.equal((await tab.layers()).banner, true, 'on the screen it is still there');
});

test('when Go takes over, the focus stays on its button and the page stays where it was scrolled to', async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t);
  await tab.visit(site.url);
  await tab.bannerIsThere();
  await tab.run(() => scrollTo(0, 321));
  await tab.focus('accept');
  const before = await tab.run(() => scrollY);
  release();
  await tab.goRuns();
  const layers = await tab.layers();
  assert.equal(layers.focus, 'accept', 'the focus must be on the button that had it');
  assert.equal(await tab.run(() => scrollY), before, 'the page must not scroll');
  await tab.keys('Enter');
  await tab.bannerIsGone();
  assert.equal((await tab.record()).choices['third-party'], true, 'Enter on it accepts');
});

test('when Go takes over, the focus stays on the link that had it, and the banner where it was scrolled to', async (t) => {
  const release = site.hold(program);
  const tab = await browser.tab(t, { viewport: { width: 320, height: 480 } });
  await tab.visit(site.url);
  await tab.bannerIsThere();
  const scrolled = await tab.inside((shadow) => {
    shadow.querySelector('.banner a').focus({ preventScroll: true });
    const words = shadow.querySelector('.words');
    words.scrollTop = 40;
    return words.scrollTop;
  });
  assert.ok(scrolled > 0, 'the banner must scroll on this screen for the test to mean something');
  release();
  await tab.goRuns();
  const found = await tab.inside((shadow) => ({ top: shadow.querySelector('.words').scrollTop, focus: shadow.activeElement?.localName }));
  assert.equal(found.top, scrolled, 'the banner must stay where it was scrolled to');
  assert.equal(found.focus, 'a', 'the focus must be on the link that had it');
});
