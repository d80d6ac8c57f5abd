package admin

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// The values of ?signed, which tell the page where its visitor comes from.
const (
	signedParam = "signed"
	hasSignedIn = "in"
	hasLeft     = "out"
)

// loginBody is what the page of the password form shows.
type loginBody struct {
	// Notice is the key of a text that says what happened, "" where nothing did.
	Notice string
	// Fault is what was wrong with the password, in words, or "".
	Fault string
	// Insecure is whether others could read along: then nobody is asked for a
	// password.
	Insecure bool
}

// showLogin shows the password form.
func (c *call) showLogin() error {
	if !c.config.Secure(c.r) {
		return c.showInsecure(http.StatusOK)
	}
	body := loginBody{}
	switch c.r.URL.Query().Get(signedParam) {
	case hasSignedIn:
		// The password was right, and yet no session came along.
		body.Notice = "login-lost"
	case hasLeft:
		body.Notice, c.forget = "login-ended", true
	}
	return c.show(http.StatusOK, "login", "login-title", body)
}

// showInsecure says that passwords are taken over https alone.
func (c *call) showInsecure(status int) error {
	return c.show(status, "login", "login-title", loginBody{Notice: "login-insecure", Insecure: true})
}

// forgetPath is an empty style sheet that the page of whoever has signed out
// loads.
const forgetPath = Path + "/forget.css"

// leftCookie is the cookie of a browser that has just signed out. Without it
// nothing is forgotten, so that no other site's page can empty a visitor's cache.
const (
	leftCookie = "__Host-temoin-admin-left"
	leftLength = time.Minute
)

// getForget handles "GET /admin/forget.css". Some browsers keep pages in memory
// for the way back, even those that are not to be stored (Chromium, 2026); they
// give them up only when told so after the last of them has been left, hence not
// in the answer that leads away from it.
func (d *Dashboard) getForget(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	if _, err := r.Cookie(leftCookie); err == nil {
		http.SetCookie(w, cookieOf(leftCookie, "", gone))
		w.Header().Set("Clear-Site-Data", `"cache"`)
	}
}

// postLogin handles "POST /admin/login".
func (c *call) postLogin() error {
	if c.passwordHash == "" {
		return c.getMissing() // a proxy says who is signed in, there is no form
	}
	if !c.config.Secure(c.r) {
		return c.showInsecure(http.StatusForbidden)
	}
	if err := c.readForm(); err != nil {
		return err
	}
	who, err := c.findClient()
	if err != nil {
		return err
	}
	if admitted, err := c.waitForTurn(who); err != nil || !admitted {
		return err
	}
	right, err := c.passwords.match(c.r.Context(), who, c.passwordHash, c.r.PostForm.Get("password"))
	if err != nil {
		return err
	}
	if !right {
		c.config.Log.Warn("dashboard: wrong password")
		return c.show(http.StatusForbidden, "login", "login-title", loginBody{Fault: c.language.Say("login-wrong")})
	}
	if err := c.signIn(); err != nil {
		return err
	}
	c.config.Log.Info("dashboard: signed in")
	http.Redirect(c.w, c.r, c.link(Path, signedParam, hasSignedIn), http.StatusSeeOther)
	return nil
}

// waitForTurn waits until who may try a password, or sends away whoever would
// have to wait for too long.
func (c *call) waitForTurn(who client) (admitted bool, err error) {
	wait, err := c.attempts.take(c.r.Context(), c.store, who, c.config.Now())
	if err != nil {
		return false, err
	}
	if wait > 0 {
		c.config.Log.Warn("dashboard: many passwords tried", "wait", wait, "known", who.known)
	}
	if wait > patience {
		seconds := strconv.Itoa(int(math.Ceil((wait - patience).Seconds())))
		c.w.Header().Set("Retry-After", seconds)
		return false, c.show(http.StatusTooManyRequests, "login", "login-title", loginBody{Fault: c.language.Say("login-slow", "n", seconds)})
	}
	return true, c.config.Sleep(c.r.Context(), wait)
}

// errForeignForm refuses a form that came from no page of this session.
var errForeignForm = &Refusal{http.StatusForbidden, "the form's token is not this session's"}

// postLogout handles "POST /admin/logout".
func (c *call) postLogout() error {
	if err := c.readForm(); err != nil {
		return err
	}
	if !c.fromForm(c.r.PostForm.Get("token")) {
		return errForeignForm
	}
	if err := c.signOut(); err != nil {
		return err
	}
	c.config.Log.Info("dashboard: signed out")
	http.Redirect(c.w, c.r, c.link(Path, signedParam, hasLeft), http.StatusSeeOther)
	return nil
}

// readForm reads the form, or returns why it cannot be read.
func (c *call) readForm() error {
	err := c.r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return &Refusal{http.StatusRequestEntityTooLarge, "the form is larger than " + strconv.Itoa(maxForm) + " bytes"}
	}
	return &Refusal{http.StatusBadRequest, "the form cannot be read"}
}
