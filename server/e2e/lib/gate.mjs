// What the tests of the gate share: a third party that notes who asked it for
// what, and catalogues that name it.
import http from 'node:http';

import { pause } from './server.mjs';

/** A catalogue as text; JSON is YAML. */
export const catalogue = (services, settings = {}) => JSON.stringify({
  site: { name: 'Portal', url: 'https://portal.example' },
  languages: ['en', 'fr'],
  ...settings,
  services,
});

/** A service with what every one has to have. */
export const service = (id, category, more = {}) => ({
  id, category, name: `Service ${id}`, provider: `Provider of ${id}`, purpose: `Purpose of ${id}.`, ...more,
});

export const cookies = (...list) => list.map((item) => ({ purpose: 'Remember.', duration: '1 month', ...(typeof item === 'string' ? { name: item } : item) }));

export const exemption = { 'own-use-only': true, 'anonymous-data': true, 'single-site': true, 'not-renewed': true, 'data-retention': '25 months' };

/** The services of most tests; their hosts are names of the third party. */
export const services = [
  service('login', 'necessary', { cookies: cookies('sessionid', 'csrftoken'), hosts: ['login.localhost'] }),
  service('counter', 'statistics', { kind: 'measure', cookies: cookies('count', '_cnt_*'), hosts: ['counter.localhost'] }),
  service('other-counter', 'statistics', { kind: 'measure' }),
  service('exempt', 'statistics', { kind: 'measure', anonymous: true, exemption, cookies: cookies('ex_id') }),
  service('ads', 'first-party', { kind: 'advertising', cookies: cookies('ad_id'), hosts: ['*.ads.localhost'] }),
  service('video', 'third-party', { kind: 'media', cookies: cookies('v_id', { name: 'v_third', party: 'third' }), hosts: ['video.localhost'] }),
  service('map', 'third-party', { kind: 'media', hosts: ['*.map.localhost'] }),
];

/** Script text that notes in its page that it ran. */
export const mark = (name) => `(window.ran ??= []).push('${name}')`;

const kinds = {
  js: { type: 'text/javascript', body: (name) => mark(name) },
  html: { type: 'text/html', body: (name) => `<!doctype html><title>${name}</title><body style="background: #cde">${name}` },
  css: { type: 'text/css', body: () => 'iframe, img { display: block; border: 0; max-width: 50%; height: 250px; }' },
  mp4: { type: 'video/mp4', body: () => '' },
  mp3: { type: 'audio/mpeg', body: () => '' },
  svg: { type: 'image/svg+xml', body: () => '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30"/></svg>' },
};

/**
 * Starts a third party, which answers on every name beneath localhost:
 * /name.js notes in its page that it ran, /name.html and /name.svg can be
 * shown, /name.css gives frames and images a size, ?wait= is in milliseconds.
 */
export async function startStranger(after) {
  const requests = [];
  const note = ({ method, url, headers }) => {
    const { hostname, pathname, searchParams } = new URL(url, `http://${headers.host}`);
    const [, name, suffix] = pathname.match(/^\/([\w-]+)\.(\w+)$/) ?? [];
    requests.push({ method, host: hostname, path: pathname, name, headers });
    return { name, suffix, searchParams };
  };
  const server = http.createServer(async (request, response) => {
    const { name, suffix, searchParams } = note(request);
    request.resume();
    const wait = Number(searchParams.get('wait') ?? 0);
    if (wait) await pause(wait);
    const kind = kinds[suffix];
    const headers = { 'access-control-allow-origin': '*', 'cache-control': 'no-store', 'timing-allow-origin': '*' };
    response.writeHead(kind ? 200 : 404, { ...headers, 'content-type': kind?.type ?? 'text/plain' });
    response.end(kind?.body(name));
  });
  server.on('upgrade', (request, socket) => { // a WebSocket
    note(request);
    socket.destroy();
  });
  // By name a browser asks ::1 first, where there is one.
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  after(() => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); });
  return {
    requests,
    port,
    url: (host, file) => `http://${host}.localhost:${port}/${file}`,
    /** How often it was asked for what has that name. */
    asked: (name) => requests.filter((request) => request.name === name).length,
    request: (name) => requests.findLast((request) => request.name === name),
  };
}

export const include = '<script src="/temoin.js"></script>';

export const page = (head = '', body = '<p>text', lang = 'en') => `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>page</title>${head}</head><body>${body}</body></html>`;

/** How often scripts of that name have run in the page. */
export const ran = (tab, name) => tab.run((name) => (window.ran ?? []).filter((entry) => entry === name).length, name);

/** All that ran in the page, in order. */
export const allRan = (tab) => tab.run(() => window.ran ?? []);

/** Whether the page has been loaded anew since stamp. */
export const stamp = (tab) => tab.run(() => { window.stamped = true; });
export const reloaded = (tab) => tab.until(() => !window.stamped && document.readyState === 'complete' && !!window.temoin, 'the page to be loaded anew');
export const notReloaded = (tab) => tab.run(() => window.stamped === true);

/** The placeholders of the page: their box, text, and buttons. */
export const placeholders = (tab) => tab.run(() => [...document.querySelectorAll('.temoin-placeholder')].map((box) => {
  const { x, y, width, height } = box.getBoundingClientRect();
  return {
    x, y, width, height,
    drawn: !!box.shadowRoot?.querySelector('button'),
    text: box.shadowRoot?.querySelector('.placeholder')?.textContent ?? '',
    visible: box.checkVisibility(),
  };
}));

export const placeholderIsDrawn = (tab, count = 1) => tab.until(
  (shadow, count) => [...document.querySelectorAll('.temoin-placeholder')].filter((box) => box.shadowRoot?.querySelector('button')).length === count,
  `${count} placeholders to be drawn`, count,
);

/** Presses a button of a placeholder with the mouse. */
export async function pressPlaceholder(tab, action, index = 0) {
  await tab.until((shadow, index) => {
    const boxes = [...document.querySelectorAll('.temoin-placeholder')];
    return boxes.length > index && boxes.every((box) => box.shadowRoot?.querySelector('button'));
  }, 'the placeholders to be drawn', index);
  const handle = await tab.driver.evaluateHandle(`document.querySelectorAll('.temoin-placeholder')[${index}].shadowRoot.querySelector('[data-temoin="${action}"]')`);
  await handle.asElement().click();
}
