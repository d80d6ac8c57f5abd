package catalogue

import (
	"fmt"
	"maps"
	"slices"

	"temoin.example/temoin/app/consent"
)

// Also returns the catalogue in one language more: Témoin's own words are in
// that language, and what the site alone can say is in its first one.
func Also(c *Catalogue, lang string) (*Catalogue, error) {
	languages, err := Languages()
	if err != nil {
		return nil, err
	}
	if languages[lang] == nil {
		return nil, fmt.Errorf("add a language: there are no texts for %q", lang)
	}
	first := c.Languages[0]
	also := func(text consent.Text, words string) consent.Text {
		if text.In(lang) != "" || words == "" {
			return text
		}
		text = maps.Clone(text)
		text[lang] = words
		return text
	}
	own := func(text consent.Text) consent.Text { return also(text, text.In(first)) }

	changed := *c
	changed.Languages = append(slices.Clone(c.Languages), lang)
	changed.Site.Name = own(c.Site.Name)
	changed.Categories = slices.Clone(c.Categories)
	for i, category := range c.Categories {
		title, description := category.Title.In(first), category.Description.In(first)
		if title == languages[first].Categories[category.ID].Title {
			title = languages[lang].Categories[category.ID].Title
		}
		if description == languages[first].Categories[category.ID].Description {
			description = languages[lang].Categories[category.ID].Description
		}
		changed.Categories[i].Title = also(category.Title, title)
		changed.Categories[i].Description = also(category.Description, description)
	}
	changed.Services = slices.Clone(c.Services)
	for i, service := range c.Services {
		service.Name, service.Location, service.Purpose = own(service.Name), own(service.Location), own(service.Purpose)
		service.Cookies = slices.Clone(service.Cookies)
		for j, cookie := range service.Cookies {
			service.Cookies[j].Purpose = own(cookie.Purpose)
		}
		changed.Services[i] = service
	}
	return &changed, nil
}
