//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"temoin.example/temoin/server/catalogue"
)

// check says all that is wrong in a catalogue, or what it holds.
func check(_ context.Context, args []string, stdout, stderr io.Writer) error {
	words, err := parse(newFlags("check", stderr), args)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return errors.New("check takes one file: temoin check catalogue.yaml")
	}
	path := words[0]
	c, err := catalogue.Load(path)
	if problems, found := errors.AsType[catalogue.Problems](err); found {
		fmt.Fprintln(stdout, problems)
		return fmt.Errorf("problems in %s: %d", path, len(problems))
	}
	if err != nil {
		return advised(path, err)
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
