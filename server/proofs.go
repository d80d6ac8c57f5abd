package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"temoin/app/consent"
	"temoin/server/admin"
	"temoin/server/receipt"
	"temoin/server/site"
	"temoin/server/store"
)

// StoreConfig says where receipts are kept.
type StoreConfig struct {
	// Data is the folder of the key and of the embedded database; without one, no
	// receipts are kept.
	Data string
	// Database is the address of a PostgreSQL database; "" for the embedded one.
	Database string
	// Key is the path of the signing key; "" for the file "key" in the folder.
	Key string
}

// errConfigured marks faults that waiting does not mend: the server does not
// start with them.
var errConfigured = errors.New("the receipts cannot be kept as configured")

// OpenStore opens the store of receipts. name is who signs, where the key has
// yet to be made; without one it has to be there.
func OpenStore(ctx context.Context, c StoreConfig, name string, log *slog.Logger) (*store.Store, error) {
	path := c.Key
	if path == "" {
		path = filepath.Join(c.Data, "key")
	}
	if name == "" {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("open receipts: no key, which the server makes at its first start: %w", err)
		}
	} else if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("open receipts: %w", err)
	}
	key, err := receipt.LoadKey(path, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfigured, err)
	}
	s, err := store.Open(ctx, store.Config{Database: c.Database, Dir: c.Data, Key: key, Log: log})
	if errors.Is(err, store.ErrNewer) || errors.Is(err, store.ErrKey) {
		return nil, fmt.Errorf("%w: %w", errConfigured, err)
	}
	return s, err
}

// proofs keeps the receipts of a server. Where the store cannot be had, pages
// are told to try again later, and the rest of the server goes on.
type proofs struct {
	config    StoreConfig
	retention consent.Duration
	log       *slog.Logger
	metrics   *metrics
	limit     *limiter

	store atomic.Pointer[store.Store]
	// failing is whether the last receipt could not be kept.
	failing atomic.Bool

	mu         sync.Mutex
	published  *site.Site    // the bundle whose texts the store has
	unanswered map[sum]int64 // banners left unanswered, not yet in the store
}

// sum is what a count is kept by.
type sum struct{ day, rev string }

const (
	openTime  = 5 * time.Second  // between two tries to open the store
	flushTime = 10 * time.Second // between two times that counts are written
	purgeTime = 24 * time.Hour
	storeTime = 10 * time.Second // the longest that one call of the store takes
)

// open opens the store, and gives it the texts that visitors are shown. Only
// what waiting does not mend is returned.
func (p *proofs) open(ctx context.Context, served *site.Site) error {
	if !p.wanted(served) {
		return nil
	}
	if p.store.Load() == nil {
		s, err := OpenStore(ctx, p.config, signer(served.Catalogue), p.log)
		if errors.Is(err, errConfigured) {
			return err
		}
		if err != nil {
			p.fault("open", err)
			return nil
		}
		p.store.Store(s)
	}
	if err := p.publish(ctx, served); err != nil {
		p.fault("publish texts", err)
	}
	return nil
}

// wanted reports whether this server is to keep receipts.
func (p *proofs) wanted(served *site.Site) bool { return served.Keeps }

// signer is the name in the key: the site's host.
func signer(c *consent.Catalogue) string {
	site, err := url.Parse(c.Site.URL)
	if err != nil || site.Host == "" {
		return "temoin" // a catalogue made by hand
	}
	return site.Host
}

// publish gives the store what visitors are shown, once for each bundle.
func (p *proofs) publish(ctx context.Context, served *site.Site) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.published == served {
		return nil
	}
	for _, edition := range served.Shown {
		if err := p.store.Load().Publish(ctx, edition); err != nil {
			return err
		}
	}
	p.published = served
	return nil
}

// run keeps the store open, writes what is counted, and purges what is older
// than the retention, until ctx is done.
func (p *proofs) run(ctx context.Context, current func() *site.Site) {
	opening, flushing := time.NewTicker(openTime), time.NewTicker(flushTime)
	defer opening.Stop()
	defer flushing.Stop()
	var purged time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-opening.C:
			if err := p.open(ctx, current()); err != nil {
				p.fault("open", err)
			}
		case <-flushing.C:
			p.flush(ctx)
		}
		if p.store.Load() != nil && time.Since(purged) > purgeTime {
			purged = time.Now()
			p.purge(ctx)
		}
	}
}

// close writes what has been counted, and closes the store.
func (p *proofs) close() error {
	s := p.store.Load()
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	p.flush(ctx)
	return s.Close()
}

func (p *proofs) purge(ctx context.Context) {
	before := time.Now().Add(-p.retention.Length())
	erased, err := p.store.Load().Purge(ctx, before)
	if err != nil {
		p.fault("purge", err)
		return
	}
	p.log.Info("receipts purged", "erased", erased, "received before", before.UTC().Format(time.DateOnly))
}

// fault notes that the store failed.
func (p *proofs) fault(doing string, err error) {
	p.metrics.storeFaults.Inc()
	if p.failing.Swap(true) {
		p.log.Debug("receipts still fail", "doing", doing, "error", err)
		return
	}
	p.log.Error("receipts cannot be kept; pages try again later", "doing", doing, "error", err)
}

func (p *proofs) works() {
	if p.failing.Swap(false) {
		p.log.Info("receipts are kept again")
	}
}

// health returns "ok", "degraded", or "off" where no receipts are kept here.
func (p *proofs) health(ctx context.Context, served *site.Site) string {
	s := p.store.Load()
	switch {
	case !p.wanted(served):
		return "off"
	case s == nil || p.failing.Load():
		return "degraded"
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		return "degraded"
	}
	return "ok"
}

// dashboard returns the store for the dashboard, or nil while it cannot be had.
func (p *proofs) dashboard() admin.Store {
	if s := p.store.Load(); s != nil {
		return s
	}
	return nil
}

// queued returns how many receipts wait to be written.
func (p *proofs) queued() int {
	if s := p.store.Load(); s != nil {
		return s.Queued()
	}
	return 0
}

// maxSums bounds the counts in memory: a few revisions, a few days.
const maxSums = 1000

// count counts a banner that was left unanswered.
func (p *proofs) count(rev string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := (sum{now.UTC().Format(time.DateOnly), rev}); len(p.unanswered) < maxSums {
		p.unanswered[key]++
	}
}

// flush writes the counts; those that cannot be written wait for the next time.
func (p *proofs) flush(ctx context.Context) {
	s := p.store.Load()
	if s == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, n := range p.unanswered {
		if err := s.CountUnanswered(ctx, key.day, key.rev, n); err != nil {
			p.fault("count", err)
			return
		}
		delete(p.unanswered, key)
	}
}
