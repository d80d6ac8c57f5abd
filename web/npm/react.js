// The tag, the gate and the visitor's answer for React. On a server, and until the page
// is hydrated, nothing is allowed.
import { createElement, useEffect, useRef, useState, useSyncExternalStore } from 'react';

import { choice, has, holdFrame, holdScript, load, subscribe, tagAttributes } from './index.js';

const never = () => () => {};

/** Whether a category or a service is allowed; true or false as soon as that changes. */
export const useConsent = (id) => useSyncExternalStore(subscribe, () => has(id), () => false);

/** The visitor's answer, or null. */
export const useChoice = () => useSyncExternalStore(subscribe, choice, () => null);

/** The tag, for the head of the page. Where a server has written none, it is put there late. */
export function Temoin(props) {
  // React runs no script that it makes in the browser: there the effect does.
  const [written] = useState(useSyncExternalStore(never, () => false, () => true));
  const { src, lang, open } = props;
  useEffect(() => { load({ src, lang, open }).catch((error) => console.error(error.message)); }, [src, lang, open]);
  return written ? createElement('script', { ...tagAttributes(props), nonce: props.nonce, suppressHydrationWarning: true }) : null;
}

/** Its children where a category or a service is allowed, else the fallback. */
export function Consent({ to, children, fallback = null }) {
  return useConsent(to) ? children : fallback;
}

/** A script that waits for what it needs. */
export function ConsentScript({ category, service, src, module, ...attributes }) {
  useEffect(() => { holdScript({ category, service, src, module, attributes }); }, [category, service, src, module]);
  return null;
}

/** A frame, in the place of which a placeholder asks until it is allowed. */
export function ConsentFrame({ category, service, src, title, className, style, ...attributes }) {
  const place = useRef(null);
  useEffect(() => holdFrame(place.current, { category, service, src, title, attributes }), [category, service, src, title]);
  return createElement('div', { ref: place, className, style });
}
