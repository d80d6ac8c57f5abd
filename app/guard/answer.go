package guard

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
)

// answer is what the site's answer is written to. It decides by its headers what
// is done with it.
type answer struct {
	http.ResponseWriter
	edge    *Edge
	visit   *visit
	request *http.Request

	status  int  // 0 until there is one
	decided bool // whether the headers are on their way
	begun   bool // whether any of the body has come
	taken   bool // the connection is somebody else's

	body    io.Writer // nil where the site's bytes pass as they are
	closers []io.Closer
	encoder encoder
	decoder *decoder
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader takes the status. Those from 100 to 199 are no answer yet, but may
// bring links that a browser follows at once.
func (a *answer) WriteHeader(status int) {
	switch {
	case a.status != 0:
		a.ResponseWriter.WriteHeader(status) // net/http logs that
		return
	case status >= 100 && status < 200:
		a.visit.keepLinks(a.Header(), a.request)
		a.ResponseWriter.WriteHeader(status)
		a.taken = a.taken || status == http.StatusSwitchingProtocols
		return
	}
	a.status = status
	if a.Header().Get("Content-Type") != "" || !hasBody(a.request, status) {
		a.decide()
	}
}

func hasBody(r *http.Request, status int) bool {
	return r.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified
}

// Write takes the next bytes of the body.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if !a.decided {
		// net/http would guess the type from what comes out of here.
		if h := a.Header(); h.Get("Content-Encoding") == "" {
			h.Set("Content-Type", http.DetectContentType(b))
		}
		a.decide()
	}
	if a.body == nil {
		return a.ResponseWriter.Write(b)
	}
	a.begun = a.begun || len(b) > 0
	return a.body.Write(b)
}

// Flush sends what has been written.
func (a *answer) Flush() { _ = a.FlushError() } // who calls it does not ask

// FlushError sends what has been written, but for a tag that has only begun.
func (a *answer) FlushError() error {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if !a.decided {
		return nil // without its first byte nobody knows what it is
	}
	if a.encoder != nil {
		if err := a.encoder.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack gives the connection away.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.taken = true
	return http.NewResponseController(a.ResponseWriter).Hijack()
}

// finish ends the body, which has come as a whole.
func (a *answer) finish() error {
	if a.status != 0 && !a.decided && !a.taken {
		a.decide()
	}
	if !a.begun { // what is empty is not even compressed
		return nil
	}
	var err error
	for _, closer := range a.closers {
		err = errors.Join(err, closer.Close())
	}
	return err
}

// release lets go of what a body that has broken off holds.
func (a *answer) release() {
	if a.decoder != nil {
		a.decoder.stop()
	}
}

// decide sends the headers, changed for what the answer is.
func (a *answer) decide() {
	a.decided = true
	h := a.Header()
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind, _, _ = strings.Cut(strings.ToLower(h.Get("Content-Type")), ";")
		kind = strings.TrimSpace(kind)
	}
	isPage := kind == "text/html"
	switch {
	case a.status == http.StatusNotModified:
		if a.visit.restored {
			a.visit.hold(h, a.request)
		}
	case isPage || kind == "application/xhtml+xml":
		nonce := nonceOf(h.Values(policyHeader))
		a.visit.hold(h, a.request)
		if isPage && a.status != http.StatusPartialContent {
			a.rewrite(parameters["charset"], nonce)
		} else {
			a.leave()
		}
	}
	a.ResponseWriter.WriteHeader(a.status)
}

// rewrite has the body pass through a [page], where it can be read.
func (a *answer) rewrite(charset, nonce string) {
	p := &page{out: a.ResponseWriter, visit: a.visit, script: scriptTag(a.visit.script, nonce), place: inHead,
		base: placeOf(a.request.Host, a.request.URL), enc: eightBit}
	if a.visit.isDocument {
		p.place = first
	}
	h := a.Header()
	content := strings.ToLower(strings.TrimSpace(strings.Join(h.Values("Content-Encoding"), ",")))
	c := codings[content]
	switch charset = strings.ToLower(charset); charset {
	case "utf-16", "utf-16le":
		p.enc = littleEndian
	case "utf-16be":
		p.enc = bigEndian
	case "iso-2022-jp": // letters of it look like tags
		a.pass("its characters", charset)
		return
	}
	if c == nil && content != "" && content != "identity" {
		a.pass("its encoding", content)
		return
	}
	for _, name := range []string{"Content-Length", "Accept-Ranges", "Last-Modified", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest"} {
		h.Del(name)
	}
	if !hasBody(a.request, a.status) {
		return
	}
	a.body, a.closers = p, []io.Closer{p}
	if c == nil {
		return
	}
	encoder, err := c.writer(a.ResponseWriter)
	if err != nil {
		panic(err) // its settings are wrong
	}
	a.encoder, p.out = encoder, encoder
	a.decoder = newDecoder(c, p)
	a.body, a.closers = a.decoder, []io.Closer{a.decoder, p, encoder}
}

// leave has the policy alone hold a page, since its markup cannot.
func (a *answer) leave() {
	if a.visit.noPolicy {
		a.Header().Add(policyHeader, a.visit.policy)
	}
}

// pass leaves a page to the policy, and says so, once of each kind.
func (a *answer) pass(what, name string) {
	a.leave()
	if a.edge.Log == nil {
		return
	}
	if _, said := a.edge.said.LoadOrStore(what+name, true); !said {
		a.edge.Log.Warn("a page is not rewritten, since "+what+" cannot be read; the policy alone holds it", "which", name, "path", a.request.URL.Path)
	}
}

func scriptTag(address, nonce string) string {
	if nonce != "" {
		nonce = ` nonce="` + nonce + `"`
	}
	return `<script src="` + address + `"` + nonce + `></script>`
}

// hold changes the headers of a page: it is for this choice alone, and held to it.
func (v *visit) hold(h http.Header, r *http.Request) {
	if !v.noPolicy {
		h.Add(policyHeader, v.policy) // beside the site's own: browsers keep each
	}
	if tag := h.Get("ETag"); tag != "" {
		h.Del("ETag")
		if marked := v.marked(tag); marked != "" {
			h.Set("ETag", marked)
		}
	}
	v.keepLinks(h, r)
	h.Add("Vary", "Sec-Fetch-Dest")
	if !v.depends {
		return
	}
	h.Add("Vary", "Cookie, Sec-GPC")
	if !strings.Contains(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), "no-store") {
		h.Set("Cache-Control", "private, no-cache")
	}
	for _, name := range []string{"Expires", "Surrogate-Control", "CDN-Cache-Control"} { // others' words for the same
		h.Del(name)
	}
}

// keepLinks leaves those links out by which a browser would ask for what is not allowed.
func (v *visit) keepLinks(h http.Header, r *http.Request) {
	if len(h.Values("Link")) == 0 {
		return
	}
	base := placeOf(r.Host, r.URL)
	links := slices.DeleteFunc(splitLinks(strings.Join(h.Values("Link"), ",")), func(link string) bool {
		_, after, _ := strings.Cut(link, "<")
		address, parameters, _ := strings.Cut(after, ">")
		target, found := base.find(address)
		refused := found && v.refusedAt(target) != nil
		_, set, _ := strings.Cut(strings.ToLower(parameters), "imagesrcset=")
		return refused || v.waitsFor(base, "imagesrcset", strings.Trim(set, `"`)) != nil
	})
	h.Del("Link")
	if len(links) > 0 {
		h.Set("Link", strings.Join(links, ","))
	}
}

// splitLinks divides a header Link at commas that are neither in <> nor in quotes.
func splitLinks(list string) (links []string) {
	begin, isQuoted, isAddress := 0, false, false
	for i, c := range []byte(list) {
		switch {
		case c == '"' && !isAddress:
			isQuoted = !isQuoted
		case isQuoted:
		case c == '<' || c == '>':
			isAddress = c == '<'
		case c == ',' && !isAddress:
			links, begin = append(links, list[begin:i]), i+1
		}
	}
	return append(links, list[begin:])
}
