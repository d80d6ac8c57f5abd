// Records as the contract writes them, for tests that come back with a cookie.
import { send } from './server.mjs';

export const now = () => Math.floor(Date.now() / 1000);
export const day = 86_400;
export const lifetime = 180 * day;

/** The revision of the catalogue that a server serves. */
export async function revision(url) { return JSON.parse((await send(url + '/healthz')).text).rev; }

/** One answer for what is necessary and for the categories that are asked about: those of rich.yaml, if no others are named. */
export const choices = (granted, asked = ['statistics', 'third-party']) => ({ necessary: true, ...Object.fromEntries(asked.map((id) => [id, granted])) });

let count = 0;

/** A record's fields, with an id of its own. */
export function record(rev, fields = {}) {
  count += 1;
  return { v: 1, id: `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`, rev, at: now(), choices: choices(false), ...fields };
}

export const encode = (fields) => encodeURIComponent(JSON.stringify(fields));

/** The same as the browser is to keep it. */
export const cookie = (url, fields, attributes = {}) => ({
  name: 'cookies_preferences',
  value: typeof fields === 'string' ? fields : encode(fields),
  url,
  expires: now() + 30 * day,
  sameSite: 'Lax',
  ...attributes,
});
