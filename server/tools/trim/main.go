// Command trim makes a copy of go-app in .cache, without what Témoin's interface
// has no use for in a browser: the server, the router, states, storages, and the
// packages that they bring along (net/http, encoding/json, regexp, crypto, fmt).
// It halves what every visitor downloads. The copy holds go-app's own files,
// but for those that stand beside this one, in _app and _errors.
//
// The copy is built by .cache/go.mod, which is Témoin's with one replacement:
// go build -modfile=.cache/go.mod. go build -overlay, which would need no copy,
// refuses files of the module cache.
//
// files.txt lists every file of go-app with what becomes of it and with its
// hash, so that a new version of go-app cannot pass unread: see [list.check].
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	module  = "github.com/maxence-charriere/go-app/v10"
	folder  = "server/tools/trim"
	listing = folder + "/files.txt"
	cache   = ".cache"
)

// packages are those of go-app that the interface is built with, and where the
// files lie that take the place of some of theirs.
var packages = map[string]string{"pkg/app": "_app", "pkg/errors": "_errors"}

func main() {
	update := flag.Bool("update", false, "take go-app's files, which you have read, as they are now")
	flag.Parse()
	if err := trim(*update); err != nil {
		fmt.Fprintln(os.Stderr, "server/tools/trim:", err)
		os.Exit(1)
	}
}

func trim(update bool) error {
	source, err := find()
	if err != nil {
		return err
	}
	known, err := read(listing)
	if err != nil {
		return err
	}
	if update {
		return os.WriteFile(listing, known.updated(source).bytes(), 0o644)
	}
	if err := known.check(source); err != nil {
		return fmt.Errorf("go-app is not the one that %s was made for:\n%w\n"+
			"Read what has changed, in each file that is kept or replaced, then: go run ./%s -update", listing, err, folder)
	}
	return errors.Join(known.copy(source), moduleFiles())
}

// goApp is go-app as it lies in the module cache.
type goApp struct {
	version string
	files   map[string][]byte // without tests, by path
}

func find() (*goApp, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}\t{{.Dir}}", module).Output()
	if err != nil {
		return nil, fmt.Errorf("ask for %s: %w", module, err)
	}
	version, dir, _ := strings.Cut(strings.TrimSpace(string(out)), "\t")
	if dir == "" { // not downloaded yet: go build would do it
		if err := exec.Command("go", "mod", "download", module).Run(); err != nil {
			return nil, fmt.Errorf("download %s: %w", module, err)
		}
		return find()
	}
	source := &goApp{version: version, files: map[string][]byte{}}
	for name := range packages {
		paths, err := filepath.Glob(filepath.Join(dir, name, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return nil, err
			}
			source.files[name+"/"+filepath.Base(path)] = data
		}
	}
	return source, nil
}

// list is what files.txt says.
type list struct {
	version string
	entries []entry
}

// entry says what becomes of a file: "keep", "replace" or "leave" it out.
type entry struct{ fate, sum, path string }

func read(name string) (l list, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return l, err
	}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "#") || len(words) == 0:
		case len(words) == 2 && words[0] == module:
			l.version = words[1]
		case len(words) == 3 && slices.Contains([]string{"keep", "replace", "leave"}, words[0]):
			l.entries = append(l.entries, entry{words[0], words[1], words[2]})
		default:
			return l, fmt.Errorf("read %s: %q is neither the module and its version nor a fate, a hash and a path", name, strings.TrimSpace(line))
		}
	}
	return l, nil
}

// check returns all in which go-app is not what the list says.
func (l list) check(source *goApp) error {
	var faults []error
	if l.version != source.version {
		faults = append(faults, fmt.Errorf("  version %s, want %s", source.version, l.version))
	}
	listed := map[string]bool{}
	for _, e := range l.entries {
		listed[e.path] = true
		data, found := source.files[e.path]
		switch {
		case !found:
			faults = append(faults, fmt.Errorf("  %s is gone", e.path))
		case sum(data) != e.sum:
			faults = append(faults, fmt.Errorf("  %s has changed", e.path))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(source.files)) {
		if !listed[path] {
			faults = append(faults, fmt.Errorf("  %s is new", path))
		}
	}
	return errors.Join(faults...)
}

// updated returns the list for another go-app. What is new in it is left out,
// until the compiler asks for it.
func (l list) updated(source *goApp) list {
	fates := map[string]string{}
	for _, e := range l.entries {
		fates[e.path] = e.fate
	}
	next := list{version: source.version}
	for path, data := range source.files {
		fate := fates[path]
		if fate == "" {
			fate = "leave"
		}
		next.entries = append(next.entries, entry{fate, sum(data), path})
	}
	slices.SortFunc(next.entries, func(a, b entry) int {
		return strings.Compare(a.fate+a.path, b.fate+b.path)
	})
	return next
}

func (l list) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintln(&b, "# What becomes of each file of go-app, and its SHA-256: see main.go.")
	fmt.Fprintln(&b, module, l.version)
	for _, e := range l.entries {
		fmt.Fprintf(&b, "%-7s %s %s\n", e.fate, e.sum, e.path)
	}
	return b.Bytes()
}

// copy makes the copy anew: the files that are kept, and ours.
func (l list) copy(source *goApp) error {
	target := filepath.Join(cache, "goapp")
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	for name, ours := range packages {
		dir := filepath.Join(target, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(folder, ours))); err != nil {
			return err
		}
	}
	for _, e := range l.entries {
		if e.fate != "keep" {
			continue
		}
		if err := os.WriteFile(filepath.Join(target, e.path), source.files[e.path], 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(target, "go.mod"), []byte("module "+module+"\n\ngo 1.26.0\n"), 0o644)
}

// moduleFiles writes go.mod and go.sum of the build that takes the copy.
func moduleFiles() error {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		return err
	}
	mod = fmt.Appendf(mod, "\nreplace %s => ./%s/goapp\n", module, cache)
	return errors.Join(
		os.WriteFile(filepath.Join(cache, "go.mod"), mod, 0o644),
		os.WriteFile(filepath.Join(cache, "go.sum"), sums, 0o644))
}

func sum(data []byte) string {
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}
