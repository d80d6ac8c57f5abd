// Package admin answers /admin, the dashboard of whoever runs the site: how many
// visitors chose what, the receipts as a file, and the search for one of them.
// It is off until a password is set or a trusted proxy says who is signed in,
// and it works without any JavaScript.
//
// It imports the store and the receipts, what audits found, the catalogue and package web, and is
// imported by package server alone, but for the password, which package main sets.
package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	textlanguage "golang.org/x/text/language"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/audit/outcome"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/web"
)

// Path is where the dashboard is; all of its pages are beneath it.
const Path = "/admin"

// Sums are the counts that the dashboard shows, from day since to day until,
// both included, as 2006-01-02.
type Sums interface {
	Choices(ctx context.Context, since, until string) ([]store.ChoiceSum, error)
	Answers(ctx context.Context, since, until string) ([]store.AnswerSum, error)
	Unanswered(ctx context.Context, since, until string) ([]store.UnansweredSum, error)
	Anew(ctx context.Context, since, until string) ([]store.AnewSum, error)
}

// Settings is where the password and the sessions are kept, and the attempts to
// sign in are counted.
type Settings interface {
	Setting(ctx context.Context, name string) (string, error)
	SetSetting(ctx context.Context, name, value string) error
	AddSession(ctx context.Context, hash string, expires time.Time) error
	HasSession(ctx context.Context, hash string, now time.Time, longest time.Duration) (bool, error)
	DropSession(ctx context.Context, hash string) error
	DropSessions(ctx context.Context) error
	Secret(ctx context.Context, name string) (string, error)
	Take(ctx context.Context, now time.Time, patience time.Duration, allowances ...store.Allowance) (wait time.Duration, err error)
}

// Store is what the dashboard needs of the store of receipts.
type Store interface {
	Sums
	Settings
	Find(ctx context.Context, id string) (*receipt.File, error)
	Erase(ctx context.Context, id string) error
	Edition(ctx context.Context, rev, text, lang string) (*store.Edition, error)
	Export(ctx context.Context, since, until time.Time) iter.Seq2[*store.Row, error]
}

var _ Store = (*store.Store)(nil)

// Config is what a dashboard is made with.
type Config struct {
	// Store returns the store, or nil while it cannot be had: the interface itself
	// has to be nil then, not a nil *store.Store in it.
	Store func() Store
	// Catalogue returns the catalogue that the site serves now.
	Catalogue func() *consent.Catalogue
	// UserHeader is the header in which a trusted proxy names the person who is
	// signed in, "" where there is none. It counts only in requests that come
	// straight from one of Proxies.
	UserHeader string
	Proxies    []netip.Prefix
	// Role returns what somebody whom the proxy names may do; nil makes whomever it
	// names an Exporter.
	Role func(user string) Role
	// Sites returns the sites of this program that somebody whom the proxy names may
	// see, by their names; nil where there is one site.
	Sites func(user string) []Site
	// Passwords checks passwords; nil for one of the dashboard's own.
	Passwords *Passwords
	// Client returns the network that the client is in, by which sign-ins are
	// bounded. Only a keyed hash of it is kept.
	Client func(*http.Request) string
	// Secure reports whether nobody but the client and this server can read along:
	// over https, or on this machine. Passwords are taken no other way.
	Secure func(*http.Request) bool
	Log    *slog.Logger
	// Audits reads what the last audit found; nil where there is no place for it.
	Audits *outcome.Reader
	// Fail answers a request with the status and the text of a [Refusal].
	Fail func(w http.ResponseWriter, r *http.Request, err error)
	// Now is the clock; time.Now where it is nil. Sleep waits by that clock, or
	// until ctx is done.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

func (c *Config) validate() error {
	var faults []error
	if c.Store == nil || c.Catalogue == nil || c.Client == nil || c.Secure == nil || c.Log == nil || c.Fail == nil {
		faults = append(faults, errors.New("Store, Catalogue, Client, Secure, Log and Fail are all needed"))
	}
	if c.UserHeader != "" && len(c.Proxies) == 0 {
		faults = append(faults, fmt.Errorf("no proxy is trusted with the header %s; name their networks", c.UserHeader))
	}
	return errors.Join(faults...)
}

// Dashboard is the handler of /admin and of all beneath it.
type Dashboard struct {
	config    Config
	languages map[string]*language
	templates *template.Template
	style     []byte
	stylePath string
	attempts  *attempts
	passwords *Passwords
	handler   http.Handler
}

// New returns the handler of /admin and all beneath it. What is wrong with its
// configuration, or with the texts and templates in it, is an error.
func New(config Config) (http.Handler, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("dashboard: %w", err)
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Sleep == nil {
		config.Sleep = sleep
	}
	if config.Passwords == nil {
		config.Passwords = NewPasswords()
	}
	d := &Dashboard{config: config, attempts: newAttempts(), passwords: config.Passwords}
	var err error
	if d.languages, err = readLanguages(web.Admin()); err != nil {
		return nil, err
	}
	if d.templates, err = template.ParseFS(web.Admin(), "*.html"); err != nil {
		return nil, fmt.Errorf("parse templates of the dashboard: %w", err)
	}
	if d.style, err = fs.ReadFile(web.Admin(), "admin.css"); err != nil {
		return nil, fmt.Errorf("read style of the dashboard: %w", err)
	}
	sum := sha256.Sum256(d.style)
	d.stylePath = Path + "/style." + hex.EncodeToString(sum[:8]) + ".css"
	d.handler = d.routes()
	return d, nil
}

// ServeHTTP answers a request for the dashboard.
func (d *Dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }

func (d *Dashboard) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+d.stylePath, d.getStyle)
	mux.HandleFunc("GET "+forgetPath, d.getForget)
	mux.Handle("GET "+Path, d.page(Nobody, (*call).getReport))
	mux.Handle("GET "+Path+"/{$}", http.RedirectHandler(Path, http.StatusSeeOther))
	mux.Handle("POST "+Path+"/login", d.page(Nobody, (*call).postLogin))
	mux.Handle("POST "+Path+"/logout", d.page(Reader, (*call).postLogout))
	mux.Handle("GET "+Path+"/receipts", d.page(Reader, (*call).getReceipt))
	mux.Handle("POST "+erasePath, d.page(Eraser, (*call).postErase))
	mux.Handle("GET "+Path+"/export.csv", d.page(Exporter, (*call).getExport))
	mux.Handle("GET "+Path+"/export.jsonl", d.page(Exporter, (*call).getExport))
	mux.Handle(Path+"/", d.page(Reader, (*call).getMissing))
	return headers(http.NewCrossOriginProtection().Handler(mux))
}

// policy is stricter than that of the site's other pages: the dashboard has no
// scripts, and sends its forms to itself alone.
const policy = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		// Browsers that do not say where a form comes from are judged by the header
		// Origin, which "no-referrer" would blank.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex")
		next.ServeHTTP(w, r)
	})
}

func (d *Dashboard) getStyle(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(d.style))
}

// call is one request that is being answered.
type call struct {
	*Dashboard
	*visitor
	w            http.ResponseWriter
	r            *http.Request
	store        Store
	passwordHash string
	language     *language
	forget       bool // have the browser forget the pages that it has seen
}

// maxForm is the most bytes that a form may send.
const maxForm = 8 << 10

// page makes a handler of answer, for whoever has that role. Where the dashboard is
// off, or the store away, it says so; it leads those who are not signed in to where
// they may do so.
func (d *Dashboard) page(needs Role, answer func(*call) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		c := &call{Dashboard: d, visitor: &visitor{}, w: w, r: r, language: d.speaks(r)}
		if err := c.answer(needs, answer); err != nil {
			c.fail(err)
		}
	})
}

func (c *call) answer(needs Role, answer func(*call) error) error {
	if c.store = c.config.Store(); c.store == nil {
		return errors.New("the store of receipts is not open")
	}
	var err error
	if c.passwordHash, err = c.store.Setting(c.r.Context(), PasswordSetting); err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	if c.passwordHash == "" && c.config.UserHeader == "" {
		return c.show(http.StatusNotFound, "off", "off-title", nil)
	}
	if c.visitor, err = c.findVisitor(c.r, c.store, c.passwordHash); err != nil {
		return fmt.Errorf("look for the session: %w", err)
	}
	switch {
	case c.role == Nobody && c.passwordHash == "":
		return c.show(http.StatusForbidden, "proxy", "proxy-title", nil)
	case c.role == Nobody && needs > Nobody:
		http.Redirect(c.w, c.r, c.link(Path), http.StatusSeeOther)
		return nil
	case c.role < needs:
		return c.show(http.StatusForbidden, "denied", "denied-title", nil)
	}
	return answer(c)
}

// Refusal is why a request is refused, which who has sent it may read.
type Refusal struct {
	Status int
	Text   string
}

func (r *Refusal) Error() string { return r.Text }

// fail says that it could not be done; the log says why, or what was wrong with the
// request.
func (c *call) fail(err error) {
	if _, refused := errors.AsType[*Refusal](err); refused {
		c.config.Fail(c.w, c.r, err)
		return
	}
	if c.r.Context().Err() != nil {
		return // nobody is there any more
	}
	c.config.Log.Error("dashboard", "method", c.r.Method, "path", c.r.URL.Path, "error", err)
	c.w.Header().Set("Retry-After", "30")
	if err := c.show(http.StatusServiceUnavailable, "failed", "failed-title", nil); err != nil {
		c.config.Log.Error("dashboard", "error", err)
	}
}

// getMissing handles all that is not there.
func (c *call) getMissing() error {
	return c.show(http.StatusNotFound, "missing", "missing-title", nil)
}

// speaks returns the language that is asked for (?lang=en), or the one that
// suits the browser best.
func (d *Dashboard) speaks(r *http.Request) *language {
	if l, found := d.languages[r.URL.Query().Get("lang")]; found {
		return l
	}
	var tags []textlanguage.Tag
	for _, code := range languages {
		tags = append(tags, textlanguage.Make(code))
	}
	_, i := textlanguage.MatchStrings(textlanguage.NewMatcher(tags), r.Header.Get("Accept-Language"))
	return d.languages[languages[i]]
}

// link returns the address of a page in the language that was asked for. Pairs
// are names and values of its query.
func (c *call) link(path string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	if lang := c.asked(); lang != "" {
		query.Set("lang", lang)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// asked returns the language that was asked for by name, "" where the browser's
// is spoken.
func (c *call) asked() string {
	if lang := c.r.URL.Query().Get("lang"); slices.Contains(languages, lang) {
		return lang
	}
	return ""
}
