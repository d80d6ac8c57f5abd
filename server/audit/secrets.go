package audit

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// remember keeps a value that would tell a visitor from others, to know it again in requests.
func (r *recorder) remember(value string) {
	if len(value) < 8 || len(r.values) > 5000 || r.values[value] {
		return
	}
	r.values[value], r.hidden = true, nil
	if plain, err := url.QueryUnescape(value); err == nil && len(plain) >= 8 {
		r.values[plain] = true
	}
}

// rememberLine keeps the value that a line sets a cookie to, which may be gone before it is counted.
func (r *recorder) rememberLine(line string) {
	if c, err := http.ParseSetCookie(line); err == nil {
		r.remember(c.Value)
	}
}

// unsaid returns an address as [bare] does, and without values that tell a visitor from others: some
// sites send them along in a path, or as a query without a name.
func (r *recorder) unsaid(address string) string {
	plain := bare(address)
	_, rest, _ := strings.Cut(plain, "://")
	i := strings.IndexAny(rest, "/?")
	if i < 0 {
		return plain
	}
	at := len(plain) - len(rest) + i
	return plain[:at] + r.withoutValues(plain[at:])
}

// unsaidOf returns what could not be seen, without such values.
func (r *recorder) unsaidOf(u Unseen) Unseen {
	r.mu.Lock()
	defer r.mu.Unlock()
	u.Page, u.Why = r.unsaid(u.Page), r.withoutValues(u.Why)
	return u
}

// hiddenValue stands where a value was.
const hiddenValue = "***"

// withoutValues returns a text without the values of this visitor and of those before.
func (r *recorder) withoutValues(text string) string {
	if r.hidden == nil {
		r.hidden = hiding(r.values, r.others)
	}
	return r.hidden.Replace(text)
}

// hiding returns what hides values, however an address has them; the longest first, as one may begin another.
func hiding(values ...map[string]bool) *strings.Replacer {
	var forms []string
	for _, some := range values {
		for value := range some {
			if isSecret(value) {
				forms = append(forms, value, url.PathEscape(value), url.QueryEscape(value))
			}
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, form := range slices.Compact(forms) {
		pairs = append(pairs, form, hiddenValue)
	}
	return strings.NewReplacer(pairs...)
}

// isSecret says whether a value may be one visitor's alone: long, with a figure, and no address. A
// shorter one may as well be a word of the path.
func isSecret(value string) bool {
	return len(value) >= 16 && strings.ContainsAny(value, "0123456789") && !strings.HasPrefix(value, "/") && !strings.Contains(value, "://")
}
