//go:build !js

package main

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRotateKey follows the documentation: a key is renewed beside a running server,
// leaks, and is lost, and what each of the four has signed stays proven.
func TestRotateKey(t *testing.T) {
	steps := section(t, "Another key")
	if len(steps) != 3 {
		t.Fatalf("the documentation has other steps than this test: %q", steps)
	}
	rich := absolute(t, "server/demo/rich.yaml")
	t.Chdir(t.TempDir())
	url, stop := serving(t, "-catalogue", rich)
	ids := []string{choose(t, url)}
	downloaded := "downloaded.json"
	if err := os.WriteFile(downloaded, []byte(mustType(t, "temoin receipts show "+ids[0])), 0o600); err != nil {
		t.Fatal(err)
	}
	keeps := func() {
		t.Helper()
		ids = append(ids, chooseSoon(t, url))
		for _, id := range ids {
			file := filepath.Join(t.TempDir(), id)
			if err := os.WriteFile(file, []byte(mustType(t, "temoin receipts show "+id)), 0o600); err != nil {
				t.Fatal(err)
			}
			mustType(t, "temoin receipts check "+file)
		}
		mustType(t, "temoin receipts check "+downloaded)
		if says := mustType(t, "temoin receipts verify -checkpoint "+downloaded); !strings.Contains(says, "the log is whole") {
			t.Errorf("verify says %q", says)
		}
	}
	mustType(t, steps[0])
	keeps()
	mustType(t, steps[1])
	keeps()

	stop()
	if _, err := typed(t, steps[2]); err == nil || !strings.Contains(err.Error(), "is there") {
		t.Errorf("a key that is not lost: got %v", err)
	}
	if err := os.Remove("data/key"); err != nil {
		t.Fatal(err)
	}
	if _, err := typed(t, "temoin serve -addr 127.0.0.1:0 -catalogue "+rich); err == nil || !strings.Contains(err.Error(), "rotate-key -lost") {
		t.Errorf("a server without its key: got %v", err)
	}
	mustType(t, steps[2])
	url, stop = serving(t, "-catalogue", rich)
	keeps()
	stop()
	says := mustType(t, "temoin receipts verify")
	for _, want := range []string{"the key before it says so", "counts only where it is in the log", "has not said so itself", "the laptop", "no copy of it was ever made"} {
		if !strings.Contains(says, want) {
			t.Errorf("verify says %q, without %q", says, want)
		}
	}
	if left, err := filepath.Glob("data/key*"); err != nil || len(left) != 4 { // the key, its checkpoint, two that are put away
		t.Errorf("got %q (%v)", left, err)
	}
}

// TestWho: whoever decides what the log says from then on says who he is, in one line. Else nothing is done.
func TestWho(t *testing.T) {
	rich := absolute(t, "server/demo/rich.yaml")
	t.Chdir(t.TempDir())
	_, stop := serving(t, "-catalogue", rich)
	stop()
	mustType(t, "temoin backup copy.db")
	before := filesOf(t, "data")
	for flag, command := range map[string][]string{
		"-leaked": {"receipts", "rotate-key", "-leaked"},
		"-lost":   {"receipts", "rotate-key", "-lost"},
		"-branch": {"restore", "copy.db", "-data", "new", "-key", "data/key", "-branch"},
		"who":     {"receipts", "branch"},
	} {
		for _, who := range []string{"", "  ", "\t\n", "A. Martin:\nthe laptop was stolen", strings.Repeat("é", 101)} {
			_, _, err := temoin(t.Context(), append(command, who)...)
			if err == nil || !strings.Contains(err.Error(), "want a name and a reason in one line of 200 bytes") || !strings.Contains(err.Error(), flag) {
				t.Errorf("%s %q: got %v", flag, who, err)
			}
		}
	}
	if after := filesOf(t, "data"); !maps.Equal(after, before) {
		t.Errorf("what was refused left %q, want %q", slices.Sorted(maps.Keys(after)), slices.Sorted(maps.Keys(before)))
	}
	if left := filesOf(t, "new"); len(left) > 0 {
		t.Errorf("what was refused left %v", left)
	}
}

// filesOf returns the files of a folder, by their names.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

// chooseSoon is choose once the server keeps receipts again.
func chooseSoon(t *testing.T, url string) string {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if id, status := tryChoose(t, url); status == http.StatusCreated {
			return id
		}
	}
	t.Fatal("the server keeps nothing any more")
	return ""
}
