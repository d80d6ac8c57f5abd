package server

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"temoin.example/temoin/server/site"

	"github.com/andybalholm/brotli"
)

func mustAsset(tb testing.TB, body string) asset {
	tb.Helper()
	return asset{site.NewAsset("/temoin.js", "public, max-age=300", []byte(body))}
}

// serveAsset answers as the server does.
func serveAsset(tb testing.TB, a asset, w http.ResponseWriter, r *http.Request) {
	tb.Helper()
	bare(Config{}).handle(a.answer).ServeHTTP(w, r)
}

func TestAsset_Negotiation(t *testing.T) {
	a := mustAsset(t, strings.Repeat("let témoin; ", 100))
	for accept, want := range map[string]string{
		"":                               "",
		"gzip, deflate, br, zstd":        "br",
		"gzip":                           "gzip",
		"br":                             "br",
		"BR":                             "br",
		"*":                              "br",
		"br;q=0":                         "",
		"br;q=0, gzip":                   "gzip",
		"br;q=0.5, gzip;q=0.8":           "gzip",
		"br;q=0.8, gzip;q=0.8":           "br",
		"gzip;q=0.5, *;q=0.9":            "br",
		"*;q=0.1, gzip;q=0":              "br",
		"identity":                       "",
		"identity, gzip;q=0.5":           "",
		"identity;q=0.2, gzip;q=0.5":     "gzip",
		"br;q=2":                         "",
		"br;q=high, gzip":                "gzip",
		"deflate":                        "",
		"br ; q=0.4 , gzip ; q=0.3":      "br",
		strings.Repeat("gzip;q=0, ", 99): "",
	} {
		t.Run(accept, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/temoin.js", nil)
			r.Header.Set("Accept-Encoding", accept)
			w := httptest.NewRecorder()
			serveAsset(t, a, w, r)
			if got := w.Header().Get("Content-Encoding"); got != want {
				t.Fatalf("got %q, want %q", got, want)
			}
			var body io.Reader = w.Body
			switch want {
			case "br":
				body = brotli.NewReader(w.Body)
			case "gzip":
				body, _ = gzip.NewReader(w.Body)
			}
			if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, a.Body) {
				t.Errorf("unpacked: got %d bytes and %v", len(got), err)
			}
		})
	}
}

func TestAsset_Requests(t *testing.T) {
	a := mustAsset(t, strings.Repeat("0123456789", 20))
	br, digits := a.Variants()[0], string(a.Body)
	for name, c := range map[string]struct {
		method string
		header map[string]string
		status int
		body   string
		want   map[string]string
	}{
		"get": {"GET", nil, 200, digits, map[string]string{
			"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding",
			"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Content-Length": "200",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"}},
		"head":             {"HEAD", nil, 200, "", map[string]string{"Content-Length": "200"}},
		"range":            {"GET", map[string]string{"Range": "bytes=2-4"}, 206, "234", map[string]string{"Content-Range": "bytes 2-4/200", "Content-Length": "3"}},
		"range beyond":     {"GET", map[string]string{"Range": "bytes=200-"}, 416, "invalid range: failed to overlap\n", nil},
		"same etag":        {"GET", map[string]string{"If-None-Match": a.Variants()[2].Header.Get("ETag")}, 304, "", map[string]string{"ETag": a.Variants()[2].Header.Get("ETag")}},
		"etag of another":  {"GET", map[string]string{"If-None-Match": br.Header.Get("ETag")}, 200, digits, nil},
		"encoded":          {"GET", map[string]string{"Accept-Encoding": "br"}, 200, string(br.Body), map[string]string{"ETag": br.Header.Get("ETag")}},
		"encoded, again":   {"GET", map[string]string{"Accept-Encoding": "br", "If-None-Match": br.Header.Get("ETag")}, 304, "", nil},
		"encoded, range":   {"GET", map[string]string{"Accept-Encoding": "br", "Range": "bytes=0-1"}, 206, string(br.Body[:2]), map[string]string{"Content-Length": "2"}},
		"range of an old":  {"GET", map[string]string{"Range": "bytes=2-4", "If-Range": `"old"`}, 200, digits, nil},
		"post":             {"POST", nil, 405, "POST is not allowed here, only GET, HEAD\n", map[string]string{"Allow": "GET, HEAD"}},
		"any other method": {"BREW", nil, 405, "BREW is not allowed here, only GET, HEAD\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/temoin.js", nil)
			for key, value := range c.header {
				r.Header.Set(key, value)
			}
			w := httptest.NewRecorder()
			serveAsset(t, a, w, r)
			if w.Code != c.status || w.Body.String() != c.body {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, c.status, c.body)
			}
			for key, want := range c.want {
				if got := w.Header().Get(key); got != want {
					t.Errorf("%s: got %q, want %q", key, got, want)
				}
			}
		})
	}
}

// discard is a ResponseWriter that keeps nothing, so that only the handler's own
// work is measured.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkAsset measures what the server does for temoin.js, without the
// connection: go test -bench Asset -benchmem ./server
func BenchmarkAsset(b *testing.B) {
	handler := newTestServer(b).handler()
	for name, headers := range map[string]map[string]string{
		"whole":        {"Accept-Encoding": "gzip, deflate, br, zstd"},
		"not modified": {"Accept-Encoding": "gzip, deflate, br, zstd", "If-None-Match": "*"},
		"range":        {"Accept-Encoding": "gzip, deflate, br, zstd", "Range": "bytes=0-99"},
	} {
		b.Run(name, func(b *testing.B) {
			request := httptest.NewRequest(http.MethodGet, "/temoin.js", nil)
			for key, value := range headers {
				request.Header.Set(key, value)
			}
			w := discard{http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(w, request)
			}
		})
	}
}
