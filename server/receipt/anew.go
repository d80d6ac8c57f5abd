package receipt

import (
	"slices"
	"time"

	"temoin.example/temoin/app/consent"
)

// Before returns the id of the visitor's answer before this one, of which nothing has to
// stand, or "". It is known only until the receipt is kept: no receipt says it.
func (r *Receipt) Before() string { return r.before }

// AskedAnew returns how the visitor answered what was asked only because the catalogue
// has changed from was, to which the receipt before is an answer, to is; "" where the
// change asked nothing of this visitor, or where nothing stood after it, so that all was
// asked as if for the first time.
func (r *Receipt) AskedAnew(before *Receipt, was, is *consent.Catalogue) Outcome {
	record := was.Answer(nil, was.Marks(), consent.Answer{ID: before.ID(), At: before.At(), Granted: before.allows(was)})
	value, err := record.Encode()
	if err != nil {
		return "" // too long for a cookie, so that no page can have read it
	}
	view := is.Read([]string{value}, r.At(), is.Marks())
	if view == nil {
		return ""
	}
	var given, refused bool
	for _, service := range is.Services {
		if state, since := r.about(service.Category, service.ID); slices.Contains(view.Asked, service.ID) && since.IsZero() {
			given = given || state == Given
			refused = refused || state == NotGiven
		}
	}
	if !given && !refused {
		return ""
	}
	return outcomeOf(given, refused)
}

// allows returns what the receipt's answer allows of a catalogue, by id. What is exempt
// and was never answered counts as on: that is how it was.
func (r *Receipt) allows(c *consent.Catalogue) func(id string) bool {
	return func(id string) bool {
		category := id
		if service := c.Service(id); service != nil {
			category = service.Category
		}
		state, _ := r.about(category, id)
		return state == Given || state == Unanswered
	}
}

// about returns what became of a service, or of the category itself where id is that;
// and since when, where that was not answered this time.
func (r *Receipt) about(category, id string) (State, time.Time) {
	for _, purpose := range r.Processing.Purposes {
		if purpose.ID != category {
			continue
		}
		for _, service := range purpose.Services {
			if service.ID == id {
				return service.State, service.Since
			}
		}
		return purpose.State, purpose.Since
	}
	return "", time.Time{}
}
