package audit

import (
	"net/url"
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
	Origin string `json:"origin"`
	Kept   []struct {
		Kind  StoredKind `json:"kind"`
		Key   string     `json:"key"`
		Value string     `json:"value"`
	} `json:"kept"`
	Hints []string `json:"hints"`
}

// take takes in what documents keep. What is no longer there is no longer left.
func (r *recorder) take(documents map[string]found) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for frame, f := range documents {
		for key, known := range r.kept {
			if key.origin == f.Origin && key.kind != SessionStorage {
				known.Left = false
			}
		}
		for _, kept := range f.Kept {
			r.remember(kept.Value)
			key := storedKey{kept.Kind, f.Origin, kept.Key}
			known := r.kept[key]
			if known == nil {
				known = &Stored{Kind: kept.Kind, Origin: f.Origin, Key: kept.Key, Page: bare(r.page), At: r.since(time.Now()), Phase: r.phase, Phases: []Phase{r.phase},
					ThirdParty: !r.site.ownsURL(f.Origin)}
				r.kept[key] = known
			} else if known.Hash != hashOf(kept.Value) {
				known.Phases = append(known.Phases, r.phase)
			}
			known.Bytes, known.Hash, known.Left = len(kept.Value), hashOf(kept.Value), true
		}
		for _, address := range f.Hints {
			if !slices.ContainsFunc(r.hints, func(h hint) bool { return h.url == address && h.page == r.page }) {
				h := hint{url: address, page: r.page, at: time.Now()}
				if !r.isPage(frame) {
					h.frame = frame
				}
				r.hints = append(r.hints, h)
			}
		}
	}
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
			known = &Stored{Kind: kind, Origin: key.origin, Key: n.Key, Bytes: len(n.Value), Hash: hashOf(n.Value), Page: bare(n.page),
				At: r.since(n.at), Phase: r.phaseAt(n.at), ThirdParty: !r.site.ownsURL(key.origin)}
			r.kept[key] = known
		}
		if known.Set.Kind == "" {
			known.Set = r.setterOf(n)
			if at := r.since(n.at); at < known.At {
				known.At, known.Phase, known.Page = at, r.phaseAt(n.at), bare(n.page)
			}
		}
		known.Phases = append(known.Phases, r.phaseAt(n.at))
	}
	list := []Stored{}
	for _, known := range r.kept {
		known.Phases = inOrder(known.Phases)
		list = append(list, *known)
	}
	slices.SortFunc(list, func(a, b Stored) int {
		return strings.Compare(string(a.Kind)+a.Origin+a.Key, string(b.Kind)+b.Origin+b.Key)
	})
	return list
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
