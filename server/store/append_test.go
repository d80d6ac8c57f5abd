package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

func TestAppend(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		r := newReceipt(t)
		first, fresh, err := s.Append(t.Context(), r)
		if err != nil || !fresh || first.Index != 0 {
			t.Fatalf("got %+v, fresh %t and %v", first, fresh, err)
		}
		body, _ := r.Body()
		if string(first.Body) != string(body) || receipt.VerifySignature(c.Key.Verifier(), body, first.Signature) != nil {
			t.Errorf("got %s, or a signature that does not hold, want %s", first.Body, body)
		}

		t.Run("the same again, later", func(t *testing.T) {
			again := *r
			again.Own.Received = noon.Add(time.Hour)
			again.Own.Version = "v2"
			got, fresh, err := s.Append(t.Context(), &again)
			if err != nil || fresh || got.Index != 0 || string(got.Body) != string(body) || string(got.Signature) != string(first.Signature) {
				t.Errorf("got %+v, fresh %t and %v, want what is kept", got, fresh, err)
			}
		})
		t.Run("the same id with other choices", func(t *testing.T) {
			other := newReceipt(t, func(s *receipt.Submission, _ *receipt.Context) {
				s.Record.ID, s.Record.Choices = r.ID(), catalogue.Refuse()
			})
			if _, fresh, err := s.Append(t.Context(), other); !errors.Is(err, store.ErrConflict) || fresh {
				t.Errorf("got fresh %t and %v, want ErrConflict", fresh, err)
			}
		})
		t.Run("another id", func(t *testing.T) {
			if got, fresh, err := s.Append(t.Context(), newReceipt(t)); err != nil || !fresh || got.Index != 1 {
				t.Errorf("got %+v, fresh %t and %v", got, fresh, err)
			}
		})
		t.Run("a receipt that New did not make", func(t *testing.T) {
			if _, _, err := s.Append(t.Context(), new(receipt.Receipt)); !errors.Is(err, receipt.ErrInvalid) {
				t.Errorf("got %v, want ErrInvalid", err)
			}
		})
		mustVerify(t, s, "", 2)
	})
}

// TestAppend_Concurrent has two stores on one database, each with many callers
// that send the same receipts several times, and some with other choices.
func TestAppend_Concurrent(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		const receipts, callers = 120, 8
		stores := []*store.Store{mustOpen(t, c), mustOpen(t, c)}
		var list, others []*receipt.Receipt
		for i := range receipts {
			r := newReceipt(t)
			list = append(list, r)
			others = append(others, newReceipt(t, func(s *receipt.Submission, _ *receipt.Context) {
				s.Record.ID, s.How = r.ID(), receipt.Hows()[1+i%5]
			}))
		}

		var kept [receipts]atomic.Int64 // how often it was fresh
		var indexes [receipts]sync.Map
		var group sync.WaitGroup
		for caller := range callers {
			group.Go(func() {
				for i, r := range list {
					s := stores[(caller+i)%2]
					signed, fresh, err := s.Append(t.Context(), r)
					if err != nil {
						t.Error(err)
						return
					}
					indexes[i].Store(signed.Index, true)
					if fresh {
						kept[i].Add(1)
					}
					if _, _, err := s.Append(t.Context(), others[i]); !errors.Is(err, store.ErrConflict) {
						t.Errorf("got %v, want ErrConflict", err)
					}
				}
			})
		}
		group.Wait()

		for i := range list {
			var places int
			indexes[i].Range(func(any, any) bool { places++; return true })
			if kept[i].Load() != 1 || places != 1 {
				t.Errorf("receipt %d: was fresh %d times and has %d places", i, kept[i].Load(), places)
			}
		}
		mustVerify(t, stores[0], "", receipts)
		sums, err := stores[1].Choices(t.Context(), "", "")
		want := []store.ChoiceSum{{Day: "2026-11-24", Rev: "1a2b3c4d", Lang: "fr", How: receipt.BannerAccept, Outcome: receipt.Accepted, N: receipts}}
		if err != nil || !slices.Equal(sums, want) {
			t.Errorf("got %v and %v, want %v", sums, err, want)
		}
	})
}

// TestAppend_Busy blocks the database: the queue must not grow, and what was
// queued must be kept once the database is free.
func TestAppend_Busy(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		c.Queue = 2
		s := mustOpen(t, c)
		free := block(t, c)

		answers := make(chan error)
		add := func() {
			r := newReceipt(t)
			go func() {
				_, _, err := s.Append(context.Background(), r)
				answers <- err
			}()
		}
		add() // is taken from the queue, and waits for the database
		waitFor(t, "the first to be taken", func() bool { return s.Queued() == 0 })
		time.Sleep(50 * time.Millisecond)
		add()
		add()
		waitFor(t, "the queue to be full", func() bool { return s.Queued() == 2 })

		begun := time.Now()
		if _, _, err := s.Append(t.Context(), newReceipt(t)); !errors.Is(err, store.ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("ErrBusy took %v", took)
		}
		free()
		for range 3 {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		mustVerify(t, s, "", 3)
	})
}

// block keeps everybody else from adding to the log until free is called; in PostgreSQL
// from changing these other tables as well.
func block(t *testing.T, c store.Config, others ...string) (free func()) {
	t.Helper()
	db := behind(t, c)
	statements := []string{`UPDATE head SET one = 1`}
	for _, table := range others {
		statements = append(statements, `LOCK TABLE `+table)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	begin := `BEGIN`
	if c.Database == "" {
		begin = `BEGIN IMMEDIATE`
	}
	for _, query := range append([]string{begin}, statements...) {
		if _, err := conn.ExecContext(context.Background(), query); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), `ROLLBACK`); err != nil {
			t.Error(err)
		}
		conn.Close()
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// TestAppend_Impatient: a caller that goes away does not take its receipt along.
func TestAppend_Impatient(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		free := block(t, c)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		r := newReceipt(t)
		if _, _, err := s.Append(ctx, r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		free()
		if _, fresh, err := s.Append(t.Context(), r); err != nil || fresh {
			t.Errorf("got fresh %t and %v, want the one that was kept meanwhile", fresh, err)
		}
	})
}

func TestClose(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		var kept atomic.Int64
		var group sync.WaitGroup
		for range 100 {
			r := newReceipt(t)
			group.Go(func() {
				_, _, err := s.Append(t.Context(), r)
				switch {
				case err == nil:
					kept.Add(1)
				case !errors.Is(err, store.ErrBusy):
					t.Errorf("got %v, want nothing or ErrBusy", err)
				}
			})
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		group.Wait()
		if _, _, err := s.Append(t.Context(), newReceipt(t)); !errors.Is(err, store.ErrBusy) {
			t.Errorf("after Close: got %v, want ErrBusy", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("closed twice: %v", err)
		}
		mustVerify(t, mustOpen(t, c), "", kept.Load())
	})
}

// TestClose_Hanging: a database that does not answer holds nobody up for ever.
func TestClose_Hanging(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		t.Parallel()
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		free := block(t, c)
		failed := make(chan error)
		r := newReceipt(t)
		go func() {
			_, _, err := s.Append(context.Background(), r)
			failed <- err
		}()
		waitFor(t, "the receipt to be taken", func() bool { return s.Queued() == 0 })
		time.Sleep(50 * time.Millisecond)
		begun := time.Now()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took > 15*time.Second {
			t.Errorf("Close took %v", took)
		}
		if err := <-failed; err == nil {
			t.Error("Append: got no error, and nothing was kept")
		}
		free()
		s = mustOpen(t, c)
		if _, fresh, err := s.Append(t.Context(), r); err != nil || !fresh {
			t.Errorf("afterwards: got fresh %t and %v", fresh, err)
		}
	})
}

// TestFind checks the proof of every entry of logs of many sizes, as a visitor
// would: with the file alone.
func TestFind(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		var ids []string
		for size := 1; size <= 20; size++ {
			ids = append(ids, fill(t, s, 1)...)
			for index, id := range ids {
				file, err := s.Find(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				data, err := json.Marshal(file)
				if err != nil {
					t.Fatal(err)
				}
				file, err = receipt.ParseFile(data)
				if err != nil {
					t.Fatal(err)
				}
				if file.Receipt.ID() != id || file.Log.Index != int64(index) || file.Key != c.Key.Verifier() {
					t.Errorf("got %s at %d, want %s at %d", file.Receipt.ID(), file.Log.Index, id, index)
				}
				if err := file.Verify(); err != nil {
					t.Errorf("entry %d of %d: %v", index, size, err)
				}
			}
		}
		if _, err := s.Find(t.Context(), consent.NewID()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if _, err := s.Find(t.Context(), "'; DROP TABLE entries; --"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
}

func TestCheckpoint(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		for size := range int64(3) {
			signed, err := s.Checkpoint(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if tree, err := receipt.OpenCheckpoint(c.Key.Verifier(), signed); err != nil || tree.N != size {
				t.Errorf("got %v and %v, want %d entries", tree, err, size)
			}
			fill(t, s, 1)
		}
	})
}

func TestSums(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		refuse := func(s *receipt.Submission, _ *receipt.Context) {
			s.Record.Choices, s.How, s.Lang = catalogue.Refuse(), receipt.Dialog, "en"
		}
		only := func(s *receipt.Submission, _ *receipt.Context) {
			s.Record.Choices = catalogue.Refuse()
			s.Record.Services = consent.Choices{{ID: "youtube", Granted: true}}
			s.How = receipt.Embed
		}
		fill(t, s, 2)
		fill(t, s, 1, refuse)
		erased := fill(t, s, 1, only)
		fill(t, s, 1, receivedAt(noon.Add(24*time.Hour)))
		if err := s.Erase(t.Context(), erased[0]); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int64{1, 4} {
			if err := s.CountUnanswered(t.Context(), "2026-11-24", "1a2b3c4d", n); err != nil {
				t.Fatal(err)
			}
		}

		choices, err := s.Choices(t.Context(), "2026-11-24", "2026-11-24")
		if want := []store.ChoiceSum{
			{"2026-11-24", "1a2b3c4d", "en", receipt.Dialog, receipt.Refused, 1},
			{"2026-11-24", "1a2b3c4d", "fr", receipt.BannerAccept, receipt.Accepted, 2},
			{"2026-11-24", "1a2b3c4d", "fr", receipt.Embed, receipt.Partly, 1},
		}; err != nil || !slices.Equal(choices, want) {
			t.Errorf("choices: got %v and %v, want %v", choices, err, want)
		}
		answers, err := s.Answers(t.Context(), "", "")
		var want []store.AnswerSum
		add := func(day, lang string, granted bool, n int64) {
			for _, category := range []string{"first-party", "statistics", "third-party"} {
				want = append(want, store.AnswerSum{Day: day, Rev: "1a2b3c4d", Lang: lang, Category: category, Granted: granted, N: n})
			}
		}
		add("2026-11-24", "en", false, 1)
		add("2026-11-24", "fr", true, 2)
		add("2026-11-24", "fr", false, 1)
		add("2026-11-25", "fr", true, 1)
		sortAnswers(want)
		if sortAnswers(answers); err != nil || !slices.Equal(answers, want) {
			t.Errorf("answers: got %v and %v, want %v", answers, err, want)
		}
		unanswered, err := s.Unanswered(t.Context(), "2026-11-01", "")
		if want := []store.UnansweredSum{{"2026-11-24", "1a2b3c4d", 5}}; err != nil || !slices.Equal(unanswered, want) {
			t.Errorf("unanswered: got %v and %v, want %v", unanswered, err, want)
		}

		stats, err := s.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if stats.Receipts != 4 || stats.Erased != 1 || !stats.First.Equal(noon) || !stats.Last.Equal(noon.Add(24*time.Hour)) || stats.Size <= 0 {
			t.Errorf("got %+v", stats)
		}
		if got, want := fmt.Sprint(stats.Outcomes), "map[accepted:3 partly:1 refused:1]"; got != want {
			t.Errorf("outcomes: got %s, want %s", got, want)
		}
	})
}

func sortAnswers(list []store.AnswerSum) {
	slices.SortFunc(list, func(a, b store.AnswerSum) int { return slices.Compare([]byte(fmt.Sprint(a)), []byte(fmt.Sprint(b))) })
}

func TestExport(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		const hours = 300 // more than a page
		var ids []string
		for i := range hours {
			ids = append(ids, fill(t, s, 1, receivedAt(noon.Add(time.Duration(i)*time.Hour)))...)
		}
		if err := s.Erase(t.Context(), ids[3]); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			since, until time.Time
			want         []string
		}{
			"all":      {time.Time{}, time.Time{}, slices.Concat(ids[:3], ids[4:])},
			"since":    {noon.Add(5 * time.Hour), time.Time{}, ids[5:]},
			"until":    {time.Time{}, noon.Add(2 * time.Hour), ids[:2]},
			"between":  {noon.Add(time.Hour - time.Nanosecond), noon.Add(2*time.Hour + time.Nanosecond), ids[1:3]},
			"none":     {noon.Add(hours * time.Hour), time.Time{}, nil},
			"nonsense": {noon.Add(2 * time.Hour), noon, nil},
		} {
			t.Run(name, func(t *testing.T) {
				var got []string
				for row, err := range s.Export(t.Context(), c.since, c.until) {
					if err != nil {
						t.Fatal(err)
					}
					if body, _ := row.Receipt.Body(); string(body) != string(row.Body) {
						t.Errorf("got %s, want %s", row.Body, body)
					}
					if row.Index != int64(slices.Index(ids, row.Receipt.ID())) {
						t.Errorf("got index %d", row.Index)
					}
					got = append(got, row.Receipt.ID())
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("got %d receipts, want %d", len(got), len(c.want))
				}
			})
		}
		t.Run("stopped early", func(t *testing.T) {
			for range s.Export(t.Context(), time.Time{}, time.Time{}) {
				break
			}
		})
		t.Run("cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for row, err := range s.Export(ctx, time.Time{}, time.Time{}) {
				if err == nil {
					t.Errorf("got %v, want an error", row)
				}
			}
		})
	})
}

func TestEditions(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		e := store.Edition{Rev: "1a2b3c4d", Text: "0123456789abcdef", Lang: "fr", Catalogue: []byte(`{"a":1}`), Body: []byte("dépôt\x00")}
		if _, err := s.Edition(t.Context(), e.Rev, e.Text, e.Lang); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
		if err := s.Publish(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		changed := e
		changed.Body = []byte("something else")
		other := mustOpen(t, c)
		if err := other.Publish(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := other.Edition(t.Context(), e.Rev, e.Text, e.Lang)
			if err != nil || string(got.Body) != string(e.Body) || string(got.Catalogue) != string(e.Catalogue) {
				t.Errorf("got %+v and %v, want what was published first", got, err)
			}
		}
		for _, wrong := range []store.Edition{{Rev: "1a2b3c4e", Text: e.Text, Lang: e.Lang}, {Rev: e.Rev, Text: "f", Lang: e.Lang}, {Rev: e.Rev, Text: e.Text, Lang: "en"}} {
			if _, err := s.Edition(t.Context(), wrong.Rev, wrong.Text, wrong.Lang); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("got %v, want ErrNotFound", err)
			}
		}
	})
}

func TestSettings(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		for _, want := range []string{"", "$2a$12$abc", "other"} {
			if want != "" {
				if err := s.SetSetting(t.Context(), "password", want); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := s.Setting(t.Context(), "password"); err != nil || got != want {
				t.Errorf("got %q and %v, want %q", got, err, want)
			}
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestSessions(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		now := time.Now()
		has := func(hash string, at time.Time, want bool) {
			t.Helper()
			if got, err := s.HasSession(t.Context(), hash, at, time.Hour); err != nil || got != want {
				t.Errorf("session %s: got %t and %v, want %t", hash, got, err, want)
			}
		}
		for _, hash := range []string{"a", "b", "c"} {
			if err := s.AddSession(t.Context(), hash, now.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		has("a", now, true)
		has("a", now.Add(time.Hour), false)
		has("d", now, false)
		has("a", now.AddDate(-3, 0, 0), false) // begun by a clock that was ahead
		if err := s.DropSession(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		has("a", now, false)
		has("b", now, true)
		if err := s.DropSessions(t.Context()); err != nil {
			t.Fatal(err)
		}
		has("b", now, false)
		if err := s.AddSession(t.Context(), "old", now.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		has("old", now, false)
	})
}
