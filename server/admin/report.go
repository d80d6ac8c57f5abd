package admin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// tally counts choices by their outcome.
type tally struct{ Accepted, Partly, Refused int64 }

// All is the number of choices.
func (t tally) All() int64 { return t.Accepted + t.Partly + t.Refused }

func (t *tally) add(outcome receipt.Outcome, n int64) {
	switch outcome {
	case receipt.Accepted:
		t.Accepted += n
	case receipt.Refused:
		t.Refused += n
	default:
		t.Partly += n
	}
}

// column is what happened on one day, or in one week.
type column struct {
	Start time.Time
	tally
	Unanswered map[string]int64 // by revision
}

func (c column) unanswered() int64 { return sum(c.Unanswered) }

// answers are those that were given about one category.
type answers struct {
	Category         string
	Granted, Refused int64
}

// group is a part of the choices that has a name: a language, a way.
type group struct {
	Name string
	tally
}

// revision is one revision of the catalogue, and when it was answered.
type revision struct {
	Rev         string
	First, Last time.Time
	Unanswered  int64
	tally
	// Anew counts the visitors who had answered before and whom the revision asked for
	// what was new, by what they said of that.
	Anew tally
	// New tells that the revision came into use within the period, so that its
	// first day means something.
	New bool
}

// report is what the dashboard shows of a period.
type report struct {
	Period period
	Total  tally
	// Step is the number of days in a column: 1, or 7 where there would be too
	// many of them to tell apart.
	Step       int
	Columns    []column
	Categories []answers
	Languages  []group // the one with the most choices first
	Ways       []group // in the order of ways
	Revisions  []revision
	Unanswered int64
}

// Empty tells that nothing at all happened in the period.
func (r *report) Empty() bool { return r.Total.All() == 0 && r.Unanswered == 0 }

// maxColumns is how many columns a chart has room for.
const maxColumns = 120

// newReport reads the sums of the period from the store. The catalogue says in
// which order categories come, and which of them nobody can refuse.
func newReport(ctx context.Context, s Sums, p period, c *consent.Catalogue) (*report, error) {
	choices, err := s.Choices(ctx, p.Since(), p.Until())
	if err != nil {
		return nil, fmt.Errorf("read the sums of choices: %w", err)
	}
	given, err := s.Answers(ctx, p.Since(), p.Until())
	if err != nil {
		return nil, fmt.Errorf("read the sums of answers: %w", err)
	}
	unanswered, err := s.Unanswered(ctx, p.Since(), p.Until())
	if err != nil {
		return nil, fmt.Errorf("read the sums of banners left unanswered: %w", err)
	}
	anew, err := s.Anew(ctx, p.Since(), p.Until())
	if err != nil {
		return nil, fmt.Errorf("read the sums of what was asked anew: %w", err)
	}
	r := &report{Period: p}
	r.divide()
	for _, sum := range choices {
		r.Total.add(sum.Outcome, sum.N)
	}
	if err := r.addColumns(choices, unanswered); err != nil {
		return nil, err
	}
	r.addCategories(given, c)
	r.addGroups(choices)
	r.addRevisions(choices, unanswered, anew)
	return r, nil
}

// divide makes the columns of the period. The last week is whole, so that the
// newest figures do not seem to fall; the first one may be short.
func (r *report) divide() {
	r.Step = 1
	if r.Period.Days() > maxColumns {
		r.Step = 7
	}
	r.Columns = make([]column, (r.Period.Days()+r.Step-1)/r.Step)
	for i := range r.Columns {
		start := r.Period.Last.AddDate(0, 0, 1-(len(r.Columns)-i)*r.Step)
		if start.Before(r.Period.First) {
			start = r.Period.First
		}
		r.Columns[i] = column{Start: start, Unanswered: map[string]int64{}}
	}
}

// position is where a day stands among the columns: 2.0 is the beginning of the
// third one.
func (r *report) position(t time.Time) float64 {
	return float64(len(r.Columns)) - float64(r.Period.end().Sub(t))/float64(day)/float64(r.Step)
}

func (r *report) at(dayOf string) (*column, error) {
	t, err := time.Parse(time.DateOnly, dayOf)
	if err != nil {
		return nil, fmt.Errorf("the store has the day %q: %w", dayOf, err)
	}
	i := int(r.position(t))
	if t.Before(r.Period.First) || i >= len(r.Columns) {
		return nil, fmt.Errorf("the store has the day %q, asked for %s to %s", dayOf, r.Period.Since(), r.Period.Until())
	}
	return &r.Columns[i], nil
}

func (r *report) addColumns(choices []store.ChoiceSum, unanswered []store.UnansweredSum) error {
	for _, sum := range choices {
		c, err := r.at(sum.Day)
		if err != nil {
			return err
		}
		c.add(sum.Outcome, sum.N)
	}
	for _, sum := range unanswered {
		c, err := r.at(sum.Day)
		if err != nil {
			return err
		}
		c.Unanswered[sum.Rev] += sum.N
		r.Unanswered += sum.N
	}
	return nil
}

// addCategories leaves out what is necessary: there is nothing to say of it.
// Categories of earlier catalogues come last.
func (r *report) addCategories(given []store.AnswerSum, c *consent.Catalogue) {
	byID := map[string]*answers{}
	for _, sum := range given {
		if known := c.Category(sum.Category); known != nil && known.Necessary {
			continue
		}
		if byID[sum.Category] == nil {
			byID[sum.Category] = &answers{Category: sum.Category}
		}
		if sum.Granted {
			byID[sum.Category].Granted += sum.N
		} else {
			byID[sum.Category].Refused += sum.N
		}
	}
	for _, category := range c.Categories {
		if found := byID[category.ID]; found != nil {
			r.Categories = append(r.Categories, *found)
			delete(byID, category.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		r.Categories = append(r.Categories, *byID[id])
	}
}

// ways are the places of a page where a choice is made, as the dashboard tells
// them apart, with the values of "how" that belong to each.
var ways = []struct {
	Name string
	Hows []receipt.How
}{
	{"first", []receipt.How{receipt.BannerAccept, receipt.BannerRefuse}},
	{"dialog", []receipt.How{receipt.Dialog}},
	{"embed", []receipt.How{receipt.Embed}},
	{"form", []receipt.How{receipt.Form}},
	{"api", []receipt.How{receipt.API}},
}

func (r *report) addGroups(choices []store.ChoiceSum) {
	byLanguage := map[string]*group{}
	byWay := make([]group, len(ways))
	for _, sum := range choices {
		if byLanguage[sum.Lang] == nil {
			byLanguage[sum.Lang] = &group{Name: sum.Lang}
		}
		byLanguage[sum.Lang].add(sum.Outcome, sum.N)
		for i, way := range ways {
			if slices.Contains(way.Hows, sum.How) {
				byWay[i].add(sum.Outcome, sum.N)
			}
		}
	}
	for _, g := range byLanguage {
		r.Languages = append(r.Languages, *g)
	}
	slices.SortFunc(r.Languages, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.All(), a.All()), cmp.Compare(a.Name, b.Name))
	})
	for i, g := range byWay {
		if g.Name = ways[i].Name; g.All() > 0 {
			r.Ways = append(r.Ways, g)
		}
	}
}

// addRevisions lists the revisions, the oldest first. A revision is new where
// the period saw days before its first one.
func (r *report) addRevisions(choices []store.ChoiceSum, unanswered []store.UnansweredSum, anew []store.AnewSum) {
	byRev := map[string]*revision{}
	seen := func(rev, dayOf string) *revision {
		t, _ := time.Parse(time.DateOnly, dayOf) // read before: see at
		if byRev[rev] == nil {
			byRev[rev] = &revision{Rev: rev, First: t, Last: t}
		}
		found := byRev[rev]
		if t.Before(found.First) {
			found.First = t
		}
		if t.After(found.Last) {
			found.Last = t
		}
		return found
	}
	for _, sum := range choices {
		seen(sum.Rev, sum.Day).add(sum.Outcome, sum.N)
	}
	for _, sum := range unanswered {
		seen(sum.Rev, sum.Day).Unanswered += sum.N
	}
	for _, sum := range anew {
		if known := byRev[sum.Rev]; known != nil { // each is a choice as well
			known.Anew.add(sum.Outcome, sum.N)
		}
	}
	for _, rev := range byRev {
		r.Revisions = append(r.Revisions, *rev)
	}
	slices.SortFunc(r.Revisions, func(a, b revision) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.Rev, b.Rev))
	})
	for i := range r.Revisions {
		r.Revisions[i].New = r.Revisions[i].First.After(r.Revisions[0].First)
	}
}

func sum(byKey map[string]int64) int64 {
	var total int64
	for _, n := range byKey {
		total += n
	}
	return total
}
