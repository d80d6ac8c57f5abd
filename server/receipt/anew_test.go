package receipt_test

import (
	"slices"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
)

// with returns the catalogue without the services of these ids, and with others.
func with(without []string, more ...consent.Service) *consent.Catalogue {
	c := *catalogue
	c.Services = slices.DeleteFunc(slices.Clone(c.Services), func(s consent.Service) bool { return slices.Contains(without, s.ID) })
	c.Services = append(c.Services, more...)
	return &c
}

// answered returns the receipt of an answer that allows these ids, given over what the
// cookie holds, and the cookie that it leaves.
func answered(t *testing.T, c *consent.Catalogue, cookie []string, part bool, at time.Time, from string, allowed ...string) (*receipt.Receipt, []string) {
	t.Helper()
	record := c.Answer(cookie, c.Marks(), consent.Answer{
		ID: consent.NewID(), At: at, Part: part, Granted: func(id string) bool { return slices.Contains(allowed, id) },
	})
	value, err := record.Encode()
	if err != nil {
		t.Fatal(err)
	}
	r, err := receipt.New(&receipt.Submission{Record: record, How: receipt.Dialog, Lang: "fr", Text: "0123456789abcdef", From: from},
		receipt.Context{Site: "https://portal.example", Catalogue: c, Received: at, Version: "v1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	return r, []string{value}
}

func TestReceipt_AskedAnew(t *testing.T) {
	ads := consent.Service{ID: "ads", Category: "third-party"}
	all := []string{"statistics", "reach", "first-party", "shop", "third-party", "youtube", "map"}
	noMap, noThird := with([]string{"map"}), with([]string{"youtube", "map"})
	changed := with([]string{"youtube", "map", "shop"}, consent.Service{ID: "youtube", Category: "third-party", Provider: "another"})
	later, muchLater := time.Hour, 200*24*time.Hour
	for name, c := range map[string]struct {
		was, is *consent.Catalogue
		before  []string
		after   time.Duration
		part    bool
		now     []string
		want    receipt.Outcome
	}{
		"allows what is new":                       {noMap, catalogue, all, later, true, all, receipt.Accepted},
		"refuses what is new":                      {noMap, catalogue, all, later, true, all[:6], receipt.Refused},
		"allows one of two":                        {noMap, with(nil, ads), all, later, true, all, receipt.Partly},
		"allows it, and takes something else back": {noMap, catalogue, all, later, true, []string{"statistics", "reach", "third-party", "youtube", "map"}, receipt.Accepted},
		"answers all once more":                    {noMap, catalogue, all, later, false, nil, receipt.Refused},
		"is asked for a purpose that is new":       {noThird, noMap, nil, later, true, []string{"third-party", "youtube"}, receipt.Accepted},

		"had refused the purpose, and allows it now": {noMap, catalogue, nil, later, false, all, ""},
		"is asked nothing, and takes something back": {catalogue, noMap, all, later, false, []string{"first-party", "shop"}, ""},
		"answers when the answer before is over":     {noMap, catalogue, all, muchLater, false, all, ""},
		"has allowed only what has changed":          {with([]string{"map", "shop", "reach"}), changed, []string{"third-party", "youtube"}, later, false, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before, cookie := answered(t, c.was, nil, false, at, "", c.before...)
			r, _ := answered(t, c.is, cookie, c.part, at.Add(c.after), before.ID(), c.now...)
			if got := r.AskedAnew(before, c.was, c.is); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if r.Before() != before.ID() {
				t.Errorf("the answer before: got %q", r.Before())
			}
			body, err := r.Body()
			if err != nil {
				t.Fatal(err)
			}
			if kept, err := receipt.Parse(body); err != nil || kept.Before() != "" {
				t.Errorf("the receipt keeps which answer was before: %q (%v)", kept.Before(), err)
			}
		})
	}
}
