package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

// An Allowance says how often somebody may try something: Burst times at once,
// and once more after each Every.
type Allowance struct {
	Who   string
	Every time.Duration
	Burst int
}

// errSpent undoes what was taken from the other allowances.
var errSpent = errors.New("the allowance is spent")

// Take takes one attempt from each of the allowances, for all servers on this
// database. It returns how long the attempt has to wait for its turn. Where that
// is longer than patience, nothing is taken.
//
// An allowance is one number, the time until which its attempts are counted
// (the generic cell rate algorithm of ITU-T I.371).
func (s *Store) Take(ctx context.Context, now time.Time, patience time.Duration, allowances ...Allowance) (wait time.Duration, err error) {
	err = s.db.transact(ctx, func(ctx context.Context, tx querier) error {
		wait = 0
		if _, err := tx.ExecContext(ctx, `DELETE FROM attempts WHERE until <= $1`, now.UnixMilli()); err != nil {
			return err
		}
		for _, a := range allowances {
			own, err := a.take(ctx, tx, now, patience)
			if err != nil {
				return err
			}
			wait = max(wait, own)
		}
		if wait > patience {
			return errSpent
		}
		return nil
	})
	if err != nil && !errors.Is(err, errSpent) {
		return 0, fmt.Errorf("count an attempt: %w", err)
	}
	return wait, nil
}

// stray is how far the clocks of servers on one database may be apart.
const stray = time.Hour

// take takes one attempt. What is counted for longer than can be was counted by a clock
// that was ahead, and would keep everybody out until then: it is forgotten.
func (a Allowance) take(ctx context.Context, tx querier, now time.Time, patience time.Duration) (wait time.Duration, err error) {
	full := time.Duration(a.Burst) * a.Every
	var until int64
	err = tx.QueryRowContext(ctx, `INSERT INTO attempts (who, until) VALUES ($1, $2)
		ON CONFLICT (who) DO UPDATE SET until = CASE WHEN attempts.until > $4 THEN excluded.until ELSE attempts.until + $3 END
		RETURNING until`,
		a.Who, now.Add(a.Every).UnixMilli(), a.Every.Milliseconds(), now.Add(full+patience+stray).UnixMilli()).Scan(&until)
	if err != nil {
		return 0, err
	}
	return max(0, time.UnixMilli(until).Sub(now)-full), nil
}

// DropExpired forgets who has tried something, and the sessions, that count no
// longer at now. [Store.Take] and [Store.AddSession] do so as well; this is for
// where nobody comes any more.
func (s *Store) DropExpired(ctx context.Context, now time.Time) error {
	return errors.Join(
		s.exec(ctx, "forget attempts", `DELETE FROM attempts WHERE until <= $1`, now.UnixMilli()),
		s.exec(ctx, "forget sessions", `DELETE FROM sessions WHERE expires <= $1`, now.Unix()),
	)
}

// Secret returns the secret of that name, which all servers on this database
// share. The first who asks makes it.
func (s *Store) Secret(ctx context.Context, name string) (string, error) {
	if secret, err := s.Setting(ctx, name); err != nil || secret != "" {
		return secret, err
	}
	err := s.exec(ctx, "make secret "+name, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
		name, rand.Text()+rand.Text())
	if err != nil {
		return "", err
	}
	return s.Setting(ctx, name)
}
