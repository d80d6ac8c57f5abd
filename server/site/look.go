package site

import (
	"strings"

	"temoin/app/consent"
)

// shellStyle returns the style sheet of what is painted before Go runs. It
// travels with temoin.js, so it holds the one theme and the one position that
// the catalogue names, and nothing of the others.
func (b *builder) shellStyle() string {
	style := b.themed("shell.css")
	if position := b.Catalogue.Look.Position; position != consent.PositionBottom {
		style += string(b.read("positions/" + string(position) + ".css"))
	}
	return style
}

// themed returns a style sheet with the values of the catalogue's theme before
// it, which banner, placeholders and charter have in common.
func (b *builder) themed(sheet string) string {
	look := b.Catalogue.Look
	theme := string(b.read("themes/" + string(look.Theme) + ".css"))
	return inScheme(theme, look.Scheme) + string(b.read(sheet))
}

// inScheme makes a theme light or dark whatever the visitor's device is set to:
// each theme has both, the dark one under a media query.
func inScheme(theme string, scheme consent.Scheme) string {
	const both, query = "light dark", "screen and (prefers-color-scheme:dark)"
	switch scheme {
	case consent.SchemeLight:
		return strings.NewReplacer(both, "light", query, "not all").Replace(theme)
	case consent.SchemeDark:
		return strings.NewReplacer(both, "dark", query, "screen").Replace(theme)
	}
	return theme
}
