package audit

import (
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// told returns a recorder that has been told of one page load.
func told(t *testing.T) *recorder {
	t.Helper()
	s, err := newSite("https://www.site.example/")
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(s, Before)
	r.top = "TOP"
	r.begin("https://www.site.example/")
	r.isFrame(&cdp.Frame{ID: "TOP", URL: "https://www.site.example/"})
	return r
}

// asks tells of a request of the page, and of what was answered.
func asks(r *recorder, id network.RequestID, address string, headers network.Headers, blocked ...string) {
	r.isSent(&network.EventRequestWillBeSent{RequestID: id, FrameID: "TOP", Type: network.ResourceTypeImage, WallTime: cdp.TimeSinceEpoch(float64(time.Now().UnixMicro()) / 1e6),
		Request: &network.Request{URL: address, Method: "GET"}}, "")
	info := &network.EventResponseReceivedExtraInfo{RequestID: id, StatusCode: 200, Headers: headers}
	for _, line := range blocked {
		info.BlockedCookies = append(info.BlockedCookies, &network.BlockedSetCookieWithReason{CookieLine: line})
	}
	r.isAnsweredWith(info, true)
}

func jarOf(name, value string, life time.Duration) *network.Cookie {
	return &network.Cookie{Name: name, Value: value, Domain: ".site.example", Path: "/", Expires: float64(time.Now().Add(life).Unix())}
}

const day = 24 * time.Hour

func TestRecorder_CookiesNameWhoSetThem(t *testing.T) {
	r := told(t)
	asks(r, "1", "https://stats.site.example/hit?id=17", network.Headers{"Set-Cookie": "seen=abc; Domain=site.example; Max-Age=63072000\nrefused=1; Secure"}, "refused=1; Secure")
	r.isNoted(note{Kind: "cookie", Key: "www.site.example", Value: "by_script=1; path=/", By: "https://cdn.example/t.js?k=v", Frame: "https://www.site.example/"})
	r.count([]*network.Cookie{
		jarOf("seen", "abc", 400*day), // no browser keeps one for longer
		{Name: "by_script", Value: "1", Domain: "www.site.example", Path: "/", Session: true, Expires: -1},
	})
	cookies := r.cookies()
	if len(cookies) != 2 {
		t.Fatalf("got %d cookies, want those that the browser took: %+v", len(cookies), cookies)
	}
	byName := map[string]Cookie{}
	for _, c := range cookies {
		byName[c.Name] = c
	}
	seen := byName["seen"]
	if seen.Set != (Setter{Kind: "response", URL: "https://stats.site.example/hit?id"}) {
		t.Errorf("seen is set by %+v", seen.Set)
	}
	if want := Duration(2 * 365 * day); seen.Lifetime != want {
		t.Errorf("seen lives %s, want what the site asked for, %s", time.Duration(seen.Lifetime), time.Duration(want))
	}
	if seen.HostOnly || seen.Domain != "site.example" || seen.ThirdParty || !seen.Left {
		t.Errorf("seen is %+v", seen)
	}
	script := byName["by_script"]
	if script.Set != (Setter{Kind: "script", URL: "https://cdn.example/t.js?k"}) || !script.HostOnly || !script.Session || script.Lifetime != 0 {
		t.Errorf("by_script is %+v", script)
	}
}

func TestRecorder_CookiesKnowWhenTheyWereSet(t *testing.T) {
	r := told(t)
	asks(r, "1", "https://www.site.example/a", network.Headers{"set-cookie": "again=1; Domain=site.example; Max-Age=99"})
	r.count([]*network.Cookie{jarOf("again", "1", 99*time.Second), jarOf("once", "x", day), jarOf("changed", "x", day)})
	r.turnTo(After, time.Now())
	r.count([]*network.Cookie{jarOf("again", "1", 99*time.Second), jarOf("once", "x", day), jarOf("changed", "y", day)})
	r.turnTo(Reverted, time.Now())
	asks(r, "2", "https://www.site.example/b", network.Headers{"set-cookie": "again=1; Domain=site.example; Max-Age=99"})
	asks(r, "3", "https://www.site.example/c", network.Headers{"set-cookie": "once=; Domain=site.example; Max-Age=0"})
	r.count([]*network.Cookie{jarOf("again", "1", 99*time.Second)})
	want := map[string][]Phase{"again": {Before, Reverted}, "once": {Before}, "changed": {Before, After}}
	for _, c := range r.cookies() {
		if !slices.Equal(c.Phases, want[c.Name]) {
			t.Errorf("%s was set %v, want %v", c.Name, c.Phases, want[c.Name])
		}
		if c.Left != (c.Name == "again") {
			t.Errorf("%s: left %t", c.Name, c.Left)
		}
	}
}

// TestRecorder_CookiesThatAreGoneAtOnce: a cookie may be set and taken away between two looks at the profile.
func TestRecorder_CookiesThatAreGoneAtOnce(t *testing.T) {
	r := told(t)
	asks(r, "1", "https://ads.example/sync", network.Headers{"set-cookie": "brief=1; Secure; SameSite=None; Max-Age=60"})
	r.count(nil)
	cookies := r.cookies()
	if len(cookies) != 1 || cookies[0].Name != "brief" || !cookies[0].ThirdParty || cookies[0].Left || cookies[0].SameSite != "None" || cookies[0].Domain != "ads.example" {
		t.Errorf("got %+v", cookies)
	}
}
