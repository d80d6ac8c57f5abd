package plants

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/server"
	"temoin.example/temoin/server/audit"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/demo"
)

// wholly says whether the audit is tried with all that it has, which is too slow for each time.
func wholly() bool { return os.Getenv("TEMOIN_AUDIT") != "" }

// TestAudit_Plants: every fault that is planted is found, and nothing else is. Browsers run one after
// the other: side by side they are late, and see less.
func TestAudit_Plants(t *testing.T) {
	auditPlants(t, "")
}

// TestAudit_PlantsInFirefox: Firefox finds what Chromium finds, but for what it does otherwise.
func TestAudit_PlantsInFirefox(t *testing.T) {
	w := auditPlants(t, firefox)
	if strangers := w.Strangers(); len(strangers) > 0 {
		t.Errorf("Firefox itself asked %v", strangers)
	}
}

// firefox has an audit look for one.
const firefox = "firefox"

func auditPlants(t *testing.T, browser string) *Web {
	if !wholly() {
		t.Skip("too slow for each time: ./build.sh audit-test")
	}
	w := mustOpen(t, append([]Site{Portal, Answers}, Others...)...)
	var all score
	look := func(site Site, o audit.Options) {
		o.Browser = browser
		t.Run(site.Host, func(t *testing.T) { all.add(mustAudit(t, w, site, o)) })
	}
	look(Portal, audit.Options{Pages: 5, Linger: 500 * time.Millisecond, States: []audit.StateName{audit.Unanswered}})
	look(Answers, audit.Options{Linger: 500 * time.Millisecond})
	for _, site := range Others {
		o := audit.Options{States: []audit.StateName{audit.Unanswered}}
		if len(site.Services) > 0 {
			o.States = []audit.StateName{audit.Accepted}
		}
		look(site, o)
	}
	t.Logf("%d plants and %d controls: %d findings wanted, %d made, %d right: precision %.3f, recall %.3f",
		all.plants, all.controls, all.wanted, all.found, all.right, ratio(all.right, all.found), ratio(all.right, all.wanted))
	if all.plants < 60 || all.right != all.found || all.right != all.wanted {
		t.Error("precision and recall have to be 1, with 60 plants at least")
	}
	return w
}

// TestAudit_Demo: the demo portal keeps its word, but for the one cookie of which it says itself that
// no service declares it. What it does not have, since its services are imaginary, is a note alone.
func TestAudit_Demo(t *testing.T) {
	if !strings.Contains(os.Getenv("TEMOIN_ENGINES"), "chromium") {
		t.Skip("looks at the demo with Chromium: set TEMOIN_ENGINES=chromium, as ./build.sh test does")
	}
	portal, err := server.New(server.Config{Catalogue: "../../demo/rich.yaml", Pages: demo.Pages, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := portal.Close(); err != nil {
			t.Error(err)
		}
	})
	w := mustOpen(t)
	const host = "data.rivemont.example"
	w.sites[host] = portal
	o := audit.Options{Linger: 500 * time.Millisecond}
	if !wholly() {
		o.States, o.Browser = []audit.StateName{audit.Refused, audit.Withdrawn}, lightest()
	}
	seen := mustRun(t, w, "https://"+host+"/essai", o)
	for _, unseen := range seen.Unseen {
		t.Errorf("not seen: %+v", unseen)
	}
	declared, from, err := audit.Published(seen)
	if err != nil || declared == nil {
		t.Fatalf("got %v and %v, want the catalogue that the portal serves (%q)", declared, err, from)
	}
	findings, err := audit.Judge(seen, declared)
	if err != nil {
		t.Fatal(err)
	}
	const counter = "undeclared cookie demo_visites " + host
	ids := map[string]bool{}
	for _, finding := range findings {
		if ids[finding.ID] = true; finding.Level != audit.LevelNote && finding.ID != counter {
			t.Errorf("found %s in %v, %+v", finding.ID, finding.States, finding.Evidence)
		}
	}
	if !ids[counter] {
		t.Errorf("did not find %s", counter)
	}
}

// lightest is the browser that costs least, for each time: Chromium without a window, where that is installed.
func lightest() string {
	const name = "chromium-headless-shell"
	if _, err := exec.LookPath(name); err != nil {
		return ""
	}
	return name
}

// score counts what was planted and what was found.
type score struct{ plants, controls, wanted, found, right int }

func (s *score) add(one score) {
	s.plants, s.controls = s.plants+one.plants, s.controls+one.controls
	s.wanted, s.found, s.right = s.wanted+one.wanted, s.found+one.found, s.right+one.right
}

func ratio(part, whole int) float64 { return float64(part) / float64(max(whole, 1)) }

func mustOpen(t *testing.T, sites ...Site) *Web {
	t.Helper()
	w, err := Open(sites...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// mustRun looks at a site of the web with a real browser.
func mustRun(t *testing.T, w *Web, address string, o audit.Options) *audit.Observation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	o.URL, o.Resolve, o.Insecure, o.Rate = address, w.Rules(), true, -1
	if o.PageTime == 0 {
		o.PageTime = 2 * time.Minute // on a machine that does much else
	}
	seen, err := audit.Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// mustAudit compares what is found on a site with what is planted there.
func mustAudit(t *testing.T, w *Web, site Site, o audit.Options) score {
	t.Helper()
	begun := time.Now()
	seen := mustRun(t, w, "https://"+site.Host+"/", o)
	t.Logf("looked at in %s", time.Since(begun).Round(time.Second))
	for _, missed := range seen.Unseen {
		if missed.Kind == audit.TrapBrowser && o.Browser == firefox {
			continue // what Firefox does not tell of any page
		}
		if len(site.Services) > 0 || missed.Kind != audit.TrapAnswer { // without rules, only Témoin is answered
			t.Errorf("not seen: %+v", missed)
		}
	}
	var declared *catalogue.Catalogue
	if len(site.Services) > 0 {
		var err error
		if declared, err = catalogue.Load(w.CatalogueFile(site)); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := audit.Judge(seen, declared)
	if err != nil {
		t.Fatal(err)
	}
	return compare(t, w, site.prepared(), findings, o.Browser == firefox)
}

// compare reports every plant that was not found as it is, and whatever else was found.
func compare(t *testing.T, w *Web, site Site, findings []audit.Finding, firefox bool) score {
	t.Helper()
	got := score{found: len(findings)}
	rest := map[string]audit.Finding{}
	for _, finding := range findings {
		key := string(finding.Kind) + " " + finding.Subject.Name
		if other, twice := rest[key]; twice {
			t.Errorf("found twice: %s and %s", other.ID, finding.ID)
		}
		rest[key] = finding
	}
	for _, plant := range site.Plants {
		wants := plant.wanted(firefox)
		if len(wants) == 0 {
			got.controls++
			continue
		}
		got.plants++
		for _, want := range wants {
			got.wanted++
			key := string(want.Kind) + " " + want.Subject
			finding, found := rest[key]
			delete(rest, key)
			if fault := want.fault(finding, found); fault != "" {
				t.Errorf("%s: want %s: %s (its host was asked %d times)", plant.Name, key, fault, w.Arrived(want.Subject))
				continue
			}
			got.right++
		}
	}
	for _, key := range slices.Sorted(maps.Keys(rest)) {
		t.Errorf("found, and not planted: %s in %v, %+v", key, rest[key].States, rest[key].Evidence)
	}
	return got
}

// fault says why a finding is not the one that is wanted, "" where it is.
func (want Want) fault(finding audit.Finding, found bool) string {
	states := func(list []audit.StateName) string {
		var names []string
		for _, name := range list {
			names = append(names, string(name))
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	switch {
	case !found:
		return "not found"
	case len(want.States) > 0 && states(finding.States) != states(want.States):
		return fmt.Sprintf("found in %s, want %s", states(finding.States), states(want.States))
	case finding.Rule == "" || finding.Law == "":
		return "found without a rule or an article"
	}
	return ""
}
