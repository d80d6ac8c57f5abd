package audit

import (
	"encoding/xml"
	"io"
	"strings"
)

// junitSuite is what CI servers read as the result of tests: a case for each kind
// of finding, so that those of which nothing was found are seen to have been
// looked for.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Time     float64     `xml:"time,attr"`
	Stamp    string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Error   *junitFailure `xml:"error,omitempty"`
}

type junitFailure struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report as the result of a test suite: one case for each
// finding, and one for each kind of which there is none. Where no page could be
// looked at, there is an error in their place.
func (r *Report) WriteJUnit(w io.Writer) error {
	suite := &junitSuite{
		Name: "temoin audit " + r.Site, Time: seconds(r.Observation.Took),
		Stamp: r.Observation.Started.UTC().Format("2006-01-02T15:04:05"),
	}
	if !r.Looked() {
		suite.Errors = 1
		suite.Cases = []junitCase{{Class: "audit", Name: "look at " + r.Site, Error: &junitFailure{Type: "unseen", Message: "no page could be looked at"}}}
	} else {
		suite.Cases = r.junitCases()
	}
	for _, c := range suite.Cases {
		if c.Failure != nil {
			suite.Failures++
		}
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Report) junitCases() (cases []junitCase) {
	for _, rule := range rules {
		found := false
		for _, f := range r.Findings {
			if f.Kind != rule.kind {
				continue
			}
			found = true
			cases = append(cases, junitCase{Class: "audit." + string(f.Kind), Name: f.Subject.String(), Failure: &junitFailure{
				Type: string(f.Level), Message: english().Say(string(f.Kind)) + ": " + english().Subject(f.Subject), Text: f.details(),
			}})
		}
		if !found {
			cases = append(cases, junitCase{Class: "audit." + string(rule.kind), Name: "none"})
		}
	}
	return cases
}

// details says all of a finding in a few lines, for other programs to show.
func (f *Finding) details() string {
	w := english()
	lines := []string{w.Say(string(f.Kind) + "-what"), "Rule: " + f.Rule + "; " + f.Law}
	if f.Seen != "" {
		lines = append(lines, "Difference: "+f.against())
	}
	if len(f.States) > 0 {
		lines = append(lines, "Visitor: "+w.States(f.States))
	}
	if e := f.Evidence; e != nil {
		lines = append(lines, "Page: "+e.Page)
		if by := strings.TrimSpace(e.By + " " + e.URL); by != "" {
			lines = append(lines, "By: "+by)
		}
		if len(e.Initiators) > 0 {
			lines = append(lines, "Asked for by: "+strings.Join(e.Initiators, " < "))
		}
	}
	lines = append(lines, "What to do: "+w.Say(string(f.Kind)+"-do"))
	if f.YAML != "" {
		lines = append(lines, f.YAML)
	}
	return strings.Join(lines, "\n")
}
