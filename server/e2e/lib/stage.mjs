// What nearly every file of tests begins with: one browser, one server, and a
// site in front of it.
import { after, beforeEach } from 'node:test';

import { launch } from './browser.mjs';
import { revision } from './records.mjs';
import { startSite, startTemoin } from './server.mjs';

/**
 * Starts the three; each test begins with a site without faults.
 * @param whole see launch in browser.mjs
 */
export async function stage({ catalogue, whole } = {}) {
  const server = await startTemoin(after, { catalogue });
  const [browser, site] = await Promise.all([launch(after, { whole }), startSite(after, { upstream: server.url })]);
  beforeEach(() => site.reset());
  return { server, browser, site, rev: await revision(server.url) };
}

/** The demo's pages, each with the script tag. */
export const demoPages = ['/', '/jeux-de-donnees', '/jeux-de-donnees/comptages-velos', '/jeux-de-donnees/qualite-air', '/a-propos', '/essai', '/essai?lang=en', '/?lang=en', '/charte-cookies', '/charte-cookies/en'];

export const program = /^\/temoin\/app\..*\.wasm$/;
export const runtime = /^\/temoin\/runtime\..*\.js$/;
export const dialog = /^\/temoin\/dialog\..*\.js$/;
export const later = /^\/temoin\/later\..*\.js$/;
export const edition = /^\/temoin\/edition\./;
export const loader = /^\/temoin(\.\w+)?\.js$/;
export const parts = /^\/temoin\//;
