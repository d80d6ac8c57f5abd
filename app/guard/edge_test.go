package guard_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/app/guard"
)

const (
	plainPage = `<!doctype html><html><head><title>x</title></head><body><script src="//video.example/v.js"></script></body></html>`
	heldPage  = `<!doctype html><html><head><script src="/temoin.js"></script><title>x</title></head><body><script data-consent="video" type="text/plain" data-consent-src="//video.example/v.js"></script></body></html>`
	freePage  = `<!doctype html><html><head><script src="/temoin.js"></script><title>x</title></head><body><script src="//video.example/v.js"></script></body></html>`
)

// accepted is the header Cookie of who has accepted all.
func accepted(t *testing.T, c *consent.Catalogue) string {
	t.Helper()
	record := consent.Record{ID: consent.NewID(), Rev: c.Rev(), At: time.Now(), Choices: c.Accept()}
	value, err := record.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return c.Cookie.Name + "=" + value
}

func edge() *guard.Edge {
	c := catalogue()
	return &guard.Edge{Catalogue: func() *consent.Catalogue { return c }}
}

// behind starts a site, and a reverse proxy that holds its pages.
func behind(t *testing.T, e *guard.Edge, site http.HandlerFunc) *httptest.Server {
	t.Helper()
	upstream := httptest.NewServer(site)
	t.Cleanup(upstream.Close)
	address, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	proxy := httptest.NewUnstartedServer(e.Handler(&httputil.ReverseProxy{Transport: transport, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo),
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(address) }}))
	proxy.EnableHTTP2 = true
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	return proxy
}

// ask asks as a browser asks for a page, with headers more, as name and value by turns.
func ask(t *testing.T, server *httptest.Server, method string, more ...string) *http.Response {
	t.Helper()
	answer, err := try(t, server, method, more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// try is the same for what may break off.
func try(t *testing.T, server *httptest.Server, method string, more ...string) (*http.Response, error) {
	t.Helper()
	return tryPath(t, server, method, "", more...)
}

// tryPath is the same for another page than the first. It follows nobody elsewhere.
func tryPath(t *testing.T, server *httptest.Server, method, path string, more ...string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,*/*")
	r.Header.Set("Sec-Fetch-Dest", "document")
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	client := server.Client()
	client.Transport.(*http.Transport).DisableCompression = true
	return client.Transport.RoundTrip(r)
}

func body(t *testing.T, answer *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// page answers with a page, and headers as name and value by turns.
func page(text string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Add(headers[i], headers[i+1])
		}
		if tag := w.Header().Get("ETag"); tag != "" && r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		io.WriteString(w, text)
	}
}

func TestEdge_Choice(t *testing.T) {
	e := edge()
	server := behind(t, e, page(plainPage, "Cache-Control", "public, max-age=600", "Expires", "Thu, 01 Jan 2099 00:00:00 GMT", "Last-Modified", "Thu, 01 Jan 2015 00:00:00 GMT"))
	for name, test := range map[string]struct {
		headers []string
		want    string
	}{
		"not answered":     {nil, heldPage},
		"accepted":         {[]string{"Cookie", accepted(t, e.Catalogue())}, freePage},
		"tampered":         {[]string{"Cookie", e.Catalogue().Cookie.Name + "=%7B%22v%22%3A1%7D"}, heldPage},
		"a part of a page": {[]string{"Sec-Fetch-Dest", "empty"}, heldPage},
	} {
		t.Run(name, func(t *testing.T) {
			answer := ask(t, server, "GET", test.headers...)
			if got := body(t, answer); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			h := answer.Header
			if h.Get("Cache-Control") != "private, no-cache" || h.Get("Expires") != "" || h.Get("Last-Modified") != "" ||
				!strings.Contains(strings.Join(h.Values("Vary"), ","), "Cookie, Sec-GPC") {
				t.Errorf("a cache could give it to others: %v", h)
			}
			lets := strings.Contains(h.Get("Content-Security-Policy"), " video.example:* ws://video.example:*")
			if lets != (test.want == freePage) || !strings.Contains(h.Get("Content-Security-Policy"), " cdn.example:*") {
				t.Errorf("got the policy %s", h.Get("Content-Security-Policy"))
			}
			if answer.ProtoMajor != 2 {
				t.Errorf("got %s", answer.Proto)
			}
		})
	}
}

// TestEdge_Public: where nothing has to be asked, pages are for everybody, as the site says.
func TestEdge_Public(t *testing.T) {
	c := catalogue()
	c.Services = c.Services[:1]
	server := behind(t, &guard.Edge{Catalogue: func() *consent.Catalogue { return c }}, page(plainPage, "Cache-Control", "public, max-age=600", "ETag", `"a"`))
	answer := ask(t, server, "GET")
	if got := answer.Header.Get("Cache-Control"); got != "public, max-age=600" || strings.Contains(strings.Join(answer.Header.Values("Vary"), ","), "Cookie") {
		t.Errorf("got Cache-Control %q, Vary %q", got, answer.Header.Values("Vary"))
	}
	if again := ask(t, server, "GET", "If-None-Match", answer.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("got %d, want 304", again.StatusCode)
	}
}

func TestEdge_ETag(t *testing.T) {
	for _, own := range []string{`"v1"`, `W/"v1"`, `""`, `"a.t12345678"`} {
		t.Run(own, func(t *testing.T) {
			e := edge()
			server := behind(t, e, page(plainPage, "ETag", own))
			cookie := accepted(t, e.Catalogue())
			asked := ask(t, server, "GET")
			tag := asked.Header.Get("ETag")
			if !strings.HasPrefix(tag, `W/"`) || tag == own {
				t.Fatalf("got the tag %s", tag)
			}
			for name, test := range map[string]struct {
				headers []string
				want    int
			}{
				"same choice":                 {[]string{"If-None-Match", tag}, 304},
				"among others":                {[]string{"If-None-Match", `"x", ` + tag + `, W/"y"`}, 304},
				"another choice":              {[]string{"If-None-Match", tag, "Cookie", cookie}, 200},
				"the site's own, from before": {[]string{"If-None-Match", own}, 200},
				"a script":                    {[]string{"If-None-Match", tag, "Sec-Fetch-Dest", "empty"}, 200},
			} {
				answer := ask(t, server, "GET", test.headers...)
				if answer.StatusCode != test.want {
					t.Errorf("%s: got %d, want %d", name, answer.StatusCode, test.want)
				}
				if answer.StatusCode == 304 && (answer.Header.Get("ETag") != tag || answer.Header.Get("Content-Security-Policy") != asked.Header.Get("Content-Security-Policy")) {
					t.Errorf("%s: got %v", name, answer.Header)
				}
			}
		})
	}
	t.Run("who changes a page names the site's own", func(t *testing.T) {
		var named string
		server := behind(t, edge(), func(w http.ResponseWriter, r *http.Request) {
			named = r.Header.Get("If-Match")
			page(plainPage, "ETag", `"v1"`)(w, r)
		})
		tag := ask(t, server, "GET").Header.Get("ETag")
		if ask(t, server, "PUT", "If-Match", tag); named != `"v1"` {
			t.Errorf("got %s", named)
		}
	})
}

// TestEdge_Encodings: pages are read and written in each encoding that browsers take; of another the policy alone is set, and the log says so.
func TestEdge_Encodings(t *testing.T) {
	writers := map[string]func(io.Writer) io.WriteCloser{
		"gzip":                    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"x-gzip":                  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate":                 func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":                      func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		"zstd":                    func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
		"deflate without a frame": func(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 5); return z },
	}
	readers := map[string]func(io.Reader) (io.Reader, error){
		"gzip":    func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"x-gzip":  func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
		"deflate": func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) },
		"br":      func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		"zstd":    func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) },
	}
	for name, writer := range writers {
		t.Run(name, func(t *testing.T) {
			encoding, _, _ := strings.Cut(name, " ")
			var packed bytes.Buffer
			w := writer(&packed)
			long := strings.Repeat("<p>é", 100_000)
			io.WriteString(w, plainPage+long)
			w.Close()
			whole := packed.String()
			answer := ask(t, behind(t, edge(), page(whole, "Content-Encoding", encoding)), "GET")
			if got := answer.Header.Get("Content-Encoding"); got != encoding {
				t.Fatalf("got the encoding %q", got)
			}
			r, err := readers[encoding](answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(r); err != nil || string(text) != heldPage+long {
				t.Errorf("%v: got %d bytes %.300s", err, len(text), text)
			}
			// One that breaks off does not look whole.
			broken, err := try(t, behind(t, edge(), page(whole[:len(whole)/2], "Content-Encoding", encoding)), "GET")
			if err == nil {
				_, err = io.ReadAll(broken.Body)
				broken.Body.Close()
			}
			if err == nil {
				t.Error("what breaks off looks whole")
			}
			// What has no body has none, nor would the encoding of nothing be one.
			for _, method := range []string{"GET", "HEAD"} {
				if got := body(t, ask(t, behind(t, edge(), page("", "Content-Encoding", encoding)), method)); got != "" {
					t.Errorf("%s: got %q", method, got)
				}
			}
		})
	}
	for name, test := range map[string]struct{ headers []string }{
		"another encoding":  {[]string{"Content-Encoding", "compress"}},
		"two encodings":     {[]string{"Content-Encoding", "gzip, br"}},
		"a part":            {[]string{"Content-Range", "bytes 0-4/100"}},
		"letters like tags": {nil},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			e := edge()
			e.NoPolicy = name != "a part"
			e.Log = slog.New(slog.NewTextHandler(&log, nil))
			server := behind(t, e, func(w http.ResponseWriter, r *http.Request) {
				if name == "letters like tags" {
					w.Header().Set("Content-Type", "text/html; charset=ISO-2022-JP")
				}
				for i := 0; i < len(test.headers); i += 2 {
					w.Header().Set(test.headers[i], test.headers[i+1])
				}
				if w.Header().Get("Content-Type") == "" {
					w.Header().Set("Content-Type", "text/html")
				}
				if name == "a part" {
					w.WriteHeader(http.StatusPartialContent)
				}
				io.WriteString(w, plainPage)
			})
			answer := ask(t, server, "GET")
			if got := body(t, answer); got != plainPage || !strings.Contains(answer.Header.Get("Content-Security-Policy"), "default-src 'self'") {
				t.Errorf("got %v %s", answer.Header, got)
			}
			if said := strings.Contains(log.String(), "not rewritten"); said != (name != "a part") {
				t.Errorf("the log says %q", log.String())
			}
		})
	}
	t.Run("the site is asked for none that cannot be read", func(t *testing.T) {
		var accepts string
		server := behind(t, edge(), func(w http.ResponseWriter, r *http.Request) { accepts = r.Header.Get("Accept-Encoding") })
		if ask(t, server, "GET", "Accept-Encoding", "gzip, dcb, br;q=0.5, *;q=0"); accepts != "gzip, br;q=0.5" {
			t.Errorf("got %q", accepts)
		}
	})
}

// TestEdge_Policy: the site's own policies stay as they are, and their nonces let the script in.
func TestEdge_Policy(t *testing.T) {
	const own, report = "script-src 'strict-dynamic' 'nonce-q+/A='; object-src 'none'", "default-src 'none'; report-uri /r"
	answer := ask(t, behind(t, edge(), page(plainPage, "Content-Security-Policy", own, "Content-Security-Policy", "img-src 'self'", "Content-Security-Policy-Report-Only", report)), "GET")
	policies := answer.Header.Values("Content-Security-Policy")
	if len(policies) != 3 || policies[0] != own || policies[1] != "img-src 'self'" || !strings.HasPrefix(policies[2], "default-src 'self' ") {
		t.Errorf("got %q", policies)
	}
	if got := answer.Header.Get("Content-Security-Policy-Report-Only"); got != report {
		t.Errorf("got %q", got)
	}
	if got, want := body(t, answer), strings.Replace(heldPage, `/temoin.js"`, `/temoin.js" nonce="q+/A="`, 1); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestEdge_Others: what is no HTML passes as it is.
func TestEdge_Others(t *testing.T) {
	for _, kind := range []string{"text/plain", "application/json", "image/svg+xml", "text/htmlx", "application/octet-stream; x=text/html"} {
		server := behind(t, edge(), func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("ETag", `"a"`)
			w.Header().Set("Cache-Control", "public")
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(plainPage))
		})
		answer := ask(t, server, "GET")
		h := answer.Header
		if got := body(t, answer); got != plainPage || h.Get("ETag") != `"a"` || h.Get("Cache-Control") != "public" || h.Get("Vary")+h.Get("Content-Security-Policy") != "" ||
			answer.ContentLength != int64(len(plainPage)) {
			t.Errorf("%s: got %v %s", kind, h, got)
		}
		part := ask(t, server, "GET", "Range", "bytes=1-3", "If-Range", `"a"`)
		if got := body(t, part); part.StatusCode != 206 || got != plainPage[1:4] {
			t.Errorf("%s: got %d %q", kind, part.StatusCode, got)
		}
	}
	t.Run("a page that nobody says is one", func(t *testing.T) {
		server := behind(t, edge(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			io.WriteString(w, plainPage)
		})
		if got := body(t, ask(t, server, "GET")); got != heldPage {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a head", func(t *testing.T) {
		answer := ask(t, behind(t, edge(), page(plainPage, "ETag", `"a"`)), "HEAD")
		if answer.Header.Get("Content-Length") != "" || answer.Header.Get("Content-Security-Policy") == "" || answer.Header.Get("ETag") == `"a"` {
			t.Errorf("got %v", answer.Header)
		}
	})
}

// TestEdge_NoPolicy: a page that nobody can rewrite has the policy even where no other has.
func TestEdge_NoPolicy(t *testing.T) {
	for name, test := range map[string]struct {
		kind   string
		status int
		want   bool
	}{
		"a page":          {"text/html", 200, false},
		"XHTML":           {"application/xhtml+xml", 200, true},
		"a page's part":   {"text/html", 206, true},
		"what is no page": {"text/plain", 206, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := edge()
			e.NoPolicy = true
			answer := ask(t, behind(t, e, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.kind)
				w.WriteHeader(test.status)
				io.WriteString(w, plainPage)
			}), "GET")
			if got := len(answer.Header.Values("Content-Security-Policy")); got != 1 && test.want || got != 0 && !test.want {
				t.Errorf("got %d policies", got)
			}
			if got := body(t, answer); (got == plainPage) != (test.want || test.kind == "text/plain") {
				t.Errorf("got %s", got)
			}
		})
	}
}

// filesBehindEdge serves a folder by Go's own file server, with its pages held. One of the files has an entity tag.
func filesBehindEdge(t *testing.T, texts map[string]string) *httptest.Server {
	t.Helper()
	folder := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := http.FileServer(http.Dir(folder))
	server := httptest.NewServer(edge().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/i.svg" {
			w.Header().Set("ETag", `"own"`)
		}
		files.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	return server
}

// saidOf is an answer's status and its length, "-" for none, and what it says of its content.
func saidOf(answer *http.Response) string {
	h := answer.Header
	said := []string{fmt.Sprint(answer.StatusCode), cmp.Or(h.Get("Content-Length"), "-")}
	if h.Get("Content-Security-Policy") != "" && h.Get("Vary") != "" {
		said = append(said, "held")
	}
	if h.Get("Last-Modified") != "" {
		said = append(said, "dated")
	}
	return strings.Join(slices.DeleteFunc(append(said, h.Get("ETag"), h.Get("Content-Range")), func(one string) bool { return one == "" }), " ")
}

// TestEdge_Files: before Go's own file server a page is whole and held, however it is asked for; each other file is as it was.
func TestEdge_Files(t *testing.T) {
	long := strings.Repeat("<p>long", 10_000)
	const picture, icon = "GIF89a, so to speak", "<svg xmlns='http://www.w3.org/2000/svg'/>"
	server := filesBehindEdge(t, map[string]string{"index.html": plainPage, "long.html": plainPage + long, "a.gif": picture, "i.svg": icon})
	tomorrow := time.Now().Add(24 * time.Hour).UTC().Format(http.TimeFormat)
	for name, test := range map[string]struct {
		method, path string
		headers      []string
		want         string // by saidOf
		body         string
	}{
		"a page":                         {"GET", "/", nil, "200 200 held", heldPage},
		"a long page":                    {"GET", "/long.html", nil, "200 - held", heldPage + long},
		"a page that has not changed":    {"GET", "/", []string{"If-Modified-Since", tomorrow}, "200 200 held", heldPage},
		"a page's head":                  {"HEAD", "/", nil, "200 - held", ""},
		"a page's part":                  {"GET", "/", []string{"Range", "bytes=2-8"}, "206 7 held dated bytes 2-8/114", plainPage[2:9]},
		"a part of a page that was held": {"GET", "/", []string{"Range", "bytes=2-8", "If-Range", `W/"x.t12345678"`}, "200 200 held", heldPage},
		"a part that no page has":        {"GET", "/", []string{"Range", "bytes=999-"}, "416 33 bytes */114", "invalid range: failed to overlap\n"},
		"a page by another name":         {"GET", "/index.html", nil, "301 0", ""},
		"no page":                        {"GET", "/x.html", nil, "404 19", "404 page not found\n"},

		"an image":                       {"GET", "/a.gif", nil, "200 19 dated", picture},
		"an image's head":                {"HEAD", "/a.gif", nil, "200 19 dated", ""},
		"an image's part":                {"GET", "/a.gif", []string{"Range", "bytes=-5"}, "206 5 dated bytes 14-18/19", "speak"},
		"an image that has not changed":  {"GET", "/a.gif", []string{"Accept", "image/*", "If-Modified-Since", tomorrow}, "304 - dated", ""},
		"one by its tag":                 {"GET", "/i.svg", []string{"Sec-Fetch-Dest", "image", "If-None-Match", `"own"`}, `304 - "own"`, ""},
		"a part, of the one of that tag": {"GET", "/i.svg", []string{"Range", "bytes=0-3", "If-Range", `"own"`}, `206 4 dated "own" bytes 0-3/41`, icon[:4]},
		"a part, of one with another":    {"GET", "/i.svg", []string{"Range", "bytes=0-3", "If-Range", `"x"`}, `200 41 dated "own"`, icon},
	} {
		t.Run(name, func(t *testing.T) {
			answer, err := tryPath(t, server, test.method, test.path, test.headers...)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if got := saidOf(answer); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if got := body(t, answer); got != test.body {
				t.Errorf("got %.300q, want %.300q", got, test.body)
			}
		})
	}
}

// TestEdge_Links: what a header would have a browser ask for waits too, in early hints as in the answer.
func TestEdge_Links(t *testing.T) {
	const links = `</a,b.css>; rel=preload; as=style, <https://video.example/x.js>; rel="preload"; title="a, <b>", <//cdn.example>; rel=preconnect, <a.png>; rel=preload; imagesrcset="a.png, //tiles.example/b.png 2x"`
	const want = `</a,b.css>; rel=preload; as=style, <//cdn.example>; rel=preconnect`
	server := behind(t, edge(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", links)
		w.WriteHeader(http.StatusEarlyHints)
		page(plainPage)(w, r)
	})
	var hints []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, header textproto.MIMEHeader) error {
		hints = append(hints, header.Get("Link"))
		return nil
	}}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if len(hints) != 1 || hints[0] != want {
		t.Errorf("got the hints %q, want %q", hints, want)
	}
	if got := strings.Join(answer.Header.Values("Link"), ","); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestEdge_Streams: what a site has sent is with the visitor before the rest is there, compressed or not.
func TestEdge_Streams(t *testing.T) {
	for _, encoding := range []string{"", "gzip", "br"} {
		t.Run(encoding, func(t *testing.T) {
			next := make(chan bool)
			server := behind(t, edge(), func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Trailer", "X-Sum")
				var out interface {
					io.Writer
					Flush() error
				} = flusher{w}
				var end io.Closer = io.NopCloser(nil)
				switch encoding {
				case "gzip":
					z := gzip.NewWriter(w)
					out, end = z, z
				case "br":
					z := brotli.NewWriter(w)
					out, end = z, z
				}
				if encoding != "" {
					w.Header().Set("Content-Encoding", encoding)
				}
				for _, piece := range []string{"<head><title>x</title>Loading 1 %", "… 2 %<img src='//video.exam", "ple/'><p>"} {
					io.WriteString(out, piece)
					out.Flush()
					http.NewResponseController(w).Flush()
					<-next
				}
				end.Close()
				w.Header().Set("X-Sum", "42")
			})
			answer := ask(t, server, "GET")
			var r io.Reader = answer.Body
			switch encoding {
			case "gzip":
				z, err := gzip.NewReader(answer.Body)
				if err != nil {
					t.Fatal(err)
				}
				r = z
			case "br":
				r = brotli.NewReader(answer.Body)
			}
			for _, want := range []string{`<head><script src="/temoin.js"></script><title>x</title>Loading 1 %`, "… 2 %", `<img data-consent="video" data-consent-src='//video.example/'><p>`} {
				got := make([]byte, len(want))
				if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
					t.Fatalf("got %q (%v), want %q", got, err, want)
				}
				next <- true
			}
			if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 {
				t.Errorf("got %q, %v at the end", rest, err)
			}
			io.Copy(io.Discard, answer.Body)
			if got := answer.Trailer.Get("X-Sum"); got != "42" {
				t.Errorf("got the trailer %q", got)
			}
		})
	}
	t.Run("events", func(t *testing.T) {
		next := make(chan bool)
		server := behind(t, edge(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range 2 {
				io.WriteString(w, "data: <head>\n\n")
				w.(http.Flusher).Flush()
				<-next
			}
		})
		lines := bufio.NewReader(ask(t, server, "GET").Body)
		for range 2 {
			if line, err := lines.ReadString('\n'); err != nil || line != "data: <head>\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			lines.ReadString('\n')
			next <- true
		}
	})
}

type flusher struct{ http.ResponseWriter }

func (f flusher) Flush() error { return http.NewResponseController(f.ResponseWriter).Flush() }

// TestEdge_Upgrade: sockets pass.
func TestEdge_Upgrade(t *testing.T) {
	server := behind(t, edge(), func(w http.ResponseWriter, r *http.Request) {
		connection, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
		line, _ := buffer.ReadString('\n')
		io.WriteString(connection, "<head>"+line)
	})
	connection, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	var _ net.Conn = connection
	io.WriteString(connection, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	r := bufio.NewReader(connection)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %v, %v", answer, err)
	}
	io.WriteString(connection, "hello\n")
	if got, err := io.ReadAll(r); string(got) != "<head>hello\n" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestEdge_Catalogue: a catalogue that changes counts from the next page on.
func TestEdge_Catalogue(t *testing.T) {
	now := catalogue()
	server := behind(t, &guard.Edge{Catalogue: func() *consent.Catalogue { return now }}, page(plainPage, "ETag", `"a"`))
	before := ask(t, server, "GET")
	if got := body(t, before); got != heldPage {
		t.Fatalf("got %s", got)
	}
	now = catalogue()
	now.Services = now.Services[:2]
	after := ask(t, server, "GET", "If-None-Match", before.Header.Get("ETag"))
	if got := body(t, after); got != freePage {
		t.Errorf("got %d %s", after.StatusCode, got)
	}
}
