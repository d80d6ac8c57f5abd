package audit

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/temoto/robotstxt"
)

// robotName is how robots.txt can speak of the audit.
const robotName = "temoin-audit"

// linksScript returns where the page's links lead.
const linksScript = `[...document.querySelectorAll('a[href], area[href]')].map(a => String(a.href)).slice(0, 2000)`

// crawl finds pages: those that were asked for, then those of the sitemap and of links, in turn.
type crawl struct {
	site   site
	start  string
	most   int // other pages than the start page that are found
	robots *robotstxt.Group
	given  []string
	found  []string
	unseen []Unseen
}

// pages returns the pages to visit, the start page first.
func (c *crawl) pages() []string {
	list := append([]string{c.start}, c.given...)
	return append(list, c.found[:min(len(c.found), c.most)]...)
}

// full says whether no more pages are looked for.
func (c *crawl) full() bool { return len(c.found) >= c.most }

// filed are endings of addresses that are no pages.
var filed = []string{".pdf", ".zip", ".csv", ".xls", ".xlsx", ".ods", ".odt", ".doc", ".docx", ".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp", ".mp4", ".mp3",
	".json", ".geojson", ".xml", ".rss", ".atom", ".ics", ".gz", ".tar", ".exe", ".dmg", ".js", ".css", ".txt"}

// add takes in addresses that were found, where they are pages of the start page's host.
func (c *crawl) add(addresses []string) {
	for _, address := range addresses {
		u, err := parseAddress(address)
		if err != nil || c.full() {
			continue
		}
		u.Fragment = ""
		if u.Host != c.site.start.Host || u.Scheme != c.site.start.Scheme || slices.ContainsFunc(filed, func(end string) bool { return strings.HasSuffix(strings.ToLower(u.Path), end) }) {
			continue
		}
		// A link that ends a session would end the visit.
		if strings.Contains(strings.ToLower(u.Path), "logout") || strings.Contains(strings.ToLower(u.Path), "deconnexion") {
			continue
		}
		page := u.String()
		if page == c.start || slices.Contains(c.given, page) || slices.Contains(c.found, page) || !c.allowed(page) {
			continue
		}
		c.found = append(c.found, page)
	}
}

// give takes in pages that were asked for.
func (c *crawl) give(addresses []string) error {
	for _, address := range addresses {
		u, err := parseAddress(address)
		if err == nil {
			u = c.site.start.ResolveReference(u)
		}
		if err != nil || !c.site.owns(u.Hostname()) || !fetched(u.String()) {
			return errors.New(bare(address) + " is no page of " + c.site.domain)
		}
		u.Fragment = ""
		if page := u.String(); page != c.start && !slices.Contains(c.given, page) && c.allowed(page) {
			c.given = append(c.given, page)
		}
	}
	return nil
}

// allowed asks robots.txt, and keeps what it forbids.
func (c *crawl) allowed(page string) bool {
	u, err := parseAddress(page)
	if err != nil || c.robots == nil || c.robots.Test(u.RequestURI()) {
		return err == nil
	}
	forbidden := Unseen{Page: bare(page), Kind: TrapRobots, Why: "robots.txt forbids it"}
	if !slices.Contains(c.unseen, forbidden) && len(c.unseen) < 50 {
		c.unseen = append(c.unseen, forbidden)
	}
	return false
}

// consult reads robots.txt, and the sitemaps where pages are to be found.
func (c *crawl) consult(ctx context.Context, v *visitor, ignore bool) {
	status, text := v.load(ctx, c.at("/robots.txt"))
	robots, err := robotstxt.FromStatusAndBytes(status, text)
	if err != nil || status == 0 {
		robots = &robotstxt.RobotsData{}
	}
	if !ignore && status != 0 && err == nil {
		c.robots = robots.FindGroup(robotName)
	}
	if c.full() {
		return
	}
	sitemaps := robots.Sitemaps
	if len(sitemaps) == 0 {
		sitemaps = []string{c.at("/sitemap.xml")}
	}
	for read := 0; len(sitemaps) > 0 && read < 5 && !c.full(); read++ {
		_, text := v.load(ctx, sitemaps[0])
		pages, more := readSitemap(text)
		sitemaps = append(sitemaps[1:], more...)
		c.add(pages)
	}
}

func (c *crawl) at(path string) string { return c.site.start.Scheme + "://" + c.site.start.Host + path }

// rate returns how long the site rests between two pages: as long as its robots.txt wishes, up to ten seconds.
func (c *crawl) rate(wanted time.Duration) time.Duration {
	if c.robots == nil || wanted < 0 {
		return wanted
	}
	return max(wanted, min(c.robots.CrawlDelay, 10*time.Second))
}

// readSitemap returns the pages that a sitemap names, and the sitemaps: one of either has none of the other.
func readSitemap(text []byte) (pages, sitemaps []string) {
	var all struct {
		Pages    []string `xml:"url>loc"`
		Sitemaps []string `xml:"sitemap>loc"`
	}
	if xml.Unmarshal(text, &all) != nil {
		return nil, nil
	}
	trim := func(list []string) []string {
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		return list
	}
	return trim(all.Pages), trim(all.Sitemaps)
}

// mostText is how much of a file is read, in bytes.
const mostText = 4 << 20

// load fetches a file by the browser, as the site's own page would; status is 0 where it does not come.
func (v *visitor) load(ctx context.Context, address string) (status int, text []byte) {
	ctx, cancel := v.within(ctx, 2)
	defer cancel()
	return v.engine.load(ctx, address)
}

// ReadURLs reads addresses, one a line; empty lines, and those that begin with #, are none.
func ReadURLs(from io.Reader) ([]string, error) {
	var list []string
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list, lines.Err()
}
