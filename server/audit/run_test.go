package audit

import (
	"context"
	"errors"
	"testing"
)

// looking returns an audit of a site whose banner is Témoin's, before any state was looked at.
func looking(t *testing.T, o Options) *audit {
	t.Helper()
	c := crawling(t, "")
	return &audit{options: o, site: c.site, crawl: c, seen: &Observation{Temoin: &Temoin{Categories: []string{"statistics"}}}}
}

// TestAudit_Interrupted: an audit that was interrupted is none, be it in the last state, and in
// whatever that makes of it.
func TestAudit_Interrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	a := looking(t, Options{})
	err := a.lookAll(ctx, func(_ context.Context, name StateName) error {
		if name == Returning {
			interrupt()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was interrupted", err)
	}
}
