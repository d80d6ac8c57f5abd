package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
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
		"loader":                    {"GET", "/temoin.js", 200, "loader.withdraw.js"},
		"loader in English":         {"GET", "/temoin.en.js", 200, `temoinBundle=["en",`},
		"health":                    {"GET", "/healthz", 200, `"status":"ok"`},
		"declarations":              {"GET", "/temoin/temoin.d.ts", 200, "interface Temoin "},
		"unknown language":          {"GET", "/temoin.de.js", 404, ""},
		"unknown part":              {"GET", "/temoin/app.0000.wasm", 404, "/temoin.js"},
		"unknown charter language":  {"GET", "/charte-cookies/de", 404, "fr, en"},
		"unknown page":              {"GET", "/nowhere", 404, "nothing at /nowhere\n"},
		"the root":                  {"GET", "/", 404, "nothing at /\n"},
		"the demo's portal":         {"GET", "/jeux-de-donnees", 404, "nothing at"},
		"the demo's embed":          {"GET", "/demo/video", 404, "nothing at"},
		"the demo's trial":          {"GET", "/essai/temoin.js?theme=dsfr", 404, "nothing at"},
		"the measured page":         {"GET", "/banc", 404, "nothing at"},
		"a post to nothing":         {"POST", "/nowhere", 404, "nothing at"},
		"no receipts, no dashboard": {"GET", "/admin/receipts", 404, "keeps no receipts"},
		"a path that climbs":        {"GET", "/temoin/%2e%2e/%2e%2e/etc/passwd", 404, ""},
		"delete the charter":        {"DELETE", "/charte-cookies", 405, "GET, HEAD, POST"},
		"post to the loader":        {"POST", "/temoin.js", 405, "GET, HEAD"},
		"post to health":            {"POST", "/healthz", 405, "GET, HEAD"},
		"head of the charter":       {"HEAD", "/charte-cookies", 200, ""},
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

func TestRecoverPanics(t *testing.T) {
	var log logBuffer
	s := bare(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	h := s.recoverPanics(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") || !strings.Contains(log.String(), "secret") {
		t.Errorf("got %d %q and the log %q", w.Code, w.Body, log.String())
	}
}

// TestRecoverPanics_BreaksOff: an answer that breaks off does not look whole.
func TestRecoverPanics_BreaksOff(t *testing.T) {
	s := bare(Config{})
	defer func() {
		if fault := recover(); fault != http.ErrAbortHandler {
			t.Errorf("got %v, want what net/http breaks the connection off for", fault)
		}
	}()
	h := s.recoverPanics(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

// mustNew returns a server of the built program, which the test closes.
func mustNew(t *testing.T, path string, log io.Writer) *Server {
	t.Helper()
	s, err := New(Config{Catalogue: path, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustListen(t *testing.T, s *Server) *Front {
	t.Helper()
	f, err := Listen(s, FrontConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFront_AnswersAndStops(t *testing.T) {
	f := mustListen(t, mustNew(t, "demo/catalogue.yaml", io.Discard))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()

	response, err := http.Get(f.URL() + "/healthz")
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

// TestFront_Drain: who balances hears that a server is about to stop, while it
// still answers.
func TestFront_Drain(t *testing.T) {
	s := mustNew(t, "demo/catalogue.yaml", io.Discard)
	f, err := Listen(s, FrontConfig{Addr: "127.0.0.1:0", Drain: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	status := func(path string) int {
		t.Helper()
		response, err := http.Get(f.URL() + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	if got := status("/readyz"); got != 200 {
		t.Errorf("a server that runs answers %d, want 200", got)
	}
	cancel()
	for !s.leaving.Load() {
		time.Sleep(time.Millisecond)
	}
	if ready, page := status("/readyz"), status("/temoin.js"); ready != 503 || page != 200 {
		t.Errorf("a server that is about to stop answers %d, and pages with %d, want 503 and 200", ready, page)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestListen_AddressInUse(t *testing.T) {
	s := mustNew(t, "demo/catalogue.yaml", io.Discard)
	first := mustListen(t, s)
	defer first.listener.Close()
	_, err := Listen(s, FrontConfig{Addr: first.listener.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v, want an error that says so", err)
	}
}

func TestNew_CatalogueInvalid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalogue.yaml")
	if err := os.WriteFile(path, []byte("site: x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Config{Catalogue: path, Log: quiet()})
	if err == nil || !strings.Contains(err.Error(), "catalogue.yaml:1:") {
		t.Errorf("got %v, want an error with line and column", err)
	}
}

// TestNew_NoCatalogue: a mistyped path serves no imaginary town.
func TestNew_NoCatalogue(t *testing.T) {
	_, err := New(Config{Catalogue: "nowhere.yaml", Log: quiet()})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}

func TestNew_CatalogueChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalogue.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile("demo/catalogue.yaml")
	if err != nil {
		t.Fatal(err)
	}
	original := string(data)
	write(original)
	var log logBuffer
	s := mustNew(t, path, &log)
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
	last := s.site.Load()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	until("that it is gone is logged", func() bool { return strings.Contains(log.String(), "the last good one stays") })
	if s.site.Load() != last {
		t.Error("the last good catalogue did not stay")
	}
	write(original)
	until("it comes back", func() bool { return s.site.Load().Rev == before.Rev })
}
