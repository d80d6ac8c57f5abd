package audit

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"
)

// refusing is a browser that does nothing that it is asked for.
func refusing(t *testing.T) *chrome {
	t.Helper()
	pipe := &fakePipe{messages: make(chan *cdproto.Message, 100)}
	pipe.answer = func(asked *cdproto.Message) []*cdproto.Message {
		return []*cdproto.Message{{ID: asked.ID, Error: &cdproto.Error{Message: "no"}}}
	}
	return &chrome{root: &session{wire: newWire(pipe)}}
}

// TestMeet_ARefusal: who could not be met has been listened to, and is not awaited for ever.
func TestMeet_ARefusal(t *testing.T) {
	c := refusing(t)
	e := newChromium(&visitor{recorder: told(t), name: Unanswered}, c)
	if err := e.begin(t.Context()); err == nil {
		t.Fatal("who does nothing that it is asked for has been met")
	}
	if err := c.root.wire.pipe.Close(); err != nil {
		t.Fatal(err)
	}
	<-e.over
}

// TestVisitor_NoTab: where a tab hung and no other could be opened, nothing more is seen, and that is all.
func TestVisitor_NoTab(t *testing.T) {
	ctx := context.Background()
	o := Options{PageTime: time.Second}
	c := refusing(t)
	defer c.root.wire.pipe.Close()
	v := &visitor{options: o, recorder: told(t)}
	v.engine = &chromium{visitor: v, chrome: c, sessions: map[target.SessionID]*attached{}}
	if v.ask(ctx, "0", nil) {
		t.Error("something is asked of no page")
	}
	v.read(ctx, &Page{})
	v.leave(ctx)
	if got := v.banner(ctx); got.Visible || got.Picture != nil {
		t.Errorf("got the banner %+v of no page", got)
	}
	if status, text := v.load(ctx, "https://www.site.example/"); status != 0 || text != nil {
		t.Errorf("got %d and %q by no page", status, text)
	}
	a := looking(t, o)
	a.findTemoin(ctx, v)
	if err := a.giveTemoin(ctx, v, Accepted); err == nil {
		t.Error("an answer is given on no page")
	}
	if p, ok := v.visit(ctx, "https://www.site.example/"); p != nil || ok {
		t.Errorf("got the page %+v", p)
	}
	if len(v.unseen) != 0 {
		t.Errorf("got %+v, want that it was said once, when the tab hung", v.unseen)
	}
}

// TestVisitor_RestsBetweenPages: the site is asked for a page no sooner than -rate after the one before.
func TestVisitor_RestsBetweenPages(t *testing.T) {
	v := answering(t, map[string]string{"Page.navigate": `{"errorText":"net::ERR_CONNECTION_REFUSED"}`})
	v.options.Rate = 150 * time.Millisecond
	c := refusing(t) // it gives no tab in the place of the one that has failed
	defer c.root.wire.pipe.Close()
	v.engine.(*chromium).chrome = c
	v.visit(t.Context(), "https://www.site.example/deux")
	loads := v.recorder.loads
	if len(loads) != 2 {
		t.Fatalf("got %d page loads, want the first and the one that was asked for", len(loads))
	}
	if rest := loads[1].began.Sub(loads[0].began); rest < v.options.Rate {
		t.Errorf("the second page was asked for after %s, want %s", rest, v.options.Rate)
	}
}

// TestVisitor_BannerHasItsPicture: a document that does not answer takes no picture away, and no more
// time than its part.
func TestVisitor_BannerHasItsPicture(t *testing.T) {
	v := answering(t, map[string]string{"Page.getFrameTree": silence, "Page.captureScreenshot": `{"data":"UE5H"}`})
	v.options.PageTime = time.Second
	begun := time.Now()
	if got := v.banner(t.Context()); string(got.Picture) != "PNG" {
		t.Errorf("got the picture %q", got.Picture)
	}
	v.take(t.Context())
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s of a page that may take %s", took, v.options.PageTime)
	}
}
