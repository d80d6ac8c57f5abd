package audit

import (
	"slices"
	"strings"
)

// Kind is what is wrong.
type Kind string

// The kinds. A subject has at most one of the first five: the first that holds; its states say where
// else it was met without consent.
const (
	BeforeConsent   Kind = "before-consent"    // set or requested before any answer
	AfterRefusal    Kind = "after-refusal"     // set or requested after a refusal
	AfterWithdrawal Kind = "after-withdrawal"  // set or requested after consent was withdrawn
	WrongCategory   Kind = "wrong-category"    // set or requested where another category alone is allowed
	DespiteGPC      Kind = "despite-gpc"       // set or requested though the browser says no for its visitor
	Kept            Kind = "kept"              // set with consent, still there after it was withdrawn
	Undeclared      Kind = "undeclared"        // no service of the catalogue has it
	NeverSeen       Kind = "never-seen"        // a cookie or key that is declared, of a service that was seen
	AskedForNothing Kind = "asked-for-nothing" // consent is asked for a service of which nothing was seen
	Longer          Kind = "longer"            // lives longer than declared
	WrongParty      Kind = "wrong-party"       // declared as the site's own and another's, or the reverse
	NotSecure       Kind = "not-secure"        // the site's cookie, on https, without Secure
	NoSameSite      Kind = "no-same-site"      // the site's cookie without SameSite
	RefusalHarder   Kind = "refusal-harder"    // to refuse takes more clicks than to accept
	RefuseHidden    Kind = "refuse-hidden"     // the banner shows "accept" and no "refuse"
)

// Level says how much a finding weighs.
type Level string

// The levels, from the heaviest.
const (
	LevelError   Level = "error"   // something happens without consent
	LevelWarning Level = "warning" // what visitors are told is not what happens
	LevelNote    Level = "note"    // worth a look
)

// rule is what a kind offends against.
type rule struct {
	kind  Kind
	level Level
	rule  string // number in the project's requirements; the words have the law
}

// rules are those of all kinds, in the order in which findings are told.
var rules = []rule{
	{BeforeConsent, LevelError, "R1"},
	{AfterRefusal, LevelError, "R1"},
	{AfterWithdrawal, LevelError, "R7"},
	{WrongCategory, LevelError, "R6"},
	{DespiteGPC, LevelError, "R14"},
	{RefuseHidden, LevelError, "R2"},
	{RefusalHarder, LevelError, "R2"},
	{Kept, LevelWarning, "R7"},
	{Undeclared, LevelWarning, "R5"},
	{WrongParty, LevelWarning, "R5"},
	{Longer, LevelWarning, "R18"},
	{NotSecure, LevelWarning, "R17"},
	{NoSameSite, LevelWarning, "R17"},
	{AskedForNothing, LevelNote, "R13"},
	{NeverSeen, LevelNote, "R5"},
}

// ruleOf returns the rule of a kind, and its place among them.
func ruleOf(kind Kind) (rule, int) {
	i := slices.IndexFunc(rules, func(r rule) bool { return r.kind == kind })
	return rules[i], i
}

// SubjectKind is what a finding is about.
type SubjectKind string

// The kinds of subjects, beside those of [StoredKind].
const (
	SubjectCookie  SubjectKind = "cookie"
	SubjectRequest SubjectKind = "request" // all requests to one host
	SubjectService SubjectKind = "service" // of the catalogue
	SubjectBanner  SubjectKind = "banner"
)

// Subject is what a finding is about.
type Subject struct {
	Kind SubjectKind `json:"kind"`
	// Name is the cookie's or key's, the request's host, the service's id, or the banner's.
	Name string `json:"name"`
	// Host is the cookie's domain or the storage's host; "" for others.
	Host string `json:"host,omitempty"`
}

// String returns the subject as a baseline names it.
func (s Subject) String() string {
	words := []string{string(s.Kind), s.Name}
	if s.Host != "" {
		words = append(words, s.Host)
	}
	return strings.Join(words, " ")
}

// Finding is one thing in which a site does not keep its word.
type Finding struct {
	// ID is the same in each audit that finds it: its kind and subject.
	ID      string  `json:"id"`
	Kind    Kind    `json:"kind"`
	Level   Level   `json:"level"`
	Rule    string  `json:"rule"` // R-number
	Law     string  `json:"law"`  // article or text, in English
	Subject Subject `json:"subject"`
	// Service is the id of the catalogue's service that it belongs to, or "".
	Service string `json:"service,omitempty"`
	// Known is the name of the preset that knows it, where the catalogue has no such service; "" is unknown to both.
	Known string `json:"known,omitempty"`
	// States are those in which it was met so. What comes before the answer counts as unanswered in each.
	States []StateName `json:"states,omitempty"`
	// Declared and Seen are what the catalogue says, and what is so: durations, parties, clicks.
	Declared string    `json:"declared,omitempty"`
	Seen     string    `json:"seen,omitempty"`
	Evidence *Evidence `json:"evidence,omitempty"`
	// YAML would declare it in the catalogue; "" where that is no remedy.
	YAML string `json:"yaml,omitempty"`
}

// Evidence is the first time that it was met.
type Evidence struct {
	State StateName `json:"state"`
	Phase Phase     `json:"phase"`
	Page  string    `json:"page"`
	// By is the response, script or request that did it, URL its address.
	By    string   `json:"by,omitempty"`
	URL   string   `json:"url,omitempty"`
	Frame string   `json:"frame,omitempty"`
	At    Duration `json:"at"` // after the state's start
	// Initiators lead from what asked for a request to the page.
	Initiators []string `json:"initiators,omitempty"`
	// Identifiers are the names of cookies and parameters sent along by which a visitor may be known again.
	Identifiers []string `json:"identifiers,omitempty"`
}

// newFinding returns a finding with what its kind says.
func newFinding(kind Kind, subject Subject) Finding {
	r, _ := ruleOf(kind)
	return Finding{ID: string(kind) + " " + subject.String(), Kind: kind, Level: r.level, Rule: r.rule, Law: english().Say(string(kind) + "-law"), Subject: subject}
}
