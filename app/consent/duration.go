package consent

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Unit is the unit of a [Duration], in the singular.
type Unit string

// The units, from the shortest.
const (
	Minute Unit = "minute"
	Hour   Unit = "hour"
	Day    Unit = "day"
	Week   Unit = "week"
	Month  Unit = "month"
	Year   Unit = "year"
)

// length returns how long the unit is, and 0 for what is none. The law counts in
// months and browsers in seconds: as in CNIL's examples a month is 30 days here,
// so that six months are 180 days and thirteen 390.
func (u Unit) length() time.Duration {
	const day = 24 * time.Hour
	switch u {
	case Minute:
		return time.Minute
	case Hour:
		return time.Hour
	case Day:
		return day
	case Week:
		return 7 * day
	case Month:
		return 30 * day
	case Year:
		return 365 * day
	}
	return 0
}

// MaxCount keeps a duration far from where it would overflow.
const MaxCount = 1000

// Duration is how long a cookie lives, in the words in which it is declared:
// "2 weeks", "at most 12 months", or "session", the zero value, for a cookie
// that goes when the browser is closed.
type Duration struct {
	Count  int
	Unit   Unit
	AtMost bool
}

const (
	session   = "session"
	atMost    = "at most "
	wantWords = `want "session" or a number and a unit such as "13 months" or "at most 2 weeks"`
)

// ParseDuration reads "session", "<count> <unit>" or "at most <count> <unit>",
// the unit in the singular or the plural. The count is from 1 to 1000.
func ParseDuration(s string) (Duration, error) {
	if s == session {
		return Duration{}, nil
	}
	words, bounded := strings.CutPrefix(s, atMost)
	number, name, _ := strings.Cut(words, " ")
	unit := Unit(strings.TrimSuffix(name, "s"))
	count, err := strconv.Atoi(number)
	if unit.length() == 0 || err != nil || count < 1 || count > MaxCount || number != strconv.Itoa(count) {
		return Duration{}, errors.New(strconv.Quote(s) + " is no duration; " + wantWords)
	}
	return Duration{count, unit, bounded}, nil
}

// String returns the words that [ParseDuration] reads.
func (d Duration) String() string {
	if d.Count == 0 {
		return session
	}
	words := strconv.Itoa(d.Count) + " " + string(d.Unit)
	if d.Count != 1 {
		words += "s"
	}
	if d.AtMost {
		words = atMost + words
	}
	return words
}

// Length returns the duration as time, 0 for the session.
func (d Duration) Length() time.Duration {
	return time.Duration(d.Count) * d.Unit.length()
}

// Days returns the duration in whole days, rounded up.
func (d Duration) Days() int {
	const day = 24 * time.Hour
	return int((d.Length() + day - 1) / day)
}

// MarshalText makes a duration a string in JSON.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a duration as [ParseDuration] does.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}

// Units returns the units a duration may have, from the shortest.
func Units() []Unit {
	units := []Unit{Minute, Hour, Day, Week, Month, Year}
	return slices.Clip(units)
}
