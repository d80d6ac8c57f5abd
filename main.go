//go:build !js

// Command temoin serves a cookie banner for public sites, checks the catalogue
// it is made of, and exports it for static hosts. Each command has a file of its
// own beside this one. The program in the browser, which draws the banner, is
// main_js.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `temoin: a self-hosted cookie banner

  temoin init           write a first catalogue
  temoin check FILE     say all that is wrong in a catalogue, and what would be right
  temoin serve          serve the banner, the charter and the receipts of a site
  temoin proxy          the same in front of a site, whose pages are held to each visitor's
                        choice: -upstream http://127.0.0.1:3000
  temoin demo           serve all that on an open-data portal of an imaginary metropolis
  temoin export DIR     write the same files for any static host or CDN
  temoin receipts …     verify, export, show, erase, count and check the proofs of consent
  temoin backup FILE    copy the receipts while the server runs
  temoin restore FILE   verify such a copy, and bring it back
  temoin admin password read a password from the standard input: with one, /admin is on
  temoin csp            print the Content-Security-Policy that holds pages to a choice:
                        -all, -allow matomo,third-party, or nothing answered yet
  temoin audit URL      look at a live site as visitors who answer differently meet it, and say
                        where it does not keep its word: -html report.html
  temoin version        say which version this is, and of which commit

temoin COMMAND -h lists the flags of a command. Each may come from the environment
instead, as TEMOIN_ and its name in capitals (TEMOIN_MAX_AGE=1h).
`

// command carries out one command. What it answers goes to stdout, what it logs
// to stderr.
type command func(ctx context.Context, args []string, stdout, stderr io.Writer) error

var commands = map[string]command{
	"init":     initialize,
	"check":    check,
	"serve":    serve,
	"proxy":    proxy,
	"demo":     serveDemo,
	"export":   export,
	"receipts": receipts,
	"backup":   backup,
	"restore":  restore,
	"admin":    dashboard,
	"csp":      csp,
	"audit":    auditSite,
	"version":  printVersion,
}

const commandNames = "init, check, serve, proxy, demo, export, receipts, backup, restore, admin, csp, audit and version"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "temoin:", err)
		}
		stop()
		os.Exit(exitCode(err))
	}
}

// exitError is an error with the exit code that tells it apart from others.
type exitError struct {
	error
	code int
}

func (e exitError) Unwrap() error { return e.error }

func exitCode(err error) int {
	if e, found := errors.AsType[exitError](err); found {
		return e.code
	}
	return 1
}

// run carries out the command that args name.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return errors.New("no command; there are " + commandNames)
	}
	switch name := args[0]; name {
	case "-version", "--version":
		return printVersion(ctx, args[1:], stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stderr, usage)
		return nil
	default:
		if command := commands[name]; command != nil {
			return command(ctx, args[1:], stdout, stderr)
		}
		return fmt.Errorf("no command %q; there are %s", name, commandNames)
	}
}
