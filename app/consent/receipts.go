package consent

import "strings"

// HiddenExpiryLines returns the lines that delete the cookies which record
// does not allow and which only a server can delete, HttpOnly ones of the site
// itself: on each folder of their path, for host alone and for each of its
// parent domains. What an allowed service keeps too stays, as do families of
// cookies (_a_*), whose members' names nobody but the browser knows.
func (c *Catalogue) HiddenExpiryLines(record *Record, host string) []string {
	var lines []string
	for _, service := range c.Services {
		if c.Granted(record, service.ID) {
			continue
		}
		for _, cookie := range service.Cookies {
			if cookie.HTTPOnly && cookie.Party != ThirdParty && !strings.Contains(cookie.Name, "*") && !c.keeps(record, cookie.Name) {
				lines = append(lines, CookieSettings{Name: cookie.Name}.ExpiryLines(host, cookie.path())...)
			}
		}
	}
	return lines
}

// keeps reports whether the site's own choice has that name, or a cookie of a
// service that record allows.
func (c *Catalogue) keeps(record *Record, name string) bool {
	if name == c.Cookie.Name {
		return true
	}
	for _, service := range c.Services {
		if !c.Granted(record, service.ID) {
			continue
		}
		for _, cookie := range service.Cookies {
			if cookie.Matches(name) {
				return true
			}
		}
	}
	return false
}

func (c Cookie) path() string {
	if c.Path == "" {
		return "/"
	}
	return c.Path
}
