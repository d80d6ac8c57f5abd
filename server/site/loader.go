package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/version"
)

// loaderBundle is what the loader finds around itself. A star in a name stands
// for the language. It travels as a list, since names weigh: web/loader/bundle.js
// takes it apart in the order of the fields, and calls them as the tags do.
type loaderBundle struct {
	Lang       string            `json:"lang"`
	Languages  []string          `json:"languages"`
	Fixed      bool              `json:"fixed"` // lang holds whatever the page's language is
	Rev        string            `json:"rev"`
	Cookie     string            `json:"cookie"`
	Attributes string            `json:"attributes"`
	Lifetime   int               `json:"lifetime"` // seconds
	Categories []string          `json:"categories"`
	Services   map[string]string `json:"services"`  // category by service
	Necessary  []string          `json:"necessary"` // categories
	Exempt     []string          `json:"exempt"`    // categories and services
	Asks       bool              `json:"asks"`      // consent is asked for something
	Marks      map[string]string `json:"marks"`     // see consent.Marks
	Reopen     bool              `json:"reopen"`
	Near       bool              `json:"near"`   // the program waits for the visitor to come near
	Frames     bool              `json:"frames"` // whether a page in a frame of another site asks
	Runtime    string            `json:"runtime"`
	Program    string            `json:"program"`
	Edition    string            `json:"edition"`
	Dialog     string            `json:"dialog"`
	Later      string            `json:"later"`
	Gated      string            `json:"gated"`
	Speak      string            `json:"speak"`
	Shells     string            `json:"shells"`
	Anew       string            `json:"anew"`
	// Placeholders is the file with their markup by service and by category, and
	// their style.
	Placeholders string       `json:"placeholders"`
	Style        string       `json:"style"`
	Proof        *proofBundle `json:"proof"`
	gateBundle
	Words shellBundle `json:"words"`
}

// MarshalJSON writes the values, one after the other.
func (l loaderBundle) MarshalJSON() ([]byte, error) {
	var values []any
	for _, field := range fieldsOf(&l) {
		values = append(values, field.Interface())
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false) // it stands in a file of its own
	err := encoder.Encode(values)
	return data.Bytes(), err
}

// fieldsOf returns the fields, those of the gate in their place.
func fieldsOf(l *loaderBundle) []reflect.Value {
	var fields []reflect.Value
	whole := reflect.ValueOf(l).Elem()
	for _, field := range reflect.VisibleFields(whole.Type()) {
		if !field.Anonymous {
			fields = append(fields, whole.FieldByIndex(field.Index))
		}
	}
	return fields
}

// proofBundle says where choices are reported for proof, by the address or by
// the path beside temoin.js, and what the text is called that was shown.
type proofBundle struct {
	URL  string `json:"url"`
	Text string `json:"text"`
}

// newLoader returns the bundle of a catalogue, without the names of files and
// without what is said in one language.
func newLoader(c *catalogue.Catalogue, style []byte) loaderBundle {
	l := loaderBundle{
		Languages:  c.Languages,
		Rev:        c.Rev(),
		Cookie:     c.Cookie.Name,
		Attributes: strings.TrimPrefix(c.Cookie.Line("", false), c.Cookie.Name+"="),
		Lifetime:   c.Cookie.MaxAge(),
		Services:   map[string]string{},
		Necessary:  []string{},
		Exempt:     []string{},
		Asks:       len(c.Asked()) > 0,
		Marks:      c.Marks().Of,
		Reopen:     c.Reopen,
		Near:       c.Load == catalogue.LoadNear,
		Frames:     c.Frames == catalogue.FramesAsk,
		Style:      string(style),
		gateBundle: gateOf(c),
	}
	for _, category := range c.Categories {
		if !category.Necessary && !c.Offers(category.ID) {
			continue // to the page it is unknown, and so not allowed
		}
		l.Categories = append(l.Categories, category.ID)
		if category.Necessary {
			l.Necessary = append(l.Necessary, category.ID)
		}
		if category.Anonymous {
			l.Exempt = append(l.Exempt, category.ID)
		}
	}
	for _, service := range c.Services {
		l.Services[service.ID] = service.Category
		if service.Anonymous {
			l.Exempt = append(l.Exempt, service.ID)
		}
	}
	return l
}

// addLoaders adds temoin.js, and temoin.<lang>.js for who wants one language
// whatever the page's is.
func (f *files) addLoaders(common loaderBundle, words shells, code []byte, cache string) error {
	for i, lang := range common.Languages {
		l := common
		l.Lang, l.Words = lang, words.byLang[lang]
		if i == 0 {
			if err := f.addLoader("/temoin.js", cache, l, code); err != nil {
				return err
			}
		}
		l.Fixed = true
		if err := f.addLoader("/temoin."+lang+".js", cache, l, code); err != nil {
			return err
		}
	}
	return nil
}

// addLoader puts the bundle before the loader's code, in one function: so it packs
// best. The first line asks Chromium to compile each function as the file comes,
// not within the visitor's first click, and says which version this is.
func (f *files) addLoader(path, cache string, l loaderBundle, code []byte) error {
	bundle, err := encodeJSON(l)
	if err != nil {
		return fmt.Errorf("write loader: %w", err)
	}
	f.add(path, cache, fmt.Appendf(nil, "//# allFunctionsCalledOnLoad temoin %s\n(()=>{var temoinBundle=%s;%s})();\n", version.Number, bundle, bytes.TrimSpace(code)))
	return nil
}
