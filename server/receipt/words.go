package receipt

import "time"

// Words tells in English, one line for each purpose and for each service that has an
// answer of its own, what was asked and answered, and what stood: since when, and from
// which receipt.
func (r *Receipt) Words() []string {
	lines := []string{"answered on " + said(r.At()) + ", asked in " + r.Lang() + ", " + string(r.How())}
	for _, purpose := range r.Processing.Purposes {
		lines = append(lines, purpose.ID+": "+words(purpose.State, purpose.Since))
		for _, service := range purpose.Services {
			lines = append(lines, purpose.ID+", "+service.ID+": "+words(service.State, service.Since))
		}
	}
	if r.IsPart() {
		lines = append(lines, "how what stood was answered: receipt "+r.From())
	}
	return lines
}

// words says what became of one purpose or service.
func words(state State, since time.Time) string {
	switch state {
	case NotRequired:
		return "needs no consent, not asked"
	case Unanswered:
		return "new, not answered: not allowed"
	}
	answer := "refused"
	if state == Given {
		answer = "allowed"
	}
	if since.IsZero() {
		return answer + ", asked and answered this time"
	}
	return answer + " on " + said(since) + ", stood, not asked this time"
}

func said(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
