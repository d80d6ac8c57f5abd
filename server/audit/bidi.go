package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coder/websocket"
)

// bidi talks WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) with one browser.
type bidi struct {
	socket *websocket.Conn
	told   chan bidiMessage // events in their order, for one reader
	gone   chan struct{}    // closed when the browser is

	waiting waiting[bidiMessage]
}

// bidiMessage is an event, or the answer to a command.
type bidiMessage struct {
	ID     int64           `json:"id"`
	Type   string          `json:"type"` // "success", "error" or "event"
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	bidiError
}

// bidiError is why a command was not carried out.
type bidiError struct {
	Code string `json:"error"` // "no such frame"
	Text string `json:"message"`
}

func (e *bidiError) Error() string { return e.Code + ": " + e.Text }

// mostMessage is how long one message may be, in bytes: a picture is long.
const mostMessage = 256 << 20

// dialBidi reads what the browser at that address tells, until it ends.
func dialBidi(ctx context.Context, address string) (*bidi, error) {
	socket, _, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		return nil, err
	}
	socket.SetReadLimit(mostMessage)
	b := &bidi{socket: socket, told: make(chan bidiMessage), gone: make(chan struct{})}
	queue := make(chan bidiMessage)
	go b.read(queue)
	go hold(queue, b.told)
	return b, nil
}

func (b *bidi) read(queue chan<- bidiMessage) {
	defer close(b.gone)
	defer close(queue)
	for {
		_, text, err := b.socket.Read(context.Background())
		if err != nil {
			return
		}
		var message bidiMessage
		if json.Unmarshal(text, &message) != nil {
			continue
		}
		if message.Type == "event" {
			queue <- message
			continue
		}
		b.waiting.answer(message.ID, message)
	}
}

// send asks without waiting; the channel gets the one answer.
func (b *bidi) send(method string, params any) (int64, <-chan bidiMessage, error) {
	number, answer := b.waiting.add()
	text, err := json.Marshal(map[string]any{"id": number, "method": method, "params": params})
	if err == nil {
		err = b.socket.Write(context.Background(), websocket.MessageText, text)
	}
	return number, answer, err
}

// call asks, and waits for the answer: no longer than ctx or the browser lives.
func (b *bidi) call(ctx context.Context, method string, params, result any) error {
	number, answer, err := b.send(method, params)
	defer b.waiting.forget(number)
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", method, err), errGone)
	}
	select {
	case message := <-answer:
		if message.Type == "error" {
			return fmt.Errorf("%s: %w", method, &message.bidiError)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(message.Result, result)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case <-b.gone:
		return fmt.Errorf("%s: %w", method, errGone)
	}
}

// tell asks for something whose answer nobody needs.
func (b *bidi) tell(method string, params any) {
	if number, _, err := b.send(method, params); err != nil {
		b.waiting.forget(number)
	}
}

// remoteValue is a value of a page's as BiDi writes it.
type remoteValue struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

// plain returns the value as JSON has it; what JSON has no word for is null.
func (r remoteValue) plain() any {
	switch r.Type {
	case "string", "boolean":
		return r.Value
	case "number":
		if len(r.Value) > 0 && r.Value[0] == '"' { // NaN, -0, Infinity
			return nil
		}
		return r.Value
	case "array":
		var items []remoteValue
		if json.Unmarshal(r.Value, &items) != nil {
			return nil
		}
		list := make([]any, len(items))
		for i, item := range items {
			list[i] = item.plain()
		}
		return list
	case "object":
		return r.object()
	}
	return nil
}

// object returns the entries of an object, whose keys are words.
func (r remoteValue) object() any {
	var entries [][2]json.RawMessage
	if json.Unmarshal(r.Value, &entries) != nil {
		return nil
	}
	all := map[string]any{}
	for _, entry := range entries {
		var key string
		var value remoteValue
		if json.Unmarshal(entry[0], &key) == nil && json.Unmarshal(entry[1], &value) == nil {
			all[key] = value.plain()
		}
	}
	return all
}

// decode reads the value into result, as [json.Unmarshal] does.
func (r remoteValue) decode(result any) error {
	if r.Type == "undefined" {
		return nil
	}
	text, err := json.Marshal(r.plain())
	if err != nil {
		return err
	}
	return json.Unmarshal(text, result)
}
