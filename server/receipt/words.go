package receipt

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// wording is how a receipt is told in one language. A word of it is never changed:
// visitors have files that hold it, and [File.Verify] knows them by it. Where another has
// to be said, that is a wording of its own, before the old one in [wordings].
type wording struct {
	lang       string
	moment     string // a layout of package time
	answered   string // when, the language of the question, how
	hows       map[How]string
	of         string // a category, what became of it
	necessary  string
	unanswered string
	given      string
	refused    string
	now        string // given or refused
	stood      string // given or refused, when
	from       string // id of a receipt
}

// wordings are all that files may hold; the last one is for whoever was asked in a
// language that has none.
var wordings = []wording{
	{
		lang:     "fr",
		moment:   "02/01/2006 à 15:04:05 UTC",
		answered: "réponse donnée le %s, question posée en «\u00a0%s\u00a0», %s",
		hows: map[How]string{
			BannerAccept: "par le bouton du bandeau qui accepte",
			BannerRefuse: "par le bouton du bandeau qui refuse",
			Dialog:       "dans la fenêtre de détail",
			Embed:        "sur place, dans un contenu bloqué",
			Form:         "par le formulaire sans JavaScript",
			API:          "par un programme de la page",
		},
		of:         "%s\u00a0: %s",
		necessary:  "pas besoin de consentement, la question n’a pas été posée",
		unanswered: "nouveau, sans réponse\u00a0: non autorisé",
		given:      "autorisé",
		refused:    "refusé",
		now:        "%s, la question a été posée cette fois",
		stood:      "%s le %s, toujours valable, la question n’a pas été reposée",
		from:       "preuve de ce qui restait valable\u00a0: %s",
	},
	{
		lang:     "en",
		moment:   "2006-01-02 15:04:05 UTC",
		answered: "answered on %s, asked in %s, %s",
		hows: map[How]string{
			BannerAccept: "by the banner’s button that accepts",
			BannerRefuse: "by the banner’s button that refuses",
			Dialog:       "in the dialog",
			Embed:        "in place, in content that was held back",
			Form:         "by the form without JavaScript",
			API:          "by a program of the page",
		},
		of:         "%s: %s",
		necessary:  "needs no consent, not asked",
		unanswered: "new, not answered: not allowed",
		given:      "allowed",
		refused:    "refused",
		now:        "%s, asked and answered this time",
		stood:      "%s on %s, stood, not asked this time",
		from:       "how what stood was answered: receipt %s",
	},
}

// Words tells, one line for each purpose and for each service that has an answer of its
// own, what was asked and answered, and what stood: since when, and from which receipt.
// It does so in French where lang is that, and in English else.
func (r *Receipt) Words(lang string) []string {
	base, _, _ := strings.Cut(lang, "-")
	i := slices.IndexFunc(wordings, func(w wording) bool { return w.lang == base })
	if i < 0 {
		i = len(wordings) - 1
	}
	return wordings[i].tell(r)
}

func (w wording) tell(r *Receipt) []string {
	lines := []string{fmt.Sprintf(w.answered, w.at(r.At()), r.Lang(), w.hows[r.How()])}
	for _, purpose := range r.Processing.Purposes {
		lines = append(lines, fmt.Sprintf(w.of, purpose.ID, w.became(purpose.State, purpose.Since)))
		for _, service := range purpose.Services {
			lines = append(lines, fmt.Sprintf(w.of, purpose.ID+", "+service.ID, w.became(service.State, service.Since)))
		}
	}
	if r.IsPart() {
		lines = append(lines, fmt.Sprintf(w.from, r.From()))
	}
	return lines
}

// became says what became of one purpose or service.
func (w wording) became(state State, since time.Time) string {
	switch state {
	case NotRequired:
		return w.necessary
	case Unanswered:
		return w.unanswered
	}
	answer := w.refused
	if state == Given {
		answer = w.given
	}
	if since.IsZero() {
		return fmt.Sprintf(w.now, answer)
	}
	return fmt.Sprintf(w.stood, answer, w.at(since))
}

func (w wording) at(t time.Time) string { return t.UTC().Format(w.moment) }

// checkWords refuses words that do not say what the receipt says: no signature covers
// them, and whoever reads a file takes them for what it proves.
func (f *File) checkWords() error {
	says := func(w wording) bool { return slices.Equal(f.Words, w.tell(f.Receipt)) }
	if f.Words == nil || slices.ContainsFunc(wordings, says) { // earlier files have none
		return nil
	}
	return invalid("words do not say what the receipt says, want %q", f.Receipt.Words(f.Receipt.Lang()))
}
