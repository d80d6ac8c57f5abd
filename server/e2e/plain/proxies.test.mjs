// The recipes of docs/recipes, with the proxies that they are for: visitors are
// told apart, whatever they write into their requests, and nothing opens to them
// that is the operator's.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';

import { names, site, startProxy } from '../lib/proxies.mjs';
import { folder, pause, send, startTemoin } from '../lib/server.mjs';

const userHeader = 'X-Forwarded-User';
// Each visitor comes from an address of his own: all of 127.0.0.0/8 is this machine.
const visitor = (i) => `127.${1 + Math.floor(i / 62_500)}.${Math.floor(i / 250) % 250}.${1 + (i % 250)}`;
let met = 0;
const newVisitor = () => visitor(met++);

/** One request through a proxy, by HTTP/1.1, from an address; header values may be lists. */
function ask(proxy, path, { from = newVisitor(), method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: '127.0.0.1', port: proxy.port, path, method, ca: proxy.cert, servername: site, localAddress: from, agent: false, timeout: 15_000,
      headers: { host: site, ...headers, ...(body && { 'content-length': Buffer.byteLength(body) }) },
    }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${proxy.name} to ${method} ${path}`)));
    request.on('error', reject);
    request.end(body);
  });
}

/** The same by HTTP/2. */
function ask2(proxy, path, { from = newVisitor(), method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://${site}:${proxy.port}`, { host: '127.0.0.1', lookup: (host, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)), ca: proxy.cert, servername: site, localAddress: from });
    session.on('error', reject);
    const stream = session.request({ ':path': path, ':method': method, ':authority': site, ...headers });
    const answer = { text: '' };
    stream.on('response', (received) => { answer.status = received[':status']; answer.headers = received; });
    stream.setEncoding('utf8').on('data', (chunk) => { answer.text += chunk; });
    stream.on('error', reject);
    stream.on('end', () => { session.close(); resolve(answer); });
    stream.end(body);
  });
}

const form = { method: 'POST', body: 'answer=refuse', headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' } };

/** What a page reports of a refusal: the revision is the catalogue's, the text the loader's. */
function newReport(rev, loader) {
  const text = loader.match(/"text":"([0-9a-f]+)"/)?.[1] ?? assert.fail('expected the name of its text in the loader');
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
    body: JSON.stringify({
      record: { v: 1, id: randomUUID(), rev, at: Math.floor(Date.now() / 1000), choices: { necessary: true, statistics: false, 'third-party': false } },
      how: 'banner-refuse', gpc: false, lang: 'fr', text,
    }),
  };
}

/** A function that makes reports, to a server behind a proxy. */
async function reports(proxy) {
  const { rev } = JSON.parse((await ask(proxy, '/temoin/catalogue.json')).text);
  const loader = (await ask(proxy, '/temoin/temoin.fr.js')).text;
  return () => newReport(rev, loader);
}

/** How many of the answers there are of each status. */
async function statuses(answers) {
  const counts = {};
  for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const forgeries = {
  'X-Forwarded-For': (i) => ({ 'X-Forwarded-For': `203.0.113.${i}` }),
  'X-Forwarded-For, twice': (i) => ({ 'X-Forwarded-For': [`203.0.113.${i}`, `198.51.100.${i}`] }),
  Forwarded: (i) => ({ Forwarded: `for=203.0.113.${i}` }),
  'Forwarded, a quotation mark left open': (i) => ({ Forwarded: `for="203.0.113.${i}` }),
  'X-Real-IP': (i) => ({ 'X-Real-IP': `203.0.113.${i}` }),
  'X-Forwarded-For that is named in Connection': (i) => ({ 'X-Forwarded-For': `203.0.113.${i}`, Connection: 'close, X-Forwarded-For, X-Forwarded-Proto' }),
};

// What no recipe passes on, and the server would answer: it says in its log when
// it came hidden in another request (RFC 9112, section 11.2).
const hidden = `GET /healthz HTTP/1.1\r\nHost: ${site}\r\n\r\n`;
const smuggled = {
  'a length and chunks': `Content-Length: ${5 + hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'a shorter length and chunks': `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks, and none': `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks, with a space': `Transfer-Encoding : chunked\r\nContent-Length: ${5 + hidden.length}\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks by another name': `Transfer-Encoding: xchunked\r\nContent-Length: ${5 + hidden.length}\r\n\r\n0\r\n\r\n${hidden}`,
  'chunks in a folded line': `X-Folded: x\r\n Transfer-Encoding: chunked\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'two lengths': `Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'a signed length': `Content-Length: +${hidden.length}\r\n\r\n${hidden}`,
  'a bare carriage return': `X: a\rContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
  'HTTP/2 without TLS': `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n${hidden}`,
};

/** Sends what no client would, and returns what comes within a second. */
function sendRaw(proxy, text) {
  return new Promise((resolve) => {
    let got = '';
    const socket = tls.connect({ host: '127.0.0.1', port: proxy.port, ca: proxy.cert, servername: site }, () => socket.write(text));
    socket.on('data', (data) => { got += data; });
    socket.on('error', () => {});
    socket.on('close', () => resolve(got));
    pause(1000).then(() => socket.destroy());
  });
}

for (const name of names) {
  test(name, async (t) => {
    const server = await startTemoin(t, { command: 'serve', args: ['-rate', '10', '-user-header', userHeader, '-proxies', '127.0.0.1'] });
    const proxy = await startProxy(t, name, server.url);
    const report = await reports(proxy);

    await t.test('220 visitors leave 220 receipts', async () => {
      const kept = await statuses(Array.from({ length: 220 }, () => ask(proxy, '/temoin/api/consents', { ...report(), from: newVisitor() })));
      assert.deepEqual(kept, { 201: 220 });
      assert.equal((await server.receipts()).length, 220);
    });

    for (const [what, headers] of Object.entries(forgeries)) {
      await t.test(`one visitor is bounded, whatever is forged: ${what}`, async () => {
        const from = newVisitor();
        const answers = await statuses(Array.from({ length: 40 }, (_, i) => {
          const own = report();
          return ask(proxy, '/temoin/api/consents', { ...own, from, headers: { ...own.headers, ...headers(i) } });
        }));
        assert.ok(answers[429] >= 25, `expected 25 and more of 40 to be refused: ${JSON.stringify(answers)}`);
        assert.ok(answers[201] >= 10, `expected 10 and more of 40 to be kept: ${JSON.stringify(answers)}`);
      });
    }

    await t.test('no refusal by the form is lost to the limit, and its cookie is for https alone', async () => {
      const from = newVisitor();
      const answers = await Promise.all(Array.from({ length: 62 }, () => ask(proxy, '/temoin/charte-cookies', { ...form, from })));
      for (const { status, headers } of answers) {
        assert.equal(status, 303);
        assert.match(headers['set-cookie']?.[0] ?? '', /^cookies_preferences=.*statistics%22%3Afalse.*; Secure$/);
        assert.equal(headers['strict-transport-security'], 'max-age=31536000');
      }
    });

    await t.test('HTTP/2', async () => {
      assert.match((await ask2(proxy, '/temoin/temoin.js')).text, /temoinBundle/);
      assert.equal((await ask2(proxy, '/temoin/api/consents', report())).status, 201);
      const { status, headers } = await ask2(proxy, '/temoin/charte-cookies', form);
      assert.equal(status, 303);
      assert.match(headers['set-cookie'][0], /; Secure$/);
      assert.match(headers.location, /^\/temoin\/charte-cookies\//);
      assert.equal((await ask2(proxy, '/.well-known/gpc.json')).status, 200);
    });

    await t.test('/metrics is closed', async () => {
      for (const headers of [{}, { 'X-Forwarded-For': '127.0.0.1' }, { Forwarded: 'for=127.0.0.1' }, { 'X-Real-IP': '127.0.0.1' }]) {
        for (const path of ['/metrics', '/temoin/../metrics', '/temoin/%2e%2e/metrics', '//metrics']) {
          assert.doesNotMatch((await ask(proxy, path, { headers })).text, /go_goroutines/, path);
        }
      }
    });

    await t.test('a visitor cannot say that he is signed in', async () => {
      const straight = await send(server.url + '/admin', { headers: { [userHeader]: 'agnes' } });
      assert.equal(straight.status, 200, 'the proxy itself may say so');
      for (const headers of [{ [userHeader]: 'agnes' }, { [userHeader]: ['agnes', 'agnes'] }, { 'X_Forwarded_User': 'agnes' }]) {
        const { status } = await ask(proxy, '/admin', { headers });
        assert.ok(status >= 400, `got ${status} for ${JSON.stringify(headers)}`);
      }
    });
    await t.test('no request hides in another', async () => {
      const came = () => server.log().match(/path=\/healthz/g)?.length ?? 0;
      const before = came();
      const answers = await Promise.all(Object.values(smuggled).map((text) => sendRaw(proxy, `POST /temoin/charte-cookies HTTP/1.1\r\nHost: ${site}\r\n${text}`)));
      for (const [i, what] of Object.keys(smuggled).entries()) assert.match(answers[i], /^HTTP\/1\.1 /, what);
      assert.equal(came(), before);
      assert.equal((await ask(proxy, '/temoin/temoin.js')).status, 200);
    });
    assert.doesNotMatch(server.log(), /cannot be told apart/);
  });
}

test('nginx, through a unix socket', async (t) => {
  const dir = await folder(t);
  await chmod(dir, 0o755);
  const socket = path.join(dir, 'temoin.sock');
  const server = await startTemoin(t, { command: 'serve', args: ['-rate', '10', '-addr', `unix:${socket}`] });
  // Where root starts it, nginx works as www-data, to which the socket's group would be set; here anybody may.
  await chmod(socket, 0o666);
  const proxy = await startProxy(t, 'nginx', server.url);
  const report = await reports(proxy);
  assert.deepEqual(await statuses(Array.from({ length: 30 }, () => ask(proxy, '/temoin/api/consents', report()))), { 201: 30 });
  const from = newVisitor();
  const answers = await statuses(Array.from({ length: 40 }, () => ask(proxy, '/temoin/api/consents', { ...report(), from })));
  assert.ok(answers[429] >= 25, `expected 25 and more of 40 to be refused: ${JSON.stringify(answers)}`);
});

test('nginx, which takes a folder of another name off the path', async (t) => {
  const server = await startTemoin(t, { command: 'serve' });
  const proxy = await startProxy(t, 'nginx', server.url, {
    'location ^~ /temoin/ {\n        proxy_pass http://temoin;': `location ^~ /consent/ {
        proxy_pass http://temoin/;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Prefix /consent;`,
  });
  const page = await ask(proxy, '/consent/charte-cookies');
  const links = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, link]) => link);
  assert.ok(links.length >= 3, page.text);
  for (const link of links) {
    assert.match(link, /^\/consent\//);
    assert.equal((await ask(proxy, link)).status, 200, link);
  }
  const sent = await ask(proxy, '/consent/charte-cookies', form);
  assert.match(sent.headers.location, /^\/consent\/charte-cookies\//);
});
