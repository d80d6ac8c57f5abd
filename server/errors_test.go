package server

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server/admin"
)

// TestErrors_OneSink: what is answered in place of an answer goes through errors.go.
func TestErrors_OneSink(t *testing.T) {
	for _, pattern := range []string{"*.go", "admin/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %s (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if file != "errors.go" && !strings.HasSuffix(file, "_test.go") && bytes.Contains(text, []byte("http.Error(")) {
				t.Errorf("%s answers an error by itself", file)
			}
		}
	}
}

// TestFail_Dashboard: what the dashboard refuses is told to who has asked.
func TestFail_Dashboard(t *testing.T) {
	s := newKeepingServer(t, Config{})
	w := httptest.NewRecorder()
	s.Fail(w, httptest.NewRequest("POST", "/admin/logout", nil), &admin.Refusal{Status: 403, Text: "not this session's"})
	if w.Code != 403 || !strings.Contains(w.Body.String(), "not this session's") {
		t.Errorf("got %d: %s", w.Code, w.Body)
	}
}
