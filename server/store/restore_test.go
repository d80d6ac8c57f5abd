package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

func TestGoesOnFrom(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		fill(t, s, 5)
		kept, err := s.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fill(t, s, 4)
		if err := s.GoesOnFrom(t.Context(), kept); err != nil {
			t.Errorf("a log that went on: %v", err)
		}
		newest, err := s.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.GoesOnFrom(t.Context(), newest); err != nil {
			t.Errorf("a log that is the same: %v", err)
		}
		other := sqlite(t, c.Key)
		younger := mustOpen(t, other)
		fill(t, younger, 3)
		if err := younger.GoesOnFrom(t.Context(), kept); !errors.Is(err, store.ErrCut) || !strings.Contains(err.Error(), "has 3 entries, and had 5") {
			t.Errorf("a shorter log: got %v", err)
		}
		fill(t, younger, 9)
		if err := younger.GoesOnFrom(t.Context(), kept); !errors.Is(err, store.ErrCut) || !strings.Contains(err.Error(), "are others") {
			t.Errorf("another log: got %v", err)
		}
		if err := s.GoesOnFrom(t.Context(), "scribble"); err == nil || errors.Is(err, store.ErrCut) {
			t.Errorf("no checkpoint: got %v", err)
		}
	})
}

func TestErase_IsNotKeptAnew(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		r := newReceipt(t)
		if _, _, err := s.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := s.Erase(t.Context(), r.ID()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Append(t.Context(), r); !errors.Is(err, store.ErrErased) {
			t.Errorf("sent once more: got %v, want ErrErased", err)
		}
		if _, err := s.Find(t.Context(), r.ID()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want it gone", err)
		}
		fill(t, s, 1)
		mustVerify(t, s, "", 1)
	})
}

func TestHasLog(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		has := func(want bool) {
			t.Helper()
			if got, err := store.HasLog(t.Context(), c); err != nil || got != want {
				t.Errorf("got %t and %v, want %t", got, err, want)
			}
		}
		has(false)
		if c.Database == "" {
			if files, err := os.ReadDir(c.Dir); err != nil || len(files) > 0 {
				t.Errorf("the question made %v (%v)", files, err)
			}
		}
		mustOpen(t, c)
		has(true)
	})
}

func TestOpen_Address(t *testing.T) {
	key, err := receipt.NewKey("data.rivemont.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"postgress://u@h/d", "nonsense", "postgres://u:secret@h:port/d", "postgres://h/d?sslmode=perhaps"} {
		_, err := store.Open(context.Background(), store.Config{Database: address, Key: key})
		if !errors.Is(err, store.ErrAddress) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want ErrAddress", address, err)
		}
	}
}

// verifyForReading verifies a log of three receipts that is opened for reading alone. It
// goes on where that fails: it may run as somebody else.
func verifyForReading(t *testing.T, dir string, key *receipt.Key) {
	t.Helper()
	opened, err := store.Open(context.Background(), store.Config{Dir: dir, Key: key, ReadOnly: true})
	if err != nil {
		t.Error(err)
		return
	}
	mustVerify(t, opened, "", 3)
	if err := opened.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpen_ForReading: a log on a medium that cannot be written to is verified,
// by whatever path it is named, and with what SQLite has yet to move into it.
func TestOpen_ForReading(t *testing.T) {
	c := sqlite(t, newKey(t))
	read := func(names ...string) map[string][]byte {
		t.Helper()
		files := map[string][]byte{}
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(c.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files[name] = data
		}
		return files
	}
	verify := func(dir string) { verifyForReading(t, dir, c.Key) }

	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, 3)
	running := read("temoin.db", "temoin.db-wal", "temoin.db-shm")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	asReader(t, running, verify)
	delete(running, "temoin.db-shm")
	asReader(t, running, func(dir string) {
		_, err := store.Open(context.Background(), store.Config{Dir: dir, Key: c.Key, ReadOnly: true})
		if err == nil || !strings.Contains(err.Error(), "copy the folder") {
			t.Errorf("with a part of it in another file: got %v", err)
		}
	})

	asReader(t, read("temoin.db"), func(dir string) {
		verify(dir)
		here, err := os.Getwd()
		if err != nil {
			t.Error(err)
			return
		}
		relative, err := filepath.Rel(here, dir)
		if err != nil {
			t.Error(err)
			return
		}
		verify(relative)
		if _, err := store.Open(context.Background(), store.Config{Dir: dir, Key: c.Key}); err == nil {
			t.Error("a server opens what it cannot write to")
		}
	})
}

// TestOpen_ForReading_Earlier: so is one of an earlier version of the program.
func TestOpen_ForReading_Earlier(t *testing.T) {
	dump, err := os.ReadFile("testdata/badly-written.sql")
	if err != nil {
		t.Fatal(err)
	}
	c := store.Config{Dir: t.TempDir(), Key: badlyKey(t), ReadOnly: true}
	if _, err := behind(t, c).Exec(string(dump)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(c.Dir, "temoin.db"))
	if err != nil {
		t.Fatal(err)
	}
	asReader(t, map[string][]byte{"temoin.db": data}, func(dir string) { verifyForReading(t, dir, c.Key) })
}
