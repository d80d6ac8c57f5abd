// The banner for who has answered before: it asks what is new, and names it. The same
// is drawn by Banner in app/banner.go once Go runs.

const places = ['p', '[data-temoin="accept"]', '[data-temoin="refuse"]'];

/**
 * @param page what the loader hands over: see main.js
 * @returns a function that has the banner name what alone is asked, else say what it says
 *   to everybody; and returns whether it does, or has yet to fetch the words
 */
export function renewal({ inLanguage, root, spoken, update, warn }) {
  const words = new Map(); // by language; null while they are on their way
  let usual = []; // what the banner says to everybody, in the language that it is drawn in
  let said; // that language, and what is named

  function fetchWords(lang) {
    words.set(lang, null);
    fetch(inLanguage('anew', lang)).then((response) => response.json()).then((found) => {
      words.set(lang, found);
      update();
    }).catch(warn);
  }

  return (asked) => {
    const lang = spoken.shell;
    const now = lang + ' ' + (asked || '');
    if (said === now) return true;
    const parts = places.map((place) => root.querySelector('.banner ' + place));
    const say = (list) => parts.forEach((part, i) => { part.textContent = list[i]; });
    if (said?.split(' ')[0] !== lang) {
      usual = parts.map(({ textContent }) => textContent);
      said = lang + ' ';
    }
    const found = words.get(lang);
    if (asked && !found) {
      if (!words.has(lang)) fetchWords(lang);
      return false;
    }
    if (asked) say([found.text.replace('{services}', () => asked.map((id) => found.names[id]).filter(Boolean).join(found.comma)), found.accept, found.refuse]);
    else say(usual);
    said = now;
    return true;
  };
}
