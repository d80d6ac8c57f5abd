// What stands of earlier answers to another catalogue than this, or of which some are
// over, and what is written over them: by the same rules as app/consent/standing.go and
// answer.go, which say them in words; app/consent/testdata/standing.json holds both to
// it. What answered this very catalogue the loader knows by itself (web/loader/choice.js).

/** @param page what the loader hands over: see main.js */
export function standing({ cookie, rev, categories, services, necessary, exempt, marks, grants, encode, lasts }) {
  const own = (object, key) => (Object.hasOwn(object, key) ? object[key] : undefined);

  const isNecessary = (category) => necessary.includes(category);
  const servicesOf = (category) => Object.keys(services).filter((id) => services[id] === category);
  const tag = (mark) => mark.slice(0, 3);

  const minutes = { s: 0, i: 1, h: 60, d: 1440, w: 10_080, m: 43_200, y: 525_600 };

  /** The cookies of a mark: what names each, and for how many minutes it lives. */
  const cookiesOf = (mark) => [...mark.slice(6).matchAll(/(...)(\d*)(.)/g)].map(([, name, count, unit]) => [name, count * minutes[unit]]);

  /** Whether an answer to what one mark stands for is one to what another does. */
  function covers(was, is) {
    const known = new Map(cookiesOf(was));
    return was.slice(0, 6) === is.slice(0, 6) && cookiesOf(is).every(([name, lasting]) => known.get(name) >= lasting);
  }

  /** What a record's answers are answers to, as [when, marks], the newest first. */
  function roundsOf(record) {
    const { at, of, choices } = record;
    if (of) {
      return of.split('!').map((round) => {
        const [text, when] = round.split('.').reverse();
        return [when ? parseInt(when, 36) : at, text.split('~').filter(Boolean)];
      });
    }
    const list = [];
    const add = (id, granted) => {
      if (!granted) list.push(tag(marks[id]));
      else if (record.rev === rev) list.push(marks[id]);
    };
    for (const category of categories) {
      const granted = own(choices, category);
      if (isNecessary(category) || granted === undefined) continue;
      add(category, granted);
      for (const id of servicesOf(category)) {
        const apart = own(record.services, id) ?? (granted || undefined);
        if (apart !== undefined) add(id, apart);
      }
    }
    return [[at, list]];
  }

  const write = (rounds) => rounds.map(([when, list], i) => (i ? '!' + when.toString(36) + '.' : '') + list.join('~')).join('');

  const nothing = { held: { choices: {}, services: {} }, rounds: [], found: () => [], states: {}, view: null };

  /** What of a record stands. */
  function stand(held) {
    const every = roundsOf(held);
    const rounds = every.filter(([when]) => lasts(when));
    const isWhole = held.rev === rev && rounds.length === every.length;
    const all = rounds.flatMap(([, list]) => list);
    const found = (id) => all.filter((mark) => tag(mark) === tag(marks[id]));
    const states = {};
    for (const category of categories) {
      if (isNecessary(category)) continue;
      const granted = own(held.choices, category);
      const answered = found(category)[0];
      const its = servicesOf(category).map((id) => {
        const apart = own(held.services, id);
        const was = found(id);
        const says = apart ?? granted;
        let state;
        if (isWhole) state = !!says;
        else if ((was[0] && says === false) || (apart === undefined && answered && granted === false)) state = false;
        else if (says && was.some((mark) => covers(mark, marks[id]))) state = true;
        states[id] = state;
        return state;
      });
      if (isWhole) states[category] = !!granted;
      else states[category] = answered && granted && !its.includes(true) && its.includes(undefined) ? undefined : answered && granted;
    }
    return { held, rounds, found, states, view: viewOf(held, states) };
  }

  /** The record as the page sees it, an answer for each category; null where nothing stands. */
  function viewOf({ v, id, rev, at }, states) {
    const all = Object.values(states);
    if (all.every((state) => state === undefined)) return null;
    const isExempt = (id) => exempt.includes(id) || exempt.includes(services[id]);
    // An exempt measure that comes new is on, but for who has refused everything.
    const granted = (id) => states[id] ?? (all.includes(true) && isExempt(id));
    const choices = {};
    const apart = {};
    const asked = [];
    for (const category of categories) {
      choices[category] = isNecessary(category) || granted(category);
      if (isNecessary(category)) continue;
      const its = servicesOf(category);
      for (const id of its) if (granted(id) !== choices[category]) apart[id] = granted(id);
      const open = its.filter((id) => states[id] === undefined && !isExempt(id));
      if (open[0] && states[category] === undefined && !isExempt(category)) asked.push(category);
      asked.push(...open);
    }
    const freeze = Object.freeze; // the page's scripts are handed it: what they change must not count
    return freeze({ v, id, rev, at, choices: freeze(choices), services: freeze(apart), asked: freeze(asked) });
  }

  /** What counts of records, the newest first: the first of which anything stands, else the first. */
  const read = (records) => records.map(stand).sort((a, b) => !!b.view - !!a.view)[0] ?? nothing;

  /**
   * The record to write over others, the newest first.
   * @param granted whether an id is allowed
   * @param part whether only what is asked anew is answered, and what the answer changes
   */
  function answered(records, id, at, granted, part) {
    const { held, rounds, found, states, view } = read(records);
    const isFresh = (id) => !part || !view || view.asked.includes(id) || granted(id) !== grants(view, id);
    const said = [];
    const fresh = [];
    const choices = {};
    const apart = {};
    const say = (id, yes, withMark) => {
      said.push(tag(marks[id]));
      if (withMark) fresh.push(yes ? marks[id] : tag(marks[id]));
    };
    for (const category of categories) {
      const isNew = !isNecessary(category) && isFresh(category);
      const on = isNecessary(category) || (isNew ? granted(category) : own(held.choices, category) ?? grants(view, category));
      choices[category] = on;
      if (isNecessary(category)) continue;
      if (isNew) say(category, on, true);
      for (const id of servicesOf(category)) {
        let yes = granted(id);
        // What is refused together with its category needs no mark of its own.
        if (isFresh(id) || (isNew && !found(id)[0])) say(id, yes, yes || yes !== on || !isNew);
        else if (states[id] === undefined) yes = own(held.services, id) ?? yes; // what is exempt and was never answered stays as it is
        if (yes !== on) apart[id] = yes;
      }
    }
    // Who changes nothing has said all of it once more.
    if (part && !said[0] && Object.keys(marks)[0]) return answered(records, id, at, granted, false);

    const known = Object.values(marks).map(tag);
    const isMore = (mark) => mark[3] && fresh.some((now) => now[3] && tag(now) === tag(mark) && !covers(now, mark));

    /** Joins what nobody has answered now, and what another catalogue asks, to what was. */
    function join(withOthers) {
      const all = [[at, fresh]];
      let more = false;
      for (const [when, list] of rounds) {
        const kept = list.filter((mark) => {
          const isSaid = said.includes(tag(mark));
          const isOther = isSaid || !known.includes(tag(mark));
          if ((isSaid && !isMore(mark)) || (isOther && !withOthers)) return false;
          more ||= isOther;
          return true;
        });
        const last = all[3];
        if (!kept[0]) continue;
        if (last) all[3] = [Math.min(last[0], when), [...last[1], ...kept]];
        else all.push([when, kept]);
      }
      const others = (answers) => Object.fromEntries(Object.entries(answers).filter(([id]) => more && !own(marks, id)));
      return {
        v: 2, id, rev, at,
        choices: { ...choices, ...others(held.choices) }, services: { ...apart, ...others(held.services) }, of: write(all),
      };
    }
    const record = join(true);
    return (cookie + '=' + encode(record)).length > 4096 ? join(false) : record;
  }

  return { read, answered };
}
