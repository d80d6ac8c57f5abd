package consent

import "strings"

// Storage is what a service keeps in the browser beside cookies.
type Storage struct {
	Local     []string `json:"local,omitempty" jsonschema_description:"Keys in localStorage."`
	Session   []string `json:"session,omitempty" jsonschema_description:"Keys in sessionStorage."`
	Databases []string `json:"databases,omitempty" jsonschema_description:"Names of IndexedDB databases."`
	Caches    []string `json:"caches,omitempty" jsonschema_description:"Names in the Cache Storage."`
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

// Reload says when a page is loaded anew after a withdrawal: what has run
// cannot be taken back otherwise.
type Reload string

// The answers: where a script that was let in has run, never, or always.
const (
	ReloadAfterScript Reload = "after-script"
	ReloadNever       Reload = "never"
	ReloadAlways      Reload = "always"
)

// Load says when the program that draws the dialog is fetched and started, for
// a visitor who has not answered. On a slow line, and where the visitor wants to
// save data, it is always LoadNear.
type Load string

// The answers: when the page is idle, or when the visitor comes near the banner.
const (
	LoadIdle Load = "idle"
	LoadNear Load = "near"
)

// GoogleConsent says how Google Consent Mode is told of the choice.
type GoogleConsent struct {
	Types            map[string]string `json:"types,omitempty" jsonschema_description:"Category or service by consent type: the type is granted where that is allowed. Without it, analytics_storage is the first measure with the signal google, and the ad types are the first advertising one; the rest stays denied."`
	WaitForUpdate    int               `json:"wait-for-update,omitempty" jsonschema_description:"How many milliseconds Google's tags wait for the choice: 0 to 10000 (default 0)."`
	URLPassthrough   bool              `json:"url-passthrough,omitempty" jsonschema_description:"Let Google's tags pass click identifiers on in links while their storage is denied."`
	AdsDataRedaction bool              `json:"ads-data-redaction,omitempty" jsonschema_description:"Have Google's tags leave identifiers of clicks out while ad_storage is denied."`
}

// The consent types that services answer for which measure, or advertise.
var (
	measureTypes     = []string{"analytics_storage"}
	advertisingTypes = []string{"ad_storage", "ad_user_data", "ad_personalization"}
)

// GoogleConsentTypes returns the types of Google Consent Mode v2.
func GoogleConsentTypes() []string {
	return []string{
		"ad_storage", "ad_user_data", "ad_personalization", "analytics_storage",
		"functionality_storage", "personalization_storage", "security_storage",
	}
}

// GoogleTypes returns the category or service that each type of Google Consent
// Mode follows. A type that is not in it stays denied.
func (c *Catalogue) GoogleTypes() map[string]string {
	if c.GoogleConsent != nil && c.GoogleConsent.Types != nil {
		return c.GoogleConsent.Types
	}
	types := map[string]string{}
	for kind, names := range map[Kind][]string{Measure: measureTypes, Advertising: advertisingTypes} {
		service := c.firstGoogle(kind)
		if service == nil {
			continue
		}
		for _, name := range names {
			types[name] = service.ID
		}
	}
	return types
}

func (c *Catalogue) firstGoogle(kind Kind) *Service {
	for i, service := range c.Services {
		if service.Signal == SignalGoogle && service.Kind == kind {
			return &c.Services[i]
		}
	}
	return nil
}

// HonoursGPC reports whether the browser's Global Privacy Control counts as a
// refusal for as long as the visitor has not answered.
func (c *Catalogue) HonoursGPC() bool { return c.GPC != GPCAsk }

// HostMatches reports whether host is the one that pattern names or, where the
// pattern begins with "*.", a subdomain at any depth. That domain itself is none.
func HostMatches(pattern, host string) bool {
	if domain, wild := strings.CutPrefix(pattern, "*"); wild {
		return len(host) > len(domain) && strings.HasSuffix(host, domain)
	}
	return host == pattern
}
