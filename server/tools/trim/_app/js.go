package app

import (
	"syscall/js"

	"github.com/maxence-charriere/go-app/v10/pkg/errors"
)

// Wrapper is whatever stands for something in the page.
type Wrapper interface {
	JSValue() Value
}

// Value is something in the page: a js.Value, without the methods that nobody
// here calls.
type Value interface {
	Wrapper

	Bool() bool
	Int() int
	String() string
	Truthy() bool
	Get(name string) Value
	Set(name string, x any)
	Call(name string, args ...any) Value

	firstChild() Value
	appendChild(child Wrapper)
	replaceChild(child, old Wrapper)
	removeChild(child Wrapper)
	addEventListener(event string, listener Func, options map[string]any)
	removeEventListener(event string, listener Func)
	setNodeValue(text string)
	setInnerHTML(markup string)
}

// Func is a function that the page can call; Release lets go of it.
type Func interface {
	Value
	Release()
}

type value struct{ js.Value }

func (v value) JSValue() Value         { return v }
func (v value) Get(name string) Value  { return value{v.Value.Get(name)} }
func (v value) Set(name string, x any) { v.Value.Set(name, plain(x)) }

func (v value) Call(name string, args ...any) Value {
	plains := make([]any, len(args))
	for i, arg := range args {
		plains[i] = plain(arg)
	}
	return value{v.Value.Call(name, plains...)}
}

func (v value) firstChild() Value               { return v.Get("firstChild") }
func (v value) appendChild(child Wrapper)       { v.Call("appendChild", child) }
func (v value) replaceChild(child, old Wrapper) { v.Call("replaceChild", child, old) }
func (v value) removeChild(child Wrapper)       { v.Call("removeChild", child) }
func (v value) setNodeValue(text string)        { v.Set("nodeValue", text) }
func (v value) setInnerHTML(markup string)      { v.Set("innerHTML", markup) }

func (v value) addEventListener(event string, listener Func, options map[string]any) {
	v.Call("addEventListener", event, listener, options)
}

func (v value) removeEventListener(event string, listener Func) {
	v.Call("removeEventListener", event, listener)
}

// plain returns x as syscall/js takes it.
func plain(x any) any {
	if x, ok := x.(Wrapper); ok {
		return x.JSValue().(value).Value
	}
	return x
}

// ValueOf returns x as a value in the page.
func ValueOf(x any) Value { return value{js.ValueOf(plain(x))} }

type function struct {
	value
	release func()
}

func (f function) Release() { f.release() }

// FuncOf returns a function that the page can call.
func FuncOf(do func(this Value, args []Value) any) Func {
	f := js.FuncOf(func(this js.Value, args []js.Value) any {
		values := make([]Value, len(args))
		for i, arg := range args {
			values[i] = value{arg}
		}
		return plain(do(value{this}, values))
	})
	return function{value{f.Value}, f.Release}
}

// browserWindow is the page's window, as the loader shows it.
type browserWindow struct{ value }

// Window returns the window.
func Window() browserWindow { return browserWindow{value{js.Global()}} }

func (w browserWindow) createElement(tag, namespace string) (Value, error) {
	if namespace != "" {
		return nil, errors.New("elements of other namespaces are left out")
	}
	return w.Get("document").Call("createElement", tag), nil
}

func (w browserWindow) createTextNode(text string) Value {
	return w.Get("document").Call("createTextNode", text)
}

// setCursorPosition keeps nothing: nobody asks where the pointer is.
func (browserWindow) setCursorPosition(int, int) {}
