package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"temoin.example/temoin/server/receipt"
)

// erasure is the body of an entry that says which entries were erased.
type erasure struct {
	Kind    string    `json:"kind"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`      // UTC, to the second
	Entries []span    `json:"entries"` // sorted
}

// The reasons of an erasure: a visitor's right, or the end of retention.
const (
	onRequest   = "request"
	byRetention = "retention"
)

// purgeBatch bounds how many receipts one transaction erases, and so how long
// it keeps the log locked. Then the purge rests for purgeRest times as long as that
// took: it has all the time in the world, and visitors have not.
const (
	purgeBatch = 100
	purgeRest  = 3
)

// forgetTime is how long a reader may keep erased content in the write-ahead log.
const forgetTime = 2 * time.Second

// Erase erases the content of the receipt of that id; its place in the log
// stays. It fails with [ErrNotFound] where there is no such receipt. What SQLite
// erases is overwritten on the disk; PostgreSQL lets go of it at its next
// vacuum.
func (s *Store) Erase(ctx context.Context, id string) error {
	if !receipt.IsID(id) {
		return fmt.Errorf("erase receipt %q: %w", id, ErrNotFound)
	}
	var n int
	err := s.db.transact(ctx, func(ctx context.Context, tx querier) error {
		before := n // of an attempt whose commit may have gone through
		var err error
		n, err = s.erase(ctx, tx, onRequest, `SELECT idx FROM entries WHERE id = $1`, id)
		if err == nil && n == 0 && before == 0 {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		return forbid(ctx, tx, id, s.now())
	})
	if err != nil {
		return fmt.Errorf("erase receipt %q: %w", id, err)
	}
	s.forget(ctx)
	return nil
}

// erasedTime is how long an erased receipt is refused: no choice counts for
// longer (CNIL 2020-091, section 5: thirteen months of 30 days).
const erasedTime = 390 * 24 * time.Hour

// forbid has the receipt of that id refused from now on.
func forbid(ctx context.Context, tx querier, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM erased WHERE until <= $1`, now.Unix()); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO erased (hash, until) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING`,
		hashOf(id), now.Add(erasedTime).Unix())
	return err
}

func hashOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])
}

// findErased returns which of a batch were erased, by the hash of their id.
func findErased(ctx context.Context, tx querier, batch []*pending) (map[string]bool, error) {
	hashes := make([]any, len(batch))
	for i, p := range batch {
		hashes[i] = hashOf(p.receipt.ID())
	}
	rows, err := tx.QueryContext(ctx, `SELECT hash FROM erased WHERE hash IN `+tuples(1, len(hashes)), hashes...)
	if err != nil {
		return nil, err
	}
	erased := map[string]bool{}
	err = each(rows, func(rows *sql.Rows) error {
		var hash string
		err := rows.Scan(&hash)
		erased[hash] = true
		return err
	})
	return erased, err
}

// CountBefore returns how many receipts were received before a time: what
// [Store.Purge] would erase.
func (s *Store) CountBefore(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.db.read.QueryRowContext(ctx, `SELECT count(*) FROM entries WHERE received < $1`, unixCeil(before)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count receipts: %w", err)
	}
	return n, nil
}

// Purge erases, as [Store.Erase] does, all receipts that were received before a
// time, and returns how many. It does so in many small transactions, and leaves the
// database to others for most of the time: after an error n are erased all the same.
func (s *Store) Purge(ctx context.Context, before time.Time) (n int64, err error) {
	for {
		begun := time.Now()
		erased, err := s.purgeSome(ctx, before)
		if err != nil {
			return n, fmt.Errorf("purge receipts: %w", err)
		}
		n += int64(erased)
		if erased < purgeBatch {
			break
		}
		select {
		case <-time.After(purgeRest * time.Since(begun)):
		case <-ctx.Done():
			return n, fmt.Errorf("purge receipts: %w", ctx.Err())
		}
	}
	if n > 0 {
		s.forget(ctx)
	}
	return n, nil
}

func (s *Store) purgeSome(ctx context.Context, before time.Time) (erased int, err error) {
	err = s.db.transact(ctx, func(ctx context.Context, tx querier) (err error) {
		erased, err = s.erase(ctx, tx, byRetention,
			`SELECT idx FROM entries WHERE received < $1 ORDER BY received, idx LIMIT $2`, unixCeil(before), purgeBatch)
		return err
	})
	return erased, err
}

// erase erases the entries whose indexes the query selects, says so in the log,
// and returns how many they were.
func (s *Store) erase(ctx context.Context, tx querier, reason, query string, args ...any) (int, error) {
	h, err := s.db.lockHead(ctx, tx)
	if err != nil {
		return 0, err
	}
	if err := s.trust(ctx, tx, h); err != nil {
		return 0, err
	}
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	var indexes []int64
	err = each(rows, func(rows *sql.Rows) error {
		var index int64
		err := rows.Scan(&index)
		indexes = append(indexes, index)
		return err
	})
	if err != nil || len(indexes) == 0 {
		return 0, err
	}
	if err := wipe(ctx, tx, indexes); err != nil {
		return 0, err
	}
	h.erased += int64(len(indexes))
	e, err := s.erasureOf(reason, indexes)
	if err != nil {
		return 0, err
	}
	return len(indexes), s.add(ctx, tx, h, []*entry{e})
}

func wipe(ctx context.Context, tx querier, indexes []int64) error {
	args := make([]any, len(indexes))
	for i, index := range indexes {
		args[i] = index
	}
	_, err := tx.ExecContext(ctx, `UPDATE entries SET id = NULL, received = NULL, salt = NULL, body = NULL, signature = NULL
		WHERE idx IN `+tuples(1, len(args)), args...)
	return err
}

func (s *Store) erasureOf(reason string, indexes []int64) (*entry, error) {
	slices.Sort(indexes)
	var spans []span
	for _, index := range indexes {
		spans = extend(spans, index)
	}
	body, err := json.Marshal(erasure{kindErasure, reason, s.now().UTC().Truncate(time.Second), spans})
	if err != nil {
		return nil, err
	}
	return s.openEntry(kindErasure, body), nil
}

// parseErasure reads the body of the entry at index.
func parseErasure(body []byte, index int64) (*erasure, error) {
	e := new(erasure)
	if err := json.Unmarshal(body, e); err != nil {
		return nil, err
	}
	if e.Kind != kindErasure {
		return nil, errors.New("it is no erasure")
	}
	for _, s := range e.Entries {
		if s.First < 0 || s.First > s.Last || s.Last >= index {
			return nil, fmt.Errorf("it erases %d to %d, which are not before it", s.First, s.Last)
		}
	}
	return e, nil
}

// forget moves what SQLite has erased out of its write-ahead log, which would
// otherwise still hold it for a while. Where a reader is in the way for long, the
// next erasure does it: receipts wait meanwhile.
func (s *Store) forget(ctx context.Context) {
	if s.db.file == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, forgetTime)
	defer cancel()
	if _, err := s.db.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		s.log.Warn("empty the write-ahead log after an erasure", "error", err)
	}
}

// span is a run of entries, both ends included. In JSON it is an array of two.
type span struct{ First, Last int64 }

// MarshalJSON writes [First, Last].
func (s span) MarshalJSON() ([]byte, error) { return json.Marshal([2]int64{s.First, s.Last}) }

// UnmarshalJSON reads what MarshalJSON writes.
func (s *span) UnmarshalJSON(data []byte) error {
	var ends [2]int64
	err := json.Unmarshal(data, &ends)
	s.First, s.Last = ends[0], ends[1]
	return err
}

// merge sorts spans and joins those that touch or overlap.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.First, b.First) })
	var merged []span
	for _, s := range spans {
		if last := len(merged) - 1; last >= 0 && s.First <= merged[last].Last+1 {
			merged[last].Last = max(merged[last].Last, s.Last)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// extend adds an entry behind sorted spans.
func extend(spans []span, index int64) []span {
	if last := len(spans) - 1; last >= 0 && spans[last].Last == index-1 {
		spans[last].Last = index
		return spans
	}
	return append(spans, span{index, index})
}

// without returns what of the spans a no span of b covers; both are merged.
func without(a, b []span) []span {
	var rest []span
	for _, s := range a {
		for len(b) > 0 && b[0].Last < s.First {
			b = b[1:]
		}
		for _, hole := range b {
			if hole.First > s.Last {
				break
			}
			if hole.First > s.First {
				rest = append(rest, span{s.First, hole.First - 1})
			}
			s.First = hole.Last + 1
		}
		if s.First <= s.Last {
			rest = append(rest, s)
		}
	}
	return rest
}
