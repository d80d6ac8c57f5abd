package consent

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Text is a wording by language code. The key [AnyLanguage] holds a wording
// that is the same in all of them, such as the name of a service.
type Text map[string]string

// AnyLanguage is the key of a [Text] that reads the same in every language. In
// files such a text is a plain string.
const AnyLanguage = ""

// In returns the wording in lang, or the one for all languages, or "".
func (t Text) In(lang string) string {
	if s, found := t[lang]; found {
		return s
	}
	return t[AnyLanguage]
}

// Missing returns those of languages that t has no wording for.
func (t Text) Missing(languages []string) []string {
	return slices.DeleteFunc(slices.Clone(languages), func(lang string) bool {
		return t.In(lang) != ""
	})
}

// only returns t reduced to its wording in lang.
func (t Text) only(lang string) Text {
	if s := t.In(lang); s != "" {
		return Text{AnyLanguage: s}
	}
	return nil
}

// MarshalJSON writes a string where the text is the same in every language,
// else an object of strings by language.
func (t Text) MarshalJSON() ([]byte, error) {
	if s, found := t[AnyLanguage]; found && len(t) == 1 {
		return []byte(quote(s)), nil
	}
	if t == nil {
		return []byte("null"), nil
	}
	var members []string
	for _, lang := range slices.Sorted(maps.Keys(t)) {
		members = append(members, quote(lang)+":"+quote(t[lang]))
	}
	return []byte("{" + strings.Join(members, ",") + "}"), nil
}

// UnmarshalJSON reads what [Text.MarshalJSON] writes.
func (t *Text) UnmarshalJSON(data []byte) error {
	value := string(data)
	if value == "null" {
		*t = nil
		return nil
	}
	if s, ok := jsonString(value); ok {
		*t = Text{AnyLanguage: s}
		return nil
	}
	fields, ok := jsonObject(value)
	if !ok {
		return errNoText
	}
	text := make(Text, len(fields))
	for _, field := range fields {
		if text[field.name], ok = jsonString(field.value); !ok {
			return errNoText
		}
	}
	*t = text
	return nil
}

var errNoText = errors.New("read text: neither a string nor an object of strings by language")

// Languages returns the languages of t, sorted, without [AnyLanguage].
func (t Text) Languages() []string {
	languages := slices.Sorted(maps.Keys(t))
	return slices.DeleteFunc(languages, func(lang string) bool { return lang == AnyLanguage })
}
