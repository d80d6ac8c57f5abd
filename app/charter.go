package app

import (
	"slices"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app/consent"
)

// CharterTexts are the wordings of the charter page, in one language. Words in
// braces stand for values, as in [Texts].
type CharterTexts struct {
	Title              string `json:"title"`
	Intro              string `json:"intro"`
	WhatTitle          string `json:"what-title"`
	What               string `json:"what"`
	WhatMore           string `json:"what-more"`
	KindsTitle         string `json:"kinds-title"`
	KindsText          string `json:"kinds-text"`
	TablesTitle        string `json:"tables-title"`
	TablesText         string `json:"tables-text"`
	Empty              string `json:"empty"`
	ChangeTitle        string `json:"change-title"`
	ChangeText         string `json:"change-text"`
	ChangeOpen         string `json:"change-open"`
	FormTitle          string `json:"form-title"`
	FormText           string `json:"form-text"`
	FormSaved          string `json:"form-saved"`
	FormSubmit         string `json:"form-submit"`
	BrowserTitle       string `json:"browser-title"`
	BrowserText        string `json:"browser-text"`
	RightsTitle        string `json:"rights-title"`
	RightsText         string `json:"rights-text"`
	FirstParty         string `json:"first-party"`
	StorageLocal       string `json:"storage-local"`
	StorageSession     string `json:"storage-session"`
	StorageDatabase    string `json:"storage-database"`
	StorageCache       string `json:"storage-cache"`
	StorageUntilTab    string `json:"storage-until-tab"`
	StorageUntilErased string `json:"storage-until-erased"`
	ColumnParty        string `json:"column-party"`
	BackToSite         string `json:"back-to-site"`
	LanguageLabel      string `json:"language-label"`
}

// Charter is the content of the cookie charter: what cookies are, which ones
// the site uses and what for, and how to change one's mind, with and without
// JavaScript.
type Charter struct {
	ui.Compo

	Edition *Edition
	Texts   *CharterTexts
	// Storage is what services keep beside cookies, by their id: the edition,
	// which every visitor downloads, does not hold it.
	Storage map[string]*consent.Storage
	// Draft is what the form's boxes show; Notice, what became of the answer
	// that was just sent.
	Draft  consent.Draft
	Notice string
	// Anew is what is asked anew.
	Anew []string
}

// Render draws the charter, from its second level of headings down.
func (c *Charter) Render() ui.UI {
	t := c.Texts
	return ui.Div().Class("charter").Body(
		ui.P().Class("intro").Text(fill(t.Intro, "site", c.Edition.siteName())),
		section("definition", t.WhatTitle, ui.P().Text(t.What), ui.P().Text(t.WhatMore)),
		section("categories", t.KindsTitle, ui.P().Text(t.KindsText), c.kinds()),
		section("cookies", t.TablesTitle, append([]ui.UI{ui.P().Text(fill(t.TablesText,
			"site", c.Edition.siteName()))}, c.tables()...)...),
		ui.If(c.Edition.offers(), c.change).Else(c.nothing),
		ui.If(c.Edition.offers(), c.form),
		section("navigateur", t.BrowserTitle, ui.P().Text(t.BrowserText)),
		section("droits", t.RightsTitle, c.rights()...),
	)
}

func section(id, title string, content ...ui.UI) ui.UI {
	heading := ui.H2().ID(id + "-titre").Text(title)
	return ui.Section().ID(id).Aria("labelledby", id+"-titre").Body(append([]ui.UI{heading}, content...)...)
}

// change says how to change one's mind, with the dialog.
func (c *Charter) change() ui.UI {
	t := c.Texts
	return section("modifier", t.ChangeTitle,
		ui.P().Text(fill(t.ChangeText, "lifetime", c.Edition.duration(c.Edition.Catalogue.Cookie.Lifetime))),
		ui.P().Class("with-script").Body(
			ui.Button().Type("button").Class("button").DataSet("temoin-open", true).Text(t.ChangeOpen),
		),
	)
}

// nothing says that there is nothing to choose.
func (c *Charter) nothing() ui.UI {
	return section("modifier", c.Texts.ChangeTitle, ui.P().Text(fill(c.Edition.Texts.DialogText, "site", c.Edition.siteName())))
}

func (c *Charter) kinds() ui.UI {
	var list []ui.UI
	for _, category := range c.Edition.Catalogue.Categories {
		list = append(list,
			ui.Dt().Text(category.Title.In(c.Edition.Lang)),
			ui.Dd().Text(category.Description.In(c.Edition.Lang)))
	}
	return ui.Dl().Body(list...)
}

func (c *Charter) tables() []ui.UI {
	var list []ui.UI
	for _, category := range c.Edition.Catalogue.Categories {
		list = append(list, ui.H3().ID("cookies-"+category.ID).Text(category.Title.In(c.Edition.Lang)))
		services := c.Edition.Catalogue.ServicesOf(category.ID)
		if len(services) == 0 {
			list = append(list, ui.P().Text(c.Texts.Empty))
			continue
		}
		list = append(list, c.table(category, services))
	}
	return list
}

// table lists the cookies of a category, and what else its services keep; a
// service that keeps nothing has a row of its own, since it too learns of the visit.
func (c *Charter) table(category consent.Category, services []consent.Service) ui.UI {
	t := &c.Edition.Texts
	columns := []string{
		t.ColumnService, t.ColumnProvider, t.ColumnCookie, t.ColumnPurpose, t.ColumnDuration, c.Texts.ColumnParty,
	}
	var rows []ui.UI
	for _, service := range services {
		stored := c.stored(service)
		if len(service.Cookies)+len(stored) == 0 {
			rows = append(rows, c.row(columns, service, ui.Text(t.NoCookie), service.Purpose, "–", "–"))
		}
		for _, cookie := range service.Cookies {
			rows = append(rows, c.row(columns, service, ui.Code().Text(cookie.Name), cookie.Purpose,
				c.Edition.duration(cookie.Duration), c.party(cookie)))
		}
		for _, entry := range stored {
			name := ui.Div().Body(ui.Code().Text(entry.name), ui.Div().Class("storage").Text(entry.kind))
			rows = append(rows, c.row(columns, service, name, service.Purpose, entry.duration, c.Texts.FirstParty))
		}
	}
	return ui.Table().Aria("labelledby", "cookies-"+category.ID).Body(
		ui.THead().Body(ui.Tr().Body(headings(columns...)...)),
		ui.TBody().Body(rows...),
	)
}

// storedEntry is one name under which a service keeps something beside cookies.
type storedEntry struct{ name, kind, duration string }

// stored lists what the service keeps beside cookies: article 82 is about all
// that is written on a visitor's device or read from it.
func (c *Charter) stored(service consent.Service) []storedEntry {
	s, t := c.Storage[service.ID], c.Texts
	if s == nil {
		return nil
	}
	var list []storedEntry
	add := func(names []string, kind, duration string) {
		for _, name := range names {
			list = append(list, storedEntry{name, kind, duration})
		}
	}
	add(s.Local, t.StorageLocal, t.StorageUntilErased)
	add(s.Session, t.StorageSession, t.StorageUntilTab)
	add(s.Databases, t.StorageDatabase, t.StorageUntilErased)
	add(s.Caches, t.StorageCache, t.StorageUntilErased)
	return list
}

// row repeats each column's heading in its cell, for screens too narrow for a
// table: there the style sheet hides the heading row and shows these.
func (c *Charter) row(columns []string, service consent.Service, cookie ui.UI, purpose consent.Text, duration, party string) ui.UI {
	lang := c.Edition.Lang
	cell := func(i int, content ...ui.UI) ui.UI {
		label := ui.Span().Class("label").Aria("hidden", "true").Text(columns[i])
		return ui.Td().Body(append([]ui.UI{label}, content...)...)
	}
	name := []ui.UI{ui.Div().Text(service.Name.In(lang))}
	if location := service.Location.In(lang); location != "" {
		name = append(name, ui.Div().Class("location").Text(location))
	}
	return ui.Tr().Body(
		ui.Th().Scope("row").Body(ui.Div().Body(name...)),
		cell(1, c.provider(service)),
		cell(2, ui.Div().Body(cookie)),
		cell(3, ui.Div().Text(purpose.In(lang))),
		cell(4, ui.Div().Text(duration)),
		cell(5, ui.Div().Text(party)),
	)
}

func (c *Charter) provider(service consent.Service) ui.UI {
	if service.Policy == "" {
		return ui.Div().Text(service.Provider)
	}
	return ui.Div().Body(ui.A().Href(service.Policy).Text(service.Provider))
}

func (c *Charter) party(cookie consent.Cookie) string {
	if cookie.Party == consent.ThirdParty {
		return c.Edition.Texts.ThirdParty
	}
	return c.Texts.FirstParty
}

// form is the way to choose without JavaScript, with the same three answers as
// the dialog. It has a box for each service: a category is allowed where all its
// services are, so that no box can contradict another.
func (c *Charter) form() ui.UI {
	t := &c.Edition.Texts
	return ui.Form().ID("choix").Method("post").DataSet("temoin-form", true).Body(
		ui.H2().Text(c.Texts.FormTitle),
		ui.P().Class("saved").Role("status").Text(c.Notice),
		ui.P().Text(c.Texts.FormText),
		ui.Input().Type("hidden").Name("lang").Value(c.Edition.Lang),
		ui.Div().Body(c.boxes()...),
		ui.Div().Class("buttons").Body(
			c.answer("refuse", t.Refuse),
			c.answer("save", c.Texts.FormSubmit),
			c.answer("accept", t.Accept),
		),
	)
}

func (c *Charter) boxes() []ui.UI {
	lang := c.Edition.Lang
	var list []ui.UI
	for _, category := range c.Edition.Catalogue.Categories {
		if !c.Edition.Catalogue.Offers(category.ID) {
			continue
		}
		group := []ui.UI{ui.Legend().Text(category.Title.In(lang))}
		for _, service := range c.Edition.Catalogue.ServicesOf(category.ID) {
			group = append(group, c.box(service.ID, service.Name.In(lang)))
		}
		list = append(list, ui.FieldSet().Body(group...))
	}
	return list
}

func (c *Charter) box(id, label string) ui.UI {
	body := []ui.UI{
		ui.Input().Type("checkbox").Name("allow").Value(id).Checked(c.Draft.Granted(id)),
		ui.Span().Text(label),
	}
	if slices.Contains(c.Anew, id) {
		body = append(body, ui.Em().Text(c.Edition.Texts.Anew))
	}
	return ui.Label().Class("box").Body(body...)
}

// FormDraft returns whether the boxes that were ticked allow id: what the form
// that the charter draws means. No category has a box itself: it is allowed where all
// its services are, but for those of asked, which are asked anew, if there are others.
func FormDraft(catalogue *consent.Catalogue, ticked, asked []string) func(id string) bool {
	return func(id string) bool {
		if catalogue.Service(id) != nil {
			return slices.Contains(ticked, id)
		}
		all := catalogue.ServicesOf(id)
		old := slices.DeleteFunc(slices.Clone(all), func(service consent.Service) bool { return slices.Contains(asked, service.ID) })
		if len(old) > 0 {
			all = old
		}
		isRefused := func(service consent.Service) bool { return !slices.Contains(ticked, service.ID) }
		return catalogue.Offers(id) && !slices.ContainsFunc(all, isRefused)
	}
}

func (c *Charter) answer(value, label string) ui.UI {
	return ui.Button().Class("button").Name("answer").Value(value).Text(label)
}

func (c *Charter) rights() []ui.UI {
	list := []ui.UI{ui.P().Text(c.Texts.RightsText)}
	if privacy := c.Edition.Catalogue.Links.Privacy; privacy != "" {
		list = append(list, ui.P().Body(link(privacy, c.Edition.Texts.PrivacyLink)))
	}
	return list
}
