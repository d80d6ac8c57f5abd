package guard_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/app/guard"
)

func catalogue() *consent.Catalogue {
	return &consent.Catalogue{
		Cookie: consent.CookieSettings{Name: consent.CookieName, Lifetime: consent.Duration{Count: 6, Unit: consent.Month}},
		Categories: []consent.Category{
			{ID: "necessary", Necessary: true}, {ID: "statistics"}, {ID: "third-party"},
		},
		Services: []consent.Service{
			{ID: "cdn", Category: "necessary", Hosts: []string{"cdn.example"}},
			{ID: "counter", Category: "statistics", Anonymous: true, Hosts: []string{"count.example"}},
			{ID: "video", Category: "third-party", Hosts: []string{"video.example", "*.video.example", "shared.example"}},
			{ID: "map", Category: "third-party", Hosts: []string{"tiles.example", "shared.example"}},
		},
	}
}

// sources returns the hosts that the policy lets scripts come from; each other
// directive that loads has the same.
func sources(t *testing.T, policy string) string {
	t.Helper()
	var first string
	for directive := range strings.SplitSeq(policy, "; ") {
		name, list, _ := strings.Cut(directive, " ")
		var hosts []string
		for _, source := range strings.Fields(list) {
			if strings.Contains(source, ".") {
				hosts = append(hosts, source)
			}
		}
		got := strings.Join(hosts, " ")
		switch name {
		case "script-src":
			first = got
		case "object-src", "base-uri":
			if got != "" {
				t.Errorf("%s lets %s through", name, got)
			}
		default:
			if got != first {
				t.Errorf("%s lets %q through, script-src %q", name, got, first)
			}
		}
	}
	return first
}

func TestPolicy(t *testing.T) {
	c := catalogue()
	for name, test := range map[string]struct {
		record *consent.Record
		want   string
	}{
		"nothing answered": {nil, "cdn.example count.example"},
		"all refused":      {&consent.Record{Choices: c.Refuse()}, "cdn.example"},
		"all accepted": {&consent.Record{Choices: c.Accept()},
			"*.video.example cdn.example count.example shared.example tiles.example video.example"},
		"one service": {&consent.Record{Choices: c.Refuse(), Services: consent.Choices{{ID: "map", Granted: true}}},
			"cdn.example tiles.example"},
		"all services of a shared host": {&consent.Record{Choices: c.Refuse(), Services: consent.Choices{{ID: "video", Granted: true}, {ID: "map", Granted: true}}},
			"*.video.example cdn.example shared.example tiles.example video.example"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sources(t, guard.Policy(c, test.record)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	t.Run("whole", func(t *testing.T) {
		c.Services = c.Services[:1]
		const want = "script-src 'self' 'wasm-unsafe-eval' cdn.example; style-src 'self' 'unsafe-inline' cdn.example; " +
			"img-src 'self' data: cdn.example; font-src 'self' data: cdn.example; connect-src 'self' cdn.example; " +
			"frame-src 'self' cdn.example; media-src 'self' cdn.example; object-src 'none'; base-uri 'self'"
		if got := guard.Policy(c, nil); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestPolicy_HostileHosts(t *testing.T) {
	c := catalogue()
	c.Services[0].Hosts = []string{"a.example; script-src *", "*", "'unsafe-inline'", "a.example\r\nX: y", "https:", "a.example,b.example", ""}
	if got := sources(t, guard.Policy(c, nil)); got != "count.example" {
		t.Errorf("got %q, want none of the hostile ones", got)
	}
}

func TestMiddleware(t *testing.T) {
	c := catalogue()
	cookie := func(choices consent.Choices) string {
		record := consent.Record{ID: consent.NewID(), Rev: c.Rev(), At: time.Now(), Choices: choices}
		value, err := record.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return c.Cookie.Name + "=" + value
	}
	for name, test := range map[string]struct {
		header map[string]string
		gpc    consent.GPC
		want   string // a host that is let through at the most
	}{
		"no cookie":                    {nil, "", "count.example"},
		"accepted":                     {map[string]string{"Cookie": cookie(c.Accept())}, "", "video.example"},
		"accepted, among others":       {map[string]string{"Cookie": `a="b"; ` + cookie(c.Accept()) + "; c=d"}, "", "video.example"},
		"refused":                      {map[string]string{"Cookie": cookie(c.Refuse())}, "", "cdn.example"},
		"tampered":                     {map[string]string{"Cookie": c.Cookie.Name + "=%7B%22v%22%3A1%7D"}, "", "count.example"},
		"signal":                       {map[string]string{"Sec-GPC": "1"}, "", "cdn.example"},
		"signal, where the site asks":  {map[string]string{"Sec-GPC": "1"}, consent.GPCAsk, "count.example"},
		"signal of another value":      {map[string]string{"Sec-GPC": "0"}, "", "count.example"},
		"an answer stands over signal": {map[string]string{"Sec-GPC": "1", "Cookie": cookie(c.Accept())}, "", "video.example"},
	} {
		t.Run(name, func(t *testing.T) {
			c := catalogue()
			c.GPC = test.gpc
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for key, value := range test.header {
				r.Header.Set(key, value)
			}
			w := httptest.NewRecorder()
			guard.Middleware(c, http.NotFoundHandler()).ServeHTTP(w, r)

			got := sources(t, w.Header().Get("Content-Security-Policy"))
			want := map[string]string{
				"cdn.example":   "cdn.example",
				"count.example": "cdn.example count.example",
				"video.example": "*.video.example cdn.example count.example shared.example tiles.example video.example",
			}[test.want]
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if w.Code != http.StatusNotFound || !strings.Contains(w.Header().Get("Vary"), "Cookie") ||
				!strings.Contains(w.Header().Get("Cache-Control"), "private") {
				t.Errorf("got %d, Vary %q, Cache-Control %q", w.Code, w.Header().Get("Vary"), w.Header().Get("Cache-Control"))
			}
		})
	}
}
