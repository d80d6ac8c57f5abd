package audit

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRun_Hostile: a site that hangs, leads on for ever, gives files, opens dialogs, asks for
// permissions, does not let go or ends its own process is reported, and does not keep the audit.
func TestRun_Hostile(t *testing.T) {
	t.Parallel()
	rest := make(chan struct{})
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
		"/moves": markup(`<script>location.replace('/moves?' + Math.random())</script>`),
		"/gives": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Disposition", "attachment; filename=f.bin")
			fmt.Fprint(w, "x")
		},
		"/opens":  markup(`<script>alert(1); confirm(2); addEventListener('beforeunload', e => { e.preventDefault(); e.returnValue = 'x'; });</script>`),
		"/asks":   markup(`<script>Notification.requestPermission(); navigator.geolocation.getCurrentPosition(() => {});</script>`),
		"/loops":  markup(`<script>setTimeout(() => { for (;;); }, 300)</script>`),
		"/closes": markup(`<script>window.open('/popup'); window.close()</script>`),
		"/last":   markup(`<script>document.cookie = 'last=1'</script>`),
	})
	defer close(rest)
	o := patient("http://localhost:"+port, "localhost")
	o.PageTime, o.States = 20*time.Second, []StateName{Unanswered}
	o.URLs = []string{"/hangs", "/leads", "/moves", "/gives", "/opens", "/asks", "/loops", "/closes", "/last"}
	ctx, cancel := context.WithTimeout(context.Background(), 9*time.Minute)
	defer cancel()
	seen, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]Trap{
		"/hangs": TrapTime, "/leads": TrapRedirects, "/moves": TrapRedirects, "/gives": TrapDownload, "/opens": TrapDialog, "/asks": TrapPermission, "/loops": TrapTime,
	} {
		if !slices.ContainsFunc(seen.Unseen, func(u Unseen) bool { return strings.Contains(u.Page, path) && u.Kind == kind }) {
			t.Errorf("nothing is said of %s (%s): %+v", path, kind, seen.Unseen)
		}
	}
	if len(seen.States) != 1 || !slices.ContainsFunc(seen.States[0].Cookies, func(c Cookie) bool { return c.Name == "last" }) {
		t.Errorf("the last page was not reached: %+v", seen)
	}
}
