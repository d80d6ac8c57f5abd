// The charter's form, answered in the page: it then works where no server is
// behind it, on a static host. Without this script the server answers it.

/**
 * @param page what the loader hands over: see main.js
 * @returns a function that takes the answer of a form, as the button of that value sends it
 */
export function followForms({ services, current, has, onChange, answer, choose }) {
  /** Ticks what is allowed now, whichever way it was answered. */
  function showChoice() {
    for (const box of document.querySelectorAll('form[data-temoin-form] [name="allow"]')) box.checked = has(box.value);
  }

  /** What the ticked boxes allow: see FormDraft in app/charter.go. */
  function meaning(ticked) {
    const answers = Object.fromEntries(ticked.map((id) => [id, true]));
    for (const category of new Set(Object.values(services))) {
      const its = Object.keys(services).filter((id) => services[id] === category);
      for (const id of its) answers[id] ??= false;
      const old = its.filter((id) => !current()?.asked.includes(id));
      answers[category] = (old[0] ? old : its).every((id) => answers[id]);
    }
    return answers;
  }

  onChange(showChoice);
  return (form, value) => {
    if (value === 'accept' || value === 'refuse') answer(value, 'form');
    else choose(meaning(new FormData(form).getAll('allow')), 'form');
    showChoice();
  };
}
