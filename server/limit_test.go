package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestClientName: a client has one name for a day, which says nothing of its
// address, and the key of which is forgotten.
func TestClientName(t *testing.T) {
	l := newLimiter(1, nil, quiet(), time.Now)
	now := time.Unix(1_800_000_000, 0)
	from := func(address string) string {
		network := l.network(asked(address))
		return l.name("", network.Addr(), network.Bits(), now)
	}
	one := from("192.0.2.1:80")
	if one != from("192.0.2.1:81") || one == from("192.0.2.2:80") {
		t.Error("a client is not told apart by its address")
	}
	if from("[2001:db8::1]:80") != from("[2001:db8::2]:80") || from("[2001:db8::1]:80") == from("[2001:db8:0:1::1]:80") {
		t.Error("a client of version 6 is not told apart by its network")
	}
	now = now.Add(24 * time.Hour)
	if from("192.0.2.1:80") == one {
		t.Error("the name outlives the day")
	}
	now = now.Add(-24 * time.Hour)
	if from("192.0.2.1:80") == one {
		t.Error("the key comes back")
	}
}

// passed returns how many of so many requests go on; ask makes each.
func passed(l *limiter, requests int, ask func(i int) *http.Request) (n int) {
	for i := range requests {
		if l.wait(ask(i)) == 0 {
			n++
		}
	}
	return n
}

// always asks the same.
func always(remote string, lines ...string) func(int) *http.Request {
	return func(int) *http.Request { return asked(remote, lines...) }
}

func TestLimit(t *testing.T) {
	const many = 3 * crowd * maxBurst
	for name, c := range map[string]struct {
		perMinute int
		ask       func(i int) *http.Request
		want      int
	}{
		"one address":          {120, always("192.0.2.1:80"), maxBurst},
		"a low rate, no burst": {10, always("192.0.2.1:80"), 10},
		"no bound":             {0, always("192.0.2.1:80"), many},
		"a network of version 6": {1, func(i int) *http.Request {
			return asked(fmt.Sprintf("[2001:db8:1:1::%x]:80", i))
		}, 1},
		"all networks that one customer of version 6 may have": {1, func(i int) *http.Request {
			return asked(fmt.Sprintf("[2001:db8:1:%x::1]:80", i))
		}, crowd},
		"visitors whom the proxy names": {1, func(i int) *http.Request {
			return asked("127.0.0.1:80", fmt.Sprintf("X-Forwarded-For: 198.51.%d.%d", i/250, i%250))
		}, many},
		"forged before the proxy": {1, func(i int) *http.Request {
			return asked("127.0.0.1:80", fmt.Sprintf("X-Forwarded-For: 198.51.%d.%d, 203.0.113.1", i/250, i%250))
		}, 1},
		"visitors of a proxy that does not name them": {10, always("127.0.0.1:80", "X-Forwarded-Proto: https"), 10 * crowd},
		"visitors of a proxy that is not believed": {10, func(i int) *http.Request {
			return asked("192.0.2.1:80", fmt.Sprintf("X-Forwarded-For: 198.51.%d.%d", i/250, i%250))
		}, 10 * crowd},
		"through a socket, nobody named": {10, always("@"), 10 * crowd},
	} {
		t.Run(name, func(t *testing.T) {
			got := passed(newLimiter(c.perMinute, nil, quiet(), time.Now), many, c.ask)
			if most := c.want + c.want/10; got < c.want || got > most { // a slow machine gives more
				t.Errorf("%d of %d go on, want %d", got, many, c.want)
			}
		})
	}
}

// TestLimit_Wait: who asks again and again does not wait longer for it, and
// nobody else waits with him.
func TestLimit_Wait(t *testing.T) {
	l := newLimiter(6, nil, quiet(), time.Now)
	passed(l, 6, always("192.0.2.1:80"))
	for range 3 {
		if wait := l.wait(asked("192.0.2.1:80")); wait <= 0 || wait > 10*time.Second {
			t.Errorf("got a wait of %v, want 10 s at most", wait)
		}
	}
	if wait := l.wait(asked("198.51.100.1:9")); wait > 0 {
		t.Errorf("another client waits %v", wait)
	}
}

func TestLimit_Forgets(t *testing.T) {
	l := newLimiter(6, nil, quiet(), time.Now)
	for i := range maxClients + 10 {
		l.bucket(fmt.Sprint(i), 1)
	}
	if got := l.clients.Len(); got > maxClients {
		t.Errorf("%d clients are remembered, want %d at most", got, maxClients)
	}
}

// TestLimit_ClockJumps: a clock that jumps back and forth keeps no client out, and lets none
// do as it likes. Each jump lets one burst more pass at most.
func TestLimit_ClockJumps(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := newLimiter(6, nil, quiet(), func() time.Time { return now })
	for _, jump := range []time.Duration{0, 3 * 365 * 24 * time.Hour, -time.Hour, -3 * 365 * 24 * time.Hour, -48 * time.Hour} {
		now = now.Add(jump)
		if got := passed(l, 100, always("192.0.2.1:1")); got > 6 {
			t.Errorf("after %s, %d requests pass at once, want 6 at most", jump, got)
		}
		now = now.Add(time.Minute)
		if got := passed(l, 100, always("192.0.2.1:1")); got != 6 {
			t.Errorf("a minute after %s, %d requests pass, want 6", jump, got)
		}
	}
}

// TestLimit_Tells: the log says what to set, once, and names nobody.
func TestLimit_Tells(t *testing.T) {
	for name, c := range map[string]struct {
		ask  *http.Request
		want string
	}{
		"a proxy that is not named":    {asked("192.0.2.1:80", "X-Forwarded-For: 198.51.100.9"), "-proxies"},
		"a proxy that names nobody":    {asked("127.0.0.1:80", "X-Forwarded-Proto: https"), "X-Forwarded-For"},
		"a proxy that says nothing":    {asked("127.0.0.1:80"), "if a proxy sends them"},
		"a proxy that names a visitor": {asked("127.0.0.1:80", "X-Forwarded-For: 198.51.100.9"), ""},
		"nobody in between":            {asked("192.0.2.1:80"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			l := newLimiter(6, nil, slog.New(slog.NewTextHandler(&log, nil)), time.Now)
			passed(l, 3, func(int) *http.Request { return c.ask })
			lines := strings.Count(log.String(), "\n")
			switch {
			case c.want == "" && lines > 0, c.want != "" && lines != 1, !strings.Contains(log.String(), c.want):
				t.Errorf("got %q, want %q, once", log.String(), c.want)
			case strings.Contains(log.String(), "198.51.100.9"), strings.Contains(log.String(), "192.0.2.1"):
				t.Errorf("the log names who asked: %s", log.String())
			}
		})
	}
}
