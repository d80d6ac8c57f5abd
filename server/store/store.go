// Package store keeps receipts in a database, SQLite or PostgreSQL, so that
// what it has confirmed survives a crash and what it keeps cannot be changed
// unseen.
//
// # The log
//
// Receipts are entries of a log that can only grow. A Merkle tree (RFC 6962, by
// golang.org/x/mod/sumdb/tlog) stands over it: the leaf of an entry commits to
// its content by a salted hash, and after each batch the root is signed as a
// checkpoint ([receipt.Key.Checkpoint]). Whoever holds a checkpoint can show
// later that the log still holds everything it held then ([Store.Verify]), and
// a visitor that a receipt is in it ([Store.Find]).
//
// Content can be erased all the same ([Store.Erase], [Store.Purge]): body,
// salt, signature, id and time go, the leaf stays, and without the salt it says
// nothing of what it was made of. An erasure is itself an entry of the log, so
// that content which is missing without one is seen to be missing.
//
// What visitors were shown ([Store.Publish]) is committed to by entries, too.
//
// # Several programs on one database
//
// The one row of the table head is locked by whoever adds to the log. So several
// servers may share a PostgreSQL, given the same key, and commands may run
// beside a server on SQLite. There is nothing here but SQL that
// PostgreSQL-compatible distributed databases take too: no advisory locks,
// sequences, notifications or procedures; and a transaction that such a database
// asks to run again is run again.
package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/server/receipt"
)

// What a caller can do something about. Any other error is the database's.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("a receipt of this id is kept that says otherwise")
	ErrBusy     = errors.New("too many receipts are waiting, or the store is closed")
	ErrNewer    = errors.New("the database is of a newer version of the program")
	ErrKey      = errors.New("the log was signed with another key")
	ErrAddress  = errors.New("the address of the database cannot be used")
	ErrErased   = errors.New("the receipt of this id was erased")
	ErrCut      = errors.New("the log does not hold all that it held before")
)

// Config says where receipts are kept.
type Config struct {
	Database string           // postgres://…, or "" for SQLite in the file temoin.db of Dir
	Schema   string           // of PostgreSQL that holds the tables, made where it is missing; "" for the address's own
	Pool     *Pool            // connections to Database that are shared; nil for ones of its own
	Dir      string           // the data folder; made where it is missing
	Key      *receipt.Key     // signs receipts and checkpoints
	Log      *slog.Logger     // is told what no caller is; may be nil
	ReadOnly bool             // a database that cannot be written to is opened for reading
	Queue    int              // how many receipts may wait; 0 stands for 4096
	Now      func() time.Time // the clock; time.Now where it is nil
}

const defaultQueue = 4096

// Store keeps receipts. It is safe for concurrent use, and needs no restart
// after its database was gone, full or read-only for a while.
type Store struct {
	db       *database
	key      *receipt.Key
	log      *slog.Logger
	now      func() time.Time
	reigns   []reign  // of the keys that signed before this one
	editions sync.Map // of editionKey: *Edition

	closing sync.RWMutex // held for reading while something is queued
	closed  bool
	queue   chan *pending
	done    chan struct{}   // closed when all that was queued is answered
	trusted tlog.Tree       // what the goroutine that commits has signed last
	ctx     context.Context // of that goroutine
	cancel  context.CancelFunc
}

var discard = slog.New(slog.DiscardHandler)

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = discard
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Open opens the store and brings its tables up to date, one program at a time.
// It fails with [ErrNewer] where the database is of a newer version of the
// program, and with [ErrKey] where its log is signed by another key.
func Open(ctx context.Context, c Config) (*Store, error) {
	c = c.withDefaults()
	db, err := openDatabase(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{
		db:    db,
		key:   c.Key,
		log:   c.Log,
		now:   c.Now,
		queue: make(chan *pending, cmp.Or(c.Queue, defaultQueue)),
		done:  make(chan struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := s.begin(ctx); err != nil {
		db.close()
		return nil, fmt.Errorf("open store: %w", err)
	}
	go s.commitQueued()
	return s, nil
}

// begin binds a new log to the key, by a checkpoint of no entries, and an old
// one to the key it was begun with.
func (s *Store) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, transactionTime)
	defer cancel()
	first, err := s.firstCheckpoint(ctx, s.db.read)
	if errors.Is(err, ErrNotFound) {
		err = s.db.transact(ctx, func(ctx context.Context, tx querier) error {
			// The head is locked first: of two programs that begin at once, the
			// second looks after the first has committed.
			h, err := s.db.lockHead(ctx, tx)
			if err != nil {
				return err
			}
			if first, err = s.firstCheckpoint(ctx, tx); !errors.Is(err, ErrNotFound) {
				return err // another program was quicker
			}
			if h.size > 0 {
				return nil // a log without checkpoints was changed: Verify says so
			}
			first, err = sign(ctx, tx, h, s.key)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("begin log: %w", err)
	}
	if s.reigns, err = s.readReigns(ctx, s.db.read); err != nil {
		return err
	}
	// Only whose signature it is counts here. Whether it holds is for Verify
	// to say, which could not run if Open failed.
	if err := checkSigner(s.keyOf(0), first); err != nil {
		return err
	}
	return s.keepVerifier(ctx)
}

// keepVerifier keeps the public part of the key, without which nobody could tell
// what the key has signed once it is lost.
func (s *Store) keepVerifier(ctx context.Context) error {
	if kept, err := s.Setting(ctx, verifierSetting); err != nil || kept == s.key.Verifier() || s.db.readOnly {
		return err
	}
	return s.SetSetting(ctx, verifierSetting, s.key.Verifier())
}

// closeTime is how long Close waits for a database that does not answer.
const closeTime = 8 * time.Second

// Close refuses what comes from now on, commits what is queued, and closes the
// database. What a database that hangs does not take within 8 seconds is not
// kept, and whoever waits for it is told.
func (s *Store) Close() error {
	s.closing.Lock()
	wasOpen := !s.closed
	s.closed = true
	s.closing.Unlock()
	if !wasOpen {
		return nil
	}
	close(s.queue)
	defer time.AfterFunc(closeTime, s.cancel).Stop()
	<-s.done
	s.cancel()
	return s.db.close()
}

// UsedSetting is the name of the setting that says when the database was last in
// use: the last [Store.Ping], in RFC 3339.
const UsedSetting = "pinged"

// Ping asks the database whether the log can be added to: whoever does that locks its
// head, which somebody else may keep locked.
func (s *Store) Ping(ctx context.Context) error {
	err := s.db.transact(ctx, func(ctx context.Context, tx querier) error {
		if _, err := s.db.lockHead(ctx, tx); err != nil {
			return err
		}
		return setSetting(ctx, tx, UsedSetting, s.now().UTC().Format(time.RFC3339))
	})
	if err != nil {
		return fmt.Errorf("ask whether the log can be added to: %w", err)
	}
	return nil
}

// Queued returns how many receipts wait to be committed.
func (s *Store) Queued() int { return len(s.queue) }
