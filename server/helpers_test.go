package server

import (
	"cmp"
	"os"
	"testing"
	"testing/fstest"

	"temoin.example/temoin/server/catalogue"
)

// fakeDist stands for what ./build.sh build makes, so that these tests need no
// WebAssembly; the end-to-end tests use the real one.
func fakeDist() fstest.MapFS {
	files := fstest.MapFS{}
	for _, name := range []string{
		"app.wasm", "app.wasm.br", "app.wasm.gz", "runtime.js", "dialog.js", "later.js", "gated.js", "speak.js", "loader.js", "loader.withdraw.js", "shell.css", "dialog.css", "charter.css", "placeholder.css",
		"themes/default.css", "themes/dsfr.css", "themes/minimal.css", "positions/corner.css", "positions/centre.css",
	} {
		files[name] = &fstest.MapFile{Data: []byte("/* " + name + " */")}
	}
	return files
}

// bare returns a server that has loaded nothing yet. It sets no bound to what a
// client may report, where config sets none.
func bare(config Config) *Server {
	if config.Log == nil {
		config.Log = quiet()
	}
	config.Rate = cmp.Or(config.Rate, -1)
	config = config.withDefaults()
	return &Server{config: config, log: config.Log}
}

func mustParse(tb testing.TB, yaml []byte) *catalogue.Catalogue {
	tb.Helper()
	c, err := catalogue.Parse("catalogue.yaml", yaml)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func mustReadDemo(tb testing.TB) *catalogue.Catalogue {
	tb.Helper()
	data, err := os.ReadFile("demo/rich.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return mustParse(tb, data)
}
