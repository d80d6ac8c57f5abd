package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"temoin/server/demo"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// logBuffer is a place to log to while a test looks at it.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestHandler(t *testing.T) {
	s := newTestServer(t)
	for name, c := range map[string]struct {
		method, path string
		status       int
		says         string
	}{
		"home":                      {"GET", "/", 200, "Rivemont"},
		"portal style":              {"GET", "/demo/portal.css", 200, "{"},
		"portal script":             {"GET", "/demo/panneau.js", 200, "temoin:change"},
		"gated portal script":       {"GET", "/demo/compteur.js", 200, "demo_visites"},
		"video":                     {"GET", "/demo/video", 200, "Lecteur factice"},
		"map":                       {"GET", "/demo/carte?lang=en", 200, "Imaginary map"},
		"post to the video":         {"POST", "/demo/video", 405, ""},
		"a template is not served":  {"GET", "/demo/video.html", 404, ""},
		"loader":                    {"GET", "/temoin.js", 200, "loader.withdraw.js"},
		"loader in English":         {"GET", "/temoin.en.js", 200, `temoinBundle=["en",`},
		"health":                    {"GET", "/healthz", 200, `"status":"ok"`},
		"declarations":              {"GET", "/temoin/temoin.d.ts", 200, "interface Temoin "},
		"unknown language":          {"GET", "/temoin.de.js", 404, ""},
		"unknown part":              {"GET", "/temoin/app.0000.wasm", 404, "/temoin.js"},
		"unknown charter language":  {"GET", "/charte-cookies/de", 404, "fr, en"},
		"unknown page":              {"GET", "/nowhere", 404, "jeux-de-donnees"},
		"no receipts, no dashboard": {"GET", "/admin/receipts", 404, "keeps no receipts"},
		"a path that climbs":        {"GET", "/temoin/%2e%2e/%2e%2e/etc/passwd", 404, ""},
		"delete the charter":        {"DELETE", "/charte-cookies", 405, "GET, HEAD, POST"},
		"post to the loader":        {"POST", "/temoin.js", 405, "GET, HEAD"},
		"post to health":            {"POST", "/healthz", 405, "GET, HEAD"},
		"post to the portal":        {"POST", "/", 405, ""},
		"head of the charter":       {"HEAD", "/charte-cookies", 200, ""},
		"a catalogue is not served": {"GET", "/demo/catalogue.yaml", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			s.handler().ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("got %d %.300q, want %d and %q", w.Code, w.Body, c.status, c.says)
			}
			if c.method == "HEAD" && w.Body.Len() > 0 {
				t.Errorf("got a body of %d bytes", w.Body.Len())
			}
			for _, header := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
				if w.Header().Get(header) == "" {
					t.Errorf("no header %s", header)
				}
			}
			if got := w.Header().Get("Server"); got != "" {
				t.Errorf("says that it is %q", got)
			}
		})
	}
}

// Nobody may show our pages in a frame; of the two that stand for other people's
// embeds, we ourselves may.
func TestSecurityHeaders_Frames(t *testing.T) {
	s := newTestServer(t)
	for path, want := range map[string]string{
		"/":                   "'none'",
		"/essai":              "'none'",
		"/charte-cookies":     "'none'",
		"/demo/nowhere":       "'none'",
		"/demo/video":         "'self'",
		"/demo/carte?lang=en": "'self'",
	} {
		w := httptest.NewRecorder()
		s.handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		policies := w.Header().Values("Content-Security-Policy")
		if len(policies) != 1 {
			t.Fatalf("%s: got the policies %q, want one", path, policies)
		}
		directives := strings.Split(policies[0], "; ")
		for _, directive := range []string{"frame-ancestors " + want, "frame-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"} {
			if !slices.Contains(directives, directive) {
				t.Errorf("%s: got the policy %q, want %q in it", path, directives, directive)
			}
		}
	}
}

func TestRecoverPanics(t *testing.T) {
	var log logBuffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil))}
	h := s.recoverPanics(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "secret") {
		t.Errorf("got %d %q and the log %q", w.Code, w.Body, log.String())
	}
}

// TestRecoverPanics_BreaksOff: an answer that breaks off does not look whole.
func TestRecoverPanics_BreaksOff(t *testing.T) {
	s := &Server{log: quiet()}
	defer func() {
		if fault := recover(); fault != http.ErrAbortHandler {
			t.Errorf("got %v, want what net/http breaks the connection off for", fault)
		}
	}()
	h := s.recoverPanics(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

// mustListen starts a server of the built program on a free port.
func mustListen(t *testing.T, path string, log io.Writer) *Server {
	t.Helper()
	s, err := New(Config{
		Addr:      "127.0.0.1:0",
		Catalogue: path,
		Log:       slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRun_AnswersAndStops(t *testing.T) {
	s := mustListen(t, "none.yaml", io.Discard)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()

	response, err := http.Get(s.URL() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("got %d, want 200", response.StatusCode)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

func TestNew_AddressInUse(t *testing.T) {
	first := mustListen(t, "none.yaml", io.Discard)
	defer first.listener.Close()
	_, err := New(Config{Addr: first.listener.Addr().String(), Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, want an error that says so", err)
	}
}

func TestNew_CatalogueInvalid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalogue.yaml")
	if err := os.WriteFile(path, []byte("site: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Config{Addr: "127.0.0.1:0", Catalogue: path, Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "catalogue.yaml:1:") {
		t.Errorf("got %v, want an error with line and column", err)
	}
}

func TestRun_CatalogueChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalogue.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	original := string(demo.Catalogue)
	write(original)
	var log logBuffer
	s := mustListen(t, path, &log)
	go s.Run(t.Context())
	before := s.site.Load()
	until := func(what string, reached func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !reached(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: not within 20 s; log:\n%s", what, log.String())
			}
		}
	}

	write(original + "\n  - id: \"\"\n")
	until("an invalid one is logged", func() bool { return strings.Contains(log.String(), "catalogue.yaml:") })
	if s.site.Load() != before {
		t.Error("the old catalogue did not stay")
	}
	write(strings.Replace(original, "duration: 2 weeks", "duration: 3 weeks", 1))
	until("a valid one is taken over", func() bool { return s.site.Load().Rev != before.Rev })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	until("without one, the example is served again", func() bool { return s.site.Load().Rev == before.Rev })
}
