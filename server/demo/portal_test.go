package demo

import (
	"encoding/csv"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const demoFolder = "files"

func mustNew(t *testing.T) *portal {
	t.Helper()
	p, err := newPortal(os.DirFS(demoFolder))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// visit asks the portal for target and returns the response and its body.
func visit(t *testing.T, p *portal, method, target string) (*http.Response, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, httptest.NewRequest(method, target, nil))
	return recorder.Result(), recorder.Body.String()
}

func TestPortal_pages(t *testing.T) {
	p := mustNew(t)
	want := map[string][]string{
		"fr": {`<html lang="fr">`, `data-temoin-open>Gérer mes cookies</button>`, `<a href="/charte-cookies/fr">Charte cookies</a>`, `<a href="/charte-cookies/fr#choix">`},
		"en": {`<html lang="en">`, `data-temoin-open>Manage my cookies</button>`, `<a href="/charte-cookies/en">Cookie charter</a>`, `<a href="/charte-cookies/en#choix">`},
	}
	common := []string{
		"<!doctype html>", "</title>\n<script src=\"/temoin.js\"></script>", `href="/demo/portal.css"`,
		`href="data:,"`, `<a class="skip" href="#contenu">`, `<main id="contenu"`, `hreflang="fr"`, `hreflang="en"`,
	}
	for _, path := range p.paths() {
		for lang, own := range want {
			t.Run(path+" "+lang, func(t *testing.T) {
				response, body := visit(t, p, http.MethodGet, path+"?lang="+lang)
				if response.StatusCode != http.StatusOK {
					t.Errorf("got status %d, want %d", response.StatusCode, http.StatusOK)
				}
				for _, part := range append(own, common...) {
					if n := strings.Count(body, part); n != 1 {
						t.Errorf("got %q %d times, want once", part, n)
					}
				}
				checkMarkup(t, body)
			})
		}
	}
}

var (
	htmlTag     = regexp.MustCompile(`<(/?)([a-z0-9]+)(?:\s[^<>]*?)?(/?)>`)
	htmlHeading = regexp.MustCompile(`<h([1-6])[ >]`)
	htmlLoads   = regexp.MustCompile(`<(?:script|iframe)\b[^>]*>`)
	// what a script or a frame may load: what comes from our own server
	htmlOwnSource = regexp.MustCompile(`\s(?:data-)?src="/[^/]`)
	// what the strict content security policy would refuse
	htmlInline = regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|javascript:|<img|srcdoc`)
)

// checkMarkup looks for the mistakes that a browser forgives: elements not
// closed in order, headings that skip a level, anything the policy refuses.
func checkMarkup(t *testing.T, body string) {
	t.Helper()
	var open []string
	for _, tag := range htmlTag.FindAllStringSubmatch(body, -1) {
		closes, name, selfClosed := tag[1] != "", tag[2], tag[3] != ""
		switch {
		case selfClosed, slices.Contains([]string{"meta", "link", "input"}, name):
		case !closes:
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Fatalf("got </%s> inside %q", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) != 0 {
		t.Errorf("got %q left open, want nothing", open)
	}

	level := byte('0')
	for _, heading := range htmlHeading.FindAllStringSubmatch(body, -1) {
		if heading[1][0] > level+1 {
			t.Errorf("got h%s after h%c, want no level skipped", heading[1], level)
		}
		level = heading[1][0]
	}
	if n := strings.Count(body, "<h1"); n != 1 {
		t.Errorf("got %d h1, want 1", n)
	}
	if refused := htmlInline.FindString(body); refused != "" {
		t.Errorf("got %q, which the content security policy refuses", refused)
	}
	for _, tag := range htmlLoads.FindAllString(body, -1) {
		if !htmlOwnSource.MatchString(tag) {
			t.Errorf("got %s, want a source of our own", tag)
		}
	}
}

// The page that shows the gate: each thing in it waits, but for the panel.
func TestPortal_try(t *testing.T) {
	p := mustNew(t)
	for lang, query := range map[string]string{"fr": "", "en": "?lang=en"} {
		t.Run(lang, func(t *testing.T) {
			_, body := visit(t, p, http.MethodGet, "/essai?lang="+lang)
			for _, part := range []string{
				`<template data-consent="third-party"><iframe class="frame" width="560" height="315" src="/demo/video` + query + `" `,
				`<iframe class="frame" data-consent="third-party" width="560" height="360" data-src="/demo/carte` + query + `" `,
				`<script type="text/plain" data-consent="statistics" src="/demo/compteur.js"></script>`,
				`<script defer src="/demo/panneau.js"></script>`,
				`aria-current="page">` + p.content.Words["try.title"][lang] + `</a>`,
			} {
				if n := strings.Count(body, part); n != 1 {
					t.Errorf("got %q %d times, want once", part, n)
				}
			}
		})
	}
}

func TestPortal_frames(t *testing.T) {
	p := mustNew(t)
	note := map[string]string{"fr": "aucun tiers n’est appelé", "en": "no third party is called"}
	for _, path := range framePaths {
		for lang, want := range note {
			t.Run(path+" "+lang, func(t *testing.T) {
				response, body := visit(t, p, http.MethodGet, path+"?lang="+lang)
				if response.StatusCode != http.StatusOK {
					t.Errorf("got status %d, want %d", response.StatusCode, http.StatusOK)
				}
				for _, part := range []string{want, `<html lang="` + lang + `">`} {
					if !strings.Contains(body, part) {
						t.Errorf("want %q in the frame", part)
					}
				}
				// Neither the banner nor anything else that runs belongs in a frame.
				if strings.Contains(body, "<script") {
					t.Error("got a script in the frame, want none")
				}
				checkMarkup(t, body)
			})
		}
	}
}

// Each element that a script of the portal looks for is in the page, with the
// texts that it says.
func TestPortal_scripts(t *testing.T) {
	_, body := visit(t, mustNew(t), http.MethodGet, "/essai")
	for name, want := range map[string]*regexp.Regexp{
		"panneau.js":  regexp.MustCompile(`\bpart\('(\w+)'\)|\bwords\.(\w+)`),
		"compteur.js": regexp.MustCompile(`getElementById\('compteur-(\w+)'\)|\bdataset\.(\w+)`),
	} {
		t.Run(name, func(t *testing.T) {
			script, err := os.ReadFile(filepath.Join(demoFolder, name))
			if err != nil {
				t.Fatal(err)
			}
			matches := want.FindAllStringSubmatch(string(script), -1)
			if len(matches) < 3 {
				t.Fatalf("got %d uses of the page, want more", len(matches))
			}
			for _, match := range matches {
				part := ` id="` + strings.TrimSuffix(name, ".js") + "-" + match[1] + `"`
				if match[2] != "" {
					part = " data-" + kebab(match[2]) + `="`
				}
				if !strings.Contains(body, part) {
					t.Errorf("want %q in the page", part)
				}
			}
		})
	}
}

// kebab writes the name of a property of dataset as its attribute is written.
func kebab(name string) string {
	return strings.ToLower(regexp.MustCompile(`[A-Z]`).ReplaceAllString(name, "-$0"))
}

func TestPortal_headers(t *testing.T) {
	response, _ := visit(t, mustNew(t), http.MethodGet, "/")
	for name, want := range map[string]string{
		"Content-Type":     "text/html; charset=utf-8",
		"Cache-Control":    "no-cache",
		"Content-Language": "fr",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestPortal_links(t *testing.T) {
	p := mustNew(t)
	served := append(p.paths(), "/charte-cookies/en", "/temoin.js")
	served = append(served, framePaths...)
	for _, name := range assets {
		served = append(served, "/demo/"+name)
	}
	internal := regexp.MustCompile(`(?:href|action|src)="(/[^"?#]*)(\??[^"#]*)`)
	for _, path := range p.paths() {
		t.Run(path, func(t *testing.T) {
			_, body := visit(t, p, http.MethodGet, path+"?lang=en")
			for _, link := range internal.FindAllStringSubmatch(body, -1) {
				target, isFile := link[1], strings.Contains(link[1], ".")
				if target, _ = strings.CutSuffix(target, ".csv"); !slices.Contains(served, target) {
					t.Errorf("got a link to %q, want one of %q", target, served)
				}
				isForm := strings.HasPrefix(link[0], "action")
				if !isFile && !isForm && !strings.HasSuffix(target, "/en") && !strings.Contains(link[2], "lang=en") {
					t.Errorf("got the link %q, want it to keep the language", link[0])
				}
			}
		})
	}

	t.Run("an unknown language is French", func(t *testing.T) {
		_, body := visit(t, p, http.MethodGet, "/?lang=de")
		if want := `<html lang="fr">`; !strings.Contains(body, want) {
			t.Errorf("want %q in the page", want)
		}
	})
	t.Run("the language switch keeps the search", func(t *testing.T) {
		_, body := visit(t, p, http.MethodGet, "/jeux-de-donnees?q=bus")
		if want := `href="?lang=en&amp;q=bus"`; !strings.Contains(body, want) {
			t.Errorf("want %q in the page", want)
		}
	})
	t.Run("the search form keeps the language", func(t *testing.T) {
		_, body := visit(t, p, http.MethodGet, "/jeux-de-donnees?lang=en")
		if want := `<input type="hidden" name="lang" value="en">`; !strings.Contains(body, want) {
			t.Errorf("want %q in the page", want)
		}
	})
}

func TestPortal_search(t *testing.T) {
	p := mustNew(t)
	card := regexp.MustCompile(`<h3><a href="/jeux-de-donnees/([a-z0-9-]+)`)
	tests := []struct{ name, query, count, want string }{
		{"nothing asked", "", "6 jeux de données", "comptages-velos arbres-alignement qualite-air budget-2026 marches-alimentaires arrets-bus"},
		{"spaces only", "q=++", "6 jeux de données", "comptages-velos arbres-alignement qualite-air budget-2026 marches-alimentaires arrets-bus"},

		{"in the title", "q=bus", "1 jeu de données", "arrets-bus"},
		{"in the keywords", "q=cyclistes", "1 jeu de données", "comptages-velos"},
		{"in the description", "q=jardiniers", "1 jeu de données", "arbres-alignement"},
		{"by theme", "q=Mobilité+et+transports", "2 jeux de données", "comptages-velos arrets-bus"},

		{"without accents or capitals", "q=VELO", "1 jeu de données", "comptages-velos"},
		{"with a typed apostrophe", "q=qualité+de+l'air", "1 jeu de données", "qualite-air"},
		{"every word counts", "q=bus+arbres", "Aucun jeu de données", ""},
		{"nothing found", "q=zèbre", "Aucun jeu de données", ""},

		{"in English", "lang=en&q=bike", "1 dataset", "comptages-velos"},
		{"no French words in English", "lang=en&q=dépenses", "No dataset", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			response, body := visit(t, p, http.MethodGet, "/jeux-de-donnees?"+tt.query)
			if response.StatusCode != http.StatusOK {
				t.Errorf("got status %d, want %d", response.StatusCode, http.StatusOK)
			}
			var slugs []string
			for _, match := range card.FindAllStringSubmatch(body, -1) {
				slugs = append(slugs, match[1])
			}
			if got := strings.Join(slugs, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if want := `<h2 class="found">` + tt.count; !strings.Contains(body, want) {
				t.Errorf("want %q in the page", want)
			}
			checkMarkup(t, body)
		})
	}

	t.Run("escapes a hostile query", func(t *testing.T) {
		const hostile = `"><script>alert(1)</script><b style=x onfocus=y>`
		request := httptest.NewRequest(http.MethodGet, "/jeux-de-donnees", nil)
		query := request.URL.Query()
		query.Set("q", hostile)
		request.URL.RawQuery = query.Encode()
		recorder := httptest.NewRecorder()
		p.ServeHTTP(recorder, request)

		body := recorder.Body.String()
		for _, bad := range []string{"<script>", "<b ", `value=""`} {
			if strings.Contains(body, bad) {
				t.Errorf("got %q in the page, want it escaped", bad)
			}
		}
		if want := "&lt;script&gt;alert(1)&lt;/script&gt;"; !strings.Contains(body, want) {
			t.Errorf("want %q in the page", want)
		}
	})
}

func TestPortal_dataset(t *testing.T) {
	p := mustNew(t)
	tests := []struct{ name, target, want string }{
		{"French numbers", "/jeux-de-donnees/arbres-alignement", "<td class=\"number\">9\u202f412</td><td class=\"number\">16,8</td>"},
		{"English numbers", "/jeux-de-donnees/arbres-alignement?lang=en", `<td class="number">9,412</td><td class="number">16.8</td>`},
		{"a small number", "/jeux-de-donnees/arbres-alignement", `<td class="number">31</td>`},
		{"a large number", "/jeux-de-donnees/comptages-velos?lang=en", `<dd>128,412</dd>`},
		{"French dates", "/jeux-de-donnees/comptages-velos", `<td class="date">23/11/2026</td>`},
		{"English dates", "/jeux-de-donnees/comptages-velos?lang=en", `<td class="date">23 November 2026</td>`},
		{"French data on an English page", "/jeux-de-donnees/comptages-velos?lang=en", `<th scope="row" class="text" lang="fr">Pont des Tanneurs</th>`},
		{"the longest bar", "/jeux-de-donnees/comptages-velos", `<rect class="bar" y="1.6em" width="100%"`},
		{"a bar to scale", "/jeux-de-donnees/comptages-velos", `<rect class="bar" y="1.6em" width="89%"`},
		{"the licence", "/jeux-de-donnees/qualite-air", `>ODbL 1.0</a>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, body := visit(t, p, http.MethodGet, tt.target); !strings.Contains(body, tt.want) {
				t.Errorf("want %q in %s", tt.want, tt.target)
			}
		})
	}
}

func TestPortal_csv(t *testing.T) {
	p := mustNew(t)
	for _, d := range p.content.Datasets {
		t.Run(d.Slug, func(t *testing.T) {
			response, body := visit(t, p, http.MethodGet, d.Path()+".csv")
			if got, want := response.Header.Get("Content-Type"), "text/csv; charset=utf-8"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := response.Header.Get("Content-Disposition"), `attachment; filename="`+d.Slug+`.csv"`; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			want := append([][]string{d.columnNames()}, d.Rows...)
			if !slices.EqualFunc(records, want, slices.Equal) {
				t.Errorf("got %q, want %q", records, want)
			}
		})
	}
}

func TestPortal_missing(t *testing.T) {
	p := mustNew(t)
	for _, path := range []string{"/nulle-part", "/jeux-de-donnees/", "/jeux-de-donnees/nul", "/jeux-de-donnees.csv", "/.csv", "/layout.html", "/content.json", "/demo/", "/demo/video.csv", "/demo/catalogue.yaml"} {
		t.Run(path, func(t *testing.T) {
			response, body := visit(t, p, http.MethodGet, path)
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("got status %d, want %d", response.StatusCode, http.StatusNotFound)
			}
			_, list, _ := strings.Cut(body, "Les pages du portail")
			for _, known := range p.paths() {
				if link := `<li><a href="` + known + `">`; !strings.Contains(list, link) {
					t.Errorf("want %q in the page", link)
				}
			}
			checkMarkup(t, body)
		})
	}
}

func TestPortal_methods(t *testing.T) {
	p := mustNew(t)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		t.Run(method, func(t *testing.T) {
			response, _ := visit(t, p, method, "/")
			if response.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("got status %d, want %d", response.StatusCode, http.StatusMethodNotAllowed)
			}
			if got, want := response.Header.Get("Allow"), "GET, HEAD"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	t.Run("HEAD", func(t *testing.T) {
		server := httptest.NewServer(p)
		defer server.Close()
		response, err := server.Client().Head(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("got status %d, want %d", response.StatusCode, http.StatusOK)
		}
	})
}

// In French a space that does not break stands before a tall punctuation mark
// and inside guillemets; apostrophes are curved.
func TestPortal_typography(t *testing.T) {
	wrong := regexp.MustCompile(` [:;?!»%]|« |[\pL\d][?!»]|'`)
	content, err := os.ReadFile(filepath.Join(demoFolder, "content.json"))
	if err != nil {
		t.Fatal(err)
	}
	french := regexp.MustCompile(`"fr": "([^"]*)"`)
	for _, text := range french.FindAllStringSubmatch(string(content), -1) {
		if found := wrong.FindString(text[1]); found != "" {
			t.Errorf("got %q in %q, want French typography", found, text[1])
		}
	}
}

func TestNew_errors(t *testing.T) {
	const dataset = `{"datasets": [{"slug": "s", "theme": "t", "columns": [{"name": "n", "kind": "number", "label": {"fr": "n", "en": "n"}}],
		"rows": [["ROW"]], "chart": {"title": {"fr": "c", "en": "c"}, "label": "n", "value": "VALUE"}}],
		"themes": [{"id": "THEME", "name": {"fr": "t", "en": "t"}, "summary": {"fr": "t", "en": "t"}}]}`
	fill := func(row, value, theme string) string {
		return strings.NewReplacer("ROW", row, "VALUE", value, "THEME", theme).Replace(dataset)
	}
	tests := []struct{ name, content, page, want string }{
		{"no content", "", "", "open portal content: "},
		{"not JSON", "{", "", "decode portal content: "},
		{"unknown field", `{"wrods": {}}`, "", `decode portal content: json: unknown field "wrods"`},
		{"a language missing", `{"words": {"a": {"fr": "a"}}}`, "", `nothing in "en"`},
		{"a language too many", `{"words": {"a": {"fr": "a", "en": "a", "de": "a"}}}`, "", "more languages"},
		{"a bad date", `{"news": [{"date": "24/11/2026"}]}`, "", "decode portal content: parsing time"},

		{"unknown theme", fill("1", "n", "u"), "", `check portal dataset "s": unknown theme "t"`},
		{"unknown column", fill("1", "m", "t"), "", `check portal dataset "s": chart: no column of numbers "m"`},
		{"not a number", fill("many", "n", "t"), "", `check portal dataset "s": row 1: column "n": "many" is not a number`},
		{"too many cells", fill(`1", "2`, "n", "t"), "", `check portal dataset "s": row 1: got 2 cells, want 1`},

		{"no templates", fill("1", "n", "t"), "", "parse portal templates: "},
		{"a bad template", fill("1", "n", "t"), "{{", "parse portal templates: "},
		{"OK", fill("1", "n", "t"), "{{.Lang}}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := fstest.MapFS{}
			if tt.content != "" {
				files["content.json"] = &fstest.MapFile{Data: []byte(tt.content)}
			}
			if tt.page != "" {
				files["home.html"] = &fstest.MapFile{Data: []byte(tt.page)}
			}
			_, err := newPortal(files)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("got %q, want no error", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// The page that is measured beside other banners holds one gated script, which
// the policy of our other pages would not let run.
func TestPortal_comparison(t *testing.T) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Security-Policy", "script-src 'self'")
	mustNew(t).ServeHTTP(w, httptest.NewRequest(http.MethodGet, comparisonPath, nil))
	body := w.Body.String()
	if w.Code != http.StatusOK || strings.Count(body, "<script") != 2 || !strings.Contains(body, `data-consent="statistics">window.__statsRan`) {
		t.Errorf("got %d, %s", w.Code, body)
	}
	if policy := w.Header().Get("Content-Security-Policy"); policy != "" {
		t.Errorf("got the policy %q", policy)
	}
}
