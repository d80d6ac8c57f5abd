//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"temoin.example/temoin/server"
	"temoin.example/temoin/server/catalogue"
)

// check says all that is wrong in a catalogue, or what it holds; or the same of each
// catalogue in a folder of many; and what one asks visitors anew who have answered
// another.
func check(_ context.Context, args []string, stdout, stderr io.Writer) error {
	var folder, name, against string
	flags := newFlags("check", stderr)
	sitesFlag(flags, &folder)
	siteFlag(flags, &name)
	textFlag(flags, &against, "against", "`file` of the catalogue that visitors have answered: says what the other one asks them anew, and why")
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	if folder != "" && len(words) == 0 && against == "" {
		return checkSites(folder, name, stdout)
	}
	if folder != "" || name != "" || len(words) != 1 {
		return errors.New("check takes one file, or a folder of many: temoin check catalogue.yaml, temoin check -sites DIR")
	}
	path := words[0]
	c, err := catalogue.Load(path)
	if err := report(path, c, err, stdout); err != nil || against == "" {
		return err
	}
	before, err := catalogue.Load(against)
	if err != nil {
		return faults(against, err, stdout)
	}
	for _, line := range catalogue.Anew(before, c) {
		fmt.Fprintf(stdout, "%s: %s\n", path, line)
	}
	return nil
}

// checkSites says of each site in a folder, or of the one of that name, what check
// does of one catalogue.
func checkSites(folder, name string, stdout io.Writer) error {
	checked, fault := server.CheckSites(folder)
	found := false
	var bad []string
	for _, site := range checked {
		if name != "" && site.Name != name {
			continue
		}
		found = true
		if err := report(site.Path, site.Catalogue, site.Err, stdout); err != nil {
			fmt.Fprintln(stdout, err)
			bad = append(bad, site.Name)
		}
	}
	switch {
	case len(bad) > 0:
		return errors.Join(fault, fmt.Errorf("not good: %s", strings.Join(bad, ", ")))
	case name != "" && !found:
		return errors.Join(fault, fmt.Errorf("there is no site %s in %s", name, folder))
	}
	return fault
}

// report says what a catalogue holds, or what is wrong in it.
func report(path string, c *catalogue.Catalogue, err error, stdout io.Writer) error {
	if err != nil {
		return faults(path, err, stdout)
	}
	for _, warning := range catalogue.Warnings(path, c) {
		fmt.Fprintln(stdout, warning)
	}
	for _, line := range catalogue.Asking(c) {
		fmt.Fprintf(stdout, "%s: %s\n", path, line)
	}
	fmt.Fprintf(stdout, "%s: good; revision %s, %d categories, %d services, in %s\n",
		path, c.Rev(), len(c.Categories), len(c.Services), strings.Join(c.Languages, ", "))
	return nil
}

// faults writes the problems of a catalogue that could not be loaded, each with its line.
func faults(path string, err error, stdout io.Writer) error {
	if problems, found := errors.AsType[catalogue.Problems](err); found {
		fmt.Fprintln(stdout, problems)
		return fmt.Errorf("problems in %s: %d", path, len(problems))
	}
	return advised(path, err)
}
