package audit

import (
	"strings"
	"testing"
)

// TestRetract_Unknown: a banner whose way back nobody knows is left alone, and the report says so.
func TestRetract_Unknown(t *testing.T) {
	how, err := (&visitor{}).retract(t.Context(), byRule+"another")
	if how != "" || err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("got %q and %v, want an error that names the rule", how, err)
	}
}

// TestRetractions: each is of a rule that there is, and would be of no use under another name.
func TestRetractions(t *testing.T) {
	_, rules, err := loadRules()
	if err != nil {
		t.Skip(err)
	}
	for rule := range retractions {
		// Klaro's is no rule but a part of autoconsent's program; audit-peers.test.mjs has its name.
		if rule != "Klaro" && !strings.Contains(rules, `"name":"`+rule+`"`) {
			t.Errorf("there is no rule %q", rule)
		}
	}
}
