// The layers as guests of any page: whatever it does to its body, its styles, its own
// dialogs and its visitors' clicks, they are there, once, and can be answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { engine } from './lib/browser.mjs';
import { choices, cookie, record } from './lib/records.mjs';
import { program, stage } from './lib/stage.mjs';

const { browser, site, rev } = await stage();

const include = '<script src="/temoin.js"></script>';
const page = (body, head = '') => `<!doctype html><html lang="fr"><head><title>guest</title>${include}${head}</head><body>${body}</body></html>`;

/** Has something done to the page; says how many hosts there are in the next frame, and whether the layers can be seen in it. */
const after = (tab, act) => tab.run(`async () => {
  (${act})();
  await new Promise(requestAnimationFrame);
  const hosts = [...document.querySelectorAll('#temoin')];
  return hosts.map(({ shadowRoot }) => [...shadowRoot?.querySelectorAll('.banner, .reopen') ?? []].filter((layer) => layer.checkVisibility({ visibilityProperty: true })).map(({ className }) => className));
}`);

// ---- the page puts other content in its place ----

const replacements = {
  'another body': () => { document.body.replaceWith(Object.assign(document.createElement('body'), { innerHTML: '<h1>two</h1>' })); },
  'another body’s content': () => { document.body.innerHTML = '<h1>three</h1>'; },
  'another root': () => { document.documentElement.replaceWith(new DOMParser().parseFromString('<html lang="fr"><head><title>four</title></head><body><h1>four</h1></body></html>', 'text/html').documentElement); },
  'a snapshot of the root, as nodes': () => { document.documentElement.replaceWith(document.documentElement.cloneNode(true)); },
  'a snapshot of the root, as text': () => { document.documentElement.innerHTML = document.documentElement.innerHTML; },
  'nothing, and then all': () => { const all = [...document.documentElement.childNodes]; document.documentElement.replaceChildren(); document.documentElement.append(...all.filter(({ id }) => id !== 'temoin')); },
};

for (const when of ['before Go', 'once Go runs']) {
  test(`whatever the page puts in the place of its content, ${when}, the layers are there in the next frame, once, and work`, async (t) => {
    site.page('/swap', page('<h1>one</h1>'));
    const release = when === 'before Go' && site.hold(program);
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/swap');
    await (release ? tab.bannerIsThere() : tab.goRuns());
    for (const [name, act] of Object.entries(replacements)) assert.deepEqual(await after(tab, act), [['banner']], name);
    if (release) release();
    await tab.press('customize');
    await tab.dialogIsOpen();
    await tab.turn('third-party');
    await tab.press('save');
    await tab.dialogIsClosed();
    assert.deepEqual((await tab.record()).choices, { ...choices(false), 'third-party': true });
    for (const [name, act] of Object.entries(replacements)) assert.deepEqual(await after(tab, act), [['reopen']], name);
    await tab.run(() => { document.body.innerHTML += '<a href="#temoin" id="opener">cookies</a>'; });
    await tab.click('#opener');
    await tab.dialogIsOpen();
    assert.deepEqual(tab.errors, []);
  });
}

test('a dialog that is open when the page puts other content in its place is open after that, modal, with what was switched', async (t) => {
  site.page('/swap', page('<h1>one</h1>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/swap');
  await tab.goRuns();
  await tab.press('customize');
  await tab.dialogIsOpen();
  await tab.turn('third-party');
  await after(tab, replacements['another root']);
  assert.equal(await tab.inside((shadow) => shadow.querySelector('dialog').matches(':modal')), true);
  await tab.press('save');
  await tab.dialogIsClosed();
  assert.equal((await tab.record()).choices['third-party'], true);
});

test('the dialog that is asked for while the page has no content at all comes with the content', async (t) => {
  site.page('/swap', page('<h1>one</h1>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/swap');
  await tab.goRuns();
  await tab.run(async () => {
    const root = document.documentElement;
    root.remove();
    window.temoin.open();
    await new Promise((resolve) => { setTimeout(resolve, 100); });
    document.append(root);
  });
  await tab.dialogIsOpen();
  await tab.press('refuse');
  await tab.bannerIsGone();
  assert.equal(await tab.has('statistics'), false);
  assert.deepEqual(tab.errors, []);
});

test('a page that takes the host away each time it comes lives on', async (t) => {
  site.page('/enemy', page('<h1>one</h1>', '<script>new MutationObserver(() => { document.querySelector("html > #temoin")?.remove(); }).observe(document.documentElement, { childList: true });</script>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/enemy');
  assert.equal(await tab.run(() => new Promise((resolve) => { setTimeout(resolve, 200, document.body.textContent.trim()); })), 'one');
  assert.deepEqual(tab.errors, []);
});

// ---- the page's styles ----

const styles = `
  body { margin: 0; min-height: 4000px; }
  .filter { filter: grayscale(1); } .transform { transform: translateX(0); } .contain { contain: paint; } .change { will-change: transform; }
  .perspective { perspective: 1px; } .backdrop { backdrop-filter: blur(1px); } .container { container-type: inline-size; } .opacity { opacity: 0.5; } .hidden { overflow: hidden; }
  .stack > * + * { margin-top: 40px; } .first > :first-child { padding-top: 30px; } .nth > :nth-child(1) { background: gold; height: 50px; } .odd > :nth-child(odd) { height: 33px; }
  .last > :last-child, .last > :nth-last-child(2) { height: 44px; } .only > div:only-of-type { height: 55px; } .empty > div:empty { height: 66px; }
  .grid { display: grid; grid-template-rows: auto 1fr; } .flex { display: flex; gap: 20px; justify-content: space-between; } .columns { columns: 3; }
  .root-grid { display: grid; } .root-transform { transform: scale(1); } .root-filter { filter: grayscale(1); }
  [popover], body > div { border: 9px solid red !important; margin: 9px !important; } ::backdrop { background: rgb(0 0 0 / 0.7) !important; }`;
const bodies = styles.match(/\.[a-z]+(?= \{| >)/g).map((name) => name.slice(1)).filter((name) => !name.startsWith('root'));

test('no style of the page moves the banner, and the page lies to the pixel as it does without', async (t) => {
  const body = `<style>${styles}</style><header id="first">one</header><main>two<p>three</p></main><div></div><footer>four</footer>`;
  site.page('/styled', page(body));
  site.page('/bare', page(body).replace(include, ''));
  const look = async (path) => {
    const tab = await browser.tab(t);
    await tab.visit(site.url + path);
    if (path === '/styled') await tab.bannerIsThere();
    return tab.run((names, roots) => [...names, ...roots].map((name, i) => {
      document.body.className = i < names.length ? name : '';
      document.documentElement.className = i < names.length ? '' : name;
      const box = document.querySelector('#temoin')?.shadowRoot.querySelector('.banner').getBoundingClientRect();
      const elements = [...document.querySelectorAll('html, body, body *:not(style)')];
      return {
        name,
        banner: box ? [box.left, Math.round(innerHeight - box.bottom), Math.round(document.documentElement.clientWidth - box.right)] : null,
        page: elements.map((element) => [element.localName, ...Object.values(element.getBoundingClientRect().toJSON()), getComputedStyle(element).backgroundColor].join(' ')),
      };
    }), bodies, ['root-grid', 'root-transform', 'root-filter']);
  };
  const [bare, styled] = [await look('/bare'), await look('/styled')];
  assert.ok(bare.length > 20 && bare[0].page.length === 7, 'the test must have looked at something');
  for (const [i, { name, banner, page }] of styled.entries()) {
    assert.deepEqual(page, bare[i].page, `the page, ${name}`);
    assert.deepEqual(banner, [0, -1, 0], `the banner stands at the window’s lower edge, ${name}`);
  }
});

test('nothing of the page lies above the banner, whatever its z-index, and no backdrop of the page beneath it', async (t) => {
  site.page('/above', page('<div style="position: fixed; inset: 0; z-index: 2147483647; background: pink">all</div><style>::backdrop { background: red !important; }</style>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/above');
  await tab.bannerIsThere();
  assert.equal(await tab.inside(({ host }) => getComputedStyle(host, '::backdrop').display), 'none');
  await tab.press('refuse');
  await tab.bannerIsGone();
  assert.equal(await tab.has('statistics'), false);
});

// ---- the page's own modal dialogs ----

const modals = {
  'closed by its button': ['showModal()', (tab) => tab.click('#no')],
  'closed by Esc': ['showModal()', (tab) => tab.keys('Escape')],
  'closed by script, in a shadow root': ['inShadow.showModal()', (tab) => tab.run(() => window.inShadow.close())],
  'taken out of the page': ['showModal()', (tab) => tab.run(() => document.querySelector('#mine').remove())],
};

for (const [name, [show, close]] of Object.entries(modals)) {
  test(`while a modal dialog of the page is open the banner waits unseen; ${name}, the banner is back at once, and the focus in it`, async (t) => {
    site.page('/modal', page(`<dialog id="mine"><form method="dialog"><button id="no">no</button></form></dialog><p id="outer">text</p><script>
      const dialog = document.createElement('dialog');
      dialog.innerHTML = '<button>in</button>';
      document.querySelector('#outer').attachShadow({ mode: 'closed' }).append(dialog);
      window.inShadow = dialog;
      window.show = () => { ${show.startsWith('in') ? '' : 'document.querySelector("#mine").'}${show}; };
    </script>`));
    const tab = await browser.tab(t);
    await tab.visit(site.url + '/modal');
    await tab.focus('refuse');
    await tab.goRuns();
    assert.deepEqual(await after(tab, () => window.show()), [[]], 'nothing that cannot be used may be seen');
    await close(tab);
    await tab.until((shadow) => shadow.querySelector('.banner').checkVisibility({ visibilityProperty: true }) && shadow.activeElement?.dataset.temoin === 'refuse', 'the banner, and the focus where it was');
    await tab.press('refuse');
    await tab.bannerIsGone();
    assert.deepEqual(tab.errors, []);
  });
}

test('the banner waits too for a modal dialog that was open first, or is opened by a button without a script', async (t) => {
  site.page('/first', `<!doctype html><html lang="fr"><title>first</title><body><dialog id="mine"><button id="no" onclick="this.parentNode.close()">no</button></dialog>
    <button id="by" commandfor="mine" command="show-modal">yes</button><script>mine.showModal()</script>${include}</body></html>`);
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/first');
  const waits = () => tab.until((shadow) => shadow?.querySelector('.banner')?.checkVisibility({ visibilityProperty: true }) === false, 'the banner to wait');
  const isBack = () => tab.until((shadow) => shadow.querySelector('.banner').checkVisibility({ visibilityProperty: true }) && shadow.host.matches(':popover-open'), 'the banner, in the top layer');
  await waits();
  await tab.click('#no');
  await isBack();
  if (!await tab.run(() => 'commandForElement' in HTMLButtonElement.prototype)) return;
  await tab.click('#by');
  await waits();
  await tab.click('#no');
  await isBack();
});

test('what opens the choices in a modal dialog of the page opens them above it', async (t) => {
  site.page('/in-modal', page('<dialog id="mine"><a href="#temoin">cookies</a></dialog><script>addEventListener("load", () => document.querySelector("#mine").showModal())</script>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/in-modal');
  await tab.click('#mine a');
  await tab.dialogIsOpen();
  await tab.press('refuse');
  await tab.dialogIsClosed();
  assert.equal(await tab.has('statistics'), false);
  assert.equal((await tab.record()).choices.statistics, false);
});

// ---- what opens the choices ----

test('whatever opens the choices opens them: in shadow roots, behind handlers that keep clicks, by full addresses, by the address’s fragment', async (t) => {
  site.page('/openers', page(`<span id="open"></span> <span id="closed"></span><div id="deaf"><a href="#temoin">kept</a></div><svg width="90" height="30"><a id="svg" href="#temoin"><text y="20">svg</text></a></svg>
    <a id="full">full</a><a id="other" href="/other#temoin">other</a><script>
      for (const mode of ['open', 'closed']) {
        const root = document.getElementById(mode).attachShadow({ mode });
        root.innerHTML = '<button data-temoin-open><b>' + mode + '</b></button>';
        root.addEventListener('click', (event) => event.stopPropagation());
      }
      document.querySelector('#full').href = location.href + '#temoin';
      for (const phase of [true, false]) document.addEventListener('click', (event) => { if (document.querySelector('#deaf').contains(event.target)) { event.stopImmediatePropagation(); event.preventDefault(); } }, phase);
    </script>`));
  const visitor = await browser.visitor(t);
  await visitor.setCookies(cookie(site.url, record(rev)));
  const tab = await visitor.tab();
  await tab.visit(site.url + '/openers?q=1');
  const before = await tab.run(() => [location.href, history.length]);
  for (const selector of ['#open', '#closed', '#deaf a', '#svg', '#full']) {
    await tab.click(selector);
    await tab.dialogIsOpen();
    await tab.press('close');
    await tab.dialogIsClosed();
    assert.deepEqual(await tab.run(() => [location.href, history.length]), before, `${selector} must leave address and history as they were`);
  }
  for (const round of ['once', 'twice']) {
    await tab.run(() => { location.hash = 'temoin'; });
    await tab.dialogIsOpen();
    await tab.press('close');
    await tab.dialogIsClosed();
    assert.equal(await tab.run(() => location.href), before[0], `the address is what it was: ${round}`);
  }
  assert.deepEqual(tab.errors, []);
});

test('a page that keeps all clicks for itself does not keep those on the banner and the notice', async (t) => {
  site.page('/trap', page('<p>text', '<script>for (const type of ["click", "mousedown", "pointerdown"]) for (const target of [window, document]) target.addEventListener(type, (event) => { event.stopImmediatePropagation(); event.preventDefault(); }, true)</script>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/trap');
  await tab.press('customize');
  await tab.until((shadow) => !!shadow.querySelector('dialog[open]'), 'the dialog');
  await tab.keys('Escape');
  await tab.press('accept');
  await tab.bannerIsGone();
  assert.equal(await tab.has('statistics'), true);
});

// ---- what others make of the page ----

test('no search engine may show the words of layers and placeholders for the page’s', async (t) => {
  site.page('/embed', page('<iframe title="film" width="400" height="300" data-consent="third-party" data-service="youtube" data-src="/nothing"></iframe>'));
  const tab = await browser.tab(t);
  await tab.visit(site.url + '/embed');
  await tab.bannerIsThere();
  await tab.until(() => !!document.querySelector('.temoin-placeholder')?.shadowRoot, 'the placeholder');
  assert.deepEqual(await tab.run(() => ['#temoin', '.temoin-placeholder'].map((selector) => [document.querySelector(selector).localName, document.querySelector(selector).hasAttribute('data-nosnippet')])), [['div', true], ['div', true]]);
});

test('nothing that can be used lies where a notch or a bar of the screen hides it', { skip: engine !== 'chromium' && 'no other driver can set a notch' }, async (t) => {
  site.page('/notch', page('<p>text', '<meta name="viewport" content="width=device-width, viewport-fit=cover">'));
  const tab = await browser.tab(t, { viewport: { width: 800, height: 400 } });
  await tab.visit(site.url + '/notch');
  const session = await tab.driver.createCDPSession();
  await session.send('Emulation.setSafeAreaInsetsOverride', { insets: { top: 40, bottom: 34, left: 47, right: 47 } });
  const inside = (selector) => tab.inside((shadow, selector) => [...shadow.querySelectorAll(selector)].filter((element) => element.checkVisibility()).map((element) => element.getBoundingClientRect())
    .map(({ left, top, right, bottom }) => left >= 47 && top >= 40 && right <= innerWidth - 47 && bottom <= innerHeight - 34), selector);
  await tab.bannerIsThere();
  assert.deepEqual(await inside('.banner button'), [true, true, true], 'the banner');
  await tab.press('customize');
  await tab.dialogIsOpen();
  assert.deepEqual(await inside('dialog'), [true], 'the dialog');
  await tab.press('refuse');
  await tab.bannerIsGone();
  assert.deepEqual(await inside('.reopen button'), [true], 'the button that reopens the choices');
});
