package demo

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// languages are the languages of the demo portal; the first one is
// spoken to whoever does not ask for another.
var languages = []string{"fr", "en"}

const (
	// datasetsPath is where the list of datasets is; each dataset is below it.
	datasetsPath   = "/jeux-de-donnees"
	videoPath      = "/demo/video"
	mapPath        = "/demo/carte"
	comparisonPath = "/banc"
)

// assets are the style and the scripts of the portal, in the demo's folder. They
// are served below "/demo/".
var assets = []string{"portal.css", "compteur.js", "panneau.js", "gpc.js"}

// framePaths are the addresses of what stands for other people's embeds: unlike
// any other page, the portal's own pages may show them in a frame.
var framePaths = []string{videoPath, mapPath}

// portal serves the pages of the demo: an open-data portal of an imaginary metropolis, the
// kind of site that Témoin is made for, so that a visitor meets the banner in
// its natural surroundings. Like any other site, it only carries the script tag,
// a button and a link; one page, "/essai", shows a video, a map and an audience
// counter that wait for the visitor's consent.
type portal struct {
	content   *content
	pages     []page // those that the navigation leads to, and the datasets
	others    []page // that no link leads to
	templates *template.Template
	// offer is asked for what the page "/essai" shows and offers.
	offer func(query url.Values, lang string) (*Offer, error)
}

// newPortal reads the portal's content and templates from files, whose root
// is the demo folder. It checks them here, so that a mistake in them stops
// the program at its start rather than a visitor later.
func newPortal(files fs.FS) (*portal, error) {
	content, err := readContent(files)
	if err != nil {
		return nil, err
	}
	templates, err := template.ParseFS(files, "*.html")
	if err != nil {
		return nil, fmt.Errorf("parse portal templates: %w", err)
	}
	return &portal{content: content, pages: content.pages(), others: content.others(), templates: templates}, nil
}

// paths lists the pages that the portal serves.
func (p *portal) paths() []string {
	var paths []string
	for _, page := range p.pages {
		paths = append(paths, page.Path)
	}
	return paths
}

// at returns the page of this path, or nil.
func (p *portal) at(path string) *page {
	for _, list := range [][]page{p.pages, p.others} {
		for i := range list {
			if list[i].Path == path {
				return &list[i]
			}
		}
	}
	return nil
}

// ServeHTTP answers with a page, with a dataset's extract where its path ends
// in ".csv", or says which pages there are.
func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, r.Method+" is not allowed here, only GET, HEAD", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")

	path, wantsCSV := strings.CutSuffix(r.URL.Path, ".csv")
	found := p.at(path)
	switch {
	case found == nil, wantsCSV && found.Dataset == nil:
		p.servePage(w, r, http.StatusNotFound, &page{template: "missing.html", Title: p.content.Words["missing.title"]})
	case wantsCSV:
		p.serveCSV(w, found.Dataset)
	default:
		if path == comparisonPath {
			// The peers' pages have no policy, and an inline script, as this one has.
			w.Header().Del("Content-Security-Policy")
		}
		p.servePage(w, r, http.StatusOK, found)
	}
}

// servePage renders into memory first, so that a template that fails halfway
// gives a clean error and not half a page.
func (p *portal) servePage(w http.ResponseWriter, r *http.Request, status int, shown *page) {
	view, err := p.view(r, shown)
	if err != nil {
		slog.Error("prepare portal page", "path", r.URL.Path, "error", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	var body bytes.Buffer
	if err := p.templates.ExecuteTemplate(&body, shown.template, view); err != nil {
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
func (p *portal) serveCSV(w http.ResponseWriter, d *dataset) {
	var body bytes.Buffer
	csv.NewWriter(&body).WriteAll(append([][]string{d.columnNames()}, d.Rows...)) // into memory: cannot fail
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+d.Slug+`.csv"`)
	w.Write(body.Bytes()) // an error here means that the visitor has left
}

// view gathers what the templates need to draw a page for this request.
func (p *portal) view(r *http.Request, shown *page) (view, error) {
	query := r.URL.Query()
	lang := query.Get("lang")
	if !slices.Contains(languages, lang) {
		lang = languages[0]
	}
	v := view{
		Content: p.content,
		Page:    *shown,
		Pages:   p.pages,
		Dataset: shown.Dataset,
		Lang:    lang,
		Query:   strings.TrimSpace(query.Get("q")),
	}
	if shown.Path != trialPage || p.offer == nil {
		return v, nil
	}
	var err error
	if v.Offer, err = p.offer(query, lang); err != nil {
		return v, fmt.Errorf("ask what there is to try: %w", err)
	}
	if v.Offer.GPC = query.Get("gpc") == "on"; v.Offer.GPC {
		v.Offer.Query.Set("gpc", "on")
	}
	return v, nil
}

// content is everything that the portal says, in every language. It is
// written in a file of the demo folder, apart from the code and the markup.
type content struct {
	Words    map[string]text `json:"words"`
	Themes   []theme         `json:"themes"`
	Datasets []*dataset      `json:"datasets"`
	News     []newsItem      `json:"news"`
	Reuse    []step          `json:"reuse"`
	About    []section       `json:"about"`
}

// readContent is strict: an unknown field is a spelling mistake, and a
// text without a translation would be an empty line on the page.
func readContent(files fs.FS) (*content, error) {
	file, err := files.Open("content.json")
	if err != nil {
		return nil, fmt.Errorf("open portal content: %w", err)
	}
	defer file.Close()

	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	c := new(content)
	if err := decoder.Decode(c); err != nil {
		return nil, fmt.Errorf("decode portal content: %w", err)
	}
	for _, d := range c.Datasets {
		if err := c.checkDataset(d); err != nil {
			return nil, fmt.Errorf("check portal dataset %q: %w", d.Slug, err)
		}
	}
	return c, nil
}

// checkDataset makes sure of what the drawing of a dataset takes for granted.
func (c *content) checkDataset(d *dataset) error {
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
func (c *content) theme(id string) *theme {
	i := slices.IndexFunc(c.Themes, func(t theme) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &c.Themes[i]
}

// pages lists the pages in the order in which a visitor may want them.
func (c *content) pages() []page {
	pages := []page{
		{Path: "/", Title: c.Words["home.title"], template: "home.html"},
		{Path: datasetsPath, Title: c.Words["list.title"], template: "list.html"},
	}
	for _, d := range c.Datasets {
		pages = append(pages, page{Path: d.Path(), Title: d.Title, Dataset: d, template: "dataset.html"})
	}
	return append(pages,
		page{Path: trialPage, Title: c.Words["try.title"], template: "try.html"},
		page{Path: "/a-propos", Title: c.Words["about.title"], template: "about.html"},
	)
}

// others lists what pages of the portal show in a frame, and the page that the
// measurement beside other banners visits: it holds what theirs hold.
func (c *content) others() []page {
	return []page{
		{Path: videoPath, Title: c.Words["video.title"], template: "video.html"},
		{Path: mapPath, Title: c.Words["map.title"], template: "map.html"},
		{Path: comparisonPath, template: "comparison.html"},
	}
}

// Records counts the records of all datasets.
func (c *content) Records() int {
	total := 0
	for _, d := range c.Datasets {
		total += d.Records
	}
	return total
}

// page is one page; Dataset is nil where the page is not about one.
type page struct {
	Path     string
	Title    text
	Dataset  *dataset
	template string
}

type theme struct {
	ID      string `json:"id"`
	Name    text   `json:"name"`
	Summary text   `json:"summary"`
}

type newsItem struct {
	Date  date `json:"date"`
	Title text `json:"title"`
	Text  text `json:"text"`
}

type step struct {
	Title text `json:"title"`
	Text  text `json:"text"`
}

type section struct {
	Title      text   `json:"title"`
	Paragraphs []text `json:"paragraphs"`
}

// dataset describes a dataset and holds an extract of it.
type dataset struct {
	Slug        string     `json:"slug"`
	Theme       string     `json:"theme"`
	Featured    bool       `json:"featured"` // shown on the home page
	Title       text       `json:"title"`
	Summary     text       `json:"summary"`
	Description []text     `json:"description"`
	Keywords    text       `json:"keywords"` // separated by commas
	Producer    text       `json:"producer"`
	Licence     licence    `json:"licence"`
	Frequency   text       `json:"frequency"`
	Updated     date       `json:"updated"`
	Records     int        `json:"records"` // of the full file, not of the extract
	Columns     []column   `json:"columns"`
	Rows        [][]string `json:"rows"` // one cell per column, as in the CSV file
	Chart       chart      `json:"chart"`
}

type licence struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// column is a column of an extract: Name heads it in the CSV file, Label
// on the page. Kind is "text", "number" (never negative) or "date".
type column struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`
	Label text   `json:"label"`
}

// chart says which columns name and measure the bars.
type chart struct {
	Title text   `json:"title"`
	Label string `json:"label"`
	Value string `json:"value"`
}

// Path is the address of the dataset's page.
func (d *dataset) Path() string { return datasetsPath + "/" + d.Slug }

// columnNames is the first line of the CSV file.
func (d *dataset) columnNames() []string {
	var names []string
	for _, column := range d.Columns {
		names = append(names, column.Name)
	}
	return names
}

// checkChart makes sure that there are bars to draw, and numbers to draw them by.
func (d *dataset) checkChart() error {
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
func (d *dataset) checkRow(row []string) error {
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
func (c column) check(cell string) error {
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

// bar is a bar of a chart: Value as it stands in the CSV file, Percent
// of the longest bar, Top in em.
type bar struct {
	Label, Value string
	Percent, Top int
}

// ChartHeight is the height of the chart in em.
func (d *dataset) ChartHeight() int { return barSpacing * len(d.Rows) }

// Bars draws the chart's columns to scale.
func (d *dataset) Bars() []bar {
	label := slices.Index(d.columnNames(), d.Chart.Label)
	value := slices.Index(d.columnNames(), d.Chart.Value)
	var bars []bar
	var numbers []float64
	for i, row := range d.Rows {
		number, _ := strconv.ParseFloat(row[value], 64) // checked when it was read
		numbers = append(numbers, number)
		bars = append(bars, bar{Label: row[label], Value: row[value], Top: barSpacing * i})
	}
	longest := slices.Max(numbers)
	for i, number := range numbers {
		bars[i].Percent = int(math.Round(100 * number / longest))
	}
	return bars
}

// text is a text in every language of the portal, by language.
type text map[string]string

// UnmarshalJSON refuses a text that lacks a language.
func (t *text) UnmarshalJSON(data []byte) error {
	var byLanguage map[string]string
	if err := json.Unmarshal(data, &byLanguage); err != nil {
		return err
	}
	for _, lang := range languages {
		if byLanguage[lang] == "" {
			return fmt.Errorf("text %s: nothing in %q", data, lang)
		}
	}
	if len(byLanguage) > len(languages) {
		return fmt.Errorf("text %s: more languages than the portal has", data)
	}
	*t = byLanguage
	return nil
}

// date is a day, written "2006-01-02" in the content file.
type date struct{ time.Time }

// UnmarshalJSON stands in for the one of time.Time, which wants an hour too.
func (d *date) UnmarshalJSON(data []byte) (err error) {
	d.Time, err = time.Parse(`"`+time.DateOnly+`"`, string(data))
	return err
}

// view is what a template sees: the content, the page, and how to say
// things in the visitor's language.
type view struct {
	Content *content
	Page    page
	Pages   []page
	Dataset *dataset // that the page, or a card on it, is about
	Lang    string
	Query   string
	Offer   *Offer // of the page to try things on
}

// With returns the view of one dataset's card.
func (v view) With(d *dataset) view {
	v.Dataset = d
	return v
}

// Say returns t in the visitor's language. A field left out of the content
// file is an error here: the tests draw every page, and so find it.
func (v view) Say(t text) (string, error) {
	if t[v.Lang] == "" {
		return "", fmt.Errorf("text missing in %q", v.Lang)
	}
	return t[v.Lang], nil
}

// Word says one of the content's named texts.
func (v view) Word(name string) (string, error) {
	said, err := v.Say(v.Content.Words[name])
	if err != nil {
		return "", fmt.Errorf("word %q: %w", name, err)
	}
	return said, nil
}

// Theme returns the theme of the dataset.
func (v view) Theme() *theme { return v.Content.theme(v.Dataset.Theme) }

// Link returns the address of a page in the visitor's language.
func (v view) Link(path string) string { return v.address(path, url.Values{}) }

// SearchLink returns the address of a search for what, in the visitor's
// language.
func (v view) SearchLink(what string) string {
	return v.address(datasetsPath, url.Values{"q": {what}})
}

// address adds the language to the query where it has to be asked for.
func (v view) address(path string, query url.Values) string {
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
func (v view) Foreign() bool { return v.Lang != languages[0] }

// Switch returns the address of the same page in another language. It has no
// path, so that it also holds on a page that does not exist, whatever its
// path looks like.
func (v view) Switch(lang string) string {
	query := url.Values{}
	if v.Offer != nil {
		query = maps.Clone(v.Offer.Query)
	}
	query.Set("lang", lang)
	if v.Query != "" {
		query.Set("q", v.Query)
	}
	return "?" + query.Encode()
}

// Date writes a day as people of the visitor's language do.
func (v view) Date(day date) (string, error) {
	layout, err := v.Word("format.date")
	return day.Format(layout), err
}

// Cell writes a cell of an extract for reading; the CSV file has it as it is.
func (v view) Cell(column column, cell string) (string, error) {
	switch column.Kind {
	case "number":
		return v.Number(cell)
	case "date":
		day, err := time.Parse(time.DateOnly, cell)
		if err != nil {
			return "", err
		}
		return v.Date(date{day})
	default:
		return cell, nil
	}
}

// Count writes a whole number for reading.
func (v view) Count(n int) (string, error) { return v.Number(strconv.Itoa(n)) }

// Number groups the digits of a plain number ("12345.6") and gives it the
// decimal mark of the visitor's language.
func (v view) Number(plain string) (string, error) {
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
func (v view) Found() []*dataset { return v.Search(v.Query) }

// FoundText says how many were found.
func (v view) FoundText() (string, error) {
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
func (v view) QueryText() (string, error) {
	text, err := v.Word("list.query")
	return fmt.Sprintf(text, v.Query), err
}

// Search lists the datasets that have every word of query, in the visitor's
// language, whatever the accents and capitals.
func (v view) Search(query string) []*dataset {
	var found []*dataset
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
func (v view) searchable(d *dataset) string {
	texts := []text{d.Title, d.Summary, d.Keywords, d.Producer, v.Content.theme(d.Theme).Name}
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
