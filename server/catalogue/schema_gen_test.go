package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"temoin.example/temoin/app"
	"temoin.example/temoin/app/consent"
)

// Schema returns the JSON Schema of catalogue files, with which editors
// complete and check them while they are written. It says what the types and
// the decoder say; what [Parse] checks beyond that, only [Parse] knows.
func Schema() ([]byte, error) {
	languages, err := Languages()
	if err != nil {
		return nil, err
	}
	codes := slices.Sorted(maps.Keys(languages))
	reflector := jsonschema.Reflector{
		Anonymous:      true, // the file has no address
		ExpandedStruct: true,
		Mapper:         scalarSchema,
	}
	root := reflector.ReflectFromType(reflect.TypeFor[Catalogue]())
	root.Title = "Témoin catalogue"
	addDescriptions(root, "Catalogue")
	for name, definition := range root.Definitions {
		addDescriptions(definition, name)
	}
	presets, err := Presets()
	if err != nil {
		return nil, err
	}
	refine(root, codes, presets)

	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return text.Bytes(), nil
}

// addDescriptions gives each key the words that say what it is for.
func addDescriptions(s *jsonschema.Schema, name string) {
	if s.Properties == nil {
		return
	}
	for pair := s.Properties.Oldest(); pair != nil; pair = pair.Next() {
		pair.Value.Description = descriptions[name][pair.Key]
	}
}

// scalarSchema returns the schema of the types that are written as one text,
// and nil for all others. The reflector adds to what it is given, so each call
// returns a new one.
func scalarSchema(t reflect.Type) *jsonschema.Schema {
	switch {
	case t == reflect.TypeFor[consent.Text](), t == reflect.TypeFor[consent.Duration]():
		return &jsonschema.Schema{Ref: "#/$defs/" + t.Name()}
	case enums[t] != nil:
		return oneOf(enums[t])
	case t.Kind() == reflect.String:
		return nonEmpty()
	}
	return nil
}

// textSchema describes [consent.Text]: a plain text, or one per language.
func textSchema(codes []string) *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{nonEmpty(), {
		Type:                 "object",
		PropertyNames:        oneOf(codes),
		AdditionalProperties: nonEmpty(),
		MinProperties:        one(),
	}}}
}

// durationSchema describes what [consent.ParseDuration] reads.
func durationSchema() *jsonschema.Schema {
	var units []string
	for _, unit := range consent.Units() {
		units = append(units, string(unit))
	}
	return &jsonschema.Schema{
		Type:    "string",
		Pattern: `^(session|(at most )?([1-9][0-9]{0,2}|1000) (` + strings.Join(units, "|") + `)s?)$`,
	}
}

// refine adds what the types do not say: which keys may be left out, and which
// values the decoder refuses.
func refine(root *jsonschema.Schema, codes, presets []string) {
	root.Definitions["Text"], root.Definitions["Duration"] = textSchema(codes), durationSchema()
	root.Required = required(reflect.TypeFor[Catalogue]())
	for _, t := range []reflect.Type{
		reflect.TypeFor[consent.Site](), reflect.TypeFor[consent.Links](), reflect.TypeFor[consent.CookieSettings](),
		reflect.TypeFor[consent.Category](), reflect.TypeFor[consent.Service](), reflect.TypeFor[consent.Exemption](),
		reflect.TypeFor[consent.Cookie](), reflect.TypeFor[consent.Storage](), reflect.TypeFor[Look](), reflect.TypeFor[GoogleConsent](),
	} {
		root.Definitions[t.Name()].Required = required(t)
	}

	languages := property(root, "languages")
	languages.Items, languages.MinItems, languages.UniqueItems = oneOf(codes), one(), true
	property(root, "categories").MinItems = one()
	texts := property(root, "texts")
	texts.PropertyNames = oneOf(codes)
	texts.AdditionalProperties.PropertyNames = oneOf(names(fieldsOf(reflect.TypeFor[app.Texts]())))

	refineID(property(root.Definitions["Category"], "id"))
	refineID(property(root.Definitions["Service"], "id"))
	refineCategory(root.Definitions["Category"])
	refineService(root.Definitions["Service"], presets)
	types := property(root.Definitions["GoogleConsent"], "types")
	types.PropertyNames = oneOf(GoogleConsentTypes())
	wait := property(root.Definitions["GoogleConsent"], "wait-for-update")
	wait.Minimum, wait.Maximum = "0", json.Number(strconv.Itoa(maxGoogleWait))
	for pair := root.Definitions["Exemption"].Properties.Oldest(); pair != nil; pair = pair.Next() {
		if pair.Value.Type == "boolean" {
			pair.Value.Const = true
		}
	}
}

func refineID(id *jsonschema.Schema) {
	id.Pattern = `^[a-z][a-z0-9-]*$`
	id.Not = &jsonschema.Schema{Pattern: reservedPattern}
}

// refineCategory lets the default categories go without texts, and wants the
// necessary one to be marked.
func refineCategory(category *jsonschema.Schema) {
	isNecessary := jsonschema.NewProperties()
	isNecessary.Set("id", &jsonschema.Schema{Const: necessary})
	marked := jsonschema.NewProperties()
	marked.Set("necessary", &jsonschema.Schema{Const: true})
	isDefault := jsonschema.NewProperties()
	isDefault.Set("id", oneOf(defaultIDs))

	category.AllOf = []*jsonschema.Schema{{
		If:   &jsonschema.Schema{Properties: isNecessary, Required: []string{"id"}},
		Then: &jsonschema.Schema{Properties: marked, Required: []string{"necessary"}},
	}, {
		If:   &jsonschema.Schema{Properties: isDefault},
		Else: &jsonschema.Schema{Required: []string{"title", "description"}},
	}}
}

// refineService lets a service name a preset, which has all that is required.
func refineService(service *jsonschema.Schema, presets []string) {
	preset := oneOf(presets)
	preset.Description = "Name of a ready entry, whose keys stand where this service has none of its own. Its id is the preset's name unless another is given."
	service.Properties.Set(presetKey, preset)
	service.Properties.MoveToFront(presetKey)
	service.AnyOf = []*jsonschema.Schema{{Required: []string{presetKey}}, {Required: service.Required}}
	service.Required = nil
}

// property returns the schema of a key that has to be there.
func property(s *jsonschema.Schema, name string) *jsonschema.Schema {
	found, _ := s.Properties.Get(name)
	return found
}

func required(t reflect.Type) []string {
	wanted := slices.DeleteFunc(fieldsOf(t), func(f field) bool { return !f.required })
	return names(wanted)
}

func nonEmpty() *jsonschema.Schema { return &jsonschema.Schema{Type: "string", MinLength: one()} }

func oneOf(values []string) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, value := range values {
		s.Enum = append(s.Enum, value)
	}
	return s
}

func one() *uint64 { return new(uint64(1)) }
