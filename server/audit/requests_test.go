package audit

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

func TestBare(t *testing.T) {
	for address, want := range map[string]string{
		"https://user:pass@a.example/p?id=17&v=2#x": "https://a.example/p?id&v",
		"https://a.example/p?token":                 "https://a.example/p?token",
		"https://a.example":                         "https://a.example",
		"about:srcdoc":                              "about:srcdoc",
	} {
		if got := bare(address); got != want {
			t.Errorf("bare(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestRecorder_RequestsNameWhatTheyAreFor(t *testing.T) {
	r := told(t)
	asks(r, "page", "https://www.site.example/", nil)
	r.count([]*network.Cookie{jarOf("visitor", "k3x9q0p2m8", day)})
	script := func(id network.RequestID, address, by string) {
		r.isSent(&network.EventRequestWillBeSent{RequestID: id, FrameID: "TOP", Type: network.ResourceTypeScript, Request: &network.Request{URL: address, Method: "GET"},
			Initiator: &network.Initiator{Type: "script", Stack: &runtime.StackTrace{CallFrames: []*runtime.CallFrame{{URL: by}}}}}, "")
	}
	script("a", "https://cdn.example/tags.js", "https://www.site.example/")
	script("b", "https://ads.example/pixel?uid=k3x9q0p2m8&v=4f2a9c81d0e34b7f&lang=fr", "https://cdn.example/tags.js")
	requests := r.sentRequests()
	last := requests[len(requests)-1]
	if want := []string{"https://cdn.example/tags.js", "https://www.site.example/"}; !slices.Equal(last.Initiators, want) {
		t.Errorf("initiators %v, want %v", last.Initiators, want)
	}
	if want := []string{"uid"}; !slices.Equal(last.Identifiers, want) {
		t.Errorf("identifiers %v, want %v", last.Identifiers, want)
	}
	if last.URL != "https://ads.example/pixel?uid&v&lang" || !last.ThirdParty {
		t.Errorf("got %+v", last)
	}
	// The recorder knows the value; nothing that leaves it does.
	text, err := json.Marshal(struct {
		R []Request
		C []Cookie
	}{requests, r.cookies()})
	if err != nil || strings.Contains(string(text), "k3x9q0p2m8") {
		t.Errorf("a cookie's value is in %s (%v)", text, err)
	}
}

// TestRecorder_RequestsOfRedirects: each hop is one of its own, with the cookies that it set.
func TestRecorder_RequestsOfRedirects(t *testing.T) {
	r := told(t)
	hop := func(address string, from *network.Response) {
		r.isSent(&network.EventRequestWillBeSent{RequestID: "1", FrameID: "TOP", Type: network.ResourceTypeImage, Request: &network.Request{URL: address, Method: "GET"},
			RedirectResponse: from, RedirectHasExtraInfo: from != nil}, "")
	}
	hop("https://www.site.example/go", nil)
	r.isAnsweredWith(&network.EventResponseReceivedExtraInfo{RequestID: "1", StatusCode: 302, Headers: network.Headers{"set-cookie": "first=1"}}, true)
	hop("https://ads.example/end", &network.Response{Status: 302})
	r.isAnsweredWith(&network.EventResponseReceivedExtraInfo{RequestID: "1", StatusCode: 200, Headers: network.Headers{"set-cookie": "second=1"}}, true)
	requests := r.sentRequests()
	if len(requests) != 2 || requests[0].Status != 302 || !slices.Equal(requests[0].Sets, []string{"first"}) || !slices.Equal(requests[1].Sets, []string{"second"}) {
		t.Fatalf("got %+v", requests)
	}
	if !slices.Equal(requests[1].Initiators, []string{"https://www.site.example/go"}) {
		t.Errorf("the second is from %v", requests[1].Initiators)
	}
}

// TestRecorder_RequestsThatNeverLeft: what the page's policy keeps in was not sent, but for the
// redirect that led there; what is refused once it was answered was.
func TestRecorder_RequestsThatNeverLeft(t *testing.T) {
	r := told(t)
	sent := func(id network.RequestID, address string, from *network.Response, why network.BlockedReason) {
		r.isSent(&network.EventRequestWillBeSent{RequestID: id, FrameID: "TOP", Type: network.ResourceTypeImage, Request: &network.Request{URL: address, Method: "GET"}, RedirectResponse: from}, "")
		r.isHeld(id, why)
	}
	sent("1", "https://www.site.example/go", nil, "")
	sent("1", "https://ads.example/end", &network.Response{Status: 302}, network.BlockedReasonCsp)
	sent("2", "https://ads.example/pixel", nil, network.BlockedReasonMixedContent)
	sent("3", "https://ads.example/read", nil, network.BlockedReasonCorpNotSameOrigin)
	var got []string
	for _, request := range r.sentRequests() {
		got = append(got, request.URL)
	}
	if want := []string{"https://www.site.example/go", "https://ads.example/read"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.add([]logged{{at: time.Now(), url: "https://ads.example/pixel", method: "GET"}})
	if all := r.sentRequests(); len(all) != 3 {
		t.Errorf("got %+v; what the network's log tells of did leave", all)
	}
}
