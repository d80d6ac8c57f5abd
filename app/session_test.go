package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/browser"
	"temoin.example/temoin/app/consent"
)

// fakePage keeps cookies as a browser does that has only one path and domain.
type fakePage struct {
	cookies  []string // name=value
	lines    []string // all that was written
	denied   bool     // keeps no cookies
	late     string   // a cookie that a late answer sets right after the next line
	later    string   // one that it sets just before the loader reads
	heard    string   // the cookies that the loader read last
	secure   bool
	changed  []string // how, each time
	receipts bool     // are kept
	notKept  int
	gpc      bool
	announce []string
	dialog   []string // what was done with it
	open     bool     // the dialog, before Go runs
	missing  bool     // the dialog says that a receipt is
	on       []string // its switches
}

var _ app.Page = (*fakePage)(nil)

func (p *fakePage) Cookies(name string) []string {
	return browser.Values(strings.Join(p.cookies, "; "), name)
}

func (p *fakePage) SetCookie(line string) {
	p.lines = append(p.lines, line)
	pair, attributes, _ := strings.Cut(line, "; ")
	name, _, _ := strings.Cut(pair, "=")
	if p.denied {
		return
	}
	p.cookies = slices.DeleteFunc(p.cookies, func(c string) bool { return strings.HasPrefix(c, name+"=") })
	if p.late != "" {
		p.cookies, p.late = append(p.cookies, p.late), ""
		return
	}
	if !strings.Contains(attributes, "Max-Age=0") {
		p.cookies = append(p.cookies, pair)
	}
}

func (p *fakePage) Changed(how string) {
	p.changed = append(p.changed, how)
	if p.later != "" {
		p.cookies, p.later = []string{p.later}, ""
	}
	p.heard = strings.Join(p.cookies, "; ")
}

func (p *fakePage) Host() string         { return "data.example" }
func (p *fakePage) Path() string         { return "/a/b" }
func (p *fakePage) Secure() bool         { return p.secure }
func (p *fakePage) NotKept()             { p.notKept++ }
func (p *fakePage) Dismissed() bool      { return p.notKept > 0 }
func (p *fakePage) GPC() bool            { return p.gpc }
func (p *fakePage) Refocus()             {}
func (p *fakePage) Announce(text string) { p.announce = append(p.announce, text) }
func (p *fakePage) ShowDialog()          { p.dialog = append(p.dialog, "show") }
func (p *fakePage) CloseDialog()         { p.dialog = append(p.dialog, "close") }
func (p *fakePage) Dialog() (bool, bool) { return p.open, p.missing }
func (p *fakePage) Switched(id string) bool {
	return slices.Contains(p.on, id)
}
func (p *fakePage) KeepsReceipts() bool  { return p.receipts }
func (p *fakePage) Proof(missing func()) { missing() }
func (p *fakePage) mustRead() *consent.Record {
	values := p.Cookies(consent.CookieName)
	if len(values) != 1 {
		return nil
	}
	record, _ := consent.Decode(values[0])
	return record
}

// edition is a small one, in English.
func edition() *app.Edition {
	text := func(s string) consent.Text { return consent.Text{consent.AnyLanguage: s} }
	c := &consent.Catalogue{
		Site:      consent.Site{Name: text("Rivemont"), URL: "https://data.example"},
		Languages: []string{"en"},
		Links:     consent.Links{Charter: "/charter"},
		Cookie: consent.CookieSettings{
			Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month},
		},
		Reopen: true,
		Categories: []consent.Category{
			{ID: "necessary", Title: text("Necessary"), Description: text("To work."), Necessary: true},
			{ID: "statistics", Title: text("Statistics"), Description: text("To count.")},
			{ID: "third-party", Title: text("Third parties"), Description: text("To show.")},
		},
		Services: []consent.Service{
			{ID: "sessions", Category: "necessary", Name: text("Sessions"), Provider: "Rivemont", Purpose: text("Login."),
				Cookies: []consent.Cookie{{Name: "sessionid", Purpose: text("Login."),
					Duration: consent.Duration{Count: 2, Unit: consent.Week}, Party: consent.FirstParty}}},
			{ID: "matomo", Category: "statistics", Name: text("Matomo"), Provider: "Rivemont", Purpose: text("Counting."),
				Kind: consent.Measure, Anonymous: true},
			{ID: "youtube", Category: "third-party", Name: text("YouTube"), Provider: "Google", Purpose: text("Videos."),
				Policy: "https://policies.example/privacy", Kind: consent.Media,
				Cookies: []consent.Cookie{{Name: "YSC", Purpose: text("Views."), Party: consent.ThirdParty}}},
		},
	}
	return &app.Edition{
		Lang:      "en",
		Dir:       "ltr",
		Marks:     c.Marks(),
		Catalogue: c,
		Durations: map[string]string{"session": "until closed", "2 weeks": "2 weeks", "6 months": "6 months"},
		Texts: app.Texts{
			BannerTitle: "Your choice", BannerText: "The site asks.",
			BannerRights: "Refusing is free.", CharterLink: "Charter", PrivacyLink: "Privacy",
			Accept: "Accept", Refuse: "Refuse", Customize: "Customize", Waiting: "Opening", Save: "Save", Close: "Close",
			Reopen: "Manage", ReopenGPC: "Manage (refused)", Dismiss: "Dismiss", DialogTitle: "Choose", DialogText: "For {site}, {lifetime}.",
			AlwaysOn: "Always on", Exempt: "Exempt", Partly: "Partly", Details: "Details ({count})", NoService: "No service",
			NoCookie: "No cookie", Provider: "By {provider}.", Policy: "Policy", ColumnService: "Service",
			ColumnProvider: "Provider", ColumnCookie: "Cookie", ColumnPurpose: "Purpose", ColumnDuration: "Duration",
			ThirdParty: "another site", Saved: "Saved.", NotKept: "Not kept.", Proof: "My proof", ProofMissing: "No proof.",
		},
	}
}

func newSession(page *fakePage) *app.Session {
	s := app.NewSession(edition(), page)
	s.Now = func() time.Time { return time.Unix(1764000000, 0) }
	s.Sync()
	return s
}

func TestSession_FirstVisit(t *testing.T) {
	page := &fakePage{}
	s := newSession(page)
	if !s.Asking() {
		t.Error("does not ask")
	}
	if len(page.lines) > 0 || len(page.changed) > 0 {
		t.Errorf("wrote %q before a choice", page.lines)
	}
	if !s.Granted("necessary") || !s.Granted("matomo") || s.Granted("statistics") || s.Granted("youtube") {
		t.Error("more or less is allowed than what is necessary or exempt")
	}
}

func TestSession_Answers(t *testing.T) {
	draft := func(s *app.Session) consent.Draft { return s.Edition.Catalogue.Draft(nil) }
	for name, c := range map[string]struct {
		answer  func(*app.Session)
		granted string
	}{
		"accept":                {func(s *app.Session) { s.Accept() }, "necessary sessions statistics matomo third-party youtube"},
		"refuse":                {func(s *app.Session) { s.Refuse() }, "necessary sessions"},
		"save without a change": {func(s *app.Session) { s.Save(draft(s)) }, "necessary sessions matomo"},
		"save one service":      {func(s *app.Session) { s.Save(draft(s).Set("youtube", true).Set("matomo", false)) }, "necessary sessions third-party youtube"},
		"save a category":       {func(s *app.Session) { s.Save(draft(s).Set("statistics", true)) }, "necessary sessions statistics matomo"},
	} {
		t.Run(name, func(t *testing.T) {
			page := &fakePage{}
			s := newSession(page)
			c.answer(s)

			record := page.mustRead()
			if record == nil {
				t.Fatalf("no record in %q", page.cookies)
			}
			if record.Rev != s.Edition.Marks.Rev || !record.At.Equal(s.Now()) {
				t.Errorf("got revision %s at %s", record.Rev, record.At)
			}
			var granted []string
			for _, id := range []string{"necessary", "sessions", "statistics", "matomo", "third-party", "youtube"} {
				if s.Granted(id) {
					granted = append(granted, id)
				}
			}
			if got := strings.Join(granted, " "); got != c.granted {
				t.Errorf("got %q allowed, want %q", got, c.granted)
			}
			if s.Asking() || page.notKept != 0 || !slices.Equal(page.announce, []string{"Saved."}) {
				t.Errorf("asking %t, not kept %d, announced %q", s.Asking(), page.notKept, page.announce)
			}
			if !slices.Equal(page.changed, []string{"dialog"}) {
				t.Errorf("told the loader %q, want \"dialog\" once", page.changed)
			}
			if len(page.lines) != 1 {
				t.Errorf("wrote %d lines, want 1: %q", len(page.lines), page.lines)
			}
		})
	}
}

func TestSession_Secure(t *testing.T) {
	for _, secure := range []bool{false, true} {
		page := &fakePage{secure: secure}
		newSession(page).Accept()
		if got := strings.HasSuffix(page.lines[0], "; Secure"); got != secure {
			t.Errorf("https %t: wrote %q", secure, page.lines[0])
		}
	}
}

func TestSession_BrowserThatKeepsNoCookies(t *testing.T) {
	page := &fakePage{denied: true}
	s := newSession(page)
	s.Accept()
	if page.notKept != 1 || len(page.announce) != 0 {
		t.Errorf("told %d times that the choice is not kept, announced %q", page.notKept, page.announce)
	}
	if s.Asking() {
		t.Error("asks again on the same page")
	}
	if s.Granted("youtube") || !s.Granted("necessary") {
		t.Error("what was not kept counts")
	}
}

func TestSession_SeveralCookies(t *testing.T) {
	page := &fakePage{cookies: []string{"cookies_preferences=x", "other=1", "cookies_preferences=y"}}
	s := newSession(page)
	// Written by a browser that cannot tell the two apart: then the fake has one.
	page.cookies = append(page.cookies, "cookies_preferences=z")
	s.Refuse()
	if page.mustRead() == nil || !slices.Contains(page.cookies, "other=1") {
		t.Errorf("got %q, want one of ours and the other's", page.cookies)
	}
}

func TestSession_AnotherTabChose(t *testing.T) {
	page := &fakePage{}
	s := newSession(page)
	other := newSession(page)
	other.Accept()
	if !s.Asking() {
		t.Fatal("knows before it was told")
	}
	s.Sync()
	if s.Asking() || !s.Granted("youtube") {
		t.Error("does not follow the other tab")
	}
}

// TestSession_GlobalPrivacyControl: the signal counts as a refusal, writes
// nothing, and gives way to an answer.
func TestSession_GlobalPrivacyControl(t *testing.T) {
	granted := func(s *app.Session) string {
		var list []string
		for _, id := range []string{"necessary", "sessions", "statistics", "matomo", "third-party", "youtube"} {
			if s.Granted(id) != s.Draft().Granted(id) {
				t.Errorf("%s: allowed %t, its switch %t", id, s.Granted(id), s.Draft().Granted(id))
			}
			if s.Granted(id) {
				list = append(list, id)
			}
		}
		return strings.Join(list, " ")
	}
	page := &fakePage{gpc: true}
	s := newSession(page)
	if s.Asking() || !s.RefusedByGPC() {
		t.Errorf("asking %t, refused by the signal %t", s.Asking(), s.RefusedByGPC())
	}
	if got := granted(s); got != "necessary sessions" {
		t.Errorf("got %q allowed, want only what is necessary, not the exempt measure", got)
	}
	if len(page.lines) > 0 {
		t.Errorf("wrote %q", page.lines)
	}

	s.Save(s.Draft().Set("youtube", true))
	if s.Asking() || s.RefusedByGPC() {
		t.Errorf("after an answer: asking %t, refused by the signal %t", s.Asking(), s.RefusedByGPC())
	}
	if got := granted(s); got != "necessary sessions third-party youtube" {
		t.Errorf("after an answer: got %q allowed", got)
	}
}

// TestSession_HasProof: there is a receipt of a choice, where receipts are kept,
// and none of a refusal by signal alone.
func TestSession_HasProof(t *testing.T) {
	for name, c := range map[string]struct {
		page   fakePage
		answer bool
		want   bool
	}{
		"before a choice":        {fakePage{receipts: true}, false, false},
		"after one":              {fakePage{receipts: true}, true, true},
		"refused by the browser": {fakePage{receipts: true, gpc: true}, false, false},
		"a choice over that":     {fakePage{receipts: true, gpc: true}, true, true},
		"no receipts are kept":   {fakePage{}, true, false},
		"the choice is not kept": {fakePage{receipts: true, denied: true}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSession(&c.page)
			if c.answer {
				s.Refuse()
			}
			if got := s.HasProof(); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
}

func TestPreferences_Proof(t *testing.T) {
	e := edition()
	for _, c := range []struct {
		name                     string
		receipts, proof, missing bool
		wantButton, wantNotice   bool
	}{
		{"no receipts are kept", false, false, false, false, false},
		{"no choice to prove", true, false, false, true, false},
		{"a choice to prove", true, true, false, true, false},
		{"its receipt cannot be had", true, true, true, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			markup := ui.HTMLString(&app.Preferences{
				Edition: e, Draft: e.Catalogue.Draft(nil), Receipts: c.receipts, Proof: c.proof, ProofMissing: c.missing,
			})
			if got := strings.Contains(markup, ">My proof<"); got != c.wantButton {
				t.Errorf("button: got %t, want %t", got, c.wantButton)
			}
			// go-app prints the value of what is not hidden alone.
			if got := strings.Contains(markup, `hidden="false"`); got != c.proof {
				t.Errorf("shown: got %t, want %t", got, c.proof)
			}
			if got := strings.Contains(markup, ">No proof.<"); got != c.wantNotice {
				t.Errorf("notice: got %t, want %t", got, c.wantNotice)
			}
		})
	}
}

func TestReopen_SaysThatTheBrowserRefused(t *testing.T) {
	for gpc, want := range map[bool]string{false: "Manage", true: "Manage (refused)"} {
		markup := ui.HTMLString(&app.Reopen{Edition: edition(), GPC: gpc})
		if !strings.Contains(markup, ">"+want+"<") {
			t.Errorf("signal %t: got %s, want %q", gpc, markup, want)
		}
	}
}

// TestSession_LateAnswer: the server's answer to the report of an earlier choice
// sets that choice's cookie in the moment of a withdrawal, which stands.
func TestSession_LateAnswer(t *testing.T) {
	for name, set := range map[string]func(page *fakePage, cookie string){
		"after the cookie is written": func(page *fakePage, cookie string) { page.late = cookie },
		"before the loader reads it":  func(page *fakePage, cookie string) { page.later = cookie },
	} {
		t.Run(name, func(t *testing.T) {
			page := &fakePage{}
			s := newSession(page)
			s.Accept()
			set(page, page.cookies[0])
			s.Refuse()
			if s.Granted("youtube") || page.mustRead().Granted("third-party") || page.notKept != 0 {
				t.Errorf("got the cookies %q, not kept %d, want the refusal", page.cookies, page.notKept)
			}
			if page.heard != strings.Join(page.cookies, "; ") {
				t.Errorf("the loader read %q, the cookies are %q", page.heard, page.cookies)
			}
		})
	}
}
