package server

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/server/audit/outcome"
)

// auditLines are what the metrics say of audits, from the first to the last.
func auditLines(s *Server) string {
	w := httptest.NewRecorder()
	s.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "temoin_audit_") {
			lines = append(lines, strings.TrimPrefix(line, "temoin_audit_"))
		}
	}
	return strings.Join(lines, "")
}

// TestAuditMetrics: what can be alerted on: whether an audit could look, when, and what it
// found; before the first run there is nothing.
func TestAuditMetrics(t *testing.T) {
	folder := t.TempDir()
	s := newKeepingServer(t, Config{Audits: folder})
	if got := auditLines(s); got != "" {
		t.Errorf("before the first run: got %s", got)
	}
	end := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	o := &outcome.Outcome{
		Format: outcome.Format, Every: 86400, Last: outcome.Run{Begin: end, End: end, Code: 1},
		Found: &outcome.Found{Count: outcome.Count{Levels: map[string]int{"error": 2, "note": 1, "made up": 7}}},
	}
	const found = "findings{level=\"error\"} 2\nfindings{level=\"note\"} 1\nfindings{level=\"warning\"} 0\n" +
		"interval_seconds 86400\nlast_run_timestamp_seconds 1.7954892e+09\n"
	for _, c := range []struct {
		code int
		want string
	}{{1, found + "up 1\n"}, {2, found + "up 0\n"}} {
		o.Last.Code = c.code
		if err := outcome.Write(folder, o); err != nil {
			t.Fatal(err)
		}
		if got := auditLines(s); got != c.want {
			t.Errorf("after exit code %d: got %s, want %s", c.code, got, c.want)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, outcome.FileName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := auditLines(s); got != "up 0\n" {
		t.Errorf("a broken file: got %s", got)
	}
}

// TestSites_Audits: each site has its own outcome, in the folder of its name.
func TestSites_Audits(t *testing.T) {
	audits := t.TempDir()
	s := twoSites(t, SitesConfig{Config: Config{Audits: audits}})
	folder := filepath.Join(audits, siteA)
	if err := outcome.Prepare(folder); err != nil {
		t.Fatal(err)
	}
	begin := time.Unix(1e9, 0)
	if err := outcome.Write(folder, &outcome.Outcome{Format: outcome.Format, Last: outcome.Run{Begin: begin, End: begin}}); err != nil {
		t.Fatal(err)
	}
	s.server(siteB)
	if got, want := auditLines(s.server(siteA)), "interval_seconds{site=\"a.example\"} 0\nlast_run_timestamp_seconds{site=\"a.example\"} 1e+09\nup{site=\"a.example\"} 1\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
