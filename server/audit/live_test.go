package audit

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// The tests that start browsers do so one after the other: side by side they are late, and see less.

// patient are options for a machine that does much else.
func patient(address string, hosts ...string) Options {
	rules := make([]string, len(hosts))
	for i, host := range hosts {
		rules[i] = "MAP " + host + " 127.0.0.1"
	}
	return Options{
		URL: address, Browser: lightest(), PageTime: 2 * time.Minute, Linger: 500 * time.Millisecond, Quiet: 500 * time.Millisecond, Rate: -1,
		Resolve: strings.Join(rules, ","),
	}
}

// lightest is the browser that costs least: Chromium without a window, where that is installed. It starts for half of
// what the whole one takes, which TestRun_Audit and ./build.sh audit-test look with.
func lightest() string {
	const name = "chromium-headless-shell"
	if _, err := exec.LookPath(name); err != nil {
		return ""
	}
	return name
}

// serveSite serves pages for every host, by path.
func serveSite(t *testing.T, handlers map[string]http.HandlerFunc) (port string) {
	t.Helper()
	mux := http.NewServeMux()
	for path, handler := range handlers {
		mux.HandleFunc(path, handler)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func markup(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<!doctype html><html lang=fr><title>Une page</title>"+text)
	}
}

func script(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, text)
	}
}

// TestRun_SeesAndAnswers: cookies, storage and requests of every origin that a browser has, and who did it. A banner that
// no rule knows is refused by its words, and accepted by nobody.
func TestRun_SeesAndAnswers(t *testing.T) { seesAndAnswers(t, lightest()) }

// TestRun_FirefoxSeesAndAnswers: Firefox tells the same, but for what workers do.
func TestRun_FirefoxSeesAndAnswers(t *testing.T) {
	needFirefox(t)
	seesAndAnswers(t, "firefox")
}

// needFirefox skips a test where there is no Firefox, unless the tests are to be run in it.
func needFirefox(t *testing.T) {
	t.Helper()
	if _, err := findFirefox(Options{Browser: "firefox"}); err != nil {
		if strings.Contains(os.Getenv("TEMOIN_ENGINES"), "firefox") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func seesAndAnswers(t *testing.T, browser string) {
	o := patient("http://www.un.test:"+serveBusy(t), "www.un.test", "autre.test")
	o.Pages, o.States = 1, []StateName{Refused}
	o.Browser = browser
	o.Linger, o.Quiet = 5*time.Second, time.Second // workers start late on a slow machine
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	seen, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.States) != 1 {
		t.Fatalf("got %+v", seen)
	}
	state := seen.States[0]
	checkKept(t, state)
	checkRequests(t, state, isFirefox(browser))
	if blind := slices.ContainsFunc(seen.Unseen, func(u Unseen) bool { return u.Kind == TrapBrowser }); blind != isFirefox(browser) {
		t.Errorf("says what the browser does not tell: %t", blind)
	}
	if b := state.Banner; !b.Visible || b.AcceptClicks != 1 || b.RefuseClicks != 1 || len(b.Picture) == 0 {
		t.Errorf("banner: visible %t, %d and %d presses, %d bytes", b.Visible, b.AcceptClicks, b.RefuseClicks, len(b.Picture))
	}
	if _, _, err := loadRules(); err != nil {
		if state.Answered != "" || !strings.Contains(state.Problem, "npm") || len(seen.Unseen) == 0 {
			t.Errorf("built without rules, and says %q, %q, %+v", state.Answered, state.Problem, seen.Unseen)
		}
		return
	}
	checkRefusal(t, seen)
}

// serveBusy serves a site that does much, with a banner.
func serveBusy(t *testing.T) (port string) {
	t.Helper()
	port = serveSite(t, map[string]http.HandlerFunc{
		"/{$}": func(w http.ResponseWriter, r *http.Request) {
			markup(fmt.Sprintf(`<a href="/deux">deux</a><script src="/t.js"></script><iframe src="http://autre.test:%s/cadre"></iframe>
				<img src="/va" alt=""><p style="height: 3000px"></p><img loading=lazy src="/en-bas" alt="">`, port)+othersBanner)(w, r)
		},
		"/t.js": script(`document.cookie = 'par_script=1; max-age=63072000'; localStorage.setItem('cle', 'valeur'); sessionStorage.cle = 'valeur';
			localStorage.setItem('bref', 'x'.repeat(100000)); localStorage.removeItem('bref');
			indexedDB.open('base'); new Worker('/ouvrier.js');
			new SharedWorker('/partage.js'); addEventListener('pagehide', () => navigator.sendBeacon('/adieu'));`),
		"/ouvrier.js": script(`fetch('/de-l-ouvrier')`),
		"/partage.js": script(`fetch('/du-partage')`),
		"/va": func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "en_route", Value: "1", HttpOnly: true})
			http.Redirect(w, r, "/la", http.StatusFound)
		},
		"/cadre":       markup(`<script>fetch('/du-cadre')</script>`),
		"/deux":        markup(`<script>alert('deux')</script>`),
		"/robots.txt":  func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "User-agent: *\nDisallow: /prive\n") },
		"/favicon.ico": http.NotFound,
	})
	return port
}

// othersBanner is a banner that is not Témoin's, and that no rule knows.
const othersBanner = `
	<div id="bandeau" role="dialog" style="position: fixed; bottom: 0; width: 100%; background: #eee; padding: 2em">
	<p>We use cookies and other technologies to measure our audience and personalize ads. You can accept or reject all cookies.</p>
	<button onclick="answer('all')">Accept all</button> <button onclick="answer('none')">Reject all</button></div>
	<script>const bandeau = document.getElementById('bandeau');
	function answer(what) { document.cookie = 'choix=' + what; bandeau.remove(); if (what === 'none') fetch('/apres-refus'); }
	if (document.cookie.includes('choix=')) bandeau.remove();</script>`

// checkKept looks for what the busy site keeps, and who set it.
func checkKept(t *testing.T, state State) {
	t.Helper()
	cookies := map[string]Cookie{}
	for _, c := range state.Cookies {
		cookies[c.Name] = c
	}
	if c := cookies["par_script"]; c.Set.Kind != "script" || !strings.HasSuffix(c.Set.URL, "/t.js") || time.Duration(c.Lifetime) < 700*day || c.HTTPOnly {
		t.Errorf("par_script: %+v", c)
	}
	if c := cookies["en_route"]; c.Set.Kind != "response" || !strings.HasSuffix(c.Set.URL, "/va") || !c.HTTPOnly || !c.Session {
		t.Errorf("en_route: %+v", c)
	}
	for _, want := range []StoredKind{LocalStorage, SessionStorage, IndexedDB} {
		if !slices.ContainsFunc(state.Stored, func(s Stored) bool { return s.Kind == want && s.Left }) {
			t.Errorf("nothing is seen in %s: %+v", want, state.Stored)
		}
	}
	if !slices.ContainsFunc(state.Stored, func(s Stored) bool { return s.Key == "bref" && s.Bytes == 20000 && !s.Left }) {
		t.Errorf("what is gone at once is seen, and no more of it than is kept: %+v", state.Stored)
	}
}

// checkRequests looks for all that the busy site asks for.
func checkRequests(t *testing.T, state State, firefox bool) {
	t.Helper()
	for path, check := range map[string]func(r Request) bool{
		"/t.js":         func(r Request) bool { return r.Type == "Script" && r.Status == 200 && !r.ThirdParty },
		"/va":           func(r Request) bool { return r.Status == 302 && slices.Contains(r.Sets, "en_route") },
		"/la":           func(r Request) bool { return strings.HasSuffix(r.Initiators[0], "/va") && r.Status == 404 },
		"/en-bas":       func(r Request) bool { return r.Type == "Image" },
		"/de-l-ouvrier": func(r Request) bool { return firefox || r.From == "worker" },
		"/du-partage":   func(r Request) bool { return firefox || r.From == "shared_worker" },
		"/cadre":        func(r Request) bool { return r.ThirdParty && r.Host == "autre.test" },
		"/du-cadre":     func(r Request) bool { return r.ThirdParty && strings.HasSuffix(r.Frame, "/cadre") },
		"/adieu":        func(r Request) bool { return r.Method == "POST" && !r.ThirdParty },
	} {
		i := slices.IndexFunc(state.Requests, func(r Request) bool { return strings.HasSuffix(r.URL, path) })
		if i < 0 {
			t.Errorf("%s is not seen", path)
		} else if !check(state.Requests[i]) {
			t.Errorf("%s: %+v", path, state.Requests[i])
		}
	}
}

// checkRefusal looks whether the banner was refused, and the site looked at after that.
func checkRefusal(t *testing.T, seen *Observation) {
	t.Helper()
	state := seen.States[0]
	if !strings.HasPrefix(state.Answered, "autoconsent:") || len(state.Answers) != 1 {
		t.Fatalf("answered %q (%s) %v", state.Answered, state.Problem, state.Answers)
	}
	if !slices.ContainsFunc(state.Cookies, func(c Cookie) bool { return c.Name == "choix" && c.Hash == hashOf("none") }) {
		t.Errorf("cookies: %+v", state.Cookies)
	}
	if len(state.Pages) != 3 || !strings.HasSuffix(state.Pages[2].URL, "/deux") {
		t.Errorf("got the pages %+v, want the first, the first again, and the one that it links to", state.Pages)
	}
	if !slices.ContainsFunc(seen.Unseen, func(u Unseen) bool { return u.Kind == TrapDialog && strings.HasSuffix(u.Page, "/deux") }) {
		t.Errorf("nothing is said of the dialog: %+v", seen.Unseen)
	}
}

func TestRun_SaysWhatCannotBeLookedAt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	o := patient("http://127.0.0.1:9/")
	o.IgnoreRobots = true
	if _, err := Run(ctx, o); err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:9/") {
		t.Errorf("got %v", err)
	}
	o.Browser = "/nowhere/chromium"
	if _, err := Run(ctx, o); err == nil || !strings.Contains(err.Error(), "/nowhere/chromium") {
		t.Errorf("got %v", err)
	}
}
