package site

import (
	"strings"
	"testing"

	"temoin.example/temoin/server/catalogue"
)

// TestStyle: what pages load holds the theme and the position of the catalogue,
// and nothing of the others.
func TestStyle(t *testing.T) {
	sheets := []string{"themes/default.css", "themes/dsfr.css", "themes/minimal.css", "positions/corner.css", "positions/centre.css"}
	tests := []struct {
		look string
		want []string
	}{
		{"{}", []string{"themes/default.css"}},
		{"{ position: corner }", []string{"themes/default.css", "positions/corner.css"}},
		{"{ theme: dsfr }", []string{"themes/dsfr.css"}},
		{"{ theme: minimal, position: centre }", []string{"themes/minimal.css", "positions/centre.css"}},
	}
	for _, test := range tests {
		t.Run(test.look, func(t *testing.T) {
			c := mustParse(t, []byte(portalYAML(t)+"look: "+test.look+"\n"))
			b, err := New(c, Options{Dist: fakeDist()})
			if err != nil {
				t.Fatal(err)
			}
			loader := string(b.Files["/temoin.js"].Body)
			want := strings.Join(test.want, " ")
			for _, sheet := range sheets {
				if got := strings.Contains(loader, sheet); got != strings.Contains(want, sheet) {
					t.Errorf("%s in temoin.js: got %t", sheet, got)
				}
			}
			for _, part := range []string{b.charterStyle, "/temoin/placeholders.fr."} {
				if body := assetBody(t, b, part); !strings.Contains(body, test.want[0]) {
					t.Errorf("%s: got %q, want %s in it", part, body, test.want[0])
				}
			}
		})
	}
}

// assetBody returns the asset whose path begins so.
func assetBody(tb testing.TB, b *Site, prefix string) string {
	tb.Helper()
	for path, asset := range b.Files {
		if strings.HasPrefix(path, prefix) {
			return string(asset.Body)
		}
	}
	tb.Fatalf("no asset %s…", prefix)
	return ""
}

// TestScheme looks at the themes as they were built: each has its two schemes
// in the words that inScheme replaces.
func TestScheme(t *testing.T) {
	const query = "@media screen and (prefers-color-scheme:dark)"
	for _, theme := range catalogue.Themes() {
		t.Run(string(theme), func(t *testing.T) {
			sheet, err := NewParts(nil).file("themes/" + string(theme) + ".css")
			if err != nil {
				t.Fatal(err)
			}
			css := string(sheet)
			if inScheme(css, catalogue.SchemeAuto) != css {
				t.Error("auto changes the theme")
			}
			for scheme, want := range map[catalogue.Scheme]string{catalogue.SchemeLight: "@media not all", catalogue.SchemeDark: "@media screen"} {
				got := inScheme(css, scheme)
				if strings.Contains(got, query) || !strings.Contains(got, want+"{") || !strings.Contains(got, "--scheme: "+string(scheme)) {
					t.Errorf("%s: got %s", scheme, got)
				}
			}
		})
	}
}
