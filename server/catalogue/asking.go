package catalogue

import (
	"slices"
	"strings"

	"temoin.example/temoin/app/consent"
)

// Asking says, line by line, what visitors are asked, what they are not, and why.
func Asking(c *Catalogue) []string {
	asked := c.Asked()
	lines := []string{"asks nothing: there is no banner, the charter and the button say what is necessary"}
	if len(asked) > 0 {
		lines = []string{"asks consent for " + byCategory(c, asked)}
	}
	exempt := slices.DeleteFunc(c.Refusable(), func(s consent.Service) bool { return !c.Default(s.ID) })
	if len(exempt) > 0 {
		lines = append(lines, "does not ask for "+byCategory(c, exempt)+": exempt, on until the visitor objects")
	}
	for _, category := range c.Categories {
		if !category.Necessary && !c.Offers(category.ID) {
			lines = append(lines, "does not ask for "+category.ID+": no service is in it, and what waits for it in a page stays shut")
		}
	}
	return lines
}

// byCategory writes services as "statistics (matomo, eulerian), third-party (youtube)".
func byCategory(c *Catalogue, services []consent.Service) string {
	var list []string
	for _, category := range c.Categories {
		var ids []string
		for _, service := range services {
			if service.Category == category.ID {
				ids = append(ids, service.ID)
			}
		}
		if len(ids) > 0 {
			list = append(list, category.ID+" ("+strings.Join(ids, ", ")+")")
		}
	}
	return strings.Join(list, ", ")
}
