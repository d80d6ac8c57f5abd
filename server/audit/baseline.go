package audit

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Baseline holds the findings that a site's people know and accept, by their IDs.
type Baseline map[string]bool

// ReadBaseline reads a baseline: the ID of a finding a line, as [WriteBaseline]
// writes them; lines that begin with # are comments. name is the file's in what is
// reported.
func ReadBaseline(name string, r io.Reader) (Baseline, error) {
	b := Baseline{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kind, _, _ := strings.Cut(line, " ")
		if !slices.ContainsFunc(rules, func(r rule) bool { return string(r.kind) == kind }) {
			return nil, fmt.Errorf("%s:%d: %q is no kind of finding; want a line such as %q", name, n, kind, "undeclared cookie lang data.example.org")
		}
		b[line] = true
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read baseline %s: %w", name, err)
	}
	return b, nil
}

// WriteBaseline writes a baseline that accepts all that a report found, what was
// accepted before too.
func WriteBaseline(w io.Writer, r *Report) error {
	all := Baseline{}
	for _, f := range slices.Concat(r.Findings, r.Accepted) {
		all[f.ID] = true
	}
	_, err := fmt.Fprintf(w, "# What temoin audit found on %s, and is accepted. One finding a line; say above it why.\n", r.Site)
	for _, line := range all.lines() {
		if err == nil {
			_, err = fmt.Fprintln(w, line)
		}
	}
	return err
}

func (b Baseline) lines() []string { return slices.Sorted(maps.Keys(b)) }

func (b Baseline) clone() Baseline { return maps.Clone(b) }
