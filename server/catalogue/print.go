package catalogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Print returns the catalogue as a file that [Parse] reads as the same: without
// what goes without saying, and without comments.
func Print(c *Catalogue) ([]byte, error) {
	file, err := YAML(c)
	if err != nil {
		return nil, err
	}
	implied, err := YAML(implied(c))
	if err != nil {
		return nil, err
	}
	dropImplied(file, implied)
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return nil, fmt.Errorf("print catalogue: %w", err)
	}
	return text.Bytes(), nil
}

// implied returns what a file says that has nothing but c's site and languages.
func implied(c *Catalogue) *Catalogue {
	d := defaultCatalogue()
	d.Languages = c.Languages
	if languages, err := Languages(); err == nil { // else nothing is implied, and all is printed
		complete(d, languages)
	}
	return d
}

// YAML returns the keys and values of v, which JSON names, as YAML in its plain style.
func YAML(v any) (*yaml.Node, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write as YAML: %w", err)
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil { // JSON is YAML
		return nil, fmt.Errorf("write as YAML: %w", err)
	}
	plain(&document)
	return document.Content[0], nil
}

func plain(node *yaml.Node) {
	node.Style = 0
	for _, child := range node.Content {
		plain(child)
	}
}

// dropImplied removes the keys of the file that have the implied values, and
// the texts of categories that have the default ones.
func dropImplied(file, implied *yaml.Node) {
	mustSay := []string{"site", "languages"}
	for i := 0; i+1 < len(file.Content); {
		key, value := file.Content[i].Value, file.Content[i+1]
		other := valueOf(implied, key)
		switch {
		case value.ShortTag() == "!!null", other != nil && same(value, other) && !slices.Contains(mustSay, key):
			file.Content = slices.Delete(file.Content, i, i+2)
			continue
		case key == "categories":
			for _, category := range value.Content {
				dropTexts(category, other)
			}
		case value.Kind == yaml.MappingNode && other != nil && !slices.Contains(mustSay, key):
			dropImplied(value, other)
		}
		i += 2
	}
}

// dropTexts removes the texts of a category that is one of the defaults.
func dropTexts(category, defaults *yaml.Node) {
	for _, other := range defaults.Content {
		if !same(category, other) {
			continue
		}
		for i := 0; i+1 < len(category.Content); {
			if key := category.Content[i].Value; key == "title" || key == "description" {
				category.Content = slices.Delete(category.Content, i, i+2)
				continue
			}
			i += 2
		}
		return
	}
}

func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func same(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, same)
}
