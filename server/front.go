package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// FrontConfig says where a server is reached.
type FrontConfig struct {
	// Addr is where visitors reach it: host:port, where port 0 takes any that is
	// free, or unix:/path. MetricsAddr is where /metrics alone is answered, "" for
	// nowhere.
	Addr, MetricsAddr string
	// TLS says with which certificate it speaks https, if any.
	TLS TLSConfig
	// Drain is how long, once it has been told to stop, it goes on answering, and
	// says at /readyz that it will not for long: so that a balancer sends no more.
	Drain time.Duration
}

// Served is what a [Front] stands before: a [Server], or the [Sites] of a folder.
type Served interface {
	http.Handler
	Metrics() http.Handler
	Reload()
	Close() error

	leave()
	settings() Config
}

// Front is where visitors, and those who watch, reach a server.
type Front struct {
	server       Served
	log          *slog.Logger
	drain        time.Duration
	listener     net.Listener
	watching     net.Listener // for /metrics, nil where nobody watches
	certificates *certificates
	files        watcher
}

// Listen takes the addresses at which a server is reached. One in use is an error,
// as is a certificate that cannot be read.
func Listen(s Served, config FrontConfig) (f *Front, err error) {
	settings := s.settings()
	f = &Front{server: s, log: settings.Log, drain: config.Drain, files: newWatcher()}
	if f.certificates, err = newCertificates(config.TLS, settings.Store.Data); err != nil {
		return nil, err
	}
	if f.listener, err = listen(config.Addr, f.log); err != nil {
		return nil, err
	}
	if config.MetricsAddr != "" {
		if f.watching, err = listen(config.MetricsAddr, f.log); err != nil {
			return nil, errors.Join(err, f.listener.Close())
		}
	}
	return f, nil
}

// URL returns the address at which the server answers: http://host:port,
// https://host:port or unix:/path.
func (f *Front) URL() string {
	if f.certificates.tls != nil {
		return urlOf(f.listener, "https")
	}
	return urlOf(f.listener, "http")
}

// MetricsURL returns the address of the metrics, "" where there is none.
func (f *Front) MetricsURL() string {
	if f.watching == nil {
		return ""
	}
	return urlOf(f.watching, "http") + "/metrics"
}

// stopTime is how long requests may take that run when the server is stopped.
const stopTime = 10 * time.Second

// Run serves until ctx is done, then lets running requests end. The server behind
// it stays open.
func (f *Front) Run(ctx context.Context) error {
	front, watched := newHTTP(f.server, f.log), newHTTP(f.server.Metrics(), f.log)
	failed := make(chan error, 2)
	go func() { failed <- f.serve(front) }()
	if f.watching != nil {
		go func() { failed <- watched.Serve(f.watching) }()
	}
	go f.files.run(ctx, f.reloadCertificate, f.lookAtCertificate)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	f.server.leave()
	f.log.Info("stopping", "after", f.drain, "within", stopTime)
	time.Sleep(f.drain)
	if err := errors.Join(stop(front, stopTime, f.log), watched.Close()); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}

// serve answers visitors, with TLS where there is a certificate.
func (f *Front) serve(front *http.Server) error {
	if f.certificates.tls == nil {
		return front.Serve(f.listener)
	}
	front.TLSConfig = f.certificates.tls
	return front.ServeTLS(f.listener, "", "")
}

// Reload has the catalogue and the certificate read anew.
func (f *Front) Reload() {
	f.server.Reload()
	f.files.ask()
}

// lookAtCertificate takes the certificate over where its files have changed.
func (f *Front) lookAtCertificate() {
	if f.certificates.changed() {
		f.reloadCertificate()
	}
}

// reloadCertificate keeps the old certificate where the new one cannot be used.
func (f *Front) reloadCertificate() {
	if err := f.certificates.load(); err != nil {
		f.log.Error("certificate not taken over, the old one stays", "error", err)
	} else if f.certificates.config.Cert != "" {
		f.log.Info("certificate taken over")
	}
}
