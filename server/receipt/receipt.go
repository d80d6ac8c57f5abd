// Package receipt is the proof of a choice: what a visitor answered, to which
// text, when and how, signed by the site, and how that is shown to be in the
// site's log of receipts ([File]).
//
// A receipt holds no address, no user agent and nothing else that would follow
// somebody from one answer to the next (GDPR, article 5(1)(c)), but the id of the
// one before where part of that still stands: who keeps the record's id, from the
// cookie or from the file, can find the receipt; nobody else can.
//
// # Structure
//
// A receipt is structured after ISO/IEC TS 27560:2023, "Consent record
// information structure": it is a copy of the consent record, and has its id.
// The fields of the standard, by its sections:
//
//	schema_version      "temoin/1"
//	record_id           the id of the answer, a random UUID
//	pii_principal_id    the same: the answer is all that is known of who gave it
//	pii_processing      privacy_notice (revision of the catalogue and hash of what was shown),
//	                    language, purposes (purpose, lawful_basis, event_state), pii_controllers,
//	                    withdrawal_method
//	party_identification  party_id (the origin of the site), party_name, party_role
//	event               event_time (the visitor's clock), validity_duration, entity_id, event_type
//
// What is the same for every visitor is not repeated in each receipt: the
// descriptions of purposes, services, cookies and their durations, recipients
// and the controller's policy stand in the edition of the catalogue that
// privacy_notice names, which is kept once for each revision and language.
//
// Where a purpose or service was not asked again, since an earlier answer stands,
// stood_since says when that was given; what is new and not answered yet has the
// state consent_unanswered.
//
// The section "temoin" is our own: how the answer was given, whether it
// overrides Global Privacy Control, when the server received it, which version of
// the program wrote the receipt, and from which receipt what stood comes.
//
// The package imports nothing of ours but app/consent.
package receipt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"temoin.example/temoin/app/consent"
)

// SchemaVersion is the version of the receipt's structure.
const SchemaVersion = "temoin/1"

// ErrInvalid is what every submission or receipt that is not well formed, and
// every answer that the catalogue does not ask for, wraps.
var ErrInvalid = errors.New("invalid receipt")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalid, fmt.Sprintf(format, args...))
}

// How is the way in which the answer was given.
type How string

// The ways in which an answer can be given.
const (
	BannerAccept How = "banner-accept"
	BannerRefuse How = "banner-refuse"
	Dialog       How = "dialog"
	Embed        How = "embed"
	Form         How = "form"
	API          How = "api"
)

// Hows returns all ways in which an answer can be given.
func Hows() []How { return []How{BannerAccept, BannerRefuse, Dialog, Embed, Form, API} }

// Outcome sums an answer up.
type Outcome string

// The outcomes: all that could be refused was allowed, none was, or some was.
const (
	Accepted Outcome = "accepted"
	Refused  Outcome = "refused"
	Partly   Outcome = "partly"
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome { return []Outcome{Accepted, Refused, Partly} }

// Basis is why a purpose may be pursued.
type Basis string

// The bases: the visitor's consent; none needed, for what the site cannot do
// without; none needed, for an anonymous audience measure that the visitor may
// object to (CNIL, deliberation 2020-091, section 5).
const (
	Consent       Basis = "consent"
	Necessary     Basis = "necessary"
	ExemptMeasure Basis = "exempt_measure"
)

// State is what became of one purpose or service.
type State string

// The states: allowed, refused, not asked because it is necessary, or new and not
// answered yet.
const (
	Given       State = "consent_given"
	NotGiven    State = "consent_refused"
	NotRequired State = "consent_not_required"
	Unanswered  State = "consent_unanswered"
)

func stateOf(granted bool) State {
	if granted {
		return Given
	}
	return NotGiven
}

// Receipt is one answer of a visitor, as it is kept. Make it with [New] or
// [Parse]; its keys stand in JSON in the order of its fields. See the package's
// documentation for where the names are from.
type Receipt struct {
	SchemaVersion string     `json:"schema_version"`
	RecordID      string     `json:"record_id"`
	PrincipalID   string     `json:"pii_principal_id"`
	Processing    Processing `json:"pii_processing"`
	Parties       []Party    `json:"party_identification"`
	Event         Event      `json:"event"`
	Own           Own        `json:"temoin"`

	written []byte // as it was signed, where that is not how Body would write it
	before  string // see Before
}

// Processing says what was consented to.
type Processing struct {
	Notice           Notice    `json:"privacy_notice"`
	Language         string    `json:"language"`
	Purposes         []Purpose `json:"purposes"`
	Controllers      []string  `json:"pii_controllers"` // party ids
	WithdrawalMethod string    `json:"withdrawal_method,omitempty"`
}

// Notice names the edition of the catalogue that the visitor was shown.
type Notice struct {
	Rev  string `json:"rev"`  // 8 hexadecimal digits; see consent.Catalogue.Rev
	Text string `json:"text"` // 16 hexadecimal digits: a hash of what was shown
}

// Purpose is a category of the catalogue and the answer for it.
type Purpose struct {
	ID    string `json:"purpose"`
	Basis Basis  `json:"lawful_basis"`
	State State  `json:"event_state"`
	// Since is when it was answered, where that was before and the answer stands:
	// this time it was not asked.
	Since    time.Time `json:"stood_since,omitzero"`
	Services []Service `json:"services,omitempty"` // those with an answer of their own
}

// Service is a service that was answered otherwise than its category, or not when
// that was.
type Service struct {
	ID    string    `json:"service"`
	State State     `json:"event_state"`
	Since time.Time `json:"stood_since,omitzero"` // see Purpose
}

// Party is who asks: the site.
type Party struct {
	ID   string `json:"party_id"` // its origin
	Name string `json:"party_name,omitempty"`
	Role string `json:"party_role"`
}

// Event is the act of answering.
type Event struct {
	Time     time.Time `json:"event_time"`        // UTC, to the second, by the visitor's clock
	Validity string    `json:"validity_duration"` // ISO 8601, such as P180D
	Entity   string    `json:"entity_id"`
	Type     string    `json:"event_type"`
}

// Own is what the standard has no name for.
type Own struct {
	How      How       `json:"how"`
	GPC      bool      `json:"gpc"`      // given while Global Privacy Control stood for a refusal
	Received time.Time `json:"received"` // UTC, to the second, by the server's clock
	Version  string    `json:"version"`  // of the program
	// From is the id of the receipt before, which says how what stands was answered;
	// absent where all was answered at once.
	From string `json:"stood_from,omitempty"`
}

// What does not differ between receipts.
const (
	controller = "pii_controller"
	principal  = "pii_principal"
	expressed  = "expressed_consent" // by an act of the visitor: W3C DPV's ExpressedConsent
)

// Context is what the server adds to a submission.
type Context struct {
	Site      string             // the origin of the site, such as https://www.example.com: the catalogue's word, never a request's
	Catalogue *consent.Catalogue // of the record's revision: the caller looks it up
	Received  time.Time
	Version   string // of the program
}

// New returns the receipt of a submission. It fails, with [ErrInvalid], where
// the record does not answer the catalogue: each category that is necessary or
// offered and none that is unknown, what is necessary allowed, and apart from that
// only services that can be refused and that differ from their category; where
// the catalogue offers nothing to choose; where the site is no origin; and
// where the receipt would take more than [MaxBody] bytes.
func New(s *Submission, c Context) (*Receipt, error) {
	if !isOrigin(c.Site) {
		return nil, invalid("the site is %.100q, want an origin such as https://www.example.com", c.Site)
	}
	purposes, err := purposesOf(s.Record, c.Catalogue)
	if err != nil {
		return nil, err
	}
	r := &Receipt{
		SchemaVersion: SchemaVersion,
		RecordID:      s.Record.ID,
		PrincipalID:   s.Record.ID,
		Processing: Processing{
			Notice:           Notice{Rev: s.Record.Rev, Text: s.Text},
			Language:         s.Lang,
			Purposes:         purposes,
			Controllers:      []string{c.Site},
			WithdrawalMethod: c.Catalogue.Links.Charter,
		},
		Parties: []Party{{ID: c.Site, Name: c.Catalogue.Site.Name.In(s.Lang), Role: controller}},
		Event: Event{
			Time:     seconds(s.Record.At),
			Validity: "P" + strconv.Itoa(c.Catalogue.Cookie.Lifetime.Days()) + "D",
			Entity:   principal,
			Type:     expressed,
		},
		Own:    Own{How: s.How, GPC: s.GPC, Received: seconds(c.Received), Version: c.Version},
		before: s.From,
	}
	if r.IsPart() {
		r.Own.From = s.From
	}
	body, err := r.Body()
	if err != nil {
		return nil, err
	}
	if len(body) > MaxBody {
		return nil, invalid("the receipt would take %d bytes, want at most %d", len(body), MaxBody)
	}
	// What is signed must be what is read later: a text that JSON cannot hold, as
	// it is no UTF-8, would come back as another.
	if _, err := Parse(body); err != nil {
		return nil, err
	}
	return r, nil
}

// MaxBody is the most bytes that a new receipt may take.
const MaxBody = 16 << 10

// maxOrigin is the most bytes of an origin: a host of 253 (RFC 1035, section
// 2.3.4), the scheme and a port.
const maxOrigin = len("https://") + 253 + len(":65535")

// isOrigin reports whether site is a web origin as browsers write it: http or
// https, a host in lower-case ASCII, perhaps a port, and nothing else.
func isOrigin(site string) bool {
	u, err := url.Parse(site)
	return err == nil && len(site) <= maxOrigin && (u.Scheme == "https" || u.Scheme == "http") &&
		hostPattern.MatchString(u.Host) && site == u.Scheme+"://"+u.Host
}

func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// purposesOf returns the answers in the catalogue's order: the order in which
// a page names them says nothing. A category that is not offered needs none; who
// answered about it, since earlier versions asked, did so.
func purposesOf(record *consent.Record, catalogue *consent.Catalogue) ([]Purpose, error) {
	if len(catalogue.Refusable()) == 0 {
		return nil, invalid("the catalogue offers nothing to choose, so there is nothing to prove")
	}
	if record.Of != "" {
		return markedPurposes(record, catalogue)
	}
	var purposes []Purpose
	for _, category := range catalogue.Categories {
		granted, found := record.Choices.Get(category.ID)
		switch {
		case !found && !category.Necessary && !catalogue.Offers(category.ID):
		case !found:
			return nil, invalid("choices has no answer for %q", category.ID)
		case category.Necessary && !granted:
			return nil, invalid("choices refuses %q, which is necessary: it has to be true", category.ID)
		case category.Necessary:
			purposes = append(purposes, Purpose{ID: category.ID, Basis: Necessary, State: NotRequired})
		case category.Anonymous:
			purposes = append(purposes, Purpose{ID: category.ID, Basis: ExemptMeasure, State: stateOf(granted)})
		default:
			purposes = append(purposes, Purpose{ID: category.ID, Basis: Consent, State: stateOf(granted)})
		}
	}
	if len(record.Choices) != len(purposes) {
		return nil, invalid("choices answers %d categories, want %d of the catalogue", len(record.Choices), len(purposes))
	}
	if err := addServices(purposes, record, catalogue); err != nil {
		return nil, err
	}
	return purposes, nil
}

func addServices(purposes []Purpose, record *consent.Record, catalogue *consent.Catalogue) error {
	for _, choice := range record.Services {
		if catalogue.Service(choice.ID) == nil {
			return invalid("services answers for %q, which the catalogue does not know", choice.ID)
		}
	}
	for _, service := range catalogue.Services {
		granted, found := record.Services.Get(service.ID)
		if !found {
			continue
		}
		i := slices.IndexFunc(purposes, func(p Purpose) bool { return p.ID == service.Category })
		if i < 0 || purposes[i].Basis == Necessary {
			return invalid("services answers for %q, which is necessary", service.ID)
		}
		if purposes[i].State == stateOf(granted) {
			return invalid("services answers for %q as for its category: leave it out", service.ID)
		}
		purposes[i].Services = append(purposes[i].Services, Service{ID: service.ID, State: stateOf(granted)})
	}
	return nil
}

// Body returns the canonical bytes of the receipt: compact JSON, its keys in
// the order of the fields. They are what is stored, signed and committed to.
func (r *Receipt) Body() ([]byte, error) {
	if r.written != nil {
		return bytes.Clone(r.written), nil
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return json.Marshal((*fields)(r))
}

// fields is a receipt without its methods.
type fields Receipt

// MarshalJSON writes the receipt as it was signed.
func (r *Receipt) MarshalJSON() ([]byte, error) {
	if r.written != nil {
		return r.written, nil
	}
	return json.Marshal((*fields)(r))
}

// Open reads a body that was kept with its signature. Unlike [Parse] it takes
// one that is badly written, if the key of verifier has signed it: only this
// program has the key, so that it was never changed. See [Receipt.IsBadlyWritten].
func Open(verifier string, body, signature []byte) (*Receipt, error) {
	r, err := Parse(body)
	if err == nil {
		return r, nil
	}
	r = new(Receipt)
	if json.Unmarshal(body, r) != nil || r.check() != nil || VerifySignature(verifier, body, signature) != nil {
		return nil, err
	}
	r.written = bytes.Clone(body)
	return r, nil
}

// IsBadlyWritten reports whether the receipt was signed in other bytes than
// [Receipt.Body] makes of what it says, as earlier programs did with a site that
// was no UTF-8. It is as good a proof as any other; only the site cannot be told.
func (r *Receipt) IsBadlyWritten() bool { return r.written != nil }

// Parse reads what [Receipt.Body] wrote, and nothing else: a receipt that says
// the same in other bytes is refused.
func Parse(body []byte) (*Receipt, error) {
	r := new(Receipt)
	if err := json.Unmarshal(body, r); err != nil {
		return nil, invalid("%v", err)
	}
	canonical, err := r.Body()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(canonical, body) {
		return nil, invalid("it is not written as this program writes receipts")
	}
	return r, nil
}

var (
	uuidPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	revPattern  = regexp.MustCompile(`^[0-9a-f]{8}$`)
	textPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)
	hostPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?$`)
	langPattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)
)

// IsID reports whether id may be a receipt's: a UUID in lower case.
func IsID(id string) bool { return uuidPattern.MatchString(id) }

// check holds the receipt to what the store relies on: that what it files
// receipts under is short and plain.
func (r *Receipt) check() error {
	switch {
	case r.SchemaVersion != SchemaVersion:
		return invalid("schema_version is %q, want %q", r.SchemaVersion, SchemaVersion)
	case !IsID(r.RecordID):
		return invalid("record_id is %q, want a UUID in lower case", r.RecordID)
	case r.PrincipalID != r.RecordID:
		return invalid("pii_principal_id is %q, want the record_id", r.PrincipalID)
	case !revPattern.MatchString(r.Rev()):
		return invalid("rev is %q, want 8 hexadecimal digits", r.Rev())
	case !textPattern.MatchString(r.Text()):
		return invalid("text is %q, want 16 hexadecimal digits", r.Text())
	case !langPattern.MatchString(r.Lang()):
		return invalid("lang is %q, want a language code", r.Lang())
	case !slices.Contains(Hows(), r.How()):
		return invalid("how is %q, want one of %q", r.How(), Hows())
	case r.At() != seconds(r.At()) || r.Received() != seconds(r.Received()):
		return invalid("a time is not in UTC, to the second")
	case len(r.Parties) != 1:
		return invalid("party_identification holds %d parties, want the site", len(r.Parties))
	case len(r.Processing.Purposes) == 0:
		return invalid("purposes is empty")
	}
	if err := r.checkPurposes(); err != nil {
		return err
	}
	return r.checkStood()
}

func (r *Receipt) checkPurposes() error {
	var seen []string
	for _, purpose := range r.Processing.Purposes {
		if !consent.IsID(purpose.ID) || slices.Contains(seen, purpose.ID) {
			return invalid("purposes holds %q, want each category once", purpose.ID)
		}
		seen = append(seen, purpose.ID)
		if !slices.Contains([]State{Given, NotGiven, NotRequired, Unanswered}, purpose.State) ||
			(purpose.State == NotRequired) != (purpose.Basis == Necessary) {
			return invalid("event_state of %q is %q, which does not go with %q", purpose.ID, purpose.State, purpose.Basis)
		}
	}
	return nil
}

// ID returns the id of the answer, a UUID in lower case.
func (r *Receipt) ID() string { return r.RecordID }

// At returns when the visitor answered, by the visitor's clock.
func (r *Receipt) At() time.Time { return r.Event.Time }

// Received returns when the server received the answer.
func (r *Receipt) Received() time.Time { return r.Own.Received }

// Rev returns the revision of the catalogue that was answered.
func (r *Receipt) Rev() string { return r.Processing.Notice.Rev }

// Text returns the hash of what the visitor was shown.
func (r *Receipt) Text() string { return r.Processing.Notice.Text }

// Lang returns the language in which the visitor was asked.
func (r *Receipt) Lang() string { return r.Processing.Language }

// Site returns the origin of the site.
func (r *Receipt) Site() string { return r.Parties[0].ID }

// How returns the way in which the answer was given.
func (r *Receipt) How() How { return r.Own.How }

// GPC reports whether the answer was given while Global Privacy Control stood
// for a refusal.
func (r *Receipt) GPC() bool { return r.Own.GPC }

// Outcome sums the answer up: what was answered now, and nothing that stood. Where
// nothing could be refused, all is accepted.
func (r *Receipt) Outcome() Outcome {
	var given, refused bool
	add := func(state State, since time.Time) {
		given = given || since.IsZero() && state == Given
		refused = refused || since.IsZero() && state == NotGiven
	}
	for _, purpose := range r.Processing.Purposes {
		add(purpose.State, purpose.Since)
		for _, service := range purpose.Services {
			add(service.State, service.Since)
		}
	}
	return outcomeOf(given, refused)
}

func outcomeOf(given, refused bool) Outcome {
	switch {
	case given && refused:
		return Partly
	case refused:
		return Refused
	}
	return Accepted
}

// Record returns the record that the receipt was made of: the answer as the
// cookie holds it, in the catalogue's order.
func (r *Receipt) Record() *consent.Record {
	record := &consent.Record{ID: r.RecordID, Rev: r.Rev(), At: r.At()}
	add := func(choices *consent.Choices, id string, state State) {
		if state != Unanswered {
			*choices = append(*choices, consent.Choice{ID: id, Granted: state != NotGiven})
		}
	}
	for _, purpose := range r.Processing.Purposes {
		add(&record.Choices, purpose.ID, purpose.State)
		for _, service := range purpose.Services {
			if service.State != purpose.State {
				add(&record.Services, service.ID, service.State)
			}
		}
	}
	return record
}

// Same reports whether other says what r says of all that the visitor's page
// said: everything but the site, when the server received it and what follows
// from the catalogue.
func (r *Receipt) Same(other *Receipt) bool {
	a, b := r.Record(), other.Record()
	return a.ID == b.ID && a.Rev == b.Rev && a.At.Equal(b.At) && r.Own.From == other.Own.From &&
		slices.EqualFunc(r.Processing.Purposes, other.Processing.Purposes, samePurpose) &&
		r.Text() == other.Text() && r.Lang() == other.Lang() && r.How() == other.How() && r.GPC() == other.GPC()
}
