package audit

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"
)

//go:embed watch.js
var watchScript string

//go:embed stored.js
var storedScript string

// bindingName is what watch.js tells by, and takes out of the page's sight.
const bindingName = "temoinAudit"

// Worlds beside a document's own, which its scripts do not see: what looks at it is in one, autoconsent in the other.
const (
	lookWorld    = "temoin-audit-look"
	consentWorld = "temoin-audit-consent"
)

// visitor is one visitor: a browser with a profile, and what is recorded of it.
type visitor struct {
	options  Options
	engine   engine
	recorder *recorder
	name     StateName

	counting sync.Mutex // one count after the other: an older one must not be the last

	mu      sync.Mutex
	unseen  []Unseen
	consent *autoconsent // set while autoconsent is at work
	moves   int          // navigations of the page since it was asked for
}

// meet starts a browser with the profile in that folder, listens to it, and opens a tab in it. The visitor is nil
// where none could be started. It ends no later than ctx.
func meet(ctx context.Context, o Options, profile string, r *recorder, name StateName) (*visitor, error) {
	v := &visitor{options: o, recorder: r, name: name}
	if isFirefox(o.Browser) {
		f, err := startFirefox(ctx, o, profile, name == GPC)
		if err != nil {
			return nil, err
		}
		v.engine = newGecko(v, f)
	} else {
		c, err := startChrome(ctx, o, profile)
		if err != nil {
			return nil, err
		}
		v.engine = newChromium(v, c)
	}
	return v, v.engine.begin(ctx)
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

// mostMoves is how often a page may lead on by itself.
const mostMoves = 12

// leadsOn counts how often the page leads on by itself, and says so once when that has no end.
func (v *visitor) leadsOn() bool {
	v.mu.Lock()
	v.moves++
	endless := v.moves == mostMoves+1
	v.mu.Unlock()
	if endless {
		v.fall(TrapRedirects, whyRedirects)
	}
	return endless
}

// hasNoted takes in what watch.js tells.
func (v *visitor) hasNoted(text string) {
	var n note
	if json.Unmarshal([]byte(text), &n) != nil {
		return
	}
	v.recorder.isNoted(n)
	if n.Kind == "asked" {
		v.fall(TrapPermission, "asked for a permission ("+n.Key+"), which was refused")
	}
}

// hasAsked takes in a dialog that a page opened, and that was dismissed; to one that asks whether to leave, the answer is yes.
func (v *visitor) hasAsked(kind string) {
	v.recorder.isDialog(kind)
	if kind != "beforeunload" {
		v.fall(TrapDialog, "opened a dialog ("+kind+"), which was dismissed")
	}
}

// answering returns autoconsent while it is at work, else nil.
func (v *visitor) answering() *autoconsent {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.consent
}

func (v *visitor) setAnswering(c *autoconsent) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.consent = c
}

// fall keeps what the page ran into: each trap of a page once.
func (v *visitor) fall(kind Trap, why string) {
	v.recorder.mu.Lock()
	address := bare(v.recorder.page)
	v.recorder.mu.Unlock()
	v.report(Unseen{State: string(v.name), Page: address, Kind: kind, Why: why})
}

// report keeps what could not be seen, once.
func (v *visitor) report(u Unseen) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Contains(v.unseen, u) {
		v.unseen = append(v.unseen, u)
	}
}

// count has the profile's cookies compared with what is known of them.
func (v *visitor) count(ctx context.Context) {
	ctx, cancel := v.within(ctx, 6)
	defer cancel()
	v.counting.Lock()
	defer v.counting.Unlock()
	if cookies, err := v.engine.cookies(ctx); err == nil {
		v.recorder.count(cookies)
	}
}

var errNoTab = errors.New("no tab could be opened")

// errLeft says that a page was left while it was asked: it may have loaded itself anew.
var errLeft = errors.New("the page was left meanwhile")

// take has what documents keep recorded.
func (v *visitor) take(ctx context.Context) {
	ctx, cancel := v.within(ctx, 4)
	defer cancel()
	all := map[string]found{}
	for _, d := range v.engine.documents(ctx, true) {
		var here found
		one, done := v.within(ctx, 15)
		if d.ask(one, storedScript, &here) == nil && here.Origin != "" && here.Origin != "null" {
			all[d.address] = here
		}
		done()
	}
	v.recorder.take(all)
	v.count(ctx)
}
