//go:build !js

package main

import (
	"context"
	"fmt"
	"io"

	"temoin.example/temoin/server/version"
)

// printVersion says which version this is, for a report of a fault.
func printVersion(_ context.Context, args []string, stdout, stderr io.Writer) error {
	words, err := parse(newFlags("version", stderr), args)
	if err != nil {
		return err
	}
	if len(words) > 0 {
		return fmt.Errorf("version takes nothing, not %q", words[0])
	}
	fmt.Fprintln(stdout, version.Long())
	return nil
}
