package site

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"
)

// TestShown_WrittenEarlier: what visitors are shown is written as the program of
// November 2026 wrote it, to the byte: receipts name it by its hash.
func TestShown_WrittenEarlier(t *testing.T) {
	packed, err := os.Open("../testdata/written/temoin.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "temoin.db")
	data, err := io.ReadAll(unpacked)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, lang := range []string{"fr", "en"} {
		var written []byte
		if err := db.QueryRowContext(t.Context(), `SELECT body FROM editions WHERE lang = $1`, lang).Scan(&written); err != nil {
			t.Fatal(err)
		}
		var e shownEdition
		if err := json.Unmarshal(written, &e); err != nil {
			t.Fatal(err)
		}
		if got, err := encodeJSON(e); err != nil || !bytes.Equal(got, written) {
			t.Errorf("%s: got %v\n%s\nwant\n%s", lang, err, got, written)
		}
	}
}
