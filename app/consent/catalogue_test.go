package consent_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
)

// portal is a catalogue with one of everything that choices can depend on.
func portal() *consent.Catalogue {
	text := func(s string) consent.Text { return consent.Text{"fr": s + " (fr)", "en": s} }
	return &consent.Catalogue{
		Site:      consent.Site{Name: text("portal"), URL: "https://data.example"},
		Languages: []string{"fr", "en"},
		Links:     consent.Links{Charter: "/charte-cookies"},
		Cookie:    consent.CookieSettings{Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
		Reopen:    true,
		Categories: []consent.Category{
			{ID: "necessary", Title: text("necessary"), Necessary: true},
			{ID: "statistics", Title: text("statistics")},
			{ID: "exempt", Title: text("exempt"), Anonymous: true},
			{ID: "third-party", Title: text("third")},
		},
		Services: []consent.Service{
			{ID: "sessions", Category: "necessary", Provider: "Portal", Cookies: []consent.Cookie{
				{Name: "sessionid", Duration: consent.Duration{Count: 2, Unit: consent.Week}, Party: consent.FirstParty}}},
			{ID: "matomo", Category: "statistics", Provider: "Portal", Kind: consent.Measure, Anonymous: true},
			{ID: "analytics", Category: "statistics", Provider: "Google", Kind: consent.Measure, Cookies: []consent.Cookie{
				{Name: "_ga_*", Duration: consent.Duration{Count: 2, Unit: consent.Year}, Party: consent.FirstParty}}},
			{ID: "counter", Category: "exempt", Provider: "Portal", Kind: consent.Measure, Anonymous: true},
			{ID: "youtube", Category: "third-party", Provider: "Google", Kind: consent.Media, Purpose: text("videos")},
		},
	}
}

func TestCatalogue_Granted(t *testing.T) {
	c := portal()
	ids := []string{"necessary", "sessions", "statistics", "matomo", "analytics", "exempt", "counter", "third-party", "youtube", "unknown"}
	for name, test := range map[string]struct {
		record *consent.Record
		want   string // the ids that are allowed
	}{
		"nothing answered": {nil, "necessary sessions matomo exempt counter"},
		"all accepted": {&consent.Record{Choices: c.Accept()},
			"necessary sessions statistics matomo analytics exempt counter third-party youtube"},
		"all refused": {&consent.Record{Choices: c.Refuse()}, "necessary sessions"},
		"one service of a refused category": {
			&consent.Record{Choices: c.Refuse(), Services: consent.Choices{{ID: "youtube", Granted: true}}},
			"necessary sessions youtube"},
		"all but one service": {
			&consent.Record{Choices: c.Accept(), Services: consent.Choices{{ID: "analytics"}}},
			"necessary sessions statistics matomo exempt counter third-party youtube"},
		"necessary refused by hand": {
			&consent.Record{Choices: consent.Choices{{ID: "necessary"}}, Services: consent.Choices{{ID: "sessions"}}},
			"necessary sessions"},
		"a category among the services": {
			&consent.Record{Choices: c.Refuse(), Services: consent.Choices{{ID: "third-party", Granted: true}}},
			"necessary sessions"},
		"no answer for a category": {&consent.Record{}, "necessary sessions"},
	} {
		t.Run(name, func(t *testing.T) {
			var granted []string
			for _, id := range ids {
				if c.Granted(test.record, id) {
					granted = append(granted, id)
				}
			}
			if got := strings.Join(granted, " "); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestCatalogue_SplitIsUndoneByGranted(t *testing.T) {
	c := portal()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		wanted := map[string]bool{}
		for _, category := range c.Categories {
			wanted[category.ID] = r.IntN(2) == 0
		}
		for _, service := range c.Services {
			wanted[service.ID] = r.IntN(2) == 0
		}
		choices, services := c.Split(func(id string) bool { return wanted[id] })
		record := &consent.Record{Choices: choices, Services: services}
		for id, want := range wanted {
			if id == "necessary" || id == "sessions" {
				want = true
			}
			if got := c.Granted(record, id); got != want {
				t.Fatalf("%s of %+v: got %t, want %t", id, record, got, want)
			}
		}
		for _, service := range services {
			if granted, _ := choices.Get(c.Service(service.ID).Category); granted == service.Granted {
				t.Fatalf("%s does not differ from its category, yet is in %v", service.ID, services)
			}
		}
	}
}

func TestDraft(t *testing.T) {
	c := portal()
	draft := c.Draft(nil)
	if !draft.Mixed("statistics") || draft.Granted("statistics") || !draft.Granted("matomo") {
		t.Error("with nothing answered, the exempt service alone is on in its category")
	}
	on := draft.Set("statistics", true)
	if !on.Granted("analytics") || on.Mixed("statistics") {
		t.Error("services do not follow their category")
	}
	apart := on.Set("analytics", false)
	if !apart.Granted("statistics") || !apart.Mixed("statistics") {
		t.Error("a service cannot be switched apart")
	}
	if agreed := draft.Set("analytics", true); !agreed.Granted("statistics") || agreed.Mixed("statistics") {
		t.Error("the category does not follow services that all agree")
	}
	if none := apart.Set("matomo", false); none.Granted("statistics") {
		t.Error("the category stays on though all of its services are off")
	}
	if draft.Granted("statistics") || !on.Granted("analytics") {
		t.Error("Set changed the draft that it was called on")
	}
}

func TestCatalogue_Read(t *testing.T) {
	c := portal()
	marks := c.Marks()
	now := time.Unix(1764000000, 0)
	encode := func(record *consent.Record) string {
		v, err := record.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	answered := func(rev string, age time.Duration, granted bool) string {
		marks := consent.Marks{Rev: rev, Of: marks.Of}
		return encode(c.Answer(nil, marks, consent.Answer{ID: consent.NewID(), At: now.Add(-age), Granted: func(string) bool { return granted }}))
	}
	const day = 24 * time.Hour
	other := answered("00000000", 0, true)
	old, recent := answered(marks.Rev, 20*day, true), answered(marks.Rev, day, false)
	first := encode(&consent.Record{ID: consent.NewID(), Rev: marks.Rev, At: now.Add(-time.Hour), Choices: c.Accept()})
	stranger := encode(&consent.Record{ID: consent.NewID(), Rev: "00000000", At: now, Choices: consent.Choices{{ID: "other"}}, Of: "abc"})
	for name, test := range map[string]struct {
		values []string
		want   string // the value that counts
	}{
		"none":                            {nil, ""},
		"one":                             {[]string{old}, old},
		"the newest, first":               {[]string{recent, old}, recent},
		"the newest, last":                {[]string{old, recent}, recent},
		"garbage beside it":               {[]string{"x", old, "%"}, old},
		"of version 1":                    {[]string{first, recent}, first},
		"too old":                         {[]string{answered(marks.Rev, 181*day, true)}, ""},
		"of another revision, about this": {[]string{other, recent}, other},
		"newer, about something else":     {[]string{stranger, recent}, recent},
		"from the day after tomorrow":     {[]string{answered(marks.Rev, -2*day, true)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if record := c.Read(test.values, now, marks); record != nil {
				got, _ = record.Encode()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// What must change the revision, and what must not (requirement R13).
func TestCatalogue_Rev(t *testing.T) {
	rev := portal().Rev()
	if len(rev) != 8 || strings.Trim(rev, "0123456789abcdef") != "" {
		t.Fatalf("got %q, want 8 hexadecimal digits", rev)
	}
	for name, change := range map[string]func(*consent.Catalogue){
		"category added":           func(c *consent.Catalogue) { c.Categories = append(c.Categories, consent.Category{ID: "x"}) },
		"category dropped":         func(c *consent.Catalogue) { c.Categories = c.Categories[:3] },
		"category renamed":         func(c *consent.Catalogue) { c.Categories[1].ID = "measure" },
		"category made necessary":  func(c *consent.Catalogue) { c.Categories[1].Necessary = true },
		"category made exempt":     func(c *consent.Catalogue) { c.Categories[1].Anonymous = true },
		"service added":            func(c *consent.Catalogue) { c.Services = append(c.Services, consent.Service{ID: "x"}) },
		"service dropped":          func(c *consent.Catalogue) { c.Services = c.Services[1:] },
		"service moved":            func(c *consent.Catalogue) { c.Services[4].Category = "statistics" },
		"service of another":       func(c *consent.Catalogue) { c.Services[4].Provider = "Vimeo" },
		"service of another kind":  func(c *consent.Catalogue) { c.Services[4].Kind = consent.Advertising },
		"service no longer exempt": func(c *consent.Catalogue) { c.Services[1].Anonymous = false },
		"cookie added": func(c *consent.Catalogue) {
			c.Services[4].Cookies = []consent.Cookie{{Name: "YSC"}}
		},
		"cookie renamed":          func(c *consent.Catalogue) { c.Services[2].Cookies[0].Name = "_gid" },
		"cookie lives longer":     func(c *consent.Catalogue) { c.Services[2].Cookies[0].Duration.Count = 3 },
		"cookie of another party": func(c *consent.Catalogue) { c.Services[2].Cookies[0].Party = consent.ThirdParty },
	} {
		t.Run("changes/"+name, func(t *testing.T) {
			c := portal()
			change(c)
			if got := c.Rev(); got == rev {
				t.Errorf("got %s as before", got)
			}
		})
	}
	for name, change := range map[string]func(*consent.Catalogue){
		"nothing":          func(*consent.Catalogue) {},
		"name of the site": func(c *consent.Catalogue) { c.Site.Name = consent.Text{"": "other"} },
		"languages":        func(c *consent.Catalogue) { c.Languages = []string{"en"} },
		"links":            func(c *consent.Catalogue) { c.Links.Charter = "/cookies" },
		"cookie settings":  func(c *consent.Catalogue) { c.Cookie.Name, c.Cookie.Domain = "c", "example" },
		"wordings": func(c *consent.Catalogue) {
			c.Categories[1].Title, c.Services[4].Purpose = nil, consent.Text{"": "x"}
		},
		"floating button": func(c *consent.Catalogue) { c.Reopen = false },
		"order": func(c *consent.Catalogue) {
			slices.Reverse(c.Categories)
			slices.Reverse(c.Services)
		},
		"one language of it": func(c *consent.Catalogue) { *c = *c.Only("en") },
	} {
		t.Run("stays/"+name, func(t *testing.T) {
			c := portal()
			change(c)
			if got := c.Rev(); got != rev {
				t.Errorf("got %s, want %s", got, rev)
			}
		})
	}
	// Written down once, so that no release changes it unseen: every visitor of
	// every site would be asked again.
	if want := "a3f48985"; rev != want {
		t.Errorf("got %s, want %s as in all runs before", rev, want)
	}
}

func TestCatalogue_Only(t *testing.T) {
	c := portal()
	data, err := json.Marshal(c.Only("en"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "(fr)") {
		t.Errorf("French is left in %s", data)
	}
	var back consent.Catalogue
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if got := back.Service("youtube").Purpose.In("en"); got != "videos" {
		t.Errorf("got %q, want %q", got, "videos")
	}
	if c.Services[4].Purpose.In("fr") != "videos (fr)" {
		t.Error("the catalogue itself was changed")
	}
	if back.Rev() != c.Rev() {
		t.Errorf("revision after JSON: got %s, want %s", back.Rev(), c.Rev())
	}
}

func TestCookie_Matches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"sessionid", "sessionid", true},
		{"sessionid", "sessionid2", false},
		{"sessionid", "SESSIONID", false},
		{"_pk_*", "_pk_id.1.1fff", true},
		{"_pk_*", "_pk_", true},
		{"_pk_*", "x_pk_id", false},
		{"*_id", "visitor_id", true},
		{"*_id", "visitor_ids", false},
		{"_pk_*.*", "_pk_id.1", true},
		{"_pk_*.*", "_pk_id", false},
		{"a*a", "a", false},
		{"a*a", "aa", true},
		{"_ga.*", "_gaX1", false},
	} {
		if got := (consent.Cookie{Name: c.pattern}).Matches(c.name); got != c.want {
			t.Errorf("%s and %s: got %t, want %t", c.pattern, c.name, got, c.want)
		}
	}
}

func TestCookieSettings_Line(t *testing.T) {
	settings := portal().Cookie
	if got, want := settings.Line("v", false), "cookies_preferences=v; Path=/; Max-Age=15552000; SameSite=Lax"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	settings.Domain = "example.org"
	got, want := settings.Line("v", true), "cookies_preferences=v; Path=/; Domain=example.org; Max-Age=15552000; SameSite=Lax; Secure"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	cookie, err := http.ParseSetCookie(got)
	if err != nil || cookie.MaxAge != 180*24*60*60 || cookie.SameSite != http.SameSiteLaxMode || !cookie.Secure || cookie.Domain != "example.org" {
		t.Errorf("net/http reads %+v, %v", cookie, err)
	}
}

func TestCookieSettings_ExpiryLines(t *testing.T) {
	got := consent.CookieSettings{Name: "c"}.ExpiryLines("www.data.example", "/a/b;x/c")
	want := []string{
		"c=; Path=/; Max-Age=0",
		"c=; Path=/; Max-Age=0; Domain=www.data.example",
		"c=; Path=/; Max-Age=0; Domain=data.example",
		"c=; Path=/a; Max-Age=0",
		"c=; Path=/a; Max-Age=0; Domain=www.data.example",
		"c=; Path=/a; Max-Age=0; Domain=data.example",
		"c=; Path=/a/; Max-Age=0",
		"c=; Path=/a/; Max-Age=0; Domain=www.data.example",
		"c=; Path=/a/; Max-Age=0; Domain=data.example",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseDuration(t *testing.T) {
	for _, c := range []struct {
		text string
		days int
	}{
		{"session", 0},
		{"30 minutes", 1},
		{"1 day", 1},
		{"2 weeks", 14},
		{"6 months", 180},
		{"13 months", 390},
		{"1 year", 365},
		{"at most 12 months", 360},
	} {
		d, err := consent.ParseDuration(c.text)
		if err != nil || d.Days() != c.days || d.String() != c.text {
			t.Errorf("%q: got %q, %d days and %v, want %d days", c.text, d, d.Days(), err, c.days)
		}
	}
	for _, text := range []string{
		"", "month", "12", "12months", "12  months", "0 days", "-1 day", "1.5 days", "+1 day", "01 day", "1001 days",
		"12 moons", "Session", "at most session", "at most", "P1Y", "99999999999999999999 days",
	} {
		if d, err := consent.ParseDuration(text); err == nil {
			t.Errorf("%q: got %q, want an error", text, d)
		}
	}
}

func TestText(t *testing.T) {
	same, both := consent.Text{"": "YouTube"}, consent.Text{"fr": "oui", "en": "yes"}
	if same.In("fr") != "YouTube" || both.In("en") != "yes" || both.In("de") != "" {
		t.Error("In returns another wording")
	}
	if got := both.Missing([]string{"fr", "de", "en"}); !slices.Equal(got, []string{"de"}) {
		t.Errorf("missing: got %q, want de", got)
	}
	for _, text := range []consent.Text{same, both} {
		data, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var back consent.Text
		if err := json.Unmarshal(data, &back); err != nil || !reflect.DeepEqual(back, text) {
			t.Errorf("%s: got %v and %v, want %v", data, back, err, text)
		}
	}
}

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := consent.NewID()
		if len(id) != 36 || id[14] != '4' || !strings.ContainsRune("89ab", rune(id[19])) || seen[id] {
			t.Fatalf("got %q, want a new UUID of version 4", id)
		}
		seen[id] = true
	}
}
