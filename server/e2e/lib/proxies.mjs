// The proxies of docs/recipes, as Debian has them, in front of a server: each
// with the recipe's own lines, in which the ports, the certificate and what goes
// to Témoin are replaced by those of the test.
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { freePort, startProgram } from './programs.mjs';
import { certificate, folder, repository } from './server.mjs';

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

  return { name, port, cert, stop: await startProgram(t, command(file), { port, host: '127.0.0.1' }, { configuration: text }) };
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
  return { url: `http://127.0.0.1:${port}`, stop: await startProgram(t, proxies.nginx.command(file), { port, host: '127.0.0.1' }, { configuration: text }) };
}
