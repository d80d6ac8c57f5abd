package site

import (
	"os"
	"testing"

	"temoin.example/temoin/server/catalogue"
)

// TestParts: two sites share what no catalogue changes, and nothing else.
func TestParts(t *testing.T) {
	parts := NewParts(nil)
	sites := make([]*Site, 2)
	for i, file := range []string{"../demo/catalogue.yaml", "../demo/rich.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := catalogue.Parse(file, data)
		if err != nil {
			t.Fatal(err)
		}
		if sites[i], err = New(c, Options{Parts: parts}); err != nil {
			t.Fatal(err)
		}
	}
	shared := map[string]bool{}
	for path, asset := range sites[0].Files {
		if sites[1].Files[path] == asset {
			shared[typeOf(path)] = true
			continue
		}
		if size := len(asset.Body); size > 64<<10 {
			t.Errorf("%s, %d bytes, is held for each site", path, size)
		}
	}
	if !shared["application/wasm"] || !shared["text/javascript; charset=utf-8"] {
		t.Errorf("shared are the types %v, want the program and scripts among them", shared)
	}
	for _, path := range []string{"/temoin.js", "/temoin/catalogue.json"} {
		if sites[0].Files[path] == sites[1].Files[path] {
			t.Errorf("%s of one site is another's", path)
		}
	}
}

// TestPublic: what is between the operator and the server is neither published nor
// in what receipts name.
func TestPublic(t *testing.T) {
	const head = "site: { name: A, url: https://a.example }\nlanguages: [fr]\n"
	var made [2]*Site
	for i, text := range []string{head, head + "aliases: [b.example]\nadministrators: [marie]\nretention: 30 months\n"} {
		c, err := catalogue.Parse("a.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if made[i], err = New(c, Options{}); err != nil {
			t.Fatal(err)
		}
	}
	published := func(s *Site) string { return string(s.Files["/temoin/catalogue.json"].Body) }
	if published(made[0]) != published(made[1]) || string(made[0].Shown.Catalogue) != string(made[1].Shown.Catalogue) {
		t.Errorf("got %s, want %s", published(made[1]), published(made[0]))
	}
}
