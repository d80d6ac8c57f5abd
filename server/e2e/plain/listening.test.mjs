// Where the server listens, with which certificate, and how it is told to stop
// and to read its files anew.
import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';

import { certificate, eventually, folder, pause, send, startTemoin, temoin } from '../lib/server.mjs';

const host = 'data.rivemont.example';

/** One request through a unix socket. */
function sendThrough(socketPath, url) {
  return new Promise((resolve, reject) => {
    http.get({ socketPath, path: url, agent: false }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode, text });
    }).on('error', reject);
  });
}

test('a visitor who does not read his answer holds nobody up: SIGTERM ends with 0', { timeout: 60_000 }, async (t) => {
  const server = await startTemoin(t, { command: 'serve' });
  const { hostname, port } = new URL(server.url);
  const wasm = (await send(server.url + '/temoin/nothing')).text.match(/\/temoin\/app\.\S+/)[0];
  const socket = net.connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.pause();
  // The system takes some four megabytes for him: several answers of less than one each, and not all twenty.
  await new Promise((resolve) => { socket.write(`GET ${wasm} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n`.repeat(20), resolve); });
  await eventually(() => server.log().includes(`path=${wasm}`), 'the first answer');
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.match(server.log(), /requests that take too long are broken off/);
});

test('SIGHUP has the catalogue read anew, and ends nothing', async (t) => {
  const server = await startTemoin(t, { command: 'serve' });
  server.signal('SIGHUP');
  await eventually(() => server.log().includes('catalogue taken over'), 'a line that it was taken over');
  await server.change('site: [');
  server.signal('SIGHUP');
  await eventually(() => server.log().includes('catalogue not taken over'), 'a line that it was not taken over');
  assert.equal((await send(server.url + '/temoin.js')).status, 200);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('metrics have an address of their own, and visitors never that', async (t) => {
  const server = await startTemoin(t, { command: 'serve', args: ['-metrics-addr', '127.0.0.1:0'] });
  const url = await eventually(server.metrics, 'a line with the address of the metrics');
  assert.match((await send(url)).text, /^temoin_build_info/m);
  assert.equal((await send(new URL('/temoin.js', url).href)).status, 404);
  for (const headers of [{}, { 'X-Forwarded-For': '127.0.0.1' }, { Forwarded: 'for=127.0.0.1' }, { 'X-Real-IP': '127.0.0.1' }, { 'X-Forwarded-Proto': 'https' }, { Via: '1.1 proxy' }]) {
    const answer = await send(server.url + '/metrics', { headers });
    assert.equal(answer.status, 404, JSON.stringify(headers));
    assert.match(answer.text, /-metrics-addr/);
  }
});

test('a unix socket: for owner and group, taken over from who was killed, gone at the end', async (t) => {
  const socket = path.join(await folder(t), 'temoin.sock');
  const args = ['-addr', `unix:${socket}`];
  const killed = await startTemoin(t, { command: 'serve', args });
  assert.equal(killed.url, `unix:${socket}`);
  assert.equal((await stat(socket)).mode & 0o777, 0o660);
  assert.match((await sendThrough(socket, '/temoin.js')).text, /temoinBundle/);

  const second = await temoin('demo', ...args);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /temoin\.sock: .*in use/);

  await killed.stop('SIGKILL');
  assert.ok((await stat(socket)).isSocket(), 'a killed server leaves its socket');
  const next = await startTemoin(t, { command: 'serve', args });
  assert.equal((await sendThrough(socket, '/healthz')).status, 200);
  assert.deepEqual(await next.stop(), { code: 0, signal: null });
  await assert.rejects(stat(socket), { code: 'ENOENT' });

  await writeFile(socket, 'precious');
  const third = await temoin('demo', ...args);
  assert.equal(third.code, 1);
  assert.match(third.stderr, /is there and is no socket/);
  assert.equal(await readFile(socket, 'utf8'), 'precious');
});

/** The certificate with which a server answers for a name, and what it speaks. */
function greeted(url, servername) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port: new URL(url).port, servername, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      resolve({ serial: socket.getPeerCertificate().serialNumber, speaks: socket.alpnProtocol });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

const serialOf = async (pem) => new (await import('node:crypto')).X509Certificate(pem).serialNumber;

test('-tls-cert and -tls-key: https and HTTP/2, and the files are read anew when they change', async (t) => {
  const dir = await folder(t);
  const [cert, key] = [path.join(dir, 'cert.pem'), path.join(dir, 'key.pem')];
  const put = async (pair) => { await writeFile(key, pair.key, { mode: 0o600 }); await writeFile(cert, pair.cert); };
  const [first, second] = [await certificate(t, host), await certificate(t, host)];
  await put(first);
  const server = await startTemoin(t, { command: 'serve', args: ['-tls-cert', cert, '-tls-key', key] });
  assert.match(server.url, /^https:/);
  assert.deepEqual(await greeted(server.url, host), { serial: await serialOf(first.cert), speaks: 'h2' });

  const session = http2.connect(server.url, { ca: first.cert, servername: host, checkServerIdentity: () => undefined });
  const answer = await new Promise((resolve, reject) => {
    session.on('error', reject);
    session.request({ ':path': '/temoin.js' }).on('response', resolve).on('error', reject).resume();
  });
  session.close();
  assert.equal(answer[':status'], 200);
  assert.match(answer['strict-transport-security'], /^max-age=\d{7,}/);

  await writeFile(cert, 'no certificate');
  await eventually(() => server.log().includes('certificate not taken over'), 'a line that the old one stays');
  assert.equal((await greeted(server.url, host)).serial, await serialOf(first.cert));
  await put(second);
  await eventually(async () => (await greeted(server.url, host)).serial === await serialOf(second.cert), 'the second certificate');
  await send(server.url.replace('https', 'http')); // plain words at a TLS port
  await eventually(() => /TLS handshake error/.test(server.log()), 'a line in the debug log');
  assert.doesNotMatch(server.log(), /127\.0\.0\.1:\d+: /, 'the log names nobody');
});

test('-autocert answers with what it has obtained, for its hosts alone', async (t) => {
  const dir = await folder(t);
  const { cert, key } = await certificate(t, host);
  await mkdir(path.join(dir, 'autocert'), { mode: 0o700 });
  await writeFile(path.join(dir, 'autocert', host), Buffer.concat([key, cert]), { mode: 0o600 });
  const server = await startTemoin(t, { command: 'serve', args: ['-data', dir, '-autocert', host, '-autocert-directory', 'https://127.0.0.1:1/none'] });
  assert.deepEqual(await greeted(server.url, host), { serial: await serialOf(cert), speaks: 'h2' });
  await assert.rejects(greeted(server.url, 'evil.example'));
});

test('flags of certificates that do not go together are a clear error, and exit 1', async () => {
  for (const [args, says] of [
    [['-tls-cert', 'cert.pem'], /-tls-cert and -tls-key go together/],
    [['-tls-cert', 'no.pem', '-tls-key', 'no.pem'], /read -tls-cert no\.pem and -tls-key no\.pem: .*no such file/],
    [['-tls-cert', 'a', '-tls-key', 'b', '-autocert', host], /only one of them/],
    [['-autocert', host, '-data', ''], /-data, which is empty/],
  ]) {
    const { code, stderr } = await temoin('demo', '-addr', '127.0.0.1:0', ...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, says);
  }
});

test('a server that can take no more connections says so, once, and goes on', { timeout: 60_000 }, async (t) => {
  const server = await startTemoin(t, { command: 'serve', files: 40, args: ['-data', ''] });
  const { hostname, port } = new URL(server.url);
  const sockets = Array.from({ length: 80 }, () => net.connect(Number(port), hostname).on('error', () => {}));
  t.after(() => { for (const socket of sockets) socket.destroy(); });
  await eventually(() => /level=ERROR msg="connections cannot be taken".*too many open files/.test(server.log()), 'a line that says so');
  await pause(1500); // it has tried again meanwhile
  assert.equal(server.log().match(/connections cannot be taken/g).length, 1);
  for (const socket of sockets) socket.destroy();
  await eventually(() => send(server.url + '/temoin.js').then(({ status }) => status === 200, () => false), 'an answer again');
});
