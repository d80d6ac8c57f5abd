package server

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"temoin.example/temoin/server/site"
)

// asset answers requests for one file of a site.
type asset struct{ *site.Asset }

// answer answers GET and HEAD, whole, in ranges, or with 304.
func (a asset) answer(w http.ResponseWriter, r *http.Request) error {
	if err := allow(w, r, http.MethodGet, http.MethodHead); err != nil {
		return err
	}
	v, found := a.negotiate(r.Header.Get("Accept-Encoding"))
	if !found {
		w.Header().Set("Vary", "Accept-Encoding")
		return refused(http.StatusNotAcceptable, "%s is not there in an encoding that Accept-Encoding allows", r.URL.Path)
	}
	maps.Copy(w.Header(), v.Header)
	switch {
	case isConditional(r):
		http.ServeContent(bodiless{w}, r, "", time.Time{}, bytes.NewReader(v.Body))
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	default:
		w.Write(v.Body) // an error here means that the visitor has left
	}
	return nil
}

// bodiless takes the length of the file off an answer that comes without one,
// which http.ServeContent leaves there.
type bodiless struct{ http.ResponseWriter }

func (b bodiless) WriteHeader(status int) {
	if status == http.StatusPreconditionFailed {
		h := b.Header()
		h.Del("Content-Encoding")
		h.Set("Content-Length", "0")
	}
	b.ResponseWriter.WriteHeader(status)
}

// oneRange forgets a header Range that asks for more than one, which a server may
// (RFC 9110, section 14.2): thousands of them make of a small file a large answer.
func oneRange(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ranges := r.Header["Range"]; len(ranges) > 1 || len(ranges) == 1 && strings.Contains(ranges[0], ",") {
			r.Header.Del("Range")
		}
		next.ServeHTTP(w, r)
	})
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
// Accept-Encoding (RFC 9110, section 12.5.3), or false where it wants none of
// them. Among equals the smaller, which comes first, is taken; identity where
// nothing else is wanted, unless it is ruled out.
func (a asset) negotiate(accept string) (best site.Variant, found bool) {
	variants := a.Variants()
	last := len(variants) - 1
	best, quality := variants[last], 0.0
	identity, listed := encodingQuality(accept, "identity")
	for _, v := range variants[:last] {
		if q, _ := encodingQuality(accept, v.Encoding); q > quality && q >= identity {
			best, quality = v, q
		}
	}
	return best, quality > 0 || identity > 0 || !listed
}

// encodingQuality returns the weight that accept gives to an encoding, from 0,
// not acceptable, to 1, and whether it speaks of it, by its name or by *.
func encodingQuality(accept, encoding string) (weight float64, listed bool) {
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
			return q, true
		case "*":
			weight, listed = q, true
		}
	}
	return weight, listed
}
