package store_test

import (
	"strings"
	"testing"

	"temoin.example/temoin/server/store"
	"temoin.example/temoin/server/tools/pgtest"
)

// TestOpen_Standby: a server finds the primary among several, whichever stands
// first in the address, and keeps to no standby. Who only reads may read there.
func TestOpen_Standby(t *testing.T) {
	primary := pgtest.Start(t)
	standby, err := primary.NewStandby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(standby.Stop)
	c := store.Config{Key: newKey(t)}
	at := func(address string) store.Config {
		c := c
		c.Database = address
		return c
	}

	// Without a word about it, as with one.
	both := pgtest.Both(standby, primary)
	plain, _, _ := strings.Cut(both, "&target_session_attrs")
	for _, address := range []string{both, plain} {
		s := mustOpen(t, at(address))
		fill(t, s, 10)
		if _, err := s.Checkpoint(t.Context()); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}

	if _, err := store.Open(t.Context(), at(standby.URL())); err == nil || !strings.Contains(err.Error(), "standby") {
		t.Errorf("a server on a standby: got %v, want an error that says what it is", err)
	}
	reader := at(standby.URL())
	reader.ReadOnly = true
	mustVerify(t, mustOpen(t, reader), "", 20)
}
