package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/admin"
	"temoin.example/temoin/server/receipt"
)

const (
	siteA, siteB = "a.example", "b.example"
	onShared     = "consent.example"
)

// catalogueOf is a catalogue that asks for something, of the site at a host.
func catalogueOf(host, more string) string {
	return fmt.Sprintf("site: { name: The site of %s, url: https://%s }\nlanguages: [fr]\n"+
		"services: [{ id: video, category: third-party, name: Video, provider: Video, purpose: Shows films }]\n%s\n", host, host, more)
}

// testSites are the sites of a folder that nobody but the test looks at.
type testSites struct {
	*Sites
	t   *testing.T
	log *logBuffer
}

func newTestSites(t *testing.T, config SitesConfig, catalogues map[string]string) *testSites {
	t.Helper()
	s := &testSites{t: t, log: &logBuffer{}}
	config.Dist, config.Folder = fakeDist(), t.TempDir()
	config.Store.Data = t.TempDir()
	config.Config.Log = slog.New(slog.NewTextHandler(s.log, nil))
	for name, text := range catalogues {
		writeSite(t, config.Folder, name, text)
	}
	var err error
	if s.Sites, err = prepareSites(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func twoSites(t *testing.T, config SitesConfig) *testSites {
	return newTestSites(t, config, map[string]string{siteA: catalogueOf(siteA, ""), siteB: catalogueOf(siteB, "")})
}

func writeSite(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(CataloguePath(folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// change writes a site's catalogue anew, and has the folder looked at.
func (s *testSites) change(name, text string) {
	s.t.Helper()
	writeSite(s.t, s.config.Folder, name, text)
	s.look()
}

// server returns a site's server.
func (s *testSites) server(name string) (found *Server) {
	s.t.Helper()
	if err := s.table.Load().byName[name].awake(func(server *Server) { found = server }); err != nil {
		s.t.Fatal(err)
	}
	return found
}

// ask answers a request to a host, with headers by name and value, over https.
func (s *testSites) ask(method, host, path string, body []byte, headers ...string) *http.Response {
	r := httptest.NewRequest(method, "http://example.com"+path, bytes.NewReader(body))
	r.Host, r.RemoteAddr = host, "203.0.113.7:4711"
	r.Header.Set("X-Forwarded-Proto", "https")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Peer" {
			r.RemoteAddr = headers[i+1]
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func (s *testSites) get(host, path string, headers ...string) *http.Response {
	return s.ask("GET", host, path, nil, headers...)
}

// report keeps the receipt of a choice on a site, and returns its id.
func (s *testSites) report(host, path, site string, headers ...string) (id string, got *http.Response) {
	s.t.Helper()
	sent := s.server(site).accepted()
	return sent.id(), s.ask("POST", host, path, sent.json(), append([]string{"Content-Type", "application/json"}, headers...)...)
}

func (s *testSites) mustReport(site string) string {
	s.t.Helper()
	id, got := s.report(site, "/api/consents", site, "Origin", "https://"+site)
	if got.StatusCode != http.StatusCreated {
		s.t.Fatalf("got %d: %s", got.StatusCode, bodyOf(s.t, got))
	}
	return id
}

// signIn sets a password for a site, and returns the cookie of a session there.
func (s *testSites) signIn(site, password string) string {
	s.t.Helper()
	if err := admin.SetPassword(s.t.Context(), s.server(site).ledger.Store(), password, admin.Exporter); err != nil {
		s.t.Fatal(err)
	}
	form := url.Values{"password": {password}}
	got := s.ask("POST", site, "/admin/login", []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://"+site)
	if got.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("sign in: got %d: %s", got.StatusCode, bodyOf(s.t, got))
	}
	var cookies []string
	for _, cookie := range got.Cookies() {
		if cookie.Domain != "" || !strings.HasPrefix(cookie.Name, "__Host-") {
			s.t.Errorf("the cookie %s is for %q, want the host alone", cookie.Name, cookie.Domain)
		}
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	return strings.Join(cookies, "; ")
}

// TestSites_Apart tries every reach from one site into another.
func TestSites_Apart(t *testing.T) { testApart(t, SitesConfig{}) }

func testApart(t *testing.T, config SitesConfig) {
	config.SharedHost = onShared
	s := twoSites(t, config)
	ids := map[string]string{siteA: s.mustReport(siteA), siteB: s.mustReport(siteB)}
	s.mustReport(siteB)
	sessions := map[string]string{siteA: s.signIn(siteA, "le mot de passe d'un site"), siteB: s.signIn(siteB, "celui de l'autre site")}
	for own, other := range map[string]string{siteA: siteB, siteB: siteA} {
		t.Run("from "+own+" into "+other, func(t *testing.T) {
			s.testReceipts(t, own, ids[own], ids[other])
			s.testDashboard(t, own, sessions[own], sessions[other], ids[other])
			s.testHosts(t, own, other)
			s.testOrigins(t, own, other)
			s.testCookies(t, own)
		})
	}
	keys := map[string]bool{}
	for _, site := range []string{siteA, siteB} {
		key, err := os.ReadFile(filepath.Join(s.config.Store.Data, site, "key"))
		if err != nil || keys[string(key)] {
			t.Errorf("the key of %s: %v, want one of its own", site, err)
		}
		keys[string(key)] = true
	}
}

// testReceipts: receipts, their keys, proofs and checkpoints are the site's own.
func (s *testSites) testReceipts(t *testing.T, own, ownID, otherID string) {
	if got := s.get(own, "/api/consents/"+otherID); got.StatusCode != http.StatusNotFound {
		t.Errorf("the other site's receipt: got %d", got.StatusCode)
	}
	body := bodyOf(t, s.get(own, "/api/consents/"+ownID))
	kept, err := receipt.ParseFile([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := kept.Verify(); err != nil || !strings.HasPrefix(kept.Key, own+"+") {
		t.Errorf("the own receipt is signed by %s (%v), want %s", kept.Key, err, own)
	}
	if strings.Contains(body, otherOf(own)) {
		t.Errorf("the own receipt names the other site: %s", body)
	}
	if got := bodyOf(t, s.get(own, "/api/consents/checkpoint")); !strings.HasPrefix(got, own) {
		t.Errorf("the checkpoint is %q, want %s's", got, own)
	}
}

// testDashboard: the other site's session opens nothing, and the figures and the files
// are the site's own.
func (s *testSites) testDashboard(t *testing.T, own, session, others, otherID string) {
	if got := s.get(own, "/admin/export.csv", "Cookie", session); got.StatusCode != http.StatusOK || strings.Contains(bodyOf(t, got), otherID) {
		t.Errorf("the own export: got %d, want it without the other's receipts", got.StatusCode)
	}
	if got := bodyOf(t, s.get(own, "/admin/receipts?id="+otherID, "Cookie", session)); strings.Contains(got, "choices") {
		t.Errorf("the own search finds the other's receipt: %s", got)
	}
	for _, path := range []string{"/admin/export.csv", "/admin/export.jsonl", "/admin/receipts?id=" + otherID} {
		if got := s.get(own, path, "Cookie", others); got.StatusCode != http.StatusSeeOther {
			t.Errorf("%s with the other's session: got %d, want the way to sign in", path, got.StatusCode)
		}
	}
	if got := bodyOf(t, s.get(own, "/admin", "Cookie", others)); !strings.Contains(got, `type="password"`) {
		t.Error("the dashboard with the other's session asks for no password")
	}
}

// testHosts: nothing but the host that a request is sent to chooses the site, where it
// is one.
func (s *testSites) testHosts(t *testing.T, own, other string) {
	name := "The site of " + own
	for what, headers := range map[string][]string{
		"a host in capitals":            {"Host", strings.ToUpper(own)},
		"a host with a port":            {"Host", own + ":8443"},
		"a host with the root's dot":    {"Host", own + "."},
		"a visitor's X-Forwarded-Host":  {"X-Forwarded-Host", other},
		"a proxy's X-Forwarded-Host":    {"X-Forwarded-Host", other, "Peer", "127.0.0.1:4711"},
		"a proxy's Forwarded":           {"Forwarded", "host=" + other, "Peer", "127.0.0.1:4711"},
		"a proxy's X-Forwarded-Prefix":  {"X-Forwarded-Prefix", "/s/" + other, "Peer", "127.0.0.1:4711"},
		"a visitor's Referer":           {"Referer", "https://" + other + "/"},
		"a visitor's X-Host":            {"X-Host", other},
		"a visitor's X-Original-Host":   {"X-Original-Host", other},
		"a visitor's X-Forwarded-Proto": {"X-Forwarded-Proto", "https," + other},
	} {
		host := own
		if headers[0] == "Host" {
			host = headers[1]
		}
		got := s.get(host, consent.CharterPath, headers...)
		if body := bodyOf(t, got); got.StatusCode != http.StatusOK || !strings.Contains(body, name) || strings.Contains(body, "The site of "+other) {
			t.Errorf("%s: got %d, want the own charter", what, got.StatusCode)
		}
	}
	for _, path := range []string{"/s/" + other + "/temoin.js", "/" + other + "/temoin.js", "/..%2f" + other + "/key", "/temoin/../../" + other + "/key", "/s/" + other + "/admin"} {
		if got := s.get(own, path); got.StatusCode == http.StatusOK {
			t.Errorf("%s at the own host: got %d", path, got.StatusCode)
		}
	}
}

// testOrigins: pages of a site report to that site alone, and at the shared host too.
func (s *testSites) testOrigins(t *testing.T, own, other string) {
	for what, c := range map[string]struct {
		host, path, site, origin string
		status                   int
	}{
		"to the other":                     {other, "/api/consents", other, own, http.StatusForbidden},
		"to the other at the shared host":  {onShared, "/s/" + other + "/api/consents", other, own, http.StatusForbidden},
		"to itself at the shared host":     {onShared, "/s/" + own + "/api/consents", own, own, http.StatusCreated},
		"the other's receipt to itself":    {own, "/api/consents", own, own, http.StatusCreated},
		"to the shared host without site":  {onShared, "/api/consents", own, own, http.StatusNotFound},
		"to the shared host's wrong site":  {onShared, "/s/c.example/api/consents", own, own, http.StatusNotFound},
		"of the shared host to the other":  {other, "/api/consents", other, onShared, http.StatusForbidden},
		"of the shared host to the shared": {onShared, "/s/" + other + "/api/consents", other, "null", http.StatusForbidden},
	} {
		_, got := s.report(c.host, c.path, c.site, "Origin", "https://"+c.origin)
		if got.StatusCode != c.status {
			t.Errorf("%s: got %d %s, want %d", what, got.StatusCode, bodyOf(t, got), c.status)
		}
		if allowed := got.Header.Get("Access-Control-Allow-Origin"); allowed != "" && allowed != "https://"+c.site {
			t.Errorf("%s: %s may read the answer", what, allowed)
		}
	}
}

// testCookies: what a site sets is for its own host.
func (s *testSites) testCookies(t *testing.T, own string) {
	got := s.ask("POST", own, consent.CharterPath, []byte("answer=refuse"), "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://"+own)
	if len(got.Cookies()) != 1 {
		t.Fatalf("got %d and the cookies %v", got.StatusCode, got.Cookies())
	}
	if cookie := got.Cookies()[0]; cookie.Domain != "" {
		t.Errorf("the cookie is for %q, want the host alone", cookie.Domain)
	}
	if location := got.Header.Get("Location"); !strings.HasPrefix(location, consent.CharterPath) {
		t.Errorf("the form leads to %s", location)
	}
}

func otherOf(site string) string { return map[string]string{siteA: siteB, siteB: siteA}[site] }

// TestSites_UnknownHost: whoever names no site gets nothing of any.
func TestSites_UnknownHost(t *testing.T) {
	s := twoSites(t, SitesConfig{SharedHost: onShared})
	for _, host := range []string{"", "c.example", "www.a.example", "a.example.evil.example", "127.0.0.1", "[::1]:80", "a.example/", onShared} {
		for _, path := range []string{"/", "/temoin.js", "/temoin/temoin.js", consent.CharterPath, "/admin", "/api/consents/checkpoint", "/temoin/catalogue.json", "/metrics", "/.well-known/gpc.json", "/s/", "/s/c.example/temoin.js", "/healthz", "/s/a.example", "/s/a.example/admin", "/s/a.example" + consent.CharterPath, "/s/a.example/temoin" + consent.CharterPath, "/s/a.example/healthz"} {
			got := s.get(host, path, "X-Forwarded-Host", siteA)
			body := bodyOf(t, got)
			if path == "/healthz" {
				if got.StatusCode != http.StatusOK || !strings.Contains(body, `"sites":2,"invalid":0,"receipts":"ok"`) {
					t.Errorf("%s: got %d %s", path, got.StatusCode, body)
				}
			} else if got.StatusCode != http.StatusNotFound || got.Header.Get("Cache-Control") != "no-store" && host != onShared {
				t.Errorf("%q %s: got %d, kept by caches as %q", host, path, got.StatusCode, got.Header.Get("Cache-Control"))
			}
			if strings.Contains(body, siteA) || strings.Contains(body, siteB) || strings.Contains(body, "The site") {
				t.Errorf("%q %s names a site: %s", host, path, body)
			}
			if len(got.Cookies()) > 0 {
				t.Errorf("%q %s sets %v", host, path, got.Cookies())
			}
		}
	}
}

// TestSites_BehindProxy: a proxy that replaces Host says which site is meant, and
// caches in between are told.
func TestSites_BehindProxy(t *testing.T) {
	s := twoSites(t, SitesConfig{})
	for said, want := range map[string]string{siteA: siteA, siteB: siteB, siteA + ", " + siteB: siteB, siteB + ":443": siteB, "c.example": "", "": ""} {
		got := s.get("127.0.0.1:8080", "/temoin.js", "X-Forwarded-Host", said, "Peer", "10.0.0.1:4711")
		if want == "" {
			if got.StatusCode != http.StatusNotFound {
				t.Errorf("%q: got %d", said, got.StatusCode)
			}
			continue
		}
		if body := bodyOf(t, got); got.StatusCode != http.StatusOK || body != string(s.server(want).Site().Files["/temoin.js"].Body) {
			t.Errorf("%q: got %d, want %s", said, got.StatusCode, want)
		}
		if vary := got.Header.Values("Vary"); !slices.Equal(vary, []string{"X-Forwarded-Host", "Accept-Encoding"}) {
			t.Errorf("%q: Vary is %q", said, vary)
		}
	}
	if vary := s.get(siteA, "/temoin.js").Header.Values("Vary"); !slices.Equal(vary, []string{"Accept-Encoding"}) {
		t.Errorf("without a proxy Vary is %q: the headers of a file were changed", vary)
	}
}

// TestSites_BehindProxyForm: a form that comes by a proxy which replaces the host is one of the site's
// own, and what it deletes are cookies of the site's host.
func TestSites_BehindProxyForm(t *testing.T) {
	s := newTestSites(t, SitesConfig{}, map[string]string{siteA: strings.Replace(catalogueOf(siteA, ""), "purpose: Shows films", "purpose: Shows films, cookies: [{ name: vid, purpose: Remembers, duration: 1 month, http-only: true }]", 1)})
	got := s.ask("POST", "127.0.0.1:8080", "/charte-cookies/fr", []byte("answer=refuse"), "Content-Type", "application/x-www-form-urlencoded",
		"X-Forwarded-Host", siteA, "Origin", "https://"+siteA, "Peer", "10.0.0.1:4711")
	if got.StatusCode != http.StatusSeeOther {
		t.Fatalf("got %d: %s", got.StatusCode, bodyOf(t, got))
	}
	lines := strings.Join(got.Header.Values("Set-Cookie"), "\n")
	if !strings.Contains(lines, "vid=; ") || !strings.Contains(lines, "Domain="+siteA) || strings.Contains(lines, "127.0.0.1") {
		t.Errorf("got the cookies\n%s", lines)
	}
}

// TestSites_UserHeader: a header that anybody could send is refused at the start, and a server that
// cannot be made leaves no figures, so that it can be tried again.
func TestSites_UserHeader(t *testing.T) {
	folder := t.TempDir()
	writeSite(t, folder, siteA, catalogueOf(siteA, ""))
	config := Config{Dist: fakeDist(), UserHeader: "X-User", Log: quiet(), Catalogue: CataloguePath(folder, siteA)}.withDefaults()
	if _, err := prepareSites(SitesConfig{Config: config, Folder: folder}); err == nil || !strings.Contains(err.Error(), "-proxies") {
		t.Errorf("many sites: got %v, want an error that names -proxies", err)
	}
	for range 2 {
		s := &Server{config: config}
		if _, err := s.start(s.load); err == nil || !strings.Contains(err.Error(), "X-User") {
			t.Errorf("one site: got %v, want an error that names the header", err)
		}
	}
}

// TestSites_SharedHost: the tag of the shared host is the site's own, and what it asks
// for lies beside it.
func TestSites_SharedHost(t *testing.T) {
	s := twoSites(t, SitesConfig{SharedHost: onShared})
	for _, site := range []string{siteA, siteB} {
		for path, asset := range s.server(site).Site().Files {
			got := s.get(onShared, "/s/"+site+path)
			if body := bodyOf(t, got); got.StatusCode != http.StatusOK || body != string(asset.Body) {
				t.Errorf("%s of %s: got %d", path, site, got.StatusCode)
			}
		}
	}
}

// TestSites_Aliases: pages of an alias may report to the shared host, as those of the site's own host may.
func TestSites_Aliases(t *testing.T) {
	s := newTestSites(t, SitesConfig{SharedHost: onShared}, map[string]string{siteA: catalogueOf(siteA, "aliases: [www.example]"), siteB: catalogueOf(siteB, "")})
	for origin, want := range map[string]int{
		"https://" + siteA: 204, "https://www.example": 204, "http://www.example": 403, "https://www.example:8443": 403, "https://" + siteB: 403,
	} {
		got := s.ask("OPTIONS", onShared, "/s/"+siteA+"/api/consents", nil, "Origin", origin, "Access-Control-Request-Method", "POST", "Sec-Fetch-Site", "cross-site")
		if got.StatusCode != want {
			t.Errorf("%s: got %d, want %d", origin, got.StatusCode, want)
		}
	}
}

// TestSites_Limit: who has used up what one site allows has used up nothing of another's.
func TestSites_Limit(t *testing.T) {
	s := twoSites(t, SitesConfig{Config: Config{Rate: 2}})
	if s.server(siteA).config.shared.passwords != s.server(siteB).config.shared.passwords {
		t.Error("each site checks passwords for itself: 64 MiB each")
	}
	status := func(site string) int {
		_, got := s.report(site, "/api/consents", site, "Origin", "https://"+site, "Peer", "10.0.0.1:4711", "X-Forwarded-For", "203.0.113.7")
		return got.StatusCode
	}
	var got []int
	for range 3 {
		got = append(got, status(siteA))
	}
	if got = append(got, status(siteB)); !slices.Equal(got, []int{201, 201, 429, 201}) {
		t.Errorf("got %v, want the second site to be asked for the first time", got)
	}
}

// TestSites_Metrics: what is counted has the names of catalogues, and never a word of
// who asks.
func TestSites_Metrics(t *testing.T) {
	s := twoSites(t, SitesConfig{})
	series := func() []string {
		w := httptest.NewRecorder()
		s.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		var names []string
		for line := range strings.Lines(w.Body.String()) {
			if name, _, _ := strings.Cut(line, " "); strings.HasPrefix(name, "temoin_") {
				names = append(names, name)
			}
		}
		return names
	}
	ask := func(i int) {
		s.mustReport(siteA)
		s.get(fmt.Sprintf("host-%d.example", i), "/temoin.js")
		s.get(siteA, fmt.Sprintf("/path-%d", i), "X-Forwarded-Host", fmt.Sprintf("other-%d.example", i))
	}
	ask(0)
	s.server(siteB)
	first := series()
	for i := range 20 {
		ask(i)
	}
	if later := series(); len(later) != len(first) {
		t.Errorf("got %d series, then %d", len(first), len(later))
	}
	all := strings.Join(first, "\n")
	for _, want := range []string{`temoin_receipts_total{result="kept",site="a.example"}`, `temoin_store_faults_total{site="b.example"}`, `temoin_site_valid{site="a.example"}`} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s in %s", want, all)
		}
	}
	os.Remove(CataloguePath(s.config.Folder, siteB))
	s.look()
	s.look()
	s.running.Wait()
	if left := strings.Join(series(), "\n"); strings.Contains(left, siteB) {
		t.Errorf("the metrics of a site that is gone stay: %s", left)
	}
}

// TestSites_Administrators: one proxy names the administrators of all sites; each site
// says who are its own.
func TestSites_Administrators(t *testing.T) {
	proxy := Networks{netip.MustParsePrefix("10.0.0.1/32")}
	s := newTestSites(t, SitesConfig{Config: Config{UserHeader: "X-User", Proxies: proxy}}, map[string]string{
		siteA: catalogueOf(siteA, "administrators: [marie, paul]"), siteB: catalogueOf(siteB, "administrators: [jeanne]"), "c.example": catalogueOf("c.example", ""),
	})
	for _, c := range []struct {
		site, user string
		status     int
	}{
		{siteA, "marie", 200}, {siteA, "paul", 200}, {siteA, "jeanne", 403}, {siteA, "Marie", 403},
		{siteB, "jeanne", 200}, {siteB, "marie", 403},
		{"c.example", "marie", 403},
	} {
		if got := s.get(c.site, "/admin", "X-User", c.user, "Peer", "10.0.0.1:1"); got.StatusCode != c.status {
			t.Errorf("%s at %s: got %d, want %d", c.user, c.site, got.StatusCode, c.status)
		}
	}
}

// TestSites_Roles: each catalogue says what somebody may do at its site, and the
// dashboard lists the sites that somebody may see.
func TestSites_Roles(t *testing.T) {
	proxy := Networks{netip.MustParsePrefix("10.0.0.1/32")}
	s := newTestSites(t, SitesConfig{Config: Config{UserHeader: "X-User", Proxies: proxy}}, map[string]string{
		siteA: catalogueOf(siteA, "administrators: [marie]\nreaders: [paul]\nerasers: [jeanne]"), siteB: catalogueOf(siteB, "readers: [marie]"),
	})
	ask := func(method, site, path, user string) *http.Response {
		return s.ask(method, site, path, nil, "X-User", user, "Peer", "10.0.0.1:1", "Origin", "https://"+site)
	}
	for _, c := range []struct {
		site, user           string
		sees, exports, asked int // asked: to erase, without saying what
	}{
		{siteA, "paul", 200, 403, 403}, {siteA, "marie", 200, 200, 403}, {siteA, "jeanne", 200, 200, 400},
		{siteB, "marie", 200, 403, 403}, {siteB, "jeanne", 403, 403, 403},
	} {
		for path, want := range map[string]int{"/admin": c.sees, "/admin/export.csv": c.exports} {
			if got := ask("GET", c.site, path, c.user); got.StatusCode != want {
				t.Errorf("%s at %s%s: got %d, want %d", c.user, c.site, path, got.StatusCode, want)
			}
		}
		if got := ask("POST", c.site, "/admin/receipts/erase", c.user); got.StatusCode != c.asked {
			t.Errorf("%s erases at %s: got %d, want %d", c.user, c.site, got.StatusCode, c.asked)
		}
	}
	for user, want := range map[string]bool{"marie": true, "paul": false} {
		page := bodyOf(t, ask("GET", siteA, "/admin", user))
		if got := strings.Contains(page, `href="https://b.example/admin"`); got != want {
			t.Errorf("%s is shown the other site: got %v, want %v", user, got, want)
		}
	}
}

// TestSites_Files: sites come, change and go with their files, each by itself.
func TestSites_Files(t *testing.T) {
	s := twoSites(t, SitesConfig{})
	health := func(host string) string { return bodyOf(t, s.get(host, "/healthz")) }
	serves := func(host, name string) {
		t.Helper()
		want := http.StatusOK
		if name == "" {
			want = http.StatusNotFound
		}
		got := s.get(host, consent.CharterPath)
		if body := bodyOf(t, got); got.StatusCode != want || !strings.Contains(body, name) {
			t.Errorf("%s: got %d, want %d and %q", host, got.StatusCode, want, name)
		}
	}
	id, untouched := s.mustReport(siteB), s.server(siteA)

	// A site that comes, beside a file that is none and one whose name is no host.
	writeSite(t, s.config.Folder, ".hidden", "no: catalogue")
	s.change("c.example", catalogueOf("c.example", "aliases: [www.c.example]"))
	serves("c.example", "The site of c.example")
	serves("www.c.example", "The site of c.example")

	// One that changes, and one that is not valid any more.
	s.change(siteB, strings.Replace(catalogueOf(siteB, ""), "The site of", "The new site of", 1))
	serves(siteB, "The new site of")
	s.change(siteB, "languages: [xx]")
	serves(siteB, "The new site of")
	if got := health(siteB); !strings.Contains(got, `"catalogue":"invalid"`) || !strings.Contains(got, `"status":"degraded"`) {
		t.Errorf("the health of a site whose file is not valid is %s", got)
	}
	if got := health(""); !strings.Contains(got, `"status":"degraded","sites":3,"invalid":1`) {
		t.Errorf("the health of all is %s", got)
	}
	if got := health(siteA); !strings.Contains(got, `"status":"ok"`) {
		t.Errorf("the health of another site is %s", got)
	}
	if got := s.log.String(); !strings.Contains(got, "site=b.example") || !strings.Contains(got, "b.example.yaml:1:13") {
		t.Errorf("the log does not say where the mistake is: %s", got)
	}
	s.change(siteB, catalogueOf(siteB, ""))
	serves(siteB, "The site of b.example")
	if got := health(siteB); !strings.Contains(got, `"catalogue":"ok"`) {
		t.Errorf("the health of a site that was put right is %s", got)
	}

	// One whose file is gone: not at the first look, which may fall between an editor's two steps.
	if err := os.Remove(CataloguePath(s.config.Folder, siteB)); err != nil {
		t.Fatal(err)
	}
	s.look()
	serves(siteB, "The site of b.example")
	s.look()
	serves(siteB, "")
	if _, err := os.Stat(filepath.Join(s.config.Store.Data, siteB, "temoin.db")); err != nil {
		t.Errorf("the receipts of a site that is gone: %v", err)
	}
	s.change(siteB, catalogueOf(siteB, ""))
	if got := s.get(siteB, "/api/consents/"+id); got.StatusCode != http.StatusOK {
		t.Errorf("a receipt of the site that is back: got %d", got.StatusCode)
	}
	if s.server(siteA) != untouched {
		t.Error("a site that did not change was made anew")
	}

	// All files gone at once: the disk is not mounted.
	for _, name := range []string{siteA, siteB, "c.example"} {
		os.Remove(CataloguePath(s.config.Folder, name))
	}
	s.look()
	s.look()
	serves(siteA, "The site of a.example")
	if got := health(""); !strings.Contains(got, `"status":"degraded"`) {
		t.Errorf("the health without a file is %s", got)
	}
}

// replaceUnread puts a folder, which cannot be read as a file, in the place of a catalogue,
// and returns what brings a catalogue back with that folder's stamp, as chmod does for a file.
func replaceUnread(t *testing.T, path, text string) (mend func()) {
	t.Helper()
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	// How large a folder is depends on the file system: where not at once, with what is in it.
	var info os.FileInfo
	for i := 0; info == nil || int(info.Size()) < len(text)+2; i++ {
		err := os.WriteFile(filepath.Join(path, fmt.Sprintf("%0100d", i)), nil, 0o600)
		if err == nil {
			info, err = os.Stat(path)
		}
		if err != nil || i == 1000 {
			t.Fatalf("a folder as large as a catalogue cannot be made: %v, with %d files %v", err, i, info)
		}
	}
	room := int(info.Size()) - len(text)
	return func() {
		t.Helper()
		text += "#" + strings.Repeat(".", room-2) + "\n"
		before := stampOf(path)
		err := errors.Join(os.RemoveAll(path), os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, info.ModTime(), info.ModTime()))
		if err != nil || stampOf(path) != before {
			t.Fatalf("the stamp is %v (%v), want %v", stampOf(path), err, before)
		}
	}
}

// TestSites_Unread: a file that could not be read is taken over once it can be, though its
// stamp stays, and the log says once what was wrong, and again to who asks.
func TestSites_Unread(t *testing.T) {
	text := strings.Replace(catalogueOf(siteA, ""), "The site of", "The new site of", 1)
	const refused = "not taken over"
	t.Run("of many", func(t *testing.T) {
		s := twoSites(t, SitesConfig{})
		mend := replaceUnread(t, CataloguePath(s.config.Folder, siteA), text)
		for range 3 {
			s.look()
		}
		if n := strings.Count(s.log.String(), refused); n != 1 {
			t.Errorf("three looks: logged %d times, want once", n)
		}
		s.readAll()
		s.look() // the other site was taken over, for which this one is tried in any case
		if n := strings.Count(s.log.String(), refused); n != 2 {
			t.Errorf("read because somebody asked: logged %d times, want twice", n)
		}
		mend()
		s.look()
		if body := bodyOf(t, s.get(siteA, consent.CharterPath)); !strings.Contains(body, "The new site of") || s.tenants[siteA].fault() != nil {
			t.Errorf("the file that can be read again is not served: %v", s.tenants[siteA].fault())
		}
	})
	t.Run("the only one", func(t *testing.T) {
		folder, log := t.TempDir(), &logBuffer{}
		writeSite(t, folder, siteA, catalogueOf(siteA, ""))
		path := CataloguePath(folder, siteA)
		s := &Server{config: Config{Dist: fakeDist(), Catalogue: path, Log: slog.New(slog.NewTextHandler(log, nil))}.withDefaults()}
		if _, err := s.start(s.load); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		mend := replaceUnread(t, path, text)
		for range 3 {
			s.lookAtCatalogue()
		}
		if n := strings.Count(log.String(), refused); n != 1 {
			t.Errorf("three looks: logged %d times, want once", n)
		}
		s.reload()
		if n := strings.Count(log.String(), refused); n != 2 {
			t.Errorf("read because somebody asked: logged %d times, want twice", n)
		}
		mend()
		s.lookAtCatalogue()
		if name := fmt.Sprint(s.Site().Catalogue.Site.Name); !strings.Contains(name, "The new site of") || s.invalid.Load() {
			t.Errorf("got %s, want the file that can be read again", name)
		}
	})
}

// TestSites_Busy: while sites come, change and go, each visitor gets the site that he
// asked for, or hears that there is none.
func TestSites_Busy(t *testing.T) {
	s := twoSites(t, SitesConfig{})
	done := make(chan struct{})
	var asking sync.WaitGroup
	var answered [2]atomic.Int64
	for i, site := range []string{siteA, siteB} {
		for range 2 {
			asking.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					got := s.get(site, "/temoin/catalogue.json")
					w := httptest.NewRecorder()
					s.ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
					switch body := bodyOf(t, got); {
					case got.StatusCode == http.StatusOK && strings.Contains(body, "https://"+site):
						answered[i].Add(1)
					case got.StatusCode == http.StatusOK, site == siteA:
						t.Errorf("%s: got %d %.200s", site, got.StatusCode, body)
						return
					}
				}
			})
		}
	}
	for i := range 5 {
		s.change(siteA, catalogueOf(siteA, fmt.Sprintf("# %d", i)))
		s.change(siteB, catalogueOf(siteB, fmt.Sprintf("# %d", i)))
		s.change(siteB, "languages: [xx]")
		if err := os.Remove(CataloguePath(s.config.Folder, siteB)); err != nil {
			t.Error(err)
		}
		s.look()
		s.look()
	}
	s.change(siteB, catalogueOf(siteB, ""))
	for before := answered[1].Load(); answered[1].Load() == before && !t.Failed(); {
		runtime.Gosched()
	}
	close(done)
	asking.Wait()
	if answered[0].Load() == 0 {
		t.Error("nobody was answered")
	}
}

// TestSites_Hosts: no catalogue takes another's host, nor signs in its name.
func TestSites_Hosts(t *testing.T) {
	s := newTestSites(t, SitesConfig{SharedHost: onShared}, map[string]string{
		siteA: catalogueOf(siteA, "aliases: [www.example]"), siteB: catalogueOf(siteB, "aliases: [z.example]"), "z.example": catalogueOf("z.example", ""),
	})
	name := func(host string) string {
		got := s.get(host, "/temoin/catalogue.json")
		var said struct {
			Site struct{ URL string } `json:"site"`
		}
		if err := json.Unmarshal([]byte(bodyOf(t, got)), &said); err != nil {
			return fmt.Sprint(got.StatusCode)
		}
		return strings.TrimPrefix(said.Site.URL, "https://")
	}
	expect := func(what string, want map[string]string) {
		t.Helper()
		for host, site := range want {
			if got := name(host); got != site {
				t.Errorf("%s: %s is %s, want %s", what, host, got, site)
			}
		}
	}
	// At the start a name counts before an alias.
	expect("at the start", map[string]string{siteA: siteA, "www.example": siteA, "z.example": "z.example", siteB: "503"})
	s.change(siteB, catalogueOf(siteB, "aliases: [www.example]"))
	expect("another's alias", map[string]string{"www.example": siteA, siteB: "503"})
	s.change(siteB, catalogueOf(siteB, "aliases: [a.example]"))
	expect("another's name", map[string]string{siteA: siteA, siteB: "503"})
	s.change(siteB, catalogueOf(siteB, "aliases: ["+onShared+"]"))
	expect("the shared host", map[string]string{onShared: "404", siteB: "503"})
	s.change(onShared, catalogueOf(onShared, ""))
	if got := s.get(onShared, "/s/"+siteA+"/temoin.js"); got.StatusCode != http.StatusOK {
		t.Errorf("a file named as the shared host takes it away: got %d", got.StatusCode)
	}
	s.change(siteB, catalogueOf(siteA, ""))
	expect("another's address", map[string]string{siteA: siteA, siteB: "503"})
	s.change("www.example", catalogueOf("www.example", ""))
	expect("a name that is an alias already", map[string]string{"www.example": siteA})
	// What was refused is served once its host is free.
	s.change(siteA, catalogueOf(siteA, ""))
	s.look()
	expect("a host that has become free", map[string]string{"www.example": "www.example", siteA: siteA})
}

// TestSites_Older: of two catalogues that want one host, the newer is refused at a start,
// too, and by a check, whatever their names are.
func TestSites_Older(t *testing.T) {
	folder := t.TempDir()
	for name, age := range map[string]time.Duration{siteB: 2 * time.Hour, siteA: time.Hour} {
		writeSite(t, folder, name, catalogueOf(name, "aliases: [www.example]"))
		changed := time.Now().Add(-age)
		if err := os.Chtimes(CataloguePath(folder, name), changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	s, err := prepareSites(SitesConfig{Config: Config{Log: quiet(), Dist: fakeDist()}, Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if holder := s.table.Load().byHost["www.example"]; holder == nil || holder.name != siteB {
		t.Errorf("the host is of %v, want the site whose file is older", holder)
	}
	checked, err := CheckSites(folder)
	if err != nil || len(checked) != 2 || checked[0].Name != siteA || checked[0].Err == nil || checked[1].Err != nil {
		t.Errorf("the check says %+v (%v), want the newer to be refused", checked, err)
	}
}

// TestSites_Key: a site whose key is lost is not served, and the others are.
func TestSites_Key(t *testing.T) {
	s := twoSites(t, SitesConfig{})
	s.mustReport(siteA)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(s.config.Store.Data, siteA, "key")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := s.get(siteA, "/temoin.js"); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("the site without its key: got %d", got.StatusCode)
		}
	}
	if got := s.get(siteB, "/temoin.js"); got.StatusCode != http.StatusOK {
		t.Errorf("the other site: got %d", got.StatusCode)
	}
	if got := bodyOf(t, s.get("", "/healthz")); !strings.Contains(got, `"invalid":1`) {
		t.Errorf("the health is %s", got)
	}
	if n := strings.Count(s.log.String(), "site not served"); n != 1 {
		t.Errorf("the log says it %d times for two requests, want once", n)
	}
}

// TestSites_Retry: a site that cannot be made is tried again every half minute, not at each look or visit, and served once it can be.
func TestSites_Retry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := twoSites(t, SitesConfig{})
		key := filepath.Join(s.config.Store.Data, siteA, "key")
		if err := errors.Join(os.Mkdir(filepath.Dir(key), 0o700), os.WriteFile(key, []byte("no key"), 0o600)); err != nil {
			t.Fatal(err)
		}
		lookFor := func(seconds int) (tries int) {
			before := strings.Count(s.log.String(), "site not served")
			for range seconds {
				s.look()
				s.get(siteA, "/temoin.js")
				time.Sleep(time.Second)
			}
			return strings.Count(s.log.String(), "site not served") - before
		}
		for i, want := range []int{1, 0, 1} {
			if got := lookFor([]int{5, 25, 5}[i]); got != want {
				t.Errorf("stretch %d: tried %d times, want %d", i, got, want)
			}
		}
		if got := s.get(siteB, "/temoin.js"); got.StatusCode != http.StatusOK {
			t.Errorf("the other site: got %d", got.StatusCode)
		}
		if err := os.Remove(key); err != nil {
			t.Fatal(err)
		}
		if got := s.get(siteA, "/temoin.js"); got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("before it is tried again: got %d", got.StatusCode)
		}
		lookFor(26)
		if got := s.get(siteA, "/temoin.js"); got.StatusCode != http.StatusOK {
			t.Errorf("the site that can be made again: got %d", got.StatusCode)
		}
		if got := bodyOf(t, s.get("", "/healthz")); !strings.Contains(got, `"invalid":0`) {
			t.Errorf("the health is %s", got)
		}
	})
}

// TestSites_Retention: a catalogue says how long its site keeps receipts.
func TestSites_Retention(t *testing.T) {
	s := newTestSites(t, SitesConfig{}, map[string]string{siteA: catalogueOf(siteA, "retention: 30 months"), siteB: catalogueOf(siteB, "")})
	for site, want := range map[string]string{siteA: "30 months", siteB: "25 months"} {
		if got := s.server(site).retention(s.server(site).Site().Catalogue); got.String() != want {
			t.Errorf("%s keeps receipts for %s, want %s", site, got, want)
		}
	}
}

// TestSites_Rouse: a site that nobody asks for is made all the same.
func TestSites_Rouse(t *testing.T) {
	s := twoSites(t, SitesConfig{})
	for i, want := range []int{2, 1, 0, 0} {
		asleep := 0
		for _, tenant := range s.tenants {
			if tenant.isAsleep() {
				asleep++
			}
		}
		if asleep != want {
			t.Errorf("after %d looks %d are asleep, want %d", i, asleep, want)
		}
		s.look()
	}
}

// TestSites_Refuses: what cannot be a server of many sites says so at the start.
func TestSites_Refuses(t *testing.T) {
	folder := t.TempDir()
	for _, c := range []struct {
		file, text, says string
		change           func(*SitesConfig)
	}{
		{"", "", "holds no catalogue", nil},
		{"A.example", "", "the name is no host", nil},
		{"autocert", "", "the name is no host", nil},
		{"a.example", "languages: [fr]", "a.example.yaml:1:1", nil},
		{"a.example", catalogueOf("b.example", ""), "aliases", nil},
		{"a.example", catalogueOf("a.example", ""), "-key", func(c *SitesConfig) { c.Store.Key = "key" }},
		{"a.example", catalogueOf("a.example", ""), "-data is empty", func(c *SitesConfig) { c.Store.Database = "postgres://x/y" }},
		{"a.example", catalogueOf("a.example", ""), "-database", func(c *SitesConfig) { c.Store.Data, c.Store.Database = folder, "mysql://x/y" }},
		{"a.example", catalogueOf("a.example", ""), "-shared-host", func(c *SitesConfig) { c.SharedHost = "https://c.example" }},
	} {
		config := SitesConfig{Config: Config{Log: quiet(), Dist: fakeDist()}, Folder: folder}
		if c.file != "" {
			writeSite(t, folder, c.file, c.text)
		}
		if c.change != nil {
			c.change(&config)
		}
		s, err := NewSites(config)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want an error with %q", c.file, err, c.says)
		}
		os.Remove(CataloguePath(folder, c.file))
	}
}
