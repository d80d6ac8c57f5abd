package app

import (
	ui "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// Reopen is the floating button that opens the dialog once a choice is made.
type Reopen struct {
	ui.Compo

	Edition *Edition
	Actions Actions
	Hidden  bool
}

// Render draws the button in a frame of its own, which is hidden with it.
func (r *Reopen) Render() ui.UI {
	return ui.Div().Class("reopen").Attr("part", "reopen").Hidden(r.Hidden).Body(
		&Button{Actions: r.Actions, Action: "open", Label: r.Edition.Texts.Reopen},
	)
}
