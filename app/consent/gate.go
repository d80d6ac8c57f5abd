package consent

// Storage is what a service keeps in the browser beside cookies.
type Storage struct {
	Local     []string `json:"local,omitempty"`
	Session   []string `json:"session,omitempty"`
	Databases []string `json:"databases,omitempty"`
	Caches    []string `json:"caches,omitempty"`
}

// Signal is the language in which a service takes the visitor's choice from the page.
type Signal string

// The signals: Google Consent Mode v2, Matomo's cookie consent and its
// opt-out for the exempt measure, Microsoft's Universal Event Tracking, and
// Microsoft Clarity.
const (
	SignalGoogle       Signal = "google"
	SignalMatomo       Signal = "matomo"
	SignalMatomoExempt Signal = "matomo-exempt"
	SignalUET          Signal = "uet"
	SignalClarity      Signal = "clarity"
)

// Signals returns all signals.
func Signals() []Signal {
	return []Signal{SignalGoogle, SignalMatomo, SignalMatomoExempt, SignalUET, SignalClarity}
}

// GPC says what the browser's Global Privacy Control (W3C) means to the site
// for as long as the visitor has not answered.
type GPC string

// The meanings: a refusal of all that can be refused, or nothing.
const (
	GPCRefuse GPC = "refuse"
	GPCAsk    GPC = "ask"
)

// HonoursGPC reports whether the browser's Global Privacy Control counts as a
// refusal for as long as the visitor has not answered.
func (c *Catalogue) HonoursGPC() bool { return c.GPC != GPCAsk }
