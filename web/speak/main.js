// speak.js: the page's language may change without a load. What is drawn then says the
// same in the other one, where it stands: what has the focus, is switched or unfolded
// stays so. The loader (web/loader/layers.js) fetches it then.

// The contract between the two. The loader hands over, by the names that they have
// in its own modules:
//
//	language, inLanguage           language.js, fetch-later.js: the address of a file in a language
//	spoken, texts, speak, update   layers.js: the language of each part that is drawn; what is said
//	dialog(), go()                 layers.js: the dialog, and what Go can be asked where it runs
//	relabel                        shell.js
//	root                           shell.js: the element that holds the layers
//	parse, placed, warn            trusted.js, bundle.js
//
// and is handed a function that brings all that is drawn into the page's language.

const said = ['lang', 'dir', 'href'];

/** Gives a node the words of its like in another language. */
function translate(node, like) {
  for (const name of said) if (like.hasAttribute(name)) node.setAttribute(name, like.getAttribute(name));
  if (!like.childElementCount) {
    // The text itself stays: WebKit loses the press of a button whose text is another one when it ends.
    (node.firstChild ?? node).textContent = like.textContent;
    return;
  }
  [...like.childNodes].forEach((child, i) => {
    if (child.nodeType === Node.ELEMENT_NODE) translate(node.childNodes[i], child);
    else node.childNodes[i].data = child.data;
  });
}

/** Begins, once in a page. */
export function begin({ root, parse, placed, warn, language, inLanguage, spoken, speak, texts, relabel, update, dialog, go }) {
  const fetched = async (name, lang) => {
    const response = await fetch(inLanguage(name, lang));
    if (!response.ok) throw new Error('answers ' + response.status);
    return response;
  };

  function translateNotice(box, like, before) {
    const words = box.querySelector('p').textContent;
    const key = Object.keys(before).find((key) => before[key] === words);
    translate(box, like);
    if (key) box.querySelector('p').textContent = texts()[key];
  }

  /** What fetches a part in a language, and resolves to what draws it; Go draws its own. */
  const parts = {
    async shell(lang) {
      const words = await (await fetched('shell', lang)).json();
      return () => {
        const before = texts();
        const [layers, notice] = parse(words.shell).children;
        speak(lang, words);
        relabel(layers.querySelector('.reopen').textContent);
        translateNotice(root.getRootNode().querySelector('.notice'), notice, before);
        if (go()) return;
        const drawn = root.firstElementChild;
        for (const name of said) if (layers.hasAttribute(name)) drawn.setAttribute(name, layers.getAttribute(name));
        for (const layer of layers.children) translate(drawn.querySelector('.' + layer.className), layer);
      };
    },
    async dialog(lang) {
      const [{ words }, { speak }] = await Promise.all([import(inLanguage('dialog', lang)), dialog()]);
      return () => {
        const like = parse(words[0]).firstElementChild;
        if (!go()) translate(root.querySelector('dialog'), like);
        speak(words, like);
      };
    },
    async go(lang) {
      const edition = await (await fetched('edition', lang)).text();
      return () => go()?.speak(placed(edition));
    },
  };

  async function bring(name) {
    for (let lang = language(); name in spoken && spoken[name] !== lang; lang = language()) {
      const draw = await parts[name](lang);
      if (lang !== language()) continue; // it has changed once more
      spoken[name] = lang;
      draw();
      update();
    }
  }

  const lines = {}; // one after the other, but no part waits for another
  const next = (name) => {
    lines[name] = Promise.resolve(lines[name]).then(() => bring(name)).catch((error) => { warn('the texts in', language(), 'cannot be had.', error); });
  };
  return () => {
    Object.keys(spoken).forEach(next);
    // The dialog comes in the language of the shell, which until now is that of before.
    lines.shell.then(() => next('dialog'));
  };
}
