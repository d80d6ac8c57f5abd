//go:build !js

package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// temoin runs a command to its end, or for as long as ctx lasts.
func temoin(ctx context.Context, args ...string) (stdout, stderr string, err error) {
	var out, log bytes.Buffer
	err = run(ctx, args, &out, &log)
	return out.String(), log.String(), err
}

func mustWrite(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// absolute names a file of ours for a test that goes elsewhere.
func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun_SaysWhatItCanDo(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"nothing":              {nil, commandNames},
		"an unknown command":   {[]string{"server"}, `no command "server"`},
		"an unknown flag":      {[]string{"serve", "-port", "80"}, "-port"},
		"a bad flag":           {[]string{"serve", "-max-age", "soon"}, "soon"},
		"a word too many":      {[]string{"serve", "now"}, `not "now"`},
		"check without file":   {[]string{"check"}, "temoin check"},
		"check of no file":     {[]string{"check", "nowhere.yaml"}, "no catalogue nowhere.yaml: write one with temoin init"},
		"no catalogue":         {[]string{"serve", "-addr", "127.0.0.1:0", "-catalogue", "nowhere.yaml"}, "no catalogue nowhere.yaml: write one with temoin init"},
		"export of none":       {[]string{"export", "-catalogue", "nowhere.yaml", "out"}, "no catalogue nowhere.yaml: write one with temoin init"},
		"csp of none":          {[]string{"csp", "-catalogue", "nowhere.yaml"}, "no catalogue nowhere.yaml: write one with temoin init"},
		"init alone":           {[]string{"init"}, "init needs -name and -url"},
		"export without name":  {[]string{"export"}, "temoin export"},
		"csp for no service":   {[]string{"csp", "-catalogue", "server/demo/catalogue.yaml", "-allow", "matomo,other"}, `no category or service "matomo"`},
		"csp for two choices":  {[]string{"csp", "-all", "-allow", "statistics"}, "not both"},
		"audit of nothing":     {[]string{"audit"}, "temoin audit https://"},
		"audit in no tongue":   {[]string{"audit", "-lang", "de", "https://a.example"}, "fr, en"},
		"audit by none":        {[]string{"audit", "-catalogue", "nowhere.yaml", "https://a.example"}, "no catalogue nowhere.yaml"},
		"audit from none":      {[]string{"audit", "-baseline", "nowhere.txt", "https://a.example"}, "-write-baseline"},
		"audit as nobody":      {[]string{"audit", "-states", "unanswered,curious", "https://a.example"}, `-states: no visitor "curious"; there are unanswered, refused, accepted, withdrawn, gpc, returning, only:CATEGORY`},
		"audit of no category": {[]string{"audit", "-states", "only:", "https://a.example"}, "only:CATEGORY"},
		"audit in no time":     {[]string{"audit", "-page-time", "0s", "https://a.example"}, "-page-time is 0s"},
		"audit of no site":     {[]string{"audit", "-quiet", "a.example"}, "begins with https://"},
		"csp with a word":      {[]string{"csp", "all"}, `not "all"`},
		"receipts alone":       {[]string{"receipts"}, "verify, export"},
		"receipts unknown":     {[]string{"receipts", "burn", "-data", "nowhere"}, "nowhere"},
		"receipts of nothing":  {[]string{"receipts", "verify", "-data", "nowhere"}, "no key"},
		"admin alone":          {[]string{"admin"}, "password"},
		"a role that is none":  {[]string{"admin", "password", "-role", "owner"}, `-role: no role "owner"; there are read, export, erase`},
		"networks":             {[]string{"serve", "-proxies", "example.org"}, "192.0.2.0/24"},
		"a short retention":    {[]string{"serve", "-addr", "127.0.0.1:99999", "-catalogue", "server/demo/rich.yaml", "-data", t.TempDir(), "-retention", "1 day"}, `"1 day", want a duration such as`},
		"no retention":         {[]string{"serve", "-addr", "127.0.0.1:99999", "-catalogue", "server/demo/rich.yaml", "-data", t.TempDir(), "-retention", "session"}, `"session", want a duration such as`},
		"a database of none":   {[]string{"serve", "-addr", "127.0.0.1:99999", "-catalogue", "server/demo/rich.yaml", "-data", t.TempDir(), "-database", "postgress://u@h/d"}, "want postgres://"},
		"retention":            {[]string{"serve", "-retention", "for ever"}, "for ever"},
		"version with a word":  {[]string{"version", "now"}, `not "now"`},
		"an impossible port":   {[]string{"serve", "-addr", "127.0.0.1:99999", "-catalogue", "server/demo/catalogue.yaml", "-data", ""}, "listen on 127.0.0.1:99999"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := temoin(t.Context(), c.args...)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error with %q", err, c.says)
			}
		})
	}
}

func TestRun_Check(t *testing.T) {
	for file, asks := range map[string]string{
		"server/demo/catalogue.yaml": "asks nothing: there is no banner",
		"server/demo/rich.yaml":      "asks consent for statistics (google-analytics), third-party (youtube, facebook)\n",
	} {
		stdout, _, err := temoin(t.Context(), "check", file)
		if err != nil || !strings.HasPrefix(stdout, file+": "+asks) || !strings.Contains(stdout, "\n"+file+": good; revision ") {
			t.Errorf("%s: got %q and %v", file, stdout, err)
		}
	}
	t.Run("all problems, one a line", func(t *testing.T) {
		file := mustWrite(t, "bad.yaml", "sight: x\nlanguages: [fr, xx]\nservices:\n  - id: A\n")
		stdout, _, err := temoin(t.Context(), "check", file)
		if err == nil {
			t.Fatal("got no error")
		}
		problem := regexp.MustCompile(`^` + regexp.QuoteMeta(file) + `:\d+:\d+: .+; .+$`)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		for _, line := range lines {
			if !problem.MatchString(line) {
				t.Errorf("got %q, want file:line:column: what is wrong; what would be right", line)
			}
		}
		for _, word := range []string{"sight", "xx", `"A"`, "site"} {
			if !strings.Contains(stdout, word) {
				t.Errorf("nothing is said of %s in\n%s", word, stdout)
			}
		}
	})
}

// TestRun_Nothing: a flag that is given nothing, as by a script whose variable is not set, or less than nothing, does not mean what it means where it is not given.
func TestRun_Nothing(t *testing.T) {
	demo := absolute(t, "server/demo")
	t.Chdir(t.TempDir())
	catalogue := filepath.Join(demo, "rich.yaml")
	serve := []string{"serve", "-addr", "127.0.0.1:0", "-catalogue", catalogue}
	for name, c := range map[string]struct {
		command    []string
		flag, text string
		says       string
	}{
		"no address":                 {serve, "-addr", "", "want host:port"},
		"no database":                {serve, "-database", "", "-database"},
		"no key":                     {serve, "-key", "", "-key"},
		"no certificate":             {serve, "-tls-cert", "", "-tls-cert"},
		"no certificate's key":       {serve, "-tls-key", "", "-tls-key"},
		"no host for a certificate":  {serve, "-autocert", "", "-autocert"},
		"a comma for a certificate":  {serve, "-autocert", " ,", "-autocert"},
		"no folder of sites":         {serve, "-sites", "", "-sites"},
		"less than no time":          {serve, "-max-age", "-5m", "want 0 or more"},
		"less than no draining":      {serve, "-drain", "-1s", "want 0 or more"},
		"less than no rate":          {serve, "-rate", "-1", "or 0, which sets no bound"},
		"no folder for a database's": {slices.Concat(serve, []string{"-database", "postgres://u@127.0.0.1:1/d"}), "-data", "", "-data"},
		"an inexact retention":       {serve, "-retention", "at most 25 months", "at most 25 months"},

		"export for less than no time": {[]string{"export", "-catalogue", catalogue, "out"}, "-max-age", "-1ns", "-max-age"},
		"export of no site":            {[]string{"export", "-sites", demo, "out"}, "-site", "", "the name of a site"},
		"check of no site":             {[]string{"check", "-sites", demo}, "-site", "", "the name of a site"},
		"check against nothing":        {[]string{"check", catalogue}, "-against", "", "-against"},
		"receipts of no site":          {[]string{"receipts", "stats"}, "-site", "", "the name of a site"},
		"verified against nothing":     {[]string{"receipts", "verify"}, "-checkpoint", "", "-checkpoint"},
		"verified from nothing":        {[]string{"receipts", "verify"}, "-from", "", "-from"},
		"exported since nothing":       {[]string{"receipts", "export"}, "-since", "", "-since"},
		"exported until nothing":       {[]string{"receipts", "export"}, "-until", "", "-until"},
		"restored for no site":         {[]string{"restore", "copy.db"}, "-site", "", "the name of a site"},
		"restored against nothing":     {[]string{"restore", "copy.db"}, "-checkpoint", "", "-checkpoint"},
		"the dashboard of no site":     {[]string{"admin", "off"}, "-site", "", "the name of a site"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // a server that starts ends without an error
			defer cancel()
			_, _, err := temoin(ctx, append(slices.Clone(c.command), c.flag, c.text)...)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.flag) {
				t.Errorf("got %v, want an error with %q and %q", err, c.flag, c.says)
			}
		})
	}
}

func TestRun_CheckAgainst(t *testing.T) {
	const catalogue = "site: { name: A, url: \"https://a.example\" }\nlanguages: [en]\nservices:\n  - { id: cdn, category: third-party, name: A, provider: S, purpose: P }\n"
	before := mustWrite(t, "before.yaml", catalogue)
	now := mustWrite(t, "now.yaml", strings.Replace(catalogue, "provider: S", "provider: T", 1))
	stdout, _, err := temoin(t.Context(), "check", "-against", before, now)
	if err != nil || !strings.Contains(stdout, "\n"+now+": who allowed all is asked anew for third-party (cdn)\n"+now+`: cdn: its provider is "T" and was "S"`) {
		t.Errorf("got %q and %v", stdout, err)
	}
	stdout, _, err = temoin(t.Context(), "check", now, "-against", now)
	if err != nil || !strings.HasSuffix(stdout, now+": nobody is asked anew\n") {
		t.Errorf("against itself: got %q and %v", stdout, err)
	}
	bad := mustWrite(t, "bad.yaml", "sight: x\n")
	if stdout, _, err = temoin(t.Context(), "check", "-against", bad, now); err == nil || !strings.Contains(stdout, bad+":1:1: ") {
		t.Errorf("against a file with problems: got %q and %v", stdout, err)
	}
}

func TestRun_CSP(t *testing.T) {
	file := mustWrite(t, "c.yaml", `site: { name: A, url: "https://a.example" }
languages: [en]
services:
  - { id: cdn, category: necessary, name: A, provider: S, purpose: P, hosts: [cdn.example] }
  - { id: video, category: third-party, name: A, provider: S, purpose: P, hosts: ["*.video.example"] }
  - { id: map, category: third-party, name: A, provider: S, purpose: P, hosts: [map.example] }
  - { id: counter, category: statistics, kind: measure, anonymous: true, name: A, provider: S, purpose: P, hosts: [count.example],
      exemption: { own-use-only: true, anonymous-data: true, single-site: true, not-renewed: true, data-retention: 25 months } }
`)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing answered": {nil, "'wasm-unsafe-eval' cdn.example count.example;"},
		"nothing allowed":  {[]string{"-allow", ""}, "'wasm-unsafe-eval' cdn.example;"},
		"no name allowed":  {[]string{"-allow", " , "}, "'wasm-unsafe-eval' cdn.example;"},
		"a service":        {[]string{"-allow", "map"}, "'wasm-unsafe-eval' cdn.example map.example;"},
		"a category":       {[]string{"-allow", "third-party"}, "'wasm-unsafe-eval' *.video.example cdn.example map.example;"},
		"categories":       {[]string{"-allow", "statistics,third-party"}, "'wasm-unsafe-eval' *.video.example cdn.example count.example map.example;"},
		"all":              {[]string{"-all"}, "'wasm-unsafe-eval' *.video.example cdn.example count.example map.example;"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, _, err := temoin(t.Context(), append([]string{"csp", "-catalogue", file}, c.args...)...)
			if err != nil || !strings.HasPrefix(stdout, "Content-Security-Policy: script-src 'self' "+c.want) || strings.Count(stdout, "\n") != 1 {
				t.Errorf("got %q and %v, want %q", stdout, err, c.want)
			}
		})
	}
}

func TestRun_Environment(t *testing.T) {
	t.Setenv("TEMOIN_CATALOGUE", "server/demo/rich.yaml")
	t.Setenv("TEMOIN_MAX_AGE", "soon")
	if _, _, err := temoin(t.Context(), "serve"); err == nil || !strings.Contains(err.Error(), `TEMOIN_MAX_AGE is "soon"`) {
		t.Errorf("got %v, want an error that names the variable", err)
	}
	t.Setenv("TEMOIN_MAX_AGE", "1h")
	dir := t.TempDir()
	if _, _, err := temoin(t.Context(), "export", dir); err != nil {
		t.Fatal(err)
	}
	loader, err := os.ReadFile(filepath.Join(dir, "temoin.js"))
	if err != nil || !strings.Contains(string(loader), "matomo") {
		t.Errorf("the catalogue of the environment was not taken: %v", err)
	}
}

func TestRun_ServeUntilStopped(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "-catalogue", "server/demo/catalogue.yaml"},
		{"demo", "-catalogue", "none.yaml"}, // it has one of its own
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		stdout, _, err := temoin(ctx, append(args, "-addr", "127.0.0.1:0", "-data", t.TempDir())...)
		if err != nil || !strings.HasPrefix(stdout, "Témoin answers on http://127.0.0.1:") {
			t.Errorf("%q: got %q and %v", args, stdout, err)
		}
	}
}

// stock says that the build for the browser takes go-app as it is, with all that
// it imports; see server/tools/trim.
var stock = os.Getenv("TEMOIN_STOCK") != ""

// module is what the import paths of Témoin begin with.
const module = "temoin.example/temoin"

// forbidden is what nothing of ours in the browser may import: each visitor
// would download it.
var forbidden = []string{"net/http", "net/url", "encoding/json", "fmt", "os", "regexp", "crypto/rand", "crypto/sha256", "database/sql", module + "/app/guard", module + "/server", module + "/server/catalogue", module + "/web", "go.yaml.in/yaml/v3"}

// TestBrowserBuild_Dependencies says which packages came new to the WebAssembly
// build, so that weight is added knowingly: run it with -update to agree.
func TestBrowserBuild_Dependencies(t *testing.T) {
	list := goList(t, "-deps", ".")
	checkOurImports(t, list)
	file := "server/testdata/wasm-dependencies.txt"
	if stock {
		file = "server/testdata/wasm-dependencies-stock.txt"
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(list, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(data))
	for _, name := range list {
		if !slices.Contains(known, name) {
			t.Errorf("%s came new to app.wasm; is it worth its weight? If so: go test . -update", name)
		}
	}
	for _, name := range known {
		if !slices.Contains(list, name) {
			t.Errorf("%s has left app.wasm: go test . -update", name)
		}
	}
}

func checkOurImports(t *testing.T, list []string) {
	for _, ours := range list {
		if ours != module && !strings.HasPrefix(ours, module+"/") {
			continue
		}
		for _, name := range goList(t, "-f", `{{join .Imports "\n"}}`, ours) {
			if slices.Contains(forbidden, name) {
				t.Errorf("%s imports %s, which must not reach the browser", ours, name)
			}
		}
	}
}

// goList lists packages of the build for the browser, without the internal
// ones of Go itself, which change with its version.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	flags := []string{"list", "-tags=light"}
	if !stock {
		flags = append(flags, "-modfile=.cache/go.mod")
	}
	command := exec.CommandContext(t.Context(), "go", append(flags, args...)...)
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list %q: %v", args, err)
	}
	list := slices.DeleteFunc(strings.Fields(string(out)), func(name string) bool {
		return strings.HasPrefix(name, "internal/") || strings.Contains(name, "/internal/") || strings.HasPrefix(name, "vendor/")
	})
	slices.Sort(list)
	return list
}

// TestImports holds the packages to the one way in which they may import each
// other, from the domain to the commands.
func TestImports(t *testing.T) {
	order := []string{
		"/app/consent", "/app/guard", "/app/browser", "/app", "/web", "/server/version", "/server/catalogue",
		"/server/receipt", "/server/store", "/server/audit/outcome", "/server/admin", "/server/site", "/server/ledger", "/server/audit", "/server", "/server/demo", "",
	}
	for _, target := range []string{"js/wasm", "linux/amd64"} {
		goos, goarch, _ := strings.Cut(target, "/")
		// All at once, though (-e) some of what the server needs is not made for browsers.
		packages := make([]string, len(order))
		for i, name := range order {
			packages[i] = module + name
		}
		command := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e", "-f", `{{.ImportPath}} {{join .Imports " "}}`}, packages...)...)
		command.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		for line := range strings.Lines(string(out)) {
			fields := strings.Fields(line)
			name := strings.TrimPrefix(fields[0], module)
			if len(fields) == 1 && name != "/server/version" {
				t.Errorf("%s imports nothing: is it there?", fields[0])
			}
			for _, imported := range fields[1:] {
				if at := slices.Index(order, strings.TrimPrefix(imported, module)); at >= slices.Index(order, name) {
					t.Errorf("%s imports %s, which stands above it", fields[0], imported)
				}
				if name == "/app/consent" && strings.Contains(imported, ".") {
					t.Errorf("consent imports %s; it has to do with the standard library", imported)
				}
			}
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		short := strings.TrimPrefix(name, module)
		isTool := strings.HasPrefix(short, "/server/tools/") || short == "/server/audit/plants"
		if !isTool && !slices.Contains(order, short) {
			t.Errorf("%s has no place in the order", short)
		}
	}
}

// TestNotices keeps web/notices.txt true: the licence of every module that is
// built into the program, on the server or in the browser, and Go's own.
func TestNotices(t *testing.T) {
	const file = "web/notices.txt"
	notices := []string{notice(t, "The Go programming language", goEnv(t, "GOROOT"))}
	for _, module := range modules(t) {
		name, dir, _ := strings.Cut(module, "\t")
		notices = append(notices, notice(t, name, dir))
	}
	got := "Témoin is built with the following works.\n\n" + strings.Join(notices, "\n")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s is not what the modules say: go test . -update (%v)", file, err)
	}
}

// modules returns the path, a tab and the folder of each module that is linked in.
func modules(t *testing.T) []string {
	const format = `{{with .Module}}{{if not .Main}}{{.Path}}{{"\t"}}{{.Dir}}{{end}}{{end}}`
	var list []string
	for _, target := range [][]string{{"GOOS=js", "GOARCH=wasm"}, {"GOOS=linux", "GOARCH=amd64"}} {
		command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, ".")
		command.Env = append(os.Environ(), target...)
		out, err := command.Output()
		if err != nil {
			t.Fatalf("go list %q: %v", target, err)
		}
		list = append(list, strings.Split(strings.TrimSpace(string(out)), "\n")...)
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(s string) bool { return s == "" })
}

func notice(t *testing.T, name, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "LICEN[CS]E*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no licence in its folder (%v)", name, err)
	}
	text := "==== " + name + "\n\n"
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text += strings.TrimSpace(string(data)) + "\n"
	}
	return text
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
