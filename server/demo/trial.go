package demo

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/site"
)

// A trial is what the demo's page to try things asks for in the query of its
// address: the catalogue, with another look, in another language or with fewer
// categories. Each value is one of a list, so nothing of an address reaches what
// is made of it.
type trial struct {
	look       catalogue.Look
	lang       string   // "" as the page says
	categories []string // that can be refused, in the catalogue's order
}

// trialPath is where the loader of a trial is; its parts lie beneath
// trialParts, where any loader at that place looks for them.
const (
	trialPath  = trialPage + "/temoin.js"
	trialParts = trialPage + "/temoin/"
)

// plainTrial returns the trial of the catalogue as it is.
func plainTrial(c *catalogue.Catalogue) trial {
	return trial{look: c.Look, categories: refusable(c)}
}

// refusable returns the ids of the categories that can be refused.
func refusable(c *catalogue.Catalogue) []string {
	var ids []string
	for _, category := range c.Categories {
		if c.Offers(category.ID) {
			ids = append(ids, category.ID)
		}
	}
	return ids
}

// The names in a trial's query. Categories are listed once a form with them has
// been sent, which says "form": then those that are missing are left out.
const (
	queryTheme    = "theme"
	queryPosition = "position"
	queryScheme   = "scheme"
	queryLang     = "banner"
	queryCategory = "category"
	queryForm     = "form"
)

// readTrial reads a query; what is in none of the lists is an error.
func readTrial(c *catalogue.Catalogue, query url.Values) (trial, error) {
	t := plainTrial(c)
	if err := pick(query, queryTheme, catalogue.Themes(), &t.look.Theme); err != nil {
		return t, err
	}
	if err := pick(query, queryPosition, catalogue.Positions(), &t.look.Position); err != nil {
		return t, err
	}
	if err := pick(query, queryScheme, catalogue.Schemes(), &t.look.Scheme); err != nil {
		return t, err
	}
	languages, err := catalogue.Languages()
	if err != nil {
		return t, err
	}
	if err := pick(query, queryLang, slices.Sorted(maps.Keys(languages)), &t.lang); err != nil {
		return t, err
	}
	if !query.Has(queryForm) {
		return t, nil
	}
	wanted := query[queryCategory]
	for _, id := range wanted {
		if !slices.Contains(t.categories, id) {
			return t, fmt.Errorf("%s is %q, want some of: %s", queryCategory, id, strings.Join(t.categories, ", "))
		}
	}
	t.categories = slices.DeleteFunc(t.categories, func(id string) bool { return !slices.Contains(wanted, id) })
	return t, nil
}

// pick takes the value of that name, if there is one, from a list.
func pick[T ~string](query url.Values, name string, list []T, value *T) error {
	wanted := T(query.Get(name))
	if wanted == "" {
		return nil
	}
	if !slices.Contains(list, wanted) {
		return fmt.Errorf("%s is %q, want one of: %v", name, wanted, list)
	}
	*value = wanted
	return nil
}

// query returns what readTrial reads as the same.
func (t trial) query() url.Values {
	query := url.Values{
		queryTheme:    {string(t.look.Theme)},
		queryPosition: {string(t.look.Position)},
		queryScheme:   {string(t.look.Scheme)},
		queryForm:     {"1"},
		queryCategory: t.categories,
	}
	if t.lang != "" {
		query.Set(queryLang, t.lang)
	}
	return query
}

// loader returns the path of the loader that speaks the trial's language.
func (t trial) loader() string {
	if t.lang == "" {
		return "/temoin.js"
	}
	return "/temoin." + t.lang + ".js"
}

// adds reports whether the trial's language is none of the catalogue's.
func (t trial) adds(c *catalogue.Catalogue) bool {
	return t.lang != "" && !slices.Contains(c.Languages, t.lang)
}

// apply returns the catalogue as it has to be for the trial.
func (t trial) apply(c *catalogue.Catalogue) (*catalogue.Catalogue, error) {
	if t.adds(c) {
		var err error
		if c, err = catalogue.Also(c, t.lang); err != nil {
			return nil, err
		}
	}
	changed := *c
	changed.Look = t.look
	gone := func(id string) bool { return c.Offers(id) && !slices.Contains(t.categories, id) }
	changed.Categories = slices.DeleteFunc(slices.Clone(c.Categories), func(category consent.Category) bool { return gone(category.ID) })
	changed.Services = slices.DeleteFunc(slices.Clone(c.Services), func(service consent.Service) bool { return gone(service.Category) })
	if google := c.GoogleConsent; google != nil {
		changed.GoogleConsent = new(*google)
		changed.GoogleConsent.Types = maps.Clone(google.Types)
		maps.DeleteFunc(changed.GoogleConsent.Types, func(_, id string) bool { return gone(id) })
	}
	return &changed, nil
}

// trials keeps the sites of the trials of one catalogue that were asked for
// last. They are made one after the other, and not compressed, so that whoever
// asks for many takes little from the visitors of the site.
type trials struct {
	mu    sync.Mutex
	of    *site.Site
	sites map[string]*site.Site // by the query, which says no language that the catalogue has
}

const maxTrials = 16

// site returns the site of t, a trial of base.
func (k *trials) site(base *site.Site, t trial) (*site.Site, error) {
	if !t.adds(base.Catalogue) {
		t.lang = "" // each site has all of the catalogue's
	}
	key := t.query().Encode()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of != base || len(k.sites) >= maxTrials {
		k.of, k.sites = base, map[string]*site.Site{}
	}
	if known := k.sites[key]; known != nil {
		return known, nil
	}
	c, err := t.apply(base.Catalogue)
	if err != nil {
		return nil, fmt.Errorf("make trial: %w", err)
	}
	if t.adds(base.Catalogue) && c.Links.Charter == consent.CharterPath {
		// The site's own charter is there in the site's own languages.
		c.Links.Charter += "/" + base.Catalogue.Languages[0]
	}
	// What is tried out is no choice of the site's visitors: no receipts.
	b, err := site.New(c, site.Options{Plain: true})
	if err != nil {
		return nil, fmt.Errorf("make trial: %w", err)
	}
	// What both have in common, the program above all, is kept once.
	maps.DeleteFunc(b.Files, func(path string, a *site.Asset) bool {
		return a.Cache == site.Immutable && base.Files[path] != nil
	})
	k.sites[key] = b
	return b, nil
}

// find returns a file of that path of base or of one of its trials, or nil.
func (k *trials) find(base *site.Site, path string) *site.Asset {
	if a := base.Files[path]; a != nil && a.Cache == site.Immutable {
		return a
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.sites {
		if a := b.Files[path]; a != nil && a.Cache == site.Immutable {
			return a
		}
	}
	return nil
}

// getLoader handles "GET /essai/temoin.js".
func (d *Demo) getLoader(w http.ResponseWriter, r *http.Request) {
	d.serveTrial(w, r, trial.loader)
}

// getCatalogue handles "GET /essai/temoin/catalogue.json".
func (d *Demo) getCatalogue(w http.ResponseWriter, r *http.Request) {
	d.serveTrial(w, r, func(trial) string { return "/temoin/catalogue.json" })
}

// serveTrial answers with one file of the site of the trial in the query.
func (d *Demo) serveTrial(w http.ResponseWriter, r *http.Request, path func(trial) string) {
	base := d.server.Site()
	t, err := readTrial(base.Catalogue, r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	tried, err := d.trials.site(base, t)
	if err != nil {
		d.server.Fail(w, r, err)
		return
	}
	d.server.File(tried.Files[path(t)]).ServeHTTP(w, r)
}

// getPart handles "GET /essai/temoin/{name}": the parts that a trial's loader asks
// for, by names with their hash.
func (d *Demo) getPart(w http.ResponseWriter, r *http.Request) {
	file := d.trials.find(d.server.Site(), "/temoin/"+r.PathValue("name"))
	if file == nil {
		http.NotFound(w, r)
		return
	}
	d.server.File(file).ServeHTTP(w, r)
}

// offer says what the page to try things shows for the trial in the query, and
// what it offers. An address that asks for what there is not shows the site as it
// is.
func (d *Demo) offer(query url.Values, lang string) (*Offer, error) {
	c := d.server.Site().Catalogue
	t, err := readTrial(c, query)
	if err != nil {
		t = plainTrial(c)
	}
	changed, err := t.apply(c)
	if err != nil {
		return nil, err
	}
	text, err := catalogue.Print(changed)
	if err != nil {
		return nil, err
	}
	offer := &Offer{
		Loader:        "/temoin.js",
		CatalogueJSON: "/temoin/catalogue.json",
		Query:         url.Values{},
		Tag:           `<script src="` + t.loader() + `"></script>`,
		Catalogue:     string(text),
		Selects: []Select{
			{Name: queryTheme, Options: options(catalogue.Themes(), t.look.Theme)},
			{Name: queryPosition, Options: options(catalogue.Positions(), t.look.Position)},
			{Name: queryScheme, Options: options(catalogue.Schemes(), t.look.Scheme)},
		},
	}
	if asked := t.query(); asked.Encode() != plainTrial(c).query().Encode() {
		offer.Query = asked
		offer.Loader = trialPath + "?" + asked.Encode()
		offer.CatalogueJSON = trialParts + "catalogue.json?" + asked.Encode()
	}
	for _, id := range refusable(c) {
		title := c.Category(id).Title.In(lang)
		offer.Categories = append(offer.Categories, Option{Value: id, Label: title, Chosen: slices.Contains(t.categories, id)})
	}
	offer.Languages, err = languageOptions(c, t.lang)
	return offer, err
}

// languageOptions offers the page's language, each of the catalogue's, and then
// all others that there are texts for.
func languageOptions(c *catalogue.Catalogue, chosen string) ([]Option, error) {
	languages, err := catalogue.Languages()
	if err != nil {
		return nil, err
	}
	all := []Option{{Chosen: chosen == ""}}
	codes := slices.Clone(c.Languages)
	for _, code := range slices.Sorted(maps.Keys(languages)) {
		if !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	for _, code := range codes {
		all = append(all, Option{Value: code, Label: languages[code].Name, Dir: languages[code].Dir, Chosen: code == chosen})
	}
	return all, nil
}

func options[T ~string](list []T, chosen T) []Option {
	var all []Option
	for _, value := range list {
		all = append(all, Option{Value: string(value), Chosen: value == chosen})
	}
	return all
}
