package catalogue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"temoin/app"
	"temoin/app/consent"
)

// Edition returns what the interface needs to ask in lang, one of the
// catalogue's languages: all but the style sheet.
func Edition(c *consent.Catalogue, lang string) (*app.Edition, error) {
	languages, err := Languages()
	if err != nil {
		return nil, err
	}
	language := languages[lang]
	if language == nil || !slices.Contains(c.Languages, lang) {
		return nil, fmt.Errorf("make edition: no language %q in the catalogue, which has %s", lang, strings.Join(c.Languages, ", "))
	}
	themes, err := themeWordings()
	if err != nil {
		return nil, fmt.Errorf("make edition: %w", err)
	}
	texts, err := override(language.Interface, themes[c.Look.Theme][lang], c.Texts[lang])
	if err != nil {
		return nil, fmt.Errorf("make edition: %w", err)
	}
	return &app.Edition{
		Lang:      lang,
		Dir:       language.Dir,
		Rev:       c.Rev(),
		Catalogue: c.Only(lang),
		Texts:     texts,
		Durations: durations(c, language),
	}, nil
}

// override returns texts with the theme's and then the catalogue's own wordings
// in place. All have the same keys in JSON.
func override(texts app.Texts, layers ...map[string]string) (app.Texts, error) {
	for _, own := range layers {
		data, err := json.Marshal(own)
		if err != nil {
			return texts, fmt.Errorf("write own texts: %w", err)
		}
		if err := json.Unmarshal(data, &texts); err != nil {
			return texts, fmt.Errorf("read own texts: %w", err)
		}
	}
	return texts, nil
}

// durations returns the words of every duration that the catalogue shows.
func durations(c *consent.Catalogue, language *Language) map[string]string {
	words := map[string]string{}
	add := func(d consent.Duration) { words[d.String()] = language.Duration(d) }
	add(c.Cookie.Lifetime)
	for _, service := range c.Services {
		for _, cookie := range service.Cookies {
			add(cookie.Duration)
		}
	}
	return words
}
