package store_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// TestAppend_DatabaseSilent: the database's machine is gone, and says nothing of
// it: its connections stay open. Whoever waits is told in time, all of those
// connections are given up at once, and the next receipt is kept by the database
// that is reached then.
func TestAppend_DatabaseSilent(t *testing.T) {
	for name, at := range map[string]func(*testing.T, string) store.Config{
		"own connections": func(_ *testing.T, address string) store.Config { return store.Config{Database: address} },
		"shared connections": func(t *testing.T, address string) store.Config {
			pool, address := newPool(t, address)
			return inSchema(pool, address, "data.rivemont.example")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits for most of its time
			proxy, silence := silenceable(t, postgres(t).Database(t))
			outlivesSilence(t, at(t, proxy), silence)
		})
	}
}

func outlivesSilence(t *testing.T, c store.Config, silence func()) {
	t.Helper()
	c.Key = newKey(t)
	s := mustOpen(t, c)
	kept := fill(t, s, 1)
	if _, err := s.Find(t.Context(), kept[0]); err != nil {
		t.Fatal(err)
	}
	silence()
	// The answer before is looked for first: that has to end as well.
	patience, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := newReceipt(t, func(s *receipt.Submission, _ *receipt.Context) { s.From = kept[0] })
	if _, _, err := s.Append(patience, again); err == nil || patience.Err() != nil {
		t.Errorf("who had answered before: got %v, the caller's time was over: %t", err, patience.Err() != nil)
	}
	refused := newReceipt(t)
	if _, _, err := s.Append(t.Context(), refused); err == nil {
		t.Fatal("a receipt was kept by a database that says nothing")
	}
	if _, fresh, err := s.Append(t.Context(), refused); err != nil || !fresh {
		t.Errorf("once more: got fresh %t and %v", fresh, err)
	}
	for _, id := range append(kept, refused.ID()) {
		if _, err := s.Find(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	mustVerify(t, s, "", 2)
}

// silenceable passes connections on to a database. Once it is silenced, nothing
// more comes through those that are there, and nobody is told; new ones work.
func silenceable(t *testing.T, address string) (proxy string, silence func()) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	database := u.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var now atomic.Pointer[atomic.Bool] // whether the connections of now are silent
	now.Store(new(atomic.Bool))
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", database)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { client.Close(); server.Close() })
			silent := now.Load()
			go io.Copy(unlessSilent{client, silent}, server)
			go io.Copy(unlessSilent{server, silent}, client)
		}
	}()
	u.Host = listener.Addr().String()
	return u.String(), func() { now.Swap(new(atomic.Bool)).Store(true) }
}

// unlessSilent is a connection that what is written to gets lost in once it is silent.
type unlessSilent struct {
	net.Conn
	silent *atomic.Bool
}

func (c unlessSilent) Write(data []byte) (int, error) {
	if c.silent.Load() {
		return len(data), nil
	}
	return c.Conn.Write(data)
}
