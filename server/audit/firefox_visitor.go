package audit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// gecko is a visitor's Firefox. What BiDi calls a browsing context is a window, or a frame in one.
type gecko struct {
	*visitor
	firefox *firefox
	over    chan struct{} // closed when all that the browser told has been taken in
	stale   chan struct{} // asks for the jar to be counted: a response has set something

	mu     sync.Mutex
	window string   // the tab's; "" for none
	state  tabState // of the tab
	landed map[string]landing
	sites  map[string]bool     // origins of pages, in whose partitions cookies may be
	files  map[string]*arrival // that are loaded, by their window
}

// arrival is a file that comes.
type arrival struct {
	request string
	status  int
	done    chan struct{}
}

// firefoxEvents are all that the browser is asked to tell.
var firefoxEvents = []string{
	"network.beforeRequestSent", "network.responseStarted", "network.responseCompleted", "network.fetchError",
	"browsingContext.contextDestroyed", "browsingContext.navigationCommitted", "browsingContext.navigationFailed", "browsingContext.load",
	"browsingContext.userPromptOpened", "browsingContext.downloadWillBegin", "script.message",
}

// firefoxBlind names what Firefox does not tell, so that nobody takes its silence for an answer.
var firefoxBlind = []string{"initiators", "taken", "bodies", "workers", "webtransport", "lists"}

// newGecko begins to listen to a browser. What the browser tells is heard, also where no tab comes of it.
func newGecko(v *visitor, f *firefox) *gecko {
	listening := &gecko{visitor: v, firefox: f, over: make(chan struct{}), stale: make(chan struct{}, 1), landed: map[string]landing{}, sites: map[string]bool{}, files: map[string]*arrival{}}
	go func() {
		for e := range f.wire.told {
			listening.handle(e)
		}
		close(listening.over)
	}()
	go listening.recount()
	return listening
}

// recount counts the jar whenever a response has set something: it may be gone at the next count.
func (v *gecko) recount() {
	for {
		select {
		case <-v.stale:
			v.count(context.Background())
		case <-v.over:
			return
		}
	}
}

func (v *gecko) product() string { return v.firefox.product }

func (v *gecko) blind() []string { return firefoxBlind }

func (v *gecko) call(ctx context.Context, method string, params, result any) error {
	return v.firefox.wire.call(ctx, method, params, result)
}

func (v *gecko) begin(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := errors.Join(
		v.call(limited, "session.subscribe", map[string]any{"events": firefoxEvents}, nil),
		v.call(limited, "browser.setDownloadBehavior", map[string]any{"downloadBehavior": map[string]string{"type": "denied"}}, nil),
		v.call(limited, "script.addPreloadScript", preload(bindingName, watchScript, ""), nil),
	)
	if err != nil {
		return err
	}
	return v.newTab(ctx)
}

// preload has a script run before those of each document, which says what it has to say by a function of that name.
func preload(binding, script, world string) map[string]any {
	params := map[string]any{
		"functionDeclaration": "say => { globalThis." + binding + " = say;\n" + script + "\n//# sourceURL=temoin-audit\n}",
		"arguments":           []any{map[string]any{"type": "channel", "value": map[string]any{"channel": binding}}},
	}
	if world != "" {
		params["sandbox"] = world
	}
	return params
}

func (v *gecko) newTab(ctx context.Context) error {
	v.mu.Lock()
	old := v.window
	v.window = ""
	v.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	made, err := v.open(ctx, false)
	if err != nil {
		return err
	}
	if old != "" {
		v.shut(old)
	}
	if err := v.call(ctx, "browsingContext.setViewport", map[string]any{"context": made, "viewport": map[string]int{"width": 1280, "height": 900}}, nil); err != nil {
		return err
	}
	v.recorder.mu.Lock()
	v.recorder.top = cdp.FrameID(made)
	v.recorder.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.window, v.state = made, tabOpen
	return nil
}

// open opens a window.
func (v *gecko) open(ctx context.Context, background bool) (string, error) {
	var made struct {
		Context string `json:"context"`
	}
	err := v.call(ctx, "browsingContext.create", map[string]any{"type": "tab", "background": background}, &made)
	return made.Context, err
}

func (v *gecko) shut(window string) {
	v.firefox.wire.tell("browsingContext.close", map[string]any{"context": window})
}

// current returns the tab that pages are visited in; "" where none could be opened.
func (v *gecko) current() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.window
}

func (v *gecko) tab() tabState {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.window == "" {
		return tabNone
	}
	return v.state
}

// handle takes in one event. It waits for nothing.
func (v *gecko) handle(e bidiMessage) {
	if strings.HasPrefix(e.Method, "network.") {
		v.handleNetwork(e)
		return
	}
	var params struct {
		Context    string `json:"context"`
		Navigation string `json:"navigation"`
		URL        string `json:"url"`
		Type       string `json:"type"`
		Channel    string `json:"channel"`
		Data       remoteValue
		Source     struct {
			Context string `json:"context"`
		} `json:"source"`
	}
	if json.Unmarshal(e.Params, &params) != nil {
		return
	}
	switch e.Method {
	case "browsingContext.contextDestroyed":
		v.end(params.Context, tabClosed)
	case "browsingContext.navigationCommitted":
		v.hasMoved(params.Context, params.Navigation, params.URL)
	case "browsingContext.navigationFailed":
		v.land(params.Navigation, landing{})
	case "browsingContext.load":
		if params.Context == v.current() && params.URL != "about:blank" {
			v.recorder.hasLoaded()
		}
	case "browsingContext.userPromptOpened":
		v.hasAsked(params.Type)
	case "browsingContext.downloadWillBegin":
		v.fall(TrapDownload, "offers a file to keep, "+bare(params.URL))
		v.land(params.Navigation, landing{download: true})
	case "script.message":
		var text string
		if params.Data.decode(&text) == nil {
			v.hasSaid(params.Channel, text, params.Source.Context)
		}
	}
}

// handleNetwork takes in what is told of a request: of a page's, or of a file that the audit itself loads.
func (v *gecko) handleNetwork(e bidiMessage) {
	var told bidiRequest
	if json.Unmarshal(e.Params, &told) != nil {
		return
	}
	v.mu.Lock()
	file := v.files[told.Context]
	v.mu.Unlock()
	if file != nil {
		file.take(e.Method, &told)
		return
	}
	v.recorder.takeBidi(e.Method, &told)
	if e.Method == "network.responseStarted" && headerOf(told.Response.Headers, "set-cookie") != "" {
		select {
		case v.stale <- struct{}{}:
		default: // it is going to be counted
		}
	}
}

// take takes in what is told of the file, until it has come.
func (a *arrival) take(method string, e *bidiRequest) {
	ended := method == "network.responseCompleted" && (e.Response.Status < 300 || e.Response.Status >= 400) || method == "network.fetchError"
	if e.Navigation == "" || !ended || a.request != "" {
		return
	}
	a.request, a.status = e.Request.ID, int(e.Response.Status)
	close(a.done)
}

// end notes that nothing more can be asked of the tab, where that is the window.
func (v *gecko) end(window string, how tabState) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if window == v.window && v.state == tabOpen {
		v.state = how
	}
}

// hasMoved keeps what is in a frame, and gives the tab up where its page leads on by itself for ever.
func (v *gecko) hasMoved(frame, navigation, address string) {
	if strings.HasPrefix(address, "about:tabcrashed") { // stands in the page's place when its process has ended
		v.end(frame, tabCrashed)
		return
	}
	v.recorder.isFrame(&cdp.Frame{ID: cdp.FrameID(frame), URL: address})
	v.land(navigation, landing{})
	if frame != v.current() {
		return
	}
	if origin := originOf(address); origin != "" {
		v.mu.Lock()
		v.sites[origin] = true
		v.mu.Unlock()
	}
	if v.leadsOn() {
		v.end(frame, tabClosed)
		v.shut(frame)
	}
}

// land keeps what came of a navigation first.
func (v *gecko) land(navigation string, how landing) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.landed[navigation]; !known {
		v.landed[navigation] = how
	}
}

func (v *gecko) goTo(ctx context.Context, address string) (landing, error) {
	tab := v.current()
	if tab == "" {
		return landing{}, errNoTab
	}
	var got struct {
		Navigation string `json:"navigation"`
	}
	err := v.call(ctx, "browsingContext.navigate", map[string]any{"context": tab, "url": address, "wait": "none"}, &got)
	var refused *bidiError
	switch {
	case errors.As(err, &refused) && refused.Code == "unknown error": // of the network's: others are BiDi's own
		why := strings.TrimPrefix(refused.Text, "Error: ")
		return landing{fault: why, aborted: strings.Contains(why, "NS_BINDING_ABORTED"), endless: strings.Contains(why, "REDIRECT_LOOP")}, nil
	case err != nil:
		return landing{}, err
	}
	return v.outcome(ctx, got.Navigation), nil
}

// outcome waits for what comes of a navigation that has begun: the answer to it may come before it.
func (v *gecko) outcome(ctx context.Context, navigation string) landing {
	ctx, cancel := v.within(ctx, 15)
	defer cancel()
	for {
		v.mu.Lock()
		how, known := v.landed[navigation]
		v.mu.Unlock()
		if known || pause(ctx, 20*time.Millisecond) != nil {
			return how
		}
	}
}

// evaluate runs an expression in a frame, in the world of that name or, where it is "", in the page's own.
func (v *gecko) evaluate(ctx context.Context, frame, world, expression string, result any) error {
	var got struct {
		Type      string      `json:"type"`
		Result    remoteValue `json:"result"`
		Exception struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	err := v.call(ctx, "script.evaluate", map[string]any{"expression": expression, "target": placeOf(frame, world), "awaitPromise": true, "userActivation": true}, &got)
	var refused *bidiError
	switch {
	case errors.As(err, &refused):
		return errors.Join(errLeft, err)
	case err != nil:
		return err
	case got.Type == "exception":
		return errors.New(got.Exception.Text)
	case result == nil:
		return nil
	}
	return got.Result.decode(result)
}

// placeOf is a world of a frame as BiDi names it.
func placeOf(frame, world string) map[string]string {
	place := map[string]string{"context": frame}
	if world != "" {
		place["sandbox"] = world
	}
	return place
}

func (v *gecko) run(ctx context.Context, expression string, result any) error {
	tab := v.current()
	if tab == "" {
		return errNoTab
	}
	return v.evaluate(ctx, tab, "", expression, result)
}

func (v *gecko) ask(ctx context.Context, expression string, result any) error {
	tab := v.current()
	if tab == "" {
		return errNoTab
	}
	return v.evaluate(ctx, tab, lookWorld, expression, result)
}

// frameTree is a window or frame, with the frames in it.
type frameTree struct {
	Context  string      `json:"context"`
	URL      string      `json:"url"`
	Children []frameTree `json:"children"`
}

// all returns the frame, and those in it.
func (t frameTree) all() []frameTree {
	list := []frameTree{t}
	for _, child := range t.Children {
		list = append(list, child.all()...)
	}
	return list
}

func (v *gecko) windows(ctx context.Context) []frameTree {
	var got struct {
		Contexts []frameTree `json:"contexts"`
	}
	if v.call(ctx, "browsingContext.getTree", struct{}{}, &got) != nil {
		return nil
	}
	return got.Contexts
}

func (v *gecko) documents(ctx context.Context, every bool) []document {
	var list []document
	for _, window := range v.windows(ctx) {
		if !every && window.Context != v.current() {
			continue
		}
		for _, f := range window.all() {
			list = append(list, document{f.URL, func(ctx context.Context, expression string, result any) error {
				return v.evaluate(ctx, f.Context, lookWorld, expression, result)
			}})
		}
	}
	return list
}

func (v *gecko) load(ctx context.Context, address string) (status int, text []byte) {
	window, err := v.open(ctx, true)
	if err != nil {
		return 0, nil
	}
	defer v.shut(window)
	var kept struct {
		Collector string `json:"collector"`
	}
	if v.call(ctx, "network.addDataCollector", map[string]any{"dataTypes": []string{"response"}, "maxEncodedDataSize": mostText, "contexts": []string{window}}, &kept) != nil {
		return 0, nil
	}
	defer v.firefox.wire.tell("network.removeDataCollector", map[string]any{"collector": kept.Collector})
	file := &arrival{done: make(chan struct{})}
	v.mu.Lock()
	v.files[window] = file
	v.mu.Unlock()
	v.firefox.wire.tell("browsingContext.navigate", map[string]any{"context": window, "url": address, "wait": "none"})
	select {
	case <-file.done:
	case <-ctx.Done():
		return 0, nil
	}
	if file.status == 0 {
		return 0, nil
	}
	if text, err = v.body(ctx, kept.Collector, file.request); err != nil {
		return file.status, nil
	}
	return file.status, text
}

// body returns what was kept of a response.
func (v *gecko) body(ctx context.Context, collector, request string) ([]byte, error) {
	var got struct {
		Bytes bidiText `json:"bytes"`
	}
	if err := v.call(ctx, "network.getData", map[string]any{"dataType": "response", "collector": collector, "request": request}, &got); err != nil {
		return nil, err
	}
	if got.Bytes.Type != "base64" {
		return []byte(got.Bytes.Value), nil
	}
	return base64.StdEncoding.DecodeString(got.Bytes.Value)
}

// cookies returns the jar, with the partitions of the pages that were visited. Firefox gives all cookies where no partition
// is named, without theirs; and in a page's partition its own as well, which are in none.
func (v *gecko) cookies(ctx context.Context) ([]*network.Cookie, error) {
	v.mu.Lock()
	sites := slices.Sorted(maps.Keys(v.sites))
	v.mu.Unlock()
	all, err := v.jar(ctx, "")
	if err != nil {
		return nil, err
	}
	partitions := map[bidiCookie]string{}
	for _, site := range sites {
		inside, err := v.jar(ctx, site)
		if err != nil {
			return nil, err
		}
		for _, c := range inside {
			if domainOf(strings.TrimPrefix(c.Domain, ".")) != domainOf(hostOf(site)) {
				partitions[c] = site
			}
		}
	}
	return recordedAll(all, partitions), nil
}

// jar returns the cookies that are in the partition of a page's origin, and its own; of all where that is "".
func (v *gecko) jar(ctx context.Context, origin string) ([]bidiCookie, error) {
	var got struct {
		Cookies []bidiCookie `json:"cookies"`
	}
	params := map[string]any{}
	if origin != "" {
		params["partition"] = map[string]string{"type": "storageKey", "sourceOrigin": origin}
	}
	err := v.call(ctx, "storage.getCookies", params, &got)
	return got.Cookies, err
}

func (v *gecko) picture(ctx context.Context) ([]byte, error) {
	var got struct {
		Data []byte `json:"data"`
	}
	err := v.call(ctx, "browsingContext.captureScreenshot", map[string]any{"context": v.current()}, &got)
	return got.Data, err
}

func (v *gecko) point(x, y float64) {
	move := map[string]any{"type": "pointerMove", "x": int(x), "y": int(y)}
	v.firefox.wire.tell("input.performActions", map[string]any{"context": v.current(), "actions": []any{map[string]any{"type": "pointer", "id": "mouse", "actions": []any{move}}}})
}

func (v *gecko) closeOthers() {
	ctx, cancel := v.within(context.Background(), 15)
	defer cancel()
	for _, window := range v.windows(ctx) {
		if window.Context != v.current() && fetched(window.URL) {
			v.shut(window.Context)
		}
	}
}

// hasSaid takes in what a script of the audit's says in a frame.
func (v *gecko) hasSaid(channel, text, frame string) {
	switch channel {
	case bindingName:
		v.hasNoted(text)
	case consentBinding:
		if c := v.answering(); c != nil {
			c.hear(text, v.speakerIn(frame))
		}
	}
}

// speakerIn is autoconsent's program in a frame.
func (v *gecko) speakerIn(frame string) speaker {
	return speaker{
		tell: func(expression string) {
			v.firefox.wire.tell("script.evaluate", map[string]any{"expression": expression, "target": placeOf(frame, consentWorld), "awaitPromise": false})
		},
		ask: func(ctx context.Context, expression string, result any) error {
			return v.evaluate(ctx, frame, "", expression, result)
		},
	}
}

func (v *gecko) inject(ctx context.Context, c *autoconsent) {
	script := preload(consentBinding, c.program, consentWorld)
	v.firefox.wire.tell("script.addPreloadScript", script)
	delete(script, "sandbox")
	for _, window := range v.windows(ctx) {
		for _, f := range window.all() {
			here := maps.Clone(script)
			here["target"], here["awaitPromise"] = placeOf(f.Context, consentWorld), false
			v.firefox.wire.tell("script.callFunction", here)
		}
	}
}

func (v *gecko) close() {
	v.firefox.close()
	<-v.over
}

func (v *gecko) logged() []logged {
	files := firefoxLogFiles(v.firefox.profile)
	if len(files) == 0 {
		u := blindTo("log")
		u.State = string(v.name)
		v.report(u)
	}
	return readFirefoxLogs(files)
}
