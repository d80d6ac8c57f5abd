// The proxies of docs/recipes, as Debian has them, in front of a server: each
// with the recipe's own lines, in which the ports, the certificate and what goes
// to Témoin are replaced by those of the test.
import { spawn } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';

import { certificate, eventually, folder, repository } from './server.mjs';

export const site = 'data.rivemont.example';

/** What is replaced in each recipe, what is put around it, and how it is run. */
const proxies = {
  nginx: {
    recipe: 'nginx.conf',
    replace: { 'listen 443': 'listen 127.0.0.1:PORT' },
    around: (text, dir) => `daemon off; worker_processes 2; pid ${dir}/pid; error_log ${dir}/error.log;
events {}
http {
  access_log off; client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
${text}}
`,
    command: (file) => ['/usr/sbin/nginx', '-c', file],
  },
  apache: {
    recipe: 'apache.conf',
    replace: { '*:443': '127.0.0.1:PORT' },
    around: (text, dir, port) => `${['mpm_event', 'authz_core', 'socache_shmcb', 'headers', 'proxy', 'proxy_http', 'ssl', 'http2']
      .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`).join('')}ServerName ${site}
Listen 127.0.0.1:${port} https
PidFile ${dir}/pid
ErrorLog ${dir}/error.log
DefaultRuntimeDir ${dir}
${process.getuid() === 0 ? 'User www-data\nGroup www-data\n' : ''}${text}`,
    command: (file) => ['/usr/sbin/apache2', '-DFOREGROUND', '-f', file],
  },
  caddy: {
    recipe: 'Caddyfile',
    replace: { [`${site} {`]: `https://${site}:PORT {\n\tbind 127.0.0.1\n\ttls CERT KEY` },
    around: (text, dir) => `{\n\tadmin off\n\tauto_https off\n\tstorage file_system ${dir}\n}\n${text}`,
    command: (file) => ['/usr/bin/caddy', 'run', '--adapter', 'caddyfile', '--config', file],
  },
  haproxy: {
    recipe: 'haproxy.cfg',
    replace: { 'bind :443': 'bind 127.0.0.1:PORT' },
    around: (text) => text,
    command: (file) => ['/usr/sbin/haproxy', '-db', '-f', file],
  },
};

export const names = Object.keys(proxies);

/** The same with the recipes for a proxy in front of temoin proxy: everything goes to it. */
const inFront = { nginx: 'nginx-edge.conf', apache: 'apache-edge.conf', caddy: 'Caddyfile-edge' };
for (const [name, recipe] of Object.entries(inFront)) proxies[`${name}-edge`] = { ...proxies[name], recipe };
export const edgeNames = Object.keys(inFront).map((name) => `${name}-edge`);

// A proxy that is told to end takes its workers with it; one that is killed does not.
const children = new Set();
process.on('exit', () => { for (const child of children) child.kill('SIGTERM'); });

/** A port on which nothing listens. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

/** Replaces what is there once, and says so where it is not. */
function replaced(text, old, fresh) {
  if (text.split(old).length !== 2) throw new Error(`expected ${old} once in the recipe:\n${text}`);
  return text.replace(old, () => fresh);
}

/**
 * Starts a proxy in front of the server at upstream, http://host:port or unix:/path, as the recipe has it.
 * @param t the test, or node:test's after
 * @param change what else is changed in the recipe, old text to new
 * @returns { port, name, cert, stop() }
 */
export async function startProxy(t, name, upstream, change = {}) {
  const { recipe, replace, around, command } = proxies[name];
  const dir = await folder(t);
  await chmod(dir, 0o755); // nginx and Apache work as somebody else
  const { cert, key } = await certificate(t, site);
  const files = { CERT: path.join(dir, 'cert.pem'), KEY: path.join(dir, 'key.pem') };
  await writeFile(files.CERT, Buffer.concat([cert, key]));
  await writeFile(files.KEY, key);

  const port = await freePort();
  let text = await readFile(path.join(repository, 'docs/recipes', recipe), 'utf8');
  for (const [old, fresh] of Object.entries({ ...replace, '127.0.0.1:8080': upstream.replace(/^http:\/\//, ''), ...change })) text = replaced(text, old, fresh);
  text = text.replaceAll(`/etc/ssl/${site}.pem`, files.CERT).replaceAll(`/etc/ssl/${site}.key`, files.KEY)
    .replace('CERT', files.CERT).replace('KEY', files.KEY).replace('PORT', port);
  const file = path.join(dir, recipe);
  await writeFile(file, around(text, dir, port));

  return { name, port, cert, stop: await start(t, name, port, command(file), text) };
}

/** Starts an nginx that serves the files of a folder, compressed where that is wanted; returns { url, stop() }. */
export async function startNginx(t, root) {
  const dir = await folder(t);
  await chmod(dir, 0o755);
  const port = await freePort();
  const text = proxies.nginx.around(`types { text/html html; text/csv csv; }
gzip on; gzip_types text/csv;
server { listen 127.0.0.1:${port}; root ${root}; }
`, dir);
  const file = path.join(dir, 'nginx.conf');
  await writeFile(file, text);
  return { url: `http://127.0.0.1:${port}`, stop: await start(t, 'nginx', port, proxies.nginx.command(file), text) };
}

/** Runs a proxy until it takes connections; returns what ends it. */
async function start(t, name, port, [program, ...args], text) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { log += data; });
  child.on('error', (error) => { log += error; });
  let over = false;
  const ended = new Promise((resolve) => { child.on('close', () => { over = true; children.delete(child); resolve(); }); });
  const stop = () => { child.kill('SIGTERM'); return ended; };
  t.after ? t.after(stop) : t(stop);
  await eventually(() => {
    if (over) throw new Error(`${name} has ended, with the configuration\n${text}\nand said:\n${log}`);
    return connects(port);
  }, () => `${name} on port ${port}; it said:\n${log}`, { within: 20_000 });
  return stop;
}

function connects(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}
