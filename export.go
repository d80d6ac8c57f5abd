//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/site"
)

// export writes the files of a catalogue for a static host.
func export(_ context.Context, args []string, stdout, stderr io.Writer) error {
	var path, folder, name string
	var maxAge time.Duration
	flags := newFlags("export", stderr)
	catalogueFlag(flags, &path)
	sitesFlag(flags, &folder)
	siteFlag(flags, &name)
	maxAgeFlag(flags, &maxAge)
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return errors.New("export takes one folder: temoin export public")
	}
	if path, err = chooseCatalogue(path, folder, name); err != nil {
		return err
	}
	c, err := catalogue.Load(path)
	if err != nil {
		return advised(path, err)
	}
	made, err := site.New(c, site.Options{MaxAge: maxAge, Updated: site.LastUpdate(path)})
	if err != nil {
		return err
	}
	manifest, err := made.Export(words[0])
	if err != nil {
		return err
	}
	for _, file := range manifest.Files {
		fmt.Fprintf(stdout, "%8d %8d br  %s\n", file.Size, file.Brotli, file.Path)
	}
	return nil
}
