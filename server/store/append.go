package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	"temoin.example/temoin/server/receipt"
)

// maxBatch bounds how many receipts one transaction holds, and so how long it
// keeps the log locked.
const maxBatch = 512

// Signed is a receipt that is kept.
type Signed struct {
	Body      []byte // its canonical JSON
	Signature []byte // see receipt.VerifySignature
	Index     int64  // its place in the log, from 0
}

// pending is a receipt on its way to the log.
type pending struct {
	receipt *receipt.Receipt
	anew    receipt.Outcome // see askedAnew
	entry   *entry
	answer  chan answer // with room for one
}

type answer struct {
	signed *Signed
	fresh  bool
	err    error
}

// Append keeps a receipt: once it returns without an error, the receipt is on
// the disk. fresh is false where the same receipt was kept before, and then
// what is returned is that one. It fails with [ErrConflict] where another
// receipt has its id, and at once with [ErrBusy] where too many are waiting.
// After any other error, ctx's included, the receipt may have been kept or not:
// append it again to know.
func (s *Store) Append(ctx context.Context, r *receipt.Receipt) (signed *Signed, fresh bool, err error) {
	p, err := s.prepare(ctx, r)
	if err != nil {
		return nil, false, err
	}
	if !s.enqueue(p) {
		return nil, false, ErrBusy
	}
	select {
	case a := <-p.answer:
		return a.signed, a.fresh, a.err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// prepare does what needs no order, so that callers do it in parallel.
func (s *Store) prepare(ctx context.Context, r *receipt.Receipt) (*pending, error) {
	body, err := r.Body()
	if err != nil {
		return nil, err
	}
	reading, cancel := context.WithTimeout(ctx, transactionTime)
	defer cancel()
	anew, err := s.askedAnew(reading, r)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, receipt.SaltSize)
	rand.Read(salt) // never fails: see crypto/rand
	return &pending{
		receipt: r,
		anew:    anew,
		answer:  make(chan answer, 1),
		entry: &entry{
			kind:      kindReceipt,
			id:        r.ID(),
			received:  r.Received().Unix(),
			salt:      salt,
			body:      body,
			signature: s.key.Sign(body),
			leaf:      receipt.Commitment(salt, body),
		},
	}, nil
}

func (s *Store) enqueue(p *pending) bool {
	s.closing.RLock()
	defer s.closing.RUnlock()
	if s.closed {
		return false
	}
	select {
	case s.queue <- p:
		return true
	default:
		return false
	}
}

// commitQueued commits what is queued until the queue is closed. It waits for
// nothing but the first receipt: while one batch is written the next gathers.
func (s *Store) commitQueued() {
	defer close(s.done)
	for first := range s.queue {
		batch := []*pending{first}
		for len(batch) < maxBatch {
			select {
			case next, open := <-s.queue:
				if open {
					batch = append(batch, next)
					continue
				}
			default:
			}
			break
		}
		s.commit(batch)
	}
}

// commit keeps a batch in one transaction and answers those who wait for it.
func (s *Store) commit(batch []*pending) {
	answers := make([]answer, len(batch))
	err := s.db.transact(s.ctx, func(ctx context.Context, tx querier) error {
		return s.appendBatch(ctx, tx, batch, answers)
	})
	for i, p := range batch {
		if err != nil {
			answers[i] = answer{err: fmt.Errorf("keep receipt: %w", err)}
		}
		p.answer <- answers[i]
	}
}

// appendBatch adds those receipts of the batch to the log that are not in it,
// and fills answers.
func (s *Store) appendBatch(ctx context.Context, tx querier, batch []*pending, answers []answer) error {
	h, err := s.db.lockHead(ctx, tx)
	if err != nil {
		return err
	}
	if tree, err := h.tree(); err != nil || tree != s.trusted {
		if err := s.trust(ctx, tx, h); err != nil {
			return err
		}
	}
	kept, err := findKept(ctx, tx, batch)
	if err != nil {
		return err
	}

	erased, err := findErased(ctx, tx, batch)
	if err != nil {
		return err
	}

	var fresh []*entry
	var counted []*pending
	for _, p := range batch {
		if _, found := kept[p.receipt.ID()]; !found && !erased[hashOf(p.receipt.ID())] {
			kept[p.receipt.ID()] = p.entry
			fresh = append(fresh, p.entry)
			counted = append(counted, p)
		}
	}
	if len(fresh) > 0 {
		if err := s.add(ctx, tx, h, fresh); err != nil {
			return err
		}
		if err := s.db.count(ctx, tx, counted); err != nil {
			return err
		}
	}
	for i, p := range batch {
		if e, found := kept[p.receipt.ID()]; found {
			answers[i] = s.compare(p, e)
		} else {
			answers[i] = answer{err: ErrErased}
		}
	}
	// If the commit fails, the next batch finds another log and checks it.
	s.trusted, err = h.tree()
	return err
}

// findKept returns the entries that have the id of a receipt of the batch.
func findKept(ctx context.Context, tx querier, batch []*pending) (map[string]*entry, error) {
	ids := make([]any, len(batch))
	for i, p := range batch {
		ids[i] = p.receipt.ID()
	}
	kept := make(map[string]*entry)
	err := queryIn(ctx, tx, `SELECT id, idx, salt, body, signature FROM entries WHERE id IN `, ids, func(rows *sql.Rows) error {
		var id string
		var e entry
		if err := rows.Scan(&id, &e.index, &e.salt, &e.body, &e.signature); err != nil {
			return err
		}
		kept[id] = &e
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for known ids: %w", err)
	}
	return kept, nil
}

// compare returns the answer for p, a receipt under whose id e is kept. The salt
// tells a receipt that was kept just now, by this very call, from an older one.
func (s *Store) compare(p *pending, e *entry) answer {
	signed := &Signed{Body: e.body, Signature: e.signature, Index: e.index}
	if bytes.Equal(e.salt, p.entry.salt) {
		return answer{signed: signed, fresh: true}
	}
	kept, err := s.open(e.index, e.body, e.signature)
	if err != nil {
		return answer{err: err}
	}
	if !kept.Same(p.receipt) {
		return answer{err: ErrConflict}
	}
	return answer{signed: signed}
}

// choiceKey and answerKey are what choices and answers are counted by.
type choiceKey struct {
	day, rev, lang string
	how            receipt.How
	outcome        receipt.Outcome
}

type answerKey struct{ day, rev, lang, category, answer string }

const (
	granted = "granted"
	refused = "refused"
)

// count adds receipts to the sums. What is necessary was not asked, and is not
// counted.
func (d *database) count(ctx context.Context, tx querier, list []*pending) error {
	choices, answers := make(map[choiceKey]int64), make(map[answerKey]int64)
	for _, p := range list {
		r := p.receipt
		day := r.Received().Format(time.DateOnly)
		choices[choiceKey{day, r.Rev(), r.Lang(), r.How(), r.Outcome()}]++
		for _, purpose := range r.Processing.Purposes {
			switch {
			case !purpose.Since.IsZero(): // counted when it was answered
			case purpose.State == receipt.Given:
				answers[answerKey{day, r.Rev(), r.Lang(), purpose.ID, granted}]++
			case purpose.State == receipt.NotGiven:
				answers[answerKey{day, r.Rev(), r.Lang(), purpose.ID, refused}]++
			}
		}
	}
	var choiceRows, answerRows [][]any
	for k, n := range choices {
		choiceRows = append(choiceRows, []any{k.day, k.rev, k.lang, string(k.how), string(k.outcome), n})
	}
	for k, n := range answers {
		answerRows = append(answerRows, []any{k.day, k.rev, k.lang, k.category, k.answer, n})
	}
	err := d.insert(ctx, tx, `choice_sums (day, rev, lang, how, outcome, n)`,
		` ON CONFLICT (day, rev, lang, how, outcome) DO UPDATE SET n = choice_sums.n + excluded.n`, choiceRows)
	if err == nil {
		err = d.insert(ctx, tx, `answer_sums (day, rev, lang, category, answer, n)`,
			` ON CONFLICT (day, rev, lang, category, answer) DO UPDATE SET n = answer_sums.n + excluded.n`, answerRows)
	}
	if err == nil {
		err = d.countAnew(ctx, tx, list)
	}
	if err != nil {
		return fmt.Errorf("count choices: %w", err)
	}
	return nil
}
