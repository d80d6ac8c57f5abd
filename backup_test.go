//go:build !js

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// section returns the lines of the blocks beneath a heading of docs/receipts.md.
func section(t *testing.T, heading string) (lines []string) {
	t.Helper()
	page := pages(t)["docs/receipts.md"]
	_, text, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("docs/receipts.md has no part %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		for line := range strings.Lines(block[2]) {
			line, _, _ = strings.Cut(line, " #")
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

var shellWord = regexp.MustCompile(`"[^"]*"|\S+`)

// typed carries out a line of the documentation, of a command of ours.
func typed(t *testing.T, line string) (stdout string, err error) {
	t.Helper()
	words := shellWord.FindAllString(line, -1)
	for i, word := range words {
		words[i] = strings.Trim(word, `"`)
	}
	if words[0] != "temoin" {
		t.Fatalf("nobody carries out %q", line)
	}
	stdout, _, err = temoin(t.Context(), words[1:]...)
	return stdout, err
}

func mustType(t *testing.T, line string) string {
	t.Helper()
	stdout, err := typed(t, line)
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, stdout)
	}
	return stdout
}

// TestBackup follows the documentation through a bad day: a copy of the running
// server, receipts after it, the disk gone, and the copy brought back.
func TestBackup(t *testing.T) {
	makes, restores := section(t, "Back up"), section(t, "Restore")
	if len(makes) != 2 || len(restores) != 5 {
		t.Fatalf("the documentation has other steps than this test: %q and %q", makes, restores)
	}
	rich := absolute(t, "server/demo/rich.yaml")
	t.Chdir(t.TempDir())
	url, stop := serving(t, "-catalogue", rich)
	before := []string{choose(t, url), choose(t, url)}
	mustType(t, makes[0])
	if _, err := typed(t, makes[0]); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second copy to the same file: got %v", err)
	}
	after := choose(t, url)
	if says := mustType(t, makes[1]); !strings.Contains(says, "2 receipts") {
		t.Errorf("the rehearsal says %q", says)
	}

	if restores[0] != "systemctl stop temoin" || restores[2] != "systemctl start temoin" {
		t.Fatalf("got the steps %q", restores)
	}
	stop()
	if _, err := typed(t, restores[1]); err == nil || !strings.Contains(err.Error(), "temoin.db is there already") {
		t.Errorf("over what is there: got %v", err)
	}
	files, err := filepath.Glob("data/temoin.db*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Rename(file, "away-"+filepath.Base(file)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = typed(t, restores[1])
	if err == nil || !strings.Contains(err.Error(), "does not hold all that it held") || !strings.Contains(err.Error(), "-branch") {
		t.Errorf("an older copy: got %v", err)
	}
	if left, err := filepath.Glob("data/*"); err != nil || !slices.Equal(left, []string{"data/key", "data/key.checkpoint"}) {
		t.Errorf("what was refused left %q (%v)", left, err)
	}

	mustType(t, restores[3])
	whole := `entry 4: the log goes on as a branch: what once came from entry 4 on is missing, up to entry 4 at least`
	if says := mustType(t, restores[4]); !strings.Contains(says, whole) || !strings.Contains(says, "A. Martin: the disk failed") ||
		!strings.Contains(says, "whole, but for what it says itself") {
		t.Errorf("verify says %q", says)
	}
	url, stop = serving(t, "-catalogue", rich)
	if health := get(t, url+"/healthz"); strings.Contains(health, "degraded") {
		t.Errorf("the server says %s", health)
	}
	choose(t, url)
	stop()
	says := mustType(t, restores[4])
	for _, want := range []string{whole, "6 entries, 3 receipts"} {
		if !strings.Contains(says, want) {
			t.Errorf("got %q, want %q", says, want)
		}
	}
	for _, id := range before {
		mustType(t, "temoin receipts show "+id)
	}
	if _, err := typed(t, "temoin receipts show "+after); err == nil {
		t.Error("a receipt is there that is missing")
	}
}

// TestBackup_PostgreSQL: its own tools do it, and are named.
func TestBackup_PostgreSQL(t *testing.T) {
	for _, line := range []string{"temoin backup f -database postgres://h/d", "temoin restore f -database postgres://h/d"} {
		if _, err := typed(t, line); err == nil || !strings.Contains(err.Error(), "pg_") {
			t.Errorf("%s: got %v", line, err)
		}
	}
}
