package audit

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
)

func TestParseAddress(t *testing.T) {
	for address, want := range map[string]string{
		"https://a.example/100%":          "https://a.example/100%25",
		"https://a.example/%zz%2Fb%4":     "https://a.example/%25zz%2Fb%254",
		"https://a.example/%C3%A9?a=5%&b": "https://a.example/%C3%A9?a=5%25&b",
		"https://a.example/a#50%":         "https://a.example/a#50%25",
	} {
		got, err := parseAddress(address)
		if err != nil || got.String() != want {
			t.Errorf("parseAddress(%q) = %v, %v; want %q", address, got, err, want)
		}
	}
}

// TestRecorder_LonePercent: a browser asks for it, and so it is seen: whose it is, and what it tells.
func TestRecorder_LonePercent(t *testing.T) {
	r := told(t)
	r.count([]*network.Cookie{jarOf("visitor", "k3x9q0p2m8", day)})
	const address = "https://ads.example/100%?part=5%&uid=k3x9q0p2m8"
	asks(r, "1", address, network.Headers{"set-cookie": "seen=1; Max-Age=99"})
	r.take(map[string]found{address: {Origin: "https://ads.example", Kept: []item{{Kind: LocalStorage, Key: "id", Value: "1"}}}})
	r.isNoted(note{Kind: "session", Key: "mark", Value: "1", Frame: address})
	requests := r.sentRequests()
	if len(requests) != 1 {
		t.Fatalf("got %+v, want the request", requests)
	}
	got := requests[0]
	if got.URL != "https://ads.example/100%25?part&uid" || got.Host != "ads.example" || !got.ThirdParty || !slices.Equal(got.Identifiers, []string{"uid"}) {
		t.Errorf("got %+v", got)
	}
	if cookies := r.cookies(); !slices.ContainsFunc(cookies, func(c Cookie) bool { return c.Name == "seen" && c.Domain == "ads.example" }) {
		t.Errorf("got %+v, want the cookie of its response", cookies)
	}
	if stored := r.stored(); len(stored) != 2 || stored[0].Origin != "https://ads.example" || stored[1].Origin != "https://ads.example" {
		t.Errorf("got %+v, want what its document keeps", stored)
	}
}

func TestCrawl_LonePercent(t *testing.T) {
	c := crawling(t, "User-agent: *\nDisallow: /admin\n")
	c.add([]string{"https://site.example/100%"})
	if err := c.give([]string{"/50%", "https://site.example/5%"}); err != nil || len(c.pages()) != 4 {
		t.Errorf("got %v and %v, want the pages", c.pages(), err)
	}
}

func TestSite(t *testing.T) {
	for host, want := range map[string]string{"data.ville.gouv.fr": "ville.gouv.fr", "www.site.co.uk": "site.co.uk", "127.0.0.1": "127.0.0.1", "localhost": "localhost", "a.b.test": "b.test"} {
		if got := domainOf(host); got != want {
			t.Errorf("domainOf(%q) = %q, want %q", host, got, want)
		}
	}
	for _, address := range []string{"", "site.example", "ftp://site.example/", "https://", "::"} {
		if _, err := newSite(address); err == nil {
			t.Errorf("%q is taken for a page's address", address)
		}
	}
}
