package ledger

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// restored brings a backup back into a new folder, and returns the folder.
func restored(t *testing.T, file string) (dir string, err error) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "new")
	_, err = Restore(t.Context(), StoreConfig{Data: dir}, RestoreConfig{File: file})
	return dir, err
}

// TestRestore: a backup comes back with its key where it was asked for, and not at
// all where it was changed or the key is another.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	l, _, stop := running(t, dir, "6 months")
	keep(t, l)
	file := filepath.Join(t.TempDir(), "backup")
	if err := Backup(t.Context(), StoreConfig{Data: dir}, file, false); err != nil {
		t.Fatal(err)
	}
	withKey := filepath.Join(t.TempDir(), "backup")
	if err := Backup(t.Context(), StoreConfig{Data: dir}, withKey, true); err != nil {
		t.Fatal(err)
	}
	stop()
	for _, name := range []string{withKey, keyOf(withKey), checkpointOf(withKey)} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v and %v, want it readable by its owner alone", name, info, err)
		}
	}

	if _, err := restored(t, file); err == nil || !strings.Contains(err.Error(), "there is no key") {
		t.Errorf("without the key: got %v", err)
	}
	back, err := restored(t, withKey)
	if err != nil {
		t.Fatal(err)
	}
	keepsOn(t, back)

	db, err := sql.Open("sqlite", withKey)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE entries SET received = received + 1 WHERE received IS NOT NULL`); err != nil {
		t.Fatal(err)
	}
	changed, err := restored(t, withKey)
	if err == nil || !strings.Contains(err.Error(), "it was changed, 1 faults") {
		t.Errorf("one that was changed: got %v", err)
	}
	if left, err := os.ReadDir(changed); err != nil || len(left) > 0 {
		t.Errorf("what was refused left %v (%v)", left, err)
	}
	if _, err := restored(t, checkpointOf(file)); err == nil || !strings.Contains(err.Error(), "key") && !strings.Contains(err.Error(), "database") {
		t.Errorf("something else: got %v", err)
	}
}
