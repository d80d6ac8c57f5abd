package audit

import "testing"

func TestRecorder_StoredKnowsWhoAndWhether(t *testing.T) {
	r := told(t)
	r.isNoted(note{Kind: "local", Key: "id", Value: "1", By: "https://www.site.example/a.js", Frame: "https://www.site.example/"})
	r.take(map[string]found{"https://www.site.example/": {Origin: "https://www.site.example"}})
	stored := r.stored()
	if len(stored) != 1 || stored[0].Set.URL != "https://www.site.example/a.js" || stored[0].Left || stored[0].Key != "id" || stored[0].Kind != LocalStorage {
		t.Errorf("got %+v", stored)
	}
}
