//go:build linux

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"temoin.example/temoin/server/tools/pgtest"
)

// TestSites_PostgreSQL: the receipts of many sites are in one database, and the commands
// find those of the site that is meant.
func TestSites_PostgreSQL(t *testing.T) {
	cluster := pgtest.Start(t)
	database := cluster.Database(t)
	folder := sitesFolder(t, map[string]string{"a.example.yaml": askingSite, "b.example.yaml": strings.ReplaceAll(askingSite, "a.example", "b.example")})
	t.Chdir(t.TempDir())
	url, stop := servingOther(t, "-sites", folder, "-data", "data", "-database", database, "-shared-host", "localhost")
	url = strings.Replace(url, "127.0.0.1", "localhost", 1) + "/s/"
	ids := map[string]string{"a.example": choose(t, url+"a.example"), "b.example": choose(t, url+"b.example")}
	choose(t, url+"b.example")
	stop()

	of := func(site string) string { return " -data data -database " + database + " -site " + site }
	for site, says := range map[string]string{"a.example": "1 receipts, 0 erased\nthe log is whole", "b.example": "2 receipts, 0 erased\nthe log is whole"} {
		if got := mustType(t, "temoin receipts verify"+of(site)); !strings.Contains(got, says) {
			t.Errorf("%s: got %q, want %q", site, got, says)
		}
		mustType(t, "temoin receipts show"+of(site)+" "+ids[site])
	}
	if _, err := typed(t, "temoin receipts show"+of("a.example")+" "+ids["b.example"]); err == nil {
		t.Error("one site shows the receipt of another")
	}
	if _, err := typed(t, "temoin receipts stats"+of("c.example")); err == nil || !strings.Contains(err.Error(), "no receipts in -data, nor a key") {
		t.Errorf("a site that is none: got %v", err)
	}

	// Who leaves the database out, or names another, is told so, and nothing is begun there.
	empty := cluster.Database(t)
	elsewhere := " -database " + empty
	for _, command := range []string{
		"temoin receipts stats", "temoin receipts verify", "temoin admin off", "temoin backup copy.db",
		"temoin receipts stats" + elsewhere, "temoin receipts verify" + elsewhere, "temoin admin off" + elsewhere,
	} {
		if _, err := typed(t, command+" -data data -site a.example"); err == nil || !strings.Contains(err.Error(), "though there is the key data/a.example/key") {
			t.Errorf("%s: got %v", command, err)
		}
	}
	if _, err := os.Stat("data/a.example/temoin.db"); err == nil {
		t.Error("a command has begun a log in the place of the one that is in PostgreSQL")
	}
	if out, err := exec.CommandContext(t.Context(), "psql", empty, "-Atc", `SELECT count(*) FROM pg_namespace WHERE nspname = 'a.example'`).Output(); string(out) != "0\n" {
		t.Errorf("the other database has %q schemas of the site, %v", out, err)
	}

	// One site is copied as the error says, and brought back into another database.
	_, err := typed(t, "temoin backup a.dump"+of("a.example"))
	if err == nil || !strings.Contains(err.Error(), `pg_dump -Fc -n '"a.example"' -f a.dump`) {
		t.Fatalf("a backup: got %v, want what to type", err)
	}
	other := cluster.Database(t)
	for _, args := range [][]string{{"pg_dump", "-Fc", "-n", `"a.example"`, "-f", "a.dump", database}, {"pg_restore", "-d", other, "a.dump"}} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	database = other
	if got := mustType(t, "temoin receipts verify"+of("a.example")); !strings.Contains(got, "1 receipts, 0 erased\nthe log is whole") {
		t.Errorf("the copy: got %q", got)
	}
}
