package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain has the tests run where the program does, at the root of the source.
func TestMain(m *testing.M) {
	if err := os.Chdir("../../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

var day = time.Date(2026, 11, 27, 6, 0, 0, 0, time.UTC)

// helpOf asks the program that ./build.sh build has made.
func helpOf(t *testing.T) []command {
	t.Helper()
	commands, err := askProgram("bin/temoin")
	if err != nil {
		t.Fatal(err)
	}
	return commands
}

func find(t *testing.T, commands []command, name string) command {
	t.Helper()
	i := slices.IndexFunc(commands, func(c command) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no command %s in %v", name, commands)
	}
	return commands[i]
}

func TestHelp(t *testing.T) {
	commands := helpOf(t)
	serve, receipts := find(t, commands, "serve"), find(t, commands, "receipts")
	i := slices.IndexFunc(serve.Flags, func(f flagHelp) bool { return f.Name == "catalogue" })
	if i < 0 || serve.Flags[i].Takes() != "file" || serve.Flags[i].Text != `the catalogue's file (default "catalogue.yaml")` {
		t.Errorf("got %v, want -catalogue with a file", serve.Flags)
	}
	if want := []string{"verify", "export", "show", "check", "erase", "stats", "checkpoint", "branch", "rotate-key"}; !slices.Equal(receipts.Words, want) {
		t.Errorf("got the words %q, want %q", receipts.Words, want)
	}
	if csp := find(t, commands, "csp"); !strings.HasSuffix(csp.Summary, "nothing answered yet") {
		t.Errorf("got %q, which does not go on to its end", csp.Summary)
	}
	_, err := exec.Command("bin/temoin", "nothing").CombinedOutput()
	_, said := ask("bin/temoin", "nothing")
	if err == nil || said != nil {
		t.Errorf("got %v and %v", err, said)
	}
}

// TestManual: man prints it without a complaint, and it names each command and flag.
func TestManual(t *testing.T) {
	commands := helpOf(t)
	path := filepath.Join(t.TempDir(), "temoin.1")
	if err := os.WriteFile(path, manual(commands, "0.1.0", day), 0o644); err != nil {
		t.Fatal(err)
	}
	var page, complaints bytes.Buffer
	man := exec.Command("man", "--warnings", "--encoding=UTF-8", "--local-file", path)
	man.Env = append(os.Environ(), "MANWIDTH=200", "MANROFFSEQ=", "LC_ALL=C.UTF-8")
	man.Stdout, man.Stderr = &page, &complaints
	if err := man.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	for _, c := range commands {
		if !strings.Contains(page.String(), "temoin "+c.Name) {
			t.Errorf("no command %s in the manual", c.Name)
		}
		for _, f := range c.Flags {
			if !strings.Contains(page.String(), " -"+f.Name) {
				t.Errorf("no flag -%s in the manual", f.Name)
			}
		}
	}
}

// TestBash: completion proposes commands, a command's words and its flags.
func TestBash(t *testing.T) {
	script := filepath.Join(t.TempDir(), "completion.bash")
	if err := os.WriteFile(script, completions(helpOf(t))["bash"], 0o644); err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]string{
		"ser": "serve", "receipts ver": "verify", "serve -cat": "-catalogue", "init -pre": "-presets", "serve -addr ": "", "demo now -addr x -log-": "",
	} {
		said, err := exec.Command("bash", "-c", fmt.Sprintf(`source %s; compopt() { :; }
COMP_WORDS=(temoin %s); [[ %q == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _temoin; echo "${COMPREPLY[*]}"`, script, typed, typed)).CombinedOutput()
		if got := strings.TrimSpace(string(said)); err != nil || got != want {
			t.Errorf("%q: got %q and %v, want %q", typed, got, err, want)
		}
	}
}

// TestUnit: a package's service is that of docs/recipes, as its own user, and leaves
// as little as said in docs/hosting.md.
func TestUnit(t *testing.T) {
	text, err := unit()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"ExecStart=/usr/bin/temoin serve", "User=temoin", "EnvironmentFile=-/etc/default/temoin", "ProtectSystem=strict", "StateDirectory=temoin"} {
		if !slices.Contains(strings.Split(string(text), "\n"), line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	path := filepath.Join(t.TempDir(), "temoin.service")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", path).CombinedOutput()
	exposure := regexp.MustCompile(`Overall exposure level for temoin\.service: (\S+)`).FindSubmatch(said)
	if exposure == nil {
		t.Fatalf("%v: %s", err, said)
	}
	hosting, err := os.ReadFile("docs/hosting.md")
	if want := fmt.Sprintf("`systemd-analyze security` says %s", exposure[1]); err != nil || !strings.Contains(string(hosting), want) {
		t.Errorf("docs/hosting.md does not say: %s (%v)", want, err)
	}
}

// TestArchives: the same files give the same bytes, with nothing of who packed them.
func TestArchives(t *testing.T) {
	files := []file{{name: "a/", mode: 0o755}, {name: "a/b", mode: 0o644, data: []byte("text")}}
	for name, pack := range map[string]func([]file, time.Time) ([]byte, error){"tar": targz, "zip": zipOf} {
		first, err := pack(files, day)
		second, again := pack(files, day)
		if err != nil || again != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: two packs differ (%v, %v)", name, err, again)
		}
	}
}

func TestRun_Refuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "precious"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := newFolder(full); err == nil || !strings.Contains(err.Error(), "precious") {
		t.Errorf("got %v for a folder that holds a file", err)
	}
	for _, args := range [][]string{{}, {"a", "b"}, {"-targets", "plan9/amd64", full}} {
		if err := run(args, &bytes.Buffer{}, &bytes.Buffer{}); err == nil {
			t.Errorf("%q: got no error", args)
		}
	}
}
