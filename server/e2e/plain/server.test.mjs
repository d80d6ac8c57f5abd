// The server over the wire: negotiation, caching, ranges, security headers,
// what it says when there is nothing, how it starts and stops.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { after, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { binary, eventually, folder, run, send, startTemoin, temoin } from '../lib/server.mjs';

const server = await startTemoin(after);
const get = (path, headers = {}, method = 'GET') => send(server.url + path, { headers, method });

/** The paths of the bundle, from what the server says is there. */
async function assets() {
  const answer = await get('/temoin/nothing.here');
  assert.equal(answer.status, 404);
  return answer.text.split('\n').slice(1).filter(Boolean);
}

const all = await assets();
const named = (pattern) => all.find((name) => pattern.test(name));

test('the bundle is the loader, one for each language, and its parts', () => {
  for (const pattern of [/^\/temoin\.js$/, /^\/temoin\.fr\.js$/, /^\/temoin\.en\.js$/, /^\/temoin\/app\.[0-9a-f]{8}\.wasm$/, /^\/temoin\/runtime\.[0-9a-f]{8}\.js$/, /^\/temoin\/later\.[0-9a-f]{8}\.js$/,
    /^\/temoin\/edition\.fr\.[0-9a-f]{8}\.txt$/, /^\/temoin\/edition\.en\.[0-9a-f]{8}\.txt$/, /^\/temoin\/shell\.en\.[0-9a-f]{8}\.json$/, /^\/temoin\/charter\.[0-9a-f]{8}\.css$/]) {
    assert.ok(named(pattern), `expected a file like ${pattern} among ${all}`);
  }
});

const types = { '.js': 'text/javascript; charset=utf-8', '.wasm': 'application/wasm', '.json': 'application/json', '.css': 'text/css; charset=utf-8', '.txt': 'text/plain; charset=utf-8', '.ts': 'text/plain; charset=utf-8' };

test('each asset has its type, is the same in each encoding, varies by it and may be read from any origin', async () => {
  for (const name of all) {
    const plain = await get(name);
    assert.equal(plain.status, 200, name);
    assert.equal(plain.headers['content-type'], types[path.extname(name)], `type of ${name}`);
    assert.equal(plain.headers['content-encoding'], undefined, `${name} as it is, where nothing else is asked for`);
    const tags = new Set([plain.headers.etag]);
    if (plain.body.length < 100) continue; // too small to shrink, so it is sent as it is
    for (const [encoding, decode] of [['br', brotliDecompressSync], ['gzip', gunzipSync]]) {
      const packed = await get(name, { 'accept-encoding': encoding });
      assert.equal(packed.headers['content-encoding'], encoding, `${name} in ${encoding}`);
      assert.equal(Number(packed.headers['content-length']), packed.body.length, `length of ${name} in ${encoding}`);
      assert.ok(packed.body.length < plain.body.length, `${name} must be smaller in ${encoding}`);
      assert.ok(decode(packed.body).equals(plain.body), `${name} in ${encoding} must be the same`);
      assert.equal(packed.headers['content-type'], plain.headers['content-type']);
      tags.add(packed.headers.etag);
    }
    assert.equal(tags.size, 3, `each encoding of ${name} needs an ETag of its own: ${[...tags]}`);
    assert.match(plain.headers.vary, /accept-encoding/i, `Vary of ${name}`);
    assert.equal(plain.headers['access-control-allow-origin'], '*', `CORS of ${name}`);
    assert.equal(plain.headers['access-control-allow-credentials'], undefined);
    assert.equal(plain.headers['cross-origin-resource-policy'], 'cross-origin');
    assert.equal(plain.headers['set-cookie'], undefined, 'an asset sets no cookie');
  }
});

test('the encoding that weighs most is sent', async () => {
  const name = named(/runtime/);
  for (const [accept, expected] of [
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, br', 'br'],
    ['br;q=0.5, gzip;q=0.8', 'gzip'],
    ['br;q=0.8, gzip;q=0.8', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0, gzip;q=0', undefined],
    ['*', 'br'],
    ['br;q=0, *', 'gzip'],
    ['identity', undefined],
    ['identity;q=1, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip;q=0.6', 'gzip'],
    ['identity;q=0, gzip;q=0.1', 'gzip'],
    ['GZIP', 'gzip'],
    ['gzip ; q=0.9', 'gzip'],
    ['deflate, zstd', undefined],
    ['brr, gzipx', undefined],
    ['br;q=nonsense', undefined],
    ['br;q=2', undefined],
    ['br;q=0.001', 'br'],
  ]) {
    const answer = await get(name, accept === undefined ? {} : { 'accept-encoding': accept });
    assert.equal(answer.headers['content-encoding'], expected, `Accept-Encoding: ${accept}`);
  }
});

test('who rules out all encodings, and the file as it is, is told so', async () => {
  for (const accept of ['identity;q=0', '*;q=0', 'identity;q=0, gzip;q=0', 'gzip;q=0, *;q=0']) {
    const answer = await get('/temoin.js', { 'accept-encoding': accept });
    assert.equal(answer.status, 406, `Accept-Encoding: ${accept}`);
    assert.match(answer.headers.vary, /accept-encoding/i);
  }
});

test('hashed names may be kept for ever, the loader is asked for again', async () => {
  for (const name of all) {
    const { headers } = await get(name, {}, 'HEAD');
    if (/\.[0-9a-f]{8}\./.test(name)) assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable', name);
    else assert.equal(headers['cache-control'], 'no-cache', `${name}, whose name stays, with -max-age 0`);
    assert.match(headers.etag, /^"[^"]+"$/, `ETag of ${name}`);
  }
});

test('-max-age sets how long the loader may be kept; without the flag it is short', async (t) => {
  const [hour, usual] = await Promise.all([startTemoin(t, { args: ['-max-age', '1h'] }), startTemoin(t, { args: ['-max-age', '5m'] })]);
  assert.equal((await send(hour.url + '/temoin.js')).headers['cache-control'], 'public, max-age=3600');
  assert.equal((await send(usual.url + '/temoin.fr.js')).headers['cache-control'], 'public, max-age=300');
});

test('If-None-Match answers 304, for the encoding that would be sent, and for it alone', async () => {
  for (const name of ['/temoin.js', named(/app/), named(/edition\.fr/)]) {
    for (const encoding of ['identity', 'gzip', 'br']) {
      const headers = { 'accept-encoding': encoding };
      const { etag } = (await get(name, headers, 'HEAD')).headers;
      const again = await get(name, { ...headers, 'if-none-match': etag });
      assert.equal(again.status, 304, `${name} in ${encoding}`);
      assert.equal(again.body.length, 0);
      assert.equal(again.headers.etag, etag);
      assert.match(again.headers.vary, /accept-encoding/i, 'a 304 needs Vary too');
      assert.ok(again.headers['cache-control'], 'a 304 needs Cache-Control too');
      assert.equal((await get(name, { ...headers, 'if-none-match': `"x", ${etag}` })).status, 304, 'among others');
      assert.equal((await get(name, { ...headers, 'if-none-match': '*' })).status, 304);
      assert.equal((await get(name, { ...headers, 'if-none-match': '"another"' })).status, 200);
      const other = encoding === 'br' ? 'gzip' : 'br';
      assert.equal((await get(name, { 'accept-encoding': other, 'if-none-match': etag })).status, 200, `the ETag of ${encoding} is not that of ${other}`);
    }
  }
});

test('HEAD answers what GET does, without the body', async () => {
  for (const name of [...all, '/', '/charte-cookies', '/charte-cookies/en', '/healthz', '/demo/portal.css']) {
    for (const encoding of ['identity', 'br']) {
      const [whole, head] = [await get(name, { 'accept-encoding': encoding }), await get(name, { 'accept-encoding': encoding }, 'HEAD')];
      assert.equal(head.status, whole.status, name);
      assert.equal(head.body.length, 0, name);
      for (const header of ['content-type', 'content-length', 'etag', 'cache-control', 'vary', 'content-encoding', 'content-security-policy']) {
        if (header === 'content-length' && !head.headers[header]) continue;
        assert.equal(head.headers[header], whole.headers[header], `${header} of HEAD ${name}`);
      }
    }
  }
});

test('If-Match of another version is refused, with a whole answer', async () => {
  for (const encoding of ['identity', 'gzip', 'br']) {
    const { headers: { etag } } = await get('/temoin.js', { 'accept-encoding': encoding }, 'HEAD');
    const refused = await get('/temoin.js', { 'accept-encoding': encoding, 'if-match': '"another"' });
    assert.equal(refused.status, 412);
    assert.equal(Number(refused.headers['content-length']), refused.body.length);
    assert.equal((await get('/temoin.js', { 'accept-encoding': encoding, 'if-match': etag })).status, 200);
  }
});

test('many ranges make no answer larger than the file', async () => {
  const ranges = 'bytes=' + Array.from({ length: 2000 }, (_, i) => `${i}-${i}`).join(',');
  for (const name of ['/temoin.js', '/charte-cookies', '/demo/portal.css']) {
    const whole = await get(name);
    const answer = await get(name, { range: ranges });
    assert.equal(answer.status, 200, name);
    assert.equal(answer.body.length, whole.body.length, name);
  }
});

test('Range answers a part, of each encoding, or says that there is none', async () => {
  const name = named(/app/);
  for (const encoding of ['identity', 'gzip', 'br']) {
    const headers = { 'accept-encoding': encoding };
    const whole = await get(name, headers);
    const part = await get(name, { ...headers, range: 'bytes=100-199' });
    assert.equal(part.status, 206, encoding);
    assert.equal(part.headers['content-range'], `bytes 100-199/${whole.body.length}`);
    assert.equal(part.headers['content-length'], '100');
    assert.ok(part.body.equals(whole.body.subarray(100, 200)), 'the bytes asked for');
    const last = await get(name, { ...headers, range: 'bytes=-10' });
    assert.ok(last.body.equals(whole.body.subarray(-10)), 'the last ten');
    assert.equal((await get(name, { ...headers, range: 'bytes=999999999-' })).status, 416);
    assert.equal((await get(name, { ...headers, range: 'bytes=0-9', 'if-range': '"another"' })).status, 200, 'If-Range of another version: the whole');
    const same = await get(name, { ...headers, range: 'bytes=0-9', 'if-range': whole.headers.etag });
    assert.equal(same.status, 206, 'If-Range of this version: the part');
  }
});

test('every answer has the security headers, and none says who serves', async () => {
  for (const [name, method] of [['/'], ['/a-propos'], ['/charte-cookies'], ['/temoin.js'], [named(/app/)], ['/healthz'], ['/nothing'], ['/temoin/nothing'], ['/', 'DELETE'], ['/charte-cookies/xx'], ['/demo/portal.css']]) {
    const isAsset = /\.(js|css|wasm)$/.test(name); // no page: it needs to be allowed nothing
    const { headers } = await get(name, {}, method);
    assert.equal(headers['x-content-type-options'], 'nosniff', name);
    assert.equal(headers['referrer-policy'], 'strict-origin-when-cross-origin', name);
    const policy = headers['content-security-policy'];
    const forPages = ["script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "require-trusted-types-for 'script'", 'trusted-types temoin'];
    for (const directive of ["default-src 'none'", "frame-ancestors 'none'", ...(isAsset ? [] : forPages)]) {
      assert.ok(policy.split('; ').includes(directive), `${directive} in the policy of ${name}: ${policy}`);
    }
    assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)|\*|http/, `the policy of ${name} must stay strict`);
    assert.equal(headers.server, undefined, 'no banner');
    assert.equal(headers['x-powered-by'], undefined, 'no banner');
    assert.equal(headers['strict-transport-security'], undefined, 'not on http');
  }
});

test('behind a proxy that speaks https, the browser is told to stay there', async () => {
  const { headers } = await get('/', { 'x-forwarded-proto': 'https' });
  assert.match(headers['strict-transport-security'], /^max-age=\d{7,}/);
});

test('no page and no asset sets a cookie', async () => {
  for (const name of ['/', '/?lang=en', '/jeux-de-donnees', '/a-propos', '/charte-cookies', '/charte-cookies/en', '/healthz', '/temoin.js', '/nothing']) {
    assert.equal((await get(name)).headers['set-cookie'], undefined, name);
  }
});

test('404 says what is there', async () => {
  const asset = await get('/temoin/app.0000000000000000.wasm');
  assert.equal(asset.status, 404);
  assert.match(asset.headers['content-type'], /^text\/plain/);
  assert.ok(asset.text.includes(named(/app/)), 'the names that are there');
  assert.doesNotMatch(asset.headers['cache-control'] ?? '', /immutable|max-age=[1-9]/, 'a 404 is not to be kept');
  const page = await get('/nothing', { accept: 'text/html' });
  assert.equal(page.status, 404);
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.match(page.text, /<a href="\/jeux-de-donnees">/, 'a way on');
  const charter = await get('/charte-cookies/xx');
  assert.equal(charter.status, 404);
  assert.match(charter.text, /fr, en/);
});

test('405 says what is allowed', async () => {
  for (const [name, method, allowed] of [['/temoin.js', 'POST', 'GET, HEAD'], [named(/app/), 'DELETE', 'GET, HEAD'], ['/', 'POST', 'GET, HEAD'], ['/a-propos', 'PUT', 'GET, HEAD'],
    ['/charte-cookies', 'PUT', 'GET, HEAD, POST'], ['/charte-cookies', 'DELETE', 'GET, HEAD, POST'], ['/healthz', 'POST', 'GET, HEAD'], ['/demo/portal.css', 'PATCH', 'GET, HEAD']]) {
    const answer = await get(name, {}, method);
    assert.equal(answer.status, 405, `${method} ${name}`);
    assert.equal(answer.headers.allow, allowed, `Allow of ${method} ${name}`);
    assert.ok(answer.text.includes(allowed), `the answer to ${method} ${name} must say what is allowed: ${answer.text}`);
  }
});

test('no path leaves what is embedded', async () => {
  for (const name of ['/../go.mod', '/temoin/../../go.mod', '/%2e%2e/go.mod', '/temoin/..%2f..%2fgo.mod', '/temoin//etc/passwd', '/demo/../../main.go', '/demo/home.html', '/demo/', '/demo/content.json', '/temoin/', '/.git/config', '/catalogue.yaml']) {
    const answer = await get(name);
    assert.ok([301, 307, 308, 400, 404].includes(answer.status), `${name} answers ${answer.status}`);
    if (answer.headers.location) assert.match(answer.headers.location, /^\/(?!\/)/, `${name} may lead to own paths only, not ${answer.headers.location}`);
  }
  for (const name of ['//evil.example/', '/\\evil.example', '//evil.example/charte-cookies', '///evil.example/..']) {
    const { headers: { location } } = await get(name);
    if (location) assert.match(location, /^\/(?![/\\])/, `${name} leads to ${location}`);
  }
});

test('/healthz answers that all is well, and with which revision', async () => {
  const answer = await get('/healthz');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^application\/json/);
  assert.equal(answer.headers['cache-control'], 'no-store');
  const { status, rev } = JSON.parse(answer.text);
  assert.equal(status, 'ok');
  assert.match(rev, /^[0-9a-f]{8}$/);
});

test('the log is structured, and holds nothing that says who asked', async () => {
  await get('/a-propos?secret=1', { 'user-agent': 'spy/1.0', cookie: 'cookies_preferences=abc' });
  await eventually(() => /path=\/a-propos/.test(server.log()), () => `a line for the request, the log is ${server.log()}`);
  for (const line of server.log().trim().split('\n')) assert.match(line, /^time=\S+ level=\w+ msg=/, 'every line must be structured');
  assert.doesNotMatch(server.log(), /secret|spy|abc|remote|127\.0\.0\.1:\d+ /, 'no address, no user agent, no query, no cookie');
});

test('a head of a request that never ends is dropped', { timeout: 20_000 }, async () => {
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  const start = Date.now();
  await new Promise((resolve, reject) => {
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '));
    socket.on('data', () => {});
    socket.on('close', resolve);
    socket.on('error', reject);
    setTimeout(() => reject(new Error('expected the server to hang up within 9 s')), 9000).unref();
  });
  assert.ok(Date.now() - start >= 3000, 'slow, but honest clients need some time');
});

test('a head of a request that is too large is refused', async () => {
  const answer = await get('/', { 'x-large': 'x'.repeat(50_000) });
  assert.equal(answer.status, 431);
});

// ---- starting and stopping ----

test('without a catalogue there is no server, and the error says what to do', async () => {
  const { code, stderr } = await temoin('serve', '-addr', '127.0.0.1:0', '-catalogue', 'catalog.yml');
  assert.equal(code, 1);
  assert.match(stderr, /^temoin: there is no catalogue catalog\.yml: write one with temoin init, or name yours with -catalogue FILE/);
});

test('a site has the banner, the charter and the API, and of all else one plain line', async (t) => {
  const own = await startTemoin(t, { command: 'serve' });
  for (const name of ['/temoin.js', '/temoin.en.js', '/charte-cookies', '/charte-cookies/en', '/.well-known/gpc.json', '/healthz', '/api/consents/checkpoint', '/temoin/catalogue.json']) {
    assert.equal((await send(own.url + name)).status, 200, name);
  }
  for (const name of ['/', '/jeux-de-donnees', '/essai', '/essai/temoin.js?theme=dsfr', '/banc', '/demo/portal.css', '/demo/video', '/nothing']) {
    const answer = await send(own.url + name);
    assert.equal(answer.status, 404, name);
    assert.match(answer.headers['content-type'], /^text\/plain/, name);
    assert.match(answer.text, /^there is nothing at [^\n]+\n$/, name);
  }
});

test('an address in use is a clear error, and exit 1', async (t) => {
  const { host } = new URL(server.url);
  const { code, stderr } = await temoin('serve', '-addr', host, '-catalogue', server.catalogue, '-data', path.join(await folder(t), 'data'));
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^temoin: listen on ${host.replaceAll('.', '\\.')}: .*address already in use`, 'm'));
});

test('a catalogue that is not valid is a clear error with its place, and exit 1', async (t) => {
  const dir = await folder(t);
  const file = path.join(dir, 'bad.yaml');
  await writeFile(file, 'site:\n  nmae: { fr: X }\n');
  const { code, stderr } = await temoin('serve', '-addr', '127.0.0.1:0', '-catalogue', file);
  assert.equal(code, 1);
  assert.match(stderr, /bad\.yaml:2:3: /);
});

test('a catalogue that cannot be read is a clear error, and exit 1', async (t) => {
  const { code, stderr } = await temoin('serve', '-addr', '127.0.0.1:0', '-catalogue', await folder(t));
  assert.equal(code, 1);
  assert.match(stderr, /^temoin: .*is a directory/);
});

test('a flag from the environment counts, and the one of the command line counts more', async (t) => {
  const dir = await folder(t);
  const { host } = new URL(server.url);
  await assert.rejects(run(binary, ['serve', '-data', path.join(dir, 'data')], { env: { ...process.env, TEMOIN_ADDR: host, TEMOIN_CATALOGUE: server.catalogue }, timeout: 10_000 }), (error) => {
    assert.match(error.stderr, /address already in use/, 'TEMOIN_ADDR must count');
    return true;
  });
  await assert.rejects(run(binary, ['serve', '-addr', host, '-catalogue', server.catalogue, '-data', path.join(dir, 'data')], { env: { ...process.env, TEMOIN_ADDR: '127.0.0.1:0' }, timeout: 10_000 }), /address already in use/);
});

test('an unknown command, flag or word is a clear error, and exit 1', async () => {
  for (const [args, says] of [[[], /no command/], [['srve'], /no command "srve"; there are init, check, serve, proxy, demo, export, receipts, backup, restore, admin, csp, audit and version/], [['serve', '-adr', 'x'], /-adr/], [['serve', 'x'], /serve takes flags only/], [['check'], /check takes one file/], [['export'], /export takes one folder/]]) {
    const { code, stderr } = await temoin(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, says, args.join(' '));
  }
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} lets a request end that runs, takes no other, and exits 0`, async (t) => {
    const own = await startTemoin(t);
    const { hostname, port } = new URL(own.url);
    // A request whose body is on its way when the signal comes.
    const socket = net.connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (data) => { answer += data; });
    const closed = new Promise((resolve) => { socket.on('close', resolve); });
    const body = 'answer=refuse&lang=fr';
    await new Promise((resolve) => { socket.write(`POST /charte-cookies HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`, resolve); });
    await send(own.url + '/healthz'); // the server has read the request's head by now
    const stopping = own.stop(signal);
    await eventually(() => own.log().includes('stopping'), 'a line that it stops');
    await assert.rejects(send(own.url + '/healthz'), /ECONNREFUSED|ECONNRESET/, 'no other request may be taken');
    socket.write(body.slice(5));
    await closed;
    assert.match(answer, /^HTTP\/1\.1 303/, 'the request that ran must be answered');
    assert.deepEqual(await stopping, { code: 0, signal: null });
  });
}

test('temoin check says that a good catalogue is good, and of a bad one all that is wrong', async (t) => {
  const good = await temoin('check', server.catalogue);
  assert.equal(good.code, 0);
  assert.match(good.stdout, /good; revision [0-9a-f]{8}, 4 categories, 8 services, in fr, en/);
  const dir = await folder(t);
  const file = path.join(dir, 'bad.yaml');
  await writeFile(file, (await readFile(server.catalogue, 'utf8'))
    .replace('category: third-party\n    name: YouTube', 'category: thrid-party\n    name: YouTube')
    .replace('duration: 13 months', 'duration: 13 monhts')
    .replace('    kind: social', '    knid: social'));
  const bad = await temoin('check', file);
  assert.equal(bad.code, 1);
  const lines = bad.stdout.trim().split('\n');
  assert.ok(lines.length >= 3, `want all three problems, got ${bad.stdout}`);
  for (const line of lines) assert.match(line, /bad\.yaml:\d+:\d+: .+; .+/, 'file:line:column: what is wrong; what would be right');
  for (const word of ['thrid-party', '13 monhts', 'knid']) assert.ok(bad.stdout.includes(word), `${word} must be named`);
});
