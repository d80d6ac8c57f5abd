//go:build !js

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server/catalogue"
)

// The log in server/testdata/written was written by the program of November 2026,
// before any of its packages had been divided: two editions, five receipts, one of
// them erased, of the catalogue server/demo/rich.yaml; beside it what the commands
// said of it then. What receipts have signed and hashed verifies for ever.
const (
	writtenFolder = "server/testdata/written"
	writtenID     = "8515204b-8e84-4412-b022-76146fe0d4c0"
	erasedID      = "67a48ccc-53e8-4dfd-b001-f30c623e72d0"
)

// writtenLog returns a data folder that holds that log.
func writtenLog(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	packed, err := os.Open(filepath.Join(writtenFolder, "temoin.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	database, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"temoin.db": database, "key": mustRead(t, filepath.Join(writtenFolder, "key"))} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustRead(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReceipts_WrittenEarlier(t *testing.T) {
	dir := writtenLog(t)
	t.Run("verify", func(t *testing.T) {
		stdout, _, err := temoin(t.Context(), "receipts", "verify", "-data", dir, "-checkpoint", filepath.Join(writtenFolder, "checkpoint"))
		if err != nil || !strings.Contains(stdout, "8 entries, 4 receipts, 1 erased") || !strings.Contains(stdout, "the log is whole") {
			t.Errorf("got %q and %v", stdout, err)
		}
	})
	t.Run("show", func(t *testing.T) {
		stdout, _, err := temoin(t.Context(), "receipts", "show", "-data", dir, writtenID)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := signed(t, []byte(stdout)), signed(t, mustRead(t, filepath.Join(writtenFolder, "show.json"))); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		file := mustWrite(t, "receipt.json", stdout)
		if stdout, _, err := temoin(t.Context(), "receipts", "check", file); err != nil || !strings.Contains(stdout, "good; signed by data.rivemont.example") {
			t.Errorf("check: got %q and %v", stdout, err)
		}
		if _, _, err := temoin(t.Context(), "receipts", "show", "-data", dir, erasedID); err == nil {
			t.Error("what was erased is shown")
		}
	})
	t.Run("export", func(t *testing.T) {
		stdout, _, err := temoin(t.Context(), "receipts", "export", "-format", "jsonl", "-data", dir)
		if err != nil {
			t.Fatal(err)
		}
		got, want := signedLines(t, []byte(stdout)), signedLines(t, mustRead(t, filepath.Join(writtenFolder, "export.jsonl")))
		if len(want) != 4 || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		stdout, _, err = temoin(t.Context(), "receipts", "export", "-format", "csv", "-data", dir)
		if err != nil || strings.Count(stdout, "\n") != 5 || !strings.Contains(stdout, writtenID) {
			t.Errorf("as CSV: got %q and %v", stdout, err)
		}
	})
}

// signed returns what of a receipt was signed, and the signature.
func signed(t *testing.T, data []byte) string {
	t.Helper()
	var file struct{ Receipt, Signature json.RawMessage }
	if err := json.Unmarshal(data, &file); err != nil || file.Receipt == nil || file.Signature == nil {
		t.Fatalf("no receipt and signature in %s: %v", data, err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, file.Receipt); err != nil {
		t.Fatal(err)
	}
	return b.String() + " " + string(file.Signature)
}

func signedLines(t *testing.T, data []byte) (list []string) {
	t.Helper()
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		list = append(list, signed(t, lines.Bytes()))
	}
	return list
}

// TestCatalogue_WrittenEarlier: the catalogue that a receipt names is read and
// written as it was, to the byte, and keeps its revision.
func TestCatalogue_WrittenEarlier(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(writtenLog(t), "temoin.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var rev string
	var written []byte
	if err := db.QueryRowContext(t.Context(), `SELECT rev, catalogue FROM editions WHERE lang = 'fr'`).Scan(&rev, &written); err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.Load("server/demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Rev(); got != rev {
		t.Errorf("got the revision %s, want %s", got, rev)
	}
	var fresh catalogue.Catalogue
	if err := json.Unmarshal(written, &fresh); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	encoder := json.NewEncoder(&again)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(&fresh); err != nil {
		t.Fatal(err)
	}
	if got := bytes.TrimSpace(again.Bytes()); !bytes.Equal(got, written) {
		t.Errorf("got  %s\nwant %s", got, written)
	}
}
