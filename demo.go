//go:build !js

package main

import (
	"context"
	"io"

	"temoin.example/temoin/server/demo"
)

// serveDemo serves the demo, with its own catalogue where -catalogue names none
// that is there.
func serveDemo(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	config, err := readServeConfig("demo", args, stderr)
	if err != nil {
		return err
	}
	config.Example, config.Pages = demo.Catalogue, demo.Pages
	return serveWith(ctx, config, stdout)
}
