package server

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"temoin.example/temoin/server/catalogue"
)

// extension is that of catalogues.
const extension = ".yaml"

// catalogueFiles returns the stamps of the catalogues in a folder, by the names of
// their sites. Files of other kinds and hidden ones are left aside; a catalogue that
// is not named by a host is an error.
func catalogueFiles(folder string) (map[string]stamp, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read -sites: %w", err)
	}
	found := map[string]stamp{}
	var faults []error
	for _, entry := range entries {
		name, isCatalogue := strings.CutSuffix(entry.Name(), extension)
		if !isCatalogue || strings.HasPrefix(name, ".") {
			continue
		}
		if !IsSiteName(name) {
			faults = append(faults, fmt.Errorf("%s: the name is no host; want one such as data.example.org%s, in lower case", filepath.Join(folder, entry.Name()), extension))
			continue
		}
		if seen := stampOf(CataloguePath(folder, name)); seen != (stamp{}) {
			found[name] = seen
		}
	}
	if len(found) == 0 {
		faults = append(faults, fmt.Errorf("%s holds no catalogue; want files such as data.example.org%s, named by the site's host", folder, extension))
	}
	return found, errors.Join(faults...)
}

// IsSiteName reports whether a site of many may have that name, which is the host that
// it answers at, and the folder of its receipts: in lower-case ASCII, with a dot, or
// localhost. So no site is named as the folders that lie there.
func IsSiteName(name string) bool {
	return catalogue.IsHost(name) && (strings.Contains(name, ".") || name == "localhost")
}

// CheckedSite is what a catalogue of a folder was found to be.
type CheckedSite struct {
	Name, Path string
	Catalogue  *catalogue.Catalogue // nil where Err is not
	Err        error
}

// CheckSites reads all catalogues of a folder as [NewSites] does, in the order of their
// names. The error is about the folder, and files in it that are no site's.
func CheckSites(folder string) ([]CheckedSite, error) {
	found, err := catalogueFiles(folder)
	held := map[string]string{}
	for name := range found {
		held[name] = name
	}
	var checked []CheckedSite
	for _, name := range byAge(found) {
		site := CheckedSite{Name: name, Path: CataloguePath(folder, name)}
		site.Catalogue, site.Err = catalogue.Load(site.Path)
		if site.Err == nil {
			site.Err = checkHosts(name, site.Catalogue, "", held)
		}
		if site.Err == nil {
			for _, host := range hostsOf(name, site.Catalogue) {
				held[host] = name
			}
		}
		checked = append(checked, site)
	}
	slices.SortFunc(checked, func(a, b CheckedSite) int { return strings.Compare(a.Name, b.Name) })
	return checked, err
}

// byAge returns the names of catalogues, those of the older files first: of two that want
// one host, it is the newer that is refused, at a start as while the server runs.
func byAge(stamps map[string]stamp) []string {
	return slices.SortedFunc(maps.Keys(stamps), func(a, b string) int {
		return cmp.Or(cmp.Compare(stamps[a].changed, stamps[b].changed), strings.Compare(a, b))
	})
}

// CataloguePath returns the file of a site's catalogue in a folder of many.
func CataloguePath(folder, name string) string { return filepath.Join(folder, name+extension) }

// look takes over the catalogues that were added, changed or removed since the last
// look, and makes one of the sites that nobody has asked for.
func (s *Sites) look() {
	found, err := s.list()
	if err != nil {
		return
	}
	changed := map[string]stamp{}
	for name, seen := range found {
		t := s.tenants[name]
		if t == nil || t.seen != seen || t.unread != "" || s.freed && t.refusal() != nil { // a host may have become free
			changed[name] = seen
		}
		if t != nil {
			t.missing = false
		}
	}
	s.freed = false
	for name, t := range s.tenants {
		if _, found := found[name]; !found && t.seen != (stamp{}) {
			s.lose(t)
		}
	}
	if len(changed) > 0 {
		s.takeOver(changed)
	}
	s.rouse()
	s.gauge()
}

// list returns the catalogues that are there. A folder that cannot be read, or is
// empty at once, is an error: then all sites stay, a disk that is not mounted closes
// none. What is no catalogue is logged.
func (s *Sites) list() (map[string]stamp, error) {
	found, err := catalogueFiles(s.config.Folder)
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != "" && said != s.unread {
		s.log.Error("the folder of -sites", "error", err)
	}
	s.unread = said
	s.folderWrong.Store(said != "")
	if len(found) == 0 {
		return nil, err
	}
	return found, nil
}

// lose takes a site away whose file was not there at two looks: editors replace files,
// and one look may fall between. Its receipts stay where they are.
func (s *Sites) lose(t *tenant) {
	if !t.missing {
		t.missing = true
		return
	}
	t.seen, t.unread, t.missing = stamp{}, "", false
	t.catalogue.Store(nil)
	t.setFault(nil)
	s.freed = true
	s.publish()
	s.running.Go(func() { // requests that run end first
		if err := t.close(); err != nil {
			t.log().Error("close the site", "error", err)
		}
	})
	t.log().Info("site removed, its receipts stay")
}

// readAll reads all catalogues anew, changed or not. Whoever asked for it is told in any
// case what is wrong.
func (s *Sites) readAll() {
	for _, t := range s.tenants {
		t.unread = ""
	}
	if found, err := s.list(); err == nil {
		s.takeOver(found)
	}
}

// rouse makes one of the sites that nobody has asked for: their receipts grow old,
// visitors or not.
func (s *Sites) rouse() {
	for _, name := range slices.Sorted(maps.Keys(s.tenants)) {
		if t := s.tenants[name]; t.catalogue.Load() != nil && t.isAsleep() && t.wake() == nil {
			return
		}
	}
}
