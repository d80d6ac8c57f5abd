package server

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// newProxy returns a server before a site, and what the site was asked last.
func newProxy(t *testing.T, change func(*Config)) (s *Server, asked func() *http.Request) {
	t.Helper()
	var last *http.Request
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		last = r
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, "<head><title>x</title>")
	}))
	t.Cleanup(site.Close)
	upstream, err := url.Parse(site.URL + "/base")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "catalogue.yaml")
	text, err := os.ReadFile("demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	config := Config{Catalogue: file, Dist: fakeDist(), Log: slog.New(slog.DiscardHandler), Upstream: upstream}
	if change != nil {
		change(&config)
	}
	s, err = New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, func() *http.Request { return last }
}

// TestProxy_Paths: what pages ask for is answered here, all else by the site, the
// paths too that are the operator's elsewhere.
func TestProxy_Paths(t *testing.T) {
	s, asked := newProxy(t, nil)
	for path, isOurs := range map[string]bool{
		"/temoin.js": true, "/temoin/temoin.js": true, "/temoin/x": true, "/charte-cookies": true, "/charte-cookies/fr": true,
		"/api/consents": true, "/api/consents/unanswered": true, "/.well-known/gpc.json": true,
		"/": false, "/admin": false, "/healthz": false, "/metrics": false, "/api/": false, "/api/consentsx": false, "/temoinx": false, "/charte-cookiesx": false,
	} {
		before := asked()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if passed := asked() != before; passed == isOurs {
			t.Errorf("%s: passed on: %v, want %v; answered %d", path, passed, !isOurs, w.Code)
		}
		if !isOurs && (asked().URL.Path != "/base"+path || !strings.Contains(w.Body.String(), `<script src="/temoin/temoin.js"></script>`)) {
			t.Errorf("%s: the site was asked for %s, and came as %s", path, asked().URL.Path, w.Body)
		}
		if own := w.Header().Get("X-Content-Type-Options"); !isOurs && own != "" {
			t.Errorf("%s: the site's answer has a header of ours: %v", path, w.Header())
		}
	}
}

// TestProxy_Forwarded: the site learns who asks, by the word of proxies that are believed alone.
func TestProxy_Forwarded(t *testing.T) {
	for name, test := range map[string]struct {
		peer string
		want http.Header
	}{
		"by a proxy": {"10.0.0.1:999", http.Header{"X-Forwarded-For": {"203.0.113.9, 10.0.0.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"front.example"}, "Forwarded": {"for=203.0.113.9"}}},
		"straight":   {"198.51.100.1:999", http.Header{"X-Forwarded-For": {"198.51.100.1"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"site.example"}, "Forwarded": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			s, asked := newProxy(t, nil)
			r := httptest.NewRequest("GET", "http://site.example/x?y=1;z", nil)
			r.RemoteAddr = test.peer
			for key, value := range map[string]string{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "front.example", "Forwarded": "for=203.0.113.9", "Cookie": "sessionid=1"} {
				r.Header.Set(key, value)
			}
			s.ServeHTTP(httptest.NewRecorder(), r)
			for key, want := range test.want {
				if got := asked().Header.Values(key); strings.Join(got, "|") != strings.Join(want, "|") {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
			if asked().Host != "site.example" || asked().URL.RawQuery != "y=1;z" || asked().Header.Get("Cookie") != "sessionid=1" {
				t.Errorf("got %s %s %v", asked().Host, asked().URL, asked().Header)
			}
		})
	}
}

// TestProxy_Answers: what other sites send is the site's own matter, and one that does not answer is said to.
func TestProxy_Answers(t *testing.T) {
	var log bytes.Buffer
	s, asked := newProxy(t, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	r := httptest.NewRequest("POST", "/hook", strings.NewReader("x"))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	if s.ServeHTTP(w, r); w.Code != http.StatusOK || asked() == nil {
		t.Errorf("got %d", w.Code)
	}
	s.config.Upstream.Host = "127.0.0.1:1"
	w = httptest.NewRecorder()
	if s.ServeHTTP(w, httptest.NewRequest("GET", "/", nil)); w.Code != http.StatusBadGateway || !strings.Contains(log.String(), "upstream=127.0.0.1:1") {
		t.Errorf("got %d; the log says %s", w.Code, &log)
	}
}

// TestProxy_Reload: pages are loaded anew with what was answered, as their policy
// needs it, unless the catalogue says never.
func TestProxy_Reload(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"with a policy":    {nil, "on-change"},
		"without a policy": {func(c *Config) { c.NoPolicy = true }, "after-script"},
		"never": {func(c *Config) {
			text, _ := os.ReadFile(c.Catalogue)
			os.WriteFile(c.Catalogue, append(text, "\nreload: never\n"...), 0o600)
		}, "never"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newProxy(t, test.change)
			if got := string(s.Site().Catalogue.Reload); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
