//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/app/guard"
	"temoin.example/temoin/server/catalogue"
)

// csp prints the header line that holds a page to a choice.
func csp(_ context.Context, args []string, stdout, stderr io.Writer) error {
	var path string
	var allowed []string // nil where nothing is said of it
	flags := newFlags("csp", stderr)
	catalogueFlag(flags, &path)
	flags.Func("allow", "`ids` of the categories and services that are allowed, with commas between; the rest is refused, and all of it where this is empty", func(value string) error {
		allowed = append([]string{}, list(value)...) // not nil, even of nobody
		return nil
	})
	all := flags.Bool("all", false, "all is allowed")
	words, err := parse(flags, args)
	switch {
	case err != nil:
		return err
	case len(words) > 0:
		return fmt.Errorf("csp takes flags only, not %q", words[0])
	case *all && allowed != nil:
		return errors.New("csp takes -all or -allow, not both")
	}
	c, err := catalogue.Load(path)
	if err != nil {
		return advised(path, err)
	}
	record, err := answered(&c.Catalogue, *all, allowed)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Content-Security-Policy: "+guard.Policy(&c.Catalogue, record))
	return nil
}

// answered returns the record that allows everything, or the categories and
// services of those ids; or nil, where ids is nil: nothing is answered yet.
func answered(c *consent.Catalogue, all bool, ids []string) (*consent.Record, error) {
	var known []string
	for _, category := range c.Categories {
		known = append(known, category.ID)
	}
	for _, service := range c.Services {
		known = append(known, service.ID)
	}
	for _, id := range ids {
		if !slices.Contains(known, id) {
			return nil, fmt.Errorf("no category or service %q; there are %s", id, strings.Join(known, ", "))
		}
	}
	switch {
	case all:
		return &consent.Record{Choices: c.Accept()}, nil
	case ids == nil:
		return nil, nil
	}
	record := &consent.Record{}
	record.Choices, record.Services = c.Split(func(id string) bool {
		service := c.Service(id)
		return slices.Contains(ids, id) || service != nil && slices.Contains(ids, service.Category)
	})
	return record, nil
}
