//go:build !js

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/server/audit"
)

func mustReadAudit(t *testing.T, flags ...string) *auditConfig {
	t.Helper()
	c, err := readAuditConfig(append(flags, "-quiet", "https://a.example"), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRun_Audit: a page that sets a tracker's cookie at once is found out, in each
// form that was asked for, and what is accepted counts no longer.
func TestRun_Audit(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/" {
			io.WriteString(w, "<title>A</title><script>document.cookie = '_pk_id.1.a=b; max-age=3600; samesite=lax'</script>")
		}
	}))
	defer site.Close()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	stdout, _, err := temoin(t.Context(), "audit", "-quiet", "-states", "unanswered", "-pages", "0", "-linger", "0s", "-rate", "0s", "-page-time", "2m",
		"-html", in("a.html"), "-json", in("a.json"), "-sarif", in("a.sarif"), "-junit", in("a.xml"), "-draft", in("a.yaml"), site.URL)
	if err == nil || exitCode(err) != 1 || !strings.Contains(stdout, "cookie _pk_id.1.a (127.0.0.1), known as matomo") {
		t.Fatalf("got %q and %v", stdout, err)
	}
	for name, want := range map[string]string{
		"a.html": "Sans consentement", "a.json": `"before-consent cookie _pk_id.1.a 127.0.0.1"`, "a.sarif": `"ruleId": "before-consent"`,
		"a.xml": `classname="audit.before-consent"`, "a.yaml": "preset: matomo",
	} {
		if text, err := os.ReadFile(in(name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got %q and %v, want %q", name, text, err, want)
		}
	}
	if _, _, err := temoin(t.Context(), "check", in("a.yaml")); err != nil {
		t.Errorf("the drafted catalogue is a bad one: %v", err)
	}
	checkAccepted(t, mustReadSeen(t, in("a.json")))
}

// mustReadSeen returns what a report says was seen.
func mustReadSeen(t *testing.T, file string) *audit.Observation {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report audit.Report
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	return report.Observation
}

// checkAccepted tells anew of what was seen, with all of it accepted.
func checkAccepted(t *testing.T, seen *audit.Observation) {
	t.Helper()
	known := mustWrite(t, "known.txt", "before-consent cookie _pk_id.1.a 127.0.0.1\nundeclared cookie _pk_id.1.a 127.0.0.1\n")
	file := filepath.Join(t.TempDir(), "known.txt")
	for _, flags := range [][]string{{"-baseline", known, "-write-baseline", file}, {"-baseline", known}, {"-write-baseline", file}} {
		c := mustReadAudit(t, flags...)
		accepted, err := c.readBaseline()
		if err != nil {
			t.Fatal(err)
		}
		var stdout bytes.Buffer
		_, err = c.tell(seen, nil, accepted, &stdout)
		if err != nil || len(accepted) > 0 && !strings.Contains(stdout.String(), "accepted by the baseline: 2") {
			t.Errorf("%q: got %q and %v, want nothing that is not accepted", flags, &stdout, err)
		}
		again, err := os.ReadFile(file)
		if was, _ := os.ReadFile(known); err != nil || !strings.HasSuffix(string(again), string(was)) {
			t.Errorf("%q: got the baseline %q and %v", flags, again, err)
		}
	}
}

// TestAudit_Unlooked: that nothing could be looked at is another thing than that something
// was found.
func TestAudit_Unlooked(t *testing.T) {
	_, _, err := temoin(t.Context(), "audit", "-quiet", "-browser", "/nowhere/chromium", "https://visitor:secret@a.example")
	if err == nil || exitCode(err) != unlooked || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want that the site could not be looked at", err)
	}
}

// TestAudit_Flags: where a person says 0, none is meant; the options take it for what goes
// without saying.
func TestAudit_Flags(t *testing.T) {
	c := mustReadAudit(t, "-linger", "0s", "-rate", "0s")
	if c.Linger >= 0 || c.Rate >= 0 {
		t.Errorf("got %s and %s, want none", c.Linger, c.Rate)
	}
	if c = mustReadAudit(t); c.Linger != 6*time.Second || c.Rate != time.Second {
		t.Errorf("got %s and %s", c.Linger, c.Rate)
	}
}

// TestAudit_Blind: a site that was not looked at is neither accepted nor declared, and that is
// no success.
func TestAudit_Blind(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	c := mustReadAudit(t, "-write-baseline", in("known.txt"), "-draft", in("draft.yaml"), "-json", in("report.json"))
	seen := &audit.Observation{Site: "https://a.example/", States: []audit.State{{Name: audit.Unanswered, Pages: []audit.Page{{Status: 503, Loaded: 1}}}}}
	if _, err := c.tell(seen, nil, nil, &bytes.Buffer{}); err == nil || exitCode(err) != unlooked {
		t.Errorf("got %v, want that it could not be looked at", err)
	}
	for _, name := range []string{"known.txt", "draft.yaml"} {
		if _, err := os.Stat(in(name)); err == nil {
			t.Errorf("%s is written", name)
		}
	}
	if _, err := os.Stat(in("report.json")); err != nil {
		t.Errorf("the report is not written: %v", err)
	}
}

// TestCanAudit: where no browser can be driven, that is what is said.
func TestCanAudit(t *testing.T) {
	for _, target := range []string{"linux", "darwin", "freebsd"} {
		if err := canAudit(target); err != nil {
			t.Errorf("%s: %v", target, err)
		}
	}
	if err := canAudit("windows"); err == nil || !strings.Contains(err.Error(), "Windows") {
		t.Errorf("got %v", err)
	}
}
