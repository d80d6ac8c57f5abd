package catalogue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// TestPresets: each preset is a good catalogue's service by itself, in each of
// the languages that a site may list.
func TestPresets(t *testing.T) {
	names, err := catalogue.Presets()
	if err != nil || len(names) == 0 {
		t.Fatalf("got %d presets, %v", len(names), err)
	}
	for _, name := range names {
		for _, languages := range []string{"fr, en", "fr", "en"} {
			t.Run(name+" in "+languages, func(t *testing.T) {
				c, err := catalogue.Parse("c.yaml", fmt.Appendf(nil, `site: { name: The site, url: "https://data.example.org" }
languages: [%s]
services: [{ preset: %s }]
`, languages, name))
				if err != nil {
					t.Fatal(err)
				}
				service := c.Services[0]
				if service.ID != name {
					t.Errorf("got the id %q, want the preset's name", service.ID)
				}
				for _, text := range append([]consent.Text{service.Name, service.Purpose}, purposes(service)...) {
					if missing := text.Missing(c.Languages); len(missing) > 0 || len(text.Languages()) > len(c.Languages) {
						t.Errorf("got %q, want it in %s", text, languages)
					}
				}
			})
		}
	}
}

func purposes(service consent.Service) []consent.Text {
	var list []consent.Text
	for _, cookie := range service.Cookies {
		list = append(list, cookie.Purpose)
	}
	return list
}

// TestPreset_OwnKeysWin: a key of the service replaces the preset's whole.
func TestPreset_OwnKeysWin(t *testing.T) {
	c, err := catalogue.Parse("c.yaml", []byte(minimal+`services:
  - preset: youtube
    id: films
    name: Films
    hosts: []
    cookies: [{ name: a, purpose: P, duration: session }]
`))
	if err != nil {
		t.Fatal(err)
	}
	got := c.Services[0]
	if got.ID != "films" || got.Name.In("fr") != "Films" || len(got.Hosts) != 0 || len(got.Cookies) != 1 {
		t.Errorf("got %+v, want the keys of the file", got)
	}
	if got.Category != "third-party" || got.Kind != consent.Media || got.Purpose.In("fr") == "" {
		t.Errorf("got %+v, want the preset's keys beside them", got)
	}
}

func TestPreset_Unknown(t *testing.T) {
	names, err := catalogue.Presets()
	if err != nil {
		t.Fatal(err)
	}
	_, err = catalogue.Parse("c.yaml", []byte(minimal+"services:\n  - preset: yootube\n"))
	want := `c.yaml:4:13: there is no preset "yootube"; did you mean "youtube"? known: ` + strings.Join(names, ", ")
	if fmt.Sprint(err) != want {
		t.Errorf("got %q, want %q", fmt.Sprint(err), want)
	}
}

// TestPreset_IsNotShared: what one catalogue makes of a preset, another does not see.
func TestPreset_IsNotShared(t *testing.T) {
	text := []byte(minimal + "services: [{ preset: youtube }]")
	first, err := catalogue.Parse("c.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	first.Services[0].Hosts[0] = "other.example"
	second, err := catalogue.Parse("c.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(second.Services[0].Hosts, "other.example") {
		t.Errorf("got %q", second.Services[0].Hosts)
	}
}

// TestPresetServices: each preset is there by its name, as a catalogue has it.
func TestPresetServices(t *testing.T) {
	services, err := catalogue.PresetServices()
	names, _ := catalogue.Presets()
	if err != nil || len(services) != len(names) {
		t.Fatalf("got %d services of %d presets, %v", len(services), len(names), err)
	}
	for i, service := range services {
		if service.ID != names[i] || service.Category == "" || service.Name.In("fr") == "" || service.Kind == "" {
			t.Errorf("got %+v of %s", service, names[i])
		}
		for _, cookie := range service.Cookies {
			if cookie.Name == "" || cookie.Party == "" {
				t.Errorf("got %+v of %s", cookie, names[i])
			}
		}
	}
}

// TestPublished: what a site serves is read as strictly as a file.
func TestPublished(t *testing.T) {
	for data, want := range map[string]string{
		`{"rev":"a","lifetime":1,"marks":{"a":"b"},"site":{"name":"A","url":"https://a.example"},"languages":["fr"]}`: "",
		`{"site":{"name":"A","url":"https://a.example"},"languages":["xx"]}`:                                          `no texts for the language "xx"`,
		`{"site":{"name":"A","url":"https://a.example"},"languages":["fr"],"more":1}`:                                 "more",
		`<!doctype html>`: "read https://a.example",
	} {
		c, err := catalogue.Published("https://a.example/temoin/catalogue.json", []byte(data))
		if want == "" && (err != nil || c.Site.URL != "https://a.example") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", data, err, want)
		}
	}
}
