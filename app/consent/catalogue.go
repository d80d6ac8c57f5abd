package consent

import (
	"strconv"
	"strings"
	"time"
)

// Catalogue is what a site asks consent for, and how: all that its file says.
// The tag jsonschema_description of each field is its description in the JSON Schema.
type Catalogue struct {
	Site       Site           `json:"site" jsonschema_description:"The site that asks."`
	Languages  []string       `json:"languages" jsonschema_description:"Language codes (BCP 47) in which the site asks; the first is the default."`
	Links      Links          `json:"links" jsonschema_description:"Pages that the banner leads to."`
	Cookie     CookieSettings `json:"cookie" jsonschema_description:"The cookie that keeps the visitor's choice."`
	Reopen     bool           `json:"reopen" jsonschema_description:"Show the floating button that reopens the choices (default true). Without it, the site's pages must hold a link to #temoin or an element with data-temoin-open."`
	Look       Look           `json:"look,omitempty" jsonschema_description:"How banner, dialog and charter look."`
	Categories []Category     `json:"categories" jsonschema_description:"What consent is asked for, in the order in which it is shown. Without them: necessary, statistics, first-party, third-party."`
	Services   []Service      `json:"services" jsonschema_description:"Who sets cookies, and what for."`
	GPC        GPC            `json:"gpc,omitempty" jsonschema_description:"What the browser's Global Privacy Control means before the visitor has answered: refuse, all that can be refused is, without asking (default), or ask."`
	Reload     Reload         `json:"reload,omitempty" jsonschema_description:"When the page is loaded anew after a withdrawal: after-script, where a script that was let in has run (default), never, or always."`
	Load       Load           `json:"load,omitempty" jsonschema_description:"When the program that draws the dialog is fetched, about 700 kB: idle, once the page has nothing else to do (default), or near, when the visitor comes near the banner."`
	Receipts   Receipts       `json:"receipts,omitempty" jsonschema_description:"Where choices are reported for proof: keep, to the server that temoin.js comes from (default), off, or the https address of /api/consents on another server, for exported files."`
	Origins    []string       `json:"origins,omitempty" jsonschema_description:"Other sites whose pages include this temoin.js and may report choices: https://, the host, nothing else."`
	// GoogleConsent is told to Google's services only where one asks for it; see [SignalGoogle].
	GoogleConsent *GoogleConsent `json:"google-consent,omitempty" jsonschema_description:"How Google Consent Mode is told of the choice."`
	// Texts overrides wordings of the interface, by language and name.
	Texts map[string]map[string]string `json:"texts,omitempty" jsonschema_description:"Own wordings of the interface, by language and name of the text."`
}

// Site names the site that asks.
type Site struct {
	Name Text   `json:"name" jsonschema_description:"Name of the site, as its visitors know it."`
	URL  string `json:"url" jsonschema_description:"Address of the site: https://, the host, nothing else."`
}

// Links are pages of the site: a path ("/charte-cookies") or an https address.
type Links struct {
	Charter string `json:"charter" jsonschema_description:"The cookie charter (default /charte-cookies, which the server answers)."`
	Privacy string `json:"privacy,omitempty" jsonschema_description:"The site's privacy policy."`
}

// CookieSettings says how the choice is kept.
type CookieSettings struct {
	Name     string   `json:"name" jsonschema_description:"Name of the cookie (default cookies_preferences)."`
	Domain   string   `json:"domain,omitempty" jsonschema_description:"Parent domain that shares the choice, without a leading dot (default: the site's host alone)."`
	Lifetime Duration `json:"lifetime" jsonschema_description:"How long a choice is kept, at most 13 months (default 6 months)."`
}

// Category is one question to the visitor.
type Category struct {
	ID          string `json:"id" jsonschema_description:"Name in the cookie and in data-consent: a lower-case letter, then letters, digits, hyphens."`
	Title       Text   `json:"title" jsonschema_description:"Short name of the purpose."`
	Description Text   `json:"description" jsonschema_description:"One or two plain sentences that say what it is for."`
	Necessary   bool   `json:"necessary,omitempty" jsonschema_description:"Needs no consent and cannot be refused: authentication, security, language, basket, the choice itself."`
	Anonymous   bool   `json:"anonymous,omitempty" jsonschema_description:"Audience measure that is exempt from consent: on without asking, the visitor may object. Each of its services has to be anonymous."`
}

// Kind says what a service does, as far as the law cares.
type Kind string

// The kinds of services.
const (
	Technical   Kind = "technical"
	Measure     Kind = "measure"
	Advertising Kind = "advertising"
	Social      Kind = "social"
	Media       Kind = "media"
)

// Kinds returns all kinds of services.
func Kinds() []Kind { return []Kind{Technical, Measure, Advertising, Social, Media} }

// Service is somebody who sets cookies or learns of the visit.
type Service struct {
	ID        string     `json:"id" jsonschema_description:"Name in the cookie and in data-service: a lower-case letter, then letters, digits, hyphens."`
	Category  string     `json:"category" jsonschema_description:"Id of the category that it belongs to."`
	Name      Text       `json:"name" jsonschema_description:"Name of the service."`
	Provider  string     `json:"provider" jsonschema_description:"Who provides it."`
	Location  Text       `json:"location,omitempty" jsonschema_description:"Where on the site it works."`
	Purpose   Text       `json:"purpose" jsonschema_description:"What it is for, in a plain sentence."`
	Policy    string     `json:"policy,omitempty" jsonschema_description:"https address of the provider's privacy policy."`
	Kind      Kind       `json:"kind,omitempty" jsonschema_description:"What the service does (default technical)."`
	Anonymous bool       `json:"anonymous,omitempty" jsonschema_description:"Exempt audience measure: on without asking, the visitor may object. Asks for exemption."`
	Exemption *Exemption `json:"exemption,omitempty" jsonschema_description:"What the law asks of an exempt audience measure, confirmed by the site."`
	Cookies   []Cookie   `json:"cookies,omitempty" jsonschema_description:"The cookies that the service sets."`
	Hosts     []string   `json:"hosts,omitempty" jsonschema_description:"Hosts that the service loads from, such as www.example.com, or *.example.com for every subdomain: what a page loads from there waits until the service is allowed."`
	Storage   *Storage   `json:"storage,omitempty" jsonschema_description:"What the service keeps in the browser beside cookies. Each is a name, or a pattern with * for any characters."`
	Signal    Signal     `json:"signal,omitempty" jsonschema_description:"How the service itself is told of the choice, in its own words."`
}

// Exemption holds the conditions under which an audience measure needs no
// consent (CNIL, deliberation 2020-091, section 5). Each has to be true.
type Exemption struct {
	OwnUseOnly    bool     `json:"own-use-only" jsonschema_description:"Measures for the publisher alone."`
	AnonymousData bool     `json:"anonymous-data" jsonschema_description:"Yields anonymous figures only."`
	SingleSite    bool     `json:"single-site" jsonschema_description:"Follows nobody across sites or apps."`
	NotRenewed    bool     `json:"not-renewed" jsonschema_description:"Its cookies are not prolonged by further visits."`
	DataRetention Duration `json:"data-retention" jsonschema_description:"How long the collected data are kept: at most 25 months."`
}

// Party says whose cookie it is.
type Party string

// The parties: the site visited, or another.
const (
	FirstParty Party = "first"
	ThirdParty Party = "third"
)

// Cookie is one cookie of a service, or a family of them.
type Cookie struct {
	Name     string   `json:"name" jsonschema_description:"Name, or a pattern with * for any characters, such as _pk_*."`
	Purpose  Text     `json:"purpose" jsonschema_description:"What it is for."`
	Duration Duration `json:"duration" jsonschema_description:"How long it lives: session, or a number and a unit, such as \"13 months\" or \"at most 2 weeks\"."`
	Party    Party    `json:"party,omitempty" jsonschema_description:"first: set for the site visited (default); third: for another site."`
	Path     string   `json:"path,omitempty" jsonschema_description:"Path that an HttpOnly cookie is set on, where it is not /."`
	HTTPOnly bool     `json:"http-only,omitempty" jsonschema_description:"Set by a server for itself alone: no script sees it, so none can delete it when consent is withdrawn."`
}

// Category returns the category of that id, or nil.
func (c *Catalogue) Category(id string) *Category {
	for i := range c.Categories {
		if c.Categories[i].ID == id {
			return &c.Categories[i]
		}
	}
	return nil
}

// Service returns the service of that id, or nil.
func (c *Catalogue) Service(id string) *Service {
	for i := range c.Services {
		if c.Services[i].ID == id {
			return &c.Services[i]
		}
	}
	return nil
}

// ServicesOf returns the services of the category of that id.
func (c *Catalogue) ServicesOf(category string) []Service {
	var list []Service
	for _, service := range c.Services {
		if service.Category == category {
			list = append(list, service)
		}
	}
	return list
}

// Refusable returns the services that the visitor can allow or refuse.
func (c *Catalogue) Refusable() []Service {
	var list []Service
	for _, service := range c.Services {
		if category := c.Category(service.Category); category != nil && !category.Necessary {
			list = append(list, service)
		}
	}
	return list
}

// Only returns a copy of the catalogue in which every text reads in lang alone,
// and which leads to the charter in that language. What the gate alone has a use
// for is left out: the interface travels light.
func (c *Catalogue) Only(lang string) *Catalogue {
	only := *c
	only.Site.Name = c.Site.Name.only(lang)
	only.Texts, only.GPC, only.Reload, only.Load, only.GoogleConsent = nil, "", "", "", nil
	only.Receipts, only.Origins = "", nil
	only.Look = Look{Theme: c.Look.Theme} // the rest is in the style sheets
	if c.Links.Charter == CharterPath {
		only.Links.Charter += "/" + lang
	}
	only.Categories = make([]Category, len(c.Categories))
	for i, category := range c.Categories {
		category.Title = category.Title.only(lang)
		category.Description = category.Description.only(lang)
		only.Categories[i] = category
	}
	only.Services = make([]Service, len(c.Services))
	for i, service := range c.Services {
		only.Services[i] = service.only(lang)
	}
	return &only
}

func (s Service) only(lang string) Service {
	s.Name = s.Name.only(lang)
	s.Location = s.Location.only(lang)
	s.Purpose = s.Purpose.only(lang)
	cookies := make([]Cookie, len(s.Cookies))
	for i, cookie := range s.Cookies {
		cookie.Purpose, cookie.Path, cookie.HTTPOnly = cookie.Purpose.only(lang), "", false
		cookies[i] = cookie
	}
	s.Cookies = cookies
	s.Hosts, s.Storage, s.Signal = nil, nil, ""
	return s
}

// Matches reports whether name is the cookie's, or one of its family.
func (c Cookie) Matches(name string) bool {
	parts := strings.Split(c.Name, "*")
	if len(parts) == 1 {
		return name == c.Name
	}
	rest, found := strings.CutPrefix(name, parts[0])
	if !found {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		if _, rest, found = strings.Cut(rest, part); !found {
			return false
		}
	}
	return strings.HasSuffix(rest, parts[last])
}

// MaxAge returns the lifetime of the cookie in seconds.
func (s CookieSettings) MaxAge() int { return int(s.Lifetime.Length() / time.Second) }

// Line returns the cookie with its attributes, as document.cookie and the
// header Set-Cookie take it. Set secure where the page came by https.
func (s CookieSettings) Line(value string, secure bool) string {
	return s.AgedLine(value, secure, 0)
}

// AgedLine returns the same for a choice that was made that long ago: it is
// kept for what is left of its lifetime, and no longer.
func (s CookieSettings) AgedLine(value string, secure bool, age time.Duration) string {
	left := s.MaxAge() - int(max(age, 0)/time.Second)
	line := s.Name + "=" + value + s.scope() +
		"; Max-Age=" + strconv.Itoa(max(left, 0)) + "; SameSite=Lax"
	if secure {
		line += "; Secure"
	}
	return line
}

// ExpiryLines returns the lines that delete every cookie of that name which a
// page at path on host can reach: on each folder of the path, for the host
// alone and for each of its parent domains.
func (s CookieSettings) ExpiryLines(host, path string) []string {
	var lines []string
	for _, folder := range folders(path) {
		lines = append(lines, s.expiry(folder, ""))
		for domain := host; strings.Contains(domain, "."); {
			lines = append(lines, s.expiry(folder, domain))
			_, domain, _ = strings.Cut(domain, ".")
		}
	}
	return lines
}

func (s CookieSettings) expiry(path, domain string) string {
	line := s.Name + "=; Path=" + path + "; Max-Age=0"
	if domain != "" {
		line += "; Domain=" + domain
	}
	return line
}

// folders returns the paths whose cookies a page at path sees: for /a/b they
// are /, /a, /a/ and /a/b. A path with a semicolon can be no cookie's.
func folders(path string) []string {
	path, _, cut := strings.Cut(path, ";")
	if cut {
		path = path[:strings.LastIndex(path, "/")+1]
	}
	list := []string{"/"}
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			list = append(list, path[:i], path[:i+1])
		}
	}
	if len(path) > 1 && !strings.HasSuffix(path, "/") {
		list = append(list, path)
	}
	return list
}

func (s CookieSettings) scope() string {
	scope := "; Path=/"
	if s.Domain != "" {
		scope += "; Domain=" + s.Domain
	}
	return scope
}
