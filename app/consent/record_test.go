package consent_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
)

// recordCase is one value of a cookie, and whether it is a record. The loader's
// JavaScript is held to the same table (server/e2e/plain/codec.test.mjs).
type recordCase struct {
	Name  string `json:"name"`
	JSON  string `json:"json"`  // to be encoded, or else:
	Value string `json:"value"` // as it stands in the cookie
	OK    bool   `json:"ok"`
}

func (c recordCase) value() string {
	if c.Value != "" {
		return c.Value
	}
	return strings.ReplaceAll(url.QueryEscape(c.JSON), "+", "%20")
}

func mustReadCases(tb testing.TB) []recordCase {
	tb.Helper()
	data, err := os.ReadFile("testdata/records.json")
	if err != nil {
		tb.Fatal(err)
	}
	var cases []recordCase
	if err := json.Unmarshal(data, &cases); err != nil {
		tb.Fatal(err)
	}
	return cases
}

func TestDecode(t *testing.T) {
	for _, c := range mustReadCases(t) {
		t.Run(c.Name, func(t *testing.T) {
			record, err := consent.Decode(c.value())
			if ok := err == nil; ok != c.OK {
				t.Fatalf("got error %v, want one: %t", err, !c.OK)
			}
			if err != nil && (record != nil || !errors.Is(err, consent.ErrInvalid)) {
				t.Errorf("got %v and %v, want nil and ErrInvalid", record, err)
			}
		})
	}
}

func TestDecode_LastOfDuplicatesCounts(t *testing.T) {
	value := `{"v":1,"id":"3f2b8c1e-9a4d-4e6f-8b7a-1c2d3e4f5a6b","rev":"0a1b2c3d","at":1764000000,` +
		`"choices":{"statistics":true,"necessary":true,"statistics":false}}`
	record, err := consent.Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	want := consent.Choices{{ID: "statistics"}, {ID: "necessary", Granted: true}}
	if !reflect.DeepEqual(record.Choices, want) {
		t.Errorf("got %v, want %v", record.Choices, want)
	}
}

// randomRecord returns any record that can be written.
func randomRecord(r *rand.Rand) *consent.Record {
	id := func() string {
		const first, letters = "abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrstuvwxyz0123456789-"
		s := string(first[r.IntN(len(first))])
		for range r.IntN(12) {
			s += string(letters[r.IntN(len(letters))])
		}
		return s
	}
	list := func(least int) consent.Choices {
		var choices consent.Choices
		for range least + r.IntN(6) {
			choices = choices.With(id(), r.IntN(2) == 0)
		}
		return choices
	}
	of := ""
	for i := range r.IntN(4) {
		if i > 0 {
			of += "!" + strconv.FormatInt(r.Int64N(1<<40), 36) + "."
		}
		of += []string{"aB_", "aB_c-9", "aB_c-9xyzs", "aB_c-9xyz13m-__1000y~000"}[r.IntN(4)]
	}
	return &consent.Record{
		ID:       consent.NewID(),
		Rev:      fmt.Sprintf("%08x", r.Uint32()),
		At:       time.Unix(1+r.Int64N(1<<40), 0),
		Choices:  list(1),
		Services: list(0),
		Of:       of,
	}
}

func TestEncode_DecodeGivesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		record := randomRecord(r)
		value, err := record.Encode()
		if err != nil {
			t.Fatalf("encode %+v: %v", record, err)
		}
		got, err := consent.Decode(value)
		if err != nil {
			t.Fatalf("decode %q: %v", value, err)
		}
		if !reflect.DeepEqual(got, record) {
			t.Fatalf("got %+v, want %+v", got, record)
		}
		if again, _ := got.Encode(); again != value {
			t.Fatalf("encoded again: got %q, want %q", again, value)
		}
	}
}

func TestEncode_ContractForm(t *testing.T) {
	record := consent.Record{
		ID:  "3f2b8c1e-9a4d-4e6f-8b7a-1c2d3e4f5a6b",
		Rev: "0a1b2c3d",
		At:  time.Unix(1764000000, 0),
		Choices: consent.Choices{
			{ID: "necessary", Granted: true}, {ID: "statistics"}, {ID: "first-party"}, {ID: "third-party"},
		},
		Services: consent.Choices{{ID: "youtube", Granted: true}},
	}
	got, err := record.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := "%7B%22v%22%3A1%2C%22id%22%3A%223f2b8c1e-9a4d-4e6f-8b7a-1c2d3e4f5a6b%22%2C%22rev%22%3A%220a1b2c3d%22%2C" +
		"%22at%22%3A1764000000%2C%22choices%22%3A%7B%22necessary%22%3Atrue%2C%22statistics%22%3Afalse%2C" +
		"%22first-party%22%3Afalse%2C%22third-party%22%3Afalse%7D%2C%22services%22%3A%7B%22youtube%22%3Atrue%7D%7D"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEncode_RefusesWhatDecodeWould(t *testing.T) {
	good := consent.Record{ID: consent.NewID(), Rev: "0a1b2c3d", At: time.Unix(1, 0)}
	for name, spoil := range map[string]func(*consent.Record){
		"an id that is no UUID":          func(r *consent.Record) { r.ID = `x","rev":"` },
		"a revision that is none":        func(r *consent.Record) { r.Rev = "latest" },
		"no time":                        func(r *consent.Record) { r.At = time.Time{} },
		"a choice whose id is none":      func(r *consent.Record) { r.Choices = consent.Choices{{ID: `a":true,"b`}} },
		"more than a cookie can hold":    func(r *consent.Record) { r.Choices = longChoices(400) },
		"marks that are none":            func(r *consent.Record) { r.Of = `a"` },
		"a service of the same bad kind": func(r *consent.Record) { r.Services = consent.Choices{{ID: "A"}} },
	} {
		t.Run(name, func(t *testing.T) {
			record := good
			spoil(&record)
			if value, err := record.Encode(); !errors.Is(err, consent.ErrInvalid) {
				t.Errorf("got %q and %v, want ErrInvalid", value, err)
			}
		})
	}
}

func longChoices(n int) (choices consent.Choices) {
	for i := range n {
		choices = append(choices, consent.Choice{ID: fmt.Sprintf("choice-%d", i)})
	}
	return choices
}

func TestRecord_Valid(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Unix(1764000000, 0)
	lifetime := 180 * day
	for name, c := range map[string]struct {
		age  time.Duration
		want bool
	}{
		"just now":                   {0, true},
		"after 179 days":             {179 * day, true},
		"after 180 days":             {180 * day, true},
		"a second later":             {180*day + time.Second, false},
		"after 181 days":             {181 * day, false},
		"an hour in the future":      {-time.Hour, true},
		"two days in the future":     {-2 * day, false},
		"as far as seconds reach":    {-(1<<62 - 1), false},
		"before there was a catalog": {1<<62 - 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			record := &consent.Record{At: now.Add(-c.age)}
			if got := record.Valid(now, lifetime); got != c.want {
				t.Errorf("got %t, want %t", got, c.want)
			}
		})
	}
	t.Run("no record", func(t *testing.T) {
		var record *consent.Record
		if record.Valid(now, lifetime) || record.Granted("necessary") {
			t.Error("nil is valid or grants")
		}
	})
}

// FuzzDecode looks for a value that is taken and then not written back the same.
func FuzzDecode(f *testing.F) {
	for _, c := range mustReadCases(f) {
		f.Add(c.value())
	}
	marks := portal().Marks().Of
	f.Add(`{"v":2,"id":"` + someID + `","rev":"00000000","at":1764000000,"choices":{"third-party":true},"of":"` + marks["third-party"] + `AAA~` + marks["youtube"] + `"}`)
	f.Fuzz(func(t *testing.T, value string) {
		record, err := consent.Decode(value)
		if err != nil {
			if record != nil || !errors.Is(err, consent.ErrInvalid) {
				t.Fatalf("got %v and %v", record, err)
			}
			return
		}
		// Whatever it marks, what stands of it is within what it says, and can be answered over.
		if record.At.Unix() > 1<<46 {
			return // no clock goes so far
		}
		c := portal()
		view := c.Read([]string{value}, record.At, c.Marks())
		for _, service := range c.Asked() {
			said, apart := record.Services.Get(service.ID)
			if !apart {
				said, _ = record.Choices.Get(service.Category)
			}
			if c.Granted(view, service.ID) && !said {
				t.Fatalf("%q allows %s", value, service.ID)
			}
		}
		no := func(string) bool { return false }
		over := c.Answer([]string{value}, c.Marks(), consent.Answer{ID: consent.NewID(), At: record.At, Granted: no, Part: len(value)%2 == 0})
		if _, err := over.Encode(); err != nil && len(value) < 3000 {
			t.Fatalf("%q cannot be answered over: %v", value, err)
		}
		again, err := record.Encode()
		if errors.Is(err, consent.ErrInvalid) && len(value) > 2000 {
			return // escaped, a long value may be too long
		}
		if err != nil {
			t.Fatalf("encode what was decoded of %q: %v", value, err)
		}
		if second, err := consent.Decode(again); err != nil || !reflect.DeepEqual(second, record) {
			t.Fatalf("got %+v and %v, want %+v", second, err, record)
		}
	})
}
