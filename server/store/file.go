package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is the database's file in the data folder.
const FileName = "temoin.db"

// NewFile makes a file that only its owner can read, of what write puts into it: it
// is there, whole and durable, or not at all. It fails where there is such a file.
func NewFile(name string, write func(part *os.File) error) error {
	part, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if err := errors.Join(write(part), part.Sync(), part.Close()); err != nil {
		return err
	}
	return Place(part.Name(), name)
}

// Place gives a file another name, durably, where no file has that name. It may keep
// the old one as well.
func Place(from, to string) error {
	if err := os.Link(from, to); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil { // a medium without links
		if _, err := os.Lstat(to); err == nil {
			return fmt.Errorf("%s: %w", to, fs.ErrExist)
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	return SyncFolder(to)
}

// SyncFolder makes the name of a file durable.
func SyncFolder(file string) error {
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
