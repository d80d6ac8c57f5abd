package catalogue

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
)

// Limits that the law sets (CNIL, deliberation 2020-091, section 5), in days:
// 13 months for the cookies of an exempt audience measure, 25 for its data.
const (
	maxExemptCookieDays = 390
	maxRetentionDays    = 750
)

// checker holds a catalogue that has been read against what types do not say.
// It is silent about values that could not be read: the decoder has reported
// those.
type checker struct {
	*decoder
	catalogue *Catalogue
	languages map[string]*Language
	// byID holds the categories. The catalogue's own look-up is too slow for a
	// file that is nothing but categories and services.
	byID map[string]*consent.Category
	// ids gives the line on which each id is first used: categories and
	// services share the names in the cookie.
	ids map[string]int
	// asked are the site's languages, each once, without unknown ones.
	asked []string
	// hosts and signals give the line on which each is first given.
	signals map[consent.Signal]int
}

func check(d *decoder, c *Catalogue, languages map[string]*Language) {
	k := &checker{
		decoder:   d,
		catalogue: c,
		languages: languages,
		byID:      map[string]*consent.Category{},
		ids:       map[string]int{},
		signals:   map[consent.Signal]int{},
	}
	for i := range c.Categories {
		k.byID[c.Categories[i].ID] = &c.Categories[i]
	}
	root := path("")
	k.spoken(root.key("languages"))
	k.site(root.key("site"))
	k.links(root.key("links"))
	k.cookieSettings(root.key("cookie"))
	k.categories(root.key("categories"))
	k.services(root.key("services"))
	k.texts(root.key("texts"))
	k.googleConsent(root.key("google-consent"))
	k.receipts(root.key("receipts"))
	k.origins(root.key("origins"))
	k.aliases(root.key("aliases"))
	k.roles(root)
	k.retention(root.key("retention"))
	k.recordSize(root.key("services"))
}

func (k *checker) spoken(at path) {
	if k.read(at) && len(k.catalogue.Languages) == 0 {
		k.problem(at, "the list of languages is empty", "want at least one; the first is the default")
	}
	known := slices.Sorted(maps.Keys(k.languages))
	for i, lang := range k.catalogue.Languages {
		switch item := at.item(i); {
		case !k.read(item):
		case k.languages[lang] == nil:
			k.problem(item, fmt.Sprintf("there are no texts for the language %q", lang), suggestion(lang, known))
		case slices.Contains(k.catalogue.Languages[:i], lang):
			k.problem(item, fmt.Sprintf("the language %q is listed twice", lang), "keep one")
		default:
			k.asked = append(k.asked, lang)
		}
	}
}

func (k *checker) site(at path) {
	k.wording(at.key("name"), k.catalogue.Site.Name)
	if address := at.key("url"); k.read(address) {
		if fault := siteFault(k.catalogue.Site.URL); fault != "" {
			k.problem(address, fmt.Sprintf("the address %q %s", k.catalogue.Site.URL, fault),
				"want https:// and the host, such as https://data.example.org")
		}
	}
}

var hostPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

func siteFault(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "cannot be read"
	}
	local := u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1"
	switch {
	case u.Scheme == "http" && !local:
		return "is not safe: http is for localhost and 127.0.0.1 only"
	case u.Scheme != "https" && u.Scheme != "http":
		return "does not begin with https://"
	case !isHost(u.Hostname()):
		return "has no valid host in lower-case ASCII"
	case address != u.Scheme+"://"+u.Host:
		return "has more than a host"
	}
	return ""
}

func isHost(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || hostPattern.MatchString(host)
}

func (k *checker) links(at path) {
	k.link(at.key("charter"), k.catalogue.Links.Charter)
	k.link(at.key("privacy"), k.catalogue.Links.Privacy)
}

// link checks a page of the site: a path on it, or an https address.
func (k *checker) link(at path, link string) {
	isPath := strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "//")
	if k.read(at) && !(isPath && isPlain(link) || isHTTPS(link)) {
		k.problem(at, fmt.Sprintf("%s is %q", at.label(), link),
			`want a path such as "/charte-cookies", or an https:// address; other characters than ASCII percent-encoded`)
	}
}

// plainPattern excludes, besides quotes and backslashes, the characters that
// URLs want percent-encoded: so a link is safe in HTML, in a script and as the
// server's route.
var plainPattern = regexp.MustCompile(`^[!#-&(-;=?-\[\]_a-z~]+$`)

func isPlain(link string) bool {
	_, err := url.Parse(link)
	return err == nil && plainPattern.MatchString(link)
}

func isHTTPS(link string) bool {
	u, err := url.Parse(link)
	return err == nil && isPlain(link) && u.Scheme == "https" && u.User == nil && isHost(strings.ToLower(u.Hostname()))
}

func (k *checker) cookieSettings(at path) {
	settings := k.catalogue.Cookie
	if name := at.key("name"); k.read(name) {
		k.settingsName(name, settings.Name)
	}
	if domain := at.key("domain"); k.read(domain) && k.read(path("").key("site").key("url")) {
		if fault := domainFault(settings.Domain, k.catalogue.Site.URL); fault != "" {
			k.problem(domain, fmt.Sprintf("the domain %q %s", settings.Domain, fault),
				"want a parent domain of the site, such as example.org for data.example.org")
		}
	}
	if lifetime := at.key("lifetime"); k.read(lifetime) {
		k.lifetime(lifetime, settings.Lifetime)
	}
}

func (k *checker) settingsName(at path, name string) {
	lower := strings.ToLower(name)
	switch {
	case !isToken(name) || strings.Contains(name, "*"):
		k.problem(at, fmt.Sprintf("the cookie name %q holds characters that a name cannot have", name),
			"want letters, digits, hyphens and underscores")
	case strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-"):
		k.problem(at, fmt.Sprintf("the cookie name %q has a prefix that browsers reserve", name),
			"want a name without __Host- or __Secure-")
	}
}

// isToken reports whether name is a token (RFC 9110, section 5.6.2), as the
// name of a cookie has to be (RFC 6265bis, section 4.1.1).
func isToken(name string) bool { return tokenPattern.MatchString(name) }

var tokenPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func domainFault(domain, site string) string {
	u, err := url.Parse(site)
	if err != nil {
		return "" // the address has been reported
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return "cannot be shared: the site's host " + host + " is an address"
	}
	if strings.HasPrefix(domain, ".") {
		return "begins with a dot"
	}
	if domain != host && !strings.HasSuffix(host, "."+domain) {
		return "is no parent of the site's host " + host
	}
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
		return "belongs to the public: browsers refuse cookies for it"
	}
	return ""
}

func (k *checker) lifetime(at path, lifetime consent.Duration) {
	const want = `want 1 day to 13 months, such as "6 months"`
	switch {
	case lifetime.Length() == 0:
		k.problem(at, "a choice kept for the session alone would be asked for again at each visit", want)
	case lifetime.AtMost:
		k.problem(at, fmt.Sprintf("the lifetime %q is not exact", lifetime), fmt.Sprintf("want it without %q", "at most"))
	case lifetime.Length() < 24*time.Hour:
		k.problem(at, fmt.Sprintf("the lifetime %q is shorter than a day", lifetime), want)
	case lifetime.Days() > consent.MaxLifetimeDays:
		k.problem(at, fmt.Sprintf("the lifetime %q is longer than %d days (13 months)", lifetime, consent.MaxLifetimeDays), want)
	}
}

func (k *checker) categories(at path) {
	if k.read(at) && len(k.catalogue.Categories) == 0 {
		k.problem(at, "the list of categories is empty", "want at least one, or no such key for the default ones")
	}
	for i := range k.catalogue.Categories {
		if item := at.item(i); k.read(item) {
			k.category(item, &k.catalogue.Categories[i])
		}
	}
}

func (k *checker) category(at path, category *consent.Category) {
	k.id(at.key("id"), category.ID)
	k.wording(at.key("title"), category.Title)
	k.wording(at.key("description"), category.Description)
	if k.read(at.key("id")) && !slices.Contains(defaultIDs, category.ID) {
		k.owntexts(at)
	}
	if category.ID == necessary && !category.Necessary && !k.failed[at.key("necessary")] {
		k.problem(at, `the category "necessary" is not marked as necessary`, `add "necessary: true", or give it another id`)
	}
	if category.Necessary && category.Anonymous {
		k.problem(at.key("anonymous"), fmt.Sprintf("the category %q is both necessary and anonymous", category.ID),
			"want one of them: the visitor may object to an anonymous measure, not to what is necessary")
	}
}

// owntexts wants the title and the description of a category that the language
// files do not know.
func (k *checker) owntexts(at path) {
	for _, field := range fieldsOf(reflect.TypeFor[consent.Category]()) {
		if (field.name == "title" || field.name == "description") && !k.given(at.key(field.name)) {
			k.missing(at, field)
		}
	}
}

// id checks the id of a category or service.
func (k *checker) id(at path, id string) {
	if !k.read(at) {
		return
	}
	line, used := k.ids[id]
	switch {
	case !consent.IsID(id):
		k.problem(at, fmt.Sprintf("%q is no id", id), "want a lower-case letter, then lower-case letters, digits and hyphens")
	case isReserved(id):
		k.problem(at, fmt.Sprintf("the id %q is reserved", id), "want another one")
	case used:
		k.problem(at, fmt.Sprintf("the id %q is used twice", id),
			fmt.Sprintf("want another one: the first is on line %d, and categories and services share their ids", line))
	default:
		k.ids[id] = k.nodes[at].Line
	}
}

// reservedPattern matches the ids that mean something else in a page: members
// of JavaScript's objects and functions, Témoin's own names, and the key of the
// style sheet in the placeholders' file.
const reservedPattern = `^(constructor|prototype|style|temoin.*)$`

var reserved = regexp.MustCompile(reservedPattern)

func isReserved(id string) bool { return reserved.MatchString(id) }

func (k *checker) services(at path) {
	for i := range k.catalogue.Services {
		if item := at.item(i); k.read(item) {
			k.service(item, &k.catalogue.Services[i])
		}
	}
}

func (k *checker) service(at path, service *consent.Service) {
	k.id(at.key("id"), service.ID)
	k.wording(at.key("name"), service.Name)
	k.wording(at.key("location"), service.Location)
	k.wording(at.key("purpose"), service.Purpose)
	if policy := at.key("policy"); k.read(policy) && !isHTTPS(service.Policy) {
		k.problem(policy, fmt.Sprintf("the policy is %q", service.Policy),
			"want an https:// address; other characters than ASCII percent-encoded")
	}
	k.membership(at, service)
	k.cookies(at.key("cookies"), service.Cookies)
	k.exemption(at, service)
	k.gate(at, service)
}

// membership checks that the service may be in its category.
func (k *checker) membership(at path, service *consent.Service) {
	place := at.key("category")
	if !k.read(place) || len(k.catalogue.Categories) == 0 || k.failed[path("").key("categories")] {
		return
	}
	category := k.byID[service.Category]
	if category == nil {
		var ids []string
		for _, category := range k.catalogue.Categories {
			ids = append(ids, category.ID)
		}
		k.problem(place, fmt.Sprintf("there is no category %q", service.Category), suggestion(service.Category, ids))
		return
	}
	if category.Necessary && service.Kind != consent.Technical && !k.failed[at.key("kind")] {
		k.problem(at.key("kind"), fmt.Sprintf("a service of the kind %q is in the necessary category %q", service.Kind, category.ID),
			"want another category: only technical services need no consent")
	}
	if category.Anonymous && !service.Anonymous && !k.failed[at.key("anonymous")] {
		k.problem(at, fmt.Sprintf("the service %q is not anonymous, but its category %q is", service.ID, category.ID),
			"want another category, or an exempt audience measure with anonymous: true")
	}
}

func (k *checker) cookies(at path, cookies []consent.Cookie) {
	used := map[string]bool{}
	for i, cookie := range cookies {
		item := at.item(i)
		k.wording(item.key("purpose"), cookie.Purpose)
		k.cookiePath(item.key("path"), cookie)
		name := item.key("name")
		switch {
		case !k.read(name):
		case !isToken(cookie.Name):
			k.problem(name, fmt.Sprintf("the cookie name %q holds characters that a name cannot have", cookie.Name),
				"want the name as the browser shows it, * for any characters")
		case strings.Trim(cookie.Name, "*") == "":
			k.problem(name, fmt.Sprintf("the pattern %q means every cookie", cookie.Name), "want the part that the names have in common, such as _pk_*")
		case used[cookie.Name]:
			k.problem(name, fmt.Sprintf("the cookie %q is given twice for this service", cookie.Name), "keep one")
		}
		used[cookie.Name] = true
	}
}

// exemption checks what the law asks of an audience measure without consent.
func (k *checker) exemption(at path, service *consent.Service) {
	anonymous, exemption := at.key("anonymous"), at.key("exemption")
	k.conditions(exemption, service.Exemption)
	switch {
	case k.failed[anonymous] || k.failed[exemption]:
	case service.Anonymous && service.Exemption == nil:
		k.problem(anonymous, fmt.Sprintf("the service %q is anonymous without saying why it is exempt", service.ID),
			`add "exemption" with the law's conditions, or remove "anonymous"`)
	case !service.Anonymous && service.Exemption != nil:
		k.problem(exemption, fmt.Sprintf("the service %q has an exemption but is not anonymous", service.ID),
			`add "anonymous: true", or remove "exemption"`)
	case service.Anonymous:
		k.exemptMeasure(at, service)
	}
}

func (k *checker) conditions(at path, exemption *consent.Exemption) {
	if exemption == nil || !k.read(at) {
		return
	}
	flags := map[string]bool{
		"own-use-only":   exemption.OwnUseOnly,
		"anonymous-data": exemption.AnonymousData,
		"single-site":    exemption.SingleSite,
		"not-renewed":    exemption.NotRenewed,
	}
	for name, holds := range flags {
		if flag := at.key(name); k.read(flag) && !holds {
			k.problem(flag, fmt.Sprintf("%q is false", name), "want true: a measure without that needs consent, and no exemption")
		}
	}
	retention := at.key("data-retention")
	if days := exemption.DataRetention.Days(); k.read(retention) && (days == 0 || days > maxRetentionDays) {
		k.problem(retention, fmt.Sprintf("the data of an exempt measure are kept for %q", exemption.DataRetention), `want at most "25 months"`)
	}
}

func (k *checker) exemptMeasure(at path, service *consent.Service) {
	if service.Kind != consent.Measure && !k.failed[at.key("kind")] {
		k.problem(at.key("kind"), fmt.Sprintf("the exempt service %q is of the kind %q", service.ID, service.Kind),
			"want kind: measure, since no other kind is exempt in this way")
	}
	for i, cookie := range service.Cookies {
		item := at.key("cookies").item(i)
		if cookie.Party != consent.FirstParty && k.read(item.key("party")) {
			k.problem(item.key("party"), fmt.Sprintf("the exempt service %q sets a third-party cookie", service.ID),
				"want first-party cookies only: others follow visitors across sites")
		}
		if duration := item.key("duration"); k.read(duration) && cookie.Duration.Days() > maxExemptCookieDays {
			k.problem(duration, fmt.Sprintf("a cookie of the exempt service %q lives for %q", service.ID, cookie.Duration),
				`want at most "13 months"`)
		}
	}
}

// wording checks that a text is there in the site's languages, and in no other.
func (k *checker) wording(at path, text consent.Text) {
	if !k.read(at) || len(k.catalogue.Languages) == 0 {
		return
	}
	missing := slices.DeleteFunc(text.Missing(k.asked), func(lang string) bool { return k.failed[at.key(lang)] })
	if len(missing) > 0 {
		k.problem(at, fmt.Sprintf("%s is missing in %s", at.label(), quoted(missing)),
			"add the translation, or write one plain text for all languages")
	}
	for _, lang := range text.Languages() {
		if !slices.Contains(k.catalogue.Languages, lang) {
			k.unlisted(at.key(lang), lang)
		}
	}
}

func (k *checker) unlisted(at path, lang string) {
	k.problemAt(k.keys[at], fmt.Sprintf("the site does not list the language %q", lang),
		suggestion(lang, k.catalogue.Languages)+`; or add it to "languages"`)
}

// texts checks the site's own wordings of the interface.
func (k *checker) texts(at path) {
	for lang, texts := range k.catalogue.Texts {
		place := at.key(lang)
		if !slices.Contains(k.catalogue.Languages, lang) && len(k.catalogue.Languages) > 0 {
			k.unlisted(place, lang)
		}
		for key, text := range texts {
			k.ownText(place.key(key), k.languages[lang], key, text)
		}
	}
}

func (k *checker) ownText(at path, language *Language, key, text string) {
	known := names(fieldsOf(reflect.TypeFor[app.Texts]()))
	if !slices.Contains(known, key) {
		k.problemAt(k.keys[at], fmt.Sprintf("there is no text %q", key), suggestion(key, known))
		return
	}
	if language == nil || !k.read(at) {
		return
	}
	original, _ := language.interfaceText(key)
	allowed := placeholders(original)
	for _, word := range placeholders(text) {
		if slices.Contains(allowed, word) {
			continue
		}
		right := "this text has no words in braces"
		if len(allowed) > 0 {
			right = "known here: " + strings.Join(allowed, ", ")
		}
		k.problem(at, fmt.Sprintf("the text %q holds %s", key, word), right)
	}
}

// recordSize checks that the cookie holds whatever the visitor may choose.
func (k *checker) recordSize(at path) {
	size := len(k.catalogue.Cookie.Name) + len("=") + k.longestValue()
	if size > consent.MaxCookieSize {
		k.problem(at, fmt.Sprintf("a choice about all these services takes up to %d bytes in the cookie", size),
			fmt.Sprintf("want at most %d: shorter ids, or fewer services", consent.MaxCookieSize))
	}
}

// longestValue returns the length of the longest value that the cookie can have:
// every service that can be refused is allowed apart from its category, in as many
// moments as a record tells apart. [consent.Record.Encode] does not write what is too
// long for a cookie, so only the record without answers is left to it.
func (k *checker) longestValue() int {
	const some = "of-"
	record := consent.Record{ID: consent.NewID(), Rev: k.catalogue.Rev(), At: time.Unix(9999999999, 0), Of: some}
	value, err := record.Encode()
	if err != nil {
		panic(err) // nothing of it comes from the catalogue
	}
	// The first mark of each moment has nothing before it.
	marks := len("!zzzzzzz.")*(consent.MaxRounds-1) - consent.MaxRounds*len("~") - len(some)
	for _, mark := range k.catalogue.Marks().Of {
		marks += len(mark) + len("~")
	}
	return len(value) + len(url.QueryEscape(k.longestAnswers())) + marks
}

// longestAnswers refuses every category, and allows its services: a mark of what was
// allowed is longer than of what was refused.
func (k *checker) longestAnswers() string {
	choices, services := k.catalogue.Split(func(id string) bool { return k.catalogue.Category(id) == nil })
	if len(services) == 0 {
		return members(choices)
	}
	return members(choices) + `,"services":{` + members(services) + "}"
}

func members(choices consent.Choices) string {
	list := make([]string, len(choices))
	for i, choice := range choices {
		list[i] = fmt.Sprintf("%q:%t", choice.ID, choice.Granted)
	}
	return strings.Join(list, ",")
}
