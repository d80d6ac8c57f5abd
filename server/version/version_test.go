package version

import (
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"golang.org/x/mod/semver"
)

// TestNumber: the version is a semantic one, and what it changes stands in the
// changelog: a release under its number and day, the next one as unreleased.
func TestNumber(t *testing.T) {
	if v := "v" + Number; semver.Canonical(v) != v {
		t.Fatalf("%q is no semantic version", Number)
	}
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	want := `(?m)^## \[?` + regexp.QuoteMeta(Number) + `\]? - \d{4}-\d\d-\d\d$`
	if strings.HasSuffix(Number, "-dev") {
		want = `(?m)^## \[?Unreleased\]?$`
	}
	if !regexp.MustCompile(want).Match(changelog) {
		t.Errorf("the version is %s; CHANGELOG.md has no line like %s", Number, want)
	}
}

func TestCommit(t *testing.T) {
	built := func(path string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Path: path}, Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "b4a5cc2d"}}}
	}
	if got := commitOf(built(module)); got != "b4a5cc2d" {
		t.Errorf("got %q, want the commit of the build", got)
	}
	if got := commitOf(built("example.org/site")); got != "" {
		t.Errorf("got %q, which is the commit of the program around", got)
	}
}
