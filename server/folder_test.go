package server

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"temoin.example/temoin/app/consent"
)

// loads finds what the charter page loads and leads to, beside the site itself.
var loads = regexp.MustCompile(`(?:src|href)="(/[^"]+)"`)

// TestFolder answers the charter where a visitor finds it, be it beneath a folder
// that a proxy, a handler or nobody took off: all that the page loads is there
// too, and the form leads back to it.
func TestFolder(t *testing.T) {
	s := newTestServer(t)
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.Handle("/consent/", http.StripPrefix("/consent", s))
	for name, c := range map[string]struct {
		folder string
		header string // X-Forwarded-Prefix, of a proxy that takes it off
	}{
		"the root":        {"", ""},
		"one rule":        {"/temoin", ""},
		"a handler":       {"/consent", ""},
		"both":            {"/consent/temoin", ""},
		"a proxy":         {"/cookies", "/cookies"},
		"a proxy's slash": {"/cookies", "/cookies/"},
	} {
		t.Run(name, func(t *testing.T) {
			ask := func(method, path, body string) *http.Response {
				if c.header != "" {
					path = strings.TrimPrefix(path, c.folder)
				}
				r := httptest.NewRequest(method, path, strings.NewReader(body))
				r.RemoteAddr = "127.0.0.1:4711"
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				if c.header != "" {
					r.Header.Set("X-Forwarded-Prefix", c.header)
				}
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, r)
				return w.Result()
			}
			page, err := io.ReadAll(ask("GET", c.folder+consent.CharterPath, "").Body)
			if err != nil {
				t.Fatal(err)
			}
			links := loads.FindAllStringSubmatch(string(page), -1)
			if len(links) < 3 {
				t.Fatalf("got %d links, want loader, style sheet and other languages:\n%s", len(links), page)
			}
			for _, link := range links {
				if !strings.HasPrefix(link[1], c.folder+"/") {
					t.Errorf("%s is not beneath %s", link[1], c.folder)
				}
				if answer := ask("GET", link[1], ""); answer.StatusCode != 200 {
					t.Errorf("%s answers %d", link[1], answer.StatusCode)
				}
			}
			sent := ask("POST", c.folder+consent.CharterPath, url.Values{"answer": {"refuse"}, "lang": {"en"}}.Encode())
			if got, want := sent.Header.Get("Location"), c.folder+consent.CharterPath+"/en?sent=1#choix"; sent.StatusCode != 303 || got != want {
				t.Errorf("the form answers %d and leads to %q, want %q", sent.StatusCode, got, want)
			}
		})
	}
}

// TestFolder_Forged: what a visitor writes leads to no other host.
func TestFolder_Forged(t *testing.T) {
	s := newTestServer(t)
	for _, forged := range []string{"//evil.example", "https://evil.example", `/"><script>`, "/a//b", "/%2f%2fevil.example", "evil"} {
		r := httptest.NewRequest("GET", consent.CharterPath, nil)
		r.RemoteAddr = "127.0.0.1:4711"
		r.Header.Set("X-Forwarded-Prefix", forged)
		if got := s.folder(r); got != "" {
			t.Errorf("%q: got the folder %q, want none", forged, got)
		}
	}
	r := httptest.NewRequest("GET", consent.CharterPath, nil)
	r.Header.Set("X-Forwarded-Prefix", "/cookies") // from a visitor's own address
	if got := s.folder(r); got != "" {
		t.Errorf("got the folder %q of a visitor's, want none", got)
	}
}

// TestBeneath_API: the API answers beneath /temoin/ as at the root, and an id in
// its path is not logged there either.
func TestBeneath_API(t *testing.T) {
	var log logBuffer
	s := newKeepingServer(t, Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	id := consent.NewID()
	if got := s.answer(httptest.NewRequest("GET", "/temoin/api/consents/"+id, nil)); got.StatusCode != 404 || strings.Contains(log.String(), id) {
		t.Errorf("got %d and the log %q, want 404 and no id", got.StatusCode, log.String())
	}
	if got := s.answer(httptest.NewRequest("GET", "/temoin/api/consents/checkpoint", nil)); got.StatusCode != 200 {
		t.Errorf("the checkpoint answers %d, want 200", got.StatusCode)
	}
	for _, path := range []string{"/temoin/healthz", "/temoin/admin", "/temoin/metrics"} {
		if got := s.answer(httptest.NewRequest("GET", path, nil)); got.StatusCode != 404 {
			t.Errorf("%s answers %d, want 404: it is the operator's", path, got.StatusCode)
		}
	}
}
