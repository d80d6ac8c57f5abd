package audit

import (
	"fmt"
	"testing"
)

func TestRecorder_StoredKnowsWhoAndWhether(t *testing.T) {
	r := told(t)
	r.isNoted(note{Kind: "local", Key: "id", Value: "1", By: "https://www.site.example/a.js", Frame: "https://www.site.example/"})
	r.take(map[string]found{"https://www.site.example/": {Origin: "https://www.site.example"}})
	stored := r.stored()
	if len(stored) != 1 || stored[0].Set.URL != "https://www.site.example/a.js" || stored[0].Left || stored[0].Key != "id" || stored[0].Kind != LocalStorage {
		t.Errorf("got %+v", stored)
	}
}

// keeping is a document that keeps a key of each kind.
func keeping(kinds ...StoredKind) found {
	f := found{Origin: "https://www.site.example"}
	for _, kind := range kinds {
		f.Kept = append(f.Kept, item{Kind: kind, Key: "id", Value: "1"})
	}
	return f
}

var allKinds = []StoredKind{LocalStorage, SessionStorage, IndexedDB, CacheStorage, ServiceWorker}

// TestRecorder_StoredIsLeft: what is gone is not left, whatever its kind; what one of an origin's
// documents still has is, whichever of them is asked first.
func TestRecorder_StoredIsLeft(t *testing.T) {
	r := told(t)
	r.take(map[string]found{"https://www.site.example/": keeping(allKinds...)})
	r.take(map[string]found{"https://www.site.example/": keeping()})
	for _, s := range r.stored() {
		if s.Left {
			t.Errorf("%s is gone, and is said to be left", s.Kind)
		}
	}
	frames := map[string]found{"https://www.site.example/": keeping(allKinds...)}
	for i := range 20 {
		frames[fmt.Sprintf("https://www.site.example/%d", i)] = keeping()
	}
	r.take(frames)
	if all := r.stored(); len(all) != len(allKinds) {
		t.Errorf("got %+v, want one of each kind", all)
	}
	for _, s := range r.stored() {
		if !s.Left {
			t.Errorf("%s is there, and is said to be gone", s.Kind)
		}
	}
}
