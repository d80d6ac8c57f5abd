package audit

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/proxy"
)

func TestLedTo(t *testing.T) {
	rules, err := parseHostRules("MAP *.site.example 127.0.0.1:8080, MAP other.example [::1],MAP gone.example ~NOTFOUND, EXCLUDE www.site.example")
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"data.site.example": "127.0.0.1:8080",
		"DATA.site.example": "127.0.0.1:8080",
		"www.site.example":  "www.site.example:443",
		"other.example":     "[::1]:443",
		"third.example":     "third.example:443",
		"gone.example":      "",
	} {
		if got, err := ledTo(rules, host, "443"); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: got %q and %v, want %q", host, got, err, want)
		}
	}
}

// TestParseHostRules_Refuses: a rule that would not be kept to is said to be none.
func TestParseHostRules_Refuses(t *testing.T) {
	for _, text := range []string{"MAP site.example", "EXCLUDE", "data.example 127.0.0.1", "MAP site.example:80 127.0.0.1", "MAP [site.example 127.0.0.1", "MAP site.example 127.0.0.1:port", "MAP a.example 127.0.0.1,SEND b.example"} {
		if rules, err := parseHostRules(text); err == nil || !strings.Contains(err.Error(), "MAP data.example.org 127.0.0.1:8080") {
			t.Errorf("%s: got %v and %v", text, rules, err)
		}
	}
	if rules, err := parseHostRules(" , "); err != nil || len(rules) != 0 {
		t.Errorf("got %v and %v of no rules", rules, err)
	}
}

// TestRelay leads a client that speaks SOCKS5 where the rules say.
func TestRelay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Host) }))
	defer server.Close()
	rules, err := parseHostRules("MAP data.site.example " + server.Listener.Addr().String() + ", MAP * ~NOTFOUND")
	if err != nil {
		t.Fatal(err)
	}
	r, err := startRelay(t.Context(), rules)
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	dialer, err := proxy.SOCKS5("tcp", r.listener.Addr().String(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.(proxy.ContextDialer).DialContext}}
	defer client.CloseIdleConnections()
	got, err := client.Get("http://data.site.example/")
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if text, err := io.ReadAll(got.Body); err != nil || string(text) != "data.site.example" {
		t.Errorf("got %q and %v", text, err)
	}
	if got, err := client.Get("http://gone.example/"); err == nil {
		got.Body.Close()
		t.Error("a host that is not to be found was")
	}
	// Who speaks something else is sent away.
	other, err := net.Dial("tcp", r.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := io.WriteString(other, "GET / HTTP/1.1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(other); err == nil && len(text) > 0 {
		t.Errorf("got %q", text)
	}
}
