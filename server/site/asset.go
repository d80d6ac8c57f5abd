package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strconv"
	"sync"

	"github.com/andybalholm/brotli"
)

// Asset is one file as it goes over the wire, in each encoding, in memory.
type Asset struct {
	contentType string
	Cache       string           // the header Cache-Control
	Body        []byte           // in no encoding
	Variants    func() []Variant // made when they are first asked for; identity is the last
}

// Variant is an asset in one encoding; Brotli comes first, identity last.
type Variant struct {
	Encoding string // as in Content-Encoding, "" for identity
	Body     []byte
	Header   http.Header // of each answer; its values are shared, and never changed
}

// Immutable is the Cache-Control of what never changes under its name.
const Immutable = "public, max-age=31536000, immutable"

// fingerprint names what a file holds in its address: 8 hexadecimal digits tell the
// versions of one file apart, and each more weighs on temoin.js.
func fingerprint(parts ...[]byte) string { return hash(parts...)[:8] }

// hash returns the first 16 hexadecimal digits of the SHA-256 of all parts.
func hash(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// plainAsset leaves body as it is: it is made for few.
func plainAsset(name, cache string, body []byte) *Asset {
	return packedAsset(name, cache, body, func(string) []byte { return body })
}

// NewAsset compresses body as well as can be, once, when it is first asked for:
// in each of its languages a catalogue makes several files, most of which nobody
// asks a server for between two of its starts.
func NewAsset(name, cache string, body []byte) *Asset {
	return packedAsset(name, cache, body, func(encoding string) []byte { return pack(body, encoding) })
}

// pack compresses body at the highest level; nothing can go wrong in memory.
func pack(body []byte, encoding string) []byte {
	var b bytes.Buffer
	var w io.WriteCloser
	switch encoding {
	case "br":
		w = brotli.NewWriterLevel(&b, brotli.BestCompression)
	case "gzip":
		w, _ = gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	}
	w.Write(body)
	w.Close()
	return b.Bytes()
}

// packedAsset makes an asset of body, which packed returns in an encoding.
func packedAsset(name, cache string, body []byte, packed func(encoding string) []byte) *Asset {
	a := &Asset{contentType: typeOf(name), Cache: cache, Body: body}
	a.Variants = sync.OnceValue(func() []Variant {
		var variants []Variant
		sum := hash(body)
		for _, encoding := range []string{"br", "gzip"} {
			// What is too small to shrink goes as it is.
			if smaller := packed(encoding); len(smaller) < len(body) {
				variants = append(variants, a.variant(encoding, smaller, `"`+sum+"-"+encoding+`"`))
			}
		}
		return append(variants, a.variant("", body, `"`+sum+`"`))
	})
	return a
}

func (a *Asset) variant(encoding string, body []byte, etag string) Variant {
	header := http.Header{}
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", a.Cache)
	header.Set("Vary", "Accept-Encoding")
	header.Set("ETag", etag)
	header.Set("Accept-Ranges", "bytes")
	// Any origin may read an asset: there is nothing personal in it.
	header.Set("Access-Control-Allow-Origin", "*")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	// The pages' own policy would weigh a quarter of a kilobyte. No asset is a page.
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	// net/http leaves the length out of what is encoded, since most who encode
	// do not know it. Where it answers in ranges it sets its own.
	header.Set("Content-Length", strconv.Itoa(len(body)))
	return Variant{encoding, body, header}
}

// types are the media types of what the server sends. The machine's own table
// is not asked: it may be missing, or wrong.
var types = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
	".ts":   "text/plain; charset=utf-8", // no type is registered for TypeScript
	".json": "application/json",
	".wasm": "application/wasm",
}

func typeOf(name string) string {
	return types[path.Ext(name)]
}

// size returns the length in an encoding, or without one where there is none.
func (a *Asset) size(encoding string) int {
	for _, v := range a.Variants() {
		if v.Encoding == encoding {
			return len(v.Body)
		}
	}
	return len(a.Body)
}

// integrity returns the value of the attribute integrity (W3C Subresource
// Integrity) that holds for the asset.
func (a *Asset) integrity() string {
	sum := sha512.Sum384(a.Body)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}
