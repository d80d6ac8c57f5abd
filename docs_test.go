//go:build !js

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"
	"golang.org/x/net/html"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/catalogue"
)

// pages are all that is written for people, by path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("docs/*.md")
	if err != nil || len(names) == 0 {
		t.Fatalf("no page in docs (%v)", err)
	}
	all := map[string]string{}
	stacks, err := filepath.Glob("docs/stacks/*.md")
	if err != nil || len(stacks) == 0 {
		t.Fatalf("no page in docs/stacks (%v)", err)
	}
	names = append(names, stacks...)
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

// prose is a page without what it shows in blocks.
func prose(text string) string { return fence.ReplaceAllString(text, "") }

// TestDocs_Blocks: what the pages show can be used as it stands.
func TestDocs_Blocks(t *testing.T) {
	checks := map[string]func(t *testing.T, text string){
		"sh": checkShell, "yaml": checkYAML, "html": checkHTML, "css": checkCSS, "json": checkJSON,
		"text": checkLayout, "go": checkGo, "js": checkJS, "jsx": checkJSX, "python": checkPython, "php": checkPHP, "wordpress": checkWordPress,
	}
	for name, text := range pages(t) {
		if strings.Contains(prose(text), "```") {
			t.Errorf("%s has a block that does not begin and end at the margin", name)
		}
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
		if err != nil || !strings.Contains(string(script), "\n  "+words[1]+")") {
			t.Errorf("./build.sh knows no %s (%v)", words[1], err)
		}
		if words[1] == "test" {
			checkPaths(t, words[2:])
		}
	case "go":
		if words[1] == "get" && strings.HasPrefix(words[2], module+"@v") {
			return
		}
		if words[1] != "test" {
			t.Errorf("nobody checks go %s", words[1])
		}
		checkPaths(t, words[2:])
	case "runuser":
		checkCommand(t, words[slices.Index(words, "--")+1:])
	case "git": // ./build.sh release-test runs this one
		if words[1] != "grep" || !slices.Contains(words, module) {
			t.Errorf("nobody checks git %s", words[1])
		}
	case "npx":
		checkCommand(t, words[1:])
	case "apt", "npm", "podman", "sha256sum", "skopeo":
		checkReleased(t, words[1:])
	case "node":
		checkPaths(t, words[len(words)-1:])
	case "install": // the last but one is what is copied; some of it is built, or the reader's own
		from := words[len(words)-2]
		if _, err := os.Stat(from); err != nil && from != "bin/temoin" && from != "catalogue.yaml" {
			t.Error(err)
		}
	case "systemctl":
		if _, err := os.Stat("docs/recipes/" + words[len(words)-1] + ".service"); err != nil {
			t.Error(err)
		}
	default:
		t.Errorf("nobody checks the command %s", words[0])
	}
}

// releasedFile is how ./build.sh release names what it makes.
var releasedFile = regexp.MustCompile(`^\./(temoin_[\d.]+-1_(amd64|arm64)\.deb|temoin(-linux-x64)?-[\d.]+\.tgz|temoin_[\d.]+_oci\.tar|SHA256SUMS)$`)

// checkReleased: the files are among those that a release has.
func checkReleased(t *testing.T, words []string) {
	for _, word := range words {
		if _, file, _ := strings.Cut(word, "./"); file != "" && !releasedFile.MatchString("./"+file) {
			t.Errorf("a release has no file %s", word)
		}
	}
}

// checkPaths: files, and folders with or without what is beneath them, are there;
// flags are left aside.
func checkPaths(t *testing.T, paths []string) {
	for _, path := range paths {
		if strings.HasPrefix(path, "-") {
			continue
		}
		if _, err := os.Stat(strings.TrimSuffix(path, "/...")); err != nil {
			t.Error(err)
		}
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
	flags := flagsIn(usage.String())
	for _, word := range words[1:] {
		if flag, found := strings.CutPrefix(word, "-"); found && !slices.Contains(flags, flag) {
			t.Errorf("temoin %s has no flag -%s", words[0], flag)
		}
	}
	subcommand := words[0] == "receipts" || words[0] == "admin"
	if subcommand && len(words) > 1 && !strings.Contains(usage.String(), "temoin "+words[0]+" "+words[1]) {
		t.Errorf("temoin %s has no command %s", words[0], words[1])
	}
}

var flagLine = regexp.MustCompile(`(?m)^ +-([a-z][a-z-]*)`)

// flagsIn are the flags that a usage text lists.
func flagsIn(usage string) (names []string) {
	for _, flag := range flagLine.FindAllStringSubmatch(usage, -1) {
		names = append(names, flag[1])
	}
	return names
}

// head is what a part of a catalogue lacks to be one.
const head = "site: { name: Exemple, url: https://data.rivemont.example }\nlanguages: [fr, en]\n"

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

// knownIDs are what the pages' examples may wait for.
var knownIDs = []string{"necessary", "statistics", "first-party", "third-party", "youtube", "matomo"}

// wordpressLine is a line of the plugin's setting (handle category service), or its
// shortcode.
var wordpressLine = regexp.MustCompile(`^(?:\S+ (\S+)(?: (\S+))?|\[temoin category="(\S+)" service="(\S+)"\].*\[/temoin\])$`)

func checkWordPress(t *testing.T, text string) {
	for line := range strings.Lines(text) {
		named := wordpressLine.FindStringSubmatch(strings.TrimSpace(line))
		if named == nil {
			t.Errorf("%q is neither a script that waits nor the shortcode", line)
			continue
		}
		for _, id := range named[1:] {
			if id != "" && !slices.Contains(knownIDs, id) {
				t.Errorf("%q names none of %v", id, knownIDs)
			}
		}
	}
}

// checkHTML: the markup is read as it was written, and waits for what there is.
func checkHTML(t *testing.T, text string) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for node := range root.Descendants() {
		for _, attribute := range node.Attr {
			for _, id := range strings.Fields(attribute.Val) {
				waits := attribute.Key == "data-consent" || attribute.Key == "data-service"
				if waits && !slices.Contains(knownIDs, strings.TrimPrefix(id, "!")) {
					t.Errorf("%s=%q names none of %v", attribute.Key, id, knownIDs)
				}
			}
		}
		if node.Data == "script" && node.FirstChild != nil {
			checkJS(t, node.FirstChild.Data)
		}
	}
	for _, element := range []string{"script", "template", "iframe", "picture", "video", "audio", "object"} {
		if strings.Count(text, "<"+element) != strings.Count(text, "</"+element+">") {
			t.Errorf("an element %s is not closed", element)
		}
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

// checkGo: the program is one, and compiles with the packages of this module.
func checkGo(t *testing.T, text string) { checkFile(t, "block.go", text, "go", "vet") }

func checkJS(t *testing.T, text string) { checkFile(t, "block.mjs", text, "node", "--check") }

// checkJSX: it can be compiled.
func checkJSX(t *testing.T, text string) {
	result := api.Transform(text, api.TransformOptions{Loader: api.LoaderJSX})
	for _, fault := range append(result.Errors, result.Warnings...) {
		t.Errorf("line %d: %s", fault.Location.Line, fault.Text)
	}
}

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

// TestDocs_Links: what a page leads to is there, headings too.
func TestDocs_Links(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]*)#?([^)\s]*)\)`)
	all := pages(t)
	for name, text := range all {
		for _, target := range link.FindAllStringSubmatch(text, -1) {
			if strings.Contains(target[1], "://") {
				continue
			}
			path := name
			if target[1] != "" {
				path = filepath.Join(filepath.Dir(name), target[1])
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s leads to %s, which is not there", name, target[1])
			}
			if target[2] != "" && !slices.Contains(headings(all[path]), target[2]) {
				t.Errorf("%s leads to the heading #%s of %s, which is not there", name, target[2], path)
			}
		}
	}
}

// headings are the names by which forges make a page's headings reachable.
func headings(text string) (names []string) {
	mark := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(prose(text), -1) {
		names = append(names, strings.ReplaceAll(mark.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return names
}

// TestDocs_Paths: files and folders that a page names are there.
func TestDocs_Paths(t *testing.T) {
	path := regexp.MustCompile("`((?:app|docs|server|web)/[\\w./-]+|[\\w-]+(?:\\.test\\.mjs|_test\\.go))`")
	for name, text := range pages(t) {
		for _, named := range path.FindAllStringSubmatch(prose(text), -1) {
			if name == "docs/rgaa.md" || strings.HasPrefix(named[1], "web/dist") {
				continue // a test of its own reads that page; and dist is built
			}
			if _, err := os.Stat(named[1]); err != nil {
				t.Errorf("%s names %s, which is not there", name, named[1])
			}
		}
	}
}

// TestDocs_Complete: each flag of the server and each key of a catalogue has its
// place in the page where one looks for it.
func TestDocs_Complete(t *testing.T) {
	all := pages(t)
	var usage bytes.Buffer
	run(t.Context(), []string{"serve", "-h"}, &usage, &usage)
	for _, flag := range flagsIn(usage.String()) {
		if !regexp.MustCompile("`-" + flag + "[ `]").MatchString(all["docs/hosting.md"]) {
			t.Errorf("docs/hosting.md says nothing of the flag -%s", flag)
		}
	}
	usage.Reset()
	run(t.Context(), []string{"audit", "-h"}, &usage, &usage)
	for _, flag := range flagsIn(usage.String()) {
		if !regexp.MustCompile("`?-" + flag + "[ `]").MatchString(all["docs/audit.md"]) {
			t.Errorf("docs/audit.md says nothing of the flag -%s", flag)
		}
	}
	schema, err := os.ReadFile("web/catalogue.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	schemaKeys(root, keys)
	if !keys["url-passthrough"] {
		t.Fatalf("the schema's keys must be found: %v", keys)
	}
	for key := range keys {
		if !regexp.MustCompile("`" + key + "`|\\b" + key + ":").MatchString(all["docs/catalogue.md"]) {
			t.Errorf("docs/catalogue.md says nothing of the key %s", key)
		}
	}
}

// TestDocs_Look: what a site can set is what the style sheets read, and each part
// has a name there.
func TestDocs_Look(t *testing.T) {
	named, err := os.ReadFile("docs/look.md")
	if err != nil {
		t.Fatal(err)
	}
	styles, components := files(t, "web/styles", ".css"), files(t, "app", ".go")
	property := regexp.MustCompile(`--temoin-[a-z-]+`)
	page, read := property.FindAllString(string(named), -1), property.FindAllString(styles, -1)
	for _, one := range slices.Concat(page, read) {
		if !slices.Contains(page, one) || !slices.Contains(read, one) {
			t.Errorf("%s is not both in docs/look.md and in web/styles", one)
		}
	}
	parts := regexp.MustCompile(`"part", "([a-z]+)"`).FindAllStringSubmatch(components, -1)
	if len(read) == 0 || len(parts) == 0 {
		t.Fatalf("properties and parts must be found: %q, %q", read, parts)
	}
	for _, part := range parts {
		if !strings.Contains(string(named), "`"+part[1]+"`") {
			t.Errorf("docs/look.md says nothing of the part %s", part[1])
		}
	}
}

// files is what the files below a folder say whose names end so.
func files(t *testing.T, folder, ending string) string {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ending) {
			return err
		}
		text, err := os.ReadFile(path)
		all = append(all, text...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// schemaKeys collects the keys of objects with fixed keys; those whose keys are
// languages, names of texts or Google's types have tables of their own.
func schemaKeys(node any, keys map[string]bool) {
	switch node := node.(type) {
	case []any:
		for _, one := range node {
			schemaKeys(one, keys)
		}
	case map[string]any:
		properties, _ := node["properties"].(map[string]any)
		for key, value := range properties {
			if _, described := value.(map[string]any)["description"]; described {
				keys[key] = true
			}
		}
		for _, one := range node {
			schemaKeys(one, keys)
		}
	}
}

// TestDocs_Service: the service starts the program with flags that there are.
func TestDocs_Service(t *testing.T) {
	line := regexp.MustCompile(`^(#.*|\[[A-Z][a-z]+\]|[A-Z]\w+=.*|)$`)
	var lines []string
	for _, name := range []string{"temoin.service", "temoin-audit.service", "port-443.conf"} {
		text, err := os.ReadFile("docs/recipes/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for one := range strings.Lines(string(text)) {
			if !line.MatchString(strings.TrimSuffix(one, "\n")) {
				t.Errorf("%s: this is no line of a unit: %s", name, one)
			}
			lines = append(lines, one)
		}
	}
	started := 0
	for _, one := range lines {
		if command, found := strings.CutPrefix(one, "ExecStart=/usr/local/bin/"); found {
			checkCommand(t, strings.Fields(command))
			started++
		}
	}
	if started != 2 {
		t.Errorf("got %d programs that are started, want 2", started)
	}
}

// TestDocs_Words: commands and flags that a page names in its text are there.
func TestDocs_Words(t *testing.T) {
	code := regexp.MustCompile("`((?:(?:bin/)?temoin|\\./build\\.sh) [a-z][^`]*)`")
	var usage bytes.Buffer
	for name := range commands {
		run(t.Context(), []string{name, "-h"}, &usage, &usage)
	}
	flags := flagsIn(usage.String())
	flag := regexp.MustCompile("`-([a-z][a-z-]+)(?: [^`]*)?`")
	for name, text := range pages(t) {
		for _, command := range code.FindAllStringSubmatch(prose(text), -1) {
			t.Run(name+"/"+command[1], func(t *testing.T) { checkCommand(t, strings.Fields(command[1])) })
		}
		for _, named := range flag.FindAllStringSubmatch(prose(text), -1) {
			if !slices.Contains(flags, named[1]) {
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
	if max(english, french)-min(english, french) > 10 {
		t.Errorf("the READMEs have %d and %d lines, want as many", english, french)
	}
	for _, name := range []string{"README.md", "README.fr.md"} {
		least := regexp.MustCompile("(?s)```yaml\n(site:.*?)```").FindStringSubmatch(all[name])
		if least == nil || strings.Count(least[1], "\n") != 5 || !strings.Contains(least[1], "matomo") || !strings.Contains(least[1], "youtube") {
			t.Errorf("%s shows no catalogue of five lines with Matomo and YouTube", name)
		}
		if !strings.Contains(all[name], "](docs/screenshot.png)") {
			t.Errorf("%s has no picture", name)
		}
	}
	script, err := os.ReadFile("build.sh")
	if err != nil || strings.Count(string(script), "\n") >= 100 {
		t.Errorf("build.sh has too many lines (%v)", err)
	}
	if !regexp.MustCompile(`(?m)^  serve\) .*\bbin/temoin demo `).Match(script) {
		t.Error("./build.sh serve does not serve the demo")
	}
	for name := range all {
		if stack, found := strings.CutPrefix(name, "docs/stacks/"); found && stack != "README.md" {
			if !strings.Contains(all["docs/stacks/README.md"], "("+stack+")") {
				t.Errorf("docs/stacks/README.md does not lead to %s", stack)
			}
			continue
		}
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

// standings are what runs them over what was answered before: what stands of each
// header, as [allowed ids, asked ids], nothing asked where nothing stands.
var standings = map[string][]string{
	"Python": {"python3", "-c", `import json, sys; sys.path.insert(0, "docs/helpers"); import temoin
def one(c, header, now, ids):
  record = temoin.choice(header, c, now)
  return [[id for id in ids if temoin.allowed(record, c, id)], record["asked"] if record else None]
print(json.dumps([one(*case) for case in json.load(sys.stdin)]))`},
	"PHP": {"php", "-r", `require "docs/helpers/temoin.php";
echo json_encode(array_map(function ($case) { [$c, $header, $now, $ids] = $case; $record = temoin_choice($header, $c, $now);
  return [array_values(array_filter($ids, fn($id) => temoin_allows($record, $c, $id))), $record["asked"] ?? null]; }, json_decode(stream_get_contents(STDIN), true)));`},
	"JavaScript": {"node", "--input-type=module", "-e", `import { readFileSync } from 'node:fs'; import { allowed, choice } from './docs/helpers/temoin.mjs';
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(([c, header, now, ids]) => {
  const record = choice(header, c, now);
  return [ids.filter((id) => allowed(record, c, id)), record?.asked ?? null];
})));`},
}

// TestDocs_ReadersStanding: what of earlier answers stands is the same for them as for
// the program.
func TestDocs_ReadersStanding(t *testing.T) {
	var vectors struct {
		Catalogues map[string]json.RawMessage
		Cases      []struct {
			Name, Catalogue         string
			Now                     int64
			Cookies, Asked, Allowed []string
			Choices                 map[string]bool
		}
	}
	data, err := os.ReadFile("app/consent/testdata/standing.json")
	if err == nil {
		err = json.Unmarshal(data, &vectors)
	}
	if err != nil {
		t.Fatal(err)
	}
	var cases [][]any
	for _, one := range vectors.Cases {
		var c consent.Catalogue
		if err := json.Unmarshal(vectors.Catalogues[one.Catalogue], &c); err != nil {
			t.Fatal(err)
		}
		var pairs, ids []string
		for _, cookie := range one.Cookies {
			pairs = append(pairs, c.Cookie.Name+"="+strings.ReplaceAll(url.QueryEscape(cookie), "+", "%20"))
		}
		for _, category := range c.Categories {
			ids = append(ids, category.ID)
		}
		for _, service := range c.Services {
			ids = append(ids, service.ID)
		}
		cases = append(cases, []any{vectors.Catalogues[one.Catalogue], strings.Join(pairs, "; "), one.Now, ids})
	}
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	for language, reader := range standings {
		t.Run(language, func(t *testing.T) {
			command := exec.Command(reader[0], reader[1:]...)
			command.Stdin, command.Stderr = bytes.NewReader(input), os.Stderr
			said, err := command.Output()
			var got [][2][]string
			if err = errors.Join(err, json.Unmarshal(said, &got)); err != nil || len(got) != len(cases) {
				t.Fatalf("got %.2000s and %v", said, err)
			}
			for i, one := range vectors.Cases {
				allowed, asked := slices.Sorted(slices.Values(got[i][0])), slices.Sorted(slices.Values(got[i][1]))
				if !slices.Equal(allowed, one.Allowed) || !slices.Equal(asked, slices.Sorted(slices.Values(one.Asked))) {
					t.Errorf("%s: allowed %q and asked %q, want %q and %q", one.Name, allowed, asked, one.Allowed, one.Asked)
				}
			}
		})
	}
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
		Rev      string            `json:"rev"`
		Lifetime int               `json:"lifetime"`
		Marks    map[string]string `json:"marks"`
		*consent.Catalogue
	}{c.Rev(), c.Cookie.MaxAge(), c.Marks().Of, &c.Catalogue}
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
				record := c.Read(cookiesOf(header, c.Cookie.Name), now, c.Marks())
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
		line(c.Accept().With("first-party", true), nil, c.Rev(), now), // of a version that asked about a category without a service
		"a=b; " + accepted + ";" + refused + "; c=d",                  // the newest counts
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
