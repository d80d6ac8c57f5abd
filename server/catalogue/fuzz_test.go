package catalogue_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// FuzzParse: whatever a file holds, it is either refused with the places of
// its mistakes, or good for all that follows: the cookie and the editions.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../demo/catalogue.yaml", "../demo/rich.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := catalogue.Parse("c.yaml", data)
		if err != nil {
			checkProblems(t, err)
			return
		}
		checkRecords(t, c)
		for _, lang := range c.Languages {
			if _, err := catalogue.Edition(c, lang); err != nil {
				t.Errorf("edition in %q: got %v", lang, err)
			}
		}
	})
}

func checkProblems(t *testing.T, err error) {
	t.Helper()
	var problems catalogue.Problems
	if !errors.As(err, &problems) || len(problems) == 0 {
		t.Fatalf("got %v, want problems", err)
	}
	for i, problem := range problems {
		if problem.Line < 1 || problem.Column < 1 || problem.Wrong == "" || problem.Right == "" {
			t.Errorf("got %+v, want a place and two sentences", problem)
		}
		if i > 0 && problem.Line < problems[i-1].Line {
			t.Errorf("got line %d after %d, want them in order", problem.Line, problems[i-1].Line)
		}
	}
}

// checkRecords: the answers that are longest fit into the cookie, and are read back.
func checkRecords(t *testing.T, c *catalogue.Catalogue) {
	t.Helper()
	marks := c.Marks()
	if len(marks.Of) == 0 {
		return // nothing is asked
	}
	isService := func(id string) bool { return c.Service(id) != nil }
	for _, granted := range []func(id string) bool{
		func(string) bool { return true },
		func(string) bool { return false },
		isService,
		func(id string) bool { return !isService(id) },
	} {
		var values []string
		for i := range int64(2 * consent.MaxRounds) { // as many moments as there can be
			now := time.Unix(1_790_000_000+i, 0)
			allowed := func(id string) bool { return granted(id) && i > int64(len(id))%consent.MaxRounds }
			record := c.Answer(values, marks, consent.Answer{ID: consent.NewID(), At: now, Granted: allowed, Part: true})
			value, err := record.Encode()
			if err != nil {
				t.Fatalf("encode %v: got %v", record, err)
			}
			if size := len(c.Cookie.Name) + 1 + len(value); size > consent.MaxCookieSize {
				t.Errorf("got %d bytes, want at most %d", size, consent.MaxCookieSize)
			}
			if read := c.Read([]string{value}, now, marks); read == nil || read.ID != record.ID {
				t.Errorf("got %v, want the record that was written", read)
			}
			values = []string{value}
		}
	}
}
