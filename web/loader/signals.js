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

/** Makes a global variable of the page's one whose every change is heard of, where it can be. */
function follow(name, value, changed) {
  attempt(() => Object.defineProperty(window, name, {
    // The page may have added "value" to every other object's.
    __proto__: null,
    configurable: true,
    enumerable: true,
    get: () => value,
    set(other) {
      if (other === value) return;
      value = other;
      changed(other);
    },
  }));
}

/**
 * Adds to a queue of the page's. A page that begins its queue anew after us,
 * "dataLayer = []", finds in the new one what was told before.
 */
function tell(name, ...entries) {
  if (!Object.hasOwn(sent, name)) {
    sent[name] = [];
    follow(name, window[name] || [], (other) => {
      // What a service puts in its place has read the queue, and is none.
      if (Array.isArray(other) && !other.includes(sent[name].at(-1))) other.unshift(...sent[name]);
    });
  }
  sent[name].push(...entries);
  const queue = window[name];
  if (typeof queue?.push === 'function') attempt(() => queue.push(...entries));
  else warn(`signals: ${name} is no array, so whoever reads it does not hear of the choice; want ${name} = []`);
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

let isFollowed = false; // whether another function in Clarity's place is told, too

const callClarity = () => attempt(() => window.clarity('consentv2', { ad_Storage: 'denied', analytics_Storage: word(has(clarity)) }));

function tellClarity() {
  if (!isFollowed) follow('clarity', window.clarity || stub, callClarity);
  isFollowed = true;
  callClarity();
}

/** What Clarity is until it has come: it finds in q what it was told, as it does in its own. */
function stub() {
  // eslint-disable-next-line prefer-rest-params -- as Clarity's own stub does
  (window.clarity.q ||= []).push(arguments);
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
