// The npm package of a release, in a fresh project: its types compile, and pages of React
// and Vue that a server has rendered hydrate without a warning, and hold back a script.
// ./build.sh release-test makes the release, and names its folder.
import assert from 'node:assert/strict';
import { cp, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';

import { eventually, folder, repository, run } from '../lib/server.mjs';
import { stage } from '../lib/stage.mjs';

const made = process.env.TEMOIN_RELEASE;
assert.ok(made, 'TEMOIN_RELEASE names no release: run ./build.sh release-test');

const project = await folder(after);
await cp(path.join(repository, 'server/e2e/release/project'), project, { recursive: true });
const tool = (...args) => run('npx', ['--no-install', ...args], { cwd: project, maxBuffer: 1 << 24 });
const packages = (await readdir(path.join(made, 'npm'))).map((name) => path.join(made, 'npm', name));
const components = packages.find((name) => /^temoin-\d/.test(path.basename(name)));
const program = packages.find((name) => path.basename(name).startsWith(`temoin-${process.platform}-${process.arch}-`));
await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: project });
await run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', components, program], { cwd: project });

test('the types compile, and refuse what is wrong', async () => {
  await tool('tsc', '-p', '.').catch(({ stdout }) => assert.fail(stdout));
});

test('publint and arethetypeswrong find nothing', async () => {
  await tool('publint', '--strict', components).catch(({ stdout }) => assert.fail(stdout));
  await tool('attw', '--profile', 'esm-only', components).catch(({ stdout }) => assert.fail(stdout));
});

test('the command runs the program of this system', async () => {
  const { stdout } = await tool('temoin', 'version');
  const { version } = JSON.parse(await readFile(path.join(project, 'node_modules/temoin/package.json'), 'utf8'));
  assert.equal(stdout.split('\n')[0], `temoin ${version}`);
  await assert.rejects(tool('temoin', 'check', 'nowhere.yaml'), ({ code, stderr }) => code === 1 && /no catalogue nowhere\.yaml/.test(stderr));
});

/** Bundles a file of the project, as it is developed: so frameworks say what does not fit. */
async function bundle(source, platform) {
  const out = path.join(project, 'out', path.basename(source, path.extname(source)) + '.mjs');
  await tool('esbuild', source, '--bundle', '--format=esm', '--jsx=automatic', '--jsx-dev', `--platform=${platform}`, `--packages=${platform === 'node' ? 'external' : 'bundle'}`,
    '--define:process.env.NODE_ENV="development"', '--define:__VUE_OPTIONS_API__=true', '--define:__VUE_PROD_DEVTOOLS__=false', '--define:__VUE_PROD_HYDRATION_MISMATCH_DETAILS__=true',
    '--log-level=warning', `--outfile=${out}`);
  return out;
}

const { browser, site } = await stage();
site.file('/gated.js', 'window.ran = (window.ran ?? 0) + 1;', { 'content-type': 'text/javascript' });
site.page('/frame.html', '<!doctype html><title>frame</title><p>film');
const script = async (address, source) => site.file(address, await readFile(await bundle(source, 'browser')), { 'content-type': 'text/javascript; charset=utf-8' });

const begun = (tab) => eventually(() => tab.ask(() => 'begun' in window), 'an end of the hydration');
/** What the page shows; null while it begins anew. */
const said = (tab) => tab.ask(() => document.querySelector('#gate') && ({
  ran: window.ran ?? 0,
  gate: document.querySelector('#gate').textContent,
  allowed: document.querySelector('#allowed').textContent,
  frame: document.querySelector('.film iframe')?.getAttribute('src') ?? null,
}));
const says = (tab, expected, when) => eventually(async () => JSON.stringify(await said(tab)) === JSON.stringify(expected), async () => `${JSON.stringify(expected)} ${when}; there is ${JSON.stringify(await said(tab))}`);

const refused = { ran: 0, gate: 'no', allowed: 'false null', frame: null };
const allowed = { ran: 1, gate: 'yes', allowed: 'true true', frame: '/frame.html' };

for (const [name, extension] of [['react', 'tsx'], ['vue', 'ts']]) {
  const rendered = run('node', [await bundle(`${name}-server.${extension}`, 'node')], { cwd: project, env: { ...process.env, NODE_ENV: 'development' } });
  await script(`/${name}.js`, `${name}-browser.${extension}`);

  test(`${name}: a page hydrates without a word, and what needs consent waits in it`, async (t) => {
    const tab = await browser.tab(t);
    await tab.visit(site.page(`/${name}`, (await rendered).stdout));
    await begun(tab);
    await says(tab, refused, 'before an answer');
    await tab.bannerIsThere();
    assert.deepEqual(site.asked(/^\/(gated|frame)\./), []);
    await tab.press('accept');
    await says(tab, allowed, 'once all is allowed');
    await tab.run(() => document.querySelector('#counter').click());
    await eventually(() => tab.run(() => document.querySelector('#counter').textContent === '1'), 'a page that answers');

    await tab.settles(); // what is broken off on the way out would be said
    await tab.reload();
    await begun(tab);
    await says(tab, allowed, 'for who comes back');
    assert.deepEqual([(await tab.lines()).filter((line) => /^(error|warn)/.test(line)), tab.errors], [[], []]);

    await tab.run(() => window.temoin.refuse());
    await says(tab, { ...refused, allowed: 'false false' }, 'after a withdrawal');
  });
}

test('react: a page that no server has rendered has the tag put into it', async (t) => {
  await script('/late.js', 'late.tsx');
  const tab = await browser.tab(t);
  await tab.visit(site.page('/late', '<!doctype html><html lang="fr"><title>late</title><link rel="icon" href="data:,"><div id="app"></div><script type="module" src="/late.js"></script>'));
  await begun(tab);
  await tab.bannerIsThere();
  assert.equal(await tab.run(() => window.begun), false);
  assert.equal(await tab.run(() => document.querySelectorAll('script[src="/temoin.js"]').length), 1);
  await tab.press('accept');
  await eventually(() => tab.run(() => document.querySelector('#app').textContent === 'yes'), 'what is allowed');
  assert.deepEqual([(await tab.lines()).filter((line) => /^(error|warn)/.test(line)), tab.errors], [[], []]);
});
