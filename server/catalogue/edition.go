package catalogue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
)

// Edition returns what the interface needs to ask in lang, one of the
// catalogue's languages: all but the style sheet.
func Edition(c *Catalogue, lang string) (*app.Edition, error) {
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
	edition := &app.Edition{
		Lang:      lang,
		Dir:       language.Dir,
		Marks:     c.Marks(),
		Catalogue: c.Only(lang),
		Texts:     texts,
		Theme:     string(c.Look.Theme),
		Durations: durations(c, language),
	}
	if language.Dir == "rtl" {
		isolateNames(edition.Catalogue)
	}
	t := &edition.Texts
	t.BannerText = bannerText(edition)
	if len(c.Refusable()) == 0 {
		t.DialogTitle, t.Reopen, t.DialogText = t.NecessaryTitle, t.NecessaryTitle, t.NecessaryText
	}
	t.NecessaryTitle, t.NecessaryText = "", ""
	return edition, nil
}

// bannerText returns the sentence that says who asks and what for; nothing where
// nobody is asked.
func bannerText(e *app.Edition) string {
	c := e.Catalogue
	services := c.Asked()
	if len(services) == 0 {
		return ""
	}
	var purposes []string
	for _, category := range c.Categories {
		if slices.ContainsFunc(services, func(s consent.Service) bool { return s.Category == category.ID }) {
			purposes = append(purposes, category.Title.In(e.Lang))
		}
	}
	return strings.NewReplacer(
		"{site}", c.Site.Name.In(e.Lang),
		"{purposes}", e.List(purposes),
		"{count}", strconv.Itoa(len(services)),
	).Replace(e.Texts.BannerText)
}

// isolateNames keeps names whole, dots and brackets included, that may be
// written from left to right in texts that are written from right to left: by
// the characters that Unicode has for it.
func isolateNames(c *consent.Catalogue) {
	isolate := func(name string) string { return "\u2068" + name + "\u2069" }
	isolateText := func(text consent.Text) {
		for lang, name := range text {
			text[lang] = isolate(name)
		}
	}
	isolateText(c.Site.Name)
	for i := range c.Services {
		isolateText(c.Services[i].Name)
		c.Services[i].Provider = isolate(c.Services[i].Provider)
	}
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
func durations(c *Catalogue, language *Language) map[string]string {
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
