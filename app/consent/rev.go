//go:build !light

package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Rev returns the catalogue's revision: the first 8 hexadecimal digits of the
// SHA-256 of what consent is about. It changes when a category, a service, its
// provider, a cookie, its party or its duration comes, goes or changes, and
// then visitors are asked again. It does not change with wordings, languages,
// links, settings or the order in which things are listed.
//
// Built with the tag light, as app.wasm is, there is no Rev: the server that
// hands the catalogue out says its revision, and crypto/sha256 alone would add
// a sixth to what every visitor downloads.
func (c *Catalogue) Rev() string {
	var lines []string
	add := func(words ...string) { lines = append(lines, strings.Join(words, "")) }
	for _, category := range c.Categories {
		add("category ", strconv.Quote(category.ID),
			" necessary=", strconv.FormatBool(category.Necessary),
			" anonymous=", strconv.FormatBool(category.Anonymous))
	}
	for _, service := range c.Services {
		add("service ", strconv.Quote(service.ID),
			" in ", strconv.Quote(service.Category),
			" by ", strconv.Quote(service.Provider),
			" kind=", strconv.Quote(string(service.Kind)),
			" anonymous=", strconv.FormatBool(service.Anonymous))
		for _, cookie := range service.Cookies {
			add("cookie ", strconv.Quote(cookie.Name),
				" of ", strconv.Quote(service.ID),
				" for ", strconv.Quote(cookie.Duration.String()),
				" party=", strconv.Quote(string(cookie.Party)))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:4])
}
