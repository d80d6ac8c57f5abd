package catalogue

import (
	"bytes"
	"encoding/json"

	"temoin.example/temoin/app/consent"
)

// Catalogue is all that a catalogue's file says: what the site asks consent for,
// and how it asks.
type Catalogue struct {
	consent.Catalogue
	Look   Look   `json:"look,omitempty"`
	Reload Reload `json:"reload,omitempty"`
	// HeldRequests is empty where the file does not say it, which counts as HeldFail.
	HeldRequests HeldRequests `json:"held-requests,omitempty"`
	Load         ProgramLoad  `json:"load,omitempty"`
	// Frames is FramesHide where the file does not say it: what receipts name stays the same.
	Frames   Frames   `json:"frames,omitempty"`
	Receipts Receipts `json:"receipts,omitempty"`
	Origins  []string `json:"origins,omitempty"`
	// From Aliases to Retention it is between the operator and the server: see
	// [Catalogue.Public].
	Aliases        []string          `json:"aliases,omitempty"`
	Readers        []string          `json:"readers,omitempty"`
	Administrators []string          `json:"administrators,omitempty"`
	Erasers        []string          `json:"erasers,omitempty"`
	Retention      *consent.Duration `json:"retention,omitempty"`
	// GoogleConsent is told to Google's services only where one asks for it; see [consent.SignalGoogle].
	GoogleConsent *GoogleConsent `json:"google-consent,omitempty"`
	// Texts overrides wordings of the interface, by language and name.
	Texts map[string]map[string]string `json:"texts,omitempty"`
}

// keyOrder is the order in which a catalogue is written as JSON. Receipts name
// what was written so by its hash: it never changes, but for keys that come new.
var keyOrder = []string{
	"site", "languages", "links", "cookie", "reopen", "look", "categories", "services",
	"gpc", "reload", "held-requests", "load", "frames", "receipts", "origins",
	"aliases", "readers", "administrators", "erasers", "retention", "google-consent", "texts",
}

// Public returns the catalogue without what is between the operator and the server:
// it is published, and receipts name it.
func (c *Catalogue) Public() *Catalogue {
	public := *c
	public.Aliases, public.Readers, public.Administrators, public.Erasers, public.Retention = nil, nil, nil, nil, nil
	return &public
}

// MarshalJSON writes the keys in the order that receipts know.
func (c *Catalogue) MarshalJSON() ([]byte, error) {
	type plain Catalogue // without this method
	data, err := encode((*plain)(c))
	if err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, key := range keyOrder {
		if value, found := values[key]; found {
			b.WriteString(`,"` + key + `":`)
			b.Write(value)
		}
	}
	b.WriteByte('}')
	written := b.Bytes()
	written[0] = '{'
	return written, nil
}

// encode writes JSON that stands in a file of its own, where "<" needs no escape.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return b.Bytes(), err
}

// Reload says when a page is loaded anew after an answer: what has run cannot be
// taken back otherwise, nor can the policy that a page came with be changed.
type Reload string

// The answers: after a withdrawal, where a script that was let in has run, never, or
// always; or after each answer that changes what is allowed.
const (
	ReloadAfterScript Reload = "after-script"
	ReloadNever       Reload = "never"
	ReloadAlways      Reload = "always"
	ReloadOnChange    Reload = "on-change"
)

// HeldRequests says what becomes of requests that scripts make to a host whose
// service is not allowed.
type HeldRequests string

// The answers: they fail, or wait for consent where they can.
const (
	HeldFail HeldRequests = "fail"
	HeldWait HeldRequests = "wait"
)

// ProgramLoad says when the program that takes the dialog over is fetched and started,
// for a visitor who has not answered. On a slow line, and where the visitor wants to
// save data, it is always LoadNear.
type ProgramLoad string

// The answers: when the page is idle, or when the visitor comes near the banner.
const (
	LoadIdle ProgramLoad = "idle"
	LoadNear ProgramLoad = "near"
)

// Frames says what a page does in a frame of another site, where browsers keep no
// cookie of its that is also the site's own.
type Frames string

// The answers: nothing is asked and all is refused, or it asks, for that other site
// alone.
const (
	FramesHide Frames = "hide"
	FramesAsk  Frames = "ask"
)

// Receipts says where pages report the choices that are made on them, for the
// receipts by which the site can demonstrate consent (GDPR, article 7(1)).
type Receipts string

// The answers beside an address: to the server that temoin.js came from, or to
// nobody.
const (
	ReceiptsKept Receipts = "keep"
	ReceiptsOff  Receipts = "off"
)

// Address returns the address of another server that keeps the receipts, or "".
func (r Receipts) Address() string {
	if r == ReceiptsKept || r == ReceiptsOff {
		return ""
	}
	return string(r)
}
