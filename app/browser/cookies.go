// Package browser is the seam between Témoin's Go code and the page: the only
// Go code that touches window and document. It holds the page's cookies, the
// dialog, and the talk with the loader; it decides nothing.
package browser

import "strings"

// Values returns the values of all cookies of that name in a cookie string such
// as document.cookie, in its order. Browsers list several where paths or
// domains differ.
func Values(cookies, name string) []string {
	var values []string
	for pair := range strings.SplitSeq(cookies, ";") {
		key, value, found := strings.Cut(strings.TrimSpace(pair), "=")
		if found && key == name {
			values = append(values, value)
		}
	}
	return values
}
