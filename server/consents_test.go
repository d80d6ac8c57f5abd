package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/site"
	"temoin.example/temoin/server/store"
)

const otherSite = "https://www.rivemont.example"

// keepingCatalogue is the demo's, with another site, and a cookie that no
// script can delete.
func keepingCatalogue(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile("demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(string(data), "services:", "origins: ["+otherSite+"]\nservices:", 1) + `
  - id: tracker
    category: third-party
    name: Tracker
    provider: Tracker
    purpose: Tracks
    cookies: [{ name: tracked, purpose: P, duration: 1 month, http-only: true, path: /demo }]
`
}

// newKeepingServer returns a server that keeps receipts and does not listen.
func newKeepingServer(t testing.TB, config Config) *Server {
	t.Helper()
	if config.Store.Data == "" {
		config.Store.Data = t.TempDir()
	}
	s := bare(config)
	b, err := site.New(mustParse(t, []byte(keepingCatalogue(t))), site.Options{Dist: fakeDist(), MaxAge: time.Minute, Receipts: true})
	if err != nil {
		t.Fatal(err)
	}
	s.site.Store(b)
	if err := s.prepareRoutes(); err != nil {
		t.Fatal(err)
	}
	if err := s.openLedger(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.ledger.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// report is what a page sends.
type report struct {
	Record map[string]any `json:"record"`
	How    string         `json:"how"`
	GPC    bool           `json:"gpc"`
	Lang   string         `json:"lang"`
	Text   string         `json:"text"`
}

func (s *Server) newReport(choices consent.Choices) report {
	b := s.site.Load()
	answers := map[string]bool{}
	for _, choice := range choices {
		answers[choice.ID] = choice.Granted
	}
	return report{
		Record: map[string]any{"v": 1, "id": consent.NewID(), "rev": b.Rev, "at": time.Now().Unix(), "choices": answers},
		How:    "banner-accept", Lang: "fr", Text: b.Shown.Text,
	}
}

func (s *Server) accepted() report { return s.newReport(s.site.Load().Catalogue.Accept()) }
func (s *Server) denied() report   { return s.newReport(s.site.Load().Catalogue.Refuse()) }

func (p report) id() string { return p.Record["id"].(string) }

func (p report) json() []byte {
	data, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return data
}

// cookie is the cookie that the browser holds after such a choice.
func (p report) cookie() string {
	data, _ := json.Marshal(p.Record)
	return "cookies_preferences=" + url.QueryEscape(string(data))
}

// request makes a report as a page of the server's own site does.
func request(body []byte) *http.Request {
	r := httptest.NewRequest("POST", "/api/consents", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", "http://example.com")
	return r
}

func bodyOf(t *testing.T, r *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestConsents_Kept(t *testing.T) {
	s := newKeepingServer(t, Config{})
	p := s.accepted()
	r := request(p.json())
	r.Header.Set("Cookie", p.cookie())
	first := s.answer(r)
	if body := bodyOf(t, first); first.StatusCode != 201 || !strings.Contains(body, p.id()) || !strings.Contains(body, `"signature"`) {
		t.Fatalf("got %d %s", first.StatusCode, body)
	}
	// The request goes out within the second of the choice, or shortly after.
	set := first.Header.Values("Set-Cookie")
	if len(set) != 1 || !strings.Contains(set[0], p.id()) || maxAge(t, set[0]) < 15552000-5 || maxAge(t, set[0]) > 15552000 {
		t.Errorf("got the cookies %q", set)
	}
	if again := s.answer(request(p.json())); again.StatusCode != 200 || len(again.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("the same again: got %d and %q", again.StatusCode, again.Header.Values("Set-Cookie"))
	}

	found := s.answer(httptest.NewRequest("GET", "/api/consents/"+p.id()+"?download", nil))
	var file receipt.File
	if err := json.Unmarshal([]byte(bodyOf(t, found)), &file); err != nil || found.StatusCode != 200 {
		t.Fatalf("got %d, %v", found.StatusCode, err)
	}
	if err := file.Verify(); err != nil {
		t.Errorf("the receipt is not good: %v", err)
	}
	if got := found.Header.Get("Content-Disposition"); got != `attachment; filename="temoin-`+p.id()+`.json"` {
		t.Errorf("got %q", got)
	}
	if got := found.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("got Cache-Control %q", got)
	}
	checkpoint := s.answer(httptest.NewRequest("GET", "/api/consents/checkpoint", nil))
	if body := bodyOf(t, checkpoint); checkpoint.StatusCode != 200 || !strings.Contains(body, "\n3\n") {
		t.Errorf("got %d %q, want a checkpoint of three entries: what is shown in two languages, and the receipt", checkpoint.StatusCode, body)
	}
}

func maxAge(t *testing.T, line string) int {
	t.Helper()
	_, rest, _ := strings.Cut(line, "Max-Age=")
	digits, _, _ := strings.Cut(rest, ";")
	n, err := strconv.Atoi(digits)
	if err != nil {
		t.Fatalf("no Max-Age in %q", line)
	}
	return n
}

// TestConsents_Cookie: the cookie is set again only for the choice that the
// browser still holds, of that site, and no longer than it had to live.
func TestConsents_Cookie(t *testing.T) {
	s := newKeepingServer(t, Config{})
	week := int64(7 * 24 * 3600)
	for name, c := range map[string]struct {
		make    func() report
		cookie  func(report) string
		header  map[string]string
		lines   int
		expects string
	}{
		"accepted":                     {s.accepted, report.cookie, nil, 1, "Max-Age=1555"},
		"refused, kept as long":        {s.denied, report.cookie, nil, 5, "Max-Age=1555"},
		"over https":                   {s.accepted, report.cookie, map[string]string{"X-Forwarded-Proto": "https"}, 1, "; Secure"},
		"no cookie":                    {s.accepted, func(report) string { return "" }, nil, 0, ""},
		"another choice since":         {s.accepted, func(report) string { return s.denied().cookie() }, nil, 0, ""},
		"rubbish in the cookie":        {s.accepted, func(report) string { return "cookies_preferences=%7B%7D" }, nil, 0, ""},
		"page of another site":         {s.accepted, report.cookie, map[string]string{"Origin": otherSite}, 0, ""},
		"cross-site, says the browser": {s.accepted, report.cookie, map[string]string{"Origin": otherSite, "Sec-Fetch-Site": "cross-site"}, 0, ""},
		"behind a proxy that changes the host": {s.accepted, report.cookie,
			map[string]string{"Origin": "https://public.example", "Sec-Fetch-Site": "same-origin"}, 1, "Max-Age=1555"},
		"delivered a week later": {func() report {
			p := s.accepted()
			p.Record["at"] = time.Now().Unix() - week
			return p
		}, report.cookie, nil, 1, "Max-Age=149"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.make()
			r := request(p.json())
			r.Header.Set("Cookie", c.cookie(p))
			for key, value := range c.header {
				r.Header.Set(key, value)
			}
			got := s.answer(r)
			lines := got.Header.Values("Set-Cookie")
			if got.StatusCode != 201 || len(lines) != c.lines || c.lines > 0 && !strings.Contains(lines[0], c.expects) {
				t.Fatalf("got %d and %q, want %d lines, with %q in the first", got.StatusCode, lines, c.lines, c.expects)
			}
		})
	}
}

// TestConsents_HiddenCookies: an answer that does not allow them deletes the
// cookies that scripts cannot reach; the form does so too.
func TestConsents_HiddenCookies(t *testing.T) {
	s := newKeepingServer(t, Config{})
	want := []string{"tracked=; Path=/; Max-Age=0", "tracked=; Path=/demo; Max-Age=0"}
	deleted := func(lines []string) (found []string) {
		for _, line := range lines {
			if strings.HasPrefix(line, "tracked=") && !strings.Contains(line, "Domain=") {
				found = append(found, line)
			}
		}
		return found
	}
	p := s.denied()
	r := request(p.json())
	r.Header.Set("Cookie", p.cookie()+"; tracked=1")
	if got := deleted(s.answer(r).Header.Values("Set-Cookie")); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := deleted(s.answer(post(url.Values{"answer": {"refuse"}})).Header.Values("Set-Cookie")); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("by the form: got %q, want %q", got, want)
	}
	if got := deleted(s.answer(post(url.Values{"answer": {"accept"}})).Header.Values("Set-Cookie")); len(got) != 0 {
		t.Errorf("accepted by the form: got %q, want none", got)
	}
}

// TestConsents_Form: the choice of a visitor without JavaScript has its receipt.
func TestConsents_Form(t *testing.T) {
	s := newKeepingServer(t, Config{})
	form := post(url.Values{"answer": {"refuse"}, "lang": {"en"}})
	form.Header.Set("Sec-GPC", "1")
	line := s.answer(form).Header.Get("Set-Cookie")
	value, _, _ := strings.Cut(strings.TrimPrefix(line, "cookies_preferences="), ";")
	record, err := consent.Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	file, err := s.ledger.Store().Find(t.Context(), record.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r := file.Receipt; r.How() != receipt.Form || r.Lang() != "en" || r.Outcome() != receipt.Refused {
		t.Errorf("got %+v", r)
	}
}

// TestConsents_Hostile tries what no page of ours would send.
func TestConsents_Hostile(t *testing.T) {
	s := newKeepingServer(t, Config{})
	change := func(change func(*report)) []byte {
		p := s.accepted()
		change(&p)
		return p.json()
	}
	set := func(key string, value any) []byte {
		return change(func(p *report) { p.Record[key] = value })
	}
	replayed := s.accepted()
	if got := s.answer(request(replayed.json())); got.StatusCode != 201 {
		t.Fatalf("got %d", got.StatusCode)
	}
	replayed.Record["choices"] = s.denied().Record["choices"]
	good := string(s.accepted().json())
	day := int64(24 * 3600)
	for name, c := range map[string]struct {
		body   []byte
		status int
		says   string
	}{
		"empty":                     {nil, 400, ""},
		"no JSON":                   {[]byte("record=1"), 400, ""},
		"half of it":                {[]byte(good[:len(good)/2]), 400, ""},
		"something behind it":       {[]byte(good + "{}"), 400, ""},
		"a list":                    {[]byte("[" + good + "]"), 400, ""},
		"a key too many":            {[]byte(strings.Replace(good, `{"record"`, `{"ip":"192.0.2.1","record"`, 1)), 400, "ip"},
		"a key twice":               {[]byte(strings.Replace(good, `{"record"`, `{"how":"form","record"`, 1)), 400, "how"},
		"a key in capitals":         {[]byte(strings.Replace(good, `"how"`, `"HOW"`, 1)), 400, ""},
		"deep":                      {[]byte(strings.Repeat(`{"record":`, 700)), 400, ""},
		"oversized":                 {[]byte(good + strings.Repeat(" ", maxReport)), 413, "8192"},
		"changed choices":           {replayed.json(), 409, ""},
		"unknown revision":          {set("rev", "00000000"), 422, "00000000"},
		"unknown version":           {set("v", 2), 400, "v"},
		"id that is a path":         {set("id", "../../etc/passwd"), 400, "id"},
		"id that is SQL":            {set("id", "'; DROP TABLE entries; --"), 400, "id"},
		"choice that is SQL":        {set("choices", map[string]bool{"necessary": true, "x'; --": true}), 400, "choices"},
		"no choices":                {set("choices", map[string]bool{}), 422, ""},
		"unknown category":          {set("choices", map[string]bool{"necessary": true, "unknown": true}), 422, ""},
		"refused what is necessary": {set("choices", map[string]bool{"necessary": false, "statistics": false, "first-party": false, "third-party": false}), 422, "necessary"},
		"unknown service":           {set("services", map[string]bool{"unknown": true}), 422, "unknown"},
		"from tomorrow's morrow":    {set("at", time.Now().Unix()+2*day), 425, "at"},
		"expired":                   {set("at", time.Now().Unix()-181*day), 422, "at"},
		"unknown how":               {change(func(p *report) { p.How = "=cmd|'/c calc'!A1" }), 400, "how"},
		"language that is markup":   {change(func(p *report) { p.Lang = "<script>" }), 0, ""},
		"language not asked in":     {change(func(p *report) { p.Lang = "de" }), 422, "de"},
		"text that nobody saw":      {change(func(p *report) { p.Text = "0000000000000000" }), 422, "0000000000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.answer(request(c.body))
			body := bodyOf(t, got)
			refusedSomehow := c.status == 0 && got.StatusCode >= 400 && got.StatusCode < 500
			if got.StatusCode != c.status && !refusedSomehow || !strings.Contains(body, c.says) {
				t.Errorf("got %d %q, want %d and %q", got.StatusCode, body, c.status, c.says)
			}
		})
	}
	stats, err := s.ledger.Store().Stats(t.Context())
	if err != nil || stats.Receipts != 1 {
		t.Errorf("got %+v, %v, want the one receipt that was good", stats, err)
	}
}

func TestConsents_Origins(t *testing.T) {
	s := newKeepingServer(t, Config{})
	site := s.site.Load().Catalogue.Site.URL
	for name, c := range map[string]struct {
		origin, fetchSite string
		status            int
		allowed           string
	}{
		"own":                       {"http://example.com", "", 201, ""},
		"the catalogue's site":      {site, "", 201, site},
		"one of its origins":        {otherSite, "cross-site", 201, otherSite},
		"no browser":                {"", "", 201, ""},
		"another site":              {"https://evil.example", "", 403, ""},
		"another site, cross-site":  {"https://evil.example", "cross-site", 403, ""},
		"a sandboxed frame":         {"null", "", 403, ""},
		"a subdomain":               {"https://sub.www.rivemont.example", "same-site", 403, ""},
		"another scheme":            {strings.Replace(otherSite, "https", "http", 1), "", 403, ""},
		"no origin, but cross-site": {"", "cross-site", 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.accepted()
			r := request(p.json())
			r.Header.Del("Origin")
			if c.origin != "" {
				r.Header.Set("Origin", c.origin)
			}
			if c.fetchSite != "" {
				r.Header.Set("Sec-Fetch-Site", c.fetchSite)
			}
			got := s.answer(r)
			if got.StatusCode != c.status || got.Header.Get("Access-Control-Allow-Origin") != c.allowed || got.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("got %d and %v, want %d and %q allowed, never with credentials", got.StatusCode, got.Header, c.status, c.allowed)
			}
			if c.status != 201 {
				return
			}
			want := site
			if c.origin == otherSite {
				want = otherSite
			}
			file, err := s.ledger.Store().Find(t.Context(), p.id())
			if err != nil || file.Receipt.Site() != want {
				t.Errorf("the receipt names another site than %q (%v)", want, err)
			}
		})
	}
	t.Run("preflight", func(t *testing.T) {
		r := httptest.NewRequest("OPTIONS", "/api/consents", nil)
		r.Header.Set("Origin", otherSite)
		got := s.answer(r)
		if got.StatusCode != 204 || got.Header.Get("Access-Control-Allow-Origin") != otherSite || got.Header.Get("Access-Control-Allow-Headers") != "Content-Type" {
			t.Errorf("got %d and %v", got.StatusCode, got.Header)
		}
	})
}

func TestConsents_Requests(t *testing.T) {
	s := newKeepingServer(t, Config{})
	for name, c := range map[string]struct {
		method, path, contentType, body string
		status                          int
	}{
		"get the collection":  {"GET", "/api/consents", "", "", 405},
		"delete a receipt":    {"DELETE", "/api/consents/" + consent.NewID(), "", "", 405},
		"unknown receipt":     {"GET", "/api/consents/" + consent.NewID(), "", "", 404},
		"receipt of a path":   {"GET", "/api/consents/..%2f..%2fkey", "", "", 404},
		"receipt that is SQL": {"GET", "/api/consents/'%20OR%20'1'='1", "", "", 404},
		"form":                {"POST", "/api/consents", "application/x-www-form-urlencoded", "record=1", 415},
		"no type":             {"POST", "/api/consents", "", "{}", 415},
		"unanswered":          {"POST", "/api/consents/unanswered", "text/plain;charset=UTF-8", s.site.Load().Rev, 204},
		"unanswered, unknown": {"POST", "/api/consents/unanswered", "text/plain;charset=UTF-8", "00000000", 422},
		"unanswered, long":    {"POST", "/api/consents/unanswered", "text/plain", strings.Repeat("0", 100), 413},
		"the key":             {"GET", "/data/key", "", "", 404},
		"an empty log":        {"GET", "/api/consents/checkpoint", "", "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			if got := s.answer(r); got.StatusCode != c.status {
				t.Errorf("got %d %s, want %d", got.StatusCode, bodyOf(t, got), c.status)
			}
		})
	}
	s.ledger.Flush(t.Context())
	today := time.Now().UTC().Format(time.DateOnly)
	sums, err := s.ledger.Store().Unanswered(t.Context(), today, today)
	if err != nil || len(sums) != 1 || sums[0].N != 1 {
		t.Errorf("got the sums %+v, %v, want one banner left unanswered", sums, err)
	}
}

// TestConsents_Flood: a client that asks too much is told when to come back,
// and others are not.
func TestConsents_Flood(t *testing.T) {
	s := newKeepingServer(t, Config{Rate: 1})
	var last *http.Response
	for range 2 {
		last = s.answer(httptest.NewRequest("GET", "/api/consents/"+consent.NewID(), nil))
	}
	if last.StatusCode != 429 || last.Header.Get("Retry-After") == "" {
		t.Errorf("got %d and %v, want 429 with Retry-After", last.StatusCode, last.Header)
	}
	if got := s.answer(post(url.Values{"answer": {"refuse"}})); got.StatusCode != 303 || !strings.Contains(got.Header.Get("Set-Cookie"), "false") {
		t.Errorf("the form of the same client: got %d and the cookie %q, want the refusal kept", got.StatusCode, got.Header.Get("Set-Cookie"))
	}
	for row, err := range s.ledger.Store().Export(t.Context(), time.Time{}, time.Now().Add(time.Hour)) {
		t.Errorf("the form of the same client left the receipt %v, %v, want none", row, err)
	}
	r := request(s.accepted().json())
	r.RemoteAddr = "198.51.100.1:1234"
	if got := s.answer(r); got.StatusCode != 201 {
		t.Errorf("another client: got %d, want 201", got.StatusCode)
	}
}

// TestConsents_SlowBody: a client that sends a byte now and then is let go.
func TestConsents_SlowBody(t *testing.T) {
	s := newKeepingServer(t, Config{})
	server := httptest.NewServer(s.handler())
	defer server.Close()
	connection, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprintf(connection, "POST /api/consents HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{", server.Listener.Addr())
	start := time.Now()
	connection.SetReadDeadline(start.Add(4 * bodyTime))
	answer, err := io.ReadAll(connection)
	if err != nil || !strings.Contains(string(answer), " 400 ") {
		t.Errorf("got %q, %v after %v, want 400 and an end of the connection", answer, err, time.Since(start))
	}
}

// TestConsents_StoreGone: where receipts cannot be kept, pages are told to try
// again, the rest is served, and the operator sees it. It mends by itself.
func TestConsents_StoreGone(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "data")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil { // a file where a folder has to be
		t.Fatal(err)
	}
	var log logBuffer
	s := newKeepingServer(t, Config{Store: ledger.StoreConfig{Data: blocked}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if got := s.answer(request(s.accepted().json())); got.StatusCode != 503 || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %d and %v, want 503 with Retry-After", got.StatusCode, got.Header)
	}
	health := func() string { return bodyOf(t, s.answer(httptest.NewRequest("GET", "/healthz", nil))) }
	if got := health(); !strings.Contains(got, `"status":"degraded"`) {
		t.Errorf("got the health %s", got)
	}
	if !strings.Contains(log.String(), "receipts cannot be kept") {
		t.Errorf("got the log %q", log.String())
	}
	for _, path := range []string{"/temoin.js", "/charte-cookies"} {
		if got := s.answer(httptest.NewRequest("GET", path, nil)); got.StatusCode != 200 {
			t.Errorf("%s: got %d", path, got.StatusCode)
		}
	}
	if got := s.answer(post(url.Values{"answer": {"refuse"}})); got.StatusCode != 303 || got.Header.Get("Set-Cookie") == "" {
		t.Errorf("the form: got %d and %v, want the choice kept", got.StatusCode, got.Header)
	}

	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	if err := s.openLedger(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := s.answer(request(s.accepted().json())); got.StatusCode != 201 {
		t.Errorf("after the fault: got %d, want 201", got.StatusCode)
	}
	if got := health(); !strings.Contains(got, `"status":"ok"`) {
		t.Errorf("after the fault: got the health %s", got)
	}
}

// TestConsents_Aborted: clients that leave before they are answered say nothing
// about the store.
func TestConsents_Aborted(t *testing.T) {
	s := newKeepingServer(t, Config{})
	sent := s.accepted()
	s.answer(request(sent.json()))
	gone, leave := context.WithCancel(t.Context())
	leave()
	for range 300 {
		for _, path := range []string{"/api/consents/" + sent.id(), "/api/consents/checkpoint", "/healthz"} {
			s.answer(httptest.NewRequestWithContext(gone, "GET", path, nil))
		}
		s.answer(request(s.accepted().json()).WithContext(gone))
	}
	if got := bodyOf(t, s.answer(httptest.NewRequest("GET", "/healthz", nil))); !strings.Contains(got, `"status":"ok"`) {
		t.Errorf("got the health %s", got)
	}
}

// TestHealth_WritesNothing: whoever asks for the health as often as may be leaves
// the database as it was.
func TestHealth_WritesNothing(t *testing.T) {
	s := newKeepingServer(t, Config{})
	pinged := func() string {
		t.Helper()
		value, err := s.ledger.Store().Setting(t.Context(), "pinged")
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	before := pinged()
	for range 20 {
		s.answer(httptest.NewRequest("GET", "/healthz", nil))
	}
	if got := pinged(); got != before {
		t.Errorf("the store was written to: pinged %q, then %q", before, got)
	}
}

func TestMetrics(t *testing.T) {
	s := newKeepingServer(t, Config{})
	s.answer(request(s.accepted().json()))
	s.answer(request([]byte("{")))
	s.answer(httptest.NewRequest("GET", "/temoin.js", nil))
	w := httptest.NewRecorder()
	s.metrics.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{
		`temoin_receipts_total{result="kept"} 1`, `temoin_receipts_queued 0`, `temoin_store_faults_total 0`,
		`temoin_build_info{commit="`, `temoin_request_seconds_count{route="/api/consents",status="400"} 1`,
		`temoin_request_seconds_count{route="assets",status="200"} 1`,
	} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), line) {
			t.Errorf("got %d without %s", w.Code, line)
		}
	}
}

// TestMetrics_Closed: where visitors come there are none, whatever is said of who
// asks; a proxy of this machine may say nothing at all.
func TestMetrics_Closed(t *testing.T) {
	s := newKeepingServer(t, Config{})
	for _, line := range []string{
		"", "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "X-Real-IP: 127.0.0.1", "X-Forwarded-Proto: https", "Via: 1.1 proxy",
	} {
		r := asked("127.0.0.1:80", line)
		r.Method, r.URL.Path = "GET", "/metrics"
		if got := s.answer(r); got.StatusCode != 404 || strings.Contains(bodyOf(t, got), "go_goroutines") {
			t.Errorf("%q: got %d, want 404", line, got.StatusCode)
		}
	}
}

// TestConsents_Off: a catalogue may want no receipts, or those of another server.
// reportedTo finds in a loader where choices are reported.
var reportedTo = regexp.MustCompile(`\{"url":"([^"]*)","text":"[0-9a-f]{16}"\}`)

func TestConsents_Off(t *testing.T) {
	for receipts, want := range map[string]string{
		"keep": "api/consents",
		"off":  "",
		"https://consent.example.org/api/consents": "https://consent.example.org/api/consents",
	} {
		t.Run(receipts, func(t *testing.T) {
			c := mustParse(t, []byte(keepingCatalogue(t)+"\nreceipts: "+receipts))
			s := newTestServer(t)
			b, err := site.New(c, site.Options{Dist: fakeDist(), MaxAge: time.Minute, Receipts: true})
			if err != nil {
				t.Fatal(err)
			}
			s.site.Store(b)
			var got string
			if proof := reportedTo.FindSubmatch(b.Files["/temoin.js"].Body); proof != nil {
				got = string(proof[1])
			}
			if got != want {
				t.Errorf("the loader reports to %q, want %q", got, want)
			}
			if receipts == "keep" {
				return
			}
			if got := s.answer(request([]byte("{}"))); got.StatusCode != 404 {
				t.Errorf("got %d, want 404", got.StatusCode)
			}
		})
	}
}

// TestConsents_EarlyComesLater: a page whose clock is days ahead is told to try
// again, not that its receipt is refused for good.
func TestConsents_EarlyComesLater(t *testing.T) {
	s := newKeepingServer(t, Config{})
	early := s.denied()
	early.Record["at"] = time.Now().Add(48 * time.Hour).Unix()
	got := s.answer(request(early.json()))
	if got.StatusCode != http.StatusTooEarly || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %d and Retry-After %q: %s", got.StatusCode, got.Header.Get("Retry-After"), bodyOf(t, got))
	}
}

// TestUnanswered_Bounded: one client cannot make the figures up.
func TestUnanswered_Bounded(t *testing.T) {
	s := newKeepingServer(t, Config{Rate: 120})
	for range 500 {
		r := httptest.NewRequest("POST", "/api/consents/unanswered", strings.NewReader(s.site.Load().Rev))
		r.RemoteAddr = "203.0.113.7:4711"
		if got := s.answer(r); got.StatusCode != http.StatusNoContent && got.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("got %d: %s", got.StatusCode, bodyOf(t, got))
		}
	}
	s.ledger.Flush(t.Context())
	today := time.Now().UTC().Format(time.DateOnly)
	sums, err := s.ledger.Store().Unanswered(t.Context(), "2000-01-01", today)
	if err != nil || len(sums) != 1 || sums[0].N > 12 {
		t.Errorf("of 500 banners of one client got %+v (%v), want at most 12 counted", sums, err)
	}
}

// TestLog_HoldsNoID: who may read the log may not read receipts by it.
func TestLog_HoldsNoID(t *testing.T) {
	var log bytes.Buffer
	s := newKeepingServer(t, Config{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	kept := s.accepted()
	s.answer(request(kept.json()))
	s.answer(httptest.NewRequest("GET", "/api/consents/"+kept.id(), nil))
	if strings.Contains(log.String(), kept.id()) || !strings.Contains(log.String(), "/api/consents/{id}") {
		t.Errorf("got the log\n%s", &log)
	}

	broken := s.recoverPanics(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault of ours") }))
	r := httptest.NewRequest("GET", "/api/consents/"+kept.id(), nil)
	broken.ServeHTTP(httptest.NewRecorder(), r)
	s.Fail(httptest.NewRecorder(), r, errors.New("a fault of ours"))
	if strings.Contains(log.String(), kept.id()) || strings.Count(log.String(), "a fault of ours") != 2 {
		t.Errorf("after faults: got the log\n%s", &log)
	}

	blocked := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil { // a file where a folder has to be
		t.Fatal(err)
	}
	var lost bytes.Buffer
	s = newKeepingServer(t, Config{Store: ledger.StoreConfig{Data: blocked}, Log: slog.New(slog.NewTextHandler(&lost, nil))})
	line := s.answer(post(url.Values{"answer": {"refuse"}})).Header.Get("Set-Cookie")
	value, _, _ := strings.Cut(strings.TrimPrefix(line, "cookies_preferences="), ";")
	record, err := consent.Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(lost.String(), record.ID) || !strings.Contains(lost.String(), "the receipt of a form was lost") {
		t.Errorf("a form: got the log\n%s", &lost)
	}
}

// TestConsents_Erased: what was erased is not kept anew, and is no fault of the store.
func TestConsents_Erased(t *testing.T) {
	s := newKeepingServer(t, Config{})
	p := s.accepted()
	s.answer(request(p.json()))
	if err := s.ledger.Store().Erase(t.Context(), p.id()); err != nil {
		t.Fatal(err)
	}
	if got := s.answer(request(p.json())); got.StatusCode != http.StatusGone || !s.ledger.Healthy() {
		t.Errorf("got %d, healthy %t; want 410 and healthy", got.StatusCode, s.ledger.Healthy())
	}
}

// TestServer_OwnClock: a server goes by the clock that it is given, in what it keeps too.
func TestServer_OwnClock(t *testing.T) {
	now := time.Now().Add(40 * 24 * time.Hour)
	s := newKeepingServer(t, Config{Now: func() time.Time { return now }})
	p := s.accepted()
	p.Record["at"] = now.Unix()
	if got := s.answer(request(p.json())); got.StatusCode != 201 {
		t.Errorf("got %d: %s", got.StatusCode, bodyOf(t, got))
	}
	if err := s.ledger.Store().Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if used, err := s.ledger.Store().Setting(t.Context(), store.UsedSetting); used != now.UTC().Format(time.RFC3339) {
		t.Errorf("last in use: got %s (%v)", used, err)
	}
}
