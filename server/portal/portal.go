// Package portal serves the demo: an open-data portal of an imaginary
// metropolis, in which a visitor meets the banner.
package portal

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// portalLanguages are the languages of the demo portal; the first one is
// spoken to whoever does not ask for another.
var portalLanguages = []string{"fr", "en"}

// datasetsPath is where the list of datasets is; each dataset is below it.
const datasetsPath = "/jeux-de-donnees"

// Portal serves the demo: an open-data portal of an imaginary metropolis, the
// kind of site that Témoin is made for, so that a visitor meets the banner in
// its natural surroundings. Nothing in it knows of consent: like any other
// site, it only carries the script tag, a button and a link.
type Portal struct {
	content   *portalContent
	pages     []portalPage
	templates *template.Template
}

// New reads the portal's content and templates from files, whose root
// is the demo folder. It checks them here, so that a mistake in them stops
// the program at its start rather than a visitor later.
func New(files fs.FS) (*Portal, error) {
	content, err := readPortalContent(files)
	if err != nil {
		return nil, err
	}
	templates, err := template.ParseFS(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("parse portal templates: %w", err)
	}
	return &Portal{content: content, pages: content.pages(), templates: templates}, nil
}

// paths lists the pages that the portal serves.
func (p *Portal) paths() []string {
	var paths []string
	for _, page := range p.pages {
		paths = append(paths, page.Path)
	}
	return paths
}

// ServeHTTP answers with a page, with a dataset's extract where its path ends
// in ".csv", or says which pages there are.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, r.Method+" is not allowed here, only GET, HEAD", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")

	path, wantsCSV := strings.CutSuffix(r.URL.Path, ".csv")
	i := slices.IndexFunc(p.pages, func(page portalPage) bool { return page.Path == path })
	switch {
	case i < 0, wantsCSV && p.pages[i].Dataset == nil:
		p.servePage(w, r, http.StatusNotFound, portalPage{template: "missing.html", Title: p.content.Words["missing.title"]})
	case wantsCSV:
		p.serveCSV(w, p.pages[i].Dataset)
	default:
		p.servePage(w, r, http.StatusOK, p.pages[i])
	}
}

// servePage renders into memory first, so that a template that fails halfway
// gives a clean error and not half a page.
func (p *Portal) servePage(w http.ResponseWriter, r *http.Request, status int, page portalPage) {
	view := p.view(r, page)
	var body bytes.Buffer
	if err := p.templates.ExecuteTemplate(&body, page.template, view); err != nil {
		slog.Error("render portal page", "path", r.URL.Path, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", view.Lang)
	w.WriteHeader(status)
	w.Write(body.Bytes()) // an error here means that the visitor has left
}

// serveCSV sends the extract as the producer wrote it: the same file in every
// language, numbers with a decimal point, dates as year-month-day.
func (p *Portal) serveCSV(w http.ResponseWriter, d *portalDataset) {
	var body bytes.Buffer
	csv.NewWriter(&body).WriteAll(append([][]string{d.columnNames()}, d.Rows...)) // into memory: cannot fail
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+d.Slug+`.csv"`)
	w.Write(body.Bytes()) // an error here means that the visitor has left
}

// view gathers what the templates need to draw page for this request.
func (p *Portal) view(r *http.Request, page portalPage) portalView {
	query := r.URL.Query()
	lang := query.Get("lang")
	if !slices.Contains(portalLanguages, lang) {
		lang = portalLanguages[0]
	}
	return portalView{
		Content: p.content,
		Page:    page,
		Pages:   p.pages,
		Dataset: page.Dataset,
		Lang:    lang,
		Query:   strings.TrimSpace(query.Get("q")),
	}
}

// portalContent is everything that the portal says, in every language. It is
// written in a file of the demo folder, apart from the code and the markup.
type portalContent struct {
	Words    map[string]portalText `json:"words"`
	Themes   []portalTheme         `json:"themes"`
	Datasets []*portalDataset      `json:"datasets"`
	News     []portalNews          `json:"news"`
	Reuse    []portalStep          `json:"reuse"`
	About    []portalSection       `json:"about"`
}

// readPortalContent is strict: an unknown field is a spelling mistake, and a
// text without a translation would be an empty line on the page.
func readPortalContent(files fs.FS) (*portalContent, error) {
	file, err := files.Open("content.json")
	if err != nil {
		return nil, fmt.Errorf("open portal content: %w", err)
	}
	defer file.Close()

	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	content := new(portalContent)
	if err := decoder.Decode(content); err != nil {
		return nil, fmt.Errorf("decode portal content: %w", err)
	}
	for _, d := range content.Datasets {
		if err := content.checkDataset(d); err != nil {
			return nil, fmt.Errorf("check portal dataset %q: %w", d.Slug, err)
		}
	}
	return content, nil
}

// checkDataset makes sure of what the drawing of a dataset takes for granted.
func (c *portalContent) checkDataset(d *portalDataset) error {
	if c.theme(d.Theme) == nil {
		return fmt.Errorf("unknown theme %q", d.Theme)
	}
	if err := d.checkChart(); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	for i, row := range d.Rows {
		if err := d.checkRow(row); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

// theme returns the theme with this id, or nil.
func (c *portalContent) theme(id string) *portalTheme {
	i := slices.IndexFunc(c.Themes, func(t portalTheme) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Themes[i]
}

// pages lists the pages in the order in which a visitor may want them.
func (c *portalContent) pages() []portalPage {
	pages := []portalPage{
		{Path: "/", Title: c.Words["home.title"], template: "home.html"},
		{Path: datasetsPath, Title: c.Words["list.title"], template: "list.html"},
	}
	for _, d := range c.Datasets {
		pages = append(pages, portalPage{Path: d.Path(), Title: d.Title, Dataset: d, template: "dataset.html"})
	}
	return append(pages, portalPage{Path: "/a-propos", Title: c.Words["about.title"], template: "about.html"})
}

// Records counts the records of all datasets.
func (c *portalContent) Records() int {
	total := 0
	for _, d := range c.Datasets {
		total += d.Records
	}
	return total
}

// portalPage is one page; Dataset is nil where the page is not about one.
type portalPage struct {
	Path     string
	Title    portalText
	Dataset  *portalDataset
	template string
}

type portalTheme struct {
	ID      string     `json:"id"`
	Name    portalText `json:"name"`
	Summary portalText `json:"summary"`
}

type portalNews struct {
	Date  portalDate `json:"date"`
	Title portalText `json:"title"`
	Text  portalText `json:"text"`
}

type portalStep struct {
	Title portalText `json:"title"`
	Text  portalText `json:"text"`
}

type portalSection struct {
	Title      portalText   `json:"title"`
	Paragraphs []portalText `json:"paragraphs"`
}

// portalDataset describes a dataset and holds an extract of it.
type portalDataset struct {
	Slug        string         `json:"slug"`
	Theme       string         `json:"theme"`
	Featured    bool           `json:"featured"` // shown on the home page
	Title       portalText     `json:"title"`
	Summary     portalText     `json:"summary"`
	Description []portalText   `json:"description"`
	Keywords    portalText     `json:"keywords"` // separated by commas
	Producer    portalText     `json:"producer"`
	Licence     portalLicence  `json:"licence"`
	Frequency   portalText     `json:"frequency"`
	Updated     portalDate     `json:"updated"`
	Records     int            `json:"records"` // of the full file, not of the extract
	Columns     []portalColumn `json:"columns"`
	Rows        [][]string     `json:"rows"` // one cell per column, as in the CSV file
	Chart       portalChart    `json:"chart"`
}

type portalLicence struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// portalColumn is a column of an extract: Name heads it in the CSV file, Label
// on the page. Kind is "text", "number" (never negative) or "date".
type portalColumn struct {
	Name  string     `json:"name"`
	Kind  string     `json:"kind"`
	Label portalText `json:"label"`
}

// portalChart says which columns name and measure the bars.
type portalChart struct {
	Title portalText `json:"title"`
	Label string     `json:"label"`
	Value string     `json:"value"`
}

// Path is the address of the dataset's page.
func (d *portalDataset) Path() string { return datasetsPath + "/" + d.Slug }

// columnNames is the first line of the CSV file.
func (d *portalDataset) columnNames() []string {
	var names []string
	for _, column := range d.Columns {
		names = append(names, column.Name)
	}
	return names
}

// checkChart makes sure that there are bars to draw, and numbers to draw them by.
func (d *portalDataset) checkChart() error {
	names := d.columnNames()
	value := slices.Index(names, d.Chart.Value)
	switch {
	case len(d.Rows) == 0:
		return errors.New("no rows")
	case !slices.Contains(names, d.Chart.Label):
		return fmt.Errorf("no column %q", d.Chart.Label)
	case value < 0 || d.Columns[value].Kind != "number":
		return fmt.Errorf("no column of numbers %q", d.Chart.Value)
	}
	return nil
}

// checkRow compares a row with the columns.
func (d *portalDataset) checkRow(row []string) error {
	if len(row) != len(d.Columns) {
		return fmt.Errorf("got %d cells, want %d", len(row), len(d.Columns))
	}
	for i, column := range d.Columns {
		if err := column.check(row[i]); err != nil {
			return fmt.Errorf("column %q: %w", column.Name, err)
		}
	}
	return nil
}

// check says whether cell is of the column's kind.
func (c portalColumn) check(cell string) error {
	switch c.Kind {
	case "text":
		return nil
	case "date":
		_, err := time.Parse(time.DateOnly, cell)
		return err
	case "number":
		if n, err := strconv.ParseFloat(cell, 64); err != nil || n < 0 {
			return fmt.Errorf("%q is not a number from zero up", cell)
		}
		return nil
	default:
		return fmt.Errorf("unknown kind %q", c.Kind)
	}
}

// barSpacing is the height of a bar with the text above it, in em so that it
// grows with the visitor's text size.
const barSpacing = 3

// portalBar is a bar of a chart: Value as it stands in the CSV file, Percent
// of the longest bar, Top in em.
type portalBar struct {
	Label, Value string
	Percent, Top int
}

// ChartHeight is the height of the chart in em.
func (d *portalDataset) ChartHeight() int { return barSpacing * len(d.Rows) }

// Bars draws the chart's columns to scale.
func (d *portalDataset) Bars() []portalBar {
	label := slices.Index(d.columnNames(), d.Chart.Label)
	value := slices.Index(d.columnNames(), d.Chart.Value)
	var bars []portalBar
	var numbers []float64
	for i, row := range d.Rows {
		number, _ := strconv.ParseFloat(row[value], 64) // checked when it was read
		numbers = append(numbers, number)
		bars = append(bars, portalBar{Label: row[label], Value: row[value], Top: barSpacing * i})
	}
	longest := slices.Max(numbers)
	for i, number := range numbers {
		bars[i].Percent = int(math.Round(100 * number / longest))
	}
	return bars
}

// portalText is a text in every language of the portal, by language.
type portalText map[string]string

// UnmarshalJSON refuses a text that lacks a language.
func (t *portalText) UnmarshalJSON(data []byte) error {
	var byLanguage map[string]string
	if err := json.Unmarshal(data, &byLanguage); err != nil {
		return err
	}
	for _, lang := range portalLanguages {
		if byLanguage[lang] == "" {
			return fmt.Errorf("text %s: nothing in %q", data, lang)
		}
	}
	if len(byLanguage) > len(portalLanguages) {
		return fmt.Errorf("text %s: more languages than the portal has", data)
	}
	*t = byLanguage
	return nil
}

// portalDate is a day, written "2006-01-02" in the content file.
type portalDate struct{ time.Time }

// UnmarshalJSON stands in for the one of time.Time, which wants an hour too.
func (d *portalDate) UnmarshalJSON(data []byte) (err error) {
	d.Time, err = time.Parse(`"`+time.DateOnly+`"`, string(data))
	return err
}

// portalView is what a template sees: the content, the page, and how to say
// things in the visitor's language.
type portalView struct {
	Content *portalContent
	Page    portalPage
	Pages   []portalPage
	Dataset *portalDataset // that the page, or a card on it, is about
	Lang    string
	Query   string
}

// With returns the view of one dataset's card.
func (v portalView) With(d *portalDataset) portalView {
	v.Dataset = d
	return v
}

// Say returns t in the visitor's language. A field left out of the content
// file is an error here: the tests draw every page, and so find it.
func (v portalView) Say(t portalText) (string, error) {
	if t[v.Lang] == "" {
		return "", fmt.Errorf("text missing in %q", v.Lang)
	}
	return t[v.Lang], nil
}

// Word says one of the content's named texts.
func (v portalView) Word(name string) (string, error) {
	said, err := v.Say(v.Content.Words[name])
	if err != nil {
		return "", fmt.Errorf("word %q: %w", name, err)
	}
	return said, nil
}

// Theme returns the theme of the dataset.
func (v portalView) Theme() *portalTheme { return v.Content.theme(v.Dataset.Theme) }

// Link returns the address of a page in the visitor's language.
func (v portalView) Link(path string) string { return v.address(path, url.Values{}) }

// SearchLink returns the address of a search for what, in the visitor's
// language.
func (v portalView) SearchLink(what string) string {
	return v.address(datasetsPath, url.Values{"q": {what}})
}

// address adds the language to the query where it has to be asked for.
func (v portalView) address(path string, query url.Values) string {
	if v.Foreign() {
		query.Set("lang", v.Lang)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// Foreign tells whether the visitor's language has to be asked for: then every
// link and the search form carry it.
func (v portalView) Foreign() bool { return v.Lang != portalLanguages[0] }

// Switch returns the address of the same page in another language. It has no
// path, so that it also holds on a page that does not exist, whatever its
// path looks like.
func (v portalView) Switch(lang string) string {
	query := url.Values{"lang": {lang}}
	if v.Query != "" {
		query.Set("q", v.Query)
	}
	return "?" + query.Encode()
}

// Date writes a day as people of the visitor's language do.
func (v portalView) Date(day portalDate) (string, error) {
	layout, err := v.Word("format.date")
	return day.Format(layout), err
}

// Cell writes a cell of an extract for reading; the CSV file has it as it is.
func (v portalView) Cell(column portalColumn, cell string) (string, error) {
	switch column.Kind {
	case "number":
		return v.Number(cell)
	case "date":
		day, err := time.Parse(time.DateOnly, cell)
		if err != nil {
			return "", err
		}
		return v.Date(portalDate{day})
	default:
		return cell, nil
	}
}

// Count writes a whole number for reading.
func (v portalView) Count(n int) (string, error) { return v.Number(strconv.Itoa(n)) }

// Number groups the digits of a plain number ("12345.6") and gives it the
// decimal mark of the visitor's language.
func (v portalView) Number(plain string) (string, error) {
	thousands, err := v.Word("format.thousands")
	if err != nil {
		return "", err
	}
	mark, err := v.Word("format.decimal")
	if err != nil {
		return "", err
	}
	whole, decimals, hasDecimals := strings.Cut(plain, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + thousands + whole[i:]
	}
	if !hasDecimals {
		return whole, nil
	}
	return whole + mark + decimals, nil
}

// Found lists the datasets in which the visitor's query occurs.
func (v portalView) Found() []*portalDataset { return v.Search(v.Query) }

// FoundText says how many were found.
func (v portalView) FoundText() (string, error) {
	switch n := len(v.Found()); n {
	case 0:
		return v.Word("list.none")
	case 1:
		return v.Word("list.one")
	default:
		text, err := v.Word("list.many")
		return fmt.Sprintf(text, n), err
	}
}

// QueryText repeats the query to the visitor, as plain text: the template
// escapes it.
func (v portalView) QueryText() (string, error) {
	text, err := v.Word("list.query")
	return fmt.Sprintf(text, v.Query), err
}

// Search lists the datasets that have every word of query, in the visitor's
// language, whatever the accents and capitals.
func (v portalView) Search(query string) []*portalDataset {
	var found []*portalDataset
	words := strings.Fields(fold(query))
	for _, d := range v.Content.Datasets {
		text := v.searchable(d)
		lacksWord := func(word string) bool { return !strings.Contains(text, word) }
		if !slices.ContainsFunc(words, lacksWord) {
			found = append(found, d)
		}
	}
	return found
}

// searchable is the text of a dataset in which a search looks.
func (v portalView) searchable(d *portalDataset) string {
	texts := []portalText{d.Title, d.Summary, d.Keywords, d.Producer, v.Content.theme(d.Theme).Name}
	var all []string
	for _, text := range append(texts, d.Description...) {
		all = append(all, text[v.Lang])
	}
	return fold(strings.Join(all, "\n"))
}

// foldAccents covers the letters of French, and lets a typed apostrophe find
// a typeset one.
var foldAccents = strings.NewReplacer(
	"à", "a", "â", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e", "î", "i", "ï", "i",
	"ô", "o", "œ", "oe", "ù", "u", "û", "u", "ü", "u", "ÿ", "y", "’", "'",
)

// fold makes texts comparable for the search.
func fold(s string) string { return foldAccents.Replace(strings.ToLower(s)) }
