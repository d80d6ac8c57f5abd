package consent

import (
	"bytes"
	"encoding/json"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Choice is the answer for one category or service.
type Choice struct {
	ID      string
	Granted bool
}

// Choices is a list of answers in the order in which they were asked. It is
// an object in JSON: {"necessary":true,"statistics":false}.
type Choices []Choice

// Get returns the answer for id, and whether there is one.
func (c Choices) Get(id string) (granted, found bool) {
	for _, choice := range c {
		if choice.ID == id {
			return choice.Granted, true
		}
	}
	return false, false
}

// With returns a copy of c in which the answer for id is granted.
func (c Choices) With(id string, granted bool) Choices {
	for i, choice := range c {
		if choice.ID == id {
			c = slices.Clone(c)
			c[i].Granted = granted
			return c
		}
	}
	return append(slices.Clip(c), Choice{id, granted})
}

// Record is what a visitor answered: the content of the cookie.
type Record struct {
	// ID is a random UUID in lower case. It names the answer, not the visitor:
	// it changes with each answer, and only a receipt is ever found by it.
	ID string
	// Rev is the revision of the catalogue that was answered, 8 hexadecimal
	// digits; see [Catalogue.Rev].
	Rev string
	// At is when the answer was given, to the second.
	At time.Time
	// Choices holds one answer for each category.
	Choices Choices
	// Services holds the services whose answer differs from their category's.
	Services Choices
}

// Granted reports whether the record allows id, a category or a service that
// was answered apart from its category. For a service that follows its
// category, ask [Catalogue.Granted]: the record alone does not know which
// category that is, and says no.
func (r *Record) Granted(id string) bool {
	if r == nil {
		return false
	}
	if granted, found := r.Services.Get(id); found {
		return granted
	}
	granted, _ := r.Choices.Get(id)
	return granted
}

// clockSkew is how far in the future an answer may lie: visitors' clocks are
// often wrong by hours, seldom by more than a day.
const clockSkew = 24 * time.Hour

// Valid reports whether the record still counts at now: it answers the
// catalogue of revision rev, is not older than lifetime and not from the
// future. Anything else means: ask again.
func (r *Record) Valid(now time.Time, rev string, lifetime time.Duration) bool {
	if r == nil || r.Rev != rev {
		return false
	}
	age := now.Sub(r.At)
	return age <= lifetime && age >= -clockSkew
}

// Encode returns the cookie's value: what JavaScript's encodeURIComponent
// makes of the record's compact JSON. It fails, with [ErrInvalid], where
// [Decode] would not take the value back.
func (r *Record) Encode() (string, error) {
	var b strings.Builder
	b.WriteString(`{"v":` + strconv.Itoa(Version))
	b.WriteString(`,"id":"` + r.ID + `","rev":"` + r.Rev + `"`)
	b.WriteString(`,"at":` + strconv.FormatInt(r.At.Unix(), 10))
	b.WriteString(`,"choices":` + r.Choices.json())
	if len(r.Services) > 0 {
		b.WriteString(`,"services":` + r.Services.json())
	}
	b.WriteString(`}`)

	value := encodeURIComponent(b.String())
	back, err := Decode(value)
	if err != nil {
		return "", err
	}
	if back.ID != r.ID || !slices.Equal(back.Choices, r.Choices) || !slices.Equal(back.Services, r.Services) {
		return "", invalid("ids or answers that do not come back as they were")
	}
	return value, nil
}

func (c Choices) json() string {
	var b strings.Builder
	for i, choice := range c {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"` + choice.ID + `":` + strconv.FormatBool(choice.Granted))
	}
	return "{" + b.String() + "}"
}

// encodeURIComponent escapes s as the JavaScript function of that name does.
// Of the characters that url.QueryEscape treats otherwise, a record holds none
// but the space, which its compact JSON has not.
func encodeURIComponent(s string) string { return url.QueryEscape(s) }

// Decode reads a cookie's value of at most [MaxCookieSize] bytes. Unknown keys
// are ignored; anything else that [Record.Encode] could not have written is an
// error that wraps [ErrInvalid], never a panic and never a grant. The loader's
// JavaScript (web/loader/cookie.js) takes and refuses exactly the same values;
// testdata/records.json holds both to it.
func Decode(value string) (*Record, error) {
	if len(value) > MaxCookieSize {
		return nil, invalid("%d bytes, want at most %d", len(value), MaxCookieSize)
	}
	for _, c := range []byte(value) {
		if c <= ' ' || c > '~' {
			return nil, invalid("byte %#02x, want printable ASCII", c)
		}
	}
	text, err := url.PathUnescape(value)
	if err != nil {
		return nil, invalid("%v", err)
	}
	// JavaScript's decodeURIComponent refuses what is not UTF-8, encoding/json
	// would replace it.
	if !utf8.ValidString(text) {
		return nil, invalid("not UTF-8")
	}
	fields, err := object([]byte(text))
	if err != nil {
		return nil, err
	}
	return recordOf(fields)
}

func recordOf(fields map[string]json.RawMessage) (*Record, error) {
	if v, ok := integer(fields["v"]); !ok || v != Version {
		return nil, invalid("v is %s, want %d", fields["v"], Version)
	}
	r := &Record{ID: text(fields["id"]), Rev: text(fields["rev"])}
	if !uuidPattern.MatchString(r.ID) {
		return nil, invalid("id is %s, want a UUID in lower case", fields["id"])
	}
	if !revPattern.MatchString(r.Rev) {
		return nil, invalid("rev is %s, want 8 hexadecimal digits", fields["rev"])
	}
	at, ok := integer(fields["at"])
	if !ok || at <= 0 {
		return nil, invalid("at is %s, want seconds since 1970", fields["at"])
	}
	r.At = time.Unix(at, 0)

	var err error
	if r.Choices, err = choices("choices", fields["choices"]); err != nil {
		return nil, err
	}
	if services, found := fields["services"]; found {
		if r.Services, err = choices("services", services); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// object splits a JSON object into its members. Unlike json.Unmarshal into a
// struct it distinguishes upper and lower case, as JavaScript does; of members
// with the same name the last counts, there as here.
func object(data []byte) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, invalid("%v", err)
	}
	if fields == nil {
		return nil, invalid("null, want an object")
	}
	return fields, nil
}

// text returns the string that data holds, and "" where it holds none.
func text(data json.RawMessage) string {
	var s *string
	if json.Unmarshal(data, &s) != nil || s == nil {
		return ""
	}
	return *s
}

// integer returns the number that data holds, if JavaScript could tell it from
// its neighbours: 1, 1.0 and 1e0 are all 1.
func integer(data json.RawMessage) (int64, bool) {
	const maxSafeInteger = 1<<53 - 1
	var f *float64
	if json.Unmarshal(data, &f) != nil || f == nil {
		return 0, false
	}
	if math.Trunc(*f) != *f || math.Abs(*f) > maxSafeInteger {
		return 0, false
	}
	return int64(*f), true
}

// choices reads an object of booleans, in its order. A name that occurs twice
// has, as in JavaScript, its first place and its last value.
func choices(key string, data json.RawMessage) (Choices, error) {
	fields, err := object(data)
	if err != nil {
		return nil, invalid("%s is %s, want an object", key, data)
	}
	var list Choices
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.Token() // the opening brace, known to be there
	for decoder.More() {
		name, _ := decoder.Token()
		var value json.RawMessage
		decoder.Decode(&value)
		id, _ := name.(string)
		granted, isBool := boolean(fields[id])
		if !idPattern.MatchString(id) || !isBool {
			return nil, invalid("%s holds %q: %s, want an id and true or false", key, id, fields[id])
		}
		list = list.With(id, granted)
	}
	return list, nil
}

func boolean(data json.RawMessage) (value, ok bool) {
	switch string(data) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}
