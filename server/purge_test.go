package server

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/ledger"
)

// TestPurge: a server erases what is older than the retention, and nothing younger.
// It runs for a minute at a time: the store is probed each ten seconds, so that days
// of it take minutes; that a purge comes each day ledger.TestPurge_ForgetsAttempts has.
func TestPurge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newKeepingServer(t, Config{Retention: &consent.Duration{Count: 3, Unit: consent.Day}})
		run := func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			s.ledger.Run(ctx, func() *ledger.Shown { return shown(s.site.Load()) })
		}
		keep := func() string {
			r := s.accepted()
			if got := s.answer(request(r.json())); got.StatusCode != 201 {
				t.Fatalf("got %d: %s", got.StatusCode, bodyOf(t, got))
			}
			return r.id()
		}
		status := func(id string) int {
			return s.answer(httptest.NewRequest("GET", "/api/consents/"+id, nil)).StatusCode
		}

		older := keep()
		time.Sleep(36 * time.Hour)
		younger := keep()
		time.Sleep(35 * time.Hour)
		run()
		if got := status(older); got != 200 {
			t.Errorf("a receipt of 71 hours: got %d, want it kept for three days", got)
		}
		time.Sleep(25 * time.Hour)
		run()
		if got := status(older); got != 404 {
			t.Errorf("a receipt of 96 hours: got %d, want it erased", got)
		}
		if got := status(younger); got != 200 {
			t.Errorf("a receipt of 60 hours: got %d, want it kept", got)
		}
	})
}
