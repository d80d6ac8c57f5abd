package catalogue

import "temoin.example/temoin/app"

// Look says how the interface looks. Every value names a style sheet in
// web/styles: the server puts that one alone into what pages load.
type Look struct {
	Theme    Theme    `json:"theme,omitempty"`
	Position Position `json:"position,omitempty"`
	Scheme   Scheme   `json:"scheme,omitempty"`
}

// Theme is a set of colours, shapes and a font.
type Theme string

// The themes.
const (
	ThemeDefault Theme = "default"
	ThemeDSFR    Theme = app.ThemeDSFR
	ThemeMinimal Theme = "minimal"
)

// Themes returns all themes.
func Themes() []Theme { return []Theme{ThemeDefault, ThemeDSFR, ThemeMinimal} }

// Position is where the banner stands.
type Position string

// The positions.
const (
	PositionBottom Position = "bottom"
	PositionCorner Position = "corner"
	PositionCentre Position = "centre"
)

// Positions returns all positions.
func Positions() []Position { return []Position{PositionBottom, PositionCorner, PositionCentre} }

// Scheme is light or dark.
type Scheme string

// The schemes.
const (
	SchemeAuto  Scheme = "auto"
	SchemeLight Scheme = "light"
	SchemeDark  Scheme = "dark"
)

// Schemes returns all schemes.
func Schemes() []Scheme { return []Scheme{SchemeAuto, SchemeLight, SchemeDark} }
