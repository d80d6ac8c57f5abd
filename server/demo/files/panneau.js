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

  /** How old a choice is, and how long it is kept from now on, in the largest unit that counts. */
  function age(at, lifetime) {
    const seconds = Math.max(0, Math.round(Date.now() / 1000 - at));
    return `${fill(words.age, { time: span(seconds) })}${words.and}${fill(words.left, { time: span(lifetime - seconds) })}`;
  }

  function span(seconds) {
    const units = [['day', 86_400], ['hour', 3600], ['minute', 60], ['second', 1]];
    const [unit, size] = units.find(([, size]) => seconds >= size) ?? units.at(-1);
    return new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay: 'long' }).format(Math.floor(seconds / size));
  }

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
    part('age').textContent = record ? age(record.at, catalogue.lifetime) : words.none;
    part('cookie').textContent = cookie(catalogue.cookie.name) ?? words.none;
    part('gpc').textContent = { true: words.gpcTrue, false: words.gpcFalse }[navigator.globalPrivacyControl] ?? words.gpcUnknown;

    const granted = lines.filter((line) => line.querySelector('.state-yes')).length;
    const summary = fill(words.summary, { granted, total: lines.length });
    if (part('resume').textContent !== summary) part('resume').textContent = summary; // else it would be read out again
  }

  /** The value of a cookie in one of the states that a visitor may come back with; '' for none. */
  function valueIn(state, { rev, lifetime, categories }) {
    if (state === 'none') return '';
    if (state === 'unreadable') return '%7Bno record';
    const at = Math.round(Date.now() / 1000);
    return encodeURIComponent(JSON.stringify({
      v: 1,
      id: '00000000-0000-4000-8000-000000000000', // nobody's: nothing of it is reported
      rev: state === 'older' ? '00000000' : rev,
      at: state === 'expired' ? at - lifetime - 1 : at,
      choices: Object.fromEntries(categories.map(({ id, necessary }) => [id, state !== 'refused' || !!necessary])),
    }));
  }

  /** Puts another cookie in the place of the choice's, which the browser keeps as long as it would keep that. */
  function write(state, catalogue) {
    const { name, domain } = catalogue.cookie;
    const value = valueIn(state, catalogue);
    document.cookie = `${name}=${value}; Path=/; Max-Age=${value ? catalogue.lifetime : 0}; SameSite=Lax`
      + (domain ? `; Domain=${domain}` : '') + (location.protocol === 'https:' ? '; Secure' : '');
    location.reload();
  }

  async function start() {
    const { temoin } = window;
    if (typeof temoin?.has !== 'function') throw new Error('/temoin.js is not there');
    panel.addEventListener('click', ({ target }) => {
      const action = target.closest('button')?.dataset.action;
      if (action) temoin[action]();
    });
    const response = await fetch(words.catalogue);
    if (!response.ok) throw new Error(words.catalogue + ' answers ' + response.status);
    const catalogue = await response.json();
    part('ecrire').addEventListener('click', () => write(part('autre').value, catalogue));
    const update = () => draw(catalogue, temoin);
    for (const event of ['temoin:ready', 'temoin:change']) document.addEventListener(event, update);
    update(); // the first event may have come before the catalogue
  }

  // ---- the bench ----

  /** Puts what stands in an element on the clipboard, and says so. */
  async function copy({ dataset }) {
    const said = document.getElementById('banc-copie');
    said.textContent = '';
    await navigator.clipboard.writeText(document.getElementById(dataset.copy).textContent);
    said.textContent = said.dataset.copied;
  }

  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', () => copy(button).catch((error) => console.warn('banc:', error)));
  }

  start().catch(fail);
})();
