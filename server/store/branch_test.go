package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server/store"
)

// mustCheckpoint returns what the log is now.
func mustCheckpoint(tb testing.TB, s *store.Store) string {
	tb.Helper()
	checkpoint, err := s.Checkpoint(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return checkpoint
}

// faultsSince returns how many faults a check finds that starts from a checkpoint.
func faultsSince(tb testing.TB, s *store.Store, since string) int {
	tb.Helper()
	v, err := s.Verify(tb.Context(), since)
	if err != nil {
		tb.Fatal(err)
	}
	return len(v.Faults)
}

// TestBranch: a log that lacks what it held says so itself, of that checkpoint and
// of no other, and by an entry that cannot be changed unseen.
func TestBranch(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		lost := sqlite(t, c.Key) // what was lost is of the same key, and another log
		gone := mustOpen(t, lost)
		fill(t, gone, 6)
		missing := mustCheckpoint(t, gone)
		fill(t, gone, 1)
		later := mustCheckpoint(t, gone)

		s := mustOpen(t, c)
		fill(t, s, 3)
		if n := faultsSince(t, s, missing); n != 1 {
			t.Errorf("before it is said: got %d faults, want 1", n)
		}
		if err := s.NoteCut(t.Context()); err != nil {
			t.Fatal(err)
		}
		fill(t, s, 1) // of the branch, though nobody has said so yet
		if err := s.NoteCut(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, by := range []string{"", "  ", "two\nlines", strings.Repeat("long", 100)} {
			if _, err := s.Branch(t.Context(), missing, by); err == nil {
				t.Errorf("%q says so: got no error", by)
			}
		}
		b, err := s.Branch(t.Context(), missing, "A. Martin")
		if err != nil || b.First != 3 {
			t.Fatalf("got %+v and %v, want it to begin at entry 3", b, err)
		}
		v := mustVerify(t, s, missing, 4)
		if len(v.Turns) != 1 || v.Turns[0].Index != 4 || v.Turns[0].Lost != 6 || v.Turns[0].Branch.By != "A. Martin" {
			t.Errorf("got the turns %+v", v.Turns)
		}
		if err := s.GoesOnFrom(t.Context(), missing); err != nil {
			t.Errorf("the server's own check: %v", err)
		}
		if n := faultsSince(t, s, later); n != 1 {
			t.Errorf("a checkpoint that nobody has spoken of: got %d faults, want 1", n)
		}
		if _, err := s.Branch(t.Context(), missing, "A. Martin"); !errors.Is(err, store.ErrWhole) {
			t.Errorf("said twice: got %v, want ErrWhole", err)
		}
		fill(t, s, 4) // longer now than what was lost
		mustVerify(t, s, missing, 8)
		if b, err := s.Branch(t.Context(), later, "A. Martin"); err != nil || b.First != 3 {
			t.Errorf("of another checkpoint: got %+v and %v", b, err)
		}
		mustVerify(t, s, later, 8)

		(&vandal{t, behind(t, c), c.Key}).do(`DELETE FROM turns WHERE idx = 4`)
		if n := faultsSince(t, s, ""); n != 1 {
			t.Errorf("a turn that is hidden: got %d faults, want 1", n)
		}
	})
}

// TestBranch_OlderCopyOfIt: that a log once said that something is missing excuses
// no loss that comes later.
func TestBranch_OlderCopyOfIt(t *testing.T) {
	c := sqlite(t, newKey(t))
	lost := sqlite(t, c.Key)
	gone := mustOpen(t, lost)
	fill(t, gone, 20)
	s := mustOpen(t, c)
	fill(t, s, 3)
	if _, err := s.Branch(t.Context(), mustCheckpoint(t, gone), "A. Martin"); err != nil {
		t.Fatal(err)
	}
	older := store.Config{Dir: t.TempDir(), Key: c.Key}
	if err := s.Copy(t.Context(), filepath.Join(older.Dir, "temoin.db")); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 3)
	again := mustOpen(t, older)
	if err := again.GoesOnFrom(t.Context(), mustCheckpoint(t, s)); !errors.Is(err, store.ErrCut) {
		t.Errorf("got %v, want ErrCut", err)
	}
	if n := faultsSince(t, again, mustCheckpoint(t, s)); n != 1 {
		t.Errorf("got %d faults, want 1", n)
	}
}

// TestCopy: a copy is of one moment, though receipts come while it is made.
func TestCopy(t *testing.T) {
	c := sqlite(t, newKey(t))
	s := mustOpen(t, c)
	ids := fill(t, s, 20)
	if err := s.Erase(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	to := store.Config{Dir: t.TempDir(), Key: c.Key}
	file := filepath.Join(to.Dir, "temoin.db")
	go func() { done <- s.Copy(t.Context(), file) }()
	var err error
	for copying := true; copying; {
		fill(t, s, 1)
		select {
		case err = <-done:
			copying = false
		default:
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := store.CheckpointOf(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.GoesOnFrom(t.Context(), checkpoint); err != nil {
		t.Errorf("the log does not go on from its copy: %v", err)
	}
	copied := mustOpen(t, to)
	v, err := copied.Verify(t.Context(), checkpoint)
	if err != nil || len(v.Faults) > 0 || v.Receipts < 19 || v.Erased != 1 {
		t.Errorf("got %+v and %v", v, err)
	}
	if err := s.Copy(t.Context(), file); err == nil {
		t.Error("a copy took the place of another")
	}
}
