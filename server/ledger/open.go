package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// StoreConfig says where receipts are kept.
type StoreConfig struct {
	// Data is the folder of the key and of the embedded database; without one, no
	// receipts are kept.
	Data string
	// Database is the address of a PostgreSQL database; "" for the embedded one.
	Database string
	// Schema is the schema of that database which holds the tables; "" for the address's own.
	Schema string
	// Pool are connections to that database which are shared; nil for ones of its own.
	Pool *store.Pool
	// Key is the path of the signing key; "" for the file "key" in the folder.
	Key string
	// Now is the clock; time.Now where it is nil.
	Now func() time.Time
}

// KeyPath is where the key is.
func (c StoreConfig) KeyPath() string {
	if c.Key != "" {
		return c.Key
	}
	return filepath.Join(c.Data, "key")
}

// ForSite makes the configuration that of one site of many: a folder of its own, and in
// a database that they share a schema of its own.
func (c *StoreConfig) ForSite(name string) {
	if c.Data != "" {
		c.Data = filepath.Join(c.Data, name)
	}
	if c.Database != "" {
		c.Schema = store.SchemaOf(name)
	}
}

// at says where the database is.
func (c StoreConfig) at() store.Config {
	return store.Config{Database: c.Database, Schema: c.Schema, Pool: c.Pool, Dir: c.Data}
}

// mayMakeKey returns an error where no new key may be made in the place of one
// that is missing: by a command, and where a log has begun with the one that is
// lost, be it there or lost as well. missing says why it is.
func (c StoreConfig) mayMakeKey(ctx context.Context, name string, missing error) error {
	if name == "" {
		return fmt.Errorf("open receipts: no key, which the server makes at its first start: %w", missing)
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("open receipts: %w", err)
	}
	begun, err := store.HasLog(ctx, c.at())
	switch {
	case errors.Is(err, store.ErrAddress):
		return fmt.Errorf("%w: %w", errConfigured, err)
	case err != nil:
		return fmt.Errorf("open receipts: %w", err)
	case begun:
		return fmt.Errorf("%w: the key %s is lost, and the receipts were signed with it; bring a copy of it here, of a backup or from another server of the site, "+
			"or, if there is none anywhere, have a new one take its place: temoin receipts rotate-key -lost (docs/receipts.md)", errConfigured, c.KeyPath())
	}
	if _, err := os.Stat(c.CheckpointPath()); err == nil {
		return fmt.Errorf("%w: the key %s is lost, and so is the database that the checkpoint %s is of; bring copies of both back, "+
			"or move the checkpoint away to begin anew (docs/receipts.md)", errConfigured, c.KeyPath(), c.CheckpointPath())
	}
	return nil
}

// hasBegun returns an error where there is no log: a command that began one would back up,
// count or set a password in what no server uses.
func (c StoreConfig) hasBegun(ctx context.Context) error {
	begun, err := store.HasLog(ctx, c.at())
	switch {
	case begun || err != nil: // what is wrong with it, opening it says
		return nil
	case c.Schema != "":
		return fmt.Errorf("open receipts: the database holds none in the schema %s, though there is the key %s; want the -database that the server is given", c.Schema, c.KeyPath())
	case c.Database != "":
		return fmt.Errorf("open receipts: the database holds none, though there is the key %s; want the -database that the server is given", c.KeyPath())
	}
	return fmt.Errorf("open receipts: no %s, though there is the key %s; if the server keeps receipts in PostgreSQL, give its address by -database", filepath.Join(c.Data, store.FileName), c.KeyPath())
}

// OpenStore opens the store of receipts. name is who signs, where key and log have
// yet to be made; without one, as of a command, both have to be there.
func OpenStore(ctx context.Context, c StoreConfig, name string, log *slog.Logger) (*store.Store, error) {
	path := c.KeyPath()
	if err := c.finishRotation(ctx); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		if err := c.mayMakeKey(ctx, name, err); err != nil {
			return nil, err
		}
	}
	key, err := receipt.LoadKey(path, name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errConfigured, err)
	}
	if name == "" {
		if err := c.hasBegun(ctx); err != nil {
			return nil, err
		}
	}
	at := c.at()
	at.Key, at.Log, at.Now, at.ReadOnly = key, log, c.Now, name == ""
	s, err := store.Open(ctx, at)
	if errors.Is(err, store.ErrNewer) || errors.Is(err, store.ErrKey) || errors.Is(err, store.ErrAddress) {
		return nil, fmt.Errorf("%w: %w", errConfigured, err)
	}
	return s, err
}

// Shown is what visitors are shown, which their receipts name.
type Shown struct {
	// Signer names who signs, where the key has yet to be made: the site's host.
	Signer string
	// Editions are the texts, one for each language. All have the same Rev and Text.
	Editions []store.Edition
}

// Open opens the store where it is not open yet, and gives it the texts that
// visitors are shown. It may be called at any time, by several at once. Only what
// waiting does not mend is an error: for the rest, [Ledger.Run] tries again.
func (l *Ledger) Open(ctx context.Context, shown Shown) error {
	l.opening.Lock()
	defer l.opening.Unlock()
	if l.closed {
		return nil
	}
	if l.store.Load() == nil {
		s, err := OpenStore(ctx, l.config.Store, shown.Signer, l.config.Log)
		if errors.Is(err, errConfigured) {
			return err
		}
		if err != nil {
			l.fault("open", err)
			return nil
		}
		l.keepCheckpoint(ctx, s) // before anything is added: it sees where an older copy ends
		l.store.Store(s)
	}
	// Others wait for this: visitors, and the catalogues of other sites.
	publishing, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	if err := l.publish(publishing, shown.Editions); err != nil {
		l.fault("publish texts", err)
	}
	return nil
}

// publish gives the store what visitors are shown, once.
func (l *Ledger) publish(ctx context.Context, editions []store.Edition) error {
	if len(editions) == 0 || l.published == nameOf(editions) {
		return nil
	}
	for _, edition := range editions {
		if err := l.store.Load().Publish(ctx, edition); err != nil {
			return err
		}
	}
	l.published = nameOf(editions)
	return nil
}

// nameOf names what visitors are shown in all languages together.
func nameOf(editions []store.Edition) string { return editions[0].Rev + editions[0].Text }

// Close writes what has been counted, and closes the store for good.
func (l *Ledger) Close() error {
	l.opening.Lock()
	defer l.opening.Unlock()
	l.closed = true
	s := l.store.Load()
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	l.Flush(ctx)
	l.keepCheckpoint(ctx, s)
	return s.Close()
}
