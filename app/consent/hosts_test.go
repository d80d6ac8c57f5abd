package consent_test

import (
	"encoding/json"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"temoin.example/temoin/app/consent"
)

// TestHostRules runs the vectors that the loader's test runs too
// (server/e2e/plain/hosts.test.mjs); a relative address is one of the page /a/b.
func TestHostRules(t *testing.T) {
	data, err := os.ReadFile("testdata/hosts.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name     string
		Services []consent.Service
		Rules    [][2]string
		Cases    []struct{ URL, Services string }
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	page, _ := url.Parse("https://site.example/a/b")
	for _, vector := range vectors {
		t.Run(vector.Name, func(t *testing.T) {
			c := &consent.Catalogue{Services: vector.Services}
			var rules [][2]string
			for _, rule := range c.HostRules() {
				rules = append(rules, [2]string{rule.Pattern, strings.Join(rule.Services, " ")})
			}
			if !reflect.DeepEqual(rules, vector.Rules) {
				t.Errorf("got rules %v, want %v", rules, vector.Rules)
			}
			for _, test := range vector.Cases {
				address, err := page.Parse(test.URL)
				if err != nil {
					continue // no address to a browser either
				}
				if got := strings.Join(c.ServicesAt(address.Hostname(), address.Path), " "); got != test.Services {
					t.Errorf("%s: got %q, want %q", test.URL, got, test.Services)
				}
			}
		})
	}
}
