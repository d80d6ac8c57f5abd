package audit

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

// TestAudit_KeepsNoValue: what cookies and storages hold is in nothing that an audit makes of it,
// also where a site sends it along in a path; what is gone at once and what an earlier visitor had too.
func TestAudit_KeepsNoValue(t *testing.T) {
	const (
		counted = "k3x9q0p2m8a7b6c5"
		escaped = "a1|b2|c3|d4|e5|f6"
		brief   = "0f1e2d3c4b5a69788796"
		stored  = "visitor-2026-11-27-x"
		earlier = "1A2B3C4D5E6F7A8B9C0D"
	)
	r := told(t)
	r.others = map[string]bool{earlier: true}
	page := "https://www.site.example/u/" + counted + "/;jsessionid=" + earlier + "?lang=fr"
	r.begin(page)
	r.isFrame(&cdp.Frame{ID: "TOP", URL: page})
	r.isFrame(&cdp.Frame{ID: "FRAME", URL: "https://ads.example/f/" + stored + "?" + counted})
	r.count([]*network.Cookie{jarOf("visitor", counted, day), jarOf("parts", "a1%7Cb2%7Cc3%7Cd4%7Ce5%7Cf6", day)})
	script := "https://ads.example/s/" + stored + "/t.js?" + brief
	r.isNoted(note{Kind: "cookie", Key: "www.site.example", Value: "brief=" + brief, Taken: true, By: script, Frame: "https://ads.example/f/" + stored + "?x=1"})
	r.isNoted(note{Kind: "local", Key: "id", Value: stored, By: script, Frame: page})
	for i, address := range []string{
		"https://ads.example/p/" + counted + ".gif?" + brief, "https://ads.example/" + escaped, "https://ads.example/a1%7Cb2%7Cc3%7Cd4%7Ce5%7Cf6?" + earlier,
	} {
		r.isSent(&network.EventRequestWillBeSent{RequestID: network.RequestID(rune('a' + i)), FrameID: "FRAME", Type: network.ResourceTypeImage,
			Request: &network.Request{URL: address, Method: "GET"}, Initiator: &network.Initiator{Type: "parser", URL: script}}, "")
	}
	asks(r, "set", "https://www.site.example/set/"+brief, network.Headers{"set-cookie": "other=1; Max-Age=99"})
	a := &audit{seen: &Observation{}}
	a.keep(r, &State{Name: Refused, Pages: []Page{{URL: bare(page), Final: bare(page)}}})
	a.unseen(r.unsaidOf(Unseen{Page: bare(page), Why: "offers a file to keep, https://ads.example/" + counted}))
	text, err := json.Marshal(a.seen)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{counted, escaped, brief, stored, earlier, "a1%7Cb2"} {
		if strings.Contains(string(text), value) {
			t.Errorf("%s is in %s", value, text)
		}
	}
	state := a.seen.States[0]
	if len(state.Requests) != 4 || len(state.Cookies) != 4 || len(state.Stored) != 1 {
		t.Errorf("got %+v, want all that there was", state)
	}
	if got := state.Pages[0].URL; got != "https://www.site.example/u/***/;jsessionid=***?lang" {
		t.Errorf("got the page %q, want where the values were", got)
	}
}

// TestRecorder_UnsaidLeavesPages: what is no visitor's alone stays: short words, addresses, and hosts.
func TestRecorder_UnsaidLeavesPages(t *testing.T) {
	r := told(t)
	for _, value := range []string{"accueil2", "/actualites/2026/novembre", "https://www.site.example/donnees/2026", "stats2026.site.example"} {
		r.remember(value)
	}
	for _, address := range []string{"https://www.site.example/accueil2", "https://www.site.example/actualites/2026/novembre", "https://www.site.example/donnees/2026", "https://stats2026.site.example/hit"} {
		if got := r.unsaid(address); got != address {
			t.Errorf("got %q of %q", got, address)
		}
	}
}

// TestRun_SaysNoPassword: an address that is asked for may hold one.
func TestRun_SaysNoPassword(t *testing.T) {
	s, err := newSite("https://visitor:secret@site.example/?key=secret")
	if err != nil || s.said() != "https://site.example/?key" {
		t.Errorf("got %q (%v)", s.said(), err)
	}
	var progress strings.Builder
	_, err = Run(t.Context(), Options{URL: s.start.String(), Browser: "/nowhere/chromium", Progress: &progress, PageTime: time.Second})
	if err == nil || strings.Contains(err.Error()+progress.String(), "secret") {
		t.Errorf("got %v, and before it %q", err, progress.String())
	}
}
