package consent_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"temoin.example/temoin/app/consent"
)

// A site's own server asks what its visitor allowed. The catalogue is the JSON
// that Témoin's server answers at /temoin/catalogue.json, and that an export
// writes there.
func Example() {
	published := []byte(`{
	  "cookie": {"name": "cookies_preferences", "lifetime": "6 months"},
	  "categories": [{"id": "necessary", "necessary": true}, {"id": "third-party"}],
	  "services": [{"id": "youtube", "category": "third-party"}]
	}`)
	var catalogue consent.Catalogue
	if err := json.Unmarshal(published, &catalogue); err != nil {
		panic(err)
	}
	marks := catalogue.Marks()

	allowed := func(r *http.Request, id string) bool {
		var values []string
		for _, cookie := range r.CookiesNamed(catalogue.Cookie.Name) {
			values = append(values, cookie.Value)
		}
		return catalogue.Granted(catalogue.Read(values, time.Now(), marks), id)
	}

	request, _ := http.NewRequest(http.MethodGet, "https://data.example/", nil)
	fmt.Println("before a choice:", allowed(request, "youtube"))

	all := func(string) bool { return true }
	answer := catalogue.Answer(nil, marks, consent.Answer{ID: consent.NewID(), At: time.Now(), Granted: all})
	value, err := answer.Encode()
	if err != nil {
		panic(err)
	}
	request.AddCookie(&http.Cookie{Name: catalogue.Cookie.Name, Value: value})
	fmt.Println("after accepting:", allowed(request, "youtube"))
	// Output:
	// before a choice: false
	// after accepting: true
}
