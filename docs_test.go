//go:build !js

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"temoin/app/consent"
	"temoin/server/catalogue"
)

// pages are all that is written for people, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("no page in docs (%v)", err)
	}
	all := map[string]string{}
	for _, name := range append(names, "README.md", "README.fr.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(text)
	}
	return all
}

var fence = regexp.MustCompile("(?ms)^```(.*?)\n(.*?)^```$")

// TestDocs_Blocks: what the pages show can be used as it stands.
func TestDocs_Blocks(t *testing.T) {
	checks := map[string]func(t *testing.T, text string){
		"sh": checkShell, "yaml": checkYAML, "html": checkHTML, "css": checkCSS, "json": checkJSON,
		"text": checkLayout, "go": checkGo, "js": checkJS, "python": checkPython, "php": checkPHP,
	}
	for name, text := range pages(t) {
		for _, block := range fence.FindAllStringSubmatch(text, -1) {
			first, _, _ := strings.Cut(block[2], "\n")
			t.Run(name+"/"+block[1]+" "+first, func(t *testing.T) {
				check := checks[block[1]]
				if check == nil {
					t.Fatalf("nobody checks blocks of %q", block[1])
				}
				check(t, block[2])
			})
		}
	}
}

// checkShell: the commands are there, with those flags.
func checkShell(t *testing.T, text string) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, " #")
		for command := range strings.SplitSeq(line, ";") {
			checkCommand(t, strings.Fields(command))
		}
	}
}

func checkCommand(t *testing.T, words []string) {
	for len(words) > 0 && strings.Contains(words[0], "=") { // what the environment is given
		words = words[1:]
	}
	if len(words) == 0 {
		return
	}
	switch words[0] {
	case "temoin", "bin/temoin":
		checkTemoin(t, words[1:])
	case "./build.sh":
		script, err := os.ReadFile("build.sh")
		if err != nil || !strings.Contains(string(script), "\n  "+words[1]) {
			t.Errorf("./build.sh knows no %s (%v)", words[1], err)
		}
	case "node":
		if _, err := os.Stat(words[len(words)-1]); err != nil {
			t.Error(err)
		}
	case "cp":
		if _, err := os.Stat(words[1]); err != nil {
			t.Error(err)
		}
	default:
		t.Errorf("nobody checks the command %s", words[0])
	}
}

// checkTemoin: the command and its flags are what temoin itself says there are.
func checkTemoin(t *testing.T, words []string) {
	if len(words) == 0 || commands[words[0]] == nil {
		t.Errorf("temoin has no command %q", words)
		return
	}
	var usage bytes.Buffer
	run(t.Context(), []string{words[0], "-h"}, &usage, &usage)
	for _, word := range words[1:] {
		if flag := strings.TrimLeft(word, "-"); flag != word && !strings.Contains(usage.String(), "  -"+flag) {
			t.Errorf("temoin %s has no flag -%s", words[0], flag)
		}
	}
	subcommand := words[0] == "receipts" || words[0] == "admin"
	if subcommand && len(words) > 1 && !strings.Contains(usage.String(), words[1]) {
		t.Errorf("temoin %s has no command %s", words[0], words[1])
	}
}

// head is what a part of a catalogue lacks to be one.
const head = "site: { name: Exemple, url: https://www.example.com }\nlanguages: [fr, en]\n"

func checkYAML(t *testing.T, text string) {
	if !strings.HasPrefix(text, "site:") {
		text = head + text
	}
	if !strings.Contains(text, "\nservices:") {
		text += "\nservices: [{ preset: youtube }]\n"
	}
	if _, err := catalogue.Parse("catalogue.yaml", []byte(text)); err != nil {
		t.Error(err)
	}
}

// checkHTML: the markup is read as it was written, and waits for what there is.
func checkHTML(t *testing.T, text string) {
	nodes, err := html.ParseFragment(strings.NewReader(text), nil)
	if err != nil || len(nodes) == 0 {
		t.Fatalf("got %d nodes and %v", len(nodes), err)
	}
	known := []string{"necessary", "statistics", "first-party", "third-party", "youtube", "matomo"}
	for _, id := range regexp.MustCompile(`data-(?:consent|service)="!?([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(known, id[1]) {
			t.Errorf("%s names none of %v", id[0], known)
		}
	}
	if strings.Count(text, "<script") != strings.Count(text, "</script>") || strings.Count(text, "<template") != strings.Count(text, "</template>") {
		t.Error("an element is not closed")
	}
}

var rule = regexp.MustCompile(`(?s)^\s*(/\*.*?\*/\s*)?[^{}]+\{(\s*[a-z-]+:[^;{}]+;?)*\s*\}`)

func checkCSS(t *testing.T, text string) {
	for strings.TrimSpace(text) != "" {
		next := rule.FindString(text)
		if next == "" {
			t.Fatalf("no rule in %q", text)
		}
		text = text[len(next):]
	}
}

func checkJSON(t *testing.T, text string) {
	if !json.Valid([]byte(text)) {
		t.Error("this is no JSON")
	}
}

// checkLayout: the files and folders of a drawn layout are there.
func checkLayout(t *testing.T, text string) {
	for line := range strings.Lines(text) {
		if _, err := os.Stat(strings.Fields(line)[0]); err != nil {
			t.Error(err)
		}
	}
}

func checkGo(t *testing.T, text string) {
	if !strings.HasPrefix(text, "package ") {
		text = "package example\n\nfunc example() {\n" + text + "}\n"
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "example.go", text, 0); err != nil {
		t.Error(err)
	}
}

func checkJS(t *testing.T, text string)  { checkFile(t, "block.mjs", text, "node", "--check") }
func checkPHP(t *testing.T, text string) { checkFile(t, "block.php", "<?php\n"+text, "php", "-l") }
func checkPython(t *testing.T, text string) {
	checkFile(t, "block.py", text, "python3", "-m", "py_compile")
}

// checkFile has a program look at a file of that name.
func checkFile(t *testing.T, name, text, program string, args ...string) {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command(program, append(args, path)...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}

// TestDocs_Links: what a page leads to is there.
func TestDocs_Links(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)[^)\s]*\)`)
	for name, text := range pages(t) {
		for _, target := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(target[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), target[1])); err != nil {
				t.Errorf("%s leads to %s, which is not there", name, target[1])
			}
		}
	}
}

// TestDocs_Words: commands and flags that a page names in its text are there.
func TestDocs_Words(t *testing.T) {
	code := regexp.MustCompile("`((?:bin/)?temoin [a-z][^`]*)`")
	var usage bytes.Buffer
	for name := range commands {
		run(t.Context(), []string{name, "-h"}, &usage, &usage)
	}
	flag := regexp.MustCompile("`-([a-z][a-z-]+)(?: [^`]*)?`")
	for name, text := range pages(t) {
		text = fence.ReplaceAllString(text, "")
		for _, command := range code.FindAllStringSubmatch(text, -1) {
			t.Run(name+"/"+command[1], func(t *testing.T) { checkCommand(t, strings.Fields(command[1])) })
		}
		for _, named := range flag.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(usage.String(), "  -"+named[1]) {
				t.Errorf("%s names the flag -%s, which no command has", name, named[1])
			}
		}
	}
}

// TestDocs_FrontDoor: the README leads in, and leaves the rest to others.
func TestDocs_FrontDoor(t *testing.T) {
	all := pages(t)
	english, french := strings.Count(all["README.md"], "\n"), strings.Count(all["README.fr.md"], "\n")
	if english >= 150 || french >= 150 {
		t.Errorf("the READMEs have %d and %d lines, want fewer than 150", english, french)
	}
	for name := range all {
		if strings.HasPrefix(name, "docs/") && (!strings.Contains(all["README.md"], name) || !strings.Contains(all["README.fr.md"], name)) {
			t.Errorf("no README leads to %s", name)
		}
	}
}

// readers are the files that read the cookie in other languages: what runs them
// over values (decoded: true or false) and over records (allowed, by id).
var readers = map[string][]string{
	"Python": {"python3", "-c", `import json, sys; sys.path.insert(0, "docs/helpers"); import temoin
asked = json.load(sys.stdin); c = asked["catalogue"]
print(json.dumps([[temoin.decode(v) is not None for v in asked["values"]],
  [[temoin.allowed(temoin.choice(h, c, asked["now"]), c, id) for id in asked["ids"]] for h in asked["headers"]]]))`},
	"PHP": {"php", "-r", `require "docs/helpers/temoin.php"; $asked = json_decode(stream_get_contents(STDIN), true); $c = $asked["catalogue"];
echo json_encode([array_map(fn($v) => temoin_decode($v) !== null, $asked["values"]),
  array_map(fn($h) => array_map(fn($id) => temoin_allows(temoin_choice($h, $c, $asked["now"]), $c, $id), $asked["ids"]), $asked["headers"])]);`},
	"JavaScript": {"node", "--input-type=module", "-e", `import { readFileSync } from 'node:fs'; import { allowed, choice, decode } from './docs/helpers/temoin.mjs';
const { values, headers, ids, now, catalogue } = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify([values.map((v) => decode(v) !== null), headers.map((h) => ids.map((id) => allowed(choice(h, catalogue, now), catalogue, id)))]));`},
}

// refusedToo are values that a reader refuses though the program takes them.
var refusedToo = map[string]string{"PHP": "a lone surrogate in a key that is ignored"}

// TestDocs_Readers: the files that read the cookie take and refuse the values that
// the program does, and allow what it does.
func TestDocs_Readers(t *testing.T) {
	type values struct {
		Name, JSON, Value string
		OK                bool
	}
	var cases []values
	data, err := os.ReadFile("app/consent/testdata/records.json")
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalogue.Load("server/demo/rich.yaml")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_764_000_000, 0)
	public := struct {
		Rev      string `json:"rev"`
		Lifetime int    `json:"lifetime"`
		*consent.Catalogue
	}{c.Rev(), c.Cookie.MaxAge(), &c.Catalogue}
	asked := struct {
		Values    []string `json:"values"`
		Headers   []string `json:"headers"`
		IDs       []string `json:"ids"`
		Now       int64    `json:"now"`
		Catalogue any      `json:"catalogue"`
	}{Headers: cookieHeaders(t, &c.Catalogue, now), IDs: []string{"unknown"}, Now: now.Unix(), Catalogue: public}
	for _, one := range cases {
		if one.Value == "" {
			one.Value = strings.ReplaceAll(url.QueryEscape(one.JSON), "+", "%20")
		}
		asked.Values = append(asked.Values, one.Value)
	}
	for _, category := range c.Categories {
		asked.IDs = append(asked.IDs, category.ID)
	}
	for _, service := range c.Services {
		asked.IDs = append(asked.IDs, service.ID)
	}
	input, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	for language, reader := range readers {
		t.Run(language, func(t *testing.T) {
			command := exec.Command(reader[0], reader[1:]...)
			command.Stdin = bytes.NewReader(input)
			said, err := command.Output()
			var answers [2]json.RawMessage
			var decoded []bool
			var allowed [][]bool
			if err = errors.Join(err, json.Unmarshal(said, &answers)); err == nil {
				err = errors.Join(json.Unmarshal(answers[0], &decoded), json.Unmarshal(answers[1], &allowed))
			}
			if err != nil || len(decoded) != len(cases) || len(allowed) != len(asked.Headers) {
				t.Fatalf("got %s and %v", said, err)
			}
			for i, one := range cases {
				if decoded[i] != one.OK && refusedToo[language] != one.Name {
					t.Errorf("%s: got %t, want %t", one.Name, decoded[i], one.OK)
				}
			}
			for i, header := range asked.Headers {
				record := c.Read(cookiesOf(header, c.Cookie.Name), now, c.Rev())
				for j, id := range asked.IDs {
					if want := c.Granted(record, id); allowed[i][j] != want {
						t.Errorf("%s with %q: got %t, want %t", id, header, allowed[i][j], want)
					}
				}
			}
		})
	}
}

// cookieHeaders are headers with a choice of each sort, valid and not, alone and
// beside others.
func cookieHeaders(t *testing.T, c *consent.Catalogue, now time.Time) []string {
	t.Helper()
	line := func(choices, services consent.Choices, rev string, at time.Time) string {
		value, err := (&consent.Record{ID: consent.NewID(), Rev: rev, At: at, Choices: choices, Services: services}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return c.Cookie.Name + "=" + value
	}
	mixed, services := c.Split(func(id string) bool { return id == "youtube" || id == "statistics" })
	accepted, refused := line(c.Accept(), nil, c.Rev(), now), line(c.Refuse(), nil, c.Rev(), now.Add(time.Minute))
	return []string{
		"", "other=1", accepted, refused,
		line(mixed, services, c.Rev(), now),
		"a=b; " + accepted + ";" + refused + "; c=d", // the newest counts
		refused + "; " + c.Cookie.Name + "=spoilt",
		line(c.Accept(), nil, "00000000", now),
		line(c.Accept(), nil, c.Rev(), now.Add(-c.Cookie.Lifetime.Length()-time.Second)),
		line(c.Accept(), nil, c.Rev(), now.Add(25*time.Hour)),
	}
}

func cookiesOf(header, name string) (values []string) {
	for pair := range strings.SplitSeq(header, ";") {
		if key, value, _ := strings.Cut(strings.TrimSpace(pair), "="); key == name {
			values = append(values, value)
		}
	}
	return values
}
