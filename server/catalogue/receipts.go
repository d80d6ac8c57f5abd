package catalogue

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"temoin.example/temoin/app/consent"
)

// consentsPath ends the address at which receipts are kept.
const consentsPath = "/api/consents"

func (k *checker) receipts(at path) {
	address := k.catalogue.Receipts.Address()
	if !k.read(at) || address == "" {
		return
	}
	origin, found := strings.CutSuffix(address, consentsPath)
	if !found || siteFault(origin) != "" {
		k.problem(at, fmt.Sprintf("receipts is %q", address),
			"want keep, off, or an address such as https://consent.example.org"+consentsPath)
	}
}

// origins checks the other sites whose pages may report choices.
func (k *checker) origins(at path) {
	for i, origin := range k.catalogue.Origins {
		item := at.item(i)
		switch fault := siteFault(origin); {
		case !k.read(item):
		case fault != "":
			k.problem(item, fmt.Sprintf("the origin %q %s", origin, fault), "want https:// and the host, such as https://www.example.org")
		case slices.Contains(k.catalogue.Origins[:i], origin):
			k.problem(item, fmt.Sprintf("the origin %q is listed twice", origin), "keep one")
		}
	}
}

// cookiePath checks where an HttpOnly cookie lies: for the server to delete it
// there, the path goes into a header.
func (k *checker) cookiePath(at path, cookie consent.Cookie) {
	if !k.read(at) {
		return
	}
	u, err := url.Parse(cookie.Path)
	if err != nil || !strings.HasPrefix(cookie.Path, "/") || !isPlain(cookie.Path) || u.Path != cookie.Path || strings.Contains(cookie.Path, ";") {
		k.problem(at, fmt.Sprintf("the path of a cookie is %q", cookie.Path), "want a path of the site, such as /account, without a query")
	}
	if !cookie.HTTPOnly {
		k.problem(at, fmt.Sprintf("the cookie %q has a path, but is not HttpOnly", cookie.Name),
			"want http-only: true beside it, or no path: what scripts see they find on every path")
	}
}
