package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/server/receipt"
)

// Find returns the receipt of that id with the proof that it is in the log. It
// fails with [ErrNotFound] where there is none, or where it was erased.
func (s *Store) Find(ctx context.Context, id string) (*receipt.File, error) {
	if !receipt.IsID(id) {
		return nil, fmt.Errorf("receipt %q: %w", id, ErrNotFound)
	}
	var body []byte
	f := new(receipt.File)
	err := s.db.read.QueryRowContext(ctx, `SELECT idx, salt, body, signature FROM entries WHERE id = $1`, id).
		Scan(&f.Log.Index, &f.Log.Salt, &body, &f.Signature)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("receipt %q: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("find receipt: %w", err)
	}
	if f.Receipt, err = s.open(f.Log.Index, body, f.Signature); err != nil {
		return nil, err
	}
	f.Words = f.Receipt.Words(f.Receipt.Lang())
	// Read after the entry, the newest checkpoint covers it; the newest of the key that
	// signed the receipt, so that whoever knows that key can check all of it.
	f.Key = s.keyOf(f.Log.Index)
	if f.Log.Checkpoint, err = checkpoint(ctx, s.db.read, `DESC`, s.reignOf(f.Log.Index)); err != nil {
		return nil, err
	}
	tree, err := receipt.OpenCheckpoint(f.Key, f.Log.Checkpoint)
	if err != nil {
		return nil, fmt.Errorf("newest checkpoint: %w", err)
	}
	f.Log.Proof, err = tlog.ProveRecord(tree.N, f.Log.Index, s.storedHashes(ctx))
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", f.Log.Index, err)
	}
	return f, nil
}

// open reads the receipt of an entry.
func (s *Store) open(index int64, body, signature []byte) (*receipt.Receipt, error) {
	r, err := receipt.Open(s.keyOf(index), body, signature)
	if err != nil {
		return nil, fmt.Errorf("entry %d of the log was changed: %w", index, err)
	}
	return r, nil
}

// storedHashes reads hashes of the tree from the entries that completed them.
func (s *Store) storedHashes(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(places []int64) ([]tlog.Hash, error) {
		if len(places) == 0 {
			return nil, nil
		}
		indexes := make([]any, len(places))
		for i, place := range places {
			indexes[i] = completedBy(place)
		}
		found := make(map[int64][]byte)
		err := queryIn(ctx, s.db.read, `SELECT idx, hashes FROM entries WHERE idx IN `, indexes, func(rows *sql.Rows) error {
			var index int64
			var hashes []byte
			err := rows.Scan(&index, &hashes)
			found[index] = hashes
			return err
		})
		if err != nil {
			return nil, err
		}
		list := make([]tlog.Hash, len(places))
		for i, place := range places {
			level, _ := tlog.SplitStoredHashIndex(place)
			hashes := found[completedBy(place)]
			if len(hashes) < (level+1)*tlog.HashSize {
				return nil, fmt.Errorf("entry %d of the log was changed: it has no hash of level %d", completedBy(place), level)
			}
			list[i] = tlog.Hash(hashes[level*tlog.HashSize:][:tlog.HashSize])
		}
		return list, nil
	})
}

// completedBy returns the entry that completes the subtree at a place of the tree.
func completedBy(place int64) int64 {
	level, n := tlog.SplitStoredHashIndex(place)
	return (n+1)<<level - 1
}

// Row is a receipt as it is exported.
type Row struct {
	Index     int64            // its place in the log
	ID        string           // under which it is filed
	Receipt   *receipt.Receipt // nil where it cannot be read: see Fault
	Body      []byte           // its JSON, as it was signed
	Signature []byte           // see receipt.VerifySignature
	Fault     string           // "", or that it is badly written or was changed; see Verification
}

// exportPage is how many receipts an export holds in memory.
const exportPage = 256

// Export yields all receipts that the server received from since on and before
// until, in that order; a zero time sets no bound. Whatever their number, it
// holds few in memory, and no transaction open between them. A receipt with a
// fault does not end it. An error, which is the database's, is the last that it
// yields.
func (s *Store) Export(ctx context.Context, since, until time.Time) iter.Seq2[*Row, error] {
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	if !since.IsZero() {
		from = unixCeil(since)
	}
	if !until.IsZero() {
		to = unixCeil(until)
	}
	return func(yield func(*Row, error) bool) {
		received, index := from, int64(-1)
		for {
			page, last, err := s.exportPage(ctx, received, index, to)
			if err != nil {
				yield(nil, fmt.Errorf("export receipts: %w", err))
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
			}
			if len(page) < exportPage {
				return
			}
			received, index = last, page[len(page)-1].Index
		}
	}
}

// unixCeil returns the first whole second that is not before t.
func unixCeil(t time.Time) int64 {
	if t.Nanosecond() > 0 {
		return t.Unix() + 1
	}
	return t.Unix()
}

// exportPage returns the receipts that come behind those received at received
// with an index up to index, and when the last of them was received.
func (s *Store) exportPage(ctx context.Context, received, index, to int64) (page []*Row, last int64, err error) {
	rows, err := s.db.read.QueryContext(ctx,
		`SELECT received, idx, id, body, signature FROM entries
		WHERE (received, idx) > ($1, $2) AND received < $3 ORDER BY received, idx LIMIT $4`,
		received, index, to, exportPage)
	if err != nil {
		return nil, 0, err
	}
	err = each(rows, func(rows *sql.Rows) error {
		row := new(Row)
		var id sql.NullString // never null, but where it was changed
		if err := rows.Scan(&last, &row.Index, &id, &row.Body, &row.Signature); err != nil {
			return err
		}
		row.ID = id.String
		var err error
		if row.Receipt, err = s.open(row.Index, row.Body, row.Signature); err != nil {
			row.Fault = err.Error()
		} else if row.Receipt.IsBadlyWritten() {
			row.Fault = badlyWritten
		}
		page = append(page, row)
		return nil
	})
	return page, last, err
}

// Stats are figures about the store.
type Stats struct {
	Receipts    int64                     // kept now
	Erased      int64                     // receipts whose content is gone
	First, Last time.Time                 // when the oldest and the newest kept were received; zero where there is none
	Outcomes    map[receipt.Outcome]int64 // as counted when they came: the erased ones are among them
	Size        int64                     // bytes on the disk, -1 where the database does not say
}

// firstAndLast asks when the first receipt came, and when the last: each by itself, since
// SQLite reads a whole index for both in one.
const firstAndLast = `SELECT (SELECT min(received) FROM entries), (SELECT max(received) FROM entries)`

// Stats returns figures about the store.
func (s *Store) Stats(ctx context.Context) (*Stats, error) {
	h, err := readHead(ctx, s.db.read, "")
	if err != nil {
		return nil, err
	}
	stats := &Stats{Receipts: h.receipts - h.erased, Erased: h.erased, Size: s.db.size(ctx), Outcomes: make(map[receipt.Outcome]int64)}
	var first, last sql.NullInt64
	err = s.db.read.QueryRowContext(ctx, firstAndLast).Scan(&first, &last)
	if err != nil {
		return nil, fmt.Errorf("read times: %w", err)
	}
	if first.Valid {
		stats.First, stats.Last = time.Unix(first.Int64, 0).UTC(), time.Unix(last.Int64, 0).UTC()
	}
	rows, err := s.db.read.QueryContext(ctx, `SELECT outcome, sum(n) FROM choice_sums GROUP BY outcome`)
	if err != nil {
		return nil, fmt.Errorf("sum outcomes: %w", err)
	}
	err = each(rows, func(rows *sql.Rows) error {
		var outcome string
		var n int64
		err := rows.Scan(&outcome, &n)
		stats.Outcomes[receipt.Outcome(outcome)] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sum outcomes: %w", err)
	}
	return stats, nil
}
