// Pages with the banners of others, each as its docs say, and as it comes from npm. Behind each banner
// waits a script that sets the cookie counter.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { bundle } from './bundle.mjs';
import { repository } from './server.mjs';

const counter = "document.cookie = 'counter=1; samesite=lax'";

/** What Probo's server would say of a banner. */
const proboConfig = {
  banner_id: 'here', version: 1, language: 'en', default_language: 'en', consent_expiry_days: 180, consent_mode: 'OPT_IN', regulation: 'GDPR',
  privacy_policy_url: '/privacy', cookie_policy_url: '/cookies', show_branding: false, resource_reporting_enabled: false,
  layout: {
    presentation: 'OPT_IN', initial_state: 'banner', reopen_state: 'panel', default_non_necessary_granted: false, settings_link: 'default',
    buttons: { accept_all: true, reject_all: true, customize: true, save: true },
  },
  categories: [['necessary', 'NECESSARY'], ['statistics', 'NORMAL']].map(([slug, kind]) => (
    { slug, kind, name: slug, description: `What is ${slug}.`, cookies: [], gcm_consent_types: [], posthog_consent: false })),
  texts: { banner_title: 'Cookies', banner_description: 'We count visits if you agree.', button_accept_all: 'Accept all', button_reject_all: 'Reject all', button_customize: 'Choose', button_save: 'Save' },
};

/**
 * The banners: rule is what autoconsent, or server/audit/banners.json, calls it; retracts says that
 * its interface takes consent back; files are what the page loads, by
 * their path beneath it, with where they are in node_modules; made are files that a function makes; head and body are the
 * page's; {site} in its head is the site's address.
 */
export const peers = [
  {
    name: 'vanilla-cookieconsent', rule: 'cookieconsent3', retracts: true,
    files: { 'cc.js': 'vanilla-cookieconsent/dist/cookieconsent.umd.js', 'cc.css': 'vanilla-cookieconsent/dist/cookieconsent.css' },
    head: '<link rel="stylesheet" href="cc.css">',
    body: `<script type="text/plain" data-category="statistics">${counter}</script><script src="cc.js"></script><script>
      CookieConsent.run({
        hideFromBots: false, categories: { necessary: { enabled: true, readOnly: true }, statistics: {} },
        language: { default: 'en', translations: { en: {
          consentModal: { title: 'Cookies', description: 'We count visits if you agree.', acceptAllBtn: 'Accept all', acceptNecessaryBtn: 'Reject all', showPreferencesBtn: 'Choose' },
          preferencesModal: { title: 'Cookies', acceptAllBtn: 'Accept all', acceptNecessaryBtn: 'Reject all', savePreferencesBtn: 'Save', sections: [] } } } },
      });</script>`,
  },
  {
    name: 'klaro', rule: 'Klaro', retracts: true,
    files: { 'klaro.js': 'klaro/dist/klaro.js' },
    head: `<script>var klaroConfig = { version: 1, lang: 'en', acceptAll: true, default: false, services: [{ name: 'counter', title: 'Counter', purposes: ['statistics'] }] };</script>
      <script defer src="klaro.js"></script>`,
    body: `<script type="text/plain" data-type="application/javascript" data-name="counter">${counter}</script>`,
  },
  {
    name: 'tarteaucitron', rule: 'tarteaucitron deny', retracts: true,
    files: Object.fromEntries(['tarteaucitron.min.js', 'tarteaucitron.services.min.js', 'lang/tarteaucitron.en.min.js', 'css/tarteaucitron.min.css'].map((file) => [file, `tarteaucitronjs/${file}`])),
    head: `<script>var tarteaucitronForceLanguage = 'en';</script><script src="tarteaucitron.min.js"></script>
      <script>tarteaucitron.init({ privacyUrl: '/privacy', orientation: 'bottom', googleConsentMode: false, bingConsentMode: false, pianoConsentMode: false });</script>`,
    body: `<script>
      tarteaucitron.services.counter = { key: 'counter', type: 'analytic', name: 'Counter', needConsent: true, cookies: [], js() { ${counter}; } };
      (tarteaucitron.job = tarteaucitron.job || []).push('counter');</script>`,
  },
  {
    name: 'orejime', rule: 'orejime', retracts: true,
    files: { 'orejime.js': 'orejime/dist/orejime-standard-en.js', 'orejime.css': 'orejime/dist/orejime-standard.css' },
    head: `<link rel="stylesheet" href="orejime.css">
      <script>window.orejimeConfig = { privacyPolicyUrl: '/privacy', purposes: [{ id: 'statistics', title: 'Statistics', description: 'Count visits.', cookies: [] }] };</script>`,
    body: `<template data-purpose="statistics"><script>${counter}</script></template><script src="orejime.js"></script>`,
  },
  {
    name: 'c15t', rule: 'c15t',
    files: { 'c15t.css': '@c15t/react/dist/styles.css' },
    made: { 'c15t.js': () => bundle('c15t-client.js', { format: 'iife' }) },
    head: '<link rel="stylesheet" href="c15t.css">',
    body: '<div id="banner"></div><script src="c15t.js"></script>',
  },
  {
    name: 'probo', rule: 'probo',
    files: { 'probo.js': '@probo/cookie-banner/dist/cookie-banner.iife.js' },
    made: { 'api/here/config': () => JSON.stringify(proboConfig), 'api/here/consents': () => JSON.stringify({ id: 'here', visitor_id: 'one', action: 'ACCEPT_ALL', created_at: '2026-01-01T00:00:00Z' }) },
    head: `<script src="probo.js" data-banner-id="here" data-base-url="{site}/probo/api/" data-position="bottom-left" data-lang="en"></script>
      <script type="text/plain" data-cookie-consent="statistics">${counter}</script>`,
    body: '',
  },
];

const types = { js: 'text/javascript', css: 'text/css' };

/**
 * Puts a peer's page and files into a site; returns the page's address.
 * @param more markup that the page has besides
 */
export async function serve({ name, files, made, head, body }, site, more) {
  for (const [file, source] of Object.entries({ ...files, ...made })) {
    const text = typeof source === 'function' ? await source() : await readFile(path.join(repository, 'server/e2e/node_modules', source));
    site.file(`/${name}/${file}`, text, { 'content-type': `${types[file.split('.').pop()] ?? 'application/json'}; charset=utf-8` });
  }
  return site.page(`/${name}/`, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title>${more}${head.replace('{site}', site.url)}</head><body><p>text${body}</body></html>`);
}
