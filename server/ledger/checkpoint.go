package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// checkpointTime is how long lies between two times that the checkpoint is kept.
const checkpointTime = time.Minute

// CheckpointPath is the file that the server keeps the newest checkpoint in,
// beside the key. It shows whether the database is as new as it was: a copy of the
// key and of this file belongs elsewhere.
func (c StoreConfig) CheckpointPath() string { return c.KeyPath() + ".checkpoint" }

// KeptCheckpoint returns the checkpoint that the server keeps beside its key, "" where
// it has kept none.
func (c StoreConfig) KeptCheckpoint() (string, error) {
	checkpoint, err := ReadCheckpoint(c.CheckpointPath())
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return checkpoint, err
}

// ReadCheckpoint reads a checkpoint from a file, which may be a visitor's receipt.
func ReadCheckpoint(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read checkpoint: %w", err)
	}
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return string(data), nil
	}
	visitors, err := receipt.ParseFile(data)
	if err == nil {
		err = visitors.Verify()
	}
	if err != nil {
		return "", fmt.Errorf("read checkpoint: the receipt %s: %w", file, err)
	}
	return visitors.Log.Checkpoint, nil
}

// keepCheckpoint keeps the newest checkpoint outside of the database, unless the
// log does not go on from the one that was kept before. Then it notes where the log
// ends: what it held behind that is missing.
func (l *Ledger) keepCheckpoint(ctx context.Context, s *store.Store) {
	renewing, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	switch err := l.renewCheckpoint(renewing, s); {
	case err == nil:
		l.cut.Store(false)
		l.unkept.Store(false)
	case ctx.Err() != nil:
	case errors.Is(err, store.ErrCut):
		if !l.cut.Swap(true) {
			l.config.Log.Error("the receipts are not all there that were: an older copy of the database was brought back, or the log was cut; "+
				"bring the newest copy back, or, if there is none, have the log say what it lacks: temoin receipts branch (docs/receipts.md)",
				"file", l.config.Store.CheckpointPath(), "error", err)
		}
		if err := s.NoteCut(ctx); err != nil {
			l.config.Log.Error("where the receipts end that are there cannot be noted", "error", err)
		}
	case !l.unkept.Swap(true):
		l.config.Log.Error("the checkpoint of the receipts cannot be kept", "file", l.config.Store.CheckpointPath(), "error", err)
	}
}

func (l *Ledger) renewCheckpoint(ctx context.Context, s *store.Store) error {
	path := l.config.Store.CheckpointPath()
	kept, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		if err := s.GoesOnFrom(ctx, string(kept)); err != nil {
			return err
		}
	}
	newest, err := s.Checkpoint(ctx)
	if err != nil || newest == string(kept) {
		return err
	}
	err = replaceFile(path, []byte(newest))
	if err == nil && kept == nil {
		l.config.Log.Info("the checkpoint of the receipts is kept in a file; send a copy to another machine", "file", path)
	}
	return err
}

// replaceFile writes a file that is whole whenever it is read, and durable.
func replaceFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // of no effect once it has its name
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return store.SyncFolder(path)
}
