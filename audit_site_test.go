//go:build !js

package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server"
)

// mustReadAuditOf returns what temoin audit is asked for, with an address or without.
func mustReadAuditOf(t *testing.T, args ...string) *auditConfig {
	t.Helper()
	c, err := readAuditConfig(append([]string{"-quiet"}, args...), &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestAudit_Site: of many sites, the one that is named is audited at its own address and
// held against its own catalogue, and another site that is not good does not matter.
func TestAudit_Site(t *testing.T) {
	folder := sitesFolder(t, map[string]string{
		"a.example.yaml": askingSite, "b.example.yaml": strings.ReplaceAll(goodSite, "a.example", "b.example"), "d.example.yaml": "languages: [xx]\n",
	})
	c := mustReadAuditOf(t, "-sites", folder, "-site", "a.example", "-audits", "audits")
	declared, err := c.readCatalogue()
	if err != nil || len(declared.Services) != 2 {
		t.Errorf("got %+v and %v, want the two services of the site's own catalogue", declared, err)
	}
	if c.URL != "https://a.example" || c.audits != filepath.Join("audits", "a.example") {
		t.Errorf("got %q, and %q for what is found", c.URL, c.audits)
	}
	c = mustReadAuditOf(t, "-sites", folder, "-site", "b.example", "http://127.0.0.1:8080/")
	if c.URL != "http://127.0.0.1:8080/" || c.audits != "" || c.catalogue != filepath.Join(folder, "b.example.yaml") {
		t.Errorf("got %q, %q and %q", c.URL, c.audits, c.catalogue)
	}
}

// TestAudit_CatalogueSays: a catalogue that is named says which site it is of.
func TestAudit_CatalogueSays(t *testing.T) {
	if c := mustReadAuditOf(t, "-catalogue", mustWrite(t, "catalogue.yaml", goodSite)); c.URL != "https://a.example" {
		t.Errorf("got %q", c.URL)
	}
	if _, _, err := temoin(t.Context(), "audit", "-catalogue", "nowhere.yaml"); err == nil || !strings.Contains(err.Error(), "there is no catalogue nowhere.yaml") {
		t.Errorf("got %v", err)
	}
}

// TestAudit_SiteLeaves: what is found of a site is left where temoin serve -sites looks
// for it, beneath the one folder that both are told.
func TestAudit_SiteLeaves(t *testing.T) {
	folder, audits := sitesFolder(t, map[string]string{"a.example.yaml": goodSite, "b.example.yaml": strings.ReplaceAll(goodSite, "a.example", "b.example")}), t.TempDir()
	_, _, err := temoin(t.Context(), "audit", "-quiet", "-sites", folder, "-site", "b.example", "-audits", audits, "-browser", "/nowhere/chromium")
	if err == nil || exitCode(err) != unlooked || !strings.Contains(err.Error(), "/nowhere/chromium") {
		t.Fatalf("got %v", err)
	}
	if o := mustReadOutcome(t, filepath.Join(audits, "b.example")); o.Site != "https://b.example/" {
		t.Errorf("got an outcome of %s", o.Site)
	}
	many, err := server.NewSites(server.SitesConfig{Config: server.Config{Audits: audits, Log: slog.New(slog.DiscardHandler)}, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer many.Close()
	for _, site := range []string{"a.example", "b.example"} { // each is made when it is asked for
		many.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "https://"+site+"/temoin.js", nil))
	}
	said := httptest.NewRecorder()
	many.Metrics().ServeHTTP(said, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if got := said.Body.String(); !strings.Contains(got, `temoin_audit_up{site="b.example"} 0`) || strings.Contains(got, `temoin_audit_up{site="a.example"}`) {
		t.Errorf("the server does not tell of the audit of b.example alone:\n%s", got)
	}
}
