package site

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	ui "github.com/maxence-charriere/go-app/v10/pkg/app"
	"golang.org/x/net/html"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the file of that name in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it after go test ./server/site -update\ngot\n%s\nwant\n%s", file, got, want)
	}
}

// fakeDist stands for what ./build.sh build makes, so that these tests need no
// WebAssembly; the end-to-end tests use the real one.
func fakeDist() fstest.MapFS {
	files := fstest.MapFS{}
	for _, name := range []string{
		"app.wasm", "app.wasm.br", "app.wasm.gz", "runtime.js", "dialog.js", "later.js", "gated.js", "speak.js", "loader.js", "loader.withdraw.js", "shell.css", "dialog.css", "charter.css", "placeholder.css",
		"themes/default.css", "themes/dsfr.css", "themes/minimal.css", "positions/corner.css", "positions/centre.css",
	} {
		files[name] = &fstest.MapFile{Data: []byte("/* " + name + " */")}
	}
	return files
}

func mustParse(tb testing.TB, yaml []byte) *catalogue.Catalogue {
	tb.Helper()
	c, err := catalogue.Parse("catalogue.yaml", yaml)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func mustBundle(tb testing.TB, c *catalogue.Catalogue) *Site {
	tb.Helper()
	b, err := New(c, Options{Dist: fakeDist(), MaxAge: 5 * time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func mustReadDemo(tb testing.TB) *catalogue.Catalogue {
	tb.Helper()
	data, err := os.ReadFile("../demo/rich.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return mustParse(tb, data)
}

// portalYAML is the demo's catalogue with four necessary cookies.
func portalYAML(tb testing.TB) string {
	tb.Helper()
	data, err := os.ReadFile("../demo/catalogue.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func mustReadPortal(tb testing.TB) *catalogue.Catalogue { return mustParse(tb, []byte(portalYAML(tb))) }

// lines puts each tag on a line of its own, for golden files that can be read.
func lines(markup string) string {
	return regexp.MustCompile(`>\s*<`).ReplaceAllString(markup, ">\n<") + "\n"
}

func TestPrerender_Golden(t *testing.T) {
	for name, c := range map[string]*catalogue.Catalogue{
		"portal": mustReadPortal(t),
		"demo":   mustReadDemo(t),
	} {
		b := mustBundle(t, c)
		languages, err := catalogue.Languages()
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range c.Languages {
			edition := b.editions[lang]
			draft := c.Draft(nil)
			for part, component := range map[string]ui.UI{
				"layers":      app.Prerendered(edition),
				"preferences": &app.Preferences{Edition: edition, Draft: draft, Receipts: true, Proof: true},
				"notice":      &app.Notice{Edition: edition},
				"charter":     &app.Charter{Edition: edition, Texts: &languages[lang].Charter, Storage: b.storage(), Draft: draft},
				"placeholder": &app.Placeholder{Edition: edition, Category: edition.Catalogue.Category("third-party")},
			} {
				t.Run(name+"/"+part+"/"+lang, func(t *testing.T) {
					markup, err := prerender(component)
					if err != nil {
						t.Fatal(err)
					}
					golden(t, name+"-"+part+"."+lang+".html", lines(markup))
				})
			}
		}
	}
}

// go-app prints attributes in an order that changes from call to call.
func TestPrerender_SameAtEveryCall(t *testing.T) {
	edition := mustBundle(t, mustReadDemo(t)).editions["fr"]
	seen := map[string]bool{}
	for range 50 {
		markup, err := prerender(&app.Preferences{Edition: edition, Draft: edition.Catalogue.Draft(nil), Receipts: true, Proof: true})
		if err != nil {
			t.Fatal(err)
		}
		seen[markup] = true
	}
	if len(seen) != 1 {
		t.Errorf("got %d variants, want 1", len(seen))
	}
}

func TestPrerender_RepairsBooleans(t *testing.T) {
	got, err := prerender(ui.Div().Aria("modal", true).Hidden(false).Body(
		ui.Input().Type("checkbox").Checked(false).Disabled(true),
		ui.P().Text("a & b\u00a0<c>"),
	))
	if err != nil {
		t.Fatal(err)
	}
	want := `<div aria-modal="true"><input disabled="" type="checkbox"/><p>a &amp; b&nbsp;&lt;c&gt;</p></div>`
	if strings.ReplaceAll(got, "\u00a0", "&nbsp;") != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPrerender_RefusesWhatGoAppCannotPrint(t *testing.T) {
	for name, value := range map[string]string{
		"a quote":              `say "no"`,
		"a backslash":          `a\b`,
		"a no-break space":     "oui\u00a0!",
		"an attempt to escape": `x" onclick="alert(1)`,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := prerender(ui.P().Attr("data-x", value)); err == nil {
				t.Errorf("got %s, want an error", got)
			}
		})
	}
}

// hostile puts markup wherever the catalogue has free text.
func hostile(tb testing.TB) *catalogue.Catalogue {
	const attack = `</script><img src=x onerror="alert(1)">'"&\`
	c := mustReadDemo(tb)
	c.Site.Name = consent.Text{consent.AnyLanguage: attack}
	for i := range c.Categories {
		c.Categories[i].Title = consent.Text{consent.AnyLanguage: attack}
		c.Categories[i].Description = consent.Text{consent.AnyLanguage: attack}
	}
	for i := range c.Services {
		s := &c.Services[i]
		s.Name, s.Purpose, s.Location, s.Provider = consent.Text{consent.AnyLanguage: attack}, consent.Text{consent.AnyLanguage: attack}, consent.Text{consent.AnyLanguage: attack}, attack
	}
	c.Texts = map[string]map[string]string{"fr": {"accept": attack, "banner-title": attack, "details": attack}}
	return c
}

func TestPrerender_HostileTexts(t *testing.T) {
	c := hostile(t)
	b := mustBundle(t, c)
	languages, _ := catalogue.Languages()
	for name, component := range map[string]ui.UI{
		"layers":      app.Prerendered(b.editions["fr"]),
		"service":     &app.Placeholder{Edition: b.editions["fr"], Service: b.editions["fr"].Catalogue.Service("youtube")},
		"category":    &app.Placeholder{Edition: b.editions["fr"], Category: b.editions["fr"].Catalogue.Category("third-party")},
		"preferences": &app.Preferences{Edition: b.editions["fr"], Draft: c.Draft(nil), Receipts: true, Proof: true},
		"charter":     &app.Charter{Edition: b.editions["fr"], Texts: &languages["fr"].Charter, Draft: c.Draft(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			markup, err := prerender(component)
			if err != nil {
				t.Fatal(err)
			}
			root, err := html.Parse(strings.NewReader(markup))
			if err != nil {
				t.Fatal(err)
			}
			for node := range root.Descendants() {
				if node.Data == "img" || node.Data == "script" {
					t.Errorf("got an element %s", node.Data)
				}
				for _, attribute := range node.Attr {
					if strings.HasPrefix(attribute.Key, "on") || strings.Contains(attribute.Val, "alert") {
						t.Errorf("got an attribute %s=%q", attribute.Key, attribute.Val)
					}
				}
			}
		})
	}
}

// bundleOf reads back what the loader finds around itself.
func bundleOf(t *testing.T, file []byte) loaderBundle {
	t.Helper()
	_, text, found := bytes.Cut(file, []byte("(()=>{var temoinBundle="))
	var values []json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&values); !found || err != nil {
		t.Fatalf("read bundle: %v in %s", err, text)
	}
	var l loaderBundle
	for i, field := range fieldsOf(&l) {
		if err := json.Unmarshal(values[i], field.Addr().Interface()); err != nil {
			t.Fatalf("read value %d of the bundle: %v in %s", i, err, values[i])
		}
	}
	return l
}

// The bundle travels without names: both sides have to list the same ones.
func TestBundleOrder(t *testing.T) {
	code, err := os.ReadFile("../../web/loader/bundle.js")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?s)export const \[\n(.*?)\n\] = temoinBundle`).FindSubmatch(code)
	if list == nil {
		t.Fatal("web/loader/bundle.js takes no list apart")
	}
	var got, want []string
	for _, match := range regexp.MustCompile(`(?m)^  (\w+),`).FindAllSubmatch(list[1], -1) {
		got = append(got, string(match[1]))
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[loaderBundle]()) {
		if !field.Anonymous {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			want = append(want, name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("web/loader/bundle.js reads %v, the server writes %v", got, want)
	}
}

func TestBundle(t *testing.T) {
	c := mustReadDemo(t)
	b := mustBundle(t, c)
	l := bundleOf(t, b.Files["/temoin.js"].Body)

	t.Run("speaks the first language, and one more file each language", func(t *testing.T) {
		if l.Lang != "fr" || l.Fixed {
			t.Errorf("got %q, fixed %t", l.Lang, l.Fixed)
		}
		en := bundleOf(t, b.Files["/temoin.en.js"].Body)
		if en.Lang != "en" || !en.Fixed || en.Words.Texts.Saved == l.Words.Texts.Saved {
			t.Errorf("temoin.en.js: got %q, fixed %t, %q", en.Lang, en.Fixed, en.Words.Texts.Saved)
		}
	})
	t.Run("every name leads to a file", func(t *testing.T) {
		for _, name := range []string{l.Program, l.Runtime, l.Later, l.Edition, l.Shells, l.Placeholders} {
			for _, lang := range c.Languages {
				path := "/temoin/" + strings.Replace(name, "*", lang, 1)
				if a := b.Files[path]; a == nil || a.Cache != Immutable {
					t.Errorf("%s: not there, or not immutable", path)
				}
			}
		}
	})
	t.Run("line is the line of the cookie", func(t *testing.T) {
		if got, want := l.Cookie+"=x"+l.Attributes, c.Cookie.Line("x", false); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("names change with what is in the files", func(t *testing.T) {
		c := mustReadDemo(t)
		c.Texts = map[string]map[string]string{"en": {"accept": "Yes to all"}}
		other := bundleOf(t, mustBundle(t, c).Files["/temoin.js"].Body)
		if other.Edition == l.Edition || other.Shells == l.Shells {
			t.Error("other texts under the same name")
		}
		if other.Program != l.Program || other.Rev != l.Rev {
			t.Error("the program's name or the revision changed with a text")
		}
	})
}

func TestBundle_NothingBuilt(t *testing.T) {
	_, err := New(mustReadDemo(t), Options{Dist: fstest.MapFS{}})
	if err == nil || !strings.Contains(err.Error(), "./build.sh build") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}
