package browser

import (
	"errors"
	"strconv"
	"syscall/js"
)

// The contract between the loader (web/loader/layers.js), its runtime
// (web/runtime/main.js) and the Go program. Runtime and Go carry this comment; change
// both at once, and raise the contract's number when either side would misread
// the other.
//
// Go finds a scope in the place of the window. Its property "temoin":
//
//	contract    number   5
//	edition     string   what app.Edition's Write wrote
//	root        Element  holds the layers, the dialog too, which Go takes over as they stand
//	changed(how)         the cookie has been written; how: see server/receipt. Read it,
//	                     open the gate, report the choice
//	notKept()            the cookie was written and is not there
//	dismissed() boolean  the visitor answered, though the browser kept nothing
//	gpc         boolean  no choice, and the browser's Global Privacy Control refuses
//	announce(text)       says text in the live region
//	refocus()            an answered layer is gone: the focus must not be
//	proof(done)          gives the visitor the choice's receipt as a file, then calls
//	                     done(given boolean); undefined where no receipts are kept
//	showDialog()         opens the dialog, as soon as the layers are in the page
//	mounted(go)          Go has taken the layers over; go.open() opens the dialog,
//	                     go.sync() draws what the loader and the cookie say now,
//	                     go.speak(edition) draws all in that edition's language
const contract = 5

// Page is the page as the loader shows it to Go. It implements app.Page.
type Page struct {
	seam     js.Value
	document js.Value
	location js.Value
}

// Connect returns the page, and an error where this program was not started by
// the loader that it was built with.
func Connect() (*Page, error) {
	seam := js.Global().Get("temoin")
	if seam.Type() != js.TypeObject {
		return nil, errors.New("connect: not started by the loader temoin.js")
	}
	if got := seam.Get("contract"); got.Type() != js.TypeNumber || got.Int() != contract {
		return nil, errors.New("connect: the loader speaks contract " + got.String() + ", this program " +
			strconv.Itoa(contract) + ": clear the caches between them")
	}
	return &Page{
		seam:     seam,
		document: js.Global().Get("document"),
		location: js.Global().Get("location"),
	}, nil
}

// Edition returns the app.Edition to draw, as its Write wrote it.
func (p *Page) Edition() string { return p.seam.Get("edition").String() }

// Mounted tells the loader that Go has the layers. From then on it calls
// open and sync in the place of doing by itself what they do, and speak with
// another edition.
func (p *Page) Mounted(open, sync func(), speak func(edition string)) {
	callback := func(call func()) js.Func {
		return js.FuncOf(func(js.Value, []js.Value) any {
			call()
			return nil
		})
	}
	p.seam.Call("mounted", map[string]any{
		"open": callback(open),
		"sync": callback(sync),
		"speak": js.FuncOf(func(_ js.Value, args []js.Value) any {
			speak(args[0].String())
			return nil
		}),
	})
}

// Cookies returns the values of all the page's cookies of that name.
func (p *Page) Cookies(name string) []string {
	return Values(p.document.Get("cookie").String(), name)
}

// SetCookie writes a cookie; the browser may ignore it.
func (p *Page) SetCookie(line string) { p.document.Set("cookie", line) }

// Host returns the page's host without its port.
func (p *Page) Host() string { return p.location.Get("hostname").String() }

// Path returns the page's path.
func (p *Page) Path() string { return p.location.Get("pathname").String() }

// Secure reports whether the page came by https.
func (p *Page) Secure() bool { return p.location.Get("protocol").String() == "https:" }

// Changed tells the loader that the cookie has been written, and how the visitor
// answered.
func (p *Page) Changed(how string) { p.seam.Call("changed", how) }

// NotKept tells the visitor that the browser did not keep the choice.
func (p *Page) NotKept() { p.seam.Call("notKept") }

// Dismissed reports whether the visitor has answered on this page, though the
// browser kept nothing.
func (p *Page) Dismissed() bool { return p.seam.Call("dismissed").Bool() }

// GPC reports that the browser's Global Privacy Control refuses in the place of
// the visitor, who has not answered.
func (p *Page) GPC() bool { return p.seam.Get("gpc").Truthy() }

// Refocus gives the focus to the button that reopens the choices, where it was
// in a layer that is gone.
func (p *Page) Refocus() { p.seam.Call("refocus") }

// Announce says text in the live region.
func (p *Page) Announce(text string) { p.seam.Call("announce", text) }

// KeepsReceipts reports whether choices are reported for proof.
func (p *Page) KeepsReceipts() bool { return p.seam.Get("proof").Type() == js.TypeFunction }

// Proof gives the visitor the receipt of the choice as a file; where it cannot
// be had, missing is called.
func (p *Page) Proof(missing func()) {
	var done js.Func
	done = js.FuncOf(func(_ js.Value, args []js.Value) any {
		done.Release()
		if !args[0].Bool() {
			missing()
		}
		return nil
	})
	p.seam.Call("proof", done)
}

// ShowDialog opens the dialog.
func (p *Page) ShowDialog() { p.seam.Call("showDialog") }

// CloseDialog closes the dialog; a closed one stays so.
func (p *Page) CloseDialog() { p.dialog().Call("close") }

// Dialog reports whether the dialog is open, and whether it says that a receipt
// could not be had.
func (p *Page) Dialog() (open, proofMissing bool) {
	said := p.find(".proof [role=status]")
	return p.dialog().Get("open").Bool(), said.Truthy() && said.Get("firstChild").Truthy()
}

// Switched reports whether the switch of id is on; what has none is not.
func (p *Page) Switched(id string) bool {
	input := p.find(`[name="` + id + `"]`)
	return input.Truthy() && input.Get("checked").Bool()
}

func (p *Page) dialog() js.Value { return p.find("dialog") }

func (p *Page) find(selector string) js.Value {
	return p.seam.Get("root").Call("querySelector", selector)
}
