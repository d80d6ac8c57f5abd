package catalogue

import (
	"fmt"
	"slices"
)

// IsHost reports whether a name may be a site's in a folder of many: a host in
// lower-case ASCII, without a port. It is safe as the name of a file.
func IsHost(name string) bool { return len(name) <= maxHost && hostPattern.MatchString(name) }

// maxHost is the most characters that a host has (RFC 1035, section 2.3.4).
const maxHost = 253

// aliases checks the other hosts of the site.
func (k *checker) aliases(at path) {
	for i, host := range k.catalogue.Aliases {
		item := at.item(i)
		switch {
		case !k.read(item):
		case !IsHost(host):
			k.problem(item, fmt.Sprintf("the alias is %q", host), "want a host in lower-case ASCII, such as www.example.org")
		case slices.Contains(k.catalogue.Aliases[:i], host):
			k.problem(item, fmt.Sprintf("the alias %q is listed twice", host), "keep one")
		}
	}
}

// roles checks who may do what in the dashboard: each name has one role.
func (k *checker) roles(root path) {
	listed := map[string]string{}
	for _, role := range []struct {
		key   string
		names []string
	}{{"readers", k.catalogue.Readers}, {"administrators", k.catalogue.Administrators}, {"erasers", k.catalogue.Erasers}} {
		at := root.key(role.key)
		if k.read(at) && len(role.names) == 0 {
			k.problem(at, fmt.Sprintf("the list of %s is empty", role.key), "want the names that the proxy gives, or no such key")
		}
		for i, name := range role.names {
			if item := at.item(i); k.read(item) && listed[name] != "" {
				k.problem(item, fmt.Sprintf("%q is listed under %s already", name, listed[name]), "keep one")
			}
			listed[name] = role.key
		}
	}
}

// retention checks how long receipts are kept: they prove choices that hold (GDPR,
// article 7(1)).
func (k *checker) retention(at path) {
	kept := k.catalogue.Retention
	if !k.read(at) || kept == nil {
		return
	}
	if lifetime := k.catalogue.Cookie.Lifetime; kept.AtMost || kept.Length() < lifetime.Length() {
		k.problem(at, fmt.Sprintf("retention is %q", kept), fmt.Sprintf("want a duration such as \"25 months\", and at least %q, for which a choice is kept", lifetime))
	}
}
