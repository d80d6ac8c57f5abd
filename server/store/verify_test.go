package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// behind opens the database behind the store's back.
func behind(tb testing.TB, c store.Config) *sql.DB {
	tb.Helper()
	driver, name := "pgx", c.Database
	if c.Schema != "" {
		name += "&search_path=" + url.QueryEscape(`"`+c.Schema+`"`)
	}
	if c.Database == "" {
		driver, name = "sqlite", "file:"+filepath.Join(c.Dir, "temoin.db")+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

func mustVerify(tb testing.TB, s *store.Store, since string, receipts int64) *store.Verification {
	tb.Helper()
	v, err := s.Verify(context.Background(), since)
	if err != nil {
		tb.Fatal(err)
	}
	if len(v.Faults) > 0 {
		tb.Errorf("got faults %v, want none", v.Faults)
	}
	if v.Receipts != receipts {
		tb.Errorf("got %d receipts, want %d", v.Receipts, receipts)
	}
	return v
}

// vandal changes the log by SQL, behind the store's back.
type vandal struct {
	t   *testing.T
	db  *sql.DB
	key *receipt.Key // which a vandal has not; for what the program itself would write
}

func (v *vandal) do(query string, args ...any) {
	v.t.Helper()
	result, err := v.db.Exec(query, args...)
	if err != nil {
		v.t.Fatalf("%s: %v", query, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		v.t.Fatalf("%s: changed %d rows (%v)", query, n, err)
	}
}

func (v *vandal) bytes(query string, args ...any) (data []byte) {
	v.t.Helper()
	if err := v.db.QueryRow(query, args...).Scan(&data); err != nil {
		v.t.Fatalf("%s: %v", query, err)
	}
	return data
}

func (v *vandal) body(index int) []byte {
	return v.bytes(`SELECT body FROM entries WHERE idx = $1`, index)
}

func (v *vandal) leaf(index int) tlog.Hash {
	return receipt.Commitment(v.bytes(`SELECT salt FROM entries WHERE idx = $1`, index), v.body(index))
}

// refuse turns the answer for a category round.
func refuse(body []byte) []byte {
	return bytes.Replace(body, []byte(`"purpose":"statistics","lawful_basis":"consent","event_state":"consent_given"`),
		[]byte(`"purpose":"statistics","lawful_basis":"consent","event_state":"consent_refused"`), 1)
}

// rebuild computes all hashes anew, as somebody would who knows how.
func (v *vandal) rebuild(size int) {
	v.t.Helper()
	hashes := map[int64]tlog.Hash{}
	reader := tlog.HashReaderFunc(func(places []int64) (list []tlog.Hash, err error) {
		for _, place := range places {
			list = append(list, hashes[place])
		}
		return list, nil
	})
	for index := range size {
		completed, err := tlog.StoredHashesForRecordHash(int64(index), v.leaf(index), reader)
		if err != nil {
			v.t.Fatal(err)
		}
		var flat []byte
		for level, hash := range completed {
			hashes[tlog.StoredHashIndex(level, int64(index)>>level)] = hash
			flat = append(flat, hash[:]...)
		}
		v.do(`UPDATE entries SET hashes = $1 WHERE idx = $2`, flat, index)
	}
	edge := []byte{}
	for level := 30; level >= 0; level-- {
		if size>>level&1 == 1 {
			hash := hashes[tlog.StoredHashIndex(level, int64(size>>level-1))]
			edge = append(edge, hash[:]...)
		}
	}
	v.do(`UPDATE head SET size = $1, edge = $2`, size, edge)
}

// swap exchanges two entries in the given columns.
func (v *vandal) swap(a, b int, columns ...string) {
	v.t.Helper()
	read := func(index int) []any {
		values := make([]any, len(columns))
		pointers := make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := v.db.QueryRow(`SELECT `+strings.Join(columns, ", ")+` FROM entries WHERE idx = $1`, index).Scan(pointers...); err != nil {
			v.t.Fatal(err)
		}
		return values
	}
	write := func(index int, values []any) {
		for i, column := range columns {
			v.do(`UPDATE entries SET `+column+` = $1 WHERE idx = $2`, values[i], index)
		}
	}
	ofA, ofB := read(a), read(b)
	v.do(`UPDATE entries SET id = NULL WHERE idx = $1`, a)
	write(b, ofA)
	write(a, ofB)
}

// TestVerify_FindsWhatWasChanged has a log of 20 entries, each with a checkpoint
// of its own: 0 to 17 are receipts, of which 4 is erased by entry 18 and 0 to 2
// by entry 19. want are the places of the faults.
func TestVerify_FindsWhatWasChanged(t *testing.T) {
	content := []string{"received", "salt", "body", "signature", "id"}
	for name, test := range map[string]struct {
		change func(v *vandal)
		want   string
	}{
		"nothing": {func(v *vandal) {}, "[]"},

		"a changed body": {func(v *vandal) {
			v.do(`UPDATE entries SET body = $1 WHERE idx = 7`, refuse(v.body(7)))
		}, "[7]"},
		"a body that is no receipt": {func(v *vandal) {
			v.do(`UPDATE entries SET body = $1 WHERE idx = 17`, []byte("no JSON"))
		}, "[17]"},
		"a changed body and leaf": {func(v *vandal) {
			v.do(`UPDATE entries SET body = $1 WHERE idx = 6`, refuse(v.body(6)))
			leaf := v.leaf(6)
			v.do(`UPDATE entries SET hashes = $1 WHERE idx = 6`, leaf[:])
		}, "[6 6 6-7]"},
		"a changed salt": {func(v *vandal) {
			v.do(`UPDATE entries SET salt = $1 WHERE idx = 9`, bytes.Repeat([]byte{1}, receipt.SaltSize))
		}, "[9]"},
		"another entry's signature": {func(v *vandal) { v.swap(8, 12, "signature", "id") }, "[8 12]"},
		"an id":                     {func(v *vandal) { v.do(`UPDATE entries SET id = 'x' WHERE idx = 10`) }, "[10]"},
		"a time":                    {func(v *vandal) { v.do(`UPDATE entries SET received = 1 WHERE idx = 11`) }, "[11]"},
		"a leaf alone": {func(v *vandal) {
			v.do(`UPDATE entries SET hashes = $1 WHERE idx = 14`, make([]byte, 32))
		}, "[14 14 14-15]"},
		"the leaf of an erased entry": {func(v *vandal) {
			v.do(`UPDATE entries SET hashes = $1 WHERE idx = 4`, make([]byte, 32))
		}, "[4 4-5]"},
		"an inner hash": {func(v *vandal) {
			hashes := v.bytes(`SELECT hashes FROM entries WHERE idx = 11`)
			hashes[32*2] ^= 1
			v.do(`UPDATE entries SET hashes = $1 WHERE idx = 11`, hashes)
		}, "[8-11 8-15 11]"},

		"a removed entry":  {func(v *vandal) { v.do(`DELETE FROM entries WHERE idx = 13`) }, "[13]"},
		"several":          {func(v *vandal) { v.do(`DELETE FROM entries WHERE idx IN (3, 8, 9)`) }, "[3 8-9]"},
		"the first entry":  {func(v *vandal) { v.do(`DELETE FROM entries WHERE idx = 0`) }, "[0]"},
		"the last entries": {func(v *vandal) { v.do(`DELETE FROM entries WHERE idx > 16`) }, "[0-2 4 17-19]"},
		"an erasure":       {func(v *vandal) { v.do(`DELETE FROM entries WHERE idx = 18`) }, "[4 18]"},
		"entries closed ranks": {func(v *vandal) {
			v.do(`DELETE FROM entries WHERE idx = 16`)
			v.do(`UPDATE entries SET idx = 16 WHERE idx = 17`)
		}, "[16 17]"},

		"swapped content":                 {func(v *vandal) { v.swap(6, 10, content...) }, "[6 10]"},
		"swapped entries":                 {func(v *vandal) { v.swap(6, 10, append(content, "hashes")...) }, "[6 6-7 10 10-11]"},
		"swapped entries of other levels": {func(v *vandal) { v.swap(5, 10, append(content, "hashes")...) }, "[5 10]"},

		"content without erasure": {func(v *vandal) {
			v.do(`UPDATE entries SET id = NULL, received = NULL, salt = NULL, body = NULL, signature = NULL WHERE idx IN (5, 6, 9)`)
		}, "[5-6 9]"},
		"half of the content": {func(v *vandal) { v.do(`UPDATE entries SET body = NULL WHERE idx = 5`) }, "[5]"},
		"content put back": {func(v *vandal) {
			v.do(`UPDATE entries SET body = $1, salt = $2, received = 1, signature = $2 WHERE idx = 1`, v.body(5), make([]byte, 16))
		}, "[1 1]"},
		"an erasure that names more": {func(v *vandal) {
			v.do(`UPDATE entries SET body = $1 WHERE idx = 18`, bytes.Replace(v.body(18), []byte("[4,4]"), []byte("[4,6]"), 1))
			v.do(`UPDATE entries SET id = NULL, received = NULL, salt = NULL, body = NULL, signature = NULL WHERE idx IN (5, 6)`)
		}, "[4-6 18]"},
		"a kind": {func(v *vandal) { v.do(`UPDATE entries SET kind = 'erasure' WHERE idx = 9`) }, "[9]"},

		"a forged checkpoint": {func(v *vandal) {
			forger, err := receipt.NewKey("portal.example")
			if err != nil {
				v.t.Fatal(err)
			}
			note, err := forger.Checkpoint(tlog.Tree{N: 10})
			if err != nil {
				v.t.Fatal(err)
			}
			v.do(`UPDATE checkpoints SET note = $1 WHERE size = 10`, []byte(note))
		}, "[9]"},
		"a checkpoint of another size": {func(v *vandal) {
			v.do(`UPDATE checkpoints SET note = $1 WHERE size = 10`, v.bytes(`SELECT note FROM checkpoints WHERE size = 9`))
		}, "[9]"},
		"the newest checkpoint": {func(v *vandal) {
			v.do(`UPDATE checkpoints SET note = $1 WHERE size = 20`, []byte("nothing"))
		}, "[19 19]"},
		"removed checkpoints":                              {func(v *vandal) { v.do(`DELETE FROM checkpoints WHERE size > 15`) }, "[15-19]"},
		"an old checkpoint, which proves nothing any more": {func(v *vandal) { v.do(`DELETE FROM checkpoints WHERE size = 7`) }, "[]"},

		"the head's edge": {func(v *vandal) {
			edge := v.bytes(`SELECT edge FROM head`)
			edge[3] ^= 1
			v.do(`UPDATE head SET edge = $1`, edge)
		}, "[19]"},
		"the head's size":            {func(v *vandal) { v.do(`UPDATE head SET size = 17`) }, "[19]"}, // an edge of as many hashes
		"the head's size, otherwise": {func(v *vandal) { v.do(`UPDATE head SET size = 7`) }, "[19]"},
		"no head":                    {func(v *vandal) { v.do(`DELETE FROM head`) }, "[19]"},
		"a foreign entry": {func(v *vandal) {
			leaf := v.leaf(17)
			v.do(`INSERT INTO entries (idx, kind, received, salt, body, signature, hashes) SELECT 20, kind, received, salt, body, signature, $1 FROM entries WHERE idx = 17`, leaf[:])
			v.do(`UPDATE entries SET id = 'x' WHERE idx = 20`)
		}, "[20 20 20]"}, // its id is not its own, it is not in the head, and not signed
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, c store.Config) {
				s := mustOpen(t, c)
				ids := fill(t, s, 3, receivedAt(noon.Add(-time.Hour)))
				ids = append(ids, fill(t, s, 15)...)
				if err := s.Erase(t.Context(), ids[4]); err != nil {
					t.Fatal(err)
				}
				if n, err := s.Purge(t.Context(), noon); err != nil || n != 3 {
					t.Fatalf("purged %d (%v)", n, err)
				}
				test.change(&vandal{t, behind(t, c), c.Key})
				wantFaults(t, s, "", test.want)
			})
		})
	}
}

// wantFaults compares the places of the faults: 3 for an entry, 3-5 for a span.
func wantFaults(t *testing.T, s *store.Store, since, want string) {
	t.Helper()
	v, err := s.Verify(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortStableFunc(v.Faults, func(a, b store.Fault) int { return int(a.Index - b.Index) })
	var places []string
	for _, f := range v.Faults {
		place := fmt.Sprint(f.Index)
		if f.Last != f.Index {
			place += fmt.Sprintf("-%d", f.Last)
		}
		places = append(places, place)
	}
	if got := fmt.Sprint(places); got != want {
		t.Errorf("got %s, want %s:\n%v", got, want, v.Faults)
	}
}

// TestVerify_Rebuilt has vandals who compute every hash anew. What stands in
// their way is the signatures.
func TestVerify_Rebuilt(t *testing.T) {
	for name, test := range map[string]struct {
		change func(v *vandal)
		want   string
	}{
		"a changed body": {func(v *vandal) {
			v.do(`UPDATE entries SET body = $1 WHERE idx = 6`, refuse(v.body(6)))
			v.rebuild(12)
		}, "[6 6]"},
		"swapped entries": {func(v *vandal) {
			v.swap(5, 8, "received", "salt", "body", "signature", "id")
			v.rebuild(12)
		}, "[5]"}, // from there on the log is another, and the rest follows from it
		"a removed entry": {func(v *vandal) {
			v.do(`DELETE FROM entries WHERE idx = 4`)
			for index := 5; index < 12; index++ {
				v.do(`UPDATE entries SET idx = $1 WHERE idx = $2`, index-1, index)
			}
			v.rebuild(11)
		}, "[4 11]"},
		"a new salt": {func(v *vandal) {
			v.do(`UPDATE entries SET salt = $1 WHERE idx = 3`, make([]byte, receipt.SaltSize))
			v.rebuild(12)
		}, "[3]"},
		"a cut log, with all that shows it": {func(v *vandal) {
			v.do(`DELETE FROM entries WHERE idx >= 9`)
			v.do(`DELETE FROM checkpoints WHERE size > 9`)
			v.rebuild(9)
		}, "[]"}, // see TestVerify_Since
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, c store.Config) {
				s := mustOpen(t, c)
				fill(t, s, 12)
				test.change(&vandal{t, behind(t, c), c.Key})
				wantFaults(t, s, "", test.want)
			})
		})
	}
}

func TestVerify_Since(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		earlier := make([]string, 13)
		for size := range earlier {
			var err error
			if earlier[size], err = s.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
			fill(t, s, 1)
		}
		for _, checkpoint := range earlier {
			mustVerify(t, s, checkpoint, 13)
		}

		// A cut log on which the server goes on, without noticing.
		v := &vandal{t, behind(t, c), c.Key}
		v.do(`DELETE FROM entries WHERE idx >= 9`)
		v.do(`DELETE FROM checkpoints WHERE size > 9`)
		v.rebuild(9)
		wantFaults(t, s, earlier[9], "[]")
		wantFaults(t, s, earlier[12], "[9-11]")
		fill(t, s, 5)
		wantFaults(t, s, "", "[]")
		wantFaults(t, s, earlier[9], "[]")
		wantFaults(t, s, earlier[12], "[0-11]")

		if _, err := s.Verify(t.Context(), strings.Replace(earlier[9], "\n9\n", "\n8\n", 1)); !errors.Is(err, receipt.ErrSignature) {
			t.Errorf("got %v, want ErrSignature", err)
		}
	})
}

// TestVerify_Batches has many entries under one checkpoint, more than a page.
func TestVerify_Batches(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		appendAll(t, s, 1500)
		v := mustVerify(t, s, "", 1500)
		if v.Size != 1500 {
			t.Errorf("got size %d", v.Size)
		}
		behind := &vandal{t, behind(t, c), c.Key}
		behind.do(`UPDATE entries SET body = $1 WHERE idx = 1234`, refuse(behind.body(1234)))
		behind.do(`DELETE FROM entries WHERE idx BETWEEN 500 AND 1100`)
		wantFaults(t, s, "", "[500-1100 1234]")
	})
}

// TestVerify_Editions: what visitors were shown is part of the proof.
func TestVerify_Editions(t *testing.T) {
	for name, test := range map[string]struct {
		change func(v *vandal)
		want   string
	}{
		"nothing":           {func(v *vandal) {}, "[]"},
		"a changed text":    {func(v *vandal) { v.do(`UPDATE editions SET body = $1 WHERE lang = 'en'`, []byte("all is well")) }, "[2]"},
		"another catalogue": {func(v *vandal) { v.do(`UPDATE editions SET catalogue = $1 WHERE lang = 'fr'`, []byte("{}")) }, "[1]"},
		"a removed text":    {func(v *vandal) { v.do(`DELETE FROM editions WHERE lang = 'fr'`) }, "[1]"},
		"another language":  {func(v *vandal) { v.do(`UPDATE editions SET lang = 'de' WHERE lang = 'en'`) }, "[2]"},
		"a changed entry": {func(v *vandal) {
			v.do(`UPDATE entries SET body = $1 WHERE idx = 2`, bytes.Replace(v.body(2), []byte(`"lang":"en"`), []byte(`"lang":"fr"`), 1))
		}, "[2]"},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, c store.Config) {
				s := mustOpen(t, c)
				fill(t, s, 1)
				for _, lang := range []string{"fr", "en"} {
					e := store.Edition{Rev: "1a2b3c4d", Text: "0123456789abcdef", Lang: lang, Catalogue: []byte(`{"a":1}`), Body: []byte("Cookies?")}
					for range 2 { // the second time does nothing
						if err := s.Publish(t.Context(), e); err != nil {
							t.Fatal(err)
						}
					}
				}
				test.change(&vandal{t, behind(t, c), c.Key})
				wantFaults(t, s, "", test.want)
			})
		})
	}
}

// TestVerify_GivesUp: a log that was rewritten as a whole does not fill memory.
func TestVerify_GivesUp(t *testing.T) {
	s, c := sqliteStore(t)
	appendAll(t, s, 2000)
	(&vandal{t, behind(t, c), c.Key}).do(`UPDATE entries SET body = $1`, []byte("gone"))
	v, err := s.Verify(t.Context(), "")
	if err != nil || len(v.Faults) < 1000 || len(v.Faults) > 2000 {
		t.Errorf("got %d faults and %v", len(v.Faults), err)
	}
}

// TestAppend_Distrusts: nothing is signed on top of a log that was changed.
func TestAppend_Distrusts(t *testing.T) {
	for name, change := range map[string]func(v *vandal){
		"the head": func(v *vandal) {
			edge := v.bytes(`SELECT edge FROM head`)
			edge[3] ^= 1
			v.do(`UPDATE head SET edge = $1`, edge)
		},
		"the head's size": func(v *vandal) { v.do(`UPDATE head SET size = 7`) },
		"all of it": func(v *vandal) {
			v.do(`UPDATE entries SET body = $1 WHERE idx = 2`, refuse(v.body(2)))
			v.rebuild(5)
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, c store.Config) {
				s := mustOpen(t, c)
				ids := fill(t, s, 5)
				change(&vandal{t, behind(t, c), c.Key})
				if _, _, err := s.Append(t.Context(), newReceipt(t)); err == nil || !strings.Contains(err.Error(), "changed") {
					t.Errorf("Append: got %v, want an error that says that the log was changed", err)
				}
				if err := s.Erase(t.Context(), ids[0]); err == nil || !strings.Contains(err.Error(), "changed") {
					t.Errorf("Erase: got %v, want an error that says that the log was changed", err)
				}
			})
		})
	}
}

func TestErase(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		ids := fill(t, s, 9)
		before, err := s.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		file, err := s.Find(t.Context(), ids[4])
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Erase(t.Context(), ids[4]); err != nil {
			t.Fatal(err)
		}
		if err := s.Erase(t.Context(), ids[4]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("again: got %v, want ErrNotFound", err)
		}
		if _, err := s.Find(t.Context(), ids[4]); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Find: got %v, want ErrNotFound", err)
		}
		for row, err := range s.Export(t.Context(), time.Time{}, time.Time{}) {
			if err != nil || row.Receipt.ID() == ids[4] {
				t.Errorf("got %v and %v", row, err)
			}
		}
		if v := mustVerify(t, s, before, 8); v.Erased != 1 || v.Size != 10 {
			t.Errorf("got %+v", v)
		}
		if err := file.Verify(); err != nil {
			t.Errorf("the visitor's file: %v", err)
		}
		other, err := s.Find(t.Context(), ids[5])
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Verify(); err != nil {
			t.Errorf("another visitor's file: %v", err)
		}

		var erasure struct {
			Kind, Reason string
			Entries      [][2]int64
		}
		body := (&vandal{t, behind(t, c), c.Key}).body(9)
		if err := json.Unmarshal(body, &erasure); err != nil || erasure.Kind != "erasure" || erasure.Reason != "request" || !slices.Equal(erasure.Entries, [][2]int64{{4, 4}}) {
			t.Errorf("got %s (%v)", body, err)
		}
		if bytes.Contains(body, []byte(ids[4])) {
			t.Errorf("the erasure names what it erased: %s", body)
		}
	})
}

// TestErase_LeavesNothing looks into the files.
func TestErase_LeavesNothing(t *testing.T) {
	s, c := sqliteStore(t)
	ids := fill(t, s, 50)
	for _, id := range ids[10:40] {
		if err := s.Erase(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"temoin.db", "temoin.db-wal"} {
		data, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			erased := i >= 10 && i < 40
			if found := bytes.Contains(data, []byte(id)); found && erased {
				t.Errorf("%s still holds the erased receipt %d", name, i)
			} else if !found && !erased && name == "temoin.db" {
				t.Errorf("%s does not hold receipt %d; does the test look right?", name, i)
			}
		}
	}
}

func TestPurge(t *testing.T) {
	onAll(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		appendAll(t, s, 1200, receivedAt(noon.Add(-time.Second)))
		fill(t, s, 3)
		for _, want := range []int64{1200, 0} {
			if n, err := s.Purge(t.Context(), noon); err != nil || n != want {
				t.Errorf("got %d and %v, want %d", n, err, want)
			}
		}
		v := mustVerify(t, s, "", 3)
		if v.Erased != 1200 || v.Size != 1203+12 {
			t.Errorf("got %+v, want one entry for 100 erased", v)
		}
		stats, err := s.Stats(t.Context())
		if err != nil || stats.Receipts != 3 || stats.Erased != 1200 || stats.Outcomes[receipt.Accepted] != 1203 {
			t.Errorf("got %+v and %v", stats, err)
		}
	})
}

// TestVerify_WhileItGrows: neither new receipts nor erasures disturb a check.
func TestVerify_WhileItGrows(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		ids := fill(t, s, 40)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan bool)
		go func() {
			defer close(done)
			for i := 0; ctx.Err() == nil; i++ {
				ids = append(ids, fill(t, s, 1)...)
				if err := s.Erase(context.Background(), ids[i]); err != nil {
					t.Error(err)
				}
			}
		}()
		for range 10 {
			wantFaults(t, s, "", "[]")
		}
		cancel()
		<-done
	})
}

// appendAll appends n receipts, many at a time.
func appendAll(tb testing.TB, s *store.Store, n int, change ...func(*receipt.Submission, *receipt.Context)) {
	tb.Helper()
	work := make(chan *receipt.Receipt)
	done := make(chan error)
	const callers = 64
	for range callers {
		go func() {
			var failed error
			for r := range work {
				if _, _, err := s.Append(context.Background(), r); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for range n {
		work <- newReceipt(tb, change...)
	}
	close(work)
	for range callers {
		if err := <-done; err != nil {
			tb.Fatal(err)
		}
	}
}

func sqliteStore(t *testing.T) (*store.Store, store.Config) {
	c := store.Config{Dir: t.TempDir(), Key: newKey(t)}
	return mustOpen(t, c), c
}
