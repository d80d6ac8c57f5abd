package audit

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteText writes the report for a person at a terminal.
func (r *Report) WriteText(w io.Writer) error {
	t := &textWriter{words: english()}
	for i, f := range r.Findings {
		if i == 0 || r.Findings[i-1].Kind != f.Kind {
			t.line("")
			t.line("%s (%s; %s)", t.words.Say(string(f.Kind)), f.Rule, f.Law)
			t.line("  %s", t.words.Say(string(f.Kind)+"-what"))
		}
		t.finding(f)
		if i+1 == len(r.Findings) || r.Findings[i+1].Kind != f.Kind {
			t.line("  → %s", t.words.Say(string(f.Kind)+"-do"))
		}
	}
	t.rest(r)
	_, err := io.WriteString(w, t.text.String())
	return err
}

type textWriter struct {
	words words
	text  strings.Builder
}

func (t *textWriter) line(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	t.text.WriteString(strings.Map(printable, line) + "\n")
}

// printable drops what could tell a terminal to do something: names come from the
// audited site.
func printable(r rune) rune {
	if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return -1
	}
	return r
}

func (t *textWriter) finding(f Finding) {
	line := t.words.Subject(f.Subject)
	switch {
	case f.Service != "" && f.Subject.Kind != SubjectService:
		line += ", service " + f.Service
	case f.Known != "":
		line += ", known as " + f.Known
	case f.Kind == Undeclared:
		line += ", unknown"
	}
	if f.Seen != "" {
		line += ": " + f.against()
	}
	t.line("  - %s", line)
	if len(f.States) > 0 && f.Subject.Kind != SubjectBanner {
		t.line("      visitor who %s", t.words.States(f.States))
	}
	if e := f.Evidence; e != nil {
		by := strings.TrimSpace(e.By + " " + e.URL)
		if by != "" {
			by = ", by " + by
		}
		t.line("      on %s after %.1f s%s", e.Page, seconds(e.At), by)
	}
}

// against says what was declared and what is.
func (f *Finding) against() string {
	if f.Kind == RefusalHarder {
		return f.Declared + " to accept, " + f.Seen + " to refuse"
	}
	return "declared " + f.Declared + ", is " + f.Seen
}

func (t *textWriter) rest(r *Report) {
	if unseen := r.Observation.Unseen; len(unseen) > 0 {
		t.line("\n")
		t.line("%s", t.words.Say("unseen"))
		for _, u := range unseen {
			t.line("  - %s", u.text(t.words))
		}
	}
	for _, line := range r.Stale {
		t.line("in the baseline, but no longer found: %s", line)
	}
	t.line("")
	pages := map[string]bool{}
	for _, state := range r.Observation.States {
		for _, page := range state.Pages {
			pages[page.URL] = true
		}
	}
	t.line("%s: %d pages as %d visitors, in %s, with %s", r.Site, len(pages), len(r.Observation.States), time.Duration(r.Observation.Took).Round(time.Second), r.Observation.Browser)
	if r.Catalogue == nil {
		t.line("catalogue: %s", t.words.Say("catalogue-none"))
	} else {
		t.line("catalogue: %s, revision %s", r.Catalogue.From, r.Catalogue.Revision)
	}
	t.line("%s", r.summary(t.words))
}

// summary says in one line what was found.
func (r *Report) summary(w words) string {
	text := w.Say("clean")
	if len(r.Findings) > 0 {
		text = w.Say("counts", "errors", fmt.Sprint(r.Count(LevelError)), "warnings", fmt.Sprint(r.Count(LevelWarning)), "notes", fmt.Sprint(r.Count(LevelNote)))
	}
	if len(r.Accepted) > 0 {
		text += fmt.Sprintf(" %s: %d", w.Say("accepted"), len(r.Accepted))
	}
	return text
}

// blindTo is what a browser does not tell, of that name among the report's words.
func blindTo(name string) Unseen {
	return Unseen{Kind: TrapBrowser, Why: english().Say("blind-" + name)}
}

// why says why something could not be seen: in the report's language, where that is known of a
// browser, and else in the words of who found out.
func (w words) why(u Unseen) string {
	if u.Kind == TrapBrowser {
		for name, text := range english() {
			if text == u.Why {
				return w.Say(name)
			}
		}
	}
	return u.Why
}

// text says what could not be seen, and where.
func (u Unseen) text(w words) string {
	text := w.Say("unseen-line", "trap", w.Say("trap-"+string(u.Kind)), "why", w.why(u))
	if u.Page != "" {
		text = u.Page + " " + text
	}
	if u.State != "" {
		text += " (" + w.State(StateName(u.State)) + ")"
	}
	return text
}
