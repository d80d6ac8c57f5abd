// Package server answers what pages load, the cookie charter with its form, and
// the API of the receipts. What it answers with is made by package site, and kept
// by package ledger.
package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/admin"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/site"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/version"
)

// Config is what a server is started with.
type Config struct {
	// Addr is where it listens: host:port, where port 0 takes any that is free, or
	// unix:/path. MetricsAddr is where it answers /metrics alone, "" for nowhere.
	Addr, MetricsAddr string
	// TLS says with which certificate it speaks https, if any.
	TLS TLSConfig
	// Catalogue is the path of the catalogue. Where no file is there, Example is
	// served until there is one; without an example, that is an error.
	Catalogue string
	Example   []byte
	// Pages makes what answers where the server itself has nothing; without it,
	// that is not found.
	Pages func(*Server) (http.Handler, error)
	// Dist holds what ./build.sh build made; nil stands for what is embedded.
	Dist fs.FS
	// MaxAge is how long browsers use temoin.js without asking for a newer one.
	MaxAge time.Duration
	// Level is the least level that is logged, Log where to.
	Level slog.Level
	Log   *slog.Logger
	// Store says where receipts are kept, Retention how long.
	Store     ledger.StoreConfig
	Retention consent.Duration
	// Rate is how many reports a client may make in a minute; 0 sets no bound.
	Rate int
	// Proxies are the networks of the proxies in front, whose word on the
	// visitor's address is taken; nil for those of this machine and of private
	// networks, empty for none.
	Proxies Networks
	// UserHeader is the header in which a proxy names who is signed in, for the
	// dashboard; "" takes no proxy's word for it.
	UserHeader string
}

// Server serves one catalogue, and takes over its changes.
type Server struct {
	config       Config
	log          *slog.Logger
	pages        http.Handler
	site         atomic.Pointer[site.Site]
	seen         string // the stamp of the catalogue's file when it was last read
	listener     net.Listener
	watching     net.Listener // for /metrics, nil where nobody watches
	reloads      chan struct{}
	certificates *certificates
	ledger       *ledger.Ledger
	limit        *limiter
	unanswered   *limiter // of banners that were left: plain counts, which anybody can make up
	metrics      *metrics
	admin        http.Handler
}

// New returns a server that is ready to run, and listens already. A catalogue
// that cannot be read is an error, as is an address in use.
func New(config Config) (*Server, error) {
	s := &Server{config: config, log: config.Log, reloads: make(chan struct{}, 1)}
	if err := s.load(); err != nil {
		return nil, err
	}
	if err := s.preparePages(); err != nil {
		return nil, err
	}
	s.prepareLedger()
	if err := s.prepareAdmin(); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if err := s.openLedger(context.Background()); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// listen takes the addresses at which the server answers.
func (s *Server) listen() (err error) {
	if s.certificates, err = newCertificates(s.config.TLS, s.config.Store.Data); err != nil {
		return err
	}
	if s.listener, err = listen(s.config.Addr, s.log); err != nil {
		return err
	}
	if s.config.MetricsAddr != "" {
		s.watching, err = listen(s.config.MetricsAddr, s.log)
	}
	return err
}

// close gives the addresses back.
func (s *Server) close() (err error) {
	for _, listener := range []net.Listener{s.listener, s.watching} {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
	}
	return err
}

func (s *Server) prepareLedger() {
	s.limit = newLimiter(s.config.Rate, s.config.Proxies, s.log)
	s.unanswered = newLimiter(unansweredRate(s.config.Rate), s.config.Proxies, slog.New(slog.DiscardHandler))
	s.metrics = newMetrics(func() int { return s.ledger.Queued() })
	s.ledger = ledger.New(ledger.Config{
		Store:     s.config.Store,
		Retention: s.config.Retention,
		Version:   version.String(),
		Log:       s.log,
		Fault:     s.metrics.storeFaults.Inc,
	})
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
		Store:      s.receiptStore,
		Catalogue:  func() *consent.Catalogue { return &s.site.Load().Catalogue.Catalogue },
		UserHeader: s.config.UserHeader,
		Proxies:    s.config.Proxies,
		Client:     func(r *http.Request) string { return s.limit.network(r).String() },
		Secure:     func(r *http.Request) bool { return isSecure(r) || isLocal(r) },
		Log:        s.log,
	})
	return err
}

// URL returns the address at which the server answers: http://host:port,
// https://host:port or unix:/path.
func (s *Server) URL() string {
	if s.certificates.tls != nil {
		return urlOf(s.listener, "https")
	}
	return urlOf(s.listener, "http")
}

// MetricsURL returns the address of the metrics, "" where there is none.
func (s *Server) MetricsURL() string {
	if s.watching == nil {
		return ""
	}
	return urlOf(s.watching, "http") + "/metrics"
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
	s.seen = stamp(s.config.Catalogue)
	c, err := s.loadCatalogue()
	if err != nil {
		return err
	}
	b, err := site.New(c, site.Options{
		Dist:     s.config.Dist,
		MaxAge:   s.config.MaxAge,
		Receipts: s.config.Store.Data != "",
		Updated:  site.LastUpdate(s.config.Catalogue),
	})
	if err != nil {
		return err
	}
	if b.Keeps {
		if err := ledger.CheckRetention(s.config.Retention, c.Cookie.Lifetime); err != nil {
			return err
		}
	}
	s.site.Store(b)
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

const (
	// stopTime is how long requests may take that run when the server is stopped.
	stopTime = 10 * time.Second
	// watchTime is how often the catalogue's file is looked at.
	watchTime = time.Second
)

// Run serves until ctx is done, then lets running requests end.
func (s *Server) Run(ctx context.Context) error {
	front, watched := newHTTP(s.handler(), s.log), newHTTP(s.metrics.handler(), s.log)
	failed := make(chan error, 2)
	go func() { failed <- s.serve(front) }()
	if s.watching != nil {
		go func() { failed <- watched.Serve(s.watching) }()
	}
	go s.watch(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { s.ledger.Run(ctx, func() *ledger.Shown { return shown(s.site.Load()) }) })

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("stopping", "within", stopTime)
	err := errors.Join(stop(front, stopTime, s.log), watched.Close())
	keeping.Wait()
	if err := errors.Join(err, s.ledger.Close()); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// serve answers visitors, with TLS where there is a certificate.
func (s *Server) serve(front *http.Server) error {
	if s.certificates.tls == nil {
		return front.Serve(s.listener)
	}
	front.TLSConfig = s.certificates.tls
	return front.ServeTLS(s.listener, "", "")
}

// Reload has the running server read its catalogue and certificate anew.
func (s *Server) Reload() {
	select {
	case s.reloads <- struct{}{}:
	default: // it is about to
	}
}

// watch takes over a catalogue and a certificate that have changed on the disk. It
// looks at the files instead of waiting for the system's word, which network file systems and
// editors that replace files do not give reliably.
func (s *Server) watch(ctx context.Context) {
	ticker := time.NewTicker(watchTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.reloads:
			s.reload()
			s.reloadCertificate()
		case <-ticker.C:
			s.lookAtCatalogue()
			if s.certificates.changed() {
				s.reloadCertificate()
			}
		}
	}
}

// lookAtCatalogue takes the catalogue over where its file has changed. Where the
// file is gone, the last good one stays.
func (s *Server) lookAtCatalogue() {
	switch seen := stamp(s.config.Catalogue); {
	case seen == s.seen:
	case seen == "":
		s.seen = seen
		s.log.Error("the catalogue is gone, the last good one stays", "file", s.config.Catalogue)
	default:
		s.reload()
	}
}

// reload keeps the old catalogue where the new one is not valid.
func (s *Server) reload() {
	if err := s.load(); err != nil {
		s.log.Error("catalogue not taken over, the old one stays", "error", err)
		return
	}
	served := s.site.Load()
	s.log.Info("catalogue taken over", "rev", served.Rev)
	if err := s.openLedger(context.Background()); err != nil {
		s.log.Error("receipts cannot be kept", "error", err)
	}
}

// reloadCertificate keeps the old certificate where the new one cannot be used.
func (s *Server) reloadCertificate() {
	if err := s.certificates.load(); err != nil {
		s.log.Error("certificate not taken over, the old one stays", "error", err)
	} else if s.config.TLS.Cert != "" {
		s.log.Info("certificate taken over")
	}
}

// stamp tells versions of a file apart; "" where there is none.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}
