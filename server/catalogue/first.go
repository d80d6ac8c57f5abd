package catalogue

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// First is what a first catalogue is written of.
type First struct {
	// Name and URL are the site's, as its visitors know it.
	Name, URL string
	// Languages are those that the site asks in, the default one first.
	Languages []string
	// Presets are the names of the services to begin with; see [Presets].
	Presets []string
}

// Write returns the file: as short as it can be, with comments that say what else
// there is. It is a good catalogue; where the answers make none, the error is
// [Problems].
func (f First) Write() ([]byte, error) {
	known, err := Presets()
	if err != nil {
		return nil, err
	}
	for _, preset := range f.Presets {
		if !slices.Contains(known, preset) {
			return nil, fmt.Errorf("no preset %q; there are %s", preset, strings.Join(known, ", "))
		}
	}
	spoken, err := Languages()
	if err != nil {
		return nil, err
	}
	for _, lang := range f.Languages {
		if spoken[lang] == nil {
			return nil, fmt.Errorf("no language %q; there are %s", lang, strings.Join(slices.Sorted(maps.Keys(spoken)), ", "))
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `# What this site asks its visitors' consent for.
# "temoin check FILE" says what is wrong in it, and what would be right.

site:
  name: %s
  url: %s

# The first one is what a visitor sees whose own language is not listed.
languages: [%s]

`, scalar(f.Name), scalar(f.URL), strings.Join(f.Languages, ", "))
	b.WriteString(`# Who sets cookies, and what for. A preset fills in the provider, the hosts, the
# cookies and their durations of a service that is known; each of its keys can be
# written anew. Cookies of the site itself stand in a service of the category
# necessary: remove the # from the example, and put your own words in.
`)
	if len(f.Presets) == 0 {
		b.WriteByte('#')
	}
	b.WriteString("services:\n")
	for _, preset := range f.Presets {
		fmt.Fprintf(&b, "  - preset: %s\n", preset)
	}
	b.WriteString(`#  - id: session
#    category: necessary
#    name: Session
#    provider: This site
#    purpose: Remember the visitor from one page to the next.
#    cookies:
#      - { name: sessionid, purpose: Remember the visitor from one page to the next., duration: 2 weeks }
`)
	_, err = Parse("the new catalogue", b.Bytes())
	return b.Bytes(), err
}

// scalar writes text so that YAML reads the same.
func scalar(text string) string {
	data, err := yaml.Marshal(text)
	if err != nil || strings.Count(string(data), "\n") != 1 {
		return fmt.Sprintf("%q", text)
	}
	return strings.TrimSpace(string(data))
}
