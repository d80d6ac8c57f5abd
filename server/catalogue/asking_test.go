package catalogue_test

import (
	"slices"
	"testing"

	"temoin.example/temoin/server/catalogue"
)

func TestAsking(t *testing.T) {
	const exempt = `{ own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true, data-retention: 25 months }`
	const measure = `
  - { id: reach, category: statistics, name: A, provider: S, purpose: P, kind: measure, anonymous: true, exemption: ` + exempt + ` }`
	const empty = ": no service is in it, and what waits for it in a page stays shut"
	for name, test := range map[string]struct {
		services string
		want     []string
	}{
		"necessary alone": {`
  - { id: login, category: necessary, name: A, provider: S, purpose: P }`, []string{
			"asks nothing: there is no banner, the charter and the button say what is necessary",
			"does not ask for statistics" + empty, "does not ask for first-party" + empty, "does not ask for third-party" + empty,
		}},
		"a measure that is exempt": {measure, []string{
			"asks nothing: there is no banner, the charter and the button say what is necessary",
			"does not ask for statistics (reach): exempt, on until the visitor objects",
			"does not ask for first-party" + empty, "does not ask for third-party" + empty,
		}},
		"all kinds": {measure + `
  - { id: counter, category: statistics, name: A, provider: S, purpose: P }
  - { id: map, category: third-party, name: A, provider: S, purpose: P }
  - { id: video, category: third-party, name: A, provider: S, purpose: P }`, []string{
			"asks consent for statistics (counter), third-party (map, video)",
			"does not ask for statistics (reach): exempt, on until the visitor objects",
			"does not ask for first-party" + empty,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := catalogue.Parse("c.yaml", []byte("site: { name: A, url: \"https://a.example\" }\nlanguages: [fr]\nservices:"+test.services))
			if err != nil {
				t.Fatal(err)
			}
			if got := catalogue.Asking(c); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
