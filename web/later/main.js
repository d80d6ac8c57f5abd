// later.js: what a page needs only once the visitor or a form in it asks for it. The loader (web/loader/fetch-later.js) fetches it then.
import { delivery } from './deliver.js';
import { elsewhere } from './elsewhere.js';
import { watchFocus } from './focus.js';
import { followForms } from './form.js';
import { followModals } from './modal.js';

// The contract between the two. The loader hands over, by the names that they have
// in its own modules:
//
//	has, known, onChange, refresh   choice.js
//	answer, choose                  layers.js
//	receipts                        report.js: the queue, and how one is posted
//	host, root, raise               place.js: where the layers are, the element that holds them
//	warn                            bundle.js
//	services                        the category of each service
//	home                            frames.js
//	charter                         the address of the charter
//
// and is handed:
//
//	deliver()                  delivers the receipts that wait
//	submit(form, value)        takes the answer of the charter's form
//	openElsewhere()            opens the choices where this page draws none

/** Begins, once in a page. */
export function begin(page) {
  watchFocus(page);
  followModals(page);
  return { deliver: delivery(page), submit: followForms(page), openElsewhere: elsewhere(page) };
}
