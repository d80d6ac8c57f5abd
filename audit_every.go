//go:build !js

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"temoin.example/temoin/server/audit"
	"temoin.example/temoin/server/audit/outcome"
	"temoin.example/temoin/server/version"
)

// leastEvery is the least time between the starts of two runs: with less, a site would
// hardly be left alone.
const leastEvery = 10 * time.Minute

// isOfThisMachine reports whether an address is this machine's own, where there is nobody
// to be left alone.
func isOfThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// runEvery runs the audit again and again, until ctx is done. A run that finds something,
// or that cannot look, is said and left for the server like any other: it ends nothing.
func (c *auditConfig) runEvery(ctx context.Context, stdout, stderr io.Writer) error {
	for {
		next := time.After(c.every) // from the start: runs keep their time of day
		err := c.runOnce(ctx, stdout)
		if ctx.Err() != nil {
			return nil // told to stop, which is no failure
		}
		if err != nil {
			fmt.Fprintln(stderr, "temoin:", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next:
		}
	}
}

// runOnce runs the audit, and leaves what it came to where the server looks. A run that
// is broken off came to nothing.
func (c *auditConfig) runOnce(ctx context.Context, stdout io.Writer) error {
	begin := time.Now()
	report, err := c.look(ctx, stdout)
	if c.audits == "" || ctx.Err() != nil {
		return err
	}
	o := c.outcomeOf(report, err, begin, time.Now())
	before, lost := outcome.Read(filepath.Join(c.audits, outcome.FileName))
	if !errors.Is(lost, fs.ErrNotExist) && lost != nil && c.Progress != nil {
		fmt.Fprintln(c.Progress, "what was found before cannot be compared with:", lost)
	}
	o.Follow(before)
	if fault := outcome.Write(c.audits, o); fault != nil {
		return exitError{errors.Join(err, fmt.Errorf("leave what was found in -audits: %w", fault)), unlooked}
	}
	return err
}

// outcomeOf is what a run came to that ended with a report, or an error, or both.
func (c *auditConfig) outcomeOf(report *audit.Report, err error, begin, end time.Time) *outcome.Outcome {
	site, _ := audit.Address(c.URL) // it was read before
	o := &outcome.Outcome{
		Format: outcome.Format, Version: version.String(), Site: site, Every: int64((c.every + time.Second - 1) / time.Second),
		Last: outcome.Run{Begin: begin.UTC().Truncate(time.Second), End: end.UTC().Truncate(time.Second)},
	}
	if err != nil {
		o.Last.Code = exitCode(err)
	}
	if !o.Last.Looked() {
		o.Last.Problem = err.Error()
	}
	if report != nil && report.Looked() {
		o.Found = report.Found()
		o.Found.End = o.Last.End
	}
	return o
}
