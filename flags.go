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

	"temoin.example/temoin/server"
	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/store"
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
	textFlag(flags, &c.Database, "database", "`address` of a PostgreSQL database for the receipts, postgres://…, instead of one in -data")
	textFlag(flags, &c.Key, "key", "`file` of the signing key (default: key in -data); servers on one database share it")
}

// textFlag is a flag that says something where it is given: a variable that a script
// has not set does not stand for what the flag means where it is not.
func textFlag(flags *flag.FlagSet, text *string, name, usage string) {
	flags.Func(name, usage, func(value string) error {
		if strings.TrimSpace(value) == "" {
			return errors.New("it is empty; give it a value, or leave the flag out")
		}
		*text = value
		return nil
	})
}

// spanFlag is a time that is not below 0.
type spanFlag time.Duration

func (s *spanFlag) String() string { return time.Duration(*s).String() }

func (s *spanFlag) Set(text string) error {
	span, err := time.ParseDuration(text)
	if err == nil && span < 0 {
		err = errors.New("want 0 or more")
	}
	*s = spanFlag(span)
	return err
}

// sitesFlag is the folder of the catalogues of many sites.
func sitesFlag(flags *flag.FlagSet, folder *string) {
	textFlag(flags, folder, "sites", "`folder` of catalogues, one for each site, named by its host: data.example.org.yaml; instead of -catalogue")
}

// siteFlag is the one of many sites that a command is about.
func siteFlag(flags *flag.FlagSet, name *string) {
	flags.Func("site", "the `name` of the site that is meant, of many: the host that its catalogue is named by", func(value string) error {
		*name = value
		return checkSiteName(value)
	})
}

// chooseSite makes a store's configuration that of one site of many, which has receipts.
func chooseSite(c *ledger.StoreConfig, name string) error {
	if name == "" {
		return nil
	}
	c.ForSite(name)
	if _, err := os.Stat(c.Data); err != nil {
		return fmt.Errorf("-site %s: this site has no receipts in -data, nor a key; a site's name is that of its catalogue's file: %w", name, err)
	}
	return nil
}

func checkSiteName(name string) error {
	if !server.IsSiteName(name) {
		return errors.New("want the name of a site, in lower case, as its catalogue's file has it: data.example.org")
	}
	return nil
}

// whoFlag is a flag whose words say who decides something, and why.
func whoFlag(flags *flag.FlagSet, who *string, name, usage string) {
	flags.Func(name, usage, func(value string) (err error) {
		*who, err = store.WhoSays(value)
		return err
	})
}

// chooseCatalogue returns the file of one site's catalogue: path, or where a folder of
// many is named, the site's in there.
func chooseCatalogue(path, folder, name string) (string, error) {
	switch {
	case folder == "" && name == "":
		return path, nil
	case folder == "" || name == "":
		return "", errors.New("-sites and -site go together: the folder of the catalogues, and the site that is meant")
	case namesCatalogue(path):
		return "", errBothCatalogues
	}
	return server.CataloguePath(folder, name), nil
}

// namesCatalogue reports whether somebody has named a catalogue. An empty name takes back
// one that the environment has, as that of the service does.
func namesCatalogue(path string) bool { return path != "" && path != defaultCatalogue }

// errBothCatalogues is what a command says that is given one site's catalogue and many.
var errBothCatalogues = errors.New("-catalogue is one site's, and -sites has the catalogues of many: only one of them")

// defaultCatalogue is the catalogue's file where none is named.
const defaultCatalogue = "catalogue.yaml"

func catalogueFlag(flags *flag.FlagSet, path *string) {
	flags.StringVar(path, "catalogue", defaultCatalogue, "the catalogue's `file`")
}

func maxAgeFlag(flags *flag.FlagSet, maxAge *time.Duration) {
	*maxAge = 5 * time.Minute
	flags.Var((*spanFlag)(maxAge), "max-age", "the `duration` for which browsers use temoin.js without asking for a newer one; 0 makes them ask always")
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
