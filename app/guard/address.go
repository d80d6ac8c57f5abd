package guard

import (
	"net/url"
	"path"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/idna"
)

// place is where an address leads to, as a browser reads it (WHATWG URL): its
// host in lower-case ASCII, without a port, and its path without a query.
type place struct {
	scheme, host, path string
}

// placeOf returns the place of a page.
func placeOf(host string, page *url.URL) place {
	return place{scheme: "https", host: hostname(host), path: cleanPath(page.EscapedPath())}
}

// find returns where an address that stands in a page leads to. It is false of
// what asks no host for anything, such as data:.
func (base place) find(address string) (place, bool) {
	address = breaks.Replace(strings.TrimFunc(address, func(r rune) bool { return r <= ' ' }))
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	scheme, rest := base.scheme, address
	if before, after, found := strings.Cut(address, ":"); found && isScheme(before) {
		switch scheme = strings.ToLower(before); scheme {
		case "http", "https", "ws", "wss", "ftp":
		default:
			return place{}, false
		}
		rest = after
		// https:x leads to x beside a page that came by https. Which that is a proxy may not know.
		if trimmed := strings.TrimLeft(rest, `/\`); len(rest)-len(trimmed) > 0 {
			rest = "//" + trimmed
		}
	}
	rest = strings.ReplaceAll(rest, `\`, "/")
	switch {
	case strings.HasPrefix(rest, "//"):
		authority, beneath, _ := strings.Cut(strings.TrimLeft(rest, "/"), "/")
		return place{scheme, hostname(authority), cleanPath("/" + beneath)}, true
	case strings.HasPrefix(rest, "/"):
		return place{scheme, base.host, cleanPath(rest)}, true
	case rest == "":
		return base, true
	}
	folder := base.path[:strings.LastIndexByte(base.path, '/')+1]
	return place{scheme, base.host, cleanPath(folder + rest)}, true
}

// breaks are left out of addresses, and dots may be written so.
var (
	breaks = strings.NewReplacer("\t", "", "\n", "", "\r", "")
	dots   = strings.NewReplacer("%2e", ".", "%2E", ".")
)

func isScheme(word string) bool {
	for i, c := range []byte(word) {
		if !isLetter(c) && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return word != ""
}

// plainLetters are those of hosts that need no decoding.
const plainLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

// hostname returns the host of user:password@host:port as browsers write it. A
// dot at its end names the same machine.
func hostname(authority string) string {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	if strings.Trim(host, plainLetters) != "" {
		if decoded, err := url.PathUnescape(host); err == nil {
			host = decoded
		}
		if ascii, err := idna.Lookup.ToASCII(host); err == nil {
			host = ascii
		}
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// cleanPath resolves the dots of a path, as browsers do before they ask for it.
func cleanPath(dirty string) string {
	if strings.HasPrefix(dirty, "/") && !strings.Contains(dirty, "/.") && !strings.Contains(dirty, "%2") && !strings.Contains(dirty, "//") {
		return dirty
	}
	segments := strings.Split(dirty, "/")
	for i, segment := range segments {
		if plain := dots.Replace(segment); plain == "." || plain == ".." {
			segments[i] = plain
		}
	}
	dirty = strings.Join(segments, "/")
	cleaned := path.Clean("/" + dirty)
	if last := segments[len(segments)-1]; cleaned != "/" && (last == "" || last == "." || last == "..") {
		cleaned += "/"
	}
	return cleaned
}

// decoded returns what a browser takes the bytes of an attribute's value for. Of
// encodings that are neither UTF-8 nor UTF-16 only ASCII is understood: a host in
// other letters has a name in ASCII too, but is hardly written so.
func decoded(value []byte, e encoding) string {
	text := string(value)
	switch {
	case e.width == 2:
		units := make([]uint16, len(value)/2)
		for i := range units {
			units[i] = e.order.Uint16(value[2*i:])
		}
		text = string(utf16.Decode(units))
	case !utf8.Valid(value):
		runes := make([]rune, len(value))
		for i, b := range value {
			runes[i] = rune(b)
		}
		text = string(runes)
	}
	return html.UnescapeString(text)
}

// candidates returns the addresses of a value of srcset.
func candidates(set string) (addresses []string) {
	for set != "" {
		set = strings.TrimLeft(set, " \t\n\f\r,")
		end := strings.IndexAny(set, " \t\n\f\r")
		if end < 0 {
			end = len(set)
		}
		address := set[:end]
		set = set[end:]
		if strings.HasSuffix(address, ",") {
			address = strings.TrimRight(address, ",")
		} else {
			set = afterDescriptors(set)
		}
		if address != "" {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// afterDescriptors returns what follows the comma after an address's
// descriptors, whose parentheses may hold commas.
func afterDescriptors(set string) string {
	depth := 0
	for i, c := range []byte(set) {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth = max(depth-1, 0)
		case c == ',' && depth == 0:
			return set[i+1:]
		}
	}
	return ""
}
