// Withdrawal: what a service stored while it was allowed goes when it no longer
// is, on every path and parent domain that the page may reach. A tracker that
// still runs may write it anew, so it is looked for again.
import * as bundle from './bundle.js';
import { own } from './bundle.js';
import { grants, has, isKnown, onChange } from './choice.js';
import { eraseNamed, names } from './cookie.js';

const declared = Object.entries(bundle.erase ?? {});
const again = [1000, 5000, 20_000]; // ms after a withdrawal

function cleanUp() {
  clean();
  onChange((_, previous) => {
    clean();
    if (previous) for (const delay of again) setTimeout(clean, delay);
  });
  addEventListener('pagehide', clean);
}

/**
 * Names of what services keep that were allowed by previous and no longer are:
 * of what no script can delete, and of the cookies that are still there.
 */
function beyondReach(previous) {
  const withdrawn = declared.filter(([id]) => grants(previous, id) && !has(id)).map(([, stored]) => stored);
  const left = matching(withdrawn.flatMap((stored) => own(stored, 'cookies') ?? []), names());
  const spared = matching(sparedOf('cookies'), left);
  return [...withdrawn.flatMap(({ kept = [] }) => kept), ...new Set(left.filter((name) => !spared.includes(name)))];
}

/** Where services keep things: how to list what is there, and how to delete one of it. */
const places = {
  cookies: [names, eraseNamed],
  local: [() => Object.keys(localStorage), (key) => localStorage.removeItem(key)],
  session: [() => Object.keys(sessionStorage), (key) => sessionStorage.removeItem(key)],
  databases: [async () => (await indexedDB.databases()).map(({ name }) => name), (name) => indexedDB.deleteDatabase(name)],
  caches: [() => caches.keys(), (name) => caches.delete(name)],
};

function clean() {
  if (!isKnown()) return; // nothing of what may be allowed goes meanwhile
  for (const [place, [list, erase]] of Object.entries(places)) {
    const mayNot = patterns(place, false);
    if (mayNot.length) eraseFrom(list, erase, mayNot, sparedOf(place));
  }
}

/** What services that are allowed, or are not, keep in a place. */
const patterns = (place, granted) => declared.filter(([id]) => has(id) === granted).flatMap(([, stored]) => own(stored, place) ?? []);

/** What stays there, whatever the pattern of another says. */
const sparedOf = (place) => [...patterns(place, true), ...(own(bundle.keep, place) ?? [])];

const matching = (patterns, names) => names.filter((name) => patterns.some((pattern) => new RegExp(pattern).test(name)));

/** Deletes what one of patterns matches and none of keep, for what two services name the one that may keeps. */
async function eraseFrom(list, erase, patterns, keep) {
  try {
    const there = list();
    const found = there.then ? await there : there;
    const kept = matching(keep, found);
    for (const name of matching(patterns, found)) if (!kept.includes(name)) erase(name);
  } catch {
    // Where a storage is denied, nothing is in it.
  }
}

export const withdraw = { cleanUp, beyondReach };
