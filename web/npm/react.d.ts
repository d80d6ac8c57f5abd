import type { CSSProperties, ReactNode } from 'react';

import type { Held, Tag } from './index.js';

/** Whether a category or a service is allowed; it follows the visitor's answer. */
export function useConsent(id: string): boolean;

/** The visitor's answer, or null. */
export function useChoice(): TemoinRecord | null;

/** The tag, for the head of the page: before every script that it is to hold back. */
export function Temoin(props: Tag & { nonce?: string }): ReactNode;

/** Its children where a category or a service is allowed, else the fallback. */
export function Consent(props: { to: string; children?: ReactNode; fallback?: ReactNode }): ReactNode;

/** A script that waits for what it needs, and runs once in a page. More props are attributes of the script. */
export function ConsentScript(props: Omit<Held, 'attributes'> & { module?: boolean; [attribute: `data-${string}`]: string }): ReactNode;

/** A frame, in the place of which a placeholder asks until it is allowed. More props are attributes of the frame. */
export function ConsentFrame(props: Omit<Held, 'attributes'> & {
  title: string;
  className?: string;
  style?: CSSProperties;
  width?: string;
  height?: string;
  allow?: string;
}): ReactNode;
