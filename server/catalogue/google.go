package catalogue

import "temoin.example/temoin/app/consent"

// GoogleConsent says how Google Consent Mode is told of the choice.
type GoogleConsent struct {
	Types            map[string]string `json:"types,omitempty"`
	WaitForUpdate    int               `json:"wait-for-update,omitempty"`
	Layer            string            `json:"layer,omitempty"`
	URLPassthrough   bool              `json:"url-passthrough,omitempty"`
	AdsDataRedaction bool              `json:"ads-data-redaction,omitempty"`
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
	for kind, names := range map[consent.Kind][]string{consent.Measure: measureTypes, consent.Advertising: advertisingTypes} {
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

func (c *Catalogue) firstGoogle(kind consent.Kind) *consent.Service {
	for i, service := range c.Services {
		if service.Signal == consent.SignalGoogle && service.Kind == kind {
			return &c.Services[i]
		}
	}
	return nil
}
