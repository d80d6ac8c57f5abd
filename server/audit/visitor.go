package audit

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
)

//go:embed watch.js
var watchScript string

//go:embed stored.js
var storedScript string

// bindingName is what watch.js tells by, and takes out of the page's sight.
const bindingName = "temoinAudit"

// gpcScript says what the header Sec-GPC says, also in workers.
const gpcScript = `Object.defineProperty(Object.getPrototypeOf(navigator), 'globalPrivacyControl', { get: () => true, enumerable: true, configurable: true });`

// visitor is one visitor: a browser with a profile, and what is recorded of it.
type visitor struct {
	options  Options
	chrome   *chrome
	recorder *recorder
	name     StateName
	over     chan struct{} // closed when all that the browser told has been taken in

	mu       sync.Mutex
	unseen   []Unseen
	sessions map[target.SessionID]*attached
	tab      *attached
	consent  *autoconsent // set while autoconsent is at work
	moves    int          // navigations of the page since it was asked for
}

// attached is one target that is listened to.
type attached struct {
	*session
	kind     string // "page", "iframe", "worker", "shared_worker", "service_worker"
	target   target.ID
	contexts map[runtime.ExecutionContextID]cdp.FrameID
	mains    map[cdp.FrameID]runtime.ExecutionContextID
	ready    chan struct{} // closed when it has been asked for all that it does
	crashed  bool
	closed   bool
}

// meet begins to listen to a browser, and opens a tab in it. Where there is no tab, what the browser
// tells is heard nevertheless.
func meet(ctx context.Context, o Options, c *chrome, r *recorder, name StateName) (*visitor, error) {
	v := &visitor{options: o, chrome: c, recorder: r, name: name, over: make(chan struct{}), sessions: map[target.SessionID]*attached{}}
	go func() {
		for e := range c.root.wire.told {
			v.handle(e)
		}
		close(v.over)
	}()
	yes := true
	tell(c.root, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny, EventsEnabled: &yes})
	for _, permission := range []string{"notifications", "geolocation", "camera", "microphone", "midi", "clipboard-read", "storage-access"} {
		tell(c.root, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: permission}, Setting: browser.PermissionSettingDenied})
	}
	if _, err := cdp.Call(ctx, c.root, target.SetAutoAttach, target.SetAutoAttachParams{AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: &yes}); err != nil {
		return v, err
	}
	return v, v.newTab(ctx)
}

// newTab opens the tab that pages are visited in, and closes the one before: that may have crashed, or hang.
func (v *visitor) newTab(ctx context.Context) error {
	v.mu.Lock()
	old := v.tab
	v.tab = nil
	v.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	made, err := cdp.Call(ctx, v.chrome.root, target.CreateTarget, target.CreateTargetParams{URL: "about:blank"})
	if err != nil {
		return err
	}
	if old != nil {
		tell(v.chrome.root, target.CloseTarget, target.CloseTargetParams{TargetID: old.target})
	}
	for {
		v.mu.Lock()
		for _, a := range v.sessions {
			if a.target == made.TargetID {
				v.tab = a
			}
		}
		tab := v.tab
		v.mu.Unlock()
		if tab != nil {
			v.recorder.mu.Lock()
			v.recorder.top = cdp.FrameID(tab.target)
			v.recorder.mu.Unlock()
			<-tab.ready
			// A page that comes before the tab has heard all that would be told in part.
			return tab.run(ctx, 0, "0", nil)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// within bounds a step by a part of the time that a page may take: who looks from a slow machine
// gives pages more, and with them all else.
func (v *visitor) within(ctx context.Context, part time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, v.options.PageTime/part)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// handle takes in one event. It asks for things, and waits for nothing.
func (v *visitor) handle(e event) {
	v.mu.Lock()
	a := v.sessions[e.session]
	v.mu.Unlock()
	switch e.message.Method {
	case "Target.attachedToTarget":
		if params, ok := read[target.EventAttachedToTarget](e); ok {
			v.attach(params)
		}
		return
	case "Target.detachedFromTarget":
		if params, ok := read[target.EventDetachedFromTarget](e); ok {
			v.detach(params.SessionID)
		}
		return
	case "Browser.downloadWillBegin":
		if params, ok := read[browser.EventDownloadWillBegin](e); ok {
			v.fall(TrapDownload, "offers a file to keep, "+bare(params.URL))
		}
		return
	}
	if a == nil {
		return
	}
	if v.handleNetwork(a, e) {
		return
	}
	v.handlePage(a, e)
}

func (v *visitor) attach(e target.EventAttachedToTarget) {
	a := &attached{
		session: &session{wire: v.chrome.root.wire, id: e.SessionID, done: make(chan struct{})}, kind: e.TargetInfo.Type, target: e.TargetInfo.TargetID, ready: make(chan struct{}),
		contexts: map[runtime.ExecutionContextID]cdp.FrameID{}, mains: map[cdp.FrameID]runtime.ExecutionContextID{},
	}
	v.mu.Lock()
	v.sessions[e.SessionID] = a
	consent := v.consent
	v.mu.Unlock()
	v.listen(a)
	if consent != nil && a.isDocument() {
		consent.inject(a)
	}
	tell(a.session, runtime.RunIfWaitingForDebugger, cdp.Empty{})
	close(a.ready)
}

// isDocument tells pages and frames from workers.
func (a *attached) isDocument() bool { return a.kind == "page" || a.kind == "iframe" }

// listen asks a new target for all that it does, before it does anything.
func (v *visitor) listen(a *attached) {
	yes, size := true, int64(65536)
	tell(a.session, network.Enable, network.EnableParams{MaxPostDataSize: &size})
	tell(a.session, runtime.Enable, cdp.Empty{})
	if a.isDocument() {
		tell(a.session, page.Enable, page.EnableParams{})
		tell(a.session, inspector.Enable, cdp.Empty{})
		tell(a.session, runtime.AddBinding, runtime.AddBindingParams{Name: bindingName})
		tell(a.session, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watchScript, RunImmediately: &yes})
	}
	if v.name == GPC {
		tell(a.session, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Sec-GPC": "1"}})
		if a.isDocument() {
			tell(a.session, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: gpcScript, RunImmediately: &yes})
		} else {
			tell(a.session, runtime.Evaluate, runtime.EvaluateParams{Expression: gpcScript})
		}
	}
	// Service workers are attached to by the browser's own session.
	tell(a.session, target.SetAutoAttach, target.SetAutoAttachParams{AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: &yes,
		Filter: target.Filter{{Type: "service_worker", Exclude: true}, {Type: "shared_worker", Exclude: true}, {}}})
}

func (v *visitor) detach(id target.SessionID) {
	v.mu.Lock()
	a := v.sessions[id]
	delete(v.sessions, id)
	v.mu.Unlock()
	if a != nil {
		v.end(a)
	}
}

// handleNetwork takes in what is told of requests.
func (v *visitor) handleNetwork(a *attached, e event) bool {
	from := ""
	if !a.isDocument() {
		from = a.kind
	}
	switch e.message.Method {
	case "Network.requestWillBeSent":
		if params, ok := read[network.EventRequestWillBeSent](e); ok {
			v.recorder.isSent(&params, from)
		}
	case "Network.requestWillBeSentExtraInfo":
		if params, ok := read[network.EventRequestWillBeSentExtraInfo](e); ok {
			v.recorder.isSentWith(&params)
		}
	case "Network.responseReceived":
		if params, ok := read[network.EventResponseReceived](e); ok {
			v.recorder.isAnswered(&params)
		}
	case "Network.responseReceivedExtraInfo":
		if params, ok := read[network.EventResponseReceivedExtraInfo](e); ok {
			v.recorder.isAnsweredWith(&params)
		}
	case "Network.loadingFinished":
		if params, ok := read[network.EventLoadingFinished](e); ok {
			v.recorder.isOver(params.RequestID)
		}
	case "Network.loadingFailed":
		if params, ok := read[network.EventLoadingFailed](e); ok {
			v.recorder.isHeld(params.RequestID, params.BlockedReason)
			v.recorder.isOver(params.RequestID)
		}
	case "Network.webSocketCreated":
		if params, ok := read[network.EventWebSocketCreated](e); ok {
			v.recorder.isOpened(params.RequestID, params.URL, "WebSocket", params.Initiator, from)
		}
	case "Network.webTransportCreated":
		if params, ok := read[network.EventWebTransportCreated](e); ok {
			v.recorder.isOpened(params.TransportID, params.URL, "WebTransport", params.Initiator, from)
		}
	default:
		return false
	}
	return true
}

// handlePage takes in what else documents do.
func (v *visitor) handlePage(a *attached, e event) {
	switch e.message.Method {
	case "Page.frameNavigated":
		if params, ok := read[page.EventFrameNavigated](e); ok {
			v.recorder.isFrame(params.Frame)
			v.hasMoved(a, params.Frame)
		}
	case "Page.loadEventFired":
		if v.isTab(a) {
			v.recorder.hasLoaded()
		}
	case "Page.javascriptDialogOpening":
		if params, ok := read[page.EventJavascriptDialogOpening](e); ok {
			v.recorder.isDialog(string(params.Type))
			if params.Type != page.DialogTypeBeforeunload {
				v.fall(TrapDialog, "opened a dialog ("+string(params.Type)+"), which was dismissed")
			}
			tell(a.session, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: params.Type == page.DialogTypeBeforeunload})
		}
	case "Inspector.targetCrashed":
		v.mu.Lock()
		a.crashed = true
		v.mu.Unlock()
		v.end(a)
	case "Runtime.executionContextCreated":
		if params, ok := read[runtime.EventExecutionContextCreated](e); ok {
			v.hasContext(a, params.Context)
		}
	case "Runtime.bindingCalled":
		if params, ok := read[runtime.EventBindingCalled](e); ok {
			v.hasCalled(a, params)
		}
	}
}

// current returns the tab that pages are visited in; nil where none could be opened.
func (v *visitor) current() *attached {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tab
}

func (v *visitor) isTab(a *attached) bool { return a == v.current() }

// mostMoves is how often a page may lead on by itself.
const mostMoves = 12

// hasMoved counts how often the page leads on by itself, and gives its tab up when that has no end. The scripts
// are stopped: a page that leads on is not closed, and would keep the site's server at work.
func (v *visitor) hasMoved(a *attached, f *cdp.Frame) {
	if f.ParentID != "" || !v.isTab(a) {
		return
	}
	v.mu.Lock()
	v.moves++
	moves := v.moves
	v.mu.Unlock()
	if moves == mostMoves+1 {
		v.fall(TrapRedirects, "led on to other addresses for ever")
		tell(a.session, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		v.end(a)
	}
}

// end notes that nothing more can be asked of a target.
func (v *visitor) end(a *attached) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !a.closed {
		a.closed = true
		close(a.done)
	}
}

func (v *visitor) hasContext(a *attached, c *runtime.ExecutionContextDescription) {
	var data struct {
		FrameID   cdp.FrameID `json:"frameId"`
		IsDefault bool        `json:"isDefault"`
	}
	if json.Unmarshal(c.AuxData, &data) != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	a.contexts[c.ID] = data.FrameID
	if data.IsDefault {
		a.mains[data.FrameID] = c.ID
	}
}

func (v *visitor) hasCalled(a *attached, e runtime.EventBindingCalled) {
	switch e.Name {
	case bindingName:
		var n note
		if json.Unmarshal([]byte(e.Payload), &n) != nil {
			return
		}
		v.recorder.isNoted(n)
		if n.Kind == "asked" {
			v.fall(TrapPermission, "asked for a permission ("+n.Key+"), which was refused")
		}
	case consentBinding:
		v.mu.Lock()
		c := v.consent
		v.mu.Unlock()
		if c != nil {
			c.hear(a, e)
		}
	}
}

// fall keeps what the page ran into: each trap of a page once.
func (v *visitor) fall(kind Trap, why string) {
	v.recorder.mu.Lock()
	address := bare(v.recorder.page)
	v.recorder.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report(Unseen{State: string(v.name), Page: address, Kind: kind, Why: why})
}

// report keeps what could not be seen, once. It is called with the lock held.
func (v *visitor) report(u Unseen) {
	if !slices.Contains(v.unseen, u) {
		v.unseen = append(v.unseen, u)
	}
}

// count has the profile's cookies compared with what is known of them.
func (v *visitor) count(ctx context.Context) {
	ctx, cancel := v.within(ctx, 6)
	defer cancel()
	if got, err := cdp.Call(ctx, v.chrome.root, storage.GetCookies, storage.GetCookiesParams{}); err == nil {
		v.recorder.count(got.Cookies)
	}
}

// documents returns the sessions that have documents.
func (v *visitor) documents() []*attached {
	v.mu.Lock()
	defer v.mu.Unlock()
	var list []*attached
	for _, a := range v.sessions {
		if a.isDocument() && !a.closed {
			list = append(list, a)
		}
	}
	return list
}

// evaluate runs an expression in a world of its own in a frame, and decodes what it comes to.
func evaluate(ctx context.Context, a *attached, frame cdp.FrameID, expression string, result any) error {
	world, err := cdp.Call(ctx, a.session, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: "temoin-audit-look"})
	if err != nil {
		return err
	}
	return a.run(ctx, world.ExecutionContextID, expression, result)
}

// run runs an expression; in the page's own world where context is 0.
func (a *attached) run(ctx context.Context, in runtime.ExecutionContextID, expression string, result any) error {
	yes := true
	got, err := cdp.Call(ctx, a.session, runtime.Evaluate, runtime.EvaluateParams{Expression: expression, ContextID: in, ReturnByValue: &yes, AwaitPromise: &yes, UserGesture: &yes})
	if err != nil {
		return err
	}
	if got.ExceptionDetails != nil {
		return &scriptError{got.ExceptionDetails}
	}
	if result == nil || got.Result == nil || len(got.Result.Value) == 0 {
		return nil
	}
	return json.Unmarshal(got.Result.Value, result)
}

var errNoTab = errors.New("no tab could be opened")

// inPage runs an expression in the page's own world.
func (v *visitor) inPage(ctx context.Context, expression string, result any) error {
	tab := v.current()
	if tab == nil {
		return errNoTab
	}
	return tab.run(ctx, 0, expression, result)
}

// scriptError is an exception of the page's.
type scriptError struct{ details *runtime.ExceptionDetails }

func (e *scriptError) Error() string {
	if e.details.Exception != nil && e.details.Exception.Description != "" {
		return e.details.Exception.Description
	}
	return e.details.Text
}

// take has what documents keep recorded.
func (v *visitor) take(ctx context.Context) {
	ctx, cancel := v.within(ctx, 4)
	defer cancel()
	all := map[string]found{}
	for _, a := range v.documents() {
		tree, err := cdp.Call(ctx, a.session, page.GetFrameTree, cdp.Empty{})
		if err != nil || tree.FrameTree == nil {
			continue
		}
		for _, f := range frames(tree.FrameTree) {
			var here found
			one, done := v.within(ctx, 15)
			if evaluate(one, a, f.ID, storedScript, &here) == nil && here.Origin != "" && here.Origin != "null" {
				all[f.URL] = here
			}
			done()
		}
	}
	v.recorder.take(all)
	v.count(ctx)
}

func frames(tree *page.FrameTree) []*cdp.Frame {
	list := []*cdp.Frame{tree.Frame}
	for _, child := range tree.ChildFrames {
		list = append(list, frames(child)...)
	}
	return list
}
