package catalogue

import (
	"fmt"
	"net/netip"
	"net/url"
	stdpath "path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"temoin.example/temoin/app/consent"
)

// gate checks what the gate works by: hosts, storage, signals.
func (k *checker) gate(at path, service *consent.Service) {
	for i, host := range service.Hosts {
		item := at.key("hosts").item(i)
		switch {
		case !k.read(item):
		case slices.Contains(service.Hosts[:i], host):
			k.problem(item, fmt.Sprintf("the host %q is given twice for this service", host), "keep one")
		default:
			k.host(item, host)
		}
	}
	if s := service.Storage; s != nil {
		for name, patterns := range map[string][]string{
			"local": s.Local, "session": s.Session, "databases": s.Databases, "caches": s.Caches,
		} {
			k.patterns(at.key("storage").key(name), patterns)
		}
	}
	if signal := at.key("signal"); k.read(signal) {
		k.signal(signal, service)
	}
}

const wantHost = `want a host in lower-case ASCII, such as www.example.com, or *.example.com for its subdomains; a path may follow, such as /maps/ for all beneath it, or /tag.js`

// pathPattern is a path as browsers write it, and as a Content-Security-Policy may.
var pathPattern = regexp.MustCompile(`^/[A-Za-z0-9._~!$&()+=:@%/-]+$`)

// host checks one host, and the path that may follow it. Several services may
// share one, as Google's do theirs: then all of them have to be allowed, which
// [Warnings] says. On the site's own host only paths can be held.
func (k *checker) host(at path, pattern string) {
	host, beneath, hasPath := strings.Cut(pattern, "/")
	domain := strings.TrimPrefix(host, "*.")
	switch {
	case !hostPattern.MatchString(domain):
		k.problem(at, fmt.Sprintf("%q is no host", pattern), wantHost)
	case isPublic(domain):
		k.problem(at, fmt.Sprintf("the host %q belongs to the public: anybody's site may be there", host), wantHost)
	case hasPath && (!pathPattern.MatchString("/"+beneath) || stdpath.Clean("/"+beneath) != strings.TrimSuffix("/"+beneath, "/")):
		k.problem(at, fmt.Sprintf("%q is no path as a browser writes it", "/"+beneath), wantHost)
	case !hasPath && k.isOwnHost(host):
		k.problem(at, fmt.Sprintf("the host %q is the site's own", host),
			"want hosts of the service, or a path, such as "+host+"/metrics/; what else the site itself loads is held by data-consent in its pages")
	}
}

// isPublic reports whether a domain is one under which anybody may have a site.
// Addresses are none, nor is localhost, where who tries a catalogue out has
// other sites.
func isPublic(domain string) bool {
	if _, err := netip.ParseAddr(domain); err == nil || domain == "localhost" {
		return false
	}
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

func (k *checker) isOwnHost(pattern string) bool {
	site, err := url.Parse(k.catalogue.Site.URL)
	return err == nil && consent.HostMatches(pattern, site.Hostname())
}

func (k *checker) patterns(at path, patterns []string) {
	used := map[string]bool{}
	for i, pattern := range patterns {
		item := at.item(i)
		switch {
		case !k.read(item):
		case strings.Trim(pattern, "*") == "":
			k.problem(item, fmt.Sprintf("the pattern %q means every name", pattern), "want the part that the names have in common, such as _hj*")
		case used[pattern]:
			k.problem(item, fmt.Sprintf("%q is given twice for this service", pattern), "keep one")
		}
		used[pattern] = true
	}
}

// signal checks that a page can tell the service: but for Google's, which many
// services share, each signal goes to one queue of the page, and says one choice.
func (k *checker) signal(at path, service *consent.Service) {
	line, used := k.signals[service.Signal]
	switch {
	case service.Signal == consent.SignalMatomoExempt && !service.Anonymous:
		k.problem(at, fmt.Sprintf("the service %q takes the signal of an exempt measure but is not anonymous", service.ID),
			`want "matomo", or "anonymous: true" with an exemption`)
	case used && service.Signal != consent.SignalGoogle:
		k.problem(at, fmt.Sprintf("the signal %q is given to two services", service.Signal),
			fmt.Sprintf("want it for one, since a page can give it once: the first is on line %d", line))
	default:
		k.signals[service.Signal] = k.nodes[at].Line
	}
}

// maxGoogleWait is far longer than any choice takes that is still to be read
// from the cookie, in milliseconds.
const maxGoogleWait = 10_000

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func (k *checker) googleConsent(at path) {
	settings := k.catalogue.GoogleConsent
	if settings == nil || !k.read(at) {
		return
	}
	if wait := at.key("wait-for-update"); k.read(wait) && (settings.WaitForUpdate < 0 || settings.WaitForUpdate > maxGoogleWait) {
		k.problem(wait, fmt.Sprintf("Google's tags wait for %d milliseconds", settings.WaitForUpdate), fmt.Sprintf("want 0 to %d", maxGoogleWait))
	}
	known := GoogleConsentTypes()
	if layer := at.key("layer"); k.read(layer) && !identifier.MatchString(settings.Layer) {
		k.problem(layer, fmt.Sprintf("%q is no name of a JavaScript variable", settings.Layer), "want the one that the page's tags read, such as dataLayer")
	}
	for name, id := range settings.Types {
		place := at.key("types").key(name)
		switch {
		case !slices.Contains(known, name):
			k.problemAt(k.keys[place], fmt.Sprintf("there is no consent type %q", name), suggestion(name, known))
		case k.read(place) && k.byID[id] == nil && k.catalogue.Service(id) == nil:
			k.problem(place, fmt.Sprintf("there is no category or service %q", id), suggestion(id, k.allIDs()))
		}
	}
}

// allIDs returns the ids of the categories, then those of the services.
func (k *checker) allIDs() []string {
	var ids []string
	for _, category := range k.catalogue.Categories {
		ids = append(ids, category.ID)
	}
	for _, service := range k.catalogue.Services {
		ids = append(ids, service.ID)
	}
	return ids
}

// sharedHosts says which hosts are given to several services, and what that does.
func sharedHosts(c *Catalogue) []string {
	var warnings []string
	for _, rule := range c.HostRules() {
		if len(rule.Services) > 1 {
			warnings = append(warnings, fmt.Sprintf("the host %s is given to %s: what comes from there waits until all of them are allowed; if each loads from a path of its own, give it that path, else write \"hosts\" without it for all but one",
				rule.Pattern, strings.Join(rule.Services, " and ")))
		}
	}
	return warnings
}
