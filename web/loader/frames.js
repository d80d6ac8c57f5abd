// Where the page stands: by itself; in a frame of its own site, whose choice it
// shares; or in one of another site, where browsers keep no cookie of its.
import * as bundle from './bundle.js';
import { isOfDomain } from './domain.js';

/** The farthest window around this page that is of its origin, as all between them are, or the page's own. */
export const home = (() => {
  let found = window;
  while (found.frameElement) found = found.parent;
  return found;
})();

/** Whether the pages of an origin have the same cookie of ours: by their host, or by cookie.domain. */
function shares(page) {
  const { protocol, hostname } = new URL(page);
  return protocol === location.protocol && (hostname === location.hostname || (isOfDomain(hostname) && isOfDomain(location.hostname)));
}

const isSandboxed = origin === 'null';

/** Whether it stands in another site's; what cannot be known is another's. */
export const isAbroad = home !== top && (isSandboxed || ![...location.ancestorOrigins ?? ['null:']].every(shares));

/** Whether all is refused here, and nothing asked. */
export const isRefused = isAbroad && (isSandboxed || !bundle.frames);

/** Whether no layers are drawn here: another page asks, or nobody does. */
export const isBare = isRefused || window !== (isAbroad ? home : top);
