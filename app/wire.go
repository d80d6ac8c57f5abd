package app

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"temoin.example/temoin/app/consent"
)

// The edition travels from the server to the browser as its values alone, one
// after the other, with a separator behind each: both sides are one program, so
// the order says what each value is. Reading it is cutting a string, where
// encoding/json would make a fifth of what every visitor downloads.

const separator = "\x1f" // ASCII's unit separator, which is in no text

// Write returns the edition as [ReadEdition] reads it.
func (e *Edition) Write() (string, error) {
	w := &wire{out: &strings.Builder{}}
	e.carry(w)
	if w.broken {
		return "", errors.New("write edition: a text with the control character U+001F")
	}
	return w.out.String(), nil
}

// ReadEdition reads what [Edition.Write] wrote.
func ReadEdition(text string) (*Edition, error) {
	w := &wire{in: text}
	e := &Edition{Catalogue: &consent.Catalogue{}}
	e.carry(w)
	if w.broken || w.in != "" {
		return nil, errors.New("read edition: not one that this program was built with")
	}
	return e, nil
}

// wire carries values, in or out.
type wire struct {
	in     string           // what is still to be read
	out    *strings.Builder // nil to read
	broken bool
}

// carry names what the interface draws, once for both ways.
func (e *Edition) carry(w *wire) {
	w.strings(&e.Lang, &e.Dir, &e.Marks.Rev)
	w.strings(e.Texts.all()...)
	carryMap(w, &e.Durations)
	carryMap(w, &e.Marks.Of)
	c := e.Catalogue
	w.text(&c.Site.Name)
	w.strings(&c.Links.Charter, &c.Links.Privacy, &c.Cookie.Name, &c.Cookie.Domain, &e.Theme)
	w.duration(&c.Cookie.Lifetime)
	w.bool(&c.Reopen)
	carryList(w, &c.Categories, carryCategory)
	carryList(w, &c.Services, carryService)
}

func carryCategory(w *wire, c *consent.Category) {
	w.strings(&c.ID)
	w.text(&c.Title)
	w.text(&c.Description)
	w.bool(&c.Necessary)
	w.bool(&c.Anonymous)
}

func carryService(w *wire, s *consent.Service) {
	w.strings(&s.ID, &s.Category, &s.Provider, &s.Policy)
	w.text(&s.Name)
	w.text(&s.Purpose)
	w.bool(&s.Anonymous)
	carryList(w, &s.Cookies, carryCookie)
}

func carryCookie(w *wire, c *consent.Cookie) {
	w.strings(&c.Name, (*string)(&c.Party))
	w.text(&c.Purpose)
	w.duration(&c.Duration)
}

func (w *wire) strings(list ...*string) {
	for _, s := range list {
		if w.out != nil {
			w.broken = w.broken || strings.Contains(*s, separator)
			w.out.WriteString(*s + separator)
			continue
		}
		var found bool
		*s, w.in, found = strings.Cut(w.in, separator)
		w.broken = w.broken || !found
	}
}

// text carries a wording in the edition's one language.
func (w *wire) text(t *consent.Text) {
	s := t.In(consent.AnyLanguage)
	w.strings(&s)
	if s != "" {
		*t = consent.Text{consent.AnyLanguage: s}
	}
}

func (w *wire) bool(b *bool) {
	s := ""
	if *b {
		s = "1"
	}
	w.strings(&s)
	*b = s == "1"
}

func (w *wire) duration(d *consent.Duration) {
	s := d.String()
	w.strings(&s)
	var err error
	*d, err = consent.ParseDuration(s)
	w.broken = w.broken || err != nil
}

// length carries how many values follow; more than what is left cannot.
func (w *wire) length(n int) int {
	s := strconv.Itoa(n)
	w.strings(&s)
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || (w.out == nil && n > len(w.in)) {
		w.broken = true
		return 0
	}
	return n
}

func carryList[T any](w *wire, list *[]T, carry func(*wire, *T)) {
	n := w.length(len(*list))
	if w.out == nil {
		*list = make([]T, n)
	}
	for i := range *list {
		carry(w, &(*list)[i])
	}
}

func carryMap(w *wire, m *map[string]string) {
	keys := slices.Sorted(maps.Keys(*m))
	carryList(w, &keys, func(w *wire, key *string) { w.strings(key) })
	if w.out == nil {
		*m = make(map[string]string, len(keys))
	}
	for _, key := range keys {
		value := (*m)[key]
		w.strings(&value)
		(*m)[key] = value
	}
}
