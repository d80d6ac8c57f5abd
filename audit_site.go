//go:build !js

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"temoin.example/temoin/server"
)

// choose takes the address that is audited from the command's words. It may be left out
// where a catalogue says it: that of -catalogue, or with -site that of the site, whose
// folder beneath -audits is then taken, too.
func (c *auditConfig) choose(words []string) error {
	if c.sites != "" && c.site == "" {
		return errors.New("-sites holds many sites, and an audit is of one: name it too, as in -sites DIR -site data.example.org")
	}
	if len(words) > 1 || len(words) == 0 && c.site == "" && c.catalogue == "" {
		return errors.New("audit takes one address: temoin audit https://data.example.org; or a catalogue that says it: -catalogue FILE, or -sites DIR -site data.example.org")
	}
	if c.site != "" {
		if err := c.chooseSite(); err != nil {
			return err
		}
	}
	if len(words) == 1 {
		c.URL = words[0]
		return nil
	}
	declared, err := c.readCatalogue()
	if err == nil {
		c.URL = declared.Site.URL
	}
	return err
}

// chooseSite takes what one site of many has. The folder is read as the server reads it:
// what that would not take over is not audited either.
func (c *auditConfig) chooseSite() error {
	path, err := chooseCatalogue(c.catalogue, c.sites, c.site)
	if err != nil {
		return err
	}
	checked, fault := server.CheckSites(c.sites)
	at := slices.IndexFunc(checked, func(s server.CheckedSite) bool { return s.Name == c.site })
	if at < 0 {
		return errors.Join(fault, fmt.Errorf("-site: there is no site %s in %s, whose catalogue would be %s", c.site, c.sites, path))
	}
	if err := checked[at].Err; err != nil {
		return fmt.Errorf("-site %s: %w", c.site, err)
	}
	c.catalogue = path
	if c.audits != "" {
		c.audits = filepath.Join(c.audits, c.site)
	}
	return nil
}
