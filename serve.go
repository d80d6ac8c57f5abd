//go:build !js

package main

import (
	"context"
	"errors"
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
	config, err := readServeConfig("serve", args, stderr)
	if err != nil {
		return err
	}
	return serveWith(ctx, config, stdout)
}

// serveConfig is what a command that starts a server is told.
type serveConfig struct {
	server.Config
	front server.FrontConfig
	level slog.Level // the least that is logged
	// sites is the folder of the catalogues of many, "" for one; see [server.SitesConfig].
	sites, sharedHost string
}

// readServeConfig reads the flags of a command that starts a server.
func readServeConfig(command string, args []string, stderr io.Writer) (serveConfig, error) {
	var config serveConfig
	flags := newFlags(command, stderr)
	serverFlags(flags, &config)
	if command == "serve" {
		sitesFlag(flags, &config.sites)
		flags.StringVar(&config.sharedHost, "shared-host", "", "`host` at which the files and the API of each of -sites are beneath /s/ and its name, for pages of the site's own host")
	}
	if command == "proxy" {
		flags.Var(upstreamFlag{&config.Config}, "upstream", "`address` of the site whose pages are held to each visitor's choice, such as http://127.0.0.1:3000")
		flags.BoolVar(&config.NoPolicy, "no-policy", false, "send no Content-Security-Policy with the site's pages: markup and loader alone hold what waits")
	}
	words, err := parse(flags, args)
	if err != nil {
		return config, err
	}
	if len(words) > 0 {
		return config, fmt.Errorf("%s takes flags only, not %q", command, words[0])
	}
	config.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: config.level}))
	if config.Rate < 0 {
		return config, fmt.Errorf("-rate is %d; want a number of choices, or 0, which sets no bound", config.Rate)
	}
	if config.Rate == 0 {
		config.Rate = -1 // 0 stands for the default elsewhere, and for no bound here
	}
	return config, nil
}

func serverFlags(flags *flag.FlagSet, config *serveConfig) {
	flags.StringVar(&config.front.Addr, "addr", "127.0.0.1:8080", "`host:port` to listen on, where port 0 takes a free one, or unix:/path of a socket")
	catalogueFlag(flags, &config.Catalogue)
	maxAgeFlag(flags, &config.MaxAge)
	storeFlags(flags, &config.Store)
	textFlag(flags, &config.Audits, "audits", "`folder` in which temoin audit leaves what it found, for /admin and /metrics (default: that of -data)")
	config.Retention = new(consent.Duration)
	flags.TextVar(config.Retention, "retention", server.DefaultRetention, "how long receipts are kept: a `duration` such as \"25 months\"")
	flags.IntVar(&config.Rate, "rate", server.DefaultRate, "how many choices one client may report in a minute; 0 sets no bound")
	flags.TextVar(&config.Proxies, "proxies", server.Networks(nil), "`networks` of the proxies in front, whose header X-Forwarded-For is believed, or none; empty: this machine and private networks")
	flags.StringVar(&config.front.MetricsAddr, "metrics-addr", "", "`host:port`, or unix:/path, on which /metrics is answered, and nothing else; empty: nowhere")
	flags.Var((*spanFlag)(&config.front.Drain), "drain", "the `duration` for which to go on answering once told to stop, while /readyz says so to a balancer")
	textFlag(flags, &config.front.TLS.Cert, "tls-cert", "`file` of a certificate, with its intermediates; it is read anew when it changes")
	textFlag(flags, &config.front.TLS.Key, "tls-key", "`file` of the certificate's key")
	textFlag(flags, &config.front.TLS.Autocert, "autocert", "`hosts` for which certificates are obtained and renewed, on port 443; who sets it agrees to the authority's terms")
	flags.StringVar(&config.front.TLS.Directory, "autocert-directory", autocert.DefaultACMEDirectory, "`address` of the authority that issues them (ACME)")
	flags.StringVar(&config.UserHeader, "user-header", "", "`header` in which a proxy of -proxies names who may see /admin; the proxy has to remove the visitor's own header of that name")
	flags.TextVar(&config.level, "log", slog.LevelInfo, "least `level` that is logged: debug, info, warn or error; debug shows each request")
}

func serveWith(ctx context.Context, config serveConfig, stdout io.Writer) error {
	s, err := newServed(config)
	if err != nil {
		return err
	}
	front, err := server.Listen(s, config.front)
	if err != nil {
		return errors.Join(err, s.Close())
	}
	fmt.Fprintln(stdout, "Témoin answers on", front.URL())
	if url := front.MetricsURL(); url != "" {
		fmt.Fprintln(stdout, "Metrics are on", url)
	}
	reloadOnHangup(ctx, front)
	ended, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	tellSystemd(ctx)
	go showLife(ended, s)
	return errors.Join(front.Run(ctx), s.Close())
}

// newServed returns a server of one site, or of many.
func newServed(config serveConfig) (server.Served, error) {
	switch {
	case config.sites == "" && config.sharedHost != "":
		return nil, errors.New("-shared-host is for many sites; want -sites beside it")
	case config.sites == "":
		s, err := server.New(config.Config)
		if err != nil {
			return nil, advised(config.Catalogue, err)
		}
		return s, nil
	case namesCatalogue(config.Catalogue):
		return nil, errBothCatalogues
	}
	return server.NewSites(server.SitesConfig{Config: config.Config, Folder: config.sites, SharedHost: config.sharedHost})
}

// reloadOnHangup has the server read its files anew at SIGHUP, which would end it
// otherwise, until ctx is done.
func reloadOnHangup(ctx context.Context, front *server.Front) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				front.Reload()
			}
		}
	}()
}
