package server

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"temoin/server/site"
)

// asset answers requests for one file of a site.
type asset struct{ *site.Asset }

// answer answers GET and HEAD, whole, in ranges, or with 304.
func (a asset) answer(w http.ResponseWriter, r *http.Request) error {
	if err := allow(w, r, http.MethodGet, http.MethodHead); err != nil {
		return err
	}
	v := a.negotiate(r.Header.Get("Accept-Encoding"))
	maps.Copy(w.Header(), v.Header)
	switch {
	case isConditional(r):
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.Body))
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	default:
		w.Write(v.Body) // an error here means that the visitor has left
	}
	return nil
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
func (a asset) negotiate(accept string) site.Variant {
	variants := a.Variants()
	last := len(variants) - 1
	best, quality := variants[last], 0.0
	for _, v := range variants[:last] {
		if q := encodingQuality(accept, v.Encoding); q > quality && q >= encodingQuality(accept, "identity") {
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
