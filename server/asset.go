package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
)

// asset is one file as it goes over the wire, in each encoding, in memory.
type asset struct {
	contentType string
	cache       string           // the header Cache-Control
	body        []byte           // in no encoding
	variants    func() []variant // made when they are first asked for
}

// variant is an asset in one encoding; Brotli comes first, identity last.
type variant struct {
	encoding string // as in Content-Encoding, "" for identity
	body     []byte
	etag     string
	header   http.Header // of each answer; its values are shared, and never changed
}

const immutable = "public, max-age=31536000, immutable"

// version names what a file holds in its address: 8 hexadecimal digits tell the
// versions of one file apart, and each more weighs on temoin.js.
func version(parts ...[]byte) string { return hash(parts...)[:8] }

// hash returns the first 16 hexadecimal digits of the SHA-256 of all parts.
func hash(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// assetFunc makes an asset of a file.
type assetFunc func(name, cache string, body []byte) *asset

// plainAsset leaves body as it is: it is made for few.
func plainAsset(name, cache string, body []byte) *asset {
	return packedAsset(name, cache, body, func(string) []byte { return body })
}

// newAsset compresses body as well as can be, once, when it is first asked for:
// in each of its languages a catalogue makes several files, most of which nobody
// asks a server for between two of its starts.
func newAsset(name, cache string, body []byte) *asset {
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
func packedAsset(name, cache string, body []byte, packed func(encoding string) []byte) *asset {
	a := &asset{contentType: typeOf(name), cache: cache, body: body}
	a.variants = sync.OnceValue(func() []variant {
		var variants []variant
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

func (a *asset) variant(encoding string, body []byte, etag string) variant {
	header := http.Header{}
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", a.cache)
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
	return variant{encoding, body, etag, header}
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
func (a *asset) size(encoding string) int {
	for _, v := range a.variants() {
		if v.encoding == encoding {
			return len(v.body)
		}
	}
	return len(a.body)
}

// integrity returns the value of the attribute integrity (W3C Subresource
// Integrity) that holds for the asset.
func (a *asset) integrity() string {
	sum := sha512.Sum384(a.body)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// ServeHTTP answers GET and HEAD, whole, in ranges, or with 304.
func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	v := a.negotiate(r.Header.Get("Accept-Encoding"))
	maps.Copy(w.Header(), v.header)
	switch {
	case isConditional(r):
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.body))
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	default:
		w.Write(v.body) // an error here means that the visitor has left
	}
}

// isConditional reports whether the request may want less than the whole, which
// http.ServeContent finds out.
func isConditional(r *http.Request) bool {
	for _, name := range []string{"Range", "If-None-Match", "If-Match", "If-Range"} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// negotiate returns the variant that a client prefers that sent this header
// Accept-Encoding (RFC 9110, section 12.5.3). Among equals the smaller, which
// comes first, is taken; identity where nothing else is wanted.
func (a *asset) negotiate(accept string) variant {
	variants := a.variants()
	last := len(variants) - 1
	best, quality := variants[last], 0.0
	for _, v := range variants[:last] {
		if q := encodingQuality(accept, v.encoding); q > quality && q >= encodingQuality(accept, "identity") {
			best, quality = v, q
		}
	}
	return best
}

// encodingQuality returns the weight that accept gives to an encoding, from 0,
// not acceptable, to 1.
func encodingQuality(accept, encoding string) float64 {
	wildcard, listed := 0.0, false
	for item := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(item, ";")
		q := 1.0
		if value, found := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); found {
			parsed, err := strconv.ParseFloat(value, 64)
			if err != nil || parsed < 0 || parsed > 1 {
				continue // an item that cannot be read says nothing
			}
			q = parsed
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case encoding:
			return q
		case "*":
			wildcard, listed = q, true
		}
	}
	if encoding == "identity" && !listed {
		return 0 // acceptable, but no better than anything else that is
	}
	return wildcard
}
