package admin

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
	"temoin.example/temoin/web"
)

func TestHashPassword(t *testing.T) {
	for name, password := range map[string]string{
		"empty": "", "eleven characters": "éàüîôçëïêâè", "without end": strings.Repeat("x", 1025),
	} {
		if _, err := HashPassword(password); err == nil || !strings.Contains(err.Error(), "want at") {
			t.Errorf("%s: got %v, want an error that says what is wanted", name, err)
		}
	}
	const password = "Été à Rivemont"
	first, err1 := HashPassword(password)
	second, err2 := HashPassword(password)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if first == second || !strings.HasPrefix(first, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("got %q and %q, want two hashes with salts of their own", first, second)
	}
	p := NewPasswords()
	for candidate, want := range map[string]bool{
		password:                           true,
		"E\u0301te\u0301 a\u0300 Rivemont": true, // the same letters, as other keyboards write them
		"été à rivemont":                   false,
		password + " ":                     false,
		"":                                 false,
		strings.Repeat("x", 1<<20):         false,
	} {
		if got, err := p.match(t.Context(), client{}, first, candidate); got != want || err != nil {
			t.Errorf("%.20q: got %t and %v, want %t", candidate, got, err, want)
		}
	}
}

func TestPasswords_UnreadableHash(t *testing.T) {
	good := strings.Split(cheapHash, "$")
	for name, change := range map[string]func([]string) []string{
		"another algorithm": func(p []string) []string { p[1] = "argon2i"; return p },
		"another version":   func(p []string) []string { p[2] = "v=16"; return p },
		"no costs":          func(p []string) []string { p[3] = ""; return p },
		"no passes":         func(p []string) []string { p[3] = "m=64,t=0,p=1"; return p },
		"no threads":        func(p []string) []string { p[3] = "m=64,t=1,p=0"; return p },
		"all memory":        func(p []string) []string { p[3] = "m=4294967295,t=1,p=1"; return p },
		"all day":           func(p []string) []string { p[3] = "m=64,t=4294967295,p=1"; return p },
		"a short salt":      func(p []string) []string { p[4] = "AAAA"; return p },
		"a salt of none":    func(p []string) []string { p[4] = "?"; return p },
		"a short key":       func(p []string) []string { p[5] = "AAAA"; return p },
		"too few parts":     func(p []string) []string { return p[:5] },
		"a word":            func([]string) []string { return []string{"password"} },
	} {
		hash := strings.Join(change(slices.Clone(good)), "$")
		if ok, err := NewPasswords().match(t.Context(), client{}, hash, rightPassword); ok || !errors.Is(err, errHash) {
			t.Errorf("%s: got %t and %v", name, ok, err)
		}
	}
}

// candidates are passwords that are wrong in different ways, and the right one.
var candidates = map[string]string{
	"right":            rightPassword,
	"right but one":    rightPassword[:len(rightPassword)-1] + "x",
	"wrong":            "a guess of mine",
	"empty":            "",
	"longer than ever": strings.Repeat("x", 2*maxPassword),
	"not UTF-8":        "\xff\xfe\xfd",
}

// What is derived is counted, not timed: a clock proves nothing on a busy machine.
func TestDashboard_DerivesOneKeyWhateverThePassword(t *testing.T) {
	forms := map[string]url.Values{"without a password": {}, "with two": {"password": {"one", rightPassword}}}
	for name, candidate := range candidates {
		forms[name] = url.Values{"password": {candidate}}
	}
	for name, form := range forms {
		t.Run(name, func(t *testing.T) {
			f := newFakeStore(t)
			f.settings[PasswordSetting] = cheapHash
			b := newBench(t, f)
			var derived int
			b.handler.(*Dashboard).passwords.key = func(c argonCost, password string, salt []byte) []byte {
				derived++
				return c.key(password, salt)
			}
			want := http.StatusForbidden
			if form.Get("password") == rightPassword {
				want = http.StatusSeeOther
			}
			expect(t, b.visit("POST", "/admin/login", form), want)
			if derived != 1 {
				t.Errorf("derived %d keys, want one", derived)
			}
		})
	}
}

// BenchmarkMatch shows by how much the time differs between passwords.
func BenchmarkMatch(b *testing.B) {
	hash, err := HashPassword(rightPassword)
	if err != nil {
		b.Fatal(err)
	}
	p := NewPasswords()
	for _, name := range slices.Sorted(maps.Keys(candidates)) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				if right, err := p.match(b.Context(), client{}, hash, candidates[name]); right != (name == "right") || err != nil {
					b.Fatal(right, err)
				}
			}
		})
	}
}

func TestPasswords_FewAtOnce(t *testing.T) {
	p := NewPasswords()
	for name, c := range map[string]struct {
		who           client
		mine, another chan struct{}
	}{
		"strangers": {client{}, p.strangers, p.known},
		"known":     {client{known: true}, p.known, p.strangers},
	} {
		t.Run(name, func(t *testing.T) {
			for range cap(c.mine) {
				c.mine <- struct{}{}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if ok, err := p.match(ctx, c.who, cheapHash, rightPassword); ok || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("while others of its kind are checked: got %t and %v, want it to wait", ok, err)
			}
			for range cap(c.mine) {
				<-c.mine
			}
			for range cap(c.another) {
				c.another <- struct{}{}
			}
			soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if ok, err := p.match(soon, c.who, cheapHash, rightPassword); !ok || err != nil {
				t.Errorf("while those of the other kind are checked: got %t and %v", ok, err)
			}
			for range cap(c.another) {
				<-c.another
			}
		})
	}
}

func TestAttempts_ForgetsClients(t *testing.T) {
	a := newAttempts()
	at := now
	for range maxClients + 100 {
		at = at.Add(totalEvery)
		if wait := a.takeHere(client{name: newToken()}, at); wait > 0 {
			t.Fatalf("a client that is new has to wait %s", wait)
		}
	}
	if n := a.clients.Len(); n != maxClients {
		t.Errorf("%d clients are kept in mind, want %d", n, maxClients)
	}
}

func TestReadPeriod(t *testing.T) {
	for query, want := range map[string]struct {
		since, until string
		length       int
		fault        string
	}{
		"":                                  {"2026-08-27", "2026-11-24", 90, ""},
		"days=7":                            {"2026-11-18", "2026-11-24", 7, ""},
		"days=365":                          {"2025-11-25", "2026-11-24", 365, ""},
		"days=8":                            {"2026-08-27", "2026-11-24", 90, ""},
		"days=-7":                           {"2026-08-27", "2026-11-24", 90, ""},
		"since=2026-09-01&until=2026-09-01": {"2026-09-01", "2026-09-01", 0, ""},
		"since=2026-01-31&until=2026-03-01": {"2026-01-31", "2026-03-01", 0, ""},
		"since=2026-09-02&until=2026-09-01": {"2026-08-27", "2026-11-24", 90, "period-reversed"},
		"since=2026-02-30&until=2026-03-01": {"2026-08-27", "2026-11-24", 90, "period-unreadable"},
		"since=2026-09-01":                  {"2026-08-27", "2026-11-24", 90, "period-unreadable"},
		"until=24/11/2026":                  {"2026-08-27", "2026-11-24", 90, "period-unreadable"},
		"since=0001-01-01&until=9999-12-31": {"2026-08-27", "2026-11-24", 90, "period-unreadable"},
		"since=1970-01-01&until=2026-11-24": {"2024-09-16", "2026-11-24", 0, "period-too-long"},
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		p := readPeriod(values, now)
		if p.Since() != want.since || p.Until() != want.until || p.Length != want.length || p.Fault != want.fault {
			t.Errorf("%q: got %s to %s, %d, %q; want %+v", query, p.Since(), p.Until(), p.Length, p.Fault, want)
		}
		if p.Days() > maxLength {
			t.Errorf("%q: %d days", query, p.Days())
		}
	}
}

// TestReport_AgreesWithTheStore compares the report of the real store's sums with
// what the receipts themselves say.
func TestReport_AgreesWithTheStore(t *testing.T) {
	season := newSeason(t, 150, 8)
	real, fake := realStore(t), newFakeStore(t)
	fill(t, real, season)
	fake.fill(season)
	for _, days := range []int{7, 90, 365} {
		p := lastDays(days, now)
		catalogue := richCatalogue(t)
		got, err1 := newReport(t.Context(), real, p, catalogue)
		want, err2 := newReport(t.Context(), fake, p, catalogue)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%d days: got\n%+v\nwant\n%+v", days, got, want)
		}
		var total tally
		for _, column := range got.Columns {
			total.Accepted, total.Partly, total.Refused = total.Accepted+column.Accepted, total.Partly+column.Partly, total.Refused+column.Refused
		}
		if total != got.Total || total.All() == 0 {
			t.Errorf("%d days: the columns sum up to %+v, the total is %+v", days, total, got.Total)
		}
		if last := got.Columns[len(got.Columns)-1]; got.Step == 7 && last.Start.AddDate(0, 0, 6) != p.Last {
			t.Errorf("%d days: the last week begins on %s", days, last.Start)
		}
		if first := got.Columns[0].Start; first != p.First {
			t.Errorf("%d days: the first column begins on %s", days, first)
		}
	}
	r, err := newReport(t.Context(), real, lastDays(90, now), richCatalogue(t))
	if err != nil {
		t.Fatal(err)
	}
	var fresh []bool
	for _, rev := range r.Revisions {
		fresh = append(fresh, rev.New)
	}
	if !slices.Equal(fresh, []bool{false, true, true}) {
		t.Errorf("new revisions: got %v, want the two that came in the period", fresh)
	}
	if got, want := r.Revisions[2].Anew, (tally{Accepted: 1, Refused: 2}); got != want || r.Revisions[1].Anew.All() != 0 {
		t.Errorf("asked anew: got %+v and %+v, want nobody by the second revision and %+v by the third", r.Revisions[1].Anew, got, want)
	}
	if at := r.position(r.Revisions[2].First); at != 70 {
		t.Errorf("the newest revision stands at %v, want 70", at)
	}
}

// TestDashboard_OddPeriods shows periods in which there is little to show.
func TestDashboard_OddPeriods(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	b := newBench(t, f)
	cookie := b.signIn()
	see := func(words ...string) string {
		t.Helper()
		page := expect(t, b.visit("GET", "/admin?days=7", nil, with(cookie)), http.StatusOK, words...)
		wellFormed(t, page)
		return page
	}
	see("Rien à montrer")
	for i := range 6 {
		f.unanswered[store.UnansweredSum{Day: "2026-11-2" + string(rune('0'+i/2)), Rev: strings.Repeat(string(rune('a'+i)), 8)}] = int64(10 + i)
	}
	if page := see("autres révisions", "révision ffffffff", "75"); strings.Contains(page, `id="days"`) {
		t.Errorf("choices are shown where none was made:\n%s", page)
	}
	c := richCatalogue(t)
	f.receipts = []*receipt.Receipt{mustReceipt(t, &receipt.Submission{
		Record: &consent.Record{ID: sampleID, Rev: c.Rev(), At: now, Choices: c.Accept()}, How: receipt.API, Lang: "pt-BR", Text: sampleText,
	}, c, now)}
	see("Choix par jour", "100,0\u00a0%", "pt-BR", "programme")
}

// fill puts a season into the real store.
func fill(t testing.TB, s *store.Store, season *season) {
	t.Helper()
	for _, e := range season.editions {
		if err := s.Publish(t.Context(), *e); err != nil {
			t.Fatal(err)
		}
	}
	faults := make(chan error, len(season.receipts))
	for _, r := range season.receipts {
		go func() {
			_, _, err := s.Append(context.WithoutCancel(t.Context()), r)
			faults <- err
		}()
	}
	for range season.receipts {
		if err := <-faults; err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range season.returned { // whose first answers are kept by now
		if _, _, err := s.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for sum, n := range season.unanswered {
		if err := s.CountUnanswered(t.Context(), sum.Day, sum.Rev, n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReport_RefusesOtherDays(t *testing.T) {
	for _, dayOf := range []string{"2026-11-25", "2026-11-17", "yesterday"} {
		f := newFakeStore(t)
		s := otherDays{f, dayOf}
		if _, err := newReport(t.Context(), s, lastDays(7, now), richCatalogue(t)); err == nil {
			t.Errorf("%s: got no error", dayOf)
		}
	}
}

// otherDays answers with a day that nobody asked for.
type otherDays struct {
	*fakeStore
	day string
}

func (o otherDays) Choices(context.Context, string, string) ([]store.ChoiceSum, error) {
	return []store.ChoiceSum{{Day: o.day, N: 1}}, nil
}

func TestCharts(t *testing.T) {
	chart := timeChart{
		Columns: 3,
		Label:   func(i, _ int) string { return []string{"1 <b>", "2 & 3", `4 "x"`}[i] },
		Number:  func(n int64) string { return "n" + string(rune('0'+n%10)) },
		Stack:   []bars{{"accepted", []int64{1, 0, 4}}, {"refused", []int64{2, 0, 1}}},
		Marks:   []mark{{1, "<script>"}, {1.5, "rev. 2"}, {1.6, "no room"}},
	}
	rows := rowChart{
		Rows:    []row{{"</svg><script>alert(1)</script>", "50 %", []part{{"accepted", 0.5}}}, {strings.Repeat("long ", 40), "0 %", []part{{"accepted", 0}}}},
		Percent: func(float64) string { return "%" },
	}
	for name, one := range map[string]drawer{"time": chart, "rows": rows} {
		for _, s := range []size{wide, half, narrow} {
			svg, err := one.draw(s, `a "quoted" <alt>`)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(svg), "<script") || strings.Contains(string(svg), "style=") {
				t.Errorf("%s: got\n%s", name, svg)
			}
			for decoder := xml.NewDecoder(strings.NewReader(string(svg))); ; {
				if _, err := decoder.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatalf("%s: %v in\n%s", name, err, svg)
				}
			}
		}
	}
	svg, err := chart.draw(half, "alt")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "chart.svg", strings.ReplaceAll(string(svg), "><", ">\n<")+"\n")
}

func TestCharts_OfNothing(t *testing.T) {
	for name, one := range map[string]drawer{
		"no column":   timeChart{Label: func(int, int) string { return "" }, Number: func(int64) string { return "0" }},
		"one column":  timeChart{Columns: 1, Label: func(int, int) string { return "" }, Number: func(int64) string { return "0" }, Stack: []bars{{"other", []int64{0}}}},
		"no row":      rowChart{Percent: func(float64) string { return "" }},
		"high values": timeChart{Columns: 1, Label: func(int, int) string { return "" }, Number: func(int64) string { return "0" }, Stack: []bars{{"other", []int64{1 << 50}}}},
	} {
		_, err := one.draw(wide, "")
		if name == "no column" {
			if err == nil {
				t.Errorf("%s: got no error", name)
			}
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoundStep(t *testing.T) {
	for top, want := range map[int64]int64{0: 1, 1: 1, 4: 1, 5: 2, 9: 5, 20: 5, 21: 10, 160: 50, 1999: 500, 2001: 1000} {
		if got := roundStep(top, 4); got != want {
			t.Errorf("%d in 4 steps: got steps of %d, want %d", top, got, want)
		}
	}
}

func TestLanguages_AreWholeAndUsed(t *testing.T) {
	byCode, err := readLanguages(web.Admin())
	if err != nil {
		t.Fatal(err)
	}
	braces := regexp.MustCompile(`\{[a-z]+\}`)
	for key, text := range byCode["fr"].Words {
		french, english := braces.FindAllString(text, -1), braces.FindAllString(byCode["en"].Words[key], -1)
		slices.Sort(french)
		slices.Sort(english)
		if !slices.Equal(french, english) {
			t.Errorf("%s: %q in French, %q in English", key, french, english)
		}
	}
	source := sources(t)
	composed := regexp.MustCompile(`^(period-last|audit-level|how|receipt-how|receipt-summary|outcome|column|date|when)-`)
	for key := range byCode["fr"].Words {
		if !strings.Contains(source, `"`+key+`"`) && !composed.MatchString(key) {
			t.Errorf("the text %s is said nowhere", key)
		}
	}
	for _, how := range receipt.Hows() {
		byCode["fr"].Say("receipt-how-" + string(how))
		if !slices.ContainsFunc(ways, func(way struct {
			Name string
			Hows []receipt.How
		}) bool {
			return slices.Contains(way.Hows, how)
		}) {
			t.Errorf("%s belongs to none of the ways", how)
		}
	}
	for _, outcome := range receipt.Outcomes() {
		byCode["fr"].Say("receipt-summary-" + string(outcome))
		byCode["fr"].Say("outcome-" + string(outcome))
	}
	for _, way := range ways {
		byCode["fr"].Say("how-" + way.Name)
	}
}

// sources returns the templates and the code that may say a text.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, files := range []fs.FS{web.Admin(), os.DirFS(".")} {
		err := fs.WalkDir(files, ".", func(path string, _ fs.DirEntry, err error) error {
			extension := filepath.Ext(path)
			if err != nil || strings.HasSuffix(path, "_test.go") || extension != ".go" && extension != ".html" {
				return err
			}
			data, err := fs.ReadFile(files, path)
			all.Write(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func TestReadLanguages_Refuses(t *testing.T) {
	months := "\nmonths: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\nmonths-short: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\n"
	for name, files := range map[string][2]string{
		"no file":             {"", ""},
		"a text that lacks":   {"code: fr" + months + "a: x\nb: y", "code: en" + months + "a: x"},
		"a text too many":     {"code: fr" + months + "a: x", "code: en" + months + "a: x\nb: y"},
		"an empty text":       {"code: fr" + months + "a: x", "code: en" + months + "a: ''"},
		"another code":        {"code: en" + months, "code: en" + months},
		"eleven months":       {"code: fr" + strings.Replace(months, "12]", "]", 1), "code: en" + months},
		"something else":      {"code: fr" + months + "a: {b: c}", "code: en" + months},
		"a key that is twice": {"code: fr" + months + "a: x\na: y", "code: en" + months + "a: x"},
	} {
		dir := fstest.MapFS{}
		for i, code := range languages {
			if files[i] != "" {
				dir[code+".yaml"] = &fstest.MapFile{Data: []byte(files[i])}
			}
		}
		if _, err := readLanguages(dir); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestLanguage_NumbersAndDates(t *testing.T) {
	byCode, err := readLanguages(web.Admin())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 8, 1, 8, 5, 0, 0, time.FixedZone("", 2*3600))
	for code, want := range map[string]string{
		"fr": "1\u00a0234\u00a0567|45,7\u00a0%|–|25\u00a0%|1er août 2026|1 août|1er août 2026 à 6 h 05 (UTC)",
		"en": "1,234,567|45.7%|–|25%|1 August 2026|1 Aug|1 August 2026 at 6:05 (UTC)",
	} {
		l := byCode[code]
		got := strings.Join([]string{l.Number(1234567), l.Rate(457, 1000), l.Rate(0, 0), l.Percent(0.25), l.Date(at), l.ShortDate(at), l.Time(at)}, "|")
		if got != want {
			t.Errorf("%s: got  %q\nwant %q", code, got, want)
		}
	}
}

func TestDashboard_Search(t *testing.T) {
	s := realStore(t)
	season := newSeason(t, 2, 12)
	fill(t, s, season)
	b := newBench(t, s)
	cookie := b.signIn()
	find := func(id string) *http.Response {
		return b.visit("GET", "/admin/receipts?"+url.Values{"id": {id}}.Encode(), nil, with(cookie))
	}
	apart := season.receipts[slices.IndexFunc(season.receipts, func(r *receipt.Receipt) bool { return r.How() == receipt.Embed })]
	page := expect(t, find(apart.ID()), http.StatusOK,
		"novembre 2026 à", "a accepté en partie", "YouTube", "par service", "Mesure d’audience", "accord refusé",
		"La preuve est intacte", apart.ID(), "/api/consents/"+apart.ID()+"?download", "contenu bloqué")
	if !regexp.MustCompile(`n° \d+ sur \d+<`).MatchString(page) {
		t.Errorf("no place in the log in\n%s", page)
	}
	expect(t, find("  "+strings.ToUpper(apart.ID())+"\n"), http.StatusOK, "La preuve est intacte")
	expect(t, find(consent.NewID()), http.StatusNotFound, "Aucune preuve")
	for _, id := range []string{"", "1", "' OR 1=1 --", "../../etc/passwd", strings.Repeat("a", 100), "%00", apart.ID() + "x"} {
		expect(t, find(id), http.StatusBadRequest, "pas un numéro de preuve")
	}
	if err := s.Erase(t.Context(), apart.ID()); err != nil {
		t.Fatal(err)
	}
	expect(t, find(apart.ID()), http.StatusNotFound, "Aucune preuve")
}

func TestDashboard_SearchSaysWhatIsWrong(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	f.receipts = newSeason(t, 1, 4).receipts[:1]
	b := newBench(t, tampered{f})
	page := expect(t, b.visit("GET", "/admin/receipts?id="+f.receipts[0].ID(), nil, with(b.signIn())), http.StatusOK, "n’a pas pu être vérifiée")
	if strings.Contains(page, "intacte") {
		t.Errorf("the page says that the receipt is intact:\n%s", page)
	}
	// No edition is kept here: ids stand in for titles.
	if !strings.Contains(page, "third-party") {
		t.Errorf("no ids in\n%s", page)
	}
}

func TestDashboard_ReceiptOfAPart(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	r := newSeason(t, 1, 4).receipts[0]
	const before = "11111111-2222-4333-8444-555555555555"
	since := r.At().Add(-48 * time.Hour)
	r.Own.From = before
	last := &r.Processing.Purposes[len(r.Processing.Purposes)-1]
	last.State, last.Since = receipt.Given, since
	last.Services = []receipt.Service{{ID: "heatmap", State: receipt.Given}, {ID: "advert", State: receipt.Unanswered}}
	f.receipts = []*receipt.Receipt{r}
	byCode, err := readLanguages(web.Admin())
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, f)
	expect(t, b.visit("GET", "/admin/receipts?id="+r.ID(), nil, with(b.signIn())), http.StatusOK,
		"Seul ce qui était nouveau a été demandé", "réponse du "+byCode["fr"].Time(since), "heatmap : accord donné", "advert : nouveau, sans réponse", before)
}

// tampered gives receipts whose signature is another.
type tampered struct{ *fakeStore }

func (f tampered) Find(ctx context.Context, id string) (*receipt.File, error) {
	file, err := f.fakeStore.Find(ctx, id)
	if err == nil {
		file.Signature = f.key.Sign([]byte("another"))
	}
	return file, err
}

func TestDashboard_Export(t *testing.T) {
	s := realStore(t)
	season := newSeason(t, 5, 8)
	fill(t, s, season)
	b := newBench(t, s)
	cookie := b.signIn()
	inside := 0
	for _, r := range season.receipts {
		if d := dayOf(r); d == "2026-11-21" || d == "2026-11-22" {
			inside++
		}
	}
	const period = "?since=2026-11-21&until=2026-11-22"

	response := b.visit("GET", "/admin/export.csv"+period, nil, with(cookie))
	if got, want := response.Header.Get("Content-Disposition"), `attachment; filename="temoin-2026-11-21-2026-11-22.csv"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	rows, err := csv.NewReader(strings.NewReader(expect(t, response, http.StatusOK))).ReadAll()
	if err != nil || len(rows) != inside+1 || inside == 0 {
		t.Errorf("CSV: got %d rows and %v, want %d and a heading", len(rows), err, inside)
	}

	response = b.visit("GET", "/admin/export.jsonl"+period, nil, with(cookie))
	lines := strings.Split(strings.TrimSpace(expect(t, response, http.StatusOK)), "\n")
	if len(lines) != inside {
		t.Errorf("JSONL: got %d lines, want %d", len(lines), inside)
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("JSONL: %s is no JSON", line)
		}
	}
	if got := text(t, b.visit("HEAD", "/admin/export.csv"+period, nil, with(cookie))); got != "" {
		t.Errorf("HEAD: got %q", got)
	}
	expect(t, b.visit("GET", "/admin/export.csv?since=2026-11-22&until=2026-11-21", nil, with(cookie)), http.StatusBadRequest, "avant la date de début")
	expect(t, b.visit("GET", "/admin/export.csv?since=1990-01-01&until=2026-11-21", nil, with(cookie)), http.StatusBadRequest, "800 jours")
}

func TestDashboard_ExportDefusesFormulas(t *testing.T) {
	f := newFakeStore(t)
	f.settings[PasswordSetting] = cheapHash
	c := richCatalogue(t)
	for i, formula := range []string{"=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"} {
		r := mustReceipt(t, &receipt.Submission{
			Record: &consent.Record{ID: consent.NewID(), Rev: c.Rev(), At: now, Choices: c.Accept()},
			How:    receipt.BannerAccept, Lang: "fr", Text: sampleText,
		}, c, now.Add(time.Duration(i)*time.Second))
		r.Parties[0].ID, r.Parties[0].Name, r.Own.Version = formula, formula, formula
		f.receipts = append(f.receipts, r)
	}
	b := newBench(t, f)
	body := expect(t, b.visit("GET", "/admin/export.csv?days=7", nil, with(b.signIn())), http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(rows) != 7 {
		t.Fatalf("got %d rows and %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet takes %q for a formula", cell)
			}
		}
	}
}

// TestDashboard_ExportBreaksOffLoudly has the store fail halfway: whoever
// downloads must not take the half for the whole, even where something around
// the dashboard recovers from panics.
func TestDashboard_ExportBreaksOffLoudly(t *testing.T) {
	f := newFakeStore(t)
	f.fill(newSeason(t, 1, 8))
	f.settings[PasswordSetting] = cheapHash
	f.exportEnd = errors.New("the disk is gone")
	b := newBench(t, f)
	cookie := b.signIn()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { recover() }()
		b.handler.ServeHTTP(w, r)
	}))
	defer server.Close()
	for _, format := range []string{"csv", "jsonl"} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/admin/export."+format, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(cookie)
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if err == nil {
			t.Errorf("%s: the client took half a file for a whole one", format)
		}
	}
	if !strings.Contains(b.log.String(), "the disk is gone") {
		t.Errorf("the log does not say why: %s", b.log)
	}
}
