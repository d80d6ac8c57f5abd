// The live panel: what the page's own scripts can know of the visitor's choice,
// through window.temoin and its events alone. It waits for nobody's consent,
// since it stores nothing and asks nobody else.
(() => {
  const panel = document.getElementById('panneau-etat');
  if (!panel) return;
  const words = panel.dataset;
  const lang = document.documentElement.lang;
  const part = (name) => document.getElementById('panneau-' + name);

  /** A new element with its text, or its children. */
  function make(name, className, ...children) {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children);
    return element;
  }

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  const day = (time) => fill(words.at, {
    day: time.toLocaleDateString(lang === 'en' ? 'en-GB' : lang, { dateStyle: 'long' }),
    h: time.getHours(),
    m: String(time.getMinutes()).padStart(2, '0'),
  });

  /** A text of the catalogue in the page's language, or else in the first that it has. */
  const said = (text) => (typeof text === 'string' ? text : text[lang] ?? Object.values(text)[0]);

  function fail(error) {
    console.warn('panneau:', error);
    part('resume').textContent = words.failed;
  }

  /** The value of the cookie as it stands there, decoded; null where there is none. */
  function cookie(name) {
    const pair = document.cookie.split('; ').find((pair) => pair.startsWith(name + '='));
    if (!pair) return null;
    const value = pair.slice(name.length + 1);
    try {
      return JSON.stringify(JSON.parse(decodeURIComponent(value)), null, 2);
    } catch {
      return value; // whatever it is, it is no choice
    }
  }

  function row(name, id, granted, isService) {
    const head = make('th', isService ? 'panel-service' : 'panel-category', name, ' ', make('code', '', id));
    head.scope = 'row';
    return make('tr', '', head, make('td', granted ? 'state state-yes' : 'state state-no', granted ? words.yes : words.no));
  }

  /** A row for each category and for each of its services. */
  function rows({ categories, services = [] }, temoin) {
    return categories.flatMap((category) => [
      row(said(category.title), category.id, temoin.has(category.id), false),
      ...services
        .filter((service) => service.category === category.id)
        .map((service) => row(said(service.name), service.id, temoin.has(service.id), true)),
    ]);
  }

  function draw(catalogue, temoin) {
    const lines = rows(catalogue, temoin);
    part('lignes').replaceChildren(...lines);

    const record = temoin.choice;
    part('id').textContent = record ? record.id.slice(0, 8) + '…' : words.none;
    part('rev').textContent = record?.rev ?? words.none;
    part('date').textContent = record ? day(new Date(record.at * 1000)) : words.none;
    part('cookie').textContent = cookie(catalogue.cookie.name) ?? words.none;
    part('gpc').textContent = { true: words.gpcTrue, false: words.gpcFalse }[navigator.globalPrivacyControl] ?? words.gpcUnknown;

    const granted = lines.filter((line) => line.querySelector('.state-yes')).length;
    const summary = fill(words.summary, { granted, total: lines.length });
    if (part('resume').textContent !== summary) part('resume').textContent = summary; // else it would be read out again
  }

  async function start() {
    const { temoin } = window;
    if (typeof temoin?.has !== 'function') throw new Error('/temoin.js is not there');
    panel.addEventListener('click', ({ target }) => {
      const action = target.closest('button')?.dataset.action;
      if (action) temoin[action]();
    });
    const response = await fetch('/temoin/catalogue.json');
    if (!response.ok) throw new Error('/temoin/catalogue.json answers ' + response.status);
    const catalogue = await response.json();
    const update = () => draw(catalogue, temoin);
    for (const event of ['temoin:ready', 'temoin:change']) document.addEventListener(event, update);
    update(); // the first event may have come before the catalogue
  }

  start().catch(fail);
})();
