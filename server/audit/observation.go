// Package audit looks at a site with a real browser, as visitors who answer differently meet it,
// and says where the site does not keep its word.
//
// Looking and judging are apart: [Run] drives the browser and returns an [Observation], which holds
// facts alone; what they mean is decided of an Observation, without a browser.
package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Observation is what was seen of a site, in each state. No value of a cookie or of a storage's key
// is in it: only its hash, so that two can be told apart. Short values, and those that are addresses,
// may be in the path of an address: nobody could tell them from its own words.
type Observation struct {
	Site    string    `json:"site"`    // the address that was asked for
	Browser string    `json:"browser"` // product and version, "HeadlessChrome/156.0.8078.108"
	Started time.Time `json:"started"`
	Took    Duration  `json:"took"`
	// Banner says whose it is: "temoin", a name from autoconsent's rules, or "" where none is known.
	Banner string `json:"banner"`
	// Temoin is set where the site's banner is Témoin's own.
	Temoin *Temoin `json:"temoin,omitempty"`
	States []State `json:"states"`
	// Unseen says what could not be looked at, and why: a page that hung, a download, a state that
	// could not be brought about. What is judged of the rest holds nevertheless.
	Unseen []Unseen `json:"unseen"`
}

// Temoin is what a site with Témoin's tag says of itself.
type Temoin struct {
	Cookie     string   `json:"cookie"`              // name of the cookie that keeps the answer
	Catalogue  string   `json:"catalogue,omitempty"` // address of its catalogue, where one is served
	Categories []string `json:"categories"`          // ids of those that a visitor is asked about, in their order
	Source     []byte   `json:"-"`                   // what the catalogue's address answered: JSON
}

// Unseen is what could not be looked at.
type Unseen struct {
	State string `json:"state,omitempty"`
	Page  string `json:"page,omitempty"`
	Kind  Trap   `json:"kind"`
	Why   string `json:"why"` // a sentence's end for a person: "did not load within 30s"
}

// Trap is why something could not be seen.
type Trap string

// The traps.
const (
	TrapTime       Trap = "time"       // did not come, or become quiet, within its time
	TrapRedirects  Trap = "redirects"  // led on for ever
	TrapDownload   Trap = "download"   // was a file to keep, and was refused
	TrapDialog     Trap = "dialog"     // alert, confirm, prompt or beforeunload: dismissed
	TrapPermission Trap = "permission" // asked for a permission: refused
	TrapCrash      Trap = "crash"      // the page's process ended
	TrapFailed     Trap = "failed"     // the network or the server refused it
	TrapRobots     Trap = "robots"     // robots.txt forbids it
	TrapAnswer     Trap = "answer"     // could not be answered: no known banner, or no rules
	TrapElsewhere  Trap = "elsewhere"  // led to another site
	TrapLimit      Trap = "limit"      // more than what an audit keeps
	TrapBrowser    Trap = "browser"    // the browser does not tell it, of any page
)

// StateName names a state: one visitor with a profile of their own.
type StateName string

// The states. A category alone is [OnlyState] of it.
const (
	Unanswered StateName = "unanswered" // nothing is answered
	Refused    StateName = "refused"
	Accepted   StateName = "accepted"
	Withdrawn  StateName = "withdrawn" // refused after accepting
	GPC        StateName = "gpc"       // Global Privacy Control on, nothing answered
	Returning  StateName = "returning" // accepted, then a new browser with the same profile
)

// onlyPrefix begins the name of a state where one category alone is allowed.
const onlyPrefix = "only:"

// OnlyState names the state where that category alone is allowed, "only:statistics".
func OnlyState(category string) StateName { return StateName(onlyPrefix + category) }

// Only returns the category that alone is allowed in the state, or "".
func (n StateName) Only() string {
	if len(n) > len(onlyPrefix) && n[:len(onlyPrefix)] == onlyPrefix {
		return string(n[len(onlyPrefix):])
	}
	return ""
}

// plainStates are those that are not of one category alone.
var plainStates = []StateName{Unanswered, Refused, Accepted, Withdrawn, GPC, Returning}

// ParseState reads the name of a state. Whether a site has the category of one is not known yet.
func ParseState(name string) (StateName, error) {
	if n := StateName(name); n.Only() != "" || slices.Contains(plainStates, n) {
		return n, nil
	}
	return "", fmt.Errorf("no visitor %q; there are %s", name, named(append(slices.Clone(plainStates), OnlyState("CATEGORY"))))
}

// named names states in a sentence.
func named(states []StateName) string {
	words := make([]string, len(states))
	for i, state := range states {
		words[i] = string(state)
	}
	return strings.Join(words, ", ")
}

// State is what one visitor met, from the first page to the last.
type State struct {
	Name StateName `json:"name"`
	// Answered says how the answer was given: "temoin", "autoconsent:<rule>",
	// "interface:<rule>" where the banner's own took an answer back, or "" where none was
	// to be given, or none could be: then Problem says why, and nothing may be concluded from
	// what came after.
	Answered string `json:"answered,omitempty"`
	Problem  string `json:"problem,omitempty"`
	// Answers are when answers were given, after the state's start: one, or two for a withdrawal.
	Answers  []Duration `json:"answers,omitempty"`
	Banner   Banner     `json:"banner"`
	Pages    []Page     `json:"pages"`
	Cookies  []Cookie   `json:"cookies"`
	Stored   []Stored   `json:"stored"`
	Requests []Request  `json:"requests"`
	// Dialogs and permissions that pages asked for, "alert", "notifications".
	Asked []string `json:"asked,omitempty"`
}

// Phase is when something happened in a state, by the answers given in it.
type Phase string

// The phases. Without an answer all is before it. A state's first answer begins "after", at the moment
// that it is given; in the state returning, all is after the answer, that an earlier browser gave.
const (
	Before   Phase = "before"
	After    Phase = "after"    // after the answer
	Reverted Phase = "reverted" // after the second answer, that takes the first one back
)

// Banner is what the first page of a state shows of a banner, before any answer.
type Banner struct {
	Visible bool     `json:"visible"`
	Buttons []Button `json:"buttons,omitempty"` // what can be pressed in it, in their order
	// AcceptClicks and RefuseClicks are how many presses it takes; 0 is unknown, -1 is none that could be found.
	AcceptClicks int    `json:"acceptClicks"`
	RefuseClicks int    `json:"refuseClicks"`
	Picture      []byte `json:"picture,omitempty"` // PNG of the window
}

// Button is what a banner offers.
type Button struct {
	Text    string  `json:"text"`
	Role    Role    `json:"role"`
	Visible bool    `json:"visible"`
	Width   float64 `json:"width"` // in CSS pixels
	Height  float64 `json:"height"`
}

// Role is what a button does, as its words say; "" is unknown.
type Role string

// The roles.
const (
	RoleAccept   Role = "accept"
	RoleRefuse   Role = "refuse"
	RoleSettings Role = "settings"
	RoleSave     Role = "save" // what was chosen
)

// Page is one load of a page.
type Page struct {
	URL    string   `json:"url"`             // that was asked for
	Final  string   `json:"final,omitempty"` // where it led
	Title  string   `json:"title,omitempty"`
	Status int      `json:"status,omitempty"`
	At     Duration `json:"at"`     // after the state's start
	Loaded Duration `json:"loaded"` // after At, of the load event; 0 if it never came
	Quiet  bool     `json:"quiet"`  // whether it became quiet before it was left
	Phase  Phase    `json:"phase"`
}

// Cookie is one cookie of the profile, by name, domain, path and partition.
type Cookie struct {
	Name        string   `json:"name"`
	Domain      string   `json:"domain"` // without a leading dot
	Path        string   `json:"path"`
	HostOnly    bool     `json:"hostOnly"`
	Secure      bool     `json:"secure"`
	HTTPOnly    bool     `json:"httpOnly"`
	SameSite    string   `json:"sameSite,omitempty"`    // "Strict", "Lax", "None", or "" where the site did not say
	Partitioned string   `json:"partitioned,omitempty"` // the top-level site of its partition
	ThirdParty  bool     `json:"thirdParty"`            // of another site than the audited one
	Session     bool     `json:"session"`
	Lifetime    Duration `json:"lifetime,omitempty"` // from when it was first seen, or as its line says; 0 for a session's
	Hash        string   `json:"hash"`               // 8 hex digits of its value
	Page        string   `json:"page"`               // where it was first seen
	At          Duration `json:"at"`                 // after the state's start, no later than it was first seen
	Phase       Phase    `json:"phase"`              // when it was set first
	// Phases are all in which it was set, or set anew with another value or end.
	Phases []Phase `json:"phases"`
	Set    Setter  `json:"set"`
	// Left is set where it was still there at the state's end.
	Left bool `json:"left"`
}

// Setter is who set something.
type Setter struct {
	// Kind is "response" (Set-Cookie), "script" (document.cookie, cookieStore, a storage), or "" where it could not be told.
	Kind string `json:"kind,omitempty"`
	URL  string `json:"url,omitempty"` // the response's or script's; "" for a script whose address is not known
	// Frame is the address of the document that it was set in, where that is not the page.
	Frame string `json:"frame,omitempty"`
}

// StoredKind is where something is stored in the browser.
type StoredKind string

// The kinds.
const (
	LocalStorage   StoredKind = "local"
	SessionStorage StoredKind = "session"
	IndexedDB      StoredKind = "indexeddb"
	CacheStorage   StoredKind = "cache"
	ServiceWorker  StoredKind = "serviceworker"
)

// Stored is what a page keeps in the browser beside cookies.
type Stored struct {
	Kind       StoredKind `json:"kind"`
	Origin     string     `json:"origin"`
	Key        string     `json:"key"` // of the storage, or the name of the database or cache, or the worker's scope
	Bytes      int        `json:"bytes,omitempty"`
	Hash       string     `json:"hash,omitempty"`
	ThirdParty bool       `json:"thirdParty"`
	Page       string     `json:"page"`
	At         Duration   `json:"at"`
	Phase      Phase      `json:"phase"`
	Phases     []Phase    `json:"phases"`
	Set        Setter     `json:"set"`
	Left       bool       `json:"left"`
}

// Request is one request that left the browser, or that it meant to send. Each hop of a redirect
// is one of its own.
type Request struct {
	URL    string `json:"url"` // without the values of its query
	Method string `json:"method"`
	// Type is as the DevTools protocol names it: Document, Stylesheet, Image, Media, Font, Script,
	// XHR, Fetch, Prefetch, EventSource, WebSocket, Ping, Manifest, Other; or Preconnect.
	Type       string `json:"type"`
	Host       string `json:"host"`
	ThirdParty bool   `json:"thirdParty"`
	Page       string `json:"page"`
	Frame      string `json:"frame,omitempty"` // the address of its document, where that is not the page
	From       string `json:"from,omitempty"`  // "worker", "shared_worker", "service_worker", or "" for a document
	// Initiators lead from what asked for it to the page: addresses of scripts, style sheets, redirects.
	Initiators []string `json:"initiators,omitempty"`
	Cookies    []string `json:"cookies,omitempty"` // names of those sent with it
	Sets       []string `json:"sets,omitempty"`    // names in the Set-Cookie lines of its response
	// Identifiers are names of query parameters, and "body" or "path", whose value is a cookie's or a stored one's, or looks like one that is made for a visitor.
	Identifiers []string `json:"identifiers,omitempty"`
	Status      int      `json:"status,omitempty"` // 0 where no response came
	At          Duration `json:"at"`               // after the state's start
	// AfterLoad is how long after the page's load event it went out; negative before it.
	AfterLoad Duration `json:"afterLoad"`
	Phase     Phase    `json:"phase"`
}

// Duration is a length of time that JSON has in seconds.
type Duration time.Duration

// MarshalJSON writes seconds, to the millisecond.
func (d Duration) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(d).Round(time.Millisecond).Seconds(), 'f', -1, 64), nil
}

// UnmarshalJSON reads seconds.
func (d *Duration) UnmarshalJSON(text []byte) error {
	seconds, err := strconv.ParseFloat(string(text), 64)
	*d = Duration(seconds * float64(time.Second))
	return err
}
