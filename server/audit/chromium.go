package audit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/inspector"
	cdpio "github.com/chromedp/cdproto/io"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
)

// gpcScript says what the header Sec-GPC says, also in workers.
const gpcScript = `Object.defineProperty(Object.getPrototypeOf(navigator), 'globalPrivacyControl', { get: () => true, enumerable: true, configurable: true });`

// chromium is a visitor's Chromium.
type chromium struct {
	*visitor
	chrome *chrome
	over   chan struct{} // closed when all that the browser told has been taken in

	mu       sync.Mutex
	sessions map[target.SessionID]*attached
	page     *attached // the tab
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

// newChromium begins to listen to a browser. What the browser tells is heard, also where no tab comes of it.
func newChromium(v *visitor, c *chrome) *chromium {
	listening := &chromium{visitor: v, chrome: c, over: make(chan struct{}), sessions: map[target.SessionID]*attached{}}
	go func() {
		for e := range c.root.wire.told {
			listening.handle(e)
		}
		close(listening.over)
	}()
	return listening
}

func (v *chromium) begin(ctx context.Context) error {
	yes := true
	tell(v.chrome.root, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny, EventsEnabled: &yes})
	for _, permission := range []string{"notifications", "geolocation", "camera", "microphone", "midi", "clipboard-read", "storage-access"} {
		tell(v.chrome.root, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: permission}, Setting: browser.PermissionSettingDenied})
	}
	if _, err := cdp.Call(ctx, v.chrome.root, target.SetAutoAttach, target.SetAutoAttachParams{AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: &yes}); err != nil {
		return err
	}
	return v.newTab(ctx)
}

func (v *chromium) newTab(ctx context.Context) error {
	v.mu.Lock()
	old := v.page
	v.page = nil
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
				v.page = a
			}
		}
		tab := v.page
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

// handle takes in one event. It asks for things, and waits for nothing.
func (v *chromium) handle(e event) {
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

func (v *chromium) attach(e target.EventAttachedToTarget) {
	a := &attached{
		session: &session{wire: v.chrome.root.wire, id: e.SessionID, done: make(chan struct{})}, kind: e.TargetInfo.Type, target: e.TargetInfo.TargetID, ready: make(chan struct{}),
		contexts: map[runtime.ExecutionContextID]cdp.FrameID{}, mains: map[cdp.FrameID]runtime.ExecutionContextID{},
	}
	v.mu.Lock()
	v.sessions[e.SessionID] = a
	v.mu.Unlock()
	v.listen(a)
	if consent := v.answering(); consent != nil && a.isDocument() {
		v.injectInto(a, consent)
	}
	tell(a.session, runtime.RunIfWaitingForDebugger, cdp.Empty{})
	close(a.ready)
}

// isDocument tells pages and frames from workers.
func (a *attached) isDocument() bool { return a.kind == "page" || a.kind == "iframe" }

// listen asks a new target for all that it does, before it does anything.
func (v *chromium) listen(a *attached) {
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

func (v *chromium) detach(id target.SessionID) {
	v.mu.Lock()
	a := v.sessions[id]
	delete(v.sessions, id)
	v.mu.Unlock()
	if a != nil {
		v.end(a)
	}
}

// handleNetwork takes in what is told of requests.
func (v *chromium) handleNetwork(a *attached, e event) bool {
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
			v.recorder.isAnsweredWith(&params, true)
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
func (v *chromium) handlePage(a *attached, e event) {
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
			v.hasAsked(string(params.Type))
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
func (v *chromium) current() *attached {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.page
}

func (v *chromium) isTab(a *attached) bool { return a == v.current() }

// hasMoved gives the tab up where its page leads on by itself for ever. The scripts are stopped: a page
// that leads on is not closed, and would keep the site's server at work.
func (v *chromium) hasMoved(a *attached, f *cdp.Frame) {
	if f.ParentID == "" && v.isTab(a) && v.leadsOn() {
		tell(a.session, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		v.end(a)
	}
}

// end notes that nothing more can be asked of a target.
func (v *chromium) end(a *attached) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !a.closed {
		a.closed = true
		close(a.done)
	}
}

func (v *chromium) hasContext(a *attached, c *runtime.ExecutionContextDescription) {
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

func (v *chromium) hasCalled(a *attached, e runtime.EventBindingCalled) {
	switch e.Name {
	case bindingName:
		v.hasNoted(e.Payload)
	case consentBinding:
		if c := v.answering(); c != nil {
			c.hear(e.Payload, v.speakerIn(a, e.ExecutionContextID))
		}
	}
}

// speakerIn is autoconsent's program in one of the contexts of a target.
func (v *chromium) speakerIn(a *attached, in runtime.ExecutionContextID) speaker {
	return speaker{
		tell: func(expression string) {
			tell(a.session, runtime.Evaluate, runtime.EvaluateParams{ContextID: in, Expression: expression})
		},
		ask: func(ctx context.Context, expression string, result any) error {
			v.mu.Lock()
			main := a.mains[a.contexts[in]]
			v.mu.Unlock()
			if main == 0 {
				return errNoTab
			}
			return a.run(ctx, main, expression, result)
		},
	}
}

// targets returns the sessions that have documents.
func (v *chromium) targets() []*attached {
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
	world, err := cdp.Call(ctx, a.session, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: frame, WorldName: lookWorld})
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

// scriptError is an exception of the page's.
type scriptError struct{ details *runtime.ExceptionDetails }

func (e *scriptError) Error() string {
	if e.details.Exception != nil && e.details.Exception.Description != "" {
		return e.details.Exception.Description
	}
	return e.details.Text
}

func frames(tree *page.FrameTree) []*cdp.Frame {
	list := []*cdp.Frame{tree.Frame}
	for _, child := range tree.ChildFrames {
		list = append(list, frames(child)...)
	}
	return list
}

func (v *chromium) product() string { return v.chrome.product }

func (v *chromium) tab() tabState {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.page == nil:
		return tabNone
	case v.page.crashed:
		return tabCrashed
	case v.page.closed:
		return tabClosed
	}
	return tabOpen
}

func (v *chromium) goTo(ctx context.Context, address string) (landing, error) {
	tab := v.current()
	if tab == nil {
		return landing{}, errNoTab
	}
	got, err := cdp.Call(ctx, tab.session, page.Navigate, page.NavigateParams{URL: address})
	return landing{
		download: got.IsDownload, fault: got.ErrorText, aborted: strings.Contains(got.ErrorText, "ERR_ABORTED"), endless: strings.Contains(got.ErrorText, "TOO_MANY_REDIRECTS"),
	}, err
}

func (v *chromium) run(ctx context.Context, expression string, result any) error {
	tab := v.current()
	if tab == nil {
		return errNoTab
	}
	err := tab.run(ctx, 0, expression, result)
	if err != nil && strings.Contains(err.Error(), "context") {
		return errors.Join(errLeft, err)
	}
	return err
}

func (v *chromium) blind() []string { return nil }

func (v *chromium) ask(ctx context.Context, expression string, result any) error {
	tab := v.current()
	if tab == nil {
		return errNoTab
	}
	return evaluate(ctx, tab, cdp.FrameID(tab.target), expression, result)
}

func (v *chromium) documents(ctx context.Context, every bool) []document {
	var list []document
	for _, a := range v.targets() {
		if !every && a.kind == "page" && !v.isTab(a) {
			continue
		}
		tree, err := cdp.Call(ctx, a.session, page.GetFrameTree, cdp.Empty{})
		if err != nil || tree.FrameTree == nil {
			continue
		}
		for _, f := range frames(tree.FrameTree) {
			list = append(list, document{f.URL, func(ctx context.Context, expression string, result any) error {
				return evaluate(ctx, a, f.ID, expression, result)
			}})
		}
	}
	return list
}

// streamPart is part of a file: text, or what is in base64.
type streamPart struct {
	Base64 bool   `json:"base64Encoded"`
	Data   string `json:"data"`
	EOF    bool   `json:"eof"`
}

// readStream reads a part; cdproto's own type takes all for base64.
var readStream = cdp.Command[cdpio.ReadParams, streamPart]{Method: cdpio.CommandRead}

func (v *chromium) load(ctx context.Context, address string) (status int, text []byte) {
	tab := v.current()
	if tab == nil {
		return 0, nil
	}
	got, err := cdp.Call(ctx, tab.session, network.LoadNetworkResource, network.LoadNetworkResourceParams{
		FrameID: cdp.FrameID(tab.target), URL: address, Options: &network.LoadNetworkResourceOptions{DisableCache: true}})
	if err != nil || got.Resource == nil || got.Resource.Stream == "" {
		if err == nil && got.Resource != nil {
			status = int(got.Resource.HTTPStatusCode)
		}
		return status, nil
	}
	defer tell(tab.session, cdpio.Close, cdpio.CloseParams{Handle: got.Resource.Stream})
	for len(text) < mostText {
		part, err := cdp.Call(ctx, tab.session, readStream, cdpio.ReadParams{Handle: got.Resource.Stream, Size: 1 << 18})
		if err != nil {
			return 0, nil
		}
		piece := []byte(part.Data)
		if part.Base64 {
			if piece, err = base64.StdEncoding.DecodeString(part.Data); err != nil {
				return 0, nil
			}
		}
		text = append(text, piece...)
		if part.EOF {
			return int(got.Resource.HTTPStatusCode), text
		}
	}
	return http.StatusRequestEntityTooLarge, nil
}

func (v *chromium) cookies(ctx context.Context) ([]*network.Cookie, error) {
	got, err := cdp.Call(ctx, v.chrome.root, storage.GetCookies, storage.GetCookiesParams{})
	return got.Cookies, err
}

func (v *chromium) picture(ctx context.Context) ([]byte, error) {
	tab := v.current()
	if tab == nil {
		return nil, errNoTab
	}
	taken, err := cdp.Call(ctx, tab.session, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	return taken.Data, err
}

func (v *chromium) point(x, y float64) {
	if tab := v.current(); tab != nil {
		tell(tab.session, input.DispatchMouseEvent, input.DispatchMouseEventParams{Type: input.DispatchMouseEventTypeMouseMoved, X: x, Y: y})
	}
}

func (v *chromium) closeOthers() {
	for _, a := range v.targets() {
		if a.kind == "page" && !v.isTab(a) && fetched(v.recorder.addressOf(cdp.FrameID(a.target))) {
			tell(v.chrome.root, target.CloseTarget, target.CloseTargetParams{TargetID: a.target})
		}
	}
}

func (v *chromium) inject(_ context.Context, c *autoconsent) {
	for _, a := range v.targets() {
		v.injectInto(a, c)
	}
}

// injectInto puts autoconsent's program into a target's documents, those that are there and those that come.
func (v *chromium) injectInto(a *attached, c *autoconsent) {
	yes := true
	tell(a.session, runtime.AddBinding, runtime.AddBindingParams{Name: consentBinding, ExecutionContextName: consentWorld})
	tell(a.session, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: c.program, WorldName: consentWorld, RunImmediately: &yes})
}

func (v *chromium) close() {
	v.chrome.close()
	<-v.over
}

func (v *chromium) logged() []logged { return readNetLog(netLogFile(v.chrome.profile)) }
