package consent_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
)

// world is a site whose catalogue changes, and a visitor who answers it: with a
// memory of its own of what was answered, which records are held to.
type world struct {
	*rand.Rand
	catalogue *consent.Catalogue
	cookies   []string
	now       time.Time
	answered  map[string]memory   // the last answer to each category and service
	allowed   map[string][]memory // what a service was allowed as, since it was last refused
	answers   int
	changes   int // how often more is changed than is asked, of 8
}

type memory struct {
	granted bool
	at      time.Time
	about   consent.Service
}

const days = 24 * time.Hour

func newWorld(seed uint64) *world {
	w := &world{Rand: rand.New(rand.NewPCG(seed, 13)), changes: 1, now: time.Unix(1764000000, 0), answered: map[string]memory{}, allowed: map[string][]memory{}}
	w.catalogue = &consent.Catalogue{
		Cookie: consent.CookieSettings{Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
	}
	for i := range 4 {
		w.catalogue.Categories = append(w.catalogue.Categories,
			consent.Category{ID: fmt.Sprintf("c%d", i), Necessary: i == 0, Anonymous: i == 3 && w.IntN(3) == 0})
	}
	for range 1 + w.IntN(6) {
		w.addService()
	}
	return w
}

func (w *world) pick(words ...string) string { return words[w.IntN(len(words))] }

func (w *world) category() string { return w.catalogue.Categories[w.IntN(4)].ID }

func (w *world) addService() {
	id := fmt.Sprintf("s%d", w.IntN(9))
	if w.catalogue.Service(id) != nil {
		return
	}
	w.catalogue.Services = append(w.catalogue.Services, consent.Service{
		ID: id, Category: w.category(), Provider: w.pick("A", "B"), Kind: consent.Media, Anonymous: w.IntN(8) == 0,
		Cookies: []consent.Cookie{w.cookie(), w.cookie()}[:w.IntN(3)],
	})
}

func (w *world) cookie() consent.Cookie {
	return consent.Cookie{
		Name: w.pick("a", "b", "c"), Party: consent.Party(w.pick("first", "third")),
		Duration: consent.Duration{Count: w.IntN(4), Unit: consent.Units()[w.IntN(6)]},
	}
}

// edit changes the catalogue as its owner may; others keep the one that was there.
func (w *world) edit() {
	c := *w.catalogue
	c.Categories, c.Services = slices.Clone(c.Categories), slices.Clone(c.Services)
	w.catalogue = &c
	if w.IntN(3) == 0 || len(c.Services) == 0 {
		w.addService()
		return
	}
	i := w.IntN(len(c.Services))
	s := &c.Services[i]
	s.Cookies = slices.Clone(s.Cookies)
	switch w.IntN(9) {
	case 0:
		c.Services = slices.Delete(c.Services, i, i+1)
	case 1:
		s.Provider = w.pick("A", "B")
	case 2:
		s.Category = w.category()
	case 3:
		s.Anonymous = !s.Anonymous
	case 4:
		s.Cookies = append(s.Cookies, w.cookie())
	case 5:
		s.Cookies = s.Cookies[:len(s.Cookies)/2]
	case 6:
		if len(s.Cookies) > 0 {
			s.Cookies[0].Duration.Count = w.IntN(4)
		}
	case 7:
		slices.Reverse(c.Services)
		s.Purpose = consent.Text{"": w.pick("x", "y")}
	case 8:
		category := &c.Categories[1+w.IntN(3)]
		category.Necessary = !category.Necessary && w.IntN(2) == 0
	}
}

func (w *world) read() *consent.Record {
	return w.catalogue.Read(w.cookies, w.now, w.catalogue.Marks())
}

func (w *world) refusable() (ids []string) {
	for _, category := range w.catalogue.Categories {
		services := w.catalogue.ServicesOf(category.ID)
		if category.Necessary || len(services) == 0 {
			continue
		}
		ids = append(ids, category.ID)
		for _, service := range services {
			ids = append(ids, service.ID)
		}
	}
	return ids
}

// answer answers all anew, or what is asked and perhaps something more.
func (w *world) answer(t *testing.T, part bool) {
	view := w.read()
	wanted := map[string]bool{}
	for _, id := range w.refusable() {
		if !part || view == nil || slices.Contains(view.Asked, id) || w.IntN(8) < w.changes {
			wanted[id] = w.IntN(2) == 0
		} else {
			wanted[id] = w.catalogue.Granted(view, id)
		}
	}
	w.say(t, wanted, part)
}

func (w *world) say(t *testing.T, wanted map[string]bool, part bool) {
	t.Helper()
	view := w.read()
	record := w.catalogue.Answer(w.cookies, w.catalogue.Marks(), consent.Answer{
		ID: consent.NewID(), At: w.now, Granted: func(id string) bool { return wanted[id] }, Part: part})
	value, err := record.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.cookies = []string{value}
	w.answers++
	changes := func(id string) bool {
		return view == nil || slices.Contains(view.Asked, id) || wanted[id] != w.catalogue.Granted(view, id)
	}
	part = part && slices.ContainsFunc(w.refusable(), changes)
	for _, id := range w.refusable() {
		service := w.catalogue.Service(id)
		if !part || changes(id) || service != nil && w.unasked(*service) && changes(service.Category) {
			m := memory{wanted[id], w.now, w.snapshot(id)}
			w.answered[id] = m
			if w.allowed[id] = append(w.allowed[id], m); !m.granted {
				w.allowed[id] = nil
			}
		}
	}
}

// unasked reports whether an exempt service has no answer yet.
func (w *world) unasked(service consent.Service) bool {
	_, found := w.answered[service.ID]
	return !found && w.catalogue.Default(service.ID)
}

func (w *world) snapshot(id string) consent.Service {
	service := w.catalogue.Service(id)
	if service == nil {
		return consent.Service{}
	}
	snapshot := *service
	snapshot.Cookies = slices.Clone(service.Cookies)
	snapshot.Anonymous = w.catalogue.Default(id)
	return snapshot
}

// lasting returns the last answer to id, if it is not over.
func (w *world) lasting(id string) (memory, bool) {
	m, found := w.answered[id]
	return m, found && w.now.Sub(m.at) <= 180*days
}

// isAllowed reports whether the service was allowed as it is, and not refused since.
func (w *world) isAllowed(id string) bool {
	return slices.ContainsFunc(w.allowed[id], func(m memory) bool {
		return w.now.Sub(m.at) <= 180*days && isAbout(m.about, w.snapshot(id))
	})
}

// isAbout reports whether an answer to one service is one to another, in the words
// of the rule and not by marks.
func isAbout(was, is consent.Service) bool {
	if was.ID != is.ID || was.Category != is.Category || was.Provider != is.Provider || was.Kind != is.Kind || was.Anonymous != is.Anonymous {
		return false
	}
	for _, cookie := range is.Cookies {
		if !slices.ContainsFunc(was.Cookies, func(known consent.Cookie) bool {
			return known.Name == cookie.Name && known.Party == cookie.Party && known.Duration.Length() >= cookie.Duration.Length()
		}) {
			return false
		}
	}
	return true
}

const worlds = 300

// TestAnew_NeverAllowedWithoutAnAnswer: whatever changes, whoever answers, no
// service runs but one that the visitor allowed as it is, and has not refused since.
func TestAnew_NeverAllowedWithoutAnAnswer(t *testing.T) {
	allowed := 0
	for seed := range uint64(worlds) {
		w := newWorld(seed)
		for range 12 {
			switch w.IntN(4) {
			case 0:
				w.answer(t, w.IntN(3) > 0)
			case 1:
				w.now = w.now.Add(time.Duration(w.IntN(100)) * days)
			default:
				w.edit()
			}
			view := w.read()
			for _, service := range w.catalogue.Asked() {
				if !w.catalogue.Granted(view, service.ID) {
					continue
				}
				allowed++
				if !w.isAllowed(service.ID) {
					t.Fatalf("world %d: %s is allowed, and what was is %+v", seed, service.ID, w.allowed[service.ID])
				}
			}
		}
	}
	if allowed < worlds {
		t.Errorf("only %d services were ever allowed: this test sees nothing", allowed)
	}
}

// TestAnew_NeverAskedWithoutAChange: what was answered and has not changed is not
// asked, nor is what was refused, itself or with its category, before its term.
func TestAnew_NeverAskedWithoutAChange(t *testing.T) {
	asked, stood := 0, 0
	for seed := range uint64(worlds) {
		w := newWorld(seed)
		w.answer(t, false)
		for range 10 {
			switch {
			case w.IntN(4) == 0 && w.answers < 4: // of more, the oldest are held for as old as the oldest
				w.answer(t, true)
			case w.IntN(4) == 0:
				w.now = w.now.Add(time.Duration(w.IntN(60)) * days)
			default:
				w.edit()
			}
			view := w.read()
			for _, service := range w.catalogue.Asked() {
				isAsked := view == nil || slices.Contains(view.Asked, service.ID)
				m, lasts := w.lasting(service.ID)
				category, categoryLasts := w.lasting(service.Category)
				_, answered := w.answered[service.ID]
				stands := lasts && m.about.Category == service.Category && (!m.granted || w.isAllowed(service.ID)) ||
					categoryLasts && !category.granted && !answered
				if stands && isAsked {
					t.Fatalf("world %d: %s is asked, though %+v was answered, and for the category %+v", seed, service.ID, m, category)
				}
				if isAsked {
					asked++
				} else {
					stood++
				}
			}
		}
	}
	if asked < worlds || stood < worlds {
		t.Errorf("%d asked, %d stood: this test sees nothing", asked, stood)
	}
}

// TestAnew_RestStandsAsItWas: who answers what is new changes nothing else, makes
// nothing else younger, and is not asked again; a second time changes nothing more.
func TestAnew_RestStandsAsItWas(t *testing.T) {
	carried := 0
	for seed := range uint64(worlds) {
		w := newWorld(seed)
		w.answer(t, false)
		for range 4 {
			w.edit()
		}
		w.now = w.now.Add(90 * days)
		before := w.read()
		if before == nil || len(before.Asked) == 0 {
			continue
		}
		carried++
		old := w.cookies
		wanted := map[string]bool{}
		for _, id := range w.refusable() {
			wanted[id] = w.catalogue.Granted(before, id) || slices.Contains(before.Asked, id) && w.IntN(2) == 0
		}
		w.say(t, wanted, true)
		after := w.read()
		if after == nil || len(after.Asked) > 0 {
			t.Fatalf("world %d: still asked, after an answer: %+v", seed, after)
		}
		w.now = w.now.Add(91 * days) // the first answers are over, the second are not
		over := w.read()
		for _, service := range w.catalogue.Asked() {
			if slices.Contains(before.Asked, service.ID) {
				continue
			}
			if was, is := w.catalogue.Granted(before, service.ID), w.catalogue.Granted(after, service.ID); was != is {
				t.Fatalf("world %d: %s was %t, and is %t by an answer to something else", seed, service.ID, was, is)
			}
			if w.catalogue.Granted(over, service.ID) {
				t.Fatalf("world %d: %s is allowed for longer than it may", seed, service.ID)
			}
		}
		w.now = w.now.Add(-91 * days)
		again := w.catalogue.Read(append(old, w.cookies...), w.now, w.catalogue.Marks())
		if !slices.Equal(again.Choices, after.Choices) || !slices.Equal(again.Services, after.Services) {
			t.Fatalf("world %d: read again, %+v is %+v", seed, after, again)
		}
	}
	if carried < worlds/10 {
		t.Errorf("only %d were asked anew: this test sees nothing", carried)
	}
}

// TestAnew_TwoCataloguesOnOneDomain: nobody is asked by turns. What the two define
// each in its own way may be asked more than once, but not for ever.
func TestAnew_TwoCataloguesOnOneDomain(t *testing.T) {
	for seed := range uint64(300) {
		a, b := newWorld(seed), newWorld(seed+100_000)
		sites := []*world{a, b}
		a.changes, b.changes = 0, 0
		for i := range 14 {
			site, other := sites[i%2], sites[1-i%2]
			site.cookies = other.cookies
			view := site.read()
			isAsked := view == nil || len(view.Asked) > 0
			if i > 5 && isAsked && len(site.catalogue.Asked()) > 0 {
				t.Fatalf("worlds %d: asked again on visit %d: %+v", seed, i, view)
			}
			if isAsked {
				site.answer(t, true)
			}
		}
	}
}

// TestAnew_FirstVersion: a record of version 1 counts as a whole for the catalogue
// that it answered; of another, what was refused stands, and nothing else does.
func TestAnew_FirstVersion(t *testing.T) {
	for seed := range uint64(worlds) {
		w := newWorld(seed)
		wanted := map[string]bool{}
		for _, id := range w.refusable() {
			wanted[id] = w.IntN(2) == 0
		}
		first := &consent.Record{ID: consent.NewID(), Rev: w.catalogue.Rev(), At: w.now}
		first.Choices, first.Services = w.catalogue.Split(func(id string) bool { return wanted[id] })
		value, err := first.Encode()
		if err != nil {
			t.Fatal(err)
		}
		w.cookies = []string{value}
		view := w.read()
		for _, service := range w.catalogue.Refusable() {
			if view == nil || w.catalogue.Granted(view, service.ID) != wanted[service.ID] || len(view.Asked) > 0 {
				t.Fatalf("world %d: of %s, %s is not as it was answered, or asked: %+v", seed, value, service.ID, view)
			}
		}
		asked := maps.Clone(wanted)
		if i := slices.IndexFunc(w.catalogue.Services, func(s consent.Service) bool { return wanted[s.ID] }); i >= 0 {
			w.catalogue.Services[i].Provider = "C"
		} else {
			w.catalogue.Services[0].Provider = "C"
		}
		view = w.read()
		for _, service := range w.catalogue.Asked() {
			isAsked := view == nil || slices.Contains(view.Asked, service.ID)
			if w.catalogue.Granted(view, service.ID) || w.catalogue.Rev() != first.Rev && isAsked != asked[service.ID] && view != nil {
				t.Fatalf("world %d: of %s, %s is allowed or wrongly asked: %+v", seed, value, service.ID, view)
			}
		}
	}
}
