//go:build !js

package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/server/audit"
	"temoin.example/temoin/server/audit/outcome"
)

func mustReadOutcome(t *testing.T, folder string) *outcome.Outcome {
	t.Helper()
	o, err := outcome.Read(filepath.Join(folder, outcome.FileName))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// writer does something with each text that is written.
type writer func(text string)

func (w writer) Write(p []byte) (int, error) {
	w(string(p))
	return len(p), nil
}

// TestAudit_Every: a run that cannot look ends nothing: it is left for the server, and the
// next one comes. To be told to stop is no failure.
func TestAudit_Every(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "audits")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var said []string
	stderr := writer(func(text string) {
		if said = append(said, text); len(said) == 2 {
			stop()
		}
	})
	c, err := readAuditConfig([]string{"-quiet", "-every", "10m", "-audits", folder, "-browser", "/nowhere/chromium", "https://visitor:secret@a.example"}, stderr)
	if err != nil {
		t.Fatal(err)
	}
	c.every = time.Millisecond // nobody would wait for the least that there is
	err = errors.Join(outcome.Prepare(folder), c.runEvery(ctx, io.Discard, stderr))
	if err != nil || len(said) != 2 || !strings.Contains(said[1], "/nowhere/chromium") {
		t.Errorf("got %v, and %q", err, said)
	}
	o := mustReadOutcome(t, folder)
	if o.Last.Code != unlooked || !strings.Contains(o.Last.Problem, "/nowhere/chromium") || o.Every != 1 || o.Found != nil || o.Site != "https://a.example/" {
		t.Errorf("got %+v", o)
	}
}

// TestAudit_Leaves: what a run found is left for the server, in the words of both languages,
// and beside it how it was before.
func TestAudit_Leaves(t *testing.T) {
	c := mustReadAudit(t, "-audits", t.TempDir(), "-every", "24h")
	seen := &audit.Observation{Site: "https://a.example/", States: []audit.State{{
		Name: audit.Unanswered, Pages: []audit.Page{{Status: 200, Loaded: 1}},
		Cookies: []audit.Cookie{{Name: "_pk_id.1.a", Domain: "a.example", Phase: audit.Before, Phases: []audit.Phase{audit.Before}}},
	}}}
	report, err := c.tell(seen, nil, nil, new(strings.Builder))
	if err == nil || exitCode(err) != 1 {
		t.Fatalf("got %v, want findings", err)
	}
	end := time.Date(2026, 11, 24, 3, 1, 0, 0, time.UTC)
	o := c.outcomeOf(report, err, end.Add(-time.Minute), end)
	if o.Last.Code != 1 || o.Last.Problem != "" || o.Every != 86400 || !o.Found.End.Equal(end) || o.Found.Levels["error"] != 1 {
		t.Errorf("got %+v", o)
	}
	first := o.Found.Findings[0]
	if kind := o.Found.Kinds[first.Kind]; first.Subject["fr"] != "cookie _pk_id.1.a (a.example)" || kind.Rule != "R1" || kind.Words["fr"].Name != "Sans consentement" || kind.Words["en"].Do == "" {
		t.Errorf("got %+v of %+v", first, o.Found.Kinds)
	}
}

// TestAudit_EveryFlags: what cannot be left anywhere is said before the first run.
func TestAudit_EveryFlags(t *testing.T) {
	file := mustWrite(t, "audits", "")
	for _, flags := range [][]string{{"-audits", file}, {"-every", "-1h"}, {"-every", "9m59s"}, {"-every", "1ns"}, {"-audits", ""}} {
		_, _, err := temoin(t.Context(), append([]string{"audit", "-quiet", "-browser", "/nowhere/chromium", "https://a.example"}, flags...)...)
		if err == nil || exitCode(err) == 0 || strings.Contains(err.Error(), "chromium") {
			t.Errorf("%q: got %v", flags, err)
		}
	}
}

// TestIsOfThisMachine: only here may an audit run more often than every ten minutes.
func TestIsOfThisMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"http://localhost:8080": true, "http://127.0.0.2": true, "http://[::1]:8080/": true,
		"https://a.example": false, "http://10.0.0.1": false, "http://localhost.example": false, "http://127.0.0.1.example": false,
	} {
		if got := isOfThisMachine(address); got != want {
			t.Errorf("%s: got %t", address, got)
		}
	}
	if c := mustReadAuditOf(t, "-every", "1s", "http://127.0.0.1:1"); c.every != time.Second {
		t.Errorf("got %s", c.every)
	}
}
