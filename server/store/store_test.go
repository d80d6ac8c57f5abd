package store_test

import (
	"context"
	"flag"
	"os"
	"sync"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/tools/pgtest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if many := os.Getenv(appenderMode); many != "" {
		os.Exit(runAppender(many == "for ever"))
	}
	code := m.Run()
	if shared.cluster != nil {
		shared.cluster.Stop()
	}
	os.Exit(code)
}

// shared is the PostgreSQL of all tests that do not kill it.
var shared struct {
	sync.Mutex
	cluster *pgtest.Cluster
}

func postgres(tb testing.TB) *pgtest.Cluster {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		cluster, err := pgtest.New()
		if err != nil {
			tb.Fatal(err)
		}
		shared.cluster = cluster
	}
	return shared.cluster
}

// engines are the databases that every test runs against: functions that return
// where a new, empty one is.
var engines = map[string]func(tb testing.TB) store.Config{
	"SQLite":     func(tb testing.TB) store.Config { return store.Config{Dir: tb.TempDir()} },
	"PostgreSQL": func(tb testing.TB) store.Config { return store.Config{Database: postgres(tb).Database(tb)} },
}

// sqlite returns where a new, empty SQLite database is, of that key.
func sqlite(tb testing.TB, key *receipt.Key) store.Config {
	c := engines["SQLite"](tb)
	c.Key = key
	return c
}

// onEach runs a test against each database, with a key and an empty log.
func onEach(t *testing.T, test func(t *testing.T, c store.Config)) {
	for name, engine := range engines {
		on(t, name, engine, test)
	}
}

// onAll runs a test as onEach does, and for one site of many that share connections.
func onAll(t *testing.T, test func(t *testing.T, c store.Config)) {
	onEach(t, test)
	on(t, "PostgreSQL, shared", func(tb testing.TB) store.Config {
		pool, address := newPool(tb, postgres(tb).Database(tb))
		return inSchema(pool, address, "data.rivemont.example")
	}, test)
}

func on(t *testing.T, name string, engine func(testing.TB) store.Config, test func(t *testing.T, c store.Config)) {
	t.Run(name, func(t *testing.T) {
		c := engine(t)
		c.Key = newKey(t)
		test(t, c)
	})
}

func newKey(tb testing.TB) *receipt.Key {
	tb.Helper()
	key, err := receipt.NewKey("portal.example")
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func mustOpen(tb testing.TB, c store.Config) *store.Store {
	tb.Helper()
	s, err := store.Open(context.Background(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

var catalogue = &consent.Catalogue{
	Site:   consent.Site{Name: consent.Text{"fr": "Données de la métropole", "en": "Open data"}, URL: "https://portal.example"},
	Links:  consent.Links{Charter: "/charte-cookies/fr"},
	Cookie: consent.CookieSettings{Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
	Categories: []consent.Category{
		{ID: "necessary", Necessary: true}, {ID: "statistics"}, {ID: "first-party"}, {ID: "third-party"},
	},
	Services: []consent.Service{
		{ID: "counter", Category: "statistics"}, {ID: "shop", Category: "first-party"}, {ID: "youtube", Category: "third-party"},
	},
}

// noon is when receipts are received, unless a test says otherwise.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// newReceipt returns a receipt of a new answer.
func newReceipt(tb testing.TB, change ...func(s *receipt.Submission, c *receipt.Context)) *receipt.Receipt {
	tb.Helper()
	r, err := makeReceipt(change...)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func makeReceipt(change ...func(s *receipt.Submission, c *receipt.Context)) (*receipt.Receipt, error) {
	s := &receipt.Submission{
		Record: &consent.Record{ID: consent.NewID(), Rev: "1a2b3c4d", At: noon.Add(-time.Second), Choices: catalogue.Accept()},
		How:    receipt.BannerAccept, Lang: "fr", Text: "0123456789abcdef",
	}
	c := receipt.Context{Site: "https://portal.example", Catalogue: catalogue, Received: noon, Version: "v1"}
	for _, f := range change {
		f(s, &c)
	}
	return receipt.New(s, c)
}

func receivedAt(at time.Time) func(*receipt.Submission, *receipt.Context) {
	return func(_ *receipt.Submission, c *receipt.Context) { c.Received = at }
}

// fill appends n receipts, one transaction each, and returns their ids.
func fill(tb testing.TB, s *store.Store, n int, change ...func(*receipt.Submission, *receipt.Context)) []string {
	tb.Helper()
	ids := make([]string, n)
	for i := range ids {
		r := newReceipt(tb, change...)
		if _, fresh, err := s.Append(context.Background(), r); err != nil || !fresh {
			tb.Fatalf("append %d: got fresh %t and %v", i, fresh, err)
		}
		ids[i] = r.ID()
	}
	return ids
}
