// What a page that loads temoin.js finds: the object window.temoin and the
// events on document. Serve it from /temoin/temoin.d.ts, or keep a copy:
//
//     /// <reference path="temoin.d.ts" />

/** What a visitor answered, and what of it stands. */
interface TemoinRecord {
  /** Version of the format. */
  readonly v: 1 | 2;
  /** A random UUID. It names the answer, not the visitor: each answer has another. */
  readonly id: string;
  /** Revision of the catalogue that was answered, 8 hexadecimal digits. */
  readonly rev: string;
  /** When, in seconds since 1970. */
  readonly at: number;
  /** The answer for each category, by its id. */
  readonly choices: Readonly<Record<string, boolean>>;
  /** Services whose answer differs from their category's, by their id. */
  readonly services?: Readonly<Record<string, boolean>>;
  /**
   * What is still to be answered, though the rest stands: ids of categories and
   * services that are new, or have changed. They are refused meanwhile.
   */
  readonly asked: readonly string[];
}

/**
 * The answer that has just been given, or none of its keys where it was taken
 * back by reset().
 */
interface TemoinChange extends Partial<TemoinRecord> {
  /** The answer before, or null. */
  readonly previous: TemoinRecord | null;
  /**
   * Names, or patterns with *, of cookies of services that are no longer
   * allowed which no script can delete: another site's, or HttpOnly ones.
   */
  readonly kept: readonly string[];
}

interface Temoin {
  /** Resolves once the document has been read, with the visitor's answer or null. */
  readonly ready: Promise<TemoinRecord | null>;
  /** The visitor's answer, or null: not asked yet, or expired. */
  readonly choice: TemoinRecord | null;
  /** Whether a category or a service is allowed now. It is right from the first line of the page's own scripts. */
  has(id: string): boolean;
  /** Opens the dialog; where it cannot be drawn, leads to the charter. */
  open(): Promise<void>;
  /** Allows everything. */
  accept(): void;
  /** Refuses all that can be refused. */
  refuse(): void;
  /** Keeps an answer: a category that is not named is refused, a service follows its category. */
  save(choices: Readonly<Record<string, boolean>>): void;
  /** Takes the answer back: the visitor is asked again. */
  reset(): void;
}

interface Window {
  readonly temoin: Temoin;
}

declare const temoin: Temoin;

/** A script's request to a host that the catalogue names, whose service is not allowed. */
interface TemoinHeld {
  /** Ids of the services that have to be allowed. */
  readonly services: readonly string[];
  /** What was called: fetch, XMLHttpRequest, sendBeacon, WebSocket and so on. */
  readonly kind: string;
  /** The address, as it was given. */
  readonly url: string;
  /** Whether it is sent after consent; else it has failed. */
  readonly waits: boolean;
}

interface DocumentEventMap {
  /** Once, when the document has been read; detail is the visitor's answer, or null. */
  'temoin:ready': CustomEvent<TemoinRecord | null>;
  /** After each answer, also one from another tab. */
  'temoin:change': CustomEvent<TemoinChange>;
  /** When a request is held; elements that wait have data-consent. */
  'temoin:held': CustomEvent<TemoinHeld>;
}
