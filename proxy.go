//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"temoin.example/temoin/server"
)

// proxy serves a site's banner, and before the site itself holds its pages to each
// visitor's choice.
func proxy(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	config, err := readServeConfig("proxy", args, stderr)
	if err != nil {
		return err
	}
	if config.Upstream == nil {
		return errors.New("proxy needs the site that it stands before: temoin proxy -upstream http://127.0.0.1:3000")
	}
	return serveWith(ctx, config, stdout)
}

// upstreamFlag is the address of a site, as a flag takes it.
type upstreamFlag struct{ config *server.Config }

func (u upstreamFlag) String() string {
	if u.config == nil || u.config.Upstream == nil {
		return ""
	}
	return u.config.Upstream.String()
}

func (u upstreamFlag) Set(text string) error {
	address, err := url.Parse(text)
	switch {
	case err != nil:
		return err
	case address.Scheme != "http" && address.Scheme != "https" || address.Host == "":
		return fmt.Errorf("%q is no address of a site; want one such as http://127.0.0.1:3000", text)
	case address.RawQuery != "" || address.Fragment != "" || address.User != nil:
		return fmt.Errorf("%q has more than a host and a path; want one such as http://127.0.0.1:3000", text)
	}
	u.config.Upstream = address
	return nil
}
