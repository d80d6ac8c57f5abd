package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// PoolSize is how many connections a [Pool] has at most: one half to write, one
	// half to read.
	PoolSize = 16
	// poolShare is how many of either half one store has at most: those of a site
	// whose log somebody keeps locked are not all.
	poolShare = 2
	// idleTime is how long a pool keeps a connection that nobody needs: other servers,
	// and commands, may.
	idleTime = 20 * time.Second
)

// Pool is a number of connections to one PostgreSQL that any number of stores share,
// each with a schema of its own. It needs no restart after the database was gone.
type Pool struct {
	write, read *pgxpool.Pool
	migrating   chan struct{} // has room for the one store that makes its tables: that takes several connections
}

// migrationWait is how long a store waits for another that makes its tables. Who asks
// for a site's banner waits as long; the store is opened a little later then.
const migrationWait = 2 * time.Second

// errMigrating says that a store has waited for that long.
var errMigrating = errors.New("the tables of another site are being made")

// beginMigration waits until no other store makes its tables. Without a pool there is none.
func (p *Pool) beginMigration(ctx context.Context) (end func(), err error) {
	if p == nil {
		return func() {}, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, migrationWait, errMigrating)
	defer cancel()
	select {
	case p.migrating <- struct{}{}:
		return func() { <-p.migrating }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// OpenPool returns the connections to the database at that address, none of which is
// made before it is needed. It fails with [ErrAddress].
func OpenPool(address string) (*Pool, error) {
	p := &Pool{migrating: make(chan struct{}, 1)}
	var err error
	if p.write, err = openHalf(address, prepareWriter); err != nil {
		return nil, err
	}
	if p.read, err = openHalf(address, prepareReader); err != nil {
		p.write.Close()
		return nil, err
	}
	return p, nil
}

func openHalf(address string, prepare func(context.Context, *pgx.Conn) error) (*pgxpool.Pool, error) {
	if err := checkScheme(address); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	configure(config.ConnConfig, false)
	config.MaxConns = PoolSize / 2
	config.MaxConnIdleTime, config.HealthCheckPeriod = idleTime, idleTime/2
	config.AfterConnect = prepare
	return pgxpool.NewWithConfig(context.Background(), config)
}

// Close closes the connections, once the stores that use them are closed.
func (p *Pool) Close() {
	p.write.Close()
	p.read.Close()
}

// SchemaOf returns the name of the schema that holds the tables of one site of many,
// which is the site's own. PostgreSQL cuts names after 63 bytes: what is longer ends in
// a hash, so that no two sites meet.
func SchemaOf(site string) string {
	const longest, digits = 63, 16
	if len(site) <= longest {
		return site
	}
	sum := sha256.Sum256([]byte(site))
	return site[:longest-digits-1] + "~" + hex.EncodeToString(sum[:])[:digits]
}

func openPostgres(c Config) (*database, error) {
	d := &database{forUpdate: " FOR UPDATE", schema: c.Schema, pool: c.Pool}
	if c.Pool != nil {
		d.write, d.read = d.open(stdlib.GetPoolConnector(c.Pool.write)), d.open(stdlib.GetPoolConnector(c.Pool.read))
		return d, nil
	}
	config, err := pgx.ParseConfig(c.Database)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	configure(config, c.ReadOnly)
	d.write = d.open(stdlib.GetConnector(*config, stdlib.OptionAfterConnect(prepareWriter)))
	d.read = d.open(stdlib.GetConnector(*config, stdlib.OptionAfterConnect(prepareReader)))
	return d, nil
}

// configure sets what all connections have in common.
func configure(config *pgx.ConnConfig, reading bool) {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if config.ValidateConnect == nil && !reading {
		config.ValidateConnect = takesWrites
	}
	// One round trip for a statement, whether or not the server has seen it:
	// batches are of all sizes. A pooler in between may share connections, too.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
}

// open returns the store's own share of connections. Those of a pool go back to it at
// once when they are not in use.
func (d *database) open(connector driver.Connector) *sql.DB {
	if d.schema != "" {
		connector = schemaConnector{connector, d.schema}
	}
	db := sql.OpenDB(connector)
	if d.pool != nil {
		db.SetMaxOpenConns(poolShare)
		db.SetMaxIdleConns(0)
	} else {
		db.SetMaxOpenConns(readers)
		db.SetMaxIdleConns(readers)
	}
	return db
}

// takesWrites refuses a connection to a standby, so that the next server of the
// address is tried, and a connection is not kept on which nothing can be written
// until somebody closes it. What is read has to come from the primary as well: a
// standby that is behind knows neither the newest receipts nor the newest texts.
func takesWrites(ctx context.Context, conn *pgconn.PgConn) error {
	err := pgconn.ValidateConnectTargetSessionAttrsReadWrite(ctx, conn)
	if errors.Is(err, pgconn.ErrReadOnlyConnection) {
		return fmt.Errorf("%w: it is a standby or was made read-only, want the primary", err)
	}
	return err
}

// prepareWriter sees to it that a commit is on the disk when it returns, even
// where the server is configured otherwise, and that a program which the network
// has lost does not keep the log locked.
func prepareWriter(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`)
	if err != nil {
		return err
	}
	if err := prepareReader(ctx, conn); err != nil {
		return err
	}
	return setLimit(ctx, conn, "idle_in_transaction_session_timeout", transactionTime)
}

// prepareReader sees to it that who reads a table which somebody keeps locked, to mend or
// to move it, is told so in time.
func prepareReader(ctx context.Context, conn *pgx.Conn) error {
	return setLimit(ctx, conn, "lock_timeout", lockWait)
}

func setLimit(ctx context.Context, conn *pgx.Conn, name string, limit time.Duration) error {
	_, err := conn.Exec(ctx, fmt.Sprintf(`SET %s = %d`, name, limit.Milliseconds()))
	return err
}

// schemaConnector makes connections that see the tables of one schema, and of no other.
type schemaConnector struct {
	driver.Connector
	schema string
}

func (c schemaConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := enter(ctx, conn.(*stdlib.Conn).Conn(), c.schema); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// entered is where a connection keeps the schema that it sees.
const entered = "temoin-schema"

// enter makes a schema the one that a connection sees. It fails with [ErrAddress] where
// the server's process is not the one that the connection was made to: a pooler in
// between may give each transaction another, which sees another site's receipts.
func enter(ctx context.Context, conn *pgx.Conn, schema string) error {
	kept := conn.PgConn().CustomData()
	if kept[entered] == schema {
		return nil
	}
	delete(kept, entered)
	var process uint32
	var path string
	err := conn.QueryRow(ctx, `SELECT pg_backend_pid(), set_config('search_path', $1, false)`, pgx.Identifier{schema}.Sanitize()).
		Scan(&process, &path)
	if err != nil {
		return fmt.Errorf("enter the schema %s: %w", schema, err)
	}
	if process != conn.PgConn().PID() {
		return fmt.Errorf("%w: a pooler stands before PostgreSQL, which mixes up the schemas of sites; want PostgreSQL's own, whose connections this program shares between sites", ErrAddress)
	}
	kept[entered] = schema
	return nil
}

// makeSchema makes the schema where it is missing, and fails where it cannot be used. It
// asks first: who may not make one may use the one that is there.
func (d *database) makeSchema(ctx context.Context) error {
	if d.schema == "" {
		return nil
	}
	var usable bool
	err := d.read.QueryRowContext(ctx, `SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = $1`, d.schema).Scan(&usable)
	switch {
	case err == nil && !usable:
		return d.lacksRights()
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	_, err = d.write.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{d.schema}.Sanitize())
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "23505" {
		return nil // another program was quicker, which the words IF NOT EXISTS do not see
	}
	if isRefused(err) {
		return fmt.Errorf("make the schema %s: %w; its owner can GRANT CREATE ON DATABASE … TO the user of the address", d.schema, err)
	}
	if err != nil {
		return fmt.Errorf("make the schema %s: %w", d.schema, err)
	}
	return nil
}

// lacksRights says what is missing where the schema is another's.
func (d *database) lacksRights() error {
	return fmt.Errorf("the schema %s is another's; its owner can GRANT USAGE, CREATE ON SCHEMA %s TO the user of the address", d.schema, pgx.Identifier{d.schema}.Sanitize())
}

// isRefused reports whether a right is missing (SQLSTATE 42501).
func isRefused(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "42501"
}

// forgetIdle closes the connections that are not in use. Where one has not
// answered, because the database's machine is gone or cut off, the others lead
// there, too, and each would be waited for as long.
func (d *database) forgetIdle() {
	switch {
	case d.pool != nil:
		d.pool.write.Reset()
		d.pool.read.Reset()
	case d.file == "":
		for _, pool := range []*sql.DB{d.write, d.read} {
			pool.SetMaxIdleConns(0)
			pool.SetMaxIdleConns(readers)
		}
	}
}

// postgresSize returns how many bytes the tables take with their indexes.
func (d *database) postgresSize(ctx context.Context) int64 {
	var n int64
	err := d.read.QueryRowContext(ctx, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname = current_schema()`).Scan(&n)
	if err != nil {
		return -1
	}
	return n
}
