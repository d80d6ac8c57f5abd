package catalogue

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/web"
)

// Language holds all wordings of Témoin in one language, as its file in
// web/texts does.
type Language struct {
	// Code is the language's BCP 47 code, the name of its file.
	Code string `json:"code"`
	// Name is what the language calls itself.
	Name string `json:"name"`
	// Dir is the direction in which it is written, ltr or rtl.
	Dir string `json:"dir"`
	// Unread says that nobody who grew up with the language has read the texts.
	Unread    bool             `json:"unread,omitempty"`
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

// Forms are the words for a number of units, {n} in them, by the names of the
// plural categories of CLDR: those that the language has for whole numbers.
type Forms map[string]string

// of returns the words for that unit.
func (d *Durations) of(unit consent.Unit) Forms {
	return map[consent.Unit]Forms{
		consent.Minute: d.Minute,
		consent.Hour:   d.Hour,
		consent.Day:    d.Day,
		consent.Week:   d.Week,
		consent.Month:  d.Month,
		consent.Year:   d.Year,
	}[unit]
}

var pluralNames = map[plural.Form]string{
	plural.Zero:  "zero",
	plural.One:   "one",
	plural.Two:   "two",
	plural.Few:   "few",
	plural.Many:  "many",
	plural.Other: "other",
}

// countsAs names the language by whose plural rules one counts that CLDR has
// none for.
var countsAs = map[string]string{"co": "it"}

// pluralCategory returns the name of the plural category of n in a language.
func pluralCategory(code string, n int) string {
	tag := language.Make(cmp.Or(countsAs[code], code))
	return pluralNames[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
}

// pluralCategories returns the names of the plural categories that the counts of
// durations have in a language, sorted.
func pluralCategories(code string) []string {
	found := map[string]bool{}
	for n := 1; n <= consent.MaxCount; n++ {
		found[pluralCategory(code, n)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// Languages returns the languages that there are texts for, by their code. The
// map is shared: do not change it.
func Languages() (map[string]*Language, error) { return languages() }

var languages = sync.OnceValues(func() (map[string]*Language, error) {
	return readLanguages(web.Texts())
})

// Warnings says which of the catalogue's languages have texts that no native
// speaker has read, and which hosts several services share; file is the catalogue's.
func Warnings(file string, c *Catalogue) []string {
	known, err := Languages()
	if err != nil {
		return nil // whoever read the catalogue has reported it
	}
	var warnings []string
	for _, lang := range c.Languages {
		if l := known[lang]; l != nil && l.Unread {
			warnings = append(warnings, fmt.Sprintf("%s: warning: no native speaker has read the texts in %s (%s); let one read web/texts/%s.yaml before the site publishes them", file, l.Name, lang, lang))
		}
	}
	for _, warning := range sharedHosts(c) {
		warnings = append(warnings, fmt.Sprintf("%s: warning: %s", file, warning))
	}
	return warnings
}

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
	checkForms(d, l)
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

// checkForms wants the plural forms that the language has, and no others.
func checkForms(d *decoder, l *Language) {
	want := pluralCategories(l.Code)
	for _, unit := range consent.Units() {
		at := path("").key("durations").key(string(unit))
		got := slices.Sorted(maps.Keys(l.Durations.of(unit)))
		if d.read(at) && !slices.Equal(got, want) {
			d.problem(at, fmt.Sprintf("%q has the forms %s", unit, quoted(got)), "want "+quoted(want))
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
	words := l.Durations.of(d.Unit)[pluralCategory(l.Code, d.Count)]
	words = strings.NewReplacer("{n} ", number+noBreakSpace, " {n}", noBreakSpace+number, "{n}", number).Replace(words)
	if d.AtMost {
		return strings.ReplaceAll(l.Durations.AtMost, "{duration}", words)
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
