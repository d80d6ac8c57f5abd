package ledger

import (
	"context"
	"fmt"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/store"
)

const (
	// jump is how far the clock may be ahead of when the log was last in use
	// before it is doubted, trial how long it has to go on from there before it is
	// believed.
	jump  = 30 * 24 * time.Hour
	trial = 7 * 24 * time.Hour
	// lag is how far it may be behind that before it is doubted.
	lag = consent.ClockSkew / 2
)

// The names of settings. The store notes itself when it was last in use.
const (
	jumpSetting    = "clock-jumped"  // when that was noticed, by the clock that had jumped
	trustedSetting = "clock-trusted" // when the log was last in use before that
)

// doubt says why this server's clock is not believed.
type doubt int

const (
	clockRight doubt = iota
	clockAhead
	clockBehind
)

// believesClock reports whether receipts may be erased by this clock. One that
// is a month or more ahead of when the log was last in use may have jumped: it
// has to go on for a week from there.
func (l *Ledger) believesClock(ctx context.Context, s *store.Store, now time.Time) (bool, error) {
	doubt, err := l.watchClock(ctx, s, now)
	if err != nil || doubt != clockAhead {
		return err == nil, err
	}
	jumped, _, err := timeSetting(ctx, s, jumpSetting)
	if err != nil || now.Sub(jumped) < trial {
		return false, err
	}
	return true, s.SetSetting(ctx, jumpSetting, "")
}

// watchClock compares the clock with when the log was last in use, and notes
// where it has jumped ahead, or back again.
func (l *Ledger) watchClock(ctx context.Context, s *store.Store, now time.Time) (doubt, error) {
	used, found, err := timeSetting(ctx, s, store.UsedSetting)
	if err != nil || !found {
		return clockRight, err
	}
	jumped, doubted, err := timeSetting(ctx, s, jumpSetting)
	switch {
	case err != nil:
		return clockRight, err
	case now.Sub(used) > jump:
		return clockAhead, l.noteJump(ctx, s, now, used, doubted)
	case doubted && now.Before(jumped):
		return l.noteReturn(ctx, s, now)
	case doubted:
		return clockAhead, nil
	}
	return l.compareBehind(now, used), nil
}

// noteJump notes that the clock has jumped ahead of when the log was last in use. Where
// it had jumped before, what it came from counts.
func (l *Ledger) noteJump(ctx context.Context, s *store.Store, now, used time.Time, doubted bool) error {
	l.config.Log.Warn("the clock is far ahead of when the receipts were last in use; if it is right, purging begins in a week",
		"clock", now.UTC().Format(time.RFC3339), "last in use", used.UTC().Format(time.RFC3339))
	if !doubted {
		if err := setTime(ctx, s, trustedSetting, used); err != nil {
			return err
		}
	}
	return setTime(ctx, s, jumpSetting, now)
}

// noteReturn notes that a clock that had jumped ahead has come back: all the way, or to
// where it has yet to go on for as long as before.
func (l *Ledger) noteReturn(ctx context.Context, s *store.Store, now time.Time) (doubt, error) {
	trusted, found, err := timeSetting(ctx, s, trustedSetting)
	if err != nil {
		return clockRight, err
	}
	if found && now.Sub(trusted) > jump {
		return clockAhead, setTime(ctx, s, jumpSetting, now)
	}
	if err := s.SetSetting(ctx, jumpSetting, ""); err != nil {
		return clockRight, err
	}
	return clockRight, s.Ping(ctx) // or the log would have been in use in the future
}

// compareBehind reports whether the clock is behind of when the log was in use. That is
// kept here alone: the next time that the log is in use takes the place of the last.
func (l *Ledger) compareBehind(now, used time.Time) doubt {
	if latest := l.latest.Load(); used.Sub(now) > lag && used.Unix() > latest {
		l.latest.Store(used.Unix())
		l.config.Log.Warn("the clock is behind of when the receipts were last in use; choices that are of the future by it wait in their pages",
			"clock", now.UTC().Format(time.RFC3339), "last in use", used.UTC().Format(time.RFC3339))
	}
	if l.latest.Load() > now.Unix() {
		return clockBehind
	}
	l.latest.Store(0)
	return clockRight
}

// checkTime returns why a choice cannot have been made when it says: for good, where
// this server's clock is right, and else until it is.
func (l *Ledger) checkTime(ctx context.Context, s *store.Store, record *consent.Record, lifetime consent.Duration, now time.Time) error {
	ahead := record.At.Sub(now)
	early := ahead > consent.ClockSkew
	if !early && record.Valid(now, lifetime.Length()) {
		return nil
	}
	watching, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	switch doubt, err := l.watchClock(watching, s, now); {
	case err != nil:
		return l.failed(ctx, "watch the clock", err)
	case early && doubt == clockBehind, !early && doubt == clockAhead:
		l.turnAway(now)
		return ErrClock
	case early:
		return fmt.Errorf("%w: at is %d, %s ahead of this server's clock, want at most %s", ErrEarly, record.At.Unix(), ahead.Round(time.Second), consent.ClockSkew)
	}
	return fmt.Errorf("%w: at is %d, want a choice of the last %s", ErrRefused, record.At.Unix(), lifetime)
}

// turnAway notes that receipts are not kept because the clock is in doubt.
func (l *Ledger) turnAway(now time.Time) {
	if !l.untimely.Swap(true) {
		l.config.Log.Error("receipts are turned away, since this server's clock is in doubt; set it right, and pages send them again", "clock", now.UTC().Format(time.RFC3339))
	}
}

// welcome notes that the clock is no longer in doubt.
func (l *Ledger) welcome() {
	if l.untimely.Swap(false) {
		l.config.Log.Info("the clock is no longer in doubt, and receipts are kept again")
	}
}

// timeSetting returns a setting that holds a time; found is whether it is set.
func timeSetting(ctx context.Context, s *store.Store, name string) (t time.Time, found bool, err error) {
	value, err := s.Setting(ctx, name)
	if err != nil || value == "" {
		return t, false, err
	}
	if t, err = time.Parse(time.RFC3339, value); err != nil {
		return t, false, fmt.Errorf("setting %s: %w", name, err)
	}
	return t, true, nil
}

func setTime(ctx context.Context, s *store.Store, name string, t time.Time) error {
	return s.SetSetting(ctx, name, t.UTC().Format(time.RFC3339))
}
