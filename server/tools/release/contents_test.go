package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// newRelease is a release of 0.1.0 whose programs are yet to be made.
func newRelease(t *testing.T, targets ...string) *release {
	t.Helper()
	r := &release{dir: t.TempDir(), scratch: t.TempDir(), version: "0.1.0", time: day}
	var err error
	if r.targets, err = parseTargets(strings.Join(targets, ",")); err != nil {
		t.Fatal(err)
	}
	for _, target := range r.targets {
		if err := os.MkdirAll(filepath.Dir(r.program(target)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// promised returns the systems and processors that docs/releases.md promises a program for.
func promised(t *testing.T) (targets []string) {
	t.Helper()
	page, err := os.ReadFile("docs/releases.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`the program for (.+), on (\w+) and (\w+), with these pages`).FindSubmatch(page)
	if row == nil {
		t.Fatal("docs/releases.md does not say what the program is for")
	}
	known := map[string]string{"Linux": "linux", "macOS": "darwin", "FreeBSD": "freebsd", "Windows": "windows"}
	for _, name := range regexp.MustCompile(`[A-Za-z]{3,}`).FindAllString(regexp.MustCompile("`[^`]*`").ReplaceAllString(string(row[1]), ""), -1) {
		if name == "and" {
			continue
		}
		if known[name] == "" {
			t.Fatalf("docs/releases.md promises %s, which this test does not know", name)
		}
		targets = append(targets, known[name]+"/"+string(row[2]), known[name]+"/"+string(row[3]))
	}
	return targets
}

// TestTargets: a release has a program for what the documentation promises, and what it does not know is refused.
func TestTargets(t *testing.T) {
	want := promised(t)
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(allTargets)); !slices.Equal(got, want) {
		t.Errorf("got %q, and docs/releases.md says %q", got, want)
	}
	all, err := parseTargets(strings.Join(allTargets, ","))
	if err != nil || len(all) != len(allTargets) {
		t.Fatalf("got %v, %v", all, err)
	}
	for i, target := range all {
		if got := strings.ReplaceAll(target.String(), "_", "/"); got != allTargets[i] {
			t.Errorf("got %s, want %s", got, allTargets[i])
		}
		if isExe := strings.HasSuffix(target.executable(), ".exe"); isExe != (target.os == "windows") {
			t.Errorf("the program for %s is %s", target, target.executable())
		}
	}
	if got := (&release{targets: all}).linux(); !slices.Equal(got, []target{{"linux", "amd64"}, {"linux", "arm64"}}) {
		t.Errorf("packages and image are for %v", got)
	}
	for _, list := range []string{"", "linux", "linux/amd64,", "linux/amd64, linux/arm64", "linux/riscv64", "plan9/amd64", "Linux/amd64"} {
		if got, err := parseTargets(list); err == nil || !strings.Contains(err.Error(), "darwin/arm64") {
			t.Errorf("%q: got %v, %v; want the targets that there are", list, got, err)
		}
	}
}

// entry is a file of an archive.
type entry struct {
	mode fs.FileMode
	data string
	at   time.Time
}

// unpacked returns the files of an archive by their names.
func unpacked(t *testing.T, archive string) map[string]entry {
	t.Helper()
	data, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	unpack := untar
	if strings.HasSuffix(archive, ".zip") {
		unpack = unzip
	}
	entries, err := unpack(data)
	if err != nil {
		t.Fatalf("%s: %v", archive, err)
	}
	return entries
}

func untar(data []byte) (map[string]entry, error) {
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	entries := map[string]entry{}
	for r := tar.NewReader(plain); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		entries[header.Name] = entry{header.FileInfo().Mode(), string(text), header.ModTime.UTC()}
	}
}

func unzip(data []byte) (map[string]entry, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	entries := map[string]entry{}
	for _, f := range r.File {
		text, err := fs.ReadFile(r, f.Name)
		if err != nil {
			return nil, err
		}
		entries[f.Name] = entry{f.Mode(), string(text), f.Modified.UTC()}
	}
	return entries, nil
}

// TestContents: an archive has one folder with the program, what is written about it, and what a shell and man want to know.
func TestContents(t *testing.T) {
	r := newRelease(t, "linux/amd64", "darwin/arm64", "windows/arm64")
	r.help = helpOf(t)
	for _, target := range r.targets {
		if err := os.WriteFile(r.program(target), []byte("the program for "+target.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.archives(); err != nil {
		t.Fatal(err)
	}
	docs, err := output("git", "ls-files", "docs")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, name := range append(strings.Fields("LICENSE web/notices.txt README.md README.fr.md CHANGELOG.md SECURITY.md CONTRIBUTING.md"), strings.Fields(docs)...) {
		sources[name] = name
	}
	links := regexp.MustCompile(`\]\(([^:)#]+)[)#]`)
	begins := map[string]string{
		"share/temoin.1": `.TH TEMOIN 1 2026\-11\-27 "temoin 0.1.0"`, "share/completion.bash": "#", "share/completion.zsh": "#compdef temoin", "share/completion.fish": "#",
	}
	for archive, program := range map[string]string{
		"temoin_0.1.0_linux_amd64.tar.gz": "temoin", "temoin_0.1.0_darwin_arm64.tar.gz": "temoin", "temoin_0.1.0_windows_arm64.zip": "temoin.exe",
	} {
		folder := strings.TrimSuffix(strings.TrimSuffix(archive, ".tar.gz"), ".zip")
		entries := unpacked(t, filepath.Join(r.dir, archive))
		want := map[string]bool{path.Join(folder, program): true}
		if got := entries[path.Join(folder, program)]; got.data != "the program for "+strings.TrimPrefix(folder, "temoin_0.1.0_") || got.mode != 0o755 {
			t.Errorf("%s: the program is %q, %s", archive, got.data, got.mode)
		}
		for name, source := range sources {
			want[path.Join(folder, name)] = true
			text, err := os.ReadFile(source)
			if got := entries[path.Join(folder, name)]; err != nil || got.data != string(text) || got.mode != 0o644 {
				t.Errorf("%s: %s is not %s (%v)", archive, name, source, err)
			}
		}
		for name, begin := range begins {
			want[path.Join(folder, name)] = true
			if got := entries[path.Join(folder, name)].data; !strings.HasPrefix(got, begin) || !strings.Contains(got, "rotate") {
				t.Errorf("%s: %s begins with %.60q", archive, name, got)
			}
		}
		for _, name := range []string{"README.md", "README.fr.md"} {
			for _, link := range links.FindAllStringSubmatch(entries[path.Join(folder, name)].data, -1) {
				leads := func(entry string) bool {
					return entry == path.Join(folder, link[1]) || strings.HasPrefix(entry, path.Join(folder, link[1])+"/")
				}
				if !slices.ContainsFunc(slices.Collect(maps.Keys(entries)), leads) {
					t.Errorf("%s: %s leads to %s, which is not there", archive, name, link[1])
				}
			}
		}
		for name, got := range entries {
			if !want[name] || !got.at.Equal(day) {
				t.Errorf("%s: %s is there, of %s", archive, name, got.at)
			}
		}
	}
}

// bom is what is looked at of a bill of materials.
type bom struct {
	BOMFormat    string
	SpecVersion  string
	SerialNumber string
	Metadata     struct {
		Timestamp string
		Component part
	}
	Components   []part
	Dependencies []struct {
		Ref       string
		DependsOn []string
	}
}

type part struct {
	Type, Name, Version, PURL string
	Ref                       string `json:"bom-ref"`
	Hashes                    []struct{ Alg, Content string }
}

// TestBill: the bill of a program names each module that is in it with its version, in the form that the documentation says.
func TestBill(t *testing.T) {
	r := newRelease(t, "linux/amd64")
	self, err := filepath.Abs("bin/temoin")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, r.program(r.targets[0])); err != nil {
		t.Fatal(err)
	}
	if err := r.bills(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(r.dir, "temoin_0.1.0_linux_amd64.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(self)
	if err != nil || len(info.Deps) < 20 {
		t.Fatalf("the program has %d modules (%v)", len(info.Deps), err)
	}
	want := map[string]string{"std": strings.TrimPrefix(info.GoVersion, "go")}
	for _, module := range info.Deps {
		want[module.Path] = module.Version
	}
	checkBill(t, text, want)
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.bill(info, sha256.Sum256(program))
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("the same program has another bill (%v)", err)
	}
}

// TestBill_Names: what has taken a module's place is named instead of it, and signs that a package URL has for itself are written otherwise.
func TestBill_Names(t *testing.T) {
	r := &release{version: "0.1.0", time: day}
	text, err := r.bill(&debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Path: "temoin.example/temoin"}, Deps: []*debug.Module{
		{Path: "github.com/A/B/v2", Version: "v2.0.0+incompatible"},
		{Path: "old.example/a", Version: "v1.0.0", Replace: &debug.Module{Path: "new.example/a", Version: "v1.0.1"}},
	}}, sha256.Sum256(nil))
	if err != nil {
		t.Fatal(err)
	}
	checkBill(t, text, map[string]string{"std": "1.26.8", "github.com/A/B/v2": "v2.0.0+incompatible", "new.example/a": "v1.0.1"})
	for _, url := range []string{"pkg:golang/std@1.26.8", "pkg:golang/github.com/a/b/v2@v2.0.0%2Bincompatible", "pkg:golang/new.example/a@v1.0.1"} {
		if !bytes.Contains(text, []byte(`"purl": "`+url+`"`)) {
			t.Errorf("no %s in %s", url, text)
		}
	}
}

// checkBill holds a bill to its format, and to the modules that it is to name.
func checkBill(t *testing.T, text []byte, want map[string]string) {
	t.Helper()
	page, err := os.ReadFile("docs/releases.md")
	if err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := errors.Join(json.Unmarshal(text, &b), validBill(text)); err != nil {
		t.Fatal(err)
	}
	if says := "(" + b.BOMFormat + " " + b.SpecVersion + ")"; !bytes.Contains(page, []byte(says)) {
		t.Errorf("it is %s, of which docs/releases.md does not speak", says)
	}
	about := b.Metadata.Component
	if b.Metadata.Timestamp != day.Format(time.RFC3339) || about.Name != "temoin.example/temoin" || about.Version != "v0.1.0" || len(about.Hashes) != 1 {
		t.Errorf("it is of %v, at %s", about, b.Metadata.Timestamp)
	}
	got, refs := map[string]string{}, []string{}
	for _, c := range b.Components {
		got[c.Name] = c.Version
		refs = append(refs, c.Ref)
	}
	if !maps.Equal(got, want) || len(b.Components) != len(want) {
		t.Errorf("it names %v, want %v", got, want)
	}
	if len(b.Dependencies) != 1 || b.Dependencies[0].Ref != about.Ref || !slices.Equal(b.Dependencies[0].DependsOn, refs) {
		t.Errorf("it is made of %v, want %v", b.Dependencies, refs)
	}
}

// validBill holds a bill to the format's own schema, which comes with the library.
func validBill(text []byte) error {
	folder, err := output("go", "-C", "server/tools/release", "list", "-m", "-f", "{{.Dir}}", "github.com/CycloneDX/cyclonedx-go")
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	for name, file := range map[string]string{"bom-1.6": "bom-1.6.schema.json", "spdx": "spdx.schema.json", "jsf-0.82": "jsf-0.82.schemax.json"} {
		data, err := os.ReadFile(filepath.Join(folder, "schema", file))
		if err != nil {
			return err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			return err
		}
		if err := compiler.AddResource(fmt.Sprintf("http://cyclonedx.org/schema/%s.schema.json", name), document); err != nil {
			return err
		}
	}
	schema, err := compiler.Compile("http://cyclonedx.org/schema/bom-1.6.schema.json")
	if err != nil {
		return err
	}
	bill, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(bill)
}
