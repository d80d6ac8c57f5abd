package audit

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/temoto/robotstxt"
)

func crawling(t *testing.T, robots string) *crawl {
	t.Helper()
	s, err := newSite("https://site.example")
	if err != nil {
		t.Fatal(err)
	}
	c := &crawl{site: s, start: s.start.String(), most: 3}
	if robots != "" {
		data, err := robotstxt.FromString(robots)
		if err != nil {
			t.Fatal(err)
		}
		c.robots = data.FindGroup(robotName)
	}
	return c
}

func TestCrawl_AddTakesPagesOfTheHost(t *testing.T) {
	c := crawling(t, "User-agent: *\nDisallow: /admin\nCrawl-delay: 2\n")
	c.add([]string{"https://site.example/#top", "https://site.example/a#x", "https://site.example/a", "https://other.example/", "mailto:a@site.example",
		"https://site.example/admin/users", "https://site.example/data.CSV", "https://site.example/logout", "https://site.example/b", "https://site.example/c", "https://site.example/d"})
	if want := []string{"https://site.example/", "https://site.example/a", "https://site.example/b", "https://site.example/c"}; !slices.Equal(c.pages(), want) {
		t.Errorf("got %v, want %v", c.pages(), want)
	}
	if len(c.unseen) != 1 || c.unseen[0].Kind != TrapRobots || c.unseen[0].Page != "https://site.example/admin/users" {
		t.Errorf("unseen: %+v", c.unseen)
	}
	if got := c.rate(time.Second); got != 2*time.Second {
		t.Errorf("the site rests %s, want as long as it wishes", got)
	}
}

func TestCrawl_GiveRefusesOtherSites(t *testing.T) {
	c := crawling(t, "")
	if err := c.give([]string{"/x", "https://www.site.example/y"}); err != nil || len(c.pages()) != 3 {
		t.Errorf("got %v (%v)", c.pages(), err)
	}
	if err := c.give([]string{"https://other.example/"}); err == nil || !strings.Contains(err.Error(), "site.example") {
		t.Errorf("got %v", err)
	}
}

func TestReadSitemap(t *testing.T) {
	pages, _ := readSitemap([]byte(`<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc> https://site.example/a </loc></url></urlset>`))
	if !slices.Equal(pages, []string{"https://site.example/a"}) {
		t.Errorf("got %v", pages)
	}
	_, more := readSitemap([]byte(`<sitemapindex><sitemap><loc>https://site.example/s1.xml</loc></sitemap></sitemapindex>`))
	if !slices.Equal(more, []string{"https://site.example/s1.xml"}) {
		t.Errorf("got %v", more)
	}
	if pages, more := readSitemap([]byte("<html>")); pages != nil || more != nil {
		t.Errorf("got %v and %v of what is no sitemap", pages, more)
	}
}

func TestReadURLs(t *testing.T) {
	list, err := ReadURLs(strings.NewReader("# pages\n\n /a \nhttps://site.example/b\n"))
	if err != nil || !slices.Equal(list, []string{"/a", "https://site.example/b"}) {
		t.Errorf("got %v (%v)", list, err)
	}
}
