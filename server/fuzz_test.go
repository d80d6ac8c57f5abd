package server

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// FuzzConsents: whatever a client sends with a choice, by the API and by the
// form, is refused or kept; and what is kept can be verified, exported and read,
// names a site of the catalogue, and is short. In body and form, ID, REV, AT and
// TEXT stand for what is right.
func FuzzConsents(f *testing.F) {
	const good = `{"record":{"v":1,"id":"ID","rev":"REV","at":AT,"choices":{"necessary":true,"statistics":false,"first-party":true,"third-party":false}},` +
		`"how":"dialog","gpc":false,"lang":"fr","text":"TEXT"}`
	const form = "answer=save&allow=statistics&lang=en"
	type seed struct{ origin, fetchSite, host, cookie, languages, gpc, body, form string }
	for _, s := range []seed{
		{},
		{fetchSite: "same-origin", origin: "https://\xff"},
		{fetchSite: "same-origin", origin: "https://evil.example"},
		{fetchSite: "same-origin", origin: "https://" + strings.Repeat("a", 29000)},
		{fetchSite: "same-origin", origin: "https://" + strings.Repeat("\xff", 29000)},
		{fetchSite: "same-origin", origin: "null"},
		{origin: "https://evil.example", host: "evil.example"},
		{origin: "https://\xff", host: "\xff"},
		{origin: "https://é.example", host: "é.example"},
		{origin: "HTTPS://WWW.RIVEMONT.EXAMPLE", host: "www.rivemont.example"},
		{origin: otherSite, fetchSite: "cross-site"},
		{origin: otherSite + "\u2028<script>", fetchSite: "same-origin"},
		{host: "\xff\x00\n"},
		{cookie: "cookies_preferences=\xff%ff"},
		{cookie: `cookies_preferences={"v":1,"id":"` + "\xff" + `"}`},
		{languages: "\xff;q=\xff, fr", gpc: "\xff"},
		{languages: strings.Repeat("fr,", 5000), gpc: "1"},
		{body: strings.Replace(good, "fr", "f\xff", 1)},
		{body: strings.Replace(good, "fr", `f\ud800`, 1)},
		{body: strings.Replace(good, `"dialog"`, `"dialog\ufffd"`, 1)},
		{body: strings.Replace(good, "}}", `},"services":{"\ufffd":true}}`, 1)},
		{body: strings.Replace(good, "}}", `},"services":{"youtube":true}}`, 1)},
		{body: strings.Replace(good, `"statistics"`, "\"statistics\xff\"", 1)},
		{body: strings.Replace(good, "AT", "9223372036854775807", 1)},
		{body: strings.Replace(good, "AT", "-62135596801", 1)},
		{body: strings.Replace(good, "AT", "1e10", 1)},
		{body: strings.Replace(good, `"ID"`, `"ID`+"\xff"+`"`, 1)},
		{body: strings.Replace(good, "TEXT", "\xff", 1)},
		{form: "answer=accept&lang=%ff"},
		{form: "answer=save&allow=%ff&allow=\xff"},
		{form: "answer=\xff;%zz"},
		{form: "answer=refuse&lang=" + strings.Repeat("x", 5000)},
	} {
		if s.body == "" {
			s.body = good
		}
		if s.form == "" {
			s.form = form
		}
		f.Add(s.origin, s.fetchSite, s.host, s.cookie, s.languages, s.gpc, s.body, s.form)
	}
	f.Fuzz(func(t *testing.T, origin, fetchSite, host, cookie, languages, gpc, body, form string) {
		s := newKeepingServer(t, Config{})
		id := consent.NewID()
		fill := strings.NewReplacer("ID", id, "REV", s.site.Load().Rev, "TEXT", s.site.Load().Shown.Text, "AT", strconv.FormatInt(time.Now().Unix(), 10)).Replace
		for path, content := range map[string]string{"/api/consents": fill(body), consent.CharterPath: form} {
			r := httptest.NewRequest("POST", path, strings.NewReader(content))
			r.Header.Set("Content-Type", map[bool]string{true: typeJSON, false: "application/x-www-form-urlencoded"}[path == "/api/consents"])
			for name, value := range map[string]string{"Origin": origin, "Sec-Fetch-Site": fetchSite, "Cookie": cookie, "Accept-Language": languages, "Sec-GPC": gpc} {
				if value != "" {
					r.Header[name] = []string{value}
				}
			}
			if host != "" {
				r.Host = host
			}
			answer := s.answer(r)
			kept := answer.StatusCode == http.StatusCreated
			if answer.StatusCode >= 500 {
				t.Errorf("%s: got %d %s", path, answer.StatusCode, bodyOf(t, answer))
			}
			if !kept && path == "/api/consents" && body == good && origin == "" && fetchSite == "" {
				t.Errorf("what is right: got %d %s", answer.StatusCode, bodyOf(t, answer))
			}
			if kept {
				if got := s.answer(httptest.NewRequest("GET", "/api/consents/"+id, nil)); got.StatusCode != http.StatusOK {
					t.Errorf("reading what was kept: got %d %s", got.StatusCode, bodyOf(t, got))
				}
			}
		}
		checkLog(t, s)
	})
}

// checkLog verifies and exports all that a server keeps.
func checkLog(t *testing.T, s *Server) {
	t.Helper()
	opened, named := s.ledger.Store(), s.site.Load().Catalogue
	v, err := opened.Verify(t.Context(), "")
	if err != nil || len(v.Faults) > 0 || len(v.Badly) > 0 {
		t.Fatalf("verify: got %+v, %v", v, err)
	}
	for row, err := range opened.Export(t.Context(), time.Time{}, time.Time{}) {
		if err != nil || row.Fault != "" {
			t.Fatalf("export: got %+v, %v", row, err)
		}
		if origin := row.Receipt.Site(); origin != named.Site.URL && !slices.Contains(named.Origins, origin) {
			t.Errorf("a receipt names %.100q", origin)
		}
		if len(row.Body) > receipt.MaxBody {
			t.Errorf("a receipt takes %d bytes", len(row.Body))
		}
	}
	for _, format := range []string{store.CSV, store.JSONL} {
		var out bytes.Buffer
		if err := store.Write(&out, format, opened.Export(t.Context(), time.Time{}, time.Time{})); err != nil {
			t.Errorf("export as %s: %v", format, err)
		}
		if lines := int64(bytes.Count(out.Bytes(), []byte("\n"))); lines < v.Receipts {
			t.Errorf("export as %s: got %d lines for %d receipts", format, lines, v.Receipts)
		}
	}
	if health, err := io.ReadAll(s.answer(httptest.NewRequest("GET", "/healthz", nil)).Body); err != nil || !bytes.Contains(health, []byte(`"status":"ok"`)) {
		t.Errorf("got the health %s, %v", health, err)
	}
}

// TestConsents_AnyHeader: no header that a proxy may set, nor the path or the body of
// a report, makes a fault of the server's or gets into the log.
func TestConsents_AnyHeader(t *testing.T) {
	s := newKeepingServer(t, Config{})
	headers := []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Real-Ip", "X-Request-Id", "User-Agent", "Referer"}
	values := []string{"\xff", "https://evil.example", "/\xff", "for=\"\xff", strings.Repeat("a", 9000)}
	for _, name := range headers {
		for _, value := range values {
			for _, r := range []*http.Request{
				request(s.denied().json()), post(url.Values{"answer": {"refuse"}}),
				httptest.NewRequest("POST", "/api/consents/unanswered", strings.NewReader(value)),
				httptest.NewRequest("GET", "/api/consents/"+url.PathEscape(value), nil),
			} {
				r.RemoteAddr = "127.0.0.1:80" // a proxy that is believed
				r.Header[name] = []string{value}
				if got := s.answer(r); got.StatusCode >= 500 {
					t.Errorf("%s %.20q to %s: got %d", name, value, r.URL, got.StatusCode)
				}
			}
		}
	}
	checkLog(t, s)
}
