// Package catalogue reads catalogue files and the language files, checks them,
// and makes editions of them: what the interface needs in one language.
//
// It is apart from the domain because it needs a YAML parser and the public
// suffix list, which no visitor should have to download. It reads strictly and
// reports every mistake of a file at once, each with its place and with what
// would be right: a catalogue is written by people who know their site, not
// this program.
package catalogue

import (
	"fmt"
	"os"

	"temoin.example/temoin/app/consent"
)

// Load reads and checks the catalogue file at path. See [Parse].
func Load(path string) (*Catalogue, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	return Parse(path, data)
}

// Parse reads and checks a catalogue file's content; name is the file's name
// in what is reported. Where the file is wrong, the error is [Problems].
func Parse(name string, data []byte) (*Catalogue, error) {
	languages, err := Languages()
	if err != nil {
		return nil, err
	}
	catalogue := defaultCatalogue()
	d, problems := read(name, data)
	if problems != nil {
		return nil, problems
	}
	if d.merger, err = newMerger(d.nodes[""], languages); err != nil {
		return nil, err
	}
	d.decode(catalogue)
	complete(catalogue, languages)
	check(d, catalogue, languages)
	if err := d.problems.err(); err != nil {
		return nil, err
	}
	return catalogue, nil
}

// defaultCatalogue returns what a file need not say.
func defaultCatalogue() *Catalogue {
	return &Catalogue{
		Catalogue: consent.Catalogue{
			Links: consent.Links{Charter: consent.CharterPath},
			Cookie: consent.CookieSettings{
				Name:     consent.CookieName,
				Lifetime: consent.Duration{Count: 6, Unit: consent.Month},
			},
			Reopen:     true,
			GPC:        consent.GPCRefuse,
			Categories: defaultCategories(),
		},
		Look:     Look{Theme: ThemeDefault, Position: PositionBottom, Scheme: SchemeAuto},
		Reload:   ReloadAfterScript,
		Receipts: ReceiptsKept,
		Load:     LoadNear,
	}
}

// defaultIDs are the categories of a catalogue that names none. The language
// files have their titles and descriptions.
var defaultIDs = []string{necessary, "statistics", "first-party", "third-party"}

const necessary = "necessary"

func defaultCategories() []consent.Category {
	categories := make([]consent.Category, len(defaultIDs))
	for i, id := range defaultIDs {
		categories[i] = consent.Category{ID: id, Necessary: id == necessary}
	}
	return categories
}

// complete fills in what the file may leave out: the wordings of the default
// categories in the site's languages, kinds and parties.
func complete(c *Catalogue, languages map[string]*Language) {
	for i := range c.Categories {
		category := &c.Categories[i]
		title, description := consent.Text{}, consent.Text{}
		for _, lang := range c.Languages {
			if texts, found := categoryTexts(languages[lang], category.ID); found {
				title[lang], description[lang] = texts.Title, texts.Description
			}
		}
		if category.Title == nil {
			category.Title = title
		}
		if category.Description == nil {
			category.Description = description
		}
	}
	for i := range c.Services {
		completeService(&c.Services[i])
	}
}

func categoryTexts(language *Language, id string) (CategoryTexts, bool) {
	if language == nil {
		return CategoryTexts{}, false
	}
	texts, found := language.Categories[id]
	return texts, found
}

func completeService(service *consent.Service) {
	if service.Kind == "" {
		service.Kind = consent.Technical
	}
	for i := range service.Cookies {
		if service.Cookies[i].Party == "" {
			service.Cookies[i].Party = consent.FirstParty
		}
	}
}
