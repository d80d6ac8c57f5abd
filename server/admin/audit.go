package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"temoin.example/temoin/server/audit/outcome"
)

// mostShown is how many findings the dashboard shows; the audit's own report has them all.
const mostShown = 50

// auditPanel tells what the last audit found.
func (c *call) auditPanel() panel {
	l := c.language
	p := panel{ID: "audit", Title: l.Say("audit-title"), Wide: true}
	p.TableLabel = l.Say("table-label", "title", p.Title)
	o, err := c.config.Audits.Outcome()
	switch {
	case err != nil:
		c.config.Log.Error("dashboard", "read the last audit", err)
		p.Text, p.Missing = l.Say("audit-text"), l.Say("audit-unreadable", "error", err.Error())
	case o == nil:
		p.Text, p.Missing, p.Command = l.Say("audit-text"), l.Say("audit-none"), c.auditCommand()
	default:
		p.Text, p.Missing = c.auditText(o), c.auditWarning(o)
		if o.Found != nil {
			p.Table = c.auditTable(o.Found)
		}
	}
	return p
}

// auditCommand is what starts audits of this site.
func (c *call) auditCommand() string {
	return fmt.Sprintf("temoin audit -every 24h -audits %s %s", c.config.Audits.Folder(), c.config.Catalogue().Site.URL)
}

// auditText says when what was found, and how that was before.
func (c *call) auditText(o *outcome.Outcome) string {
	l := c.language
	if o.Found == nil {
		return l.Say("audit-text")
	}
	said := []string{l.Say("audit-found", "site", o.Site, "at", l.Time(o.Found.End), "counts", c.auditCounts(o.Found.Count))}
	if o.Before != nil {
		said = append(said, l.Say("audit-before", "at", l.Time(o.Before.End), "counts", c.auditCounts(*o.Before)))
	}
	if o.Found.Accepted > 0 {
		said = append(said, l.Say("audit-accepted", "n", l.Number(int64(o.Found.Accepted))))
	}
	if o.Found.Unseen > 0 {
		said = append(said, l.Say("audit-unseen", "n", l.Number(int64(o.Found.Unseen))))
	}
	if len(o.Found.Findings) > mostShown {
		said = append(said, l.Say("audit-more", "n", l.Number(mostShown)))
	}
	return strings.Join(said, " ")
}

func (c *call) auditCounts(count outcome.Count) string {
	var said []string
	for _, level := range outcome.Levels {
		said = append(said, c.language.Say("audit-count", "n", c.language.Number(int64(count.Levels[level])), "level", c.language.Say("audit-level-"+level)))
	}
	return strings.Join(said, ", ")
}

// auditWarning says what is wrong with the audits themselves, "" for nothing.
func (c *call) auditWarning(o *outcome.Outcome) string {
	l := c.language
	var said []string
	if !o.Last.Looked() {
		said = append(said, l.Say("audit-failed", "at", l.Time(o.Last.End), "problem", o.Last.Problem))
	}
	if o.Late(c.config.Now()) {
		said = append(said, l.Say("audit-late", "at", l.Time(o.Last.Begin), "every", span(o.Interval())))
	}
	return strings.Join(said, " ")
}

func (c *call) auditTable(found *outcome.Found) table {
	l := c.language
	t := table{Caption: l.Say("audit-caption", "at", l.Time(found.End)), Words: 4}
	for _, key := range []string{"audit-column-subject", "audit-column-kind", "audit-column-level", "audit-column-do"} {
		t.Columns = append(t.Columns, l.Say(key))
	}
	for _, f := range found.Findings[:min(len(found.Findings), mostShown)] {
		kind := found.Kinds[f.Kind]
		subject := f.Subject[l.Code]
		if f.New {
			subject = l.Say("audit-new", "subject", subject)
		}
		t.Rows = append(t.Rows, []string{subject, l.Say("audit-rule", "name", kind.Words[l.Code].Name, "rule", kind.Rule), c.auditLevel(kind.Level), kind.Words[l.Code].Do})
	}
	return t
}

// auditLevel names a level; one that this program does not know keeps its own name.
func (c *call) auditLevel(level string) string {
	if slices.Contains(outcome.Levels, level) {
		return c.language.Say("audit-level-" + level)
	}
	return level
}

// span is a time as the flag -every takes it: 24h rather than 24h0m0s.
func span(d time.Duration) string {
	text := d.String()
	for _, end := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, end) {
			text = text[:len(text)-len("0s")]
		}
	}
	return text
}
