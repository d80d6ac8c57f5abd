package store_test

import (
	"database/sql"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// visitor is somebody who answers catalogues, one after the other.
type visitor struct {
	s      *store.Store
	at     time.Time
	cookie []string
	before string
}

// answers has the visitor answer c and returns the receipt, which is kept.
func (v *visitor) answers(t *testing.T, c *consent.Catalogue, part bool, allowed ...string) *receipt.Receipt {
	t.Helper()
	v.at = v.at.Add(time.Hour)
	record := c.Answer(v.cookie, c.Marks(), consent.Answer{
		ID: consent.NewID(), At: v.at, Part: part, Granted: func(id string) bool { return slices.Contains(allowed, id) },
	})
	value, err := record.Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.New(&receipt.Submission{Record: record, How: receipt.Dialog, Lang: "fr", Text: "0123456789abcdef", From: v.before},
		receipt.Context{Site: "https://portal.example", Catalogue: c, Received: v.at, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.s.Append(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	v.cookie, v.before = []string{value}, record.ID
	return r
}

func publish(t *testing.T, s *store.Store, c *consent.Catalogue) {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	e := store.Edition{Rev: c.Rev(), Text: "0123456789abcdef", Lang: "fr", Catalogue: data, Body: []byte("{}")}
	if err := s.Publish(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// TestAnew: counted is who had answered before and was asked something by a change of the
// catalogue, once, by what was said of that; and it stays when receipts are erased.
func TestAnew(t *testing.T) {
	onEach(t, func(t *testing.T, c store.Config) {
		s := mustOpen(t, c)
		is := *catalogue
		is.Services = append(slices.Clone(is.Services), consent.Service{ID: "map", Category: "third-party"}, consent.Service{ID: "heatmap", Category: "statistics"})
		publish(t, s, catalogue)
		publish(t, s, &is)
		all := []string{"statistics", "counter", "first-party", "shop", "third-party", "youtube"}
		both := slices.Concat(all, []string{"map", "heatmap"})
		visit := func() *visitor { return &visitor{s: s, at: noon} }

		for _, allowed := range [][]string{both, both, all, append(slices.Clone(all), "map")} {
			v := visit()
			v.answers(t, catalogue, false, all...)
			v.answers(t, &is, true, allowed...)
			v.answers(t, &is, false, all...) // thinks better of it: nobody asks
		}
		for _, lacking := range []string{"", "11111111-2222-4333-8444-555555555555"} { // a first answer, or one to another site
			v := visit()
			v.before = lacking
			v.answers(t, &is, false, both...)
		}
		refuser := visit()
		refuser.answers(t, catalogue, false)
		refuser.answers(t, &is, false, both...)
		erased := visit()
		first := erased.answers(t, catalogue, false, all...)
		if err := s.Erase(t.Context(), first.ID()); err != nil {
			t.Fatal(err)
		}
		again := erased.answers(t, &is, true, both...)
		if _, fresh, err := s.Append(t.Context(), again); err != nil || fresh {
			t.Fatalf("sent twice: got fresh %t and %v", fresh, err)
		}

		want := []store.AnewSum{
			{"2026-11-24", is.Rev(), receipt.Accepted, 2}, {"2026-11-24", is.Rev(), receipt.Partly, 1}, {"2026-11-24", is.Rev(), receipt.Refused, 1},
		}
		check := func() {
			t.Helper()
			if got, err := s.Anew(t.Context(), "2026-11-24", ""); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v and %v, want %v", got, err, want)
			}
		}
		check()
		if n, err := s.Purge(t.Context(), noon.AddDate(1, 0, 0)); err != nil || n == 0 {
			t.Fatalf("purge: got %d and %v", n, err)
		}
		check()
		if got, err := s.Anew(t.Context(), "2026-11-25", ""); err != nil || len(got) > 0 {
			t.Errorf("the day after: got %v and %v", got, err)
		}
	})
}

// TestAnew_OfWhatWasChanged: that an earlier answer was tampered with is for Verify to
// say; the visitor's answer of today is kept.
func TestAnew_OfWhatWasChanged(t *testing.T) {
	c := sqlite(t, newKey(t))
	s := mustOpen(t, c)
	is := *catalogue
	is.Services = append(slices.Clone(is.Services), consent.Service{ID: "map", Category: "third-party"})
	publish(t, s, catalogue)
	publish(t, s, &is)
	v := &visitor{s: s, at: noon}
	v.answers(t, catalogue, false, "third-party", "youtube")
	db, err := sql.Open("sqlite", filepath.Join(c.Dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE entries SET body = '{}' WHERE id = $1`, v.before); err != nil {
		t.Fatal(err)
	}
	v.answers(t, &is, true, "third-party", "youtube", "map")
	if got, err := s.Anew(t.Context(), "", ""); err != nil || len(got) > 0 {
		t.Errorf("got %v and %v, want nothing counted", got, err)
	}
}
