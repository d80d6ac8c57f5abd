package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
)

// requestHeader carries the name of a request from one server to the next, and
// back to who asked.
const requestHeader = "X-Request-Id"

// requestName is what a proxy may call a request.
var requestName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

type requestKey struct{}

// nameRequests gives each request a name, by which the lines of the log that are
// about it are found. A proxy of -proxies may have named it; a visitor's word is
// not taken, who could have lines of others found under it. The name says nothing
// about who asks: it is random.
func (s *Server) nameRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Header.Get(requestHeader)
		if !requestName.MatchString(name) || !s.config.Proxies.believes(peer(r)) {
			name = rand.Text()
		}
		w.Header().Set(requestHeader, name)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, name)))
	})
}

// logOf returns the log for what happens in a request.
func (s *Server) logOf(r *http.Request) *slog.Logger {
	name, _ := r.Context().Value(requestKey{}).(string)
	return s.log.With("request", name)
}
