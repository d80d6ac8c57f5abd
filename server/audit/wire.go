package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// wire talks the DevTools protocol with one browser. chromedp carries the messages and has types for
// them; its tabs are not used, because they drop what workers, and frames in processes of their own,
// tell: exactly what a tracker would like to be missed. So every session is the wire's own.
type wire struct {
	pipe chromedp.Transport
	told chan event    // in their order, for one reader
	gone chan struct{} // closed when the browser is

	waiting waiting[*cdproto.Message]
}

// event is one event of one session; "" is the browser's own.
type event struct {
	session target.SessionID
	message *cdproto.Message
}

var errGone = errors.New("the browser has ended")

// newWire reads what comes through the pipe until that ends.
func newWire(pipe chromedp.Transport) *wire {
	w := &wire{pipe: pipe, told: make(chan event), gone: make(chan struct{})}
	queue := make(chan event)
	go w.read(queue)
	go hold(queue, w.told)
	return w
}

func (w *wire) read(queue chan<- event) {
	defer close(w.gone)
	defer close(queue)
	for {
		message := new(cdproto.Message)
		if err := w.pipe.Read(context.Background(), message); err != nil {
			return
		}
		if message.ID == 0 {
			queue <- event{message.SessionID, message}
			continue
		}
		w.waiting.answer(message.ID, message)
	}
}

// hold passes events on, and keeps as many as the reader is behind: who handles an event may ask
// the browser something, and the answer comes behind other events.
func hold[E any](from <-chan E, to chan<- E) {
	defer close(to)
	var kept []E
	for from != nil || len(kept) > 0 {
		var out chan<- E
		var first E
		if len(kept) > 0 {
			out, first = to, kept[0]
		}
		select {
		case e, open := <-from:
			if !open {
				from = nil
				continue
			}
			kept = append(kept, e)
		case out <- first:
			kept = kept[1:]
		}
	}
}

// send asks without waiting; the channel gets the one answer.
func (w *wire) send(id target.SessionID, method string, params any) (int64, <-chan *cdproto.Message, error) {
	raw, err := jsonv2.Marshal(params, chromedp.DefaultMarshalOptions)
	if err != nil {
		return 0, nil, err
	}
	number, answer := w.waiting.add()
	return number, answer, w.pipe.Write(context.Background(), &cdproto.Message{ID: number, SessionID: id, Method: cdproto.MethodType(method), Params: raw})
}

// session is one target of the browser, or the browser: a [cdp.Session].
type session struct {
	wire *wire
	id   target.SessionID
	done chan struct{} // closed when the target is gone; nil for the browser
}

// Call asks, and waits for the answer: no longer than ctx, the target or the browser lives.
func (s *session) Call(ctx context.Context, method string, params, result any) error {
	number, answer, err := s.wire.send(s.id, method, params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer s.wire.waiting.forget(number)
	select {
	case message := <-answer:
		if message.Error != nil {
			return fmt.Errorf("%s: %w", method, message.Error)
		}
		if result == nil {
			return nil
		}
		return jsonv2.Unmarshal(message.Result, result, chromedp.DefaultUnmarshalOptions)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case <-s.done:
		return fmt.Errorf("%s: the page has ended", method)
	case <-s.wire.gone:
		return fmt.Errorf("%s: %w", method, errGone)
	}
}

// Subscribe is there for [cdp.Session] alone: events come through the wire, in one order.
func (*session) Subscribe(string) (<-chan jsonv2.Value, func()) {
	none := make(chan jsonv2.Value)
	close(none)
	return none, func() {}
}

// tell asks for something whose answer nobody needs.
func tell[P, R any](s *session, command cdp.Command[P, R], params P) {
	if number, _, err := s.wire.send(s.id, command.Method, params); err != nil {
		s.wire.waiting.forget(number)
	}
}

// read decodes what came with an event.
func read[E any](e event) (E, bool) {
	var params E
	err := jsonv2.Unmarshal(e.message.Params, &params, chromedp.DefaultUnmarshalOptions)
	return params, err == nil
}
