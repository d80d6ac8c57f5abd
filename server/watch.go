package server

import (
	"context"
	"time"
)

// watchTime is how often files are looked at.
const watchTime = time.Second

// watcher takes over files that change on the disk. It looks at them instead of
// waiting for the system's word, which network file systems and editors that
// replace files do not give reliably.
type watcher chan struct{}

func newWatcher() watcher { return make(watcher, 1) }

// ask has the files read anew, changed or not.
func (w watcher) ask() {
	select {
	case w <- struct{}{}:
	default: // they are about to be
	}
}

// run calls reload whenever it is asked, and look again and again, until ctx is done.
func (w watcher) run(ctx context.Context, reload, look func()) {
	ticker := time.NewTicker(watchTime)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w:
			reload()
		case <-ticker.C:
			look()
		}
	}
}
