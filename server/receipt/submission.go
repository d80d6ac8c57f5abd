package receipt

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"temoin.example/temoin/app/consent"
)

// MaxSubmission is the most bytes that a submission may have.
const MaxSubmission = 8 << 10

// Submission is what a visitor's page says of an answer.
type Submission struct {
	Record *consent.Record // the content of the cookie
	How    How
	GPC    bool   // given while Global Privacy Control stood for a refusal
	Lang   string // the language in which the visitor was asked
	Text   string // the hash of what the visitor was shown, 16 hexadecimal digits
	From   string // the id of the answer before, part of which may stand, or ""
}

// ParseSubmission reads the body of a request:
//
//	{"record":{"v":2,"id":"…","rev":"…","at":…,"choices":{…},"services":{…},"of":"…"},
//	 "how":"banner-accept","gpc":false,"lang":"fr","text":"…","from":"…"}
//
// All keys but services, of and from have to be there, once, and no others; nothing may
// come after the object. An error wraps [ErrInvalid] and names the key.
func ParseSubmission(body []byte) (*Submission, error) {
	switch {
	case len(body) > MaxSubmission:
		return nil, invalid("%d bytes, want at most %d", len(body), MaxSubmission)
	case !utf8.Valid(body):
		return nil, invalid("not UTF-8")
	}
	if err := noDuplicates(body); err != nil {
		return nil, err
	}
	fields, err := members("submission", body, []string{"record", "how", "gpc", "lang", "text"}, []string{"from"})
	if err != nil {
		return nil, err
	}
	record, err := parseRecord(fields["record"])
	if err != nil {
		return nil, err
	}
	s := &Submission{Record: record}
	for key, into := range map[string]any{"how": &s.How, "gpc": &s.GPC, "lang": &s.Lang, "text": &s.Text, "from": &s.From} {
		value, found := fields[key]
		if !found {
			continue
		}
		if string(value) == "null" || json.Unmarshal(value, into) != nil {
			return nil, invalid("%s is %s", key, value)
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Submission) check() error {
	switch {
	case !slices.Contains(Hows(), s.How):
		return invalid("how is %q, want one of %q", s.How, Hows())
	case !langPattern.MatchString(s.Lang):
		return invalid("lang is %q, want a language code", s.Lang)
	case !textPattern.MatchString(s.Text):
		return invalid("text is %q, want 16 hexadecimal digits", s.Text)
	case s.From != "" && !IsID(s.From):
		return invalid("from is %q, want a UUID in lower case", s.From)
	}
	return nil
}

// parseRecord reads the record as the cookie's codec does. It is stricter than
// the codec about unknown keys, since what is not understood cannot be proven.
func parseRecord(data []byte) (*consent.Record, error) {
	_, err := members("record", data, []string{"v", "id", "rev", "at", "choices"}, []string{"services", "of"})
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return nil, invalid("record: %v", err)
	}
	record, err := consent.Decode(url.PathEscape(compact.String()))
	if err != nil {
		return nil, invalid("record: %s", strings.TrimPrefix(err.Error(), consent.ErrInvalid.Error()+": "))
	}
	return record, nil
}

// members splits a JSON object that has to have the required keys and may have
// the optional ones. encoding/json alone would take a key in capitals, too.
func members(name string, data []byte, required, optional []string) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil || fields == nil {
		return nil, invalid("%s is no JSON object", name)
	}
	for key := range fields {
		if !slices.Contains(required, key) && !slices.Contains(optional, key) {
			return nil, invalid("unknown key %q in %s", key, name)
		}
	}
	for _, key := range required {
		if _, found := fields[key]; !found {
			return nil, invalid("no key %q in %s", key, name)
		}
	}
	return fields, nil
}

// noDuplicates refuses what is no single JSON value, and a value in which an
// object has the same key twice: readers differ in which of the two counts.
func noDuplicates(data []byte) error {
	if !json.Valid(data) {
		return invalid("not JSON, or more than one value")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	var open []map[string]bool // the keys of each object around, nil for an array
	isKey := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil // the end: the value is known to be valid
		}
		inObject := len(open) > 0 && open[len(open)-1] != nil
		if key, isString := token.(string); isString && inObject && isKey {
			if open[len(open)-1][key] {
				return invalid("key %q occurs twice", key)
			}
			open[len(open)-1][key] = true
			isKey = false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		isKey = true
	}
}
