package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/server/receipt"
)

// Branch is where a log goes on though it lacks what it held before: an older copy
// was brought back, and there is no newer one. It is an entry of the log, so that
// the log itself says what it lacks, and who said that it may go on.
type Branch struct {
	Kind string    `json:"kind"` // "branch"
	At   time.Time `json:"at"`   // UTC, to the second
	By   string    `json:"by"`   // who said so, in their own words
	// First is the first entry that is missing: those before it are all there.
	First int64 `json:"first"`
	// Checkpoint is the newest that is known of what is lost, a signed note; "" where
	// none is known, and so nobody can tell how much is missing.
	Checkpoint string `json:"checkpoint,omitempty"`
}

// cutSetting is the name of the setting that says how many entries the log had
// when it was first seen that others are missing.
const cutSetting = "cut"

// ErrWhole: nothing shows that the log lacks anything.
var ErrWhole = errors.New("the log holds all that it held at this checkpoint")

// maxBy bounds the words of who says something about the log, in bytes.
const maxBy = 200

// NoteCut notes how many entries the log has, the first time that it is seen that
// others are missing; what is added from now on is of a branch.
func (s *Store) NoteCut(ctx context.Context) error {
	return s.db.transact(ctx, func(ctx context.Context, tx querier) error {
		h, err := s.db.lockHead(ctx, tx)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
			cutSetting, strconv.FormatInt(h.size, 10))
		return err
	})
}

// Branch has the log say that it goes on though entries are missing. lost is the
// newest checkpoint that is known of what is lost, "" where there is none; by says
// who decided it. It fails with [ErrWhole] where the log holds all that lost is of.
func (s *Store) Branch(ctx context.Context, lost, by string) (*Branch, error) {
	by, err := WhoSays(by)
	if err != nil {
		return nil, err
	}
	if lost != "" {
		switch err := s.GoesOnFrom(ctx, lost); {
		case err == nil:
			return nil, fmt.Errorf("branch: %w", ErrWhole)
		case !errors.Is(err, ErrCut):
			return nil, fmt.Errorf("branch: %w", err)
		}
	}
	b := &Branch{Kind: kindBranch, At: s.now().UTC().Truncate(time.Second), By: by, Checkpoint: lost}
	err = s.db.transact(ctx, func(ctx context.Context, tx querier) error { return s.branch(ctx, tx, b) })
	if err != nil {
		return nil, fmt.Errorf("branch: %w", err)
	}
	return b, nil
}

// WhoSays returns the words of who decides something, without the spaces around them,
// and refuses what does not say who.
func WhoSays(by string) (string, error) {
	by = strings.TrimSpace(by)
	if by == "" || len(by) > maxBy || strings.ContainsFunc(by, isControl) {
		return "", fmt.Errorf("who says so is %q, want a name and a reason in one line of %d bytes at most", by, maxBy)
	}
	return by, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (s *Store) branch(ctx context.Context, tx querier, b *Branch) error {
	h, err := s.db.lockHead(ctx, tx)
	if err != nil {
		return err
	}
	if err := s.trust(ctx, tx, h); err != nil {
		return err
	}
	if b.First, err = s.firstMissing(ctx, tx, h); err != nil {
		return err
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if err := s.turn(ctx, tx, h, s.openEntry(kindBranch, body), s.key); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM settings WHERE name = $1`, cutSetting)
	return err
}

// turn adds an entry with which the log takes a turn, and has a key sign it.
func (s *Store) turn(ctx context.Context, tx querier, h *head, e *entry, key *receipt.Key) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO turns (idx) VALUES ($1)`, h.size); err != nil {
		return err
	}
	return s.addSigned(ctx, tx, h, []*entry{e}, key)
}

// firstMissing returns where the branch that is about to be declared began: where
// the log ended when the loss was noticed, or, once that has been said, where it
// was said to be; else at its end.
func (s *Store) firstMissing(ctx context.Context, tx querier, h *head) (int64, error) {
	var noted string
	err := tx.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, cutSetting).Scan(&noted)
	if err == nil {
		return strconv.ParseInt(noted, 10, 64)
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	branches, err := s.branches(ctx, tx)
	if err != nil || len(branches) == 0 {
		return h.size, err
	}
	return branches[len(branches)-1].First, nil
}

// eachTurn calls do for each entry of that kind with which the log takes a turn, in order.
func (s *Store) eachTurn(ctx context.Context, q querier, kind string, do func(index int64, body, signature []byte) error) error {
	if s.db.turnless {
		return nil
	}
	rows, err := q.QueryContext(ctx, `SELECT idx, body, signature FROM entries
		WHERE idx IN (SELECT idx FROM turns) AND kind = $1 ORDER BY idx`, kind)
	if err != nil {
		return err
	}
	return each(rows, func(rows *sql.Rows) error {
		var index int64
		var body, signature []byte
		if err := rows.Scan(&index, &body, &signature); err != nil {
			return err
		}
		return do(index, body, signature)
	})
}

// branches returns where the log says that it goes on as a branch, in order.
func (s *Store) branches(ctx context.Context, q querier) (list []*Branch, err error) {
	err = s.eachTurn(ctx, q, kindBranch, func(index int64, body, signature []byte) error {
		if err := receipt.VerifySignature(s.keyOf(index), body, signature); err != nil {
			return fmt.Errorf("entry %d of the log was changed: %w", index, err)
		}
		b, err := parseBranch(body, index)
		list = append(list, b)
		return err
	})
	return list, err
}

// parseBranch reads the body of the entry at index.
func parseBranch(body []byte, index int64) (*Branch, error) {
	b := new(Branch)
	if err := json.Unmarshal(body, b); err != nil {
		return nil, err
	}
	if b.Kind != kindBranch || b.First < 0 || b.First > index {
		return nil, errors.New("it is no branch")
	}
	return b, nil
}

// isLost reports whether the log says of that very checkpoint, of more entries than
// it has kept, that what it is of is lost.
func (s *Store) isLost(branches []*Branch, kept tlog.Tree) (bool, error) {
	for _, b := range branches {
		if b.Checkpoint == "" || kept.N <= b.First {
			continue
		}
		tree, err := s.openCheckpoint(b.Checkpoint)
		if err != nil {
			return false, fmt.Errorf("the checkpoint of a branch: %w", err)
		}
		if tree == kept {
			return true, nil
		}
	}
	return false, nil
}
