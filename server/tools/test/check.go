package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// inBrowser are the packages that are compiled to WebAssembly too.
var inBrowser = []string{".", "./app/..."}

// check formats, vets and checks all Go code, and builds it for where no test
// runs it. It goes on after what is wrong, so that one run tells all.
func check(ctx context.Context, out io.Writer) error {
	staticcheck, err := exec.CommandContext(ctx, "go", "tool", "-n", "staticcheck").Output()
	if err != nil {
		return fmt.Errorf("go tool -n staticcheck: %w", err)
	}
	static := strings.TrimSpace(string(staticcheck))
	steps := []struct {
		name string
		env  []string
		args []string
	}{
		{"go vet", nil, []string{"go", "vet", "./..."}},
		{"go vet, for the browser", wasm, append([]string{"go", "vet"}, inBrowser...)},
		{"staticcheck", nil, []string{static, "./..."}},
		{"staticcheck, for the browser", wasm, append([]string{static}, inBrowser...)},
		{"go vet, of the release", nil, []string{"go", "-C", "server/tools/release", "vet", "./..."}},
		{"a build for Windows", []string{"GOOS=windows"}, []string{"go", "build", "-o", os.DevNull, "."}},
	}
	fmt.Fprintln(out, "== gofmt")
	errs := []error{formatted(os.DirFS("."))}
	for _, step := range steps {
		fmt.Fprintln(out, "==", step.name)
		command := exec.CommandContext(ctx, step.args[0], step.args[1:]...)
		command.Env = append(os.Environ(), step.env...)
		command.Stdout, command.Stderr = out, out
		if err := command.Run(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", step.name, err))
		}
	}
	return errors.Join(errs...)
}

// formatted fails if a Go file of the tree, wherever it lies, is not as gofmt
// writes it.
func formatted(tree fs.FS) error {
	var errs []error
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || name != "." && strings.HasPrefix(entry.Name(), ".")) {
			return fs.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		good, err := format.Source(source)
		if err == nil && !bytes.Equal(source, good) {
			err = errors.New("not formatted: gofmt -w " + name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}
