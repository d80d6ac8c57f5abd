package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/store"
)

// purgeTime is how long lies between two purges, and between what a new retention is
// said to erase and its erasing.
const purgeTime = 24 * time.Hour

// retentionSetting is the name of the setting "<duration> since <time>".
const retentionSetting = "retention"

// CheckRetention refuses to keep receipts for a shorter time than the choices
// that they prove (GDPR, article 7(1)).
func CheckRetention(retention, lifetime consent.Duration) error {
	if retention.AtMost || retention.Length() < lifetime.Length() {
		return fmt.Errorf("-retention is %q, want a duration such as \"25 months\", and at least %q, for which the catalogue keeps a choice (cookie.lifetime)", retention, lifetime)
	}
	return nil
}

// purge erases the receipts that are older than the retention, unless the clock
// is in doubt, or the retention is new and has yet to be said. Attempts to sign
// in, and sessions, are forgotten by any clock: nobody misses them.
func (l *Ledger) purge(ctx context.Context, s *store.Store) {
	now := l.config.Now()
	if err := s.DropExpired(ctx, now); err != nil && ctx.Err() == nil {
		l.fault("purge", err)
	}
	before := now.Add(-l.retention.Load().Length())
	if believed, err := l.believesClock(ctx, s, now); err != nil || !believed {
		l.purgeEnded(ctx, 0, before, err)
		return
	}
	if said, err := l.saysRetention(ctx, s, now, before); err != nil || !said {
		l.purgeEnded(ctx, 0, before, err)
		return
	}
	erased, err := s.Purge(ctx, before)
	l.purgeEnded(ctx, erased, before, err)
}

// purgeEnded logs how far a purge has come.
func (l *Ledger) purgeEnded(ctx context.Context, erased int64, before time.Time, err error) {
	if err != nil && ctx.Err() == nil {
		l.fault("purge", err)
		return
	}
	if err != nil {
		l.config.Log.Info("purge cut short, the next start goes on with it", "erased", erased)
		return
	}
	if erased > 0 {
		l.config.Log.Info("receipts purged", "erased", erased, "received before", before.UTC().Format(time.DateOnly))
	}
}

// saysRetention says what a retention will erase that this log has not had
// before. It returns whether that was said long enough ago.
func (l *Ledger) saysRetention(ctx context.Context, s *store.Store, now, before time.Time) (bool, error) {
	setting, err := s.Setting(ctx, retentionSetting)
	if err != nil {
		return false, err
	}
	last, since, _ := strings.Cut(setting, " since ")
	if last == l.retention.Load().String() {
		said, err := time.Parse(time.RFC3339, since)
		return err != nil || now.Sub(said) >= purgeTime, nil
	}
	n, err := s.CountBefore(ctx, before)
	if err != nil {
		return false, err
	}
	said := now
	if n == 0 {
		said = now.Add(-purgeTime) // there is nothing to wait for
	} else {
		l.config.Log.Warn("the retention is new: in a day receipts will be erased, unless another one is set",
			"retention", l.retention.Load(), "earlier", last, "receipts", n, "received before", before.UTC().Format(time.DateOnly))
	}
	err = s.SetSetting(ctx, retentionSetting, l.retention.Load().String()+" since "+said.UTC().Format(time.RFC3339))
	return n == 0, err
}
