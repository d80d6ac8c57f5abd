package catalogue_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"temoin.example/temoin/server/catalogue"
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

	if french.Lang != "fr" || french.Dir != "ltr" || french.Marks.Rev != c.Rev() || !reflect.DeepEqual(french.Marks, english.Marks) {
		t.Errorf("got %q, %q, %q, %q", french.Lang, french.Dir, french.Marks.Rev, english.Marks.Rev)
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

// TestEdition_Banner: what the banner asks is written out, and in a language
// that runs from right to left the names in it keep their own direction.
func TestEdition_Banner(t *testing.T) {
	const site = `site: { name: "Site (a.example)", url: "https://a.example" }
languages: [en, ar]
`
	const services = `services:
  - { id: a, category: statistics, name: A, provider: "A Inc.", purpose: P }
  - { id: b, category: third-party, name: B, provider: "B S.A.", purpose: P }
`
	const exempt = `  - { id: c, category: first-party, name: C, provider: "A Inc.", purpose: P, kind: measure, anonymous: true,
      exemption: { own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true, data-retention: 25 months } }
`
	for _, test := range []struct{ lang, services, want string }{
		{"en", services, "Site (a.example) asks for your consent to these uses: Audience measurement, Third-party cookies (services concerned: 2)."},
		{"ar", services, "يطلب موقع \u2068Site (a.example)\u2069 موافقتك على الأغراض التالية: قياس عدد الزيارات، ملفات تعريف ارتباط أطراف ثالثة (الخدمات المعنية: 2)."},
		{"en", services + exempt, "Site (a.example) asks for your consent to these uses: Audience measurement, Third-party cookies (services concerned: 2)."},
		{"en", "services:\n" + exempt, ""},
		{"en", "services: []", ""},
	} {
		c, err := catalogue.Parse("c.yaml", []byte(site+test.services))
		if err != nil {
			t.Fatal(err)
		}
		edition, err := catalogue.Edition(c, test.lang)
		if err != nil {
			t.Fatal(err)
		}
		if got := edition.Texts.BannerText; got != test.want {
			t.Errorf("%s: got  %s\nwant %s", test.lang, got, test.want)
		}
		if edition.Marks.Rev != c.Rev() || len(c.Services) > 0 && c.Services[0].Provider != "A Inc." {
			t.Errorf("%s: the catalogue itself was changed", test.lang)
		}
		if test.lang == "ar" && edition.Catalogue.Services[0].Provider != "\u2068A Inc.\u2069" {
			t.Errorf("the provider is %q", edition.Catalogue.Services[0].Provider)
		}
	}
}

// TestEdition_Nothing: where nothing can be refused, the dialog and the button that
// opens it say so, in the site's own words if it has some.
func TestEdition_Nothing(t *testing.T) {
	c, err := catalogue.Parse("c.yaml", []byte(`site: { name: Site, url: "https://a.example" }
languages: [en, fr]
texts: { fr: { banner-necessary: "{site} ne vous suit pas." } }
`))
	if err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string][]string{
		"en": {"Cookies on this site", "{site} currently uses only the cookies it needs to work."},
		"fr": {"Les cookies de ce site", "{site} ne vous suit pas."},
	} {
		edition, err := catalogue.Edition(c, lang)
		if err != nil {
			t.Fatal(err)
		}
		texts := edition.Texts
		if texts.DialogTitle != want[0] || texts.Reopen != want[0] || texts.DialogText != want[1] {
			t.Errorf("%s: got %q, %q, %q", lang, texts.DialogTitle, texts.Reopen, texts.DialogText)
		}
	}
}
