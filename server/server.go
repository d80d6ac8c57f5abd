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
	"os"
	"strings"
	"sync/atomic"
	"time"

	"temoin/app/consent"
	"temoin/server/catalogue"
	"temoin/server/portal"
	"temoin/web"
)

// Config is what a server is started with.
type Config struct {
	// Addr is where it listens, host:port; port 0 takes any that is free.
	Addr string
	// Catalogue is the path of the catalogue. Where no file is there, the
	// embedded example is served.
	Catalogue string
	// MaxAge is how long browsers use temoin.js without asking for a newer one.
	MaxAge time.Duration
	// Level is the least level that is logged, Log where to.
	Level slog.Level
	Log   *slog.Logger
}

// Server serves one catalogue, and takes over its changes.
type Server struct {
	config      Config
	log         *slog.Logger
	portal      http.Handler
	portalStyle http.Handler
	bundle      atomic.Pointer[bundle]
	seen        string // the stamp of the catalogue's file when it was last read
	listener    net.Listener
}

// New returns a server that is ready to run, and listens already. A catalogue
// that cannot be read is an error, as is an address in use.
func New(config Config) (*Server, error) {
	s := &Server{config: config, log: config.Log}
	if err := s.load(); err != nil {
		return nil, err
	}
	if err := s.loadPortal(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", config.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", config.Addr, err)
	}
	s.listener = listener
	return s, nil
}

// URL returns the address at which the server answers.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

func (s *Server) loadPortal() error {
	pages, err := portal.New(web.Demo())
	if err != nil {
		return err
	}
	style, err := fs.ReadFile(web.Demo(), "portal.css")
	if err != nil {
		return fmt.Errorf("read portal style: %w", err)
	}
	asset, err := newAsset("portal.css", "no-cache", style)
	s.portal, s.portalStyle = pages, asset
	return err
}

// load reads the catalogue and makes its bundle.
func (s *Server) load() error {
	s.seen = stamp(s.config.Catalogue)
	c, err := loadCatalogue(s.config.Catalogue)
	if err != nil {
		return err
	}
	b, err := newBundle(c, web.Dist(), s.config.MaxAge)
	if err != nil {
		return err
	}
	s.bundle.Store(b)
	return nil
}

// loadCatalogue reads the catalogue at path, or the embedded example where
// there is no such file.
func loadCatalogue(path string) (*consent.Catalogue, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return catalogue.Parse("web/catalogue.yaml", web.DefaultCatalogue)
	}
	return catalogue.Load(path)
}

// Check reads the catalogue at path, which has to be there, and says in a line
// what it holds; or returns all that is wrong in it.
func Check(path string) (string, error) {
	c, err := catalogue.Load(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: good; revision %s, %d categories, %d services, in %s",
		path, c.Rev(), len(c.Categories), len(c.Services), strings.Join(c.Languages, ", ")), nil
}

const (
	// stopTime is how long requests may take that run when the server is stopped.
	stopTime = 10 * time.Second
	// watchTime is how often the catalogue's file is looked at.
	watchTime = time.Second
)

// Run serves until ctx is done, then lets running requests end.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(s.listener) }()
	go s.watch(ctx)

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("stopping", "within", stopTime)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// watch takes over a catalogue that has changed on the disk. It looks at the
// file instead of waiting for the system's word, which network file systems and
// editors that replace files do not give reliably.
func (s *Server) watch(ctx context.Context) {
	ticker := time.NewTicker(watchTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if stamp(s.config.Catalogue) != s.seen {
			s.reload()
		}
	}
}

// reload keeps the old catalogue where the new one is not valid.
func (s *Server) reload() {
	if err := s.load(); err != nil {
		s.log.Error("catalogue not taken over, the old one stays", "error", err)
		return
	}
	s.log.Info("catalogue taken over", "rev", s.bundle.Load().rev)
}

// stamp tells versions of a file apart; "" where there is none.
func stamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}
