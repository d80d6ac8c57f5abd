package audit

import (
	"context"
	"errors"
	"slices"
	"strings"
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

// TestAudit_PlansWhatIsAsked: visitors come in their order; one whom the site does not have is a mistake.
func TestAudit_PlansWhatIsAsked(t *testing.T) {
	a := looking(t, Options{States: []StateName{Returning, OnlyState("statistics"), Unanswered}})
	if got, err := a.plan(); err != nil || !slices.Equal(got, []StateName{Unanswered, OnlyState("statistics"), Returning}) {
		t.Errorf("got %v and %v", got, err)
	}
	a.options.States = []StateName{OnlyState("advertising")}
	want := `no visitor "only:advertising" on this site; there are unanswered, refused, only:statistics, accepted`
	if got, err := a.plan(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v and %v, want %s", got, err, want)
	}
}
