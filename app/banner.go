package app

import (
	ui "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// Banner is the first layer: who asks, what for, and three buttons of the same
// weight.
type Banner struct {
	ui.Compo

	Edition *Edition
	Hidden  bool
	// Anew is what alone is asked, where the rest was answered before.
	Anew []string
}

// Actions is what the dialog's buttons do. It is nil where the loader answers the
// clicks: in the banner, and in all that the server prerenders.
type Actions interface {
	Accept(ctx ui.Context)
	Refuse(ctx ui.Context)
	Save(ctx ui.Context)
	Close(ctx ui.Context)
	// Switch allows or refuses a category or a service in the dialog.
	Switch(ctx ui.Context, id string, granted bool)
	// Proof gives the visitor the receipt of the choice.
	Proof(ctx ui.Context)
}

// Render draws the banner. It stays in the tree when it is hidden, so that
// nothing beside it is mounted anew (go-app matches children by position).
func (b *Banner) Render() ui.UI {
	t := &b.Edition.Texts
	return ui.Section().
		Class("banner").
		Attr("part", "banner").
		Aria("labelledby", "temoin-title").
		Hidden(b.Hidden).
		Body(
			ui.Div().Class("words").Body(
				ui.H2().ID("temoin-title").Class("title").Attr("part", "title").Text(fill(t.BannerTitle, "site", b.Edition.siteName())),
				ui.P().Attr("part", "text").Text(b.text()),
				ui.P().Attr("part", "text").Text(t.BannerRights),
				ui.P().Body(link(b.Edition.Catalogue.Links.Charter, t.CharterLink)),
			),
			ui.Div().Class("buttons").Body(b.buttons()...),
		)
}

func (b *Banner) text() string {
	if b.Anew == nil {
		return b.Edition.Texts.BannerText
	}
	return fill(b.Edition.Texts.BannerAnew, "services", b.Edition.List(b.Edition.named(b.Anew)))
}

// buttons returns them in the order in which the theme has them: visitors of
// the French State's sites know where to look for each. The loader hears
// all, as before Go ran: by way of Go, a choice was kept 4 ms later, and what
// waits for it began 10 ms later.
func (b *Banner) buttons() []ui.UI {
	t := &b.Edition.Texts
	refuse := &Button{Action: "refuse", Label: t.Refuse}
	customize := &Button{Action: "customize", Label: t.Customize}
	accept := &Button{Action: "accept", Label: t.Accept}
	if b.Anew != nil {
		refuse.Label, accept.Label = t.RefuseAnew, t.AcceptAnew
	}
	if b.Edition.Theme == ThemeDSFR {
		return []ui.UI{customize, refuse, accept}
	}
	return []ui.UI{refuse, customize, accept}
}

func link(href, text string) ui.UI {
	return ui.A().Class("link").Attr("part", "link").Href(href).Text(text)
}

// Button is a button that the contract names by its attribute data-temoin. All
// are one part to the page's style sheets: none can be made to stand out.
type Button struct {
	ui.Compo

	Actions Actions
	Action  string
	Label   string
	// Quiet is whether it looks like a link: it is offered, not asked for.
	Quiet bool
}

// Render draws the button.
func (b *Button) Render() ui.UI {
	look := "button"
	if b.Quiet {
		look = "link"
	}
	button := ui.Button().
		Type("button").
		Class(look).
		Attr("part", look).
		DataSet("temoin", b.Action).
		Text(b.Label)
	if b.Actions != nil {
		button.OnClick(b.click)
	}
	return button
}

func (b *Button) click(ctx ui.Context, _ ui.Event) {
	switch b.Action {
	case "accept":
		b.Actions.Accept(ctx)
	case "refuse":
		b.Actions.Refuse(ctx)
	case "save":
		b.Actions.Save(ctx)
	case "close":
		b.Actions.Close(ctx)
	case "proof":
		b.Actions.Proof(ctx)
	}
}
