package demo

import "net/url"

// trialPage is the page to try things on, with a form that shows the banner in
// other looks and languages.
const trialPage = "/essai"

// Offer is what the page to try things on offers, and what it shows now.
type Offer struct {
	// Loader is the address of temoin.js for what is shown, CatalogueJSON that of
	// the catalogue that it was made of.
	Loader, CatalogueJSON string
	// Tag and Catalogue give another site what is shown.
	Tag, Catalogue string
	// Query asks for what is shown.
	Query url.Values
	// GPC makes the page pretend that the browser sends the signal.
	GPC        bool
	Languages  []Option
	Selects    []Select
	Categories []Option
}

// Select is a choice of one; the words of its options are in the content, named
// trial.<name>.<value>.
type Select struct {
	Name    string
	Options []Option
}

// Option is one value of a choice.
type Option struct {
	Value, Label string
	Dir          string // of the label, where that is in the language of the value
	Chosen       bool
}
