package receipt_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
)

var catalogue = &consent.Catalogue{
	Site:   consent.Site{Name: consent.Text{"fr": "Données <ouvertes> & co", "en": "Open data"}, URL: "https://portal.example"},
	Links:  consent.Links{Charter: "/charte-cookies/fr"},
	Cookie: consent.CookieSettings{Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
	Categories: []consent.Category{
		{ID: "necessary", Necessary: true}, {ID: "statistics", Anonymous: true}, {ID: "first-party"}, {ID: "third-party"},
	},
	Services: []consent.Service{
		{ID: "login", Category: "necessary"}, {ID: "reach", Category: "statistics", Anonymous: true}, {ID: "shop", Category: "first-party"},
		{ID: "youtube", Category: "third-party"}, {ID: "map", Category: "third-party"},
	},
}

const id = "6f1c7a52-3d0e-4b9a-8a57-0c2f9d1e4b63"

var (
	at       = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	received = time.Date(2026, 11, 24, 10, 0, 1, 999, time.FixedZone("", 3600))
)

func submission(change ...func(s *receipt.Submission)) *receipt.Submission {
	s := &receipt.Submission{
		Record: &consent.Record{ID: id, Rev: "1a2b3c4d", At: at, Choices: catalogue.Refuse()},
		How:    receipt.Dialog, Lang: "fr", Text: "0123456789abcdef",
	}
	for _, f := range change {
		f(s)
	}
	return s
}

func newOf(s *receipt.Submission) (*receipt.Receipt, error) {
	return receipt.New(s, receipt.Context{Site: "https://portal.example", Catalogue: catalogue, Received: received, Version: "v1.2.3"})
}

func mustNew(tb testing.TB, change ...func(s *receipt.Submission)) *receipt.Receipt {
	tb.Helper()
	r, err := newOf(submission(change...))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func body(tb testing.TB, r *receipt.Receipt) string {
	tb.Helper()
	data, err := r.Body()
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// TestBody holds receipts to the bytes that were signed yesterday.
func TestBody(t *testing.T) {
	r := mustNew(t, func(s *receipt.Submission) {
		// In another order than the catalogue's.
		s.Record.Choices = consent.Choices{{ID: "third-party"}, {ID: "necessary", Granted: true}, {ID: "statistics", Granted: true}, {ID: "first-party"}}
		s.Record.Services = consent.Choices{{ID: "youtube", Granted: true}}
		s.GPC = true
	})
	want := `{"schema_version":"temoin/1",` +
		`"record_id":"6f1c7a52-3d0e-4b9a-8a57-0c2f9d1e4b63","pii_principal_id":"6f1c7a52-3d0e-4b9a-8a57-0c2f9d1e4b63",` +
		`"pii_processing":{"privacy_notice":{"rev":"1a2b3c4d","text":"0123456789abcdef"},"language":"fr","purposes":[` +
		`{"purpose":"necessary","lawful_basis":"necessary","event_state":"consent_not_required"},` +
		`{"purpose":"statistics","lawful_basis":"exempt_measure","event_state":"consent_given"},` +
		`{"purpose":"first-party","lawful_basis":"consent","event_state":"consent_refused"},` +
		`{"purpose":"third-party","lawful_basis":"consent","event_state":"consent_refused","services":[{"service":"youtube","event_state":"consent_given"}]}],` +
		`"pii_controllers":["https://portal.example"],"withdrawal_method":"/charte-cookies/fr"},` +
		`"party_identification":[{"party_id":"https://portal.example","party_name":"Données \u003couvertes\u003e \u0026 co","party_role":"pii_controller"}],` +
		`"event":{"event_time":"2026-11-24T10:00:00Z","validity_duration":"P180D","entity_id":"pii_principal","event_type":"expressed_consent"},` +
		`"temoin":{"how":"dialog","gpc":true,"received":"2026-11-24T09:00:01Z","version":"v1.2.3"}}`
	got := body(t, r)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	back, err := receipt.Parse([]byte(got))
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("Parse: got %+v and %v, want %+v", back, err, r)
	}
}

func TestParse_RefusesOtherBytes(t *testing.T) {
	good := body(t, mustNew(t))
	for name, bad := range map[string]string{
		"nothing":          "",
		"null":             "null",
		"a space":          strings.Replace(good, ":", ": ", 1),
		"a byte after it":  good + " ",
		"an unknown key":   strings.Replace(good, "{", `{"a":1,`, 1),
		"a key twice":      strings.Replace(good, `"gpc":false`, `"gpc":true,"gpc":false`, 1),
		"a key in capital": strings.Replace(good, `"gpc"`, `"GPC"`, 1),
		"another schema":   strings.Replace(good, "temoin/1", "temoin/2", 1),
		"another way":      strings.Replace(good, "dialog", "telepathy", 1),
		"a bad id":         strings.ReplaceAll(good, id, "x"),
		"two ids":          strings.Replace(good, id, consent.NewID(), 1),
		"a bad revision":   strings.Replace(good, "1a2b3c4d", "1A2B3C4D", 1),
		"a bad text":       strings.Replace(good, "0123456789abcdef", "", 1),
		"a bad language":   strings.Replace(good, `"language":"fr"`, `"language":"f'; --"`, 1),
		"no purposes":      strings.Replace(good, `"purposes":[`, `"purposes":[],"p":[`, 1),
		"a purpose twice":  strings.Replace(good, "first-party", "third-party", 1),
		"an unknown state": strings.Replace(good, "consent_refused", "consent_assumed", 1),
		"a refused need":   strings.Replace(good, "consent_not_required", "consent_refused", 1),
		"no party":         good[:strings.Index(good, `[{"party_id"`)] + `[]` + good[strings.Index(good, `,"event":`):],
		"a time in a zone": strings.Replace(good, "10:00:00Z", "11:00:00+01:00", 1),
		"an escape":        strings.Replace(good, "é", `\u00e9`, 1),
	} {
		if bad == good {
			t.Errorf("%s: the test changes nothing", name)
		}
		if r, err := receipt.Parse([]byte(bad)); !errors.Is(err, receipt.ErrInvalid) {
			t.Errorf("%s: got %v and %v, want ErrInvalid", name, r, err)
		}
	}
}

func TestNew_HoldsTheAnswerToTheCatalogue(t *testing.T) {
	for name, c := range map[string]struct {
		change func(r *consent.Record)
		says   string
	}{
		"a category is missing":     {func(r *consent.Record) { r.Choices = r.Choices[:3] }, `no answer for "third-party"`},
		"one too many":              {func(r *consent.Record) { r.Choices = r.Choices.With("other", true) }, "answers 5 categories"},
		"a category twice":          {func(r *consent.Record) { r.Choices = append(r.Choices, r.Choices[1]) }, "answers 5 categories"},
		"none":                      {func(r *consent.Record) { r.Choices = nil }, `"necessary"`},
		"necessary refused":         {func(r *consent.Record) { r.Choices = r.Choices.With("necessary", false) }, `refuses "necessary"`},
		"an unknown service":        {func(r *consent.Record) { r.Services = consent.Choices{{ID: "tiktok", Granted: true}} }, `"tiktok", which the catalogue does not know`},
		"a necessary service":       {func(r *consent.Record) { r.Services = consent.Choices{{ID: "login"}} }, `"login", which is necessary`},
		"a service as its category": {func(r *consent.Record) { r.Services = consent.Choices{{ID: "map"}} }, `"map" as for its category`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newOf(submission(func(s *receipt.Submission) { c.change(s.Record) }))
			if !errors.Is(err, receipt.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want ErrInvalid with %q", err, c.says)
			}
		})
	}
}

// TestNew_NotOffered: a category without a service needs no answer, and may have
// one of an earlier version; a catalogue that offers nothing has no receipts.
func TestNew_NotOffered(t *testing.T) {
	c := *catalogue
	c.Services = slices.DeleteFunc(slices.Clone(c.Services), func(s consent.Service) bool { return s.ID == "shop" })
	of := func(choices consent.Choices) (*receipt.Receipt, error) {
		s := submission(func(s *receipt.Submission) { s.Record.Choices = choices })
		return receipt.New(s, receipt.Context{Site: "https://portal.example", Catalogue: &c, Received: received})
	}
	for name, choices := range map[string]consent.Choices{"now": c.Accept(), "earlier": catalogue.Accept()} {
		r, err := of(choices)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := r.Record().Choices; !slices.Equal(got, choices) {
			t.Errorf("%s: got %v, want %v", name, got, choices)
		}
	}
	c.Services = c.Services[:1]
	if _, err := of(c.Accept()); !errors.Is(err, receipt.ErrInvalid) || !strings.Contains(err.Error(), "nothing to choose") {
		t.Errorf("nothing offered: got %v", err)
	}
}

func TestReceipt_SaysWhatTheRecordSaid(t *testing.T) {
	s := submission(func(s *receipt.Submission) {
		s.Record.Services = consent.Choices{{ID: "map", Granted: true}, {ID: "youtube", Granted: true}}
		s.GPC = true
	})
	r, err := newOf(s)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Record()
	if got.ID != s.Record.ID || got.Rev != s.Record.Rev || !got.At.Equal(s.Record.At) || !slices.Equal(got.Choices, s.Record.Choices) {
		t.Errorf("got %+v, want %+v", got, s.Record)
	}
	for _, service := range []string{"map", "youtube"} {
		if !got.Granted(service) {
			t.Errorf("%s is not granted", service)
		}
	}
	if r.ID() != id || r.Rev() != "1a2b3c4d" || r.Lang() != "fr" || r.Text() != s.Text || r.How() != receipt.Dialog || !r.GPC() ||
		!r.At().Equal(at) || r.Site() != "https://portal.example" || r.Received().Format(time.RFC3339) != "2026-11-24T09:00:01Z" {
		t.Errorf("got %+v", r)
	}
}

func TestReceipt_Outcome(t *testing.T) {
	for name, c := range map[string]struct {
		choices, services consent.Choices
		want              receipt.Outcome
	}{
		"all":                {catalogue.Accept(), nil, receipt.Accepted},
		"none":               {catalogue.Refuse(), nil, receipt.Refused},
		"a category":         {catalogue.Refuse().With("statistics", true), nil, receipt.Partly},
		"none but a service": {catalogue.Refuse(), consent.Choices{{ID: "youtube", Granted: true}}, receipt.Partly},
		"all but a service":  {catalogue.Accept(), consent.Choices{{ID: "youtube"}}, receipt.Partly},
	} {
		r := mustNew(t, func(s *receipt.Submission) { s.Record.Choices, s.Record.Services = c.choices, c.services })
		if got := r.Outcome(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestReceipt_Same(t *testing.T) {
	r := mustNew(t)
	later := *r
	later.Own.Received, later.Own.Version, later.Event.Validity = received.Add(time.Hour), "v2", "P90D"
	if !r.Same(&later) || !later.Same(r) {
		t.Error("what only the server says makes a difference")
	}
	for name, change := range map[string]func(s *receipt.Submission){
		"id":       func(s *receipt.Submission) { s.Record.ID = consent.NewID() },
		"rev":      func(s *receipt.Submission) { s.Record.Rev = "00000000" },
		"at":       func(s *receipt.Submission) { s.Record.At = at.Add(time.Second) },
		"choices":  func(s *receipt.Submission) { s.Record.Choices = s.Record.Choices.With("statistics", true) },
		"services": func(s *receipt.Submission) { s.Record.Services = consent.Choices{{ID: "map", Granted: true}} },
		"how":      func(s *receipt.Submission) { s.How = receipt.Form },
		"gpc":      func(s *receipt.Submission) { s.GPC = true },
		"lang":     func(s *receipt.Submission) { s.Lang = "en" },
		"text":     func(s *receipt.Submission) { s.Text = "fedcba9876543210" },
	} {
		if other := mustNew(t, change); r.Same(other) || other.Same(r) {
			t.Errorf("another %s makes no difference", name)
		}
	}
}

const submitted = `{"record":{"v":1,"id":"6f1c7a52-3d0e-4b9a-8a57-0c2f9d1e4b63","rev":"1a2b3c4d","at":1795514400,` +
	`"choices":{"necessary":true,"statistics":false,"first-party":false,"third-party":false},"services":{"youtube":true}},` +
	`"how":"banner-refuse","gpc":false,"lang":"fr","text":"0123456789abcdef"}`

func TestParseSubmission(t *testing.T) {
	spaced := strings.NewReplacer(`{`, "{ ", `,"`, "\n, \t\"", `":`, `" :`).Replace(submitted)
	for name, text := range map[string]string{"compact": submitted, "with spaces": spaced} {
		s, err := receipt.ParseSubmission([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s.Record.ID != id || !s.Record.At.Equal(at) || s.Record.Rev != "1a2b3c4d" || len(s.Record.Choices) != 4 || !s.Record.Granted("youtube") ||
			s.How != receipt.BannerRefuse || s.GPC || s.Lang != "fr" || s.Text != "0123456789abcdef" {
			t.Errorf("%s: got %+v with %+v", name, s, s.Record)
		}
	}
	for name, c := range map[string]struct{ old, new, says string }{
		"nothing":                {submitted, "", "not JSON"},
		"null":                   {submitted, "null", "no JSON object"},
		"an array":               {submitted, "[" + submitted + "]", "no JSON object"},
		"two values":             {submitted, submitted + "{}", "more than one value"},
		"half of it":             {`"lang":"fr","text":"0123456789abcdef"}`, "", "not JSON"},
		"not UTF-8":              {"fr", "f\xff", "UTF-8"},
		"too much":               {"{", "{" + strings.Repeat(" ", receipt.MaxSubmission), "at most 8192"},
		"an unknown key":         {`"gpc"`, `"ip":"::1","gpc"`, `unknown key "ip"`},
		"a key in capitals":      {`"how"`, `"How"`, `unknown key "How"`},
		"a key twice":            {`"gpc":false`, `"gpc":false,"gpc":true`, `"gpc" occurs twice`},
		"an escaped key twice":   {`"gpc":false`, `"gpc":false,"gp\u0063":true`, `"gpc" occurs twice`},
		"a choice twice":         {`"statistics":false`, `"statistics":false,"statistics":true`, `"statistics" occurs twice`},
		"no how":                 {`"how":"banner-refuse",`, ``, `no key "how"`},
		"no gpc":                 {`"gpc":false,`, ``, `no key "gpc"`},
		"no record":              {`"record"`, `"records"`, `"record`},
		"a null":                 {`"gpc":false`, `"gpc":null`, "gpc is null"},
		"a number for a text":    {`"lang":"fr"`, `"lang":1`, "lang is 1"},
		"another way":            {`banner-refuse`, `telepathy`, `how is "telepathy"`},
		"no language":            {`"fr"`, `""`, `lang is ""`},
		"SQL for a language":     {`"fr"`, `"fr'; DROP TABLE entries; --"`, "lang is"},
		"NUL in the language":    {`"fr"`, `"fr\u0000"`, "lang is"},
		"a short text":           {`0123456789abcdef`, `0123`, `text is "0123"`},
		"a record that is none":  {submitted, `{"record":[],` + submitted[strings.Index(submitted, `"how"`):], "record is no JSON object"},
		"a record of another v":  {`"v":1`, `"v":3`, "record: v is 3"},
		"a record with more":     {`"v":1`, `"v":1,"ip":"::1"`, `unknown key "ip" in record`},
		"a record with less":     {`"v":1,`, ``, `no key "v" in record`},
		"a record with bad id":   {id, "1", "record: id is"},
		"a record with bad time": {"1795514400", "-1", "record: at is"},
		"bad choices":            {`"statistics":false`, `"statistics":"no"`, `"statistics"`},
		"a bad category":         {`"statistics":false`, `"=cmd()":false`, `"=cmd()"`},
		"a record too large":     {`"youtube":true`, `"` + strings.Repeat("a", 4000) + `":true`, "record: "},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(submitted, c.old, c.new, 1)
			if text == submitted {
				t.Fatal("the test changes nothing")
			}
			s, err := receipt.ParseSubmission([]byte(text))
			if !errors.Is(err, receipt.ErrInvalid) || !strings.Contains(err.Error(), c.says) || s != nil {
				t.Errorf("got %+v and %v, want ErrInvalid with %q", s, err, c.says)
			}
		})
	}
}

// FuzzParseSubmission: whatever is sent is refused, or can be kept and read back.
func FuzzParseSubmission(f *testing.F) {
	f.Add([]byte(submitted))
	f.Add([]byte(`{"record":{"v":1e0},"how":"dialog","gpc":true,"lang":"en-GB","text":""}`))
	f.Add([]byte(`[[[[{"a":{"a":[]}}]]]]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := receipt.ParseSubmission(data)
		if err != nil {
			if !errors.Is(err, receipt.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
			return
		}
		if _, err := s.Record.Encode(); err != nil {
			t.Errorf("%s: the record does not go into a cookie: %v", data, err)
		}
		r, err := newOf(s)
		if err != nil {
			return
		}
		back, err := receipt.Parse([]byte(body(t, r)))
		if err != nil || !back.Same(r) {
			t.Errorf("%s: got %+v and %v, want %+v", data, back, err, r)
		}
	})
}

// FuzzParseFile: what is not exactly a file is refused.
func FuzzParseFile(f *testing.F) {
	data, err := json.Marshal(newFile(f, mustKey(f)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := receipt.ParseFile(data)
		if err != nil {
			return
		}
		file.Verify()
		if _, err := json.Marshal(file); err != nil {
			t.Error(err)
		}
	})
}

// TestNew_SignsOnlyWhatComesBack: what JSON cannot hold, or has no end, is signed for nobody.
func TestNew_SignsOnlyWhatComesBack(t *testing.T) {
	long := *catalogue
	long.Site.Name = consent.Text{"fr": strings.Repeat("a", receipt.MaxBody)}
	for name, change := range map[string]func(c *receipt.Context){
		"a site that is no UTF-8":    func(c *receipt.Context) { c.Site = "https://\xff" },
		"a site with a path":         func(c *receipt.Context) { c.Site = "https://portal.example/" },
		"no origin":                  func(c *receipt.Context) { c.Site = "null" },
		"a site without end":         func(c *receipt.Context) { c.Site = "https://" + strings.Repeat("a", 29000) },
		"a version that is no UTF-8": func(c *receipt.Context) { c.Version = "v\xff" },
		"too many bytes":             func(c *receipt.Context) { c.Catalogue = &long },
	} {
		c := receipt.Context{Site: "https://portal.example", Catalogue: catalogue, Received: received, Version: "v1.2.3"}
		change(&c)
		if _, err := receipt.New(submission(), c); !errors.Is(err, receipt.ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", name, err)
		}
	}
}
