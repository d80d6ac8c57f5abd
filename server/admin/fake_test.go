package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// fakeStore keeps receipts in memory, and fails where it is told to.
type fakeStore struct {
	mu         sync.Mutex
	key        *receipt.Key
	receipts   []*receipt.Receipt
	unanswered map[store.UnansweredSum]int64
	anew       map[store.AnewSum]int64
	editions   []*store.Edition
	settings   map[string]string
	sessions   map[string]time.Time
	fault      error // of every method
	exportEnd  error // of Export, after the first row
}

var _ Store = (*fakeStore)(nil)

const rightPassword = "correct horse battery"

func edition(t testing.TB, c *consent.Catalogue, lang string) *store.Edition {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return &store.Edition{Rev: c.Rev(), Text: sampleText, Lang: lang, Catalogue: data, Body: []byte("{}")}
}

func newFakeStore(t testing.TB) *fakeStore {
	t.Helper()
	key, err := receipt.NewKey("data.rivemont.example")
	if err != nil {
		t.Fatal(err)
	}
	return &fakeStore{key: key, settings: map[string]string{}, sessions: map[string]time.Time{}, unanswered: map[store.UnansweredSum]int64{}, anew: map[store.AnewSum]int64{}}
}

func (f *fakeStore) Setting(_ context.Context, name string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings[name], f.fault
}

func (f *fakeStore) SetSetting(_ context.Context, name, value string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settings[name] = value
	return f.fault
}

func (f *fakeStore) AddSession(_ context.Context, hash string, expires time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions[hash] = expires
	return f.fault
}

func (f *fakeStore) HasSession(_ context.Context, hash string, now time.Time, _ time.Duration) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	expires, found := f.sessions[hash]
	return found && now.Before(expires), f.fault
}

func (f *fakeStore) DropSession(_ context.Context, hash string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, hash)
	return f.fault
}

func (f *fakeStore) DropSessions(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.sessions)
	return f.fault
}

func (f *fakeStore) Secret(context.Context, string) (string, error) {
	return "a secret of all servers", f.fault
}

// Take lets everybody through: what one server alone refuses does not come here.
func (f *fakeStore) Take(context.Context, time.Time, time.Duration, ...store.Allowance) (time.Duration, error) {
	return 0, f.fault
}

func dayOf(r *receipt.Receipt) string { return r.Received().Format(time.DateOnly) }

func (f *fakeStore) Choices(_ context.Context, since, until string) ([]store.ChoiceSum, error) {
	sums := map[store.ChoiceSum]int64{}
	for _, r := range f.receipts {
		if d := dayOf(r); d >= since && d <= until {
			sums[store.ChoiceSum{Day: d, Rev: r.Rev(), Lang: r.Lang(), How: r.How(), Outcome: r.Outcome()}]++
		}
	}
	var list []store.ChoiceSum
	for sum, n := range sums {
		sum.N = n
		list = append(list, sum)
	}
	return list, f.fault
}

func (f *fakeStore) Answers(_ context.Context, since, until string) ([]store.AnswerSum, error) {
	sums := map[store.AnswerSum]int64{}
	for _, r := range f.receipts {
		d := dayOf(r)
		if d < since || d > until {
			continue
		}
		for _, p := range r.Processing.Purposes {
			if p.State != receipt.NotRequired && p.Since.IsZero() {
				sums[store.AnswerSum{Day: d, Rev: r.Rev(), Lang: r.Lang(), Category: p.ID, Granted: p.State == receipt.Given}]++
			}
		}
	}
	var list []store.AnswerSum
	for sum, n := range sums {
		sum.N = n
		list = append(list, sum)
	}
	return list, f.fault
}

func (f *fakeStore) Unanswered(_ context.Context, since, until string) ([]store.UnansweredSum, error) {
	var list []store.UnansweredSum
	for sum, n := range f.unanswered {
		if sum.Day >= since && sum.Day <= until {
			sum.N = n
			list = append(list, sum)
		}
	}
	return list, f.fault
}

func (f *fakeStore) Anew(_ context.Context, since, until string) ([]store.AnewSum, error) {
	var list []store.AnewSum
	for sum, n := range f.anew {
		if sum.Day >= since && sum.Day <= until {
			sum.N = n
			list = append(list, sum)
		}
	}
	return list, f.fault
}

// Find proves a receipt by a log of its own, in which it is the only entry.
func (f *fakeStore) Find(_ context.Context, id string) (*receipt.File, error) {
	i := slices.IndexFunc(f.receipts, func(r *receipt.Receipt) bool { return r.ID() == id })
	if f.fault != nil || i < 0 {
		return nil, cmp.Or(f.fault, fmt.Errorf("find: %w", store.ErrNotFound))
	}
	body, err := f.receipts[i].Body()
	if err != nil {
		return nil, err
	}
	salt := make([]byte, receipt.SaltSize)
	checkpoint, err := f.key.Checkpoint(tlog.Tree{N: 1, Hash: receipt.Commitment(salt, body)})
	if err != nil {
		return nil, err
	}
	return &receipt.File{
		Receipt: f.receipts[i], Signature: f.key.Sign(body), Key: f.key.Verifier(),
		Log: receipt.Inclusion{Salt: salt, Checkpoint: checkpoint},
	}, nil
}

// Erase forgets the receipt of that id.
func (f *fakeStore) Erase(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := len(f.receipts)
	f.receipts = slices.DeleteFunc(f.receipts, func(r *receipt.Receipt) bool { return r.ID() == id })
	if len(f.receipts) == kept && f.fault == nil {
		return store.ErrNotFound
	}
	return f.fault
}

func (f *fakeStore) Edition(_ context.Context, rev, text, lang string) (*store.Edition, error) {
	for _, e := range f.editions {
		if e.Rev == rev && e.Text == text && e.Lang == lang {
			return e, f.fault
		}
	}
	return nil, cmp.Or(f.fault, store.ErrNotFound)
}

func (f *fakeStore) Export(_ context.Context, since, until time.Time) iter.Seq2[*store.Row, error] {
	return func(yield func(*store.Row, error) bool) {
		for i, r := range f.receipts {
			if r.Received().Before(since) || !r.Received().Before(until) {
				continue
			}
			body, err := r.Body()
			row := &store.Row{Index: int64(i), Receipt: r, Body: body, Signature: f.key.Sign(body)}
			if !yield(row, cmp.Or(err, f.fault)) {
				return
			}
			if f.exportEnd != nil {
				yield(nil, f.exportEnd)
				return
			}
		}
	}
}

// now is when the tests take place.
var now = time.Date(2026, 11, 24, 14, 5, 9, 0, time.UTC)

// richCatalogue is the demo's catalogue: measures, videos, a social button.
func richCatalogue(t testing.TB) *consent.Catalogue {
	t.Helper()
	c, err := catalogue.Load("../demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return &c.Catalogue
}

// revisions returns three catalogues as a site may have had them, one after the
// other, the newest last.
func revisions(t testing.TB) []*consent.Catalogue {
	first, second, third := richCatalogue(t), richCatalogue(t), richCatalogue(t)
	without := func(ids ...string) func(consent.Service) bool {
		return func(s consent.Service) bool { return slices.Contains(ids, s.ID) }
	}
	first.Services = slices.DeleteFunc(first.Services, without("facebook", "youtube"))
	second.Services = slices.DeleteFunc(second.Services, without("facebook"))
	return []*consent.Catalogue{first, second, third}
}

// season is what happens on a site in n days before now: quieter at weekends,
// two languages, three revisions, and visitors who come again after the last change.
type season struct {
	receipts   []*receipt.Receipt
	unanswered map[store.UnansweredSum]int64
	anew       map[store.AnewSum]int64
	returned   []*receipt.Receipt // answers of those who had answered before
	editions   []*store.Edition
}

const sampleText = "00112233aabbccdd"

func newSeason(t testing.TB, days, perDay int) *season {
	t.Helper()
	s := &season{unanswered: map[store.UnansweredSum]int64{}, anew: map[store.AnewSum]int64{}}
	random := rand.New(rand.NewPCG(1, 2))
	list := revisions(t)
	for back := days - 1; back >= 0; back-- {
		date := now.Truncate(day).AddDate(0, 0, -back)
		c := list[min(len(list)-1, boolInt(back < 62)+boolInt(back < 20))]
		busy := perDay + random.IntN(perDay/2+1) - perDay/4
		if date.Weekday() == time.Saturday || date.Weekday() == time.Sunday {
			busy /= 2
		}
		for range busy {
			at := date.Add(time.Duration(random.IntN(14*3600)) * time.Second)
			s.receipts = append(s.receipts, sampleReceipt(t, random, c, at))
		}
		s.unanswered[store.UnansweredSum{Day: date.Format(time.DateOnly), Rev: c.Rev()}] = int64(busy/2 + random.IntN(busy/3+1))
	}
	if days > 40 {
		for _, outcome := range []receipt.Outcome{receipt.Accepted, receipt.Refused, receipt.Refused} {
			s.comeAgain(t, list[1], list[2], outcome)
		}
	}
	for _, c := range list {
		for _, lang := range c.Languages {
			s.editions = append(s.editions, edition(t, c, lang))
		}
	}
	return s
}

// comeAgain adds a visitor who allowed all of one revision, and answers what another one
// has made new, five days ago.
func (s *season) comeAgain(t testing.TB, was, is *consent.Catalogue, outcome receipt.Outcome) {
	t.Helper()
	var cookie []string
	answer := func(c *consent.Catalogue, at time.Time, part bool, from string, granted bool) *receipt.Receipt {
		record := c.Answer(cookie, c.Marks(), consent.Answer{ID: consent.NewID(), At: at.Add(-time.Second), Part: part, Granted: func(id string) bool {
			return granted || was.Service(id) != nil || was.Category(id) != nil
		}})
		value, err := record.Encode()
		if err != nil {
			t.Fatal(err)
		}
		cookie = []string{value}
		return mustReceipt(t, &receipt.Submission{Record: record, How: receipt.Dialog, Lang: "fr", Text: sampleText, From: from}, c, at)
	}
	first := answer(was, now.AddDate(0, 0, -30), false, "", true)
	s.receipts = append(s.receipts, first)
	again := answer(is, now.AddDate(0, 0, -5), true, first.ID(), outcome == receipt.Accepted)
	s.returned = append(s.returned, again)
	s.anew[store.AnewSum{Day: dayOf(again), Rev: is.Rev(), Outcome: outcome}]++
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sampleReceipt(t testing.TB, random *rand.Rand, c *consent.Catalogue, at time.Time) *receipt.Receipt {
	t.Helper()
	lang, dice := "fr", random.Float64()
	if random.Float64() < 0.18 {
		lang, dice = "en", dice*0.9
	}
	how, choices, services := receipt.BannerAccept, c.Accept(), consent.Choices(nil)
	switch {
	case dice < 0.43:
	case dice < 0.74:
		how, choices = receipt.BannerRefuse, c.Refuse()
	case dice < 0.92:
		how = receipt.Dialog
		choices, services = c.Split(func(id string) bool { return random.Float64() < 0.4 })
	case dice < 0.98 && c.Service("youtube") != nil:
		how = receipt.Embed
		choices, services = c.Split(func(id string) bool { return id == "youtube" })
	default:
		how = receipt.Form
		choices, services = c.Split(func(id string) bool { return id == "statistics" || id == "matomo" })
	}
	return mustReceipt(t, &receipt.Submission{
		Record: &consent.Record{ID: consent.NewID(), Rev: c.Rev(), At: at.Add(-time.Second), Choices: choices, Services: services},
		How:    how, Lang: lang, Text: sampleText, GPC: dice > 0.99,
	}, c, at)
}

func mustReceipt(t testing.TB, s *receipt.Submission, c *consent.Catalogue, received time.Time) *receipt.Receipt {
	t.Helper()
	r, err := receipt.New(s, receipt.Context{Site: c.Site.URL, Catalogue: c, Received: received, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// fill puts the season into the fake.
func (f *fakeStore) fill(s *season) {
	f.receipts, f.editions = slices.Concat(s.receipts, s.returned), s.editions
	f.unanswered, f.anew = maps.Clone(s.unanswered), maps.Clone(s.anew)
}
