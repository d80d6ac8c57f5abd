package server

import (
	"net/http/httptest"
	"testing"
	"time"
)

func networks(t *testing.T, text string) (n Networks) {
	t.Helper()
	if err := n.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestClientAddress(t *testing.T) {
	for name, c := range map[string]struct{ proxies, remote, forwarded, want string }{
		"direct":                             {"", "192.0.2.1:80", "", "192.0.2.1"},
		"forged header":                      {"", "192.0.2.1:80", "198.51.100.9", "192.0.2.1"},
		"proxy":                              {"10.0.0.0/8", "10.1.2.3:80", "198.51.100.9", "198.51.100.9"},
		"forged before the proxy":            {"10.0.0.0/8", "10.1.2.3:80", "203.0.113.7, 198.51.100.9", "198.51.100.9"},
		"two proxies":                        {"10.0.0.0/8", "10.1.2.3:80", "203.0.113.7, 198.51.100.9, 10.9.9.9", "198.51.100.9"},
		"proxy without header":               {"10.0.0.0/8", "10.1.2.3:80", "", "10.1.2.3"},
		"proxy with rubbish":                 {"10.0.0.0/8", "10.1.2.3:80", "198.51.100.9, unknown", "10.1.2.3"},
		"version 6":                          {"", "[2001:db8::7]:80", "", "2001:db8::7"},
		"version 4 in version 6":             {"192.0.2.1", "[::ffff:192.0.2.1]:80", "198.51.100.9", "198.51.100.9"},
		"nothing but proxies: the first one": {"10.0.0.0/8", "10.1.2.3:80", "10.1.1.1", "10.1.1.1"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLimiter(1, networks(t, c.proxies))
			r := httptest.NewRequest("POST", "/", nil)
			r.RemoteAddr = c.remote
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if got := l.address(r).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestClientName: a client has one name for a day, which says nothing of its
// address, and the key of which is forgotten.
func TestClientName(t *testing.T) {
	l := newLimiter(1, nil)
	from := func(address string) string {
		r := httptest.NewRequest("POST", "/", nil)
		r.RemoteAddr = address
		return l.client(r, time.Unix(1_800_000_000, 0))
	}
	one := from("192.0.2.1:80")
	if one != from("192.0.2.1:81") || one == from("192.0.2.2:80") {
		t.Error("a client is not told apart by its address")
	}
	if from("[2001:db8::1]:80") != from("[2001:db8::2]:80") || from("[2001:db8::1]:80") == from("[2001:db8:0:1::1]:80") {
		t.Error("a client of version 6 is not told apart by its network")
	}
	r := httptest.NewRequest("POST", "/", nil)
	r.RemoteAddr = "192.0.2.1:80"
	if l.client(r, time.Unix(1_800_000_000, 0).Add(24*time.Hour)) == one {
		t.Error("the name outlives the day")
	}
	if from("192.0.2.1:80") == one {
		t.Error("the key comes back")
	}
}

func TestLimit(t *testing.T) {
	l := newLimiter(6, nil)
	r := httptest.NewRequest("POST", "/", nil)
	for i := range burst {
		if wait := l.wait(r); wait > 0 {
			t.Fatalf("request %d waits %v", i, wait)
		}
	}
	for range 3 { // who asks again and again does not wait longer for it
		if wait := l.wait(r); wait <= 0 || wait > 10*time.Second {
			t.Errorf("got a wait of %v, want 10 s at most", wait)
		}
	}
	other := httptest.NewRequest("POST", "/", nil)
	other.RemoteAddr = "198.51.100.1:9"
	if wait := l.wait(other); wait > 0 {
		t.Errorf("another client waits %v", wait)
	}
	for i := range maxClients + 10 {
		l.of(string(rune(i)))
	}
	if got := l.clients.Len(); got > maxClients {
		t.Errorf("%d clients are remembered, want %d at most", got, maxClients)
	}
	unbounded := newLimiter(0, nil)
	for range 10 * burst {
		if unbounded.wait(r) > 0 {
			t.Fatal("a limit of 0 limits")
		}
	}
}

func TestNetworks(t *testing.T) {
	if got, _ := networks(t, "192.0.2.7, 10.1.2.3/8 2001:db8::/32").MarshalText(); string(got) != "192.0.2.7/32,10.0.0.0/8,2001:db8::/32" {
		t.Errorf("got %s", got)
	}
	var n Networks
	if err := n.UnmarshalText([]byte("example.org")); err == nil {
		t.Error("a name is taken for a network")
	}
}
