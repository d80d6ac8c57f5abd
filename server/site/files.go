package site

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// files are the files of a site while they are made.
type files struct {
	byPath map[string]*Asset
	encode func(name, cache string, body []byte) *Asset
	parts  *Parts
	plain  bool // nothing is packed
}

func newFiles(o Options) *files {
	f := &files{byPath: map[string]*Asset{}, encode: NewAsset, parts: o.Parts, plain: o.Plain}
	if o.Plain {
		f.encode = plainAsset
	}
	return f
}

func (f *files) add(path, cache string, body []byte) { f.byPath[path] = f.encode(path, cache, body) }

// common adds a file that is the same in each site, under the name that it has.
func (f *files) common(name, cache string, body []byte) {
	f.take(f.parts.share(name+" "+cache, func() sharedAsset { return sharedAsset{name, f.encode(name, cache, body)} }))
}

// hashed adds a file whose name holds its hash; it returns that name, as the
// loader knows it.
func (f *files) hashed(name string, body []byte) string {
	return f.take(f.named(name, body))
}

// part adds a file of web/dist as it is, which other sites have too.
func (f *files) part(name string, body []byte) string {
	if f.plain {
		return f.hashed(name, body)
	}
	return f.take(f.parts.share(name, func() sharedAsset { return f.named(name, body) }))
}

// program adds app.wasm, which was compressed when it was built.
func (f *files) program(b *built) string {
	return f.take(f.parts.share("app.wasm", func() sharedAsset {
		name := nameOf("app.wasm", b.program)
		packed := map[string][]byte{"br": b.programBrotli, "gzip": b.programGzip}
		return sharedAsset{name, packedAsset(name, Immutable, b.program, func(encoding string) []byte { return packed[encoding] })}
	}))
}

// named makes an asset that is named by what it holds.
func (f *files) named(name string, body []byte) sharedAsset {
	name = nameOf(name, body)
	return sharedAsset{name, f.encode(name, Immutable, body)}
}

// nameOf puts the hash of what a file holds into its name.
func nameOf(name string, body []byte) string {
	stem, extension, _ := strings.Cut(name, ".")
	return stem + "." + fingerprint(body) + "." + extension
}

// take adds an asset, and returns its name.
func (f *files) take(made sharedAsset) string {
	f.byPath["/temoin/"+made.name] = made.asset
	return made.name
}

// localized adds one file for each language, with one hash for all, so that the
// loader need know only one name; it returns the name with a star in the place of
// the language.
func (f *files) localized(stem, extension string, bodies map[string][]byte) string {
	languages := slices.Sorted(maps.Keys(bodies))
	var all [][]byte
	for _, lang := range languages {
		all = append(all, bodies[lang])
	}
	sum := fingerprint(all...)
	for _, lang := range languages {
		f.add("/temoin/"+stem+"."+lang+"."+sum+extension, Immutable, bodies[lang])
	}
	return stem + ".*." + sum + extension
}

// askAlways is the Cache-Control of what a browser may keep, but not use without
// asking whether there is a newer one.
const askAlways = "no-cache"

// cacheFor returns the Cache-Control of what keeps its name when it changes.
func cacheFor(maxAge time.Duration) string {
	if maxAge <= 0 {
		return askAlways
	}
	return fmt.Sprintf("public, max-age=%d", int(maxAge.Seconds()))
}

// encodeJSON writes a value that stands in a file of its own, where "<" needs no
// escape.
func encodeJSON(value any) ([]byte, error) {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSpace(data.Bytes()), err
}
