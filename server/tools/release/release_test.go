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

// TestUnit: a package's services are those of docs/recipes, each as its own user. systemd
// understands every line of them, and they leave as little open as is said in docs.
func TestUnit(t *testing.T) {
	for name, want := range map[string]struct {
		page  string
		lines []string
	}{
		"temoin.service": {"docs/hosting.md", []string{
			"ExecStart=/usr/bin/temoin serve", "User=temoin", "EnvironmentFile=-/etc/default/temoin", "ProtectSystem=strict", "StateDirectory=temoin",
		}},
		"temoin-audit.service": {"docs/audit.md", []string{
			"ExecStart=/usr/bin/temoin audit -quiet", "User=temoin-audit", "EnvironmentFile=-/etc/default/temoin-audit", "ProtectSystem=strict", "StateDirectory=temoin-audit",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := unit(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range want.lines {
				if !slices.Contains(strings.Split(string(text), "\n"), line) {
					t.Errorf("no line %s in\n%s", line, text)
				}
			}
			path := filepath.Join(t.TempDir(), name)
			runs := bytes.ReplaceAll(text, []byte("/usr/bin/temoin"), []byte("/bin/true")) // a program that is there
			if err := os.WriteFile(path, runs, 0o644); err != nil {
				t.Fatal(err)
			}
			if said, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput(); err != nil || len(said) > 0 {
				t.Errorf("systemd-analyze verify: %v: %s", err, said)
			}
			said, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", path).CombinedOutput()
			exposure := regexp.MustCompile(`Overall exposure level for ` + regexp.QuoteMeta(name) + `: (\S+)`).FindSubmatch(said)
			if exposure == nil {
				t.Fatalf("%v: %s", err, said)
			}
			page, err := os.ReadFile(want.page)
			if want := fmt.Sprintf("`systemd-analyze security` says %s", exposure[1]); err != nil || !strings.Contains(string(page), want) {
				t.Errorf("the page does not say: %s (%v)", want, err)
			}
		})
	}
}

// TestSettings: the variables that the services' settings propose are flags of theirs.
func TestSettings(t *testing.T) {
	commands := helpOf(t)
	for file, name := range map[string]string{"default": "serve", "default-audit": "audit"} {
		text, err := packaging.ReadFile("files/" + file)
		if err != nil {
			t.Fatal(err)
		}
		proposed := regexp.MustCompile(`(?m)^#TEMOIN_([A-Z_]+)=`).FindAllSubmatch(text, -1)
		if len(proposed) < 3 {
			t.Errorf("%s proposes %d variables", file, len(proposed))
		}
		for _, variable := range proposed {
			flag := strings.ToLower(strings.ReplaceAll(string(variable[1]), "_", "-"))
			if !slices.ContainsFunc(find(t, commands, name).Flags, func(f flagHelp) bool { return f.Name == flag }) {
				t.Errorf("%s proposes %s, and temoin %s has no -%s", file, variable[0], name, flag)
			}
		}
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
