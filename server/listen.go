package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/time/rate"
)

// unixPrefix is what the address of a unix socket begins with: unix:/run/temoin/temoin.sock.
const unixPrefix = "unix:"

// socketMode lets the owner and the group of a unix socket speak through it.
const socketMode = 0o660

// listen listens on host:port, where port 0 takes any that is free, or on
// unix:/path. It logs when connections cannot be taken.
func listen(addr string, log *slog.Logger) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(addr, unixPrefix)
	var listener net.Listener
	var err error
	switch {
	case addr == "": // to package net that is any port, for everybody
		return nil, errors.New("there is no address to listen on (-addr); want host:port, where port 0 takes a free one")
	case isUnix:
		listener, err = listenUnix(path)
	default:
		listener, err = net.Listen("tcp", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return &loudListener{Listener: listener, log: log, often: rate.Sometimes{First: 1, Interval: time.Minute}}, nil
}

// listenUnix listens on a socket, which goes when the listener closes. One that a
// killed server has left is taken over; one at which somebody answers is not, and
// neither is what is no socket.
func listenUnix(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s is there and is no socket", path)
	default:
		if connection, err := net.Dial("unix", path); err == nil {
			return nil, errors.Join(syscall.EADDRINUSE, connection.Close())
		}
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// urlOf returns the address at which a listener answers.
func urlOf(listener net.Listener, scheme string) string {
	address := listener.Addr()
	if address.Network() == "unix" {
		return unixPrefix + address.String()
	}
	return scheme + "://" + address.String()
}

// loudListener logs that no connection can be taken, for want of file
// descriptors mostly. net/http tries again, and tells nobody.
type loudListener struct {
	net.Listener
	log   *slog.Logger
	often rate.Sometimes
}

func (l *loudListener) Accept() (net.Conn, error) {
	connection, err := l.Listener.Accept()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		l.often.Do(func() { l.log.Error("connections cannot be taken", "error", err) })
	}
	return connection, err
}

// newHTTP returns a server whose clients may not dawdle.
func newHTTP(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(nameless{log.Handler()}, slog.LevelDebug),
	}
}

// nameless takes addresses out of what net/http logs: the log says of nobody
// that he was here.
type nameless struct{ slog.Handler }

func (n nameless) Handle(ctx context.Context, record slog.Record) error {
	words := strings.Fields(record.Message)
	for i, word := range words {
		if _, err := netip.ParseAddrPort(strings.TrimRight(word, ":,")); err == nil {
			words[i] = "(address)"
		}
	}
	record.Message = strings.Join(words, " ")
	return n.Handler.Handle(ctx, record)
}

// stop takes no more requests and lets those that run end; it breaks off those
// that take longer than within, which is no error.
func stop(server *http.Server, within time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests that take too long are broken off", "after", within)
		err = server.Close()
	}
	return err
}
