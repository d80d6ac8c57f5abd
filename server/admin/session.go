package admin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode"
)

// sessionCookie is the cookie of a session. Browsers take its prefix only where
// the cookie is Secure, for the whole host and for no other.
const sessionCookie = "__Host-temoin-admin"

// sessionLength is how long a session lasts: one working day.
const sessionLength = 12 * time.Hour

const tokenSize = 32

// visitor is who asks for a page.
type visitor struct {
	// role is what the visitor may do, Nobody where nobody is signed in.
	role Role
	// user is the name that a trusted proxy gave, "" where the password did.
	user string
	// token is the secret in the session's cookie, "" where a proxy vouches.
	token string
}

// newToken returns a random token.
func newToken() string {
	token := make([]byte, tokenSize)
	rand.Read(token) // never fails: see crypto/rand
	return base64.RawURLEncoding.EncodeToString(token)
}

// sessionHash is what the store keeps of a session. The password's hash is in
// it, so that a session ends with the password under which it began, even where
// somebody has changed the setting by hand.
func sessionHash(token, passwordHash string) string {
	sum := sha256.Sum256([]byte(token + "\x00" + passwordHash))
	return hex.EncodeToString(sum[:])
}

// formToken is what each form of a session carries. It is derived from the
// session's secret, and does not betray it.
func formToken(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("temoin admin form"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// fromForm reports whether a form came from a page of this session.
func (v *visitor) fromForm(value string) bool {
	return v.token != "" && subtle.ConstantTimeCompare([]byte(value), []byte(formToken(v.token))) == 1
}

// findVisitor finds out who asks. passwordHash is the setting, "" where none is set.
func (d *Dashboard) findVisitor(r *http.Request, store Settings, passwordHash string) (*visitor, error) {
	if user, role := d.proxyUser(r); role > Nobody {
		return &visitor{role: role, user: user}, nil
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || passwordHash == "" || len(cookie.Value) != base64.RawURLEncoding.EncodedLen(tokenSize) {
		return &visitor{}, nil
	}
	found, err := store.HasSession(r.Context(), sessionHash(cookie.Value, passwordHash), d.config.Now(), sessionLength)
	if err != nil || !found {
		return &visitor{}, err
	}
	role, err := passwordRole(r.Context(), store)
	if err != nil {
		return &visitor{}, err
	}
	return &visitor{role: role, token: cookie.Value}, nil
}

// maxUser is the most bytes that are taken of a name which a proxy gives.
const maxUser = 200

// proxyUser returns the name that a trusted proxy put into the request, and what that
// user may do. Where the header is there twice, one of them is the visitor's own.
func (d *Dashboard) proxyUser(r *http.Request) (user string, role Role) {
	if d.config.UserHeader == "" || !d.trusted(r) {
		return "", Nobody
	}
	values := r.Header.Values(d.config.UserHeader)
	if len(values) != 1 || len(values[0]) > maxUser {
		return "", Nobody
	}
	user = strings.TrimSpace(strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, values[0]))
	if user == "" || user == "-" || user == "(null)" {
		return "", Nobody // what proxies write where nobody is signed in
	}
	if d.config.Role == nil {
		return user, Exporter
	}
	return user, d.config.Role(user)
}

// trusted reports whether the request came straight from a trusted proxy.
func (d *Dashboard) trusted(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, network := range d.config.Proxies {
		if network.Contains(peer.Addr().Unmap()) {
			return true
		}
	}
	return false
}

// signIn begins a session and sets its cookie.
func (c *call) signIn() error {
	token := newToken()
	expires := c.config.Now().Add(sessionLength)
	if err := c.store.AddSession(c.r.Context(), sessionHash(token, c.passwordHash), expires); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	http.SetCookie(c.w, cookieOf(sessionCookie, token, sessionLength))
	return c.remember()
}

// signOut ends the session, in the store and in the browser.
func (c *call) signOut() error {
	if err := c.store.DropSession(c.r.Context(), sessionHash(c.token, c.passwordHash)); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	http.SetCookie(c.w, cookieOf(sessionCookie, "", gone))
	http.SetCookie(c.w, cookieOf(leftCookie, "1", leftLength))
	return nil
}

// gone is the lifetime of a cookie that is to be deleted.
const gone = -time.Second

func cookieOf(name, value string, lifetime time.Duration) *http.Cookie {
	return &http.Cookie{
		Name:     name,
		Value:    value,
		Path:     "/",
		MaxAge:   int(lifetime / time.Second),
		Secure:   true,
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	}
}
