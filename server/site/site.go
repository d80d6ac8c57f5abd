// Package site makes of a catalogue the files that pages load: the loaders, what
// they fetch later, and the charter pages. It knows no request; package server
// answers with what is made here, an export writes it into a folder.
package site

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"time"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/web"
)

// Site is all that is made of one catalogue. It does not change once it is made.
type Site struct {
	Catalogue *catalogue.Catalogue
	// Rev is the catalogue's revision; Marks, what its answers are about.
	Rev   string
	Marks consent.Marks
	// Keeps is whether whoever serves the site keeps receipts of the choices.
	Keeps bool
	// Files holds the files by their path on the server.
	Files map[string]*Asset
	// Shown is what visitors are shown and their receipts name.
	Shown Shown

	editions     map[string]*app.Edition // by language
	charterStyle string                  // the path of the charter page's style sheet
}

// Options say how a site is made.
type Options struct {
	// Dist holds what ./build.sh build made; nil stands for [web.Dist]. Where Parts
	// are there, which several sites share, they are taken instead.
	Dist  fs.FS
	Parts *Parts
	// MaxAge is how long a browser may use temoin.js without asking whether there
	// is a newer one; 0 makes it ask always.
	MaxAge time.Duration
	// Receipts is whether whoever serves the site keeps receipts, if the catalogue
	// wants them kept.
	Receipts bool
	// Updated is when the site last changed what it says.
	Updated time.Time
	// Plain leaves the files as they are, for a site that few will ever load.
	Plain bool
}

// New makes the site of a catalogue. It fails where a text of the catalogue cannot
// be printed, or where what ./build.sh build makes is missing.
func New(c *catalogue.Catalogue, o Options) (*Site, error) {
	if o.Parts == nil {
		o.Parts = NewParts(o.Dist)
	}
	marks := c.Marks()
	s := &Site{Catalogue: c, Rev: marks.Rev, Marks: marks, Keeps: o.Receipts && c.Receipts == catalogue.ReceiptsKept}
	built, err := readBuilt(o.Parts, c)
	if err != nil {
		return nil, err
	}
	editions, err := makeEditions(c)
	if err != nil {
		return nil, err
	}
	if s.Shown, err = nameShown(c, editions); err != nil {
		return nil, err
	}
	shells, err := makeShells(c, editions)
	if err != nil {
		return nil, err
	}
	anewWords, err := makeAnew(editions)
	if err != nil {
		return nil, err
	}
	proof := proofOf(s)
	dialogs, err := makeDialogs(editions, built, proof != nil)
	if err != nil {
		return nil, err
	}
	placeholders, err := makePlaceholders(editions, built.placeholder, c.Reload == catalogue.ReloadOnChange)
	if err != nil {
		return nil, err
	}

	files := newFiles(o)
	loader := newLoader(c, built.shell)
	loader.Runtime = files.part("runtime.js", built.runtime)
	loader.Program = files.program(built)
	loader.Edition = files.localized("edition", ".txt", textsOf(editions))
	loader.Dialog = files.localized("dialog", ".js", dialogs)
	loader.Later = files.part("later.js", built.later)
	loader.Gated = files.part("gated.js", built.gated)
	loader.Speak = files.part("speak.js", built.speak)
	loader.Shells = files.localized("shell", ".json", shells.files)
	loader.Anew = files.localized("anew", ".json", anewWords)
	loader.Placeholders = files.localized("placeholders", ".json", placeholders)
	loader.Proof = proof
	if err := files.addLoaders(loader, shells, built.loader, cacheFor(o.MaxAge)); err != nil {
		return nil, err
	}
	s.charterStyle = "/temoin/" + files.hashed("charter.css", built.charter)
	files.addStatements(s, o)
	s.Files, s.editions = files.byPath, byLanguage(editions)
	return s, nil
}

// addStatements adds what is there for other programs and people than browsers.
func (f *files) addStatements(s *Site, o Options) {
	cache := cacheFor(o.MaxAge)
	f.add("/temoin/catalogue.json", cache, publicCatalogue(s))
	f.common("notices.txt", cache, web.Notices)
	f.common("temoin.d.ts", cache, web.Declarations)
	f.add(gpcPath, askAlways, gpcStatement(s.Catalogue, o.Updated))
}

// publicCatalogue returns the catalogue as a site's own server reads it that wants
// to know what the visitor allowed: with what it would have to calculate.
func publicCatalogue(s *Site) []byte {
	marks, err := json.Marshal(s.Marks.Of)
	if err != nil {
		panic(err) // a map of strings can be written
	}
	return fmt.Appendf(nil, `{"rev":%q,"lifetime":%d,"marks":%s,%s`, s.Rev, s.Catalogue.Cookie.MaxAge(), marks, s.Shown.Catalogue[1:])
}

// proofOf says where choices are reported for proof; nil where they are not, or
// where there is nothing to choose.
func proofOf(s *Site) *proofBundle {
	switch address := s.Catalogue.Receipts.Address(); {
	case len(s.Catalogue.Refusable()) == 0:
		return nil
	case address != "":
		return &proofBundle{address, s.Shown.Text}
	case s.Keeps:
		return &proofBundle{"api/consents", s.Shown.Text}
	}
	return nil
}

// built is what ./build.sh build made, as far as a catalogue needs it. The style
// sheets have the look of the catalogue.
type built struct {
	loader, runtime, dialog, later, gated, speak []byte
	program, programBrotli, programGzip          []byte
	shell, dialogStyle, charter, placeholder     []byte
}

func readBuilt(parts *Parts, c *catalogue.Catalogue) (*built, error) {
	b := &built{}
	gate := gateOf(c)
	for name, body := range map[string]*[]byte{
		gate.loader(): &b.loader, "runtime.js": &b.runtime, "dialog.js": &b.dialog, "later.js": &b.later, "gated.js": &b.gated, "speak.js": &b.speak,
		"app.wasm": &b.program, "app.wasm.br": &b.programBrotli, "app.wasm.gz": &b.programGzip,
		"shell.css": &b.shell, "dialog.css": &b.dialogStyle, "charter.css": &b.charter, "placeholder.css": &b.placeholder,
	} {
		var err error
		if *body, err = parts.file(name); err != nil {
			return nil, err
		}
	}
	return b, b.dress(parts, c.Look)
}
