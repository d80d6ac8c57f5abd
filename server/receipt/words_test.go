package receipt_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
)

// answeredAnew returns the receipt of a visitor who had allowed third-party and refused the
// rest, before the catalogue had the services map and ads, and who is asked for both anew;
// the one is allowed.
func answeredAnew(t *testing.T) *receipt.Receipt {
	t.Helper()
	const before = "11111111-2222-4333-8444-555555555555"
	now, then := *catalogue, *catalogue
	now.Services = append(slices.Clone(now.Services), consent.Service{ID: "ads", Category: "third-party"})
	then.Services = slices.DeleteFunc(slices.Clone(then.Services), func(s consent.Service) bool { return s.ID == "map" })
	first := then.Answer(nil, then.Marks(), consent.Answer{ID: before, At: at.Add(-time.Hour), Granted: func(id string) bool { return id == "third-party" || id == "youtube" }})
	value, err := first.Encode()
	if err != nil {
		t.Fatal(err)
	}
	record := now.Answer([]string{value}, now.Marks(), consent.Answer{
		ID: id, At: at, Part: true, Granted: func(id string) bool { return id == "third-party" || id == "youtube" || id == "map" },
	})
	r, err := receipt.New(&receipt.Submission{Record: record, How: receipt.Dialog, Lang: "fr", Text: "0123456789abcdef", From: before},
		receipt.Context{Site: "https://portal.example", Catalogue: &now, Received: received, Version: "v1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWords_OfAPart(t *testing.T) {
	const stood = " on 2026-11-24 09:00:00 UTC, stood, not asked this time"
	want := []string{
		"answered on 2026-11-24 10:00:00 UTC, asked in fr, dialog",
		"necessary: needs no consent, not asked",
		"statistics: refused" + stood,
		"first-party: refused" + stood,
		"third-party: allowed" + stood,
		"third-party, map: allowed, asked and answered this time",
		"third-party, ads: refused, asked and answered this time",
		"how what stood was answered: receipt 11111111-2222-4333-8444-555555555555",
	}
	if got := answeredAnew(t).Words(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestFile_OfVersion1 reads what a visitor was given before records had marks: the
// server of the commit "Look again two seconds after another tab's word" wrote it, in
// answer to a record of version 1.
func TestFile_OfVersion1(t *testing.T) {
	data, err := os.ReadFile("testdata/answered-by-version-1.json")
	if err != nil {
		t.Fatal(err)
	}
	file, err := receipt.ParseFile(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Verify(); err != nil {
		t.Error(err)
	}
	want := []string{
		"answered on 2026-11-27 19:31:19 UTC, asked in fr, dialog",
		"necessary: needs no consent, not asked",
		"statistics: refused, asked and answered this time",
		"third-party: allowed, asked and answered this time",
		"third-party, youtube: refused, asked and answered this time",
	}
	if got := file.Receipt.Words(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if file, err = receipt.ParseFile([]byte(strings.Replace(string(data), "consent_refused", "consent_given", 1))); err == nil && file.Verify() == nil {
		t.Error("with another answer it is good, too")
	}
}
