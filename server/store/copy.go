package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
)

// ErrServed: the database is a server's, whose own tools copy it.
var ErrServed = errors.New("PostgreSQL is copied by its own tools, such as pg_dump")

// Copy writes the database as it is at one moment to file, an SQLite database that
// only its owner can read, while programs go on reading and writing. It fails where
// there is such a file, and leaves nothing behind where it fails. What was erased
// is not in it. It fails with [ErrServed] for a PostgreSQL.
func (s *Store) Copy(ctx context.Context, file string) error {
	if s.db.file == "" {
		return fmt.Errorf("copy the database: %w", ErrServed)
	}
	if err := s.db.copy(ctx, file); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}

func (d *database) copy(ctx context.Context, file string) error {
	// Not one of the connections that are kept: it may be busy for minutes.
	from, err := sql.Open("sqlite", sqliteName(d.file))
	if err != nil {
		return err
	}
	defer from.Close()
	return NewFile(file, func(part *os.File) error {
		// SQLite takes a file of its own name, as long as there is nothing in it.
		_, err := from.ExecContext(ctx, `VACUUM INTO ?`, part.Name())
		return err
	})
}

// CheckpointOf returns the newest checkpoint of a copy, without a key and without
// changing anything.
func CheckpointOf(ctx context.Context, file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	db, err := sql.Open("sqlite", sqliteName(file, "mode=ro", "immutable=1"))
	if err != nil {
		return "", err
	}
	defer db.Close()
	return checkpoint(ctx, db, `DESC`, math.MaxInt64)
}
