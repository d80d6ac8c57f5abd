package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"temoin.example/temoin/server/receipt"
)

// Edition is what visitors were shown: the text that receipts name.
type Edition struct {
	Rev       string // of the catalogue, 8 hexadecimal digits
	Text      string // hash of what was shown, 16 hexadecimal digits
	Lang      string
	Catalogue []byte // the catalogue, JSON
	Body      []byte // what was shown, JSON
}

type editionKey struct{ rev, text, lang string }

// commitment is the body of an entry that commits to an edition.
type commitment struct {
	Kind      string `json:"kind"`
	Rev       string `json:"rev"`
	Text      string `json:"text"`
	Lang      string `json:"lang"`
	Catalogue string `json:"catalogue"` // SHA-256, hexadecimal
	Body      string `json:"body"`      // SHA-256, hexadecimal
}

func (e *Edition) commitment() commitment {
	return commitment{kindEdition, e.Rev, e.Text, e.Lang, digest(e.Catalogue), digest(e.Body)}
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Publish keeps an edition, once: what visitors were shown cannot be changed
// afterwards, and an entry of the log commits to it.
func (s *Store) Publish(ctx context.Context, e Edition) error {
	if _, err := s.Edition(ctx, e.Rev, e.Text, e.Lang); !errors.Is(err, ErrNotFound) {
		return err
	}
	err := s.db.transact(ctx, func(ctx context.Context, tx querier) error { return s.publish(ctx, tx, e) })
	if err != nil {
		return fmt.Errorf("publish edition: %w", err)
	}
	return nil
}

func (s *Store) publish(ctx context.Context, tx querier, e Edition) error {
	h, err := s.db.lockHead(ctx, tx)
	if err != nil {
		return err
	}
	if err := s.trust(ctx, tx, h); err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, `INSERT INTO editions (rev, text, lang, catalogue, body) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (rev, text, lang) DO NOTHING`, e.Rev, e.Text, e.Lang, e.Catalogue, e.Body)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err // another program was quicker
	}
	body, err := json.Marshal(e.commitment())
	if err != nil {
		return err
	}
	return s.add(ctx, tx, h, []*entry{s.openEntry(kindEdition, body)})
}

// openEntry returns an entry that has nothing to hide, and so needs no salt.
func (s *Store) openEntry(kind string, body []byte) *entry {
	return &entry{kind: kind, body: body, signature: s.key.Sign(body), leaf: receipt.Commitment(nil, body)}
}

// Edition returns what visitors were shown, or [ErrNotFound]. Do not change it:
// it is kept in memory and given to others.
func (s *Store) Edition(ctx context.Context, rev, text, lang string) (*Edition, error) {
	key := editionKey{rev, text, lang}
	if known, found := s.editions.Load(key); found {
		return known.(*Edition), nil
	}
	e, err := readEdition(ctx, s.db.read, key)
	if err != nil {
		return nil, err
	}
	known, _ := s.editions.LoadOrStore(key, e)
	return known.(*Edition), nil
}

func readEdition(ctx context.Context, q querier, key editionKey) (*Edition, error) {
	e := &Edition{Rev: key.rev, Text: key.text, Lang: key.lang}
	err := q.QueryRowContext(ctx, `SELECT catalogue, body FROM editions WHERE rev = $1 AND text = $2 AND lang = $3`, e.Rev, e.Text, e.Lang).
		Scan(&e.Catalogue, &e.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("edition %s of revision %s in %q: %w", e.Text, e.Rev, e.Lang, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read edition: %w", err)
	}
	return e, nil
}
