package consent

import (
	"slices"
	"time"
)

// This file decides what of earlier answers stands. The loader does so by the same
// rules (web/loader/standing.js), as do the files that read the cookie on a server;
// testdata/standing.json holds all of them to it:
//
//   - A record of the catalogue's own revision counts as it says, until the first of its
//     answers is over. Of any other:
//   - No stands, by the id of what was refused, whatever becomes of it, until it is
//     over. It covers what comes new in a category that was refused.
//   - Yes stands for what it was about; see [covers]. What is new in a category that
//     was allowed, or has changed, waits until it is answered.
//   - A category stays allowed while one of its services does, or all were refused.
//   - Each answer is over when its own time is, whatever was answered after it.

// answerState is what stands of one category or service.
type answerState int

const (
	unanswered answerState = iota
	no
	yes
)

// standing is what of a record stands at one moment, for one catalogue.
type standing struct {
	held   *Record // as the cookie holds it
	rounds []round // of what is not over
	states map[string]answerState
}

// stand looks at what a record says about the catalogue at now.
func (c *Catalogue) stand(held *Record, now time.Time, marks Marks) standing {
	s := standing{held: held, states: map[string]answerState{}}
	isWhole := held.Rev == marks.Rev
	for _, round := range c.roundsOf(held, marks) {
		if !lasts(now, time.Unix(round.at, 0), c.Cookie.Lifetime.Length()) {
			isWhole = false
			continue
		}
		s.rounds = append(s.rounds, round)
	}
	if isWhole {
		for id := range marks.Of {
			s.states[id] = no
			if c.Granted(&Record{Choices: held.Choices, Services: held.Services}, id) {
				s.states[id] = yes
			}
		}
		return s
	}
	for _, category := range c.Categories {
		if _, offered := marks.Of[category.ID]; !offered {
			continue
		}
		answered, _ := s.answered(marks.Of[category.ID])
		granted, chosen := held.Choices.Get(category.ID)
		refused := answered && chosen && !granted
		state := unanswered
		if refused {
			state = no
		}
		var allowed, open bool
		for _, service := range c.ServicesOf(category.ID) {
			own, apart := held.Services.Get(service.ID)
			answered, covered := s.answered(marks.Of[service.ID])
			if !apart {
				own = granted
			}
			switch {
			case !apart && refused, answered && (apart || chosen) && !own:
				s.states[service.ID] = no
			case own && covered:
				s.states[service.ID] = yes
			}
			allowed = allowed || s.states[service.ID] == yes
			open = open || s.states[service.ID] == unanswered
		}
		if answered && granted && (allowed || !open) {
			state = yes
		}
		s.states[category.ID] = state
	}
	return s
}

// answered reports whether what mark marks was answered, in whatever way; and whether
// such an answer is one to exactly that.
func (s standing) answered(mark string) (answered, covered bool) {
	for _, round := range s.rounds {
		for _, was := range round.marks {
			if tagOf(was) == tagOf(mark) {
				answered = true
				covered = covered || covers(was, mark)
			}
		}
	}
	return answered, covered
}

// roundsOf returns what the record's answers are answers to. One of version 1 says
// so by its revision alone: where that is the catalogue's, all of it was answered;
// of another catalogue nobody knows more than what was refused.
func (c *Catalogue) roundsOf(held *Record, marks Marks) []round {
	if held.Of != "" {
		rounds, _ := readRounds(held.Of, held.At.Unix())
		return rounds
	}
	same := held.Rev == marks.Rev
	one := round{at: held.At.Unix()}
	add := func(id string, granted bool) {
		mark := marks.Of[id]
		switch {
		case mark == "" || granted && !same:
		case granted:
			one.marks = append(one.marks, mark)
		default:
			one.marks = append(one.marks, tagOf(mark))
		}
	}
	for _, category := range c.Categories {
		granted, chosen := held.Choices.Get(category.ID)
		if !chosen {
			continue
		}
		add(category.ID, granted)
		for _, service := range c.ServicesOf(category.ID) {
			if own, apart := held.Services.Get(service.ID); apart {
				add(service.ID, own)
			} else if granted {
				add(service.ID, true)
			}
		}
	}
	return []round{one}
}

// view returns the record as the catalogue asks now, an answer for each category and
// the services that differ; nil where nothing in it stands.
func (s standing) view(c *Catalogue) *Record {
	var stands, allows bool
	for _, state := range s.states {
		stands = stands || state != unanswered
		allows = allows || state == yes
	}
	if !stands {
		return nil
	}
	// An exempt measure that comes new is on, but for who has refused everything.
	granted := func(id string) bool {
		return s.states[id] == yes || s.states[id] == unanswered && allows && c.Default(id)
	}
	record := &Record{ID: s.held.ID, Rev: s.held.Rev, At: s.held.At, held: s.held}
	record.Choices, record.Services = c.Split(granted)
	for _, category := range c.Categories {
		var open []string
		for _, service := range c.ServicesOf(category.ID) {
			if !c.Default(service.ID) && s.states[service.ID] == unanswered {
				open = append(open, service.ID)
			}
		}
		if len(open) > 0 && !c.Default(category.ID) && s.states[category.ID] == unanswered {
			record.Asked = append(record.Asked, category.ID)
		}
		record.Asked = append(record.Asked, open...)
	}
	return record
}

// Said is what a record says of one category or service.
type Said struct {
	// Answered is whether it says anything: what is new may wait.
	Answered, Granted bool
	// At is when it was answered: before the record's own time where that answered
	// something else.
	At time.Time
}

// Account returns what the record itself says, by id, about all that can be refused.
func (c *Catalogue) Account(record *Record, marks Marks) map[string]Said {
	s := c.stand(record, record.At, marks)
	at := map[string]time.Time{} // by tag
	for _, round := range slices.Backward(s.rounds) {
		for _, mark := range round.marks {
			at[tagOf(mark)] = time.Unix(round.at, 0)
		}
	}
	account := map[string]Said{}
	for id, mark := range marks.Of {
		when, found := at[tagOf(mark)]
		if service := c.Service(id); service != nil && !found {
			when = at[tagOf(marks.Of[service.Category])] // refused with its category
		}
		account[id] = Said{s.states[id] != unanswered, s.states[id] == yes, when}
	}
	return account
}

// Read returns the choice that cookies hold: of the values of all cookies of
// that name that the browser sent, the newest that decodes and is valid at now, with
// what of it stands. It returns nil where there is none: ask, and allow nothing
// meanwhile. marks are the catalogue's.
func (c *Catalogue) Read(values []string, now time.Time, marks Marks) *Record {
	_, view := c.read(values, now, marks)
	return view
}

// read returns the same, and the standing that it is the view of. Where nothing
// stands for this catalogue, the newest record may still be another's.
func (c *Catalogue) read(values []string, now time.Time, marks Marks) (found standing, view *Record) {
	for _, value := range values {
		held, err := Decode(value)
		if err != nil || !held.Valid(now, c.Cookie.Lifetime.Length()) {
			continue
		}
		s := c.stand(held, now, marks)
		seen := s.view(c)
		newer := found.held == nil || held.At.After(found.held.At)
		if (seen != nil) == (view != nil) && newer || seen != nil && view == nil {
			found, view = s, seen
		}
	}
	return found, view
}
