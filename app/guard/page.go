package guard

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
)

// encoding says how a page's bytes stand for its characters: one byte for each
// that is ASCII, or two.
type encoding struct {
	width int
	order binary.ByteOrder
}

var (
	eightBit     = encoding{1, nil}
	littleEndian = encoding{2, binary.LittleEndian}
	bigEndian    = encoding{2, binary.BigEndian}
)

// byteOrderMarks may begin a page, and count before all that names its encoding.
var byteOrderMarks = []struct {
	mark string
	enc  encoding
}{
	{"\xef\xbb\xbf", eightBit},
	{"\xff\xfe", littleEndian},
	{"\xfe\xff", bigEndian},
}

// where says where the script tag may come.
type where uint8

const (
	nowhere where = iota
	inHead        // first in <head>, where that tag is there: this may be a part of a page
	first         // there, or before whatever stands in its place
)

// page takes the bytes of a page as they come, and hands them on: with the script
// tag first in its head, and with tags that wait for what the visitor has not
// allowed. All but those tags comes out byte for byte. It keeps no more than a tag
// that has begun.
type page struct {
	out    io.Writer
	visit  *visit
	script string // the script tag
	place  where
	base   place
	enc    encoding

	scanner scanner
	begun   bool   // the mark of a byte order, if there is one, has been read
	based   bool   // a <base> has been read, of which the first counts
	inside  int    // <template>s that wait by themselves: what is in them is left alone
	held    []byte // that have to come to the scanner again
	units   []byte // what the scanner is given, where that is not the bytes themselves
	source  []byte // that the scanner is reading, and has not handed on
	done    []byte // that are to be written
}

// Write takes the next bytes.
func (p *page) Write(b []byte) (int, error) {
	p.source = b
	if len(p.held) > 0 {
		p.held = append(p.held, b...)
		p.source = p.held
	}
	if p.begun || p.readMark() {
		p.scanner.scan(p.read(), p)
	}
	p.held = append(p.held[:0], p.source...)
	return len(b), p.flush()
}

// Close hands on what is left: nothing more will come.
func (p *page) Close() error {
	p.done = append(p.done, p.held...)
	p.held = nil
	return p.flush()
}

func (p *page) flush() error {
	if len(p.done) == 0 {
		return nil
	}
	_, err := p.out.Write(p.done)
	p.done = p.done[:0]
	return err
}

// readMark reads the mark of the byte order; it reports whether enough has come to
// tell whether there is one.
func (p *page) readMark() bool {
	for _, one := range byteOrderMarks {
		if isBegun(p.source, one.mark) {
			return false
		}
		if bytes.HasPrefix(p.source, []byte(one.mark)) {
			p.enc = one.enc
			p.done = append(p.done, one.mark...)
			p.source = p.source[len(one.mark):]
			break
		}
	}
	p.begun = true
	return true
}

// read returns the units that p.source stands for.
func (p *page) read() []byte {
	if p.enc.width == 1 {
		return p.source
	}
	p.units = p.units[:0]
	for b := p.source; len(b) >= 2; b = b[2:] {
		p.units = append(p.units, byte(min(p.enc.order.Uint16(b), 0xff)))
	}
	return p.units
}

// take returns the bytes of the next n units, which are handed on.
func (p *page) take(n int) []byte {
	b := p.source[:n*p.enc.width]
	p.source = p.source[n*p.enc.width:]
	return b
}

// ascii hands on text of ours.
func (p *page) ascii(text string) {
	if p.enc.width == 1 {
		p.done = append(p.done, text...)
		return
	}
	var unit [2]byte
	for i := range len(text) {
		p.enc.order.PutUint16(unit[:], uint16(text[i]))
		p.done = append(p.done, unit[:]...)
	}
}

// putScript puts the script tag here.
func (p *page) putScript() {
	p.ascii(p.script)
	p.place = nowhere
}

func (p *page) text(units []byte, isData bool) {
	if isData && p.place == first {
		if i := slices.IndexFunc(units, func(u byte) bool { return !isSpace(u) }); i >= 0 {
			p.done = append(p.done, p.take(i)...)
			p.putScript()
			units = units[i:]
		}
	}
	p.done = append(p.done, p.take(len(units))...)
}

func (p *page) longTag(units []byte) {
	if p.place == first {
		p.putScript()
	}
	p.done = append(p.done, p.take(len(units))...)
}

func (p *page) tag(t *tag) {
	name := t.name
	isHead := name == "head" && !t.isEnd
	if !isHead && p.place != nowhere && endsHead(name, t.isEnd) {
		if p.place == first {
			p.putScript()
		}
		p.place = nowhere
	}
	b := p.take(len(t.units))
	value := func(a attribute) string { return decoded(b[a.value*p.enc.width:a.valueEnd*p.enc.width], p.enc) }
	p.enter(t, name, value)
	var edits []edit
	if p.inside == 0 {
		edits = p.visit.inert(p.base, t, name, value)
	}
	at := 0
	for _, e := range edits {
		p.done = append(p.done, b[at*p.enc.width:e.at*p.enc.width]...)
		p.ascii(e.text)
		at = e.end
	}
	p.done = append(p.done, b[at*p.enc.width:]...)
	if isHead && p.place != nowhere {
		p.putScript()
	}
}

// endsHead reports whether a tag, where no <head> has been, stands in its place or behind it.
func endsHead(name string, isEnd bool) bool {
	if isEnd {
		return slices.Contains([]string{"head", "body", "html", "br"}, name)
	}
	return name != "html"
}

// enter notes what a tag changes for those that come after it.
func (p *page) enter(t *tag, name string, value func(attribute) string) {
	switch {
	case name == "template" && t.isEnd:
		p.inside = max(p.inside-1, 0)
	case name == "template" && (p.inside > 0 || t.has("data-consent")):
		p.inside++
	case name == "base" && !t.isEnd && !p.based && p.inside == 0:
		i := slices.IndexFunc(t.attributes, func(a attribute) bool { return t.nameOf(a) == "href" })
		if i < 0 {
			return
		}
		p.based = true
		if target, found := p.base.find(value(t.attributes[i])); found {
			p.base = target
		}
	}
}

func (t *tag) has(attributeName string) bool {
	return slices.ContainsFunc(t.attributes, func(a attribute) bool { return t.nameOf(a) == attributeName })
}
