package audit

import (
	"encoding/json"
	"io"
	"time"

	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/version"
)

// ReportFormat is the number of the form that [Report] has as JSON. It changes with
// what a reader of an older one would misread.
const ReportFormat = 1

// Report is what an audit says.
type Report struct {
	Format  int    `json:"format"`
	Version string `json:"version"` // of Témoin
	Site    string `json:"site"`
	// Catalogue says what the site was held against; nil where none could be read.
	Catalogue *Held `json:"catalogue,omitempty"`
	// Findings are those that the baseline does not accept, the heaviest first.
	Findings []Finding `json:"findings"`
	// Accepted are those that it does.
	Accepted []Finding `json:"accepted"`
	// Stale are the lines of the baseline of which nothing was found.
	Stale []string `json:"stale"`
	// Observation is what was seen: facts alone.
	Observation *Observation `json:"observation"`
}

// Held is a catalogue that a site is held against.
type Held struct {
	From     string `json:"from"` // its file or address
	Revision string `json:"revision"`
}

// NewReport judges what was seen. From is where the catalogue comes from, which may
// be nil; see [Judge].
func NewReport(o *Observation, c *catalogue.Catalogue, from string, accepted Baseline) (*Report, error) {
	findings, err := Judge(o, c)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Format: ReportFormat, Version: version.String(), Site: o.Site, Observation: o,
		Findings: []Finding{}, Accepted: []Finding{}, Stale: []string{},
	}
	if c != nil {
		r.Catalogue = &Held{from, c.Rev()}
	}
	left := accepted.clone()
	for _, f := range findings {
		if accepted[f.ID] {
			r.Accepted = append(r.Accepted, f)
			delete(left, f.ID)
			continue
		}
		r.Findings = append(r.Findings, f)
	}
	r.Stale = append(r.Stale, left.lines()...)
	return r, nil
}

// Count returns how many findings there are of a level.
func (r *Report) Count(level Level) int {
	n := 0
	for _, f := range r.Findings {
		if f.Level == level {
			n++
		}
	}
	return n
}

// Looked reports whether a page of the site could be looked at. Where none could,
// that nothing was found says nothing.
func (r *Report) Looked() bool {
	for _, state := range r.Observation.States {
		for _, page := range state.Pages {
			if page.Loaded > 0 && page.Status < 400 {
				return true
			}
		}
	}
	return false
}

// WriteJSON writes the report as web/audit.schema.json describes it, without
// pictures.
func (r *Report) WriteJSON(w io.Writer) error {
	plain := *r
	observation := *r.Observation
	observation.States = filled(r.Observation.States)
	observation.Unseen = filled(r.Observation.Unseen)
	for i := range observation.States {
		s := &observation.States[i]
		s.Banner.Picture = nil
		s.Pages, s.Cookies, s.Stored, s.Requests = filled(s.Pages), filled(s.Cookies), filled(s.Stored), filled(s.Requests)
	}
	plain.Observation = &observation
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(plain)
}

// filled returns a copy of a list that JSON has as one, be it empty.
func filled[T any](list []T) []T { return append([]T{}, list...) }

// seconds is a duration for people, to a tenth.
func seconds(d Duration) float64 {
	return float64(time.Duration(d).Round(100*time.Millisecond)) / float64(time.Second)
}

// Published returns the catalogue that the site itself serves and its address, or nil
// where it serves none. One that cannot be read is an error: what the site declares is
// not known then, and nothing may be concluded.
func Published(o *Observation) (*catalogue.Catalogue, string, error) {
	if o.Temoin == nil || len(o.Temoin.Source) == 0 {
		return nil, "", nil
	}
	c, err := catalogue.Published(o.Temoin.Catalogue, o.Temoin.Source)
	return c, o.Temoin.Catalogue, err
}
