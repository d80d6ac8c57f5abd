package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"temoin.example/temoin/server/store"
)

// Backup writes the receipts of a running server to file, an SQLite database, and
// the checkpoint of what is in it beside it, to file.checkpoint. The key is another
// secret than the receipts and belongs to another place: only withKey puts a copy
// of it beside them, to file.key. Nothing that is there is written over. Where the
// receipts are in PostgreSQL it fails with [store.ErrServed].
func Backup(ctx context.Context, c StoreConfig, file string, withKey bool) error {
	if c.Database != "" {
		part := ""
		if c.Schema != "" {
			part = fmt.Sprintf(` -n '"%s"'`, c.Schema)
		}
		return fmt.Errorf("backup: %w -Fc%s -f %s; keep %s and %s with what it writes (docs/receipts.md)",
			store.ErrServed, part, file, c.KeyPath(), c.CheckpointPath())
	}
	parts := []string{file, checkpointOf(file)}
	if withKey {
		parts = append(parts, keyOf(file))
	}
	for _, part := range parts {
		if _, err := os.Lstat(part); err == nil {
			return fmt.Errorf("backup: %s is there already, and a copy takes the place of no other; name another file", part)
		}
	}
	s, err := OpenStore(ctx, c, "", nil)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Copy(ctx, file); err != nil {
		return err
	}
	checkpoint, err := store.CheckpointOf(ctx, file)
	if err == nil {
		err = newFile(checkpointOf(file), []byte(checkpoint))
	}
	if err == nil && withKey {
		err = copyFile(c.KeyPath(), keyOf(file))
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// The files beside a backup.
func checkpointOf(backup string) string { return backup + ".checkpoint" }
func keyOf(backup string) string        { return backup + ".key" }

// Restored says what a restored log is.
type Restored struct {
	*store.Verification                 // before it went on as a branch
	Branches            []*store.Branch // what was declared missing
}

// RestoreConfig says how receipts are brought back.
type RestoreConfig struct {
	// File is the backup.
	File string
	// By, where it is not "", has the log go on though entries are missing, and says
	// who decided that.
	By string
	// Checkpoint is a file with a checkpoint that was kept elsewhere, or a visitor's
	// receipt, to hold the backup against; "" for the one beside the key.
	Checkpoint string
}

// Restore puts a backup to where the server has its receipts, once it is verified
// against the newest checkpoint that was kept. It writes over nothing, and leaves
// nothing behind where it fails. An older backup than the checkpoint fails with
// [store.ErrCut], unless r.By says who has it go on as a branch.
func Restore(ctx context.Context, c StoreConfig, r RestoreConfig) (*Restored, error) {
	if c.Database != "" {
		return nil, errors.New("restore: what pg_dump wrote is brought back by pg_restore; then: temoin receipts verify, and temoin receipts branch if it is an older one (docs/receipts.md)")
	}
	if err := c.nothingThere(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	stage, err := os.MkdirTemp(c.Data, "restore-*")
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(stage)
	staged := StoreConfig{Data: stage, Key: c.KeyPath()}
	bringsKey, err := staged.stage(r.File)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	kept, err := c.heldAgainst(r)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	restored, err := staged.examine(ctx, kept, r.By)
	if err != nil {
		return nil, fmt.Errorf("restore %s: %w", r.File, err)
	}
	// The database last: with it, a server starts.
	if bringsKey {
		if err := copyFile(staged.Key, c.KeyPath()); err != nil {
			return nil, fmt.Errorf("restore: %w", err)
		}
	}
	if err := store.Place(filepath.Join(stage, store.FileName), filepath.Join(c.Data, store.FileName)); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return restored, nil
}

// nothingThere returns an error where there are receipts already.
func (c StoreConfig) nothingThere() error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		name := filepath.Join(c.Data, store.FileName+suffix)
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("restore: %s is there already, and nothing is written over; stop the server, and move it elsewhere", name)
		}
	}
	return nil
}

// stage puts the parts of a backup into the folder of c. bringsKey is whether the
// key is the one beside the backup, for want of another: c.Key is then that.
func (c *StoreConfig) stage(backup string) (bringsKey bool, err error) {
	if err := copyFile(backup, filepath.Join(c.Data, store.FileName)); err != nil {
		return false, err
	}
	// A copy that was made by hand, of a running server, is two files.
	wal := backup + "-wal"
	if info, err := os.Stat(wal); err == nil && info.Size() > 0 {
		if err := copyFile(wal, filepath.Join(c.Data, store.FileName+"-wal")); err != nil {
			return false, err
		}
	}
	if _, err := os.Stat(c.Key); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	missing := c.Key
	c.Key = filepath.Join(c.Data, "key")
	err = copyFile(keyOf(backup), c.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("there is no key, neither %s nor %s; bring the one back that has signed these receipts, or see docs/receipts.md for where it is lost", missing, keyOf(backup))
	}
	return true, err
}

// heldAgainst returns the checkpoints that a backup is held against: the one that is
// named, or else the one beside the key. What is declared missing is so of both.
func (c StoreConfig) heldAgainst(r RestoreConfig) (list []string, err error) {
	if r.Checkpoint != "" {
		checkpoint, err := ReadCheckpoint(r.Checkpoint)
		if err != nil {
			return nil, err
		}
		list = append(list, checkpoint)
	}
	if r.Checkpoint == "" || r.By != "" {
		kept, err := c.KeptCheckpoint()
		if err != nil {
			return nil, err
		}
		if kept != "" {
			list = append(list, kept)
		}
	}
	return list, nil
}

// examine verifies the staged receipts, holds them against the kept checkpoints, and
// has them go on as a branch where by says so.
func (c StoreConfig) examine(ctx context.Context, kept []string, by string) (*Restored, error) {
	if begun, err := store.HasLog(ctx, store.Config{Dir: c.Data}); err != nil || !begun {
		return nil, errors.Join(errors.New("it is no database of receipts"), err)
	}
	s, err := OpenStore(ctx, c, "", nil)
	if err != nil {
		return nil, err
	}
	restored := new(Restored)
	if restored.Verification, err = s.Verify(ctx, ""); err == nil && len(restored.Faults) > 0 {
		err = fmt.Errorf("it was changed, %d faults, the first in %s", len(restored.Faults), restored.Faults[0])
	}
	if err == nil {
		restored.Branches, err = goOn(ctx, s, kept, by)
	}
	return restored, errors.Join(err, s.Close()) // which moves all of it into one file
}

// goOn holds a log against the kept checkpoints. What it lacks it is to say itself,
// if by says so.
func goOn(ctx context.Context, s *store.Store, kept []string, by string) (list []*store.Branch, err error) {
	if by == "" {
		for _, checkpoint := range kept {
			if err := s.GoesOnFrom(ctx, checkpoint); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	if len(kept) == 0 {
		kept = []string{""} // nobody knows how much
	}
	for _, checkpoint := range kept {
		switch b, err := s.Branch(ctx, checkpoint, by); {
		case err == nil:
			list = append(list, b)
		case !errors.Is(err, store.ErrWhole):
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w; bring it back without saying that something is missing", store.ErrWhole)
	}
	return list, nil
}

// newFile writes a file that was not there, durably, for its owner alone.
func newFile(name string, data []byte) error {
	return store.NewFile(name, func(part *os.File) error {
		_, err := part.Write(data)
		return err
	})
}

// copyFile copies a file to a name that was not there, durably, for its owner alone.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	return store.NewFile(to, func(part *os.File) error {
		_, err := io.Copy(part, source)
		return err
	})
}
