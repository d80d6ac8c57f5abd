package consent

import (
	"math"
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
	// Choices holds one answer for each category that is necessary or offered.
	Choices Choices
	// Services holds the services whose answer differs from their category's.
	Services Choices
	// Of says what each answer was an answer to, and when where that was before At:
	// marks of the catalogue's, see [Marks]. It is empty in records of version 1.
	Of string
	// Asked holds what the visitor has still to be asked, though the rest stands:
	// ids of categories and services. Only [Catalogue.Read] sets it.
	Asked []string

	held *Record // as the cookie held it, where this is what stands of it
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

// ClockSkew is how far in the future an answer may lie: visitors' clocks are
// often wrong by hours, seldom by more than a day.
const ClockSkew = 24 * time.Hour

// Valid reports whether the record still counts at now: it is not older than
// lifetime and not from the future. Anything else means: ask again.
func (r *Record) Valid(now time.Time, lifetime time.Duration) bool {
	return r != nil && lasts(now, r.At, lifetime)
}

func lasts(now, at time.Time, lifetime time.Duration) bool {
	age := now.Sub(at)
	return age <= lifetime && age >= -ClockSkew
}

// Encode returns the cookie's value: what JavaScript's encodeURIComponent
// makes of the record's compact JSON; for one that [Catalogue.Read] returned, that
// which was read. It fails, with [ErrInvalid], where [Decode] would not take the
// value back.
func (r *Record) Encode() (string, error) {
	if r.held != nil {
		return r.held.Encode()
	}
	var b strings.Builder
	b.WriteString(`{"v":` + strconv.Itoa(r.version()))
	b.WriteString(`,"id":"` + r.ID + `","rev":"` + r.Rev + `"`)
	b.WriteString(`,"at":` + strconv.FormatInt(r.At.Unix(), 10))
	b.WriteString(`,"choices":` + r.Choices.json())
	if len(r.Services) > 0 {
		b.WriteString(`,"services":` + r.Services.json())
	}
	if r.Of != "" {
		b.WriteString(`,"of":"` + r.Of + `"`)
	}
	b.WriteString(`}`)

	value := encodeURIComponent(b.String())
	back, err := Decode(value)
	if err != nil {
		return "", err
	}
	if back.ID != r.ID || back.Of != r.Of || !slices.Equal(back.Choices, r.Choices) || !slices.Equal(back.Services, r.Services) {
		return "", invalid("ids or answers that do not come back as they were")
	}
	return value, nil
}

// version returns the version of the format, the record's key "v".
func (r *Record) version() int {
	if r.Of == "" {
		return 1
	}
	return Version
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
func encodeURIComponent(s string) string {
	const plain = letters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits + "-_.!~*'()"
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}

const upperHex = "0123456789ABCDEF"

// decodeURIComponent undoes what encodeURIComponent did; like the JavaScript
// function of that name it refuses what is not UTF-8.
func decodeURIComponent(s string) (text string, ok bool) {
	var b strings.Builder
	for s != "" {
		plain, escaped, found := strings.Cut(s, "%")
		b.WriteString(plain)
		if !found {
			break
		}
		if len(escaped) < 2 {
			return "", false
		}
		high, isHigh := hexDigit(escaped[0])
		low, isLow := hexDigit(escaped[1])
		if !isHigh || !isLow {
			return "", false
		}
		b.WriteByte(high<<4 | low)
		s = escaped[2:]
	}
	return b.String(), utf8.ValidString(b.String())
}

// Decode reads a cookie's value of at most [MaxCookieSize] bytes. Unknown keys
// are ignored; anything else that [Record.Encode] could not have written is an
// error that wraps [ErrInvalid], never a panic and never a grant. The loader's
// JavaScript (web/loader/cookie.js) takes and refuses exactly the same values;
// testdata/records.json holds both to it.
func Decode(value string) (*Record, error) {
	if len(value) > MaxCookieSize {
		return nil, invalid(strconv.Itoa(len(value)) + " bytes, want at most " + strconv.Itoa(MaxCookieSize))
	}
	for _, c := range []byte(value) {
		if c <= ' ' || c > '~' {
			return nil, invalid("byte " + strconv.Itoa(int(c)) + ", want printable ASCII")
		}
	}
	text, ok := decodeURIComponent(value)
	if !ok {
		return nil, invalid("escapes that are none, or not of UTF-8")
	}
	fields, ok := jsonObject(text)
	if !ok {
		return nil, invalid("no JSON object")
	}
	return recordOf(fields)
}

func recordOf(fields []member) (*Record, error) {
	v, ok := integer(get(fields, "v"))
	if !ok || v != 1 && v != Version {
		return nil, invalid("v is " + get(fields, "v") + ", want 1 or " + strconv.Itoa(Version))
	}
	id, _ := jsonString(get(fields, "id"))
	if !isUUID(id) {
		return nil, invalid("id is " + get(fields, "id") + ", want a UUID in lower case")
	}
	rev, _ := jsonString(get(fields, "rev"))
	if !isRev(rev) {
		return nil, invalid("rev is " + get(fields, "rev") + ", want 8 hexadecimal digits")
	}
	at, ok := integer(get(fields, "at"))
	if !ok || at <= 0 {
		return nil, invalid("at is " + get(fields, "at") + ", want seconds since 1970")
	}
	r := &Record{ID: id, Rev: rev, At: time.Unix(at, 0)}

	if r.Choices, ok = choices(get(fields, "choices")); !ok {
		return nil, invalid("choices is " + get(fields, "choices") + ", want an object of booleans by id")
	}
	services := get(fields, "services")
	if r.Services, ok = choices(services); !ok && services != "" {
		return nil, invalid("services is " + services + ", want an object of booleans by id")
	}
	if v == 1 {
		return r, nil
	}
	r.Of, _ = jsonString(get(fields, "of"))
	if _, ok := readRounds(r.Of, at); !ok {
		return nil, invalid("of is " + get(fields, "of") + ", want what the answers are answers to")
	}
	return r, nil
}

// integer returns the number that value is, if JavaScript could tell it from
// its neighbours: 1, 1.0 and 1e0 are all 1.
func integer(value string) (int64, bool) {
	const maxSafeInteger = 1<<53 - 1
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || math.Trunc(f) != f || math.Abs(f) > maxSafeInteger {
		return 0, false
	}
	return int64(f), true
}

// choices reads an object of booleans, in its order.
func choices(value string) (list Choices, ok bool) {
	fields, ok := jsonObject(value)
	for _, field := range fields {
		if !IsID(field.name) || (field.value != "true" && field.value != "false") {
			return nil, false
		}
		list = append(list, Choice{field.name, field.value == "true"})
	}
	return list, ok
}
