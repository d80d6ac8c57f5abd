package admin

import (
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

// reportBody is what the dashboard's first page shows.
type reportBody struct {
	*report
	Search  searchBody
	Lengths []length
	Span    string // the period in words
	Figures []figure
	Panels  []panel
}

// length is an offered period.
type length struct {
	Label, Link string
	Current     bool
}

// figure is a number at the top.
type figure struct{ Name, Value, Note, Class string }

// panel is a chart with what belongs to it, or a table alone.
type panel struct {
	ID, Title, Text string
	Wide            bool
	Legend          []key
	Charts          []template.HTML // the same for several widths
	Missing         string          // said in place of the chart, or ""
	Command         string          // what to type on the server, or ""
	Table           table
	TableLabel      string
	Fold            string // what opens the table where it is long, or ""
}

// key explains a colour of a chart.
type key struct{ Class, Label string }

// table has one row a line; the first cell of each is its heading.
type table struct {
	Caption string
	Columns []string
	Rows    [][]string
	// Words is the number of columns, from the left, that hold words and not
	// numbers.
	Words int
}

// getReport handles "GET /admin".
func (c *call) getReport() error {
	if c.role == Nobody {
		return c.showLogin()
	}
	p := readPeriod(c.r.URL.Query(), c.config.Now())
	r, err := newReport(c.r.Context(), c.store, p, c.config.Catalogue())
	if err != nil {
		return err
	}
	body := reportBody{report: r, Search: c.search(""), Span: c.span(p), Lengths: c.lengths(p), Figures: c.figures(r)}
	if !r.Empty() {
		if body.Panels, err = c.panels(r); err != nil {
			return err
		}
	}
	if c.config.Audits != nil {
		body.Panels = append(body.Panels, c.auditPanel())
	}
	return c.show(http.StatusOK, "report", "title", body)
}

func (c *call) span(p period) string {
	return c.language.Say("period-span", "from", c.language.Date(p.First), "to", c.language.Date(p.Last))
}

func (c *call) lengths(p period) []length {
	var list []length
	for _, n := range lengths {
		days := fmt.Sprint(n)
		list = append(list, length{c.language.Say("period-last-" + days), c.link(Path, "days", days), n == p.Length})
	}
	return list
}

func (c *call) figures(r *report) []figure {
	l, t := c.language, r.Total
	share := func(key, class string, n int64) figure {
		return figure{l.Say(key), l.Rate(n, t.All()), l.Say("figure-of", "n", l.Number(n)), class}
	}
	return []figure{
		{l.Say("figure-choices"), l.Number(t.All()), "", ""},
		share("figure-accepted", "accepted", t.Accepted),
		share("figure-partly", "partly", t.Partly),
		share("figure-refused", "refused", t.Refused),
		{l.Say("figure-unanswered"), l.Number(r.Unanswered), l.Say("figure-unanswered-note"), ""},
	}
}

// outcomes are the parts of a choice's bar, with their colours.
func (c *call) outcomes() []key {
	var keys []key
	for _, class := range []string{"accepted", "partly", "refused"} {
		keys = append(keys, key{class, c.language.Say("outcome-" + class)})
	}
	return keys
}

func (c *call) panels(r *report) ([]panel, error) {
	var panels []panel
	for _, one := range []struct {
		draw  func(*report) (panel, error)
		shown bool
	}{
		{c.daysPanel, r.Total.All() > 0},
		{c.categoriesPanel, len(r.Categories) > 0},
		{c.languagesPanel, r.Total.All() > 0},
		{c.waysPanel, r.Total.All() > 0},
		{c.unansweredPanel, true},
		{c.revisionsPanel, true},
		{c.anewPanel, true},
	} {
		if !one.shown {
			continue
		}
		p, err := one.draw(r)
		if err != nil {
			return nil, err
		}
		p.TableLabel = c.language.Say("table-label", "title", p.Title)
		panels = append(panels, p)
	}
	return panels, nil
}

// drawer is a chart that can be drawn in several sizes.
type drawer interface {
	draw(s size, alt string) (template.HTML, error)
}

// drawn draws a chart in each of the sizes.
func (c *call) drawn(chart drawer, alt string, sizes ...size) ([]template.HTML, error) {
	alt += " " + c.language.Say("alt-table")
	var list []template.HTML
	for _, s := range sizes {
		svg, err := chart.draw(s, alt)
		if err != nil {
			return nil, err
		}
		list = append(list, svg)
	}
	return list, nil
}

// fold says what opens a table of so many rows, "" where it need not be closed.
func (c *call) fold(t table) string {
	if len(t.Rows) <= 12 {
		return ""
	}
	return c.language.Say("table-show", "n", c.language.Number(int64(len(t.Rows))))
}

// marksOf are the days on which a new revision came into use.
func (c *call) marksOf(r *report) []mark {
	var marks []mark
	for _, rev := range r.Revisions {
		if rev.New {
			marks = append(marks, mark{r.position(rev.First), c.language.Say("revision-short", "rev", rev.Rev)})
		}
	}
	return marks
}

// perStep returns the text of key for days, or the one for weeks.
func (c *call) perStep(r *report, days, weeks string) string {
	if r.Step == 1 {
		return c.language.Say(days)
	}
	return c.language.Say(weeks)
}

func (c *call) timeChart(r *report, stack []bars) timeChart {
	return timeChart{
		Columns: len(r.Columns),
		Label:   func(i, before int) string { return c.columnLabel(r, i, before) },
		Number:  c.language.Number,
		Stack:   stack,
		Marks:   c.marksOf(r),
	}
}

// columnLabel is the day on which a column begins; with the year where it is
// another than the one before, in a period of several years.
func (c *call) columnLabel(r *report, i, before int) string {
	start := r.Columns[i].Start
	label := c.language.ShortDate(start)
	if r.Period.First.Year() == r.Period.Last.Year() || before >= 0 && r.Columns[before].Start.Year() == start.Year() {
		return label
	}
	return label + " " + strconv.Itoa(start.Year())
}

func (c *call) daysPanel(r *report) (panel, error) {
	stack := []bars{{Class: "accepted"}, {Class: "partly"}, {Class: "refused"}}
	p := panel{ID: "days", Title: c.perStep(r, "days-title", "weeks-title"), Text: c.language.Say("days-text"), Wide: true, Legend: c.outcomes()}
	p.Table = c.table(r, p.Title, c.perStep(r, "column-day", "column-week"), "outcome-accepted", "outcome-partly", "outcome-refused", "column-all")
	var most column
	for _, column := range r.Columns {
		for i, n := range []int64{column.Accepted, column.Partly, column.Refused} {
			stack[i].Values = append(stack[i].Values, n)
		}
		if column.All() > most.All() {
			most = column
		}
		p.Table.Rows = append(p.Table.Rows, c.numbers(c.language.Date(column.Start), column.Accepted, column.Partly, column.Refused, column.All()))
	}
	alt := c.language.Say("days-alt", "n", c.language.Number(r.Total.All()), "max", c.language.Number(most.All()), "when", c.when(r, most))
	var err error
	p.Charts, err = c.drawn(c.timeChart(r, stack), alt, wide, narrow)
	p.Fold = c.fold(p.Table)
	return p, err
}

// when says on which day or in which week something was.
func (c *call) when(r *report, column column) string {
	key := "when-day"
	if r.Step > 1 {
		key = "when-week"
	}
	return c.language.Say(key, "date", c.language.Date(column.Start))
}

// table begins a table with one column of words and the others of numbers, whose
// headings are texts of these keys.
func (c *call) table(r *report, title, first string, keys ...string) table {
	caption := c.language.Say("table-caption", "title", title, "from", c.language.Date(r.Period.First), "to", c.language.Date(r.Period.Last))
	t := table{Caption: caption, Columns: []string{first}, Words: 1}
	for _, key := range keys {
		t.Columns = append(t.Columns, c.language.Say(key))
	}
	return t
}

// numbers makes a row of a table.
func (c *call) numbers(first string, values ...int64) []string {
	cells := []string{first}
	for _, n := range values {
		cells = append(cells, c.language.Number(n))
	}
	return cells
}

func (c *call) categoriesPanel(r *report) (panel, error) {
	p := panel{ID: "categories", Title: c.language.Say("categories-title"), Text: c.language.Say("categories-text")}
	p.Table = c.table(r, p.Title, c.language.Say("column-category"), "column-allowed", "column-denied", "column-rate")
	var chart rowChart
	var said []string
	for _, a := range r.Categories {
		title, rate := c.titleOf(c.config.Catalogue(), a.Category), c.language.Rate(a.Granted, a.Granted+a.Refused)
		chart.Rows = append(chart.Rows, row{title, rate, []part{{"accepted", ratio(a.Granted, a.Granted+a.Refused)}}})
		p.Table.Rows = append(p.Table.Rows, append(c.numbers(title, a.Granted, a.Refused), rate))
		said = append(said, title+" "+rate)
	}
	var err error
	p.Charts, err = c.drawRows(chart, c.language.Say("categories-alt", "list", c.language.List(said)))
	return p, err
}

func (c *call) drawRows(chart rowChart, alt string) ([]template.HTML, error) {
	chart.Percent = c.language.Percent
	return c.drawn(chart, alt, half, narrow)
}

// outcomeParts are the parts of a bar as shares of whole.
func outcomeParts(t tally, whole int64) []part {
	return []part{
		{"accepted", ratio(t.Accepted, whole)}, {"partly", ratio(t.Partly, whole)}, {"refused", ratio(t.Refused, whole)},
	}
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func (c *call) languagesPanel(r *report) (panel, error) {
	p := panel{ID: "languages", Title: c.language.Say("languages-title"), Text: c.language.Say("languages-text"), Legend: c.outcomes()}
	p.Table = c.table(r, p.Title, c.language.Say("column-language"), "outcome-accepted", "outcome-partly", "outcome-refused", "column-choices")
	var chart rowChart
	var said []string
	for _, g := range r.Languages {
		name := languageName(g.Name)
		chart.Rows = append(chart.Rows, row{name, c.language.Say("figure-of", "n", c.language.Number(g.All())), outcomeParts(g.tally, g.All())})
		p.Table.Rows = append(p.Table.Rows, append([]string{name}, c.rates(g.tally)...))
		said = append(said, c.language.Say("languages-item", "name", name, "rate", c.language.Rate(g.Accepted, g.All())))
	}
	var err error
	p.Charts, err = c.drawRows(chart, c.language.Say("languages-alt", "list", c.language.List(said)))
	return p, err
}

// rates are the cells of a table for the share of each outcome, and for the
// number of choices.
func (c *call) rates(t tally) []string {
	l, all := c.language, t.All()
	return []string{l.Rate(t.Accepted, all), l.Rate(t.Partly, all), l.Rate(t.Refused, all), l.Number(all)}
}

func (c *call) waysPanel(r *report) (panel, error) {
	p := panel{ID: "ways", Title: c.language.Say("hows-title"), Text: c.language.Say("hows-text"), Legend: c.outcomes()}
	p.Table = c.table(r, p.Title, c.language.Say("column-how"), "outcome-accepted", "outcome-partly", "outcome-refused", "column-choices", "column-share")
	var chart rowChart
	var said []string
	for _, g := range r.Ways {
		name, rate := c.language.Say("how-"+g.Name), c.language.Rate(g.All(), r.Total.All())
		chart.Rows = append(chart.Rows, row{name, rate, outcomeParts(g.tally, r.Total.All())})
		p.Table.Rows = append(p.Table.Rows, append(c.numbers(name, g.Accepted, g.Partly, g.Refused, g.All()), rate))
		said = append(said, name+" "+rate)
	}
	var err error
	p.Charts, err = c.drawRows(chart, c.language.Say("hows-alt", "list", c.language.List(said)))
	return p, err
}

func (c *call) unansweredPanel(r *report) (panel, error) {
	p := panel{ID: "unanswered", Title: c.language.Say("unanswered-title"), Text: c.language.Say("unanswered-text")}
	if r.Unanswered == 0 {
		p.Missing = c.language.Say("unanswered-none")
		return p, nil
	}
	var stack []bars
	stack, p.Legend = c.byRevision(r)
	p.Table = c.table(r, p.Title, c.perStep(r, "column-day", "column-week"))
	for _, k := range p.Legend {
		p.Table.Columns = append(p.Table.Columns, k.Label)
	}
	p.Table.Columns = append(p.Table.Columns, c.language.Say("column-all"))

	var most column
	for i, column := range r.Columns {
		var values []int64
		for _, series := range stack {
			values = append(values, series.Values[i])
		}
		p.Table.Rows = append(p.Table.Rows, c.numbers(c.language.Date(column.Start), append(values, column.unanswered())...))
		if column.unanswered() > most.unanswered() {
			most = column
		}
	}
	alt := c.language.Say("unanswered-alt", "n", c.language.Number(r.Unanswered), "max", c.language.Number(most.unanswered()), "when", c.when(r, most))
	var err error
	p.Charts, err = c.drawn(c.timeChart(r, stack), alt, half, narrow)
	p.Fold = c.fold(p.Table)
	return p, err
}

// ownColour is how many revisions have a colour of their own; the older ones
// share one.
const ownColour = 4

// byRevision divides what was left unanswered by revision, the oldest first.
func (c *call) byRevision(r *report) (stack []bars, legend []key) {
	old := max(0, len(r.Revisions)-ownColour)
	add := func(class, label string, revisions []revision) {
		b := bars{Class: class}
		for _, column := range r.Columns {
			var n int64
			for _, rev := range revisions {
				n += column.Unanswered[rev.Rev]
			}
			b.Values = append(b.Values, n)
		}
		stack, legend = append(stack, b), append(legend, key{class, label})
	}
	if old > 0 {
		add("other", c.language.Say("revision-other"), r.Revisions[:old])
	}
	for i, rev := range r.Revisions[old:] {
		add(fmt.Sprintf("rev%d", i+1), c.language.Say("revision", "rev", rev.Rev), []revision{rev})
	}
	return stack, legend
}

func (c *call) revisionsPanel(r *report) (panel, error) {
	p := panel{ID: "revisions", Title: c.language.Say("revisions-title"), Text: c.language.Say("revisions-text"), Wide: true}
	p.Table = c.table(r, p.Title, c.language.Say("column-revision"), "column-first", "column-last",
		"outcome-accepted", "outcome-partly", "outcome-refused", "column-choices", "column-unanswered")
	p.Table.Words = 3
	for _, rev := range r.Revisions {
		cells := append([]string{rev.Rev, c.language.Date(rev.First), c.language.Date(rev.Last)}, c.rates(rev.tally)...)
		p.Table.Rows = append(p.Table.Rows, append(cells, c.language.Number(rev.Unanswered)))
	}
	return p, nil
}

// anewPanel shows what each change of the catalogue has cost the visitors who had
// answered before.
func (c *call) anewPanel(r *report) (panel, error) {
	p := panel{ID: "anew", Title: c.language.Say("anew-title"), Text: c.language.Say("anew-text"), Wide: true}
	p.Table = c.table(r, p.Title, c.language.Say("column-revision"), "column-first", "column-anew",
		"column-anew-accepted", "column-anew-partly", "column-anew-refused")
	p.Table.Words = 2
	for _, rev := range r.Revisions {
		if all := rev.Anew.All(); all > 0 {
			numbers := c.numbers(c.language.Date(rev.First), all, rev.Anew.Accepted, rev.Anew.Partly, rev.Anew.Refused)
			p.Table.Rows = append(p.Table.Rows, append([]string{rev.Rev}, numbers...))
		}
	}
	if len(p.Table.Rows) == 0 {
		p.Missing = c.language.Say("anew-none")
	}
	return p, nil
}

// HeadingID is the id of the panel's heading, which names what scrolls beneath it.
func (p panel) HeadingID() string { return p.ID + "-title" }

// IsNumber tells whether the cells of that column are numbers.
func (t table) IsNumber(column int) bool { return column >= t.Words }
