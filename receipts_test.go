//go:build !js

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
)

// outputBuffer is a place to write to while a test looks at it.
type outputBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *outputBuffer) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *outputBuffer) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// serving serves the rich catalogue, with these flags, until the test, or stop, ends it.
func serving(t *testing.T, args ...string) (url string, stop func()) {
	t.Helper()
	return servingOther(t, append([]string{"-catalogue", "server/demo/rich.yaml"}, args...)...)
}

// servingOther is serving without a catalogue of its own.
func servingOther(t *testing.T, args ...string) (url string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var out, log outputBuffer
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, append([]string{"serve", "-addr", "127.0.0.1:0"}, args...), &out, &log)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(stop)
	address := regexp.MustCompile(`http://\S+`)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if url = address.FindString(out.String()); url != "" {
			return url, stop
		}
		if time.Now().After(deadline) {
			t.Fatalf("no address within 20 s: %s", log.String())
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// choose reports a choice as a page does, and returns its id.
func choose(t *testing.T, url string) string {
	t.Helper()
	id, status := tryChoose(t, url)
	if status != http.StatusCreated {
		t.Fatalf("got %d, want the receipt to be kept", status)
	}
	return id
}

// tryChoose reports a choice, and returns what the server answered.
func tryChoose(t *testing.T, url string) (id string, status int) {
	t.Helper()
	part := func(pattern, path string) string {
		found := regexp.MustCompile(pattern).FindStringSubmatch(get(t, url+path))
		if found == nil {
			t.Fatalf("no %s in %s", pattern, path)
		}
		return found[1]
	}
	id = consent.NewID()
	body := fmt.Sprintf(`{"record":{"v":1,"id":%q,"rev":%q,"at":%d,"choices":{"necessary":true,"statistics":false,"third-party":true}},`+
		`"how":"dialog","gpc":false,"lang":"fr","text":%q}`, id, part(`"rev":"(\w+)"`, "/temoin/catalogue.json"), time.Now().Unix(), part(`"text":"([0-9a-f]{16})"`, "/temoin.js"))
	answer, err := http.Post(url+"/api/consents", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return id, answer.StatusCode
}

// TestReceipts goes through what an operator does with receipts, beside the
// running server.
func TestReceipts(t *testing.T) {
	data := t.TempDir()
	url, stop := serving(t, "-data", data)
	first, second := choose(t, url), choose(t, url)
	command := func(says string, args ...string) string {
		t.Helper()
		stdout, _, err := temoin(t.Context(), append([]string{"receipts", "-data", data}, args...)...)
		if err != nil || !strings.Contains(stdout, says) {
			t.Fatalf("%q: got %q and %v, want %q", args, stdout, err, says)
		}
		return stdout
	}
	// What is shown, in two languages, stands in the log too.
	command("4 entries, 2 receipts, 0 erased\nthe log is whole", "verify")
	command(`"Receipts": 2`, "stats")
	table := command("index,id,answered,", "export")
	if lines := strings.Split(strings.TrimSpace(table), "\n"); len(lines) != 3 || !strings.Contains(lines[1], first) || !strings.HasSuffix(lines[1], ",partly,necessary third-party,statistics,") {
		t.Errorf("got the table %q", table)
	}
	if lines := command(`"signature":"`, "export", "-format", "jsonl", "-since", "2026-01-01"); strings.Count(lines, "\n") != 2 {
		t.Errorf("got the lines %q", lines)
	}
	if got := command("index,", "export", "-until", "2026-01-01"); strings.Count(got, "\n") != 1 {
		t.Errorf("got %q, want nothing before anything was received", got)
	}

	file := filepath.Join(t.TempDir(), "receipt.json")
	if err := os.WriteFile(file, []byte(get(t, url+"/api/consents/"+first)), 0o600); err != nil {
		t.Fatal(err)
	}
	command("good; signed by data.rivemont.example", "check", file)
	command("\nstatistics: refused, asked and answered this time\n", "check", file)
	command("\nthird-party: allowed, asked and answered this time\n", "show", "-words", first)
	shown := command(first, "show", first)
	if !strings.Contains(shown, "third-party\u00a0: autorisé, la question a été posée cette fois") {
		t.Errorf("the file of who was asked in French does not say in French what was allowed: %s", shown)
	}
	retold := mustWrite(t, "retold.json", strings.Replace(shown, ": autorisé", ": refusé", 1))
	if _, _, err := temoin(t.Context(), "receipts", "check", retold); err == nil || !strings.Contains(err.Error(), "words do not say what the receipt says") {
		t.Errorf("a file whose words are others: got %v", err)
	}
	forged := mustWrite(t, "forged.json", strings.Replace(shown, "consent_refused", "consent_given", 1))
	if _, _, err := temoin(t.Context(), "receipts", "check", forged); err == nil {
		t.Error("a forged receipt is good")
	}

	checkpoint := mustWrite(t, "checkpoint", command("\n4\n", "checkpoint"))
	command("erased "+second, "erase", second)
	if _, _, err := temoin(t.Context(), "receipts", "-data", data, "show", second); err == nil {
		t.Error("what was erased is shown")
	}
	third := choose(t, url) // the server goes on in the log that the command wrote to
	command("6 entries, 2 receipts, 1 erased\nthe log is whole", "verify", "-checkpoint", checkpoint)
	command("the log is whole", "verify", "-checkpoint", file) // a visitor's own receipt
	stop()
	command("the log is whole", "verify") // against what the server has kept
	command(third, "show", third)
	if kept, err := os.ReadFile(filepath.Join(data, "key.checkpoint")); err != nil || !strings.Contains(string(kept), "\n6\n") {
		t.Errorf("beside the key the server keeps %q (%v)", kept, err)
	}
	if _, _, err := temoin(t.Context(), "receipts", "-data", data, "verify", "-checkpoint", forged); err == nil {
		t.Error("a forged receipt is taken for a checkpoint")
	}
	if _, _, err := temoin(t.Context(), "receipts", "-data", data, "verify", "-checkpoint", mustWrite(t, "other", "x\n9\n")); err == nil {
		t.Error("a checkpoint that nobody signed is taken")
	}
}
