package app

// engineX carries out what components ask for, one thing after the other.
// Unlike go-app's it draws at once and not with the next of 120 frames a second:
// what a click changes is there when its event has been answered.
type engineX struct {
	nodes      nodeManager
	updates    updateManager
	dispatches chan func()
	defers     []func()
}

// most calls that wait: as many as go-app lets wait.
const most = 4096

func newEngine() *engineX { return &engineX{dispatches: make(chan func(), most)} }

// NewTestEngine is what node.go prints markup with, which the server does.
func NewTestEngine() any { return newEngine() }

func (e *engineX) baseContext() Context {
	return Context{engine: e, removeComponentUpdate: e.updates.Done}
}

func (e *engineX) dispatch(do func()) { e.dispatches <- do }

// run never ends.
func (e *engineX) run() {
	for do := range e.dispatches {
		do()
		if len(e.dispatches) == 0 {
			e.draw()
		}
	}
}

// draw draws what was marked, and calls what was put off until then.
func (e *engineX) draw() {
	e.updates.UpdateForEach(func(c Composer) {
		if !c.Mounted() {
			return
		}
		if _, err := e.nodes.UpdateComponentRoot(e.baseContext(), c); err != nil {
			panic(err)
		}
	})
	for len(e.defers) > 0 {
		do := e.defers[0]
		e.defers = e.defers[1:]
		do()
	}
}
