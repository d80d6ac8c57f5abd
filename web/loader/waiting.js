// The attributes in which addresses wait: data-src, data-srcset and so on, or, where
// something that loads lazily looks there, data-consent-src, data-consent-srcset.

/** The attributes by which elements load. srcset comes before src, so that no image is asked for twice. */
export const loading = ['srcset', 'src', 'href', 'data', 'poster', 'imagesrcset', 'srcdoc'];

/** What an embed has while it is open; the content of a template that has it stands behind it. */
export const opened = 'data-consent-open';

/** Matches what has an address that waits. */
export const waiting = loading.map((name) => `[data-${name}],[data-consent-${name}]`).join();

/** Whether it has. */
export const waits = (element) => Element.prototype.matches.call(element, waiting);

/**
 * Moves the addresses from data-src to data-consent-src, and so on: what loads
 * lazily looks at the first, and would load them.
 */
export function shelter(element) {
  for (const name of loading) {
    const value = element.getAttribute('data-' + name);
    if (!value) continue;
    element.setAttribute('data-consent-' + name, value);
    element.setAttribute('data-' + name, '');
  }
}

/** The addresses of an element that wait, as [attribute, address]. */
export const addresses = (element) => loading
  .map((name) => [name, element.getAttribute('data-consent-' + name)])
  .filter(([, value]) => value !== null);
