// Signals: services that take consent from the page are told, each in its own
// words, "denied" before anything and the choice when it is made. Only those
// are addressed that the catalogue names.
import * as bundle from './bundle.js';
import { own, warn } from './bundle.js';
import { has, onChange, refused } from './choice.js';
import { attempt } from './dom.js';

const [google, matomo, matomoExempt, uet, clarity] = ['google', 'matomo', 'matomoExempt', 'uet', 'clarity']
  .map((name) => own(bundle.signals ?? {}, name));

const word = (granted) => (granted ? 'granted' : 'denied');

const sent = {}; // what has been told, by the name of the queue
const said = new Set(); // names of what is no queue, once the console has said so

/**
 * Has hand(other, value) called whenever another value takes the place of what a variable
 * of the page's holds, from the first call on. The page's "var dataLayer" stays its own: nothing can follow it.
 */
function follow(name, hand) {
  if (Object.hasOwn(sent, name)) return;
  sent[name] = [];
  let value = own(window, name); // an element of that name is no queue
  // Without a prototype: the page may have added "value" to every other object's.
  Reflect.defineProperty(window, name, {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get: () => value,
    set(other) {
      attempt(() => hand(other, value));
      value = other;
    },
  });
}

/**
 * Adds to a queue of the page's. A page that begins its queue anew after us,
 * "dataLayer = []", finds in the new one what was told before.
 */
function tell(name, ...entries) {
  attempt(() => {
    follow(name, (other) => {
      // What a service puts in its place has read the queue, and is none.
      if (Array.isArray(other) && !other.includes(sent[name].at(-1))) other.unshift(...sent[name]);
    });
    const queue = (window[name] ||= []);
    sent[name].push(...entries);
    if (queue.push) queue.push(...entries);
    else if (!said.has(name)) {
      said.add(name);
      warn(`signals: ${name} is no array, and nobody can be told the choice in it: want ${name} = []`);
    }
  });
}

const googleTypes = ['ad_storage', 'ad_user_data', 'ad_personalization', 'analytics_storage',
  'functionality_storage', 'personalization_storage', 'security_storage'];

const layer = google?.layer ?? 'dataLayer';

/** Google Consent Mode, version 2: its commands are argument lists in dataLayer, or what the page calls it. */
function gtag() {
  // eslint-disable-next-line prefer-rest-params -- Google reads an arguments object, not an array
  tell(layer, arguments);
}

const states = (isGranted) => Object.fromEntries(googleTypes.map((type) => [type, word(isGranted(type))]));

const byChoice = (type) => type === 'security_storage' || (Object.hasOwn(google.types, type) && has(google.types[type]));

function beginGoogle() {
  const wait = google.wait ? { wait_for_update: google.wait } : {};
  gtag('consent', 'default', { ...states((type) => type === 'security_storage'), ...wait });
  if (google.passthrough) gtag('set', 'url_passthrough', true);
  if (google.redaction) gtag('set', 'ads_data_redaction', true);
}

function tellGoogle(record) {
  gtag('consent', 'update', states(byChoice));
  if (record) tell(layer, { event: 'temoin_change', temoin: { ...record.choices, ...record.services } });
}

function tellMatomo() {
  tell('_paq', [has(matomo) ? 'setCookieConsentGiven' : 'forgetCookieConsentGiven']);
}

/** An exempt measure runs without asking; who objects is left out of it. */
function tellExemptMatomo() {
  if (refused(matomoExempt)) tell('_paq', ['optUserOut']);
  else if (has(matomoExempt)) tell('_paq', ['forgetUserOptOut']);
}

const tellUET = () => tell('uetq', 'consent', 'update', { ad_storage: word(has(uet)) });

function tellClarity() {
  attempt(() => {
    // A snippet that does not look puts its own function there, which goes on with this one's queue.
    follow('clarity', (other, value) => { if (other && value?.q) other.q ??= value.q; });
    window.clarity ||= function stub() {
      // eslint-disable-next-line prefer-rest-params -- as Clarity's own stub does
      (window.clarity.q ||= []).push(arguments);
    };
    window.clarity('consentv2', { ad_Storage: 'denied', analytics_Storage: word(has(clarity)) });
  });
}

/** Says "denied" before the page's own scripts run, then what is allowed. */
export function signals(record) {
  if (google) beginGoogle();
  if (matomo) tell('_paq', ['requireCookieConsent']);
  if (uet) tell('uetq', 'consent', 'default', { ad_storage: 'denied' });
  if (clarity) tellClarity();
  if (record) tellAll(record);
  else if (matomoExempt) tellExemptMatomo();
  onChange(tellAll);
}

function tellAll(record) {
  if (google) tellGoogle(record);
  if (matomo) tellMatomo();
  if (matomoExempt) tellExemptMatomo();
  if (uet) tellUET();
  if (clarity) tellClarity();
}
