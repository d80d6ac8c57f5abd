package consent

// Draft is a choice in the making: what the switches of the dialog show.
// The zero Draft allows nothing; start with [Catalogue.Draft].
type Draft struct {
	catalogue *Catalogue
	granted   Choices
}

// Draft returns the draft that shows record, which may be nil: then only what
// is necessary or exempt is on.
func (c *Catalogue) Draft(record *Record) Draft {
	return c.DraftOf(func(id string) bool { return c.Granted(record, id) })
}

// DraftOf returns the draft that shows each category and service as granted says.
func (c *Catalogue) DraftOf(granted func(id string) bool) Draft {
	d := Draft{catalogue: c}
	for _, category := range c.Categories {
		d.granted = d.granted.With(category.ID, granted(category.ID))
	}
	for _, service := range c.Services {
		d.granted = d.granted.With(service.ID, granted(service.ID))
	}
	return d
}

// Granted reports whether id, a category or a service, is switched on.
func (d Draft) Granted(id string) bool {
	granted, _ := d.granted.Get(id)
	return granted
}

// Set returns the draft with id switched. Services follow their category when
// it is switched, and may be switched apart from it after that; the category
// follows where all of its services have come to agree.
func (d Draft) Set(id string, granted bool) Draft {
	d.granted = d.granted.With(id, granted)
	for _, service := range d.catalogue.ServicesOf(id) {
		d.granted = d.granted.With(service.ID, granted)
	}
	if service := d.catalogue.Service(id); service != nil && d.agree(service.Category, granted) {
		d.granted = d.granted.With(service.Category, granted)
	}
	return d
}

// agree reports whether all services of the category are switched as granted says.
func (d Draft) agree(category string, granted bool) bool {
	for _, service := range d.catalogue.ServicesOf(category) {
		if d.Granted(service.ID) != granted {
			return false
		}
	}
	return true
}

// Mixed reports whether services of the category differ from it.
func (d Draft) Mixed(category string) bool {
	for _, service := range d.catalogue.ServicesOf(category) {
		if d.Granted(service.ID) != d.Granted(category) {
			return true
		}
	}
	return false
}
