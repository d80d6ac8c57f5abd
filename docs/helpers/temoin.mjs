// What a visitor has allowed, read on a server from the cookie that Témoin keeps
// it in. catalogue is what /temoin/catalogue.json holds. Whatever is in doubt
// counts as no choice.

const id = /^[a-z][a-z0-9-]*$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const rev = /^[0-9a-f]{8}$/;
const mark = '[\\w-]{3}([\\w-]{3}([\\w-]{3}(s|[1-9]\\d{0,3}[ihdwmy]))*)?';
const round = `${mark}(~${mark})*`;
const rounds = new RegExp(`^(?=.)(${round})?(![0-9a-z]{1,9}\\.${round})*$`);
const day = 86_400; // s by which a visitor's clock may be ahead

/**
 * What stands of a Cookie header's newest record, or null: ask, and allow nothing. asked
 * names what is new or has changed, and waits for an answer.
 */
export function choice(header, catalogue, now = Date.now() / 1000) {
  let newest = null;
  for (const pair of header.split(';')) {
    const [, name, value] = pair.match(/^[ \t]*([^=]*)=(.*?)[ \t]*$/s) ?? [];
    const record = name === catalogue.cookie.name ? decode(value) : null;
    const standing = record && lasts(record.at, catalogue, now) ? stand(record, catalogue, now) : null;
    if (standing && !(standing.at <= newest?.at)) newest = standing;
  }
  return newest;
}

/** Whether a category or service, by its id, may run for who made this choice. */
export function allowed(record, { categories, services, marks = {} }, wanted) {
  const known = (list) => list?.find((one) => one.id === wanted);
  const service = known(categories) ? undefined : known(services);
  const category = categories.find((one) => one.id === (service?.category ?? wanted));
  if (!category) return false;
  if (category.necessary) return true;
  if (!services?.some((one) => one.category === category.id)) return false; // nobody is asked about it
  if (!own(marks, category.id)) return false; // nothing is in it
  if (!record) return Boolean(service?.anonymous || category.anonymous); // only an exempt audience measure runs unasked
  return own(service && record.services, wanted) ?? own(record.choices, category.id) ?? false;
}

/** The record that a cookie's value holds, or null where it holds none. */
export function decode(value) {
  try {
    if (!/^[!-~]{1,4096}$/.test(value)) return null;
    const record = JSON.parse(decodeURIComponent(value));
    const good = (record.v === 1 || (record.v === 2 && typeof record.of === 'string' && rounds.test(record.of)))
      && typeof record.id === 'string' && uuid.test(record.id)
      && typeof record.rev === 'string' && rev.test(record.rev)
      && Number.isSafeInteger(record.at) && record.at > 0
      && answers(record.choices)
      && (record.services === undefined || answers(record.services));
    return good ? record : null;
  } catch {
    return null;
  }
}

/** What of a record stands for the catalogue, an answer for each category, or null. */
function stand(record, catalogue, now) {
  const { categories, marks = {} } = catalogue;
  const rounds = roundsOf(record, catalogue);
  const standing = rounds.filter(([at]) => lasts(at, catalogue, now));
  const recorded = standing.flatMap(([, list]) => list);
  // A record of the catalogue's own revision counts as it says, until the first of its answers is over.
  const isWhole = record.rev === catalogue.rev && standing.length === rounds.length;
  const found = (id) => recorded.filter((old) => old.slice(0, 3) === marks[id].slice(0, 3));
  const states = new Map();
  const exempt = new Set();
  for (const [category, services] of offered(catalogue)) {
    const granted = own(record.choices, category.id);
    const answered = found(category.id).length > 0;
    const its = services.map(({ id, anonymous }) => {
      const apart = own(record.services, id);
      const was = found(id);
      const says = apart ?? granted;
      if (anonymous || category.anonymous) exempt.add(id);
      if (isWhole) states.set(id, Boolean(says));
      else if ((was.length && says === false) || (apart === undefined && answered && granted === false)) states.set(id, false);
      else states.set(id, says && was.some((old) => covers(old, marks[id])) ? true : undefined);
      return states.get(id);
    });
    const stands = answered && (granted === false || (granted && (its.includes(true) || !its.includes(undefined))));
    states.set(category.id, isWhole ? Boolean(granted) : stands ? granted : undefined);
    if (category.anonymous) exempt.add(category.id);
  }
  const all = [...states.values()];
  if (all.every((state) => state === undefined)) return null;
  // An exempt measure that comes new is on, but for who has refused everything.
  const granted = (id) => states.get(id) ?? (all.includes(true) && exempt.has(id));
  const choices = Object.fromEntries(categories.filter(({ necessary }) => necessary).map(({ id }) => [id, true]));
  const apart = {};
  const asked = [];
  for (const [{ id: category }, services] of offered(catalogue)) {
    choices[category] = granted(category);
    for (const { id } of services) if (granted(id) !== granted(category)) apart[id] = granted(id);
    const open = services.map(({ id }) => id).filter((id) => states.get(id) === undefined && !exempt.has(id));
    if (open.length && states.get(category) === undefined && !exempt.has(category)) asked.push(category);
    asked.push(...open);
  }
  return { ...record, choices, services: apart, asked };
}

/** The categories that can be refused, each with its services. */
const offered = ({ categories, services, marks = {} }) => categories.filter(({ id }) => own(marks, id))
  .map((category) => [category, (services ?? []).filter((service) => service.category === category.id)]);

/** What the answers are answers to: when, and the marks of what was answered then. */
function roundsOf(record, catalogue) {
  if (record.v === 2) {
    return record.of.split('!').map((text) => {
      const [list, at] = text.split('.').reverse();
      return [at ? parseInt(at, 36) : record.at, list.split('~').filter(Boolean)];
    });
  }
  // Version 1 says so by its revision alone: of another catalogue, what was refused stands.
  const list = [];
  const add = (id, granted) => {
    if (!granted) list.push(catalogue.marks[id].slice(0, 3));
    else if (record.rev === catalogue.rev) list.push(catalogue.marks[id]);
  };
  for (const [category, services] of offered(catalogue)) {
    const granted = own(record.choices, category.id);
    if (granted === undefined) continue;
    add(category.id, granted);
    for (const { id } of services) {
      const apart = own(record.services, id) ?? (granted || undefined);
      if (apart !== undefined) add(id, apart);
    }
  }
  return [[record.at, list]];
}

const minutes = { s: 0, i: 1, h: 60, d: 1440, w: 10_080, m: 43_200, y: 525_600 };
const cookies = (text) => [...text.slice(6).matchAll(/(...)(\d*)(.)/g)].map(([, name, count, unit]) => [name, count * minutes[unit]]);

/** Whether an answer to what one mark stands for is one to what another does. */
function covers(was, is) {
  const known = new Map(cookies(was));
  return was.slice(0, 6) === is.slice(0, 6) && cookies(is).every(([name, lasting]) => known.get(name) >= lasting);
}

const lasts = (at, { lifetime }, now) => now - at >= -day && now - at <= lifetime;

const own = (object, key) => (object && Object.hasOwn(object, key) ? object[key] : undefined);

const answers = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)
  && Object.entries(value).every(([key, granted]) => id.test(key) && typeof granted === 'boolean');
