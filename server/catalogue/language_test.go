package catalogue

import (
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/web"
)

func TestLanguages(t *testing.T) {
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	want := "ar bg br ca co cs da de el en es et eu fi fr ga he hr hu it lt lv mt nl pl pt ro sk sl sv tr uk"
	if got := strings.Join(slices.Sorted(maps.Keys(languages)), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPlaceholders: every language puts the same values into a text as French.
func TestPlaceholders(t *testing.T) {
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	french := map[string]string{}
	collectTexts(reflect.ValueOf(*languages["fr"]), "", french)
	for code, language := range languages {
		texts := map[string]string{}
		collectTexts(reflect.ValueOf(*language), "", texts)
		for key, text := range texts {
			if strings.HasPrefix(key, "/durations/") {
				continue // plural forms differ from language to language
			}
			if got, want := placeholders(text), placeholders(french[key]); !slices.Equal(got, want) {
				t.Errorf("%s%s: got %q, want %q", code, key, got, want)
			}
		}
	}
}

// TestDurationPlaceholders: every form of a duration says its number, unless
// only one number takes that form.
func TestDurationPlaceholders(t *testing.T) {
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	for code, language := range languages {
		for _, unit := range consent.Units() {
			for category, text := range language.Durations.of(unit) {
				if got := strings.Join(placeholders(text), ""); got != "{n}" && (got != "" || numbersIn(code, category) > 1) {
					t.Errorf("%s/%s/%s: got %q, want {n} in it", code, unit, category, text)
				}
			}
		}
		if got := placeholders(language.Durations.Session); len(got) > 0 {
			t.Errorf("%s/session: got %q, want none", code, got)
		}
		if got := strings.Join(placeholders(language.Durations.AtMost), ""); got != "{duration}" {
			t.Errorf("%s/at-most: got %q, want {duration}", code, got)
		}
	}
}

// numbersIn returns how many counts are of that plural category.
func numbersIn(code, category string) int {
	found := 0
	for n := 1; n <= consent.MaxCount; n++ {
		if pluralCategory(code, n) == category {
			found++
		}
	}
	return found
}

// TestPluralCategories: what CLDR says about the whole numbers from 1 on.
func TestPluralCategories(t *testing.T) {
	for want, codes := range map[string]string{
		"one other":              "bg ca co da de el en es et eu fi fr hu it nl pt sv tr",
		"few one other":          "cs hr lt ro sk",
		"few many one":           "pl uk",
		"few one other two":      "br sl",
		"one other zero":         "lv",
		"few many one other two": "ar ga",
		"few many one other":     "mt",
		"many one other two":     "he",
	} {
		for code := range strings.FieldsSeq(codes) {
			if got := strings.Join(pluralCategories(code), " "); got != want {
				t.Errorf("%s: got %s, want %s", code, got, want)
			}
		}
	}
}

// collectTexts gathers the texts of a language file by the path of their keys.
func collectTexts(v reflect.Value, at string, texts map[string]string) {
	switch v.Kind() {
	case reflect.Struct:
		for i, field := range fieldsOf(v.Type()) {
			collectTexts(v.Field(i), at+"/"+field.name, texts)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			collectTexts(v.MapIndex(key), at+"/"+key.String(), texts)
		}
	case reflect.String:
		texts[at] = v.String()
	}
}

func TestDuration(t *testing.T) {
	tests := []struct{ lang, duration, want string }{
		{"fr", "session", "jusqu’à la fermeture du navigateur"},
		{"fr", "1 minute", "1\u00a0minute"},
		{"fr", "30 minutes", "30\u00a0minutes"},
		{"fr", "1 hour", "1\u00a0heure"},
		{"fr", "2 weeks", "2\u00a0semaines"},
		{"fr", "1 month", "1\u00a0mois"},
		{"fr", "13 months", "13\u00a0mois"},
		{"fr", "1 year", "1\u00a0an"},
		{"fr", "2 years", "2\u00a0ans"},
		{"fr", "at most 12 months", "12\u00a0mois au plus"},

		{"en", "session", "until the browser is closed"},
		{"en", "1 minute", "1\u00a0minute"},
		{"en", "24 hours", "24\u00a0hours"},
		{"en", "1 day", "1\u00a0day"},
		{"en", "1000 days", "1000\u00a0days"},
		{"en", "1 week", "1\u00a0week"},
		{"en", "2 years", "2\u00a0years"},
		{"en", "at most 1 month", "at most 1\u00a0month"},

		{"ar", "1 month", "شهر واحد"},
		{"ar", "2 months", "شهران"},
		{"ar", "at most 6 months", "6\u00a0أشهر على الأكثر"},
		{"ar", "13 months", "13\u00a0شهرًا"},
		{"ar", "100 days", "100\u00a0يوم"},
		{"br", "5 years", "5\u00a0vloaz"},
		{"br", "2 months", "2\u00a0viz"},
		{"co", "1 year", "1\u00a0annu"},
		{"co", "2 years", "2\u00a0anni"},
		{"cs", "2 months", "2\u00a0měsíce"},
		{"cs", "13 months", "13\u00a0měsíců"},
		{"eu", "1 month", "hilabete\u00a01"},
		{"eu", "6 months", "6\u00a0hilabete"},
		{"ga", "3 hours", "3\u00a0huaire an chloig"},
		{"he", "2 years", "שנתיים"},
		{"he", "20 days", "20\u00a0יום"},
		{"hr", "22 days", "22\u00a0dana"},
		{"lv", "21 days", "21\u00a0diena"},
		{"mt", "13 months", "13-il\u00a0xahar"},
		{"pl", "at most 22 days", "najwyżej 22\u00a0dni"},
		{"pl", "2 years", "2\u00a0lata"},
		{"pl", "5 years", "5\u00a0lat"},
		{"ro", "13 months", "13\u00a0luni"},
		{"ro", "25 months", "25\u00a0de luni"},
		{"sl", "2 months", "2\u00a0meseca"},
		{"sl", "3 months", "3\u00a0meseci"},
		{"uk", "21 days", "21\u00a0день"},
	}
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.lang+" "+test.duration, func(t *testing.T) {
			duration, err := consent.ParseDuration(test.duration)
			if err != nil {
				t.Fatal(err)
			}
			if got := languages[test.lang].Duration(duration); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestPluralForms uses a language with more forms than French and English.
func TestPluralForms(t *testing.T) {
	polish := &Language{Code: "pl", Durations: Durations{
		Month: Forms{"one": "{n} miesiąc", "few": "{n} miesiące", "many": "{n} miesięcy"},
	}}
	for want, duration := range map[string]consent.Duration{
		"1\u00a0miesiąc":   {Count: 1, Unit: consent.Month},
		"3\u00a0miesiące":  {Count: 3, Unit: consent.Month},
		"13\u00a0miesięcy": {Count: 13, Unit: consent.Month},
	} {
		if got := polish.Duration(duration); got != want {
			t.Errorf("%s: got %q, want %q", duration, got, want)
		}
	}
}

// TestWrongLanguage spoils a good language file in one place at a time.
func TestWrongLanguage(t *testing.T) {
	data, err := fs.ReadFile(web.Texts(), "en.yaml")
	if err != nil {
		t.Fatal(err)
	}
	english := string(data)
	tests := []struct{ name, old, new, want string }{
		{"code", "code: en", "code: de", `the code is "de"; want a BCP 47 code that names the file en.yaml`},
		{"direction", "dir: ltr", "dir: left", `the direction is "left"; want ltr or rtl`},
		{"missing text", "  accept: Accept all\n", "", `"accept" is missing; add it`},
		{"missing form", "{ one: \"{n} day\", other: \"{n} days\" }", "{ one: \"{n} day\" }", `"day" has the forms "one"; want "one", "other"`},
		{"form of another language", "{ one: \"{n} day\"", "{ few: \"{n} days\", one: \"{n} day\"", `"day" has the forms "few", "one", "other"; want "one", "other"`},
		{"unknown text", "  accept: Accept all\n", "  accept: A\n  acept: B\n", `unknown key "acept"; did you mean "accept"?`},
		{"unknown category", "  third-party:\n    title", "  thirdparty:\n    title", `unknown category "thirdparty"; did you mean "third-party"?`},
		{"missing category", "  third-party:\n    title", "  thirdparty:\n    title", `the category "third-party" is missing`},
		{"syntax", "code: en", "code: [", "want YAML"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(english, test.old) {
				t.Fatalf("en.yaml has no %q", test.old)
			}
			text := strings.Replace(english, test.old, test.new, 1)
			_, err := readLanguages(fstest.MapFS{"en.yaml": {Data: []byte(text)}})
			if got := fmt.Sprint(err); !strings.HasPrefix(got, "read language: en.yaml:") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	got := Warnings("site.yaml", &Catalogue{Catalogue: consent.Catalogue{Languages: []string{"fr", "br", "de", "co", "ga", "mt"}}})
	if len(got) != 4 {
		t.Fatalf("got %q, want a warning for each of br, co, ga and mt", got)
	}
	for i, lang := range []string{"br", "co", "ga", "mt"} {
		if !strings.HasPrefix(got[i], "site.yaml: ") || !strings.Contains(got[i], "("+lang+")") {
			t.Errorf("got %q, want it to name the file and %s", got[i], lang)
		}
	}
}

func TestWarnings_SharedHosts(t *testing.T) {
	c := &Catalogue{}
	c.Services = []consent.Service{
		{ID: "map", Hosts: []string{"www.big.example", "www.big.example/maps/", "tiles.big.example"}},
		{ID: "captcha", Hosts: []string{"www.big.example", "www.big.example/captcha/", "*.big.example"}},
	}
	got := Warnings("site.yaml", c)
	if len(got) != 1 || !strings.HasPrefix(got[0], "site.yaml: warning: ") {
		t.Fatalf("got %q, want one warning", got)
	}
	for _, want := range []string{"www.big.example", "map and captcha", "until all of them are allowed"} {
		if !strings.Contains(got[0], want) {
			t.Errorf("got %q, want it to say %q", got[0], want)
		}
	}
}
