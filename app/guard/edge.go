package guard

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"temoin.example/temoin/app/consent"
)

// Edge holds the pages of a site to each visitor's choice where they leave the
// server, so that it needs no change to their templates, and that not even a
// browser's preload scanner asks for what has not been allowed:
//
//   - the script tag comes first in the page's head;
//   - elements that ask a declared host for something wait in the markup, with the
//     attributes of the gate, unless the visitor's cookie allows them;
//   - a Content-Security-Policy, beside the page's own, lets the browser ask the
//     site itself, and those declared hosts alone that are allowed.
//
// Answers that are no HTML pass as they are.
type Edge struct {
	// Catalogue returns the catalogue that counts now.
	Catalogue func() *consent.Catalogue
	// Script is the address of Témoin's loader; "" is /temoin.js.
	Script string
	// NoPolicy sends no Content-Security-Policy, but with pages that cannot be
	// rewritten: markup and loader alone hold the others.
	NoPolicy bool
	// Log is told of pages that could not be rewritten, and were held by the policy
	// alone; nil tells nobody.
	Log *slog.Logger

	prepared atomic.Pointer[rules]
	said     sync.Map // what Log has been told
}

// Handler holds the pages of next.
func (e *Edge) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := e.visit(r)
		a := &answer{ResponseWriter: w, edge: e, visit: v, request: r}
		defer a.release()
		next.ServeHTTP(a, v.prepare(r))
		if a.finish() != nil {
			panic(http.ErrAbortHandler) // the page is not whole, and must not look so
		}
	})
}

// rules are what a catalogue says of hosts.
type rules struct {
	catalogue *consent.Catalogue
	marks     consent.Marks
	hosts     []consent.HostRule
	sources   []string // of the policy that lets each of them in
	print     [sha256.Size]byte
	depends   bool // whether pages differ by choice
}

func (e *Edge) rules() *rules {
	c := e.Catalogue()
	if known := e.prepared.Load(); known != nil && known.catalogue == c {
		return known
	}
	fresh := &rules{catalogue: c, marks: c.Marks(), hosts: c.HostRules()}
	refusal := &consent.Record{Choices: c.Refuse()}
	for _, rule := range fresh.hosts {
		fresh.depends = fresh.depends || isRefused(c, refusal, rule)
		fresh.sources = append(fresh.sources, sourcesOf(rule.Pattern))
	}
	fresh.print = sha256.Sum256(fmt.Append(nil, fresh.hosts))
	e.prepared.Store(fresh)
	return fresh
}

// sourcesOf returns the sources of a policy that let a host in, by whatever port,
// since that is how the loader knows hosts, and for sockets too.
func sourcesOf(pattern string) string {
	if !hostPattern.MatchString(pattern) {
		return ""
	}
	host, path, hasPath := strings.Cut(pattern, "/")
	if hasPath {
		path = "/" + path
	}
	return " " + host + ":*" + path + " ws://" + host + ":*" + path
}

// isRefused reports whether one of the services of a rule, all of which have to be
// allowed, is not.
func isRefused(c *consent.Catalogue, record *consent.Record, rule consent.HostRule) bool {
	return slices.ContainsFunc(rule.Services, func(service string) bool { return !c.Granted(record, service) })
}

// visit is what counts for one request.
type visit struct {
	*rules
	refused    []bool // by rule
	policy     string
	noPolicy   bool
	script     string // address
	mark       string // names all that an answer is changed by
	restored   bool   // the request names a version of the page, as changed by the same
	isDocument bool   // a browser asks for a page, and not a script in one
}

func (e *Edge) visit(r *http.Request) *visit {
	v := &visit{rules: e.rules(), script: e.Script, noPolicy: e.NoPolicy, isDocument: isDocument(r)}
	if v.script == "" {
		v.script = "/temoin.js"
	}
	record := choice(v.catalogue, v.marks, r)
	v.refused = make([]bool, len(v.hosts))
	policy := strings.Builder{}
	policy.WriteString(sources(r.Host))
	for i, rule := range v.hosts {
		if v.refused[i] = isRefused(v.catalogue, record, rule); !v.refused[i] {
			policy.WriteString(v.rules.sources[i])
		}
	}
	v.policy = policy.String()
	sum := sha256.Sum256(fmt.Append(nil, v.print, v.refused, v.script, v.policy, v.noPolicy, v.isDocument))
	v.mark = hex.EncodeToString(sum[:4])
	return v
}

// choice returns the record that the visitor's cookie holds; where there is none,
// what the browser's Global Privacy Control says.
func choice(c *consent.Catalogue, marks consent.Marks, r *http.Request) *consent.Record {
	record := c.Read(Cookies(r, c.Cookie.Name), time.Now(), marks)
	if record == nil && c.HonoursGPC() && r.Header.Get("Sec-GPC") == "1" {
		return &consent.Record{Choices: c.Refuse()}
	}
	return record
}

// refusedAt returns the services of an address, where one of them is not allowed.
func (v *visit) refusedAt(target place) []string {
	for i, rule := range v.hosts {
		if rule.Matches(target.host, target.path) {
			if v.refused[i] {
				return rule.Services
			}
			return nil
		}
	}
	return nil
}

// isDocument reports whether a browser asks for a page to show. Those that are
// too old to say so tell scripts' requests by other headers, or not at all.
func isDocument(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "document", "iframe", "frame", "object", "embed":
		return true
	case "":
		return r.Header.Get("X-Requested-With") == ""
	}
	return false
}

var plainHost = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?$`)

// sources returns the beginning of the policy: what asks no other host for anything
// is left to the site, as inline scripts are.
func sources(host string) string {
	all := "default-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' data: blob: mediastream:"
	if plainHost.MatchString(host) { // not every browser counts sockets among 'self'
		all += " ws://" + host + " wss://" + host
	}
	return all
}
