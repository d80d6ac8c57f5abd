package catalogue

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/unicode/norm"
)

// These tests are about the words in web/texts, what a reader of each language
// would see at once and its writer overlooks. That no text is missing, none
// unknown and no plural form too few or too many, checkLanguage says.

// eachText calls f with every text of every language: its key such as
// /interface/accept, and what the French text says.
func eachText(t *testing.T, f func(t *testing.T, code, key, text, french string)) {
	t.Helper()
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	french := textsOf(languages["fr"])
	for _, code := range slices.Sorted(maps.Keys(languages)) {
		t.Run(code, func(t *testing.T) {
			texts := textsOf(languages[code])
			for _, key := range slices.Sorted(maps.Keys(texts)) {
				f(t, code, key, texts[key], french[key])
			}
		})
	}
}

// textsOf returns what visitors read of a language, by key.
func textsOf(language *Language) map[string]string {
	texts := map[string]string{}
	collectTexts(reflect.ValueOf(*language), "", texts)
	for _, key := range []string{"/code", "/dir", "/name"} {
		delete(texts, key)
	}
	return texts
}

func TestTexts_Direction(t *testing.T) {
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	for code, language := range languages {
		want := "ltr"
		if code == "ar" || code == "he" {
			want = "rtl"
		}
		if language.Dir != want {
			t.Errorf("%s: got %q, want %q", code, language.Dir, want)
		}
		if language.Name != strings.TrimSpace(language.Name) || utf8.RuneCountInString(language.Name) > 16 {
			t.Errorf("%s: the name is %q", code, language.Name)
		}
	}
}

// maxLengths are in characters, by key. What is not here may be twice as long as
// in French, and 44 in any case.
var maxLengths = map[string]int{
	"/interface/accept":             maxButton,
	"/interface/refuse":             maxButton,
	"/interface/customize":          maxButton,
	"/interface/save":               maxButton,
	"/charter/form-submit":          maxButton,
	"/interface/once":               32,
	"/interface/always":             32,
	"/interface/close":              32,
	"/interface/dismiss":            32,
	"/interface/waiting":            32,
	"/interface/proof":              32,
	"/interface/reopen":             32,
	"/charter/change-open":          32,
	"/interface/reopen-gpc":         100,
	"/interface/banner-title":       44,
	"/interface/dialog-title":       44,
	"/interface/banner-text":        190,
	"/interface/banner-rights":      150,
	"/interface/necessary-title":    40,
	"/interface/banner-necessary":   130,
	"/interface/column-service":     24,
	"/interface/column-provider":    24,
	"/interface/column-cookie":      24,
	"/interface/column-purpose":     24,
	"/interface/column-duration":    24,
	"/charter/column-party":         24,
	"/categories/necessary/title":   40,
	"/categories/statistics/title":  40,
	"/categories/first-party/title": 40,
	"/categories/third-party/title": 40,
}

// Three buttons stand side by side on a screen of 320 px: so long may their
// words be, and each word of them.
const (
	maxButton = 26
	maxWord   = 13
)

func TestTexts_Length(t *testing.T) {
	eachText(t, func(t *testing.T, _, key, text, french string) {
		most := maxLengths[key]
		if most == 0 {
			most = max(44, 2*utf8.RuneCountInString(french))
		}
		if got := utf8.RuneCountInString(text); got > most {
			t.Errorf("%s has %d characters, want at most %d: %s", key, got, most, text)
		}
		if maxLengths[key] != maxButton {
			return
		}
		for word := range strings.FieldsSeq(text) {
			if got := utf8.RuneCountInString(word); got > maxWord {
				t.Errorf("%s: a word has %d characters, want at most %d: %s", key, got, maxWord, word)
			}
		}
	})
}

// TestTexts_AcceptAndRefuse: the two weigh the same (R2, R12).
func TestTexts_AcceptAndRefuse(t *testing.T) {
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	for code, language := range languages {
		accept, refuse := language.Interface.Accept, language.Interface.Refuse
		if len(strings.Fields(accept)) != len(strings.Fields(refuse)) {
			t.Errorf("%s: %q and %q are not of the same form", code, accept, refuse)
		}
		a, b := utf8.RuneCountInString(accept), utf8.RuneCountInString(refuse)
		if 2*max(a, b) > 3*min(a, b) {
			t.Errorf("%s: of %q and %q one is half as long again as the other", code, accept, refuse)
		}
	}
}

// pushing finds words that have no place in a cookie banner: "legitimate
// interest" in the languages that have come to know it from others' banners.
var pushing = regexp.MustCompile(`(?i)l[eé]g[ií]tim|berechtigt\S+ interesse|gerechtvaardigd|uzasadnion|oprávněn\S+ zájm|oprávnen\S+ záuj|` +
	`έννομο συμφέρον|berättiga|legitime interesse|oikeutettu etu|jogos érdek|законен интерес|законн\S+ інтерес|meşru menfaat`)

func TestTexts_DoNotPush(t *testing.T) {
	eachText(t, func(t *testing.T, _, key, text, _ string) {
		if found := pushing.FindString(text); found != "" {
			t.Errorf("%s says %q: %s", key, found, text)
		}
	})
}

// untranslated lists texts that are the French or the English ones because the
// language writes the word so, by language, with a space after each key.
var untranslated = map[string]string{
	"de": "/interface/column-cookie ",
	"es": "/interface/column-cookie ",
	"it": "/interface/column-cookie ",
	"pt": "/interface/column-cookie ",
	"nl": "/interface/column-cookie /durations/week/one ",
	"ro": "/interface/column-cookie /durations/year/one ",
	"el": "/interface/column-cookie ",
	"cs": "/interface/column-cookie ",
	"da": "/interface/column-cookie ",
}

func TestTexts_Translated(t *testing.T) {
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	english := textsOf(languages["en"])
	eachText(t, func(t *testing.T, code, key, text, french string) {
		if code == "fr" || code == "en" {
			return
		}
		found := text == french || text == english[key]
		if want := strings.Contains(untranslated[code], key+" "); found != want {
			t.Errorf("%s is the French or the English text: %t, want %t: %s", key, found, want, text)
		}
	})
}

// scripts names the script of the languages that are not written in Latin.
var scripts = map[string]*unicode.RangeTable{
	"ar": unicode.Arabic,
	"bg": unicode.Cyrillic,
	"el": unicode.Greek,
	"he": unicode.Hebrew,
	"uk": unicode.Cyrillic,
}

// latin are the words that those languages write in Latin letters.
var latin = map[string][]string{
	"ar": {"JavaScript"},
	"bg": {"JavaScript"},
	"el": {"JavaScript", "cookie", "cookies", "Cookie", "Cookies"},
	"he": {"JavaScript"},
	"uk": {"JavaScript", "cookie"},
}

// TestTexts_Script finds words left in another language, and letters that look
// like those of the script and are not.
func TestTexts_Script(t *testing.T) {
	words := regexp.MustCompile(`[\p{L}\p{M}]+`)
	eachText(t, func(t *testing.T, code, key, text, _ string) {
		script := scripts[code]
		for _, word := range words.FindAllString(placeholder.ReplaceAllString(text, ""), -1) {
			strange := func(r rune) bool { return !unicode.In(r, script, unicode.Inherited) }
			if script == nil {
				strange = func(r rune) bool { return !unicode.In(r, unicode.Latin, unicode.Inherited) }
			}
			if strings.ContainsFunc(word, strange) && !slices.Contains(latin[code], word) {
				t.Errorf("%s has %q, not in the language's script: %s", key, word, text)
			}
		}
	})
}

// quotes are those that a language opens and closes with.
var quotes = map[string]string{
	"ar": "«»", "bg": "„“", "br": "«»", "ca": "«»", "co": "«»", "cs": "„“", "da": "””", "de": "„“", "el": "«»",
	"en": "“”", "es": "«»", "et": "„“", "eu": "«»", "fi": "””", "fr": "«»", "ga": "“”", "he": "””", "hr": "„”",
	"hu": "„”", "it": "«»", "lt": "„“", "lv": "„”", "mt": "“”", "nl": "‘’", "pl": "„”", "pt": "«»", "ro": "„”",
	"sk": "„“", "sl": "„“", "sv": "””", "tr": "“”", "uk": "«»",
}

func TestTexts_Quotes(t *testing.T) {
	eachText(t, func(t *testing.T, code, key, text, _ string) {
		if strings.ContainsAny(text, `"'`+"`´") {
			t.Errorf("%s has straight quotes: %s", key, text)
		}
		pair := []rune(quotes[code])
		if len(pair) != 2 {
			t.Fatalf("which quotes does %s write?", code)
		}
		text = regexp.MustCompile(`(\p{L})’`).ReplaceAllString(text, "$1") // the apostrophe
		open := false
		for _, r := range text {
			switch {
			case r == pair[0] && !open:
				open = true
			case r == pair[1] && open:
				open = false
			case strings.ContainsRune(`«»‹›“”„‟‘’‚‛`, r):
				t.Errorf("%s has %q where %q is wanted, or twice: %s", key, r, quotes[code], text)
			}
		}
		// Of ‘…’ the end looks like an apostrophe.
		if open && code != "nl" {
			t.Errorf("%s does not close its quotes: %s", key, text)
		}
	})
}

// bare is double punctuation, or a quotation mark, without its space.
var bare = regexp.MustCompile(`[^\x{202f}][;!?]|[^\x{a0}]:|«[^\x{a0}]|[^\x{a0}]»`)

// TestTexts_Spaces: French and Breton keep a space, which does not break,
// between a word and double punctuation; others have none there.
func TestTexts_Spaces(t *testing.T) {
	spaced := regexp.MustCompile(`[\p{Z}][;:!?،؛؟.,…»)]|[«(][\p{Z}]`)
	number := regexp.MustCompile(`§ \d|\d §`)
	eachText(t, func(t *testing.T, code, key, text, _ string) {
		wrong := spaced
		if code == "fr" || code == "br" {
			wrong = bare
		}
		if found := wrong.FindString(text); found != "" {
			t.Errorf("%s has %q: %s", key, found, text)
		}
		if found := number.FindString(text); found != "" {
			t.Errorf("%s: the sign and the number of %q come apart: %s", key, found, text)
		}
		if strings.Contains(text, "  ") || strings.Contains(text, "...") {
			t.Errorf("%s has two spaces, or three dots for an ellipsis: %s", key, text)
		}
	})
}

// TestSpaces_Elsewhere asks the same of all other French that somebody reads:
// the dashboard's, the themes', the presets', the examples' and the demo's.
func TestSpaces_Elsewhere(t *testing.T) {
	// Names in a program are written as it wants them.
	code := regexp.MustCompile(`https?://\S+|temoin:\w+`)
	for _, pattern := range []string{"web/admin/fr.yaml", "web/texts/themes/*.yaml", "web/presets/*.yaml", "server/demo/*.yaml", "server/demo/files/content.json"} {
		files, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no file, %v", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var content any
			if err := yaml.Unmarshal(data, &content); err != nil { // JSON is YAML
				t.Fatalf("%s: %v", file, err)
			}
			for _, text := range frenchIn(content, filepath.Base(file) == "fr.yaml") {
				if found := bare.FindString(code.ReplaceAllString(text, "")); found != "" {
					t.Errorf("%s has %q: %s", file, found, text)
				}
			}
		}
	}
}

// frenchIn returns all texts beneath a key "fr", or beneath any where all is French.
func frenchIn(value any, isFrench bool) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		for key, part := range value {
			found = append(found, frenchIn(part, isFrench || key == "fr")...)
		}
	case []any:
		for _, part := range value {
			found = append(found, frenchIn(part, isFrench)...)
		}
	case string:
		if isFrench {
			found = append(found, value)
		}
	}
	return found
}

// TestTexts_Whole: what is a sentence in French is one in every language.
func TestTexts_Whole(t *testing.T) {
	eachText(t, func(t *testing.T, _, key, text, french string) {
		for _, end := range []string{".", "…"} {
			if got, want := strings.HasSuffix(text, end), strings.HasSuffix(french, end); got != want {
				t.Errorf("%s ends with %q: %t, want %t: %s", key, end, got, want, text)
			}
		}
	})
}

// TestTexts_Characters: one way to write each letter, and none that cannot be seen.
func TestTexts_Characters(t *testing.T) {
	eachText(t, func(t *testing.T, code, key, text, _ string) {
		if !norm.NFC.IsNormalString(text) {
			t.Errorf("%s is not in Unicode's form C: %s", key, text)
		}
		for _, r := range text {
			if unicode.Is(unicode.Cf, r) || unicode.IsDigit(r) && r > '9' {
				t.Errorf("%s has %U: %s", key, r, text)
			}
		}
		if code == "ro" && strings.ContainsAny(text, "şţŞŢ") {
			t.Errorf("%s has a cedilla in the place of a comma: %s", key, text)
		}
	})
}

// TestTexts_Documented: the table of languages in docs leaves none out.
func TestTexts_Documented(t *testing.T) {
	documented, err := os.ReadFile("../../docs/languages.md")
	if err != nil {
		t.Fatal(err)
	}
	languages, err := Languages()
	if err != nil {
		t.Fatal(err)
	}
	for code := range languages {
		if !strings.Contains(string(documented), "\n| `"+code+"` | ") {
			t.Errorf("docs/languages.md has no line about %s", code)
		}
	}
}
