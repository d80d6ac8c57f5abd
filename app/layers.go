package app

import (
	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app/consent"
)

// Layers is the root component: the banner, the button that reopens the
// dialog, and the dialog.
type Layers struct {
	ui.Compo

	Edition *Edition
	// Session is nil when the server prerenders the layers.
	Session *Session
	// Ready is called once the layers are in the page.
	Ready func(ui.Context, *Layers)

	draft        consent.Draft
	open         bool
	proofMissing bool
}

// Prerendered returns the layers as the loader shows them before Go runs: the
// loader decides which of the two is hidden. The dialog comes behind them, once
// it has been fetched.
func Prerendered(edition *Edition) *Layers { return &Layers{Edition: edition} }

// TakeOver returns the layers as they stand in the page before Go runs.
func TakeOver(edition *Edition, session *Session, ready func(ui.Context, *Layers)) *Layers {
	page := session.Page
	open, missing := page.Dialog()
	return &Layers{
		Edition: edition,
		Session: session,
		Ready:   ready,

		draft:        edition.Catalogue.DraftOf(page.Switched),
		open:         open,
		proofMissing: missing,
	}
}

// OnMount tells that the interface is there.
func (l *Layers) OnMount(ctx ui.Context) { l.Ready(ctx, l) }

// Render draws what the visitor has to see now.
func (l *Layers) Render() ui.UI {
	asks := l.Edition.asks()
	asking := asks && (l.Session == nil || l.Session.Asking())
	gpc := l.Session != nil && l.Session.RefusedByGPC()
	var anew []string
	if l.Session != nil {
		anew = l.Session.Anew()
	}
	return ui.Div().
		Class("layers").
		Lang(l.Edition.Lang).
		Dir(l.Edition.Dir).
		Body(
			ui.If(asks, func() ui.UI { return &Banner{Edition: l.Edition, Hidden: !asking, Anew: anew} }),
			&Reopen{Edition: l.Edition, GPC: gpc, Hidden: asking || !l.Edition.Catalogue.Reopen},
			ui.If(l.Session != nil, l.preferences),
		)
}

func (l *Layers) preferences() ui.UI {
	return &Preferences{
		Edition: l.Edition, Actions: l, Draft: l.draft, Anew: l.Session.Anew(),
		Receipts: l.Session.Page.KeepsReceipts(), Proof: l.Session.HasProof(), ProofMissing: l.proofMissing,
	}
}

// Sync draws what the banner, another tab or the page has decided meanwhile.
func (l *Layers) Sync(ctx ui.Context) {
	l.Session.Sync()
	l.refocus(ctx)
}

// Speak draws all in another language.
func (l *Layers) Speak(edition *Edition) { l.Edition, l.Session.Edition = edition, edition }

// Accept allows everything.
func (l *Layers) Accept(ctx ui.Context) { l.answer(ctx, l.Session.Accept) }

// Refuse refuses all that can be refused.
func (l *Layers) Refuse(ctx ui.Context) { l.answer(ctx, l.Session.Refuse) }

// Save keeps what the switches show.
func (l *Layers) Save(ctx ui.Context) {
	l.answer(ctx, func() { l.Session.Save(l.draft) })
}

// answer takes one answer from the dialog: of a double click, the second finds
// it closed.
func (l *Layers) answer(ctx ui.Context, decide func()) {
	if !l.open {
		return
	}
	decide()
	l.Close(ctx)
	l.refocus(ctx)
}

// refocus sees to the focus once a layer that had it may have gone.
func (l *Layers) refocus(ctx ui.Context) {
	ctx.Defer(func(ui.Context) { l.Session.Page.Refocus() })
}

// Open opens the dialog with the present choice, once it has been drawn.
func (l *Layers) Open(ctx ui.Context) {
	if l.open {
		return
	}
	l.draft, l.proofMissing = l.Session.Draft(), false
	// Open only from when it is shown: the event of the last closing may come in between.
	ctx.Defer(func(ui.Context) {
		l.open = true
		l.Session.Page.ShowDialog()
	})
}

// Close closes the dialog without choosing.
func (l *Layers) Close(ui.Context) {
	if l.open {
		l.open = false
		l.Session.Page.CloseDialog()
	}
}

// Switch allows or refuses a category or a service in the dialog.
func (l *Layers) Switch(_ ui.Context, id string, granted bool) {
	l.draft = l.draft.Set(id, granted)
}

// Proof gives the visitor the receipt of the choice, or says that it cannot.
func (l *Layers) Proof(ctx ui.Context) {
	l.proofMissing = false
	l.Session.Page.Proof(func() {
		ctx.Dispatch(func(ui.Context) { l.proofMissing = true })
	})
}
