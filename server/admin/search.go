package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/store"
)

// searchBody is what the search form shows.
type searchBody struct {
	ID     string
	Cookie string // in which visitors find the id
	Fault  string // key of a text, or ""
}

// receiptBody is what the page of one receipt shows.
type receiptBody struct {
	Search searchBody
	*receipt.File
	Answers []answer
	Facts   []fact
	Proof   []fact
	Fault   string // why the receipt cannot be verified, or ""
}

// answer is what a visitor said of one category.
type answer struct {
	Title string
	State string // key of a text
	Class string
	Stood string   // when it was answered, where it was not asked this time; or ""
	Apart []string // services that differ: by their answer, or by when it was given
}

// fact is a line of a list: what it is, and the value.
type fact struct {
	Name, Value string
	Code        bool // shown as it is written, for programs
}

// getReceipt handles "GET /admin/receipts?id=…".
func (c *call) getReceipt() error {
	// What is pasted often brings a space along, and some programs write capitals.
	id := strings.ToLower(strings.TrimSpace(c.r.URL.Query().Get("id")))
	body := receiptBody{Search: c.search(id)}
	if !receipt.IsID(id) {
		body.Search.Fault = "search-unreadable"
		return c.show(http.StatusBadRequest, "search", "search-title", body)
	}
	file, err := c.store.Find(c.r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		body.Search.Fault = "search-nothing"
		return c.show(http.StatusNotFound, "search", "search-title", body)
	}
	if err != nil {
		return fmt.Errorf("find a receipt: %w", err)
	}
	shown, err := c.catalogueOf(file.Receipt)
	if err != nil {
		return err
	}
	body.File = file
	body.Answers = c.answers(file.Receipt, shown)
	body.Facts = c.facts(file.Receipt)
	body.Proof = c.proof(file)
	if err := file.Verify(); err != nil {
		body.Fault = err.Error()
	}
	return c.show(http.StatusOK, "receipt", "receipt-title", body)
}

func (c *call) search(id string) searchBody {
	return searchBody{ID: id, Cookie: c.config.Catalogue().Cookie.Name}
}

// catalogueOf returns the catalogue that the visitor was shown; an empty one
// where it is not kept, so that ids stand in for titles.
func (c *call) catalogueOf(r *receipt.Receipt) (*consent.Catalogue, error) {
	shown := &consent.Catalogue{}
	edition, err := c.store.Edition(c.r.Context(), r.Rev(), r.Text(), r.Lang())
	if errors.Is(err, store.ErrNotFound) {
		return shown, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the catalogue of a receipt: %w", err)
	}
	if err := json.Unmarshal(edition.Catalogue, shown); err != nil {
		return nil, fmt.Errorf("read the catalogue of revision %s: %w", r.Rev(), err)
	}
	return shown, nil
}

func (c *call) answers(r *receipt.Receipt, shown *consent.Catalogue) []answer {
	states := map[receipt.State]string{
		receipt.Given:       "receipt-allowed",
		receipt.NotGiven:    "receipt-denied",
		receipt.NotRequired: "receipt-always",
		receipt.Unanswered:  "receipt-unanswered",
	}
	classes := map[receipt.State]string{receipt.Given: "accepted", receipt.NotGiven: "refused"}
	var list []answer
	for _, purpose := range r.Processing.Purposes {
		a := answer{Title: c.titleOf(shown, purpose.ID), State: states[purpose.State], Class: classes[purpose.State]}
		a.Stood = c.stood(purpose.Since)
		for _, service := range purpose.Services {
			name := service.ID
			if known := shown.Service(service.ID); known != nil {
				name = c.said(known.Name, shown, service.ID)
			}
			says := c.language.Say(states[service.State])
			if stood := c.stood(service.Since); stood != "" {
				says += ", " + stood
			}
			a.Apart = append(a.Apart, c.language.Say("receipt-service", "service", name, "answer", says))
		}
		list = append(list, a)
	}
	return list
}

// stood says since when an answer stands that was not asked this time, or "".
func (c *call) stood(since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return c.language.Say("receipt-stood", "at", c.language.Time(since))
}

func (c *call) facts(r *receipt.Receipt) []fact {
	say := c.language.Say
	facts := []fact{
		{say("receipt-id"), r.ID(), true},
		{say("receipt-at"), c.language.Time(r.At()), false},
		{say("receipt-received"), c.language.Time(r.Received()), false},
		{say("receipt-site"), r.Site(), false},
		{say("receipt-how"), say("receipt-how-" + string(r.How())), false},
		{say("receipt-lang"), languageName(r.Lang()), false},
		{say("receipt-revision"), r.Rev(), true},
		{say("receipt-text"), r.Text(), true},
		{say("receipt-version"), r.Own.Version, false},
	}
	if r.From() != "" {
		facts = append(facts, fact{say("receipt-from"), r.From(), true})
	}
	return facts
}

func (c *call) proof(file *receipt.File) []fact {
	say := c.language.Say
	facts := []fact{{say("receipt-key"), file.Key, true}}
	// The checkpoint's own signature is checked by Verify.
	if tree, err := receipt.OpenCheckpoint(file.Key, file.Log.Checkpoint); err == nil {
		place := say("receipt-place-of", "n", c.language.Number(file.Log.Index+1), "size", c.language.Number(tree.N))
		facts = append(facts, fact{say("receipt-place"), place, false})
	}
	return append(facts, fact{say("receipt-checkpoint"), file.Log.Checkpoint, true})
}

// Summary says in a sentence what the visitor answered.
func (b receiptBody) Summary(l *language) string {
	return l.Say("receipt-summary-"+string(b.Receipt.Outcome()), "at", l.Time(b.Receipt.At()))
}

// titleOf returns the title of a category in the dashboard's language, or what
// comes closest to it.
func (c *call) titleOf(shown *consent.Catalogue, id string) string {
	if category := shown.Category(id); category != nil {
		return c.said(category.Title, shown, id)
	}
	return id
}

// said returns a text in the dashboard's language, else in the first one of the
// catalogue, else the id.
func (c *call) said(text consent.Text, from *consent.Catalogue, id string) string {
	if s := text.In(c.language.Code); s != "" {
		return s
	}
	for _, lang := range from.Languages {
		if s := text.In(lang); s != "" {
			return s
		}
	}
	return id
}

// languageName returns what a language calls itself, or its code.
func languageName(code string) string {
	known, err := catalogue.Languages()
	if err != nil || known[code] == nil {
		return code
	}
	return known[code].Name
}
