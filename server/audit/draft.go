package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// Draft returns a catalogue that declares what was seen: the given one, nil for
// none, with all that it lacks. What presets know is taken from them; what nobody
// knows is put where it needs consent, with "to be completed" for what the site's
// people have to say of it. It is a good file, as [catalogue.Parse] reads it; what
// would spoil it is left out, and named in a comment.
func Draft(o *Observation, c *catalogue.Catalogue) ([]byte, error) {
	k, err := readKnown()
	if err != nil {
		return nil, err
	}
	d := &drafter{observation: o}
	base := &catalogue.Catalogue{}
	if c != nil {
		base = c
	}
	if d.file, err = firstNode(o, c); err != nil {
		return nil, err
	}
	for _, s := range gather(o, base, k).list {
		if !s.declared {
			d.add(base, s)
		}
	}
	text, err := d.text()
	if err != nil {
		return nil, err
	}
	_, err = catalogue.Parse("the draft", text)
	return text, err
}

// drafter adds to a catalogue's file.
type drafter struct {
	observation *Observation
	file        *yaml.Node
	left        []string // what could not be added
}

// firstNode returns the file that a draft begins with.
func firstNode(o *Observation, c *catalogue.Catalogue) (*yaml.Node, error) {
	if c == nil {
		address, err := siteAddress(o.Site)
		if err != nil {
			return nil, err
		}
		return nodeOf(struct {
			Site      map[string]string `json:"site"`
			Languages []string          `json:"languages"`
		}{map[string]string{"name": hostOf(o.Site), "url": address}, firstLanguages}), nil
	}
	text, err := catalogue.Print(c)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("begin the draft: %w", err)
	}
	return document.Content[0], nil
}

// siteAddress returns a site's address as a catalogue has it: https, but for this
// machine's own.
func siteAddress(site string) (string, error) {
	u, err := parseAddress(site)
	if err != nil {
		return "", fmt.Errorf("read the address of the site: %w", err)
	}
	if host := u.Hostname(); u.Scheme == "http" && host != "localhost" && host != "127.0.0.1" {
		return "https://" + host, nil
	}
	return u.Scheme + "://" + u.Host, nil
}

// add declares what was seen. What makes the file a bad one is taken back.
func (d *drafter) add(base *catalogue.Catalogue, s *sighting) {
	before, err := yaml.Marshal(d.file)
	if err != nil {
		panic(err) // it was written so before
	}
	switch {
	case s.preset != nil:
		d.addPreset(s.preset.ID)
	case len(s.services) > 0:
		d.change(s.services[0], func(service *consent.Service) { addTo(base, service, s) })
	default:
		d.addUnknown(base, s)
	}
	text, err := d.text()
	if err == nil {
		_, err = catalogue.Parse("the draft", text)
	}
	if err == nil {
		return
	}
	d.left = append(d.left, s.subject.String())
	var document yaml.Node
	if err := yaml.Unmarshal(before, &document); err != nil {
		panic(err) // it was read so before
	}
	d.file = document.Content[0]
}

// services returns the list of services, which it adds where there is none.
func (d *drafter) services() *yaml.Node {
	for i := 0; i+1 < len(d.file.Content); i += 2 {
		if d.file.Content[i].Value == "services" {
			return d.file.Content[i+1]
		}
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	d.file.Content = append(d.file.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "services"}, list)
	return list
}

// find returns the node of the service that a key names so, or nil.
func (d *drafter) find(key, value string) *yaml.Node {
	list := d.services().Content
	i := slices.IndexFunc(list, func(service *yaml.Node) bool {
		for i := 0; i+1 < len(service.Content); i += 2 {
			if service.Content[i].Value == key && service.Content[i+1].Value == value {
				return true
			}
		}
		return false
	})
	if i < 0 {
		return nil
	}
	return list[i]
}

func (d *drafter) addPreset(name string) {
	if d.find("preset", name) == nil && d.find("id", name) == nil {
		d.append(nodeOf(map[string]string{"preset": name}))
	}
}

func (d *drafter) append(service *yaml.Node) {
	list := d.services()
	list.Content = append(list.Content, service)
	list.Style = 0
}

func (d *drafter) addUnknown(base *catalogue.Catalogue, s *sighting) {
	service := newService(base, s)
	if service == nil {
		d.append(&yaml.Node{Kind: yaml.ScalarNode}) // no service: it is taken back, and named
		return
	}
	if d.find("id", service.ID) == nil {
		d.append(nodeOf(service))
	}
	d.change(service.ID, func(service *consent.Service) { addTo(base, service, s) })
}

// change changes a service of the file.
func (d *drafter) change(id string, change func(*consent.Service)) {
	node := d.find("id", id)
	if node == nil {
		return
	}
	service, err := catalogue.ServiceOf(node)
	if err != nil {
		panic(err) // it is a service of a catalogue that was read
	}
	change(&service)
	*node = *nodeOf(service)
}

func (d *drafter) text() ([]byte, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Written by temoin audit of %s on %s, from what it saw.\n", d.observation.Site, d.observation.Started.Format("2006-01-02"))
	text.WriteString("# Who knows the site has to read it over: what is \"à compléter\", what is missing, and what should not be there.\n")
	for _, left := range d.left {
		fmt.Fprintf(&text, "# Left out, as a catalogue cannot have it so: %s\n", cmp.Or(strings.ReplaceAll(left, "\n", " "), "?"))
	}
	text.WriteByte('\n')
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(d.file); err != nil {
		return nil, fmt.Errorf("write the draft: %w", err)
	}
	return text.Bytes(), nil
}
