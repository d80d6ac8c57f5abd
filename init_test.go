//go:build !js

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestInit(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		answers string
		holds   []string
	}{
		"flags": {
			args:  []string{"-name", "Ville : « d'Été » # 1", "-url", "https://data.example.org", "-languages", "fr,en", "-presets", "youtube, matomo"},
			holds: []string{"languages: [fr, en]", "- preset: youtube", "- preset: matomo"},
		},
		"the least": {
			args:  []string{"-name", "a", "-url", "https://data.example.org"},
			holds: []string{"languages: [fr]"},
		},
		"answers": {
			answers: "My site\nhttps://data.example.org\nen\nyoutube\n",
			holds:   []string{"name: My site", "languages: [en]", "- preset: youtube"},
		},
		"flags and answers": {
			args:    []string{"-languages", "de", "-url", "https://data.example.org"},
			answers: "My site\n\n",
			holds:   []string{"name: My site", "languages: [de]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "first.yaml")
			var stdout, stderr bytes.Buffer
			if err := writeFirst(append(c.args, "-out", file), strings.NewReader(c.answers), &stdout, &stderr); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, words := range c.holds {
				if !strings.Contains(string(text), words) {
					t.Errorf("no %q in\n%s", words, text)
				}
			}
			if stdout, _, err := temoin(t.Context(), "check", file); err != nil {
				t.Errorf("check: %v\n%s", err, stdout)
			}
			// The example in the comments is a good one, too.
			example := regexp.MustCompile(`(?m)^#(services:|  )`).ReplaceAll(text, []byte("$1"))
			if err := os.WriteFile(file, example, 0o600); err != nil {
				t.Fatal(err)
			}
			if stdout, _, err := temoin(t.Context(), "check", file); err != nil || !strings.Contains(stdout, "services") {
				t.Errorf("check of the example: %v\n%s\n%s", err, stdout, example)
			}
		})
	}
}

func TestInit_Refuses(t *testing.T) {
	there := mustWrite(t, "mine.yaml", "mine")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a file that is there":       {[]string{"-name", "a", "-url", "https://a.example", "-out", there}, "stays as it is"},
		"an unknown preset":          {[]string{"-name", "a", "-url", "https://a.example", "-presets", "youtub"}, `no preset "youtub"; there are ab-tasty`},
		"an unknown language":        {[]string{"-name", "a", "-url", "https://a.example", "-languages", "xx"}, `"xx"`},
		"an address that is none":    {[]string{"-name", "a", "-url", "a.example"}, "https://"},
		"no name":                    {[]string{"-url", "https://a.example"}, "-name"},
		"a language without a break": {[]string{"-name", "a", "-url", "https://a.example", "-languages", "fr]"}, "fr]"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "new.yaml")
			if !strings.Contains(strings.Join(c.args, " "), "-out") {
				c.args = append(c.args, "-out", out)
			}
			var stdout, stderr bytes.Buffer
			err := writeFirst(c.args, nil, &stdout, &stderr)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written all the same")
			}
		})
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" {
		t.Errorf("got %q and %v, want the file as it was", text, err)
	}
}
