package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"temoin.example/temoin/app/consent"
)

// Run looks at a site in each state. It returns an error where nothing could be seen at all: no
// browser, no start page. What else could not be seen is in the observation.
func Run(ctx context.Context, o Options) (*Observation, error) {
	o = o.withDefaults()
	s, err := newSite(o.URL)
	if err != nil {
		return nil, err
	}
	a := &audit{options: o, site: s, values: map[string]bool{}, seen: &Observation{Site: s.said(), Started: time.Now().UTC().Truncate(time.Second), States: []State{}, Unseen: []Unseen{}}}
	a.crawl = &crawl{site: s, start: s.start.String(), most: o.Pages}
	if err := a.scout(ctx); err != nil {
		return nil, err
	}
	if err := a.lookAll(ctx, a.look); err != nil {
		return nil, err
	}
	all := &recorder{others: a.values}
	for _, u := range a.crawl.unseen {
		a.unseen(all.unsaidOf(u))
	}
	a.seen.Took = Duration(time.Since(a.seen.Started))
	return a.seen, nil
}

// lookAll looks at the site in each state. It returns an error where it was interrupted: a state
// of which only part was seen would pass as one in which nothing happens.
func (a *audit) lookAll(ctx context.Context, look func(context.Context, StateName) error) error {
	planned, err := a.plan()
	if err != nil {
		return err
	}
	for _, name := range planned {
		err := look(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			a.unseen(Unseen{State: string(name), Kind: TrapFailed, Why: err.Error()})
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{{&o.PageTime, 30 * time.Second}, {&o.Quiet, time.Second}, {&o.Linger, 6 * time.Second}, {&o.Rate, time.Second}} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	return o
}

// audit is one look at a site.
type audit struct {
	options      Options
	site         site
	crawl        *crawl
	seen         *Observation
	values       map[string]bool // of the visitors' cookies and storages: no report has them
	banner       Banner          // as the scout found it: how many presses it takes
	unanswerable bool            // whether answers are not tried any more
}

func (a *audit) unseen(u Unseen) {
	if !slices.Contains(a.seen.Unseen, u) {
		a.seen.Unseen = append(a.seen.Unseen, u)
	}
}

func (a *audit) say(format string, values ...any) {
	if a.options.Progress != nil {
		fmt.Fprintf(a.options.Progress, format+"\n", values...)
	}
}

// scouting names the visit before all states, in what could not be seen in it.
const scouting StateName = ""

// scout visits the start page once: whose banner there is, which pages there are.
func (a *audit) scout(ctx context.Context) error {
	a.say("%s: looking for its banner and its pages", a.site.said())
	return a.with(ctx, scouting, "", nil, func(v *visitor) error {
		a.seen.Browser = v.engine.product()
		for _, name := range v.engine.blind() {
			a.unseen(blindTo(name))
		}
		v.options.Rate = -1
		return a.explore(ctx, v)
	})
}

func (a *audit) explore(ctx context.Context, v *visitor) error {
	a.crawl.consult(ctx, v, a.options.IgnoreRobots)
	if !a.crawl.allowed(a.crawl.start) {
		return fmt.Errorf("robots.txt of %s forbids the start page", a.site.start.Host)
	}
	a.options.Rate = a.crawl.rate(a.options.Rate)
	if err := a.crawl.give(a.options.URLs); err != nil {
		return err
	}
	p, ok := v.visit(ctx, a.crawl.start)
	if !ok {
		return a.noStart(v)
	}
	if landed, err := parseAddress(p.Final); err == nil && a.site.owns(landed.Hostname()) {
		a.crawl.site.start = landed // where links have to lead, after a redirect to www
	}
	a.findTemoin(ctx, v)
	a.banner = v.banner(ctx)
	var links []string
	v.ask(ctx, linksScript, &links)
	a.crawl.add(links)
	a.countClicks(ctx, v)
	return nil
}

// noStart says why there is nothing to audit.
func (a *audit) noStart(v *visitor) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := len(v.unseen); n > 0 {
		return fmt.Errorf("%s %s", a.site.said(), v.unseen[n-1].Why)
	}
	return fmt.Errorf("%s could not be loaded", a.site.said())
}

// temoinScript finds Témoin's own interface in a page.
const temoinScript = `(() => {
  const t = window.temoin;
  if (!t || typeof t.refuse !== 'function' || typeof t.accept !== 'function' || typeof t.save !== 'function' || typeof t.has !== 'function') return null;
  const tag = [...document.scripts].find(s => /\/temoin(\.[a-z-]+)?\.js(\?|$)/i.test(s.src));
  return { script: tag ? tag.src : '' };
})()`

// findTemoin keeps what a site with Témoin's tag says of itself.
func (a *audit) findTemoin(ctx context.Context, v *visitor) {
	limited, cancel := v.within(ctx, 3)
	defer cancel()
	var tag *struct {
		Script string `json:"script"`
	}
	if v.engine.run(limited, temoinScript, &tag) != nil || tag == nil {
		return
	}
	a.seen.Banner, a.seen.Temoin = "temoin", &Temoin{Cookie: "cookies_preferences", Categories: []string{}}
	script, err := parseAddress(tag.Script)
	if err != nil || tag.Script == "" {
		return
	}
	a.readPublished(ctx, v, script.ResolveReference(&url.URL{Path: "temoin/catalogue.json"}).String())
}

// readPublished keeps the catalogue that a site with Témoin serves. Where it serves none, that is its
// own affair; where it could not be read, what the site declares is not known.
func (a *audit) readPublished(ctx context.Context, v *visitor, address string) {
	status, text := v.load(ctx, address)
	if status == http.StatusNotFound {
		return
	}
	var c consent.Catalogue
	if status != http.StatusOK || json.Unmarshal(text, &c) != nil || c.Cookie.Name == "" {
		a.unseen(Unseen{Page: bare(address), Kind: TrapFailed, Why: "the site's catalogue could not be read (" + notRead(status) + "): name its file with -catalogue"})
		return
	}
	a.seen.Temoin.Catalogue, a.seen.Temoin.Cookie, a.seen.Temoin.Source = address, c.Cookie.Name, text
	for _, category := range c.Categories {
		if c.Offers(category.ID) {
			a.seen.Temoin.Categories = append(a.seen.Temoin.Categories, category.ID)
		}
	}
}

// notRead says why a file with that status was not read.
func notRead(status int) string {
	switch status {
	case 0:
		return "no answer"
	case http.StatusOK:
		return "it is none"
	}
	return fmt.Sprintf("status %d", status)
}

// countClicks finds out how many presses a refusal takes, where none is offered at once.
func (a *audit) countClicks(ctx context.Context, v *visitor) {
	if !a.banner.Visible || a.banner.RefuseClicks == 1 {
		return
	}
	limited, cancel := v.within(ctx, 3)
	defer cancel()
	a.banner.RefuseClicks = -1
	if !v.press(limited, RoleSettings) {
		return
	}
	for range 10 {
		if pause(limited, 300*time.Millisecond) != nil {
			return
		}
		if next := v.banner(limited); next.clicks(RoleRefuse) == 1 {
			a.banner.RefuseClicks = 2
			return
		} else if next.clicks(RoleSave) == 1 {
			a.banner.RefuseClicks = 2 // what is saved then is what was switched on beforehand: none, by law
		}
	}
}

// plan returns the states to look at, in their order. One that is asked for, and that this site does
// not have, is a mistake.
func (a *audit) plan() ([]StateName, error) {
	states := []StateName{Unanswered, Refused}
	for _, category := range a.categories() {
		states = append(states, OnlyState(category))
	}
	states = append(states, Accepted, Withdrawn, GPC, Returning)
	wanted := a.options.States
	if len(wanted) == 0 {
		return states, nil
	}
	for _, name := range wanted {
		if !slices.Contains(states, name) {
			return nil, fmt.Errorf("no visitor %q on this site; there are %s", name, named(states))
		}
	}
	return slices.DeleteFunc(states, func(name StateName) bool { return !slices.Contains(wanted, name) }), nil
}

// categories are those that can be allowed each alone: only Témoin's banner can.
func (a *audit) categories() []string {
	if a.seen.Temoin == nil {
		return nil
	}
	return a.seen.Temoin.Categories
}

// with starts a browser with a profile, a new one where folder is "", and ends it when do has returned.
// What was seen until then is kept in the state; nil keeps nothing.
func (a *audit) with(ctx context.Context, name StateName, folder string, state *State, do func(v *visitor) error) error {
	if folder == "" {
		made, remove, err := newProfile()
		if err != nil {
			return err
		}
		defer remove()
		folder = made
	}
	phase := Before
	if name == Returning {
		phase = After
	}
	r := newRecorder(a.site, phase)
	r.others = a.values
	v, err := meet(ctx, a.options, folder, r, name)
	if v == nil {
		return err
	}
	if err == nil {
		err = do(v)
		v.count(ctx)
	}
	v.engine.close()
	if state != nil {
		r.add(v.engine.logged())
	}
	for _, u := range v.unseen {
		a.unseen(r.unsaidOf(u))
	}
	if state != nil {
		a.keep(r, state)
	}
	maps.Copy(a.values, r.values)
	return err
}

// look looks at the site in one state.
func (a *audit) look(ctx context.Context, name StateName) error {
	if a.unanswerable && name.answers() {
		a.unseen(Unseen{State: string(name), Kind: TrapAnswer, Why: "was left out: the banner could not be answered"})
		return nil
	}
	if name == Returning {
		return a.lookReturning(ctx)
	}
	state := State{Name: name, Banner: a.banner}
	return a.with(ctx, name, "", &state, func(v *visitor) error { return a.tour(ctx, v, &state) })
}

// answers says whether somebody answers in the state.
func (n StateName) answers() bool { return n != Unanswered && n != GPC }

// tour visits the start page, answers there, and goes on to the others.
func (a *audit) tour(ctx context.Context, v *visitor, state *State) error {
	first, err := a.open(ctx, v, state, a.crawl.start)
	if err != nil || first == nil {
		return err
	}
	if state.Name.answers() {
		if err := a.answer(ctx, v, state, first); err != nil {
			return nil // the state says it
		}
		v.leave(ctx)
		// What a choice is worth shows at the next load.
		if p, err := a.open(ctx, v, state, a.crawl.start); err != nil || p == nil {
			return err
		}
	}
	a.follow(ctx, v)
	v.leave(ctx)
	return a.visitAll(ctx, v, state)
}

func (a *audit) visitAll(ctx context.Context, v *visitor, state *State) error {
	for i := 1; i < len(a.crawl.pages()); i++ {
		p, err := a.open(ctx, v, state, a.crawl.pages()[i])
		if err != nil {
			return err
		}
		if p != nil {
			a.follow(ctx, v)
			v.leave(ctx)
		}
	}
	return nil
}

// open visits a page, reads it, and keeps it in the state; it returns nil where the page could not be seen.
func (a *audit) open(ctx context.Context, v *visitor, state *State, address string) (*Page, error) {
	a.say("%s: %s", state.Name, bare(address))
	p, ok := v.visit(ctx, address)
	if p == nil {
		return nil, errors.Join(ctx.Err(), errors.New("the browser has ended"))
	}
	if ok {
		if len(state.Pages) == 0 {
			shown := v.banner(ctx)
			shown.RefuseClicks = a.banner.RefuseClicks
			if shown.AcceptClicks == 0 {
				shown.AcceptClicks = a.banner.AcceptClicks
			}
			state.Banner = shown
		}
		v.read(ctx, p)
		v.arrive(ctx, p)
	}
	state.Pages = append(state.Pages, *p)
	if !ok {
		return nil, ctx.Err()
	}
	return p, ctx.Err()
}

// follow keeps the links of a page, as long as pages are looked for.
func (a *audit) follow(ctx context.Context, v *visitor) {
	if a.crawl.full() || len(a.seen.States) > 0 {
		return
	}
	var links []string
	if v.ask(ctx, linksScript, &links) {
		a.crawl.add(links)
	}
}

// keep makes the state's facts of what was recorded.
func (a *audit) keep(r *recorder, state *State) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(state.Pages) == 0 {
		return
	}
	for i := range state.Pages {
		p := &state.Pages[i]
		p.URL, p.Final = r.unsaid(p.URL), r.unsaid(p.Final)
	}
	state.Cookies, state.Stored, state.Requests, state.Asked = r.cookies(), r.stored(), r.sentRequests(), r.asked
	if r.full {
		a.unseen(Unseen{State: string(state.Name), Kind: TrapLimit, Why: fmt.Sprintf("made more than %d requests; the rest was not kept", mostRequests)})
	}
	a.seen.States = append(a.seen.States, *state)
}

// lookReturning lets an earlier browser accept, and looks with a later one that has its profile.
func (a *audit) lookReturning(ctx context.Context) error {
	folder, remove, err := newProfile()
	if err != nil {
		return err
	}
	defer remove()
	before, state := State{Name: Accepted}, State{Name: Returning, Banner: a.banner}
	if err := a.with(ctx, Returning, folder, nil, func(v *visitor) error {
		first, err := a.open(ctx, v, &before, a.crawl.start)
		if err != nil || first == nil {
			return errors.Join(err, errors.New("the start page could not be loaded"))
		}
		return a.answer(ctx, v, &before, first)
	}); err != nil {
		a.unseen(Unseen{State: string(Returning), Kind: TrapAnswer, Why: err.Error()})
		return nil
	}
	state.Answered = before.Answered
	return a.with(ctx, Returning, folder, &state, func(v *visitor) error {
		if first, err := a.open(ctx, v, &state, a.crawl.start); err != nil || first == nil {
			return err
		}
		v.leave(ctx)
		return a.visitAll(ctx, v, &state)
	})
}

// answer gives the state's answers. Where it cannot, the state says so, and so does the error.
func (a *audit) answer(ctx context.Context, v *visitor, state *State, p *Page) error {
	steps := []StateName{state.Name}
	if state.Name == Withdrawn {
		steps = []StateName{Accepted, Refused}
	}
	phases := []Phase{After, Reverted}
	for i, step := range steps {
		how, err := a.give(ctx, v, step, phases[i], state)
		if err != nil {
			state.Problem = err.Error()
			a.unseen(v.recorder.unsaidOf(Unseen{State: string(state.Name), Page: p.URL, Kind: TrapAnswer, Why: "could not be answered: " + err.Error()}))
			// What no rule knows now, none will know in the next state.
			a.unanswerable = a.unanswerable || a.seen.Temoin == nil && i == 0
			return err
		}
		state.Answered = how
		p.Quiet = v.settle(ctx, time.Now(), v.options.Linger)
		v.take(ctx)
	}
	return nil
}

// give gives one answer, by Témoin's own interface or by autoconsent's rules.
func (a *audit) give(ctx context.Context, v *visitor, step StateName, phase Phase, state *State) (string, error) {
	limited, cancel := context.WithTimeout(ctx, v.options.PageTime+15*time.Second)
	defer cancel()
	a.say("%s: answering, %s", state.Name, step)
	v.take(limited)
	now := time.Now()
	turn := func(at time.Time) {
		v.recorder.turnTo(phase, at)
		state.Answers = append(state.Answers, v.recorder.since(at))
	}
	if a.seen.Temoin != nil {
		turn(now)
		return "temoin", a.giveTemoin(limited, v, step)
	}
	if phase == Reverted {
		how, err := v.retract(limited, state.Answered)
		turn(time.Now()) // what it stops has to have stopped by then
		return how, err
	}
	c, err := newAutoconsent(v, step == Accepted)
	if err != nil {
		return "", err
	}
	got, err := c.answer(limited)
	if err != nil {
		return "", err
	}
	// What was let in goes out while the answer is given. What a refusal stops has to have stopped when it was given.
	if step != Accepted {
		now = time.Now()
	}
	turn(now)
	if a.seen.Banner == "" {
		a.seen.Banner = got.rule
	}
	if step == Refused && got.clicks > 0 && a.banner.RefuseClicks < 1 {
		a.banner.RefuseClicks, state.Banner.RefuseClicks = got.clicks, got.clicks
	}
	return byRule + got.rule, nil
}

// giveTemoin answers by the page's own interface (docs/page.md), and asks whether the answer is kept.
func (a *audit) giveTemoin(ctx context.Context, v *visitor, step StateName) error {
	call := "refuse()"
	if step == Accepted || step == Returning {
		call = "accept()"
	} else if category := step.Only(); category != "" {
		choices, err := json.Marshal(map[string]bool{category: true})
		if err != nil {
			return err
		}
		call = "save(" + string(choices) + ")"
	}
	if err := v.engine.run(ctx, "temoin.ready.then(() => true)", nil); err != nil {
		return fmt.Errorf("temoin is not ready: %w", err)
	}
	if err := v.engine.run(ctx, "void temoin."+call, nil); err != nil && !errors.Is(err, errLeft) {
		return err
	}
	limited, cancel := v.within(ctx, 3)
	defer cancel()
	for { // the page may load itself anew
		var kept bool
		if v.engine.run(limited, "!!(window.temoin && temoin.choice)", &kept) == nil && kept {
			return nil
		}
		if pause(limited, 200*time.Millisecond) != nil {
			return errors.New("temoin did not keep the answer")
		}
	}
}
