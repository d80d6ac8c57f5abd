package catalogue

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"temoin.example/temoin/app/consent"
)

// TestPrint: what is printed is read as the same catalogue, and is no longer
// than what a person would write.
func TestPrint(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Catalogue)
		has    string
		hasNot []string
	}{
		{"as it is", func(*Catalogue) {}, "site:\n", []string{"look:", "cookie:", "reopen:", "categories:", "gpc:"}},
		{"another look", func(c *Catalogue) { c.Look.Theme = ThemeDSFR }, "look:\n  theme: dsfr\n", []string{"position:"}},
		{"fewer categories", func(c *Catalogue) { c.Categories = c.Categories[:2] },
			"categories:\n  - id: necessary\n    necessary: true\n  - id: statistics\n", []string{"title:"}},
		{"own words", func(c *Catalogue) { c.Site.Name = consent.Text{consent.AnyLanguage: "a: #b"} }, "name: 'a: #b'\n", nil},
	}
	for _, file := range []string{"../demo/catalogue.yaml", "../demo/rich.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			t.Run(file+" "+test.name, func(t *testing.T) {
				c, err := Parse(file, data)
				if err != nil {
					t.Fatal(err)
				}
				test.change(c)
				c.Services = withoutOrphans(c)
				text, err := Print(c)
				if err != nil {
					t.Fatal(err)
				}
				read, err := Parse("printed.yaml", text)
				if err != nil {
					t.Fatalf("%v in\n%s", err, text)
				}
				if !reflect.DeepEqual(read, c) {
					t.Errorf("got %+v, want %+v, from\n%s", read, c, text)
				}
				if !strings.Contains(string(text), test.has) {
					t.Errorf("want %q in\n%s", test.has, text)
				}
				for _, words := range test.hasNot {
					if strings.Contains(string(text), words) {
						t.Errorf("want no %q in\n%s", words, text)
					}
				}
			})
		}
	}
}

// withoutOrphans leaves out the services of categories that are gone.
func withoutOrphans(c *Catalogue) []consent.Service {
	var list []consent.Service
	for _, service := range c.Services {
		if c.Category(service.Category) != nil {
			list = append(list, service)
		}
	}
	return list
}
