package app

import (
	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app/browser"
)

// Run draws the interface in the page that the loader prepared, and stays to
// answer the visitor. It returns only where it cannot begin.
func Run() error {
	page, err := browser.Connect()
	if err != nil {
		return err
	}
	edition, err := ReadEdition(page.Edition())
	if err != nil {
		return err
	}
	page.Style(edition.Style)

	session := NewSession(edition, page)
	ui.Route("/", func() ui.Composer {
		return &Layers{
			Edition: edition,
			Session: session,
			Ready:   func(ctx ui.Context, l *Layers) { connect(ctx, l, page) },
		}
	})
	ui.RunWhenOnBrowser()
	return nil
}

// connect lets the loader reach the layers. Its calls come from outside of
// go-app, so they go through Dispatch, which draws what they changed.
func connect(ctx ui.Context, l *Layers, page *browser.Page) {
	on := func(do func(ui.Context)) func() {
		return func() { ctx.Dispatch(do) }
	}
	page.Mounted(on(l.Open), on(l.Sync))
}
