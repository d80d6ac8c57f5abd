package catalogue

import (
	"os"
	"slices"
	"testing"
)

// TestAlso: in each language that there is, what comes out is a catalogue that
// can be printed and read, and the revision stays; the one put in does not change.
func TestAlso(t *testing.T) {
	data, err := os.ReadFile("../demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse("catalogue.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	for lang, language := range languages {
		if slices.Contains(c.Languages, lang) {
			continue
		}
		more, err := Also(c, lang)
		if err != nil {
			t.Fatal(err)
		}
		printed, err := Print(more)
		if err != nil {
			t.Fatal(err)
		}
		read, err := Parse("printed.yaml", printed)
		if err != nil {
			t.Fatalf("%s: %v", lang, err)
		}
		if read.Rev() != c.Rev() {
			t.Errorf("%s: got the revision %s, want %s: who has answered is not asked again", lang, read.Rev(), c.Rev())
		}
		if got, want := read.Category("statistics").Title.In(lang), language.Categories["statistics"].Title; got != want {
			t.Errorf("%s: got the title %q, want %q", lang, got, want)
		}
		if got, want := read.Service("youtube").Purpose.In(lang), c.Service("youtube").Purpose.In("fr"); got != want {
			t.Errorf("%s: got the purpose %q, want the site's first language: %q", lang, got, want)
		}
	}
	if c.Site.Name.In("ar") != "" || len(c.Languages) != 2 {
		t.Error("the catalogue put in has changed")
	}
	if _, err := Also(c, "xx"); err == nil {
		t.Error("want an error for a language without texts")
	}
}
