package audit

import (
	"io"
	"time"
)

// Options say what is looked at, and how long.
type Options struct {
	URL   string   // the start page; http or https
	Pages int      // how many other pages, found by links and the sitemap; 0 for none
	URLs  []string // other pages, beside those found; of the same site
	// States are looked at; empty takes all. One that the site does not have is an error.
	States []StateName

	// Browser is the path of a Chromium, or of a Firefox where its file is called so; "" finds a Chromium,
	// and "firefox" a Firefox.
	Browser string
	// Resolve are rules by which the browser finds hosts, "MAP * 127.0.0.1:8080", as Chromium's --host-resolver-rules has them.
	Resolve string

	// PageTime is how long a page may take to load, and as long again to be read to its end; 0 takes
	// 30 s. An answer may take 15 s more.
	PageTime time.Duration
	Quiet    time.Duration // how long nothing may be asked for until a page counts as quiet; 0 takes 1 s
	Linger   time.Duration // how long a page is watched at least, for what comes late; 0 takes 6 s, negative none
	Rate     time.Duration // between the starts of two page loads; 0 takes 1 s, negative none
	// Insecure takes certificates that nobody vouches for, as a site may have that is not public yet.
	Insecure bool

	// IgnoreRobots visits what robots.txt forbids too: an operator may do that on a site of theirs.
	IgnoreRobots bool

	// Progress is told what is done, a line each; nil tells nobody.
	Progress io.Writer
}
