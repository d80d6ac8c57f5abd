// The parent domain that shares the choice: the catalogue's cookie.domain.
import * as bundle from './bundle.js';

/** The attribute that names it, and the domain; nothing where the choice is the host's alone. */
export const [attribute, domain] = /; Domain=\.?([^;]+)/i.exec(bundle.attributes) ?? [];

/** Whether a host is one of it. */
export const isOfDomain = (host) => !!domain && ('.' + host).endsWith('.' + domain);
