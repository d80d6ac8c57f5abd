package site

import "fmt"

// anewBundle is what the banner says to who has answered before, and is asked only
// what is new: temoin.js fetches it then (web/later/anew.js).
type anewBundle struct {
	Text   string            `json:"text"` // {services} stands for their names
	Accept string            `json:"accept"`
	Refuse string            `json:"refuse"`
	Comma  string            `json:"comma"`
	Names  map[string]string `json:"names"` // by service
}

// makeAnew makes it for each language.
func makeAnew(editions []edition) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, e := range editions {
		t := e.Texts
		words := anewBundle{t.BannerAnew, t.AcceptAnew, t.RefuseAnew, e.Comma(), map[string]string{}}
		for _, service := range e.Catalogue.Refusable() {
			words.Names[service.ID] = service.Name.In(e.Lang)
		}
		var err error
		if files[e.Lang], err = encodeJSON(words); err != nil {
			return nil, fmt.Errorf("write the words for what is new in %s: %w", e.Lang, err)
		}
	}
	return files, nil
}
