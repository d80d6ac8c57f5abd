//go:build !js

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sitesFolder is a folder with the catalogues of two sites, by name and text.
func sitesFolder(t *testing.T, catalogues map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range catalogues {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

const goodSite = "site: { name: A, url: https://a.example }\nlanguages: [fr]\n"

// TestSites_Commands: commands that are about a site of many find it, and nothing else.
func TestSites_Commands(t *testing.T) {
	folder := sitesFolder(t, map[string]string{
		"a.example.yaml": goodSite, "b.example.yaml": strings.ReplaceAll(goodSite, "a.example", "c.example"), "d.example.yaml": "languages: [xx]\n",
	})
	data, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	for name, c := range map[string]struct {
		args       []string
		says, errs string
	}{
		"check of all":         {[]string{"check", "-sites", folder}, "a.example.yaml: good", "not good: b.example, d.example"},
		"check of a good one":  {[]string{"check", "-sites", folder, "-site", "a.example"}, "a.example.yaml: good", ""},
		"check of another's":   {[]string{"check", "-sites", folder, "-site", "b.example"}, "aliases", "not good: b.example"},
		"check of none":        {[]string{"check", "-sites", folder, "-site", "e.example"}, "", "no site e.example"},
		"check of a path":      {[]string{"check", "-sites", folder, "x.yaml"}, "", "a folder of many"},
		"export of one":        {[]string{"export", "-sites", folder, "-site", "a.example", out}, "temoin.js", ""},
		"export without site":  {[]string{"export", "-sites", folder, out}, "", "go together"},
		"export that climbs":   {[]string{"export", "-sites", folder, "-site", "../a.example", out}, "", "the name of a site"},
		"export of both":       {[]string{"export", "-sites", folder, "-site", "a.example", "-catalogue", "a.yaml", out}, "", "only one of them"},
		"audit of which":       {[]string{"audit", "-sites", folder}, "", "name it too"},
		"audit of which, here": {[]string{"audit", "-sites", folder, "https://a.example"}, "", "name it too"},
		"audit without sites":  {[]string{"audit", "-site", "a.example"}, "", "go together"},
		"audit of none":        {[]string{"audit", "-sites", folder, "-site", "e.example"}, "", "there is no site e.example in " + folder},
		"audit of no folder":   {[]string{"audit", "-sites", folder + "/none", "-site", "a.example"}, "", "read -sites"},
		"audit of a bad one":   {[]string{"audit", "-sites", folder, "-site", "d.example"}, "", "-site d.example: "},
		"audit of another's":   {[]string{"audit", "-sites", folder, "-site", "b.example"}, "", "aliases"},
		"audit of both":        {[]string{"audit", "-sites", folder, "-site", "a.example", "-catalogue", "a.yaml"}, "", "only one of them"},
		"audit of two":         {[]string{"audit", "-sites", folder, "-site", "a.example", "https://a.example", "https://b.example"}, "", "one address"},
		"receipts of none":     {[]string{"receipts", "stats", "-data", data, "-site", "a.example"}, "", "no receipts in -data"},
		"receipts that climb":  {[]string{"receipts", "stats", "-data", data, "-site", ".."}, "", "the name of a site"},
		"admin of none":        {[]string{"admin", "off", "-data", data, "-site", "a.example"}, "", "no receipts in -data"},
		"serve, one emptied":   {[]string{"serve", "-sites", filepath.Join(folder, "none"), "-catalogue", ""}, "", "read -sites"},
		"serve of both":        {[]string{"serve", "-sites", folder, "-catalogue", "a.yaml"}, "", "only one of them"},
		"serve of no folder":   {[]string{"serve", "-sites", filepath.Join(folder, "none"), "-addr", "127.0.0.1:0"}, "", "-sites"},
		"shared host of one":   {[]string{"serve", "-shared-host", "c.example"}, "", "-sites beside it"},
		"proxy before sites":   {[]string{"proxy", "-sites", folder}, "", "-sites"},
		"serve with one's key": {[]string{"serve", "-sites", folder, "-key", "k", "-addr", "127.0.0.1:0"}, "", "-key"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, _, err := temoin(t.Context(), c.args...)
			if c.errs == "" && err != nil || c.errs != "" && (err == nil || !strings.Contains(err.Error(), c.errs)) {
				t.Errorf("got %v, want an error with %q", err, c.errs)
			}
			if !strings.Contains(stdout, c.says) {
				t.Errorf("got %q, want %q", stdout, c.says)
			}
		})
	}
}

// TestSites_Serve: the program serves a folder, and its commands find each site's
// receipts.
func TestSites_Serve(t *testing.T) {
	folder, data := sitesFolder(t, map[string]string{"a.example.yaml": goodSite, "b.example.yaml": strings.ReplaceAll(goodSite, "a.example", "b.example")}), t.TempDir()
	url, stop := servingOther(t, "-sites", folder, "-data", data)
	for host, status := range map[string]int{"a.example": 200, "b.example": 200, "c.example": 404} {
		if got := statusAt(t, url+"/temoin.js", host); got != status {
			t.Errorf("%s: got %d, want %d", host, got, status)
		}
	}
	stop()
	for _, site := range []string{"a.example", "b.example"} {
		stdout, _, err := temoin(t.Context(), "receipts", "checkpoint", "-data", data, "-site", site)
		if err != nil || !strings.HasPrefix(stdout, site) {
			t.Errorf("the checkpoint of %s: %v %q", site, err, stdout)
		}
	}
}

// askingSite is a catalogue that has two services ask.
const askingSite = goodSite + `services:
  - { id: counter, category: statistics, name: Counter, provider: Counter, purpose: Counts visits }
  - { id: video, category: third-party, name: Video, provider: Video, purpose: Shows films }
`

// TestSites_Restore: one site of many is copied while it is served, the copy rehearsed
// beside it, and brought back on a new machine, where it goes on.
func TestSites_Restore(t *testing.T) {
	folder := sitesFolder(t, map[string]string{"a.example.yaml": askingSite, "b.example.yaml": strings.ReplaceAll(askingSite, "a.example", "b.example")})
	serves := func(data string) (a, b string, stop func()) {
		url, stop := servingOther(t, "-sites", folder, "-data", data, "-shared-host", "localhost")
		url = strings.Replace(url, "127.0.0.1", "localhost", 1) + "/s/"
		return url + "a.example", url + "b.example", stop
	}
	says := func(want, line string) {
		t.Helper()
		if got := mustType(t, line); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
	t.Chdir(t.TempDir())
	a, b, stop := serves("data")
	copied := []string{choose(t, a), choose(t, a)}
	choose(t, b)
	mustType(t, "temoin backup a.db -with-key -data data -site a.example")
	later := choose(t, a)

	const rehearsed = "temoin restore a.db -data rehearsal -site a.example -key data/a.example/key -checkpoint a.db.checkpoint"
	says("2 receipts, 0 erased are verified and back in "+filepath.Join("rehearsal", "a.example"), rehearsed)
	choose(t, a)
	says("4 receipts, 0 erased\nthe log is whole", "temoin receipts verify -data data -site a.example")
	stop()
	// The checkpoint beside the key is newer than the copy now, and the one beside the copy is not.
	again := strings.Replace(rehearsed, "rehearsal", "again", 1)
	if _, err := typed(t, strings.TrimSuffix(again, " -checkpoint a.db.checkpoint")); err == nil || !strings.Contains(err.Error(), "does not hold all that it held") {
		t.Errorf("a copy that is older than the checkpoint beside the key: got %v", err)
	}
	says("2 receipts, 0 erased are verified", again)

	says("2 receipts, 0 erased are verified and back in "+filepath.Join("new", "a.example"), "temoin restore a.db -data new -site a.example")
	if there, err := os.ReadDir("new"); err != nil || len(there) != 1 {
		t.Errorf("in the new folder there are %v (%v), want the one site", there, err)
	}
	says("2 receipts, 0 erased\nthe log is whole", "temoin receipts verify -checkpoint a.db.checkpoint -data new -site a.example")
	a, b, stop = serves("new")
	copied = append(copied, choose(t, a))
	choose(t, b)
	stop()
	says("3 receipts, 0 erased\nthe log is whole", "temoin receipts verify -checkpoint a.db.checkpoint -data new -site a.example")
	says("1 receipts, 0 erased\nthe log is whole", "temoin receipts verify -data new -site b.example")
	for _, id := range copied {
		says(id, "temoin receipts show -data new -site a.example "+id)
	}
	if _, err := typed(t, "temoin receipts show -data new -site a.example "+later); err == nil {
		t.Error("a receipt is there that came after the copy")
	}
}

// statusAt returns the status of a page, asked for by a host.
func statusAt(t *testing.T, url, host string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	return got.StatusCode
}
