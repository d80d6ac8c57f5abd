package audit

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// site is what belongs together: the hosts beneath one registrable domain.
type site struct {
	start  *url.URL
	domain string
}

func newSite(address string) (site, error) {
	u, err := parseAddress(address)
	if err != nil {
		return site{}, fmt.Errorf("%q is no address: %w", address, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return site{}, fmt.Errorf("%q is no address of a page: it begins with https:// or http://", address)
	}
	u.Fragment = ""
	if u.Path == "" {
		u.Path = "/"
	}
	return site{u, domainOf(u.Hostname())}, nil
}

// said is the site's address as a report may have it.
func (s site) said() string { return bare(s.start.String()) }

var percent = regexp.MustCompile(`%(?:[0-9A-Fa-f]{2})?`)

// parseAddress reads an address as browsers have it. They take a % that escapes nothing for itself,
// which [url.Parse] refuses: whatever is at such an address would not be seen.
func parseAddress(address string) (*url.URL, error) {
	return url.Parse(percent.ReplaceAllStringFunc(address, func(found string) string {
		if found == "%" {
			return "%25"
		}
		return found
	}))
}

// domainOf returns the registrable domain of a host; the host itself where it has none.
func domainOf(host string) string {
	host = strings.ToLower(strings.Trim(host, "."))
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return host
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return host
	}
	return domain
}

// owns says whether the host is one of the site's.
func (s site) owns(host string) bool { return domainOf(host) == s.domain }

// ownsURL says whether the address is one of the site's.
func (s site) ownsURL(address string) bool {
	u, err := parseAddress(address)
	return err == nil && s.owns(u.Hostname())
}
