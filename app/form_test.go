package app

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"temoin.example/temoin/app/consent"
)

// TestFormDraft_Vectors runs the vectors that the loader's test runs too: see
// consent/testdata/decisions.json.
func TestFormDraft_Vectors(t *testing.T) {
	data, err := os.ReadFile("consent/testdata/decisions.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Catalogue consent.Catalogue
		Asked     []string
		Form      []struct {
			Name                  string
			Ticked, Anew, Allowed []string
		}
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, test := range vectors.Form {
		t.Run(test.Name, func(t *testing.T) {
			allowed := FormDraft(&vectors.Catalogue, test.Ticked, test.Anew)
			for _, id := range vectors.Asked {
				if id == "necessary" || id == "login" {
					continue // they are not asked about
				}
				if got, want := allowed(id), slices.Contains(test.Allowed, id); got != want {
					t.Errorf("%s: got %t, want %t", id, got, want)
				}
			}
		})
	}
}
