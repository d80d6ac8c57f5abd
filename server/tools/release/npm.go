package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// npm makes the package of the components, and one of the program for each system.
// The first names none of the others: an installer would ask a registry for them,
// where anybody may have taken the names.
func (r *release) npm() error {
	files, err := r.components()
	if err != nil {
		return err
	}
	if err := r.npmPackage("temoin", files); err != nil {
		return err
	}
	for _, t := range r.targets {
		name, files, err := r.npmProgram(t)
		if err != nil {
			return err
		}
		if err := r.npmPackage(name, files); err != nil {
			return err
		}
	}
	return nil
}

// npmPackage writes a package as npm pack would: all in a folder named package.
func (r *release) npmPackage(name string, files []file) error {
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	data, err := targz(inFolder("package", files), r.time)
	if err != nil {
		return err
	}
	return r.write("npm/"+name+"-"+r.version+".tgz", data)
}

// components are what lies in web/npm, with the version, the declarations of
// what a page finds, and the guide.
func (r *release) components() ([]file, error) {
	sources, err := filepath.Glob("web/npm/*")
	if err != nil {
		return nil, err
	}
	sources = append(sources, "web/temoin.d.ts", "LICENSE")
	var files []file
	for _, source := range sources {
		f, err := read(source, filepath.Base(source), 0o644)
		if err != nil {
			return nil, err
		}
		switch f.name {
		case "package.json":
			f.data, err = withVersion(f.data, r.version)
		case "bin.js":
			f.mode = 0o755
		}
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	guide, err := read("docs/components.md", "README.md", 0o644)
	return append(files, guide), err
}

// withVersion puts the version into a package.json, in which all else stays.
func withVersion(data []byte, version string) ([]byte, error) {
	const placeholder = `"version": "0.0.0"`
	if strings.Count(string(data), placeholder) != 1 {
		return nil, fmt.Errorf("web/npm/package.json has no line %s", placeholder)
	}
	return []byte(strings.Replace(string(data), placeholder, `"version": "`+version+`"`, 1)), nil
}

// npmNames are npm's words for what Go names otherwise.
var npmNames = map[string]string{"windows": "win32", "amd64": "x64"}

func npmName(word string) string {
	if name, found := npmNames[word]; found {
		return name
	}
	return word
}

func (r *release) npmProgram(t target) (name string, files []file, err error) {
	system, arch := npmName(t.os), npmName(t.arch)
	name = "temoin-" + system + "-" + arch
	about, err := json.MarshalIndent(map[string]any{
		"name": name, "version": r.version, "license": "MIT", "os": []string{system}, "cpu": []string{arch},
		"description": "The program of the package temoin, for " + system + " on " + arch,
	}, "", "  ")
	if err != nil {
		return "", nil, err
	}
	files = []file{{name: "package.json", mode: 0o644, data: append(about, '\n')}}
	for source, mode := range map[string]os.FileMode{r.program(t): 0o755, "LICENSE": 0o644, "web/notices.txt": 0o644} {
		f, err := read(source, filepath.Base(source), mode)
		if err != nil {
			return "", nil, err
		}
		files = append(files, f)
	}
	return name, files, nil
}
