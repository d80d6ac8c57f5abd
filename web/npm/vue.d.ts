import type { ComputedRef, DefineComponent, MaybeRefOrGetter, SlotsType } from 'vue';

import type { Held, Tag } from './index.js';

/** Whether a category or a service is allowed; it follows the visitor's answer. */
export function useConsent(id: MaybeRefOrGetter<string>): ComputedRef<boolean>;

/** The visitor's answer, or null. */
export function useChoice(): ComputedRef<TemoinRecord | null>;

/** The tag, for the head of the page: before every script that it is to hold back. */
export const Temoin: DefineComponent<Tag>;

/** What stands in its slot where a category or a service is allowed, else its slot fallback. */
export const Consent: DefineComponent<{ to: string }, {}, {}, {}, {}, {}, {}, {}, string, {}, {}, {}, SlotsType<{ default?: {}; fallback?: {} }>>;

/** A script that waits for what it needs, and runs once in a page. More attributes are those of the script. */
export const ConsentScript: DefineComponent<Omit<Held, 'attributes'> & { module?: boolean }>;

/** A frame, in the place of which a placeholder asks until it is allowed. More attributes are those of the frame. */
export const ConsentFrame: DefineComponent<Omit<Held, 'attributes'> & { title: string }>;
