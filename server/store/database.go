package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "modernc.org/sqlite" // the driver
)

// database is where the SQL goes. Both engines are given the same statements,
// but for the migrations and forUpdate.
type database struct {
	write, read *sql.DB
	file        string // of SQLite, "" for PostgreSQL
	forUpdate   string // behind a SELECT that has to lock its row
	schema      string // of PostgreSQL that holds the tables; "" for the connection's own
	pool        *Pool  // whose connections are used, nil for its own
	readOnly    bool   // it cannot be written to
	turnless    bool   // nor brought up to date: it is of a version that knew no turns
	knows       int64  // the newest version of the tables that this program knows
	log         *slog.Logger
}

// querier is a pool of connections or a transaction.
type querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

const (
	readers = 4
	// lockWait is how long a transaction waits for another's lock.
	lockWait = 10 * time.Second
	// attempts is how often a transaction is tried that a database refuses for
	// the moment only.
	attempts   = 4
	firstPause = 50 * time.Millisecond
	// transactionTime keeps a database that hangs from holding the log for ever.
	transactionTime = 20 * time.Second
)

// openDatabase opens the database and brings its tables up to date.
func openDatabase(ctx context.Context, c Config) (*database, error) {
	d, err := connect(c)
	if c.ReadOnly && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)) {
		d, err = openReadOnly(c.Dir)
	}
	if err != nil {
		return nil, err
	}
	d.log = c.Log
	if err = d.makeSchema(ctx); err == nil {
		err = d.migrate(ctx)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func connect(c Config) (*database, error) {
	if c.Database == "" {
		return openSQLite(c.Dir)
	}
	if err := checkScheme(c.Database); err != nil {
		return nil, err
	}
	return openPostgres(c)
}

// checkScheme fails with [ErrAddress] where the address is not that of a PostgreSQL.
func checkScheme(address string) error {
	scheme, _, isURL := strings.Cut(address, "://")
	switch {
	case !isURL: // which may hold a password
		return fmt.Errorf("%w: it is no URL, want postgres://user@host/database", ErrAddress)
	case scheme != "postgres" && scheme != "postgresql":
		return fmt.Errorf("%w: it begins with %s://, want postgres://", ErrAddress, scheme)
	}
	return nil
}

// HasLog reports whether a log has begun in the database, without a key and
// without changing anything.
func HasLog(ctx context.Context, c Config) (bool, error) {
	if c.Database == "" {
		if _, err := os.Stat(filepath.Join(c.Dir, FileName)); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
	}
	d, err := connect(c)
	if err != nil {
		return false, err
	}
	defer d.close()
	tables := `SELECT count(*) FROM sqlite_master WHERE name = 'checkpoints'`
	if d.file == "" {
		tables = `SELECT count(*) FROM information_schema.tables WHERE table_name = 'checkpoints' AND table_schema = current_schema()`
	}
	var n int
	if err := d.read.QueryRowContext(ctx, tables).Scan(&n); err != nil || n == 0 {
		return false, err
	}
	err = d.read.QueryRowContext(ctx, `SELECT count(*) FROM checkpoints`).Scan(&n)
	return n > 0, err
}

func (d *database) close() error { return errors.Join(d.write.Close(), d.read.Close()) }

// openSQLite opens the file temoin.db of a folder.
func openSQLite(dir string) (*database, error) {
	if dir == "" {
		return nil, errors.New("no data folder and no database is given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	d := &database{file: filepath.Join(dir, FileName)}
	// SQLite would make it readable for everybody, and gives the files beside it
	// the same mode.
	file, err := os.OpenFile(d.file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	file.Close()

	// FULL: a commit is on the disk when it returns. secure_delete: erased
	// content is overwritten, not only forgotten.
	d.write, err = sql.Open("sqlite", sqliteName(d.file, "_txlock=immediate",
		"_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=secure_delete(ON)"))
	if err != nil {
		return nil, err
	}
	d.write.SetMaxOpenConns(1) // there can be but one writer, and waiting here is fairer
	d.read, err = sql.Open("sqlite", sqliteName(d.file, "_pragma=query_only(ON)"))
	if err != nil {
		return nil, err
	}
	d.read.SetMaxOpenConns(readers)
	d.read.SetMaxIdleConns(readers)
	return d, nil
}

// openReadOnly opens the file temoin.db of a folder that cannot be written to.
func openReadOnly(dir string) (*database, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	d := &database{file: filepath.Join(dir, FileName), readOnly: true}
	// Without the file beside it that a writer would make, SQLite reads only what
	// it is told does not change.
	options := []string{"mode=ro"}
	if size(d.file+"-wal") <= 0 {
		options = append(options, "immutable=1")
	} else if size(d.file+"-shm") < 0 {
		return nil, fmt.Errorf("%s cannot be read where nothing can be written: a part of it is still in the file beside it, %s-wal; copy the folder, and read the copy", d.file, d.file)
	}
	if d.read, err = sql.Open("sqlite", sqliteName(d.file, options...)); err != nil {
		return nil, err
	}
	d.write = d.read
	return d, nil
}

// size returns the size of a file in bytes, -1 where there is none.
func size(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return -1
	}
	return info.Size()
}

func sqliteName(file string, options ...string) string {
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(file)}
	options = append(options, fmt.Sprintf("_pragma=busy_timeout(%d)", lockWait.Milliseconds()))
	return name.String() + "?" + strings.Join(options, "&")
}

// work is what is done in a transaction. Its ctx ends with the transaction's time:
// what is asked with any other may wait for ever for a database that hangs.
type work func(ctx context.Context, tx querier) error

// transact runs work in a transaction: all of it is kept, durably, or nothing.
// What fails for the moment only is tried again, so that work may run several
// times, and after a commit whose outcome nobody knows may find its own deeds
// done.
func (d *database) transact(ctx context.Context, do work) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := d.transactOnce(ctx, do)
		if errors.Is(err, context.DeadlineExceeded) {
			d.forgetIdle()
		}
		if err == nil || attempt == attempts || !isPassing(err) {
			return d.explain(ctx, err)
		}
		d.log.Warn("try a transaction again", "attempt", attempt, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		pause *= 2
	}
}

func (d *database) transactOnce(ctx context.Context, do work) error {
	ctx, cancel := context.WithTimeout(ctx, transactionTime)
	defer cancel()
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // of no effect after a commit
	if err := do(ctx, tx); err != nil {
		return err
	}
	// Last, so that a program which has brought the tables up to date while work
	// was waiting for it is seen.
	if err := d.checkVersion(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// isPassing reports whether the same transaction may well succeed in a moment:
// another one was in its way, or the connection is gone. SQLite waits by itself,
// for lockWait; when it gives up it is no time to begin again.
func isPassing(err error) bool {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch refused.Code {
		case "40001", "40P01": // serialization failure, deadlock
			return true
		case "57P01", "57P02", "57P03": // the server is shutting down, crashed or starting
			return true
		}
		return false
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	_, isNet := errors.AsType[net.Error](err)
	_, isConnect := errors.AsType[*pgconn.ConnectError](err)
	return isNet || isConnect || pgconn.SafeToRetry(err) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// tuples returns n times "($1, $2, …)", each of width parameters, the numbers
// going on.
func tuples(n, width int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		for j := range width {
			b.WriteString(string("(,"[min(j, 1)]))
			fmt.Fprintf(&b, "$%d", i*width+j+1)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// piece bounds how many rows one statement holds: PostgreSQL takes 65,535
// parameters at most.
const piece = 512

// insert runs "INSERT INTO table (columns) VALUES …" for all rows; tail comes
// behind it. PostgreSQL is given many rows at a time, for each statement goes
// over the network; SQLite one, for it takes long to tell many parameters apart.
func (d *database) insert(ctx context.Context, tx querier, into, tail string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	query := func(n int) string { return `INSERT INTO ` + into + ` VALUES ` + tuples(n, len(rows[0])) + tail }
	if d.file == "" {
		for rows := range slices.Chunk(rows, piece) {
			if _, err := tx.ExecContext(ctx, query(len(rows)), slices.Concat(rows...)...); err != nil {
				return err
			}
		}
		return nil
	}
	statement, err := tx.PrepareContext(ctx, query(1))
	if err != nil {
		return err
	}
	defer statement.Close()
	for _, row := range rows {
		if _, err := statement.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

// queryIn runs a query that ends in "IN " for at most [piece] values and calls
// scan for each row.
func queryIn(ctx context.Context, q querier, query string, values []any, scan func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, query+tuples(1, len(values)), values...)
	if err != nil {
		return err
	}
	return each(rows, scan)
}

// each calls scan for all rows and closes them.
func each(rows *sql.Rows, scan func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// size returns how many bytes the tables take, -1 where the database does not say.
func (d *database) size(ctx context.Context) int64 {
	if d.file == "" {
		return d.postgresSize(ctx)
	}
	return max(size(d.file), 0) + max(size(d.file+"-wal"), 0)
}
