package site

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func mustExport(t *testing.T, dir string) *Manifest {
	t.Helper()
	manifest, err := mustBundle(t, mustReadDemo(t)).Export(dir)
	if err != nil {
		t.Fatal(err)
	}
	return manifest
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
			_, err := mustBundle(t, mustReadDemo(t)).Export(dir)
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
