package guard

import (
	"slices"
	"strings"
)

// loading names the attributes by which elements ask for something; the gate's
// own are web/loader/waiting.js.
var loading = map[string][]string{
	"audio":   {"src"},
	"embed":   {"src"},
	"feimage": {"href", "xlink:href"},
	"frame":   {"src"},
	"iframe":  {"src"},
	"image":   {"src", "srcset", "href", "xlink:href"},
	"img":     {"src", "srcset"},
	"input":   {"src"},
	"link":    {"href", "imagesrcset"},
	"object":  {"data"},
	"script":  {"src", "href", "xlink:href"},
	"source":  {"src", "srcset"},
	"track":   {"src"},
	"use":     {"href", "xlink:href"},
	"video":   {"src", "poster"},
}

// asking are the relations of a <link> for which a browser asks at once.
var asking = []string{"stylesheet", "preload", "modulepreload", "prefetch", "prerender", "preconnect", "dns-prefetch",
	"icon", "apple-touch-icon", "apple-touch-icon-precomposed", "mask-icon", "manifest", "compression-dictionary"}

// edit replaces some units of a tag by ASCII.
type edit struct {
	at, end int
	text    string
}

// inert returns what makes a tag wait at the gate, as if it had said data-consent:
// nothing, where it asks for nothing that has to wait. value gives the value of
// one of its attributes.
func (v *visit) inert(base place, t *tag, name string, value func(attribute) string) []edit {
	attributes := loading[name]
	if attributes == nil || t.isEnd {
		return nil
	}
	var ids, waiting []string
	var relation, kind string
	for _, a := range t.attributes {
		switch attribute := t.nameOf(a); {
		case attribute == "data-consent": // it waits for what it says
			return nil
		case attribute == "rel":
			relation = value(a)
		case attribute == "type":
			kind = value(a)
		case slices.Contains(attributes, attribute):
			if services := v.waitsFor(base, attribute, value(a)); services != nil {
				ids, waiting = append(ids, services...), append(waiting, attribute)
			}
		}
	}
	if len(ids) == 0 || name == "link" && !asks(relation) || name == "script" && kind == "text/plain" {
		return nil
	}
	slices.Sort(ids)
	mark := ` data-consent="` + strings.Join(slices.Compact(ids), " ") + `"`
	if name == "script" {
		mark += ` type="text/plain"`
	}
	edits := []edit{{t.nameEnd, t.nameEnd, mark}}
	for _, a := range t.attributes {
		switch attribute := t.nameOf(a); {
		case slices.Contains(waiting, attribute): // each of that name: where it is there twice, the other would count
			edits = append(edits, edit{a.name, a.nameEnd, "data-consent-" + strings.TrimPrefix(attribute, "xlink:")})
		case name == "script" && attribute == "type":
			edits = append(edits, edit{a.name, a.nameEnd, "data-type"})
		}
	}
	return edits
}

// asks reports whether a browser asks for a <link> of that relation.
func asks(relation string) bool {
	return slices.ContainsFunc(strings.Fields(strings.ToLower(relation)), func(one string) bool { return slices.Contains(asking, one) })
}

// waitsFor returns the services, one of which at least is not allowed, that the
// value of an attribute asks for something.
func (v *visit) waitsFor(base place, attribute, value string) (services []string) {
	addresses := []string{value}
	if strings.HasSuffix(attribute, "srcset") {
		addresses = candidates(value)
	}
	for _, address := range addresses {
		if target, found := base.find(address); found {
			services = append(services, v.refusedAt(target)...)
		}
	}
	return services
}
