package audit

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

// speaking returns a line to a browser that answers each command with those messages; after "session.end" it ends.
func speaking(t *testing.T, answers func(id int64, method string) []any) *bidi {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer socket.CloseNow()
		for {
			var asked struct {
				ID     int64  `json:"id"`
				Method string `json:"method"`
			}
			if wsjson.Read(r.Context(), socket, &asked) != nil || asked.Method == "session.end" {
				return
			}
			for _, message := range answers(asked.ID, asked.Method) {
				if wsjson.Write(r.Context(), socket, message) != nil {
					return
				}
			}
		}
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := dialBidi(ctx, "ws"+strings.TrimPrefix(server.URL, "http"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.socket.CloseNow() })
	return b
}

func TestBidi(t *testing.T) {
	b := speaking(t, func(id int64, method string) []any {
		event := map[string]any{"type": "event", "method": "log.entryAdded", "params": struct{}{}}
		switch method {
		case "session.status":
			return []any{event, event, map[string]any{"type": "success", "id": id, "result": map[string]bool{"ready": true}}}
		case "session.silent":
			return nil
		}
		return []any{map[string]any{"type": "error", "id": id, "error": "unknown command", "message": "no such thing"}}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// Who handles an event may ask: the answer comes behind other events.
	var got struct{ Ready bool }
	if err := b.call(ctx, "session.status", struct{}{}, &got); err != nil || !got.Ready {
		t.Fatalf("got %+v and %v", got, err)
	}
	for range 2 {
		if e := <-b.told; e.Method != "log.entryAdded" {
			t.Errorf("got %+v", e)
		}
	}
	var refused *bidiError
	if err := b.call(ctx, "session.none", struct{}{}, nil); !errors.As(err, &refused) || refused.Code != "unknown command" || !strings.Contains(err.Error(), "session.none") {
		t.Errorf("got %v", err)
	}
	short, stop := context.WithTimeout(ctx, 10*time.Millisecond)
	defer stop()
	if err := b.call(short, "session.silent", struct{}{}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v of a browser that does not answer", err)
	}
	if err := b.call(ctx, "session.end", struct{}{}, nil); !errors.Is(err, errGone) {
		t.Errorf("got %v of a browser that has ended", err)
	}
	if _, open := <-b.told; open {
		t.Error("an event comes after the end")
	}
	b.waiting.mu.Lock()
	defer b.waiting.mu.Unlock()
	if len(b.waiting.answers) != 0 {
		t.Errorf("%d answers are awaited for ever", len(b.waiting.answers))
	}
}

// TestRemoteValue: what a page's script came to is read as Chromium gives it.
func TestRemoteValue(t *testing.T) {
	for text, want := range map[string]string{
		`{"type":"string","value":"a"}`:                                      `"a"`,
		`{"type":"number","value":2.5}`:                                      `2.5`,
		`{"type":"number","value":"NaN"}`:                                    `null`,
		`{"type":"boolean","value":true}`:                                    `true`,
		`{"type":"null"}`:                                                    `null`,
		`{"type":"array","value":[{"type":"string","value":"a"}]}`:           `["a"]`,
		`{"type":"object","value":[["k",{"type":"object","value":[]}]]}`:     `{"k":{}}`,
		`{"type":"window","value":{"context":"1"}}`:                          `null`,
		`{"type":"object","value":[[{"type":"array"},{"type":"null"}]]}`:     `{}`,
		`{"type":"object","value":[["f",{"type":"function","handle":"x"}]]}`: `{"f":null}`,
	} {
		var value remoteValue
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		var got json.RawMessage
		if err := value.decode(&got); err != nil || string(got) != want {
			t.Errorf("%s: got %s and %v, want %s", text, got, err, want)
		}
	}
	left := "as it was"
	if err := (remoteValue{Type: "undefined"}).decode(&left); err != nil || left != "as it was" {
		t.Errorf("got %q and %v of nothing", left, err)
	}
}
