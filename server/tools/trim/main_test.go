package main

import (
	"maps"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	source := func() *goApp {
		return &goApp{"v1.0.0", map[string][]byte{"pkg/app/a.go": []byte("a"), "pkg/app/b.go": []byte("b")}}
	}
	known := list{}.updated(source())
	if err := known.check(source()); err != nil {
		t.Fatalf("unchanged: got %v", err)
	}
	for name, c := range map[string]struct {
		change func(*goApp)
		says   string
	}{
		"another version":           {func(g *goApp) { g.version = "v1.0.1" }, "version v1.0.1, want v1.0.0"},
		"a file of another content": {func(g *goApp) { g.files["pkg/app/a.go"] = []byte("A") }, "pkg/app/a.go has changed"},
		"a file more":               {func(g *goApp) { g.files["pkg/app/c.go"] = nil }, "pkg/app/c.go is new"},
		"a file less":               {func(g *goApp) { delete(g.files, "pkg/app/b.go") }, "pkg/app/b.go is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := source()
			changed.files = maps.Clone(changed.files)
			c.change(changed)
			err := known.check(changed)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
			if err := known.updated(changed).check(changed); err != nil {
				t.Errorf("updated: got %v", err)
			}
		})
	}
}
