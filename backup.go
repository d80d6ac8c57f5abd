//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/store"
)

// backup copies the receipts of a running server to a file.
func backup(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("backup", stderr)
	var c ledger.StoreConfig
	var site string
	storeFlags(flags, &c)
	siteFlag(flags, &site)
	withKey := flags.Bool("with-key", false, "put a copy of the key beside it, in FILE.key: who has it can sign receipts")
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	file, err := only(words, "file to write")
	if err != nil {
		return err
	}
	if err := chooseSite(&c, site); err != nil {
		return err
	}
	if err := ledger.Backup(ctx, c, file, *withKey); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s holds the receipts, %s.checkpoint says how far they go\n", file, file)
	if *withKey {
		fmt.Fprintf(stdout, "%s.key can sign receipts: keep it elsewhere than the two others\n", file)
	} else {
		fmt.Fprintf(stdout, "the key is not among them: %s; keep one copy of it where only few can read it (or -with-key)\n", c.KeyPath())
	}
	return nil
}

// restore brings back what backup wrote.
func restore(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := newFlags("restore", stderr)
	var c ledger.StoreConfig
	var r ledger.RestoreConfig
	var site string
	storeFlags(flags, &c)
	siteFlag(flags, &site)
	textFlag(flags, &r.Checkpoint, "checkpoint", "`file` with a checkpoint that was kept elsewhere, or a visitor's receipt, to hold it against")
	whoFlag(flags, &r.By, "branch", "`who` says that it goes on though receipts are missing, and why; the log says so from then on")
	words, err := parse(flags, args)
	if err != nil {
		return err
	}
	if r.File, err = only(words, "file that temoin backup has written"); err != nil {
		return err
	}
	if site != "" {
		c.ForSite(site) // whose receipts have yet to be there
	}
	restored, err := ledger.Restore(ctx, c, r)
	if errors.Is(err, store.ErrCut) {
		return fmt.Errorf("%w; look for a newer copy; if there is none, -branch \"who says so, and why\" has the log go on, and say itself what it lacks", err)
	}
	if err != nil {
		return err
	}
	for _, b := range restored.Branches {
		fmt.Fprintf(stdout, "entries from %d on are missing; the log says so from now on\n", b.First)
	}
	fmt.Fprintf(stdout, "%d entries, %d receipts, %d erased are verified and back in %s; start the server\n",
		restored.Size, restored.Receipts, restored.Erased, c.Data)
	return nil
}
