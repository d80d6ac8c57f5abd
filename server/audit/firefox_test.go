package audit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestIsFirefox(t *testing.T) {
	for browser, want := range map[string]bool{"firefox": true, "/usr/bin/firefox-esr": true, "/opt/Firefox/firefox-bin": true, "": false, "chromium": false, "/home/firefox/chromium": false} {
		if isFirefox(browser) != want {
			t.Errorf("%q is taken for a Firefox: %t", browser, !want)
		}
	}
}

// TestFirefox_Prepare: the profile says what the visitor's browser says, and where hosts are.
func TestFirefox_Prepare(t *testing.T) {
	for name, c := range map[string]struct {
		gpc     bool
		resolve string
		want    []string
		not     string
	}{
		"plain":   {false, "", []string{`user_pref("privacy.globalprivacycontrol.enabled", false);`, `user_pref("network.trr.mode", 5);`}, "network.proxy"},
		"gpc":     {true, "", []string{`user_pref("privacy.globalprivacycontrol.enabled", true);`, `user_pref("privacy.globalprivacycontrol.functionality.enabled", true);`}, "network.proxy"},
		"resolve": {false, "MAP * 127.0.0.1", []string{`user_pref("network.proxy.type", 1);`, `user_pref("network.proxy.allow_hijacking_localhost", true);`}, "cookieBehavior"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &firefox{profile: t.TempDir()}
			if err := f.prepare(t.Context(), Options{Resolve: c.resolve}, c.gpc); err != nil {
				t.Fatal(err)
			}
			defer f.stopRelay()
			text, err := os.ReadFile(filepath.Join(f.profile, "user.js"))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(string(text), want+"\n") {
					t.Errorf("want %s", want)
				}
			}
			if strings.Contains(string(text), c.not) {
				t.Errorf("says something of %s", c.not)
			}
		})
	}
	if err := (&firefox{profile: t.TempDir()}).prepare(t.Context(), Options{Resolve: "data.example 127.0.0.1"}, false); err == nil || !strings.Contains(err.Error(), `"data.example 127.0.0.1" is no rule`) {
		t.Errorf("got %v", err)
	}
}

// TestStartFirefox_SaysWhyNot: what cannot be driven is said, with its own last words.
func TestStartFirefox_SaysWhyNot(t *testing.T) {
	other := filepath.Join(t.TempDir(), "firefox")
	if err := os.WriteFile(other, []byte("#!/bin/sh\necho 'Error: no room' >&2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for browser, want := range map[string]string{"/nowhere/firefox": "/nowhere/firefox", other: "it ended before it could be driven: Error: no room"} {
		_, err := Run(t.Context(), Options{URL: "https://www.site.example/", Browser: browser})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", browser, err, want)
		}
	}
	_, err := Run(t.Context(), Options{URL: "https://www.site.example/", Browser: other, Resolve: "www.site.example 127.0.0.1"})
	if err == nil || !strings.Contains(err.Error(), "is no rule that Firefox can be given") {
		t.Errorf("got %v", err)
	}
}

// TestGecko_Tab: a tab ends with its page's process, by its page, or where it leads on for ever; a download and a dialog are said.
func TestGecko_Tab(t *testing.T) {
	for name, c := range map[string]struct {
		events []string // a method and its parameters, in turn
		want   tabState
		trap   Trap
	}{
		"open":      {[]string{"browsingContext.navigationCommitted", `{"context":"TOP","navigation":"1","url":"https://www.site.example/"}`}, tabOpen, ""},
		"crashed":   {[]string{"browsingContext.navigationCommitted", `{"context":"TOP","navigation":"1","url":"about:tabcrashed?e=tabcrashed"}`, "browsingContext.contextDestroyed", `{"context":"TOP"}`}, tabCrashed, ""},
		"closed":    {[]string{"browsingContext.contextDestroyed", `{"context":"TOP"}`}, tabClosed, ""},
		"a frame's": {[]string{"browsingContext.contextDestroyed", `{"context":"FRAME"}`}, tabOpen, ""},
		"download":  {[]string{"browsingContext.downloadWillBegin", `{"context":"TOP","navigation":"1","url":"https://www.site.example/f.bin"}`}, tabOpen, TrapDownload},
		"dialog":    {[]string{"browsingContext.userPromptOpened", `{"context":"TOP","type":"alert"}`}, tabOpen, TrapDialog},
		"leaving":   {[]string{"browsingContext.userPromptOpened", `{"context":"TOP","type":"beforeunload"}`}, tabOpen, ""},
		"asks":      {[]string{"script.message", `{"channel":"temoinAudit","data":{"type":"string","value":"{\"kind\":\"asked\",\"key\":\"geolocation\"}"},"source":{"context":"TOP"}}`}, tabOpen, TrapPermission},
	} {
		t.Run(name, func(t *testing.T) {
			v := &visitor{recorder: told(t), name: Unanswered}
			g := &gecko{visitor: v, window: "TOP", state: tabOpen, landed: map[string]landing{}, sites: map[string]bool{}}
			v.engine = g
			for i := 0; i < len(c.events); i += 2 {
				g.handle(bidiMessage{Method: c.events[i], Params: json.RawMessage(c.events[i+1])})
			}
			if got := g.tab(); got != c.want {
				t.Errorf("the tab is %d, want %d", got, c.want)
			}
			if found := slices.ContainsFunc(v.unseen, func(u Unseen) bool { return u.Kind == c.trap }); found != (c.trap != "") || len(v.unseen) > 1 {
				t.Errorf("got %+v, want %q", v.unseen, c.trap)
			}
		})
	}
}

// TestGecko_LeadsOn: a page that leads on for ever loses its tab.
func TestGecko_LeadsOn(t *testing.T) {
	v := &visitor{recorder: told(t), name: Unanswered}
	f := &firefox{wire: speaking(t, func(int64, string) []any { return nil })}
	g := &gecko{visitor: v, firefox: f, window: "TOP", state: tabOpen, landed: map[string]landing{}, sites: map[string]bool{}}
	v.engine = g
	for i := range mostMoves + 1 {
		if g.tab() != tabOpen {
			t.Fatalf("given up after %d", i)
		}
		g.hasMoved("TOP", strconv.Itoa(i), "https://www.site.example/moves")
	}
	if g.tab() != tabClosed || len(v.unseen) != 1 || v.unseen[0].Kind != TrapRedirects {
		t.Errorf("the tab is %d, and %+v is said", g.tab(), v.unseen)
	}
}

// TestGecko_GoTo: why a page did not come is said in Firefox's word for it.
func TestGecko_GoTo(t *testing.T) {
	answer := map[string]any{}
	f := &firefox{wire: speaking(t, func(id int64, _ string) []any {
		answer["id"] = id
		return []any{answer}
	})}
	v := &visitor{options: Options{PageTime: time.Minute}, recorder: told(t)}
	g := &gecko{visitor: v, firefox: f, window: "TOP", state: tabOpen, landed: map[string]landing{"file": {download: true}}, sites: map[string]bool{}}
	for name, c := range map[string]struct {
		answer map[string]any
		want   landing
	}{
		"refused":  {map[string]any{"type": "error", "error": "unknown error", "message": "Error: NS_ERROR_CONNECTION_REFUSED"}, landing{fault: "NS_ERROR_CONNECTION_REFUSED"}},
		"endless":  {map[string]any{"type": "error", "error": "unknown error", "message": "Error: NS_ERROR_REDIRECT_LOOP"}, landing{fault: "NS_ERROR_REDIRECT_LOOP", endless: true}},
		"in a way": {map[string]any{"type": "error", "error": "unknown error", "message": "Error: NS_BINDING_ABORTED"}, landing{fault: "NS_BINDING_ABORTED", aborted: true}},
		"a file":   {map[string]any{"type": "success", "result": map[string]string{"navigation": "file"}}, landing{download: true}},
	} {
		answer = c.answer
		if got, err := g.goTo(t.Context(), "https://www.site.example/"); err != nil || got != c.want {
			t.Errorf("%s: got %+v and %v, want %+v", name, got, err, c.want)
		}
	}
	answer = map[string]any{"type": "error", "error": "no such frame", "message": "gone"}
	if _, err := g.goTo(t.Context(), "https://www.site.example/"); err == nil {
		t.Error("a tab that is gone went somewhere")
	}
}

// TestListening: the address is found, be it said in parts; else the last words say why there is none.
func TestListening(t *testing.T) {
	l := &listening{address: make(chan string, 1)}
	for _, part := range []string{"*** headless mode\nWebDriver BiDi listening on ws://127.0", ".0.1:4321\n", "WebDriver BiDi listening on ws://127.0.0.1:1\n", "Error: no room\n"} {
		if _, err := l.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if got := <-l.address; got != "ws://127.0.0.1:4321" {
		t.Errorf("got %q", got)
	}
	if got := l.last(); got != "Error: no room" {
		t.Errorf("got %q", got)
	}
}

// tells has the recorder take in events as Firefox tells them: a method, and its parameters.
func tells(t *testing.T, r *recorder, events ...[2]string) {
	t.Helper()
	for _, e := range events {
		var params bidiRequest
		if err := json.Unmarshal([]byte(e[1]), &params); err != nil {
			t.Fatal(err)
		}
		r.takeBidi(e[0], &params)
	}
}

// Methods of BiDi's.
const (
	isSent     = "network.beforeRequestSent"
	isAnswered = "network.responseStarted"
	isOver     = "network.responseCompleted"
	hasFailed  = "network.fetchError"
)

// TestRecorder_TakeBidi: what Firefox tells comes to what Chromium tells of the same.
func TestRecorder_TakeBidi(t *testing.T) {
	r := told(t)
	tells(t, r,
		[2]string{isSent, `{"context":"TOP","redirectCount":0,"timestamp":1,"request":{"request":"1","url":"https://www.site.example/go","method":"GET","headers":[],"cookies":[{"name":"lang","value":{"type":"string","value":"fr"}}],"destination":"image","initiatorType":"img"}}`},
		[2]string{isAnswered, `{"context":"TOP","request":{"request":"1","url":"https://www.site.example/go","destination":"image"},"response":{"status":302,"headers":[{"name":"Set-Cookie","value":{"type":"string","value":"first=1"}},{"name":"set-cookie","value":{"type":"string","value":"second=2; HttpOnly"}}]}}`},
		[2]string{isOver, `{"context":"TOP","request":{"request":"1","url":"https://www.site.example/go","destination":"image"},"response":{"status":302}}`},
		[2]string{isSent, `{"context":"FRAME","redirectCount":1,"timestamp":2,"request":{"request":"1","url":"https://ads.example/p.gif","method":"GET","destination":"image"}}`},
		[2]string{isAnswered, `{"context":"FRAME","redirectCount":1,"request":{"request":"1","url":"https://ads.example/p.gif","destination":"image"},"response":{"status":200,"headers":[]}}`},
		[2]string{isOver, `{"context":"FRAME","redirectCount":1,"request":{"request":"1","url":"https://ads.example/p.gif","destination":"image"},"response":{"status":200}}`},
	)
	requests := r.sentRequests()
	if len(requests) != 2 {
		t.Fatalf("got %+v", requests)
	}
	first, second := requests[0], requests[1]
	if first.Status != 302 || first.Type != "Image" || !slices.Equal(first.Cookies, []string{"lang"}) || !slices.Equal(first.Sets, []string{"first", "second"}) {
		t.Errorf("the first: %+v", first)
	}
	if second.Status != 200 || !second.ThirdParty || !slices.Equal(second.Initiators, []string{"https://www.site.example/go"}) || second.Sets != nil {
		t.Errorf("the second: %+v", second)
	}
	if len(r.open) != 0 {
		t.Errorf("%d requests are awaited that are over", len(r.open))
	}
}

// TestBidiRequest_Kind: types are named as for Chromium.
func TestBidiRequest_Kind(t *testing.T) {
	for text, want := range map[string]string{
		`{"destination":"document"}`:         "Document",
		`{"destination":"iframe"}`:           "Document",
		`{"destination":"style"}`:            "Stylesheet",
		`{"destination":"video"}`:            "Media",
		`{"destination":"worker"}`:           "Script",
		`{"initiatorType":"fetch"}`:          "Fetch",
		`{"initiatorType":"xmlhttprequest"}`: "XHR",
		`{"headers":[{"name":"accept","value":{"value":"text/event-stream"}}]}`:                             "EventSource",
		`{"headers":[{"name":"Sec-Fetch-Mode","value":{"value":"websocket"}}]}`:                             "WebSocket",
		`{"headers":[{"name":"Sec-Purpose","value":{"value":"prefetch"}}]}`:                                 "Prefetch",
		`{"method":"OPTIONS","headers":[{"name":"Access-Control-Request-Method","value":{"value":"PUT"}}]}`: "Preflight",
		`{}`: "Other",
	} {
		var e bidiRequest
		if err := json.Unmarshal([]byte(`{"request":`+text+`}`), &e); err != nil {
			t.Fatal(err)
		}
		if got := e.kind(); string(got) != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// TestRecorder_BidiKeptIn: what the browser did not let out is no request; what failed on its way is, and
// so is what was answered, whatever became of the answer.
func TestRecorder_BidiKeptIn(t *testing.T) {
	r := told(t)
	for id, why := range map[string]string{"policy": "NS_ERROR_UNEXPECTED", "blocked": "NS_ERROR_CONTENT_BLOCKED", "unnamed": "", "unreachable": "NS_ERROR_CONNECTION_REFUSED", "unknown": "NS_ERROR_UNKNOWN_HOST", "unvouched": "NS_ERROR_GENERATE_FAILURE(NS_ERROR_MODULE_SECURITY, MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT)"} {
		tells(t, r,
			[2]string{isSent, `{"context":"TOP","request":{"request":"` + id + `","url":"https://` + id + `.example/","method":"GET"}}`},
			[2]string{hasFailed, `{"context":"TOP","request":{"request":"` + id + `","url":"https://` + id + `.example/"},"errorText":"` + why + `"}`},
		)
	}
	tells(t, r,
		[2]string{isSent, `{"context":"TOP","request":{"request":"answered","url":"https://answered.example/","method":"GET"}}`},
		[2]string{isAnswered, `{"context":"TOP","request":{"request":"answered","url":"https://answered.example/"},"response":{"status":200}}`},
		[2]string{hasFailed, `{"context":"TOP","request":{"request":"answered","url":"https://answered.example/"},"errorText":"NS_ERROR_DOM_BAD_URI"}`},
	)
	var hosts []string
	for _, request := range r.sentRequests() {
		hosts = append(hosts, request.Host)
	}
	slices.Sort(hosts)
	if want := []string{"answered.example", "unknown.example", "unreachable.example", "unvouched.example"}; !slices.Equal(hosts, want) {
		t.Errorf("got %v, want %v", hosts, want)
	}
}

// TestRecorder_BidiCookies: a cookie that a response set is one where the jar has had it, and not on a guess.
func TestRecorder_BidiCookies(t *testing.T) {
	r := told(t)
	tells(t, r,
		[2]string{isSent, `{"context":"TOP","request":{"request":"1","url":"https://www.site.example/p","method":"GET"}}`},
		[2]string{isAnswered, `{"context":"TOP","request":{"request":"1","url":"https://www.site.example/p"},"response":{"status":200,"headers":[
			{"name":"Set-Cookie","value":{"type":"string","value":"taken=a1b2; Max-Age=63072000; Path=/"}},
			{"name":"Set-Cookie","value":{"type":"string","value":"other=new; Path=/"}},
			{"name":"Set-Cookie","value":{"type":"string","value":"refused=a1b2; Path=/"}}]}}`},
	)
	var inJar []bidiCookie
	for _, text := range []string{
		`{"name":"taken","value":{"type":"string","value":"a1b2"},"domain":"www.site.example","path":"/","httpOnly":true,"secure":true,"sameSite":"lax","expiry":` + strconv.FormatInt(time.Now().Add(400*day).Unix(), 10) + `}`,
		`{"name":"other","value":{"type":"string","value":"old"},"domain":"www.site.example","path":"/","sameSite":"default"}`,
	} {
		var c bidiCookie
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			t.Fatal(err)
		}
		inJar = append(inJar, c)
	}
	r.count(recordedAll(inJar, map[bidiCookie]string{inJar[1]: "https://www.site.example"}))
	cookies := map[string]Cookie{}
	for _, c := range r.cookies() {
		cookies[c.Name] = c
	}
	if c := cookies["taken"]; c.Set.Kind != "response" || !c.HTTPOnly || !c.Secure || c.SameSite != "Lax" || time.Duration(c.Lifetime) != 730*day || c.Partitioned != "" {
		t.Errorf("taken: %+v", c)
	}
	if c := cookies["other"]; c.Set.Kind != "" || !c.Session || c.SameSite != "" || c.Partitioned != "https://www.site.example" {
		t.Errorf("other: %+v", c)
	}
	if c, found := cookies["refused"]; found {
		t.Errorf("refused: %+v", c)
	}
}

const firefoxLogText = `2026-11-28 14:52:50.000001 UTC - [Parent 1: Main Thread]: V/CSMLog doContentSecurityCheck:
2026-11-28 14:52:50.000002 UTC - [Parent 1: Main Thread]: V/CSMLog   channelURI: "https://update.example/v1"
2026-11-28 14:52:50.000003 UTC - [Parent 1: Main Thread]: D/CSMLog   triggeringPrincipal: SystemPrincipal
2026-11-28 14:52:51.000001 UTC - [Parent 1: Main Thread]: V/CSMLog doContentSecurityCheck:
2026-11-28 14:52:51.000002 UTC - [Parent 1: Main Thread]: V/CSMLog   channelURI: "https://ads.example/last?id=1"
2026-11-28 14:52:51.000003 UTC - [Parent 1: Main Thread]: V/CSMLog   httpMethod: POST
2026-11-28 14:52:51.000004 UTC - [Parent 1: Main Thread]: D/CSMLog   loadingPrincipal: "https://www.site.example/worker.js"
2026-11-28 14:52:51.250000 UTC - [Parent 1: Main Thread]: D/CSMLog   triggeringPrincipal: "https://www.site.example/worker.js"
2026-11-28 14:52:52.000001 UTC - [Parent 1: Main Thread]: V/CSMLog doContentSecurityCheck:
2026-11-28 14:52:52.000002 UTC - [Parent 1: Main Thread]: V/CSMLog   channelURI: "https://kept-in.example/"
2026-11-28 14:52:52.000003 UTC - [Parent 1: Main Thread]: D/CSMLog   triggeringPrincipal: "https://www.site.example/"
2026-11-28 14:52:53.000001 UTC - [Parent 1: Main Thread]: E/nsHttp http request [
2026-11-28 14:52:53.000002 UTC - [Parent 1: Main Thread]: E/nsHttp   POST /last?id=1 HTTP/1.1
2026-11-28 14:52:53.000003 UTC - [Parent 1: Main Thread]: E/nsHttp   Host: ads.example
2026-11-28 14:52:53.000004 UTC - [Parent 1: Main Thread]: E/nsHttp ]
2026-11-28 14:52:53.000005 UTC - [Parent 1: Main Thread]: E/nsHttp http request [
2026-11-28 14:52:53.000006 UTC - [Parent 1: Main Thread]: E/nsHttp   GET /v1 HTTP/1.1
2026-11-28 14:52:53.000007 UTC - [Parent 1: Main Thread]: E/nsHttp   Host: update.example
`

// TestReadFirefoxLogs: the log tells of what was sent for a page, and neither of what was kept in nor of what the browser asks for itself.
func TestReadFirefoxLogs(t *testing.T) {
	want := logged{"https://ads.example/last?id=1", "POST", "https://www.site.example/worker.js", time.Date(2026, 11, 28, 14, 52, 51, 1000, time.UTC)}
	for name, text := range map[string]string{"whole": firefoxLogText, "broken off": firefoxLogText + "2026-11-28 14:5"} {
		profile := t.TempDir()
		for file, text := range map[string]string{"temoin-1.moz_log": text, "temoin-2.moz_log": "", "other.moz_log": text} {
			if err := os.WriteFile(filepath.Join(profile, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if list := readFirefoxLogs(firefoxLogFiles(profile)); len(list) != 1 || list[0] != want {
			t.Errorf("%s: got %+v, want %+v", name, list, want)
		}
	}
	if list := readFirefoxLogs([]string{filepath.Join(t.TempDir(), "none")}); list != nil {
		t.Errorf("got %v of no log", list)
	}
}

// TestGecko_NoLog: where Firefox has left no log, the report says what is missing.
func TestGecko_NoLog(t *testing.T) {
	v := &gecko{visitor: &visitor{name: Refused}, firefox: &firefox{profile: t.TempDir()}}
	want := blindTo("log")
	want.State = string(Refused)
	if list := v.logged(); list != nil || !slices.Equal(v.unseen, []Unseen{want}) {
		t.Errorf("got %v and %v, want %v", list, v.unseen, want)
	}
}
