package admin

import (
	"errors"
	"math"
	"net/http"
	"strconv"
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
}

// showLogin shows the password form.
func (c *call) showLogin() error {
	body := loginBody{}
	switch c.r.URL.Query().Get(signedParam) {
	case hasSignedIn:
		// The password was right, and yet no session came along.
		body.Notice = "login-lost"
	case hasLeft:
		body.Notice = "login-ended"
	}
	return c.show(http.StatusOK, "login", "login-title", body)
}

// postLogin handles "POST /admin/login".
func (c *call) postLogin() error {
	if c.passwordHash == "" {
		return c.getMissing() // a proxy says who is signed in, there is no form
	}
	if !c.readForm() {
		return nil
	}
	if wait := c.attempts.wait(c.config.Client(c.r), c.config.Now()); wait > 0 {
		seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
		c.w.Header().Set("Retry-After", seconds)
		c.config.Log.Warn("dashboard: too many passwords tried", "wait", wait)
		return c.show(http.StatusTooManyRequests, "login", "login-title", loginBody{Fault: c.language.Say("login-slow", "n", seconds)})
	}
	right, err := c.passwords.match(c.r.Context(), c.passwordHash, c.r.PostForm.Get("password"))
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

// postLogout handles "POST /admin/logout".
func (c *call) postLogout() error {
	if !c.readForm() {
		return nil
	}
	if !c.fromForm(c.r.PostForm.Get("token")) {
		http.Error(c.w, "the form's token is not this session's", http.StatusForbidden)
		return nil
	}
	if err := c.signOut(); err != nil {
		return err
	}
	c.config.Log.Info("dashboard: signed out")
	http.Redirect(c.w, c.r, c.link(Path, signedParam, hasLeft), http.StatusSeeOther)
	return nil
}

// readForm reads the form, or answers why it cannot be read.
func (c *call) readForm() bool {
	err := c.r.ParseForm()
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		return true
	case errors.As(err, &tooLarge):
		http.Error(c.w, "the form is larger than "+strconv.Itoa(maxForm)+" bytes", http.StatusRequestEntityTooLarge)
	default:
		http.Error(c.w, "the form cannot be read", http.StatusBadRequest)
	}
	return false
}
