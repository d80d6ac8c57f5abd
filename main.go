//go:build !js

// Command temoin serves a cookie banner for public sites, checks the catalogue
// it is made of, and exports it for static hosts. The program in the browser,
// which draws the banner, is main_js.go.
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
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"temoin/app/consent"
	"temoin/server"
	"temoin/server/catalogue"
	"temoin/server/ledger"
)

const usage = `temoin: a self-hosted cookie banner

  temoin serve          serve the banner, the charter and the demo portal
  temoin check FILE     say all that is wrong in a catalogue, and what would be right
  temoin export DIR     write the same files for any static host or CDN
  temoin receipts …     verify, export, show, erase, count and check the proofs of consent
  temoin admin password read a password from the standard input: with one, /admin is on
  temoin csp            print the Content-Security-Policy that holds pages to a choice:
                        -all, -allow matomo,third-party, or nothing answered yet

Flags of serve and export; receipts and admin take -data, -database and -key, csp takes -catalogue. Each may come
from the environment instead, as TEMOIN_ and its name in capitals (TEMOIN_MAX_AGE=1h):

`

const commands = "serve, check, export, receipts, admin and csp"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "temoin:", err)
		}
		stop()
		os.Exit(1)
	}
}

// run carries out one command. What a command answers goes to stdout, what it
// logs to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags, config := newFlags(stderr)
	if len(args) == 0 {
		flags.Usage()
		return errors.New("no command; there are " + commands)
	}
	command := args[0]
	switch command {
	case "csp":
		return csp(args[1:], stdout, stderr)
	case "receipts":
		return receipts(ctx, args[1:], stdout, stderr)
	case "admin":
		return dashboard(ctx, args[1:], os.Stdin, stdout, stderr)
	}
	words, err := parse(flags, args[1:])
	if err != nil {
		return err
	}
	config.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: config.Level}))

	switch command {
	case "serve":
		return serve(ctx, *config, words, stdout)
	case "check":
		return check(words, stdout)
	case "export":
		return export(*config, words, stdout)
	case "help", "-h", "-help", "--help":
		flags.Usage()
		return nil
	}
	return fmt.Errorf("no command %q; there are %s", command, commands)
}

func newFlags(stderr io.Writer) (*flag.FlagSet, *server.Config) {
	config := &server.Config{}
	flags := flag.NewFlagSet("temoin", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&config.Addr, "addr", "127.0.0.1:8080", "`host:port` to listen on, where port 0 takes a free one, or unix:/path of a socket")
	catalogueFlag(flags, &config.Catalogue)
	flags.DurationVar(&config.MaxAge, "max-age", 5*time.Minute, "how long browsers use temoin.js without asking for a newer one; 0 makes them ask always")
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
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	return flags, config
}

// storeFlags are the flags that say where receipts are kept.
func storeFlags(flags *flag.FlagSet, c *ledger.StoreConfig) {
	flags.StringVar(&c.Data, "data", "data", "`folder` of the receipts and of the key that signs them; empty keeps none")
	flags.StringVar(&c.Database, "database", "", "`address` of a PostgreSQL database for the receipts, postgres://…, instead of one in -data")
	flags.StringVar(&c.Key, "key", "", "`file` of the signing key (default: key in -data); servers on one database share it")
}

func catalogueFlag(flags *flag.FlagSet, path *string) {
	flags.StringVar(path, "catalogue", "catalogue.yaml", "the catalogue's `file`; where it is absent, the embedded example is served")
}

// parse takes what the environment sets, and over it what the arguments say;
// it returns the arguments that are not flags, wherever they stand.
func parse(flags *flag.FlagSet, args []string) (words []string, err error) {
	flags.VisitAll(func(f *flag.Flag) {
		name := "TEMOIN_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value, found := os.LookupEnv(name); found {
			if fault := f.Value.Set(value); fault != nil {
				err = errors.Join(err, fmt.Errorf("%s is %q: %w", name, value, fault))
			}
		}
	})
	for err == nil && len(args) > 0 {
		if err = flags.Parse(args); err == nil && flags.NArg() > 0 {
			words = append(words, flags.Arg(0))
			args = flags.Args()[1:]
			continue
		}
		break
	}
	return words, err
}

func serve(ctx context.Context, config server.Config, args []string, stdout io.Writer) error {
	if len(args) > 0 {
		return fmt.Errorf("serve takes flags only, not %q", args[0])
	}
	s, err := server.New(config)
	if err != nil {
		return err
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

func check(args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("check takes one file: temoin check catalogue.yaml")
	}
	summary, err := server.Check(args[0])
	if problems, found := errors.AsType[catalogue.Problems](err); found {
		fmt.Fprintln(stdout, problems)
		return fmt.Errorf("problems in %s: %d", args[0], len(problems))
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, summary)
	return nil
}

func export(config server.Config, args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return errors.New("export takes one folder: temoin export public")
	}
	manifest, err := server.Export(config, args[0])
	if err != nil {
		return err
	}
	for _, file := range manifest.Files {
		fmt.Fprintf(stdout, "%8d %8d br  %s\n", file.Size, file.Brotli, file.Path)
	}
	return nil
}

func csp(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("temoin csp", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var path, allow string
	catalogueFlag(flags, &path)
	flags.StringVar(&allow, "allow", "", "`ids` of the categories and services that are allowed, with commas between; the rest is refused")
	all := flags.Bool("all", false, "all is allowed")
	words, err := parse(flags, args)
	switch {
	case err != nil:
		return err
	case len(words) > 0:
		return fmt.Errorf("csp takes flags only, not %q", words[0])
	case *all && allow != "":
		return errors.New("csp takes -all or -allow, not both")
	}
	ids := strings.FieldsFunc(allow, func(r rune) bool { return r == ',' || r == ' ' })
	line, err := server.Policy(path, *all, ids)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, line)
	return nil
}
