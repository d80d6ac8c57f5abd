//go:build !js

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"temoin.example/temoin/server/admin"
	"temoin.example/temoin/server/ledger"
)

const adminUsage = `temoin admin: the dashboard at /admin

  temoin admin password   read a password from the standard input, and turn the dashboard on
  temoin admin off        turn it off

`

// dashboard carries out the commands about the dashboard.
func dashboard(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var c ledger.StoreConfig
	flags := flag.NewFlagSet("temoin admin", flag.ContinueOnError)
	flags.SetOutput(stderr)
	storeFlags(flags, &c)
	var site string
	siteFlag(flags, &site)
	roleName := flags.String("role", admin.Exporter.String(), "what whoever has the password `may` do: read, export or erase, each also what stands before it")
	flags.Usage = func() {
		fmt.Fprint(stderr, adminUsage)
		flags.PrintDefaults()
	}
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] != "password" && words[0] != "off" {
		return errors.New("admin takes one of: password, which is read from the standard input, and off")
	}
	role, err := admin.ParseRole(*roleName)
	if err != nil {
		return fmt.Errorf("-role: %w", err)
	}
	if err := chooseSite(&c, site); err != nil {
		return err
	}
	s, err := ledger.OpenStore(ctx, c, "", slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return err
	}
	defer s.Close()
	if words[0] == "off" {
		if err := admin.TurnOff(ctx, s); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "the dashboard is off")
		return nil
	}
	password, err := readPassword(os.Stdin, stderr)
	if err != nil {
		return err
	}
	if err := admin.SetPassword(ctx, s, password, role); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "the password is set; the dashboard is at /admin")
	return nil
}

// readPassword reads a line; at a terminal, without showing it.
func readPassword(stdin *os.File, stderr io.Writer) (string, error) {
	if !term.IsTerminal(int(stdin.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(stdin, 1<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	fmt.Fprint(stderr, "Password: ")
	password, err := term.ReadPassword(int(stdin.Fd()))
	fmt.Fprintln(stderr)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return string(password), nil
}
