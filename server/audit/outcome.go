package audit

import (
	"temoin.example/temoin/server/audit/outcome"
)

// mostRunes is how much of a subject's name an outcome has: sites name cookies as they like.
const mostRunes = 200

// Address returns a site's address as a report has it, without what only who typed it may know.
func Address(address string) (string, error) {
	s, err := newSite(address)
	if err != nil {
		return "", err
	}
	return s.said(), nil
}

// Found returns what the report found, as the server tells of it. The time at which that
// was is the caller's.
func (r *Report) Found() *outcome.Found {
	found := &outcome.Found{
		Count:  outcome.Count{Levels: map[string]int{}, Accepted: len(r.Accepted)},
		Unseen: len(r.Observation.Unseen), Kinds: map[string]outcome.Kind{}, Findings: []outcome.Finding{},
	}
	for _, level := range outcome.Levels {
		found.Levels[level] = r.Count(Level(level))
	}
	for _, f := range r.Findings[:min(len(r.Findings), outcome.Most)] {
		found.Kinds[string(f.Kind)] = kindFor(f.Kind)
		subject := map[string]string{}
		for lang, words := range readWords() {
			subject[lang] = clipped(words.Subject(f.Subject))
		}
		found.Findings = append(found.Findings, outcome.Finding{ID: clipped(f.ID), Kind: string(f.Kind), Subject: subject})
	}
	return found
}

func kindFor(kind Kind) outcome.Kind {
	r, _ := ruleOf(kind)
	k := outcome.Kind{Level: string(r.level), Rule: r.rule, Words: map[string]outcome.Word{}}
	for lang, words := range readWords() {
		k.Words[lang] = outcome.Word{Name: words.Say(string(kind)), Do: words.Say(string(kind) + "-do")}
	}
	return k
}

func clipped(text string) string {
	if runes := []rune(text); len(runes) > mostRunes {
		return string(runes[:mostRunes]) + "…"
	}
	return text
}
