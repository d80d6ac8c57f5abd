// Package plants serves websites with known faults, for the tests of an audit: what is wrong on each
// page, in which state, and what is there that is not wrong.
//
// A plant is one fault, or one thing that only looks like a fault. Its name is the name of its cookie
// or key, and the host that it asks is NAME.test, so that whatever is found leads back to one plant.
package plants

import (
	"strings"

	"temoin.example/temoin/server/audit"
)

// Plant is one thing that stands on a page, and what an audit has to say of it.
type Plant struct {
	Name string
	// Page is the path of the page; "" is the start page.
	Page string
	// Markup stands in the page. In it, and in Files and Want, NAME is the plant's name and HOST its host.
	Markup string
	// Policy is a Content-Security-Policy-Report-Only of its page.
	Policy string
	// Files are served by every host, by their paths.
	Files map[string]string
	// Declared is what the catalogue says of it; the zero value is nothing.
	Declared Declared
	// Want is all that has to be found; none makes it a control, that nothing may be found of.
	Want []Want
	// Firefox says what a Firefox does otherwise; nil is nothing.
	Firefox *Otherwise
}

// Otherwise is what another browser does with a plant.
type Otherwise struct {
	Why  string
	Want []Want // what has to be found then, in the place of the plant's own
}

// wanted returns what has to be found of a plant with Chromium, or with Firefox.
func (p Plant) wanted(firefox bool) []Want {
	if firefox && p.Firefox != nil {
		return p.Firefox.Want
	}
	return p.Want
}

// Declared is an entry of the catalogue.
type Declared struct {
	// Service is the id of the service in which it is declared.
	Service string
	// Cookie is what stands beside its name and purpose, as YAML: "duration: 1 day"; "" declares no cookie.
	Cookie string
	// Host, Local and Session declare the plant's host, and a key of its name in a storage.
	Host, Local, Session bool
}

// Want is one finding, by its kind and subject. An empty States is any.
type Want struct {
	Kind    audit.Kind
	Subject string
	States  []audit.StateName
}

// Site is a website, by the host of its pages.
type Site struct {
	Host   string
	Plants []Plant
	// Head begins each page, and Lang is its language.
	Head string
	// Services are written into the catalogue beside what the plants declare; without any, the site
	// has no Témoin.
	Services []Service
}

// Service is a service of a site's catalogue.
type Service struct {
	ID, Category string
	// More is further keys, as lines of YAML.
	More []string
}

// prepared returns the plant with its name and host where they are to be.
func (p Plant) prepared() Plant {
	replace := strings.NewReplacer("NAME", p.Name, "HOST", p.Name+".test").Replace
	p.Markup, p.Policy = replace(p.Markup), replace(p.Policy)
	files := map[string]string{}
	for path, text := range p.Files {
		files[replace(path)] = replace(text)
	}
	p.Files = files
	named := func(wants []Want) []Want {
		list := make([]Want, len(wants))
		for i, want := range wants {
			want.Subject = replace(want.Subject)
			list[i] = want
		}
		return list
	}
	p.Want = named(p.Want)
	if p.Firefox != nil {
		p.Firefox = &Otherwise{p.Firefox.Why, named(p.Firefox.Want)}
	}
	if p.Page == "" {
		p.Page = "/"
	}
	return p
}

// prepared returns the site with its plants prepared.
func (s Site) prepared() Site {
	plants := make([]Plant, len(s.Plants))
	for i, plant := range s.Plants {
		plants[i] = plant.prepared()
	}
	s.Plants = plants
	return s
}
