package audit

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/server/catalogue"
)

// declared is what the site of these tests declares.
const declared = `
site: { name: The site, url: "https://data.example.org" }
languages: [fr, en]
services:
  - id: session
    category: necessary
    name: Session
    provider: The site
    purpose: Sessions.
    cookies: [{ name: sessionid, purpose: P, duration: 2 weeks }, { name: cookies_preferences, purpose: P, duration: 6 months }]
    storage: { local: [temoin.receipts] }
  - id: figures
    category: statistics
    kind: measure
    name: Figures
    provider: The site
    purpose: Figures.
    hosts: [figures.example]
    cookies: [{ name: fig_*, purpose: P, duration: 13 months }]
    storage: { local: [fig] }
  - id: video
    category: third-party
    kind: media
    name: Video
    provider: Films
    purpose: Films.
    hosts: ["*.video.example"]
    cookies: [{ name: vid, purpose: P, duration: session, party: third }]
`

func mustParse(t *testing.T, text string) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.Parse("c.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const start = "https://data.example.org/"

// states are visitors to one page, before and after their answers.
func states(change func(map[StateName]*State)) *Observation {
	o := &Observation{Site: start, Browser: "Chromium", Banner: "temoin", Started: time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)}
	byName := map[StateName]*State{}
	for name, phases := range map[StateName][]Phase{
		Unanswered: {Before}, GPC: {Before}, Refused: {Before, After}, Accepted: {Before, After}, Returning: {After},
		Withdrawn: {Before, After, Reverted}, OnlyState("statistics"): {Before, After}, OnlyState("third-party"): {Before, After},
	} {
		state := &State{Name: name}
		for _, phase := range phases {
			state.Pages = append(state.Pages, Page{URL: start, Status: 200, Loaded: Duration(time.Second), Quiet: true, Phase: phase})
		}
		byName[name] = state
	}
	if change != nil {
		change(byName)
	}
	for _, name := range []StateName{Unanswered, Refused, OnlyState("statistics"), OnlyState("third-party"), Accepted, Withdrawn, GPC, Returning} {
		if byName[name] != nil {
			o.States = append(o.States, *byName[name])
		}
	}
	return o
}

// good are the sightings of a site that keeps its word, to which tests add.
func good(s map[StateName]*State) {
	for _, state := range s {
		state.put(cookie("sessionid", 14*day), Before)
		if state.Name != Unanswered && state.Name != GPC {
			state.put(cookie("cookies_preferences", 180*day), After)
		}
	}
	for _, name := range []StateName{Accepted, Returning, Withdrawn, OnlyState("statistics")} {
		s[name].put(cookie("fig_1", 395*day), After)
		s[name].store("fig", After)
		s[name].ask("https://figures.example/count", After)
	}
	for _, name := range []StateName{Accepted, Returning, Withdrawn, OnlyState("third-party")} {
		s[name].put(foreign("vid", "www.video.example"), After)
		s[name].ask("https://www.video.example/film", After)
	}
	for i := range s[Withdrawn].Cookies { // deleted when consent was withdrawn
		s[Withdrawn].Cookies[i].Left = false
	}
	for i := range s[Withdrawn].Stored {
		s[Withdrawn].Stored[i].Left = false
	}
}

func cookie(name string, life time.Duration) Cookie {
	return Cookie{Name: name, Domain: "data.example.org", Path: "/", HostOnly: true, Secure: true, SameSite: "Lax", Lifetime: Duration(life), Session: life == 0}
}

func foreign(name, host string) Cookie {
	c := cookie(name, 0)
	c.Domain, c.ThirdParty, c.SameSite = host, true, "None"
	return c
}

func (s *State) put(c Cookie, phases ...Phase) {
	c.Page, c.Phase, c.Phases, c.Left = start, phases[0], phases, true
	c.Set = Setter{Kind: "script", URL: "https://data.example.org/a.js"}
	s.Cookies = append(s.Cookies, c)
}

func (s *State) store(key string, phases ...Phase) {
	s.Stored = append(s.Stored, Stored{Kind: LocalStorage, Origin: "https://data.example.org", Key: key, Page: start, Phase: phases[0], Phases: phases, Left: true})
}

func (s *State) ask(address string, phase Phase) {
	s.Requests = append(s.Requests, Request{
		URL: address, Method: "GET", Type: "Image", Host: hostOf(address), Page: start, Phase: phase,
		ThirdParty: domainOf(hostOf(address)) != "example.org", Initiators: []string{"https://data.example.org/a.js"}, Cookies: []string{"vid"},
	})
}

func TestJudge(t *testing.T) {
	always := func(put func(*State, Phase)) func(map[StateName]*State) {
		return func(s map[StateName]*State) {
			for _, state := range s {
				for _, p := range state.Pages {
					put(state, p.Phase)
				}
			}
		}
	}
	noConsent := "unanswered refused only:third-party withdrawn gpc"
	for name, c := range map[string]struct {
		plant func(map[StateName]*State)
		want  []string // findings and their states
	}{
		"nothing wrong": {nil, nil},

		"cookie before consent": {always(func(s *State, p Phase) { s.put(cookie("fig_2", 0), p) }),
			[]string{"before-consent cookie fig_2 data.example.org: " + noConsent}},
		"request before consent": {always(func(s *State, p Phase) { s.ask("https://figures.example/early", p) }),
			[]string{"before-consent request figures.example: " + noConsent}},
		"storage before consent": {always(func(s *State, p Phase) { s.store("fig", p) }),
			[]string{"before-consent local fig data.example.org: " + noConsent}},
		"before the answer, of one who then accepts": {func(s map[StateName]*State) { s[Accepted].put(cookie("fig_2", 0), Before, After) },
			[]string{"before-consent cookie fig_2 data.example.org: unanswered"}},
		"after refusal": {func(s map[StateName]*State) { s[Refused].put(cookie("fig_2", 0), After) },
			[]string{"after-refusal cookie fig_2 data.example.org: refused"}},
		"request after withdrawal": {func(s map[StateName]*State) { s[Withdrawn].ask("https://a.video.example/", Reverted) },
			[]string{"after-withdrawal request a.video.example: withdrawn"}},
		"set again after withdrawal": {func(s map[StateName]*State) { s[Withdrawn].put(cookie("fig_2", 0), After, Reverted) },
			[]string{"after-withdrawal cookie fig_2 data.example.org: withdrawn"}},
		"left after withdrawal": {func(s map[StateName]*State) { s[Withdrawn].put(cookie("fig_2", 0), After) },
			[]string{"kept cookie fig_2 data.example.org: withdrawn"}},
		"another's cookie left after withdrawal": {func(s map[StateName]*State) { s[Withdrawn].put(foreign("vid", "b.video.example"), After) }, nil},
		"another category": {func(s map[StateName]*State) { s[OnlyState("third-party")].ask("https://figures.example/", After) },
			[]string{"wrong-category request figures.example: only:third-party"}},
		"despite GPC": {func(s map[StateName]*State) { s[GPC].ask("https://figures.example/", Before) },
			[]string{"despite-gpc request figures.example: gpc"}},
		"preset known, undeclared": {func(s map[StateName]*State) { s[Unanswered].put(cookie("_ga", 400*day), Before) },
			[]string{"before-consent cookie _ga data.example.org: unanswered", "undeclared cookie _ga data.example.org: unanswered"}},
		"preset known, consented, undeclared": {func(s map[StateName]*State) { s[Accepted].ask("https://www.google-analytics.com/g/collect", After) },
			[]string{"undeclared request www.google-analytics.com: accepted"}},
		"unknown cookie": {func(s map[StateName]*State) { s[Refused].put(cookie("odd", 0), After) },
			[]string{"undeclared cookie odd data.example.org: refused"}},
		"unknown request": {func(s map[StateName]*State) { s[Unanswered].ask("https://odd.example/", Before) },
			[]string{"undeclared request odd.example: unanswered"}},
		"unknown key":       {func(s map[StateName]*State) { s[Unanswered].store("odd", Before) }, []string{"undeclared local odd data.example.org: unanswered"}},
		"own request":       {func(s map[StateName]*State) { s[Unanswered].ask("https://cdn.example.org/", Before) }, nil},
		"Témoin's queue":    {func(s map[StateName]*State) { s[Refused].store("temoin.receipts", After) }, nil},
		"the choice itself": {func(s map[StateName]*State) { s[Refused].put(cookie("cookies_preferences", 180*day), After) }, nil},
		"the choice kept too long": {always(func(s *State, p Phase) {
			if p != Before {
				s.put(cookie("cookies_preferences", 395*day), p)
			}
		}),
			[]string{"longer cookie cookies_preferences data.example.org: refused only:statistics only:third-party withdrawn accepted returning"}},
		"undeclared cookie of a declared host": {func(s map[StateName]*State) { s[Unanswered].put(foreign("odd", "www.video.example"), Before) },
			[]string{"before-consent cookie odd www.video.example: unanswered", "undeclared cookie odd www.video.example: unanswered"}},
		"longer": {always(func(s *State, p Phase) { s.put(cookie("sessionid", 30*day), p) }),
			[]string{"longer cookie sessionid data.example.org: unanswered refused only:statistics only:third-party withdrawn gpc accepted returning"}},
		"session that stays": {func(s map[StateName]*State) {
			c := foreign("vid", "b.video.example")
			c.Lifetime = Duration(day)
			s[Accepted].put(c, After)
		}, []string{"longer cookie vid b.video.example: accepted"}},
		"wrong party": {func(s map[StateName]*State) { s[Accepted].put(cookie("vid", 0), After) },
			[]string{"wrong-party cookie vid data.example.org: accepted"}},
		"not secure": {func(s map[StateName]*State) {
			c := cookie("fig_2", 0)
			c.Secure, c.SameSite = false, ""
			s[Accepted].put(c, After)
		}, []string{"not-secure cookie fig_2 data.example.org: accepted", "no-same-site cookie fig_2 data.example.org: accepted"}},

		"refusal in two clicks": {func(s map[StateName]*State) {
			s[Unanswered].Banner = Banner{Visible: true, AcceptClicks: 1, RefuseClicks: 2, Buttons: []Button{{Text: "OK", Role: RoleAccept, Visible: true}}}
		}, []string{"refusal-harder banner temoin: unanswered"}},
		"refusal hidden": {func(s map[StateName]*State) {
			s[Unanswered].Banner = Banner{Visible: true, AcceptClicks: 1, RefuseClicks: -1, Buttons: []Button{{Role: RoleAccept, Visible: true}, {Role: RoleRefuse}}}
		}, []string{"refuse-hidden banner temoin: unanswered"}},
		"refusal as easy": {func(s map[StateName]*State) {
			s[Unanswered].Banner = Banner{Visible: true, AcceptClicks: 1, RefuseClicks: 1, Buttons: []Button{{Role: RoleAccept, Visible: true}, {Role: RoleRefuse, Visible: true}}}
		}, nil},

		"asked for nothing": {func(s map[StateName]*State) {
			for _, state := range s {
				state.Cookies = slices.DeleteFunc(state.Cookies, func(c Cookie) bool { return c.ThirdParty })
				state.Requests = slices.DeleteFunc(state.Requests, func(r Request) bool { return r.Host == "www.video.example" })
			}
		}, []string{"asked-for-nothing service video: "}},
		"never seen": {func(s map[StateName]*State) {
			for _, state := range s {
				state.Cookies = slices.DeleteFunc(state.Cookies, func(c Cookie) bool { return c.Name == "sessionid" || c.ThirdParty })
			}
		}, []string{"never-seen cookie sessionid: ", "never-seen cookie vid: "}},
		"accepting was impossible": {func(s map[StateName]*State) {
			for name := range s {
				if name != Unanswered {
					delete(s, name)
				}
			}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			findings, err := Judge(states(func(s map[StateName]*State) {
				good(s)
				if c.plant != nil {
					c.plant(s)
				}
			}), mustParse(t, declared))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range findings {
				got = append(got, f.ID+": "+joined(f.States))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func joined(states []StateName) string {
	words := make([]string, len(states))
	for i, state := range states {
		words[i] = string(state)
	}
	return strings.Join(words, " ")
}

// TestJudge_Says: a finding says who did it, when, whose it is, and how to declare it.
func TestJudge_Says(t *testing.T) {
	findings, err := Judge(states(func(s map[StateName]*State) {
		good(s)
		s[Refused].put(cookie("odd", 30*day), After)
		s[Unanswered].ask("https://www.googletagmanager.com/gtag/js", Before)
		s[Accepted].put(cookie("fig_2", 400*day), After)
	}), mustParse(t, declared))
	if err != nil || len(findings) != 4 {
		t.Fatalf("got %v and %v", findings, err)
	}
	early, named, odd, longer := findings[0], findings[2], findings[1], findings[3]
	if early.Known != "google-analytics" || early.Evidence.Initiators[0] != "https://data.example.org/a.js" || early.Evidence.Identifiers[0] != "vid" || early.Level != LevelError || early.Rule != "R1" {
		t.Errorf("got %+v of the request before consent", early)
	}
	if named.YAML != "services:\n  - preset: google-analytics\n" {
		t.Errorf("got %q, want the preset", named.YAML)
	}
	if odd.Known != "" || odd.Service != "" || odd.Evidence.By != "script" || !strings.Contains(odd.YAML, "duration: 1 month") {
		t.Errorf("got %+v of the unknown cookie", odd)
	}
	mustParse(t, "site: { name: S, url: https://data.example.org }\nlanguages: [fr, en]\n"+odd.YAML)
	if longer.Service != "figures" || longer.Declared != "13 months" || longer.Seen != "14 months" || !strings.Contains(longer.YAML, "14 months") {
		t.Errorf("got %+v of the cookie that lives too long", longer)
	}
}

// TestJudge_NoCatalogue: what presets know is held against the law; the rest is
// undeclared, and no more than that.
func TestJudge_NoCatalogue(t *testing.T) {
	findings, err := Judge(states(func(s map[StateName]*State) {
		s[Unanswered].put(cookie("_pk_id.1.a", 393*day), Before)
		s[Unanswered].put(cookie("PHPSESSID", 0), Before)
		s[Refused].put(cookie("cc_cookie", 180*day), After)
	}), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range findings {
		got = append(got, string(f.Level)+" "+f.ID+" "+f.Known)
	}
	want := []string{
		"error before-consent cookie _pk_id.1.a data.example.org matomo",
		"note undeclared cookie PHPSESSID data.example.org ",
		"note undeclared cookie _pk_id.1.a data.example.org matomo",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestJudge_ExemptMeasure: it may count until the visitor objects.
func TestJudge_ExemptMeasure(t *testing.T) {
	c := mustParse(t, "site: { name: S, url: https://data.example.org }\nlanguages: [fr]\nservices: [{ preset: matomo-exempt }]\n")
	findings, err := Judge(states(func(s map[StateName]*State) {
		for _, name := range []StateName{Unanswered, Accepted, Refused} {
			s[name].put(cookie("_pk_id.1", 30*day), Before)
			s[name].put(cookie("_pk_ses.1", 0), Before)
		}
		s[Refused].put(cookie("_pk_id.2", 30*day), After)
	}), c)
	if err != nil || len(findings) != 1 || findings[0].ID != "after-refusal cookie _pk_id.2 data.example.org" {
		t.Errorf("got %+v and %v, want that which came after the refusal", findings, err)
	}
}

func TestLongest_Calendar(t *testing.T) {
	for text, c := range map[string]struct{ good, bad time.Duration }{
		"session":           {0, 2 * time.Hour},
		"30 minutes":        {30 * time.Minute, 40 * time.Minute},
		"2 weeks":           {14 * day, 17 * day},
		"6 months":          {184 * day, 190 * day},
		"12 months":         {366 * day, 390 * day},
		"13 months":         {396 * day, 400 * day}, // browsers keep nothing longer than 400 days
		"1 year":            {366 * day, 390 * day},
		"at most 12 months": {366 * day, 390 * day},
	} {
		c2 := mustParse(t, "site: { name: S, url: https://data.example.org }\nlanguages: [fr]\nservices: [{ id: a, category: necessary, name: A, provider: P, purpose: P, cookies: [{ name: a, purpose: P, duration: "+text+" }] }]\n")
		limit := longest(c2.Services[0].Cookies[0].Duration)
		if c.good > limit || c.bad <= limit {
			t.Errorf("%s: got a limit of %s, want between %s and %s", text, limit, c.good, c.bad)
		}
	}
}

func TestInWords(t *testing.T) {
	for seen, want := range map[time.Duration]string{
		time.Second: "1 minute", 30 * time.Minute: "30 minutes", day: "1 day", 14 * day: "2 weeks", 30 * day: "1 month",
		182 * day: "6 months", 365 * day: "1 year", 395 * day: "13 months", 400 * day: "14 months", 730 * day: "2 years",
	} {
		if got := inWords(seen).String(); got != want {
			t.Errorf("%s: got %q, want %q", seen, got, want)
		}
	}
}

// TestDraft: what is drafted is a good catalogue, and the site keeps its word by it.
func TestDraft(t *testing.T) {
	seen := states(func(s map[StateName]*State) {
		good(s)
		s[Unanswered].put(cookie("odd", 30*day), Before)
		s[Unanswered].put(foreign("uid", "px.odd.example"), Before)
		s[Unanswered].ask("https://px.odd.example/p.gif", Before)
		s[Unanswered].ask("https://www.odd.example/p.gif", Before)
		s[Unanswered].store("oddest", Before)
		s[Unanswered].put(cookie("a(b)", 0), Before) // no name that a catalogue can have
		s[Accepted].put(cookie("_ga", 390*day), After)
		s[Accepted].put(foreign("more", "www.video.example"), After)
	})
	for name, c := range map[string]*catalogue.Catalogue{"of nothing": nil, "of a catalogue": mustParse(t, declared)} {
		t.Run(name, func(t *testing.T) {
			text, err := Draft(seen, c)
			if err != nil {
				t.Fatalf("got %v of\n%s", err, text)
			}
			drafted := mustParse(t, string(text))
			for _, want := range []string{"a(b)", "preset: google-analytics", "inconnu-odd-example", "px.odd.example", "www.odd.example", "oddest", "duration: 1 month"} {
				if !bytes.Contains(text, []byte(want)) {
					t.Errorf("nothing is said of %s in\n%s", want, text)
				}
			}
			findings, err := Judge(seen, drafted)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range findings {
				if f.Kind == Undeclared && f.Subject.Name != "a(b)" {
					t.Errorf("still undeclared: %s", f.ID)
				}
			}
		})
	}
}
