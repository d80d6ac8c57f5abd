//go:build !js

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/server/audit"
	"temoin.example/temoin/server/catalogue"
)

// auditConfig is what temoin audit is asked for.
type auditConfig struct {
	audit.Options
	urls, catalogue          string
	html, json, sarif, junit string
	lang                     string
	baseline, writeBaseline  string
	draft                    string
	states                   string
	resolve                  string
	quiet                    bool
}

// unlooked is the exit code where a site could not be looked at; 1 says that
// something was found.
const unlooked = 2

// auditSite looks at a live site, and says where it does not keep its word.
func auditSite(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := readAuditConfig(args, stderr)
	if err != nil {
		return exitError{err, unlooked}
	}
	report, declared, err := c.look(ctx)
	if err != nil {
		return exitError{err, unlooked}
	}
	if err := report.WriteText(stdout); err != nil {
		return exitError{err, unlooked}
	}
	if err := c.write(report, declared); err != nil {
		return exitError{err, unlooked}
	}
	switch {
	case !report.Looked():
		return exitError{fmt.Errorf("no page of %s could be looked at", report.Site), unlooked}
	case len(report.Findings) > 0 && c.writeBaseline == "":
		return fmt.Errorf("findings on %s: %d", report.Site, len(report.Findings))
	}
	return nil
}

func readAuditConfig(args []string, stderr io.Writer) (*auditConfig, error) {
	c := &auditConfig{}
	flags := newFlags("audit", stderr)
	flags.StringVar(&c.catalogue, "catalogue", "", "the catalogue's `file`; empty takes the one that the site serves")
	flags.IntVar(&c.Pages, "pages", 5, "how many pages are visited beside the first, found by links and the site's map")
	flags.StringVar(&c.urls, "urls", "", "`file` with addresses of other pages to visit, one a line")
	flags.StringVar(&c.states, "states", "", "visitors to play, with commas between: unanswered, refused, accepted, withdrawn, gpc, returning, only:CATEGORY; empty plays all")
	flags.StringVar(&c.html, "html", "", "`file` for a report that can be printed")
	flags.StringVar(&c.lang, "lang", audit.Languages[0], "language of that report: "+strings.Join(audit.Languages, " or "))
	flags.StringVar(&c.json, "json", "", "`file` for the report as JSON")
	flags.StringVar(&c.sarif, "sarif", "", "`file` for the findings as SARIF, for code scanning")
	flags.StringVar(&c.junit, "junit", "", "`file` for the findings as JUnit tests, for CI servers")
	flags.StringVar(&c.baseline, "baseline", "", "`file` with findings that are known and accepted")
	flags.StringVar(&c.writeBaseline, "write-baseline", "", "`file` to write a baseline to that accepts all that is found")
	flags.StringVar(&c.draft, "draft", "", "`file` to write a catalogue to that declares all that is seen")
	flags.StringVar(&c.Browser, "browser", "", "`file` of the Chromium to use; empty looks for one")
	flags.StringVar(&c.resolve, "resolve", "", "rules by which the browser finds hosts, \"MAP data.example.org 127.0.0.1:8080\": for a site that is not public yet")
	flags.DurationVar(&c.PageTime, "page-time", 30*time.Second, "how long a page may take")
	flags.DurationVar(&c.Linger, "linger", 6*time.Second, "how long a page is watched at least, for what comes late")
	flags.DurationVar(&c.Rate, "rate", time.Second, "time between the starts of two page loads; robots.txt may want more")
	flags.BoolVar(&c.Insecure, "insecure", false, "take certificates that nobody vouches for: for a site that is not public yet")
	flags.BoolVar(&c.IgnoreRobots, "ignore-robots", false, "visit what robots.txt forbids too, on a site of your own")
	flags.BoolVar(&c.quiet, "quiet", false, "say nothing of what is being done")
	words, err := parse(flags, args)
	switch {
	case err != nil:
		return nil, err
	case len(words) != 1:
		return nil, errors.New("audit takes one address: temoin audit https://data.example.org")
	case !slices.Contains(audit.Languages, c.lang):
		return nil, fmt.Errorf("no report in %q; there are %s", c.lang, strings.Join(audit.Languages, ", "))
	case c.Pages < 0:
		return nil, fmt.Errorf("-pages is %d; want 0 or more", c.Pages)
	}
	c.URL = words[0]
	c.begin(stderr)
	return c, c.readURLs()
}

// begin fills in what the flags say in other words.
func (c *auditConfig) begin(stderr io.Writer) {
	for _, state := range list(c.states) {
		c.States = append(c.States, audit.StateName(state))
	}
	if c.Rate == 0 {
		c.Rate = -1
	}
	if c.resolve != "" {
		c.Flags = append(c.Flags, "--host-resolver-rules="+c.resolve)
	}
	if !c.quiet {
		c.Progress = stderr
	}
}

func (c *auditConfig) readURLs() error {
	if c.urls == "" {
		return nil
	}
	file, err := os.Open(c.urls)
	if err != nil {
		return fmt.Errorf("read the addresses of pages: %w", err)
	}
	defer file.Close()
	if c.URLs, err = audit.ReadURLs(file); err != nil {
		return fmt.Errorf("read the addresses of pages in %s: %w", c.urls, err)
	}
	return nil
}

// look looks at the site and judges what was seen. The files that are read are read
// first: an audit takes minutes.
func (c *auditConfig) look(ctx context.Context) (*audit.Report, *catalogue.Catalogue, error) {
	var declared *catalogue.Catalogue
	if c.catalogue != "" {
		var err error
		if declared, err = catalogue.Load(c.catalogue); err != nil {
			return nil, nil, advised(c.catalogue, err)
		}
	}
	accepted, err := c.readBaseline()
	if err != nil {
		return nil, nil, err
	}
	seen, err := audit.Run(ctx, c.Options)
	if err != nil {
		return nil, nil, fmt.Errorf("look at the site: %w", err)
	}
	from := c.catalogue
	if declared == nil {
		if declared, from, err = audit.Published(seen); err != nil {
			return nil, nil, err
		}
	}
	report, err := audit.NewReport(seen, declared, from, accepted)
	return report, declared, err
}

func (c *auditConfig) readBaseline() (audit.Baseline, error) {
	if c.baseline == "" {
		return audit.Baseline{}, nil
	}
	file, err := os.Open(c.baseline)
	if err != nil {
		return nil, fmt.Errorf("read the baseline; -write-baseline writes one: %w", err)
	}
	defer file.Close()
	return audit.ReadBaseline(c.baseline, file)
}

// write writes the files that are asked for.
func (c *auditConfig) write(r *audit.Report, declared *catalogue.Catalogue) error {
	for _, one := range []struct {
		file  string
		write func(io.Writer) error
	}{
		{c.html, func(w io.Writer) error { return r.WriteHTML(w, c.lang) }},
		{c.json, r.WriteJSON},
		{c.sarif, func(w io.Writer) error { return r.WriteSARIF(w, filepath.ToSlash(c.catalogue)) }},
		{c.junit, r.WriteJUnit},
		{c.writeBaseline, func(w io.Writer) error { return audit.WriteBaseline(w, r) }},
		{c.draft, func(w io.Writer) error {
			text, err := audit.Draft(r.Observation, declared)
			if err == nil {
				_, err = w.Write(text)
			}
			return err
		}},
	} {
		if one.file == "" {
			continue
		}
		if err := writeFile(one.file, one.write); err != nil {
			return fmt.Errorf("write %s: %w", one.file, err)
		}
	}
	return nil
}

func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	err = write(file)
	return cmp.Or(err, file.Close())
}
