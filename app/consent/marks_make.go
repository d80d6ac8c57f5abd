//go:build !light

package consent

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// Marks returns what the answers to the catalogue are about. Wordings, languages,
// links, looks and the order of things are no part of it, nor is what needs no
// consent. Built with the tag light there is none, as of [Catalogue.Rev].
func (c *Catalogue) Marks() Marks {
	marks := Marks{Rev: c.Rev(), Of: map[string]string{}}
	for _, category := range c.Categories {
		services := c.ServicesOf(category.ID)
		if category.Necessary || len(services) == 0 {
			continue
		}
		marks.Of[category.ID] = digest("category", category.ID)
		for _, service := range services {
			marks.Of[service.ID] = markOf(service, c.Default(service.ID))
		}
	}
	return marks
}

func markOf(service Service, exempt bool) string {
	mark := digest("service", service.ID) +
		digest(service.Category, service.Provider, string(service.Kind), strconv.FormatBool(exempt))
	longest := map[string]Duration{} // a name may be listed once for each path
	for _, cookie := range service.Cookies {
		name := digest(cookie.Name, string(cookie.Party))
		if known, found := longest[name]; !found || known.Length() < cookie.Duration.Length() {
			longest[name] = cookie.Duration
		}
	}
	var cookies []string
	for name, duration := range longest {
		cookies = append(cookies, name+duration.mark())
	}
	slices.Sort(cookies)
	return mark + strings.Join(cookies, "")
}

func (d Duration) mark() string {
	if d.Count == 0 {
		return sessionLetter
	}
	return strconv.Itoa(d.Count) + unitLetters[slices.Index(Units(), d.Unit):][:1]
}

// digest returns the letters that stand for words.
func digest(words ...string) string {
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, strconv.Quote(word))
	}
	sum := sha256.Sum256([]byte(strings.Join(quoted, " ")))
	return base64.RawURLEncoding.EncodeToString(sum[:letter])[:letter]
}
