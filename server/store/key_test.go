package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// handedOver has a new key sign a log from now on, and returns the configuration with it.
func handedOver(t *testing.T, s *store.Store, c store.Config, why store.Why, by string) store.Config {
	t.Helper()
	c.Key = newKey(t)
	if _, err := s.HandOver(t.Context(), c.Key, why, by); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestHandOver: after one key comes another, all that each has signed verifies, and
// a store that still has the old one adds nothing.
func TestHandOver(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		first := mustOpen(t, c)
		ids := fill(t, first, 3)
		kept := mustCheckpoint(t, first)
		if _, err := first.HandOver(t.Context(), newKey(t), store.Leaked, ""); err == nil {
			t.Error("a leak that nobody answers for: got no error")
		}
		if err := first.CheckKey(t.Context()); err != nil {
			t.Error(err)
		}
		next := handedOver(t, first, c, store.Renewed, "")
		if _, _, err := first.Append(t.Context(), newReceipt(t)); !errors.Is(err, store.ErrKey) {
			t.Errorf("with the old key: got %v, want ErrKey", err)
		}
		if err := first.CheckKey(t.Context()); !errors.Is(err, store.ErrKey) {
			t.Errorf("the check of the old key: got %v, want ErrKey", err)
		}
		if _, err := store.Open(t.Context(), c); !errors.Is(err, store.ErrKey) {
			t.Errorf("opened with the old key: got %v, want ErrKey", err)
		}

		second := mustOpen(t, next)
		ids = append(ids, fill(t, second, 2)...)
		last := handedOver(t, second, next, store.Leaked, "A. Martin")
		s := mustOpen(t, last)
		ids = append(ids, fill(t, s, 2)...)
		v := mustVerify(t, s, kept, 7)
		if len(v.Turns) != 2 || v.Turns[0].Index != 3 || v.Turns[1].Key.Why != store.Leaked || v.Turns[1].Key.By != "A. Martin" {
			t.Errorf("got the turns %+v", v.Turns)
		}
		if err := s.GoesOnFrom(t.Context(), kept); err != nil {
			t.Errorf("a checkpoint of the first key: %v", err)
		}
		for i, key := range []*receipt.Key{0: c.Key, 3: next.Key, 5: last.Key} {
			if key == nil {
				continue
			}
			file, err := s.Find(t.Context(), ids[i])
			if err == nil {
				err = file.Verify()
			}
			if err != nil || file.Key != key.Verifier() {
				t.Errorf("receipt %d: got the key %v and %v", i, file, err)
			}
		}
		for row, err := range s.Export(t.Context(), noon, noon.AddDate(1, 0, 0)) {
			if err != nil || row.Fault != "" {
				t.Errorf("exported with %q and %v", row.Fault, err)
			}
		}
	})
}

// TestHandOver_Changed: who can write to the database, and has no key, can put no
// key of their own into its place.
func TestHandOver_Changed(t *testing.T) {
	c := sqlite(t, newKey(t))
	first := mustOpen(t, c)
	fill(t, first, 3)
	next := handedOver(t, first, c, store.Renewed, "")
	fill(t, mustOpen(t, next), 2)

	theirs := next
	theirs.Key = newKey(t)
	v := &vandal{t, behind(t, c), theirs.Key}
	v.do(`UPDATE entries SET body = $1 WHERE idx = 3`, []byte(strings.ReplaceAll(string(v.body(3)), next.Key.Verifier(), theirs.Key.Verifier())))
	for _, c := range []store.Config{next, theirs} {
		if _, err := store.Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "entry 3 of the log, with which another key begins, was changed") {
			t.Errorf("got %v", err)
		}
	}
	v.do(`UPDATE entries SET signature = $1 WHERE idx = 3`, theirs.Key.Sign(v.body(3)))
	if _, err := store.Open(t.Context(), theirs); err == nil || !strings.Contains(err.Error(), "entry 3") {
		t.Errorf("signed by another: got %v", err)
	}
}

// TestReplaceLost: the log knows whose signatures the lost key's are, and where it
// does not, no key takes its place.
func TestReplaceLost(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		ids := fill(t, s, 3)
		old, err := store.LostVerifier(t.Context(), c)
		if err != nil || old != c.Key.Verifier() {
			t.Fatalf("got %q and %v", old, err)
		}
		next := c
		next.Key = newKey(t)
		if _, err := store.ReplaceLost(t.Context(), next, newKey(t).Verifier(), "A. Martin"); !errors.Is(err, store.ErrKey) {
			t.Errorf("in the place of another key: got %v, want ErrKey", err)
		}
		if _, err := store.ReplaceLost(t.Context(), next, old, ""); err == nil {
			t.Error("nobody says so: got no error")
		}
		if _, err := store.ReplaceLost(t.Context(), next, old, "A. Martin"); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, next)
		fill(t, s, 2)
		v := mustVerify(t, s, "", 5)
		if len(v.Turns) != 1 || v.Turns[0].Key.Why != store.Lost || v.Turns[0].Key.By != "A. Martin" {
			t.Errorf("got the turns %+v", v.Turns)
		}
		file, err := s.Find(t.Context(), ids[0])
		if err == nil {
			err = file.Verify()
		}
		if err != nil || file.Key != old {
			t.Errorf("an old receipt: got %v", err)
		}
		if _, err := s.Branch(t.Context(), "", "A. Martin"); err != nil { // both turns in one log
			t.Fatal(err)
		}
		mustVerify(t, s, "", 5)
	})
}

// TestCopy_WithKeys: a copy needs the key that signs it, and no other.
func TestCopy_WithKeys(t *testing.T) {
	c := sqlite(t, newKey(t))
	s := mustOpen(t, c)
	fill(t, s, 2)
	next := handedOver(t, s, c, store.Renewed, "")
	next.Dir = t.TempDir()
	if err := s.Copy(t.Context(), filepath.Join(next.Dir, "temoin.db")); err != nil {
		t.Fatal(err)
	}
	copied := mustOpen(t, next)
	fill(t, copied, 1)
	mustVerify(t, copied, "", 3)
}
