package catalogue_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares got with the file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// TestProblems holds every file of testdata to the problems beside it.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := catalogue.Parse(filepath.Base(file), data)
			var problems catalogue.Problems
			if !errors.As(err, &problems) || got != nil {
				t.Fatalf("got %v, %v, want problems", got, err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".problems", problems.Error()+"\n")
		})
	}
}

// minimal is the shortest catalogue; tests add to it.
const minimal = `site: { name: The site, url: "https://data.example.org" }
languages: [fr, en]
`

// TestValues tries values one by one, for the checks that see many forms of one.
func TestValues(t *testing.T) {
	const (
		url     = "languages: [fr]\nsite: { name: The site, url: %q }"
		charter = minimal + "links: { charter: %q }"
		name    = minimal + "cookie: { name: %q }"
		domain  = "languages: [fr]\nsite: { name: The site, url: \"https://data.rivemont.co.uk\" }\ncookie: { domain: %q }"
		address = "languages: [fr]\nsite: { name: The site, url: \"https://192.0.2.1\" }\ncookie: { domain: %q }"
		github  = "languages: [fr]\nsite: { name: The site, url: \"https://data.github.io\" }\ncookie: { domain: %q }"
		host    = "languages: [fr]\nsite: { name: The site, url: \"https://data.rivemont.example\" }\n" +
			"services: [{ id: a, category: third-party, name: A, provider: S, purpose: P, hosts: [%q] }]"
		lifetime = minimal + "cookie: { lifetime: %q }"
		kept     = minimal + "cookie: { lifetime: 12 months }\nretention: %q"
		exempt   = minimal + "services: [{ id: a, category: statistics, kind: measure, anonymous: true, name: A, provider: S, purpose: P,\n" +
			"  exemption: { own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true, data-retention: %q } }]"
	)
	const layer = minimal + "google-consent: { layer: %q }"
	tests := []struct{ form, value, wrong string }{
		{layer, "dataLayer", ""},
		{layer, "$tags_2", ""},
		{layer, "data-layer", "is no name of a JavaScript variable"},
		{layer, "a.b", "is no name of a JavaScript variable"},
		{layer, "2a", "is no name of a JavaScript variable"},
		{url, "https://data.example.org", ""},
		{url, "https://data.example.org:8443", ""},
		{url, "https://192.0.2.1", ""},
		{url, "https://[2001:db8::1]", ""},
		{url, "http://localhost:8080", ""},
		{url, "http://127.0.0.1:8080", ""},
		{url, "http://data.example.org", "is not safe"},
		{url, "http://localhost.example.org", "is not safe"},
		{url, "https://data.example.org/", "has more than a host"},
		{url, "https://data.example.org?", "has more than a host"},
		{url, "https://data.example.org#", "has more than a host"},
		{url, "https://user@data.example.org", "has more than a host"},
		{url, "https://data.example.org:x", "cannot be read"},
		{url, "ftp://data.example.org", "does not begin with https://"},
		{url, "data.example.org", "does not begin with https://"},
		{url, "javascript:alert(1)", "does not begin with https://"},
		{url, "https://", "has no valid host"},
		{url, "https://Data.example.org", "has no valid host"},
		{url, "https://données.example.org", "has no valid host"},
		{url, "https://a..b", "has no valid host"},
		{url, `https://a"b`, "has no valid host"},

		{charter, "/charte-cookies", ""},
		{charter, "/a/b?c=d&e=%20#f", ""},
		{charter, "https://example.org/a", ""},
		{charter, "charte-cookies", `"charter" is "charte-cookies"`},
		{charter, "//example.org", `"charter" is`},
		{charter, `/\example.org`, `"charter" is`},
		{charter, "/a b", `"charter" is`},
		{charter, "/a'b", `"charter" is`},
		{charter, "/{a}", `"charter" is`},
		{charter, "/%", `"charter" is`},
		{charter, "/é", `"charter" is`},
		{charter, "http://example.org/a", `"charter" is`},
		{charter, "https:example.org", `"charter" is`},
		{charter, "data:text/html,a", `"charter" is`},
		{charter, "JavaScript:alert(1)", `"charter" is`},

		{name, "cookies_preferences", ""},
		{name, "a!#$%&'+-.^_`|~9", ""},
		{name, "a b", "holds characters"},
		{name, "a=b", "holds characters"},
		{name, "a;b", "holds characters"},
		{name, "a*", "holds characters"},
		{name, "__Host-a", "has a prefix"},
		{name, "__secure-a", "has a prefix"},
		{name, strings.Repeat("a", 4000), "takes up to 4"},

		{domain, "data.rivemont.co.uk", ""},
		{domain, "rivemont.co.uk", ""},
		{domain, ".rivemont.co.uk", "begins with a dot"},
		{domain, "co.uk", "belongs to the public"},
		{domain, "uk", "belongs to the public"},
		{domain, "emont.co.uk", "is no parent"},
		{domain, "other.rivemont.co.uk", "is no parent"},
		{domain, "Rivemont.co.uk", "is no parent"},
		{domain, "rivemont.co.uk; Secure", "is no parent"},
		{address, "192.0.2.1", "cannot be shared"},
		{github, "github.io", "belongs to the public"},

		{host, "www.example.com", ""},
		{host, "*.example.com", ""},
		{host, "example.com", ""},
		{host, "stats.rivemont.example", ""},
		{host, "rivemont.example", ""},
		{host, "d123.cloudfront.net", ""},
		{host, "192.0.2.1", ""},
		{host, "localhost", ""},
		{host, "*.localhost", ""},
		{host, "*.data.rivemont.example", ""},
		{host, "data.rivemont.example", "is the site's own"},
		{host, "*.rivemont.example", "is the site's own"},
		{host, "www.example.com/maps/", ""},
		{host, "www.example.com/tag.js", ""},
		{host, "*.example.com/a/b-c_d/", ""},
		{host, "data.rivemont.example/metrics/", ""},
		{host, "data.rivemont.example/", "is no path"},
		{host, "www.example.com/", "is no path"},
		{host, "www.example.com//maps/", "is no path"},
		{host, "www.example.com/a/../maps/", "is no path"},
		{host, "www.example.com/maps/*", "is no path"},
		{host, "www.example.com/maps; script-src *", "is no path"},
		{host, "www.example.com/maps?q=1", "is no path"},
		{host, "*.cloudfront.net/maps/", "belongs to the public"},
		{host, "*.cloudfront.net", "belongs to the public"},
		{host, "intranet", "belongs to the public"},
		{host, "*", "is no host"},
		{host, "*example.com", "is no host"},
		{host, "www.example.com.", "is no host"},
		{host, "//www.example.com", "is no host"},
		{host, "www.example.com; script-src *", "is no host"},
		{host, "javascript:alert(1)", "is no host"},

		{lifetime, "1 day", ""},
		{lifetime, "13 months", ""},
		{lifetime, "390 days", ""},
		{lifetime, "391 days", "is longer than 390 days"},
		{lifetime, "2 years", "is longer than 390 days"},
		{lifetime, "23 hours", "is shorter than a day"},
		{lifetime, "at most 6 months", "is not exact"},
		{lifetime, "session", "for the session alone"},
		{lifetime, "six months", "is no duration"},

		{kept, "12 months", ""},
		{kept, "359 days", "at least \"12 months\""},
		{kept, "at most 25 months", "retention is"},
		{kept, "session", "retention is \"session\""},

		{exempt, "25 months", ""},
		{exempt, "26 months", "are kept for"},
		{exempt, "session", "are kept for \"session\""},
	}
	for _, test := range tests {
		text := fmt.Sprintf(test.form, test.value)
		t.Run(test.value, func(t *testing.T) {
			_, err := catalogue.Parse("c.yaml", []byte(text))
			switch got := fmt.Sprint(err); {
			case test.wrong == "" && err != nil:
				t.Errorf("got %q, want no problem", got)
			case test.wrong != "" && (!strings.Contains(got, test.wrong) || strings.Contains(got, "\n")):
				t.Errorf("got %q, want one problem with %q", got, test.wrong)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	data := []byte(minimal + "#" + strings.Repeat("x", 1<<20))
	_, err := catalogue.Parse("c.yaml", data)
	want := fmt.Sprintf("c.yaml:1:1: the file has %d bytes; want at most 1048576", len(data))
	if fmt.Sprint(err) != want {
		t.Errorf("got %q, want %q", fmt.Sprint(err), want)
	}
}

func TestDefaults(t *testing.T) {
	c, err := catalogue.Parse("c.yaml", []byte(minimal+`services:
  - { id: a, category: statistics, name: A, provider: S, purpose: P, cookies: [{ name: a, purpose: P, duration: session }] }
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Cookie.Name != consent.CookieName || c.Cookie.Lifetime.String() != "6 months" || c.Cookie.Domain != "" {
		t.Errorf("got %+v", c.Cookie)
	}
	if c.GPC != consent.GPCRefuse || c.Reload != catalogue.ReloadAfterScript || c.Load != catalogue.LoadNear || c.GoogleConsent != nil {
		t.Errorf("got gpc %q, reload %q, load %q, google-consent %v", c.GPC, c.Reload, c.Load, c.GoogleConsent)
	}
	if c.Links.Charter != "/charte-cookies" || c.Links.Privacy != "" || !c.Reopen {
		t.Errorf("got %+v, reopen %t", c.Links, c.Reopen)
	}
	if got := c.Services[0]; got.Kind != consent.Technical || got.Cookies[0].Party != consent.FirstParty {
		t.Errorf("got kind %q, party %q", got.Kind, got.Cookies[0].Party)
	}
	var ids []string
	for _, category := range c.Categories {
		ids = append(ids, category.ID)
		if category.Necessary != (category.ID == "necessary") || category.Anonymous {
			t.Errorf("got %+v", category)
		}
		if len(category.Title) != 2 || len(category.Description) != 2 {
			t.Errorf("got %q, %q, want both in fr and en", category.Title, category.Description)
		}
	}
	if want := []string{"necessary", "statistics", "first-party", "third-party"}; !slices.Equal(ids, want) {
		t.Errorf("got %q, want %q", ids, want)
	}
}

func TestGivenValuesReplaceDefaults(t *testing.T) {
	c, err := catalogue.Parse("c.yaml", []byte(minimal+`reopen: false
cookie: { lifetime: 12 months }
categories:
  - id: statistics
    title: { fr: Chiffres, en: Figures }
  - { id: necessary, necessary: true }
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Reopen || c.Cookie.Lifetime.String() != "12 months" || c.Cookie.Name != consent.CookieName {
		t.Errorf("got reopen %t, cookie %+v", c.Reopen, c.Cookie)
	}
	if got := c.Category("statistics"); got.Title.In("en") != "Figures" || got.Description.In("en") == "" {
		t.Errorf("got %+v, want the file's title and the default description", got)
	}
}

func TestShippedCatalogues(t *testing.T) {
	for file, services := range map[string]int{"catalogue.yaml": 4, "rich.yaml": 8} {
		t.Run(file, func(t *testing.T) {
			c, err := catalogue.Load("../demo/" + file)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Services) != services {
				t.Errorf("got %d services, want %d", len(c.Services), services)
			}
		})
	}
}

// TestDemoIsRicher: what is shown beside the necessary cookies needs consent,
// but for the exempt measure.
func TestDemoIsRicher(t *testing.T) {
	c, err := catalogue.Load("../demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]bool{
		"authentication": true, "matomo": true, "google-analytics": false, "youtube": false, "facebook": false,
	} {
		if got := c.Granted(nil, id); got != want {
			t.Errorf("%s without an answer: got %t, want %t", id, got, want)
		}
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := catalogue.Load(filepath.Join(t.TempDir(), "none.yaml"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "read catalogue: ") {
		t.Errorf("got %v", err)
	}
}

// TestRecordSize compares the size that is reported with the longest record
// that can be encoded, on both sides of the limit.
func TestRecordSize(t *testing.T) {
	const services = 110
	parse := func(count int, last string) (*catalogue.Catalogue, error) {
		var text strings.Builder
		text.WriteString(minimal + "services:\n")
		for i := range count {
			id := fmt.Sprintf("s%d", 100+i)
			if i == count-1 {
				id = last
			}
			fmt.Fprintf(&text, "  - { id: %s, category: statistics, name: A, provider: S, purpose: P }\n", id)
		}
		return catalogue.Parse("c.yaml", []byte(text.String()))
	}

	c, err := parse(services, "last")
	if err != nil {
		t.Fatal(err)
	}
	// Each answered in one of as many moments as a record tells apart, and apart from its category.
	var value string
	for i := range consent.MaxRounds {
		var values []string
		if value != "" {
			values = append(values, value)
		}
		allowed := func(id string) bool {
			return c.Service(id) != nil && (id != "last" || i > 0) && (id != "s100" || i > 1) && (id != "s101" || i > 2)
		}
		record := c.Answer(values, c.Marks(), consent.Answer{ID: consent.NewID(), At: time.Unix(9999999996+int64(i), 0), Granted: allowed, Part: i > 0})
		record.At = time.Unix(9999999996+int64(i), 0)
		if value, err = record.Encode(); err != nil {
			t.Fatal(err)
		}
	}
	room := consent.MaxCookieSize - len(c.Cookie.Name) - 1 - len(value)
	if room < 0 {
		t.Fatalf("no room left in %d bytes", len(value))
	}

	longest := "last" + strings.Repeat("x", room)
	if _, err := parse(services, longest); err != nil {
		t.Errorf("a record of exactly %d bytes: got %v", consent.MaxCookieSize, err)
	}
	_, err = parse(services, longest+"x")
	want := "c.yaml:4:3: a choice about all these services takes up to 4097 bytes in the cookie; want at most 4096: shorter ids, or fewer services"
	if fmt.Sprint(err) != want {
		t.Errorf("got %q, want %q", fmt.Sprint(err), want)
	}
}
