package ledger

import (
	"database/sql"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

var oneEdition = Shown{Signer: "data.rivemont.example", Editions: []store.Edition{
	{Rev: "00000000", Text: "0000000000000000", Lang: "fr", Catalogue: []byte("{}"), Body: []byte("{}")},
}}

// TestOpen_AtOnce: however many open the store at once, there is one, and none is
// left open when the ledger is closed.
func TestOpen_AtOnce(t *testing.T) {
	dir := t.TempDir()
	for range 10 {
		l := New(Config{Store: StoreConfig{Data: dir}, Log: quiet()})
		var opening sync.WaitGroup
		for range 8 {
			opening.Go(func() {
				if err := l.Open(t.Context(), oneEdition); err != nil {
					t.Error(err)
				}
			})
		}
		opening.Wait()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		// A server that takes over a catalogue while it stops opens nothing anew.
		if err := l.Open(t.Context(), oneEdition); err != nil {
			t.Fatal(err)
		}
	}
	if left := openFiles(t, dir); len(left) > 0 {
		t.Errorf("%d files of the store are still open, such as %s", len(left), left[0])
	}
}

// openFiles returns the files below dir that this process holds open.
func openFiles(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, entry := range entries {
		if file, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && strings.HasPrefix(file, dir) {
			files = append(files, file)
		}
	}
	return files
}

// TestFlush_CountingGoesOn: while counts are written, which a disk may take its
// time for, more are counted.
func TestFlush_CountingGoesOn(t *testing.T) {
	dir := t.TempDir()
	l := New(Config{Store: StoreConfig{Data: dir}, Log: quiet()})
	if err := l.Open(t.Context(), oneEdition); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	busy, err := sql.Open("sqlite", filepath.Join(dir, "temoin.db")+"?_txlock=exclusive")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	held, err := busy.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l.Count("00000000", now)
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		l.Flush(t.Context())
	}()
	for l.unanswered.has("00000000") { // until the counts are with the disk
		runtime.Gosched()
	}
	l.Count("00000000", now)
	select {
	case <-flushed:
		t.Error("counting waited for the disk")
	default:
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	<-flushed
	l.Flush(t.Context())
	sums, err := l.Store().Unanswered(t.Context(), "2026-11-24", "2026-11-24")
	if err != nil || len(sums) != 1 || sums[0].N != 2 {
		t.Errorf("got %+v and %v, want both counted", sums, err)
	}
}

// has reports whether counts of that revision wait to be written.
func (c *counts) has(rev string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range c.byCount {
		if key.rev == rev {
			return true
		}
	}
	return false
}

// TestCounts_NotLost: what cannot be written waits for the next time.
func TestCounts_NotLost(t *testing.T) {
	var c counts
	c.add(count{"2026-11-24", "a"}, 2)
	c.add(count{"2026-11-24", "b"}, 3)
	broken := errors.New("disk full")
	if err := c.flush(func(count, int64) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	got := map[string]int64{}
	if err := c.flush(func(key count, n int64) error { got[key.rev] += n; return nil }); err != nil {
		t.Fatal(err)
	}
	if want := map[string]int64{"a": 2, "b": 3}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestOpenStore_Refuses: what waiting does not mend is said at the start.
func TestOpenStore_Refuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenStore(t.Context(), StoreConfig{Data: dir}, "", quiet()); err == nil || !strings.Contains(err.Error(), "no key") {
		t.Errorf("a command without a key: got %v", err)
	}
	first, err := OpenStore(t.Context(), StoreConfig{Data: dir}, "data.rivemont.example", quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "key")
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(t.Context(), StoreConfig{Data: dir}, "x", quiet()); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: got %v", err)
	}
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if _, err := OpenStore(t.Context(), StoreConfig{Data: dir, Key: other}, "x", quiet()); err == nil || !strings.Contains(err.Error(), "is lost") {
		t.Errorf("a path to no key: got %v", err)
	}
	if _, err := receipt.LoadKey(other, "other.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(t.Context(), StoreConfig{Data: dir, Key: other}, "x", quiet()); err == nil || !strings.Contains(err.Error(), "signed with another key") {
		t.Errorf("another key: got %v", err)
	}
}
