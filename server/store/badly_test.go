package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// The log in testdata/badly-written.sql was written by an earlier version of the
// program: entry 0 is an edition, 1 to 3 are receipts. The site of entry 2 was
// taken from a header, and was no UTF-8.
const (
	badlyID    = "a9023506-ab19-417f-8d08-03ddd680d5fc"
	badlyIndex = 2
)

// withBadly runs a test against each database, filled with that log.
func withBadly(t *testing.T, test func(t *testing.T, c store.Config)) {
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			c := engine(t)
			c.Key = badlyKey(t)
			s, err := store.Open(t.Context(), c) // which makes the tables
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			v := &vandal{t, behind(t, c), c.Key}
			v.do(`DELETE FROM head`)
			v.do(`DELETE FROM checkpoints`)
			for _, insertion := range insertions(t) {
				if c.Database != "" {
					insertion = regexp.MustCompile(`X'([0-9a-f]*)'`).ReplaceAllString(insertion, `decode('$1', 'hex')`)
				}
				v.do(insertion)
			}
			test(t, c)
		})
	}
}

func badlyKey(tb testing.TB) *receipt.Key {
	tb.Helper()
	data, err := os.ReadFile("testdata/badly-written.key")
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "key") // a checkout knows no mode 0600
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	key, err := receipt.LoadKey(path, "")
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// insertions are the statements that fill our own tables.
func insertions(tb testing.TB) (list []string) {
	tb.Helper()
	dump, err := os.ReadFile("testdata/badly-written.sql")
	if err != nil {
		tb.Fatal(err)
	}
	for statement := range strings.Lines(string(dump)) {
		if strings.HasPrefix(statement, "INSERT INTO ") && !strings.Contains(statement, "goose") {
			list = append(list, statement)
		}
	}
	return list
}

// TestBadlyWritten: an entry that an earlier version wrote badly is named, and
// is in the way of nothing.
func TestBadlyWritten(t *testing.T) {
	withBadly(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		if v := mustVerify(t, s, "", 3); len(v.Badly) != 1 || v.Badly[0] != (store.Badly{Index: badlyIndex, ID: badlyID}) {
			t.Errorf("verify: got %+v, want the entry named", v)
		}

		file, err := s.Find(t.Context(), badlyID)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.MarshalIndent(file, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		read, err := receipt.ParseFile(data)
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]*receipt.File{"found": file, "written and read": read} {
			if err := f.Verify(); err != nil || !f.Receipt.IsBadlyWritten() {
				t.Errorf("the visitor's file, %s: %v, badly written: %t", name, err, f.Receipt.IsBadlyWritten())
			}
		}
		forged := bytes.Replace(data, []byte("consent_refused"), []byte("consent_given"), 1)
		if f, err := receipt.ParseFile(forged); err == nil && f.Verify() == nil {
			t.Error("a forged file is good")
		}

		// The visitor's page sends it again, as its answer was lost.
		record := file.Receipt.Record()
		again, err := receipt.New(&receipt.Submission{Record: record, How: receipt.Dialog, Lang: "fr", Text: file.Receipt.Text()},
			receipt.Context{Site: "https://portal.example", Catalogue: catalogue, Received: noon, Version: "v1"})
		if err != nil {
			t.Fatal(err)
		}
		if signed, fresh, err := s.Append(t.Context(), again); err != nil || fresh || signed.Index != badlyIndex {
			t.Errorf("sent again: got %+v, fresh %t, %v", signed, fresh, err)
		}
		fill(t, s, 2)
		mustVerify(t, s, "", 5)
		if err := s.Erase(t.Context(), badlyID); err != nil {
			t.Error(err)
		}
		if v := mustVerify(t, s, "", 4); len(v.Badly) != 0 {
			t.Errorf("after its erasure: got %+v", v.Badly)
		}
	})
}

// TestExport_GoesOn: a receipt that is badly written, or was changed, is
// reported in its place, and what comes behind it is exported.
func TestExport_GoesOn(t *testing.T) {
	withBadly(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		v := &vandal{t, behind(t, c), c.Key}
		v.do(`UPDATE entries SET body = $1 WHERE idx = 1`, []byte("no JSON"))
		var got []string
		for row, err := range s.Export(t.Context(), time.Time{}, time.Time{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%d %t %.14s", row.Index, row.Receipt != nil, row.Fault))
		}
		if want := []string{"1 false entry 1 of the", "2 true badly written ", "3 true "}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		for format, want := range map[string][]string{
			store.CSV:   {"\n1,409ebd22-cde4-41d1-a0b2-e62924cfafeb,,", "\n2," + badlyID + ",2026-11-27T", "\n3,d711a520-7b34-4505-bfdc-5dbed2d95bb6,2026-11-27T"},
			store.JSONL: {`{"index":1,"receipt":null,`, `"party_id":"https://\ufffd"`, `{"index":3,`},
		} {
			var out bytes.Buffer
			if err := store.Write(&out, format, s.Export(context.Background(), time.Time{}, time.Time{})); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			for _, line := range want {
				if !strings.Contains(out.String(), line) {
					t.Errorf("%s: no %q in %s", format, line, &out)
				}
			}
			if n := strings.Count(out.String(), "was changed: invalid receipt"); n != 1 {
				t.Errorf("%s: the changed receipt is reported %d times", format, n)
			}
			if n := strings.Count(out.String(), "badly written by an earlier version"); n != 1 {
				t.Errorf("%s: the badly written receipt is reported %d times", format, n)
			}
		}
	})
}
