package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// Keep makes a receipt of what a page or the form of a site reported, and stores
// it. fresh is whether it was not kept before.
func (l *Ledger) Keep(ctx context.Context, submission *receipt.Submission, site string, now time.Time) (signed *store.Signed, fresh bool, err error) {
	s := l.store.Load()
	if s == nil {
		return nil, false, ErrUnavailable
	}
	asked, err := l.asked(ctx, s, submission)
	if err != nil {
		return nil, false, err
	}
	if err := l.checkTime(ctx, s, submission.Record, asked.Cookie.Lifetime, now); err != nil {
		return nil, false, err
	}
	if submission.Record.Of != "" {
		submission.Record = asked.Own(submission.Record, asked.Marks())
	}
	made, err := receipt.New(submission, receipt.Context{Site: site, Catalogue: asked, Received: now, Version: l.config.Version})
	if err != nil {
		return nil, false, err
	}
	signed, fresh, err = s.Append(ctx, made)
	switch {
	case errors.Is(err, store.ErrConflict), errors.Is(err, store.ErrErased):
		return nil, false, err
	case errors.Is(err, store.ErrBusy):
		return nil, false, ErrBusy
	case err != nil:
		return nil, false, l.failed(ctx, "keep", err)
	}
	l.works()
	return signed, fresh, nil
}

// asked returns the catalogue that the visitor was asked about.
func (l *Ledger) asked(ctx context.Context, s *store.Store, submission *receipt.Submission) (*consent.Catalogue, error) {
	reading, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	edition, err := s.Edition(reading, submission.Record.Rev, submission.Text, submission.Lang)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: nobody was ever shown revision %s with the text %s in %q here",
			ErrRefused, submission.Record.Rev, submission.Text, submission.Lang)
	}
	if err != nil {
		return nil, l.failed(ctx, "look a revision up", err)
	}
	var c consent.Catalogue
	if err := json.Unmarshal(edition.Catalogue, &c); err != nil {
		return nil, fmt.Errorf("read the catalogue of revision %s: %w", submission.Record.Rev, err)
	}
	return &c, nil
}

// Find returns the receipt of that id, with the proof that it is in the log.
func (l *Ledger) Find(ctx context.Context, id string) (*receipt.File, error) {
	s := l.store.Load()
	if s == nil {
		return nil, ErrUnavailable
	}
	reading, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	file, err := s.Find(reading, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("receipt %q: %w", id, ErrNotFound)
	case err != nil:
		return nil, l.failed(ctx, "find", err)
	}
	return file, nil
}

// Checkpoint returns what the log is now, signed (C2SP tlog-checkpoint).
func (l *Ledger) Checkpoint(ctx context.Context) (string, error) {
	s := l.store.Load()
	if s == nil {
		return "", ErrUnavailable
	}
	reading, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	checkpoint, err := s.Checkpoint(reading)
	if err != nil {
		return "", l.failed(ctx, "checkpoint", err)
	}
	return checkpoint, nil
}
