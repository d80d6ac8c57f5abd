package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// module writes the Go module as a folder that GOPROXY can name: what git keeps, and
// what was built of it, which the server embeds.
func (r *release) module() error {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	version := module.Version{Path: modfile.ModulePath(mod), Version: "v" + r.version}
	files, err := moduleFiles()
	if err != nil {
		return err
	}
	var zip bytes.Buffer
	if err := modzip.Create(&zip, version, files); err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": version.Version, "Time": r.time})
	if err != nil {
		return err
	}
	escaped, err := module.EscapePath(version.Path)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"list":                    []byte(version.Version + "\n"),
		version.Version + ".info": info,
		version.Version + ".mod":  mod,
		version.Version + ".zip":  zip.Bytes(),
	} {
		if err := r.write(path.Join("goproxy", escaped, "@v", name), data); err != nil {
			return err
		}
	}
	return nil
}

// moduleFiles are the files of the module: those that git keeps, without other
// modules' and without the browsers' tests, and web/dist.
func moduleFiles() ([]modzip.File, error) {
	kept, err := output("git", "ls-files")
	if err != nil {
		return nil, err
	}
	built, err := output("git", "ls-files", "--others", "web/dist")
	if err != nil {
		return nil, err
	}
	var files []modzip.File
	for name := range strings.SplitSeq(kept+"\n"+built, "\n") {
		if !strings.HasPrefix(name, "server/e2e/") && !strings.HasPrefix(name, "server/tools/release/") {
			files = append(files, moduleFile(name))
		}
	}
	return files, nil
}

// moduleFile is the path of a file of the module.
type moduleFile string

func (f moduleFile) Path() string                 { return string(f) }
func (f moduleFile) Lstat() (os.FileInfo, error)  { return os.Lstat(string(f)) }
func (f moduleFile) Open() (io.ReadCloser, error) { return os.Open(string(f)) }
