package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
)

// askedAnew returns how the visitor answered what a change of the catalogue had made
// new; "" where it asked nothing of them, and where it cannot be told: the answer before
// is not in this log (a first answer, one to another site on the domain, or erased), or
// it was changed there, which is for Verify to say.
func (s *Store) askedAnew(ctx context.Context, r *receipt.Receipt) (receipt.Outcome, error) {
	if r.Before() == "" {
		return "", nil
	}
	before, err := s.answerBefore(ctx, r.Before())
	if err != nil || before == nil || before.Rev() == r.Rev() {
		return "", err
	}
	was, err := s.catalogueOf(ctx, before)
	if err != nil || was == nil {
		return "", err
	}
	is, err := s.catalogueOf(ctx, r)
	if err != nil || is == nil {
		return "", err
	}
	return r.AskedAnew(before, was, is), nil
}

// answerBefore returns the receipt of that id, nil where it cannot be had.
func (s *Store) answerBefore(ctx context.Context, id string) (*receipt.Receipt, error) {
	var index int64
	var body, signature []byte
	err := s.db.read.QueryRowContext(ctx, `SELECT idx, body, signature FROM entries WHERE id = $1`, id).Scan(&index, &body, &signature)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the answer before: %w", err)
	}
	before, err := s.open(index, body, signature)
	if err != nil {
		return nil, nil // it was changed: no reason to refuse the answer of today
	}
	return before, nil
}

// catalogueOf returns the catalogue that a receipt answers, nil where it cannot be had.
func (s *Store) catalogueOf(ctx context.Context, r *receipt.Receipt) (*consent.Catalogue, error) {
	shown, err := s.Edition(ctx, r.Rev(), r.Text(), r.Lang())
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := new(consent.Catalogue)
	if json.Unmarshal(shown.Catalogue, c) != nil {
		return nil, nil // as of a receipt that was changed
	}
	return c, nil
}

// anewKey is what answers to something new are counted by.
type anewKey struct {
	day, rev string
	outcome  receipt.Outcome
}

// countAnew adds to the sums what was asked anew.
func (d *database) countAnew(ctx context.Context, tx querier, list []*pending) error {
	anew := make(map[anewKey]int64)
	for _, p := range list {
		if p.anew != "" {
			anew[anewKey{p.receipt.Received().Format(time.DateOnly), p.receipt.Rev(), p.anew}]++
		}
	}
	var rows [][]any
	for k, n := range anew {
		rows = append(rows, []any{k.day, k.rev, string(k.outcome), n})
	}
	return d.insert(ctx, tx, `anew_sums (day, rev, outcome, n)`,
		` ON CONFLICT (day, rev, outcome) DO UPDATE SET n = anew_sums.n + excluded.n`, rows)
}
