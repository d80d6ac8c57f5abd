package server

import (
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/admin"
	"temoin.example/temoin/server/version"
)

// handler lists all routes, and around them, from the outside in, what is done
// for each request.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.pages)
	mux.Handle("/healthz", s.handle(s.getHealth))
	mux.Handle("/readyz", s.handle(s.getReadiness))
	mux.Handle(consent.CharterPath, s.handle(s.charter))
	mux.Handle(consent.CharterPath+"/{lang}", s.handle(s.charter))
	mux.Handle(partsPath, s.handle(s.unknownPart))
	mux.Handle("/metrics", s.handle(s.getMetrics))
	mux.Handle(admin.Path, s.handle(s.dashboard))
	mux.Handle(admin.Path+"/", s.handle(s.dashboard))
	s.handleConsents(mux)

	var h http.Handler = mux
	h = oneRange(s.assets(h))
	h = crossOriginProtection().Handler(h)
	h = securityHeaders(h)
	h = s.recoverPanics(h)
	h = s.metrics.observe(h)
	h = s.nameRequests(s.logRequests(h))
	h = s.beneath(h) // the path is ours before anything looks at it
	if s.config.Upstream != nil {
		h = s.inFront(h)
	}
	return h
}

// crossOriginProtection refuses what other sites' pages send. The API is apart:
// it asks the catalogue which sites may.
func crossOriginProtection() *http.CrossOriginProtection {
	protection := http.NewCrossOriginProtection()
	protection.AddInsecureBypassPattern("/api/")
	return protection
}

// assets answers with the files of the bundle, and leaves the rest to next.
func (s *Server) assets(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, found := s.site.Load().Files[r.URL.Path]; found {
			r.Pattern = "assets"
			s.handle(asset{a}.answer).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// unknownPart says which files there are.
func (s *Server) unknownPart(_ http.ResponseWriter, r *http.Request) error {
	paths := slices.Sorted(maps.Keys(s.site.Load().Files))
	return notFound("%s is not there; there are:\n%s", r.URL.Path, strings.Join(paths, "\n"))
}

// nothing answers what no route does.
func nothing(_ http.ResponseWriter, r *http.Request) error {
	return notFound("there is nothing at %s", r.URL.Path)
}

// dashboard handles /admin, which shows the receipts where they are kept.
func (s *Server) dashboard(w http.ResponseWriter, r *http.Request) error {
	if !s.site.Load().Keeps {
		return errNoReceipts
	}
	s.admin.ServeHTTP(w, r)
	return nil
}

var errNoReceipts = notFound("this server keeps no receipts")

// getHealth handles "GET /healthz". It asks nothing of the store: whoever calls it
// as often as may be changes nothing.
func (s *Server) getHealth(w http.ResponseWriter, r *http.Request) error {
	served := s.site.Load()
	status, file, receipts := "ok", "ok", s.receiptHealth()
	if s.invalid.Load() {
		status, file = "degraded", "invalid"
	}
	if receipts == "degraded" {
		status = receipts // and no failure: banners are served all the same
	}
	return answerHealth(w, r, map[string]string{"status": status, "catalogue": file, "rev": served.Rev, "receipts": receipts, "version": version.String()})
}

// answerHealth answers "GET /healthz" with what health says.
func answerHealth(w http.ResponseWriter, r *http.Request, health any) error {
	if err := allow(w, r, http.MethodGet, http.MethodHead); err != nil {
		return err
	}
	w.Header().Set("Content-Type", typeJSON)
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(health)
}

// receiptHealth says whether receipts are kept: ok, degraded or off.
func (s *Server) receiptHealth() string {
	switch {
	case !s.site.Load().Keeps:
		return "off"
	case !s.ledger.Healthy():
		return "degraded"
	}
	return "ok"
}

// getReadiness handles "GET /readyz": whether a balancer may send requests here. A
// server whose receipts cannot be kept serves banners all the same, and where all
// servers share one database, none would be left.
func (s *Server) getReadiness(w http.ResponseWriter, r *http.Request) error {
	return answerReadiness(w, r, s.leaving.Load())
}

func answerReadiness(w http.ResponseWriter, r *http.Request, leaving bool) error {
	if err := allow(w, r, http.MethodGet, http.MethodHead); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	if leaving {
		return refused(http.StatusServiceUnavailable, "this server is about to stop")
	}
	w.Header().Set("Content-Type", typeJSON)
	_, err := io.WriteString(w, `{"status":"ready"}`+"\n")
	return err
}

// getMetrics handles "GET /metrics" where visitors come: from there it is closed
// to all. A proxy in front may look like this very machine, whoever asked it.
func (s *Server) getMetrics(http.ResponseWriter, *http.Request) error {
	return notFound("metrics have an address of their own; -metrics-addr sets it")
}

// contentSecurityPolicy is what our own pages need, and what a host page needs
// at the least: its scripts, WebAssembly, and requests to where they came from.
const contentSecurityPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; " +
	"style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; " +
	"require-trusted-types-for 'script'; trusted-types temoin; frame-ancestors 'none'"

// securityHeaders are those of every answer. The values are shared by all of
// them: they are replaced, never changed.
func securityHeaders(next http.Handler) http.Handler {
	shared := http.Header{
		"Content-Security-Policy": {contentSecurityPolicy},
		"X-Content-Type-Options":  {"nosniff"},
		"Referrer-Policy":         {"strict-origin-when-cross-origin"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		maps.Copy(h, shared)
		if isSecure(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// recoverPanics keeps one broken request from ending the server.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			fault := recover()
			switch fault {
			case nil:
				return
			case http.ErrAbortHandler:
				panic(fault) // net/http breaks the answer off, which must not look whole
			}
			s.logOf(r).Error("request panicked", "path", loggedPath(r), "fault", fault, "stack", string(debug.Stack()))
			s.Fail(w, r, refused(http.StatusInternalServerError, "internal error"))
		}()
		next.ServeHTTP(w, r)
	})
}

// logRequests logs each request at the level debug, without anything that says
// who made it: no address, no user agent, no query, no id of a receipt.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		s.logOf(r).Debug("request", "method", r.Method, "path", loggedPath(r),
			"status", recorder.status, "ms", time.Since(start).Milliseconds())
	})
}

// loggedPath returns the path that was asked for, or its pattern where a part of
// it may be an id.
func loggedPath(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return r.Pattern
	}
	return r.URL.Path
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
