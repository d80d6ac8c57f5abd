package catalogue_test

import (
	"slices"
	"strings"
	"testing"

	"temoin.example/temoin/server/catalogue"
)

func mustParse(t *testing.T, text string) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Parse("c.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnew(t *testing.T) {
	const exemption = `{ own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true, data-retention: 25 months }`
	const head = "site: { name: A, url: \"https://a.example\" }\nlanguages: [en]\n"
	const before = head + `cookie: { lifetime: 6 months }
services:
  - { id: login, category: necessary, name: A, provider: S, purpose: P, cookies: [{ name: csrf, purpose: P, duration: 1 day }] }
  - { id: reach, category: statistics, name: A, provider: S, purpose: P, kind: measure, anonymous: true, exemption: ` + exemption + ` }
  - { id: counter, category: statistics, name: A, provider: S, purpose: P, kind: measure, cookies: [{ name: _c, purpose: P, duration: 6 months }] }
  - { id: video, category: third-party, name: A, provider: S, purpose: P }
`
	const quiet = head + "services:\n  - { id: login, category: necessary, name: A, provider: S, purpose: P }\n"
	change := func(old, with string) string {
		if !strings.Contains(before, old) {
			t.Fatalf("%q is not in the catalogue", old)
		}
		return strings.Replace(before, old, with, 1)
	}
	said := func(lines ...string) []string { return lines }
	for name, test := range map[string]struct {
		now  string
		want []string
	}{
		"nothing":                            {before, []string{"nobody is asked anew"}},
		"a necessary cookie":                 {change("csrf", "token"), []string{"nobody is asked anew"}},
		"wordings":                           {change("name: A, provider: S, purpose: P }", "name: B, provider: S, purpose: Q }"), []string{"nobody is asked anew"}},
		"a service goes":                     {change("  - { id: video, category: third-party, name: A, provider: S, purpose: P }\n", ""), []string{"nobody is asked anew"}},
		"a shorter duration":                 {change("duration: 6 months", "duration: 5 months"), []string{"nobody is asked anew"}},
		"a measure becomes exempt":           {change("id: counter, category: statistics,", "id: counter, anonymous: true, exemption: "+exemption+", category: statistics,"), []string{"nobody is asked anew"}},
		"nothing is asked any more":          {quiet, []string{"nobody is asked anew"}},
		"a shorter lifetime":                 {change("lifetime: 6", "lifetime: 3"), []string{"who answered longer ago than 3 months is asked anew: cookie.lifetime was 6 months"}},
		"a longer lifetime":                  {change("lifetime: 6", "lifetime: 12"), []string{"nobody is asked anew"}},
		"another cookie":                     {change("cookie: {", "cookie: { name: choice,"), []string{`everybody is asked anew: cookie.name is "choice" and was "cookies_preferences", so that no earlier answer is found`}},
		"a service in a known category":      {before + "  - { id: map, category: third-party, name: A, provider: S, purpose: P }\n", said("who allowed all is asked anew for third-party (map)", "map: the service is new")},
		"a service's provider and kind":      {change("id: video, category: third-party, name: A, provider: S,", "id: video, category: third-party, kind: media, name: A, provider: T,"), said("who allowed all is asked anew for third-party (video)", `video: its provider is "T" and was "S", its kind is "media" and was "technical"`)},
		"a longer duration and a new cookie": {change("duration: 6 months", "duration: 7 months }, { name: _d, purpose: P, duration: session"), said("who allowed all is asked anew for statistics (counter)", "counter: its cookie _c lives for 7 months and lived for 6 months, its cookie _d (first) is new")},
		"a cookie's party":                   {change("duration: 6 months", "party: third, duration: 6 months"), said("who allowed all is asked anew for statistics (counter)", "counter: its cookie _c (third) is new")},
		"a service moves":                    {change("id: video, category: third-party", "id: video, category: statistics"), said("who allowed all is asked anew for statistics (video)", `video: its category is "statistics" and was "third-party"`)},
		"exempt no more":                     {change("anonymous: true, exemption: "+exemption, "location: L"), said("who allowed all is asked anew for statistics (reach)", "reach: it was exempt from consent")},
		"necessary no more":                  {strings.Replace(before, "id: login, category: necessary", "id: login, category: third-party", 1), said("who allowed all is asked anew for third-party (login)", "login: it was in the category necessary, and needed no consent")},
		"a category that had no service": {before + "  - { id: shop, category: first-party, name: A, provider: S, purpose: P }\n", []string{
			"who allowed all is asked anew for first-party (shop)", "shop: the category first-party is new, or had no service",
			"who refused all is asked anew for first-party (shop)", "shop: the category first-party is new, or had no service",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := catalogue.Anew(mustParse(t, before), mustParse(t, test.now)); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
	t.Run("before which nothing was asked", func(t *testing.T) {
		if got := catalogue.Anew(mustParse(t, quiet), mustParse(t, before)); !slices.Equal(got, []string{"everybody is asked for the first time: the other catalogue asked nothing"}) {
			t.Errorf("got %q", got)
		}
	})
}
