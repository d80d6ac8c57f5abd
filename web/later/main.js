// later.js: what a page needs only once the visitor, an embed or a form in it asks
// for it. The loader (web/loader/later.js) fetches it then.
import { delivery } from './deliver.js';
import { watchFocus } from './focus.js';
import { followForms } from './form.js';
import { drawing } from './placeholder.js';

/**
 * Begins, once in a page.
 * @param page what of the loader it works with, by the names that it has there
 */
export function begin(page) {
  watchFocus(page);
  return { deliver: delivery(page), submit: followForms(page), fill: drawing(page) };
}
