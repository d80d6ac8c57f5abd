// The charter's form, answered in the page: it then works where no server is
// behind it, on a static host. Without this script the server answers it.
import { bundle } from './bundle.js';
import { has, onChange } from './choice.js';
import { accept, choose, refuse } from './layers.js';

export function listenForForm() {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!form.matches('form[data-temoin-form]')) return;
    event.preventDefault();
    const answer = event.submitter?.value;
    if (answer === 'accept') accept('form');
    else if (answer === 'refuse') refuse('form');
    else choose(meaning(new FormData(form).getAll('allow')), 'form');
    showChoice();
  });
  onChange(showChoice);
}

/** Ticks what is allowed now, whichever way it was answered. */
function showChoice() {
  for (const box of document.querySelectorAll('form[data-temoin-form] [name="allow"]')) box.checked = has(box.value);
}

/** What the ticked boxes allow: see FormDraft in app/charter.go. */
function meaning(ticked) {
  const answers = Object.fromEntries(ticked.map((id) => [id, true]));
  for (const category of new Set(Object.values(bundle.services))) {
    const services = Object.keys(bundle.services).filter((id) => bundle.services[id] === category);
    for (const id of services) answers[id] ??= false;
    answers[category] = services.every((id) => answers[id]);
  }
  return answers;
}
