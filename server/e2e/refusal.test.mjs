// How tools that refuse for the visitor see Témoin: autoconsent's own program, as `temoin audit` has
// it, with the rule that docs/refusal-tools.md shows; and what the rule there for Consent-O-Matic
// finds, whose program is in no registry.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { choices } from './lib/records.mjs';
import { eventually, repository } from './lib/server.mjs';
import { stage } from './lib/stage.mjs';

const { browser, site } = await stage();

const program = new Function(gunzipSync(await readFile(path.join(repository, 'web/dist/autoconsent.js.gz'))).toString());
const [rule, consentOMatic] = [...(await readFile(path.join(repository, 'docs/refusal-tools.md'), 'utf8')).matchAll(/^```json\n(.*?)^```$/gms)]
  .map(([, shown]) => JSON.parse(shown));

/** Has autoconsent do in each document what it would in an extension, and notes what it says. */
const act = ({ rules, action }) => {
  window.said = [];
  const config = {
    enabled: true, autoAction: action, disabledCmps: [], enablePrehide: false, enableCosmeticRules: false, enableGeneratedRules: false,
    detectRetries: 40, isMainWorld: false, prehideTimeout: 60_000, enableHeuristicDetection: false, visualTest: false, logs: {},
  };
  window.autoconsentSendMessage = (message) => {
    window.said.push(message);
    if (message.type === 'init') queueMicrotask(() => window.autoconsentReceiveMessage({ type: 'initResp', config, rules }));
    return Promise.resolve();
  };
};

async function visit(t, action) {
  const tab = await (await browser.visitor(t, { before: [[act, { rules: { autoconsent: [rule] }, action }], program] })).tab();
  await tab.visit(site.url + '/');
  const last = action === 'optOut' ? 'optOutResult' : 'optInResult';
  const result = () => tab.run((last) => window.said.find((message) => message.type === last)?.result ?? null, last);
  assert.equal(await eventually(async () => (await result()) !== null && { is: await result() }, () => tab.run(() => JSON.stringify(window.said))).then(({ is }) => is), true);
  return tab;
}

test('autoconsent refuses by the rule of the docs: the cookie says so, and the banner goes', async (t) => {
  const tab = await visit(t, 'optOut');
  await tab.until((shadow) => !shadow?.querySelector('.banner')?.checkVisibility(), 'the banner to go');
  assert.deepEqual((await tab.record()).choices, choices(false));
  assert.ok(await eventually(() => tab.run(() => window.said.some((message) => message.type === 'autoconsentDone')), true));
  const selfTest = await eventually(() => tab.run(() => window.said.find((message) => message.type === 'selfTestResult')?.result ?? true), true);
  assert.equal(selfTest, true);
});

test('autoconsent accepts by the same rule, for who wants that', async (t) => {
  const tab = await visit(t, 'optIn');
  assert.deepEqual((await tab.record()).choices, choices(true));
});

test('what the rule for Consent-O-Matic looks for is found once, and its click refuses', async (t) => {
  const tab = await (await browser.visitor(t)).tab();
  await tab.visit(site.url + '/');
  await tab.layers();
  // A target is looked for in the shadow root of its parent; one that is not drawn has no height.
  const found = ({ parent, target }) => tab.run(({ parent, target }) => {
    const root = parent ? document.querySelector(parent.selector).shadowRoot : document;
    return [...root.querySelectorAll(target.selector)].filter((element) => !target.displayFilter || element.offsetHeight > 0).length;
  }, { parent, target });
  const { detectors: [detector], methods: [method] } = consentOMatic.temoin;
  for (const matcher of [...detector.presentMatcher, ...detector.showingMatcher, method.action]) {
    assert.equal(await found(matcher), 1, JSON.stringify(matcher));
  }
  await tab.run(({ parent, target }) => document.querySelector(parent.selector).shadowRoot.querySelector(target.selector).click(), method.action);
  assert.deepEqual((await tab.record()).choices, choices(false));
  assert.equal(await found(detector.showingMatcher[0]), 0, 'it still shows');
});
