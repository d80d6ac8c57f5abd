package audit

import (
	"slices"

	"temoin.example/temoin/app/consent"
)

// situation is what a visitor has said, and so what is allowed. It is a state, but
// for what comes in one before its answer: that visitor has answered nothing yet.
type situation = StateName

// situationOf returns the situation in which something happened.
func situationOf(state StateName, phase Phase) situation {
	switch {
	case state == GPC:
		return GPC
	case phase == Before:
		return Unanswered
	case state == Withdrawn && phase == After:
		return Accepted
	}
	return state
}

// allows says what is allowed in a situation.
type allows struct {
	catalogue *consent.Catalogue
}

// service reports whether a service of the catalogue may work.
func (a allows) service(id string, in situation) bool {
	return a.catalogue.Granted(a.record(in), id)
}

// record returns the answer that was given, nil for none.
func (a allows) record(in situation) *consent.Record {
	record := &consent.Record{}
	switch only := in.Only(); {
	case only != "":
		record.Choices, record.Services = a.catalogue.Split(func(id string) bool {
			service := a.catalogue.Service(id)
			return id == only || service != nil && service.Category == only
		})
	case in == Unanswered, in == GPC && !a.catalogue.HonoursGPC():
		return nil
	case in == Accepted, in == Returning:
		record.Choices = a.catalogue.Accept()
	default:
		record.Choices = a.catalogue.Refuse()
	}
	return record
}

// preset reports whether a service may work that the catalogue does not declare, as
// its preset describes it.
func (a allows) preset(service *consent.Service, in situation) bool {
	switch {
	case service.Category == "necessary", in == Accepted, in == Returning, in.Only() == service.Category:
		return true
	case in == Unanswered:
		return service.Anonymous
	}
	return false
}

// offences are the kinds of what happens without consent, by the situation, the
// heaviest first. [OnlyState] stands for each of those.
var offences = []struct {
	in   situation
	kind Kind
}{
	{Unanswered, BeforeConsent},
	{Refused, AfterRefusal},
	{Withdrawn, AfterWithdrawal},
	{OnlyState(""), WrongCategory},
	{GPC, DespiteGPC},
}

// offenceOf returns the kind for something that happened in those situations without
// consent, "" for none.
func offenceOf(situations []situation) Kind {
	for _, offence := range offences {
		if slices.ContainsFunc(situations, func(in situation) bool {
			return in == offence.in || in.Only() != "" && offence.kind == WrongCategory
		}) {
			return offence.kind
		}
	}
	return ""
}

// toldOrder sorts situations as a report tells them, each once.
func toldOrder(situations []situation) []situation {
	order := []situation{Unanswered, Refused, Withdrawn, GPC, Accepted, Returning}
	place := func(in situation) int {
		if i := slices.Index(order, in); i >= 0 {
			return i
		}
		return 2 // a category alone comes between
	}
	sorted := slices.Clone(situations)
	slices.SortStableFunc(sorted, func(a, b situation) int {
		if place(a) != place(b) {
			return place(a) - place(b)
		}
		if a < b {
			return -1
		}
		if a > b {
			return 1
		}
		return 0
	})
	return slices.Compact(sorted)
}
