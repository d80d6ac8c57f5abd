package consent

// Default reports whether id, a category or a service, is on before the
// visitor has answered: where it is necessary, or exempt from consent.
func (c *Catalogue) Default(id string) bool {
	if category := c.Category(id); category != nil {
		return category.Necessary || category.Anonymous && c.Offers(id)
	}
	service := c.Service(id)
	return service != nil && (service.Anonymous || c.Default(service.Category))
}

// Granted reports whether id, a category or a service, is allowed by record, which
// is what [Catalogue.Read] returned, and may be nil: nothing has been answered yet. An
// id that the catalogue does not know is not allowed, nor is a category that it does
// not offer, nor anything by a record that was only decoded: what of it stands is open.
func (c *Catalogue) Granted(record *Record, id string) bool {
	category, service := c.Category(id), c.Service(id)
	if category == nil && service != nil {
		category = c.Category(service.Category)
	}
	switch {
	case category == nil:
		return false
	case category.Necessary:
		return true
	case !c.Offers(category.ID):
		return false
	case record == nil:
		return c.Default(id)
	case record.Of != "":
		return false
	}
	if granted, found := record.Services.Get(id); found && service != nil {
		return granted
	}
	granted, _ := record.Choices.Get(category.ID)
	return granted
}

// Accept returns the choices that allow everything.
func (c *Catalogue) Accept() Choices { return c.all(true) }

// Refuse returns the choices that refuse all that can be refused, the exempt
// audience measure too.
func (c *Catalogue) Refuse() Choices { return c.all(false) }

func (c *Catalogue) all(granted bool) Choices {
	choices, _ := c.Split(func(string) bool { return granted })
	return choices
}

// Split returns the choices and the services of a record in which exactly those
// ids are allowed that granted says: one answer for each category that is necessary
// or offered, and the services that differ from theirs. What is necessary is
// allowed whatever granted says.
func (c *Catalogue) Split(granted func(id string) bool) (choices, services Choices) {
	for _, category := range c.Categories {
		if !category.Necessary && !c.Offers(category.ID) {
			continue
		}
		on := category.Necessary || granted(category.ID)
		choices = append(choices, Choice{category.ID, on})
		for _, service := range c.ServicesOf(category.ID) {
			if !category.Necessary && granted(service.ID) != on {
				services = append(services, Choice{service.ID, !on})
			}
		}
	}
	return choices, services
}
