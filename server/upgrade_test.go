package server

import (
	"database/sql"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server/ledger"
)

// TestUpgrade_BeneathAServer: once a newer program has brought the tables up to
// date, an older server that runs has pages keep their choices, serves the rest,
// and says what to do; an older one does not start. Both programs are this one: the
// test writes a version that nobody knows.
func TestUpgrade_BeneathAServer(t *testing.T) {
	var log logBuffer
	config := Config{Store: ledger.StoreConfig{Data: t.TempDir()}, Log: slog.New(slog.NewTextHandler(&log, nil))}
	s := newKeepingServer(t, config)
	db, err := sql.Open("sqlite", filepath.Join(config.Store.Data, "temoin.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	do := func(statement string) {
		t.Helper()
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	health := func() string { return bodyOf(t, s.answer(httptest.NewRequest("GET", "/healthz", nil))) }

	do(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
	report := s.accepted().json()
	if got := s.answer(request(report)); got.StatusCode != 503 || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %d and %v, want 503 with Retry-After", got.StatusCode, got.Header)
	}
	if got := health(); !strings.Contains(got, `"status":"degraded"`) {
		t.Errorf("got the health %s", got)
	}
	const says = "its tables are of version 99"
	if got := log.String(); !strings.Contains(got, says) || !strings.Contains(got, "run the newer program") {
		t.Errorf("got the log %s", got)
	}
	if got := s.answer(httptest.NewRequest("GET", "/temoin.js", nil)); got.StatusCode != 200 {
		t.Errorf("/temoin.js: got %d", got.StatusCode)
	}
	if _, err := ledger.OpenStore(t.Context(), config.Store, "", quiet()); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("the start of an older one: got %v", err)
	}

	do(`DELETE FROM goose_db_version WHERE version_id = 99`) // the tables are this program's again
	if got := s.answer(request(report)); got.StatusCode != 201 {
		t.Errorf("then: got %d, want 201: the report was not kept before", got.StatusCode)
	}
	if got := health(); !strings.Contains(got, `"status":"ok"`) {
		t.Errorf("then: got the health %s", got)
	}
}
