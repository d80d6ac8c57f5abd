// Command test runs every test there is and says what came of it: formatting,
// vet and staticcheck first, then the unit tests, those of the server from
// outside, and the same scenarios in each browser, several files at once.
// ./build.sh test builds what they need and runs it.
//
// With names of files from server/e2e it runs these alone. A test that fails is
// not tried again. The last line is the sum: how many passed, failed, and were
// skipped because an engine cannot do what they ask for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "test:", err)
		stop()
		os.Exit(1)
	}
}

// options are what is run, and how.
type options struct {
	engines []string
	// atOnce is how many jobs run side by side.
	atOnce int
	// files are tests in server/e2e; with none, everything is run.
	files []string
	// whole runs each file in every engine; see besideChromium.
	whole bool
}

func run(ctx context.Context, args []string, out io.Writer) error {
	engines := os.Getenv("TEMOIN_ENGINES")
	if engines == "" {
		engines = "chromium firefox webkit"
	}
	var o options
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.IntVar(&o.atOnce, "at-once", runtime.NumCPU()+1, "how many jobs run side by side; a browser waits more than it works")
	flags.StringVar(&engines, "engines", engines, "the browsers, as in TEMOIN_ENGINES")
	flags.BoolVar(&o.whole, "whole", false, "run each file of browser tests in every engine, as before a release: an hour more")
	if err := flags.Parse(args); err != nil {
		return err
	}
	o.engines, o.files = strings.Fields(engines), flags.Args()

	begun := time.Now()
	if len(o.files) == 0 {
		if err := check(ctx, out); err != nil {
			return err
		}
		fmt.Fprintf(out, "== checked in %s\n", since(begun))
	}
	jobs, err := plan(o)
	if err != nil {
		return err
	}
	if len(o.files) == 0 && !o.whole {
		fmt.Fprintf(out, "== %d files of browser tests run in some engines alone; with -whole each runs in all\n", len(besideChromium))
	}
	s := runAll(ctx, jobs, o.atOnce, out)
	s.print(out)
	fmt.Fprintf(out, "== in %s\n%s\n", since(begun), s.total())
	return errors.Join(ctx.Err(), s.fault())
}

// since says how long something took, to the second.
func since(begun time.Time) time.Duration { return time.Since(begun).Round(time.Second) }
