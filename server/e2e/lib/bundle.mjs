// Bundles of the libraries from npm that other people's pages are made with.
import path from 'node:path';

import { build } from 'esbuild';

import { repository } from './server.mjs';

const folder = path.join(repository, 'server/e2e/guests');

/** In development libraries say what they find wrong. */
const options = {
  bundle: true,
  write: false,
  absWorkingDir: folder,
  define: { 'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'true' },
};

const bundle = async (entry, more) => (await build({ ...options, entryPoints: [entry], ...more })).outputFiles[0].text;

/**
 * What a server and a browser have of a page: { html, client }.
 * @param name of its files in guests
 * @param alias packages in the place of others
 */
export async function makePage(name, alias = {}) {
  const [server, client] = await Promise.all([
    bundle(`${name}-server.js`, { alias, platform: 'node', format: 'esm', banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" } }),
    bundle(`${name}-client.js`, { alias, format: 'iife' }),
  ]);
  const { html } = await import(`data:text/javascript;base64,${Buffer.from(server).toString('base64')}`);
  return { html, client };
}
