package site

import (
	"testing"

	"temoin.example/temoin/server/catalogue"
)

// TestPublished_ReadBack: what a site serves of its catalogue is read back as the
// same, with whatever is calculated for the site's own server before it.
func TestPublished_ReadBack(t *testing.T) {
	for name, c := range map[string]*catalogue.Catalogue{"portal": mustReadPortal(t), "demo": mustReadDemo(t)} {
		t.Run(name, func(t *testing.T) {
			served := mustBundle(t, c).Files["/temoin/catalogue.json"].Body
			got, err := catalogue.Published("https://data.example.org/temoin/catalogue.json", served)
			if err != nil || got.Rev() != c.Rev() {
				t.Errorf("got %v of what is served, want the catalogue\n%s", err, served)
			}
		})
	}
}
