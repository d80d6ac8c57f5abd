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
	"runtime"
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/server/audit"
	"temoin.example/temoin/server/audit/outcome"
	"temoin.example/temoin/server/catalogue"
)

// auditConfig is what temoin audit is asked for.
type auditConfig struct {
	audit.Options
	urls, catalogue          string
	sites, site              string // the folder of many catalogues, and the one that is meant
	html, json, sarif, junit string
	lang                     string
	baseline, writeBaseline  string
	draft                    string
	states                   string
	quiet                    bool

	every  time.Duration // between the starts of two runs; 0 runs once
	audits string        // folder in which the outcome is left, "" for none
}

// unlooked is the exit code where a site could not be looked at; 1 says that
// something was found.
const unlooked = 2

// auditSite looks at a live site, and says where it does not keep its word.
func auditSite(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := readAuditConfig(args, stderr)
	if err == nil {
		err = canAudit(runtime.GOOS)
	}
	if err == nil && c.audits != "" {
		err = outcome.Prepare(c.audits)
	}
	switch {
	case err != nil:
		return exitError{err, unlooked}
	case c.every > 0:
		return c.runEvery(ctx, stdout, stderr)
	}
	return c.runOnce(ctx, stdout)
}

// canAudit says where no browser can be driven: Go cannot hand a pipe to a program there,
// and what the system answers to that says nothing to anybody.
func canAudit(system string) error {
	if system == "windows" {
		return errors.New("temoin audit does not run on Windows, where it cannot drive a browser: run it on Linux, macOS or FreeBSD, from where the site can be reached")
	}
	return nil
}

// look looks at the site, and tells what it found. The report is nil where there is none.
// The files that are read are read first: an audit takes minutes.
func (c *auditConfig) look(ctx context.Context, stdout io.Writer) (*audit.Report, error) {
	declared, err := c.readCatalogue()
	if err != nil {
		return nil, exitError{err, unlooked}
	}
	accepted, err := c.readBaseline()
	if err != nil {
		return nil, exitError{err, unlooked}
	}
	seen, err := audit.Run(ctx, c.Options)
	if err != nil {
		return nil, exitError{fmt.Errorf("look at the site: %w", err), unlooked}
	}
	return c.tell(seen, declared, accepted, stdout)
}

// tell judges what was seen by what is declared, by what the site publishes where that
// is nil, and writes what is asked for.
func (c *auditConfig) tell(seen *audit.Observation, declared *catalogue.Catalogue, accepted audit.Baseline, stdout io.Writer) (*audit.Report, error) {
	from := c.catalogue
	if declared == nil {
		var err error
		if declared, from, err = audit.Published(seen); err != nil {
			return nil, exitError{err, unlooked}
		}
	}
	report, err := audit.NewReport(seen, declared, from, accepted)
	if err != nil {
		return nil, exitError{err, unlooked}
	}
	err = report.WriteText(stdout)
	if err == nil {
		err = c.write(report, declared)
	}
	switch {
	case err != nil:
		return report, exitError{err, unlooked}
	case !report.Looked():
		return report, exitError{fmt.Errorf("no page of %s could be looked at: there is no baseline and no draft of that", report.Site), unlooked}
	case len(report.Findings) > 0 && c.writeBaseline == "":
		return report, fmt.Errorf("findings on %s: %d", report.Site, len(report.Findings))
	}
	return report, nil
}

func readAuditConfig(args []string, stderr io.Writer) (*auditConfig, error) {
	c := &auditConfig{}
	flags := newFlags("audit", stderr)
	flags.StringVar(&c.catalogue, "catalogue", "", "the catalogue's `file`, which says the address, too, where there is no other; empty takes the one that the site serves")
	sitesFlag(flags, &c.sites)
	siteFlag(flags, &c.site)
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
	flags.StringVar(&c.Browser, "browser", "", "`file` of the Chromium to use, or of the Firefox; \"firefox\" looks for a Firefox, empty for a Chromium")
	flags.StringVar(&c.Resolve, "resolve", "", "rules by which the browser finds hosts, \"MAP data.example.org 127.0.0.1:8080\": for a site that is not public yet")
	flags.DurationVar(&c.PageTime, "page-time", 30*time.Second, "how long a page may take to load, and as long again to be read")
	flags.DurationVar(&c.Linger, "linger", 6*time.Second, "how long a page is watched at least, for what comes late; 0 watches none longer than it takes")
	flags.DurationVar(&c.Rate, "rate", time.Second, "time between the starts of two page loads; robots.txt may want more")
	flags.BoolVar(&c.Insecure, "insecure", false, "take certificates that nobody vouches for: for a site that is not public yet")
	flags.BoolVar(&c.IgnoreRobots, "ignore-robots", false, "visit what robots.txt forbids too, on a site of your own")
	flags.Var((*spanFlag)(&c.every), "every", "run again and again, a `duration` of 10m or more after the last run began, until told to stop; 0 runs once")
	textFlag(flags, &c.audits, "audits", "`folder` in which what was found is left for temoin serve: for its dashboard and its metrics; with -site, in the folder of that name in there")
	flags.BoolVar(&c.quiet, "quiet", false, "say nothing of what is being done")
	words, err := parse(flags, args)
	switch {
	case err != nil:
		return nil, err
	case !slices.Contains(audit.Languages, c.lang):
		return nil, fmt.Errorf("no report in %q; there are %s", c.lang, strings.Join(audit.Languages, ", "))
	case c.Pages < 0:
		return nil, fmt.Errorf("-pages is %d; want 0 or more", c.Pages)
	case c.PageTime <= 0:
		return nil, fmt.Errorf("-page-time is %s; want more than 0s", c.PageTime)
	}
	if err := c.choose(words); err != nil {
		return nil, err
	}
	if _, err := audit.Address(c.URL); err != nil {
		return nil, err
	}
	if c.every > 0 && c.every < leastEvery && !isOfThisMachine(c.URL) {
		return nil, fmt.Errorf("-every is %s; want 10m or more, or 0, which runs once: an audit takes minutes, and loads each page for each of its visitors", c.every)
	}
	if err := c.begin(stderr); err != nil {
		return nil, err
	}
	return c, c.readURLs()
}

// begin fills in what the flags say in other words.
func (c *auditConfig) begin(stderr io.Writer) error {
	for _, word := range list(c.states) {
		state, err := audit.ParseState(word)
		if err != nil {
			return fmt.Errorf("-states: %w", err)
		}
		c.States = append(c.States, state)
	}
	for _, wait := range []*time.Duration{&c.Rate, &c.Linger} {
		if *wait == 0 {
			*wait = -1 // none: for the options, 0 is what goes without saying
		}
	}
	if !c.quiet {
		c.Progress = stderr
	}
	return nil
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

// readCatalogue reads what the site is held against; nil is what it publishes.
func (c *auditConfig) readCatalogue() (*catalogue.Catalogue, error) {
	if c.catalogue == "" {
		return nil, nil
	}
	declared, err := catalogue.Load(c.catalogue)
	return declared, advised(c.catalogue, err)
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

// write writes the files that are asked for. What was not looked at is neither accepted
// nor declared.
func (c *auditConfig) write(r *audit.Report, declared *catalogue.Catalogue) error {
	for _, one := range []struct {
		file  string
		holds bool // whether what it says is so where no page was looked at
		write func(io.Writer) error
	}{
		{c.html, true, func(w io.Writer) error { return r.WriteHTML(w, c.lang) }},
		{c.json, true, r.WriteJSON},
		{c.sarif, true, func(w io.Writer) error { return r.WriteSARIF(w, filepath.ToSlash(c.catalogue)) }},
		{c.junit, true, r.WriteJUnit},
		{c.writeBaseline, false, func(w io.Writer) error { return audit.WriteBaseline(w, r) }},
		{c.draft, false, func(w io.Writer) error {
			text, err := audit.Draft(r.Observation, declared)
			if err == nil {
				_, err = w.Write(text)
			}
			return err
		}},
	} {
		if one.file == "" || !one.holds && !r.Looked() {
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
