// Audits that run again and again beside a server, as its operator sees them: on the dashboard, in the
// metrics, and in what is left of them when they are told to stop.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { after, test } from 'node:test';

import { isAccessible } from './lib/axe.mjs';
import { launch } from './lib/browser.mjs';
import { admin, binary, eventually, folder, patience, send, startSite, startTemoin } from './lib/server.mjs';

const password = 'cheval correct pile';
const browser = await launch(after);

const tracker = (name) => `<!doctype html><title>Une page</title><script>document.cookie = '${name}=1; max-age=3600; samesite=lax'</script>`;

/** Starts temoin audit -every; its profiles are in a folder of its own, by which its browsers are known. */
async function startAudits(t, audits, url) {
  const profiles = await folder(t);
  const child = spawn(binary, ['audit', '-quiet', '-every', '1s', '-audits', audits, '-states', 'unanswered', '-pages', '0', '-linger', '0s', '-rate', '0s', '-page-time', '2m', url],
    { env: { ...process.env, TMPDIR: profiles } });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { log += data; });
  const ended = new Promise((resolve) => { child.on('close', (code, signal) => resolve({ code, signal })); });
  t.after(() => { child.kill('SIGKILL'); });
  return { profiles, ended, log: () => log, stop: () => { child.kill('SIGTERM'); return ended; } };
}

/** The command lines of processes that name a folder. */
async function processesOf(folder) {
  const lines = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name))
    .map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => ''))); // one may be gone by now
  return lines.filter((line) => line.includes(folder));
}

/** What a server's metrics say of audits, by name. */
async function metricsOf(server) {
  const { text } = await send(server.metrics());
  return Object.fromEntries([...text.matchAll(/^temoin_audit_(\S+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
}

async function signIn(t, server) {
  assert.equal((await admin(server.data, password, 'password')).code, 0);
  const tab = await browser.tab(t);
  await tab.visit(`${server.url}/admin?lang=fr`);
  await tab.run((password) => { document.querySelector('#password').value = password; }, password);
  await Promise.all([tab.driver.waitForNavigation(), tab.click('form[action^="/admin/login"] button')]);
  return tab;
}

const panel = (tab) => tab.run(() => document.querySelector('[aria-labelledby="audit-title"]').innerText);

/** Loads the dashboard until its panel says something. */
async function says(tab, words) {
  let said;
  await eventually(async () => {
    await tab.reload();
    said = await panel(tab);
    return words.test(said);
  }, () => `${words} in the panel, which says\n${said}`, { within: 60_000, every: 300 });
  return said;
}

test('audits run beside the server, which says what they found, what is new, and when they cannot look', { timeout: 120_000 * patience }, async (t) => {
  const server = await startTemoin(t, { command: 'serve', args: ['-metrics-addr', '127.0.0.1:0'] });
  const site = await startSite(t);
  const tab = await signIn(t, server);
  assert.match(await panel(tab), new RegExp(`temoin audit -every 24h -audits ${server.data} https://`), 'the panel says how to begin');
  assert.deepEqual(await metricsOf(server), {});

  const audits = await startAudits(t, server.data, site.page('/', tracker('_pk_id.1.a')));
  const first = await says(tab, /cookie _pk_id\.1\.a \(127\.0\.0\.1\)/i);
  assert.match(first, /Sans consentement \(R1\)/);
  await isAccessible(tab, 'the dashboard with an audit');
  site.page('/', tracker('_ga'));
  const second = await says(tab, /cookie _ga \(127\.0\.0\.1\) – nouveau/i);
  assert.match(second, /La fois d’avant, le /);
  assert.doesNotMatch(second, /_pk_id/);
  const metrics = await metricsOf(server);
  assert.equal(metrics.up, 1);
  assert.equal(metrics['findings{level="error"}'], 1);
  assert.equal(metrics.interval_seconds, 1);
  assert.ok(Math.abs(metrics.last_run_timestamp_seconds - Date.now() / 1000) < 60 * patience, 'the last run was now');

  site.page('/', 'away', {}, 503);
  const third = await says(tab, /l’audit n’a pas pu voir le site/);
  assert.match(third, /_ga/, 'what was found last stays');
  assert.equal((await metricsOf(server)).up, 0);

  site.page('/', tracker('_ga'));
  await eventually(async () => (await metricsOf(server)).up === 1, 'audits to go on after one that failed', { within: 60_000 });
  await eventually(async () => (await processesOf(audits.profiles)).length > 0, 'a browser to run');
  assert.deepEqual(await audits.stop(), { code: 0, signal: null }, audits.log());
  await eventually(async () => (await processesOf(audits.profiles)).length === 0, 'no browser to be left');
  assert.deepEqual((await readdir(audits.profiles)).filter((name) => name.startsWith('temoin-audit-')), [], 'no profile is left');
  assert.deepEqual((await readdir(server.data)).filter((name) => name.startsWith('audit.json')), ['audit.json'], 'no half of a file is left');
});
