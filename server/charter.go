package server

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/app/guard"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/site"
)

// charter handles "GET /charte-cookies" and "POST /charte-cookies", also with a
// language behind them.
func (s *Server) charter(w http.ResponseWriter, r *http.Request) error {
	if err := allow(w, r, http.MethodGet, http.MethodHead, http.MethodPost); err != nil {
		return err
	}
	served := s.site.Load()
	if lang := r.PathValue("lang"); lang != "" && !slices.Contains(served.Catalogue.Languages, lang) {
		return notFound("the charter is there in %s, not in %q", strings.Join(served.Catalogue.Languages, ", "), lang)
	}
	if r.Method == http.MethodPost {
		return s.postCharter(w, r, served)
	}
	return s.getCharter(w, r, served)
}

// getCharter answers the charter page, with the visitor's choice in its form.
func (s *Server) getCharter(w http.ResponseWriter, r *http.Request, served *site.Site) error {
	lang := languageOf(served, r)
	record := served.Catalogue.Read(guard.Cookies(r, served.Catalogue.Cookie.Name), s.config.Now(), served.Marks)
	page, err := served.Charter(site.CharterPage{
		Lang:   lang,
		Record: record,
		Sent:   r.URL.Query().Get("sent") != "",
		Folder: s.folder(r),
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", typeHTML)
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Accept-Language, Cookie")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
	return nil
}

// languageOf returns the language of the path (/charte-cookies/en), of the query
// (?lang=en), or the one that suits the browser best.
func languageOf(served *site.Site, r *http.Request) string {
	languages := served.Catalogue.Languages
	for _, wanted := range []string{r.PathValue("lang"), r.URL.Query().Get("lang")} {
		if slices.Contains(languages, wanted) {
			return wanted
		}
	}
	var tags []language.Tag
	for _, lang := range languages {
		tags = append(tags, language.Make(lang))
	}
	// What of the header cannot be read counts for nothing.
	wanted, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	// Where nothing suits, the matcher names one that is at least in the same
	// script: Bulgarian for a Russian. It is not what was asked for.
	_, i, confidence := language.NewMatcher(tags).Match(wanted...)
	if confidence == language.No {
		return languages[0]
	}
	return languages[i]
}

// maxForm is the most bytes that the form may send: ids, and nothing else.
const maxForm = 8 << 10

// postCharter takes the answer of the form, sets the cookie, keeps the receipt
// and leads back to the form. What it cannot read changes nothing.
func (s *Server) postCharter(w http.ResponseWriter, r *http.Request, served *site.Site) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return badRequest("the form cannot be read: %w", err)
	}
	lang := r.PostForm.Get("lang")
	if !slices.Contains(served.Catalogue.Languages, lang) {
		lang = languageOf(served, r)
	}
	if len(served.Catalogue.Refusable()) == 0 {
		// A form of earlier on: the charter now says that there is nothing to choose.
		http.Redirect(w, r, consent.CharterPath+"/"+lang, http.StatusSeeOther)
		return nil
	}
	values := guard.Cookies(r, served.Catalogue.Cookie.Name)
	now := s.config.Now().Truncate(time.Second)
	held := served.Catalogue.Read(values, now, served.Marks)
	granted, err := answerOf(served, r.PostForm.Get("answer"), r.PostForm["allow"], held)
	if err != nil {
		return err
	}
	part := r.PostForm.Get("answer") == "save" && held != nil && len(held.Asked) > 0
	record := served.Catalogue.Answer(values, served.Marks, consent.Answer{ID: consent.NewID(), At: now, Granted: granted, Part: part})
	value, err := record.Encode()
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	w.Header().Add("Set-Cookie", served.Catalogue.Cookie.Line(value, isSecure(r)))
	deleteHidden(served, w, r, served.Catalogue.Read([]string{value}, now, served.Marks))
	s.keepForm(r, served, record, held, lang)
	http.Redirect(w, r, s.folder(r)+consent.CharterPath+"/"+lang+"?sent=1#choix", http.StatusSeeOther)
	return nil
}

// keepForm keeps the receipt of a choice made by the form. The visitor has no
// script that could report it later, so one that cannot be kept is logged. The
// choice itself counts all the same: a refusal is never lost to a limit.
func (s *Server) keepForm(r *http.Request, served *site.Site, record, held *consent.Record, lang string) {
	if !served.Keeps {
		return
	}
	if s.limit.wait(r) > 0 {
		s.metrics.receipts.WithLabelValues(strconv.Itoa(http.StatusTooManyRequests)).Inc()
		return
	}
	submission := &receipt.Submission{
		Record: record, How: receipt.Form, GPC: refusedByGPC(served, r, held),
		Lang: lang, Text: served.Shown.Text,
	}
	if held != nil {
		submission.From = held.ID
	}
	if _, _, err := s.keep(r, submission, siteOf(served, r), s.config.Now()); err != nil {
		s.logOf(r).Error("the receipt of a form was lost", "error", err)
	}
}

// refusedByGPC reports whether the browser's Global Privacy Control stood for a
// refusal until the form was sent.
func refusedByGPC(served *site.Site, r *http.Request, held *consent.Record) bool {
	return held == nil && served.Catalogue.HonoursGPC() && r.Header.Get("Sec-GPC") == "1"
}

func answerOf(served *site.Site, name string, ticked []string, held *consent.Record) (granted func(id string) bool, err error) {
	for _, id := range ticked {
		if served.Catalogue.Category(id) == nil && served.Catalogue.Service(id) == nil {
			return nil, badRequest("allow is %q, want a category or a service of the catalogue", id)
		}
	}
	switch name {
	case "accept":
		return func(string) bool { return true }, nil
	case "refuse":
		return func(string) bool { return false }, nil
	case "save":
		var asked []string
		if held != nil {
			asked = held.Asked
		}
		return app.FormDraft(&served.Catalogue.Catalogue, ticked, asked), nil
	}
	return nil, badRequest("answer is %q, want accept, refuse or save", name)
}
