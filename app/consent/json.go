package consent

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// This file reads and writes as much JSON (RFC 8259) as a record and a text are
// made of. encoding/json would do it as well, and make a fifth of the program
// that visitors download; a test holds both to each other.

// member is one member of an object: its name, and its value as it stands there.
type member struct{ name, value string }

// jsonObject returns the members of the object that text is. Like JavaScript it
// distinguishes upper and lower case; of members with the same name the first
// gives the place and the last the value.
func jsonObject(text string) (list []member, ok bool) {
	value, rest, ok := cutValue(text)
	if !ok || rest != "" || value[0] != '{' {
		return nil, false
	}
	for value = skipSpace(value[1:]); value[0] != '}'; {
		var m member
		m.name, value, _ = cutString(value)
		m.name, _ = jsonString(m.name)
		m.value, value, _ = cutValue(skipSpace(value)[1:]) // behind the colon
		list = withMember(list, m)
		value = skipSpace(strings.TrimPrefix(value, ","))
	}
	return list, true
}

func withMember(list []member, m member) []member {
	for i := range list {
		if list[i].name == m.name {
			list[i].value = m.value
			return list
		}
	}
	return append(list, m)
}

// get returns the value of the member of that name, or "".
func get(list []member, name string) string {
	for _, m := range list {
		if m.name == name {
			return m.value
		}
	}
	return ""
}

// ---- cutting: each function cuts one thing off the beginning of text ----

func skipSpace(text string) string { return strings.TrimLeft(text, " \t\r\n") }

// cutValue cuts a value, and the space around it.
func cutValue(text string) (value, rest string, ok bool) {
	text = skipSpace(text)
	if text == "" {
		return "", "", false
	}
	switch text[0] {
	case '{':
		rest, ok = cutList(text[1:], '}', cutMember)
	case '[':
		rest, ok = cutList(text[1:], ']', cutElement)
	case '"':
		_, rest, ok = cutString(text)
	default:
		rest, ok = cutWord(text)
	}
	return text[:len(text)-len(rest)], skipSpace(rest), ok
}

// cutList cuts what cut cuts, with commas between, up to the end.
func cutList(text string, end byte, cut func(string) (rest string, ok bool)) (rest string, ok bool) {
	text = skipSpace(text)
	if text != "" && text[0] == end {
		return text[1:], true
	}
	for {
		text, ok = cut(text)
		switch {
		case !ok || text == "":
			return "", false
		case text[0] == end:
			return text[1:], true
		case text[0] != ',':
			return "", false
		}
		text = text[1:]
	}
}

func cutElement(text string) (rest string, ok bool) {
	_, rest, ok = cutValue(text)
	return rest, ok
}

func cutMember(text string) (rest string, ok bool) {
	_, rest, ok = cutString(skipSpace(text))
	rest, found := strings.CutPrefix(skipSpace(rest), ":")
	if !ok || !found {
		return "", false
	}
	return cutElement(rest)
}

// cutString cuts a string with its quotes and escapes.
func cutString(text string) (quoted, rest string, ok bool) {
	if text == "" || text[0] != '"' {
		return "", "", false
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return text[:i+1], text[i+1:], true
		case c < ' ':
			return "", "", false
		case c == '\\':
			_, length := unescape(text[i:])
			if length == 0 {
				return "", "", false
			}
			i += length - 1
		}
	}
	return "", "", false
}

// cutWord cuts true, false, null or a number.
func cutWord(text string) (rest string, ok bool) {
	for _, word := range []string{"true", "false", "null"} {
		if rest, ok = strings.CutPrefix(text, word); ok {
			return rest, true
		}
	}
	rest = strings.TrimPrefix(text, "-")
	if strings.HasPrefix(rest, "0") {
		rest = rest[1:]
	} else if rest, ok = cutDigits(rest); !ok {
		return "", false
	}
	if fraction, found := strings.CutPrefix(rest, "."); found {
		if rest, ok = cutDigits(fraction); !ok {
			return "", false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		if rest = rest[1:]; rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		if rest, ok = cutDigits(rest); !ok {
			return "", false
		}
	}
	return rest, true
}

func cutDigits(text string) (rest string, ok bool) {
	rest = strings.TrimLeft(text, "0123456789")
	return rest, len(rest) < len(text)
}

// ---- values ----

// jsonString returns the string that value is.
func jsonString(value string) (text string, ok bool) {
	quoted, rest, ok := cutString(value)
	if !ok || rest != "" {
		return "", false
	}
	var b strings.Builder
	for quoted = quoted[1 : len(quoted)-1]; quoted != ""; {
		plain, _, _ := strings.Cut(quoted, `\`)
		b.WriteString(plain)
		if quoted = quoted[len(plain):]; quoted != "" {
			r, length := unescape(quoted)
			b.WriteRune(r)
			quoted = quoted[length:]
		}
	}
	return b.String(), true
}

// unescape returns the character of the escape that text begins with, and the
// escape's length, 0 where it is none.
func unescape(text string) (r rune, length int) {
	if len(text) < 2 {
		return 0, 0
	}
	const escapes, meanings = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if i := strings.IndexByte(escapes, text[1]); i >= 0 {
		return rune(meanings[i]), 2
	}
	r, ok := unit(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := unit(text[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// unit returns the UTF-16 code unit that text begins with, as \u and four digits.
func unit(text string) (r rune, ok bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	for _, c := range []byte(text[2:6]) {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

func hexDigit(c byte) (digit byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// quote returns text as a JSON string.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text { // what is not UTF-8 becomes U+FFFD
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			b.WriteString(`\u00`)
			b.WriteString(strconv.FormatInt(0x100|int64(r), 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
