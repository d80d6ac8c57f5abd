// Package consent is the domain of Témoin: what a site asks consent for
// ([Catalogue]), what a visitor answered ([Record]), and how the answer is
// written in the cookie ([Record.Encode], [Decode], [CookieSettings.Line]).
//
// The same code runs in the visitor's browser, in Témoin's server and in any
// Go site that wants to know what its visitor allowed; that is why it imports
// nothing but the standard library, and neither net/http nor syscall/js.
//
// Whatever is in doubt counts as "no consent": a value that cannot be read is
// an error, and every question about it is answered with false.
package consent

import (
	"errors"
	"strings"
)

// Names that the cookie, the page and the server have in common.
const (
	// CookieName is the default name of the cookie that keeps the choice.
	CookieName = "cookies_preferences"
	// CharterPath is where Témoin's server answers the cookie charter; behind it
	// may stand a language: /charte-cookies/en.
	CharterPath = "/charte-cookies"
	// Version is the version of the cookie's format, its key "v". Records of version 1
	// are read for as long as they live.
	Version = 2
	// MaxCookieSize is the most bytes that browsers keep of a cookie's name and
	// value together (RFC 6265bis, section 5.6).
	MaxCookieSize = 4096
	// MaxLifetimeDays is the longest time a choice may be kept: 13 months
	// (CNIL, deliberation 2020-091, section 5).
	MaxLifetimeDays = 390
)

// ErrInvalid is what every value that is not a well-formed record wraps.
var ErrInvalid = errors.New("invalid consent record")

// invalid is a reason why something is no record.
type invalid string

func (reason invalid) Error() string { return ErrInvalid.Error() + ": " + string(reason) }

func (reason invalid) Unwrap() error { return ErrInvalid }

const (
	letters   = "abcdefghijklmnopqrstuvwxyz"
	digits    = "0123456789"
	hexDigits = digits + "abcdef"
)

// IsID reports whether id may name a category or a service: a lower-case
// letter, then lower-case letters, digits and hyphens.
func IsID(id string) bool {
	return id != "" && strings.Contains(letters, id[:1]) && isOf(id, letters+digits+"-")
}

// isUUID reports whether id is a UUID in lower case.
func isUUID(id string) bool {
	groups := strings.Split(id, "-")
	if len(groups) != 5 {
		return false
	}
	for i, length := range []int{8, 4, 4, 4, 12} {
		if len(groups[i]) != length || !isOf(groups[i], hexDigits) {
			return false
		}
	}
	return true
}

func isRev(rev string) bool { return len(rev) == 8 && isOf(rev, hexDigits) }

// isOf reports whether text consists of those characters.
func isOf(text, characters string) bool { return strings.Trim(text, characters) == "" }
