package audit

import (
	"cmp"
	"slices"
	"strings"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// known are the services that presets describe. They give names to what a
// catalogue does not declare; what they do not know stays unknown.
type known struct {
	services []consent.Service
}

// readKnown puts first the measures that ask for consent: whether a site has set up
// its measure as an exempt one cannot be seen from outside, and what measures and
// advertises with the same script measures more often.
func readKnown() (*known, error) {
	services, err := catalogue.PresetServices()
	if err != nil {
		return nil, err
	}
	rank := func(s consent.Service) int {
		switch {
		case s.Anonymous:
			return 2
		case s.Kind == consent.Measure:
			return 0
		}
		return 1
	}
	slices.SortStableFunc(services, func(a, b consent.Service) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(len(a.ID), len(b.ID))) // "matomo" before its relatives
	})
	return &known{services}, nil
}

// cookie returns the preset that knows a cookie, or nil.
func (k *known) cookie(c Cookie) *consent.Service {
	for i := range k.services {
		service := &k.services[i]
		for _, declared := range service.Cookies {
			third := declared.Party == consent.ThirdParty
			if declared.Matches(c.Name) && distinct(declared.Name) && third == c.ThirdParty && (!third || ownsDomain(service, c.Domain)) {
				return service
			}
		}
	}
	if c.ThirdParty {
		return k.host(c.Domain, "/")
	}
	return nil
}

// distinct reports whether a cookie's name says whose it is: a site may have an
// "id" or "lang" of its own.
func distinct(name string) bool {
	return strings.HasPrefix(name, "_") || len(strings.Trim(name, "*")) > 4
}

// host returns the preset that knows an address, or nil: the one with the longest
// path, and of those the first.
func (k *known) host(host, path string) *consent.Service {
	var found *consent.Service
	longest := -1
	for i := range k.services {
		for _, pattern := range k.services[i].Hosts {
			if (consent.HostRule{Pattern: pattern}).Matches(host, path) && len(pattern) > longest {
				found, longest = &k.services[i], len(pattern)
			}
		}
	}
	return found
}

// stored returns the preset that knows what is stored, or nil.
func (k *known) stored(s Stored) *consent.Service {
	for i := range k.services {
		if declaresStored(&k.services[i], s) {
			return &k.services[i]
		}
	}
	if s.ThirdParty {
		return k.host(hostOf(s.Origin), "/")
	}
	return nil
}

// ownsDomain reports whether a cookie's domain is one of a service's hosts, or the
// domain above some of them.
func ownsDomain(service *consent.Service, domain string) bool {
	return slices.ContainsFunc(service.Hosts, func(pattern string) bool {
		host, _, _ := strings.Cut(pattern, "/")
		above := strings.TrimPrefix(host, "*.")
		return consent.HostMatches(host, domain) || above == domain || strings.HasSuffix(above, "."+domain)
	})
}

// declaresStored reports whether a service declares what is stored.
func declaresStored(service *consent.Service, s Stored) bool {
	return slices.ContainsFunc(storageOf(service, s.Kind), func(pattern string) bool {
		return consent.Cookie{Name: pattern}.Matches(s.Key)
	})
}

// storageOf returns the patterns that a service declares of a kind.
func storageOf(service *consent.Service, kind StoredKind) []string {
	if service.Storage == nil {
		return nil
	}
	switch kind {
	case LocalStorage:
		return service.Storage.Local
	case SessionStorage:
		return service.Storage.Session
	case IndexedDB:
		return service.Storage.Databases
	case CacheStorage:
		return service.Storage.Caches
	}
	return nil
}

// pathOf returns the path of an address as a browser writes it.
func pathOf(address string) string {
	u, err := parseAddress(address)
	if err != nil || u.EscapedPath() == "" {
		return "/"
	}
	return u.EscapedPath()
}

// keepers are cookies and keys in which banners of others keep the visitor's own
// choice, which needs no consent (CNIL, deliberation 2020-091, section 5).
var keepers = []string{
	"cc_cookie", "klaro", "tarteaucitron", "eu-consent", "c15t", "c15t-*", "didomi_token", "euconsent-v2", "axeptio_cookies",
	"axeptio_all_vendors", "axeptio_authorized_vendors", "OptanonConsent", "OptanonAlertBoxClosed", "CookieConsent", "CookieControl",
	"cookieyes-consent", "cmplz_*", "borlabs-cookie", "usercentrics", "uc_settings", "uc_user_interaction", "FCCDCF", "silktideCookieChoice*",
	"cookieconsent_status", "complianz_*", "moove_gdpr_popup", "cookie_notice_accepted", "hs_privacy_policy",
}

// keepsChoice reports whether a name is one of those.
func keepsChoice(name string) bool {
	return slices.ContainsFunc(keepers, func(pattern string) bool { return consent.Cookie{Name: pattern}.Matches(name) })
}
