package audit

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
)

// fakePipe is a browser that answers as its function says.
type fakePipe struct {
	messages chan *cdproto.Message
	answer   func(asked *cdproto.Message) []*cdproto.Message
}

func (p *fakePipe) Read(_ context.Context, message *cdproto.Message) error {
	next, open := <-p.messages
	if !open {
		return io.EOF
	}
	*message = *next
	return nil
}

func (p *fakePipe) Write(_ context.Context, asked *cdproto.Message) error {
	for _, message := range p.answer(asked) {
		p.messages <- message
	}
	return nil
}

func (p *fakePipe) Close() error { close(p.messages); return nil }

func TestWire(t *testing.T) {
	pipe := &fakePipe{messages: make(chan *cdproto.Message, 10)}
	w := newWire(pipe)
	root := &session{wire: w}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	// Who handles an event may ask: the answer comes behind other events.
	pipe.answer = func(asked *cdproto.Message) []*cdproto.Message {
		return []*cdproto.Message{{Method: "First.event"}, {Method: "Second.event"}, {ID: asked.ID, Result: []byte(`{"product":"Chrome/1"}`)}}
	}
	version, err := cdp.Call(ctx, root, browser.GetVersion, cdp.Empty{})
	if err != nil || version.Product != "Chrome/1" {
		t.Fatalf("got %+v (%v)", version, err)
	}
	for _, want := range []cdproto.MethodType{"First.event", "Second.event"} {
		if e := <-w.told; e.message.Method != want {
			t.Errorf("got %s, want %s", e.message.Method, want)
		}
	}

	pipe.answer = func(asked *cdproto.Message) []*cdproto.Message {
		return []*cdproto.Message{{ID: asked.ID, Error: &cdproto.Error{Message: "no such thing"}}}
	}
	if _, err := cdp.Call(ctx, root, browser.GetVersion, cdp.Empty{}); err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("got %v", err)
	}

	pipe.answer = func(*cdproto.Message) []*cdproto.Message { return nil }
	short, stop := context.WithTimeout(ctx, 10*time.Millisecond)
	defer stop()
	if _, err := cdp.Call(short, root, browser.GetVersion, cdp.Empty{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v of a browser that does not answer", err)
	}
	w.waiting.mu.Lock()
	if len(w.waiting.answers) != 0 {
		t.Errorf("%d answers are awaited for ever", len(w.waiting.answers))
	}
	w.waiting.mu.Unlock()

	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := cdp.Call(ctx, root, browser.GetVersion, cdp.Empty{}); !errors.Is(err, errGone) {
		t.Errorf("got %v of a browser that has ended", err)
	}
	if _, open := <-w.told; open {
		t.Error("an event comes after the end")
	}
}
