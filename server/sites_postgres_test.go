//go:build linux

package server

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/tools/pgtest"
)

// TestSites_PostgreSQL: the sites of one database are as far apart as those of one folder,
// and two servers of them are one.
func TestSites_PostgreSQL(t *testing.T) {
	cluster := pgtest.Start(t)
	at := func(t *testing.T) SitesConfig {
		return SitesConfig{Config: Config{Store: ledger.StoreConfig{Database: cluster.Database(t)}}}
	}
	t.Run("apart", func(t *testing.T) { testApart(t, at(t)) })
	t.Run("two servers", func(t *testing.T) { testTwoServers(t, at(t)) })
	t.Run("a key that is missing", func(t *testing.T) { testKeyMissing(t, at(t)) })
}

// testTwoServers: what one server of a site keeps the other finds, and who has signed in
// at one is signed in at the other.
func testTwoServers(t *testing.T, config SitesConfig) {
	first := twoSites(t, config)
	ids := map[string]string{siteA: first.mustReport(siteA), siteB: first.mustReport(siteB)}
	second := twoSites(t, config)
	copyKey(t, first, second, siteA)
	copyKey(t, first, second, siteB)
	for site, id := range ids {
		if got := second.get(site, "/api/consents/"+id); got.StatusCode != http.StatusOK {
			t.Errorf("%s: the other server's receipt: got %d", site, got.StatusCode)
		}
		if got := second.get(otherOf(site), "/api/consents/"+id); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: the other site's receipt at the other server: got %d", site, got.StatusCode)
		}
		later := second.mustReport(site)
		if got := first.get(site, "/api/consents/"+later); got.StatusCode != http.StatusOK {
			t.Errorf("%s: a receipt of the other server: got %d", site, got.StatusCode)
		}
	}
	session := first.signIn(siteA, "le mot de passe d'un site")
	if got := bodyOf(t, second.get(siteA, "/admin", "Cookie", session)); strings.Contains(got, `type="password"`) {
		t.Error("who has signed in at one server has to sign in at the other")
	}
	if got := bodyOf(t, second.get(siteB, "/admin", "Cookie", session)); !strings.Contains(got, `type="password"`) && !strings.Contains(got, "temoin admin password") {
		t.Error("a session of one site is good for the other site at the other server")
	}
}

// testKeyMissing: a server that has not got a site's key makes none in its place, says
// so, and serves the others.
func testKeyMissing(t *testing.T, config SitesConfig) {
	first := twoSites(t, config)
	first.mustReport(siteA)
	second := twoSites(t, config)
	if got := second.get(siteA, "/temoin.js"); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without the key: got %d", got.StatusCode)
	}
	if !strings.Contains(second.log.String(), "is lost, and the receipts were signed with it") {
		t.Errorf("the log does not say what is missing: %s", second.log)
	}
	if _, err := os.Stat(filepath.Join(second.config.Store.Data, siteA, "key")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key was made: %v", err)
	}
	second.mustReport(siteB)
}

// copyKey gives a server the key that another has made of a site.
func copyKey(t *testing.T, from, to *testSites, site string) {
	t.Helper()
	key, err := os.ReadFile(filepath.Join(from.config.Store.Data, site, "key"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(to.config.Store.Data, site, "key")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, key, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkSites_PostgreSQL is [BenchmarkSites] with the receipts in one PostgreSQL.
func BenchmarkSites_PostgreSQL(b *testing.B) {
	cluster := pgtest.Start(b)
	for b.Loop() {
		measureSites(b, cluster.Database(b))
	}
	b.ReportMetric(store.PoolSize, "connections-at-most")
	b.ReportMetric(0, "ns/op")
}
