package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Rev returns the catalogue's revision: the first 8 hexadecimal digits of the
// SHA-256 of what consent is about. It changes when a category, a service, its
// provider, a cookie, its party or its duration comes, goes or changes, and
// then visitors are asked again. It does not change with wordings, languages,
// links, settings or the order in which things are listed.
func (c *Catalogue) Rev() string {
	var lines []string
	for _, category := range c.Categories {
		lines = append(lines, fmt.Sprintf("category %q necessary=%t anonymous=%t",
			category.ID, category.Necessary, category.Anonymous))
	}
	for _, service := range c.Services {
		lines = append(lines, fmt.Sprintf("service %q in %q by %q kind=%q anonymous=%t",
			service.ID, service.Category, service.Provider, service.Kind, service.Anonymous))
		for _, cookie := range service.Cookies {
			lines = append(lines, fmt.Sprintf("cookie %q of %q for %q party=%q",
				cookie.Name, service.ID, cookie.Duration, cookie.Party))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:4])
}
