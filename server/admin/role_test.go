package admin

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"temoin.example/temoin/server/store"
)

// TestDashboard_Roles: each role reaches what it may, and is shown no more.
func TestDashboard_Roles(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	reaches := func(role Role, needs Role) int {
		if role < needs {
			return http.StatusForbidden
		}
		return http.StatusOK
	}
	for _, role := range []Role{Reader, Exporter, Eraser} {
		t.Run(role.String(), func(t *testing.T) {
			s := realStore(t)
			season := newSeason(t, 2, 12)
			fill(t, s, season)
			if err := s.SetSetting(t.Context(), RoleSetting, role.String()); err != nil {
				t.Fatal(err)
			}
			b := newBench(t, s)
			session := b.signIn()
			page := expect(t, b.visit("GET", "/admin", nil, with(session)), http.StatusOK)
			if got := strings.Contains(page, "/admin/export.csv"); got != (role >= Exporter) {
				t.Errorf("the page offers an export: got %v", got)
			}
			expect(t, b.visit("GET", "/admin/export.csv", nil, with(session)), reaches(role, Exporter))
			expect(t, b.visit("GET", "/admin/export.jsonl", nil, with(session)), reaches(role, Exporter))

			erased := season.receipts[0].ID()
			page = expect(t, b.visit("GET", "/admin/receipts?id="+erased, nil, with(session)), http.StatusOK)
			if got := strings.Contains(page, erasePath); got != (role >= Eraser) {
				t.Errorf("the page offers to erase: got %v", got)
			}
			form := url.Values{"id": {erased}, "sure": {"yes"}, "token": {formToken(session.Value)}}
			expect(t, b.visit("POST", erasePath, form, with(session)), reaches(role, Eraser))
			_, err := s.Find(t.Context(), erased)
			if got := errors.Is(err, store.ErrNotFound); got != (role >= Eraser) {
				t.Errorf("erased: got %v (%v)", got, err)
			}
			form.Set("id", id)
			want := http.StatusForbidden
			if role >= Eraser {
				want = http.StatusNotFound
			}
			expect(t, b.visit("POST", erasePath, form, with(session)), want)
		})
	}
}

// TestDashboard_EraseAsks: nothing is erased by a form of another page, without the
// tick, or of what is no id.
func TestDashboard_EraseAsks(t *testing.T) {
	s := realStore(t)
	season := newSeason(t, 1, 12)
	fill(t, s, season)
	if err := s.SetSetting(t.Context(), RoleSetting, Eraser.String()); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, s)
	session, id := b.signIn(), season.receipts[0].ID()
	token := formToken(session.Value)
	for name, c := range map[string]struct {
		form   url.Values
		change []func(*http.Request)
		status int
	}{
		"without the tick":   {url.Values{"id": {id}, "token": {token}}, nil, http.StatusBadRequest},
		"no id":              {url.Values{"id": {"%"}, "sure": {"yes"}, "token": {token}}, nil, http.StatusBadRequest},
		"without the token":  {url.Values{"id": {id}, "sure": {"yes"}}, nil, http.StatusForbidden},
		"another's token":    {url.Values{"id": {id}, "sure": {"yes"}, "token": {formToken(newToken())}}, nil, http.StatusForbidden},
		"from another site":  {url.Values{"id": {id}, "sure": {"yes"}, "token": {token}}, []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, http.StatusForbidden},
		"a form that is not": {nil, nil, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, b.visit("POST", erasePath, c.form, append(c.change, with(session))...), c.status)
			if _, err := s.Find(t.Context(), id); err != nil {
				t.Errorf("the receipt is gone: %v", err)
			}
		})
	}
	if strings.Contains(b.log.String(), "receipt erased") {
		t.Error("the log says that something was erased")
	}
}

// TestDashboard_ProxyRoles: what a proxy's user may do is what the site says, and the
// other sites that it may see are listed.
func TestDashboard_ProxyRoles(t *testing.T) {
	f := newFakeStore(t)
	f.receipts = newSeason(t, 1, 4).receipts[:1]
	b := newBench(t, f, func(c *Config) {
		c.UserHeader, c.Proxies = "X-Remote-User", []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}
		c.Role = func(user string) Role { return map[string]Role{"marie": Reader, "jeanne": Eraser}[user] }
		c.Sites = func(user string) []Site {
			sites := []Site{{"a.example", "https://a.example"}, {"b.example", "https://b.example:8443"}}
			if user == "marie" {
				return sites[:1]
			}
			return sites
		}
	})
	as := func(user string) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = "10.1.2.3:4"; r.Header.Set("X-Remote-User", user) }
	}
	page := expect(t, b.visit("GET", "/admin", nil, as("marie")), http.StatusOK)
	if strings.Contains(page, "Vos sites") {
		t.Error("who may see one site alone is shown a list")
	}
	expect(t, b.visit("GET", "/admin?lang=en", nil, as("jeanne")), http.StatusOK, "Your sites", `href="https://b.example:8443/admin?lang=en"`)
	expect(t, b.visit("GET", "/admin", nil, as("mallory")), http.StatusForbidden, "portail de connexion")
	expect(t, b.visit("GET", "/admin/export.csv", nil, as("marie")), http.StatusForbidden, "Votre rôle")
	form := url.Values{"id": {f.receipts[0].ID()}, "sure": {"yes"}}
	expect(t, b.visit("POST", erasePath, form, as("marie")), http.StatusForbidden)
	expect(t, b.visit("POST", erasePath, form, as("jeanne"), header("Sec-Fetch-Site", "cross-site")), http.StatusForbidden)
	expect(t, b.visit("POST", erasePath, form, as("jeanne")), http.StatusOK, "La preuve est effacée")
	if len(f.receipts) != 0 {
		t.Error("the receipt is still there")
	}
	if !strings.Contains(b.log.String(), "receipt erased\" user=jeanne") {
		t.Errorf("the log does not say who erased: %s", b.log)
	}
}

// TestPasswordRole: the password of before there were roles exports, and a role that
// cannot be read lets nobody in.
func TestPasswordRole(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	b := newBench(t, f)
	session := b.signIn()
	expect(t, b.visit("GET", "/admin/export.csv", nil, with(session)), http.StatusOK)
	f.settings[RoleSetting] = "owner"
	expect(t, b.visit("GET", "/admin", nil, with(session)), http.StatusServiceUnavailable)
	if !strings.Contains(b.log.String(), "temoin admin password") {
		t.Errorf("the log does not say what to do: %s", b.log)
	}
	for _, name := range roleNames[Reader:] {
		if role, err := ParseRole(name); err != nil || role.String() != name {
			t.Errorf("%s: got %v, %v", name, role, err)
		}
	}
	if slices.ContainsFunc([]string{"", "nobody", "Read"}, func(name string) bool { _, err := ParseRole(name); return err == nil }) {
		t.Error("a name that is no role is taken for one")
	}
}
