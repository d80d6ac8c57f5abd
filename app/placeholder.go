package app

import (
	"strconv"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app/consent"
)

// Placeholder stands where an embed would that is not allowed: what it is, who
// provides it, which cookies it brings, and two ways to allow it in place. It is
// only ever prerendered; the loader puts each into a shadow root of its own, so
// its ids need not be unique in the page.
type Placeholder struct {
	ui.Compo

	Edition *Edition
	// One of the two is what the embed waits for.
	Service  *consent.Service
	Category *consent.Category
	// Lasting leaves "this time only" out: the page's policy lets in what the cookie says alone.
	Lasting bool
}

// Render draws the placeholder.
func (p *Placeholder) Render() ui.UI {
	const title = "temoin-placeholder-title"
	t := &p.Edition.Texts
	return ui.Div().
		Class("placeholder").
		Attr("part", "placeholder").
		Role("group").
		Aria("labelledby", title).
		Lang(p.Edition.Lang).
		Dir(p.Edition.Dir).
		Body(
			ui.P().ID(title).Class("title").Attr("part", "title").Text(p.title()),
			ui.P().Attr("part", "text").Text(p.text()),
			ui.If(len(p.cookies()) > 0, p.list).ElseIf(p.Service != nil, p.none),
			ui.P().Body(link(p.Edition.Catalogue.Links.Charter, t.CharterLink)),
			ui.Div().Class("buttons").Body(p.buttons()...),
		)
}

func (p *Placeholder) buttons() (buttons []ui.UI) {
	t := &p.Edition.Texts
	if !p.Lasting {
		buttons = append(buttons, &Button{Action: "once", Label: t.Once})
	}
	return append(buttons, &Button{Action: "always", Label: t.Always})
}

func (p *Placeholder) title() string {
	t, lang := &p.Edition.Texts, p.Edition.Lang
	if p.Service != nil {
		return fill(t.PlaceholderTitle, "service", p.Service.Name.In(lang))
	}
	return fill(t.PlaceholderKind, "category", p.Category.Title.In(lang))
}

func (p *Placeholder) text() string {
	lang := p.Edition.Lang
	if p.Service != nil {
		return fill(p.Edition.Texts.PlaceholderText, "purpose", p.Service.Purpose.In(lang), "provider", p.Service.Provider)
	}
	return p.Category.Description.In(lang)
}

// cookies names the cookies of the service, or of all services of the category.
func (p *Placeholder) cookies() []ui.UI {
	var services []consent.Service
	if p.Service != nil {
		services = append(services, *p.Service)
	} else {
		services = p.Edition.Catalogue.ServicesOf(p.Category.ID)
	}
	var names []ui.UI
	for _, service := range services {
		for _, cookie := range service.Cookies {
			names = append(names, ui.Li().Body(cookieName(p.Edition, cookie)...))
		}
	}
	return names
}

func (p *Placeholder) list() ui.UI {
	names := p.cookies()
	return ui.Details().Body(
		ui.Summary().Attr("part", "summary").Text(fill(p.Edition.Texts.PlaceholderCookies, "count", strconv.Itoa(len(names)))),
		ui.Ul().Body(names...),
	)
}

func (p *Placeholder) none() ui.UI { return ui.P().Text(p.Edition.Texts.NoCookie) }
