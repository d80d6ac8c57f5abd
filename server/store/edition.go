package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

func (e *Edition) key() editionKey { return editionKey{e.Rev, e.Text, e.Lang} }

// Publish keeps an edition, once: what visitors were shown cannot be changed
// afterwards.
func (s *Store) Publish(ctx context.Context, e Edition) error {
	if _, err := s.Edition(ctx, e.Rev, e.Text, e.Lang); !errors.Is(err, ErrNotFound) {
		return err
	}
	err := s.db.transact(ctx, func(tx querier) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO editions (rev, text, lang, catalogue, body) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (rev, text, lang) DO NOTHING`, e.Rev, e.Text, e.Lang, e.Catalogue, e.Body)
		return err
	})
	if err != nil {
		return fmt.Errorf("publish edition: %w", err)
	}
	return nil
}

// Edition returns what visitors were shown, or [ErrNotFound]. Do not change it:
// it is kept in memory and given to others.
func (s *Store) Edition(ctx context.Context, rev, text, lang string) (*Edition, error) {
	e := &Edition{Rev: rev, Text: text, Lang: lang}
	if known, found := s.editions.Load(e.key()); found {
		return known.(*Edition), nil
	}
	err := s.db.read.QueryRowContext(ctx, `SELECT catalogue, body FROM editions WHERE rev = $1 AND text = $2 AND lang = $3`, rev, text, lang).
		Scan(&e.Catalogue, &e.Body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("edition %s of revision %s in %q: %w", text, rev, lang, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read edition: %w", err)
	}
	known, _ := s.editions.LoadOrStore(e.key(), e)
	return known.(*Edition), nil
}
