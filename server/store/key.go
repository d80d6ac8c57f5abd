package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/server/receipt"
)

// Handover is where another key begins to sign the log. It is an entry of the log,
// which the old key signs, and the checkpoint behind it is the first of the new one:
// each vouches for the other, and what the old key has signed stays proven.
type Handover struct {
	Kind string    `json:"kind"` // "key"
	At   time.Time `json:"at"`   // UTC, to the second
	Why  Why       `json:"why"`
	By   string    `json:"by,omitempty"` // who said so, in their own words
	Old  string    `json:"old"`          // verifier keys: see receipt.Key.Verifier
	New  string    `json:"new"`
}

// Why is the reason for which another key signs.
type Why string

// The reasons. A key that is lost can sign nothing: then the new one signs the
// entry, and that it may is the word of who is named.
const (
	Renewed Why = "renewed"
	Leaked  Why = "leaked"
	Lost    Why = "lost"
)

// signer is the key that signs the entry.
func (h *Handover) signer() string {
	if h.Why == Lost {
		return h.New
	}
	return h.Old
}

// verifierSetting is the name of the setting that keeps the public part of the key,
// for the day on which the key is lost.
const verifierSetting = "verifier"

// reign is how long a key signs.
type reign struct {
	verifier string
	last     int64 // the entry that hands over to the next key
}

// keyOf returns the verifier of the key that signs the entry at index, or the
// checkpoint of that many entries.
func (s *Store) keyOf(index int64) string {
	for _, r := range s.reigns {
		if index <= r.last {
			return r.verifier
		}
	}
	return s.key.Verifier()
}

// reignOf returns the newest size of the log that the key of an entry has signed.
func (s *Store) reignOf(index int64) int64 {
	for _, r := range s.reigns {
		if index <= r.last {
			return r.last
		}
	}
	return math.MaxInt64
}

// openCheckpoint opens a checkpoint that any key of the log has signed.
func (s *Store) openCheckpoint(checkpoint string) (tree tlog.Tree, err error) {
	tree, err = receipt.OpenCheckpoint(s.key.Verifier(), checkpoint)
	for _, r := range s.reigns {
		if err == nil {
			break
		}
		if earlier, fault := receipt.OpenCheckpoint(r.verifier, checkpoint); fault == nil {
			tree, err = earlier, nil
		}
	}
	return tree, err
}

// readReigns reads which keys have signed the log, up to the present one.
func (s *Store) readReigns(ctx context.Context, q querier) (reigns []reign, err error) {
	var newest string
	err = s.eachTurn(ctx, q, kindKey, func(index int64, body, signature []byte) error {
		h, err := parseHandover(body)
		if err == nil {
			err = receipt.VerifySignature(h.signer(), body, signature)
		}
		if err == nil && newest != "" && newest != h.Old {
			err = errors.New("it hands over from another key than the one that signed")
		}
		if err != nil {
			return fmt.Errorf("entry %d of the log, with which another key begins, was changed: %w", index, err)
		}
		newest = h.New
		reigns = append(reigns, reign{h.Old, index})
		return nil
	})
	if err == nil && newest != "" && newest != s.key.Verifier() {
		return nil, fmt.Errorf("%w: by now %s signs it, and not %s", ErrKey, newest, s.key.Verifier())
	}
	return reigns, err
}

func parseHandover(body []byte) (*Handover, error) {
	h := new(Handover)
	if err := json.Unmarshal(body, h); err != nil {
		return nil, err
	}
	if h.Kind != kindKey || h.Old == "" || h.New == "" {
		return nil, errors.New("it is no handover")
	}
	return h, nil
}

// CheckKey fails with [ErrKey] where another key has begun to sign the log since the
// store was opened.
func (s *Store) CheckKey(ctx context.Context) error {
	newest, err := s.Checkpoint(ctx)
	if err != nil {
		return err
	}
	return checkSigner(s.key.Verifier(), newest)
}

// checkSigner fails with [ErrKey] where a checkpoint is of another key.
func checkSigner(verifier, checkpoint string) error {
	_, err := receipt.OpenCheckpoint(verifier, checkpoint)
	if _, unknown := errors.AsType[*note.UnverifiedNoteError](err); unknown {
		return fmt.Errorf("%w than %s; every program on one database needs the same key file", ErrKey, verifier)
	}
	return nil // whether it holds is for Verify to say
}

// HandOver has next sign the log from now on. The store itself can add nothing any
// more: open it anew, with next.
func (s *Store) HandOver(ctx context.Context, next *receipt.Key, why Why, by string) (*Handover, error) {
	if by != "" || why != Renewed {
		var err error
		if by, err = WhoSays(by); err != nil {
			return nil, err
		}
	}
	h := s.handoverTo(next, s.key.Verifier(), why, by)
	if err := s.handOver(ctx, s.key, next, h); err != nil {
		return nil, fmt.Errorf("hand over to another key: %w", err)
	}
	return h, nil
}

// handoverTo returns the entry with which a key takes the place of the old one.
func (s *Store) handoverTo(next *receipt.Key, old string, why Why, by string) *Handover {
	return &Handover{kindKey, s.now().UTC().Truncate(time.Second), why, by, old, next.Verifier()}
}

func (s *Store) handOver(ctx context.Context, signer, next *receipt.Key, handover *Handover) error {
	body, err := json.Marshal(handover)
	if err != nil {
		return err
	}
	return s.db.transact(ctx, func(ctx context.Context, tx querier) error {
		h, err := s.db.lockHead(ctx, tx)
		if err != nil {
			return err
		}
		if err := trust(ctx, tx, h, handover.Old); err != nil {
			return err
		}
		e := &entry{kind: kindKey, body: body, signature: signer.Sign(body), leaf: receipt.Commitment(nil, body)}
		if err := s.turn(ctx, tx, h, e, next); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE settings SET value = $1 WHERE name = $2`, next.Verifier(), verifierSetting)
		return err
	})
}

// LostVerifier returns the public part of the key that signs the log, which the log
// has kept for the day on which the key is lost. It fails with [ErrNotFound] where it
// has not.
func LostVerifier(ctx context.Context, c Config) (verifier string, err error) {
	err = withoutKey(ctx, c, func(s *Store) error {
		verifier, err = s.Setting(ctx, verifierSetting)
		if err == nil && verifier == "" {
			err = fmt.Errorf("the public part of the lost key: %w", ErrNotFound)
		}
		return err
	})
	return verifier, err
}

// ReplaceLost has c.Key sign the log from now on, in the place of the key old that
// is lost. by says who decided it.
func ReplaceLost(ctx context.Context, c Config, old, by string) (h *Handover, err error) {
	if by, err = WhoSays(by); err != nil {
		return nil, err
	}
	err = withoutKey(ctx, c, func(s *Store) error {
		h = s.handoverTo(c.Key, old, Lost, by)
		return s.handOver(ctx, c.Key, c.Key, h)
	})
	if err != nil {
		return nil, fmt.Errorf("replace the lost key: %w", err)
	}
	return h, nil
}

// withoutKey calls do with a store that is bound to no key.
func withoutKey(ctx context.Context, c Config, do func(*Store) error) error {
	c = c.withDefaults()
	db, err := openDatabase(ctx, c)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	return errors.Join(do(&Store{db: db, key: c.Key, now: c.Now}), db.close())
}
