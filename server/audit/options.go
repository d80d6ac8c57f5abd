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
	// Categories are looked at each alone, where the site's banner can allow one alone. Empty takes those that the banner names.
	Categories []string
	// States are looked at; empty takes all.
	States []StateName

	Browser string // path of Chromium; "" finds it
	// Flags are given to Chromium beside its own, "--host-resolver-rules=MAP * 127.0.0.1".
	Flags []string

	PageTime time.Duration // how long a page may take, answer and scrolling included; 0 takes 30 s
	Quiet    time.Duration // how long nothing may be asked for until a page counts as quiet; 0 takes 1 s
	Linger   time.Duration // how long a page is watched at least, for what comes late; 0 takes 6 s
	Rate     time.Duration // between the starts of two page loads; 0 takes 1 s, negative none
	Insecure bool          // certificates are not checked: for tests

	// IgnoreRobots visits what robots.txt forbids too: an operator may do that on a site of theirs.
	IgnoreRobots bool

	// Progress is told what is done, a line each; nil tells nobody.
	Progress io.Writer
}
