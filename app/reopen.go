package app

import (
	ui "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// Reopen is the floating button that opens the dialog once a choice is made.
type Reopen struct {
	ui.Compo

	Edition *Edition
	// GPC makes the button say that the browser has refused for the visitor.
	GPC    bool
	Hidden bool
}

// Render draws the button in a frame of its own, which is hidden with it.
func (r *Reopen) Render() ui.UI {
	label := r.Edition.Texts.Reopen
	if r.GPC {
		label = r.Edition.Texts.ReopenGPC
	}
	return ui.Div().Class("reopen").Attr("part", "reopen").Hidden(r.Hidden).Body(
		&Button{Action: "open", Label: label},
	)
}
