// Package app is go-app, without what Témoin's interface has no use for: see
// server/tools/trim. This file is the way in: one component, in one page.
package app

// The program runs in a browser; what go-app does on a server is left out.
const (
	IsClient = true
	IsServer = false
)

// root makes the component that is drawn.
var root func() Composer

// Route says what is drawn. go-app chooses by the page's path; here there is
// one page, and whatever path the program asks for is its path.
func Route(_ string, newComponent func() Composer) { root = newComponent }

// RunWhenOnBrowser draws the component in the place of the body's first
// element, and answers events for ever. Left out are go-app's ears for links,
// history, updates, installation and the window's size, its states in the
// storages, and the addresses of its own server.
func RunWhenOnBrowser() {
	body := Body().setJSElement(Window().Get("document").Get("body"))
	engine := newEngine()
	component, err := engine.nodes.Mount(engine.baseContext(), 1, root())
	if err != nil {
		panic(err)
	}
	body.JSValue().replaceChild(component, body.JSValue().Get("firstElementChild"))
	component.setParent(body)
	engine.run()
}

// Log is for errors of what has been left out.
func Log(err error) { Window().Get("console").Call("error", err.Error()) }
