// Package guard makes a browser itself keep a visitor's choice: it writes the
// Content-Security-Policy (W3C CSP Level 3) that lets a page load from the hosts
// of those services only that the visitor has allowed. It stops what no script
// can hold back, such as the requests of a preload scanner and of styles.
//
// It is for Go sites and for Témoin's server. It imports net/http, so package
// app must not import it: every visitor would download that.
package guard

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"temoin.example/temoin/app/consent"
)

const policyHeader = "Content-Security-Policy"

// noncePattern is a source that lets scripts of one nonce run.
var noncePattern = regexp.MustCompile(`'nonce-([A-Za-z0-9+/_=-]+)'`)

// nonceOf returns the nonce by which a page's own policies let scripts run, or "".
func nonceOf(policies []string) string {
	for _, policy := range policies {
		for directive := range strings.SplitSeq(policy, ";") {
			name, sources, _ := strings.Cut(strings.TrimSpace(directive), " ")
			nonce := noncePattern.FindStringSubmatch(sources)
			if nonce != nil && slices.Contains([]string{"script-src", "script-src-elem", "default-src"}, strings.ToLower(name)) {
				return nonce[1]
			}
		}
	}
	return ""
}

// Policy returns the Content-Security-Policy for what record allows, which may
// be nil: nothing has been answered. Hosts of services that need no consent are
// always in it. Directives that do not load from services are left to the site.
//
// A policy can only add hosts up. Where a service is allowed whose pattern
// covers the host of a refused one, the policy lets both through.
func Policy(c *consent.Catalogue, record *consent.Record) string {
	hosts := allowed(c, record)
	directive := func(name string, sources ...string) string {
		return strings.Join(slices.Concat([]string{name, "'self'"}, sources, hosts), " ")
	}
	return strings.Join([]string{
		directive("script-src", "'wasm-unsafe-eval'"), // Témoin's dialog is WebAssembly
		directive("style-src", "'unsafe-inline'"),     // an inline style tells nobody of the visit
		directive("img-src", "data:"),
		directive("font-src", "data:"),
		directive("connect-src"),
		directive("frame-src"),
		directive("media-src"),
		"object-src 'none'",
		"base-uri 'self'",
	}, "; ")
}

// hostPattern keeps whatever is no host out of the header: package catalogue
// refuses it, but a catalogue may be made by hand.
var hostPattern = regexp.MustCompile(`^(\*\.)?[a-z0-9.-]+(/[A-Za-z0-9._~!$&()+=:@%/-]+)?$`)

// allowed returns the hosts, with their paths, of the services that record allows,
// sorted. One that several services share is allowed where all of them are.
func allowed(c *consent.Catalogue, record *consent.Record) []string {
	var hosts []string
	for _, rule := range c.HostRules() {
		if !isRefused(c, record, rule) {
			hosts = append(hosts, rule.Pattern)
		}
	}
	hosts = slices.DeleteFunc(hosts, func(host string) bool { return !hostPattern.MatchString(host) })
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// Middleware sets the policy on each answer of next, by the choice that the
// request's cookie holds. A handler that has a policy of its own adds it: where
// there are several, browsers keep all of them.
func Middleware(c *consent.Catalogue, next http.Handler) http.Handler {
	marks := c.Marks()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add(policyHeader, Policy(c, choice(c, marks, r)))
		h.Add("Vary", "Cookie, Sec-GPC")
		h.Set("Cache-Control", "private, no-cache")
		next.ServeHTTP(w, r)
	})
}

// Cookies returns the values of all the request's cookies of that name, as they
// were sent: net/http would drop quotes and what it takes for invalid.
func Cookies(r *http.Request, name string) []string {
	var values []string
	for _, header := range r.Header.Values("Cookie") {
		for pair := range strings.SplitSeq(header, ";") {
			if value, found := strings.CutPrefix(strings.TrimSpace(pair), name+"="); found {
				values = append(values, value)
			}
		}
	}
	return values
}
