package audit

import (
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"temoin.example/temoin/web"
)

// The program and the rules of autoconsent (MPL-2.0), as ./build.sh build takes them from npm where it can.
const (
	consentProgram = "autoconsent.js.gz"
	consentRules   = "autoconsent.json.gz"
)

// consentBinding is what autoconsent says what it does by; in a world that pages do not see.
const consentBinding = "temoinConsent"

// ownRules are rules of ours, in autoconsent's language, for banners that it has none for.
//
//go:embed banners.json
var ownRules []byte

// errNoRules says that the program was built without autoconsent.
var errNoRules = errors.New("built without autoconsent's rules, which ./build.sh build takes from npm where that is there: only Témoin's own banners can be answered")

func loadRules() (program, rules string, err error) {
	if program, err = unpacked(consentProgram); err != nil {
		return "", "", errNoRules
	}
	if rules, err = unpacked(consentRules); err != nil {
		return "", "", errNoRules
	}
	rules, err = withOwn(rules)
	return program, rules, err
}

// withOwn adds our own rules to autoconsent's.
func withOwn(rules string) (string, error) {
	var all map[string][]json.RawMessage
	if err := json.Unmarshal([]byte(rules), &all); err != nil {
		return "", fmt.Errorf("%s: %w", consentRules, err)
	}
	var own []json.RawMessage
	if err := json.Unmarshal(ownRules, &own); err != nil {
		return "", fmt.Errorf("banners.json: %w", err)
	}
	all["autoconsent"] = append(all["autoconsent"], own...)
	whole, err := json.Marshal(all)
	return string(whole), err
}

func unpacked(name string) (string, error) {
	file, err := web.Dist().Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(z)
	return string(text), err
}

// autoconsent answers a banner by the rules of that name: in every frame, since banners may stand in one.
type autoconsent struct {
	visitor *visitor
	program string
	first   string // what its program is told at the start, with the rules
	heard   chan consentMessage
}

// consentMessage is what autoconsent says of what it does.
type consentMessage struct {
	Type   string `json:"type"`
	CMP    string `json:"cmp"`
	Result bool   `json:"result"`
	ID     string `json:"id"`
	Code   string `json:"code"`
	Clicks int    `json:"totalClicks"`
}

// newAutoconsent makes ready to refuse, or to accept.
func newAutoconsent(v *visitor, accept bool) (*autoconsent, error) {
	program, rules, err := loadRules()
	if err != nil {
		return nil, err
	}
	action := "optOut"
	if accept {
		action = "optIn"
	}
	config, err := json.Marshal(map[string]any{
		"enabled": true, "autoAction": action, "disabledCmps": []string{}, "enablePrehide": false, "enableCosmeticRules": false,
		"enableGeneratedRules": true, "detectRetries": 12, "isMainWorld": false, "prehideTimeout": 2000, "enableHeuristicDetection": true,
		// A banner that no rule knows is refused by its words; nothing is accepted on a guess.
		"heuristicMode": "reject", "heuristicPopupSearchTimeout": 100, "enablePopupMutationObserver": true, "visualTest": false,
		"performanceLoggingEnabled": false, "logs": map[string]bool{},
	})
	if err != nil {
		return nil, err
	}
	prelude := fmt.Sprintf("(() => { const say = globalThis.%s; window.autoconsentSendMessage = message => { say(JSON.stringify(message)); return Promise.resolve(); }; })();\n", consentBinding)
	return &autoconsent{
		visitor: v, program: prelude + program, heard: make(chan consentMessage, 100),
		first: fmt.Sprintf(`{"type":"initResp","config":%s,"rules":%s}`, config, rules),
	}, nil
}

// speaker is where autoconsent's program is in a document.
type speaker struct {
	tell func(expression string)                                        // runs in the program's own world; nobody waits for it
	ask  func(ctx context.Context, expression string, result any) error // runs in the page's own world
}

// hear takes in what the program says, in the order of the browser's events.
func (c *autoconsent) hear(text string, from speaker) {
	var m consentMessage
	if json.Unmarshal([]byte(text), &m) != nil {
		return
	}
	switch m.Type {
	case "init":
		from.say(c.first)
	case "eval":
		go c.evaluate(from, m)
	default:
		select {
		case c.heard <- m:
		default: // nobody listens any more
		}
	}
}

func (s speaker) say(message string) {
	s.tell("void window.autoconsentReceiveMessage?.(" + message + ")")
}

// evaluate answers a question of a rule that only the page's own world can.
func (c *autoconsent) evaluate(from speaker, m consentMessage) {
	ctx, cancel := c.visitor.within(context.Background(), 10)
	defer cancel()
	var result json.RawMessage
	if from.ask(ctx, m.Code, &result) != nil || len(result) == 0 {
		result = json.RawMessage("false")
	}
	id, err := json.Marshal(m.ID)
	if err != nil {
		return
	}
	from.say(fmt.Sprintf(`{"type":"evalResp","id":%s,"result":%s}`, id, result))
}

// answered is how a banner was answered.
type answered struct {
	rule   string
	clicks int
}

// answer lets the program look for a banner, and answer it. It returns an error that says what it could not.
func (c *autoconsent) answer(ctx context.Context) (answered, error) {
	c.visitor.setAnswering(c)
	defer c.visitor.setAnswering(nil)
	c.visitor.engine.inject(ctx, c)
	var got answered
	found := false
	whole := c.visitor.options.PageTime
	patience := time.After(whole * 2 / 5) // until a banner has been found
	for {
		select {
		case m := <-c.heard:
			switch m.Type {
			case "popupFound":
				found, got.rule = true, m.CMP
				patience = time.After(whole * 2 / 3)
			case "optOutResult", "optInResult":
				if !m.Result {
					return got, fmt.Errorf("autoconsent's rule %q did not succeed", m.CMP)
				}
				got.rule, patience = m.CMP, time.After(whole/15)
			case "autoconsentDone":
				got.rule, got.clicks = m.CMP, m.Clicks
				return got, nil
			}
		case <-patience:
			if !found {
				return got, errors.New("no banner that autoconsent's rules know")
			}
			return got, fmt.Errorf("autoconsent's rule %q did not come to an end", got.rule)
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
}
