package site

import (
	"fmt"

	"temoin.example/temoin/app"
	"temoin.example/temoin/server/catalogue"
)

// edition is what visitors are shown in one language.
type edition struct {
	*app.Edition
	shown []byte // JSON, as receipts name it
	text  []byte // as the program in the browser reads it
}

// makeEditions makes the editions of a catalogue, in the order of its languages.
func makeEditions(c *catalogue.Catalogue) ([]edition, error) {
	var editions []edition
	for _, lang := range c.Languages {
		made, err := catalogue.Edition(c, lang)
		if err != nil {
			return nil, err
		}
		shown, err := encodeJSON(shownOf(made))
		if err != nil {
			return nil, fmt.Errorf("write edition in %s: %w", lang, err)
		}
		text, err := made.Write()
		if err != nil {
			return nil, fmt.Errorf("write edition in %s: %w", lang, err)
		}
		editions = append(editions, edition{made, shown, []byte(text)})
	}
	return editions, nil
}

// shownEdition is an edition as receipts name it, by its hash: its keys and their
// order never change, but for keys that come new.
type shownEdition struct {
	Lang, Dir, Rev string
	Catalogue      *catalogue.Catalogue
	Texts          app.Texts
	Durations      map[string]string
	Style          string // always empty: styles are no part of what is consented to
}

func shownOf(e *app.Edition) shownEdition {
	c := &catalogue.Catalogue{Catalogue: *e.Catalogue, Look: catalogue.Look{Theme: catalogue.Theme(e.Theme)}}
	return shownEdition{Lang: e.Lang, Dir: e.Dir, Rev: e.Marks.Rev, Catalogue: c, Texts: e.Texts, Durations: e.Durations}
}

func byLanguage(editions []edition) map[string]*app.Edition {
	byLang := map[string]*app.Edition{}
	for _, e := range editions {
		byLang[e.Lang] = e.Edition
	}
	return byLang
}

func textsOf(editions []edition) map[string][]byte {
	texts := map[string][]byte{}
	for _, e := range editions {
		texts[e.Lang] = e.text
	}
	return texts
}

// Shown is what visitors are shown, as their receipts name it.
type Shown struct {
	// Text names what is shown in all languages: 16 hexadecimal digits.
	Text string
	// Catalogue is the whole catalogue, JSON.
	Catalogue []byte
	// Bodies are what is shown, JSON, by language.
	Bodies map[string][]byte
}

// nameShown names what visitors are shown.
func nameShown(c *catalogue.Catalogue, editions []edition) (Shown, error) {
	whole, err := encodeJSON(c.Public())
	if err != nil {
		return Shown{}, fmt.Errorf("write catalogue: %w", err)
	}
	shown := Shown{Catalogue: whole, Bodies: map[string][]byte{}}
	var all [][]byte
	for _, e := range editions {
		shown.Bodies[e.Lang] = e.shown
		all = append(all, e.shown)
	}
	shown.Text = hash(all...)
	return shown, nil
}
