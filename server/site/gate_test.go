package site

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

const gateHead = `site: { name: The site, url: "https://data.example.org" }
languages: [en]
`

// gateJSON returns what the loader finds of the gate, as it is written.
func gateJSON(t *testing.T, yaml string) string {
	t.Helper()
	data, err := json.Marshal(gateOf(mustParse(t, []byte(gateHead+yaml))))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestGate: what the loader finds of the gate. Where nothing can be refused, no
// signal refuses anything.
func TestGate(t *testing.T) {
	const one = "services:\n  - { id: a, category: third-party, name: A, provider: S, purpose: P, %s }\n"
	for name, c := range map[string]struct{ yaml, want string }{
		"nothing to hold": {"", `{"gpc":false,"reload":"after-script"}`},
		"settings":        {"gpc: ask\nreload: never\n", `{"gpc":false,"reload":"never"}`},
		"hosts": {strings.ReplaceAll(one, "%s", `hosts: [a.example, "*.a.example"]`) +
			"  - { id: b, category: necessary, name: A, provider: S, purpose: P, hosts: [b.a.example] }\n",
			`{"gpc":true,"reload":"after-script","hosts":[["b.a.example","b"],["a.example","a"],["*.a.example","a"]]}`},
		"cookies, of which a script can delete some": {strings.ReplaceAll(one, "%s",
			`cookies: [{ name: c_*, purpose: P, duration: session }, { name: d, purpose: P, duration: session, party: third }, { name: e, purpose: P, duration: session, http-only: true }]`),
			`{"gpc":true,"reload":"after-script","erase":{"a":{"cookies":["^c_.*$"],"kept":["d","e"]}},"keep":{"cookies":["^cookies_preferences$"],"local":["^temoin\\.receipts$"],"session":["^temoin$"]}}`},
		"storage": {strings.ReplaceAll(one, "%s", `storage: { local: [l], session: [s], databases: [d], caches: [c*] }`),
			`{"gpc":true,"reload":"after-script","erase":{"a":{"local":["^l$"],"session":["^s$"],"databases":["^d$"],"caches":["^c.*$"]}},"keep":{"cookies":["^cookies_preferences$"],"local":["^temoin\\.receipts$"],"session":["^temoin$"]}}`},
		"what is necessary is never erased": {
			"services:\n  - { id: a, category: necessary, name: A, provider: S, purpose: P, cookies: [{ name: c, purpose: P, duration: session }] }\n",
			`{"gpc":false,"reload":"after-script"}`},
		"signals of one service": {strings.ReplaceAll(one, "%s", "signal: clarity"),
			`{"gpc":true,"reload":"after-script","signals":{"clarity":"a"}}`},
		"Google without settings": {strings.ReplaceAll(one, "%s", "kind: measure, signal: google"),
			`{"gpc":true,"reload":"after-script","signals":{"google":{"types":{"analytics_storage":"a"}}}}`},
		"Google's settings": {strings.ReplaceAll(one, "%s", "kind: advertising, signal: google") +
			"google-consent: { types: { ad_storage: third-party }, wait-for-update: 500, layer: tags, url-passthrough: true, ads-data-redaction: true }\n",
			`{"gpc":true,"reload":"after-script","signals":{"google":{"types":{"ad_storage":"third-party"},"layer":"tags","wait":500,"passthrough":true,"redaction":true}}}`},
		"Google's settings without a service of its": {"google-consent: { wait-for-update: 500 }\n",
			`{"gpc":false,"reload":"after-script"}`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := gateJSON(t, c.yaml); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestGate_AllSignals(t *testing.T) {
	c := &catalogue.Catalogue{}
	for _, signal := range consent.Signals() {
		c.Services = append(c.Services, consent.Service{ID: "the-" + string(signal), Signal: signal})
	}
	got := signalsOf(c)
	want := &signals{
		Google: &googleSignal{Types: map[string]string{}}, Matomo: "the-matomo", MatomoExempt: "the-matomo-exempt", UET: "the-uet", Clarity: "the-clarity",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestPlaceholders: there is one for each service and category that can be
// refused, and the style sheet they share.
func TestPlaceholders(t *testing.T) {
	c := mustReadDemo(t)
	b := mustBundle(t, c)
	l := bundleOf(t, b.Files["/temoin.js"].Body)
	var markup map[string]string
	path := "/temoin/" + strings.Replace(l.Placeholders, "*", "fr", 1)
	if err := json.Unmarshal(b.Files[path].Body, &markup); err != nil {
		t.Fatal(err)
	}
	want := []string{"style"}
	for _, category := range c.Categories {
		if c.Offers(category.ID) {
			want = append(want, category.ID)
		}
	}
	for _, service := range c.Refusable() {
		want = append(want, service.ID)
	}
	slices.Sort(want)
	var got []string
	for id := range markup {
		got = append(got, id)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if !strings.HasSuffix(markup["style"], "/* placeholder.css */") {
		t.Errorf("got the style %q", markup["style"])
	}
	for _, words := range []string{
		"YouTube est désactivé", "Google Ireland Limited", "VISITOR_INFO1_LIVE", "Cookies déposés (2)",
		`href="/charte-cookies/fr"`, `data-temoin="once"`, `data-temoin="always"`,
	} {
		if !strings.Contains(markup["youtube"], words) {
			t.Errorf("%q is missing in %s", words, markup["youtube"])
		}
	}
}

// TestPlaceholder_Lasting: where the page's policy is that of the cookie, nothing can be let in for once.
func TestPlaceholder_Lasting(t *testing.T) {
	c := mustReadDemo(t)
	c.Reload = catalogue.ReloadOnChange
	b := mustBundle(t, c)
	l := bundleOf(t, b.Files["/temoin.js"].Body)
	var markup map[string]string
	if err := json.Unmarshal(b.Files["/temoin/"+strings.Replace(l.Placeholders, "*", "fr", 1)].Body, &markup); err != nil {
		t.Fatal(err)
	}
	if got := markup["youtube"]; strings.Contains(got, `data-temoin="once"`) || !strings.Contains(got, `data-temoin="always"`) {
		t.Errorf("got %s", got)
	}
}

func TestPlaceholder_Service(t *testing.T) {
	b := mustBundle(t, mustReadDemo(t))
	for lang, edition := range b.editions {
		markup, err := prerender(&app.Placeholder{Edition: edition, Service: edition.Catalogue.Service("youtube")})
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "demo-placeholder-youtube."+lang+".html", lines(markup))
	}
}

// TestCharter_Storage: what services keep beside cookies is in the charter too.
func TestCharter_Storage(t *testing.T) {
	c := mustParse(t, []byte(gateHead+`services:
  - id: a
    category: third-party
    name: A
    provider: S
    purpose: The purpose.
    cookies: [{ name: c, purpose: P, duration: session, http-only: true }]
    storage: { local: [l_*], session: [s], databases: [d], caches: [k] }
  - { id: b, category: third-party, name: B, provider: S, purpose: P, storage: { local: [m] } }
`))
	page, err := mustBundle(t, c).Charter(CharterPage{Lang: "en"})
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?s)<tr>.*?</tr>`).FindAllString(string(page), -1)
	for _, want := range [][]string{
		{"<code>c</code>", "until the browser is closed"},
		{"<code>l_*</code>", "local storage", "The purpose.", "until it is erased", "this site"},
		{"<code>s</code>", "session storage", "until the tab is closed"},
		{"<code>d</code>", "database", "until it is erased"},
		{"<code>k</code>", "cache", "until it is erased"},
		{"<code>m</code>", "local storage"},
	} {
		if !slices.ContainsFunc(rows, func(row string) bool {
			return !slices.ContainsFunc(want, func(words string) bool { return !strings.Contains(row, words) })
		}) {
			t.Errorf("no row with %q in\n%s", want, strings.Join(rows, "\n"))
		}
	}
	languages, err := catalogue.Languages()
	if err != nil {
		t.Fatal(err)
	}
	if none := languages["en"].Interface.NoCookie; strings.Contains(string(page), none) {
		t.Errorf("says %q of a service that keeps something", none)
	}
}

func TestGPC(t *testing.T) {
	day := time.Date(2026, 3, 9, 23, 30, 0, 0, time.FixedZone("", -3600))
	for setting, want := range map[string]string{
		"":                `{"gpc": true, "lastUpdate": "2026-03-10"}` + "\n",
		"gpc: refuse\n":   `{"gpc": true, "lastUpdate": "2026-03-10"}` + "\n",
		"gpc: ask\n":      `{"gpc": false, "lastUpdate": "2026-03-10"}` + "\n",
		"reopen: false\n": `{"gpc": true, "lastUpdate": "2026-03-10"}` + "\n",
	} {
		t.Run(setting, func(t *testing.T) {
			b, err := New(mustParse(t, []byte(gateHead+setting)), Options{Dist: fakeDist(), Updated: day})
			if err != nil {
				t.Fatal(err)
			}
			a := b.Files["/.well-known/gpc.json"]
			if a == nil || string(a.Body) != want || a.contentType != "application/json" || !json.Valid(a.Body) {
				t.Errorf("got %+v, want %s", a, want)
			}
		})
	}
}

func TestLastUpdate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(file, day, day); err != nil {
		t.Fatal(err)
	}
	if got := LastUpdate(file); !got.Equal(day) {
		t.Errorf("got %s, want the file's %s", got, day)
	}
	if got := LastUpdate(filepath.Join(t.TempDir(), "none.yaml")); time.Since(got) > 24*time.Hour || time.Since(got) < 0 {
		t.Errorf("got %s, want when this test was built", got)
	}
}
