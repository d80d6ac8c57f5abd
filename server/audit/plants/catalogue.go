package plants

import (
	"fmt"
	"strings"
)

// Catalogue returns the site's catalogue as YAML: its services, with what its plants declare.
func (s Site) Catalogue() string {
	var b strings.Builder
	fmt.Fprintf(&b, "site: { name: Plants, url: \"https://%s\" }\nlanguages: [fr, en]\nreceipts: off\nservices:\n", s.Host)
	for _, service := range s.Services {
		fmt.Fprintf(&b, "  - id: %s\n    category: %s\n    name: S\n    provider: P\n    purpose: P\n", service.ID, service.Category)
		for _, line := range service.More {
			fmt.Fprintf(&b, "    %s\n", line)
		}
		s.prepared().declare(&b, service.ID)
	}
	return b.String()
}

// declare writes the cookies, hosts and keys that plants declare in a service.
func (s Site) declare(b *strings.Builder, service string) {
	var cookies, hosts, local, session []string
	for _, plant := range s.Plants {
		if plant.Declared.Service != service {
			continue
		}
		if plant.Declared.Cookie != "" {
			cookies = append(cookies, fmt.Sprintf("{ name: %s, purpose: P, %s }", plant.Name, plant.Declared.Cookie))
		}
		if plant.Declared.Host {
			hosts = append(hosts, plant.Name+".test")
		}
		if plant.Declared.Local {
			local = append(local, plant.Name)
		}
		if plant.Declared.Session {
			session = append(session, plant.Name)
		}
	}
	if len(cookies) > 0 {
		fmt.Fprintf(b, "    cookies:\n      - %s\n", strings.Join(cookies, "\n      - "))
	}
	if len(hosts) > 0 {
		fmt.Fprintf(b, "    hosts: [%s]\n", strings.Join(hosts, ", "))
	}
	if len(local)+len(session) > 0 {
		fmt.Fprintf(b, "    storage: { local: [%s], session: [%s] }\n", strings.Join(local, ", "), strings.Join(session, ", "))
	}
}
