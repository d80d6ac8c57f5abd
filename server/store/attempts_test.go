package store_test

import (
	"testing"
	"time"

	"temoin.example/temoin/server/store"
)

// Two stores on one database stand for two servers behind a balancer.
func TestTake_HoldsAcrossServers(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		servers := []*store.Store{mustOpen(t, c), mustOpen(t, c)}
		now := time.Now()
		one := store.Allowance{Who: "one", Every: 10 * time.Second, Burst: 2}
		all := store.Allowance{Who: "all", Every: time.Second, Burst: 100}
		take := func(at time.Time, server int, wantWait time.Duration, allowances ...store.Allowance) {
			t.Helper()
			wait, err := servers[server].Take(t.Context(), at, 15*time.Second, allowances...)
			if err != nil || wait.Round(time.Second) != wantWait {
				t.Errorf("got a wait of %v and %v, want %v", wait, err, wantWait)
			}
		}
		take(now, 0, 0, one, all)
		take(now, 1, 0, one, all)
		take(now, 0, 10*time.Second, one, all) // slowed down
		take(now, 1, 20*time.Second, one, all)
		take(now, 0, 20*time.Second, one, all) // what was refused took nothing
		take(now.Add(10*time.Second), 1, 10*time.Second, one, all)
		take(now.Add(time.Minute), 0, 0, one, all)

		// What is refused by one allowance is not taken from the other.
		few := store.Allowance{Who: "few", Every: time.Hour, Burst: 1}
		other := store.Allowance{Who: "other", Every: 10 * time.Second, Burst: 1}
		take(now, 0, 0, few)
		take(now, 0, time.Hour, other, few)
		take(now, 0, 0, other)
	})
}

func TestDropExpired(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s, db := mustOpen(t, c), behind(t, c)
		now := time.Now()
		if _, err := s.Take(t.Context(), now, time.Hour, store.Allowance{Who: "one", Every: time.Minute, Burst: 2}); err != nil {
			t.Fatal(err)
		}
		if err := s.AddSession(t.Context(), "a session", now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		left := func(at time.Time) (n int) {
			t.Helper()
			if err := s.DropExpired(t.Context(), at); err != nil {
				t.Fatal(err)
			}
			row := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM sessions)`)
			if err := row.Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := left(now.Add(59 * time.Second)); n != 2 {
			t.Errorf("before they expire %d rows are left, want 2", n)
		}
		if n := left(now.Add(61 * time.Second)); n != 0 {
			t.Errorf("after they expired %d rows are left, want none", n)
		}
	})
}

func TestSecret_IsOneForAllServers(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		first, err := mustOpen(t, c).Secret(t.Context(), "a-secret")
		if err != nil || len(first) < 40 {
			t.Fatalf("got %d characters and %v", len(first), err)
		}
		if second, err := mustOpen(t, c).Secret(t.Context(), "a-secret"); err != nil || second != first {
			t.Errorf("another server has another secret (%v)", err)
		}
	})
}
