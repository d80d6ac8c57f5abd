package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// target is a system that the program runs on.
type target struct{ os, arch string }

var allTargets = []string{
	"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64",
	"windows/amd64", "windows/arm64", "freebsd/amd64", "freebsd/arm64",
}

func parseTargets(list string) (targets []target, err error) {
	for name := range strings.SplitSeq(list, ",") {
		if !slices.Contains(allTargets, name) {
			return nil, fmt.Errorf("-targets names %q; there are %s", name, strings.Join(allTargets, ","))
		}
		system, arch, _ := strings.Cut(name, "/")
		targets = append(targets, target{system, arch})
	}
	return targets, nil
}

func (t target) String() string { return t.os + "_" + t.arch }

// executable is the program's name there.
func (t target) executable() string {
	if t.os == "windows" {
		return "temoin.exe"
	}
	return "temoin"
}

// program is the path of the compiled program.
func (r *release) program(t target) string {
	return filepath.Join(r.scratch, t.String(), t.executable())
}

// linux are the targets of packages and of the image.
func (r *release) linux() []target {
	return slices.DeleteFunc(slices.Clone(r.targets), func(t target) bool { return t.os != "linux" })
}

// commitVariable is what the linker sets.
const commitVariable = "temoin.example/temoin/server/version.commit"

// compile builds the programs as ./build.sh build does, for each target and with
// the commit in it. None needs a library of the system.
func (r *release) compile() error {
	for _, t := range r.targets {
		command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -X "+commitVariable+"="+r.commit, "-o", r.program(t), ".")
		command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch)
		if said, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("for %s: %w: %s", t, err, said)
		}
	}
	return nil
}
