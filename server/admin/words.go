package admin

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"
)

// languages are those of the dashboard; the first is spoken to whoever asks for
// none of them.
var languages = []string{"fr", "en"}

// language says things in one language: words, numbers and dates.
type language struct {
	Code        string            `yaml:"code"`
	Name        string            `yaml:"name"`
	Months      []string          `yaml:"months"`
	MonthsShort []string          `yaml:"months-short"`
	Words       map[string]string `yaml:",inline"`
	printer     *message.Printer
}

// readLanguages reads the dashboard's texts, by code. What one language says and
// another does not is an error.
func readLanguages(files fs.FS) (map[string]*language, error) {
	byCode := map[string]*language{}
	for _, code := range languages {
		data, err := fs.ReadFile(files, code+".yaml")
		if err != nil {
			return nil, fmt.Errorf("read texts of the dashboard: %w", err)
		}
		l := &language{}
		if err := yaml.Unmarshal(data, l); err != nil {
			return nil, fmt.Errorf("read %s.yaml of the dashboard: %w", code, err)
		}
		if l.Code != code || len(l.Months) != 12 || len(l.MonthsShort) != 12 {
			return nil, fmt.Errorf("read %s.yaml of the dashboard: want the code %s and twelve months", code, code)
		}
		l.printer = message.NewPrinter(textlanguage.Make(code))
		byCode[code] = l
	}
	first := byCode[languages[0]]
	for _, l := range byCode {
		for key := range first.Words {
			if l.Words[key] == "" {
				return nil, fmt.Errorf("read %s.yaml of the dashboard: no text %q", l.Code, key)
			}
		}
		if len(l.Words) != len(first.Words) {
			return nil, fmt.Errorf("read %s.yaml of the dashboard: %d texts, want the %d of %s.yaml", l.Code, len(l.Words), len(first.Words), first.Code)
		}
	}
	return byCode, nil
}

// Say returns the text of that key, with each {name} in it replaced by the value
// that follows the name in pairs. It panics where there is no such text: the
// tests show every page in every language.
func (l *language) Say(key string, pairs ...string) string {
	text, found := l.Words[key]
	if !found {
		panic(fmt.Sprintf("the dashboard has no text %q", key))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// Number returns n with the language's separators: 12 345 or 12,345.
func (l *language) Number(n int64) string { return l.printer.Sprint(number.Decimal(n)) }

// Rate returns part of whole in per cent, to a tenth: 45,7 % or 45.7%. Of
// nothing there is no rate.
func (l *language) Rate(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return l.printer.Sprint(number.Percent(float64(part)/float64(whole), number.Scale(1)))
}

// Percent returns a share, from 0 to 1, in whole per cent.
func (l *language) Percent(share float64) string {
	return l.printer.Sprint(number.Percent(share, number.Scale(0)))
}

// Date returns a day in words: 24 novembre 2026.
func (l *language) Date(t time.Time) string {
	key := "date"
	if t.Day() == 1 {
		key = "date-first"
	}
	return l.Say(key, "d", strconv.Itoa(t.Day()), "month", l.Months[t.Month()-1], "y", strconv.Itoa(t.Year()))
}

// ShortDate returns a day without its year: 24 nov.
func (l *language) ShortDate(t time.Time) string {
	return l.Say("date-short", "d", strconv.Itoa(t.Day()), "month", l.MonthsShort[t.Month()-1])
}

// Time returns a moment in words, to the minute, in universal time.
func (l *language) Time(t time.Time) string {
	t = t.UTC()
	return l.Say("time", "date", l.Date(t), "h", strconv.Itoa(t.Hour()), "m", t.Format("04"))
}

// List joins items as the language does.
func (l *language) List(items []string) string { return strings.Join(items, l.Say("list")) }
