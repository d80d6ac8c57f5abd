package audit

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// mostRequests is how many requests of one state are kept.
const mostRequests = 20000

// recorder keeps what the browser tells in one state, as it was told. What it comes to is made of it
// at the end, by its methods in jar.go, requests.go and stored.go: parts of one request come in any order.
type recorder struct {
	started time.Time
	site    site

	mu       sync.Mutex
	phase    Phase
	turns    []turn // when phases began, in their order
	page     string
	loads    []load
	requests map[network.RequestID]*raw
	order    []network.RequestID
	full     bool
	notes    []note
	jar      map[jarKey]*jarCookie
	kept     map[storedKey]*Stored
	hints    []hint
	extra    []hop                  // that only the network service's log has
	frames   map[cdp.FrameID]string // addresses of their documents
	top      cdp.FrameID            // the page's own
	values   map[string]bool        // of cookies and storages: never leaves the audit
	others   map[string]bool        // values of the visitors before: links may lead to what they were called
	hidden   *strings.Replacer      // hides values; nil where there are new ones
	asked    []string

	open map[network.RequestID]time.Time // requests without an end
	last time.Time                       // when a request began or ended
}

type turn struct {
	at    time.Time
	phase Phase
}

// load is one page load.
type load struct {
	url           string
	began, loaded time.Time
}

// raw is one request with its redirects.
type raw struct {
	hops []hop
	sent []*network.EventRequestWillBeSentExtraInfo
	got  []answer
}

type answer struct {
	at    time.Time
	info  *network.EventResponseReceivedExtraInfo
	taken bool // whether the browser is known to have taken what it sets
}

// hop is one request of a chain of redirects.
type hop struct {
	request   Request
	at        time.Time
	told      bool // the network tells more of it than the page does
	held      bool // the browser itself kept it in
	body      []byte
	url       string // with its values
	initiator *network.Initiator
}

// note is what a script did, as watch.js tells it.
type note struct {
	Kind  string `json:"kind"`
	Key   string `json:"key"`
	Value string `json:"value"`
	Taken bool   `json:"taken"` // of a cookie: whether the page's script had it then
	By    string `json:"by"`
	Frame string `json:"frame"`
	at    time.Time
	page  string
}

type hint struct {
	url, page, frame string
	at               time.Time
}

func newRecorder(s site, phase Phase) *recorder {
	now := time.Now()
	return &recorder{
		started: now, site: s, phase: phase, turns: []turn{{now, phase}}, last: now,
		requests: map[network.RequestID]*raw{}, jar: map[jarKey]*jarCookie{}, kept: map[storedKey]*Stored{},
		frames: map[cdp.FrameID]string{}, values: map[string]bool{}, open: map[network.RequestID]time.Time{},
	}
}

// turnTo begins a phase, at that time.
func (r *recorder) turnTo(phase Phase, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.phase = phase
	r.turns = append(r.turns, turn{at, phase})
}

// phaseAt returns the phase of that time.
func (r *recorder) phaseAt(at time.Time) Phase {
	phase := r.turns[0].phase
	for _, t := range r.turns[1:] {
		if at.Before(t.at) {
			break
		}
		phase = t.phase
	}
	return phase
}

func (r *recorder) since(at time.Time) Duration { return Duration(max(at.Sub(r.started), 0)) }

// begin says which page is loaded from now on, and returns the phase.
func (r *recorder) begin(url string) Phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.page = url
	r.loads = append(r.loads, load{url: url, began: time.Now()})
	r.last = time.Now()
	clear(r.open)
	return r.phase
}

// hasLoaded keeps when the page's load event came, the first time.
func (r *recorder) hasLoaded() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.loads) > 0 && r.loads[len(r.loads)-1].loaded.IsZero() {
		r.loads[len(r.loads)-1].loaded = time.Now()
	}
}

// loadedAt returns when the page's load event came, or the zero time.
func (r *recorder) loadedAt() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.loads) == 0 {
		return time.Time{}
	}
	return r.loads[len(r.loads)-1].loaded
}

// longLived are requests that end when they please.
var longLived = map[network.ResourceType]bool{
	network.ResourceTypeEventSource: true, network.ResourceTypeWebSocket: true, network.ResourceTypePing: true, network.ResourceTypeMedia: true,
}

// quietSince returns since when nothing has been asked for and nothing is awaited, or now. What is
// awaited for longer than ten seconds counts as what may stay open for ever.
func (r *recorder) quietSince() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, began := range r.open {
		if now.Sub(began) < 10*time.Second {
			return now
		}
	}
	return r.last
}

// isSent takes in what a document or worker says of a request that goes out.
func (r *recorder) isSent(e *network.EventRequestWillBeSent, from string) {
	if !fetched(e.Request.URL) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.raw(e.RequestID)
	if one == nil {
		return
	}
	at := wall(e.WallTime)
	if n := len(one.hops); n > 0 {
		last := &one.hops[n-1]
		if e.RedirectResponse == nil {
			if last.url == e.Request.URL {
				return // two sessions tell of it
			}
		} else {
			last.request.Status = int(e.RedirectResponse.Status)
			last.told = e.RedirectHasExtraInfo
		}
	}
	next := hop{at: at, told: true, url: e.Request.URL, initiator: e.Initiator}
	for _, part := range e.Request.PostDataEntries {
		next.body = append(next.body, part.Bytes...)
	}
	next.request = Request{Method: e.Request.Method, Type: string(e.Type), Page: r.page, From: from, Frame: r.frameOf(e.FrameID, e.DocumentURL, from)}
	one.hops = append(one.hops, next)
	r.last = time.Now()
	if !longLived[e.Type] {
		r.open[e.RequestID] = time.Now()
	}
}

// frameOf returns the address of the document that asks, where that is not the page.
func (r *recorder) frameOf(frame cdp.FrameID, document, from string) string {
	switch {
	case from != "" || frame == "":
		return ""
	case frame == r.top:
		return ""
	case r.frames[frame] != "":
		return r.frames[frame]
	}
	return document
}

// isOpened takes in a socket.
func (r *recorder) isOpened(id network.RequestID, address, kind string, initiator *network.Initiator, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.raw(id); one != nil && len(one.hops) == 0 {
		one.hops = []hop{{at: time.Now(), url: address, initiator: initiator, told: false,
			request: Request{Method: "GET", Type: kind, Page: r.page, From: from}}}
		r.last = time.Now()
	}
}

// raw returns the request of that id, new or known; nil where no more are kept.
func (r *recorder) raw(id network.RequestID) *raw {
	one := r.requests[id]
	if one == nil {
		if len(r.requests) >= mostRequests {
			r.full = true
			return nil
		}
		one = &raw{}
		r.requests[id] = one
		r.order = append(r.order, id)
	}
	return one
}

func (r *recorder) isSentWith(e *network.EventRequestWillBeSentExtraInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.raw(e.RequestID); one != nil {
		one.sent = append(one.sent, e)
	}
}

// isAnsweredWith takes in the headers of a response; taken says whether the browser tells which of its cookies it took.
func (r *recorder) isAnsweredWith(e *network.EventResponseReceivedExtraInfo, taken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.raw(e.RequestID); one != nil {
		one.got = append(one.got, answer{time.Now(), e, taken})
		for _, line := range setLines(e) {
			r.rememberLine(line)
		}
	}
}

func (r *recorder) isAnswered(e *network.EventResponseReceived) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if one := r.requests[e.RequestID]; one != nil && len(one.hops) > 0 {
		last := &one.hops[len(one.hops)-1]
		last.request.Status = int(e.Response.Status)
		last.told = e.HasExtraInfo
		if e.Type != "" {
			last.request.Type = string(e.Type)
		}
	}
	if e.Type == network.ResourceTypeEventSource || e.Type == network.ResourceTypeMedia {
		delete(r.open, e.RequestID)
	}
}

// isHeld takes in that the browser did not let a request out, as the page's own policy has it:
// what never left offends nobody. Other reasons are given once there is a response.
func (r *recorder) isHeld(id network.RequestID, why network.BlockedReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch why {
	case network.BlockedReasonCsp, network.BlockedReasonMixedContent, network.BlockedReasonSubresourceFilter:
		if one := r.requests[id]; one != nil && len(one.hops) > 0 {
			one.hops[len(one.hops)-1].held = true
		}
	}
}

// isOver takes in a request's end.
func (r *recorder) isOver(id network.RequestID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, open := r.open[id]; open {
		delete(r.open, id)
		r.last = time.Now()
	}
}

func (r *recorder) isNoted(n note) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n.at, n.page = time.Now(), r.page
	if n.Kind == "asked" {
		r.ask(n.Key)
		return
	}
	if n.Kind == "cookie" {
		r.rememberLine(n.Value)
	} else {
		r.remember(n.Value)
	}
	if len(r.notes) < mostRequests {
		r.notes = append(r.notes, n)
	}
}

// ask keeps what a page asked the visitor, once.
func (r *recorder) ask(what string) {
	if !slices.Contains(r.asked, what) {
		r.asked = append(r.asked, what)
	}
}

func (r *recorder) isDialog(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ask(kind)
}

func (r *recorder) isFrame(f *cdp.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames[f.ID] = f.URL
}

// fetched tells addresses that something is asked of over the network.
func fetched(address string) bool {
	u, err := parseAddress(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws" || u.Scheme == "wss")
}

func wall(t cdp.TimeSinceEpoch) time.Time {
	if t <= 0 {
		return time.Now()
	}
	return time.UnixMicro(int64(float64(t) * 1e6))
}
