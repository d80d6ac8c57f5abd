package site

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// gateBundle is the part of the loader's bundle that the gate works by.
type gateBundle struct {
	// GPC is whether the browser's Global Privacy Control refuses anything.
	GPC    bool             `json:"gpc"`
	Reload catalogue.Reload `json:"reload"`
	// Hosts are the rules by which addresses wait, in the order in which they count:
	// the pattern, and the services that all have to be allowed, divided by spaces;
	// see [consent.HostRule].
	Hosts [][2]string `json:"hosts,omitempty"`
	// HeldWait is whether what scripts ask these for waits, where it can.
	HeldWait bool `json:"heldWait,omitempty"`
	// Erase holds what goes when a service is no longer allowed, by service.
	Erase map[string]erasure `json:"erase,omitempty"`
	// Keep names what stays whatever a service's pattern says: the choice itself,
	// and what necessary services keep.
	Keep    *erasure `json:"keep,omitempty"`
	Signals *signals `json:"signals,omitempty"`
}

// erasure names what one service keeps in the browser: Kept as it is, the rest as
// JavaScript's regular expressions, which weigh less there than patterns.
type erasure struct {
	Cookies []string `json:"cookies,omitempty"`
	// Kept are the cookies that no script can delete: those of other sites, and
	// those that only servers see.
	Kept      []string `json:"kept,omitempty"`
	Local     []string `json:"local,omitempty"`
	Session   []string `json:"session,omitempty"`
	Databases []string `json:"databases,omitempty"`
	Caches    []string `json:"caches,omitempty"`
}

// signals says which services are told of the choice by the page.
type signals struct {
	Google       *googleSignal `json:"google,omitempty"`
	Matomo       string        `json:"matomo,omitempty"`
	MatomoExempt string        `json:"matomoExempt,omitempty"`
	UET          string        `json:"uet,omitempty"`
	Clarity      string        `json:"clarity,omitempty"`
}

type googleSignal struct {
	Types       map[string]string `json:"types"` // category or service by consent type
	Layer       string            `json:"layer,omitempty"`
	Wait        int               `json:"wait,omitempty"`
	Passthrough bool              `json:"passthrough,omitempty"`
	Redaction   bool              `json:"redaction,omitempty"`
}

// loader names the loader that has the parts which these need (server/tools/build).
func (g gateBundle) loader() string {
	name := "loader"
	if len(g.Hosts) > 0 {
		name += ".hold"
	}
	if g.Signals != nil {
		name += ".signals"
	}
	if len(g.Erase) > 0 {
		name += ".withdraw"
	}
	return name + ".js"
}

func gateOf(c *catalogue.Catalogue) gateBundle {
	g := gateBundle{
		Erase:    map[string]erasure{},
		GPC:      c.HonoursGPC() && len(c.Refusable()) > 0,
		Reload:   c.Reload,
		Signals:  signalsOf(c),
		HeldWait: c.HeldRequests == catalogue.HeldWait,
	}
	for _, rule := range c.HostRules() {
		g.Hosts = append(g.Hosts, [2]string{rule.Pattern, strings.Join(rule.Services, " ")})
	}
	keep := erasure{Cookies: expressions(c.Cookie.Name), Local: expressions("temoin.receipts"), Session: expressions("temoin")}
	for _, service := range c.Services {
		e, any := erasureOf(service)
		switch {
		case !any:
		case c.Category(service.Category).Necessary:
			keep.add(e)
		default:
			g.Erase[service.ID] = e
		}
	}
	if len(g.Erase) > 0 {
		// A catalogue may name what is Témoin's own among its necessary services.
		for _, names := range []*[]string{&keep.Cookies, &keep.Local} {
			slices.Sort(*names)
			*names = slices.Compact(*names)
		}
		g.Keep = &keep
	}
	return g
}

func (e *erasure) add(other erasure) {
	e.Cookies = append(e.Cookies, other.Cookies...)
	e.Local = append(e.Local, other.Local...)
	e.Session = append(e.Session, other.Session...)
	e.Databases = append(e.Databases, other.Databases...)
	e.Caches = append(e.Caches, other.Caches...)
}

// erasureOf returns what the service keeps, and whether that is anything.
func erasureOf(service consent.Service) (e erasure, any bool) {
	for _, cookie := range service.Cookies {
		if cookie.HTTPOnly || cookie.Party == consent.ThirdParty {
			e.Kept = append(e.Kept, cookie.Name)
		} else {
			e.Cookies = append(e.Cookies, expressions(cookie.Name)...)
		}
	}
	if s := service.Storage; s != nil {
		e.Local, e.Session = expressions(s.Local...), expressions(s.Session...)
		e.Databases, e.Caches = expressions(s.Databases...), expressions(s.Caches...)
	}
	return e, len(e.Cookies)+len(e.Kept)+len(e.Local)+len(e.Session)+len(e.Databases)+len(e.Caches) > 0
}

// expressions translates patterns, in which * stands for any characters.
func expressions(patterns ...string) []string {
	var all []string
	for _, pattern := range patterns {
		all = append(all, "^"+strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")+"$")
	}
	return all
}

// signalsOf returns nil where no service takes a signal.
func signalsOf(c *catalogue.Catalogue) *signals {
	ids := map[consent.Signal]string{}
	for _, service := range c.Services {
		if service.Signal != "" {
			ids[service.Signal] = service.ID
		}
	}
	if len(ids) == 0 {
		return nil
	}
	s := &signals{
		Matomo:       ids[consent.SignalMatomo],
		MatomoExempt: ids[consent.SignalMatomoExempt],
		UET:          ids[consent.SignalUET],
		Clarity:      ids[consent.SignalClarity],
	}
	if ids[consent.SignalGoogle] != "" {
		s.Google = googleSignalOf(c)
	}
	return s
}

func googleSignalOf(c *catalogue.Catalogue) *googleSignal {
	g := &googleSignal{Types: c.GoogleTypes()}
	if settings := c.GoogleConsent; settings != nil {
		g.Layer = settings.Layer
		g.Wait, g.Passthrough, g.Redaction = settings.WaitForUpdate, settings.URLPassthrough, settings.AdsDataRedaction
	}
	return g
}

// gpcPath is where a site says that it honours Global Privacy Control (W3C GPC,
// section 5, "GPC support resource").
const gpcPath = "/.well-known/gpc.json"

// gpcStatement says whether the signal refuses, and since when the site says so.
func gpcStatement(c *catalogue.Catalogue, updated time.Time) []byte {
	return fmt.Appendf(nil, `{"gpc": %t, "lastUpdate": %q}`+"\n", c.HonoursGPC(), updated.UTC().Format(time.DateOnly))
}

// LastUpdate returns when what the site says was last changed: its catalogue at
// path or, where it serves the embedded one, the program.
func LastUpdate(path string) time.Time {
	program, _ := os.Executable()
	for _, file := range []string{path, program} {
		if info, err := os.Stat(file); err == nil {
			return info.ModTime()
		}
	}
	return time.Now() // a program that cannot see itself
}
