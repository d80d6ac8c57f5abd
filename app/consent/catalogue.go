package consent

import (
	"strconv"
	"strings"
	"time"
)

// Catalogue is what a site asks consent for. What else its file says, how the
// site asks, is no matter of consent: see package server/catalogue.
type Catalogue struct {
	Site       Site           `json:"site"`
	Languages  []string       `json:"languages"`
	Links      Links          `json:"links"`
	Cookie     CookieSettings `json:"cookie"`
	Reopen     bool           `json:"reopen"`
	Categories []Category     `json:"categories"`
	Services   []Service      `json:"services"`
	GPC        GPC            `json:"gpc,omitempty"`
}

// Site names the site that asks.
type Site struct {
	Name Text   `json:"name"`
	URL  string `json:"url"`
}

// Links are pages of the site: a path ("/charte-cookies") or an https address.
type Links struct {
	Charter string `json:"charter"`
	Privacy string `json:"privacy,omitempty"`
}

// CookieSettings says how the choice is kept.
type CookieSettings struct {
	Name     string   `json:"name"`
	Domain   string   `json:"domain,omitempty"`
	Lifetime Duration `json:"lifetime"`
}

// Category is one question to the visitor.
type Category struct {
	ID          string `json:"id"`
	Title       Text   `json:"title"`
	Description Text   `json:"description"`
	Necessary   bool   `json:"necessary,omitempty"`
	Anonymous   bool   `json:"anonymous,omitempty"`
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
	ID        string     `json:"id"`
	Category  string     `json:"category"`
	Name      Text       `json:"name"`
	Provider  string     `json:"provider"`
	Location  Text       `json:"location,omitempty"`
	Purpose   Text       `json:"purpose"`
	Policy    string     `json:"policy,omitempty"`
	Kind      Kind       `json:"kind,omitempty"`
	Anonymous bool       `json:"anonymous,omitempty"`
	Exemption *Exemption `json:"exemption,omitempty"`
	Cookies   []Cookie   `json:"cookies,omitempty"`
	Hosts     []string   `json:"hosts,omitempty"`
	Storage   *Storage   `json:"storage,omitempty"`
	Signal    Signal     `json:"signal,omitempty"`
}

// Exemption holds the conditions under which an audience measure needs no
// consent (CNIL, deliberation 2020-091, section 5). Each has to be true.
type Exemption struct {
	OwnUseOnly    bool     `json:"own-use-only"`
	AnonymousData bool     `json:"anonymous-data"`
	SingleSite    bool     `json:"single-site"`
	NotRenewed    bool     `json:"not-renewed"`
	DataRetention Duration `json:"data-retention"`
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
	Name     string   `json:"name"`
	Purpose  Text     `json:"purpose"`
	Duration Duration `json:"duration"`
	Party    Party    `json:"party,omitempty"`
	Path     string   `json:"path,omitempty"`
	HTTPOnly bool     `json:"http-only,omitempty"`
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

// Asked returns the services that need the visitor's consent: those that can be
// refused, but for exempt measures, which are on until the visitor objects. Where
// there are none, nobody is asked, and there is no banner.
func (c *Catalogue) Asked() []Service {
	var list []Service
	for _, service := range c.Refusable() {
		if !c.Default(service.ID) {
			list = append(list, service)
		}
	}
	return list
}

// Offers reports whether the visitor can allow or refuse the category of that id:
// it is not necessary, and a service is in it. Consent to nothing in particular is
// no consent (GDPR, article 4(11)), so a category without a service stays shut.
func (c *Catalogue) Offers(category string) bool {
	known := c.Category(category)
	return known != nil && !known.Necessary && len(c.ServicesOf(category)) > 0
}

// Only returns a copy of the catalogue in which every text reads in lang alone,
// and which leads to the charter in that language. What the gate alone has a use
// for is left out: the interface travels light.
func (c *Catalogue) Only(lang string) *Catalogue {
	only := *c
	only.Site.Name = c.Site.Name.only(lang)
	only.GPC = ""
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
