// What a visitor has allowed, read on a server from the cookie that Témoin keeps
// it in. catalogue is what /temoin/catalogue.json holds. Whatever is in doubt
// counts as no choice.

const id = /^[a-z][a-z0-9-]*$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const rev = /^[0-9a-f]{8}$/;
const day = 86_400; // s by which a visitor's clock may be ahead

/** The newest valid record of a Cookie header, or null: ask, and allow nothing. */
export function choice(header, catalogue, now = Date.now() / 1000) {
  let newest = null;
  for (const pair of header.split(';')) {
    const [, name, value] = pair.match(/^[ \t]*([^=]*)=(.*?)[ \t]*$/s) ?? [];
    const record = name === catalogue.cookie.name ? decode(value) : null;
    if (record?.rev !== catalogue.rev) continue;
    const age = now - record.at;
    if (age >= -day && age <= catalogue.lifetime && !(record.at <= newest?.at)) newest = record;
  }
  return newest;
}

/** Whether a category or service, by its id, may run for who made this choice. */
export function allowed(record, { categories, services }, wanted) {
  const known = (list) => list?.find((one) => one.id === wanted);
  const service = known(categories) ? undefined : known(services);
  const category = categories.find((one) => one.id === (service?.category ?? wanted));
  if (!category) return false;
  if (category.necessary) return true;
  if (!services?.some((one) => one.category === category.id)) return false; // nobody is asked about it
  if (!record) return Boolean(service?.anonymous || category.anonymous); // only an exempt audience measure runs unasked
  return own(service && record.services, wanted) ?? own(record.choices, category.id) ?? false;
}

/** The record that a cookie's value holds, or null where it holds none. */
export function decode(value) {
  try {
    if (!/^[!-~]{1,4096}$/.test(value)) return null;
    const record = JSON.parse(decodeURIComponent(value));
    const good = record.v === 1
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

const own = (object, key) => (object && Object.hasOwn(object, key) ? object[key] : undefined);

const answers = (value) => value !== null && typeof value === 'object' && !Array.isArray(value)
  && Object.entries(value).every(([key, granted]) => id.test(key) && typeof granted === 'boolean');
