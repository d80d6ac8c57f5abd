package server

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A static host has to send what the server sends.
func TestExport_SameBytes(t *testing.T) {
	dir := t.TempDir()
	s := bare(Config{Catalogue: "demo/rich.yaml"})
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	manifest, err := s.Site().Export(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.prepareRoutes(); err != nil {
		t.Fatal(err)
	}
	encodings := map[string]string{"": "", ".br": "br", ".gz": "gzip"}
	for _, file := range manifest.Files {
		path := strings.TrimSuffix("/"+file.Path, "/index.html")
		for extension, encoding := range encodings {
			if strings.HasSuffix(file.Path, "index.html") && encoding != "" {
				continue // the server answers pages as they are
			}
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Accept-Encoding", encoding)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			got, err := os.ReadFile(filepath.Join(dir, file.Path+extension))
			if os.IsNotExist(err) && encoding != "" && w.Header().Get("Content-Encoding") == "" {
				continue // too small to shrink
			}
			if err != nil {
				t.Fatal(err)
			}
			if w.Code != 200 || w.Body.String() != string(got) {
				t.Errorf("%s%s: %d bytes, the server answers %d with %d bytes", file.Path, extension, len(got), w.Code, w.Body.Len())
			}
		}
	}
}
