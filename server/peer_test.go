package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func networks(t *testing.T, text string) (n Networks) {
	t.Helper()
	if err := n.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return n
}

// asked returns a request from remote with header lines such as "Via: 1.1 x".
func asked(remote string, lines ...string) *http.Request {
	r := httptest.NewRequest("POST", "/", nil)
	r.RemoteAddr = remote
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func TestVisitor(t *testing.T) {
	const unix = "@" // what net/http calls who comes through a unix socket
	for name, c := range map[string]struct {
		proxies, remote string
		lines           []string
		want            string
	}{
		"direct":                                {"", "192.0.2.1:80", nil, "192.0.2.1"},
		"direct, version 6":                     {"", "[2001:db8::7]:80", nil, "2001:db8::7"},
		"direct, in a private network":          {"", "10.1.2.3:80", nil, "10.1.2.3"},
		"a stranger who forwards":               {"", "192.0.2.1:80", []string{"X-Forwarded-For: 198.51.100.9"}, "192.0.2.1 hidden"},
		"proxy here":                            {"", "127.0.0.1:80", []string{"X-Forwarded-For: 198.51.100.9"}, "198.51.100.9"},
		"proxy here, version 6":                 {"", "[::1]:80", []string{"X-Forwarded-For: 2001:db8::9"}, "2001:db8::9"},
		"proxy in a private network":            {"", "172.18.0.2:80", []string{"X-Forwarded-For: 198.51.100.9"}, "198.51.100.9"},
		"proxy in a private network, version 6": {"", "[fd12::1]:80", []string{"X-Forwarded-For: 198.51.100.9"}, "198.51.100.9"},
		"proxy through a socket":                {"", unix, []string{"X-Forwarded-For: 198.51.100.9"}, "198.51.100.9"},
		"nobody is believed":                    {"none", "127.0.0.1:80", []string{"X-Forwarded-For: 198.51.100.9"}, "127.0.0.1 hidden"},
		"nobody is believed, not even a socket": {"none", unix, []string{"X-Forwarded-For: 198.51.100.9"}, "invalid IP hidden"},
		"another proxy is named":                {"192.0.2.7", "127.0.0.1:80", []string{"X-Forwarded-For: 198.51.100.9"}, "127.0.0.1 hidden"},
		"named proxy":                           {"192.0.2.0/24", "192.0.2.1:80", []string{"X-Forwarded-For: 198.51.100.9"}, "198.51.100.9"},
		"forged before the proxy":               {"", "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.7, 198.51.100.9"}, "198.51.100.9"},
		"forged in a line before the proxy's":   {"", "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 198.51.100.9"}, "198.51.100.9"},
		"two proxies":                           {"", "10.1.2.3:80", []string{"X-Forwarded-For: 203.0.113.7, 198.51.100.9, 10.9.9.9"}, "198.51.100.9"},
		"with a port":                           {"", "10.1.2.3:80", []string{"X-Forwarded-For: 198.51.100.9:4711"}, "198.51.100.9"},
		"with a port, version 6":                {"", "10.1.2.3:80", []string{"X-Forwarded-For: [2001:db8::9]:4711"}, "2001:db8::9"},
		"in brackets":                           {"", "10.1.2.3:80", []string{"X-Forwarded-For: [2001:db8::9]"}, "2001:db8::9"},
		"version 4 in version 6":                {"192.0.2.1", "[::ffff:192.0.2.1]:80", []string{"X-Forwarded-For: ::ffff:198.51.100.9"}, "198.51.100.9"},
		"Forwarded":                             {"", "127.0.0.1:80", []string{`Forwarded: for=198.51.100.9;proto=https;by=127.0.0.1`}, "198.51.100.9"},
		"Forwarded, version 6":                  {"", "127.0.0.1:80", []string{`Forwarded: proto=https; For="[2001:db8::9]:4711"`}, "2001:db8::9"},
		"Forwarded, forged before the proxy":    {"", "127.0.0.1:80", []string{`Forwarded: for=203.0.113.7, for=198.51.100.9`}, "198.51.100.9"},
		"Forwarded, a quotation mark left open": {"", "127.0.0.1:80", []string{`Forwarded: for="203.0.113.7`, `Forwarded: for=198.51.100.9`}, "198.51.100.9"},
		"Forwarded without for":                 {"", "127.0.0.1:80", []string{`Forwarded: proto=https`}, "127.0.0.1 hidden"},
		"Forwarded, disguised":                  {"", "127.0.0.1:80", []string{`Forwarded: for=_hidden`}, "127.0.0.1 hidden"},
		"both: X-Forwarded-For":                 {"", "127.0.0.1:80", []string{"Forwarded: for=203.0.113.7", "X-Forwarded-For: 198.51.100.9"}, "198.51.100.9"},
		"an empty X-Forwarded-For":              {"", "127.0.0.1:80", []string{"Forwarded: for=198.51.100.9", "X-Forwarded-For: "}, "198.51.100.9"},
		"rubbish":                               {"", "10.1.2.3:80", []string{"X-Forwarded-For: 198.51.100.9, unknown"}, "10.1.2.3 hidden"},
		"only private ones: the first":          {"", "127.0.0.1:80", []string{"X-Forwarded-For: 10.1.1.1"}, "10.1.1.1"},
		"here, and nothing said":                {"", "127.0.0.1:80", nil, "127.0.0.1 hidden"},
		"through a socket, and nothing said":    {"", unix, nil, "invalid IP hidden"},
		"named, and nothing said":               {"192.0.2.1", "192.0.2.1:80", nil, "192.0.2.1 hidden"},
		"private, and only the scheme said":     {"", "10.1.2.3:80", []string{"X-Forwarded-Proto: https"}, "10.1.2.3 hidden"},
		"private, and only Via":                 {"", "10.1.2.3:80", []string{"Via: 1.1 proxy"}, "10.1.2.3 hidden"},
		"private, and only X-Real-IP":           {"", "10.1.2.3:80", []string{"X-Real-IP: 198.51.100.9"}, "10.1.2.3 hidden"},
	} {
		t.Run(name, func(t *testing.T) {
			address, hidden := networks(t, c.proxies).visitor(asked(c.remote, c.lines...))
			got := address.String()
			if hidden {
				got += " hidden"
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestIsSecure(t *testing.T) {
	for line, want := range map[string]bool{
		"":                                        false,
		"X-Forwarded-Proto: https":                true,
		"X-Forwarded-Proto: HTTPS":                true,
		"X-Forwarded-Proto: http":                 false,
		"X-Forwarded-Proto: https, http":          true,
		"X-Forwarded-Proto: http, https":          false,
		"Forwarded: for=198.51.100.9;proto=https": true,
		"Forwarded: proto=http, proto=https":      false,
		"Forwarded: for=198.51.100.9":             false,
	} {
		if got := isSecure(asked("127.0.0.1:80", line)); got != want {
			t.Errorf("%q: got %v, want %v", line, got, want)
		}
	}
}

func TestNetworks(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "",
		"none":                                "none",
		"192.0.2.7, 10.1.2.3/8 2001:db8::/32": "192.0.2.7/32,10.0.0.0/8,2001:db8::/32",
	} {
		got, err := networks(t, text).MarshalText()
		if err != nil || string(got) != want {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"example.org", "10.0.0.0/33", "none,10.0.0.0/8"} {
		var n Networks
		if err := n.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for networks", text)
		}
	}
}
