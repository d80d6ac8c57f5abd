// Puts something of ours in the place of what browsers offer to scripts, so that it
// looks as before to all who look: name, length, prototype, instanceof, toString.
// What it calls itself is what was there at the start: a page may replace whatever
// it can reach, and must not come by what we have kept.
export const { apply, construct } = Reflect;
const { defineProperty, getOwnPropertyDescriptor } = Reflect;

/** A map or set with methods of its own: those of its prototype a page may replace, and see it there. */
export const own = (map) => Object.assign(map, { get: map.get, set: map.set, add: map.add, has: map.has, delete: map.delete });

/** What calls a method as it is now. */
export function method(prototype, name) {
  const native = prototype[name];
  return (self, ...args) => apply(native, self, args);
}

/** What reads a property by the getter that it has now. */
export function getter(prototype, name) {
  const { get } = getOwnPropertyDescriptor(prototype, name);
  return (self) => apply(get, self, []);
}

export const exec = method(RegExp.prototype, 'exec');
export const lower = method(String.prototype, 'toLowerCase');

const natives = own(new WeakMap()); // what is wrapped → what it wraps

/** Has a function pass for the one that it wraps, where it is printed. */
export const disguise = (wrapped, native) => natives.set(wrapped, native);
export const nativeOf = (wrapped) => natives.get(wrapped) ?? wrapped;

/**
 * Wraps a property of an object that has it itself.
 * @param trap (native, self, args), for a constructor (native, args, newTarget)
 * @param kind what of it: its value, or its getter or setter
 */
export function wrap(object, name, trap, kind = 'value', act = 'apply') {
  const descriptor = object && getOwnPropertyDescriptor(object, name);
  const native = descriptor?.[kind];
  if (!native) return;
  const wrapped = new Proxy(native, { __proto__: null, [act]: trap });
  disguise(wrapped, native);
  // Without a prototype: the page may have added "value" to every other object's.
  defineProperty(object, name, { __proto__: null, ...descriptor, [kind]: wrapped });
  // Else each object would hand out the one that is not wrapped.
  if (act === 'construct' && native.prototype.constructor === native) native.prototype.constructor = wrapped;
}

// ---- values that are read once ----

const trusted = ['TrustedHTML', 'TrustedScriptURL'].filter((name) => globalThis[name]).map((name) => method(globalThis[name].prototype, 'toString'));

/** The text of one of the page's own Trusted Types; undefined for what only looks like one. */
function trustedText(value) {
  for (let i = 0; i < trusted.length; i += 1) {
    try {
      return trusted[i](value);
    } catch {
      // another type
    }
  }
  return undefined;
}

const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function';

/** What may be looked at and then handed on: an object might say something else the second time. */
export const settled = (value) => (isObject(value) && trustedText(value) === undefined ? `${value}` : value);

/** The text of a settled value. */
export const textOf = (value) => (isObject(value) ? trustedText(value) : `${value}`);
