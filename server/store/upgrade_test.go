package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"temoin.example/temoin/server/store"
)

// upgrade does what a version of the program may do that is yet to come: it changes
// tables, in one transaction, as migrations do.
func upgrade(t *testing.T, c store.Config) {
	t.Helper()
	applied := "1"
	if c.Database != "" {
		applied = "true"
	}
	tx, err := behind(t, c).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, statement := range []string{
		`ALTER TABLE settings ADD COLUMN site TEXT NOT NULL DEFAULT ''`,
		`ALTER TABLE sessions RENAME COLUMN hash TO digest`,
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, ` + applied + `)`,
	} {
		if _, err := tx.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// TestUpgrade_BeneathARunningServer: a newer program brings the tables up to date
// while older ones keep receipts. What they have confirmed is there; from then on
// they write nothing, and say why.
func TestUpgrade_BeneathARunningServer(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		stores := []*store.Store{mustOpen(t, c), mustOpen(t, c)}
		var mutex sync.Mutex
		var kept []string
		count := func() int { mutex.Lock(); defer mutex.Unlock(); return len(kept) }
		refused := make([]error, 8)
		var group sync.WaitGroup
		for caller := range refused {
			group.Go(func() {
				for refused[caller] == nil {
					// SQLite keeps no line for its lock: who writes without a rest keeps all others out.
					time.Sleep(10 * time.Millisecond)
					r := newReceipt(t)
					if _, _, err := stores[caller%2].Append(context.Background(), r); err != nil {
						refused[caller] = err
						continue
					}
					mutex.Lock()
					kept = append(kept, r.ID())
					mutex.Unlock()
				}
			})
		}
		waitFor(t, "receipts to be kept", func() bool { return count() > 50 })
		upgrade(t, c)
		group.Wait()
		for _, err := range refused {
			isNewer(t, "append", err)
		}

		s := stores[0]
		_, err := s.Take(t.Context(), time.Now(), time.Minute, store.Allowance{Who: "one", Every: time.Second, Burst: 1})
		isNewer(t, "count an attempt", err)
		isNewer(t, "ping", s.Ping(t.Context()))
		isNewer(t, "what a column is missing for", s.AddSession(t.Context(), "a session", time.Now()))
		isNewer(t, "erase", s.Erase(t.Context(), kept[0]))
		mustVerify(t, s, "", int64(count()))
		for _, id := range kept {
			if _, err := s.Find(t.Context(), id); err != nil {
				t.Fatalf("%s was lost: %v", id, err)
			}
		}

		_, err = store.Open(t.Context(), c)
		isNewer(t, "the start of an older program", err)
	})
}

// isNewer checks that an error says what is wrong, and what to do.
func isNewer(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "version 99") || !strings.Contains(err.Error(), "run the newer program") {
		t.Errorf("%s: got %v, want ErrNewer with the version", what, err)
	}
}
