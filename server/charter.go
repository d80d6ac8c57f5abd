package server

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"temoin/app"
	"temoin/app/consent"
	"temoin/app/guard"
	"temoin/server/catalogue"
	"temoin/server/receipt"
	"temoin/web"
)

var charterPage = template.Must(template.New("charter").Parse(web.CharterPage))

// charterView is what the page around the charter's content shows.
type charterView struct {
	Edition *app.Edition
	Texts   *app.CharterTexts
	Site    string
	Path    string
	Style   string
	Others  []*catalogue.Language
	Content template.HTML
}

// getCharter answers the charter page, with the visitor's choice in its form.
func (s *Server) getCharter(w http.ResponseWriter, r *http.Request, b *bundle) error {
	lang := b.language(r)
	record := b.catalogue.Read(guard.Cookies(r, b.catalogue.Cookie.Name), time.Now(), b.rev)
	page, err := b.charter(lang, record, r.URL.Query().Get("sent") != "")
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", types[".html"])
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Accept-Language, Cookie")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(page))
	return nil
}

// charter draws the page. Where the form has been sent, it says what the browser
// kept: a visitor without cookies is told so, and not that all is well.
func (b *bundle) charter(lang string, record *consent.Record, sent bool) ([]byte, error) {
	languages, err := catalogue.Languages()
	if err != nil {
		return nil, err
	}
	edition, texts := b.editions[lang], &languages[lang].Charter
	notice := ""
	switch {
	case sent && record != nil:
		notice = texts.FormSaved
	case sent:
		notice = edition.Texts.NotKept
	}
	content, err := prerender(&app.Charter{
		Edition: edition,
		Texts:   texts,
		Storage: b.storage(),
		Draft:   b.catalogue.Draft(record),
		Notice:  notice,
	})
	if err != nil {
		return nil, fmt.Errorf("prerender charter in %s: %w", lang, err)
	}
	view := charterView{
		Edition: edition,
		Texts:   texts,
		Site:    edition.Catalogue.Site.Name.In(lang),
		Path:    consent.CharterPath,
		Style:   b.charterStyle,
		Content: template.HTML(content), // printed by an HTML library: see prerender
	}
	for _, other := range b.catalogue.Languages {
		if other != lang {
			view.Others = append(view.Others, languages[other])
		}
	}
	var page bytes.Buffer
	if err := charterPage.Execute(&page, view); err != nil {
		return nil, fmt.Errorf("draw charter: %w", err)
	}
	return page.Bytes(), nil
}

// storage returns what services keep beside cookies, by their id.
func (b *bundle) storage() map[string]*consent.Storage {
	byID := map[string]*consent.Storage{}
	for _, service := range b.catalogue.Services {
		byID[service.ID] = service.Storage
	}
	return byID
}

// language returns the language of the path (/charte-cookies/en), of the query
// (?lang=en), or the one that suits the browser best.
func (b *bundle) language(r *http.Request) string {
	languages := b.catalogue.Languages
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
func (s *Server) postCharter(w http.ResponseWriter, r *http.Request, b *bundle) error {
	if wait := s.proofs.limit.wait(r); wait > 0 {
		return later(http.StatusTooManyRequests, wait, "too many requests from here")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return badRequest("the form cannot be read: %w", err)
	}
	choices, services, err := b.answer(r.PostForm.Get("answer"), r.PostForm["allow"])
	if err != nil {
		return err
	}
	record := &consent.Record{ID: consent.NewID(), Rev: b.rev, At: time.Now().Truncate(time.Second), Choices: choices, Services: services}
	value, err := record.Encode()
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	lang := r.PostForm.Get("lang")
	if !slices.Contains(b.catalogue.Languages, lang) {
		lang = b.language(r)
	}
	w.Header().Add("Set-Cookie", b.catalogue.Cookie.Line(value, isSecure(r)))
	b.deleteHidden(w, r, record)
	s.keepForm(r, b, record, lang)
	http.Redirect(w, r, consent.CharterPath+"/"+lang+"?sent=1#choix", http.StatusSeeOther)
	return nil
}

// keepForm keeps the receipt of a choice made by the form. The visitor has no
// script that could report it later, so one that cannot be kept is logged.
func (s *Server) keepForm(r *http.Request, b *bundle, record *consent.Record, lang string) {
	if !b.keeps {
		return
	}
	submission := &receipt.Submission{Record: record, How: receipt.Form, GPC: b.refusedByGPC(r), Lang: lang, Text: b.text}
	if _, _, err := s.keep(r, submission, b.site(r), time.Now()); err != nil {
		s.log.Error("the receipt of a form was lost", "id", record.ID, "error", err)
	}
}

// refusedByGPC reports whether the browser's Global Privacy Control stood for a
// refusal until the form was sent.
func (b *bundle) refusedByGPC(r *http.Request) bool {
	held := b.catalogue.Read(guard.Cookies(r, b.catalogue.Cookie.Name), time.Now(), b.rev)
	return held == nil && b.catalogue.HonoursGPC() && r.Header.Get("Sec-GPC") == "1"
}

func (b *bundle) answer(name string, ticked []string) (choices, services consent.Choices, err error) {
	for _, id := range ticked {
		if b.catalogue.Category(id) == nil && b.catalogue.Service(id) == nil {
			return nil, nil, badRequest("allow is %q, want a category or a service of the catalogue", id)
		}
	}
	switch name {
	case "accept":
		return b.catalogue.Accept(), nil, nil
	case "refuse":
		return b.catalogue.Refuse(), nil, nil
	case "save":
		choices, services = b.catalogue.Split(app.FormDraft(b.catalogue, ticked))
		return choices, services, nil
	}
	return nil, nil, badRequest("answer is %q, want accept, refuse or save", name)
}

// isSecure reports whether the visitor's own request came by https, to us or to
// the proxy in front of us. Whoever forges the header harms only himself.
func isSecure(r *http.Request) bool {
	return r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
