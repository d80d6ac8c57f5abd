// The cookie's value and the page's cookie jar. The value is read as Go reads
// it in app/consent/record.go: app/consent/testdata/records.json holds both to it.
import * as bundle from './bundle.js';
import { own, warn } from './bundle.js';
import { attribute, domain, isOfDomain } from './domain.js';
import { isAbroad } from './frames.js';

const printable = /^[!-~]{1,4096}$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const revision = /^[0-9a-f]{8}$/;
const name = /^[a-z][a-z0-9-]*$/;
const mark = '[\\w-]{3}([\\w-]{3}([\\w-]{3}(s|[1-9]\\d{0,3}[ihdwmy]))*)?';
const round = `${mark}(~${mark})*`;
const rounds = new RegExp(`^(?=.)(${round})?(![0-9a-z]{1,9}\\.${round})*$`);

const test = (pattern, value) => typeof value === 'string' && pattern.test(value);

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

const isAnswers = (value) => isObject(value)
  && Object.entries(value).every(([id, granted]) => name.test(id) && typeof granted === 'boolean');

/** The record that a cookie's value holds, or null where it holds none. */
export function decode(value) {
  if (!printable.test(value)) return null;
  let fields;
  try {
    fields = JSON.parse(decodeURIComponent(value));
  } catch {
    return null;
  }
  if (!isObject(fields)) return null;
  const [v, id, rev, at, choices] = ['v', 'id', 'rev', 'at', 'choices'].map((key) => own(fields, key));
  const services = Object.hasOwn(fields, 'services') ? fields.services : {};
  const of = v === 2 ? own(fields, 'of') : undefined;
  const wellFormed = (v === 1 || test(rounds, of)) && test(uuid, id) && test(revision, rev)
    && Number.isSafeInteger(at) && at > 0 && isAnswers(choices) && isAnswers(services);
  return wellFormed ? { v, id, rev, at, choices, services, of } : null;
}

/** A record as it is written: services are named only where one differs from its category. */
export const plain = ({ services, of, ...record }) => ({ ...record, services: Object.keys(services)[0] ? services : undefined, of });

export const encode = (record) => encodeURIComponent(JSON.stringify(plain(record)));

const day = 86400; // seconds

/** Whether what was answered then still counts: see Record.Valid in app/consent/record.go. */
export function lasts(at) {
  const age = Date.now() / 1000 - at;
  return age <= bundle.lifetime && age >= -day;
}

/** The page's cookies, as name=value; none where cookies are denied. */
function pairs() {
  let cookies = '';
  try {
    cookies = document.cookie;
  } catch {
    // A sandboxed frame has no cookies, and says so by an exception.
  }
  return cookies.split(';').map((pair) => pair.trim());
}

/** The values of all the page's cookies of our name. */
export const values = () => pairs()
  .filter((pair) => pair.startsWith(bundle.cookie + '='))
  .map((pair) => pair.slice(bundle.cookie.length + 1));

/** The names of all the page's cookies. */
export const names = () => pairs().map((pair) => pair.split('=')[0]).filter(Boolean);

/** A line as browsers take it here: in a frame of another site, for that site alone. */
export const fitting = (line) => (isAbroad ? line.replace('; SameSite=Lax', '') + '; SameSite=None; Partitioned' : line);

function set(line) {
  try {
    document.cookie = fitting(line);
  } catch {
    // As above: whoever writes reads back, and finds nothing.
  }
}

/** The attributes that the server prepared; without the domain where the page is no page of its. */
function attributes() {
  if (!domain || isOfDomain(location.hostname)) return bundle.attributes;
  warn(`the choice is kept for ${location.hostname} alone, which is no part of cookie.domain, ${domain}`);
  return bundle.attributes.replace(attribute, '');
}

/** Writes a value with the attributes that the server prepared. */
export function write(value) {
  const line = bundle.cookie + '=' + value + attributes() + (location.protocol === 'https:' ? '; Secure' : '');
  set(line);
  if (values().length > 1) {
    erase();
    set(line);
  }
}

/** Deletes our cookie. */
export const erase = () => eraseNamed(bundle.cookie);

/**
 * Deletes the cookies of that name on every path and parent domain that the page
 * can reach: those of names such as __Secure-x, and those that are kept apart for
 * this site (Partitioned), go by a line that says so.
 */
export function eraseNamed(name) {
  for (const path of folders(location.pathname)) {
    for (const kind of ['', '; Secure', '; Secure; Partitioned']) {
      const line = name + '=; Max-Age=0; Path=' + path + kind;
      set(line);
      for (let domain = location.hostname; domain.includes('.'); domain = domain.slice(domain.indexOf('.') + 1)) {
        set(line + '; Domain=' + domain);
      }
    }
  }
}

/** The paths whose cookies a page sees: / /a /a/ /a/b for /a/b. One with a semicolon can be no cookie's. */
export function folders(path) {
  const list = [path];
  for (let i = 0; i < path.length; i++) {
    if (path[i] === '/') list.push(path.slice(0, i), path.slice(0, i + 1));
  }
  return list.filter((folder) => folder && !folder.includes(';'));
}
