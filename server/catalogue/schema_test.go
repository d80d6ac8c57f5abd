package catalogue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// TestSchema: the committed schema is the one that the types make.
func TestSchema(t *testing.T) {
	schema, err := catalogue.Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../web/catalogue.schema.json", string(schema))
}

// compiled returns the schema as another implementation understands it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := catalogue.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("catalogue.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("catalogue.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// jsonOf returns the value of a YAML file as JSON would have it: keys are strings.
func jsonOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key := range value {
			value[key] = jsonOf(value[key])
		}
		return value
	case map[any]any:
		object := map[string]any{}
		for key := range value {
			object[fmt.Sprint(key)] = jsonOf(value[key])
		}
		return object
	case []any:
		for i := range value {
			value[i] = jsonOf(value[i])
		}
	}
	return value
}

// TestSchemaAgrees: schema and reader take and refuse the same files, as far
// as structure goes.
func TestSchemaAgrees(t *testing.T) {
	const (
		site     = `site: { name: The site, url: "https://data.example.org" }` + "\n"
		service  = minimal + "services: [{ id: a, category: statistics, name: A, provider: S, purpose: P, %s }]"
		cookie   = minimal + "services: [{ id: a, category: statistics, name: A, provider: S, purpose: P, cookies: [{ %s }] }]"
		exempt   = minimal + "services: [{ id: a, category: statistics, name: A, provider: S, purpose: P, kind: measure, anonymous: true, exemption: { %s } }]"
		settings = minimal + "cookie: { %s }"
	)
	schema := compiled(t)
	tests := []struct {
		name, form, part string
		valid            bool
	}{
		{"minimal", minimal, "", true},
		{"no site", "languages: [fr]", "", false},
		{"no languages", site, "", false},
		{"text as list", "[]", "", false},
		{"site empty", "languages: [fr]\nsite: {}", "", false},
		{"site null", "languages: [fr]\nsite:", "", false},
		{"site without url", "languages: [fr]\nsite: { name: A }", "", false},
		{"unknown key", minimal + "sites: {}", "", false},
		{"unknown key of site", "languages: [fr]\nsite: { name: A, url: \"https://a.example\", x: y }", "", false},

		{"languages empty", site + "languages: []", "", false},
		{"languages text", site + "languages: fr", "", false},
		{"languages unknown", site + "languages: [xx]", "", false},
		{"languages twice", site + "languages: [fr, fr]", "", false},
		{"languages number", site + "languages: [1]", "", false},

		{"links", minimal + "links: { charter: /a, privacy: /b }", "", true},
		{"links empty", minimal + "links: {}", "", true},
		{"links unknown key", minimal + "links: { legal: /a }", "", false},
		{"links null", minimal + "links:", "", false},
		{"reopen", minimal + "reopen: false", "", true},
		{"reopen text", minimal + "reopen: no", "", false},

		{"settings", settings, "name: a, lifetime: 1 day", true},
		{"settings unknown key", settings, "path: /", false},
		{"settings empty name", settings, `name: ""`, false},
		{"settings bad lifetime", settings, "lifetime: a month", false},
		{"settings number", settings, "lifetime: 6", false},

		{"categories empty", minimal + "categories: []", "", false},
		{"default category", minimal + "categories: [{ id: statistics }]", "", true},
		{"necessary", minimal + "categories: [{ id: necessary, necessary: true }]", "", true},
		{"necessary unmarked", minimal + "categories: [{ id: necessary }]", "", false},
		{"necessary false", minimal + "categories: [{ id: necessary, necessary: false }]", "", false},
		{"own category", minimal + "categories: [{ id: own, title: O, description: O }]", "", true},
		{"own category without title", minimal + "categories: [{ id: own, description: O }]", "", false},
		{"category without id", minimal + "categories: [{ title: O, description: O }]", "", false},
		{"category unknown key", minimal + "categories: [{ id: statistics, color: red }]", "", false},
		{"category bad id", minimal + "categories: [{ id: O, title: O, description: O }]", "", false},
		{"category reserved id", minimal + "categories: [{ id: constructor, title: O, description: O }]", "", false},

		{"service", service, "kind: measure", true},
		{"service translated", service, "location: { fr: Ici, en: Here }", true},
		{"service unknown language", service, "location: { fr: Ici, en: Here, xx: There }", false},
		{"service empty text", service, "location: { fr: Ici, en: \"\" }", false},
		{"service no translation", service, "location: {}", false},
		{"service text as list", service, "location: [Here]", false},
		{"service text as number", service, "location: 1", false},
		{"service text as date", service, "location: '2026-11-24'", true},
		{"service unknown key", service, "url: a", false},
		{"service bad kind", service, "kind: analytics", false},
		{"service kind in capitals", service, "kind: Measure", false},
		{"service null", minimal + "services: [~]", "", false},
		{"service empty", minimal + "services: [{}]", "", false},
		{"service bad id", minimal + "services: [{ id: a_b, category: statistics, name: A, provider: S, purpose: P }]", "", false},
		{"service reserved id", minimal + "services: [{ id: temoin, category: statistics, name: A, provider: S, purpose: P }]", "", false},
		{"services as mapping", minimal + "services: { a: {} }", "", false},

		{"preset", minimal + "services: [{ preset: youtube }]", "", true},
		{"preset with own keys", minimal + "services: [{ preset: youtube, id: video, name: Films }]", "", true},
		{"preset unknown", minimal + "services: [{ preset: yootube }]", "", false},
		{"preset unknown, all else there", service, "preset: yootube", false},
		{"preset empty", minimal + "services: [{ preset: \"\" }]", "", false},
		{"preset list", minimal + "services: [{ preset: [youtube] }]", "", false},
		{"preset with unknown key", minimal + "services: [{ preset: youtube, presets: a }]", "", false},
		{"preset with bad key", minimal + "services: [{ preset: youtube, kind: video }]", "", false},

		{"gate", service, "hosts: [a.example, '*.b.example', a.example/maps/], storage: { local: [a], session: [b], databases: [c], caches: [d*] }, signal: clarity", true},
		{"hosts empty", service, "hosts: []", true},
		{"hosts text", service, "hosts: a.example", false},
		{"hosts empty host", service, "hosts: ['']", false},
		{"storage empty", service, "storage: {}", true},
		{"storage unknown key", service, "storage: { cookies: [a] }", false},
		{"storage text", service, "storage: { local: a }", false},
		{"signal unknown", service, "signal: piano", false},
		{"http-only", cookie, "name: a, purpose: P, duration: session, http-only: true", true},
		{"http-only text", cookie, "name: a, purpose: P, duration: session, http-only: yes", false},
		{"gpc", minimal + "gpc: ask", "", true},
		{"gpc refuse", minimal + "gpc: refuse", "", true},
		{"gpc unknown", minimal + "gpc: ignore", "", false},
		{"load", minimal + "load: near", "", true},
		{"load unknown", minimal + "load: never", "", false},
		{"frames", minimal + "frames: ask", "", true},
		{"frames hide", minimal + "frames: hide", "", true},
		{"frames unknown", minimal + "frames: show", "", false},
		{"reload", minimal + "reload: never", "", true},
		{"held-requests", minimal + "held-requests: wait", "", true},
		{"held-requests fail", minimal + "held-requests: fail", "", true},
		{"held-requests unknown", minimal + "held-requests: drop", "", false},
		{"reload unknown", minimal + "reload: sometimes", "", false},
		{"look", minimal + "look: { theme: dsfr, position: corner, scheme: dark }", "", true},
		{"look empty", minimal + "look: {}", "", true},
		{"look unknown theme", minimal + "look: { theme: baroque }", "", false},
		{"look unknown position", minimal + "look: { position: top }", "", false},
		{"look unknown scheme", minimal + "look: { scheme: never }", "", false},
		{"look unknown key", minimal + "look: { colour: red }", "", false},
		{"receipts", minimal + "receipts: off", "", true},
		{"receipts elsewhere", minimal + "receipts: https://consent.example.org/api/consents", "", true},
		{"receipts list", minimal + "receipts: [keep]", "", false},
		{"origins", minimal + "origins: ['https://www.example.org']", "", true},
		{"origins text", minimal + "origins: https://www.example.org", "", false},
		{"aliases", minimal + "aliases: [www.example.org]", "", true},
		{"aliases text", minimal + "aliases: www.example.org", "", false},
		{"administrators", minimal + "administrators: [marie]", "", true},
		{"administrators text", minimal + "administrators: marie", "", false},
		{"retention", minimal + "retention: 25 months", "", true},
		{"retention number", minimal + "retention: 25", "", false},
		{"cookie path", cookie, "name: a, purpose: P, duration: session, http-only: true, path: /a", true},
		{"google", minimal + "google-consent: { types: { ad_storage: third-party }, wait-for-update: 500, layer: tags, url-passthrough: true, ads-data-redaction: true }", "", true},
		{"google layer list", minimal + "google-consent: { layer: [a] }", "", false},
		{"google layer empty", minimal + "google-consent: { layer: '' }", "", false},
		{"google empty", minimal + "google-consent: {}", "", true},
		{"google unknown type", minimal + "google-consent: { types: { ads_storage: third-party } }", "", false},
		{"google wait 10000", minimal + "google-consent: { wait-for-update: 10000 }", "", true},
		{"google wait 10001", minimal + "google-consent: { wait-for-update: 10001 }", "", false},
		{"google wait -1", minimal + "google-consent: { wait-for-update: -1 }", "", false},
		{"google wait text", minimal + "google-consent: { wait-for-update: '500' }", "", false},
		{"google wait 1.5", minimal + "google-consent: { wait-for-update: 1.5 }", "", false},
		{"google unknown key", minimal + "google-consent: { region: FR }", "", false},

		{"cookie", cookie, "name: a, purpose: P, duration: session, party: third", true},
		{"cookie at most", cookie, "name: a, purpose: P, duration: at most 1 weeks", true},
		{"cookie 1000 days", cookie, "name: a, purpose: P, duration: 1000 days", true},
		{"cookie 1001 days", cookie, "name: a, purpose: P, duration: 1001 days", false},
		{"cookie 0 days", cookie, "name: a, purpose: P, duration: 0 days", false},
		{"cookie signed", cookie, "name: a, purpose: P, duration: +1 days", false},
		{"cookie at most session", cookie, "name: a, purpose: P, duration: at most session", false},
		{"cookie two spaces", cookie, "name: a, purpose: P, duration: '1  day'", false},
		{"cookie dayss", cookie, "name: a, purpose: P, duration: 1 dayss", false},
		{"cookie without duration", cookie, "name: a, purpose: P", false},
		{"cookie without name", cookie, "purpose: P, duration: session", false},
		{"cookie bad party", cookie, "name: a, purpose: P, duration: session, party: second", false},
		{"cookie unknown key", cookie, "name: a, purpose: P, duration: session, domain: b", false},

		{"exemption", exempt, "own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true, data-retention: 1 year", true},
		{"exemption false", exempt, "own-use-only: false, anonymous-data: true, single-site: true, not-renewed: true, data-retention: 1 year", false},
		{"exemption without retention", exempt, "own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true", false},
		{"exemption without condition", exempt, "own-use-only: true, anonymous-data: true, single-site: true, data-retention: 1 year", false},
		{"exemption text", exempt, "own-use-only: 'true', anonymous-data: true, single-site: true, not-renewed: true, data-retention: 1 year", false},

		{"texts", minimal + "texts: { fr: { accept: Oui } }", "", true},
		{"texts empty", minimal + "texts: {}", "", true},
		{"texts unknown language", minimal + "texts: { xx: { accept: Oui } }", "", false},
		{"texts unknown key", minimal + "texts: { fr: { yes: Oui } }", "", false},
		{"texts empty text", minimal + "texts: { fr: { accept: \"\" } }", "", false},
		{"texts list", minimal + "texts: { fr: [accept] }", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := strings.ReplaceAll(test.form, "%s", test.part)
			_, err := catalogue.Parse("c.yaml", []byte(text))
			if (err == nil) != test.valid {
				t.Errorf("reader: got %v, want valid %t", err, test.valid)
			}
			var value any
			if err := yaml.Unmarshal([]byte(text), &value); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(jsonOf(value)); (err == nil) != test.valid {
				t.Errorf("schema: got %v, want valid %t", err, test.valid)
			}
		})
	}
}

// TestSchemaTakesShippedCatalogues: an editor finds nothing wrong in them.
func TestSchemaTakesShippedCatalogues(t *testing.T) {
	schema := compiled(t)
	for _, file := range []string{"catalogue.yaml", "rich.yaml"} {
		t.Run(file, func(t *testing.T) {
			if err := schema.Validate(yamlFile(t, "../demo/"+file)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSchemaKeys: the schema has the keys of the types, and so has the reader,
// which lists those it knows when it meets another.
func TestSchemaKeys(t *testing.T) {
	definitions := schemaDefinitions(t)
	types := []reflect.Type{
		reflect.TypeFor[catalogue.Catalogue](), reflect.TypeFor[consent.Site](), reflect.TypeFor[consent.Links](),
		reflect.TypeFor[consent.CookieSettings](), reflect.TypeFor[consent.Category](), reflect.TypeFor[consent.Service](),
		reflect.TypeFor[consent.Exemption](), reflect.TypeFor[consent.Cookie](), reflect.TypeFor[consent.Storage](),
		reflect.TypeFor[catalogue.GoogleConsent](), reflect.TypeFor[catalogue.Look](),
	}
	if got, want := len(definitions), len(types)+len([]string{"Text", "Duration"}); got != want {
		t.Errorf("got %d definitions, want %d", got, want)
	}
	for _, typ := range types {
		t.Run(typ.Name(), func(t *testing.T) {
			var want []string
			for _, field := range reflect.VisibleFields(typ) {
				if field.Anonymous {
					continue
				}
				name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				want = append(want, name)
			}
			if typ == reflect.TypeFor[consent.Service]() {
				want = append(want, "preset") // stands for others
			}
			slices.Sort(want)
			got := definitions[typ.Name()]
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	_, err := catalogue.Parse("c.yaml", []byte(minimal+"unknown: key"))
	for _, name := range definitions["Catalogue"] {
		if !strings.Contains(fmt.Sprint(err), name) {
			t.Errorf("the reader does not know %q: got %v", name, err)
		}
	}
}

// schemaDefinitions returns the keys of each type in the schema, sorted; those
// of the file itself as Catalogue.
func schemaDefinitions(t *testing.T) map[string][]string {
	t.Helper()
	text, err := catalogue.Schema()
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]any
	}
	var root struct {
		object
		Definitions map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{"Catalogue": slices.Sorted(maps.Keys(root.Properties))}
	for name, definition := range root.Definitions {
		keys[name] = slices.Sorted(maps.Keys(definition.Properties))
	}
	return keys
}

func yamlFile(t *testing.T, file string) any {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := yaml.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	return jsonOf(value)
}
