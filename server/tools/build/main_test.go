package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
)

// The loader's modules are read one after the other: begin.js puts them together,
// and none takes anything from a module that takes from it.
func TestLoaderImportsHaveNoCircle(t *testing.T) {
	result := api.Build(api.BuildOptions{
		EntryPoints: []string{"../../../web/loader/begin.js", "../../../web/loader/hold.js", "../../../web/loader/signals.js", "../../../web/loader/withdraw.js"},
		Bundle:      true,
		Metafile:    true,
		Outdir:      t.TempDir(),
	})
	if err := failure(result.Errors, nil); err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Inputs map[string]struct {
			Imports []struct{ Path string }
		}
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		t.Fatal(err)
	}
	if len(meta.Inputs) < 10 {
		t.Fatalf("looked at %d modules only", len(meta.Inputs))
	}
	done := map[string]bool{}
	var visit func(module string, trail []string)
	visit = func(module string, trail []string) {
		if i := slices.Index(trail, module); i >= 0 {
			t.Errorf("these import each other: %s", strings.Join(append(trail[i:], module), " → "))
			return
		}
		if done[module] {
			return
		}
		for _, next := range meta.Inputs[module].Imports {
			visit(next.Path, append(slices.Clone(trail), module))
		}
		done[module] = true
	}
	for module := range meta.Inputs {
		visit(module, nil)
	}
}
