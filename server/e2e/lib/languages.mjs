// A site that asks in every language that there are texts for.
import { readdir } from 'node:fs/promises';
import path from 'node:path';

import { repository } from './server.mjs';

/** The codes of all languages. */
export const languages = (await readdir(path.join(repository, 'web/texts'))).filter((file) => file.endsWith('.yaml')).map((file) => path.basename(file, '.yaml')).sort();

export const rightToLeft = ['ar', 'he'];

export const direction = (lang) => (rightToLeft.includes(lang) ? 'rtl' : 'ltr');

/** A catalogue in those languages, with the first for others; its own words are names, the same in each. */
export const catalogueIn = (languages) => `
site: { name: "Rivemont (data.rivemont.example)", url: "https://data.rivemont.example" }
languages: [${languages.join(', ')}]
links: { privacy: "https://data.rivemont.example/privacy" }
services:
  - { id: session, category: necessary, name: Rivemont, provider: "Rivemont S.A.", purpose: "Rivemont 1.", cookies: [{ name: sessionid, purpose: "Rivemont 2.", duration: at most 2 weeks }] }
  - { id: matomo, category: statistics, name: Matomo, provider: "Example Inc.", purpose: "Matomo 1.", kind: measure, policy: "https://a.example", cookies: [{ name: "_pk_id.*", purpose: "Matomo 2.", duration: 13 months }] }
  - { id: youtube, category: third-party, name: "YouTube (video)", provider: "Google Ireland Limited", purpose: "YouTube 1.", kind: media, cookies: [{ name: YSC, purpose: "YouTube 2.", duration: session, party: third }] }
`;

/** A page in a language, with something that waits. */
export const pageIn = (lang) => `<!doctype html><html lang="${lang}" dir="${direction(lang)}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><script src="/temoin.js"></script><title>x</title></head>
<body><main><h1>Rivemont</h1><iframe data-consent="third-party" data-service="youtube" data-src="/video" width="560" height="315" style="max-width: 100%" title="x"></iframe></main></body></html>`;
