// Package ledger is the life of the receipts in a server: it opens the store,
// publishes what visitors are shown, keeps and finds receipts, counts banners left
// unanswered, purges what is older than the retention, and knows whether all of
// that works.
//
// Where the store cannot be had, pages are told to try again later, and the rest
// of the server goes on.
package ledger

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/store"
)

// Config is what a ledger is made with.
type Config struct {
	// Store says where receipts are kept, Retention how long.
	Store     StoreConfig
	Retention consent.Duration
	// Version is the version of the program, for the receipts.
	Version string
	Log     *slog.Logger
	// Now is the clock; nil for that of the system.
	Now func() time.Time
	// Fault, if there is one, is called each time that the store fails.
	Fault func()
}

// Ledger keeps the receipts of a server. It is safe for concurrent use.
type Ledger struct {
	config Config

	opening   sync.Mutex // held while the store is opened, told of texts, or closed
	published string     // what the store was last given, by its name
	closed    bool

	retention  atomic.Pointer[consent.Duration]
	store      atomic.Pointer[store.Store] // nil until it is open
	failing    atomic.Bool                 // whether the store failed when it was last asked
	cut        atomic.Bool                 // whether the log lacks what it held before
	unkept     atomic.Bool                 // whether the last checkpoint could not be kept, and that was said
	untimely   atomic.Bool                 // whether receipts are turned away because the clock is in doubt
	latest     atomic.Int64                // when the log was in use, by a clock that has gone back since; 0 for none
	unanswered counts
}

// New returns a ledger whose store is not open yet; see [Ledger.Open].
func New(config Config) *Ledger {
	if config.Now == nil {
		config.Now = time.Now
	}
	config.Store.Now = config.Now
	l := &Ledger{config: config}
	l.SetRetention(config.Retention)
	return l
}

// SetRetention says how long receipts are kept from the next purge on.
func (l *Ledger) SetRetention(retention consent.Duration) { l.retention.Store(&retention) }

const (
	openTime  = 5 * time.Second  // between two tries to open the store
	flushTime = 10 * time.Second // between two times that counts are written, and the store is probed
	storeTime = 10 * time.Second // the longest that one call of the store takes
)

// Run keeps the store open, writes what is counted, probes the store, purges what
// is older than the retention, and keeps checkpoints, until ctx is done. current returns what
// visitors are shown now, or nil where no receipts are to be kept.
func (l *Ledger) Run(ctx context.Context, current func() *Shown) {
	opening, flushing := time.NewTicker(openTime), time.NewTicker(flushTime)
	defer opening.Stop()
	defer flushing.Stop()
	var purged, kept time.Time
	var purging sync.WaitGroup
	defer purging.Wait()
	l.probe(ctx) // so that it is noted from the first moment when the log is in use
	for {
		select {
		case <-ctx.Done():
			return
		case <-opening.C:
			l.open(ctx, current())
		case <-flushing.C:
			l.Flush(ctx)
			l.probe(ctx)
		}
		if s := l.store.Load(); s != nil && time.Since(purged) > purgeTime {
			purged = time.Now()
			purging.Wait()                         // a day is enough for one
			purging.Go(func() { l.purge(ctx, s) }) // which may take hours, and the rest goes on
		}
		if s := l.store.Load(); s != nil && time.Since(kept) > checkpointTime {
			kept = time.Now()
			l.keepCheckpoint(ctx, s)
		}
	}
}

func (l *Ledger) open(ctx context.Context, shown *Shown) {
	if shown == nil {
		return
	}
	if err := l.Open(ctx, *shown); err != nil {
		l.fault("open", err)
	}
}

// probe finds out whether the store can be written to, so that nobody has to who
// asks after its health.
func (l *Ledger) probe(ctx context.Context) {
	s := l.store.Load()
	if s == nil {
		return
	}
	probing, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	doubt, err := l.watchClock(probing, s, l.config.Now())
	if err == nil && doubt == clockRight {
		l.welcome()
	}
	if err == nil {
		err = s.Ping(probing)
	}
	if err == nil {
		err = s.CheckKey(probing)
	}
	switch {
	case err == nil:
		l.works()
	case errors.Is(err, store.ErrKey):
		l.fault("probe", err)
		l.reopen(s)
	case ctx.Err() == nil:
		l.fault("probe", err)
	}
}

// reopen has the store opened anew, with the key that signs by now.
func (l *Ledger) reopen(s *store.Store) {
	l.opening.Lock()
	defer l.opening.Unlock()
	if l.store.CompareAndSwap(s, nil) {
		if err := s.Close(); err != nil {
			l.config.Log.Error("the receipts cannot be closed", "error", err)
		}
	}
}

// fault notes that the store failed.
func (l *Ledger) fault(doing string, err error) {
	if l.config.Fault != nil {
		l.config.Fault()
	}
	if l.failing.Swap(true) {
		l.config.Log.Debug("receipts still fail", "doing", doing, "error", err)
		return
	}
	l.config.Log.Error("receipts cannot be kept; pages try again later", "doing", doing, "error", err)
}

func (l *Ledger) works() {
	if l.failing.Swap(false) {
		l.config.Log.Info("receipts are kept again")
	}
}

// Healthy reports whether the store worked when it was last asked, and holds all
// that it held before, and no receipt is turned away because of the clock. It asks nothing itself: see [Ledger.Run].
func (l *Ledger) Healthy() bool {
	return l.store.Load() != nil && !l.failing.Load() && !l.cut.Load() && !l.untimely.Load()
}

// Store returns the store, or nil while it cannot be had.
func (l *Ledger) Store() *store.Store { return l.store.Load() }

// Queued returns how many receipts wait to be written.
func (l *Ledger) Queued() int {
	if s := l.store.Load(); s != nil {
		return s.Queued()
	}
	return 0
}
