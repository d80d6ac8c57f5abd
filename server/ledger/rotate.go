package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// nextPath is the file of a key that is about to sign. It takes the place of the
// other once the log says that it signs: a program that ends in between leaves both,
// and the next one that opens the receipts goes on from there.
func (c StoreConfig) nextPath() string { return c.KeyPath() + ".next" }

// putAway is the file for a key that does not sign: "retired", or "unused".
func (c StoreConfig) putAway(as, verifier string) string {
	_, rest, _ := strings.Cut(verifier, "+") // name+hash+key
	hash, _, _ := strings.Cut(rest, "+")
	return c.KeyPath() + "." + as + "-" + hash
}

// Rotate has a new key sign the receipts: the old one signs an entry of the log that
// says so, and is put away, to the file that Rotate returns. why is store.Renewed or
// store.Leaked; by says who decided it, and may be "" for the first. A server that
// runs takes the new key by itself.
func Rotate(ctx context.Context, c StoreConfig, why store.Why, by string) (retired string, err error) {
	s, err := OpenStore(ctx, c, "", nil)
	if err != nil {
		return "", err
	}
	defer s.Close()
	old, err := receipt.LoadKey(c.KeyPath(), "")
	if err != nil {
		return "", err
	}
	if why == store.Leaked { // what lay beside the old key has leaked with it
		if err := c.dropNext(ctx); err != nil {
			return "", err
		}
	}
	next, err := receipt.LoadKey(c.nextPath(), old.Name())
	if err != nil {
		return "", err
	}
	if _, err := s.HandOver(ctx, next, why, by); err != nil {
		return "", errors.Join(err, c.dropNext(ctx))
	}
	if err := c.takeNext(); err != nil {
		return "", err
	}
	if now, err := receipt.LoadKey(c.KeyPath(), ""); err != nil || now.Verifier() != next.Verifier() {
		return "", errors.Join(fmt.Errorf("the log is signed by %s, which is not the key %s: look for it beside that one", next.Verifier(), c.KeyPath()), err)
	}
	return c.putAway("retired", old.Verifier()), nil
}

// ReplaceLost has a new key sign the receipts in the place of one that is lost. by
// says who decided it.
func ReplaceLost(ctx context.Context, c StoreConfig, by string) error {
	if _, err := os.Lstat(c.KeyPath()); err == nil {
		return fmt.Errorf("the key %s is there; it is lost only where there is none, nor a copy of it", c.KeyPath())
	}
	at := c.at()
	if begun, err := store.HasLog(ctx, at); err != nil || !begun {
		return errors.Join(errors.New("there are no receipts, and so no key that could be lost"), err)
	}
	old, err := store.LostVerifier(ctx, at)
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(old, "+")
	if at.Key, err = receipt.LoadKey(c.nextPath(), name); err != nil {
		return err
	}
	if _, err := store.ReplaceLost(ctx, at, old, by); err != nil {
		return errors.Join(err, c.dropNext(ctx))
	}
	return c.takeNext()
}

// dropNext puts the next key away where the log is not signed by it. It is not
// destroyed: a database that did not answer in time may still have taken it.
func (c StoreConfig) dropNext(ctx context.Context) error {
	if signs, err := c.nextSigns(ctx); err != nil || signs {
		return err
	}
	if _, err := os.Lstat(c.nextPath()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	next, err := receipt.LoadKey(c.nextPath(), "")
	if err != nil {
		return err
	}
	return os.Rename(c.nextPath(), c.putAway("unused", next.Verifier()))
}

// takeNext puts the next key into its place, and the one that is there away. Another
// program may do the same at the same time.
func (c StoreConfig) takeNext() error {
	if err := c.retire(); err != nil {
		return fmt.Errorf("put the old key away: %w", err)
	}
	if err := os.Rename(c.nextPath(), c.KeyPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("put the new key into its place: %w", err)
	}
	return store.SyncFolder(c.KeyPath())
}

// retire gives the key that is in its place the name under which it is put away.
func (c StoreConfig) retire() error {
	for _, path := range []string{c.KeyPath(), c.nextPath()} {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return nil // it is lost, or another program was quicker
		}
	}
	old, err := receipt.LoadKey(c.KeyPath(), "")
	if err != nil {
		return err
	}
	if err := store.Place(c.KeyPath(), c.putAway("retired", old.Verifier())); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// nextSigns reports whether there is a next key and it signs the log already.
func (c StoreConfig) nextSigns(ctx context.Context) (bool, error) {
	if _, err := os.Lstat(c.nextPath()); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	key, err := receipt.LoadKey(c.nextPath(), "")
	if err != nil {
		return false, err
	}
	at := c.at()
	at.Key, at.ReadOnly = key, true
	s, err := store.Open(ctx, at)
	if errors.Is(err, store.ErrKey) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, s.Close()
}

// finishRotation goes on where a program ended that was about to rotate the key.
func (c StoreConfig) finishRotation(ctx context.Context) error {
	signs, err := c.nextSigns(ctx)
	if err == nil && signs {
		err = c.takeNext()
	}
	if err != nil {
		return fmt.Errorf("finish the rotation of the key: %w", err)
	}
	return nil
}
