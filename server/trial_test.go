package server

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"temoin/app/consent"
	"temoin/server/catalogue"
	"temoin/server/site"
	"temoin/web"
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
			if _, err := readTrial(c, values); !isRefusal(err) {
				t.Errorf("got %v, want a bad request", err)
			}
		})
	}
}

func TestTrial_apply(t *testing.T) {
	c := mustReadDemo(t)
	c.GoogleConsent = &consent.GoogleConsent{Types: map[string]string{"ad_storage": "third-party", "analytics_storage": "statistics"}}
	rev := c.Rev()
	changed, err := trial{look: consent.Look{Theme: consent.ThemeDSFR}, lang: "ar", categories: []string{"statistics"}}.apply(c)
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
	if c.Rev() != rev || c.GoogleConsent.Types["ad_storage"] == "" || c.Look.Theme == consent.ThemeDSFR {
		t.Error("the site's own catalogue has changed")
	}
}

// TestTrials: few are kept, and what they share with the site is kept once.
func TestTrials(t *testing.T) {
	base := mustBuild(t)
	k := &trials{}
	one := plainTrial(base.Catalogue)
	first, err := k.bundle(base, one)
	if err != nil {
		t.Fatal(err)
	}
	one.lang = "en"
	if again, _ := k.bundle(base, one); again != first {
		t.Error("want one bundle for all languages")
	}
	for path := range first.Files {
		if strings.HasSuffix(path, ".wasm") {
			t.Errorf("%s is kept twice", path)
		}
	}
	for range 2 {
		for _, theme := range consent.Themes() {
			for _, position := range consent.Positions() {
				for _, scheme := range consent.Schemes() {
					one.look = consent.Look{Theme: theme, Position: position, Scheme: scheme}
					if _, err := k.bundle(base, one); err != nil {
						t.Fatal(err)
					}
					if len(k.bundles) > maxTrials {
						t.Fatalf("got %d trials kept, want at most %d", len(k.bundles), maxTrials)
					}
				}
			}
		}
	}
}

// mustBuild makes the demo's bundle of what was really built.
func mustBuild(tb testing.TB) *site.Site {
	tb.Helper()
	if _, err := fs.Stat(web.Dist(), "app.wasm"); err != nil {
		tb.Skip("needs ./build.sh build")
	}
	b, err := site.Make(mustReadDemo(tb), web.Dist(), 0, false, site.PlainAsset)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestTrialRoutes asks a server for a look, and for the parts that its loader asks for.
func TestTrialRoutes(t *testing.T) {
	s := &Server{log: slog.New(slog.DiscardHandler)}
	base := mustBuild(t)
	s.site.Store(base)
	if err := s.loadPortal(); err != nil {
		t.Fatal(err)
	}
	s.prepareLedger()
	if err := s.prepareAdmin(); err != nil {
		t.Fatal(err)
	}
	handler := s.handler()
	get := func(path string) (int, string) {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		return recorder.Code, recorder.Body.String()
	}

	status, loader := get("/essai/temoin.js?theme=dsfr&banner=en")
	if status != http.StatusOK || !strings.Contains(loader, "#000091") || !strings.Contains(loader, "About cookies on") {
		t.Errorf("got %d, want the State's theme, in English", status)
	}
	if status, loader := get("/essai/temoin.js?banner=ar"); status != http.StatusOK || !strings.Contains(loader, `dir=\"rtl\"`) || !strings.Contains(loader, "/charte-cookies/fr") {
		t.Errorf("got %d, want a language that the catalogue has not, and a charter that is there", status)
	}
	if status, _ := get("/essai/temoin.js?theme=baroque"); status != http.StatusBadRequest {
		t.Errorf("unknown theme: got %d, want 400", status)
	}
	for _, b := range []*site.Site{base, s.trials.bundles[trialKey(base.Catalogue, consent.ThemeDSFR)]} {
		for path, a := range b.Files {
			if a.Cache != site.Immutable {
				continue
			}
			if status, _ := get("/essai" + path); status != http.StatusOK {
				t.Errorf("/essai%s: got %d", path, status)
			}
		}
	}
	if status, _ := get("/essai/temoin/none.0.js"); status != http.StatusNotFound {
		t.Errorf("unknown part: got %d, want 404", status)
	}

	// What the page prints is a catalogue, and the one that was asked for.
	bench, err := s.bench(url.Values{"theme": {"dsfr"}, "banner": {"en"}, "form": {"1"}, "category": {"statistics"}}, "fr")
	if err != nil {
		t.Fatal(err)
	}
	printed, err := catalogue.Parse("printed.yaml", []byte(bench.Catalogue))
	if err != nil {
		t.Fatal(err)
	}
	if printed.Look.Theme != consent.ThemeDSFR || len(printed.Categories) != 2 {
		t.Errorf("got %+v with %d categories", printed.Look, len(printed.Categories))
	}
	if got, want := bench.Tag, `<script src="/temoin.en.js"></script>`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, page := get("/essai?theme=%22%3E%3Cscript%3E&banner=%27")
	if strings.Contains(page, `"><script>`) || !strings.Contains(page, `<script src="/temoin.js"></script>`) {
		t.Error("an address that asks for what there is not has to show the site as it is")
	}
}

func trialKey(c *consent.Catalogue, theme consent.Theme) string {
	t := plainTrial(c)
	t.look.Theme = theme
	return t.query().Encode()
}

// isRefusal reports whether the client is told of the error.
func isRefusal(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusBadRequest
}
