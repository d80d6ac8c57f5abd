package site

import (
	"fmt"

	"temoin.example/temoin/app"
	"temoin.example/temoin/server/catalogue"
)

// shellBundle is the part of the loader's bundle that speaks a language.
type shellBundle struct {
	Shell   string     `json:"shell"`
	Texts   shellTexts `json:"texts"`
	Charter string     `json:"charter"`
}

type shellTexts struct {
	Saved   string `json:"saved"`
	NotKept string `json:"notKept"`
	Waiting string `json:"waiting"`
	// ReopenGPC takes the place of the reopening button's label where the
	// browser's Global Privacy Control is what refuses.
	ReopenGPC string `json:"reopenGPC,omitempty"`
}

// shells are what is painted before Go runs, by language: as the loaders hold it,
// and as the files that they fetch for other languages than their own.
type shells struct {
	byLang map[string]shellBundle
	files  map[string][]byte
}

func makeShells(c *catalogue.Catalogue, editions []edition) (shells, error) {
	made := shells{map[string]shellBundle{}, map[string][]byte{}}
	for _, e := range editions {
		shell, err := makeShell(c, e.Edition)
		if err != nil {
			return made, fmt.Errorf("prerender shell in %s: %w", e.Lang, err)
		}
		made.byLang[e.Lang] = shell
		if made.files[e.Lang], err = encodeJSON(shell); err != nil {
			return made, fmt.Errorf("write shell in %s: %w", e.Lang, err)
		}
	}
	return made, nil
}

func makeShell(c *catalogue.Catalogue, edition *app.Edition) (shellBundle, error) {
	layers, err := prerender(app.Prerendered(edition))
	if err != nil {
		return shellBundle{}, err
	}
	notice, err := prerender(&app.Notice{Edition: edition})
	if err != nil {
		return shellBundle{}, err
	}
	t := edition.Texts
	texts := shellTexts{Saved: t.Saved, NotKept: t.NotKept, Waiting: t.Waiting}
	if c.HonoursGPC() {
		texts.ReopenGPC = t.ReopenGPC
	}
	return shellBundle{Shell: layers + notice, Texts: texts, Charter: edition.Catalogue.Links.Charter}, nil
}

// makePlaceholders returns a file for each language with the markup of the
// placeholder of each service and category that can be refused, and under the key
// "style", which no id may be, the style sheet of them all.
func makePlaceholders(editions []edition, style []byte, lasting bool) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, e := range editions {
		markup, err := placeholdersIn(e.Edition, lasting)
		if err != nil {
			return nil, fmt.Errorf("prerender placeholders in %s: %w", e.Lang, err)
		}
		markup["style"] = string(style)
		if files[e.Lang], err = encodeJSON(markup); err != nil {
			return nil, fmt.Errorf("write placeholders in %s: %w", e.Lang, err)
		}
	}
	return files, nil
}

func placeholdersIn(edition *app.Edition, lasting bool) (markup map[string]string, err error) {
	markup = map[string]string{}
	for _, category := range edition.Catalogue.Categories {
		if !edition.Catalogue.Offers(category.ID) {
			continue
		}
		if markup[category.ID], err = prerender(&app.Placeholder{Edition: edition, Category: &category, Lasting: lasting}); err != nil {
			return nil, err
		}
	}
	for _, service := range edition.Catalogue.Refusable() {
		if markup[service.ID], err = prerender(&app.Placeholder{Edition: edition, Service: &service, Lasting: lasting}); err != nil {
			return nil, err
		}
	}
	return markup, nil
}
