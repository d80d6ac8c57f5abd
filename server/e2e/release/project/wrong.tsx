import { has } from 'temoin';
import { Consent, ConsentFrame } from 'temoin/react';
import { useConsent } from 'temoin/vue';

// @ts-expect-error an id is a string
has(1);
// @ts-expect-error it has to say what for
export const consent = <Consent>text</Consent>;
// @ts-expect-error a frame has a title
export const frame = <ConsentFrame category="third-party" src="/" />;
// @ts-expect-error it is a value that changes, not a boolean
export const allowed: boolean = useConsent('youtube');
// @ts-expect-error the choice cannot be written
temoin.choice!.choices.statistics = true;
