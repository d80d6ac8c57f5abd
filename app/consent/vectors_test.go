package consent_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"temoin.example/temoin/app/consent"
)

var update = flag.Bool("update", false, "write testdata/standing.json anew")

// standingVectors are what stands of earlier answers, and what is written over them,
// for all who read the cookie: the loader, and the files in docs/helpers.
type standingVectors struct {
	Catalogues map[string]published `json:"catalogues"`
	Cases      []standingCase       `json:"cases"`
}

// published is as much of /temoin/catalogue.json as they look at.
type published struct {
	Rev      string            `json:"rev"`
	Lifetime int               `json:"lifetime"`
	Marks    map[string]string `json:"marks"`
	*consent.Catalogue
}

type standingCase struct {
	Name      string   `json:"name"`
	Catalogue string   `json:"catalogue"`
	Now       int64    `json:"now"`
	Cookies   []string `json:"cookies"` // JSON, to be encoded
	// What stands of it; no choices where nothing does.
	Choices  map[string]bool `json:"choices"`
	Services map[string]bool `json:"services"`
	Asked    []string        `json:"asked"`
	Allowed  []string        `json:"allowed"`
	Answers  []answerCase    `json:"answers"`
}

type answerCase struct {
	Allow   []string `json:"allow"` // ids; the rest is refused
	Part    bool     `json:"part"`
	Written string   `json:"written"` // JSON
}

const (
	someID = "00000000-0000-4000-8000-000000000000"
	nextID = "11111111-1111-4111-8111-111111111111"
	begin  = 1764000000
)

// edits are what may happen to a catalogue between two visits.
var edits = []struct {
	name string
	edit func(*consent.Catalogue)
}{
	{"nothing changed", func(*consent.Catalogue) {}},
	{"a necessary cookie renamed", func(c *consent.Catalogue) { c.Services[0].Cookies[0].Name = "sid" }},
	{"wordings and order", func(c *consent.Catalogue) {
		c.Services[4].Purpose = consent.Text{"": "films"}
		slices.Reverse(c.Services)
	}},
	{"a service added", func(c *consent.Catalogue) {
		c.Services = append(c.Services, consent.Service{ID: "heatmap", Category: "statistics", Provider: "Hot"})
	}},
	{"a service and its category added", func(c *consent.Catalogue) {
		c.Categories = append(c.Categories, consent.Category{ID: "ads"})
		c.Services = append(c.Services, consent.Service{ID: "pixel", Category: "ads", Provider: "Ad"})
	}},
	{"an exempt measure added", func(c *consent.Catalogue) {
		c.Categories = append(c.Categories, consent.Category{ID: "reach", Anonymous: true})
		c.Services = append(c.Services, consent.Service{ID: "visits", Category: "reach", Provider: "Portal"})
	}},
	{"a service dropped", func(c *consent.Catalogue) { c.Services = slices.Delete(c.Services, 2, 3) }},
	{"another provider", func(c *consent.Catalogue) { c.Services[4].Provider = "Vimeo" }},
	{"all services of another provider", func(c *consent.Catalogue) {
		for i := range c.Services {
			c.Services[i].Provider = "Other"
		}
	}},
	{"another kind", func(c *consent.Catalogue) { c.Services[4].Kind = consent.Advertising }},
	{"moved to another category", func(c *consent.Catalogue) { c.Services[4].Category = "statistics" }},
	{"a cookie added", func(c *consent.Catalogue) {
		c.Services[4].Cookies = append(slices.Clone(c.Services[4].Cookies), consent.Cookie{Name: "VISITOR", Party: consent.ThirdParty})
	}},
	{"a cookie dropped", func(c *consent.Catalogue) { c.Services[4].Cookies = nil }},
	{"a cookie of another party", func(c *consent.Catalogue) { c.Services[4].Cookies[0].Party = consent.FirstParty }},
	{"a longer duration", func(c *consent.Catalogue) { c.Services[4].Cookies[0].Duration.Count = 7 }},
	{"a shorter duration, in another unit", func(c *consent.Catalogue) {
		c.Services[4].Cookies[0].Duration = consent.Duration{Count: 4, Unit: consent.Week}
	}},
	{"no longer exempt", func(c *consent.Catalogue) { c.Categories[2].Anonymous, c.Services[3].Anonymous = false, false }},
	{"exempt now", func(c *consent.Catalogue) { c.Services[4].Anonymous = true }},
	{"necessary, and then not", func(c *consent.Catalogue) { c.Categories[0].Necessary = false }},
	{"necessary now", func(c *consent.Catalogue) { c.Categories[3].Necessary = true }},
}

// visitors are what was answered before.
var visitors = []struct {
	name    string
	granted func(id string) bool
}{
	{"refused", func(string) bool { return false }},
	{"accepted", func(string) bool { return true }},
	{"mixed", func(id string) bool {
		return slices.Contains([]string{"statistics", "matomo", "counter", "youtube"}, id)
	}},
}

// asJSON returns what a record writes into the cookie, before it is encoded.
func asJSON(t *testing.T, record *consent.Record) string {
	t.Helper()
	value, err := record.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for i := 0; i < len(value); i++ {
		if value[i] == '%' {
			var c byte
			fmt.Sscanf(value[i+1:i+3], "%02X", &c)
			b.WriteByte(c)
			i += 2
		} else {
			b.WriteByte(value[i])
		}
	}
	return b.String()
}

// videos is the portal with a service that has cookies of its own.
func videos() *consent.Catalogue {
	c := portal()
	c.Services[4].Cookies = []consent.Cookie{
		{Name: "VISITOR_INFO", Duration: consent.Duration{Count: 6, Unit: consent.Month}, Party: consent.ThirdParty},
		{Name: "YSC", Party: consent.ThirdParty},
	}
	return c
}

// makeVectors goes through each visitor and each edit, and some stories more.
func makeVectors(t *testing.T) standingVectors {
	v := standingVectors{Catalogues: map[string]published{}}
	add := func(name, edited string, c *consent.Catalogue, now int64, cookies ...string) {
		marks := c.Marks()
		v.Catalogues[edited] = published{marks.Rev, c.Cookie.MaxAge(), marks.Of, plain(c)}
		v.Cases = append(v.Cases, look(t, c, standingCase{Name: name, Catalogue: edited, Now: now, Cookies: cookies}))
	}
	answer := func(c *consent.Catalogue, cookies []string, at int64, part bool, granted func(string) bool) string {
		return asJSON(t, c.Answer(encoded(cookies), c.Marks(), consent.Answer{ID: someID, At: time.Unix(at, 0), Granted: granted, Part: part}))
	}
	for _, visitor := range visitors {
		was := videos()
		written := answer(was, nil, begin, false, visitor.granted)
		for _, edit := range edits {
			c := videos()
			edit.edit(c)
			add(visitor.name+", then "+edit.name, edit.name, c, begin+90*86400, written)
		}
		add(visitor.name+", and it is over", edits[0].name, was, begin+181*86400, written)
		first := &consent.Record{ID: someID, Rev: was.Rev(), At: time.Unix(begin, 0)}
		first.Choices, first.Services = was.Split(visitor.granted)
		add(visitor.name+", in version 1", edits[0].name, was, begin+86400, asJSON(t, first))
		first.Rev = "00000000"
		add(visitor.name+", in version 1, of another catalogue", edits[0].name, was, begin+86400, asJSON(t, first))

		// In the course of time, and on another site with the same cookie.
		added, another := videos(), videos()
		edits[3].edit(added)
		edits[4].edit(added)
		for i := range another.Services {
			another.Services[i].ID = "other-" + another.Services[i].ID
		}
		yes := func(id string) bool { return id == "heatmap" || visitor.granted(id) }
		second := answer(added, []string{written}, begin+90*86400, true, yes)
		add(visitor.name+", and answered again", "two services added", added, begin+100*86400, second)
		add(visitor.name+", and answered again, and the first is over", "two services added", added, begin+200*86400, second)
		foreign := answer(another, []string{written}, begin+86400, true, func(string) bool { return true })
		add(visitor.name+", and accepted another site", edits[0].name, was, begin+2*86400, foreign)
		add(visitor.name+", another site alone", "another site", another, begin+2*86400, written)
		add(visitor.name+", newer of two", edits[0].name, was, begin+2*86400, answer(was, nil, begin+86400, false, visitors[0].granted), written)
	}
	marks := videos().Marks().Of
	forged := func(choices, services, of string) string {
		return `{"v":2,"id":"` + someID + `","rev":"00000000","at":1764000000,"choices":{` + choices + `},"services":{` + services + `},"of":"` + of + `"}`
	}
	tag := func(id string) string { return marks[id][:3] }
	for name, cookie := range map[string]string{
		"yes without a mark":                  forged(`"third-party":true`, `"youtube":true`, tag("third-party")),
		"yes with a tag alone":                forged(`"third-party":true`, ``, tag("third-party")+"~"+tag("youtube")),
		"a mark without an answer":            forged(``, ``, marks["youtube"]),
		"a service without its category":      forged(``, `"youtube":true`, marks["youtube"]),
		"a category without its services":     forged(`"third-party":true`, ``, tag("third-party")),
		"of a round that is to come":          forged(`"third-party":true`, ``, tag("statistics")+"!zzzzzz."+tag("third-party")+"~"+marks["youtube"]),
		"of five rounds, some twice":          forged(`"third-party":true`, ``, marks["youtube"]+"!t686w0."+tag("youtube")+"!1."+tag("third-party")+"!t686w0."+tag("third-party")+"~abc~def"),
		"necessary, refused by hand":          forged(`"necessary":false`, `"sessions":false`, tag("statistics")),
		"with an id that is no own property":  forged(`"constructor":true,"third-party":false`, `"toString":true`, tag("third-party")),
		"the same service as something else":  forged(`"third-party":true`, ``, tag("third-party")+"~"+tag("youtube")+"AAA~"+marks["youtube"]+"AAAs"),
		"refused by a service of its own tag": forged(`"third-party":true`, `"youtube":false`, tag("third-party")+"~"+tag("youtube")),
	} {
		if !strings.Contains(cookie, "toString") { // an id has no capitals
			add(name, edits[0].name, videos(), begin+86400, cookie)
		}
	}
	slices.SortStableFunc(v.Cases, func(a, b standingCase) int { return strings.Compare(a.Name, b.Name) })
	return v
}

// plain leaves out what nobody decides by.
func plain(c *consent.Catalogue) *consent.Catalogue {
	p := &consent.Catalogue{Cookie: c.Cookie}
	for _, category := range c.Categories {
		p.Categories = append(p.Categories, consent.Category{ID: category.ID, Necessary: category.Necessary, Anonymous: category.Anonymous})
	}
	for _, service := range c.Services {
		p.Services = append(p.Services, consent.Service{ID: service.ID, Category: service.Category, Anonymous: service.Anonymous})
	}
	return p
}

func encoded(cookies []string) (values []string) {
	for _, cookie := range cookies {
		values = append(values, recordCase{JSON: cookie}.value())
	}
	return values
}

// look fills in what stands, and what three answers would write.
func look(t *testing.T, c *consent.Catalogue, v standingCase) standingCase {
	now := time.Unix(v.Now, 0)
	record := c.Read(encoded(v.Cookies), now, c.Marks())
	if record != nil {
		v.Choices, v.Services, v.Asked = unlisted(record.Choices), unlisted(record.Services), record.Asked
	}
	var ids []string
	for _, category := range c.Categories {
		ids = append(ids, category.ID)
	}
	for _, service := range c.Services {
		ids = append(ids, service.ID)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if c.Granted(record, id) {
			v.Allowed = append(v.Allowed, id)
		}
	}
	say := func(part bool, asked, rest func(id string) bool) {
		a := answerCase{Part: part}
		for _, id := range ids {
			isAsked := record == nil || slices.Contains(v.Asked, id)
			if c.Marks().Of[id] != "" && (isAsked && asked(id) || !isAsked && rest(id)) {
				a.Allow = append(a.Allow, id)
			}
		}
		written := c.Answer(encoded(v.Cookies), c.Marks(), consent.Answer{
			ID: nextID, At: now, Granted: func(id string) bool { return slices.Contains(a.Allow, id) }, Part: part})
		a.Written = asJSON(t, written)
		v.Answers = append(v.Answers, a)
	}
	yes, no := visitors[1].granted, visitors[0].granted
	stands := func(id string) bool { return c.Granted(record, id) }
	say(true, yes, stands)
	say(true, no, stands)
	say(true, no, func(id string) bool { return id != "analytics" && stands(id) })
	say(false, visitors[2].granted, visitors[2].granted)
	return v
}

// write returns them as JSON, a line for each catalogue and each case.
func (v standingVectors) write(t *testing.T) *bytes.Buffer {
	t.Helper()
	line := func(value any) string {
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	var catalogues, cases []string
	for _, name := range slices.Sorted(maps.Keys(v.Catalogues)) {
		catalogues = append(catalogues, fmt.Sprintf("%q:%s", name, line(v.Catalogues[name])))
	}
	for _, c := range v.Cases {
		cases = append(cases, line(c))
	}
	return bytes.NewBufferString("{\"catalogues\":{\n" + strings.Join(catalogues, ",\n") + "\n},\n\"cases\":[\n" + strings.Join(cases, ",\n") + "\n]}\n")
}

func TestStandingVectors(t *testing.T) {
	made := makeVectors(t)
	b := made.write(t)
	const file = "testdata/standing.json"
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want, got standingVectors
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(got.Catalogues, want.Catalogues, func(a, b published) bool { return reflect.DeepEqual(a, b) }) {
		t.Errorf("the catalogues, or their marks, are others: every visitor of every site would be asked again")
	}
	if len(got.Cases) != len(want.Cases) {
		t.Fatalf("got %d cases, want %d", len(got.Cases), len(want.Cases))
	}
	for i, c := range got.Cases {
		if !reflect.DeepEqual(c, want.Cases[i]) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.Name, c, want.Cases[i])
		}
	}
}
