package app

import (
	ui "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// Notice is where the loader says what became of an answer: a live region that
// is in the page before anything is said in it, and a button to dismiss it. It
// is only ever prerendered.
type Notice struct {
	ui.Compo

	Edition *Edition
}

// Render draws the notice, empty.
func (n *Notice) Render() ui.UI {
	return ui.Div().
		Class("notice").
		Attr("part", "notice").
		Lang(n.Edition.Lang).
		Dir(n.Edition.Dir).
		Body(
			ui.P().Attr("part", "text").Role("status"),
			&Button{Action: "dismiss", Label: n.Edition.Texts.Dismiss},
		)
}
