import { renderToString } from 'vue/server-renderer';

import { app } from './vue.js';

const main = await renderToString(app());
console.log('<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Vue</title><link rel="icon" href="data:,"></head>'
  + `<body><div id="app">${main}</div><script type="module" src="/vue.js"></script></body></html>`);
