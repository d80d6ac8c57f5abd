// Which services an address is one of: the same rule as HostRules in
// app/consent/hosts.go; app/consent/testdata/hosts.json holds both to it.
import * as bundle from './bundle.js';
import { has } from './choice.js';

/** The rules in the order in which they count: [host, path, services]. */
const rules = (bundle.hosts ?? []).map(([pattern, ids]) => {
  const [, host, path] = /^([^/]*)(.*)$/.exec(pattern);
  return [host, path, ids];
});

/** What is in any markup that names one of them. */
export const words = rules.map(([host, path]) => path || host.replace('*', ''));

const matches = (pattern, host) => (pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : host === pattern);

/** A path that ends with a slash stands for all beneath it, another for itself, none for all. */
const beneath = (pattern, path) => (/^$|\/$/.test(pattern) ? path.startsWith(pattern) : path === pattern);

/** The services of an address, all of which have to be allowed, divided by spaces; or undefined. */
export function servicesAt(url) {
  try {
    const { hostname, pathname } = new URL(url, document.baseURI);
    return rules.find(([host, path]) => matches(host, hostname) && beneath(path, pathname))?.[2];
  } catch {
    return undefined; // the browser will not load it either
  }
}

/** Whether one of several services is not allowed. */
export const isWaiting = (ids) => !ids.split(' ').every(has);

/** What has to be allowed before url is loaded, as data-consent says it, or undefined. */
export function waitsFor(url) {
  const ids = servicesAt(url);
  return ids && isWaiting(ids) ? ids : undefined;
}
