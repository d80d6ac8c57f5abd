package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

func TestCheckRetention(t *testing.T) {
	lifetime := consent.Duration{Count: 6, Unit: consent.Month}
	for retention, want := range map[string]bool{
		"session": false, "1 day": false, "179 days": false, "180 days": true, "6 months": true, "25 months": true,
	} {
		d, err := consent.ParseDuration(retention)
		if err != nil {
			t.Fatal(err)
		}
		err = CheckRetention(d, lifetime)
		if (err == nil) != want {
			t.Errorf("%s: got %v", retention, err)
		}
		if err != nil && (!strings.Contains(err.Error(), retention) || !strings.Contains(err.Error(), "6 months")) {
			t.Errorf("%s: the error does not say what was wrong and what would be right: %v", retention, err)
		}
	}
}

var asked = &consent.Catalogue{
	Site:   consent.Site{Name: consent.Text{"fr": "Données"}, URL: "https://data.rivemont.example"},
	Cookie: consent.CookieSettings{Name: "cookies_preferences", Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
	Categories: []consent.Category{
		{ID: "necessary", Necessary: true, Title: consent.Text{"fr": "Nécessaires"}},
		{ID: "statistics", Title: consent.Text{"fr": "Statistiques"}},
	},
	Services: []consent.Service{
		{ID: "counter", Category: "statistics", Name: consent.Text{"fr": "Compteur"}, Provider: "Nous", Purpose: consent.Text{"fr": "Compter."}},
	},
	Languages: []string{"fr"},
}

// running runs a ledger that retains receipts for so long, until the test or
// stop ends it.
func running(t *testing.T, dir, retention string) (l *Ledger, log *bytes.Buffer, stop func()) {
	t.Helper()
	kept, err := consent.ParseDuration(retention)
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	shown := Shown{Signer: "data.rivemont.example", Editions: []store.Edition{
		{Rev: asked.Rev(), Text: "0123456789abcdef", Lang: "fr", Catalogue: catalogue, Body: []byte("{}")},
	}}
	log = new(bytes.Buffer)
	l = New(Config{Store: StoreConfig{Data: dir}, Retention: kept, Version: "v1", Log: slog.New(slog.NewTextHandler(log, nil))})
	if err := l.Open(t.Context(), shown); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		l.Run(ctx, func() *Shown { return &shown })
	}()
	return l, log, func() {
		cancel()
		<-ended
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func keep(t *testing.T, l *Ledger) string {
	t.Helper()
	record := &consent.Record{ID: consent.NewID(), Rev: asked.Rev(), At: time.Now(), Choices: asked.Refuse()}
	_, _, err := l.Keep(t.Context(), &receipt.Submission{Record: record, How: receipt.BannerRefuse, Lang: "fr", Text: "0123456789abcdef"}, asked.Site.URL, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return record.ID
}

// keepsOn: a ledger that is opened anew keeps a receipt, and all is well with it.
func keepsOn(t *testing.T, dir string) {
	t.Helper()
	l, log, stop := running(t, dir, "6 months")
	keep(t, l)
	if !l.Healthy() {
		t.Errorf("the server says\n%s", log)
	}
	stop()
}

// lasts reports whether a receipt is kept once a ledger has run for a minute, and what that one logged.
func lasts(t *testing.T, dir, retention, id string) (kept bool, said string) {
	t.Helper()
	l, log, stop := running(t, dir, retention)
	time.Sleep(time.Minute)
	kept = isKept(t, l, id)
	stop()
	return kept, log.String()
}

func isKept(t *testing.T, l *Ledger, id string) bool {
	t.Helper()
	_, err := l.Find(t.Context(), id)
	return err == nil
}

const day = 24 * time.Hour

// TestPurge_NewRetention: what a shorter retention will erase is said a day
// before, also across a restart.
func TestPurge_NewRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l, _, stop := running(t, dir, "25 months")
		id := keep(t, l)
		stop()
		for range 10 { // in use every other week
			time.Sleep(20 * day)
			_, _, stop = running(t, dir, "25 months")
			time.Sleep(time.Minute)
			stop()
		}

		kept, said := lasts(t, dir, "6 months", id)
		if !kept {
			t.Fatal("the receipt is erased before anybody could read that it would be")
		}
		for _, words := range []string{"the retention is new", `retention="6 months"`, `earlier="25 months"`, "receipts=1"} {
			if !strings.Contains(said, words) {
				t.Errorf("the log does not say %s:\n%s", words, said)
			}
		}
		if kept, _ := lasts(t, dir, "6 months", id); !kept {
			t.Error("a restart takes the day away")
		}
		time.Sleep(day)
		if kept, _ := lasts(t, dir, "6 months", id); kept {
			t.Error("the receipt is not erased a day later")
		}
	})
}

// TestPurge_ClockJumps: a clock that is months ahead erases nothing, unless it
// goes on for a week from there.
func TestPurge_ClockJumps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l, _, stop := running(t, dir, "6 months")
		time.Sleep(time.Minute)
		id := keep(t, l)
		stop()
		time.Sleep(200 * day) // nobody is there: to the next start a clock that has jumped

		kept, said := lasts(t, dir, "6 months", id)
		if !kept {
			t.Error("the receipt is erased by a clock that has jumped")
		}
		if !strings.Contains(said, "the clock is far ahead") {
			t.Errorf("the log does not say so:\n%s", said)
		}
		time.Sleep(6 * day)
		if kept, _ := lasts(t, dir, "6 months", id); !kept {
			t.Error("the clock is believed too early")
		}
		time.Sleep(2 * day)
		if kept, _ := lasts(t, dir, "6 months", id); kept {
			t.Error("a clock that goes on for a week is not believed")
		}
	})
}

// TestPurge_CutShort: stopping is no fault of the store.
func TestPurge_CutShort(t *testing.T) {
	l, log, stop := running(t, t.TempDir(), "6 months")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	l.purge(stopped, l.store.Load())
	if strings.Contains(log.String(), "cannot be kept") || !l.Healthy() {
		t.Errorf("got the log\n%s", log)
	}
	stop()
}

// TestPurge_ForgetsAttempts: who tried to sign in, once, is forgotten though
// nobody tries again.
func TestPurge_ForgetsAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l, _, stop := running(t, dir, "6 months")
		defer stop()
		once := store.Allowance{Who: "somebody", Every: time.Minute, Burst: 1}
		if wait, err := l.Store().Take(t.Context(), time.Now(), 0, once); wait > 0 || err != nil {
			t.Fatal(wait, err)
		}
		db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "temoin.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		attempts := func() (n int) {
			if err := db.QueryRow(`SELECT count(*) FROM attempts`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := attempts(); n != 1 {
			t.Fatalf("%d attempts are kept, want 1", n)
		}
		time.Sleep(day + time.Minute)
		if n := attempts(); n != 0 {
			t.Errorf("a day later %d attempts are kept, want none", n)
		}
	})
}
