package app

import (
	"slices"
	"strconv"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app/consent"
)

// Preferences is the dialog: a switch for each category and each service, what
// they are for, and the cookies they set. It is a native modal dialog, so that
// the browser keeps the focus inside, closes it on Esc and gives the focus back.
type Preferences struct {
	ui.Compo

	Edition *Edition
	Actions Actions
	Draft   consent.Draft
	// Anew is what is asked anew: the rest shows as it was answered.
	Anew []string
	// Receipts is whether choices are reported for proof; Proof, whether there is
	// one whose receipt the visitor can be given; ProofMissing, whether that has
	// just been tried in vain.
	Receipts     bool
	Proof        bool
	ProofMissing bool
}

// PrerenderedPreferences returns the dialog as it is fetched before Go runs
// (web/dialog): refused is every switch, and so said in part of no category.
func PrerenderedPreferences(edition *Edition, receipts bool) *Preferences {
	refused := edition.Catalogue.Draft(&consent.Record{Choices: edition.Catalogue.Refuse()})
	return &Preferences{Edition: edition, Draft: refused, Receipts: receipts}
}

// Render draws the dialog; the page opens it.
func (p *Preferences) Render() ui.UI {
	return ui.Dialog().
		Class("dialog").
		Attr("part", "dialog").
		Aria("labelledby", "temoin-dialog-title").
		Aria("describedby", "temoin-dialog-text").
		On("close", p.closed).
		Body(p.content())
}

// closed keeps the component's idea of the dialog right when Esc closed it. The
// event comes late: by then the dialog may have been opened anew.
func (p *Preferences) closed(ctx ui.Context, _ ui.Event) {
	if !ctx.JSSrc().Get("open").Bool() {
		p.Actions.Close(ctx)
	}
}

func (p *Preferences) content() ui.UI {
	t := &p.Edition.Texts
	return ui.Div().Class("sheet").Body(
		ui.Div().Class("head").Body(
			ui.H2().ID("temoin-dialog-title").Class("title").Attr("part", "title").Text(t.DialogTitle),
			&Button{Actions: p.Actions, Action: "close", Label: t.Close},
		),
		ui.Div().Class("scroll").Body(
			ui.P().ID("temoin-dialog-text").Attr("part", "text").Text(fill(t.DialogText,
				"site", p.Edition.siteName(),
				"lifetime", p.Edition.duration(p.Edition.Catalogue.Cookie.Lifetime))),
			ui.P().Class("links").Body(p.links()...),
			ui.Div().Body(p.categories()...),
		),
		ui.If(p.Edition.offers(), p.answers),
	)
}

func (p *Preferences) answers() ui.UI {
	t := &p.Edition.Texts
	return ui.Div().Class("buttons").Body(
		&Button{Actions: p.Actions, Action: "refuse", Label: t.Refuse},
		&Button{Actions: p.Actions, Action: "save", Label: t.Save},
		&Button{Actions: p.Actions, Action: "accept", Label: t.Accept},
	)
}

func (p *Preferences) links() []ui.UI {
	links := p.Edition.Catalogue.Links
	list := []ui.UI{link(links.Charter, p.Edition.Texts.CharterLink)}
	if links.Privacy != "" {
		list = append(list, link(links.Privacy, p.Edition.Texts.PrivacyLink))
	}
	return append(list, ui.If(p.Receipts, p.proof))
}

// proof is a button among links: it is no answer, and must not look like one.
// It is hidden where there is nothing to prove: the tree has one shape, in which
// Go finds what stands in the page.
func (p *Preferences) proof() ui.UI {
	missing := ""
	if p.ProofMissing {
		missing = p.Edition.Texts.ProofMissing
	}
	return ui.Span().Class("proof").Hidden(!p.Proof).Body(
		&Button{Actions: p.Actions, Action: "proof", Label: p.Edition.Texts.Proof, Quiet: true},
		ui.Span().Role("status").Text(missing),
	)
}

// categories draws what is necessary and what can be refused. A category that
// nothing is in is left to the charter.
func (p *Preferences) categories() []ui.UI {
	var list []ui.UI
	for _, category := range p.Edition.Catalogue.Categories {
		if category.Necessary || p.Edition.Catalogue.Offers(category.ID) {
			list = append(list, p.category(category))
		}
	}
	return list
}

func (p *Preferences) category(category consent.Category) ui.UI {
	id := "temoin-" + category.ID
	services := p.Edition.Catalogue.ServicesOf(category.ID)
	return ui.Div().
		Class("category").
		Attr("part", "category").
		Role("group").
		Aria("labelledby", id+"-name").
		Body(
			ui.H3().Class("name").Attr("part", "name").Body(&Switch{
				Actions: p.Actions,
				ID:      category.ID,
				Label:   category.Title.In(p.Edition.Lang),
				On:      p.Draft.Granted(category.ID),
				Locked:  category.Necessary,
			}),
			ui.P().ID(id+"-state").Class("state").Attr("part", "state").Text(p.state(category)),
			ui.P().Attr("part", "text").Text(category.Description.In(p.Edition.Lang)),
			ui.Details().Body(
				// Out of context all would be called the same but for a number:
				// readers hear the category's name too, which is seen above.
				ui.Summary().Attr("part", "summary").Body(
					ui.Text(fill(p.Edition.Texts.Details, "count", strconv.Itoa(len(services)))),
					ui.Span().Text(category.Title.In(p.Edition.Lang)),
				),
				ui.Div().Body(p.services(category, services)...),
			),
		)
}

// state says in words what the switch of a category does not show. A space
// stands for nothing: go-app keeps the paragraph, and readers skip it.
func (p *Preferences) state(category consent.Category) string {
	t := &p.Edition.Texts
	switch {
	case category.Necessary:
		return t.AlwaysOn
	case p.isAnew(category):
		return t.Anew
	case p.Draft.Mixed(category.ID):
		return t.Partly
	case category.Anonymous:
		return t.Exempt
	}
	return ""
}

// isAnew reports whether a category, or a service in it, is asked anew.
func (p *Preferences) isAnew(category consent.Category) bool {
	return slices.ContainsFunc(p.Edition.Catalogue.ServicesOf(category.ID), func(service consent.Service) bool {
		return slices.Contains(p.Anew, service.ID)
	})
}

func (p *Preferences) services(category consent.Category, services []consent.Service) []ui.UI {
	if len(services) == 0 {
		return []ui.UI{ui.P().Text(p.Edition.Texts.NoService)}
	}
	var list []ui.UI
	for _, service := range services {
		list = append(list, p.service(category, service))
	}
	return list
}

func (p *Preferences) service(category consent.Category, service consent.Service) ui.UI {
	t, lang := &p.Edition.Texts, p.Edition.Lang
	state := ""
	switch {
	case slices.Contains(p.Anew, service.ID):
		state = t.Anew
	case service.Anonymous:
		state = t.Exempt
	}
	body := []ui.UI{
		ui.H4().Class("name").Attr("part", "name").Body(p.serviceName(category, service)),
		ui.P().ID("temoin-"+service.ID+"-state").Class("state").Attr("part", "state").Text(state),
		ui.P().Attr("part", "text").Text(service.Purpose.In(lang)),
		ui.P().Attr("part", "text").Text(fill(t.Provider, "provider", service.Provider)),
	}
	if service.Policy != "" {
		body = append(body, ui.P().Body(link(service.Policy, t.Policy)))
	}
	return ui.Div().Class("service").Attr("part", "service").Body(append(body, p.cookies(service))...)
}

// serviceName is a switch where the service can be refused, else plain text.
func (p *Preferences) serviceName(category consent.Category, service consent.Service) ui.UI {
	name := service.Name.In(p.Edition.Lang)
	if category.Necessary {
		return ui.Span().ID("temoin-" + service.ID + "-name").Text(name)
	}
	return &Switch{
		Actions: p.Actions,
		ID:      service.ID,
		Label:   name,
		On:      p.Draft.Granted(service.ID),
	}
}

func (p *Preferences) cookies(service consent.Service) ui.UI {
	t := &p.Edition.Texts
	if len(service.Cookies) == 0 {
		return ui.P().Text(t.NoCookie)
	}
	var rows []ui.UI
	for _, cookie := range service.Cookies {
		rows = append(rows, ui.Tr().Body(
			ui.Th().Scope("row").Body(cookieName(p.Edition, cookie)...),
			ui.Td().Text(cookie.Purpose.In(p.Edition.Lang)),
			ui.Td().Text(p.Edition.duration(cookie.Duration)),
		))
	}
	return ui.Table().Attr("part", "table").Aria("labelledby", "temoin-"+service.ID+"-name").Body(
		ui.THead().Body(ui.Tr().Body(headings(t.ColumnCookie, t.ColumnPurpose, t.ColumnDuration)...)),
		ui.TBody().Body(rows...),
	)
}

func cookieName(e *Edition, cookie consent.Cookie) []ui.UI {
	name := []ui.UI{ui.Code().Text(cookie.Name)}
	if cookie.Party == consent.ThirdParty {
		name = append(name, ui.Div().Class("party").Text(e.Texts.ThirdParty))
	}
	return name
}

func headings(texts ...string) []ui.UI {
	var list []ui.UI
	for _, text := range texts {
		list = append(list, ui.Th().Scope("col").Text(text))
	}
	return list
}

// Switch allows or refuses one category or service. It is a component of its
// own because go-app tells handlers apart by their code, not by what they hold.
type Switch struct {
	ui.Compo

	Actions Actions
	ID      string
	Label   string
	On      bool
	Locked  bool
}

// Render draws a check box with the role of a switch, and its label.
func (s *Switch) Render() ui.UI {
	id := "temoin-" + s.ID
	return ui.Label().Class("switch").For(id).Body(
		ui.Input().
			Type("checkbox").
			Role("switch").
			ID(id).
			Name(s.ID).
			Attr("part", "switch").
			Aria("describedby", id+"-state").
			Checked(s.On).
			Disabled(s.Locked).
			OnChange(s.change),
		ui.Span().ID(id+"-name").Text(s.Label),
	)
}

func (s *Switch) change(ctx ui.Context, _ ui.Event) {
	s.Actions.Switch(ctx, s.ID, ctx.JSSrc().Get("checked").Bool())
}
