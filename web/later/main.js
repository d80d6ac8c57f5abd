// later.js: what a page needs only once the visitor or a form in it asks for it. The loader (web/loader/fetch-later.js) fetches it then.
import { renewal } from './anew.js';
import { delivery } from './deliver.js';
import { elsewhere } from './elsewhere.js';
import { watchFocus } from './focus.js';
import { followForms } from './form.js';
import { followModals } from './modal.js';
import { standing } from './standing.js';

// The contract between the two. The loader hands over, by the names that they have
// in its own modules:
//
//	grants, has, known, onChange, refresh   choice.js
//	encode, lasts                   cookie.js
//	cookie, rev, categories, necessary, exempt, marks   bundle.js
//	answer, choose                  layers.js
//	receipts                        report.js: the queue, and how one is posted
//	host, root, raise               place.js: where the layers are, the element that holds them
//	warn                            bundle.js
//	services                        the category of each service
//	home                            frames.js
//	charter                         the address of the charter
//	inLanguage, spoken, update      fetch-later.js, layers.js: what is said in which language; draws what has changed
//
// and is handed:
//
//	deliver()                  delivers the receipts that wait
//	submit(form, value)        takes the answer of the charter's form
//	openElsewhere()            opens the choices where this page draws none
//	standing                   says what stands of earlier answers, and writes over them
//	anew(asked)                has the banner name what alone is asked

/** Begins, once in a page. */
export function begin(page) {
  watchFocus(page);
  followModals(page);
  return { deliver: delivery(page), submit: followForms(page), openElsewhere: elsewhere(page), anew: renewal(page), standing: standing(page) };
}
