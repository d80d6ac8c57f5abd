// What the browser talks to in the tests: the real server, and in front of it a
// site of our own that can be slow, broken or somebody else's page. Faults are
// made here and not in the browser, so that every browser meets the same ones.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
export const repository = path.resolve(here, '../../..');
export const binary = process.env.TEMOIN_BIN ? path.resolve(process.env.TEMOIN_BIN) : path.join(repository, 'bin/temoin');

export const run = promisify(execFile);

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** How much longer than usual the tests wait: a busy machine needs 2 or 3. */
export const patience = Number(process.env.TEMOIN_PATIENCE ?? 1);

/** The two example catalogues, as text: one that asks for nothing, and one that asks for much. */
export const plainCatalogue = () => readFile(path.join(repository, 'server/demo/catalogue.yaml'), 'utf8');
export const richCatalogue = () => readFile(path.join(repository, 'server/demo/rich.yaml'), 'utf8');

/** The first of them with one service that it asks for, and nothing to hold or to erase. */
export const smallCatalogue = async () => await plainCatalogue() + '  - { id: video, category: third-party, name: Video, provider: Video, purpose: Play videos. }\n';

/** Runs temoin with arguments to its end; returns { code, stdout, stderr }. */
export async function temoin(...args) {
  try {
    return { code: 0, ...await run(binary, args, { timeout: 30_000 }) };
  } catch (error) {
    return { code: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}

/** Runs temoin admin with a line on its standard input; returns { code, said }. */
export function admin(data, line, ...args) {
  return new Promise((resolve) => {
    const child = execFile(binary, ['admin', ...args, '-data', data], { timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, said: stdout + stderr });
    });
    child.stdin.end(line + '\n');
  });
}

/** A new folder that goes away with the test, or the suite, t. */
export async function folder(t) {
  const dir = await mkdtemp(path.join(tmpdir(), 'temoin-e2e-'));
  cleanup(t, () => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Has done called after the test t, or where t is node:test's after, after the suite. */
function cleanup(t, done) {
  if (typeof t === 'function') t(done);
  else t.after(done);
}

/** Waits until look returns something; fails, saying what was expected, after a time. */
export async function eventually(look, expected, { within = 10_000, every = 30 } = {}) {
  const end = Date.now() + within * patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) {
      const words = typeof expected === 'function' ? await expected() : expected;
      throw new Error(`expected within ${within * patience} ms: ${words}`);
    }
    await pause(every);
  }
}

/**
 * Waits for what the browser saves into a folder under a name that matches;
 * Firefox has a file there before anything is in it.
 * @returns { name, file, text }
 */
export async function saved(dir, pattern) {
  const name = await eventually(
    async () => (await readdir(dir)).find((name) => pattern.test(name)),
    async () => `a file ${pattern}; there are ${await readdir(dir)}`,
  );
  const file = path.join(dir, name);
  return { name, file, text: await eventually(() => readFile(file, 'utf8'), `something in ${name}`) };
}

// A test that is broken off must leave no server behind.
const children = new Set();
process.on('exit', () => { for (const child of children) child.kill('SIGKILL'); });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/**
 * Starts the demo, or with the command serve a site's own server, with a catalogue and receipts of its own. All clients are
 * one to it, so it does not bound how much one may report.
 * @param t the test, or node:test's after
 * @param options.files how many files it may have open, connections among them
 * @returns { url, metrics(), log(), catalogue, data, change(text), receipts(), signal(name), stop() }
 */
export async function startTemoin(t, { catalogue, command = 'demo', args = [], files } = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), 'temoin-e2e-'));
  const file = path.join(dir, 'catalogue.yaml');
  const data = path.join(dir, 'data');
  await writeFile(file, catalogue ?? await richCatalogue());
  const [program, ...before] = files ? ['sh', '-c', `ulimit -n ${files}; exec "$0" "$@"`, binary] : [binary];
  const child = spawn(program, [...before, command, '-addr', '127.0.0.1:0', '-catalogue', file, '-data', data, '-rate', '0', '-max-age', '0', '-log', 'debug', ...args]);
  children.add(child);
  const ended = new Promise((resolve) => { child.on('close', (code, signal) => { children.delete(child); resolve({ code, signal }); }); });
  let [out, log] = ['', ''];
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { log += data; });
  child.on('error', (error) => { log += error; });

  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), 12_000);
    const end = await ended;
    clearTimeout(killer);
    return end;
  };
  cleanup(t, async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });
  const url = await eventually(
    () => out.match(/answers on (\S+)/)?.[1],
    () => `a line "Témoin answers on http://…" from ${binary}; it said:\n${out}${log}`,
    { within: 60_000 }, // many languages on a busy machine take their time
  );
  /** The receipts that the server keeps, in the order in which they came. */
  const receipts = async () => {
    const { code, stdout, stderr } = await temoin('receipts', 'export', '-format', 'jsonl', '-data', data);
    if (code !== 0) throw new Error(`temoin receipts export ended with ${code}: ${stderr}`);
    return stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  };
  const metrics = () => out.match(/Metrics are on (\S+)/)?.[1];
  const signal = (name) => child.kill(name);
  return { url, metrics, signal, catalogue: file, data, log: () => log, change: (text) => writeFile(file, text), receipts, stop, ended };
}

/**
 * Starts a site: pages of its own, and behind them, if there is one, a server
 * whose answers it may delay, spoil or replace.
 * @param t the test, or node:test's after
 * @param upstream URL of the server for what the site has not itself
 * @param folders URLs of other servers by the folder that they answer: { '/temoin/': url }
 */
export async function startSite(t, { upstream, folders, tls } = {}) {
  const site = new Site(upstream, folders);
  const listener = (request, response) => {
    site.answer(request, response).catch((error) => {
      if (!response.headersSent) response.writeHead(502);
      response.end(String(error));
    });
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  server.on('clientError', (error, socket) => socket.destroy());
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  site.port = server.address().port;
  site.url = `${tls ? 'https' : 'http'}://127.0.0.1:${site.port}`;
  site.secure = !!tls;
  cleanup(t, () => {
    site.reset();
    server.closeAllConnections();
    return new Promise((resolve) => { server.close(resolve); });
  });
  return site;
}

class Site {
  #pages = new Map();
  #rules = [];
  #waiting = new Set();

  /** Every request that came: { method, path, url, headers, body }; the body once it has come. */
  requests = [];

  constructor(upstream, folders = {}) {
    this.upstream = upstream;
    this.folders = Object.entries(folders);
  }

  /** Answers path with a page. */
  page(path, html, headers = {}, status = 200) {
    this.#pages.set(path, { body: html, status, headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', ...headers } });
    return this.url + path;
  }

  file(path, body, headers) { this.#pages.set(path, { body, status: 200, headers }); }

  /** Paths that were asked for and match. */
  asked(pattern) { return this.requests.filter((request) => pattern.test(request.path)).map((request) => request.path); }

  /** Changes what the server behind answers: change(answer) gets { status, headers, body }. */
  alter(pattern, change) { this.#rules.push({ pattern, change }); }

  /** Answers in the server's place, which is not asked. */
  instead(pattern, status, headers = {}, body = 'instead') { this.#rules.push({ pattern, instead: { status, headers: { 'content-type': 'text/plain', ...headers }, body: Buffer.from(body) } }); }

  /** Answers a status in the server's place, which is asked all the same. */
  fail(pattern, status = 404) { this.alter(pattern, () => ({ status, headers: { 'content-type': 'text/plain' }, body: Buffer.from('made to fail') })); }

  /** Adds or, with null, removes headers. */
  headers(pattern, headers) {
    this.alter(pattern, (answer) => {
      const all = { ...answer.headers, ...headers };
      for (const [name, value] of Object.entries(all)) if (value === null) delete all[name];
      return { ...answer, headers: all };
    });
  }

  /** Holds answers back until the function that it returns is called, or forever. */
  hold(pattern) {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    this.#waiting.add(release);
    this.alter(pattern, async (answer) => { await held; return answer; });
    return release;
  }

  /** Lets everything through again, and forgets what was asked. */
  reset() {
    for (const release of this.#waiting) release();
    this.#waiting.clear();
    this.#rules = [];
    this.requests = [];
  }

  async answer(request, response) {
    const { pathname } = new URL(request.url, this.url);
    const asked = { method: request.method, path: pathname, url: request.url, headers: request.headers };
    this.requests.push(asked);
    asked.body = await bodyOf(request);
    const page = this.#pages.get(pathname);
    if (page) {
      response.writeHead(page.status, page.headers);
      response.end(page.body);
      return;
    }
    if (!this.#upstreamOf(request.url)) {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('no such page');
      return;
    }
    const applies = (rule) => rule.pattern.test(pathname);
    let answer = this.#rules.find((rule) => rule.instead && applies(rule))?.instead ?? await this.#forward(asked);
    for (const rule of this.#rules) {
      if (rule.change && applies(rule)) answer = await rule.change(answer);
    }
    if (answer.breakAfter === undefined) {
      response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
      response.end(request.method === 'HEAD' ? undefined : answer.body);
    } else {
      response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
      response.write(answer.body.subarray(0, answer.breakAfter), () => response.destroy());
    }
  }

  #upstreamOf(url) { return this.folders.find(([folder]) => url.startsWith(folder))?.[1] ?? this.upstream; }

  async #forward({ method, url, headers: own, body }) {
    const headers = { ...own, ...(this.secure && { 'x-forwarded-proto': 'https' }) };
    if (this.#rules.length) headers['accept-encoding'] = 'identity';
    return send(this.#upstreamOf(url) + url, { method, headers, body });
  }
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** One request as it is, nothing decoded and no redirect followed. */
export function send(url, { method = 'GET', headers = {}, body, timeout = 15_000 } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false, timeout }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => {
        const { connection, 'transfer-encoding': chunked, 'keep-alive': alive, ...rest } = response.headers;
        resolve({ status: response.statusCode, headers: rest, body: Buffer.concat(chunks), text: Buffer.concat(chunks).toString() });
      });
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${url} within ${timeout} ms`)));
    request.on('error', reject);
    request.end(body);
  });
}

/** A certificate, for 127.0.0.1 if for nobody else, that lasts as long as the tests. */
export async function certificate(t, host = '127.0.0.1') {
  const dir = await folder(t);
  const { stdout: root } = await run('go', ['env', 'GOROOT'], { cwd: repository });
  await run('go', ['run', path.join(root.trim(), 'src/crypto/tls/generate_cert.go'), '--host', host, '--ecdsa-curve', 'P256'], { cwd: dir, env: { ...process.env, GOFLAGS: '' } });
  return { cert: await readFile(path.join(dir, 'cert.pem')), key: await readFile(path.join(dir, 'key.pem')) };
}
