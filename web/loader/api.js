// window.temoin and the events: what the page's own scripts may ask and hear.
import { current, has, onChange, whenKnown } from './choice.js';
import { whenReady, whenShown } from './dom.js';
import * as layers from './layers.js';

const emit = (name, detail) => document.dispatchEvent(new CustomEvent('temoin:' + name, { detail }));

/** Whether an earlier temoin.js of this page is there; an element with that id is not one. */
export const isExposed = () => Object.hasOwn(window, 'temoin');

/** @param beyondReach see withdraw.js; absent where no service keeps anything */
export function expose(beyondReach = () => []) {
  const ready = new Promise((resolve) => {
    whenReady(() => whenShown(() => whenKnown.then(() => {
      emit('ready', current());
      resolve(current());
    })));
  });
  const api = {
    ready,
    get choice() { return current(); },
    has,
    open: () => layers.open(),
    accept: () => layers.answer('accept', 'api'),
    refuse: () => layers.answer('refuse', 'api'),
    save: (choices) => layers.choose(choices, 'api'),
    reset: layers.reset,
  };
  // Without a prototype: the page may have added "get" to every other object's.
  Object.defineProperty(window, 'temoin', { __proto__: null, value: Object.freeze(api) });
  onChange((record, previous) => emit('change', { ...record, previous: previous ?? null, kept: beyondReach(previous) }));
}
