package admin

import (
	"bytes"
	"fmt"
	"net/http"
)

// view is what every page shows around its body.
type view struct {
	*call
	Title  string
	Site   string
	Style  string
	Home   string
	Token  string // of the form that signs out; "" where there is nothing to sign out of
	Others []otherLanguage
	Body   any
}

type otherLanguage struct{ Code, Name, Link string }

// show answers a page: the template of that name, with the title of that key.
// It is drawn in memory first, so that one which fails halfway is not half sent.
func (c *call) show(status int, name, titleKey string, body any) error {
	v := view{
		call:  c,
		Title: c.language.Say(titleKey),
		Site:  c.siteName(),
		Style: c.stylePath,
		Home:  c.link(Path),
		Body:  body,
	}
	if c.token != "" {
		v.Token = formToken(c.token)
	}
	for _, code := range languages {
		if code != c.language.Code {
			v.Others = append(v.Others, otherLanguage{code, c.languages[code].Name, c.inLanguage(code)})
		}
	}
	var page bytes.Buffer
	if err := c.templates.ExecuteTemplate(&page, name+".html", v); err != nil {
		return fmt.Errorf("draw page %s: %w", name, err)
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", c.language.Code)
	h.Set("Vary", "Accept-Language, Cookie")
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		c.w.Write(page.Bytes()) // an error here means that nobody is there any more
	}
	return nil
}

// inLanguage is the address of this page in another language; where the page
// answers a form, of the dashboard.
func (c *call) inLanguage(code string) string {
	if c.r.Method == http.MethodPost {
		return Path + "?lang=" + code
	}
	query := c.r.URL.Query()
	query.Set("lang", code)
	return c.r.URL.Path + "?" + query.Encode()
}

func (c *call) siteName() string {
	shown := c.config.Catalogue()
	return c.said(shown.Site.Name, shown, shown.Site.URL)
}

// Say is for templates.
func (c *call) Say(key string, pairs ...string) string { return c.language.Say(key, pairs...) }

// Lang is the language of the page.
func (c *call) Lang() string { return c.language.Code }

// Asked is the language that was asked for by name, which forms pass on.
func (c *call) Asked() string { return c.asked() }

// Link is the address of a page beneath the dashboard's.
func (c *call) Link(path string, pairs ...string) string { return c.link(Path+path, pairs...) }

// User is the name that a proxy gave, or "".
func (c *call) User() string { return c.user }

// Language is for methods of bodies that say something.
func (c *call) Language() *language { return c.language }
