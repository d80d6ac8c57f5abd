package receipt

import (
	"slices"
	"time"

	"temoin.example/temoin/app/consent"
)

// markedPurposes returns the answers of a record of version 2 in the catalogue's
// order: what it marks as answered now, what stands of earlier answers, and what is
// not answered yet.
func markedPurposes(record *consent.Record, catalogue *consent.Catalogue) ([]Purpose, error) {
	marks := catalogue.Marks()
	if err := checkIDs(record, catalogue, marks); err != nil {
		return nil, err
	}
	account := catalogue.Account(record, marks)
	since := func(said consent.Said) time.Time {
		if !said.Answered || said.At.Equal(record.At) {
			return time.Time{}
		}
		return seconds(said.At)
	}
	var purposes []Purpose
	isNew := false
	for _, category := range catalogue.Categories {
		if category.Necessary {
			purposes = append(purposes, Purpose{ID: category.ID, Basis: Necessary, State: NotRequired})
			continue
		}
		if marks.Of[category.ID] == "" {
			continue // nothing is in it, and nothing was asked
		}
		said := account[category.ID]
		purpose := Purpose{ID: category.ID, Basis: Consent, State: stateOfSaid(said), Since: since(said)}
		if category.Anonymous {
			purpose.Basis = ExemptMeasure
		}
		isNew = isNew || said.Answered && purpose.Since.IsZero()
		for _, service := range catalogue.ServicesOf(category.ID) {
			said := account[service.ID]
			s := Service{service.ID, stateOfSaid(said), since(said)}
			isNew = isNew || said.Answered && s.Since.IsZero()
			if s.State != purpose.State || !s.Since.Equal(purpose.Since) {
				purpose.Services = append(purpose.Services, s)
			}
		}
		purposes = append(purposes, purpose)
	}
	if !isNew {
		return nil, invalid("of says that nothing was answered at the record's time")
	}
	return purposes, nil
}

// checkIDs refuses answers to what the catalogue does not ask.
func checkIDs(record *consent.Record, catalogue *consent.Catalogue, marks consent.Marks) error {
	for _, choice := range record.Choices {
		switch category := catalogue.Category(choice.ID); {
		case category == nil || !category.Necessary && marks.Of[choice.ID] == "":
			return invalid("choices answers for %q, which the catalogue does not ask", choice.ID)
		case category.Necessary && !choice.Granted:
			return invalid("choices refuses %q, which is necessary: it has to be true", choice.ID)
		}
	}
	for _, choice := range record.Services {
		if catalogue.Service(choice.ID) == nil || marks.Of[choice.ID] == "" {
			return invalid("services answers for %q, which the catalogue does not ask", choice.ID)
		}
	}
	return nil
}

func stateOfSaid(said consent.Said) State {
	if !said.Answered {
		return Unanswered
	}
	return stateOf(said.Granted)
}

// IsPart reports whether the visitor was asked only what was new: the rest stood, or
// waits for an answer.
func (r *Receipt) IsPart() bool {
	return slices.ContainsFunc(r.Processing.Purposes, func(p Purpose) bool {
		return !p.Since.IsZero() || slices.ContainsFunc(p.Services, func(s Service) bool { return !s.Since.IsZero() })
	})
}

// From returns the id of the receipt that says how what stood was answered, or "".
func (r *Receipt) From() string { return r.Own.From }

// checkStood holds a receipt of a part to naming where the rest comes from, and to
// times that are earlier.
func (r *Receipt) checkStood() error {
	if (r.From() != "") != r.IsPart() || r.From() != "" && !IsID(r.From()) {
		return invalid("stood_from is %q, want the id of the receipt before, where something stood", r.From())
	}
	isEarlier := func(since time.Time) bool {
		return since.IsZero() || since == seconds(since) && since.Before(r.At())
	}
	for _, purpose := range r.Processing.Purposes {
		for _, service := range slices.Concat(purpose.Services, []Service{{purpose.ID, purpose.State, purpose.Since}}) {
			if !isEarlier(service.Since) {
				return invalid("stood_since of %q is %s, want a time before the answer, in UTC", service.ID, service.Since)
			}
		}
	}
	return nil
}

func samePurpose(a, b Purpose) bool {
	return a.ID == b.ID && a.State == b.State && a.Since.Equal(b.Since) &&
		slices.EqualFunc(a.Services, b.Services, func(a, b Service) bool {
			return a.ID == b.ID && a.State == b.State && a.Since.Equal(b.Since)
		})
}
