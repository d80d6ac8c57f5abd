package site

import (
	"bytes"
	"fmt"
	"html/template"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/web"
)

var charterPage = template.Must(template.New("charter").Parse(web.CharterPage))

// charterView is what the page around the charter's content shows.
type charterView struct {
	Edition *app.Edition
	Texts   *app.CharterTexts
	Site    string
	Loader  string // the paths of the loader, of the charter and of its style sheet
	Path    string
	Style   string
	Others  []*catalogue.Language
	Content template.HTML
}

// CharterPage says what a charter page shows, and to whom.
type CharterPage struct {
	Lang   string
	Record *consent.Record // the visitor's choice, nil without one
	Sent   bool            // whether the form has just been sent
	// Folder is the path beneath which the visitor finds what the site serves at its
	// root: "", or /consent.
	Folder string
}

// Charter draws the page. Where the form has been sent, it says what the browser
// kept: a visitor without cookies is told so, and not that all is well.
func (s *Site) Charter(asked CharterPage) ([]byte, error) {
	languages, err := catalogue.Languages()
	if err != nil {
		return nil, err
	}
	lang := asked.Lang
	edition, texts := s.editions[lang], &languages[lang].Charter
	notice := ""
	switch {
	case asked.Sent && asked.Record != nil:
		notice = texts.FormSaved
	case asked.Sent:
		notice = edition.Texts.NotKept
	}
	content, err := prerender(&app.Charter{
		Edition: edition,
		Texts:   texts,
		Storage: s.storage(),
		Draft:   s.Catalogue.Draft(asked.Record),
		Anew:    anew(asked.Record),
		Notice:  notice,
	})
	if err != nil {
		return nil, fmt.Errorf("prerender charter in %s: %w", lang, err)
	}
	view := charterView{
		Edition: edition,
		Texts:   texts,
		Site:    edition.Catalogue.Site.Name.In(lang),
		Loader:  asked.Folder + "/temoin.js",
		Path:    asked.Folder + consent.CharterPath,
		Style:   asked.Folder + s.charterStyle,
		Content: template.HTML(content), // printed by an HTML library: see prerender
	}
	for _, other := range s.Catalogue.Languages {
		if other != lang {
			view.Others = append(view.Others, languages[other])
		}
	}
	var page bytes.Buffer
	if err := charterPage.Execute(&page, view); err != nil {
		return nil, fmt.Errorf("draw charter: %w", err)
	}
	return page.Bytes(), nil
}

// anew returns what of it is asked anew.
func anew(record *consent.Record) []string {
	if record == nil {
		return nil
	}
	return record.Asked
}

// storage returns what services keep beside cookies, by their id.
func (s *Site) storage() map[string]*consent.Storage {
	byID := map[string]*consent.Storage{}
	for _, service := range s.Catalogue.Services {
		byID[service.ID] = service.Storage
	}
	return byID
}
