package audit

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestRun_Hostile: a site that hangs, leads on for ever, gives files, opens dialogs, asks for
// permissions, does not let go or ends its own process is reported, and does not keep the audit.
func TestRun_Hostile(t *testing.T) {
	// It does not let go, and costs nothing: a loop would take a processor for as long.
	const waits = `<script>setTimeout(() => { const r = new XMLHttpRequest(); r.open('GET', '/hangs', false); r.send() }, 300)</script>`
	runHostile(t, lightest(), waits)
}

// TestRun_FirefoxHostile: Firefox answers beside a request that a page waits for, so that here the page does not let go by a loop.
func TestRun_FirefoxHostile(t *testing.T) {
	if os.Getenv("TEMOIN_AUDIT") == "" {
		t.Skip("too slow for each time: ./build.sh audit-test")
	}
	needFirefox(t)
	runHostile(t, "firefox", `<script>setTimeout(() => { for (;;); }, 300)</script>`)
}

// runHostile looks at a hostile site; waits is a script that does not let go.
func runHostile(t *testing.T, browser, waits string) {
	rest := make(chan struct{})
	var moves atomic.Int64
	port := serveSite(t, map[string]http.HandlerFunc{
		"/{$}": markup("the first page is as it should be"),
		"/hangs": func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-rest:
			case <-r.Context().Done():
			}
		},
		"/leads": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/leads?"+r.URL.RawQuery+"x", http.StatusFound)
		},
		"/moves": func(w http.ResponseWriter, r *http.Request) {
			moves.Add(1)
			markup(`<script>location.replace('/moves?' + Math.random())</script>`)(w, r)
		},
		"/gives": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", "attachment; filename=f.bin")
			fmt.Fprint(w, "x")
		},
		"/opens":  markup(`<script>alert(1); confirm(2); addEventListener('beforeunload', e => { e.preventDefault(); e.returnValue = 'x'; });</script>`),
		"/asks":   markup(`<script>Notification.requestPermission(); navigator.geolocation.getCurrentPosition(() => {});</script>`),
		"/waits":  markup(waits),
		"/closes": markup(`<script>window.open('/popup'); window.close()</script>`),
		"/last":   markup(`<script>document.cookie = 'last=1'</script>`),
	})
	defer close(rest)
	o := patient("http://localhost:"+port, "localhost")
	o.Browser = browser
	o.PageTime, o.States = time.Minute, []StateName{Unanswered} // two pages take that long, on any machine
	o.URLs = []string{"/hangs", "/leads", "/moves", "/gives", "/opens", "/asks", "/waits", "/closes", "/last"}
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	seen, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]Trap{
		"/hangs": TrapTime, "/leads": TrapRedirects, "/moves": TrapRedirects, "/gives": TrapDownload, "/opens": TrapDialog, "/asks": TrapPermission, "/waits": TrapTime,
	} {
		if !slices.ContainsFunc(seen.Unseen, func(u Unseen) bool { return strings.Contains(u.Page, path) && u.Kind == kind }) {
			t.Errorf("nothing is said of %s (%s): %+v", path, kind, seen.Unseen)
		}
	}
	if n := moves.Load(); n > 200 {
		t.Errorf("a page that leads on for ever was asked for %d times, want that it is stopped", n)
	}
	if len(seen.States) != 1 || !slices.ContainsFunc(seen.States[0].Cookies, func(c Cookie) bool { return c.Name == "last" }) {
		t.Errorf("the last page was not reached: %+v", seen)
	}
}
