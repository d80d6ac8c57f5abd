// Which services an address is one of: the same rule as HostRules in
// app/consent/hosts.go; app/consent/testdata/hosts.json holds both to it.
import * as bundle from './bundle.js';
import { has } from './choice.js';
import { exec, getter, lower, method } from './wrap.js';

const Address = URL; // a page may put its own in the place of the browser's, and of all that follows
const hostOf = getter(URL.prototype, 'hostname');
const pathOf = getter(URL.prototype, 'pathname');
const baseOf = getter(Node.prototype, 'baseURI'); // an image named baseURI would be document.baseURI
const slice = method(String.prototype, 'slice');
const split = method(String.prototype, 'split');
const includes = method(String.prototype, 'includes');

/** The rules in the order in which they count: [host, path, services, what is in any markup that names one of them]. */
const rules = (bundle.hosts ?? []).map(([pattern, ids]) => {
  const [, host, path] = /^([^/]*)(.*)$/.exec(pattern);
  return [host, path, ids, (path || host.replace('*', '')).toLowerCase()];
});

const byHost = { __proto__: null }; // the numbers of rules by their hosts
for (const [i, [host]] of rules.entries()) (byHost[host] ??= []).push(i);

/** A path that ends with a slash stands for all beneath it, another for itself, none for all. */
const beneath = (pattern, path) => (slice(pattern, -1) === '/' ? slice(path, 0, pattern.length) === pattern : !pattern || path === pattern);

/** The services of an address, all of which have to be allowed, divided by spaces; or undefined. */
export function servicesAt(url) {
  let host;
  let path;
  try {
    const address = new Address(url, baseOf(document));
    host = hostOf(address);
    path = pathOf(address);
  } catch {
    return undefined; // the browser will not load it either
  }
  if (slice(host, -1) === '.') host = slice(host, 0, -1); // the same host, from the root of all names
  let first = rules.length;
  const look = (pattern) => {
    const numbers = byHost[pattern];
    for (let i = 0; i < numbers?.length; i += 1) if (numbers[i] < first && beneath(rules[numbers[i]][1], path)) first = numbers[i];
  };
  look(host);
  for (let i = 0; i < host.length; i += 1) if (host[i] === '.') look('*' + slice(host, i));
  return rules[first]?.[2];
}

/** Whether one of several services is not allowed. */
export function isWaiting(ids) {
  const each = split(ids, ' ');
  for (let i = 0; i < each.length; i += 1) if (!has(each[i])) return true;
  return false;
}

/** What has to be allowed before url is loaded, as data-consent says it, or undefined. */
export function waitsFor(url) {
  const ids = servicesAt(url);
  return ids && isWaiting(ids) ? ids : undefined;
}

/** Two of those together. */
export const both = (ids, more) => (ids && more && ids !== more ? `${ids} ${more}` : ids || more);

/** What has to be allowed before any image of a set is loaded. Addresses may hold commas, and follow one. */
export function setWaitsFor(images) {
  let ids;
  const look = (pattern) => { for (let found; (found = exec(pattern, images));) ids = both(ids, waitsFor(found[0])); };
  look(/\S+/g);
  look(/[^\s,]+/g);
  return ids;
}

/** What has to be allowed before markup is shown of which nobody knows what it will load. */
export function markupWaitsFor(markup) {
  const text = lower(markup);
  let ids;
  for (let i = 0; i < rules.length; i += 1) if (includes(text, rules[i][3]) && isWaiting(rules[i][2])) ids = both(ids, rules[i][2]);
  return ids;
}
