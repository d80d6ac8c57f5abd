package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"
)

// looking returns an audit of a site whose banner is Témoin's, before any state was looked at.
func looking(t *testing.T, o Options) *audit {
	t.Helper()
	c := crawling(t, "")
	return &audit{options: o, site: c.site, crawl: c, seen: &Observation{Temoin: &Temoin{Categories: []string{"statistics"}}}}
}

// TestAudit_Interrupted: an audit that was interrupted is none, be it in the last state, and in
// whatever that makes of it.
func TestAudit_Interrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	a := looking(t, Options{})
	err := a.lookAll(ctx, func(_ context.Context, name StateName) error {
		if name == Returning {
			interrupt()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was interrupted", err)
	}
}

// TestAudit_PlansWhatIsAsked: visitors come in their order; one whom the site does not have is a mistake.
func TestAudit_PlansWhatIsAsked(t *testing.T) {
	a := looking(t, Options{States: []StateName{Returning, OnlyState("statistics"), Unanswered}})
	if got, err := a.plan(); err != nil || !slices.Equal(got, []StateName{Unanswered, OnlyState("statistics"), Returning}) {
		t.Errorf("got %v and %v", got, err)
	}
	a.options.States = []StateName{OnlyState("advertising")}
	want := `no visitor "only:advertising" on this site; there are unanswered, refused, only:statistics, accepted`
	if got, err := a.plan(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v and %v, want %s", got, err, want)
	}
}

// silence is the answer of a browser that gives none.
const silence = "silence"

// answering returns a visitor to a page, whose browser answers each method so.
func answering(t *testing.T, answers map[string]string) *visitor {
	t.Helper()
	pipe := &fakePipe{messages: make(chan *cdproto.Message, 100)}
	pipe.answer = func(asked *cdproto.Message) []*cdproto.Message {
		if answers[string(asked.Method)] == silence {
			return nil
		}
		return []*cdproto.Message{{ID: asked.ID, Result: []byte(cmp.Or(answers[string(asked.Method)], "{}"))}}
	}
	t.Cleanup(func() { pipe.Close() })
	root := &session{wire: newWire(pipe)}
	tab := &attached{session: &session{wire: root.wire, id: "TAB"}, kind: "page", target: "TAB"}
	v := &visitor{options: Options{}.withDefaults(), recorder: told(t)}
	v.engine = &chromium{visitor: v, chrome: &chrome{root: root}, page: tab, sessions: map[target.SessionID]*attached{"TAB": tab}}
	return v
}

// loading is what a browser answers that is to load a text.
func loading(t *testing.T, resource, text string) map[string]string {
	t.Helper()
	data, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"Network.loadNetworkResource": `{"resource":{"success":true,` + resource + `}}`,
		"IO.read":                     `{"data":` + string(data) + `,"eof":true}`,
	}
}

// TestAudit_ObeysRobots: nobody comes where robots.txt forbids it.
func TestAudit_ObeysRobots(t *testing.T) {
	v := answering(t, loading(t, `"httpStatusCode":200,"stream":"1"`, "User-agent: temoin-audit\nDisallow: /\n"))
	a := looking(t, Options{})
	if err := a.explore(t.Context(), v); err == nil || !strings.Contains(err.Error(), "robots.txt of site.example") || len(v.recorder.loads) != 1 {
		t.Errorf("got %v, and %d pages that were visited", err, len(v.recorder.loads)-1)
	}
}

// TestAudit_FindTemoin: a catalogue that is there and cannot be read is said to be, and how to go on;
// one that is not there is no matter.
func TestAudit_FindTemoin(t *testing.T) {
	for name, c := range map[string]struct {
		loaded, text string
		why          string // of what could not be seen
		categories   []string
	}{
		"served":  {`"httpStatusCode":200,"stream":"1"`, `{"cookie":{"name":"choice"},"categories":[{"id":"statistics"}],"services":[{"id":"a","category":"statistics"}]}`, "", []string{"statistics"}},
		"none":    {`"httpStatusCode":404`, "", "", nil},
		"refused": {`"httpStatusCode":403`, "", "the site's catalogue could not be read (status 403): name its file with -catalogue", nil},
		"silent":  {`"netError":-105`, "", "could not be read (no answer)", nil},
		"a page":  {`"httpStatusCode":200,"stream":"1"`, "<!doctype html>", "could not be read (it is none)", nil},
	} {
		t.Run(name, func(t *testing.T) {
			answers := loading(t, c.loaded, c.text)
			answers["Runtime.evaluate"] = `{"result":{"type":"object","value":{"script":"https://www.site.example/temoin.js"}}}`
			v := answering(t, answers)
			a := &audit{site: v.recorder.site, seen: &Observation{}}
			a.findTemoin(t.Context(), v)
			if a.seen.Temoin == nil || !slices.Equal(a.seen.Temoin.Categories, c.categories) {
				t.Errorf("got %+v", a.seen.Temoin)
			}
			if unseen := a.seen.Unseen; (c.why == "") != (len(unseen) == 0) || c.why != "" && (!strings.Contains(unseen[0].Why, c.why) || unseen[0].Page != "https://www.site.example/temoin/catalogue.json") {
				t.Errorf("got %+v, want %q", unseen, c.why)
			}
		})
	}
}
