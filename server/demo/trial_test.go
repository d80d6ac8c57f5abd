package demo

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"temoin.example/temoin/server"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/site"
)

func TestReadTrial(t *testing.T) {
	c := mustReadDemo(t)
	t.Run("nothing asked for", func(t *testing.T) {
		got, err := readTrial(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.query().Encode() != plainTrial(c).query().Encode() {
			t.Errorf("got %+v, want the catalogue as it is", got)
		}
	})
	t.Run("query and back", func(t *testing.T) {
		query := url.Values{
			"theme": {"dsfr"}, "position": {"centre"}, "scheme": {"dark"}, "banner": {"en"},
			"form": {"1"}, "category": {"statistics", "third-party"},
		}
		got, err := readTrial(c, query)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := got.query().Encode(), query.Encode(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	for _, query := range []string{
		"theme=baroque", "theme=" + url.QueryEscape("../shell"), "position=top", "scheme=never", "banner=xx",
		"form=1&category=necessary", "form=1&category=" + url.QueryEscape(`"><script>`),
	} {
		t.Run("refuses "+query, func(t *testing.T) {
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := readTrial(c, values); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestTrial_apply(t *testing.T) {
	c := mustReadDemo(t)
	c.GoogleConsent = &catalogue.GoogleConsent{Types: map[string]string{"ad_storage": "third-party", "analytics_storage": "statistics"}}
	rev := c.Rev()
	changed, err := trial{look: catalogue.Look{Theme: catalogue.ThemeDSFR}, lang: "ar", categories: []string{"statistics"}}.apply(c)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Category("third-party") != nil || changed.Service("youtube") != nil || changed.GoogleConsent.Types["ad_storage"] != "" {
		t.Error("want nothing of the category that was left out")
	}
	if changed.Category("necessary") == nil || changed.Service("matomo") == nil || changed.GoogleConsent.Types["analytics_storage"] == "" {
		t.Error("want the rest")
	}
	if changed.Languages[2] != "ar" || changed.Service("matomo").Purpose.In("ar") != c.Service("matomo").Purpose.In("fr") {
		t.Error("want the language that was asked for, and the site's words in its first one")
	}
	if c.Rev() != rev || c.GoogleConsent.Types["ad_storage"] == "" || c.Look.Theme == catalogue.ThemeDSFR {
		t.Error("the site's own catalogue has changed")
	}
}

// TestTrials: few are kept, and what they share with the site is kept once.
func TestTrials(t *testing.T) {
	base := mustBuild(t)
	k := &trials{}
	one := plainTrial(base.Catalogue)
	first, err := k.site(base, one)
	if err != nil {
		t.Fatal(err)
	}
	one.lang = "en"
	if again, _ := k.site(base, one); again != first {
		t.Error("want one site for all languages")
	}
	for path := range first.Files {
		if strings.HasSuffix(path, ".wasm") {
			t.Errorf("%s is kept twice", path)
		}
	}
	for range 2 {
		for _, theme := range catalogue.Themes() {
			for _, position := range catalogue.Positions() {
				for _, scheme := range catalogue.Schemes() {
					one.look = catalogue.Look{Theme: theme, Position: position, Scheme: scheme}
					if _, err := k.site(base, one); err != nil {
						t.Fatal(err)
					}
					if len(k.sites) > maxTrials {
						t.Fatalf("got %d trials kept, want at most %d", len(k.sites), maxTrials)
					}
				}
			}
		}
	}
}

// mustBuild makes the demo's site of what was really built.
func mustBuild(tb testing.TB) *site.Site {
	tb.Helper()
	base, err := site.New(mustReadDemo(tb), site.Options{Plain: true})
	if err != nil {
		tb.Fatal(err)
	}
	return base
}

func mustReadDemo(tb testing.TB) *catalogue.Catalogue {
	tb.Helper()
	c, err := catalogue.Load("rich.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// startDemo serves the demo until the test ends, and returns its server and what
// asks it.
func startDemo(t *testing.T) (*server.Server, func(path string) (*http.Response, string)) {
	t.Helper()
	s, err := server.New(server.Config{Catalogue: "rich.yaml", Pages: Pages, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(s)
	t.Cleanup(func() {
		listening.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, func(path string) (*http.Response, string) {
		t.Helper()
		response, err := http.Get(listening.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response, string(body)
	}
}

func TestDemo(t *testing.T) {
	_, get := startDemo(t)
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/":                       {200, "Rivemont"},
		"/demo/portal.css":        {200, "{"},
		"/demo/panneau.js":        {200, "temoin:change"},
		"/demo/compteur.js":       {200, "demo_visites"},
		"/demo/video":             {200, "Lecteur factice"},
		"/demo/carte?lang=en":     {200, "Imaginary map"},
		"/demo/video.html":        {404, ""},
		"/demo/catalogue.yaml":    {404, ""},
		"/nowhere":                {404, "jeux-de-donnees"},
		"/temoin.js":              {200, "temoinBundle"},
		"/charte-cookies":         {200, "cookies"},
		"/essai/temoin/none.0.js": {404, ""},
	} {
		if got, body := get(path); got.StatusCode != want.status || !strings.Contains(body, want.says) {
			t.Errorf("%s: got %d %.200q, want %d and %q", path, got.StatusCode, body, want.status, want.says)
		}
	}
}

// Nobody may show our pages in a frame; of the two that stand for other people's
// embeds, we ourselves may.
func TestDemo_Frames(t *testing.T) {
	_, get := startDemo(t)
	for path, want := range map[string]string{
		"/":                   "'none'",
		"/essai":              "'none'",
		"/demo/nowhere":       "'none'",
		"/demo/video":         "'self'",
		"/demo/carte?lang=en": "'self'",
	} {
		got, _ := get(path)
		policies := got.Header.Values("Content-Security-Policy")
		if len(policies) != 1 || !slices.Contains(strings.Split(policies[0], "; "), "frame-ancestors "+want) {
			t.Errorf("%s: got the policies %q, want one with frame-ancestors %s", path, policies, want)
		}
	}
}

// TestTrialRoutes asks a server for a look, and for the parts that its loader asks for.
func TestTrialRoutes(t *testing.T) {
	s, get := startDemo(t)
	got, loader := get("/essai/temoin.js?theme=dsfr&banner=en")
	if got.StatusCode != http.StatusOK || !strings.Contains(loader, "#000091") || !strings.Contains(loader, "About cookies on") {
		t.Errorf("got %d, want the State's theme, in English", got.StatusCode)
	}
	if got, loader := get("/essai/temoin.js?banner=ar"); got.StatusCode != http.StatusOK || !strings.Contains(loader, `dir=\"rtl\"`) || !strings.Contains(loader, "/charte-cookies/fr") {
		t.Errorf("got %d, want a language that the catalogue has not, and a charter that is there", got.StatusCode)
	}
	if got, _ := get("/essai/temoin.js?theme=baroque"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("unknown theme: got %d, want 400", got.StatusCode)
	}
	parts := regexp.MustCompile(`"[a-z]+\.(?:\*\.)?[0-9a-f]{8}\.[a-z]+"`).FindAllString(loader, -1)
	if len(parts) < 6 {
		t.Fatalf("the loader names %q, want all its parts", parts)
	}
	for _, part := range parts {
		path := "/essai/temoin/" + strings.ReplaceAll(strings.Trim(part, `"`), "*", "en")
		if got, _ := get(path); got.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d", path, got.StatusCode)
		}
	}

	// What the page prints is a catalogue, and the one that was asked for.
	d := &Demo{server: s}
	offer, err := d.offer(url.Values{"theme": {"dsfr"}, "banner": {"en"}, "form": {"1"}, "category": {"statistics"}}, "fr")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := catalogue.Parse("printed.yaml", []byte(offer.Catalogue))
	if err != nil {
		t.Fatal(err)
	}
	if printed.Look.Theme != catalogue.ThemeDSFR || len(printed.Categories) != 3 {
		t.Errorf("got %+v with %d categories", printed.Look, len(printed.Categories))
	}
	if got, want := offer.Tag, `<script src="/temoin.en.js"></script>`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, page := get("/essai?theme=%22%3E%3Cscript%3E&banner=%27")
	if strings.Contains(page, `"><script>`) || !strings.Contains(page, `<script src="/temoin.js"></script>`) {
		t.Error("an address that asks for what there is not has to show the site as it is")
	}
}
