package audit

import (
	"embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

//go:embed words/*.yaml
var wordFiles embed.FS

// Languages are those of a report, the first where none is asked for.
var Languages = []string{"fr", "en"}

// words are what a report says in one language, by name.
type words map[string]string

// readWords reads the words of all languages. The tests show each word in each of
// them: what is missing is a fault of this package.
var readWords = sync.OnceValue(func() map[string]words {
	all := map[string]words{}
	for _, lang := range Languages {
		data, err := wordFiles.ReadFile("words/" + lang + ".yaml")
		if err != nil {
			panic(err)
		}
		read := words{}
		if err := yaml.Unmarshal(data, &read); err != nil {
			panic(fmt.Errorf("read words/%s.yaml: %w", lang, err))
		}
		all[lang] = read
	}
	return all
})

// english are the words of the terminal, and of files for other programs.
func english() words { return readWords()["en"] }

// Say returns what has that name, with each {name} in it replaced by the value
// that follows the name in pairs.
func (w words) Say(name string, pairs ...string) string {
	text, found := w[name]
	if !found {
		panic(fmt.Sprintf("the report has no words %q", name))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, "{"+pairs[i]+"}", pairs[i+1])
	}
	return text
}

// State names a state.
func (w words) State(state StateName) string {
	if only := state.Only(); only != "" {
		return w.Say("state-only", "category", only)
	}
	return w.Say("state-" + string(state))
}

// States names several states.
func (w words) States(states []StateName) string {
	names := make([]string, len(states))
	for i, state := range states {
		names[i] = w.State(state)
	}
	return strings.Join(names, "; ")
}

// Subject names what a finding is about.
func (w words) Subject(s Subject) string {
	text := w.Say("kind-"+string(s.Kind)) + " " + s.Name
	if s.Host != "" {
		text += " (" + s.Host + ")"
	}
	return text
}

// Life says how long a cookie lives.
func (w words) Life(c Cookie) string {
	if c.Session {
		return w.Duration(consent.Duration{})
	}
	return w.Duration(inWords(time.Duration(c.Lifetime)))
}

// Duration says a duration as banners in the language do.
func (w words) Duration(d consent.Duration) string {
	languages, err := catalogue.Languages()
	if err != nil {
		panic(err) // they are part of the program
	}
	return languages[w["lang"]].Duration(d)
}

// Measure says what is declared, or what is so, of which a finding has a catalogue's words.
func (w words) Measure(text string) string {
	if d, err := consent.ParseDuration(text); err == nil {
		return w.Duration(d)
	}
	if party := consent.Party(text); party == consent.FirstParty || party == consent.ThirdParty {
		return w.Say("party-" + text)
	}
	return text
}
