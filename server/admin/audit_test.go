package admin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/server/audit/outcome"
)

// newAuditBench makes a dashboard that somebody has signed in to, and the folder in which
// audits leave what they found.
func newAuditBench(t *testing.T) (b *bench, page func(words ...string) string, folder string) {
	t.Helper()
	folder = t.TempDir()
	fake := newFakeStore(t)
	fake.settings[PasswordSetting] = cheapHash
	b = newBench(t, fake, func(c *Config) { c.Audits = outcome.NewReader(folder) })
	cookie := b.signIn()
	return b, func(want ...string) string {
		t.Helper()
		text := expect(t, b.visit("GET", "/admin", nil, with(cookie)), 200, want...)
		wellFormed(t, text)
		return text
	}, folder
}

// sampleOutcome is what an audit came to that found n things, on the eve of now.
func sampleOutcome(n int) *outcome.Outcome {
	begin := now.Add(-20 * time.Hour)
	o := &outcome.Outcome{
		Format: outcome.Format, Site: "https://data.rivemont.example/", Every: 86400, Last: outcome.Run{Begin: begin, End: begin.Add(time.Minute), Code: 1},
		Found: &outcome.Found{
			Count: outcome.Count{End: begin.Add(time.Minute), Levels: map[string]int{"error": n}, Accepted: 3}, Unseen: 2,
			Kinds: map[string]outcome.Kind{"before-consent": {Level: "error", Rule: "R1", Words: map[string]outcome.Word{"fr": {Name: "Sans consentement", Do: "Attendre l’accord."}}}},
		},
	}
	for i := range n {
		id := fmt.Sprintf("before-consent cookie _pk_%d", i)
		o.Found.Findings = append(o.Found.Findings, outcome.Finding{ID: id, Kind: "before-consent", New: i == 0, Subject: map[string]string{"fr": fmt.Sprintf("cookie _pk_%d", i)}})
	}
	return o
}

func mustLeave(t *testing.T, folder string, o *outcome.Outcome) {
	t.Helper()
	if err := outcome.Write(folder, o); err != nil {
		t.Fatal(err)
	}
}

// TestDashboard_Audit: the dashboard says what the last audit found, when, and what to do,
// and what is wrong with the audits.
func TestDashboard_Audit(t *testing.T) {
	b, page, folder := newAuditBench(t)
	page("Aucun audit n’a encore laissé de résultat", "temoin audit -every 24h -audits "+folder+" https://data.rivemont.example")

	o := sampleOutcome(2)
	o.Before = &outcome.Count{End: now.Add(-44 * time.Hour), Levels: map[string]int{"error": 1}}
	mustLeave(t, folder, o)
	text := page("https://data.rivemont.example/, audité le 23 novembre 2026 à 18 h 06 (UTC)\u00a0: sans consentement\u00a0: 2, mal déclaré\u00a0: 0, à regarder\u00a0: 0.",
		"La fois d’avant, le 22 novembre 2026 à 18 h 05 (UTC)\u00a0: sans consentement\u00a0: 1", "acceptés\u00a0: 3.", "n’ont pas pu être vus\u00a0: 2,",
		"cookie _pk_0 – nouveau", "Sans consentement (R1)", "Attendre l’accord.")
	for _, unwanted := range []string{"cookie _pk_1 – nouveau", "temoin audit -every", "l’audit n’a pas pu voir le site", "ne tourne sans doute plus"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("the page says %q", unwanted)
		}
	}

	o.Last = outcome.Run{Begin: now.Add(-52 * time.Hour), End: now.Add(-51 * time.Hour), Code: 2, Problem: "no answer"}
	mustLeave(t, folder, o)
	page("l’audit n’a pas pu voir le site\u00a0: no answer", "un nouveau était prévu toutes les 24h", "cookie _pk_0")

	o.Found = nil
	mustLeave(t, folder, o)
	page("temoin audit visite le site", "l’audit n’a pas pu voir le site\u00a0: no answer")
	if strings.Contains(b.log.String(), "level=ERROR") {
		t.Errorf("the log has %s", b.log)
	}
}

// TestDashboard_AuditHostile: what is in the file is text, however it is made; one that
// cannot be read is reported, and the rest of the dashboard is there.
func TestDashboard_AuditHostile(t *testing.T) {
	b, page, folder := newAuditBench(t)
	const evil = `<script>alert(1)</script>`
	o := sampleOutcome(mostShown + 5)
	o.Site, o.Last.Code, o.Last.Problem = evil, 2, evil
	o.Found.Kinds["before-consent"] = outcome.Kind{Level: evil, Rule: evil, Words: map[string]outcome.Word{"fr": {Name: evil, Do: evil}}}
	o.Found.Findings[0].Subject["fr"] = evil + "{n}{counts}"
	mustLeave(t, folder, o)
	text := page("&lt;script&gt;alert(1)&lt;/script&gt;{n}{counts}", "Seuls les 50 premiers", "cookie _pk_49")
	if strings.Contains(text, "<script") || strings.Contains(text, "cookie _pk_50") {
		t.Errorf("got %s", text)
	}
	for name, data := range map[string]string{
		"broken": "{", "newer": `{"format":99}`, "huge": strings.Repeat("[", 2<<20), "of null": `{"format":1,"last":null,"found":{"findings":null,"kinds":null}}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, outcome.FileName), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if page("n’a pas pu être lu", folder, "Retrouver une preuve"); !strings.Contains(b.log.String(), "read the last audit") {
			t.Errorf("%s: the log has %s", name, b.log)
		}
	}
}

func TestSpan(t *testing.T) {
	for want, d := range map[string]time.Duration{"24h": 24 * time.Hour, "10m": 10 * time.Minute, "1h30m": 90 * time.Minute, "1m40s": 100 * time.Second, "10h": 10 * time.Hour, "20s": 20 * time.Second} {
		if got := span(d); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
