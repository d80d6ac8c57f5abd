// Which version this is, wherever it is said.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import tls from 'node:tls';

import { eventually, send, startTemoin, temoin } from '../lib/server.mjs';

const { stdout } = await temoin('version');
const [, number, commit] = stdout.match(/^temoin (\S+)\ncommit (\S+)\ngo\S+ \S+\/\S+\n$/) ?? assert.fail(`temoin version says ${stdout}`);

test('temoin version, /healthz, /metrics, receipts and the first line of temoin.js name one version', async (t) => {
  const server = await startTemoin(t, { command: 'serve', args: ['-metrics-addr', '127.0.0.1:0'] });
  const { version } = JSON.parse((await send(server.url + '/healthz')).text);
  assert.equal(version, commit === 'unknown' ? number : `${number}+${commit.slice(0, 12)}`);
  assert.match((await send(await eventually(server.metrics, 'the address of the metrics'))).text,
    new RegExp(`^temoin_build_info\\{commit="${commit === 'unknown' ? '' : commit}",go="go[^"]+",version="${number}"\\} 1$`, 'm'));
  assert.match((await send(server.url + '/temoin.js')).text.split('\n')[0], new RegExp(`^//# \\w+ temoin ${number}$`));
  assert.equal((await temoin('--version')).stdout, stdout);

  const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: server.url };
  assert.equal((await send(server.url + '/charte-cookies', { method: 'POST', headers, body: 'answer=refuse&lang=fr' })).status, 303);
  const receipts = await eventually(async () => { const all = await server.receipts(); return all.length && all; }, 'the receipt of a refusal');
  assert.match(JSON.stringify(receipts[0]), new RegExp(`"version":"${version.replaceAll('+', '\\+')}"`));
});

test('an authority for certificates is told who asks', async (t) => {
  const agents = [];
  const authority = http.createServer((request, response) => {
    agents.push(request.headers['user-agent']);
    response.writeHead(404).end();
  });
  await new Promise((resolve) => { authority.listen(0, '127.0.0.1', resolve); });
  t.after(() => { authority.closeAllConnections(); authority.close(); });
  const host = 'data.rivemont.example';
  const server = await startTemoin(t, { command: 'serve', args: ['-autocert', host, '-autocert-directory', `http://127.0.0.1:${authority.address().port}/`] });
  tls.connect({ host: '127.0.0.1', port: new URL(server.url).port, servername: host }).on('error', () => {});
  assert.match(await eventually(() => agents[0], 'a request of the authority'), new RegExp(`^temoin/${number}\\b`));
});
