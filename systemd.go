//go:build !js

package main

import (
	"context"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tellSystemd tells systemd that the service is ready, and that it stops once ctx
// is done. Where systemd has not started it, it does nothing. See sd_notify(3).
func tellSystemd(ctx context.Context) {
	daemon.SdNotify(false, daemon.SdNotifyReady)
	context.AfterFunc(ctx, func() { daemon.SdNotify(false, daemon.SdNotifyStopping) })
}

// showLife tells systemd that the service still answers, where the unit has
// WatchdogSec, until ctx is done.
func showLife(ctx context.Context, answers http.Handler) {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil || limit == 0 {
		return
	}
	ticker := time.NewTicker(limit / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// What hangs here is never told, and systemd starts the service anew.
			if isAnswered(ctx, answers, "/healthz") {
				daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}

// isAnswered reports whether a handler answers a path with status 200.
func isAnswered(ctx context.Context, answers http.Handler, path string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, path, nil)
	if err != nil {
		return false
	}
	answer := &unsent{header: http.Header{}, status: http.StatusOK}
	answers.ServeHTTP(answer, r)
	return answer.status == http.StatusOK
}

// unsent is an answer of which only the status is kept.
type unsent struct {
	header http.Header
	status int
}

func (u *unsent) Header() http.Header         { return u.header }
func (u *unsent) WriteHeader(status int)      { u.status = status }
func (u *unsent) Write(p []byte) (int, error) { return len(p), nil }
