package audit

import (
	"slices"
	"strings"
	"time"
)

// storedKey tells what is stored apart.
type storedKey struct {
	kind        StoredKind
	origin, key string
}

// found is what stored.js found in a document.
type found struct {
	Origin string   `json:"origin"`
	Kept   []item   `json:"kept"`
	Hints  []string `json:"hints"`
}

// item is one thing that is stored.
type item struct {
	Kind  StoredKind `json:"kind"`
	Key   string     `json:"key"`
	Value string     `json:"value"`
}

// take takes in what documents keep. What no document of its origin has any more is no longer left:
// so all is cleared before anything is set.
func (r *recorder) take(documents map[string]found) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range documents {
		for key, known := range r.kept {
			if key.origin == f.Origin {
				known.Left = false
			}
		}
	}
	for frame, f := range documents {
		for _, one := range f.Kept {
			r.keep(f.Origin, one)
		}
		for _, address := range f.Hints {
			r.hint(frame, address)
		}
	}
}

// keep takes in one thing that is stored. The lock is held.
func (r *recorder) keep(origin string, one item) {
	r.remember(one.Value)
	key := storedKey{one.Kind, origin, one.Key}
	known := r.kept[key]
	if known == nil {
		known = &Stored{Kind: one.Kind, Origin: origin, Key: one.Key, Page: r.page, At: r.since(time.Now()), Phase: r.phase, Phases: []Phase{r.phase},
			ThirdParty: !r.site.ownsURL(origin)}
		r.kept[key] = known
	} else if known.Hash != hashOf(one.Value) {
		known.Phases = append(known.Phases, r.phase)
	}
	known.Bytes, known.Hash, known.Left = len(one.Value), hashOf(one.Value), true
}

// hint takes in a server that a document asks the browser to prepare for, once a page. The lock is held.
func (r *recorder) hint(frame, address string) {
	if slices.ContainsFunc(r.hints, func(h hint) bool { return h.url == address && h.page == r.page }) {
		return
	}
	h := hint{url: address, page: r.page, at: time.Now()}
	if !r.isPage(frame) {
		h.frame = frame
	}
	r.hints = append(r.hints, h)
}

// stored returns what was kept beside cookies, with who did it where a script was seen doing it.
func (r *recorder) stored() []Stored {
	for _, n := range r.notes {
		kind := StoredKind(n.Kind)
		if !slices.Contains([]StoredKind{LocalStorage, SessionStorage, IndexedDB, CacheStorage}, kind) {
			continue
		}
		key := storedKey{kind, originOf(n.Frame), n.Key}
		if key.origin == "" {
			continue
		}
		known := r.kept[key]
		if known == nil {
			known = &Stored{Kind: kind, Origin: key.origin, Key: n.Key, Bytes: len(n.Value), Hash: hashOf(n.Value), Page: n.page,
				At: r.since(n.at), Phase: r.phaseAt(n.at), ThirdParty: !r.site.ownsURL(key.origin)}
			r.kept[key] = known
		}
		if known.Set.Kind == "" {
			known.Set = r.setterOf(n)
			if at := r.since(n.at); at < known.At {
				known.At, known.Phase, known.Page = at, r.phaseAt(n.at), n.page
			}
		}
		known.Phases = append(known.Phases, r.phaseAt(n.at))
	}
	list := []Stored{}
	for _, known := range r.kept {
		known.Page, known.Phases = r.unsaid(known.Page), inOrder(known.Phases)
		list = append(list, *known)
	}
	slices.SortFunc(list, func(a, b Stored) int {
		return strings.Compare(string(a.Kind)+a.Origin+a.Key, string(b.Kind)+b.Origin+b.Key)
	})
	return list
}

func originOf(address string) string {
	u, err := parseAddress(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
