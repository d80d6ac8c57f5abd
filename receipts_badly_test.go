//go:build !js

package main

import (
	"bytes"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReceipts_BadlyWritten: an operator whose log holds an entry that an
// earlier version wrote badly is told so, and goes on.
func TestReceipts_BadlyWritten(t *testing.T) {
	const id = "a9023506-ab19-417f-8d08-03ddd680d5fc"
	dir := t.TempDir()
	for name, copied := range map[string]string{"badly-written.key": "key"} {
		data, err := os.ReadFile(filepath.Join("server/store/testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, copied), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dump, err := os.ReadFile("server/store/testdata/badly-written.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, "temoin.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(dump)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string][]string{
		"verify":       {"receipt " + id + ": badly written", "3 receipts", "the log is whole"},
		"export":       {"badly written", id},
		"show " + id:   {id, "proof"},
		"stats":        {"3"},
		"export jsonl": {`"index":3`},
	} {
		words := strings.Fields(strings.Replace(command, " jsonl", " -format jsonl", 1))
		var out bytes.Buffer
		if err := run(t.Context(), append([]string{"receipts", "-data", dir}, words...), &out, io.Discard); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		for _, word := range want {
			if !strings.Contains(out.String(), word) {
				t.Errorf("%s: no %q in %s", command, word, out.String())
			}
		}
	}
	url, stop := serving(t, "-data", dir)
	defer stop()
	if got := get(t, url+"/api/consents/"+id); !strings.Contains(got, `"signature"`) {
		t.Errorf("the visitor gets %s", got)
	}
	if got := get(t, url+"/healthz"); !strings.Contains(got, `"status":"ok"`) {
		t.Errorf("the health is %s", got)
	}
}
