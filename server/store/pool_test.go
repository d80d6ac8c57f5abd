package store_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/tools/pgtest"
)

func newPool(tb testing.TB, address string) (pool *store.Pool, at string) {
	tb.Helper()
	pool, err := store.OpenPool(address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool, address
}

// inSchema is where the receipts of a site are that shares connections with others.
func inSchema(pool *store.Pool, address, site string) store.Config {
	return store.Config{Database: address, Pool: pool, Schema: store.SchemaOf(site)}
}

// TestPool_Apart: forty stores share sixteen connections. Each keeps its own receipts and
// settings and finds no other's, while all write and read at once.
func TestPool_Apart(t *testing.T) {
	pool, address := newPool(t, postgres(t).Database(t))
	const sites, each = 40, 5
	stores, ids := make([]*store.Store, sites), make([][]string, sites)
	var working sync.WaitGroup
	for i := range sites {
		c := inSchema(pool, address, fmt.Sprintf("site-%d.example", i))
		c.Key = newKey(t)
		var err error
		if stores[i], err = store.Open(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		working.Go(func() {
			for range each {
				ids[i] = append(ids[i], fill(t, stores[i], 1)...)
				if err := stores[i].SetSetting(t.Context(), "mine", c.Schema); err != nil {
					t.Error(err)
				}
				if got, err := stores[i].Setting(t.Context(), "mine"); got != c.Schema || err != nil {
					t.Errorf("%s has the setting of %s (%v)", c.Schema, got, err)
				}
			}
		})
	}
	working.Wait()
	if t.Failed() {
		t.FailNow()
	}
	if n := connections(t, address); n == 0 || n > store.PoolSize {
		t.Errorf("%d connections, want 1 to %d", n, store.PoolSize)
	}
	for i, s := range stores {
		mustVerify(t, s, "", each)
		for other := range stores {
			_, err := s.Find(t.Context(), ids[other][0])
			if other == i && err != nil || other != i && !errors.Is(err, store.ErrNotFound) {
				t.Errorf("store %d on a receipt of %d: %v", i, other, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// connections returns how many programs' connections a database has, the asking one aside.
func connections(t *testing.T, address string) (n int) {
	t.Helper()
	db := behind(t, store.Config{Database: address})
	if err := db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPool_OneLocked: while somebody keeps the logs of some sites locked, those of the
// others go on.
func TestPool_OneLocked(t *testing.T) {
	pool, address := newPool(t, postgres(t).Database(t))
	open := func(site string) (store.Config, *store.Store) {
		c := inSchema(pool, address, site)
		c.Key = newKey(t)
		return c, mustOpen(t, c)
	}
	_, free := open("free.example")
	var waiting sync.WaitGroup
	var ended atomic.Int64
	defer waiting.Wait()
	for i := range 3 {
		c, s := open(fmt.Sprintf("locked-%d.example", i))
		defer block(t, c, "settings")()
		waiting.Go(func() { s.Append(context.Background(), newReceipt(t)); ended.Add(1) })
		for range 3 {
			waiting.Go(func() { s.Ping(context.Background()); ended.Add(1) })
		}
	}
	waitFor(t, "those that wait have all connections that they may have", func() bool { return locksAwaited(t, address) == 6 })
	fill(t, free, 1)
	if n := ended.Load(); n > 0 {
		t.Errorf("%d of those that waited ended before the free site had kept a receipt", n)
	}
}

// locksAwaited returns how many connections to a database wait for a lock.
func locksAwaited(t *testing.T, address string) (n int) {
	t.Helper()
	db := behind(t, store.Config{Database: address})
	if err := db.QueryRow(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestPool_Gone: after the database was killed beneath them, the stores of a pool go on.
func TestPool_Gone(t *testing.T) {
	cluster := pgtest.Start(t)
	pool, address := newPool(t, cluster.Database(t))
	var stores []*store.Store
	for i := range 3 {
		c := inSchema(pool, address, fmt.Sprintf("site-%d.example", i))
		c.Key = newKey(t)
		stores = append(stores, mustOpen(t, c))
		fill(t, stores[i], 1)
	}
	cluster.Kill()
	for _, s := range stores {
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a database that was killed answers")
		}
	}
	if err := cluster.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, s := range stores {
		waitFor(t, "the store goes on", func() bool { return s.Ping(t.Context()) == nil })
		fill(t, s, 1)
		mustVerify(t, s, "", 2)
	}
}

// TestPool_Rights: who may make no schema uses the one that is there; where there is
// none, the error says what is missing.
func TestPool_Rights(t *testing.T) {
	address := postgres(t).Database(t)
	admin := behind(t, store.Config{Database: address})
	role := "of_" + regexp.MustCompile(`/(\w+)\?`).FindStringSubmatch(address)[1] // roles are the cluster's, not the database's
	for _, statement := range []string{
		`CREATE ROLE "` + role + `" LOGIN`, `CREATE SCHEMA "given.example" AUTHORIZATION "` + role + `"`,
	} {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	pool, address := newPool(t, strings.Replace(address, "temoin@", role+"@", 1))
	given := inSchema(pool, address, "given.example")
	given.Key = newKey(t)
	fill(t, mustOpen(t, given), 1)

	for _, statement := range []string{
		`CREATE SCHEMA "another.example"`, `CREATE SCHEMA "read.example"`, `GRANT USAGE ON SCHEMA "read.example" TO "` + role + `"`,
	} {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	// The tables of the given one must not be taken for theirs.
	for site, says := range map[string]string{
		"missing.example": "make the schema missing.example", "another.example": `GRANT USAGE, CREATE ON SCHEMA "another.example"`,
		"read.example": `GRANT USAGE, CREATE ON SCHEMA "read.example"`,
	} {
		c := inSchema(pool, address, site)
		c.Key = newKey(t)
		if _, err := store.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want an error with %q", site, err, says)
		}
	}
}

// TestPool_Migrating: a site whose tables take long to make keeps no other waiting.
func TestPool_Migrating(t *testing.T) {
	pool, address := newPool(t, postgres(t).Database(t))
	slow, quick := inSchema(pool, address, "slow.example"), inSchema(pool, address, "quick.example")
	slow.Key, quick.Key = newKey(t), newKey(t)
	admin := behind(t, store.Config{Database: address})
	for _, statement := range []string{
		// Another program is about to make them, and has died or hangs.
		`CREATE SCHEMA "slow.example"`,
		`CREATE TABLE "slow.example".goose_lock (lock_id bigint PRIMARY KEY, locked boolean NOT NULL DEFAULT false, locked_at timestamptz, locked_by text, lease_expires_at timestamptz, updated_at timestamptz)`,
	} {
		if _, err := admin.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	held, err := admin.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := held.Exec(`LOCK TABLE "slow.example".goose_lock`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var opening sync.WaitGroup
	opening.Go(func() { store.Open(ctx, slow) })
	defer opening.Wait()
	defer cancel()
	defer held.Rollback()
	waitFor(t, "the slow one waits", func() bool { return locksAwaited(t, address) > 0 })
	if _, err := store.Open(t.Context(), quick); err == nil || !strings.Contains(err.Error(), "another site") {
		t.Errorf("a site that has no tables yet: got %v, want to be told to try again", err)
	}
}

// TestPool_ReadersLocked: who reads a table that somebody keeps locked is told so in time, and so is
// who opens the store then; neither waits for the lock's end.
func TestPool_ReadersLocked(t *testing.T) {
	address := postgres(t).Database(t)
	pool, _ := newPool(t, address)
	shared, alone := inSchema(pool, address, "a.example"), store.Config{Database: address}
	var waiting sync.WaitGroup
	for name, c := range map[string]store.Config{"pool": shared, "own connections": alone} {
		c.Key = newKey(t)
		s := mustOpen(t, c)
		defer block(t, c, "editions", "checkpoints")()
		for what, do := range map[string]func(context.Context) error{
			"read": func(ctx context.Context) error { _, err := s.Edition(ctx, "1a2b3c4d", "5e6f7a8b", "fr"); return err },
			"open": func(ctx context.Context) error { _, err := store.Open(ctx, c); return err },
		} {
			waiting.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				if err := do(ctx); err == nil || !strings.Contains(err.Error(), "lock timeout") {
					t.Errorf("%s, %s: got %v, want to be told of the lock", name, what, err)
				}
			})
		}
	}
	waiting.Wait()
}

// TestPool_Pooler: a pooler that gives each transaction another connection would mix the
// sites up. It is refused, with a pool and without; one site alone may go through it.
func TestPool_Pooler(t *testing.T) {
	cluster := pgtest.Start(t)
	address := cluster.Pooled(t, cluster.Database(t))
	alone := store.Config{Database: address, Key: newKey(t)}
	s := mustOpen(t, alone)
	fill(t, s, 3)
	mustVerify(t, s, "", 3)

	pool, _ := newPool(t, address)
	for name, c := range map[string]store.Config{
		"pool": inSchema(pool, address, "a.example"), "own connections": {Database: address, Schema: "a.example"},
	} {
		c.Key = newKey(t)
		if _, err := store.Open(t.Context(), c); !errors.Is(err, store.ErrAddress) || !strings.Contains(err.Error(), "pooler") {
			t.Errorf("%s: got %v, want ErrAddress", name, err)
		}
	}
}

func TestOpenPool_Address(t *testing.T) {
	for _, address := range []string{"", "postgress://u@h/d", "postgres://u:secret@h:port/d"} {
		if _, err := store.OpenPool(address); !errors.Is(err, store.ErrAddress) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want ErrAddress", address, err)
		}
	}
}

// TestSchemaOf: no two sites have one schema, however long their names are.
func TestSchemaOf(t *testing.T) {
	if got := store.SchemaOf("data.rivemont.example"); got != "data.rivemont.example" {
		t.Errorf("got %s", got)
	}
	long := strings.Repeat("a", 63) + "."
	seen := map[string]bool{}
	for _, site := range []string{long[1:], long + "example", long + "other.example"} {
		schema := store.SchemaOf(site)
		if len(schema) > 63 || seen[schema] {
			t.Errorf("%s: got %s, want 63 bytes at most, and no other site's", site, schema)
		}
		seen[schema] = true
	}
}
