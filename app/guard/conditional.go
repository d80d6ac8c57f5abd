package guard

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// A page has as many versions as there are choices. So its entity tag gets a mark,
// by which a request that names it is understood: of the same choice, it is asked
// for as the site knows it; of another, it is not asked for at all. The mark says
// whether the site's own tag is a weak one: ours always are.

const strongMark, weakMark = ".t", ".w"

// marked returns the tag of a page that is changed.
func (v *visit) marked(tag string) string {
	kind := strongMark
	opaque, isWeak := strings.CutPrefix(tag, "W/")
	if isWeak {
		kind = weakMark
	}
	if len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return "" // no tag
	}
	return `W/` + opaque[:len(opaque)-1] + kind + v.mark + `"`
}

var entityTag = regexp.MustCompile(`(?:W/)?"[^"]*"`)

// restoredTag returns the site's own tag of a page, and the mark that it had, if any.
func restoredTag(tag string) (own, mark string) {
	opaque := strings.TrimSuffix(strings.TrimPrefix(tag, `W/"`), `"`)
	for kind, prefix := range map[string]string{strongMark: "", weakMark: "W/"} {
		i := len(opaque) - len(kind) - 8
		if strings.HasPrefix(tag, "W/") && i >= 0 && opaque[i:i+len(kind)] == kind {
			return prefix + `"` + opaque[:i] + `"`, opaque[i+len(kind):]
		}
	}
	return tag, ""
}

// prepare returns the request as the site is to have it.
func (v *visit) prepare(r *http.Request) *http.Request {
	fresh := *r
	fresh.Header = r.Header.Clone()
	h := fresh.Header
	if tags := h.Values("If-Match"); len(tags) > 0 { // who changes a page names the one that he was given
		h.Set("If-Match", entityTag.ReplaceAllStringFunc(strings.Join(tags, ", "), func(tag string) string {
			own, _ := restoredTag(tag)
			return own
		}))
	}
	if tags := h.Values("If-None-Match"); len(tags) > 0 {
		v.restore(h, strings.Join(tags, ", "))
	}
	if wantsPage(r) {
		// A page that a browser has from before, without a mark, or by its date alone, holds nothing back.
		h.Del("If-Modified-Since")
		keepEncodings(h)
	}
	return &fresh
}

// restore leaves those tags in If-None-Match that the site knows.
func (v *visit) restore(h http.Header, list string) {
	if strings.TrimSpace(list) == "*" {
		return
	}
	var own []string
	for _, tag := range entityTag.FindAllString(list, -1) {
		switch known, mark := restoredTag(tag); {
		case mark == v.mark:
			v.restored = true
			own = append(own, known)
		case mark == "" && !v.isDocument:
			own = append(own, tag)
		}
	}
	h.Del("If-None-Match")
	if len(own) > 0 {
		h.Set("If-None-Match", strings.Join(own, ", "))
	}
}

// wantsPage reports whether a request is likely to be answered with HTML.
func wantsPage(r *http.Request) bool {
	return isDocument(r) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// keepEncodings has the site use none that cannot be read here.
func keepEncodings(h http.Header) {
	accepted := h.Values("Accept-Encoding")
	if len(accepted) == 0 {
		return
	}
	list := strings.Split(strings.Join(accepted, ","), ",")
	list = slices.DeleteFunc(list, func(item string) bool {
		name, _, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		return codings[name] == nil && name != "identity"
	})
	h.Set("Accept-Encoding", strings.Join(list, ","))
}
