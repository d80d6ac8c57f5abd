// What a placeholder shows: what the embed would be, and the way to allow it,
// once or always. The markup was prepared by Go.

/**
 * @param page what the loader hands over: see main.js
 * @returns a function that fills the box in the place of an embed that waits for
 *   id; once lets the embed in for this page
 */
export function filling({ placeholders, services, parse, warn, known, has, choose, isRefused, onLanguage, language }) {
  let markups = null; // promise of the markup by id, and its style, fetched when first needed
  let spoken; // its language
  const drawn = []; // references to the boxes' trees in shadow, with what each asks for: [reference, id]

  async function fetchMarkups() {
    spoken = language();
    const response = await placeholders();
    if (!response.ok) throw new Error('answers ' + response.status);
    return response.json();
  }

  /** The markup in the page's language, which may change while it is fetched. */
  async function latest() {
    const asked = markups ??= fetchMarkups();
    const markup = await asked;
    return asked === markups ? markup : latest();
  }

  /** What has the focus keeps it. */
  function write(shadow, markup, id) {
    const focused = shadow.activeElement?.dataset.temoin;
    shadow.replaceChildren(parse(markup[id]));
    if (isRefused) shadow.querySelector('[data-temoin="always"]').remove(); // no answer is kept here
    if (focused) shadow.querySelector(`[data-temoin="${focused}"]`).focus();
  }

  onLanguage(async () => {
    if (!markups || spoken === language()) return;
    const before = markups;
    markups = fetchMarkups();
    try {
      const markup = await latest();
      for (const [reference, id] of drawn) if (reference.deref()) write(reference.deref(), markup, id);
    } catch (error) {
      markups = before;
      warn('placeholder:', error);
    }
  });

  /** Allows one category, with its services, or one service, and leaves the rest as it is. */
  function allow(id) {
    const isMeant = (other) => other === id || services[other] === id;
    choose(Object.fromEntries(known().map((other) => [other, isMeant(other) || has(other)])), 'embed');
  }

  function draw(box, markup, id, once) {
    if (!Object.hasOwn(markup, id)) return; // unknown: the console says so
    const shadow = box.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(markup.style);
    shadow.adoptedStyleSheets = [sheet];
    write(shadow, markup, id);
    drawn.push([new WeakRef(shadow), id]);
    shadow.addEventListener('click', (event) => {
      const action = event.target.closest('[data-temoin]')?.dataset.temoin;
      if (!action) return;
      // An embed may lie in a link, or in a card that leads somewhere.
      event.preventDefault();
      event.stopPropagation();
      if (action === 'once') once();
      if (action === 'always') allow(id);
    });
  }

  return async (box, id, once) => {
    try {
      draw(box, await latest(), id, once);
    } catch (error) {
      warn('placeholder:', error);
    }
  };
}
