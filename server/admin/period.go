package admin

import (
	"net/url"
	"slices"
	"strconv"
	"time"
)

// lengths are the periods that are offered, in days; the third is shown to
// whoever chooses none.
var lengths = []int{7, 30, 90, 365}

const (
	defaultLength = 90
	maxLength     = 800 // days: longer than receipts are kept, see -retention
)

const day = 24 * time.Hour

// period is a number of whole days, in universal time.
type period struct {
	First, Last time.Time // midnight at which each of the two days begins
	// Length is the number of days where one of the offered lengths was chosen,
	// else 0.
	Length int
	// Fault is the key of the text that says what was wrong in what was asked
	// for, or "".
	Fault string
}

// readPeriod reads days=30, or since=2026-09-01 and until=2026-11-24, both days
// included. What cannot be read gives the default, and says so.
func readPeriod(query url.Values, now time.Time) period {
	if query.Get("since") == "" && query.Get("until") == "" {
		n, _ := strconv.Atoi(query.Get("days"))
		if !slices.Contains(lengths, n) {
			n = defaultLength
		}
		return lastDays(n, now)
	}
	first, err1 := time.Parse(time.DateOnly, query.Get("since"))
	last, err2 := time.Parse(time.DateOnly, query.Get("until"))
	p := lastDays(defaultLength, now)
	switch {
	case err1 != nil || err2 != nil || first.Year() < 1970 || last.Year() < 1970:
		p.Fault = "period-unreadable"
		return p
	case last.Before(first):
		p.Fault = "period-reversed"
		return p
	}
	p = period{First: first, Last: last}
	if p.Days() > maxLength {
		p.First, p.Fault = last.AddDate(0, 0, 1-maxLength), "period-too-long"
	}
	return p
}

// lastDays is the period of n days that ends today.
func lastDays(n int, now time.Time) period {
	today := now.UTC().Truncate(day)
	return period{First: today.AddDate(0, 0, 1-n), Last: today, Length: n}
}

// Days is the number of days of the period.
func (p period) Days() int { return int(p.Last.Sub(p.First)/day) + 1 }

// Since is the first day, as the store and a date field write it.
func (p period) Since() string { return p.First.Format(time.DateOnly) }

// Until is the last day.
func (p period) Until() string { return p.Last.Format(time.DateOnly) }

// end is the moment at which the period is over.
func (p period) end() time.Time { return p.Last.Add(day) }
