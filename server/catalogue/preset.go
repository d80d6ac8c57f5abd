package catalogue

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/web"
)

// presetKey is the key of a service that names a preset: a ready entry of
// web/presets, whose keys stand where the service has none of its own.
const presetKey = "preset"

// presets returns the mapping of each preset by its name. It is shared: copy
// what you take.
var presets = sync.OnceValues(func() (map[string]*yaml.Node, error) {
	return readPresets(web.Presets())
})

func readPresets(files fs.FS) (map[string]*yaml.Node, error) {
	list, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list presets: %w", err)
	}
	presets := map[string]*yaml.Node{}
	for _, file := range list {
		data, err := fs.ReadFile(files, file)
		if err != nil {
			return nil, fmt.Errorf("read preset: %w", err)
		}
		root, problem := parse(data)
		if problem != nil {
			problem.File = file
			return nil, fmt.Errorf("read preset: %w", Problems{*problem})
		}
		if root.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("read preset %s: %w", file, errors.New("want keys with values"))
		}
		presets[strings.TrimSuffix(file, ".yaml")] = root
	}
	return presets, nil
}

// Presets returns the names of the presets, sorted.
func Presets() ([]string, error) {
	presets, err := presets()
	return slices.Sorted(maps.Keys(presets)), err
}

// merger puts presets under the services that name them.
type merger struct {
	presets map[string]*yaml.Node
	// listed are the languages that the site lists, known those there are texts for.
	listed, known []string
}

// newMerger returns the merger for the catalogue with that root.
func newMerger(root *yaml.Node, languages map[string]*Language) (*merger, error) {
	presets, err := presets()
	if err != nil {
		return nil, err
	}
	m := &merger{presets: presets, known: slices.Sorted(maps.Keys(languages))}
	if list := member(root, "languages"); list != nil {
		for _, item := range list.Content {
			m.listed = append(m.listed, item.Value)
		}
	}
	return m, nil
}

// member returns the value of a key in a mapping, or nil.
func member(mapping *yaml.Node, key string) *yaml.Node {
	if mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// preset puts the preset that the service at that path names under its own
// keys. It returns false where there is no such preset: then nothing else of the
// service is worth a word.
func (d *decoder) preset(at path) bool {
	service, place := d.nodes[at], at.key(presetKey)
	named := member(service, presetKey)
	if d.merger == nil || named == nil {
		return true
	}
	d.nodes[place] = named
	name, ok := d.scalar(place, "the name of a preset")
	preset := d.merger.presets[name]
	if ok && preset == nil {
		d.fail(place, fmt.Sprintf("there is no preset %q", name), suggestion(name, slices.Sorted(maps.Keys(d.merger.presets))))
	}
	if preset == nil {
		d.failed[at] = true
		return false
	}
	d.nodes[at] = d.merger.merge(service, preset, named)
	return true
}

// merge returns the service with those keys of the preset that it does not have,
// each at the place where the preset is named, so that what is wrong with one
// is reported in the file that its reader can change. A service without an id
// has the preset's name for one.
func (m *merger) merge(service, preset, named *yaml.Node) *yaml.Node {
	merged := *service
	merged.Content = slices.Clone(service.Content)
	add := func(key, value *yaml.Node) {
		if value != nil && member(service, key.Value) == nil {
			merged.Content = append(merged.Content, m.copy(key, named), value)
		}
	}
	add(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "id"}, named)
	for i := 0; i+1 < len(preset.Content); i += 2 {
		add(preset.Content[i], m.copy(preset.Content[i+1], named))
	}
	return &merged
}

// copy returns a copy of a preset's node at another place, without the texts in
// languages that the site does not list. It returns nil for a text of which
// nothing remains: then it is missing, as one is that was never written.
func (m *merger) copy(node, place *yaml.Node) *yaml.Node {
	moved := *node
	moved.Line, moved.Column, moved.Content = place.Line, place.Column, nil
	isText := m.isText(node)
	for i, child := range node.Content {
		if node.Kind != yaml.MappingNode {
			moved.Content = append(moved.Content, m.copy(child, place))
			continue
		}
		if i%2 == 0 || isText && !slices.Contains(m.listed, node.Content[i-1].Value) {
			continue
		}
		if value := m.copy(child, place); value != nil {
			moved.Content = append(moved.Content, m.copy(node.Content[i-1], place), value)
		}
	}
	if isText && len(moved.Content) == 0 {
		return nil
	}
	return &moved
}

// isText reports whether a node is a wording by language.
func (m *merger) isText(node *yaml.Node) bool {
	if node.Kind != yaml.MappingNode || len(node.Content) == 0 {
		return false
	}
	for i := 0; i < len(node.Content); i += 2 {
		if !slices.Contains(m.known, node.Content[i].Value) {
			return false
		}
	}
	return true
}

// PresetServices returns the services that the presets describe, by their names,
// which are their ids. The list is sorted.
func PresetServices() ([]consent.Service, error) {
	names, err := Presets()
	if err != nil {
		return nil, err
	}
	all, err := presets()
	if err != nil {
		return nil, err
	}
	var list []consent.Service
	for _, name := range names {
		service, err := ServiceOf(all[name])
		if err != nil {
			return nil, fmt.Errorf("read preset %s: %w", name, err)
		}
		service.ID = name
		completeService(&service)
		list = append(list, service)
	}
	return list, nil
}

// ServiceOf reads a service of a file that has been found good: it reports no mistakes
// by their places, as [Parse] does.
func ServiceOf(node *yaml.Node) (service consent.Service, err error) {
	var values any
	if err := node.Decode(&values); err != nil {
		return service, err
	}
	data, err := json.Marshal(values)
	if err != nil {
		return service, err
	}
	return service, json.Unmarshal(data, &service)
}

// calculated are the keys that a site puts before those of its catalogue, for its own server.
var calculated = []string{"rev", "lifetime", "marks"}

// Published reads the catalogue that a site serves at /temoin/catalogue.json, as
// strictly as [Parse] reads a file; name is its address in what is reported.
func Published(name string, data []byte) (*Catalogue, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	for _, key := range calculated {
		delete(values, key)
	}
	written, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return Parse(name, written)
}
