package ledger

import (
	"context"
	"sync"
	"time"
)

// counts are the banners that were left unanswered, not yet in the store.
type counts struct {
	mu      sync.Mutex
	byCount map[count]int64
}

// count is what banners are counted by.
type count struct{ day, rev string }

// maxCounts bounds the counts in memory: a few revisions, a few days.
const maxCounts = 1000

func (c *counts) add(key count, n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byCount == nil {
		c.byCount = map[count]int64{}
	}
	if _, known := c.byCount[key]; known || len(c.byCount) < maxCounts {
		c.byCount[key] += n
	}
}

// take returns the counts, and begins anew.
func (c *counts) take() map[count]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.byCount
	c.byCount = nil
	return taken
}

// flush hands the counts to write. Those that cannot be written wait for the next
// time; counting goes on meanwhile.
func (c *counts) flush(write func(count, int64) error) (err error) {
	for key, n := range c.take() {
		if err == nil {
			err = write(key, n)
		}
		if err != nil {
			c.add(key, n)
		}
	}
	return err
}

// Count counts a banner that was shown and left unanswered.
func (l *Ledger) Count(rev string, now time.Time) {
	l.unanswered.add(count{now.UTC().Format(time.DateOnly), rev}, 1)
}

// Flush writes what has been counted. Counts that cannot be written are kept for
// the next time.
func (l *Ledger) Flush(ctx context.Context) {
	s := l.store.Load()
	if s == nil {
		return
	}
	err := l.unanswered.flush(func(c count, n int64) error { return s.CountUnanswered(ctx, c.day, c.rev, n) })
	if err != nil {
		l.fault("count", err)
	}
}
