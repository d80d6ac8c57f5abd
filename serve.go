//go:build !js

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/crypto/acme/autocert"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server"
)

// serve serves a site.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	config, err := serverConfig("serve", args, stderr)
	if err != nil {
		return err
	}
	return serveWith(ctx, config, stdout)
}

// serverConfig reads the flags of a command that starts a server.
func serverConfig(command string, args []string, stderr io.Writer) (server.Config, error) {
	var config server.Config
	flags := newFlags(command, stderr)
	serverFlags(flags, &config)
	words, err := parse(flags, args)
	if err != nil {
		return config, err
	}
	if len(words) > 0 {
		return config, fmt.Errorf("%s takes flags only, not %q", command, words[0])
	}
	config.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: config.Level}))
	return config, nil
}

func serverFlags(flags *flag.FlagSet, config *server.Config) {
	flags.StringVar(&config.Addr, "addr", "127.0.0.1:8080", "`host:port` to listen on, where port 0 takes a free one, or unix:/path of a socket")
	catalogueFlag(flags, &config.Catalogue)
	maxAgeFlag(flags, &config.MaxAge)
	storeFlags(flags, &config.Store)
	flags.TextVar(&config.Retention, "retention", consent.Duration{Count: 25, Unit: consent.Month}, "how long receipts are kept: a `duration` such as \"25 months\"")
	flags.IntVar(&config.Rate, "rate", 120, "how many choices one client may report in a minute; 0 sets no bound")
	flags.TextVar(&config.Proxies, "proxies", server.Networks(nil), "`networks` of the proxies in front, whose header X-Forwarded-For is believed, or none; empty: this machine and private networks")
	flags.StringVar(&config.MetricsAddr, "metrics-addr", "", "`host:port`, or unix:/path, on which /metrics is answered, and nothing else; empty: nowhere")
	flags.StringVar(&config.TLS.Cert, "tls-cert", "", "`file` of a certificate, with its intermediates; it is read anew when it changes")
	flags.StringVar(&config.TLS.Key, "tls-key", "", "`file` of the certificate's key")
	flags.StringVar(&config.TLS.Autocert, "autocert", "", "`hosts` for which certificates are obtained and renewed, on port 443; who sets it agrees to the authority's terms")
	flags.StringVar(&config.TLS.Directory, "autocert-directory", autocert.DefaultACMEDirectory, "`address` of the authority that issues them (ACME)")
	flags.StringVar(&config.UserHeader, "user-header", "", "`header` in which a proxy of -proxies names who may see /admin; the proxy has to remove the visitor's own header of that name")
	flags.TextVar(&config.Level, "log", slog.LevelInfo, "least `level` that is logged: debug, info, warn or error; debug shows each request")
}

func serveWith(ctx context.Context, config server.Config, stdout io.Writer) error {
	s, err := server.New(config)
	if err != nil {
		return advised(config.Catalogue, err)
	}
	fmt.Fprintln(stdout, "Témoin answers on", s.URL())
	if url := s.MetricsURL(); url != "" {
		fmt.Fprintln(stdout, "Metrics are on", url)
	}
	reloadOnHangup(ctx, s)
	return s.Run(ctx)
}

// reloadOnHangup has the server read its files anew at SIGHUP, which would end it
// otherwise, until ctx is done.
func reloadOnHangup(ctx context.Context, s *server.Server) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				s.Reload()
			}
		}
	}()
}
