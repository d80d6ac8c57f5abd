package app

import (
	"time"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"

	"temoin.example/temoin/app/browser"
)

// Run takes the interface over that stands in the page, and stays to answer the
// visitor. It returns only where it cannot begin.
func Run() error {
	breathe()
	page, err := browser.Connect()
	if err != nil {
		return err
	}
	edition, err := ReadEdition(page.Edition())
	if err != nil {
		return err
	}
	breathe()
	session := NewSession(edition, page)
	ui.Route("/", func() ui.Composer {
		return TakeOver(edition, session, func(ctx ui.Context, l *Layers) { connect(ctx, l, page) })
	})
	ui.RunWhenOnBrowser()
	return nil
}

// breathe ends the browser's task, so that no press has to wait for all of the start.
func breathe() { time.Sleep(time.Millisecond) }

// connect lets the loader reach the layers. Its calls come from outside of
// go-app, so they go through Dispatch, which draws what they changed.
func connect(ctx ui.Context, l *Layers, page *browser.Page) {
	on := func(do func(ui.Context)) func() {
		return func() { ctx.Dispatch(do) }
	}
	speak := func(text string) {
		edition, err := ReadEdition(text)
		if err != nil {
			panic(err) // as at the start: the dialog goes on without Go
		}
		ctx.Dispatch(func(ui.Context) { l.Speak(edition) })
	}
	page.Mounted(on(l.Open), on(l.Sync), speak)
}
