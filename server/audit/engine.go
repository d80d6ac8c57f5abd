package audit

import (
	"context"

	"github.com/chromedp/cdproto/network"
)

// engine is a running browser with a profile, and the one tab in which a visitor visits pages. What the
// browser tells goes to the visitor's recorder. What it cannot tell it says itself.
type engine interface {
	// product is its name and version, "HeadlessChrome/156.0.8078.108".
	product() string
	// blind names what the browser cannot tell of any page; see [blindTo].
	blind() []string
	// begin asks for all that the browser can tell, denies what pages may ask for, and opens a tab.
	begin(ctx context.Context) error
	// newTab opens the tab that pages are visited in, and closes the one before: that may have crashed, or hang.
	newTab(ctx context.Context) error
	tab() tabState
	// goTo asks for a page in the tab, and waits until it begins to come.
	goTo(ctx context.Context, address string) (landing, error)
	// run runs an expression in the page's own world, and decodes what it comes to.
	run(ctx context.Context, expression string, result any) error
	// ask is run in a world beside the page's, that its scripts do not see.
	ask(ctx context.Context, expression string, result any) error
	// documents returns those of the tab and its frames; of all windows and workers' pages where every is set.
	documents(ctx context.Context, every bool) []document
	// load fetches a file as the site's own page would; status is 0 where it does not come.
	load(ctx context.Context, address string) (status int, text []byte)
	// cookies returns those of the profile.
	cookies(ctx context.Context) ([]*network.Cookie, error)
	// picture returns the window as a PNG.
	picture(ctx context.Context) ([]byte, error)
	// point moves the mouse.
	point(x, y float64)
	// closeOthers closes windows that pages have opened.
	closeOthers()
	// inject puts autoconsent's program into the documents that are there; who comes later asks the visitor for it.
	inject(ctx context.Context, c *autoconsent)
	// close ends the browser, and returns when all that it told has been taken in.
	close()
	// logged returns what the browser's own log has of requests, once it has ended.
	logged() []logged
}

// tabState is what has become of the tab.
type tabState int

const (
	tabNone    tabState = iota // none could be opened
	tabOpen                    // pages can be visited in it
	tabClosed                  // its page closed it, or it was given up
	tabCrashed                 // its process ended
)

// landing is what came of asking for a page; the zero value is that it comes.
type landing struct {
	download bool   // it is a file to keep
	fault    string // the browser's word for why it did not come
	aborted  bool   // something was in the way, as a page before that does not let go
	endless  bool   // it led on for ever
}

// document is one document of a page.
type document struct {
	address string
	// ask runs an expression beside the document's scripts, and decodes what it comes to.
	ask func(ctx context.Context, expression string, result any) error
}
