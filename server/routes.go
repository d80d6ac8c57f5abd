package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"temoin/app/consent"
	"temoin/server/admin"
	"temoin/server/demo"
)

// dashboard handles /admin, which shows the receipts where they are kept.
func (s *Server) dashboard(w http.ResponseWriter, r *http.Request) {
	if !s.site.Load().Keeps {
		http.Error(w, "this server keeps no receipts", http.StatusNotFound)
		return
	}
	s.admin.ServeHTTP(w, r)
}

// handler lists all routes, and around them, from the outside in, what is done
// for each request.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.portal)
	for path, file := range s.portalFiles {
		mux.Handle(path, file)
	}
	for _, path := range demo.FramePaths() {
		mux.Handle(path, framed(s.portal))
	}
	mux.HandleFunc("/healthz", s.getHealth)
	mux.HandleFunc(consent.CharterPath, s.charter)
	mux.HandleFunc(consent.CharterPath+"/{lang}", s.charter)
	mux.HandleFunc("/temoin/", s.unknownAsset)
	mux.HandleFunc("/metrics", s.getMetrics)
	mux.HandleFunc(admin.Path, s.dashboard)
	mux.HandleFunc(admin.Path+"/", s.dashboard)
	s.handleConsents(mux)
	mux.HandleFunc(trialPath, s.getTrialLoader)
	mux.HandleFunc(trialParts+"catalogue.json", s.getTrialCatalogue)
	mux.HandleFunc(trialParts+"{name}", s.getTrialPart)

	var h http.Handler = mux
	h = s.assets(h)
	h = crossOriginProtection().Handler(h)
	h = securityHeaders(h)
	h = s.recoverPanics(h)
	h = s.metrics.observe(h)
	return s.logRequests(h)
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
			asset{a}.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) unknownAsset(w http.ResponseWriter, r *http.Request) {
	paths := slices.Sorted(maps.Keys(s.site.Load().Files))
	http.Error(w, r.URL.Path+" is not there; there are:\n"+strings.Join(paths, "\n"), http.StatusNotFound)
}

// charter handles "GET /charte-cookies" and "POST /charte-cookies", also with a
// language behind them.
func (s *Server) charter(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost) {
		return
	}
	served := s.site.Load()
	if lang := r.PathValue("lang"); lang != "" && !slices.Contains(served.Catalogue.Languages, lang) {
		http.Error(w, fmt.Sprintf("the charter is there in %s, not in %q", strings.Join(served.Catalogue.Languages, ", "), lang), http.StatusNotFound)
		return
	}
	answer := s.getCharter
	if r.Method == http.MethodPost {
		answer = s.postCharter
	}
	s.report(w, r, answer(w, r, served))
}

// getHealth handles "GET /healthz".
func (s *Server) getHealth(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) {
		return
	}
	w.Header().Set("Content-Type", typeJSON)
	w.Header().Set("Cache-Control", "no-store")
	served := s.site.Load()
	status, receipts := "ok", s.proofs.health(r.Context(), served)
	if receipts == "degraded" {
		status = receipts // and no failure: banners are served all the same
	}
	json.NewEncoder(w).Encode(map[string]string{"status": status, "rev": served.Rev, "receipts": receipts})
}

// getMetrics handles "GET /metrics", for the networks that may read them.
func (s *Server) getMetrics(w http.ResponseWriter, r *http.Request) {
	if !s.config.Metrics.contains(s.proofs.limit.address(r)) || s.proofs.limit.hidden(r) {
		http.Error(w, "metrics are for the networks that -metrics names", http.StatusForbidden)
		return
	}
	s.metrics.handler().ServeHTTP(w, r)
}

// allow answers 405 where the request's method is not one of methods.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	if slices.Contains(methods, r.Method) {
		return true
	}
	list := strings.Join(methods, ", ")
	w.Header().Set("Allow", list)
	http.Error(w, r.Method+" is not allowed here, only "+list, http.StatusMethodNotAllowed)
	return false
}

// refusal is an error that the client caused, or has to wait for the end of,
// and may read.
type refusal struct {
	status int
	retry  time.Duration // 0: there is no use in trying again
	cause  error
}

func (r *refusal) Error() string { return r.cause.Error() }
func (r *refusal) Unwrap() error { return r.cause }

func refused(status int, format string, args ...any) error {
	return &refusal{status: status, cause: fmt.Errorf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return refused(http.StatusBadRequest, "bad request: "+format, args...)
}

// report answers a request that failed. What is our fault is logged, not shown.
func (s *Server) report(w http.ResponseWriter, r *http.Request, err error) {
	var tooLarge *http.MaxBytesError
	var refusal *refusal
	switch {
	case err == nil:
	case errors.As(err, &tooLarge):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	case errors.As(err, &refusal):
		if refusal.retry > 0 {
			w.Header().Set("Retry-After", seconds(refusal.retry))
		}
		http.Error(w, err.Error(), refusal.status)
	default:
		s.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
	}
}

// contentSecurityPolicy is what our own pages need, and what a host page needs
// at the least: its scripts, WebAssembly, and requests to where they came from.
// Who may show it in a frame comes behind it.
const contentSecurityPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; " +
	"style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; base-uri 'none'; " +
	"require-trusted-types-for 'script'; trusted-types temoin; frame-ancestors "

// securityHeaders are those of every answer. The values are shared by all of
// them: they are replaced, never changed.
func securityHeaders(next http.Handler) http.Handler {
	shared := http.Header{
		"Content-Security-Policy": {contentSecurityPolicy + "'none'"},
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

// framed lets our own pages show in a frame what next answers.
func framed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", contentSecurityPolicy+"'self'")
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
			s.log.Error("request panicked", "path", r.URL.Path, "fault", fault, "stack", string(debug.Stack()))
			http.Error(w, "internal error", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// logRequests logs each request at the level debug, without anything that says
// who made it: no address, no user agent, no query.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.log.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		s.log.Debug("request", "method", r.Method, "path", r.URL.Path,
			"status", recorder.status, "ms", time.Since(start).Milliseconds())
	})
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
