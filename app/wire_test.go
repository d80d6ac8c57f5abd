package app_test

import (
	"reflect"
	"strings"
	"testing"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
)

// fullEdition has another value in every field that travels.
func fullEdition() *app.Edition {
	e := edition()
	texts := reflect.ValueOf(&e.Texts).Elem()
	for i := range texts.NumField() {
		texts.Field(i).SetString(texts.Type().Field(i).Name)
	}
	text := func(s string) consent.Text { return consent.Text{consent.AnyLanguage: s} }
	e.Dir, e.Theme = "rtl", app.ThemeDSFR
	e.Durations = map[string]string{"session": "for now", "2 weeks": "a fortnight"}
	e.Catalogue = &consent.Catalogue{
		Site:       consent.Site{Name: text("Site\nof two lines")},
		Links:      consent.Links{Charter: "/charter", Privacy: "/privacy"},
		Cookie:     consent.CookieSettings{Name: "choice", Domain: "example.org", Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
		Reopen:     true,
		Categories: []consent.Category{{ID: "necessary", Title: text("Necessary"), Description: text("It is."), Necessary: true}, {ID: "statistics", Anonymous: true}},
		Services: []consent.Service{{
			ID: "matomo", Category: "statistics", Name: text("Matomo"), Provider: "A", Purpose: text("Measure"), Policy: "https://a.example", Anonymous: true,
			Cookies: []consent.Cookie{{Name: "_pk_*", Purpose: text("Count"), Duration: consent.Duration{Count: 13, Unit: consent.Month, AtMost: true}, Party: consent.ThirdParty}},
		}},
	}
	return e
}

func TestEdition_TravelsWhole(t *testing.T) {
	want := fullEdition()
	text, err := want.Write()
	if err != nil {
		t.Fatal(err)
	}
	got, err := app.ReadEdition(text)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\n%+v\nwant %+v\n%+v", got, got.Catalogue, want, want.Catalogue)
	}
}

func TestReadEdition_RefusesWhatIsNone(t *testing.T) {
	text, err := fullEdition().Write()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing":       "",
		"another":       "[]",
		"cut short":     text[:len(text)-2],
		"too long":      text + "more",
		"a wrong count": strings.Replace(text, "2\x1f2 weeks", "999999999\x1f2 weeks", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := app.ReadEdition(text); err == nil {
				t.Errorf("got %+v, want an error", e)
			}
		})
	}
}

func TestEdition_WriteRefusesTheSeparator(t *testing.T) {
	e := fullEdition()
	e.Texts.Accept = "a\x1fb"
	if _, err := e.Write(); err == nil {
		t.Error("got no error")
	}
}
