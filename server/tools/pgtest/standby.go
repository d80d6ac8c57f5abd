//go:build linux

package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"
)

// NewStandby starts a cluster that follows c by streaming replication, and has c
// answer a commit only once the follower has it on its disk. The caller has to
// stop it.
func (c *Cluster) NewStandby() (*Cluster, error) {
	standby, err := begin(func(s *Cluster) error {
		return s.program("pg_basebackup", "--pgdata="+s.data(), "--host=127.0.0.1", "--port="+strconv.Itoa(c.port),
			"--username=temoin", "--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "--no-sync")
	})
	if err != nil {
		return nil, err
	}
	if err := c.waitForStandby(); err != nil {
		standby.Stop()
		return nil, fmt.Errorf("replicate synchronously: %w", err)
	}
	return standby, nil
}

// waitForStandby makes replication synchronous, and waits until it is.
func (c *Cluster) waitForStandby() error {
	if err := c.execute(`ALTER SYSTEM SET synchronous_standby_names = '*'`, `SELECT pg_reload_conf()`); err != nil {
		return err
	}
	return askUntil(c.URL(), `SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'`)
}

// Promote makes a standby the primary.
func (c *Cluster) Promote() error { return askUntil(c.URL(), `SELECT pg_promote()`) }

// Both returns the address of the database postgres, on whichever of two servers
// takes what is written.
func Both(a, b *Cluster) string {
	return address("postgres", a.port, b.port) + "&target_session_attrs=read-write"
}

func (c *Cluster) execute(statements ...string) error {
	db, err := sql.Open("pgx", c.URL())
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// askUntil asks a database a question until the answer is yes.
func askUntil(address, question string) error {
	db, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		var yes bool
		err := db.QueryRowContext(ctx, question).Scan(&yes)
		if yes {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s: %w", question, patience, err)
		}
	}
}
