package app

// Context is what a component may ask of the engine. Left out are pages,
// navigation, storages, states, actions, encryption and notifications.
type Context struct {
	engine        *engineX
	sourceElement UI

	// What node.go calls; it sets notifyComponentEvent itself, and needs no more.
	removeComponentUpdate func(Composer)
	notifyComponentEvent  func(Context, UI, any)
}

// Src returns the element that the context is of.
func (ctx Context) Src() UI { return ctx.sourceElement }

// JSSrc returns that element in the page.
func (ctx Context) JSSrc() Value { return ctx.sourceElement.JSValue() }

// ResolveStaticResource returns the address as it is: Témoin has no folder of go-app's.
func (ctx Context) ResolveStaticResource(address string) string { return address }

// Dispatch calls do on the goroutine of the interface, and has the component
// drawn anew after that, with those around it. Nothing happens once the element
// is gone.
func (ctx Context) Dispatch(do func(Context)) {
	ctx.engine.dispatch(func() {
		if !ctx.sourceElement.Mounted() {
			return
		}
		for c, ok := component(ctx.sourceElement); ok; c, ok = component(c.parent()) {
			ctx.engine.updates.Add(c, 1)
		}
		if do != nil {
			do(ctx)
		}
	})
}

// Defer calls do once all that is due has been drawn, if the element is still there.
func (ctx Context) Defer(do func(Context)) {
	ctx.engine.defers = append(ctx.engine.defers, func() {
		if ctx.sourceElement.Mounted() {
			do(ctx)
		}
	})
}
