package ledger

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckpoint_OlderCopy: a server notices that an older copy of its database
// was brought back, and says so until somebody has seen to it.
func TestCheckpoint_OlderCopy(t *testing.T) {
	dir := t.TempDir()
	l, began, stop := running(t, dir, "6 months")
	keep(t, l)
	stop()
	if !strings.Contains(began.String(), "send a copy to another machine") || !strings.Contains(began.String(), "key.checkpoint") {
		t.Errorf("the log does not say where the checkpoint is, and to send it away:\n%s", began)
	}
	database := filepath.Join(dir, "temoin.db")
	older, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}

	l, _, stop = running(t, dir, "6 months")
	keep(t, l)
	stop()
	kept, err := os.ReadFile(filepath.Join(dir, "key.checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(database, older, 0o600); err != nil {
		t.Fatal(err)
	}

	l, log, stop := running(t, dir, "6 months")
	if l.Healthy() || !strings.Contains(log.String(), "an older copy of the database was brought back") || !strings.Contains(log.String(), "key.checkpoint") {
		t.Errorf("healthy: %t; the log says\n%s", l.Healthy(), log)
	}
	keep(t, l) // visitors are not made to suffer for it
	stop()
	if now, err := os.ReadFile(filepath.Join(dir, "key.checkpoint")); err != nil || string(now) != string(kept) {
		t.Errorf("the checkpoint that shows it is gone (%v)", err)
	}

	s, err := OpenStore(t.Context(), StoreConfig{Data: dir}, "", quiet())
	if err != nil {
		t.Fatal(err)
	}
	branch, err := s.Branch(t.Context(), string(kept), "an operator who has seen to it")
	if err != nil || branch.First != 2 { // an edition and a receipt: what came since is of the branch
		t.Errorf("got %+v and %v", branch, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	l, _, stop = running(t, dir, "6 months")
	if !l.Healthy() {
		t.Error("an operator who has seen to it is still told")
	}
	stop()
	if now, err := os.ReadFile(filepath.Join(dir, "key.checkpoint")); err != nil || string(now) == string(kept) {
		t.Errorf("the checkpoint is not kept anew (%v)", err)
	}
}

// TestKeepCheckpoint_Nowhere: a checkpoint is not said to be kept that could not be.
func TestKeepCheckpoint_Nowhere(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	config := StoreConfig{Data: t.TempDir(), Key: filepath.Join(keys, "key")}
	s, err := OpenStore(t.Context(), config, "data.rivemont.example", quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.RemoveAll(keys); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	l := New(Config{Store: config, Log: slog.New(slog.NewTextHandler(&log, nil))})
	l.keepCheckpoint(t.Context(), s)
	if text := log.String(); strings.Contains(text, "is kept in a file") || !strings.Contains(text, "cannot be kept") {
		t.Errorf("the log says %s", text)
	}
}

// TestOpen_LostKey: no new key takes the place of one that has signed.
func TestOpen_LostKey(t *testing.T) {
	dir := t.TempDir()
	l, _, stop := running(t, dir, "6 months")
	keep(t, l)
	stop()
	key := filepath.Join(dir, "key")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	lost := New(Config{Store: StoreConfig{Data: dir}, Log: quiet()})
	if err := lost.Open(t.Context(), oneEdition); err == nil || !strings.Contains(err.Error(), "is lost") || !strings.Contains(err.Error(), key) {
		t.Errorf("got %v, want the server not to start", err)
	}
	if _, err := os.Stat(key); !os.IsNotExist(err) {
		t.Errorf("a new key was made (%v)", err)
	}
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	_, _, stop = running(t, dir, "6 months")
	stop()

	for _, name := range []string{"key", "temoin.db"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := lost.Open(t.Context(), oneEdition); err == nil || !strings.Contains(err.Error(), "is lost") || !strings.Contains(err.Error(), "key.checkpoint") {
		t.Errorf("without the database, too: got %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "key.checkpoint")); err != nil {
		t.Fatal(err)
	}
	_, _, stop = running(t, dir, "6 months")
	stop()
}

// TestOpen_MalformedAddress: a server whose database cannot even be asked for
// does not start.
func TestOpen_MalformedAddress(t *testing.T) {
	l := New(Config{Store: StoreConfig{Data: t.TempDir(), Database: "postgress://u@h/d"}, Log: quiet()})
	if err := l.Open(t.Context(), oneEdition); err == nil || !strings.Contains(err.Error(), "want postgres://") {
		t.Errorf("got %v", err)
	}
}
