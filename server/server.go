// Package server answers what pages load, the cookie charter with its form, and
// the API of the receipts. What it answers with is made by package site, and kept
// by package ledger.
package server

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/admin"
	"temoin.example/temoin/server/audit/outcome"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/site"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/version"
)

// Config is what a server is made with. The zero value of each field is a safe
// choice; only Catalogue has to be set.
type Config struct {
	// Catalogue is the path of the catalogue. Where no file is there, Example is
	// served until there is one; without an example, that is an error.
	Catalogue string
	Example   []byte
	// Pages makes what answers where the server itself has nothing; without it,
	// that is not found.
	Pages func(*Server) (http.Handler, error)
	// Upstream is the site that this server stands before: whatever is not Témoin's
	// own is asked of it, and its pages are held to the choice (see [guard.Edge]), with
	// NoPolicy without a Content-Security-Policy. Nil for none: then the site is elsewhere.
	Upstream *url.URL
	NoPolicy bool
	// Dist holds what ./build.sh build made; nil stands for what is embedded.
	Dist fs.FS
	// MaxAge is how long browsers use temoin.js without asking for a newer one.
	MaxAge time.Duration
	// Log is where to log; nil for what slog logs to by default.
	Log *slog.Logger
	// Store says where receipts are kept, and without a folder, that none are;
	// Retention how long: [DefaultRetention] where it is nil.
	Store     ledger.StoreConfig
	Retention *consent.Duration
	// Audits is the folder in which temoin audit leaves what it found; "" stands for that
	// of the receipts.
	Audits string
	// Rate is how many reports a client may make in a minute: 120 where it is not
	// set, and no bound where it is below 0.
	Rate int
	// Proxies are the networks of the proxies in front, whose word on the
	// visitor's address is taken; nil for those of this machine and of private
	// networks, empty for none.
	Proxies Networks
	// UserHeader is the header in which a proxy names who is signed in, for the
	// dashboard; "" takes no proxy's word for it.
	UserHeader string
	// Now is the clock; nil for that of the system.
	Now func() time.Time

	id         string                         // the site's among many, "" for the only one
	neighbours func(user string) []admin.Site // of many, nil for the only one
	shared     *shared
}

// shared is what all sites of one program have together.
type shared struct {
	parts     *site.Parts
	metrics   *programMetrics
	passwords *admin.Passwords
}

func newShared(dist fs.FS) *shared {
	return &shared{site.NewParts(dist), newProgramMetrics(), admin.NewPasswords()}
}

// DefaultRate is how many reports a client may make in a minute.
const DefaultRate = 120

// DefaultRetention is how long receipts are kept: for as long as a choice holds, and
// as long as it may still be contested (CNIL, deliberation 2020-092).
var DefaultRetention = consent.Duration{Count: 25, Unit: consent.Month}

// withDefaults returns the configuration with what was not set.
func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Rate = cmp.Or(c.Rate, DefaultRate)
	c.Retention = cmp.Or(c.Retention, &DefaultRetention)
	if c.shared == nil {
		c.shared = newShared(c.Dist)
	}
	return c
}

// audits returns the folder in which temoin audit leaves what it found, "" for none.
func (c Config) audits() string { return cmp.Or(c.Audits, c.Store.Data) }

// Server answers for one catalogue, and takes over its changes. It listens nowhere:
// it is a handler for a site's own server, or for a [Front].
type Server struct {
	config     Config
	log        *slog.Logger
	routes     http.Handler
	pages      http.Handler
	site       atomic.Pointer[site.Site]
	seen       stamp  // of the catalogue's file when it was last read
	unread     string // why the system did not let it be read, "" where it did
	files      watcher
	ledger     *ledger.Ledger
	audits     *outcome.Reader // nil where there is no folder for it
	limit      *limiter
	unanswered *limiter // of banners that were left: plain counts, which anybody can make up
	metrics    *metrics
	admin      http.Handler

	invalid atomic.Bool        // whether the catalogue's file is not what is served
	leaving atomic.Bool        // whether it is about to stop
	stop    context.CancelFunc // ends what runs beside the requests
	running sync.WaitGroup
}

// New returns a server that is ready to answer, and watches its catalogue and
// keeps its receipts until [Server.Close]. A catalogue that cannot be read is an error.
func New(config Config) (*Server, error) {
	if err := checkStore(config.Store); err != nil {
		return nil, err
	}
	s := &Server{config: config.withDefaults(), files: newWatcher()}
	ctx, err := s.start(s.load)
	if err != nil {
		return nil, err
	}
	s.running.Go(func() { s.files.run(ctx, s.reload, s.lookAtCatalogue) })
	return s, nil
}

// checkStore refuses a place for receipts without one for the key.
func checkStore(c ledger.StoreConfig) error {
	if c.Database != "" && c.Data == "" {
		return errors.New("-data is empty, which keeps no receipts, and -database has a place for them; want the folder of the key")
	}
	return nil
}

// start makes the server ready, whose catalogue load takes over, and has it keep its
// receipts until ctx is done, which [Server.Close] sees to.
func (s *Server) start(load func() error) (ctx context.Context, err error) {
	s.log = s.config.Log
	if err := load(); err != nil {
		return nil, err
	}
	if err := s.prepareRoutes(); err != nil {
		return nil, err
	}
	if err := s.openLedger(context.Background()); err != nil {
		return nil, s.abandon(err)
	}
	ctx, s.stop = context.WithCancel(context.Background())
	s.running.Go(func() { s.ledger.Run(ctx, func() *ledger.Shown { return shown(s.site.Load()) }) })
	return ctx, nil
}

// abandon takes back what a server that cannot be made has begun, so that it can be tried
// again, and returns why.
func (s *Server) abandon(err error) error {
	s.metrics.withdraw()
	return errors.Join(err, s.ledger.Close())
}

// prepareRoutes makes all that answers, for a site that is loaded.
func (s *Server) prepareRoutes() error {
	if err := s.preparePages(); err != nil {
		return err
	}
	s.prepareLedger()
	if err := s.prepareAdmin(); err != nil {
		return s.abandon(err)
	}
	s.routes = s.handler()
	return nil
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// Metrics answers with what an operator watches, for Prometheus. It is apart from
// what [Server.ServeHTTP] answers: visitors have no business there.
func (s *Server) Metrics() http.Handler { return s.metrics.handler() }

// Close writes what has yet to be written, and closes the store of receipts. It is
// called when no request runs any more, as after [http.Server.Shutdown].
func (s *Server) Close() error {
	s.stop()
	s.running.Wait()
	s.metrics.withdraw()
	return s.ledger.Close()
}

// leave says at /readyz that the server is about to stop.
func (s *Server) leave() { s.leaving.Store(true) }

// settings returns what the server was made with, for the [Front] before it.
func (s *Server) settings() Config { return s.config }

func (s *Server) prepareLedger() {
	s.limit = newLimiter(s.config.Rate, s.config.Proxies, s.log, s.config.Now)
	s.unanswered = newLimiter(unansweredRate(s.config.Rate), s.config.Proxies, slog.New(slog.DiscardHandler), s.config.Now)
	if s.config.id != "" {
		s.limit.clients.Resize(maxSiteClients)
		s.unanswered.clients.Resize(maxSiteClients)
	}
	if folder := s.config.audits(); folder != "" {
		s.audits = outcome.NewReader(folder)
	}
	s.metrics = newMetrics(s.config.shared.metrics, s.config.id, func() int { return s.ledger.Queued() }, s.audits)
	s.ledger = ledger.New(ledger.Config{
		Store:     s.config.Store,
		Retention: s.retention(s.site.Load().Catalogue),
		Version:   version.String(),
		Log:       s.log,
		Now:       s.config.Now,
		Fault:     s.metrics.storeFaults.Inc,
	})
}

// retention returns how long receipts of that catalogue are kept.
func (s *Server) retention(c *catalogue.Catalogue) consent.Duration {
	return *cmp.Or(c.Retention, s.config.Retention)
}

// shown returns what the ledger is to know of a site, or nil where the server
// keeps no receipts of it.
func shown(served *site.Site) *ledger.Shown {
	if !served.Keeps {
		return nil
	}
	shown := &ledger.Shown{Signer: signer(served.Catalogue)}
	for _, lang := range served.Catalogue.Languages {
		shown.Editions = append(shown.Editions, store.Edition{
			Rev:       served.Rev,
			Text:      served.Shown.Text,
			Lang:      lang,
			Catalogue: served.Shown.Catalogue,
			Body:      served.Shown.Bodies[lang],
		})
	}
	return shown
}

// signer is the name in the key: the site's host.
func signer(c *catalogue.Catalogue) string {
	site, err := url.Parse(c.Site.URL)
	if err != nil || site.Host == "" {
		return "temoin" // a catalogue made by hand
	}
	return site.Host
}

// openLedger opens the store of receipts, where they are kept.
func (s *Server) openLedger(ctx context.Context) error {
	shown := shown(s.site.Load())
	if shown == nil {
		return nil
	}
	return s.ledger.Open(ctx, *shown)
}

// receiptStore returns the store for the dashboard, or nil while it cannot be had.
func (s *Server) receiptStore() admin.Store {
	if opened := s.ledger.Store(); opened != nil {
		return opened
	}
	return nil
}

// prepareAdmin makes the dashboard, which is off until somebody may see it.
func (s *Server) prepareAdmin() (err error) {
	if s.config.UserHeader != "" {
		s.log.Warn("whoever sends this header through a proxy of -proxies sees /admin; the proxy has to remove the visitor's own",
			"header", s.config.UserHeader)
	}
	s.admin, err = admin.New(admin.Config{
		Role:       s.role,
		Sites:      s.config.neighbours,
		Fail:       s.Fail,
		Passwords:  s.config.shared.passwords,
		Store:      s.receiptStore,
		Catalogue:  func() *consent.Catalogue { return &s.site.Load().Catalogue.Catalogue },
		UserHeader: s.config.UserHeader,
		Now:        s.config.Now,
		Proxies:    s.config.Proxies,
		Client:     func(r *http.Request) string { return s.limit.network(r).String() },
		Secure:     func(r *http.Request) bool { return isSecure(r) || isLocal(r) },
		Log:        s.log,
		Audits:     s.audits,
	})
	return err
}

// role returns what somebody whom a proxy names may do in the dashboard. Of many sites
// each has to say who: one proxy names the administrators of all.
func (s *Server) role(user string) admin.Role {
	c := s.site.Load().Catalogue
	if s.config.id == "" && len(c.Readers)+len(c.Administrators)+len(c.Erasers) == 0 {
		return admin.Exporter
	}
	return roleIn(c, user)
}

// roleIn returns what a catalogue lets somebody do.
func roleIn(c *catalogue.Catalogue, user string) admin.Role {
	switch {
	case slices.Contains(c.Erasers, user):
		return admin.Eraser
	case slices.Contains(c.Administrators, user):
		return admin.Exporter
	case slices.Contains(c.Readers, user):
		return admin.Reader
	}
	return admin.Nobody
}

// preparePages makes what answers beside the server's own routes.
func (s *Server) preparePages() (err error) {
	s.pages = s.handle(nothing)
	if s.config.Pages != nil {
		s.pages, err = s.config.Pages(s)
	}
	return err
}

// Site returns the site that is served now.
func (s *Server) Site() *site.Site { return s.site.Load() }

// File returns what answers requests for a file.
func (s *Server) File(a *site.Asset) http.Handler { return s.handle(asset{a}.answer) }

// load reads the catalogue and makes its site.
func (s *Server) load() error {
	s.seen = stampOf(s.config.Catalogue)
	c, err := s.loadCatalogue()
	s.unread = unreadable(err)
	if err != nil {
		return err
	}
	return s.adopt(c)
}

// adopt makes the site of a catalogue, and serves it from now on.
func (s *Server) adopt(c *catalogue.Catalogue) error {
	if s.config.Upstream != nil && !s.config.NoPolicy && c.Reload != catalogue.ReloadNever {
		c.Reload = catalogue.ReloadOnChange // the policy of a page is that of the choice with which it was asked for
	}
	b, err := site.New(c, site.Options{
		Parts:    s.config.shared.parts,
		MaxAge:   s.config.MaxAge,
		Receipts: s.config.Store.Data != "",
		Updated:  site.LastUpdate(s.config.Catalogue),
	})
	if err != nil {
		return err
	}
	if b.Keeps {
		if err := ledger.CheckRetention(s.retention(c), c.Cookie.Lifetime); err != nil {
			return err
		}
	}
	s.site.Store(b)
	if s.ledger != nil {
		s.ledger.SetRetention(s.retention(c))
	}
	for _, warning := range catalogue.Warnings(s.config.Catalogue, c) {
		s.log.Warn(warning)
	}
	return nil
}

// loadCatalogue reads the catalogue's file, or, before anything is served, the
// example where there is none.
func (s *Server) loadCatalogue() (*catalogue.Catalogue, error) {
	c, err := catalogue.Load(s.config.Catalogue)
	if errors.Is(err, fs.ErrNotExist) && s.config.Example != nil && s.site.Load() == nil {
		return catalogue.Parse("the example", s.config.Example)
	}
	return c, err
}

// Reload has the server read its catalogue anew.
func (s *Server) Reload() { s.files.ask() }

// lookAtCatalogue takes the catalogue over where its file has changed. Where the
// file is gone, the last good one stays.
func (s *Server) lookAtCatalogue() {
	switch seen := stampOf(s.config.Catalogue); {
	case seen == s.seen && s.unread == "":
	case seen == stamp{}:
		s.seen, s.unread = seen, ""
		s.invalid.Store(true)
		s.log.Error("the catalogue is gone, the last good one stays", "file", s.config.Catalogue)
	default:
		s.readAnew()
	}
}

// reload reads the catalogue because somebody asked for it, who is told in any case what is wrong.
func (s *Server) reload() {
	s.unread = ""
	s.readAnew()
}

// readAnew keeps the old catalogue where the new one is not valid. A file that cannot be
// read is tried at each look, and logged when that is new.
func (s *Server) readAnew() {
	before := s.unread
	if err := s.take(s.load); err != nil && (s.unread == "" || s.unread != before) {
		s.log.Error("catalogue not taken over, the old one stays", "error", err)
	}
}

// take takes over a catalogue, which load does, and publishes what it shows. The old
// one stays where that cannot be done.
func (s *Server) take(load func() error) error {
	err := load()
	s.invalid.Store(err != nil)
	if err != nil {
		return err
	}
	s.log.Info("catalogue taken over", "rev", s.site.Load().Rev)
	if err := s.openLedger(context.Background()); err != nil {
		s.log.Error("receipts cannot be kept", "error", err)
	}
	return nil
}

// unreadable returns why the system did not let a catalogue be read, "" where it did,
// whatever the text is. Such a file is read again though its stamp stays: rights that are
// mended change neither its time nor its size.
func unreadable(err error) string {
	var problems catalogue.Problems
	if err == nil || errors.As(err, &problems) {
		return ""
	}
	return err.Error()
}

// stamp tells versions of a file apart; the zero one is that of no file.
type stamp struct {
	changed int64 // nanoseconds since 1970
	size    int64 // bytes
}

func stampOf(path string) stamp {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime().UnixNano(), info.Size()}
}
