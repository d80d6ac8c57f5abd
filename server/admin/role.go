package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Role is what somebody may do in the dashboard. Each may do what those before it may.
type Role int

// The roles.
const (
	Nobody   Role = iota
	Reader        // sees the figures, and the receipt of an id
	Exporter      // takes receipts along
	Eraser        // erases the receipt of an id
)

// roleNames are what the roles are called on the command line and in the store.
var roleNames = []string{Reader: "read", Exporter: "export", Eraser: "erase"}

// String returns the role's name, "nobody" where there is none.
func (r Role) String() string {
	if r <= Nobody || int(r) >= len(roleNames) {
		return "nobody"
	}
	return roleNames[r]
}

// ParseRole returns the role of that name.
func ParseRole(name string) (Role, error) {
	i := slices.Index(roleNames, name)
	if i <= int(Nobody) {
		return Nobody, fmt.Errorf("no role %q; there are %s", name, strings.Join(roleNames[Reader:], ", "))
	}
	return Role(i), nil
}

// RoleSetting is the name of the store's setting that holds what whoever has the
// password may do. A store of before there were roles has none: Exporter.
const RoleSetting = "admin-role"

func passwordRole(ctx context.Context, s Settings) (Role, error) {
	name, err := s.Setting(ctx, RoleSetting)
	if err != nil || name == "" {
		return Exporter, err
	}
	role, err := ParseRole(name)
	if err != nil {
		return Nobody, fmt.Errorf("the kept role of the password: %w; set the password again: temoin admin password", err)
	}
	return role, nil
}

// Site is another site of the same program, whose dashboard somebody may see.
type Site struct{ Name, URL string }

// Sites are those that the proxy's user may see, this one among them; none where there
// is no other. Who has a password has that of this site alone.
func (c *call) Sites() []Site {
	if c.user == "" || c.config.Sites == nil {
		return nil
	}
	sites := c.config.Sites(c.user)
	if len(sites) < 2 {
		return nil
	}
	for i := range sites {
		sites[i].URL += c.link(Path)
	}
	return sites
}

// MayExport and MayErase are for templates.
func (c *call) MayExport() bool { return c.role >= Exporter }
func (c *call) MayErase() bool  { return c.role >= Eraser }
