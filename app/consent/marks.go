package consent

import (
	"strconv"
	"strings"
)

// Marks say what the answers to a catalogue are about, as short as it can be. A
// record keeps, with each answer, the mark of what was answered: a later catalogue
// is held to it, so that what was answered stands, and what is new is asked.
//
// A mark begins with a tag, the name of a category or a service in three letters. A
// service's goes on with three letters for its category, provider, kind and
// exemption, and then, for each cookie, three for its name and party and how long
// it lives: "xK1Qe9" + "b0P13m". The letters are of a SHA-256, in base64url.
type Marks struct {
	// Rev is the catalogue's revision; see [Catalogue.Rev].
	Rev string
	// Of holds the marks of all categories and services that can be refused, by id.
	Of map[string]string
}

// letter is how many letters of a digest each part of a mark has: 18 bits.
const letter = 3

func tagOf(mark string) string { return mark[:letter] }

// covers reports whether an answer to what recorded marks is one to what present
// marks: the same service of the same provider, without a cookie that is new, or
// that lives longer.
func covers(recorded, present string) bool {
	const head = 2 * letter
	if len(recorded) < head || len(present) < head || recorded[:head] != present[:head] {
		return false
	}
	for text := present[head:]; text != ""; {
		digest, minutes, rest, ok := cutCookieMark(text)
		if !ok || minutesOf(digest, recorded[head:]) < minutes {
			return false
		}
		text = rest
	}
	return true
}

// minutesOf returns for how many minutes the cookie of that digest lives, of those
// that text marks; less than none where it is not among them.
func minutesOf(digest, text string) int {
	for text != "" {
		found, minutes, rest, ok := cutCookieMark(text)
		if !ok {
			break
		}
		if found == digest {
			return minutes
		}
		text = rest
	}
	return -1
}

// unitLetters are the units of a duration in a mark, in the order of [Units].
const unitLetters = "ihdwmy"

const sessionLetter = "s"

func cutCookieMark(text string) (digest string, minutes int, rest string, ok bool) {
	if len(text) <= letter || !isOf(text[:letter], base64url) {
		return "", 0, "", false
	}
	digest, rest = text[:letter], text[letter:]
	if rest, ok = strings.CutPrefix(rest, sessionLetter); ok {
		return digest, 0, rest, true
	}
	unit := strings.TrimLeft(rest, digits)
	count, err := strconv.Atoi(rest[:len(rest)-len(unit)])
	if err != nil || unit == "" || rest[0] == '0' || count > 9999 {
		return "", 0, "", false
	}
	i := strings.IndexByte(unitLetters, unit[0])
	if i < 0 {
		return "", 0, "", false
	}
	return digest, count * int(Units()[i].length().Minutes()), unit[1:], true
}

// isMark reports whether text is a mark of a service, or a tag alone.
func isMark(text string) bool {
	if len(text) == letter {
		return isOf(text, base64url)
	}
	if len(text) < 2*letter || !isOf(text[:2*letter], base64url) {
		return false
	}
	for text = text[2*letter:]; text != ""; {
		var ok bool
		if _, _, text, ok = cutCookieMark(text); !ok {
			return false
		}
	}
	return true
}

const base64url = letters + "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + digits + "-_"

// round is what was answered in one moment.
type round struct {
	at    int64 // seconds since 1970
	marks []string
}

// MaxRounds is how many moments a record tells apart. Of more, the oldest two
// become one, as old as the older: an answer never counts for longer than it may.
const MaxRounds = 4

// readRounds reads what a record's answers are answers to: the marks of those that
// were given at its own time, then those that were given before:
//
//	aaa~bbbccc!t686w0.ddd~eeefff
func readRounds(text string, at int64) (rounds []round, ok bool) {
	for i, part := range strings.Split(text, "!") {
		if i > 0 {
			var written string
			written, part, ok = strings.Cut(part, ".")
			if !ok || written == "" || len(written) > 9 || !isOf(written, digits+letters) {
				return nil, false
			}
			at, _ = strconv.ParseInt(written, 36, 64)
		}
		if i == 0 && part == "" && text != "" {
			continue // nothing of this was answered since
		}
		marks := strings.Split(part, "~")
		for _, mark := range marks {
			if !isMark(mark) {
				return nil, false
			}
		}
		rounds = append(rounds, round{at, marks})
	}
	return rounds, true
}

func writeRounds(rounds []round) string {
	var b strings.Builder
	for i, round := range rounds {
		if i > 0 {
			b.WriteString("!" + strconv.FormatInt(round.at, 36) + ".")
		}
		b.WriteString(strings.Join(round.marks, "~"))
	}
	return b.String()
}
