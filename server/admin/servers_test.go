package admin

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/tools/pgtest"
)

// behindBalancer returns two dashboards, each with a store of its own on one
// PostgreSQL: a balancer sends a browser now to the one and now to the other.
func behindBalancer(t *testing.T, database string) (a, b *bench) {
	t.Helper()
	key, err := receipt.NewKey("data.rivemont.example")
	if err != nil {
		t.Fatal(err)
	}
	config := store.Config{Database: database, Key: key, Now: func() time.Time { return now }}
	open := func() *bench {
		s, err := store.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if err := s.SetSetting(t.Context(), PasswordSetting, cheapHash); err != nil {
			t.Fatal(err)
		}
		return newBench(t, s)
	}
	return open(), open()
}

// TestDashboard_ManyServers: sessions and limits hold for all servers of a database.
func TestDashboard_ManyServers(t *testing.T) {
	cluster := pgtest.Start(t)
	t.Run("sessions", func(t *testing.T) {
		a, b := behindBalancer(t, cluster.Database(t))
		sessionsHold(t, a, b)
	})
	t.Run("wrong passwords", func(t *testing.T) {
		a, b := behindBalancer(t, cluster.Database(t))
		guessesCount(t, a, b)
	})
}

// sessionsHold checks that who has signed in at one server
// is signed in at the other, and out of both once signed out of either.
func sessionsHold(t *testing.T, a, b *bench) {
	t.Helper()
	first, second := a.signIn(), b.signIn()
	expect(t, a.visit("GET", "/admin", nil, with(second)), http.StatusOK, "Se déconnecter")
	page := expect(t, b.visit("GET", "/admin", nil, with(first)), http.StatusOK, "Se déconnecter")
	token := between(t, page, `name="token" value="`, `"`)

	expect(t, b.visit("POST", "/admin/logout", url.Values{"token": {token}}, with(first)), http.StatusSeeOther)
	for _, server := range []*bench{a, b} {
		expect(t, server.visit("GET", "/admin", nil, with(first)), http.StatusOK, `type="password"`)
		expect(t, server.visit("GET", "/admin", nil, with(second)), http.StatusOK, "Se déconnecter")
	}
	if err := SetPassword(t.Context(), a.store.(*store.Store), "another horse battery", Exporter); err != nil {
		t.Fatal(err)
	}
	expect(t, b.visit("GET", "/admin", nil, with(second)), http.StatusOK, `type="password"`)
}

// guessesCount checks that who tries passwords at two servers in turn has no more
// tries than at one.
func guessesCount(t *testing.T, a, b *bench) {
	t.Helper()
	known := cookieNamed(t, a.visit("POST", "/admin/login", url.Values{"password": {rightPassword}}), knownCookie)
	a.clock = a.clock.Add(time.Hour) // that try is counted no longer
	begun := a.clock
	servers := []*bench{a, b}
	guess := func(n int, client string, change ...func(*http.Request)) (status int, slept time.Duration) {
		server := servers[n%2]
		server.client, server.clock, server.slept = client, begun, 0
		status = server.visit("POST", "/admin/login", url.Values{"password": {"a guess of mine"}}, change...).StatusCode
		return status, server.slept
	}
	for n := range clientBurst {
		if status, slept := guess(n, "somebody"); status != http.StatusForbidden || slept > 0 {
			t.Errorf("try %d: got %d after %s, want 403 at once", n+1, status, slept)
		}
	}
	tries := clientBurst
	for wait := clientEvery; wait <= patience; wait += clientEvery {
		if status, slept := guess(tries, "somebody"); status != http.StatusForbidden || slept != wait {
			t.Errorf("try %d: got %d after %s, want 403 after %s", tries+1, status, slept, wait)
		}
		tries++
	}
	for n := range servers {
		if status, _ := guess(n, "somebody"); status != http.StatusTooManyRequests {
			t.Errorf("then: got %d, want 429 from either server", status)
		}
		if status, slept := guess(n, "somebody else"); status != http.StatusForbidden || slept > 0 {
			t.Errorf("somebody else: got %d after %s, want 403 at once", status, slept)
		}
		if status, slept := guess(n, "somebody", with(known)); status != http.StatusForbidden || slept > 0 {
			t.Errorf("whose browser has signed in before, at the first server: got %d after %s, want 403 at once", status, slept)
		}
	}
}
