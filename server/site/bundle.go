package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"temoin/app"
	"temoin/app/consent"
	"temoin/server/catalogue"
	"temoin/server/store"
	"temoin/web"
)

// Site is all that is made of one catalogue: the files that pages load, and
// what the charter page is drawn from. It does not change once it is made.
type Site struct {
	Catalogue *consent.Catalogue
	Rev       string
	editions  map[string]*app.Edition
	// Files holds the files by their path on the server.
	Files map[string]*Asset
	// charterStyle is the path of the charter page's style sheet.
	charterStyle string
	// Keeps is whether this server keeps receipts of the choices.
	Keeps bool
	// Shown is what visitors are shown, in each language, for the receipts; Text
	// names it all.
	Shown []store.Edition
	Text  string
}

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
	Reopen     bool              `json:"reopen"`
	Near       bool              `json:"near"` // the program waits for the visitor to come near
	Runtime    string            `json:"runtime"`
	Program    string            `json:"program"`
	Edition    string            `json:"edition"`
	Later      string            `json:"later"`
	Shells     string            `json:"shells"`
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

// publicCatalogue is the catalogue as a site's own server reads it that wants to
// know what the visitor allowed: with what it would have to calculate.
type publicCatalogue struct {
	Rev      string `json:"rev"`
	Lifetime int    `json:"lifetime"` // seconds
	*consent.Catalogue
}

// builder makes a bundle, step by step; the first error stops it.
type builder struct {
	*Site
	dist   fs.FS
	maxAge time.Duration
	encode AssetFunc
	err    error
}

// New makes the bundle of a catalogue. dist is web.Dist, maxAge how long
// a browser may use temoin.js without asking whether there is a newer one; keeps
// is whether who serves the bundle keeps receipts, if the catalogue wants that.
func New(c *consent.Catalogue, dist fs.FS, maxAge time.Duration, keeps bool) (*Site, error) {
	return Make(c, dist, maxAge, keeps, NewAsset)
}

func Make(c *consent.Catalogue, dist fs.FS, maxAge time.Duration, keeps bool, encode AssetFunc) (*Site, error) {
	b := &builder{
		Site: &Site{
			Catalogue: c,
			Rev:       c.Rev(),
			editions:  map[string]*app.Edition{},
			Files:     map[string]*Asset{},
			Keeps:     keeps && c.Receipts == consent.ReceiptsKept,
		},
		dist:   dist,
		maxAge: maxAge,
		encode: encode,
	}
	b.charterStyle = b.hashed("charter.css", []byte(b.themed("charter.css")))
	loader := b.loader()
	loader.Runtime = name(b.hashed("runtime.js", b.read("runtime.js")))
	loader.Program = name(b.program())
	loader.Edition = name(b.localized("edition", ".txt", b.makeEditions()))
	loader.Later = name(b.hashed("later.js", b.read("later.js")))
	loader.Proof = b.proof()
	shells := b.shells()
	loader.Shells = name(b.localized("shell", ".json", b.jsons(shells)))
	loader.Placeholders = name(b.localized("placeholders", ".json", b.jsons(b.placeholders())))
	b.loaders(loader, shells)
	b.add("/temoin/notices.txt", b.cache(), web.Notices)
	b.add("/temoin/temoin.d.ts", b.cache(), web.Declarations)
	b.add("/temoin/catalogue.json", b.cache(), b.json(publicCatalogue{b.Rev, c.Cookie.MaxAge(), c}))
	return b.Site, b.err
}

// name is what the loader calls the file at path.
func name(path string) string { return strings.TrimPrefix(path, "/temoin/") }

func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

func (b *builder) read(name string) []byte {
	data, err := fs.ReadFile(b.dist, name)
	if err != nil {
		b.fail(fmt.Errorf("read web/dist, which ./build.sh build makes: %w", err))
	}
	return data
}

func (b *builder) add(path, cache string, body []byte) string {
	b.Files[path] = b.encode(path, cache, body)
	return path
}

// hashed adds a file whose name holds its hash; it returns the path.
func (b *builder) hashed(name string, body []byte) string {
	stem, extension, _ := strings.Cut(name, ".")
	return b.add("/temoin/"+stem+"."+version(body)+"."+extension, Immutable, body)
}

// program adds app.wasm, which was compressed when it was built.
func (b *builder) program() string {
	body := b.read("app.wasm")
	path := "/temoin/app." + version(body) + ".wasm"
	packed := map[string][]byte{"br": b.read("app.wasm.br"), "gzip": b.read("app.wasm.gz")}
	b.Files[path] = packedAsset(path, Immutable, body, func(encoding string) []byte { return packed[encoding] })
	return path
}

// localized adds one file for each language, with one hash for all, so that the
// loader need know only one name; it returns the path with a star in the place
// of the language.
func (b *builder) localized(stem, extension string, bodies map[string][]byte) string {
	languages := slices.Sorted(maps.Keys(bodies))
	var all [][]byte
	for _, lang := range languages {
		all = append(all, bodies[lang])
	}
	sum := version(all...)
	for _, lang := range languages {
		b.add("/temoin/"+stem+"."+lang+"."+sum+extension, Immutable, bodies[lang])
	}
	return "/temoin/" + stem + ".*." + sum + extension
}

func (b *builder) jsons(values map[string]any) map[string][]byte {
	bodies := map[string][]byte{}
	for lang, value := range values {
		bodies[lang] = b.json(value)
	}
	return bodies
}

func (b *builder) json(value any) []byte {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false) // in files of their own, "<" needs no escape
	if err := encoder.Encode(value); err != nil {
		b.fail(fmt.Errorf("write json: %w", err))
	}
	return bytes.TrimSpace(data.Bytes())
}

func (b *builder) makeEditions() map[string][]byte {
	style := string(b.read("dialog.css"))
	bodies := map[string][]byte{}
	for _, lang := range b.Catalogue.Languages {
		edition, err := catalogue.Edition(b.Catalogue, lang)
		if err != nil {
			b.fail(err)
			continue
		}
		b.Shown = append(b.Shown, store.Edition{Rev: b.Rev, Lang: lang, Body: b.json(edition)})
		edition.Style = style
		b.editions[lang] = edition
		body, err := edition.Write()
		if err != nil {
			b.fail(err)
		}
		bodies[lang] = []byte(body)
	}
	return bodies
}

// proof names what visitors are shown, and says where their choices are
// reported; it returns nil where they are not.
func (b *builder) proof() *proofBundle {
	whole := b.json(b.Catalogue)
	var bodies [][]byte
	for _, edition := range b.Shown {
		bodies = append(bodies, edition.Body)
	}
	b.Text = hash(bodies...)
	for i := range b.Shown {
		b.Shown[i].Text, b.Shown[i].Catalogue = b.Text, whole
	}
	switch address := b.Catalogue.Receipts.Address(); {
	case address != "":
		return &proofBundle{address, b.Text}
	case b.Keeps:
		return &proofBundle{"api/consents", b.Text}
	}
	return nil
}

func (b *builder) shells() map[string]any {
	values := map[string]any{}
	for lang, edition := range b.editions {
		values[lang] = b.shell(edition)
	}
	return values
}

func (b *builder) shell(edition *app.Edition) shellBundle {
	layers, err := prerender(app.Prerendered(edition))
	if err != nil {
		b.fail(fmt.Errorf("prerender layers in %s: %w", edition.Lang, err))
	}
	notice, err := prerender(&app.Notice{Edition: edition})
	if err != nil {
		b.fail(fmt.Errorf("prerender notice in %s: %w", edition.Lang, err))
	}
	t := edition.Texts
	texts := shellTexts{Saved: t.Saved, NotKept: t.NotKept, Waiting: t.Waiting}
	if b.Catalogue.HonoursGPC() {
		texts.ReopenGPC = t.ReopenGPC
	}
	return shellBundle{
		Shell:   layers + notice,
		Texts:   texts,
		Charter: edition.Catalogue.Links.Charter,
	}
}

func (b *builder) loader() loaderBundle {
	c := b.Catalogue
	l := loaderBundle{
		Languages:  c.Languages,
		Rev:        b.Rev,
		Cookie:     c.Cookie.Name,
		Attributes: strings.TrimPrefix(c.Cookie.Line("", false), c.Cookie.Name+"="),
		Lifetime:   c.Cookie.MaxAge(),
		Services:   map[string]string{},
		Necessary:  []string{},
		Exempt:     []string{},
		Reopen:     c.Reopen,
		Near:       c.Load == consent.LoadNear,
		Style:      b.shellStyle(),
		gateBundle: gateOf(c),
	}
	for _, category := range c.Categories {
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

// loaders adds temoin.js, and temoin.<lang>.js for who wants one language
// whatever the page's is.
func (b *builder) loaders(common loaderBundle, shells map[string]any) {
	code := string(b.read(common.loader()))
	for i, lang := range b.Catalogue.Languages {
		l := common
		l.Lang = lang
		l.Words, _ = shells[lang].(shellBundle)
		if i == 0 {
			b.add("/temoin.js", b.cache(), b.wrap(l, code))
		}
		l.Fixed = true
		b.add("/temoin."+lang+".js", b.cache(), b.wrap(l, code))
	}
}

// cache returns the Cache-Control of what keeps its name when it changes.
func (b *builder) cache() string {
	if b.maxAge <= 0 {
		return "no-cache"
	}
	return fmt.Sprintf("public, max-age=%d", int(b.maxAge.Seconds()))
}

// wrap puts the bundle before the loader, in one function: so it packs best. The
// first line asks Chromium to compile each function as the file comes, not within
// the visitor's first click.
func (b *builder) wrap(l loaderBundle, code string) []byte {
	return fmt.Appendf(nil, "//# allFunctionsCalledOnLoad\n(()=>{var temoinBundle=%s;%s})();\n", b.json(l), strings.TrimSpace(code))
}
