package admin

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"

	"github.com/go-analyze/charts/chartdraw"
	"github.com/go-analyze/charts/chartdraw/drawing"
)

// Charts are drawn as SVG into the page. All that is drawn has a class and no
// style: colours and fonts come from the page's style sheet, which knows light
// and dark, and the policy of the page allows no other. The library counts in
// whole numbers, so two of its units are one pixel.
const unit = 2

// Sizes of the texts of a chart, in pixels, as the style sheet has them; the
// library measures texts by them.
const fontSize = 13

// size is how large a chart is drawn, in pixels. A chart is drawn twice, and
// the style sheet shows the one that fits.
type size struct {
	Class         string
	Width, Height int
	Labels        int // most labels beneath the time axis
}

var (
	wide   = size{"wide", 1000, 300, 8}
	half   = size{"half", 480, 260, 5}
	narrow = size{"narrow", 300, 240, 4}
)

// bars is one series of a chart, by class: a value for each column.
type bars struct {
	Class  string
	Values []int64
}

// mark is a vertical line on the time axis, at a position among the columns.
type mark struct {
	At    float64
	Label string
}

// timeChart is a chart of stacked bars over time.
type timeChart struct {
	Columns int
	// Label returns what stands beneath a column; the one that was labelled before
	// it is -1 for the first.
	Label  func(column, before int) string
	Number func(int64) string
	Stack  []bars // from the bottom up
	Marks  []mark
}

// draw draws the chart; alt says in words what it shows.
func (c timeChart) draw(s size, alt string) (template.HTML, error) {
	ticks := c.valueTicks()
	chart := chartdraw.Chart{
		Width:  s.Width * unit,
		Height: s.Height * unit,
		XAxis:  chartdraw.XAxis{Style: axis(), Ticks: c.timeTicks(s.Labels)},
		// What is on the left side of a chart is the library's secondary axis.
		YAxisSecondary: chartdraw.YAxis{Style: axis(), Zero: noLine, Ticks: ticks},
		Series: []chartdraw.Series{
			layer(func(p plot) { p.rules(ticks) }),
			layer(func(p plot) { p.stack(c.Stack) }),
			layer(func(p plot) { p.marks(c.Marks) }),
		},
	}
	lines := min(len(c.Marks), markLines)
	return render(chart, chartdraw.Box{Top: (lines*markHeight + 10) * unit, Left: unit, Right: 4 * unit, Bottom: 6 * unit, IsSet: true}, s.Class, alt)
}

// timeTicks labels at most n columns. The first and the last tick are the edges:
// the library takes the range of the axis from them.
func (c timeChart) timeTicks(n int) []chartdraw.Tick {
	ticks := []chartdraw.Tick{{Value: 0}}
	step := max(1, (c.Columns+n-1)/n)
	before := -1
	for i := 0; i < c.Columns; i += step {
		ticks = append(ticks, chartdraw.Tick{Value: float64(i) + 0.5, Label: c.Label(i, before)})
		before = i
	}
	return append(ticks, chartdraw.Tick{Value: float64(c.Columns)})
}

// valueTicks divides the height of the highest column into a few round steps.
func (c timeChart) valueTicks() []chartdraw.Tick {
	step := roundStep(c.highest(), 4)
	var ticks []chartdraw.Tick
	for value := int64(0); ; value += step {
		ticks = append(ticks, chartdraw.Tick{Value: float64(value), Label: c.Number(value)})
		if value >= c.highest() && value > 0 {
			return ticks
		}
	}
}

func (c timeChart) highest() int64 {
	var highest int64
	for i := range c.Columns {
		var height int64
		for _, b := range c.Stack {
			height += b.Values[i]
		}
		highest = max(highest, height)
	}
	return highest
}

// roundStep returns the least of 1, 2, 5, 10, 20, 50, … of which n reach top.
func roundStep(top int64, n int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, digit := range []int64{1, 2, 5} {
			if power*digit*n >= top {
				return power * digit
			}
		}
	}
}

// row is one bar of a rowChart.
type row struct {
	Label, Value string
	Parts        []part
}

// part is a part of a bar: its share of the whole width, from 0 to 1.
type part struct {
	Class string
	Share float64
}

// rowChart is a chart of bars that lie one above the other, in per cent. Each
// has its label above it: words need more room than a column has.
type rowChart struct {
	Rows    []row
	Percent func(float64) string
}

const (
	rowHeight = 52
	barHeight = 16
)

func (c rowChart) draw(s size, alt string) (template.HTML, error) {
	var ticks []chartdraw.Tick
	for _, share := range []float64{0, 0.25, 0.5, 0.75, 1} {
		ticks = append(ticks, chartdraw.Tick{Value: share, Label: c.Percent(share)})
	}
	chart := chartdraw.Chart{
		Width:          s.Width * unit,
		Height:         (len(c.Rows)*rowHeight + 40) * unit,
		XAxis:          chartdraw.XAxis{Style: axis(), Ticks: ticks},
		YAxisSecondary: chartdraw.HideYAxis(),
		Series: []chartdraw.Series{
			layer(func(p plot) { p.columns(ticks) }),
			layer(func(p plot) { p.rows(c.Rows) }),
		},
	}
	chart.YAxisSecondary.Range = &chartdraw.ContinuousRange{Min: 0, Max: 1}
	return render(chart, chartdraw.Box{Top: 4 * unit, Left: 14 * unit, Right: 22 * unit, Bottom: 6 * unit, IsSet: true}, s.Class, alt)
}

// noLine is a grid line that is not drawn: the library would give it a style.
var noLine = chartdraw.GridLine{Style: chartdraw.Hidden()}

// axis is the style of an axis. Its colours only tell the library to draw it;
// the class decides.
func axis() chartdraw.Style {
	return chartdraw.Style{
		ClassName:   "axis",
		StrokeColor: drawing.ColorBlack,
		StrokeWidth: 1,
		FontStyle:   chartdraw.FontStyle{FontSize: fontSize * unit, FontColor: drawing.ColorBlack},
	}
}

// Above a chart over time there is room for this many lines of labels of marks.
const (
	markLines  = 2
	markHeight = 16
)

// render has the library draw a chart, and dresses it for the page.
func render(chart chartdraw.Chart, padding chartdraw.Box, class, alt string) (template.HTML, error) {
	chart.DPI = 72 // a point is a pixel
	chart.Background = chartdraw.Style{ClassName: "ground", Padding: padding}
	chart.Canvas = chartdraw.Style{ClassName: "ground"}
	// Nothing is on the right side, but the library asks for its range.
	chart.YAxis = chartdraw.HideYAxis()
	chart.YAxis.Range = &chartdraw.ContinuousRange{Min: 0, Max: 1}
	chart.XAxis.GridMajorStyle, chart.XAxis.GridMinorStyle = chartdraw.Hidden(), chartdraw.Hidden()
	chart.YAxisSecondary.GridMajorStyle, chart.YAxisSecondary.GridMinorStyle = chartdraw.Hidden(), chartdraw.Hidden()

	var b bytes.Buffer
	if err := chart.Render(chartdraw.SVGWithCSS("", ""), &b); err != nil {
		return "", fmt.Errorf("draw chart: %w", err)
	}
	_, content, found := strings.Cut(b.String(), ">")
	if !found || strings.Contains(content, ` style="`) {
		return "", fmt.Errorf("draw chart: the library has styled something itself")
	}
	return template.HTML(fmt.Sprintf(`<svg class="chart %s" viewBox="0 0 %d %d" role="img" aria-label="%s">%s`,
		class, chart.Width, chart.Height, html.EscapeString(alt), content)), nil // texts in content are escaped by the library
}

// layer is a series of a chart that draws itself.
type layer func(plot)

// GetName is for the interface Series.
func (layer) GetName() string { return "" }

// GetYAxis puts the layer on the left axis.
func (layer) GetYAxis() chartdraw.YAxisType { return chartdraw.YAxisSecondary }

// GetStyle is for the interface Series.
func (layer) GetStyle() chartdraw.Style { return chartdraw.Style{} }

// Validate is for the interface Series.
func (layer) Validate() error { return nil }

// Render draws the layer.
func (l layer) Render(r chartdraw.Renderer, box chartdraw.Box, x, y chartdraw.Range, defaults chartdraw.Style) {
	l(plot{r: r, box: box, xrange: x, yrange: y, font: defaults.FontStyle})
}

// plot is the area of a chart between its axes.
type plot struct {
	r              chartdraw.Renderer
	box            chartdraw.Box
	xrange, yrange chartdraw.Range
	font           chartdraw.FontStyle
}

func (p plot) x(value float64) int { return p.box.Left + p.xrange.Translate(value) }

func (p plot) y(value float64) int { return p.box.Bottom - p.yrange.Translate(value) }

// line adds a line to the path that is being drawn.
func (p plot) line(x1, y1, x2, y2 int) {
	p.r.MoveTo(x1, y1)
	p.r.LineTo(x2, y2)
}

// rectangle adds a rectangle to the path that is being drawn.
func (p plot) rectangle(x1, y1, x2, y2 int) {
	p.r.MoveTo(x1, y1)
	p.r.LineTo(x2, y1)
	p.r.LineTo(x2, y2)
	p.r.LineTo(x1, y2)
	p.r.Close()
}

// paint ends the path that is being drawn.
func (p plot) paint(class string) {
	p.r.SetClassName(class)
	p.r.FillStroke()
	p.r.ResetStyle()
}

// text writes a text with its lower left corner at x and y; the style sheet may
// anchor it otherwise.
func (p plot) text(class, text string, x, y int) {
	chartdraw.Draw.Text(p.r, text, x, y, chartdraw.Style{ClassName: class, FontStyle: p.font})
}

// width returns how wide a text is. Fonts differ, so it is a guess.
func (p plot) width(text string) int {
	style := chartdraw.Style{FontStyle: p.font}
	style.FontSize = fontSize * unit
	return chartdraw.Draw.MeasureText(p.r, text, style).Width() * 11 / 10
}

// rules draws a thin line at each tick of the left axis but the lowest.
func (p plot) rules(ticks []chartdraw.Tick) {
	for _, tick := range ticks[1:] {
		p.line(p.box.Left, p.y(tick.Value), p.box.Right, p.y(tick.Value))
	}
	p.paint("rule")
}

// columns draws a thin line at each tick of the lower axis.
func (p plot) columns(ticks []chartdraw.Tick) {
	for _, tick := range ticks {
		p.line(p.x(tick.Value), p.box.Top, p.x(tick.Value), p.box.Bottom)
	}
	p.paint("rule")
}

// maxBar is how broad a bar is at the most.
const maxBar = 64

// stack draws stacked bars, one path for each series.
func (p plot) stack(stack []bars) {
	if len(stack) == 0 {
		return
	}
	base := make([]int64, len(stack[0].Values))
	half := min((2*(p.x(1)-p.x(0))+4)/5, maxBar/2*unit)
	for _, series := range stack {
		for i, value := range series.Values {
			if value == 0 {
				continue
			}
			bottom, top := p.y(float64(base[i])), p.y(float64(base[i]+value))
			middle := p.x(float64(i) + 0.5)
			p.rectangle(middle-half, top, middle+half, bottom)
			base[i] += value
		}
		p.paint("bar " + series.Class)
	}
}

// marks draws vertical lines that reach up to their labels. A label that would
// lie over another is written on the line above; where there is no room either,
// it is left out.
func (p plot) marks(marks []mark) {
	free := [markLines]int{} // where each line of labels is free
	for _, m := range marks {
		x := p.x(m.At)
		left, width := x+4*unit, p.width(m.Label)
		if left+width > p.box.Right {
			left = x - 4*unit - width
		}
		line := 0
		for line < markLines && left < free[line] {
			line++
		}
		p.line(x, p.box.Top-(min(line, markLines-1)+1)*markHeight*unit, x, p.box.Bottom)
		p.paint("mark")
		if line < markLines {
			p.text("mark-label", m.Label, left, p.box.Top-(line*markHeight+4)*unit)
			free[line] = left + width + 4*unit
		}
	}
}

// rows draws the bars of a rowChart, each beneath its label.
func (p plot) rows(rows []row) {
	for i, row := range rows {
		top := p.box.Top + i*rowHeight*unit
		baseline := top + 20*unit
		p.text("row-label", p.cut(row.Label, p.box.Width()-p.width(row.Value)), p.box.Left, baseline)
		p.text("row-value", row.Value, p.box.Right, baseline)
		y1, y2 := top+27*unit, top+(27+barHeight)*unit
		p.rectangle(p.box.Left, y1, p.box.Right, y2)
		p.paint("track")
		at := 0.0
		for _, part := range row.Parts {
			if part.Share > 0 {
				p.rectangle(p.x(at), y1, p.x(math.Min(at+part.Share, 1)), y2)
				p.paint("bar " + part.Class)
			}
			at += part.Share
		}
	}
}

// cut shortens a text to a width.
func (p plot) cut(text string, width int) string {
	runes := []rune(text)
	for len(runes) > 1 && p.width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	if len(runes) == len([]rune(text)) {
		return text
	}
	return string(runes) + "…"
}
