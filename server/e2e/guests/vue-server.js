import { renderToString } from 'vue/server-renderer';
import { app } from './vue-app.js';

const page = await renderToString(app());
export const html = `<!doctype html><html lang="fr"><head><meta charset="utf-8"><script src="/temoin.js"></script><title>Vue</title></head>
<body><div id="app">${page}</div><script src="/client.js"></script></body></html>`;
