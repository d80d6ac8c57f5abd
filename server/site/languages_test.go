package site

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"
	"golang.org/x/net/html"

	"temoin.example/temoin/app"
	"temoin.example/temoin/server/catalogue"
)

// everyLanguage returns a catalogue in all languages that there are texts for.
// What it says itself is the same in each of them, numbers and names: all else
// that is shown comes from the language files, the categories' texts too.
func everyLanguage(tb testing.TB, services string) *catalogue.Catalogue {
	tb.Helper()
	languages, err := catalogue.Languages()
	if err != nil {
		tb.Fatal(err)
	}
	codes := slices.Sorted(maps.Keys(languages))
	return mustParse(tb, fmt.Appendf(nil, `site: { name: "1234", url: "https://data.rivemont.example" }
languages: [%s]
links: { privacy: /privacy }
services:
  - { id: a, category: necessary, name: "55", provider: "66", purpose: "77.", cookies: [{ name: a, purpose: "88.", duration: 22 days }] }
%s`, strings.Join(codes, ", "), services))
}

const refusableServices = `
  - { id: b, category: statistics, name: "55", provider: "66", purpose: "77.", policy: "https://b.example", storage: { local: [a], session: [b], databases: [c], caches: [d] } }
  - { id: c, category: statistics, name: "55", provider: "66", purpose: "77." }
  - { id: d, category: third-party, name: "55", provider: "66", purpose: "77.", cookies: [{ name: d, purpose: "88.", duration: session, party: third }] }
`

// TestEveryLanguage draws all there is in each language: no text is empty, no
// word in braces is left, and none is the French or the English one.
func TestEveryLanguage(t *testing.T) {
	plain := everyLanguage(t, "")
	full := &Site{Catalogue: everyLanguage(t, refusableServices)}
	languages, err := catalogue.Languages()
	if err != nil {
		t.Fatal(err)
	}
	draw := func(t *testing.T, lang string) map[string]*html.Node {
		edition, draft := mustEdition(t, full.Catalogue, lang), full.Catalogue.Draft(nil)
		drawn := map[string]*html.Node{}
		for name, component := range map[string]ui.UI{
			"layers":               app.Prerendered(edition),
			"nothing to refuse":    app.Prerendered(mustEdition(t, plain, lang)),
			"dialog without it":    &app.Preferences{Edition: mustEdition(t, plain, lang)},
			"dialog":               &app.Preferences{Edition: edition, Draft: draft, Receipts: true, Proof: true},
			"charter":              &app.Charter{Edition: edition, Texts: &languages[lang].Charter, Storage: full.storage(), Draft: draft, Notice: "1"},
			"placeholder":          &app.Placeholder{Edition: edition, Service: edition.Catalogue.Service("d")},
			"category placeholder": &app.Placeholder{Edition: edition, Category: edition.Catalogue.Category("third-party")},
		} {
			markup, err := prerender(component)
			if err != nil {
				t.Fatal(err)
			}
			if drawn[name], err = html.Parse(strings.NewReader(markup)); err != nil {
				t.Fatal(err)
			}
		}
		return drawn
	}
	french, english := draw(t, "fr"), draw(t, "en")
	for lang := range languages {
		t.Run(lang, func(t *testing.T) {
			for name, root := range draw(t, lang) {
				for node := range root.Descendants() {
					if isEmpty(node) {
						t.Errorf("%s: there is nothing in <%s> %v", name, node.Data, node.Attr)
					}
				}
				for _, text := range textsIn(root) {
					if strings.ContainsAny(text, "{}") {
						t.Errorf("%s: a word in braces is left: %s", name, text)
					}
					untranslated := slices.Contains(textsIn(french[name]), text) || slices.Contains(textsIn(english[name]), text)
					if untranslated && hasWords(text) && lang != "fr" && lang != "en" {
						t.Errorf("%s: not in this language: %s", name, text)
					}
				}
			}
		})
	}
}

func mustEdition(tb testing.TB, c *catalogue.Catalogue, lang string) *app.Edition {
	tb.Helper()
	edition, err := catalogue.Edition(c, lang)
	if err != nil {
		tb.Fatal(err)
	}
	return edition
}

// hasWords reports whether a text is more than numbers, the names of the test's
// catalogue and the word that many languages share.
func hasWords(text string) bool {
	return strings.ContainsFunc(text, unicode.IsLetter) && utf8.RuneCountInString(text) > 1 && text != "Cookie"
}

// isEmpty reports whether node is an element that holds text, and has none.
func isEmpty(node *html.Node) bool {
	if node.Type != html.ElementNode || !slices.Contains([]string{"a", "button", "code", "dd", "dt", "h2", "h3", "h4", "legend", "li", "p", "span", "summary", "td", "th"}, node.Data) {
		return false
	}
	for _, attribute := range node.Attr {
		// The one says nothing about most categories, the other nothing yet.
		if attribute.Key == "class" && attribute.Val == "state" || attribute.Key == "role" && attribute.Val == "status" {
			return false
		}
	}
	return strings.Trim(strings.Join(textsIn(node), ""), " \u2068\u2069") == ""
}

// textsIn returns the texts of an element, in their order.
func textsIn(node *html.Node) []string {
	var texts []string
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			texts = append(texts, n.Data)
		}
	}
	return texts
}

// TestEveryLanguage_Charter: the page around the charter too, and the way from
// each language to all others.
func TestEveryLanguage_Charter(t *testing.T) {
	b := mustBundle(t, everyLanguage(t, refusableServices))
	languages, err := catalogue.Languages()
	if err != nil {
		t.Fatal(err)
	}
	for lang, language := range languages {
		drawn, err := b.Charter(CharterPage{Lang: lang})
		if err != nil {
			t.Fatal(err)
		}
		page := string(drawn)
		if want := fmt.Sprintf(`<html lang="%s" dir="%s">`, lang, language.Dir); !strings.Contains(page, want) {
			t.Errorf("%s: the page has no %s", lang, want)
		}
		for other, named := range languages {
			link := fmt.Sprintf(`lang="%s" hreflang="%[1]s">%s</a>`, other, named.Name)
			if strings.Contains(page, link) == (other == lang) {
				t.Errorf("%s: a link to %s is there: %t", lang, other, other == lang)
			}
		}
	}
}
