package consent_test

import (
	"encoding/json"
	"strings"
	"testing"

	"temoin.example/temoin/app/consent"
)

// gated is the portal with all that the gate works by.
func gated() *consent.Catalogue {
	c := portal()
	c.GPC = consent.GPCAsk
	c.Services[2].Signal = consent.SignalGoogle
	c.Services[2].Cookies[0].HTTPOnly = true
	c.Services[4].Hosts = []string{"*.youtube.com"}
	c.Services[4].Storage = &consent.Storage{Local: []string{"yt-*"}}
	return c
}

// TestGate_NothingIsAskedAnew: how a choice is carried out is no part of what
// was consented to.
func TestGate_NothingIsAskedAnew(t *testing.T) {
	if got, want := gated().Rev(), portal().Rev(); got != want {
		t.Errorf("got the revision %s, want %s", got, want)
	}
}

func TestGate_TheInterfaceTravelsLight(t *testing.T) {
	c := gated()
	got, err := json.Marshal(c.Only("en"))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"hosts", "storage", "signal", "http-only", "gpc"} {
		if strings.Contains(string(got), `"`+key+`"`) {
			t.Errorf("%q is left in %s", key, got)
		}
	}
	if c.Services[4].Storage == nil || !c.Services[2].Cookies[0].HTTPOnly {
		t.Error("the catalogue itself was changed")
	}
}

func TestCatalogue_HonoursGPC(t *testing.T) {
	for gpc, want := range map[consent.GPC]bool{"": true, consent.GPCRefuse: true, consent.GPCAsk: false} {
		if got := (&consent.Catalogue{GPC: gpc}).HonoursGPC(); got != want {
			t.Errorf("%q: got %t, want %t", gpc, got, want)
		}
	}
}

func TestHostMatches(t *testing.T) {
	for _, test := range []struct {
		pattern, host string
		want          bool
	}{
		{"www.youtube.com", "www.youtube.com", true},
		{"www.youtube.com", "youtube.com", false},
		{"youtube.com", "www.youtube.com", false},
		{"youtube.com", "notyoutube.com", false},
		{"*.youtube.com", "www.youtube.com", true},
		{"*.youtube.com", "a.b.youtube.com", true},
		{"*.youtube.com", "youtube.com", false},
		{"*.youtube.com", ".youtube.com", false},
		{"*.youtube.com", "notyoutube.com", false},
		{"*.youtube.com", "youtube.com.example", false},
	} {
		t.Run(test.pattern+" and "+test.host, func(t *testing.T) {
			if got := consent.HostMatches(test.pattern, test.host); got != test.want {
				t.Errorf("got %t, want %t", got, test.want)
			}
		})
	}
}
