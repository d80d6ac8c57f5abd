package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Setting returns the setting of that name, "" where it is not set.
func (s *Store) Setting(ctx context.Context, name string) (string, error) {
	var value string
	err := s.db.read.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read setting %s: %w", name, err)
	}
	return value, nil
}

// SetSetting sets the setting of that name.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	err := s.db.transact(ctx, func(ctx context.Context, tx querier) error { return setSetting(ctx, tx, name, value) })
	if err != nil {
		return fmt.Errorf("set %s: %w", name, err)
	}
	return nil
}

func setSetting(ctx context.Context, tx querier, name, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// AddSession keeps the hash of a session's secret until it expires. Those that
// have expired by now go.
func (s *Store) AddSession(ctx context.Context, hash string, expires time.Time) error {
	if err := s.exec(ctx, "drop old sessions", `DELETE FROM sessions WHERE expires <= $1`, s.now().Unix()); err != nil {
		return err
	}
	return s.exec(ctx, "add session", `INSERT INTO sessions (hash, expires) VALUES ($1, $2)`, hash, expires.Unix())
}

// HasSession reports whether there is a session of that hash that has not
// expired at now. One that would last for longer than any does was begun by a clock that
// was ahead, and counts no longer.
func (s *Store) HasSession(ctx context.Context, hash string, now time.Time, longest time.Duration) (bool, error) {
	var expires int64
	err := s.db.read.QueryRowContext(ctx, `SELECT expires FROM sessions WHERE hash = $1`, hash).Scan(&expires)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read session: %w", err)
	}
	return expires > now.Unix() && expires <= now.Add(longest+stray).Unix(), nil
}

// DropSession ends a session.
func (s *Store) DropSession(ctx context.Context, hash string) error {
	return s.exec(ctx, "drop session", `DELETE FROM sessions WHERE hash = $1`, hash)
}

// DropSessions ends all sessions.
func (s *Store) DropSessions(ctx context.Context) error {
	return s.exec(ctx, "drop sessions", `DELETE FROM sessions`)
}

// exec runs one statement in a transaction of its own; what says what it does.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) error {
	err := s.db.transact(ctx, func(ctx context.Context, tx querier) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
