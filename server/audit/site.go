package audit

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// site is what belongs together: the hosts beneath one registrable domain.
type site struct {
	start  *url.URL
	domain string
}

func newSite(address string) (site, error) {
	u, err := url.Parse(address)
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
	u, err := url.Parse(address)
	return err == nil && s.owns(u.Hostname())
}
