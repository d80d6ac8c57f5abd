// temoin proxy with servers that nobody here wrote: behind nginx, Apache and Caddy
// with the recipes for that, and before an nginx that serves files. What is no page
// passes as it is, and each page is held.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import { test } from 'node:test';
import zlib from 'node:zlib';

import { catalogue, service } from '../lib/gate.mjs';
import { edgeNames, site as host, startNginx, startProxy } from '../lib/proxies.mjs';
import { eventually, folder, startTemoin } from '../lib/server.mjs';

const text = catalogue([service('video', 'third-party', { kind: 'media', hosts: ['video.example'] })]);
const plain = '<!doctype html><html><head><meta charset="utf-8"><title>é</title></head><body><iframe src="https://video.example/e"></iframe></body></html>\n';
const held = plain.replace('<head>', '<head><script src="/temoin/temoin.js"></script>').replace('<iframe src=', '<iframe data-consent="video" data-consent-src=');

/** A site with a page, a stream, a socket, and what it was asked. */
async function startOwn(t) {
  const asked = [];
  const server = http.createServer((request, response) => {
    asked.push(request);
    const pathname = request.url;
    if (pathname === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n'); // and no end
    } else if (pathname === '/upload') {
      const sum = createHash('sha256');
      request.on('data', (data) => sum.update(data)).on('end', () => response.end(sum.digest('hex')));
    } else {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip', 'content-security-policy': "object-src 'none'" });
      response.end(zlib.gzipSync(plain));
    }
  });
  server.on('upgrade', (request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.on('data', (data) => socket.end(data));
    socket.on('error', () => {});
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  t.after(() => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); });
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

const options = (proxy, path, more = {}) => ({
  host: '127.0.0.1', port: proxy.port, path, ca: proxy.cert, servername: host, agent: false, timeout: 15_000, localAddress: '127.0.0.9',
  ...more, headers: { host, accept: 'text/html', 'accept-encoding': 'gzip', 'sec-fetch-dest': 'document', 'x-forwarded-for': '203.0.113.7', ...more.headers },
});

/** Asks through a proxy; until says when enough of the body has come. */
function ask(proxy, path, { body, until = () => false, ...more } = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request(options(proxy, path, more), (response) => {
      let chunks = Buffer.alloc(0);
      const done = () => resolve({ status: response.statusCode, headers: response.headers, body: chunks, text: chunks.toString() });
      response.on('data', (chunk) => {
        chunks = Buffer.concat([chunks, chunk]);
        if (until(chunks.toString())) { done(); request.destroy(); }
      });
      response.on('end', done);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer to ${path}`)));
    request.on('error', reject);
    request.end(body);
  });
}

for (const name of edgeNames) {
  test(`behind ${name}`, async (t) => {
    const own = await startOwn(t);
    const server = await startTemoin(t, { command: 'proxy', catalogue: text, args: ['-upstream', own.url] });
    const proxy = await startProxy(t, name, server.url);

    const page = await ask(proxy, '/admin?x=%2Fy'); // a path that is Témoin's own elsewhere
    assert.equal(page.status, 200);
    assert.equal(zlib.gunzipSync(page.body).toString(), held);
    assert.match(page.headers['content-security-policy'], /^object-src 'none', default-src 'self' /);
    const { url, headers } = own.asked.at(-1);
    assert.equal(url, '/admin?x=%2Fy');
    assert.equal(headers.host, host);
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.equal(headers['x-forwarded-for'], '127.0.0.9, 127.0.0.1', 'the visitor, then the proxy; nothing that the visitor wrote');

    const count = own.asked.length;
    assert.equal((await ask(proxy, '/temoin/temoin.js')).headers['content-type'], 'text/javascript; charset=utf-8');
    assert.equal((await ask(proxy, '/charte-cookies')).status, 200);
    assert.equal((await ask(proxy, '/temoin/api/consents', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', 'content-length': 2 } })).status, 400);
    assert.equal(own.asked.length, count, 'what is Témoin’s the site is not asked for');

    assert.equal((await ask(proxy, '/events', { until: (text) => text.includes('data: 1\n\n') })).headers['content-type'], 'text/event-stream');

    const large = Buffer.alloc(3_000_000, 'x');
    const sent = await ask(proxy, '/upload', { method: 'POST', body: large, headers: { 'content-length': large.length, origin: 'https://other.example', 'sec-fetch-site': 'cross-site' } });
    assert.equal(sent.text, createHash('sha256').update(large).digest('hex'), 'another site may send, where the site itself lets it');

    const echoed = await new Promise((resolve, reject) => {
      const request = https.request(options(proxy, '/socket', { headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' } }));
      request.on('upgrade', (response, socket) => { socket.on('data', (data) => { resolve(data.toString()); socket.destroy(); }); socket.write('hello'); });
      request.on('response', ({ statusCode }) => reject(new Error(`answers ${statusCode}`)));
      request.on('error', reject);
      request.end();
    });
    assert.equal(echoed, 'hello');

    const second = await new Promise((resolve, reject) => {
      const session = http2.connect(`https://${host}:${proxy.port}`, { host: '127.0.0.1', lookup: (name, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)), ca: proxy.cert, servername: host });
      session.on('error', reject);
      const stream = session.request({ ':path': '/', accept: 'text/html', 'accept-encoding': 'gzip' });
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk)).on('error', reject).on('end', () => { session.close(); resolve(zlib.gunzipSync(Buffer.concat(chunks)).toString()); });
    });
    assert.equal(second, held);
  });
}

test('before nginx: files, parts of them, versions and encodings', async (t) => {
  const dir = await folder(t);
  await chmod(dir, 0o755);
  const long = plain + '<p>é</p>\n'.repeat(5000);
  await writeFile(path.join(dir, 'page.html'), long);
  await writeFile(path.join(dir, 'data.csv'), long);
  const nginx = await startNginx(t, dir);
  const server = await startTemoin(t, { command: 'proxy', catalogue: text, args: ['-upstream', nginx.url] });
  const get = async (base, name, headers = {}, method = 'GET') => {
    const { hostname, port } = new URL(base);
    const response = await new Promise((resolve, reject) => {
      http.request({ hostname, port, path: '/' + name, method, agent: false, timeout: 15_000, headers: { accept: 'text/html,*/*', ...headers } }, resolve).on('error', reject).end();
    });
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
  };
  /** What can be compared: all but the time, the connection, and the name of what divides parts. */
  const comparable = ({ status, headers: { date, connection, 'keep-alive': alive, ...headers }, body }) => {
    const boundary = headers['content-type']?.match(/boundary=(\d+)/)?.[1] ?? 'no boundary';
    return { status, headers: { ...headers, 'content-type': headers['content-type']?.replace(boundary, '') }, body: createHash('sha256').update(body.toString('latin1').replaceAll(boundary, '')).digest('hex') };
  };

  for (const [method, headers] of [['GET', {}], ['HEAD', {}], ['GET', { range: 'bytes=3-9' }], ['GET', { range: 'bytes=0-1,5-6' }], ['GET', { 'accept-encoding': 'gzip' }]]) {
    const [own, passed] = [await get(nginx.url, 'data.csv', headers, method), await get(server.url, 'data.csv', headers, method)];
    assert.deepEqual(comparable(passed), comparable(own), `${method} ${JSON.stringify(headers)}`);
  }
  const { etag } = (await get(nginx.url, 'data.csv')).headers;
  assert.equal((await get(server.url, 'data.csv', { 'if-none-match': etag, accept: '*/*', 'sec-fetch-dest': 'empty' })).status, 304);

  const whole = held + '<p>é</p>\n'.repeat(5000);
  const page = await get(server.url, 'page.html');
  assert.ok(page.body.toString() === whole, 'the page is held, and else the same');
  const packed = await get(server.url, 'page.html', { 'accept-encoding': 'gzip' });
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.ok(zlib.gunzipSync(packed.body).toString() === whole, 'and compressed as well');
  const again = await get(server.url, 'page.html', { 'if-none-match': page.headers.etag });
  assert.equal(again.status, 304);
  assert.equal(again.headers['content-security-policy'], page.headers['content-security-policy']);
  assert.equal((await get(server.url, 'page.html', { 'if-none-match': page.headers.etag, 'sec-gpc': '1' })).status, 304, 'the same is refused');
  const old = await get(server.url, 'page.html', { 'if-none-match': (await get(nginx.url, 'page.html')).headers.etag, 'if-modified-since': new Date().toUTCString() });
  assert.equal(old.status, 200, 'a browser’s copy from before the proxy holds nothing back');

  await nginx.stop();
  const { status, body } = await get(server.url, 'page.html');
  assert.equal(status, 502);
  assert.match(body.toString(), /does not answer/);
  await eventually(() => /the site behind does not answer/.test(server.log()), () => `a word about the site in the log: ${server.log()}`);
});
