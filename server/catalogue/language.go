package catalogue

import (
	"fmt"
	"io/fs"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"temoin/app"
	"temoin/app/consent"
	"temoin/web"
)

// Language holds all wordings of Témoin in one language, as its file in
// web/texts does.
type Language struct {
	// Code is the language's BCP 47 code, the name of its file.
	Code string `json:"code"`
	// Name is what the language calls itself.
	Name string `json:"name"`
	// Dir is the direction in which it is written, ltr or rtl.
	Dir       string           `json:"dir"`
	Interface app.Texts        `json:"interface"`
	Charter   app.CharterTexts `json:"charter"`
	Durations Durations        `json:"durations"`
	// Categories holds the wordings of the default categories, by id.
	Categories map[string]CategoryTexts `json:"categories"`
}

// CategoryTexts are the wordings of a default category.
type CategoryTexts struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// Durations are the words for a [consent.Duration]. {duration} stands for the
// words of the duration without its bound.
type Durations struct {
	Session string `json:"session"`
	AtMost  string `json:"at-most"`
	Minute  Forms  `json:"minute"`
	Hour    Forms  `json:"hour"`
	Day     Forms  `json:"day"`
	Week    Forms  `json:"week"`
	Month   Forms  `json:"month"`
	Year    Forms  `json:"year"`
}

// Forms are the words for a number of units, {n} in them, by the plural
// categories of CLDR. A language needs those that its rules name.
type Forms struct {
	Zero  string `json:"zero,omitempty"`
	One   string `json:"one,omitempty"`
	Two   string `json:"two,omitempty"`
	Few   string `json:"few,omitempty"`
	Many  string `json:"many,omitempty"`
	Other string `json:"other"`
}

// Languages returns the languages that there are texts for, by their code. The
// map is shared: do not change it.
func Languages() (map[string]*Language, error) { return languages() }

var languages = sync.OnceValues(func() (map[string]*Language, error) {
	return readLanguages(web.Texts())
})

func readLanguages(files fs.FS) (map[string]*Language, error) {
	list, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list languages: %w", err)
	}
	languages := map[string]*Language{}
	for _, file := range list {
		data, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read language: %w", err)
		}
		language, err := parseLanguage(file, data)
		if err != nil {
			return nil, fmt.Errorf("read language: %w", err)
		}
		languages[language.Code] = language
	}
	return languages, nil
}

func parseLanguage(file string, data []byte) (*Language, error) {
	l := &Language{}
	d, problems := read(file, data)
	if problems != nil {
		return nil, problems
	}
	d.decode(l)
	checkLanguage(d, l)
	if err := d.problems.err(); err != nil {
		return nil, err
	}
	return l, nil
}

func checkLanguage(d *decoder, l *Language) {
	if code := path("").key("code"); d.read(code) {
		if _, err := language.Parse(l.Code); err != nil || l.Code+".yaml" != d.file {
			d.problem(code, fmt.Sprintf("the code is %q", l.Code), "want a BCP 47 code that names the file "+d.file)
		}
	}
	if dir := path("").key("dir"); d.read(dir) && l.Dir != "ltr" && l.Dir != "rtl" {
		d.problem(dir, fmt.Sprintf("the direction is %q", l.Dir), "want ltr or rtl")
	}
	categories := path("").key("categories")
	if !d.read(categories) {
		return
	}
	for id := range l.Categories {
		if !slices.Contains(defaultIDs, id) {
			d.problemAt(d.keys[categories.key(id)], fmt.Sprintf("unknown category %q", id), suggestion(id, defaultIDs))
		}
	}
	for _, id := range defaultIDs {
		if _, found := l.Categories[id]; !found {
			d.problem(categories, fmt.Sprintf("the category %q is missing", id), "add its title and description")
		}
	}
}

// noBreakSpace keeps a number and its unit on one line.
const noBreakSpace = "\u00a0"

// Duration returns d in the words of the language.
func (l *Language) Duration(d consent.Duration) string {
	if d.Count == 0 {
		return l.Durations.Session
	}
	number := strconv.Itoa(d.Count)
	words := strings.ReplaceAll(l.form(d), "{n} ", number+noBreakSpace)
	words = strings.ReplaceAll(words, "{n}", number)
	if d.AtMost {
		return strings.ReplaceAll(l.Durations.AtMost, "{duration}", words)
	}
	return words
}

// form returns the words for that many units, by the language's plural rules.
func (l *Language) form(d consent.Duration) string {
	units := map[consent.Unit]Forms{
		consent.Minute: l.Durations.Minute,
		consent.Hour:   l.Durations.Hour,
		consent.Day:    l.Durations.Day,
		consent.Week:   l.Durations.Week,
		consent.Month:  l.Durations.Month,
		consent.Year:   l.Durations.Year,
	}
	forms := units[d.Unit]
	words := map[plural.Form]string{
		plural.Zero: forms.Zero,
		plural.One:  forms.One,
		plural.Two:  forms.Two,
		plural.Few:  forms.Few,
		plural.Many: forms.Many,
	}[plural.Cardinal.MatchPlural(language.Make(l.Code), d.Count, 0, 0, 0, 0)]
	if words == "" {
		return forms.Other
	}
	return words
}

// interfaceText returns the wording of that key, and whether there is one.
func (l *Language) interfaceText(key string) (text string, found bool) {
	texts := reflect.ValueOf(l.Interface)
	for i, field := range fieldsOf(texts.Type()) {
		if field.name == key {
			return texts.Field(i).String(), true
		}
	}
	return "", false
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// placeholders returns the words in braces of a text, sorted, each once.
func placeholders(text string) []string {
	words := placeholder.FindAllString(text, -1)
	slices.Sort(words)
	return slices.Compact(words)
}
