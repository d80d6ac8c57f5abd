package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestNameRequests: the name in the answer is that in the log, and a visitor
// cannot choose it.
func TestNameRequests(t *testing.T) {
	for name, c := range map[string]struct {
		from, asked string
		taken       bool
	}{
		"nobody names it":         {"203.0.113.1:4711", "", false},
		"a visitor does":          {"203.0.113.1:4711", "mine", false},
		"a proxy does":            {"127.0.0.1:4711", "abc-123", true},
		"a proxy passes nonsense": {"127.0.0.1:4711", "a b\" level=ERROR", false},
	} {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			s := newKeepingServer(t, Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			r := httptest.NewRequest(http.MethodGet, "/charte-cookies", nil)
			r.RemoteAddr = c.from
			if c.asked != "" {
				r.Header.Set(requestHeader, c.asked)
			}
			got := s.answer(r).Header.Get(requestHeader)
			if (got == c.asked) != c.taken || len(got) < 3 {
				t.Errorf("the request is named %q, asked for %q, want that taken: %t", got, c.asked, c.taken)
			}
			if !strings.Contains(log.String(), "msg=request request="+got+" ") {
				t.Errorf("the log does not name it %q:\n%s", got, log.String())
			}
		})
	}
}
