package app

import (
	"strings"

	"temoin.example/temoin/app/consent"
)

// Edition is all that the interface needs to draw itself in one language. The
// server makes it from the catalogue and the language's texts; wire.go says how
// it comes to the browser.
type Edition struct {
	// Lang is the language's code (BCP 47), Dir its direction, ltr or rtl.
	Lang string
	Dir  string
	// Marks are what the answers to the catalogue are about; see [consent.Marks].
	Marks consent.Marks
	// Catalogue holds the wordings of this language only.
	Catalogue *consent.Catalogue
	// Texts has BannerText filled in: the server knows all that goes into it,
	// and how the language writes a list. Where nothing can be refused it says so in
	// the dialog's texts; NecessaryTitle and NecessaryText it never has.
	Texts Texts
	// Durations holds the words of this language for each duration that the
	// catalogue names, by its String: plural rules stay in the server.
	Durations map[string]string
	// Theme names the colours and shapes that it is drawn in.
	Theme string
}

// ThemeDSFR is the theme of the French State, whose buttons stand in an order of
// their own.
const ThemeDSFR = "dsfr"

// Texts are the wordings of the banner and the dialog, in one language. The
// JSON names are the keys of the language files (web/texts) and of a
// catalogue's own texts. Words in braces stand for values:
// {site} the site's name, {count} a number, {purposes} and {services} lists, {lifetime}
// a duration, {service}, {category}, {purpose} and {provider} what they name.
type Texts struct {
	BannerTitle string `json:"banner-title"`
	BannerText  string `json:"banner-text"`
	// NecessaryText and NecessaryTitle are those of the dialog where nothing can be
	// refused. The one's key is of a time when it stood in the banner: what is shown
	// is named by its hash, and its keys stay.
	NecessaryText string `json:"banner-necessary"`
	BannerAnew    string `json:"banner-anew,omitempty"`
	BannerRights  string `json:"banner-rights"`
	CharterLink   string `json:"charter-link"`
	PrivacyLink   string `json:"privacy-link"`

	Accept     string `json:"accept"`
	Refuse     string `json:"refuse"`
	AcceptAnew string `json:"accept-anew,omitempty"`
	RefuseAnew string `json:"refuse-anew,omitempty"`
	Customize  string `json:"customize"`
	Waiting    string `json:"waiting"`
	Save       string `json:"save"`
	Close      string `json:"close"`
	Reopen     string `json:"reopen"`
	ReopenGPC  string `json:"reopen-gpc"`
	Dismiss    string `json:"dismiss"`

	DialogTitle    string `json:"dialog-title"`
	DialogText     string `json:"dialog-text"`
	NecessaryTitle string `json:"necessary-title,omitempty"`
	AlwaysOn       string `json:"always-on"`
	Exempt         string `json:"exempt"`
	Anew           string `json:"anew,omitempty"`
	Partly         string `json:"partly"`
	Details        string `json:"details"`
	NoService      string `json:"no-service"`
	NoCookie       string `json:"no-cookie"`
	Provider       string `json:"provider"`
	Policy         string `json:"policy"`
	ColumnService  string `json:"column-service"`
	ColumnProvider string `json:"column-provider"`
	ColumnCookie   string `json:"column-cookie"`
	ColumnPurpose  string `json:"column-purpose"`
	ColumnDuration string `json:"column-duration"`
	ThirdParty     string `json:"third-party"`

	PlaceholderTitle   string `json:"placeholder-title"`
	PlaceholderKind    string `json:"placeholder-kind"`
	PlaceholderText    string `json:"placeholder-text"`
	PlaceholderCookies string `json:"placeholder-cookies"`
	Once               string `json:"once"`
	Always             string `json:"always"`

	Saved   string `json:"saved"`
	NotKept string `json:"not-kept"`

	Proof        string `json:"proof"`
	ProofMissing string `json:"proof-missing"`
}

// all returns every text, in the order in which they travel; see wire.go.
func (t *Texts) all() []*string {
	return []*string{
		&t.BannerTitle, &t.BannerText, &t.NecessaryText, &t.BannerAnew, &t.BannerRights, &t.CharterLink, &t.PrivacyLink,
		&t.Accept, &t.Refuse, &t.AcceptAnew, &t.RefuseAnew, &t.Customize, &t.Waiting, &t.Save, &t.Close, &t.Reopen, &t.ReopenGPC, &t.Dismiss,
		&t.DialogTitle, &t.DialogText, &t.NecessaryTitle, &t.AlwaysOn, &t.Exempt, &t.Anew, &t.Partly, &t.Details, &t.NoService, &t.NoCookie,
		&t.Provider, &t.Policy, &t.ColumnService, &t.ColumnProvider, &t.ColumnCookie, &t.ColumnPurpose,
		&t.ColumnDuration, &t.ThirdParty,
		&t.PlaceholderTitle, &t.PlaceholderKind, &t.PlaceholderText, &t.PlaceholderCookies, &t.Once, &t.Always,
		&t.Saved, &t.NotKept, &t.Proof, &t.ProofMissing,
	}
}

// fill puts values in the place of the words in braces; pairs are a word and
// its value in turn.
func fill(text string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// asks reports whether consent is asked for anything; offers, whether anything can
// be allowed or refused: a measure that is on without asking can.
func (e *Edition) asks() bool   { return len(e.Catalogue.Asked()) > 0 }
func (e *Edition) offers() bool { return len(e.Catalogue.Refusable()) > 0 }

// List writes a list as the language does.
func (e *Edition) List(items []string) string { return strings.Join(items, e.Comma()) }

// Comma returns what stands between the items of a list.
func (e *Edition) Comma() string {
	if e.Lang == "ar" {
		return "، "
	}
	return ", "
}

// named returns the names of those of ids that are services.
func (e *Edition) named(ids []string) []string {
	var names []string
	for _, id := range ids {
		if service := e.Catalogue.Service(id); service != nil {
			names = append(names, service.Name.In(e.Lang))
		}
	}
	return names
}

func (e *Edition) siteName() string { return e.Catalogue.Site.Name.In(e.Lang) }

func (e *Edition) duration(d consent.Duration) string { return e.Durations[d.String()] }
