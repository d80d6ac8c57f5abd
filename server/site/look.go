package site

import (
	"slices"
	"strings"

	"temoin.example/temoin/server/catalogue"
)

// dress gives the style sheets the look of a catalogue. Each holds the one theme
// that it names, and nothing of the others; what is painted before Go runs travels
// with temoin.js, and so holds the one position, too.
func (b *built) dress(parts *Parts, look catalogue.Look) error {
	theme, err := parts.file("themes/" + string(look.Theme) + ".css")
	if err != nil {
		return err
	}
	theme = []byte(inScheme(string(theme), look.Scheme))
	for _, sheet := range []*[]byte{&b.shell, &b.charter, &b.placeholder} {
		*sheet = slices.Concat(theme, *sheet)
	}
	if look.Position == catalogue.PositionBottom {
		return nil
	}
	position, err := parts.file("positions/" + string(look.Position) + ".css")
	b.shell = append(b.shell, position...)
	return err
}

// inScheme makes a theme light or dark whatever the visitor's device is set to:
// each theme has both, the dark one under a media query.
func inScheme(theme string, scheme catalogue.Scheme) string {
	const both, query = "light dark", "screen and (prefers-color-scheme:dark)"
	switch scheme {
	case catalogue.SchemeLight:
		return strings.NewReplacer(both, "light", query, "not all").Replace(theme)
	case catalogue.SchemeDark:
		return strings.NewReplacer(both, "dark", query, "screen").Replace(theme)
	}
	return theme
}
