package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
)

// The migrations of each engine differ only in the names of types.
//
//go:embed migrations
var migrations embed.FS

// migrate brings the tables up to date, one program at a time.
func (d *database) migrate(ctx context.Context) (err error) {
	dialect, folder := goose.DialectSQLite3, "migrations/sqlite"
	if d.file == "" {
		dialect, folder = goose.DialectPostgres, "migrations/postgres"
	}
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, d.write, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	sources := provider.ListSources()
	d.knows = sources[len(sources)-1].Version
	has, err := version(ctx, d.write)
	switch {
	case err == nil && has >= d.knows:
		return compare(has, d.knows) // without waiting for others
	case d.readOnly && err == nil:
		d.turnless = has < turnsVersion
		return nil // migrations add what writers need, and take nothing from readers
	case d.readOnly:
		return fmt.Errorf("%s holds no log: %w", d.file, err)
	}

	end, err := d.pool.beginMigration(ctx)
	if err != nil {
		return err
	}
	defer end()
	unlock, err := d.lockMigration(ctx)
	if d.schema != "" && isRefused(err) {
		return errors.Join(d.lacksRights(), err)
	}
	if err != nil {
		return fmt.Errorf("wait for other programs: %w", err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate tables: %w", err)
	}
	return d.checkVersion(ctx, d.write)
}

// turnsVersion is the first version of the tables that has turns.
const turnsVersion = 4

// version returns the version of the tables; it fails where there are none.
func version(ctx context.Context, q querier) (has int64, err error) {
	err = q.QueryRowContext(ctx, `SELECT max(version_id) FROM `+goose.DefaultTablename).Scan(&has)
	return has, err
}

// checkVersion fails with [ErrNewer] where a newer program has brought the tables
// up to date: what this one writes may not be right there.
func (d *database) checkVersion(ctx context.Context, q querier) error {
	has, err := version(ctx, q)
	if err != nil {
		return fmt.Errorf("read version of the tables: %w", err)
	}
	return compare(has, d.knows)
}

// explain returns [ErrNewer] beside an error of the database where the tables are
// of a newer version: then it may speak of a column that nobody here knows of.
func (d *database) explain(ctx context.Context, err error) error {
	_, isPostgres := errors.AsType[*pgconn.PgError](err)
	_, isSQLite := errors.AsType[*sqlite.Error](err)
	if !isPostgres && !isSQLite {
		return err
	}
	if newer := d.checkVersion(ctx, d.read); errors.Is(newer, ErrNewer) {
		return errors.Join(newer, err)
	}
	return err
}

// compare holds the version that the tables have against the one that the
// program knows.
func compare(has, knows int64) error {
	if has > knows {
		return fmt.Errorf("%w: its tables are of version %d, this program knows %d; run the newer program", ErrNewer, has, knows)
	}
	return nil
}

// lease is how long others wait for a program that died while it migrated.
const lease = 8 * time.Second

func (d *database) lockMigration(ctx context.Context) (unlock func() error, err error) {
	if d.file != "" {
		return lockFile(ctx, d.file+"-migrate")
	}
	// A row of a table, with a lease: unlike an advisory lock, every database
	// that speaks PostgreSQL's language has it.
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableLogger(d.log),
		lock.WithTableLeaseDuration(lease), lock.WithTableHeartbeatInterval(lease/4),
		lock.WithTableLockTimeout(100*time.Millisecond, 600))
	if err != nil {
		return nil, err
	}
	if err := locker.Lock(ctx, d.write); err != nil {
		return nil, err
	}
	return func() error { return locker.Unlock(context.WithoutCancel(ctx), d.write) }, nil
}

// lockFile locks a file with SQLite's own means, on every system and so that the
// lock goes with the program: it holds an empty database exclusively.
func lockFile(ctx context.Context, file string) (unlock func() error, err error) {
	db, err := sql.Open("sqlite", sqliteName(file, "_txlock=exclusive"))
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
}
