package consent

// Look says how the interface looks. Every value names a style sheet in
// web/styles: the server puts that one alone into what pages load.
type Look struct {
	Theme    Theme    `json:"theme,omitempty" jsonschema_description:"Colours, shapes, font: default, dsfr (the design system of the French State, with its wordings), or minimal (the page's own font, no colour)."`
	Position Position `json:"position,omitempty" jsonschema_description:"Where the banner stands: bottom, the page's whole width (default), corner, a card, or centre, a box that leaves the page usable."`
	Scheme   Scheme   `json:"scheme,omitempty" jsonschema_description:"Light or dark: auto, as the visitor's device is set (default), light, or dark."`
}

// Theme is a set of colours, shapes and a font.
type Theme string

// The themes.
const (
	ThemeDefault Theme = "default"
	ThemeDSFR    Theme = "dsfr"
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
