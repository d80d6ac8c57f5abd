// Command build makes of the sources in web what a page loads, in web/dist:
// the loaders, and what comes later, bundled and minified; the style sheets, minified; Go's own
// wasm_exec.js, wrapped as a module; and app.wasm, which ./build.sh has put
// there, compressed.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/evanw/esbuild/pkg/api"
)

const dist = "web/dist"

func main() {
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "server/tools/build:", err)
		os.Exit(1)
	}
}

func build() error {
	return errors.Join(loaders(), part("dialog"), part("later"), part("gated"), part("speak"), styles(), runtime(), compress(filepath.Join(dist, "app.wasm")), rules())
}

// browsers are the oldest that can run Go's WebAssembly and a native dialog in
// a shadow root with adopted style sheets.
var browsers = []api.Engine{
	{Name: api.EngineChrome, Version: "105"},
	{Name: api.EngineFirefox, Version: "121"},
	{Name: api.EngineSafari, Version: "16.4"},
}

// loaders makes a loader for each set of the parts that only some catalogues
// need; the server takes the one that its catalogue does (server/site/gate.go).
func loaders() error {
	parts := []string{"hold", "signals", "withdraw"}
	var errs []error
	for set := range 1 << len(parts) {
		name, imports, arguments := "loader", "", slices.Repeat([]string{"null"}, len(parts))
		for i, part := range parts {
			if set>>i&1 == 1 {
				name += "." + part
				imports += fmt.Sprintf("import { %s } from './%[1]s.js';", part)
				arguments[i] = part
			}
		}
		entry := fmt.Sprintf("import { begin } from './begin.js'; %s begin(%s);", imports, strings.Join(arguments, ","))
		errs = append(errs, bundle("web/loader", entry, name+".js", api.FormatESModule)) // the server puts a function around it
	}
	return errors.Join(errs...)
}

// bundle makes one file of the modules in dir that entry, a module itself, imports.
func bundle(dir, entry, name string, format api.Format, plugins ...api.Plugin) error {
	result := api.Build(api.BuildOptions{
		Stdin:             &api.StdinOptions{Contents: entry, ResolveDir: dir},
		Bundle:            true,
		Format:            format,
		Plugins:           plugins,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		Charset:           api.CharsetUTF8,
		Engines:           browsers,
	})
	if err := failure(result.Errors, result.Warnings); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dist, name), result.OutputFiles[0].Contents, 0o644)
}

// part makes one of the files that a page fetches only when it needs them.
func part(name string) error {
	return bundle("web/"+name, "export * from './main.js'", name+".js", api.FormatESModule)
}

func styles() error {
	return filepath.WalkDir("web/styles", func(source string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return minify(source)
	})
}

// runtime bundles the modules of web/runtime with Go's wasm_exec.js, wrapped in a
// function whose one parameter is named globalThis, so that all it takes from
// the page and gives to it goes through the scope that is passed in: fs, which it
// makes itself and names without globalThis where it prints a panic, too. It has
// to be the file of the very Go that compiled app.wasm.
func runtime() error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("ask for GOROOT: %w", err)
	}
	source := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")
	code, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	wrapped := "export default function (globalThis) {\nlet fs;\n" + string(code) + "\nfs = globalThis.fs;\nreturn globalThis.Go;\n}"
	return bundle("web/runtime", "export * from './main.js'", "runtime.js", api.FormatESModule, module("wasm_exec", wrapped))
}

// module answers imports of that name with code that stands in no file.
func module(name, code string) api.Plugin {
	return api.Plugin{Name: name, Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "^" + name + "$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: name, Namespace: name}, nil
		})
		build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: name}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			return api.OnLoadResult{Contents: &code}, nil
		})
	}}
}

func minify(style string) error {
	code, err := os.ReadFile(style)
	if err != nil {
		return err
	}
	result := api.Transform(string(code), api.TransformOptions{
		Sourcefile:       style,
		Loader:           api.LoaderCSS,
		MinifyWhitespace: true,
		MinifySyntax:     true,
		Charset:          api.CharsetUTF8,
		Engines:          browsers,
	})
	if err := failure(result.Errors, result.Warnings); err != nil {
		return err
	}
	target := filepath.Join(dist, strings.TrimPrefix(style, "web/styles/"))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, result.Code, 0o644)
}

// failure takes warnings for errors: none of ours is meant to stay.
func failure(errs, warnings []api.Message) error {
	var all []error
	for _, message := range append(errs, warnings...) {
		at := api.Location{}
		if message.Location != nil {
			at = *message.Location
		}
		all = append(all, fmt.Errorf("%s:%d:%d: %s", at.File, at.Line, at.Column, message.Text))
	}
	return errors.Join(all...)
}

// compress writes name.br and name.gz, at the highest levels. That takes a
// quarter of a minute, so it is left out where it has been done for the same
// bytes: name.sum tells.
func compress(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	hash := sha256.Sum256(data)
	sum := hex.EncodeToString(hash[:])
	if done, _ := os.ReadFile(name + ".sum"); string(done) == sum {
		return nil
	}
	if err := os.RemoveAll(name + ".sum"); err != nil {
		return err
	}
	if err := packed(name+".br", data, func(w io.Writer) io.WriteCloser {
		return brotli.NewWriterLevel(w, brotli.BestCompression)
	}); err != nil {
		return err
	}
	if err := packed(name+".gz", data, func(w io.Writer) io.WriteCloser {
		z, _ := gzip.NewWriterLevel(w, gzip.BestCompression) // the level is a valid one
		return z
	}); err != nil {
		return err
	}
	return os.WriteFile(name+".sum", []byte(sum), 0o644)
}

func packed(name string, data []byte, pack func(io.Writer) io.WriteCloser) error {
	var b bytes.Buffer
	w := pack(&b)
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o644)
}
