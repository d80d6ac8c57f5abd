package audit

import (
	"cmp"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
)

//go:embed report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Parse(reportPage))

// WriteHTML writes the report as one page in one of [Languages], which loads nothing
// and can be printed.
func (r *Report) WriteHTML(w io.Writer, lang string) error {
	spoken, found := readWords()[lang]
	if !found {
		return fmt.Errorf("no report in %q; there are %v", lang, Languages)
	}
	return reportTemplate.Execute(w, &reportView{words: spoken, Report: r})
}

// reportView is the report as the page's template asks for it.
type reportView struct {
	words
	Report *Report
}

// kindView is a kind of which something was found.
type kindView struct {
	Name     Kind
	Level    Level
	Rule     string
	Findings []Finding
}

// Kinds groups the findings.
func (v *reportView) Kinds() (list []kindView) {
	for _, f := range v.Report.Findings {
		if n := len(list); n == 0 || list[n-1].Name != f.Kind {
			list = append(list, kindView{Name: f.Kind, Level: f.Level, Rule: f.Rule})
		}
		last := &list[len(list)-1]
		last.Findings = append(last.Findings, f)
	}
	return list
}

// Worst is the level of the heaviest finding, "clean" where there is none.
func (v *reportView) Worst() string {
	for _, level := range []Level{LevelError, LevelWarning, LevelNote} {
		if v.Report.Count(level) > 0 {
			return string(level)
		}
	}
	return "clean"
}

func (v *reportView) Summary() string { return v.Report.summary(v.words) }

// Banner names whose banner it is.
func (v *reportView) Banner() string {
	switch banner := v.Report.Observation.Banner; banner {
	case "":
		return v.Say("banner-unknown")
	case "temoin":
		return v.Say("banner-temoin")
	default:
		return banner
	}
}

func (v *reportView) Unseen(u Unseen) string { return u.text(v.words) }

func (v *reportView) Seconds(d Duration) string {
	return strings.Replace(strconv.FormatFloat(seconds(d), 'f', 1, 64), ".", v.Say("decimal"), 1)
}

// Clicks writes a number of clicks, which may be unknown or none that could be found.
func (v *reportView) Clicks(n int) string {
	switch {
	case n > 0:
		return strconv.Itoa(n)
	case n < 0:
		return "–"
	}
	return "?"
}

// Others counts the requests of a state to other sites.
func (v *reportView) Others(s State) (n int) {
	for _, request := range s.Requests {
		if request.ThirdParty {
			n++
		}
	}
	return n
}

// Pages are the addresses of all pages, in the order in which they were visited.
func (v *reportView) Pages() (list []string) {
	for _, state := range v.Report.Observation.States {
		for _, page := range state.Pages {
			if !slices.Contains(list, page.URL) {
				list = append(list, page.URL)
			}
		}
	}
	return list
}

// Cookies are those of all states, each once: the one that lives longest.
func (v *reportView) Cookies() (list []Cookie) {
	for _, state := range v.Report.Observation.States {
		for _, cookie := range state.Cookies {
			i := slices.IndexFunc(list, func(c Cookie) bool {
				return c.Name == cookie.Name && c.Domain == cookie.Domain && c.Path == cookie.Path
			})
			switch {
			case i < 0:
				list = append(list, cookie)
			case cookie.Lifetime > list[i].Lifetime:
				list[i] = cookie
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Cookie) int { return cmp.Or(cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Name, b.Name)) })
	return list
}

// Stored is what all states stored, each once.
func (v *reportView) Stored() (list []Stored) {
	for _, state := range v.Report.Observation.States {
		for _, item := range state.Stored {
			if !slices.ContainsFunc(list, func(s Stored) bool { return s.Kind == item.Kind && s.Origin == item.Origin && s.Key == item.Key }) {
				list = append(list, item)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Stored) int { return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Key, b.Key)) })
	return list
}

// hostView is a host of another site that was asked.
type hostView struct {
	Name     string
	Requests int
	States   []StateName
}

// Hosts are the hosts of other sites, by name.
func (v *reportView) Hosts() (list []hostView) {
	for _, state := range v.Report.Observation.States {
		for _, request := range state.Requests {
			if !request.ThirdParty {
				continue
			}
			i := slices.IndexFunc(list, func(h hostView) bool { return h.Name == request.Host })
			if i < 0 {
				i = len(list)
				list = append(list, hostView{Name: request.Host})
			}
			list[i].Requests++
			list[i].States = append(list[i].States, situationOf(state.Name, request.Phase))
		}
	}
	for i := range list {
		list[i].States = toldOrder(list[i].States)
	}
	slices.SortFunc(list, func(a, b hostView) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Picture is a picture as the page itself holds it.
func (v *reportView) Picture(png []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))
}
