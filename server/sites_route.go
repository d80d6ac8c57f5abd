package server

import (
	"net"
	"net/http"
	"strings"
)

// sharedPath is where the files and the API of any site are at the shared host.
const sharedPath = "/s/"

// ServeHTTP answers a request for the site whose host it names. A host that is no
// site's gets nothing of any of them.
func (s *Sites) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.table.Load()
	host, said := s.hostOf(now, r)
	if said != "" {
		w, r = &varied{ResponseWriter: w}, withHost(r, said)
	}
	t := now.byHost[host]
	switch {
	case r.URL.Path == "/readyz":
		s.own(s.getReadiness).ServeHTTP(w, r)
	case t != nil:
		s.serve(t, w, r, (*Server).ServeHTTP)
	case host != "" && host == s.config.SharedHost:
		s.serveShared(now, w, r)
	case r.URL.Path == "/healthz":
		s.own(s.getHealth).ServeHTTP(w, r)
	default:
		s.own(s.unknownHost).ServeHTTP(w, r)
	}
}

// serve has a site answer, or says why it cannot.
func (s *Sites) serve(t *tenant, w http.ResponseWriter, r *http.Request, answer func(*Server, http.ResponseWriter, *http.Request)) {
	if err := t.awake(func(server *Server) { answer(server, w, r) }); err != nil {
		s.own(func(http.ResponseWriter, *http.Request) error { return err }).ServeHTTP(w, r)
	}
}

// own makes a handler of an answer that is no site's.
func (s *Sites) own(answer answerFunc) http.Handler {
	return securityHeaders(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if err := answer(w, r); err != nil {
			fail(s.log, w, r, err)
		}
	}))
}

func (s *Sites) unknownHost(http.ResponseWriter, *http.Request) error {
	return notFound("no site has this host; a catalogue is named by its site's, or lists it under aliases")
}

// withHost returns a request as the visitor made it, for the host that a proxy has named:
// its cookies are for that host, and its origin is compared with it.
func withHost(r *http.Request, host string) *http.Request {
	named := *r
	named.Host = host
	return &named
}

// hostOf returns the host that a request is for, without its port, and where a proxy has
// said so what it said. What the request is sent to counts first: where a proxy passes it on, a
// visitor who writes X-Forwarded-Host reaches no other site, nor do caches in between
// keep one site's answer for another. Only where that is no site's, a proxy of -proxies
// is believed, the nearest before those behind it.
func (s *Sites) hostOf(now *table, r *http.Request) (host, said string) {
	host = bareHost(r.Host)
	if now.byHost[host] != nil || host != "" && host == s.config.SharedHost || !s.config.Proxies.believes(peer(r)) {
		return host, ""
	}
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Host"), ","), ",")
	said = strings.TrimSpace(list[len(list)-1])
	if nearest := bareHost(said); nearest != "" {
		return nearest, said
	}
	return host, ""
}

// bareHost returns a host as catalogues are named: in lower case, without a port or
// the dot of the root.
func bareHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// varied tells caches in between that the answer depends on what a proxy said.
type varied struct {
	http.ResponseWriter
	told bool
}

func (v *varied) WriteHeader(status int) {
	v.tell()
	v.ResponseWriter.WriteHeader(status)
}

func (v *varied) Write(p []byte) (int, error) {
	v.tell()
	return v.ResponseWriter.Write(p)
}

func (v *varied) tell() {
	if !v.told {
		v.told = true
		// The values of a file's headers are shared by all answers: they are replaced.
		v.Header()["Vary"] = append([]string{"X-Forwarded-Host"}, v.Header().Values("Vary")...)
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (v *varied) Unwrap() http.ResponseWriter { return v.ResponseWriter }

// serveShared answers at the shared host for the site that the path names: its files
// and its API, which pages of the site's own host ask for. Neither charter nor dashboard
// are there: their pages would share cookies and storage with those of other sites.
func (s *Sites) serveShared(now *table, w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/healthz" {
		s.own(s.getHealth).ServeHTTP(w, r)
		return
	}
	rest, _ := strings.CutPrefix(r.URL.Path, sharedPath)
	name, path, _ := strings.Cut(rest, "/")
	t := now.byName[name]
	if t == nil {
		s.own(unknownShared).ServeHTTP(w, r)
		return
	}
	prefix, path := sharedPath+name, "/"+path
	s.serve(t, w, r, func(server *Server, w http.ResponseWriter, r *http.Request) {
		answers := http.Handler(server)
		if !server.isShared(path) {
			answers = s.own(unknownShared)
		}
		http.StripPrefix(prefix, answers).ServeHTTP(w, r)
	})
}

// unknownShared answers what is not at the shared host.
func unknownShared(http.ResponseWriter, *http.Request) error {
	return notFound("this host has sites' files and API alone, such as /s/portal.example.org/temoin.js; a charter is at its site's own host")
}

// isShared reports whether a path is of what a site has at the shared host.
func (s *Server) isShared(path string) bool {
	files := s.site.Load().Files
	if _, found := files[path]; found {
		return true
	}
	if rest, found := strings.CutPrefix(path, partsPath); found {
		path = "/" + rest
	}
	_, found := files[path]
	return found || path == "/api/consents" || strings.HasPrefix(path, "/api/consents/")
}
