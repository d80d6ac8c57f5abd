package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
)

// Anew says in sentences what visitors who answered the catalogue before are asked
// anew by the one that is to take its place, and why: first for who allowed all, then
// for who refused all. Who mixed is asked no more than the former. The decision is
// package consent's; what is said beside it tells the operator what has changed.
func Anew(before, now *Catalogue) []string {
	if was, is := before.Cookie.Name, now.Cookie.Name; was != is {
		return []string{fmt.Sprintf("everybody is asked anew: cookie.name is %q and was %q, so that no earlier answer is found", is, was)}
	}
	if len(now.Asked()) > 0 && len(before.Asked()) == 0 {
		return []string{"everybody is asked for the first time: the other catalogue asked nothing"}
	}
	lines := slices.Concat(
		askedAnew(before, now, true, "who allowed all"),
		askedAnew(before, now, false, "who refused all"),
	)
	if was, is := before.Cookie.Lifetime, now.Cookie.Lifetime; is.Length() < was.Length() {
		lines = append(lines, fmt.Sprintf("who answered longer ago than %s is asked anew: cookie.lifetime was %s", is, was))
	}
	if len(lines) == 0 {
		lines = []string{"nobody is asked anew"}
	}
	return lines
}

// askedAnew says what who, having allowed all or refused all, is asked.
func askedAnew(before, now *Catalogue, all bool, who string) []string {
	asked := askedOf(before, now, all)
	if len(asked) == 0 {
		return nil
	}
	lines := []string{who + " is asked anew for " + byCategory(now, asked)}
	for _, service := range asked {
		lines = append(lines, fmt.Sprintf("%s: %s", service.ID, strings.Join(changes(before, now, service), ", ")))
	}
	return lines
}

// askedOf returns the services that the banner names to somebody who answered the
// catalogue before, once the other one is published.
func askedOf(before, now *Catalogue, all bool) []consent.Service {
	at := time.Unix(1, 0)
	record := before.Answer(nil, before.Marks(), consent.Answer{
		ID: "00000000-0000-4000-8000-000000000000", At: at, Granted: func(string) bool { return all },
	})
	var values []string
	if value, err := record.Encode(); err == nil { // check has refused what does not fit
		values = append(values, value)
	}
	view := now.Read(values, at, now.Marks())
	if view == nil {
		return now.Asked()
	}
	return slices.DeleteFunc(now.Asked(), func(s consent.Service) bool { return !slices.Contains(view.Asked, s.ID) })
}

// changes says what of a service makes that an earlier answer is none to it.
func changes(before, now *Catalogue, is consent.Service) []string {
	was := before.Service(is.ID)
	switch {
	case before.Category(is.Category) == nil || !before.Offers(is.Category):
		return []string{fmt.Sprintf("the category %s is new, or had no service", is.Category)}
	case was == nil:
		return []string{"the service is new"}
	case before.Category(was.Category) == nil || before.Category(was.Category).Necessary:
		return []string{fmt.Sprintf("it was in the category %s, and needed no consent", was.Category)}
	}
	var list []string
	differs := func(what, was, is string) {
		if was != is {
			list = append(list, fmt.Sprintf("its %s is %q and was %q", what, is, was))
		}
	}
	differs("category", was.Category, is.Category)
	differs("provider", was.Provider, is.Provider)
	differs("kind", string(was.Kind), string(is.Kind))
	if before.Default(was.ID) && !now.Default(is.ID) {
		list = append(list, "it was exempt from consent")
	}
	return append(list, newCookies(was.Cookies, is.Cookies)...)
}

// newCookies says which cookies are new, or live longer.
func newCookies(was, is []consent.Cookie) []string {
	var list []string
	for _, cookie := range is {
		lasted := time.Duration(-1)
		var before consent.Duration
		for _, old := range was {
			if old.Name == cookie.Name && old.Party == cookie.Party && old.Duration.Length() > lasted {
				lasted, before = old.Duration.Length(), old.Duration
			}
		}
		switch {
		case lasted < 0:
			list = append(list, fmt.Sprintf("its cookie %s (%s) is new", cookie.Name, cookie.Party))
		case cookie.Duration.Length() > lasted:
			list = append(list, fmt.Sprintf("its cookie %s lives for %s and lived for %s", cookie.Name, cookie.Duration, before))
		}
	}
	return list
}
