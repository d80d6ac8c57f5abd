package server

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func mustExport(t *testing.T, dir string) *Manifest {
	t.Helper()
	manifest, err := Export(Config{Catalogue: "demo/rich.yaml"}, dir)
	if err != nil {
		t.Fatal(err)
	}
	return manifest
}

// A static host has to send what the server sends.
func TestExport_SameBytes(t *testing.T) {
	dir := t.TempDir()
	manifest := mustExport(t, dir)
	s := &Server{log: quiet(), config: Config{Catalogue: "demo/rich.yaml"}}
	if err := s.load(); err != nil {
		t.Fatal(err)
	}
	if err := s.loadPortal(); err != nil {
		t.Fatal(err)
	}
	s.prepareProofs()
	if err := s.prepareAdmin(); err != nil {
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
			s.handler().ServeHTTP(w, r)
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

func TestExport_Manifest(t *testing.T) {
	dir := t.TempDir()
	mustExport(t, dir)
	data, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	var manifest Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range manifest.Files {
		body, err := os.ReadFile(filepath.Join(dir, file.Path))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha512.Sum384(body)
		if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); file.Integrity != want || file.Size != len(body) {
			t.Errorf("%s: got %d bytes and %s, want %d and %s", file.Path, file.Size, file.Integrity, len(body), want)
		}
		found[file.Path] = true
	}
	for _, path := range []string{"temoin.js", "temoin.fr.js", "temoin.en.js", "charte-cookies/index.html", "charte-cookies/en/index.html"} {
		if !found[path] {
			t.Errorf("%s is not listed", path)
		}
	}
}

func TestExport_AgainRemovesWhatIsOld(t *testing.T) {
	dir := t.TempDir()
	old := mustExport(t, dir)
	// As if the earlier export had been made of other files.
	old.Files = append(old.Files, ManifestFile{Path: "temoin/app.0000.wasm"})
	data, _ := json.Marshal(old)
	for name, body := range map[string][]byte{manifestName: data, "temoin/app.0000.wasm": nil, "temoin/app.0000.wasm.br": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustExport(t, dir)
	if _, err := os.Stat(filepath.Join(dir, "temoin/app.0000.wasm")); !os.IsNotExist(err) {
		t.Errorf("the old file is still there: %v", err)
	}
}

func TestExport_Refuses(t *testing.T) {
	for name, c := range map[string]struct {
		file, body string
		says       string
	}{
		"a folder with other files":     {"index.html", "<p>mine</p>", "index.html"},
		"other files deep in it":        {"a/b/notes.txt", "mine", "a/b/notes.txt"},
		"a manifest that is not one":    {manifestName, "mine", manifestName},
		"a manifest that leads outside": {manifestName, `{"files":[{"path":"../outside"}]}`, "outside"},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			outside := filepath.Join(parent, "outside")
			dir := filepath.Join(parent, "export")
			file := filepath.Join(dir, c.file)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			for path, body := range map[string]string{file: c.body, outside: "mine"} {
				if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Export(Config{Catalogue: "demo/rich.yaml"}, dir)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that names %s", err, c.says)
			}
			for path, body := range map[string]string{file: c.body, outside: "mine"} {
				if got, err := os.ReadFile(path); err != nil || string(got) != body {
					t.Errorf("%s: got %q and %v, want it as it was", path, got, err)
				}
			}
		})
	}
}
