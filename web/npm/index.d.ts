/// <reference path="./temoin.d.ts" />

/** window.temoin once temoin.js has run, else null. */
export function temoin(): Temoin | null;

/** Whether a category or a service is allowed now; false on a server, and until temoin.js has run. */
export function has(id: string): boolean;

/** The visitor's answer, or null: not asked yet, expired, or on a server. */
export function choice(): TemoinRecord | null;

/** Calls listener whenever the answer may have changed; returns what ends that. */
export function subscribe(listener: () => void): () => void;

/** The tag: see docs/page.md. */
export interface Tag {
  /** Address of temoin.js; /temoin.js if not said. */
  src?: string;
  /** Language of the banner, in the place of the page's. */
  lang?: string;
  /** Selector of more elements that open the dialog. */
  open?: string;
}

/** The attributes of the tag, for a framework that writes the head itself. */
export function tagAttributes(tag: Tag): Record<string, string>;

/**
 * Resolves with window.temoin: of a tag that the page has already, else of one that is
 * put into it now. What the page has begun before that has not been held back: the
 * tag's place is first in the head.
 */
export function load(tag?: Tag): Promise<Temoin>;

/** What needs consent, and for what. */
export interface Held {
  /** Id of a category. */
  category: string;
  /** Id of a service, which is answered apart from its category. */
  service?: string;
  src: string;
  /** More attributes of the element. */
  attributes?: Readonly<Record<string, string>>;
}

/** Puts a script into the page's head, where it waits for what it needs. It runs once in a page. */
export function holdScript(held: Held & { module?: boolean }): void;

/** Puts a frame into an element, where a placeholder stands until it is allowed; returns what takes it out again. */
export function holdFrame(into: Element, held: Held & { title: string }): () => void;
