package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/app/guard"
)

// Edge returns what holds a site's pages to the visitor's choice, by the catalogue
// that is served.
func (s *Server) Edge() *guard.Edge {
	return &guard.Edge{
		Catalogue: func() *consent.Catalogue { return &s.site.Load().Catalogue.Catalogue },
		Script:    partsPath + "temoin.js",
		NoPolicy:  s.config.NoPolicy,
		Log:       s.log,
	}
}

// inFront answers what is ours, by own, and passes on all else to the site behind,
// whose pages it holds to the visitor's choice.
func (s *Server) inFront(own http.Handler) http.Handler {
	behind := s.metrics.observe(s.logRequests(s.Edge().Handler(patient(s.passOn()))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.isOurs(r.URL.Path) {
			own.ServeHTTP(w, r)
			return
		}
		r.Pattern = "upstream"
		behind.ServeHTTP(w, r)
	})
}

// passOn returns what asks the site behind.
func (s *Server) passOn() http.Handler {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the site is near, whatever the environment names
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = 64
	return &httputil.ReverseProxy{
		Rewrite:   s.forward,
		Transport: transport,
		ErrorLog:  slog.NewLogLogger(nameless{s.log.Handler()}, slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				s.log.Error("the site behind does not answer", "upstream", s.config.Upstream.Host, "error", err)
			}
			s.Fail(w, r, refused(http.StatusBadGateway, "the site behind this proxy does not answer"))
		},
	}
}

// forward makes the request to the site behind, which learns who asked whom for
// what: what a proxy of -proxies says of that goes on, what a visitor says does not.
func (s *Server) forward(r *httputil.ProxyRequest) {
	r.SetURL(s.config.Upstream)
	r.Out.Host = r.In.Host
	r.Out.URL.RawQuery = r.In.URL.RawQuery // as it was written, be it malformed
	if s.config.Proxies.believes(peer(r.In)) {
		for _, name := range []string{"X-Forwarded-For", "Forwarded"} {
			if values := r.In.Header.Values(name); len(values) > 0 {
				r.Out.Header[name] = values
			}
		}
	}
	r.SetXForwarded()
	if isSecure(r.In) {
		r.Out.Header.Set("X-Forwarded-Proto", "https")
	}
	if host := r.In.Header.Get("X-Forwarded-Host"); host != "" && s.config.Proxies.believes(peer(r.In)) {
		r.Out.Header.Set("X-Forwarded-Host", host)
	}
}

// dawdle is how long a visitor may take for the next piece of a request or an
// answer that passes through. The whole may take as long as it likes.
const dawdle = 60 * time.Second

// patient lifts the bounds of a whole request, which are made for our own: what
// passes through may be a file of any size, or a stream without an end.
func patient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		lift(c.SetReadDeadline)
		lift(c.SetWriteDeadline)
		if r.Body != nil && r.Body != http.NoBody {
			passed := *r
			passed.Body = &patientBody{r.Body, c}
			r = &passed
		}
		next.ServeHTTP(&patientWriter{w, c}, r)
	})
}

// bound sets a bound for the next piece, lift takes it away: between two pieces
// there may be any time. Where a connection knows no bounds, there are none to lift.
func bound(set func(time.Time) error) { _ = set(time.Now().Add(dawdle)) }
func lift(set func(time.Time) error)  { _ = set(time.Time{}) }

type patientBody struct {
	io.ReadCloser
	c *http.ResponseController
}

func (b *patientBody) Read(p []byte) (int, error) {
	bound(b.c.SetReadDeadline)
	defer lift(b.c.SetReadDeadline)
	return b.ReadCloser.Read(p)
}

type patientWriter struct {
	http.ResponseWriter
	c *http.ResponseController
}

func (w *patientWriter) Write(p []byte) (int, error) {
	bound(w.c.SetWriteDeadline)
	defer lift(w.c.SetWriteDeadline)
	return w.ResponseWriter.Write(p)
}

func (w *patientWriter) FlushError() error {
	bound(w.c.SetWriteDeadline)
	defer lift(w.c.SetWriteDeadline)
	return w.c.Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
