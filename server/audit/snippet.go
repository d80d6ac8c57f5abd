package audit

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// toComplete stands where only the site's people know what to write. French comes
// first, as in all that they read; other languages than these two take English.
var toComplete = consent.Text{
	"fr": "À compléter : l’audit a vu cela, et ne sait pas à quoi il sert.",
	"en": "To be completed: the audit has seen this, and does not know what it is for.",
}

// completeIn returns that text in the languages of a catalogue.
func completeIn(languages []string) consent.Text {
	text := consent.Text{}
	for _, lang := range languages {
		if text[lang] = toComplete[lang]; text[lang] == "" {
			text[lang] = toComplete["en"]
		}
	}
	return text
}

// firstLanguages are those of a catalogue that is yet to be written.
var firstLanguages = []string{"fr", "en"}

// declaring returns the YAML that would declare what the catalogue does not.
func declaring(c *catalogue.Catalogue, s *sighting) string {
	switch {
	case len(s.services) > 0 && s.subject.Kind == SubjectCookie:
		return inService(s.services[0], map[string]any{"cookies": []any{nodeOf(newCookie(c, s))}})
	case len(s.services) > 0 && s.thirdParty:
		return inService(s.services[0], map[string]any{"hosts": []any{s.host()}})
	case len(s.services) > 0:
		return ""
	case s.preset != nil:
		return yamlText(map[string]any{"services": []any{map[string]any{"preset": s.preset.ID}}})
	}
	service := newService(c, s)
	if service == nil {
		return ""
	}
	addTo(c, service, s)
	return yamlText(map[string]any{"services": []any{nodeOf(service)}})
}

// cookieEntry returns the entry of a declared cookie as it would be right.
func cookieEntry(name string, entry *consent.Cookie, duration consent.Duration, party consent.Party) string {
	right := *entry
	right.Duration, right.Party = duration, party
	return "# " + name + "\n" + yamlText(map[string]any{"cookies": []any{nodeOf(right)}})
}

func inService(id string, values map[string]any) string {
	return "# services: " + id + "\n" + yamlText(values)
}

// newService returns a service for what nobody knows, without what was seen of it:
// one for each other site, and one for the audited site itself. It returns nil
// where the catalogue has no category that needs consent.
func newService(c *catalogue.Catalogue, s *sighting) *consent.Service {
	languages := c.Languages
	if len(languages) == 0 {
		languages = firstLanguages
	}
	service := &consent.Service{ID: "inconnu", Provider: "À compléter – to be completed", Purpose: completeIn(languages)}
	service.Name = consent.Text{consent.AnyLanguage: "Inconnu – unknown"}
	wanted := "first-party"
	if s.thirdParty {
		domain := domainOf(s.host())
		service.ID += "-" + strings.Trim(notID.ReplaceAllString(domain, "-"), "-")
		service.Name[consent.AnyLanguage] = domain
		wanted = "third-party"
	}
	if service.Category = categoryFor(c, wanted); service.Category == "" {
		return nil
	}
	return service
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

// categoryFor returns that category, or else the last one that needs consent: what
// is unknown may be the worst.
func categoryFor(c *catalogue.Catalogue, wanted string) string {
	if len(c.Categories) == 0 {
		return wanted // the default categories have it
	}
	last := ""
	for _, category := range c.Categories {
		if category.Necessary || category.Anonymous {
			continue
		}
		if last = category.ID; last == wanted {
			break
		}
	}
	return last
}

// host returns the host that a sighting is about.
func (s *sighting) host() string {
	if s.subject.Kind == SubjectRequest {
		return s.subject.Name
	}
	return s.subject.Host
}

// addTo declares what was seen in a service.
func addTo(c *catalogue.Catalogue, service *consent.Service, s *sighting) {
	add := func(list *[]string, name string) {
		if !slices.Contains(*list, name) {
			*list = append(*list, name)
		}
	}
	if s.thirdParty {
		add(&service.Hosts, s.host())
	}
	if s.subject.Kind == SubjectCookie {
		if !slices.ContainsFunc(service.Cookies, func(c consent.Cookie) bool { return c.Matches(s.subject.Name) }) {
			service.Cookies = append(service.Cookies, newCookie(c, s))
		}
		return
	}
	if s.thirdParty || s.subject.Kind == SubjectRequest {
		return
	}
	if service.Storage == nil {
		service.Storage = &consent.Storage{}
	}
	switch StoredKind(s.subject.Kind) {
	case LocalStorage:
		add(&service.Storage.Local, s.subject.Name)
	case SessionStorage:
		add(&service.Storage.Session, s.subject.Name)
	case IndexedDB:
		add(&service.Storage.Databases, s.subject.Name)
	case CacheStorage:
		add(&service.Storage.Caches, s.subject.Name)
	}
}

// newCookie returns the entry of a cookie as it was seen.
func newCookie(c *catalogue.Catalogue, s *sighting) consent.Cookie {
	languages := c.Languages
	if len(languages) == 0 {
		languages = firstLanguages
	}
	cookie := consent.Cookie{Name: s.subject.Name, Purpose: completeIn(languages), Party: partyOf(s.thirdParty), HTTPOnly: s.httpOnly}
	if s.lifetime > 0 {
		cookie.Duration = inWords(s.lifetime)
	}
	return cookie
}

// nodeOf returns a value of this package's own as YAML.
func nodeOf(value any) *yaml.Node {
	node, err := catalogue.YAML(value)
	if err != nil {
		panic(err) // it is of a type that JSON has
	}
	return node
}

// yamlText writes values, none of which YAML cannot have.
func yamlText(values any) string {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(values); err != nil {
		panic(err)
	}
	return text.String()
}
