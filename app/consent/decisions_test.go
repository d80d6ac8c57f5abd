package consent_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"temoin.example/temoin/app/consent"
)

// decisions are what Go and the loader decide alike: the loader's test runs the
// same vectors (server/e2e/plain/decisions.test.mjs), those of the form package
// app's does.
func decisions(t *testing.T) (d struct {
	Catalogue consent.Catalogue
	Asked     []string
	Granted   []struct {
		Name   string
		Record *struct {
			Choices, Services map[string]bool
		}
		Allowed []string
	}
	Split []struct {
		Name                       string
		Answers, Choices, Services map[string]bool
	}
	Drafts []struct {
		Name            string
		On, Want, Mixed []string
		Switch          string
		To              bool
	}
	Folders []struct {
		Path    string
		Folders []string
	}
}) {
	t.Helper()
	data, err := os.ReadFile("testdata/decisions.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func listed(answers map[string]bool) (choices consent.Choices) {
	for id, granted := range answers {
		choices = append(choices, consent.Choice{ID: id, Granted: granted})
	}
	return choices
}

func unlisted(choices consent.Choices) map[string]bool {
	answers := map[string]bool{}
	for _, choice := range choices {
		answers[choice.ID] = choice.Granted
	}
	return answers
}

func TestDecisions_Granted(t *testing.T) {
	d := decisions(t)
	for _, test := range d.Granted {
		t.Run(test.Name, func(t *testing.T) {
			var record *consent.Record
			if test.Record != nil {
				record = &consent.Record{Choices: listed(test.Record.Choices), Services: listed(test.Record.Services)}
			}
			for _, id := range append(d.Asked, "unknown", "constructor", "other") {
				if got, want := d.Catalogue.Granted(record, id), slices.Contains(test.Allowed, id); got != want {
					t.Errorf("%s: got %t, want %t", id, got, want)
				}
			}
		})
	}
}

func TestDecisions_Split(t *testing.T) {
	d := decisions(t)
	for _, test := range d.Split {
		t.Run(test.Name, func(t *testing.T) {
			choices, services := d.Catalogue.Split(func(id string) bool {
				granted, found := test.Answers[id]
				if service := d.Catalogue.Service(id); !found && service != nil {
					granted = test.Answers[service.Category]
				}
				return granted
			})
			if got := unlisted(choices); !maps.Equal(got, test.Choices) {
				t.Errorf("got choices %v, want %v", got, test.Choices)
			}
			if got := unlisted(services); !maps.Equal(got, test.Services) {
				t.Errorf("got services %v, want %v", got, test.Services)
			}
		})
	}
}

func TestDecisions_Drafts(t *testing.T) {
	d := decisions(t)
	for _, test := range d.Drafts {
		t.Run(test.Name, func(t *testing.T) {
			draft := d.Catalogue.DraftOf(func(id string) bool { return slices.Contains(test.On, id) }).Set(test.Switch, test.To)
			for _, id := range d.Asked {
				if got, want := draft.Granted(id), slices.Contains(test.Want, id); got != want {
					t.Errorf("%s: got %t, want %t", id, got, want)
				}
			}
			for _, category := range d.Catalogue.Categories {
				if got, want := draft.Mixed(category.ID), slices.Contains(test.Mixed, category.ID); got != want {
					t.Errorf("%s mixed: got %t, want %t", category.ID, got, want)
				}
			}
		})
	}
}

func TestDecisions_Folders(t *testing.T) {
	for _, test := range decisions(t).Folders {
		t.Run(test.Path, func(t *testing.T) {
			var got []string
			for _, line := range (consent.CookieSettings{Name: "n"}).ExpiryLines("localhost", test.Path) {
				_, path, _ := strings.Cut(line, "; Path=")
				path, _, _ = strings.Cut(path, ";")
				got = append(got, path)
			}
			if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(test.Folders))) {
				t.Errorf("got %q, want %q", got, test.Folders)
			}
		})
	}
}
