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

// TestTake_ClockAhead: what was tried by a clock that was years ahead keeps nobody out
// once it is right.
func TestTake_ClockAhead(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		now := time.Now()
		one := store.Allowance{Who: "one", Every: 10 * time.Second, Burst: 2}
		for _, step := range []struct {
			at   time.Time
			want time.Duration
		}{
			{now.AddDate(3, 0, 0), 0}, {now.AddDate(3, 0, 0), 0},
			{now, 0}, {now, 0}, {now, 10 * time.Second}, // as if there had been nobody
		} {
			wait, err := s.Take(t.Context(), step.at, 15*time.Second, one)
			if err != nil || wait.Round(time.Second) != step.want {
				t.Errorf("at %s: got a wait of %v and %v, want %v", step.at, wait, err, step.want)
			}
		}
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
