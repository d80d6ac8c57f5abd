package consent

import (
	"cmp"
	"slices"
	"strings"
)

// HostRule says which services an address is one of; all of them have to be
// allowed before a page may load it. Its pattern is a host, or *.host for the
// subdomains at any depth, and perhaps a path: one that ends with a slash stands
// for all beneath it, another for itself. The loader decides by the same rules
// (web/loader/hosts.js); testdata/hosts.json holds both to them.
type HostRule struct {
	Pattern  string
	Services []string // ids, in the catalogue's order
}

// HostRules returns the rules of all services in the order in which they count:
// of those that match an address, the first is the one. A longer path comes before
// a shorter one, then a host before a pattern, then a longer pattern. Necessary
// services have rules too: one may lie under the pattern of another's.
func (c *Catalogue) HostRules() []HostRule {
	var rules []HostRule
	for _, service := range c.Services {
		for _, pattern := range service.Hosts {
			i := slices.IndexFunc(rules, func(rule HostRule) bool { return rule.Pattern == pattern })
			if i < 0 {
				i = len(rules)
				rules = append(rules, HostRule{Pattern: pattern})
			}
			rules[i].Services = append(rules[i].Services, service.ID)
		}
	}
	slices.SortFunc(rules, func(a, b HostRule) int {
		hostA, pathA := splitPattern(a.Pattern)
		hostB, pathB := splitPattern(b.Pattern)
		return cmp.Or(
			cmp.Compare(len(pathB), len(pathA)),
			cmp.Compare(strings.Count(hostA, "*"), strings.Count(hostB, "*")),
			cmp.Compare(len(hostB), len(hostA)),
			cmp.Compare(a.Pattern, b.Pattern),
		)
	})
	return rules
}

// Matches reports whether the rule is about an address: its host in lower-case
// ASCII without a port, its path as a browser writes it, which begins with a slash.
func (r HostRule) Matches(host, path string) bool {
	pattern, beneath := splitPattern(r.Pattern)
	if beneath == "" || strings.HasSuffix(beneath, "/") {
		return HostMatches(pattern, host) && strings.HasPrefix(path, beneath)
	}
	return HostMatches(pattern, host) && path == beneath
}

// ServicesAt returns the ids of the services that an address is one of; see
// [HostRule.Matches].
func (c *Catalogue) ServicesAt(host, path string) []string {
	for _, rule := range c.HostRules() {
		if rule.Matches(host, path) {
			return rule.Services
		}
	}
	return nil
}

// splitPattern divides a pattern into host and path, which may be empty.
func splitPattern(pattern string) (host, path string) {
	if i := strings.IndexByte(pattern, '/'); i >= 0 {
		return pattern[:i], pattern[i:]
	}
	return pattern, ""
}

// HostMatches reports whether host is the one that pattern names or, where the
// pattern begins with "*.", a subdomain at any depth. That domain itself is none.
// With a dot at its end, the root of all names, a host is the same.
func HostMatches(pattern, host string) bool {
	host = strings.TrimSuffix(host, ".")
	if domain, wild := strings.CutPrefix(pattern, "*"); wild {
		return len(host) > len(domain) && strings.HasSuffix(host, domain)
	}
	return host == pattern
}
