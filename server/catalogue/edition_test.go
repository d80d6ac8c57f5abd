package catalogue_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"temoin/server/catalogue"
)

func TestEdition(t *testing.T) {
	c, err := catalogue.Parse("c.yaml", []byte(`site: { name: { fr: Le site, en: The site }, url: "https://data.example.org" }
languages: [fr, en]
services:
  - id: a
    category: statistics
    name: A
    provider: S
    purpose: { fr: Compter., en: Count. }
    cookies:
      - { name: a, purpose: P, duration: 2 weeks }
      - { name: b, purpose: P, duration: session }
texts:
  fr: { accept: "C’est d’accord & merci" }
`))
	if err != nil {
		t.Fatal(err)
	}
	french, err := catalogue.Edition(c, "fr")
	if err != nil {
		t.Fatal(err)
	}
	english, err := catalogue.Edition(c, "en")
	if err != nil {
		t.Fatal(err)
	}

	if french.Lang != "fr" || french.Dir != "ltr" || french.Rev != c.Rev() || french.Rev != english.Rev {
		t.Errorf("got %q, %q, %q, %q", french.Lang, french.Dir, french.Rev, english.Rev)
	}
	for _, test := range []struct{ name, got, want string }{
		{"own text", french.Texts.Accept, "C’est d’accord & merci"},
		{"text beside it", french.Texts.Refuse, "Tout refuser"},
		{"text of the other language", english.Texts.Accept, "Accept all"},
		{"site", english.Catalogue.Site.Name[""], "The site"},
		{"purpose", french.Catalogue.Services[0].Purpose[""], "Compter."},
		{"default category", english.Catalogue.Category("statistics").Title[""], "Audience measurement"},
		{"duration", english.Durations["2 weeks"], "2\u00a0weeks"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, test.got, test.want)
		}
	}
	durations := slices.Sorted(maps.Keys(french.Durations))
	if want := []string{"2 weeks", "6 months", "session"}; !slices.Equal(durations, want) {
		t.Errorf("durations: got %q, want %q", durations, want)
	}
}

func TestEditionInOtherLanguage(t *testing.T) {
	c, err := catalogue.Parse("c.yaml", []byte("site: { name: A, url: \"https://a.example\" }\nlanguages: [fr]"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "xx", ""} {
		want := fmt.Sprintf("make edition: no language %q in the catalogue, which has fr", lang)
		if _, err := catalogue.Edition(c, lang); fmt.Sprint(err) != want {
			t.Errorf("got %q, want %q", fmt.Sprint(err), want)
		}
	}
}
