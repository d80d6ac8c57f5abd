package admin

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

var update = flag.Bool("update", false, "write the golden files anew")

// cheap makes passwords quick to check in tests that are not about them.
var cheapHash = func() string {
	cheap := argonCost{time: 1, memory: 64, threads: 1}
	salt := make([]byte, saltSize)
	return phc(cheap, salt, cheap.key(rightPassword, salt))
}()

// bench is a dashboard on a bench: with a clock that can be moved, and all that
// it logs.
type bench struct {
	t       *testing.T
	handler http.Handler
	store   Store
	clock   time.Time
	log     *lockedBuffer
	client  string
	slept   time.Duration
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(data)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newBench makes a dashboard over a store; change may change its configuration.
func newBench(t *testing.T, s Store, change ...func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, store: s, clock: now, log: &lockedBuffer{}, client: "somebody"}
	catalogue := richCatalogue(t)
	config := Config{
		Store:     func() Store { return b.store },
		Catalogue: func() *consent.Catalogue { return catalogue },
		Client:    func(*http.Request) string { return b.client },
		Secure:    func(r *http.Request) bool { return r.URL.Scheme == "https" },
		Log:       slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Fail:      refuse,
		Now:       func() time.Time { return b.clock },
		Sleep: func(_ context.Context, d time.Duration) error {
			b.slept, b.clock = d, b.clock.Add(d)
			return nil
		},
	}
	for _, c := range change {
		c(&config)
	}
	var err error
	if b.handler, err = New(config); err != nil {
		t.Fatal(err)
	}
	return b
}

// realStore is a store in SQLite, with cheapHash as the password's.
func realStore(t *testing.T) *store.Store {
	t.Helper()
	key, err := receipt.NewKey("data.rivemont.example")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.SetSetting(t.Context(), PasswordSetting, cheapHash); err != nil {
		t.Fatal(err)
	}
	return s
}

// visit asks for a page, as a browser that is on the dashboard does.
func (b *bench) visit(method, target string, form url.Values, change ...func(*http.Request)) *http.Response {
	b.t.Helper()
	r := httptest.NewRequest(method, "https://data.rivemont.example"+target, strings.NewReader(form.Encode()))
	r.Header.Set("Accept-Language", "fr")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, response *http.Response) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// expect fails the test where the status is another, or the page lacks words.
func expect(t *testing.T, response *http.Response, status int, words ...string) string {
	t.Helper()
	page := text(t, response)
	if response.StatusCode != status {
		t.Errorf("got status %d, want %d; the page is\n%s", response.StatusCode, status, page)
	}
	for _, word := range words {
		if !strings.Contains(page, word) {
			t.Errorf("nothing of %q in\n%s", word, page)
		}
	}
	return page
}

// signIn gives the password and returns the session's cookie.
func (b *bench) signIn() *http.Cookie {
	b.t.Helper()
	response := b.visit("POST", "/admin/login", url.Values{"password": {rightPassword}})
	if response.StatusCode != http.StatusSeeOther || len(response.Cookies()) != 2 {
		b.t.Fatalf("signing in: got status %d and cookies %v\n%s", response.StatusCode, response.Cookies(), text(b.t, response))
	}
	return cookieNamed(b.t, response, sessionCookie)
}

func cookieNamed(t *testing.T, response *http.Response, name string) *http.Cookie {
	t.Helper()
	for _, cookie := range response.Cookies() {
		if cookie.Name == name {
			return cookie
		}
	}
	t.Fatalf("no cookie %s, only %v", name, response.Cookies())
	return nil
}

func with(cookie *http.Cookie) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(cookie) }
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
}

// refuse stands for the server's, which answers with what a refusal says.
func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	refusal, _ := errors.AsType[*Refusal](err)
	http.Error(w, refusal.Text, refusal.Status)
}

func TestNew_Refuses(t *testing.T) {
	whole := Config{
		Store:     func() Store { return nil },
		Catalogue: func() *consent.Catalogue { return nil },
		Client:    func(*http.Request) string { return "" },
		Secure:    func(*http.Request) bool { return true },
		Log:       slog.New(slog.DiscardHandler),
		Fail:      refuse,
	}
	incomplete, unbound := whole, whole
	incomplete.Store = nil
	unbound.UserHeader = "X-User"
	for name, config := range map[string]Config{"a missing part": incomplete, "a header without proxies": unbound} {
		if _, err := New(config); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestDashboard_IsOffWithoutAPassword(t *testing.T) {
	b := newBench(t, newFakeStore(t))
	for _, path := range []string{"/admin", "/admin/receipts?id=x", "/admin/export.csv", "/admin/nothing"} {
		expect(t, b.visit("GET", path, nil), http.StatusNotFound, "temoin admin password")
	}
	expect(t, b.visit("POST", "/admin/login", url.Values{"password": {""}}), http.StatusNotFound, "temoin admin password")
	expect(t, b.visit("GET", "/admin?lang=en", nil), http.StatusNotFound, "The dashboard is off")
}

func TestDashboard_SignInAndOut(t *testing.T) {
	s := realStore(t)
	b := newBench(t, s)
	expect(t, b.visit("GET", "/admin", nil), http.StatusOK, `type="password"`)
	expect(t, b.visit("POST", "/admin/login", url.Values{"password": {"wrong horse battery"}}), http.StatusForbidden, "pas le bon")

	cookie := b.signIn()
	if cookie.Name != "__Host-temoin-admin" || !cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode ||
		cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != 12*60*60 || len(cookie.Value) != 43 {
		t.Errorf("got the cookie %s", cookie)
	}
	if found, err := s.HasSession(t.Context(), cookie.Value, b.clock, sessionLength); found || err != nil {
		t.Errorf("the store knows the token itself (%v)", err)
	}
	page := expect(t, b.visit("GET", "/admin", nil, with(cookie)), http.StatusOK, "Tableau de bord", "Se déconnecter")
	token := between(t, page, `name="token" value="`, `"`)
	if strings.Contains(page, cookie.Value) {
		t.Error("the page holds the session's secret")
	}

	expect(t, b.visit("POST", "/admin/logout", url.Values{"token": {"x"}}, with(cookie)), http.StatusForbidden)
	expect(t, b.visit("POST", "/admin/logout", url.Values{}, with(cookie)), http.StatusForbidden)
	response := b.visit("POST", "/admin/logout", url.Values{"token": {token}}, with(cookie))
	expect(t, response, http.StatusSeeOther)
	if ended := cookieNamed(t, response, sessionCookie); ended.MaxAge >= 0 || ended.Value != "" {
		t.Errorf("got the cookie %s, want one that is gone", ended)
	}
	expect(t, b.visit("GET", "/admin?signed=out", nil, with(cookie)), http.StatusOK, `type="password"`, "Vous êtes déconnecté", forgetPath)
	left := cookieNamed(t, response, leftCookie)
	if got := b.visit("GET", forgetPath, nil, with(left)).Header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("the browser is told to forget %s", got)
	}
	if left.SameSite != http.SameSiteStrictMode || left.MaxAge != 60 {
		t.Errorf("got the cookie %s: other sites' pages must not have it sent", left)
	}
	if got := b.visit("GET", forgetPath, nil).Header.Get("Clear-Site-Data"); got != "" {
		t.Errorf("whoever never signed in is told to forget %s", got)
	}
	expect(t, b.visit("GET", "/admin?signed=in", nil), http.StatusOK, "n’a pas gardé la connexion")

	for _, secret := range []string{rightPassword, "wrong horse battery", cookie.Value, token, sessionHash(cookie.Value, cheapHash), cheapHash} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("the log holds %q:\n%s", secret, b.log)
		}
	}
}

func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	middle, _, end := strings.Cut(rest, after)
	if !found || !end {
		t.Fatalf("nothing between %q and %q in\n%s", before, after, text)
	}
	return middle
}

func TestDashboard_SessionsEnd(t *testing.T) {
	for name, end := range map[string]func(b *bench, s *store.Store) error{
		"after twelve hours": func(b *bench, _ *store.Store) error {
			b.clock = b.clock.Add(12*time.Hour + time.Second)
			return nil
		},
		"with the password": func(b *bench, s *store.Store) error {
			return SetPassword(t.Context(), s, "another horse battery", Exporter)
		},
		"with the setting changed by hand": func(b *bench, s *store.Store) error {
			return s.SetSetting(t.Context(), PasswordSetting, strings.Replace(cheapHash, "t=1", "t=2", 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := realStore(t)
			b := newBench(t, s)
			cookie := b.signIn()
			b.clock = b.clock.Add(11 * time.Hour)
			expect(t, b.visit("GET", "/admin", nil, with(cookie)), http.StatusOK, "Se déconnecter")
			b.clock = b.clock.Add(-11 * time.Hour)
			if err := end(b, s); err != nil {
				t.Fatal(err)
			}
			expect(t, b.visit("GET", "/admin", nil, with(cookie)), http.StatusOK, `type="password"`)
			expect(t, b.visit("GET", "/admin/export.csv", nil, with(cookie)), http.StatusSeeOther)
		})
	}
}

// TestDashboard_ClockAhead: who signs in while the clock is years ahead is signed out when
// it is right, not in for years; and nobody has to wait for years to sign in again.
func TestDashboard_ClockAhead(t *testing.T) {
	b := newBench(t, realStore(t))
	b.clock = now.AddDate(3, 0, 0)
	var ahead *http.Cookie
	for range 5 {
		ahead = b.signIn()
	}
	b.clock = now
	expect(t, b.visit("GET", "/admin", nil, with(ahead)), http.StatusOK, `type="password"`)
	b.slept = 0
	cookie := b.signIn()
	expect(t, b.visit("GET", "/admin", nil, with(cookie)), http.StatusOK, "Se déconnecter")
	if b.slept > patience {
		t.Errorf("to sign in takes %s", b.slept)
	}
}

func TestSetPassword(t *testing.T) {
	s := realStore(t)
	if err := SetPassword(t.Context(), s, "short", Exporter); err == nil {
		t.Error("a short password: got no error")
	}
	if err := SetPassword(t.Context(), s, "another horse battery", Exporter); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, s)
	expect(t, b.visit("POST", "/admin/login", url.Values{"password": {rightPassword}}), http.StatusForbidden)
	expect(t, b.visit("POST", "/admin/login", url.Values{"password": {"another horse battery"}}), http.StatusSeeOther)
}

func TestDashboard_TrustsAProxy(t *testing.T) {
	proxied := func(c *Config) {
		c.UserHeader, c.Proxies = "X-Remote-User", []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
	}
	from := func(address string) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = address }
	}
	for name, c := range map[string]struct {
		change []func(*http.Request)
		sees   bool
	}{
		"the proxy":                      {[]func(*http.Request){from("10.1.2.3:4000"), header("X-Remote-User", "agnès")}, true},
		"the proxy, over IPv6":           {[]func(*http.Request){from("[2001:db8::1]:4000"), header("X-Remote-User", "agnès")}, true},
		"the proxy, mapped":              {[]func(*http.Request){from("[::ffff:10.1.2.3]:4000"), header("X-Remote-User", "agnès")}, true},
		"somebody else":                  {[]func(*http.Request){from("10.2.2.3:4000"), header("X-Remote-User", "agnès")}, false},
		"somebody who forwards":          {[]func(*http.Request){from("10.2.2.3:4000"), header("X-Remote-User", "agnès"), header("X-Forwarded-For", "10.1.2.3")}, false},
		"nobody signed in":               {[]func(*http.Request){from("10.1.2.3:4000")}, false},
		"an empty name":                  {[]func(*http.Request){from("10.1.2.3:4000"), header("X-Remote-User", " ")}, false},
		"no name":                        {[]func(*http.Request){from("10.1.2.3:4000"), header("X-Remote-User", "(null)")}, false},
		"two names, one of a visitor":    {[]func(*http.Request){from("10.1.2.3:4000"), header("X-Remote-User", "mallory", "agnès")}, false},
		"an address that is none":        {[]func(*http.Request){from("@"), header("X-Remote-User", "agnès")}, false},
		"a name longer than anybody has": {[]func(*http.Request){from("10.1.2.3:4000"), header("X-Remote-User", strings.Repeat("a", 201))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, newFakeStore(t), proxied)
			response := b.visit("GET", "/admin", nil, c.change...)
			if c.sees {
				page := expect(t, response, http.StatusOK, "Connecté\u00a0: agnès")
				if strings.Contains(page, "Se déconnecter") {
					t.Error("the page offers to sign out, which the proxy alone can do")
				}
				return
			}
			expect(t, response, http.StatusForbidden, "portail de connexion")
			expect(t, b.visit("GET", "/admin/export.csv", nil, c.change...), http.StatusForbidden)
		})
	}
	t.Run("its header says nothing where none is configured", func(t *testing.T) {
		f := newFakeStore(t)
		f.settings[PasswordSetting] = cheapHash
		b := newBench(t, f)
		expect(t, b.visit("GET", "/admin", nil, from("10.1.2.3:4000"), header("X-Remote-User", "agnès")), http.StatusOK, `type="password"`)
	})
	t.Run("beside a password", func(t *testing.T) {
		f := newFakeStore(t)
		f.settings[PasswordSetting] = cheapHash
		b := newBench(t, f, proxied)
		expect(t, b.visit("GET", "/admin", nil, from("192.0.2.1:1"), header("X-Remote-User", "agnès")), http.StatusOK, `type="password"`)
		expect(t, b.visit("GET", "/admin", nil, with(b.signIn())), http.StatusOK, "Se déconnecter")
	})
	t.Run("a password form that nobody needs", func(t *testing.T) {
		b := newBench(t, newFakeStore(t), proxied)
		expect(t, b.visit("POST", "/admin/login", url.Values{"password": {""}}), http.StatusForbidden)
	})
}

func TestDashboard_HostileClients(t *testing.T) {
	f := newFakeStore(t)
	f.fill(newSeason(t, 3, 8))
	f.settings[PasswordSetting] = cheapHash
	id := f.receipts[0].ID()

	t.Run("see nothing without a session", func(t *testing.T) {
		b := newBench(t, f)
		forged := []*http.Cookie{
			{Name: sessionCookie, Value: newToken()},
			{Name: sessionCookie, Value: ""},
			{Name: sessionCookie, Value: "' OR '1'='1"},
			{Name: sessionCookie, Value: strings.Repeat("A", 43)},
			{Name: sessionCookie, Value: strings.Repeat("A", 4000)},
			{Name: "temoin-admin", Value: newToken()},
		}
		for _, path := range []string{
			"/admin", "/admin/", "/admin/receipts?id=" + id, "/admin/export.csv", "/admin/export.jsonl", "/admin/export.csv?days=365",
			"/admin/login", "/admin/logout", "/admin/export.CSV", "/admin/export.csv/", "/admin/./export.csv", "/admin//export.csv",
			"/admin/x/../export.csv", "/admin/%2e%2e/admin/export.csv", "/admin/export.csv%00", "/admin/style/../export.jsonl", "//admin/export.csv",
			"/admin/admin.html", "/admin/report.html", "/admin/fr.yaml",
		} {
			for _, cookie := range forged {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"} {
					response := b.visit(method, path, nil, with(cookie))
					page := text(t, response)
					if strings.Contains(page, id) && !strings.Contains(path, id) || strings.Contains(page, "figures") || response.StatusCode >= 500 ||
						response.Header.Get("Content-Disposition") != "" {
						t.Errorf("%s %s with %s: got %d and\n%s", method, path, cookie, response.StatusCode, page)
					}
				}
			}
		}
	})

	t.Run("cannot send forms from elsewhere", func(t *testing.T) {
		b := newBench(t, f)
		cookie := b.signIn()
		page := expect(t, b.visit("GET", "/admin", nil, with(cookie)), http.StatusOK)
		token := between(t, page, `name="token" value="`, `"`)
		for name, from := range map[string][]func(*http.Request){
			"another site":              {header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")},
			"another host of the site":  {header("Sec-Fetch-Site", "same-site"), header("Origin", "https://www.rivemont.example")},
			"an old browser":            {header("Sec-Fetch-Site"), header("Origin", "https://evil.example")},
			"a frame without an origin": {header("Sec-Fetch-Site"), header("Origin", "null")},
		} {
			for path, form := range map[string]url.Values{"/admin/login": {"password": {rightPassword}}, "/admin/logout": {"token": {token}}} {
				response := b.visit("POST", path, form, append(from, with(cookie))...)
				if response.StatusCode != http.StatusForbidden || len(response.Cookies()) > 0 {
					t.Errorf("%s to %s: got status %d and cookies %v", name, path, response.StatusCode, response.Cookies())
				}
			}
		}
		expect(t, b.visit("GET", "/admin", nil, with(cookie)), http.StatusOK, "Se déconnecter")
		other := b.signIn()
		expect(t, b.visit("POST", "/admin/logout", url.Values{"token": {token}}, with(other)), http.StatusForbidden)
	})

	t.Run("cannot send large forms", func(t *testing.T) {
		b := newBench(t, f)
		large := url.Values{"password": {strings.Repeat("x", 64<<10)}}
		expect(t, b.visit("POST", "/admin/login", large), http.StatusRequestEntityTooLarge)
		expect(t, b.visit("POST", "/admin/login", url.Values{"password": {strings.Repeat("x", 4<<10)}}), http.StatusForbidden)
		expect(t, b.visit("POST", "/admin/login", url.Values{}, func(r *http.Request) { r.URL.RawQuery = "password=" + url.QueryEscape(rightPassword) }), http.StatusForbidden)
		expect(t, b.visit("POST", "/admin/login", url.Values{}, func(r *http.Request) {
			*r = *httptest.NewRequest("POST", "https://data.rivemont.example/admin/login", strings.NewReader("password=%zz"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}), http.StatusBadRequest)
	})

	t.Run("are slowed down, not locked out", func(t *testing.T) {
		b := newBench(t, f)
		guess := func() int {
			b.slept = 0
			return b.visit("POST", "/admin/login", url.Values{"password": {"a guess of mine"}}).StatusCode
		}
		for range clientBurst {
			if status := guess(); status != http.StatusForbidden || b.slept > 0 {
				t.Fatalf("got status %d after %v", status, b.slept)
			}
		}
		if status := guess(); status != http.StatusForbidden || b.slept != clientEvery {
			t.Errorf("got status %d after %v, want an answer after %v", status, b.slept, clientEvery)
		}
		b.slept = 0
		expect(t, b.visit("POST", "/admin/login", url.Values{"password": {rightPassword}}), http.StatusSeeOther)
		if b.slept == 0 || b.slept > patience {
			t.Errorf("the right password waited for %v, want at most %v", b.slept, patience)
		}
	})

	t.Run("cannot keep out who has signed in before", func(t *testing.T) {
		b := newBench(t, f)
		known := cookieNamed(t, b.visit("POST", "/admin/login", url.Values{"password": {rightPassword}}), knownCookie)
		stopped := b.clock
		guess := func(client string, change ...func(*http.Request)) int {
			b.client, b.clock = client, stopped // all at once
			return b.visit("POST", "/admin/login", url.Values{"password": {"a guess of ours"}}, change...).StatusCode
		}
		var refused int
		for i := range 3 * totalBurst {
			if guess(fmt.Sprint("stranger ", i)) == http.StatusTooManyRequests {
				refused++
			}
		}
		// All that would wait for longer than patience: one in totalEvery comes free.
		if want := 3*totalBurst + 1 - totalBurst - int(patience/totalEvery); refused != want {
			t.Errorf("of %d guesses %d were refused, want %d", 3*totalBurst, refused, want)
		}
		if status := guess("another stranger"); status != http.StatusTooManyRequests {
			t.Errorf("got status %d for a stranger", status)
		}
		forged := *known
		forged.Value = strings.Repeat("A", len(known.Value))
		if status := guess("a forger", with(&forged)); status != http.StatusTooManyRequests {
			t.Errorf("got status %d for a forged cookie", status)
		}
		b.clock, b.slept = stopped, 0
		checked := b.handler.(*Dashboard).passwords.strangers // all that are checked at once are strangers'
		for range cap(checked) {
			checked <- struct{}{}
		}
		soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		expect(t, b.visit("POST", "/admin/login", url.Values{"password": {rightPassword}}, with(known), func(r *http.Request) { *r = *r.WithContext(soon) }), http.StatusSeeOther)
		for range cap(checked) {
			<-checked
		}
		if b.slept > 0 {
			t.Errorf("who has signed in before waited for %v", b.slept)
		}
		// Nor does the cookie let anybody guess without end.
		for range 20 {
			guess("a thief", with(known))
		}
		if status := guess("a thief", with(known)); status != http.StatusTooManyRequests {
			t.Errorf("got status %d for a stolen cookie", status)
		}
	})

	t.Run("guess at two servers as at one", func(t *testing.T) {
		shared := realStore(t)
		servers := []*bench{newBench(t, shared), newBench(t, shared)}
		for i := range clientBurst {
			expect(t, servers[i%2].visit("POST", "/admin/login", url.Values{"password": {"a guess of mine"}}), http.StatusForbidden)
		}
		for _, b := range servers {
			expect(t, b.visit("POST", "/admin/login", url.Values{"password": {"a guess of mine"}}), http.StatusForbidden)
			if b.slept < clientEvery {
				t.Errorf("the guess waited for %v, want at least %v", b.slept, clientEvery)
			}
		}
	})

	t.Run("leave no address", func(t *testing.T) {
		key, err := receipt.NewKey("data.rivemont.example")
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		kept, err := store.Open(t.Context(), store.Config{Dir: dir, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		if err := kept.SetSetting(t.Context(), PasswordSetting, cheapHash); err != nil {
			t.Fatal(err)
		}
		b := newBench(t, kept)
		b.client = "203.0.113.7/32"
		expect(t, b.visit("POST", "/admin/login", url.Values{"password": {"a guess of mine"}}), http.StatusForbidden)
		secret, err := kept.Secret(t.Context(), secretSetting)
		if err != nil {
			t.Fatal(err)
		}
		var found bytes.Buffer
		for _, name := range []string{"temoin.db", "temoin.db-wal"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			found.Write(data)
		}
		if !bytes.Contains(found.Bytes(), []byte(keyed(secret, "stranger", b.client))) {
			t.Error("the attempt is not kept under a keyed hash")
		}
		if bytes.Contains(found.Bytes(), []byte("203.0.113.7")) || strings.Contains(b.log.String(), "203.0.113.7") {
			t.Error("the address is kept")
		}
	})

	t.Run("send no password that others can read", func(t *testing.T) {
		b := newBench(t, f)
		overHTTP := func(r *http.Request) { r.URL.Scheme = "http" }
		page := expect(t, b.visit("GET", "/admin", nil, overHTTP), http.StatusOK, "https")
		if strings.Contains(page, `type="password"`) {
			t.Error("a page that others can read asks for the password")
		}
		response := b.visit("POST", "/admin/login", url.Values{"password": {rightPassword}}, overHTTP)
		expect(t, response, http.StatusForbidden, "https")
		if len(response.Cookies()) > 0 {
			t.Errorf("got cookies %v", response.Cookies())
		}
	})

	t.Run("write no markup", func(t *testing.T) {
		const attack = `"><script>alert(1)</script>`
		b := newBench(t, f, func(c *Config) {
			c.UserHeader, c.Proxies = "X-Remote-User", []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
		})
		for _, name := range []string{"id", "lang", "since", "until", "days", "signed"} {
			for _, path := range []string{"/admin?", "/admin/receipts?", "/admin/export.csv?since=x&", "/admin/x?"} {
				page := text(t, b.visit("GET", path+url.Values{name: {attack}}.Encode(), nil, header("X-Remote-User", attack)))
				if strings.Contains(page, "<script") {
					t.Errorf("%s in %s gives\n%s", name, path, page)
				}
			}
		}
	})
}

// TestDashboard_Headers looks at what every answer has to carry.
func TestDashboard_Headers(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	b := newBench(t, f)
	cookie := b.signIn()
	for _, path := range []string{"/admin", "/admin/receipts?id=x", "/admin/export.csv", "/admin/nothing"} {
		h := b.visit("GET", path, nil, with(cookie)).Header
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "script-src") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	page := text(t, b.visit("GET", "/admin", nil))
	style := between(t, page, `rel="stylesheet" href="`, `"`)
	response := b.visit("GET", style, nil)
	expect(t, response, http.StatusOK, "prefers-color-scheme")
	if got := response.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("the style's Cache-Control is %q", got)
	}
}

func TestDashboard_StoreAway(t *testing.T) {
	b := newBench(t, nil)
	b.store = nil
	response := b.visit("GET", "/admin", nil)
	expect(t, response, http.StatusServiceUnavailable, "n’a pas pu répondre")
	if response.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	f := newFakeStore(t)
	f.fault = errors.New("disk I/O error: /var/lib/temoin/temoin.db")
	b = newBench(t, f)
	for _, path := range []string{"/admin", "/admin/receipts?id=x", "/admin/export.csv"} {
		page := expect(t, b.visit("GET", path, nil), http.StatusServiceUnavailable, "n’a pas pu répondre")
		if strings.Contains(page, "disk") {
			t.Errorf("the page tells how the server is made:\n%s", page)
		}
	}
	if !strings.Contains(b.log.String(), "disk I/O error") {
		t.Errorf("the log does not say why: %s", b.log)
	}
}

func TestDashboard_SpeaksTheVisitorsLanguage(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	b := newBench(t, f)
	for _, c := range []struct{ target, accept, want string }{
		{"/admin", "fr", `lang="fr"`},
		{"/admin", "en-GB,fr;q=0.5", `lang="en"`},
		{"/admin", "de", `lang="fr"`},
		{"/admin", "", `lang="fr"`},
		{"/admin?lang=en", "fr", `lang="en"`},
		{"/admin?lang=xx", "en", `lang="en"`},
	} {
		page := expect(t, b.visit("GET", c.target, nil, header("Accept-Language", c.accept)), http.StatusOK)
		if !strings.Contains(page, "<html "+c.want) {
			t.Errorf("%s for %q: got no %s in\n%s", c.target, c.accept, c.want, page)
		}
	}
	response := b.visit("POST", "/admin/login?lang=en", url.Values{"password": {rightPassword}})
	if got := response.Header.Get("Location"); got != "/admin?lang=en&signed=in" {
		t.Errorf("after signing in in English, it leads to %q", got)
	}
}

// golden compares a page with its file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s is another (%v); look at it, and then: go test ./server/admin -update. Got\n%s", file, err, got)
	}
}

// TestDashboard_Pages holds a small report to what it said before, in both
// languages, and every page to markup that is closed.
func TestDashboard_Pages(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	for _, r := range newSeason(t, 2, 12).receipts {
		r.RecordID, r.PrincipalID = sampleID, sampleID
		f.receipts = append(f.receipts, r)
	}
	f.unanswered[store.UnansweredSum{Day: "2026-11-24", Rev: f.receipts[0].Rev()}] = 1234
	for outcome, n := range map[receipt.Outcome]int64{receipt.Accepted: 5, receipt.Partly: 1, receipt.Refused: 1010} {
		f.anew[store.AnewSum{Day: "2026-11-24", Rev: f.receipts[0].Rev(), Outcome: outcome}] = n
	}
	b := newBench(t, f)
	cookie := b.signIn()
	for _, lang := range languages {
		page := text(t, b.visit("GET", "/admin?since=2026-11-23&until=2026-11-24&lang="+lang, nil, with(cookie)))
		golden(t, "report."+lang+".txt", words(t, page))
		wellFormed(t, page)
		for _, path := range []string{"/admin?signed=out&lang=", "/admin/receipts?id=x&lang=", "/admin/nothing?lang=", "/admin/receipts?id=" + sampleID + "&lang="} {
			wellFormed(t, text(t, b.visit("GET", path+lang, nil, with(cookie))))
		}
	}
}

const sampleID = "3f2b8c1e-5a47-4d0a-9c61-0e8f7b6a5d43"

// words returns the text of a page, one piece a line, with the text
// alternatives of its images.
func words(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for node := range root.Descendants() {
		if s := strings.TrimSpace(node.Data); node.Type == html.TextNode && s != "" {
			b.WriteString(s + "\n")
		}
		for _, a := range node.Attr {
			if a.Key == "aria-label" {
				b.WriteString("[" + a.Val + "]\n")
			}
		}
	}
	return b.String()
}

// wellFormed fails where an element is not closed, or an id occurs twice.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	empty := map[string]bool{"meta": true, "link": true, "input": true}
	var open []string
	ids := map[string]bool{}
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		token := z.Token()
		switch token.Type {
		case html.StartTagToken:
			for _, a := range token.Attr {
				if a.Key == "id" && ids[a.Val] {
					t.Errorf("the id %q occurs twice", a.Val)
				} else if a.Key == "id" {
					ids[a.Val] = true
				}
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s> has the attribute %s, which the policy forbids", token.Data, a.Key)
				}
			}
			if !empty[token.Data] {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> within %q in\n%s", token.Data, open, page)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%q are not closed in\n%s", open, page)
	}
}
