package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	_ "embed"

	"github.com/chromedp/cdproto/cdp"
)

//go:embed banner.js
var bannerScript string

// scrollScript goes down a page as somebody does who reads it.
const scrollScript = `(async () => {
  for (let i = 0; i < 40 && scrollY + innerHeight < document.documentElement.scrollHeight - 2; i++) {
    scrollBy({ top: innerHeight * 0.8, behavior: 'instant' });
    await new Promise(resolve => setTimeout(resolve, 60));
  }
})()`

// visit loads a page, and waits until it has loaded and is quiet. It returns false where nothing can
// be asked of the page: the reason is kept.
func (v *visitor) visit(ctx context.Context, address string) (*Page, bool) {
	if err := v.pace(ctx); err != nil {
		return nil, false
	}
	if v.lost() && v.engine.newTab(ctx) != nil {
		return nil, false
	}
	v.mu.Lock()
	v.moves = 0
	v.mu.Unlock()
	p := &Page{URL: bare(address), At: v.recorder.since(time.Now()), Phase: v.recorder.begin(address)}
	limited, cancel := v.within(ctx, 1)
	defer cancel()
	got, err := v.navigate(limited, address)
	if kind, why := failed(got, err, v.options.PageTime); kind != "" {
		v.giveUp(ctx, kind, why)
		return p, false
	}
	p.Quiet = v.settle(limited, time.Now(), 0)
	v.arrive(limited, p)
	return p, !v.lost()
}

// navigate asks for a page, and asks again in a new tab where the page before is still in the way.
func (v *visitor) navigate(ctx context.Context, address string) (landing, error) {
	got, err := v.engine.goTo(ctx, address)
	if err != nil || got.download || !got.aborted {
		return got, err
	}
	if err := v.engine.newTab(ctx); err != nil {
		return got, err
	}
	return v.engine.goTo(ctx, address)
}

// whyRedirects is said of a page that leads on for ever, by its server or by itself.
const whyRedirects = "led on to other addresses for ever"

// failed says why a page did not come, or "".
func failed(got landing, err error, patience time.Duration) (Trap, string) {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return TrapTime, fmt.Sprintf("did not answer within %s", patience)
	case err != nil:
		return TrapCrash, err.Error()
	case got.download:
		return TrapDownload, "is a file to keep, not a page"
	case got.endless:
		return TrapRedirects, whyRedirects
	case got.fault != "":
		return TrapFailed, got.fault
	}
	return "", ""
}

// giveUp keeps why a page could not be seen, and takes a new tab: this one may hang.
func (v *visitor) giveUp(ctx context.Context, kind Trap, why string) {
	if !v.hasFallen() {
		v.fall(kind, why)
	}
	v.count(ctx)
	if err := v.engine.newTab(ctx); err != nil {
		v.fall(TrapCrash, err.Error())
	}
}

// hasFallen says whether the page has been said to be none, or to lead on for ever: what comes of that need not be told.
func (v *visitor) hasFallen() bool {
	v.recorder.mu.Lock()
	address := bare(v.recorder.page)
	v.recorder.mu.Unlock()
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.ContainsFunc(v.unseen, func(u Unseen) bool { return u.Page == address && (u.Kind == TrapDownload || u.Kind == TrapRedirects) })
}

// pace waits until the site has had a rest.
func (v *visitor) pace(ctx context.Context) error {
	v.recorder.mu.Lock()
	var last time.Time
	if n := len(v.recorder.loads); n > 0 {
		last = v.recorder.loads[n-1].began
	}
	v.recorder.mu.Unlock()
	return pause(ctx, max(v.options.Rate-time.Since(last), 0))
}

// lost says whether the tab is gone: crashed, or closed by its page.
func (v *visitor) lost() bool { return v.engine.tab() != tabOpen }

// settle waits until the page has loaded, linger has passed since from, and the page is quiet. It
// returns false where that takes too long.
func (v *visitor) settle(ctx context.Context, from time.Time, linger time.Duration) bool {
	for {
		v.count(ctx)
		now, loaded := time.Now(), v.recorder.loadedAt()
		waited := now.Sub(from)
		switch {
		case v.lost():
			v.fellOver()
			return false
		case loaded.IsZero() && waited > v.options.PageTime/2:
			v.fall(TrapTime, fmt.Sprintf("had not loaded all within %s", v.options.PageTime/2))
			return false
		case loaded.IsZero() || waited < linger:
		case now.Sub(v.recorder.quietSince()) >= v.options.Quiet:
			return true
		case waited > linger+v.options.PageTime/3:
			return false
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return false
		}
	}
}

// fellOver says why the tab is gone. Where none could be opened, or it was given up, that has been said.
func (v *visitor) fellOver() {
	switch state := v.engine.tab(); {
	case v.hasFallen():
	case state == tabCrashed:
		v.fall(TrapCrash, "made the browser's process for it end")
	case state == tabClosed:
		v.fall(TrapCrash, "closed its own window")
	}
}

// arrive keeps where the page led.
func (v *visitor) arrive(ctx context.Context, p *Page) {
	var here struct {
		URL   string `json:"url"`
		Title string `json:"title"`
	}
	if !v.ask(ctx, `({ url: location.href, title: document.title })`, &here) {
		return
	}
	v.recorder.mu.Lock()
	p.Final, p.Title = bare(here.URL), here.Title
	if n := len(v.recorder.loads); n > 0 && !v.recorder.loads[n-1].loaded.IsZero() {
		p.Loaded = Duration(v.recorder.loads[n-1].loaded.Sub(v.recorder.loads[n-1].began))
	}
	p.Status = v.recorder.statusOf(here.URL)
	v.recorder.mu.Unlock()
	if !v.recorder.site.ownsURL(here.URL) && fetched(here.URL) {
		v.fall(TrapElsewhere, "led to another site, "+bare(here.URL))
	}
}

// statusOf returns the status of the last document from that address. The lock is held.
func (r *recorder) statusOf(address string) int {
	for i := len(r.order) - 1; i >= 0; i-- {
		for _, h := range r.requests[r.order[i]].hops {
			if h.url == strings.SplitN(address, "#", 2)[0] && h.request.Type == "Document" {
				return h.request.Status
			}
		}
	}
	return 0
}

// ask evaluates an expression beside the page's scripts. A page that does not answer is given up.
func (v *visitor) ask(ctx context.Context, expression string, result any) bool {
	limited, cancel := v.within(ctx, 3)
	defer cancel()
	err := v.engine.ask(limited, expression, result)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		v.giveUp(ctx, TrapTime, "does not answer: its scripts do not let go")
	}
	return err == nil
}

// read goes down the page, and waits for what that brings and for what comes late.
func (v *visitor) read(ctx context.Context, p *Page) {
	limited, cancel := v.within(ctx, 1)
	defer cancel()
	if v.engine.tab() == tabNone {
		return
	}
	for i := range 3 {
		v.engine.point(float64(300+20*i), float64(200+20*i))
	}
	if !v.ask(limited, scrollScript, nil) && v.lost() {
		v.fellOver()
		return
	}
	p.Quiet = v.settle(limited, time.Now(), v.options.Quiet)
	if loaded := v.recorder.loadedAt(); !loaded.IsZero() {
		p.Quiet = v.settle(limited, loaded, v.options.Linger)
	}
	v.take(ctx)
}

// leave goes to an empty page, and waits for what the page sends at last.
func (v *visitor) leave(ctx context.Context) {
	limited, cancel := v.within(ctx, 4)
	defer cancel()
	if v.engine.tab() == tabNone {
		return
	}
	if _, err := v.engine.goTo(limited, "about:blank"); err != nil && ctx.Err() == nil {
		v.giveUp(ctx, TrapTime, "could not be left")
	}
	pause(ctx, 400*time.Millisecond)
	v.count(ctx)
	v.engine.closeOthers()
}

// addressOf returns the address of a frame's document.
func (r *recorder) addressOf(frame cdp.FrameID) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frames[frame]
}

// banner says what a visitor sees of a banner, in the page or in a frame.
func (v *visitor) banner(ctx context.Context) Banner {
	limited, cancel := v.within(ctx, 3)
	defer cancel()
	var best Banner
	for _, d := range v.engine.documents(limited, false) {
		var b Banner
		if d.ask(limited, "("+strings.TrimSpace(bannerScript)+")('')", &b) == nil && (b.Visible && !best.Visible || len(b.Buttons) > len(best.Buttons) && b.Visible == best.Visible) {
			best = b
		}
	}
	best.AcceptClicks, best.RefuseClicks = best.clicks(RoleAccept), best.clicks(RoleRefuse)
	best.Picture = v.picture(ctx)
	return best
}

// picture returns the window as a PNG, nil where it cannot be taken. It has a time of its own: a frame
// that does not answer is none of its.
func (v *visitor) picture(ctx context.Context) []byte {
	ctx, cancel := v.within(ctx, 3)
	defer cancel()
	taken, err := v.engine.picture(ctx)
	if err != nil {
		return nil
	}
	return taken
}

// clicks returns 1 where a button of that role is seen at once, and 0 where none is.
func (b Banner) clicks(role Role) int {
	for _, button := range b.Buttons {
		if button.Role == role && button.Visible {
			return 1
		}
	}
	return 0
}

// press presses the first button of a role that is seen, in the page or in a frame.
func (v *visitor) press(ctx context.Context, role Role) bool {
	for _, d := range v.engine.documents(ctx, false) {
		var b Banner
		if d.ask(ctx, fmt.Sprintf("(%s)('%s')", strings.TrimSpace(bannerScript), role), &b) == nil && b.Visible {
			return true
		}
	}
	return false
}
