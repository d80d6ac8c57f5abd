package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"temoin.example/temoin/app/consent"
)

// manifestName is the file that says what an export made. A folder that holds
// anything else than what the manifest of an earlier export lists is left alone.
const manifestName = "temoin-manifest.json"

// Manifest lists the files of an export.
type Manifest struct {
	Rev   string         `json:"rev"`
	Files []ManifestFile `json:"files"`
}

// ManifestFile is one file: its path below the folder, its sizes in bytes, and
// the value of the attribute integrity that holds for it.
type ManifestFile struct {
	Path      string `json:"path"`
	Size      int    `json:"size"`
	Gzip      int    `json:"gzip"`
	Brotli    int    `json:"brotli"`
	Integrity string `json:"integrity"`
}

// Export writes into dir what a server sends for the site, byte for byte, for any
// static host: each file as it is, and beside it the compressed ones, name.br and
// name.gz, for hosts that send such files. It refuses to write over a file that it
// did not make, and removes what an earlier export made and this one does not.
func (s *Site) Export(dir string) (*Manifest, error) {
	files, err := s.withCharters()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	// Nothing is written or removed outside of the root, links or not.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	defer root.Close()
	if err := clear(root); err != nil {
		return nil, fmt.Errorf("export into %s: %w", dir, err)
	}
	manifest, err := write(root, s.Rev, files)
	if err != nil {
		return nil, fmt.Errorf("export into %s: %w", dir, err)
	}
	return manifest, nil
}

func write(root *os.Root, rev string, files map[string]*Asset) (*Manifest, error) {
	manifest := &Manifest{Rev: rev}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		a, file := files[name], strings.TrimPrefix(name, "/")
		if err := a.write(root, file); err != nil {
			return nil, err
		}
		manifest.Files = append(manifest.Files, a.entry(file))
	}
	data, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write manifest: %w", err)
	}
	return manifest, root.WriteFile(manifestName, append(data, '\n'), 0o644)
}

// withCharters returns the files of the site and its charter pages, as a visitor
// sees them who has not chosen.
func (s *Site) withCharters() (map[string]*Asset, error) {
	files := maps.Clone(s.Files)
	for i, lang := range s.Catalogue.Languages {
		page, err := s.Charter(CharterPage{Lang: lang})
		if err != nil {
			return nil, err
		}
		a := NewAsset("index.html", askAlways, page)
		files[path.Join(consent.CharterPath, lang, "index.html")] = a
		if i == 0 {
			files[path.Join(consent.CharterPath, "index.html")] = a
		}
	}
	return files, nil
}

func (a *Asset) entry(name string) ManifestFile {
	return ManifestFile{
		Path:      name,
		Brotli:    a.size("br"),
		Gzip:      a.size("gzip"),
		Size:      a.size(""),
		Integrity: a.integrity(),
	}
}

// extensions are what an encoding adds to a file's name.
var extensions = map[string]string{"br": ".br", "gzip": ".gz", "": ""}

func (a *Asset) write(root *os.Root, name string) error {
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	for _, v := range a.Variants() {
		if err := root.WriteFile(name+extensions[v.Encoding], v.Body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// clear removes the files of an earlier export, and refuses a folder that holds
// others.
func clear(root *os.Root) error {
	ours, err := exported(root)
	if err != nil {
		return err
	}
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !slices.Contains(ours, name) {
			return fmt.Errorf("the folder holds files that temoin did not make, such as %s; name a new or empty one", name)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range ours {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the earlier export: %w", err)
		}
	}
	return nil
}

// exported returns the files that an earlier export made.
func exported(root *os.Root) ([]string, error) {
	data, err := root.ReadFile(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	var manifest Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("read %s: %w", manifestName, err)
	}
	files := []string{manifestName}
	for _, file := range manifest.Files {
		if !filepath.IsLocal(file.Path) {
			return nil, fmt.Errorf("read %s: the path %q leads out of the folder", manifestName, file.Path)
		}
		for _, extension := range extensions {
			files = append(files, file.Path+extension)
		}
	}
	return files, nil
}
