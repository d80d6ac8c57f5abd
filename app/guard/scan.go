package guard

import (
	"bytes"
	"maps"
	"slices"
	"strings"
)

// scanner finds the tags of a page whose bytes come piece by piece, as the
// tokenizer of the HTML standard (section 13.2.5) does, and knows where each of
// them and each attribute begins and ends. x/net/html has a tokenizer that the
// tests hold this one to; it cannot take its place: it keeps a text until the
// next tag has come, and a script as a whole, so that a page would wait for its
// end, in as much memory as the page likes to fill.
//
// It works on units: bytes of the page that are ASCII stand for themselves, and
// all else is no more than something else.
type scanner struct {
	mode mode
	tag  tag
	step step // where in the tag it is
	size int  // units of the tag that have come, or of a comment after its beginning
	long bool // the tag is longer than maxTag, and is not looked at

	element string   // whose end tag ends the text that is read now
	tail    [3]byte  // the last units of a comment, CDATA section or script
	foreign []string // elements that divide HTML from SVG and MathML, the innermost last
}

// maxTag is how many units a tag may have that is looked at. It has to be kept
// until its end has come: this bounds the memory.
const maxTag = 1 << 16

// mode is what the scanner is inside of.
type mode uint8

const (
	inData          mode = iota
	inTag                // from its < to its >
	inComment            // to -->
	inBogus              // a doctype or a malformed comment: to >
	inCDATA              // to ]]>
	inRaw                // a text without tags: to the end tag of element
	inScript             // the same, for scripts
	inEscapedScript      // in a script, after <!--
	inDoubleScript       // in a script, after <!-- and <script
	inPlain              // to the end of the page
)

// step is a state of the tokenizer inside of a tag.
type step uint8

const (
	inName step = iota
	beforeAttribute
	inAttribute
	afterAttribute
	beforeValue
	inDouble
	inSingle
	inUnquoted
	afterValue
	afterSlash
)

// tag is a tag as it stands in a page: its units and, counted from its <, where
// its parts are.
type tag struct {
	units      []byte
	name       string // in lower case, once the tag is complete
	isEnd      bool
	nameEnd    int
	attributes []attribute
	isClosed   bool // by />
}

// attribute says where an attribute's name and value are; they have no quotes.
type attribute struct{ name, nameEnd, value, valueEnd int }

func (t *tag) nameOf(a attribute) string { return lower(t.units[a.name:a.nameEnd]) }

// lower returns a name as the standard writes it; those that are met at every turn
// cost nothing.
func lower(b []byte) string {
	if name, found := usual[string(b)]; found {
		return name
	}
	return strings.ToLower(string(b))
}

var usual = func() map[string]string {
	all := map[string]string{}
	for _, name := range slices.Concat(rawElements, dividers, breakers, slices.Collect(maps.Keys(loading)),
		strings.Fields("a html button footer form header label main nav option section tbody td template th tr base"+
			" alt class height href id loading name rel sizes src srcset style type value width")) {
		all[name] = name
	}
	return all
}()

// handler is told what the scanner finds.
type handler interface {
	// text is called with units that are no part of a tag, isData where they are not
	// within a comment, a script or the like.
	text(units []byte, isData bool)
	// longTag is called with units of a tag that is too long.
	longTag(units []byte)
	// tag is called with a tag that is complete.
	tag(*tag)
}

// scan reads what has come, with what was left of the last time in front, and
// returns how many units it has handed on. The others have to come again, with
// more behind them, or at the end of the page as they are.
func (s *scanner) scan(units []byte, h handler) int {
	done := 0
	for done < len(units) {
		n := s.next(units[done:], h)
		if n == 0 {
			break
		}
		done += n
	}
	return done
}

// next hands on one piece, and returns its length, or 0 where it needs more.
func (s *scanner) next(units []byte, h handler) int {
	switch s.mode {
	case inData:
		return s.data(units, h)
	case inTag:
		return s.inTag(units, h)
	case inComment, inCDATA, inBogus:
		n := s.skip(units)
		h.text(units[:n], false)
		return n
	case inPlain:
		h.text(units, false)
		return len(units)
	}
	return s.raw(units, h)
}

// data reads text, up to what begins with <.
func (s *scanner) data(units []byte, h handler) int {
	if n := bytes.IndexByte(units, '<'); n != 0 {
		if n < 0 {
			n = len(units)
		}
		h.text(units[:n], true)
		return n
	}
	if len(units) < 2 {
		return 0
	}
	switch second := units[1]; {
	case isLetter(second):
		s.begin(false)
		return s.inTag(units, h)
	case second == '/':
		if len(units) < 3 {
			return 0
		}
		if isLetter(units[2]) {
			s.begin(true)
			return s.inTag(units, h)
		}
		if units[2] == '>' {
			h.text(units[:3], false)
			return 3
		}
		return s.enter(inBogus, units[:2], h)
	case second == '!':
		return s.declaration(units, h)
	case second == '?':
		return s.enter(inBogus, units[:2], h)
	}
	h.text(units[:1], true)
	return 1
}

// declaration reads the beginning of what begins with <!.
func (s *scanner) declaration(units []byte, h handler) int {
	const cdata = "<![CDATA["
	switch {
	case bytes.HasPrefix(units, []byte("<!--")):
		return s.enter(inComment, units[:4], h)
	case s.isForeign() && bytes.HasPrefix(units, []byte(cdata)):
		return s.enter(inCDATA, units[:len(cdata)], h)
	case isBegun(units, "<!--"), s.isForeign() && isBegun(units, cdata):
		return 0
	}
	return s.enter(inBogus, units[:2], h)
}

// isBegun reports whether units are the beginning of word, and not yet all of it.
func isBegun(units []byte, word string) bool {
	return len(units) < len(word) && strings.HasPrefix(word, string(units))
}

func (s *scanner) enter(m mode, opening []byte, h handler) int {
	s.mode, s.size, s.tail = m, 0, [3]byte{}
	h.text(opening, false)
	return len(opening)
}

// skip returns how many units belong to a comment, a CDATA section or what is
// like a comment, and notes where it ends.
func (s *scanner) skip(units []byte) int {
	for done := 0; ; {
		n := bytes.IndexByte(units[done:], '>')
		if n < 0 {
			s.note(units[done:])
			return len(units)
		}
		s.note(units[done : done+n])
		isOver := s.isOver()
		s.note(units[done+n : done+n+1])
		if done += n + 1; isOver {
			s.mode = inData
			return done
		}
	}
}

// note keeps the last units that have been read.
func (s *scanner) note(units []byte) {
	s.size += len(units)
	if len(units) > len(s.tail) {
		units = units[len(units)-len(s.tail):]
	}
	last := append(s.tail[:], units...)
	copy(s.tail[:], last[len(last)-len(s.tail):])
}

// isOver reports whether what is skipped ends with the > that comes now.
func (s *scanner) isOver() bool {
	end := string(s.tail[:])
	switch s.mode {
	case inComment:
		return strings.HasSuffix(end, "--") || end == "--!" || s.size == 0 || s.size == 1 && end[2] == '-'
	case inCDATA:
		return strings.HasSuffix(end, "]]")
	}
	return true
}

// raw reads text in which there are no tags but the one that ends it.
func (s *scanner) raw(units []byte, h handler) int {
	if s.mode == inRaw || s.mode == inScript {
		if n := bytes.IndexByte(units, '<'); n != 0 {
			if n < 0 {
				n = len(units)
			}
			h.text(units[:n], false)
			return n
		}
		return s.rawMark(units, h)
	}
	// In an escaped script a > may be the end of the escape.
	n := bytes.IndexAny(units, "<>")
	switch {
	case n == 0 && units[0] == '<':
		return s.rawMark(units, h)
	case n < 0:
		n = len(units)
	case units[n] == '>':
		n++
	}
	s.note(bytes.TrimSuffix(units[:n], []byte(">")))
	if units[n-1] == '>' {
		if strings.HasSuffix(string(s.tail[:]), "--") {
			s.mode = inScript
		}
		s.note(units[n-1 : n])
	}
	h.text(units[:n], false)
	return n
}

// rawMark reads a < in such a text, and what it may begin.
func (s *scanner) rawMark(units []byte, h handler) int {
	ends, isPart := isTagOf(units, "</"+s.element)
	switch {
	case isPart:
		return 0
	case ends && s.mode != inDoubleScript:
		s.begin(true)
		return s.inTag(units, h)
	case ends:
		s.mode = inEscapedScript
	case s.mode == inScript && isBegun(units, "<!--"):
		return 0
	case s.mode == inScript && bytes.HasPrefix(units, []byte("<!--")):
		s.mode, s.tail = inEscapedScript, [3]byte{0, '-', '-'}
		h.text(units[:4], false)
		return 4
	case s.mode == inEscapedScript:
		begins, isPart := isTagOf(units, "<script")
		if isPart {
			return 0
		}
		if begins {
			s.mode = inDoubleScript
		}
	}
	s.note(units[:1])
	h.text(units[:1], false)
	return 1
}

// isTagOf reports whether units begin with mark, in any case, and with what ends
// a tag's name, or may do so once more has come.
func isTagOf(units []byte, mark string) (found, isPart bool) {
	n := min(len(units), len(mark))
	if !strings.EqualFold(string(units[:n]), mark[:n]) {
		return false, false
	}
	if len(units) <= len(mark) {
		return false, true
	}
	end := units[len(mark)]
	return isSpace(end) || end == '/' || end == '>', false
}

// ---- tags ----

func (s *scanner) begin(isEnd bool) {
	s.mode, s.step, s.size, s.long = inTag, inName, 1, false
	if isEnd {
		s.size = 2
	}
	s.tag = tag{isEnd: isEnd, attributes: s.tag.attributes[:0]}
}

// inTag reads on in a tag, whose units are all there from its < on, unless it is
// too long.
func (s *scanner) inTag(units []byte, h handler) int {
	at := s.size
	if s.long {
		at = 0
	}
	for at < len(units) {
		at = s.skipValue(units, at)
		if at == len(units) {
			break
		}
		over := s.unit(units[at], at)
		if at++; !over {
			continue
		}
		s.mode = inData
		if s.long {
			h.longTag(units[:at])
			s.found()
			return at
		}
		s.tag.units = units[:at]
		s.found()
		h.tag(&s.tag)
		return at
	}
	s.size = at
	if !s.long && len(units) < maxTag {
		return 0
	}
	s.giveUp(units)
	h.longTag(units)
	return len(units)
}

// giveUp keeps no more of a tag than its name.
func (s *scanner) giveUp(units []byte) {
	if !s.long {
		s.tag.units = bytes.Clone(units[:s.tag.nameEnd])
		s.tag.attributes = s.tag.attributes[:0]
	}
	s.long = true
}

// skipValue passes over the inside of a value in quotes, most of a long tag.
func (s *scanner) skipValue(units []byte, at int) int {
	quote := byte('"')
	switch s.step {
	case inSingle:
		quote = '\''
	case inDouble:
	default:
		return at
	}
	if n := bytes.IndexByte(units[at:], quote); n >= 0 {
		return at + n
	}
	return len(units)
}

// unit takes one unit of a tag, and reports whether it ends it.
func (s *scanner) unit(u byte, at int) (over bool) {
	if s.step == afterSlash {
		if u == '>' {
			s.tag.isClosed = true
			return true
		}
		s.step = beforeAttribute
	}
	switch s.step {
	case inName:
		return s.endName(u, at)
	case beforeAttribute, afterAttribute:
		return s.between(u, at)
	case inAttribute:
		if isSpace(u) || u == '/' || u == '>' || u == '=' {
			s.last().nameEnd = at
			s.step = afterAttribute
			return s.between(u, at)
		}
	case beforeValue:
		return s.beginValue(u, at)
	case inDouble, inSingle:
		// skipValue has come to the quote.
		s.last().valueEnd = at
		s.step = afterValue
	case inUnquoted:
		if isSpace(u) || u == '>' {
			s.last().valueEnd = at
			s.step = beforeAttribute
			return u == '>'
		}
	case afterValue:
		s.step = beforeAttribute
		return s.between(u, at)
	}
	return false
}

func (s *scanner) endName(u byte, at int) (over bool) {
	if !isSpace(u) && u != '/' && u != '>' {
		return false
	}
	s.tag.nameEnd = at
	s.step = beforeAttribute
	return s.between(u, at)
}

// between takes a unit where an attribute may begin, or go on with its value.
func (s *scanner) between(u byte, at int) (over bool) {
	switch {
	case isSpace(u):
	case u == '>':
		return true
	case u == '/':
		s.step = afterSlash
	case u == '=' && s.step == afterAttribute:
		s.step = beforeValue
	default:
		if !s.long {
			s.tag.attributes = append(s.tag.attributes, attribute{name: at})
		}
		s.step = inAttribute
	}
	return false
}

func (s *scanner) beginValue(u byte, at int) (over bool) {
	switch {
	case isSpace(u):
		return false
	case u == '>':
		return true
	case u == '"':
		s.step, at = inDouble, at+1
	case u == '\'':
		s.step, at = inSingle, at+1
	default:
		s.step = inUnquoted
	}
	s.last().value, s.last().valueEnd = at, at
	return false
}

// last is the attribute that is read now; in a tag that is too long nobody looks
// at it.
func (s *scanner) last() *attribute {
	if s.long || len(s.tag.attributes) == 0 {
		return &attribute{}
	}
	return &s.tag.attributes[len(s.tag.attributes)-1]
}

// ---- what a tag changes ----

// rawElements are those in which there are no tags. What is in <noscript> is text
// to a browser that runs scripts; to one that does not it is markup, and loads.
var rawElements = []string{"iframe", "noembed", "noframes", "style", "textarea", "title", "xmp"}

// found notes what follows the tag that has been read.
func (s *scanner) found() {
	if s.tag.nameEnd == 0 { // the name of a tag that is too long is as long
		return
	}
	start := 1
	if s.tag.isEnd {
		start = 2
	}
	name := lower(s.tag.units[start:s.tag.nameEnd])
	if s.tag.name = name; s.tag.isEnd {
		s.leave(name)
		return
	}
	if s.isForeign() {
		if !s.breaksOut(name) {
			s.enterForeign(name)
			return
		}
		for s.isForeign() {
			s.foreign = s.foreign[:len(s.foreign)-1]
		}
	}
	switch {
	case name == "svg" || name == "math":
		s.enterForeign(name)
	case name == "script":
		s.mode, s.element, s.tail = inScript, name, [3]byte{}
	case name == "plaintext":
		s.mode = inPlain
	case slices.Contains(rawElements, name):
		s.mode, s.element = inRaw, name
	}
}

// dividers are the elements in SVG and MathML in which there is HTML again, or
// one of the two in the other.
var dividers = []string{"svg", "math", "foreignobject", "desc", "title", "annotation-xml", "mi", "mo", "mn", "ms", "mtext"}

// breakers are the elements of HTML that end SVG and MathML where they stand in it.
var breakers = []string{"b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed",
	"h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr", "ol", "p", "pre",
	"ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var"}

// isForeign reports whether elements are SVG's or MathML's here.
func (s *scanner) isForeign() bool {
	if len(s.foreign) == 0 {
		return false
	}
	innermost := s.foreign[len(s.foreign)-1]
	return innermost == "svg" || innermost == "math"
}

// maxForeign bounds what a page can have kept of elements that it never ends.
const maxForeign = 256

func (s *scanner) enterForeign(name string) {
	if !s.tag.isClosed && slices.Contains(dividers, name) && len(s.foreign) < maxForeign {
		s.foreign = append(s.foreign, name)
	}
}

func (s *scanner) breaksOut(name string) bool {
	if name == "font" {
		return slices.ContainsFunc(s.tag.attributes, func(a attribute) bool {
			return slices.Contains([]string{"color", "face", "size"}, s.tag.nameOf(a))
		})
	}
	return slices.Contains(breakers, name)
}

// leave notes the end of an element.
func (s *scanner) leave(name string) {
	for i, open := range slices.Backward(s.foreign) {
		if open == name {
			s.foreign = s.foreign[:i]
			return
		}
	}
	if name == "p" || name == "br" { // which end SVG and MathML too
		for s.isForeign() {
			s.foreign = s.foreign[:len(s.foreign)-1]
		}
	}
}

func isLetter(u byte) bool { return 'a' <= u|0x20 && u|0x20 <= 'z' }

func isSpace(u byte) bool { return u == ' ' || u == '\t' || u == '\n' || u == '\f' || u == '\r' }
