package consent_test

import (
	"slices"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
)

// hidden is a catalogue with cookies that scripts do not see.
func hidden() *consent.Catalogue {
	cookie := func(name, path string, httpOnly bool) consent.Cookie {
		return consent.Cookie{Name: name, Path: path, HTTPOnly: httpOnly, Party: consent.FirstParty}
	}
	return &consent.Catalogue{
		Cookie:     consent.CookieSettings{Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
		Categories: []consent.Category{{ID: "necessary", Necessary: true}, {ID: "third-party"}},
		Services: []consent.Service{
			{ID: "session", Category: "necessary", Cookies: []consent.Cookie{cookie("sid", "", true)}},
			{ID: "ads", Category: "third-party", Cookies: []consent.Cookie{
				cookie("ad", "", true), cookie("sid", "", true), cookie("seen", "", false), cookie("ad_*", "", true),
				{Name: "foreign", HTTPOnly: true, Party: consent.ThirdParty},
			}},
			{ID: "map", Category: "third-party", Cookies: []consent.Cookie{cookie("ad", "", true), cookie("tile", "/map", true)}},
		},
	}
}

func TestHiddenExpiryLines(t *testing.T) {
	onHost := func(name string, paths ...string) (lines []string) {
		for _, path := range paths {
			lines = append(lines, name+"=; Path="+path+"; Max-Age=0",
				name+"=; Path="+path+"; Max-Age=0; Domain=data.example.org", name+"=; Path="+path+"; Max-Age=0; Domain=example.org")
		}
		return lines
	}
	ad, tile := onHost("ad", "/"), onHost("tile", "/", "/map")
	c := hidden()
	mapOnly := &consent.Record{Choices: c.Refuse(), Services: consent.Choices{{ID: "map", Granted: true}}}
	tests := []struct {
		name   string
		record *consent.Record
		want   []string
	}{
		{"all refused", &consent.Record{Choices: c.Refuse()}, slices.Concat(ad, ad, tile)},
		{"all allowed", &consent.Record{Choices: c.Accept()}, nil},
		{"what an allowed service keeps too stays", mapOnly, nil},
		{"nothing answered", nil, slices.Concat(ad, ad, tile)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := c.HiddenExpiryLines(test.record, "data.example.org"); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestAgedLine: a choice is kept for what is left of its lifetime, whichever it is.
func TestAgedLine(t *testing.T) {
	settings := consent.CookieSettings{Name: "c", Lifetime: consent.Duration{Count: 1, Unit: consent.Day}}
	tests := []struct {
		age  time.Duration
		want string
	}{
		{0, "c=v; Path=/; Max-Age=86400; SameSite=Lax"},
		{time.Hour, "c=v; Path=/; Max-Age=82800; SameSite=Lax"},
		{-time.Hour, "c=v; Path=/; Max-Age=86400; SameSite=Lax"},
		{48 * time.Hour, "c=v; Path=/; Max-Age=0; SameSite=Lax"},
	}
	for _, test := range tests {
		if got := settings.AgedLine("v", false, test.age); got != test.want {
			t.Errorf("aged %v: got %q, want %q", test.age, got, test.want)
		}
	}
}
