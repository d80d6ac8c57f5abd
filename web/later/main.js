// later.js: what a page needs only once the visitor, an embed or a form in it asks
// for it. The loader (web/loader/fetch-later.js) fetches it then.
import { delivery } from './deliver.js';
import { watchFocus } from './focus.js';
import { followForms } from './form.js';
import { drawing } from './placeholder.js';

// The contract between the two. The loader hands over, by the names that they have
// in its own modules:
//
//	has, known, onChange, refresh   choice.js
//	answer, choose                  layers.js
//	receipts                        report.js: the queue, and how one is posted
//	root                            shell.js: the element that holds the layers
//	parse                           trusted.js
//	warn                            bundle.js
//	services                        the category of each service
//	placeholders()                  fetches what placeholders show, by id
//
// and is handed:
//
//	deliver()                  delivers the receipts that wait
//	submit(form, value)        takes the answer of the charter's form
//	fill(box, id, once)        fills a placeholder

/** Begins, once in a page. */
export function begin(page) {
  watchFocus(page);
  return { deliver: delivery(page), submit: followForms(page), fill: drawing(page) };
}
