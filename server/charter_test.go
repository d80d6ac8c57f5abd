package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/site"
)

// demoBundle is made once: compressing takes a while under the race detector.
var demoBundle = sync.OnceValues(func() (*site.Site, error) {
	c, err := catalogue.Load("demo/rich.yaml")
	if err != nil {
		return nil, err
	}
	return site.New(c, site.Options{Dist: fakeDist(), MaxAge: 5 * time.Minute})
})

// newTestServer returns a server of the demo catalogue that does not listen.
func newTestServer(tb testing.TB) *Server {
	tb.Helper()
	s := bare(Config{})
	b, err := demoBundle()
	if err != nil {
		tb.Fatal(err)
	}
	s.site.Store(b)
	if err := s.prepareRoutes(); err != nil {
		tb.Fatal(err)
	}
	return s
}

func (s *Server) answer(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func post(form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, consent.CharterPath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestCharter_Form(t *testing.T) {
	for name, c := range map[string]struct {
		form    url.Values
		granted string
	}{
		"accept":         {url.Values{"answer": {"accept"}}, "necessary statistics matomo google-analytics third-party youtube facebook"},
		"refuse":         {url.Values{"answer": {"refuse"}}, "necessary"},
		"refuse, ticked": {url.Values{"answer": {"refuse"}, "allow": {"youtube"}}, "necessary"},
		"save nothing":   {url.Values{"answer": {"save"}}, "necessary"},
		"save a service": {url.Values{"answer": {"save"}, "allow": {"matomo"}}, "necessary matomo"},
		"save all services of a category": {url.Values{"answer": {"save"}, "allow": {"youtube", "facebook"}},
			"necessary third-party youtube facebook"},
		"save a category without services, which an older form asks about": {url.Values{"answer": {"save"}, "allow": {"first-party"}},
			"necessary"},
		"a category that has services is not asked by itself": {url.Values{"answer": {"save"}, "allow": {"third-party"}},
			"necessary"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestServer(t)
			b := s.site.Load()
			c.form.Set("lang", "en")
			response := s.answer(post(c.form))
			if got := response.Header.Get("Location"); response.StatusCode != 303 || got != "/charte-cookies/en?sent=1#choix" {
				t.Fatalf("got %d to %q", response.StatusCode, got)
			}
			cookie, err := http.ParseSetCookie(response.Header.Get("Set-Cookie"))
			if err != nil {
				t.Fatal(err)
			}
			if cookie.MaxAge != 15552000 || cookie.Path != "/" || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure || cookie.HttpOnly {
				t.Errorf("got %s", cookie.Raw)
			}
			record := b.Catalogue.Read([]string{cookie.Value}, time.Now(), b.Marks)
			if record == nil {
				t.Fatalf("the cookie %q is not valid", cookie.Value)
			}
			var granted []string
			for _, id := range []string{"necessary", "statistics", "matomo", "google-analytics", "first-party", "third-party", "youtube", "facebook"} {
				if b.Catalogue.Granted(record, id) {
					granted = append(granted, id)
				}
			}
			if got := strings.Join(granted, " "); got != c.granted {
				t.Errorf("got %q, want %q", got, c.granted)
			}
		})
	}
}

func TestCharter_FormRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request)
		form   url.Values
		status int
		says   string
	}{
		"no answer":      {nil, url.Values{}, 400, `answer is "", want accept, refuse or save`},
		"another answer": {nil, url.Values{"answer": {"yes"}}, 400, `answer is "yes"`},
		"an unknown id":  {nil, url.Values{"answer": {"save"}, "allow": {"__proto__"}}, 400, `allow is "__proto__"`},
		"too much":       {nil, url.Values{"answer": {"save"}, "allow": {strings.Repeat("x", maxForm)}}, 413, "too large"},
		"from another origin": {func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			url.Values{"answer": {"accept"}}, 403, ""},
		"from another origin, old browser": {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
			url.Values{"answer": {"accept"}}, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := post(c.form)
			if c.change != nil {
				c.change(r)
			}
			w := httptest.NewRecorder()
			newTestServer(t).handler().ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, c.status, c.says)
			}
			if got := w.Header().Get("Set-Cookie"); got != "" {
				t.Errorf("a cookie was set: %q", got)
			}
		})
	}
}

func TestCharter_SecureBehindHTTPS(t *testing.T) {
	r := post(url.Values{"answer": {"refuse"}})
	r.Header.Set("X-Forwarded-Proto", "https")
	response := newTestServer(t).answer(r)
	if got := response.Header.Get("Set-Cookie"); !strings.HasSuffix(got, "; Secure") {
		t.Errorf("got %q, want Secure", got)
	}
	if got := response.Header.Get("Strict-Transport-Security"); got == "" {
		t.Error("no Strict-Transport-Security")
	}
}

func TestCharter_Page(t *testing.T) {
	s := newTestServer(t)
	c := s.site.Load().Catalogue
	value := func(choices consent.Choices) string {
		v, err := (&consent.Record{ID: consent.NewID(), Rev: c.Rev(), At: time.Now(), Choices: choices}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return consent.CookieName + "=" + v
	}
	const box = `<input checked="" name="allow" type="checkbox" value="youtube"/>`
	for name, test := range map[string]struct {
		path, cookie, accept string
		says, saysNot        string
	}{
		"French by default":            {"/charte-cookies", "", "", `<html lang="fr" dir="ltr">`, box},
		"the browser's language":       {"/charte-cookies", "", "de, en;q=0.9, fr;q=0.5", `<html lang="en"`, ""},
		"the query's before it":        {"/charte-cookies?lang=fr", "", "en", `<html lang="fr"`, ""},
		"the path's before all":        {"/charte-cookies/en?lang=fr", "", "fr", `<html lang="en"`, ""},
		"what was accepted is ticked":  {"/charte-cookies", value(c.Accept()), "", box, ""},
		"what was refused is not":      {"/charte-cookies", value(c.Refuse()), "", "youtube", box},
		"the newest of two counts":     {"/charte-cookies", "cookies_preferences=x; " + value(c.Accept()), "", box, ""},
		"garbage counts as no choice":  {"/charte-cookies", "cookies_preferences=%%%", "", "youtube", box},
		"sent, and kept":               {"/charte-cookies/fr?sent=1", value(c.Refuse()), "", "Votre choix est enregistré.", "n’accepte pas les cookies"},
		"sent, and not kept":           {"/charte-cookies/fr?sent=1", "", "", "n’accepte pas les cookies", "Votre choix est enregistré."},
		"every cookie is in its table": {"/charte-cookies/fr", "", "", "<code>django_language</code>", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, test.path, nil)
			r.Header.Set("Cookie", test.cookie)
			r.Header.Set("Accept-Language", test.accept)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != 200 || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("got %d without %q:\n%s", w.Code, test.says, w.Body)
			}
			if test.saysNot != "" && strings.Contains(w.Body.String(), test.saysNot) {
				t.Errorf("got %q in it", test.saysNot)
			}
			if got := w.Header().Get("Set-Cookie"); got != "" {
				t.Errorf("reading the charter sets a cookie: %q", got)
			}
		})
	}
}

// TestCharter_Language: a visitor gets what was asked for or what is close to
// it, else the site's first language, never one that only shares the script.
func TestCharter_Language(t *testing.T) {
	served := &site.Site{Catalogue: &catalogue.Catalogue{Catalogue: consent.Catalogue{Languages: []string{"fr", "pt", "de", "da", "he", "bg", "ar"}}}}
	for header, want := range map[string]string{
		"de":                          "de",
		"de-CH, fr;q=0.5":             "de",
		"pt-BR":                       "pt",
		"ar-EG":                       "ar",
		"iw-IL":                       "he", // the code that Hebrew once had
		"nb-NO":                       "da", // read by who reads Norwegian
		"no":                          "da",
		"nb, de;q=0.8":                "de", // exactly, and asked for
		"zh":                          "fr",
		"ru":                          "fr", // in Cyrillic as Bulgarian is
		"sr-Latn":                     "fr",
		"fa":                          "fr", // in Arabic script
		"zh-Hant, en;q=0.7, pt;q=0.2": "pt",
		"*":                           "fr",
		"":                            "fr",
		"*;;q=x,,":                    "fr",
	} {
		r := httptest.NewRequest(http.MethodGet, consent.CharterPath, nil)
		r.Header.Set("Accept-Language", header)
		if got := languageOf(served, r); got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}

// TestCharter_Nothing: where there is nothing to choose the page has no form, and
// the answer of an older one is neither kept nor proved.
func TestCharter_Nothing(t *testing.T) {
	s := newTestServer(t)
	c, err := catalogue.Load("demo/catalogue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	nothing, err := site.New(c, site.Options{Dist: fakeDist()})
	if err != nil {
		t.Fatal(err)
	}
	s.site.Store(nothing)
	page, err := io.ReadAll(s.answer(httptest.NewRequest(http.MethodGet, consent.CharterPath+"/en", nil)).Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<form") || !strings.Contains(string(page), "currently uses only the cookies it needs to work") {
		t.Errorf("got %s", page)
	}
	response := s.answer(post(url.Values{"answer": {"accept"}, "lang": {"en"}}))
	if to := response.Header.Get("Location"); response.StatusCode != 303 || to != "/charte-cookies/en" || len(response.Header["Set-Cookie"]) > 0 {
		t.Errorf("got %d to %q with the cookies %q", response.StatusCode, to, response.Header["Set-Cookie"])
	}
}
