package server

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"temoin.example/temoin/app/consent"
)

// partsPath is where the parts of the bundle are.
const partsPath = "/temoin/"

// isOurs reports whether a path is of what pages ask for: the loaders, the parts,
// the charter and the API. Nothing of the operator's is.
func (s *Server) isOurs(path string) bool {
	if _, found := s.site.Load().Files[path]; found || strings.HasPrefix(path, partsPath) {
		return true
	}
	for _, own := range []string{consent.CharterPath, "/api/consents"} {
		if path == own || strings.HasPrefix(path, own+"/") {
			return true
		}
	}
	return false
}

// beneath answers what pages ask for beneath partsPath too, the charter at
// /temoin/charte-cookies and so on, so that a proxy needs one rule.
func (s *Server) beneath(next http.Handler) http.Handler {
	stripped := http.StripPrefix(strings.TrimSuffix(partsPath, "/"), next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, found := strings.CutPrefix(r.URL.Path, partsPath); found && s.isOurs("/"+rest) {
			stripped.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// plainFolder is what a proxy may say that it has taken off the path: names, and
// nothing that leads to another host.
var plainFolder = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)

// folder returns the path of the folder in which the visitor finds what is at our
// root: "" for the site's root, or /consent. It is what a handler in front of us
// (http.StripPrefix), and what a proxy that says so (X-Forwarded-Prefix), have
// taken off the path. Whoever forges the header harms only himself: no answer that
// depends on it is kept by a shared cache.
func (s *Server) folder(r *http.Request) string {
	var folder string
	if asked, err := url.ParseRequestURI(r.RequestURI); err == nil {
		if taken, found := strings.CutSuffix(asked.Path, r.URL.Path); found {
			folder = taken
		}
	}
	if s.config.Proxies.believes(peer(r)) {
		folder = strings.TrimSuffix(r.Header.Get("X-Forwarded-Prefix"), "/") + folder
	}
	if !plainFolder.MatchString(folder) {
		return ""
	}
	return folder
}
