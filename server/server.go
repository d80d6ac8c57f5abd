// Package server answers what pages load: the assets made of a catalogue, the
// cookie charter with its form, and the demo portal. Nothing in it ever reaches
// the browser as code; it prerenders what package app draws there.
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
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"temoin/app/consent"
	"temoin/app/guard"
	"temoin/server/admin"
	"temoin/server/catalogue"
	"temoin/server/demo"
	"temoin/server/ledger"
	"temoin/server/site"
	"temoin/web"
)

// Config is what a server is started with.
type Config struct {
	// Addr is where it listens: host:port, where port 0 takes any that is free, or
	// unix:/path. MetricsAddr is where it answers /metrics alone, "" for nowhere.
	Addr, MetricsAddr string
	// TLS says with which certificate it speaks https, if any.
	TLS TLSConfig
	// Catalogue is the path of the catalogue. Where no file is there, the
	// embedded example is served.
	Catalogue string
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
	portal       http.Handler
	portalFiles  map[string]asset // by path
	site         atomic.Pointer[site.Site]
	trials       trials
	seen         string // the stamp of the catalogue's file when it was last read
	listener     net.Listener
	watching     net.Listener // for /metrics, nil where nobody watches
	reloads      chan struct{}
	certificates *certificates
	ledger       *ledger.Ledger
	limit        *limiter
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
	if err := s.loadPortal(); err != nil {
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
	s.metrics = newMetrics(func() int { return s.ledger.Queued() })
	s.ledger = ledger.New(ledger.Config{
		Store:     s.config.Store,
		Retention: s.config.Retention,
		Version:   Version(),
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
	return &ledger.Shown{Signer: signer(served.Catalogue), Editions: served.Shown}
}

// signer is the name in the key: the site's host.
func signer(c *consent.Catalogue) string {
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
		Catalogue:  func() *consent.Catalogue { return s.site.Load().Catalogue },
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

func (s *Server) loadPortal() error {
	pages, err := demo.New(demo.Folder())
	if err != nil {
		return err
	}
	pages.Bench = s.bench
	s.portal, s.portalFiles = pages, map[string]asset{}
	for _, name := range demo.Files() {
		body, err := fs.ReadFile(demo.Folder(), name)
		if err != nil {
			return fmt.Errorf("read portal file: %w", err)
		}
		s.portalFiles["/demo/"+name] = asset{site.NewAsset(name, "no-cache", body)}
	}
	return nil
}

// load reads the catalogue and makes its bundle.
func (s *Server) load() error {
	s.seen = stamp(s.config.Catalogue)
	c, err := loadCatalogue(s.config.Catalogue)
	if err != nil {
		return err
	}
	b, err := site.New(c, web.Dist(), s.config.MaxAge, s.config.Store.Data != "")
	if err != nil {
		return err
	}
	b.AddGPC(site.LastUpdate(s.config.Catalogue))
	s.site.Store(b)
	for _, warning := range catalogue.Warnings(s.config.Catalogue, c) {
		s.log.Warn(warning)
	}
	return nil
}

// loadCatalogue reads the catalogue at path, or the embedded example where
// there is no such file.
func loadCatalogue(path string) (*consent.Catalogue, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return catalogue.Parse("server/demo/catalogue.yaml", demo.Catalogue)
	}
	return catalogue.Load(path)
}

// Check reads the catalogue at path, which has to be there, and says in a line
// what it holds, after a line for each warning; or returns all that is wrong in it.
func Check(path string) (string, error) {
	c, err := catalogue.Load(path)
	if err != nil {
		return "", err
	}
	good := fmt.Sprintf("%s: good; revision %s, %d categories, %d services, in %s",
		path, c.Rev(), len(c.Categories), len(c.Services), strings.Join(c.Languages, ", "))
	return strings.Join(append(catalogue.Warnings(path, c), good), "\n"), nil
}

// Export writes into dir what a server of the catalogue sends; see [site.Site.Export].
func Export(config Config, dir string) (*site.Manifest, error) {
	c, err := loadCatalogue(config.Catalogue)
	if err != nil {
		return nil, err
	}
	b, err := site.New(c, web.Dist(), config.MaxAge, false)
	if err != nil {
		return nil, err
	}
	b.AddGPC(site.LastUpdate(config.Catalogue))
	return b.Export(dir)
}

// Policy returns the header line that holds a page to a choice about the
// catalogue at path: everything, or the categories and services of those ids, or,
// where there are none, what is allowed before an answer.
func Policy(path string, all bool, ids []string) (string, error) {
	c, err := loadCatalogue(path)
	if err != nil {
		return "", err
	}
	var known []string
	for _, category := range c.Categories {
		known = append(known, category.ID)
	}
	for _, service := range c.Services {
		known = append(known, service.ID)
	}
	for _, id := range ids {
		if !slices.Contains(known, id) {
			return "", fmt.Errorf("no category or service %q; there are %s", id, strings.Join(known, ", "))
		}
	}
	var record *consent.Record
	switch {
	case all:
		record = &consent.Record{Choices: c.Accept()}
	case len(ids) > 0:
		record = &consent.Record{}
		record.Choices, record.Services = c.Split(func(id string) bool {
			service := c.Service(id)
			return slices.Contains(ids, id) || service != nil && slices.Contains(ids, service.Category)
		})
	}
	return "Content-Security-Policy: " + guard.Policy(c, record), nil
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
			if stamp(s.config.Catalogue) != s.seen {
				s.reload()
			}
			if s.certificates.changed() {
				s.reloadCertificate()
			}
		}
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
