package audit

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

// TestWithOwn: our own rules come beside autoconsent's, and each says how to refuse and how to accept.
func TestWithOwn(t *testing.T) {
	whole, err := withOwn(`{"autoconsent":[{"name":"theirs"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	type step = json.RawMessage
	var got struct {
		Autoconsent []struct {
			Name                                  string
			DetectCmp, DetectPopup, OptIn, OptOut []step
		}
	}
	if err := json.Unmarshal([]byte(whole), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Autoconsent) < 2 || got.Autoconsent[0].Name != "theirs" {
		t.Fatalf("got %+v, want theirs and our own", got.Autoconsent)
	}
	for _, rule := range got.Autoconsent[1:] {
		if rule.Name == "" || len(rule.DetectCmp) == 0 || len(rule.DetectPopup) == 0 || len(rule.OptIn) == 0 || len(rule.OptOut) == 0 {
			t.Errorf("rule %q lacks a step", rule.Name)
		}
	}
	if _, err := withOwn("no JSON"); err == nil {
		t.Error("rules that are no JSON were taken")
	}
}

// TestOwnRules_AreNeeded: what autoconsent has a rule for needs none of ours.
func TestOwnRules_AreNeeded(t *testing.T) {
	theirs, err := unpacked(consentRules)
	if err != nil {
		t.Skip("built without autoconsent's rules")
	}
	type rule struct{ Name string }
	var known struct{ Autoconsent []rule }
	var own []rule
	if err := errors.Join(json.Unmarshal([]byte(theirs), &known), json.Unmarshal(ownRules, &own)); err != nil {
		t.Fatal(err)
	}
	for _, rule := range own {
		if slices.Contains(known.Autoconsent, rule) {
			t.Errorf("autoconsent has a rule %q of its own by now", rule.Name)
		}
	}
}
