// Bundles of the libraries from npm that other people's pages are made with.
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { build } from 'esbuild';

import { folder as newFolder, repository } from './server.mjs';

const folder = path.join(repository, 'server/e2e/guests');

/** In development libraries say what they find wrong. */
const options = {
  bundle: true,
  write: false,
  absWorkingDir: folder,
  define: { 'process.env.NODE_ENV': '"development"', __VUE_OPTIONS_API__: 'true', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'true' },
};

/** The text of a bundle of guests/entry, with what esbuild is told besides. */
export const bundle = async (entry, more) => (await build({ ...options, entryPoints: [entry], ...more })).outputFiles[0].text;

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

/** Builds guests/astro as its makers would; returns what is to be served, by its path: '/one/index.html' → text. */
export async function makeAstro(t) {
  process.env.ASTRO_TELEMETRY_DISABLED = '1';
  const astro = await import('astro');
  const root = path.join(folder, 'astro');
  // It runs what it makes. Outside of the working directory that would lie in that, where no package is found.
  const outDir = path.join(root, '.astro', `made-${process.pid}`);
  t.after(() => rm(outDir, { recursive: true, force: true }));
  await astro.build({ root, outDir, cacheDir: await newFolder(t), logLevel: 'error' });
  const files = (await readdir(outDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return Object.fromEntries(await Promise.all(files.map(async ({ parentPath, name }) => {
    const file = path.join(parentPath, name);
    return ['/' + path.relative(outDir, file), await readFile(file, 'utf8')];
  })));
}
