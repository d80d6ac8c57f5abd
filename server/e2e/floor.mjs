// The floor of the comparison in docs/measurements.md: the page that Témoin is measured
// with, whose script is the least that asks and keeps an answer. What is measured
// of it is what the browser, the line and the harness take from any banner.
//   node server/e2e/floor.mjs [SECONDS]   serves it at http://127.0.0.1:8199, for an hour if not said
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import zlib from 'node:zlib';

/** Runs in the page. */
function banner() {
  const cookie = 'cookies_preferences=accepted';
  const host = document.createElement('div');
  const shadow = host.attachShadow({ mode: 'open' });
  shadow.innerHTML = '<style>p{position:fixed;inset:auto 0 0;margin:0;padding:1rem;background:#fff}</style>'
    + '<p>Ce site utilise des cookies. <button data-temoin="accept">Tout accepter</button> <button>Tout refuser</button>';
  const letIn = () => {
    for (const gated of document.querySelectorAll('[data-consent]')) {
      const script = document.createElement('script');
      script.textContent = gated.textContent;
      gated.replaceWith(script);
    }
  };
  shadow.querySelector('button').onclick = () => {
    document.cookie = cookie + '; path=/';
    host.remove();
    letIn();
  };
  if (document.cookie.includes(cookie)) {
    addEventListener('DOMContentLoaded', letIn);
    return;
  }
  const observer = new MutationObserver(() => {
    if (!document.body) return;
    observer.disconnect();
    document.body.prepend(host);
  });
  observer.observe(document.documentElement, { childList: true });
}

const measured = new URL('../demo/files/comparison.html', import.meta.url);
const page = (await readFile(measured, 'utf8')).replace('/temoin.js', '/floor.js');

const files = {
  '/': [page, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' }],
  '/floor.js': [`(${banner})()`, { 'content-type': 'text/javascript', 'cache-control': 'public, max-age=31536000, immutable' }],
};

const server = http.createServer(({ url }, answer) => {
  const [text, headers] = files[url] ?? ['not found', {}];
  answer.writeHead(files[url] ? 200 : 404, { ...headers, 'content-encoding': 'br' });
  answer.end(zlib.brotliCompressSync(text));
});
server.listen(8199, '127.0.0.1');
setTimeout(() => process.exit(), 1000 * (process.argv[2] ?? 3600));
