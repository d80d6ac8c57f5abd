package catalogue

import (
	"testing"
	"testing/fstest"
)

// TestThemeWordings: what a theme says takes the place of texts that there are,
// in languages that there are, and puts in no value that the text has not.
func TestThemeWordings(t *testing.T) {
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	themes, err := themeWordings()
	if err != nil {
		t.Fatal(err)
	}
	for theme, wordings := range themes {
		for lang, texts := range wordings {
			if languages[lang] == nil {
				t.Errorf("%s: no language %q", theme, lang)
				continue
			}
			for key, text := range texts {
				if _, found := languages[lang].interfaceText(key); !found {
					t.Errorf("%s, %s: no text %q", theme, lang, key)
				}
				if words := placeholders(text); len(words) > 0 && (key != "banner-title" || words[0] != "{site}") {
					t.Errorf("%s, %s: %s holds %q", theme, lang, key, words)
				}
			}
		}
	}
}

func TestThemeWordings_Wrong(t *testing.T) {
	files := fstest.MapFS{"list.yaml": {Data: []byte("[fr]")}, "broken.yaml": {Data: []byte("fr: {")}}
	for name := range files {
		if _, err := readThemeWordings(files, name); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
	if texts, err := readThemeWordings(files, "none.yaml"); texts != nil || err != nil {
		t.Errorf("got %v, %v, want nothing for a theme without words", texts, err)
	}
}

func TestEdition_Theme(t *testing.T) {
	c, err := Load("../demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c.Look.Theme = ThemeDSFR
	c.Texts = map[string]map[string]string{"fr": {"save": "Valider"}}
	edition, err := Edition(c, "fr")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := edition.Texts.DialogTitle, "Panneau de gestion des cookies"; got != want {
		t.Errorf("got %q, want the theme's %q", got, want)
	}
	if got, want := edition.Texts.Save, "Valider"; got != want {
		t.Errorf("got %q, want the catalogue's own %q over the theme's", got, want)
	}
	if got, want := edition.Texts.Accept, "Tout accepter"; got != want {
		t.Errorf("got %q, want the language's %q", got, want)
	}
}
