//go:build !js

package main

import (
	"bytes"
	"os"
	"path/filepath"
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
	if err := c.tell(seen, nil, nil, &bytes.Buffer{}); err == nil || exitCode(err) != unlooked {
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
