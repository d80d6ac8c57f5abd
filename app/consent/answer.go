package consent

import (
	"slices"
	"time"
)

// Answer is what a visitor says.
type Answer struct {
	ID string // a random UUID; see [NewID]
	At time.Time
	// Granted says what is allowed, by the ids of all categories and services that
	// can be refused.
	Granted func(id string) bool
	// Part is whether only what is asked anew is answered, and what the answer
	// changes. What stood stands on, and grows no younger.
	Part bool
}

// Answer returns the record to write, over what cookies hold now: see [Catalogue.Read].
// What these say about another catalogue, on a domain that two share, is kept as far
// as there is room. The loader writes the same (web/loader/choice.js).
func (c *Catalogue) Answer(values []string, marks Marks, a Answer) *Record {
	w := &writing{
		catalogue: c, marks: marks, answer: a,
		record: &Record{ID: a.ID, Rev: marks.Rev, At: a.At}, fresh: round{at: a.At.Unix()},
	}
	w.before, w.view = c.read(values, a.At, marks)
	if w.before.held == nil {
		w.before.held = &Record{}
	}
	for _, category := range c.Categories {
		w.category(category)
	}
	if a.Part && len(w.said) == 0 && len(marks.Of) > 0 {
		a.Part = false // who changes nothing has said all of it once more
		return c.Answer(values, marks, a)
	}
	return w.join()
}

// writing is a record in the making.
type writing struct {
	catalogue *Catalogue
	marks     Marks
	answer    Answer
	before    standing
	view      *Record // what stood, as it is now asked; nil where nothing did
	record    *Record
	fresh     round
	said      []string // tags of what is answered now
}

// isFresh reports whether id is answered now.
func (w *writing) isFresh(id string) bool {
	return !w.answer.Part || w.view == nil || slices.Contains(w.view.Asked, id) ||
		w.answer.Granted(id) != w.catalogue.Granted(w.view, id)
}

// say notes that id is answered now. What is refused together with its category
// needs no mark of its own.
func (w *writing) say(id string, granted, withMark bool) {
	mark := w.marks.Of[id]
	w.said = append(w.said, tagOf(mark))
	if !granted {
		mark = tagOf(mark)
	}
	if withMark {
		w.fresh.marks = append(w.fresh.marks, mark)
	}
}

func (w *writing) category(category Category) {
	id := category.ID
	if w.marks.Of[id] == "" {
		if category.Necessary {
			w.record.Choices = append(w.record.Choices, Choice{id, true})
		}
		return
	}
	isFresh := w.isFresh(id)
	if isFresh {
		granted := w.answer.Granted(id)
		w.say(id, granted, true)
		w.record.Choices = append(w.record.Choices, Choice{id, granted})
	} else {
		granted, found := w.before.held.Choices.Get(id)
		if !found {
			granted = w.catalogue.Granted(w.view, id)
		}
		w.record.Choices = append(w.record.Choices, Choice{id, granted})
	}
	for _, service := range w.catalogue.ServicesOf(id) {
		w.service(service, isFresh)
	}
}

// service writes the answer to a service, whose category was answered now or was not.
func (w *writing) service(service Service, withCategory bool) {
	id := service.ID
	granted := w.answer.Granted(id)
	of, _ := w.record.Choices.Get(service.Category)
	differs := granted != of
	answered, _ := w.before.answered(w.marks.Of[id])
	switch {
	case w.isFresh(id) || withCategory && !answered:
		w.say(id, granted, granted || differs || !withCategory)
	case w.before.states[id] == unanswered:
		// What is exempt and was never answered stays as it is.
		if own, found := w.before.held.Services.Get(id); found {
			granted, differs = own, true
		}
	}
	if differs {
		w.record.Services = append(w.record.Services, Choice{id, granted})
	}
}

// Own returns the record without what it holds of other catalogues, and of what this
// one was: all that a receipt may say.
func (c *Catalogue) Own(record *Record, marks Marks) *Record {
	own := *record
	own.Choices, own.Services = nil, nil
	for _, choice := range record.Choices {
		category := c.Category(choice.ID)
		isNecessary := category != nil && category.Necessary
		if isNecessary || marks.Of[choice.ID] != "" {
			own.Choices = append(own.Choices, Choice{choice.ID, choice.Granted || isNecessary})
		}
	}
	for _, choice := range record.Services {
		if marks.Of[choice.ID] != "" {
			own.Services = append(own.Services, choice)
		}
	}
	var wanted []string // tags that have not been found yet
	for _, mark := range marks.Of {
		wanted = append(wanted, tagOf(mark))
	}
	rounds, _ := readRounds(record.Of, record.At.Unix())
	kept := []round{{at: record.At.Unix()}}
	for i, old := range rounds {
		one := round{at: old.at}
		for _, mark := range old.marks {
			if i := slices.Index(wanted, tagOf(mark)); i >= 0 {
				wanted[i] = ""
				one.marks = append(one.marks, mark)
			}
		}
		if i == 0 && old.at == kept[0].at {
			kept[0] = one
		} else {
			kept = withRound(kept, one)
		}
	}
	own.Of = writeRounds(kept)
	return &own
}

// join adds to the new record what is kept of the one before: what nobody has
// answered now; and, where there is room, what is about another catalogue, or was
// about an earlier one and allowed.
func (w *writing) join() *Record {
	var known []string
	for _, mark := range w.marks.Of {
		known = append(known, tagOf(mark))
	}
	rounds, more := []round{w.fresh}, false
	for _, old := range w.before.rounds {
		kept := round{at: old.at}
		for _, mark := range old.marks {
			said := slices.Contains(w.said, tagOf(mark))
			if said && !isMore(mark, w.fresh.marks) {
				continue
			}
			kept.marks = append(kept.marks, mark)
			more = more || said || !slices.Contains(known, tagOf(mark))
		}
		rounds = withRound(rounds, kept)
	}
	w.record.Of = writeRounds(rounds)
	if !more {
		return w.record
	}
	w.keepOthers()
	value, err := w.record.Encode()
	if err != nil || len(w.catalogue.Cookie.Name)+len("=")+len(value) > MaxCookieSize {
		return w.catalogue.Own(w.record, w.marks)
	}
	return w.record
}

// keepOthers keeps the answers about what this catalogue does not ask, also about a
// category that is necessary here.
func (w *writing) keepOthers() {
	for _, choice := range w.before.held.Choices {
		if w.marks.Of[choice.ID] == "" {
			w.record.Choices = w.record.Choices.With(choice.ID, choice.Granted)
		}
	}
	for _, choice := range w.before.held.Services {
		if w.marks.Of[choice.ID] == "" {
			w.record.Services = w.record.Services.With(choice.ID, choice.Granted)
		}
	}
}

// isMore reports whether a service that is allowed now was allowed as something else,
// too: on another site with the same cookie, it still is that.
func isMore(mark string, fresh []string) bool {
	for _, now := range fresh {
		if len(mark) > letter && len(now) > letter && tagOf(now) == tagOf(mark) && !covers(now, mark) {
			return true
		}
	}
	return false
}

// withRound adds a round, the older last; see [MaxRounds].
func withRound(rounds []round, next round) []round {
	if len(next.marks) == 0 {
		return rounds
	}
	if len(rounds) < MaxRounds {
		return append(rounds, next)
	}
	last := &rounds[len(rounds)-1]
	last.at = min(last.at, next.at)
	last.marks = append(last.marks, next.marks...)
	return rounds
}
