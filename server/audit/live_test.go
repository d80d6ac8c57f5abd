package audit

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// patient are options for a machine that does much else.
func patient(address string, hosts ...string) Options {
	rules := make([]string, len(hosts))
	for i, host := range hosts {
		rules[i] = "MAP " + host + " 127.0.0.1"
	}
	return Options{
		URL: address, PageTime: 2 * time.Minute, Linger: 500 * time.Millisecond, Quiet: 500 * time.Millisecond, Rate: -1,
		Flags: []string{"--host-resolver-rules=" + strings.Join(rules, ",")},
	}
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

// TestRun_SeesWhatAPageDoes: cookies, storage and requests of every origin that a browser has, and who did it.
func TestRun_SeesWhatAPageDoes(t *testing.T) {
	t.Parallel()
	var port string
	port = serveSite(t, map[string]http.HandlerFunc{
		"/{$}": func(w http.ResponseWriter, r *http.Request) {
			markup(fmt.Sprintf(`<a href="/deux">deux</a><script src="/t.js"></script><iframe src="http://autre.test:%s/cadre"></iframe>
				<img src="/va" alt=""><p style="height: 3000px"></p><img loading=lazy src="/en-bas" alt="">`, port))(w, r)
		},
		"/t.js": script(`document.cookie = 'par_script=1; max-age=63072000'; localStorage.setItem('cle', 'valeur'); sessionStorage.cle = 'valeur';
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
	o := patient("http://www.un.test:"+port, "www.un.test", "autre.test")
	o.Pages, o.States = 1, []StateName{Unanswered}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	seen, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.States) != 1 || len(seen.States[0].Pages) != 2 {
		t.Fatalf("got %+v", seen)
	}
	state := seen.States[0]
	if !slices.ContainsFunc(seen.Unseen, func(u Unseen) bool { return u.Kind == TrapDialog && strings.HasSuffix(u.Page, "/deux") }) {
		t.Errorf("nothing is said of the dialog: %+v", seen.Unseen)
	}
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
	for path, check := range map[string]func(r Request) bool{
		"/t.js":         func(r Request) bool { return r.Type == "Script" && r.Status == 200 && !r.ThirdParty },
		"/va":           func(r Request) bool { return r.Status == 302 && slices.Contains(r.Sets, "en_route") },
		"/la":           func(r Request) bool { return strings.HasSuffix(r.Initiators[0], "/va") && r.Status == 404 },
		"/en-bas":       func(r Request) bool { return r.Type == "Image" },
		"/de-l-ouvrier": func(r Request) bool { return r.From == "worker" },
		"/du-partage":   func(r Request) bool { return r.From == "shared_worker" },
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

// TestRun_AnswersOthersBanners: a banner that no rule knows is refused by its words, and accepted by nobody.
func TestRun_AnswersOthersBanners(t *testing.T) {
	t.Parallel()
	port := serveSite(t, map[string]http.HandlerFunc{"/{$}": markup(`
		<div id="bandeau" role="dialog" style="position: fixed; bottom: 0; width: 100%; background: #eee; padding: 2em">
		<p>We use cookies and other technologies to measure our audience and personalize ads. You can accept or reject all cookies.</p>
		<button onclick="answer('all')">Accept all</button> <button onclick="answer('none')">Reject all</button></div>
		<script>const bandeau = document.getElementById('bandeau');
		function answer(what) { document.cookie = 'choix=' + what; bandeau.remove(); if (what === 'none') fetch('/apres-refus'); }
		if (document.cookie) bandeau.remove();</script>`)})
	o := patient("http://banniere.test:"+port, "banniere.test")
	o.States = []StateName{Refused}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	seen, err := Run(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(seen.States) != 1 {
		t.Fatalf("got %+v", seen)
	}
	state := seen.States[0]
	if b := state.Banner; !b.Visible || b.AcceptClicks != 1 || b.RefuseClicks != 1 || len(b.Picture) == 0 {
		t.Errorf("banner: visible %t, %d and %d presses, %d bytes", b.Visible, b.AcceptClicks, b.RefuseClicks, len(b.Picture))
	}
	if _, _, err := loadRules(); err != nil {
		if state.Answered != "" || !strings.Contains(state.Problem, "npm") || len(seen.Unseen) == 0 {
			t.Errorf("built without rules, and says %q, %q, %+v", state.Answered, state.Problem, seen.Unseen)
		}
		return
	}
	if !strings.HasPrefix(state.Answered, "autoconsent:") || len(state.Answers) != 1 {
		t.Fatalf("answered %q (%s) %v", state.Answered, state.Problem, state.Answers)
	}
	if !slices.ContainsFunc(state.Cookies, func(c Cookie) bool { return c.Name == "choix" && c.Hash == hashOf("none") }) {
		t.Errorf("cookies: %+v", state.Cookies)
	}
}

func TestRun_SaysWhatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	port := serveSite(t, map[string]http.HandlerFunc{
		"/{$}": markup("nobody may come here"),
		"/robots.txt": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "User-agent: temoin-audit\nDisallow: /\n")
		},
	})
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	if _, err := Run(ctx, patient("http://ferme.test:"+port, "ferme.test")); err == nil || !strings.Contains(err.Error(), "robots.txt") {
		t.Errorf("got %v", err)
	}
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
