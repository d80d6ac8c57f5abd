// Other people's programs, which run beside the tests and end with them.
import { spawn } from 'node:child_process';
import net from 'node:net';

import { eventually } from './server.mjs';

// A proxy that is told to end takes its workers with it; one that is killed does not.
const children = new Set();
process.on('exit', () => { for (const child of children) child.kill('SIGTERM'); });

/** A port on which nothing listens, which the caller takes at once. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return port;
}

const connects = (to) => new Promise((resolve) => {
  const socket = net.connect(to, () => { socket.destroy(); resolve(true); });
  socket.on('error', () => resolve(false));
});

/**
 * Runs a program until it takes connections; it ends after the test t, or where t is node:test's after, after the suite.
 * @param to where it listens, as net.connect takes it
 * @param options of spawn; and configuration, a text that is shown where the program fails
 * @returns what ends it
 */
export async function startProgram(t, [program, ...args], to, { configuration = '', ...options } = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  children.add(child);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { log += data; });
  child.on('error', (error) => { log += error; });
  const ended = new Promise((resolve) => { child.on('close', () => { children.delete(child); resolve(); }); });
  const stop = () => { child.kill('SIGTERM'); return ended; };
  t.after ? t.after(stop) : t(stop);
  await eventually(() => {
    if (!children.has(child)) throw new Error(`${program} has ended; it said:\n${log}\n${configuration}`);
    return connects(to);
  }, () => `${program} at ${JSON.stringify(to)}; it said:\n${log}`, { within: 20_000 });
  return stop;
}
