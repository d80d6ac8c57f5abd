package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
)

// jarKey tells cookies of the profile apart.
type jarKey struct{ name, domain, path, partition string }

// jarCookie is a cookie as the profile had it last, and when it was found new or changed.
type jarCookie struct {
	network.Cookie
	values []string // that it has had
	first  time.Time
	page   string
	phases []Phase
	left   bool
}

// count compares the profile's cookies with what is known of them. before is the phase in which what
// is new came to be: what has happened since the last count.
func (r *recorder) count(cookies []*network.Cookie) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	for _, known := range r.jar {
		known.left = false
	}
	for _, c := range cookies {
		key := jarKey{c.Name, c.Domain, c.Path, ""}
		if c.PartitionKey != nil {
			key.partition = c.PartitionKey.TopLevelSite
		}
		r.remember(c.Value)
		known := r.jar[key]
		if known == nil {
			r.jar[key] = &jarCookie{*c, []string{c.Value}, now, r.page, []Phase{r.phase}, true}
			continue
		}
		// A second more or less is the clock's rounding.
		if known.Value != c.Value || known.Expires-c.Expires > 1 || c.Expires-known.Expires > 1 {
			known.phases = append(known.phases, r.phase)
		}
		if !slices.Contains(known.values, c.Value) {
			known.values = append(known.values, c.Value)
		}
		known.Cookie, known.left = *c, true
	}
}

// setting is one line that set a cookie, by a response or a script.
type setting struct {
	cookie http.Cookie
	host   string // that it came from
	at     time.Time
	page   string
	by     Setter
	over   bool // it takes the cookie away
	taken  bool // the browser is known to have taken it
}

// mayBe says whether the line set the cookie: of a response's line that the browser does not tell to have
// been taken, its value in the jar does.
func (s setting) mayBe(known *jarCookie) bool {
	return s.taken || s.by.Kind != "response" || slices.ContainsFunc(known.values, func(value string) bool { return strings.Trim(value, `"`) == s.cookie.Value })
}

// settings returns the lines that set cookies, in the order of time.
func (r *recorder) settings() []setting {
	var all []setting
	for _, id := range r.order {
		one := r.requests[id]
		told := one.told()
		for i, got := range one.got {
			if i >= len(told) {
				break
			}
			h := one.hops[told[i]]
			for _, line := range setLines(got.info) {
				by := Setter{Kind: "response", URL: r.unsaid(h.url), Frame: r.unsaid(h.request.Frame)}
				all = appendSetting(all, line, hostOf(h.url), got.at, h.request.Page, by, got.taken)
			}
		}
	}
	for _, n := range r.notes {
		if n.Kind == "cookie" {
			all = appendSetting(all, n.Value, n.Key, n.at, n.page, r.setterOf(n), n.Taken)
		}
	}
	slices.SortStableFunc(all, func(a, b setting) int { return a.at.Compare(b.at) })
	return all
}

func (r *recorder) setterOf(n note) Setter {
	by := Setter{Kind: "script", URL: r.unsaid(n.By)}
	if bare(n.Frame) != bare(n.page) && !r.isPage(n.Frame) {
		by.Frame = r.unsaid(n.Frame)
	}
	return by
}

// isPage says whether that is the address of a page that was loaded, and not of a frame alone.
func (r *recorder) isPage(address string) bool {
	return bare(r.frames[r.top]) == bare(address) || slices.ContainsFunc(r.loads, func(l load) bool { return bare(l.url) == bare(address) })
}

func appendSetting(all []setting, line, host string, at time.Time, page string, by Setter, taken bool) []setting {
	c, err := http.ParseSetCookie(line)
	if err != nil {
		return all
	}
	over := c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Before(at)
	return append(all, setting{*c, host, at, page, by, over, taken})
}

// setLines returns the Set-Cookie lines of a response that the browser took.
func setLines(info *network.EventResponseReceivedExtraInfo) []string {
	var lines []string
	for name, value := range info.Headers {
		if text, is := value.(string); is && strings.EqualFold(name, "set-cookie") {
			lines = append(lines, strings.Split(text, "\n")...)
		}
	}
	return slices.DeleteFunc(lines, func(line string) bool {
		return slices.ContainsFunc(info.BlockedCookies, func(b *network.BlockedSetCookieWithReason) bool { return b.CookieLine == line })
	})
}

// of says whether the line sets that cookie.
func (s setting) of(key jarKey) bool {
	if s.cookie.Name != key.name || s.cookie.Path != "" && s.cookie.Path != key.path && strings.HasPrefix(s.cookie.Path, "/") {
		return false
	}
	if domain := strings.TrimPrefix(strings.ToLower(s.cookie.Domain), "."); domain != "" && domain != s.host {
		return domain == strings.TrimPrefix(key.domain, ".")
	}
	return s.host == strings.TrimPrefix(key.domain, ".")
}

// lifetime returns how long the line keeps the cookie: what the site wants, also where the browser
// gives it less. 0 is until the browser is closed.
func (s setting) lifetime() time.Duration {
	switch {
	case s.cookie.MaxAge > 0:
		return time.Duration(s.cookie.MaxAge) * time.Second
	case !s.cookie.Expires.IsZero():
		return max(s.cookie.Expires.Sub(s.at), 0)
	}
	return 0
}

// cookies returns every cookie that the profile had, also those that were gone again before they
// could be counted.
func (r *recorder) cookies() []Cookie {
	settings := r.settings()
	list := []Cookie{}
	used := make([]bool, len(settings))
	for key, known := range r.jar {
		c := r.cookieOf(key, known)
		for i, s := range settings {
			if !s.of(key) {
				continue
			}
			used[i] = true
			if s.over || !s.mayBe(known) {
				continue
			}
			r.isSetBy(&c, s)
		}
		c.Phases = inOrder(c.Phases)
		list = append(list, c)
	}
	for i, s := range settings {
		if !used[i] && !s.over && s.taken {
			list = r.gone(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Cookie) int {
		if order := int(a.At - b.At); order != 0 {
			return order
		}
		return strings.Compare(a.Name+a.Domain+a.Path, b.Name+b.Domain+b.Path)
	})
	return list
}

func (r *recorder) cookieOf(key jarKey, known *jarCookie) Cookie {
	c := Cookie{
		Name: key.name, Domain: strings.TrimPrefix(key.domain, "."), Path: key.path, HostOnly: !strings.HasPrefix(key.domain, "."),
		Secure: known.Secure, HTTPOnly: known.HTTPOnly, SameSite: string(known.SameSite), Partitioned: key.partition,
		Session: known.Session, Hash: hashOf(known.Value), Page: r.unsaid(known.page), At: r.since(known.first),
		Phase: known.phases[0], Phases: slices.Clone(known.phases), Left: known.left,
	}
	c.ThirdParty = !r.site.owns(c.Domain)
	if !known.Session {
		c.Lifetime = Duration(max(time.UnixMilli(int64(known.Expires*1000)).Sub(known.first).Round(time.Second), 0))
	}
	return c
}

// isSetBy takes in a line that set the cookie.
func (r *recorder) isSetBy(c *Cookie, s setting) {
	if at := r.since(s.at); c.Set.Kind == "" {
		c.Set = s.by
		if at < c.At {
			c.At, c.Page, c.Phase = at, r.unsaid(s.page), r.phaseAt(s.at)
			c.Phases = append(c.Phases[1:], c.Phase)
		}
	}
	c.Phases = append(c.Phases, r.phaseAt(s.at))
	if wanted := Duration(s.lifetime()); wanted > c.Lifetime {
		c.Lifetime = wanted
	}
}

// gone adds a cookie that only a line tells of.
func (r *recorder) gone(list []Cookie, s setting) []Cookie {
	domain := strings.TrimPrefix(strings.ToLower(s.cookie.Domain), ".")
	c := Cookie{
		Name: s.cookie.Name, Domain: domain, HostOnly: domain == "", Path: s.cookie.Path, Secure: s.cookie.Secure, HTTPOnly: s.cookie.HttpOnly,
		SameSite: sameSites[s.cookie.SameSite], Session: s.lifetime() == 0, Lifetime: Duration(s.lifetime()), Hash: hashOf(s.cookie.Value),
		Page: r.unsaid(s.page), At: r.since(s.at), Phase: r.phaseAt(s.at), Phases: []Phase{r.phaseAt(s.at)}, Set: s.by,
	}
	if domain == "" {
		c.Domain = s.host
	}
	if c.Path == "" {
		c.Path = "/"
	}
	c.ThirdParty = !r.site.owns(c.Domain)
	for i := range list {
		if known := &list[i]; known.Name == c.Name && known.Domain == c.Domain && known.Path == c.Path {
			known.Phases = inOrder(append(known.Phases, c.Phase))
			return list
		}
	}
	return append(list, c)
}

var sameSites = map[http.SameSite]string{http.SameSiteStrictMode: "Strict", http.SameSiteLaxMode: "Lax", http.SameSiteNoneMode: "None"}

var phaseOrder = []Phase{Before, After, Reverted}

// inOrder returns each phase once, in their order.
func inOrder(phases []Phase) []Phase {
	var sorted []Phase
	for _, phase := range phaseOrder {
		if slices.Contains(phases, phase) {
			sorted = append(sorted, phase)
		}
	}
	return sorted
}

// hashOf tells values apart without saying them.
func hashOf(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:4])
}

func hostOf(address string) string {
	u, err := parseAddress(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}
