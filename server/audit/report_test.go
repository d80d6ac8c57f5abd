package audit

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/net/html"
)

// planted is a report with some of everything in it.
func planted(t *testing.T, accepted Baseline) *Report {
	t.Helper()
	seen := states(func(s map[StateName]*State) {
		good(s)
		s[Unanswered].put(cookie("fig_2", 400*day), Before)
		s[Unanswered].put(cookie("<b>odd</b>\x1b[2J", 0), Before)
		s[Unanswered].ask("https://odd.example/", Before)
		s[Unanswered].store("odd", Before)
		s[Withdrawn].put(cookie("fig_3", 0), After)
		s[Accepted].put(cookie("vid", 0), After)
		s[Unanswered].Banner = Banner{
			Visible: true, AcceptClicks: 1, RefuseClicks: 2, Picture: []byte("\x89PNG\r\n\x1a\n"),
			Buttons: []Button{{Text: "<i>Oui</i>", Role: RoleAccept, Visible: true}, {Text: "Non", Role: RoleRefuse}},
		}
		s[Refused].Problem = "no rule"
	})
	seen.Unseen = []Unseen{{State: "refused", Page: start, Kind: TrapDownload, Why: "was <a file>"}}
	seen.Took = Duration(90400 * time.Millisecond)
	r, err := NewReport(seen, mustParse(t, declared), "c.yaml", accepted)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func written(t *testing.T, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWords: the languages say the same things, and of each kind, state and subject
// all that a report asks for.
func TestWords(t *testing.T) {
	first := slices.Sorted(maps.Keys(readWords()[Languages[0]]))
	hole := regexp.MustCompile(`\{[a-z]+\}`)
	for _, lang := range Languages {
		w := readWords()[lang]
		if got := slices.Sorted(maps.Keys(w)); !slices.Equal(got, first) {
			t.Errorf("%s has other words than %s", lang, Languages[0])
		}
		for name, text := range w {
			if text == "" || !slices.Equal(hole.FindAllString(text, -1), hole.FindAllString(readWords()[Languages[0]][name], -1)) {
				t.Errorf("%s: %s is %q, want the same places to fill in %s", lang, name, text, Languages[0])
			}
		}
		for _, rule := range rules {
			for _, part := range []string{"", "-what", "-do", "-law"} {
				w.Say(string(rule.kind) + part)
			}
			w.Say("level-" + string(rule.level))
		}
		for _, state := range []StateName{Unanswered, Refused, Accepted, Withdrawn, GPC, Returning, OnlyState("a")} {
			w.State(state)
		}
		for _, trap := range []Trap{TrapTime, TrapRedirects, TrapDownload, TrapDialog, TrapPermission, TrapCrash, TrapFailed, TrapRobots, TrapAnswer, TrapElsewhere, TrapLimit, TrapBrowser} {
			w.Say("trap-" + string(trap))
		}
	}
}

// TestUnseen_Browser: what a browser does not tell is said in the report's language.
func TestUnseen_Browser(t *testing.T) {
	for _, name := range append([]string{"log"}, firefoxBlind...) {
		u := blindTo(name)
		if u.Why != english().Say("blind-"+name) {
			t.Errorf("%s: got %q", name, u.Why)
		}
		if got, want := u.text(readWords()["fr"]), "navigateur : "+readWords()["fr"].Say("blind-"+name); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := (Unseen{Kind: TrapBrowser, Why: "another"}).text(readWords()["fr"]); got != "navigateur : another" {
		t.Errorf("what no words are known of: got %q", got)
	}
}

func TestReport_Text(t *testing.T) {
	text := written(t, func(b *bytes.Buffer) error { return planted(t, Baseline{"kept cookie gone": true}).WriteText(b) })
	for _, want := range []string{
		"Without consent (R1; French law 78-17, article 82", "cookie fig_2 (data.example.org), service figures", "visitor who has answered nothing",
		"by script https://data.example.org/a.js", "declared 13 months, is 14 months", "1 to accept, 2 to refuse", "no longer found: kept cookie gone",
		"download: was <a file> (has refused all)", "1 pages as 8 visitors, in 1m30s", "catalogue: c.yaml, revision ", "2 without consent, 6 wrongly declared, 0 worth a look",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing is said of %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("a cookie's name must not reach the terminal as a command")
	}
	clean, err := NewReport(states(good), mustParse(t, declared), "c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text := written(t, func(b *bytes.Buffer) error { return clean.WriteText(b) }); !strings.Contains(text, english().Say("clean")) {
		t.Errorf("got %q of a clean site", text)
	}
}

// spoken is what a page says in its language of durations, parties, times and visitors.
var spoken = map[string][]string{
	"fr": {"<dd>13\u00a0mois</dd>", "<dd>14\u00a0mois</dd>", "<td>jusqu’à la fermeture du navigateur</td>", "<dd>d’un autre site</dd>", "<dd>90,4 s</dd>", "(a tout refusé)"},
	"en": {"<dd>13\u00a0months</dd>", "<dd>14\u00a0months</dd>", "<td>until the browser is closed</td>", "<dd>another site&#39;s</dd>", "<dd>90.4 s</dd>", "(has refused all)"},
}

// TestReport_HTML: the page is whole in each language, loads nothing, and shows
// names as they are.
func TestReport_HTML(t *testing.T) {
	report := planted(t, Baseline{"kept cookie fig_3 data.example.org": true, "kept cookie gone": true})
	for _, lang := range Languages {
		t.Run(lang, func(t *testing.T) {
			page := written(t, func(b *bytes.Buffer) error { return report.WriteHTML(b, lang) })
			w := readWords()[lang]
			for _, want := range []string{
				`<html lang="` + lang + `">`, w.Say("before-consent-what"), w.Say("refusal-harder-what"), w.Say("clicks", "accept", "1", "refuse", "2"),
				"&lt;b&gt;odd&lt;/b&gt;", "&lt;i&gt;Oui&lt;/i&gt;", "was &lt;a file&gt;", `src="data:image/png;base64,iVBORw0KGgo="`, "kept cookie gone", w.Say("state-refused"),
			} {
				if !strings.Contains(page, want) {
					t.Errorf("nothing is said of %q", want)
				}
			}
			for _, want := range spoken[lang] {
				if !strings.Contains(page, want) {
					t.Errorf("nothing is said of %q, in the language of the page", want)
				}
			}
			root, err := html.Parse(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			for node := range root.Descendants() {
				for _, a := range node.Attr {
					if slices.Contains([]string{"src", "href", "srcset"}, a.Key) && !strings.HasPrefix(a.Val, "data:") || node.Data == "script" || node.Data == "link" {
						t.Errorf("the page loads %s=%q", a.Key, a.Val)
					}
				}
			}
		})
	}
	if err := report.WriteHTML(&bytes.Buffer{}, "de"); err == nil || !strings.Contains(err.Error(), "fr en") {
		t.Errorf("got %v, want the languages that there are", err)
	}
}

// TestReport_JSON: the report is as its schema says, with nothing in it that a
// reader would not know, and without pictures.
func TestReport_JSON(t *testing.T) {
	text := written(t, func(b *bytes.Buffer) error { return planted(t, nil).WriteJSON(b) })
	if strings.Contains(text, "iVBORw0KGgo") {
		t.Error("the pictures are in it")
	}
	data, err := os.ReadFile("../../web/audit.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("audit.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("audit.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Error(err)
	}
	value.(map[string]any)["more"] = 1
	if schema.Validate(value) == nil {
		t.Error("the schema takes what a report does not have")
	}
}

func TestReport_SARIF(t *testing.T) {
	report := planted(t, Baseline{"kept cookie fig_3 data.example.org": true})
	var log sarifLog
	if err := json.Unmarshal([]byte(written(t, func(b *bytes.Buffer) error { return report.WriteSARIF(b, "c.yaml") })), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || len(run.Results) != len(report.Findings)+1 || !run.Invocations[0].Successful {
		t.Fatalf("got %+v", log)
	}
	for i, result := range run.Results {
		if run.Tool.Driver.Rules[result.Index].ID != result.Rule || result.Locations[0].Physical.Artifact.URI != "c.yaml" || result.Fingerprints["temoin/v1"] == "" {
			t.Errorf("got %+v", result)
		}
		if suppressed := len(result.Suppressions) > 0; suppressed != (i == len(report.Findings)) {
			t.Errorf("got %+v; what the baseline accepts is suppressed, and nothing else", result)
		}
	}
	json.Unmarshal([]byte(written(t, func(b *bytes.Buffer) error { return report.WriteSARIF(b, "") })), &log)
	if got := log.Runs[0].Results[0].Locations[0].Physical.Artifact.URI; got != start {
		t.Errorf("got the place %q, want the page", got)
	}
}

func TestReport_JUnit(t *testing.T) {
	read := func(r *Report) (suite junitSuite) {
		if err := xml.Unmarshal([]byte(written(t, func(b *bytes.Buffer) error { return r.WriteJUnit(b) })), &suite); err != nil {
			t.Fatal(err)
		}
		return suite
	}
	report := planted(t, nil)
	suite := read(report)
	passed := 0
	for _, c := range suite.Cases {
		if c.Failure == nil {
			passed++
		}
	}
	if suite.Failures != len(report.Findings) || suite.Tests != suite.Failures+passed || passed == 0 {
		t.Errorf("got %d failures and %d that passed of %d, want %d failures", suite.Failures, passed, suite.Tests, len(report.Findings))
	}
	blind, err := NewReport(&Observation{Site: start}, nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if suite := read(blind); suite.Errors != 1 || suite.Failures != 0 || blind.Looked() {
		t.Errorf("got %+v, want an error where nothing could be looked at", suite)
	}
}

// TestBaseline: what is written accepts what was found, and is read with its mistakes named.
func TestBaseline(t *testing.T) {
	report := planted(t, nil)
	text := written(t, func(b *bytes.Buffer) error { return WriteBaseline(b, report) })
	accepted, err := ReadBaseline("b.txt", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	again := planted(t, accepted)
	if len(again.Findings) != 0 || len(again.Accepted) != len(report.Findings) || len(again.Stale) != 0 {
		t.Errorf("got %d findings, %d accepted, stale %q", len(again.Findings), len(again.Accepted), again.Stale)
	}
	_, err = ReadBaseline("b.txt", strings.NewReader("# why\n\nundeclared cookie a\nundeclare cookie b\n"))
	if err == nil || !strings.Contains(err.Error(), `b.txt:4: "undeclare" is no kind`) {
		t.Errorf("got %v, want file, line and what is wrong", err)
	}
}
