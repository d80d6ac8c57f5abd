package ledger

import (
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// clocked is a ledger whose clock a test sets.
type clocked struct {
	*Ledger
	t   *testing.T
	now time.Time
}

func newClocked(t *testing.T) *clocked {
	t.Helper()
	c := &clocked{t: t, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	catalogue, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	retention := consent.Duration{Count: 25, Unit: consent.Month}
	c.Ledger = New(Config{Store: StoreConfig{Data: t.TempDir()}, Retention: retention, Version: "v1", Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return c.now }})
	shown := Shown{Signer: "data.rivemont.example", Editions: []store.Edition{
		{Rev: asked.Rev(), Text: "0123456789abcdef", Lang: "fr", Catalogue: catalogue, Body: []byte("{}")},
	}}
	if err := c.Open(t.Context(), shown); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.probe(t.Context())
	return c
}

// keep keeps a choice of that time.
func (c *clocked) keep(at time.Time) (id string, err error) {
	record := &consent.Record{ID: consent.NewID(), Rev: asked.Rev(), At: at, Choices: asked.Refuse()}
	_, _, err = c.Keep(c.t.Context(), &receipt.Submission{Record: record, How: receipt.BannerRefuse, Lang: "fr", Text: "0123456789abcdef"}, asked.Site.URL, c.now)
	return record.ID, err
}

// keeps checks what comes of a choice, and whether the ledger is well after that.
func (c *clocked) keeps(name string, at time.Time, want error, healthy bool) {
	c.t.Helper()
	if _, err := c.keep(at); !errors.Is(err, want) {
		c.t.Errorf("%s: got %v, want %v", name, err, want)
	}
	if c.Healthy() != healthy {
		c.t.Errorf("%s: healthy is %t", name, !healthy)
	}
}

// TestClock_JumpsBackAndForth: while the clock is wrong, pages are told to come again,
// and when it is right, all is well. No purge believes it, wherever it jumps to.
func TestClock_JumpsBackAndForth(t *testing.T) {
	c := newClocked(t)
	right := c.now
	const year = 365 * day
	id, err := c.keep(right)
	if err != nil {
		t.Fatal(err)
	}
	purge := func(name string) {
		t.Helper()
		c.purge(t.Context(), c.store.Load())
		if !isKept(t, c.Ledger, id) {
			t.Fatalf("%s: the receipt is erased", name)
		}
	}

	c.now = right.Add(3 * year)
	c.keeps("three years ahead", right, ErrClock, false)
	c.probe(t.Context())
	c.keeps("three years ahead, and noticed", right, ErrClock, false)
	purge("three years ahead")
	c.now = right.Add(3*year - 2*day)
	c.probe(t.Context())
	c.keeps("two days back, and still ahead", right, ErrClock, false)
	purge("two days back, and still ahead")
	c.now = right.Add(6 * year)
	purge("further ahead")
	c.now = right.Add(3*year + 8*day)
	purge("back to where it jumped from the second time, and still ahead")
	c.now = right.Add(time.Minute)
	c.probe(t.Context())
	c.keeps("right again", right, nil, true)
	purge("right again")

	c.now = right.Add(-2 * day)
	c.keeps("two days behind", right, ErrClock, false)
	c.probe(t.Context())
	c.probe(t.Context()) // by now the log was last in use by the wrong clock
	c.keeps("two days behind, and noticed", right, ErrClock, false)
	purge("two days behind")
	c.now = right.Add(2 * time.Minute)
	c.probe(t.Context())
	c.keeps("right at last", right, nil, true)
}

// TestClock_ReturnsByPurge: it is the purge that finds the clock set right, and the log is
// not taken for one that was in use in the future.
func TestClock_ReturnsByPurge(t *testing.T) {
	c := newClocked(t)
	right := c.now
	c.now = right.Add(100 * day)
	c.probe(t.Context())
	c.now = right
	c.purge(t.Context(), c.store.Load())
	c.keeps("from the future", right.Add(2*day), ErrEarly, true)
}

// TestClock_Visitors: where this server's clock is right, it is the visitor's that is
// not, and that is no fault of the server's.
func TestClock_Visitors(t *testing.T) {
	c := newClocked(t)
	c.keeps("from the future", c.now.Add(2*day), ErrEarly, true)
	c.keeps("of last year", c.now.Add(-300*day), ErrRefused, true)
	c.now = c.now.Add(-2 * day)
	c.keeps("of last year, by a clock that is behind", c.now.Add(-300*day), ErrRefused, true)
}
