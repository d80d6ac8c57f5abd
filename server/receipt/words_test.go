package receipt_test

import (
	"encoding/json"
	"errors"
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
		"answered on 2026-11-24 10:00:00 UTC, asked in fr, in the dialog",
		"necessary: needs no consent, not asked",
		"statistics: refused" + stood,
		"first-party: refused" + stood,
		"third-party: allowed" + stood,
		"third-party, map: allowed, asked and answered this time",
		"third-party, ads: refused, asked and answered this time",
		"how what stood was answered: receipt 11111111-2222-4333-8444-555555555555",
	}
	if got := answeredAnew(t).Words("en"); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestWords_InFrench(t *testing.T) {
	const stood = " le 24/11/2026 à 09:00:00 UTC, toujours valable, la question n’a pas été reposée"
	want := []string{
		"réponse donnée le 24/11/2026 à 10:00:00 UTC, question posée en «\u00a0fr\u00a0», dans la fenêtre de détail",
		"necessary\u00a0: pas besoin de consentement, la question n’a pas été posée",
		"statistics\u00a0: refusé" + stood,
		"first-party\u00a0: refusé" + stood,
		"third-party\u00a0: autorisé" + stood,
		"third-party, map\u00a0: autorisé, la question a été posée cette fois",
		"third-party, ads\u00a0: refusé, la question a été posée cette fois",
		"preuve de ce qui restait valable\u00a0: 11111111-2222-4333-8444-555555555555",
	}
	r := answeredAnew(t)
	for lang, same := range map[string]bool{"fr": true, "fr-CA": true, "en": false, "de": false, "frr": false} {
		got := r.Words(lang)
		if slices.Equal(got, want) != same {
			t.Errorf("%s: got\n%s\nwant in French: %t", lang, strings.Join(got, "\n"), same)
		}
		if !same && !slices.Equal(got, r.Words("en")) {
			t.Errorf("%s: got\n%s\nwant English", lang, strings.Join(got, "\n"))
		}
	}
}

// TestWords_OfEachWay: each way in which an answer is given has words of its own.
func TestWords_OfEachWay(t *testing.T) {
	for _, lang := range []string{"fr", "en"} {
		seen := map[string]receipt.How{}
		for _, how := range receipt.Hows() {
			r := mustNew(t, func(s *receipt.Submission) { s.How = how })
			first := r.Words(lang)[0]
			if other, found := seen[first]; found || strings.HasSuffix(first, ", ") {
				t.Errorf("%s: %s says %q, as %q does", lang, how, first, other)
			}
			seen[first] = how
		}
	}
}

// TestFile_Words: what a file tells in words has to be what its receipt says, in
// whatever language; an earlier file tells nothing.
func TestFile_Words(t *testing.T) {
	f := newFile(t, mustKey(t))
	for _, lang := range []string{"fr", "en"} {
		f.Words = f.Receipt.Words(lang)
		data, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(data), `{"words":["`) {
			t.Errorf("%s: the words are not what the file begins with: %s", lang, data)
		}
		back, err := receipt.ParseFile(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := back.Verify(); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
	}
	for name, words := range map[string][]string{
		"another answer": append(slices.Clone(f.Words[:1]), strings.Replace(strings.Join(f.Words[1:], "|"), "refused", "allowed", 1)),
		"a line less":    f.Words[1:],
		"a line more":    append(slices.Clone(f.Words), "and all of it for ever"),
		"none":           {},
	} {
		f.Words = words
		if err := f.Verify(); !errors.Is(err, receipt.ErrInvalid) || !strings.Contains(err.Error(), "words do not say") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// mustReadGood reads a visitor's file, which has to verify.
func mustReadGood(t *testing.T, path string) (data string, file *receipt.File) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		file, err = receipt.ParseFile(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Verify(); err != nil {
		t.Error(err)
	}
	return string(text), file
}

// TestFile_OfVersion2 reads what a visitor was given when files had words for the first
// time, of an answer to what was new. It verifies for ever: see wording.
func TestFile_OfVersion2(t *testing.T) {
	data, file := mustReadGood(t, "testdata/answered-anew.json")
	if len(file.Words) != 5 || !strings.Contains(file.Words[2], "toujours valable") || !strings.Contains(file.Words[4], file.Receipt.From()) {
		t.Errorf("got the words %q", file.Words)
	}
	forged := strings.Replace(data, "refusé", "autorisé", 1)
	if file, err := receipt.ParseFile([]byte(forged)); err != nil || file.Verify() == nil {
		t.Errorf("with other words it is good, too (%v)", err)
	}
}

// TestFile_OfVersion1 reads what a visitor was given before records had marks: the
// server of the commit "Look again two seconds after another tab's word" wrote it, in
// answer to a record of version 1.
func TestFile_OfVersion1(t *testing.T) {
	data, file := mustReadGood(t, "testdata/answered-by-version-1.json")
	want := []string{
		"answered on 2026-11-27 19:31:19 UTC, asked in fr, in the dialog",
		"necessary: needs no consent, not asked",
		"statistics: refused, asked and answered this time",
		"third-party: allowed, asked and answered this time",
		"third-party, youtube: refused, asked and answered this time",
	}
	if got := file.Receipt.Words("en"); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if file, err := receipt.ParseFile([]byte(strings.Replace(data, "consent_refused", "consent_given", 1))); err == nil && file.Verify() == nil {
		t.Error("with another answer it is good, too")
	}
}
