package app

import (
	"time"

	"temoin.example/temoin/app/consent"
)

// Page is what the interface needs of the page that it is drawn in. The
// browser's is browser.Page; tests have their own.
type Page interface {
	// Cookies returns the values of all the page's cookies of that name.
	Cookies(name string) []string
	// SetCookie writes a cookie; line is as document.cookie takes it. A browser
	// that keeps no cookies ignores it without a word.
	SetCookie(line string)
	// Host and Path say where the page is; Secure, whether it came by https.
	Host() string
	Path() string
	Secure() bool
	// Changed tells the loader that the cookie has been written, and how the
	// visitor answered, which is a How.
	Changed(how string)
	// NotKept tells the visitor that the browser did not keep the choice.
	// Dismissed reports that on this page this has happened.
	NotKept()
	Dismissed() bool
	// GPC reports that the browser's Global Privacy Control refuses in the place
	// of the visitor what is not answered; it is false where the site asks all the
	// same.
	GPC() bool
	// Announce says text politely to whoever uses a screen reader.
	Announce(text string)
	// Refocus keeps the focus from being lost with a layer that is gone.
	Refocus()
	// ShowDialog opens the dialog over the page, CloseDialog closes it.
	ShowDialog()
	CloseDialog()
	// Dialog reports whether the dialog is open, and whether it says that a
	// receipt could not be had; Switched, whether the switch of id is on.
	Dialog() (open, proofMissing bool)
	Switched(id string) bool
	// KeepsReceipts reports whether choices are reported for proof.
	KeepsReceipts() bool
	// Proof gives the visitor the receipt of the choice as a file; where it cannot
	// be had, missing is called.
	Proof(missing func())
}

// dialog is the way in which the answers are given that this package takes, as
// receipts name it: see server/receipt, where there are more.
const dialog = "dialog"

// Session is one visitor's answer on one page: what was answered before, and
// what becomes of an answer given now. It draws nothing.
type Session struct {
	Edition *Edition
	Page    Page
	// Now and NewID are the clock and the source of random UUIDs.
	Now   func() time.Time
	NewID func() string

	record *consent.Record
}

// NewSession returns a session that has read the page's cookie.
func NewSession(edition *Edition, page Page) *Session {
	s := &Session{Edition: edition, Page: page, Now: time.Now, NewID: consent.NewID}
	s.Sync()
	return s
}

// Sync reads the cookie again: another tab, or the page, may have written it.
func (s *Session) Sync() {
	values := s.Page.Cookies(s.Edition.Catalogue.Cookie.Name)
	s.record = s.Edition.Catalogue.Read(values, s.Now(), s.Edition.Marks)
}

// Asking reports whether the visitor has still to be asked.
func (s *Session) Asking() bool {
	return s.Edition.asks() && (s.record == nil || s.Anew() != nil) && !s.Page.Dismissed() && !s.Page.GPC()
}

// Anew returns what alone is asked where the rest was answered before: services, and
// the categories that are new with them.
func (s *Session) Anew() []string {
	if s.record == nil {
		return nil
	}
	return s.record.Asked
}

// RefusedByGPC reports whether all is refused by the browser's Global Privacy
// Control alone. An answer that the visitor gave to this site stands over it.
func (s *Session) RefusedByGPC() bool { return s.record == nil && s.Page.GPC() }

// Granted reports whether id, a category or a service, is allowed now.
func (s *Session) Granted(id string) bool {
	return s.Edition.Catalogue.Granted(s.standing(), id)
}

// Draft returns what the switches show when the dialog opens.
func (s *Session) Draft() consent.Draft { return s.Edition.Catalogue.Draft(s.standing()) }

// standing returns the answer that counts. Global Privacy Control counts as a
// refusal of all that can be refused, the exempt measure too, to which it is
// the visitor's objection; it is never written in a cookie.
func (s *Session) standing() *consent.Record {
	if s.RefusedByGPC() {
		return &consent.Record{Choices: s.Edition.Catalogue.Refuse()}
	}
	return s.record
}

// HasProof reports whether there is a choice whose receipt the visitor may have.
func (s *Session) HasProof() bool { return s.record != nil && s.Page.KeepsReceipts() }

// Accept allows everything.
func (s *Session) Accept() { s.decide(func(string) bool { return true }, false) }

// Refuse refuses all that can be refused.
func (s *Session) Refuse() { s.decide(func(string) bool { return false }, false) }

// Save keeps what the visitor set in the dialog: where something was asked anew, what
// was left as it stood grows no younger.
func (s *Session) Save(draft consent.Draft) { s.decide(draft.Granted, s.Anew() != nil) }

// decide writes an answer and reads it back: only what the browser keeps
// counts, so where it keeps nothing, all stays refused, and the visitor is told.
func (s *Session) decide(granted func(id string) bool, part bool) {
	c := s.Edition.Catalogue
	answer := consent.Answer{ID: s.NewID(), At: s.Now(), Granted: granted, Part: part}
	record := c.Answer(s.Page.Cookies(c.Cookie.Name), s.Edition.Marks, answer)
	value, err := record.Encode()
	for range 2 {
		if err == nil && s.keep(value, record.ID) {
			s.Page.Announce(s.Edition.Texts.Saved)
			return
		}
	}
	s.Page.NotKept()
}

// keep writes the record of that id, tells the loader, and reports whether it
// stands after that. The answer to an earlier report may set that report's cookie
// at any moment (see web/loader/report.js), also just before the loader reads.
func (s *Session) keep(value, id string) bool {
	s.write(value)
	s.Page.Changed(dialog)
	s.Sync()
	return s.record != nil && s.record.ID == id
}

// write sets the cookie. Where cookies of that name remain that other settings
// left, on other paths or domains, they are deleted, and it is set once more.
func (s *Session) write(value string) {
	settings := s.Edition.Catalogue.Cookie
	line := settings.Line(value, s.Page.Secure())
	s.Page.SetCookie(line)
	if len(s.Page.Cookies(settings.Name)) < 2 {
		return
	}
	for _, expiry := range settings.ExpiryLines(s.Page.Host(), s.Page.Path()) {
		s.Page.SetCookie(expiry)
	}
	s.Page.SetCookie(line)
}
