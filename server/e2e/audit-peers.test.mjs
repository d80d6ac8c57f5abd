// temoin audit on pages with the banners of others: each is refused and accepted by its rules, and taken
// back by its interface where it has one; what its page does is told from what the banner lets in.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';

import { catalogue, cookies, service } from './lib/gate.mjs';
import { peers, serve } from './lib/peers.mjs';
import { binary, folder, patience, run, startSite } from './lib/server.mjs';

const site = await startSite(after);

const declared = [
  // The banners' own, in which they keep the answer.
  service('banner', 'necessary', { cookies: cookies('cc_cookie', 'klaro', 'tarteaucitron', 'eu-consent', 'c15t', 'probo_consent', 'probo_*') }),
  service('counter', 'statistics', { kind: 'measure', cookies: cookies('counter') }),
  service('tracker', 'statistics', { kind: 'measure', cookies: cookies('tracker') }),
];

/** Audits an address as these visitors. */
async function audit(t, url, states) {
  const dir = await folder(t);
  const [file, report] = ['catalogue.yaml', 'report.json'].map((name) => path.join(dir, name));
  await writeFile(file, catalogue(declared));
  const { code, stderr } = await run(binary, ['audit', '-quiet', '-browser', '/usr/bin/chromium-headless-shell', '-catalogue', file, '-states', states.join(),
    '-pages', '0', '-linger', '1s', '-rate', '0s', '-page-time', `${30 * patience}s`, '-json', report, url]).catch((error) => error);
  assert.equal(code, 1, `temoin audit ended with ${code}: ${stderr}`); // it has findings
  return JSON.parse(await readFile(report, 'utf8'));
}

const kindsOf = ({ findings }, cookie) => findings.filter(({ subject }) => subject.name === cookie).map(({ kind }) => kind).sort();

for (const peer of peers) {
  const states = ['refused', 'accepted', ...peer.retracts ? ['withdrawn'] : []];
  test(`${peer.name}: visitors who have ${states.join(', ')}, and a tracker beside the banner that is found`, { timeout: 120_000 * patience }, async (t) => {
    const report = await audit(t, await serve(peer, site, "<script>document.cookie = 'tracker=1; samesite=lax'</script>"), states);
    const seen = Object.fromEntries(report.observation.states.map((state) => [state.name, state]));
    for (const name of states) {
      assert.equal(seen[name].problem, undefined, `${name} could be answered`);
      assert.equal(seen[name].answered, `${name === 'withdrawn' ? 'interface' : 'autoconsent'}:${peer.rule}`);
    }
    const sets = (name) => seen[name].cookies.some((cookie) => cookie.name === 'counter');
    assert.deepEqual(['refused', 'accepted'].filter(sets), ['accepted'], 'what waits for consent runs with it alone');
    // Nobody removes it once consent is withdrawn, and it is not set again.
    assert.deepEqual(kindsOf(report, 'counter'), peer.retracts ? ['kept'] : []);
    assert.deepEqual(kindsOf(report, 'tracker'), ['before-consent']);
  });
}
