// Package version says which Témoin this is. What is changed for a release is
// Number, and the head of CHANGELOG.md: nothing else.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// Number is the version, after semver.org. Between two releases it is the next one's,
// with "-dev" behind it.
const Number = "0.1.0-dev"

// module is the path by which other programs that embed Témoin know it.
const module = "temoin.example/temoin"

// commit is what a release is built from: it says so by itself, since Go knows
// nothing of it in some folders that git makes.
var commit string

// Commit returns what the program was built from: the commit's hash, "" where the
// build was not told. A program of others' that embeds Témoin has a commit of its own,
// which is not meant.
var Commit = sync.OnceValue(func() string {
	if commit != "" {
		return commit
	}
	info, found := debug.ReadBuildInfo()
	if !found {
		return ""
	}
	return commitOf(info)
})

func commitOf(info *debug.BuildInfo) (commit string) {
	if info.Main.Path != module {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			commit = setting.Value
		}
	}
	return commit
}

// String returns the version and, where it is known, the commit as build metadata:
// 0.1.0+b4a5cc2d0f3e.
func String() string {
	if commit := Commit(); commit != "" {
		return Number + "+" + commit[:min(len(commit), 12)]
	}
	return Number
}

// Long returns what temoin version prints: also the Go that compiled the program, and
// what for.
func Long() string {
	commit := Commit()
	if commit == "" {
		commit = "unknown"
	}
	return fmt.Sprintf("temoin %s\ncommit %s\n%s %s/%s", Number, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// UserAgent returns the name by which Témoin asks other servers (RFC 9110, section
// 10.1.5).
func UserAgent() string { return "temoin/" + Number }
