//go:build !js

package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// listenAsSystemd takes what a service tells systemd.
func listenAsSystemd(t *testing.T) (hear func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		t.Helper()
		said := make([]byte, 100)
		socket.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := socket.Read(said)
		if err != nil {
			t.Fatal(err)
		}
		return string(said[:n])
	}
}

// showLifeUntilEnd has a handler watched, until the function that it returns is called.
func showLifeUntilEnd(t *testing.T, answers http.HandlerFunc) (end func()) {
	t.Helper()
	t.Setenv("WATCHDOG_USEC", "30000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { showLife(ctx, answers) })
	return func() {
		cancel()
		watching.Wait()
	}
}

func TestTellSystemd(t *testing.T) {
	hear := listenAsSystemd(t)
	ctx, stop := context.WithCancel(t.Context())
	tellSystemd(ctx)
	if got := hear(); got != "READY=1" {
		t.Errorf("systemd heard %q, want READY=1", got)
	}
	stop()
	if got := hear(); got != "STOPPING=1" {
		t.Errorf("systemd heard %q, want STOPPING=1", got)
	}
}

func TestShowLife(t *testing.T) {
	hear := listenAsSystemd(t)
	end := showLifeUntilEnd(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	defer end()
	for range 2 {
		if got := hear(); got != "WATCHDOG=1" {
			t.Errorf("systemd heard %q, want WATCHDOG=1", got)
		}
	}
}

// TestShowLife_NoAnswer: a server that does not answer well shows no sign of life.
func TestShowLife_NoAnswer(t *testing.T) {
	hear := listenAsSystemd(t)
	asked := make(chan struct{})
	end := showLifeUntilEnd(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		select {
		case asked <- struct{}{}:
		case <-r.Context().Done():
		}
	})
	<-asked
	<-asked
	end()
	tellSystemd(t.Context())
	if got := hear(); got != "READY=1" {
		t.Errorf("systemd heard %q, want nothing before READY=1", got)
	}
}
