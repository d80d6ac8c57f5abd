//go:build !js

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"temoin.example/temoin/server/ledger"
)

// newFlags returns the flags of a command, which it has yet to name.
func newFlags(command string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("temoin "+command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	return flags
}

// storeFlags are the flags that say where receipts are kept.
func storeFlags(flags *flag.FlagSet, c *ledger.StoreConfig) {
	flags.StringVar(&c.Data, "data", "data", "`folder` of the receipts and of the key that signs them; empty keeps none")
	flags.StringVar(&c.Database, "database", "", "`address` of a PostgreSQL database for the receipts, postgres://…, instead of one in -data")
	flags.StringVar(&c.Key, "key", "", "`file` of the signing key (default: key in -data); servers on one database share it")
}

func catalogueFlag(flags *flag.FlagSet, path *string) {
	flags.StringVar(path, "catalogue", "catalogue.yaml", "the catalogue's `file`")
}

func maxAgeFlag(flags *flag.FlagSet, maxAge *time.Duration) {
	flags.DurationVar(maxAge, "max-age", 5*time.Minute, "how long browsers use temoin.js without asking for a newer one; 0 makes them ask always")
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

// advised adds to an error that a catalogue is missing what can be done.
func advised(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fmt.Errorf("there is no catalogue %s: write one with temoin init, or name yours with -catalogue FILE; temoin demo needs none: %w", path, err)
}
