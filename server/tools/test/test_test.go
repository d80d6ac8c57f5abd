package main

import (
	"context"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// shell is a job that says these lines of go test -json, and then does what command says.
func shell(command string, lines ...string) job {
	return job{suite: "go", name: "unit tests", read: readGo(), patience: time.Minute,
		args: []string{"sh", "-c", "cat <<'END'\n" + strings.Join(lines, "\n") + "\nEND\n" + command}}
}

func TestRunAll_SaysWhatCameOfIt(t *testing.T) {
	pass := `{"Action":"pass","Package":"p","Test":"TestGood"}`
	for name, test := range map[string]struct {
		job   job
		total string
		fault string
		said  string
	}{
		"all pass":                 {shell("", pass, `{"Action":"pass","Package":"p"}`), "1 passed, 0 failed, 0 skipped", "", ""},
		"one fails":                {shell("exit 1", pass, `{"Action":"output","Package":"p","Test":"TestBad","Output":"got 1\n"}`, `{"Action":"fail","Package":"p","Test":"TestBad"}`, `{"Action":"fail","Package":"p"}`), "1 passed, 1 failed, 0 skipped", "1 failed", "got 1"},
		"a package does not build": {shell("exit 1", pass, `{"Action":"build-output","ImportPath":"q [q.test]","Output":"undefined: x\n"}`, `{"Action":"fail","Package":"q","FailedBuild":"q [q.test]"}`), "1 passed, 1 failed, 0 skipped", "1 failed", "undefined: x"},
		"the process breaks":       {shell("echo out of memory >&2; exit 2", pass), "1 passed, 1 failed, 0 skipped", "1 failed", "out of memory"},
		"a test is skipped":        {shell("", pass, `{"Action":"output","Package":"p","Test":"TestNot","Output":"    a_test.go:7: not as root\n"}`, `{"Action":"skip","Package":"p","Test":"TestNot"}`), "1 passed, 0 failed, 1 skipped", "", "1 × not as root"},
		"there is no test":         {shell("", `{"Action":"pass","Package":"p"}`), "0 passed, 1 failed, 0 skipped", "1 failed", "it holds no test"},
		"it never ends":            {job{suite: "go", name: "unit tests", read: readGo(), patience: 50 * time.Millisecond, args: []string{"sleep", "1000"}}, "0 passed, 1 failed, 0 skipped", "1 failed", "not at its end after 50ms"},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			s := runAll(t.Context(), []job{test.job}, 2, io.Discard)
			s.print(&out)
			if s.total() != test.total {
				t.Errorf("got %q, want %q", s.total(), test.total)
			}
			if err := s.fault(); (err == nil) != (test.fault == "") || err != nil && err.Error() != test.fault {
				t.Errorf("fault: got %v, want %q", err, test.fault)
			}
			if !strings.Contains(out.String(), test.said) {
				t.Errorf("no %q in:\n%s", test.said, &out)
			}
		})
	}
}

func TestRunAll_NothingRun(t *testing.T) {
	if err := runAll(t.Context(), nil, 1, io.Discard).fault(); err == nil {
		t.Error("a run without tests must be a fault")
	}
}

func TestRunAll_Stopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s := runAll(ctx, []job{shell("")}, 1, io.Discard); len(s) != 0 {
		t.Errorf("a job began after the end: %v", s)
	}
}

// A file of node's tests is read as it is run: by the reporter, from the
// descriptor that the job gives it.
func TestNodeJob(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("node is needed, which ./build.sh test installs")
	}
	t.Chdir("../../..") // where jobs run
	for name, test := range map[string]struct{ source, total, said string }{
		"each outcome": {
			"import { test } from 'node:test'; test('a', () => {}); test('b', () => { throw new Error('why b fails'); }); test('c', { skip: 'why not c' }, () => {});",
			"1 passed, 1 failed, 1 skipped", "why b fails",
		},
		"it breaks before the first test": {"throw new Error('why it breaks');", "0 passed, 1 failed, 0 skipped", "why it breaks"},
		"it waits for what never comes":   {"import { test } from 'node:test'; test('a', () => {}); await new Promise(() => {});", "1 passed, 1 failed, 0 skipped", "as a whole"},
		"no tests":                        {"", "0 passed, 1 failed, 0 skipped", "it holds no test"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.test.mjs")
			if err := os.WriteFile(file, []byte(test.source), 0o600); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			s := runAll(t.Context(), []job{nodeJob("node", file, 1)}, 1, io.Discard)
			s.print(&out)
			if s.total() != test.total || !strings.Contains(out.String(), test.said) {
				t.Errorf("got %q, want %q, and %q in:\n%s", s.total(), test.total, test.said, &out)
			}
		})
	}
}

func TestFormatted(t *testing.T) {
	good := &fstest.MapFile{Data: []byte("package a\n")}
	bad := &fstest.MapFile{Data: []byte("package  a\n")}
	if err := formatted(fstest.MapFS{"a.go": good, ".cache/x/b.go": bad, "server/e2e/node_modules/c.go": bad, "d.txt": bad}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"root.go", "app/b.go", "server/tools/c/d.go"} {
		if err := formatted(fstest.MapFS{"a.go": good, name: bad}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s, which is not formatted: %v", name, err)
		}
	}
}

func TestPlan(t *testing.T) {
	t.Chdir("../../..")
	files, _ := filepath.Glob("server/e2e/*.test.mjs")
	plain, _ := filepath.Glob("server/e2e/plain/*.test.mjs")
	count := func(o options) (all map[string]int, first job) {
		o.engines = []string{"chromium", "firefox", "webkit"}
		jobs, err := plan(o)
		if err != nil {
			t.Fatal(err)
		}
		all = map[string]int{}
		for _, j := range jobs {
			all[j.suite]++
		}
		return all, jobs[0]
	}
	fewer := map[string]int{}
	for name, others := range besideChromium {
		if !slices.Contains(files, "server/e2e/"+name+".test.mjs") {
			t.Errorf("besideChromium has %q, of which there is no file", name)
		}
		for _, engine := range []string{"firefox", "webkit"} {
			if !slices.Contains(others, engine) {
				fewer[engine]++
			}
		}
	}
	n := len(files)
	all, first := count(options{})
	want := map[string]int{"go": 2, "wasm": 1, "node": len(plain), "chromium": n, "firefox": n - fewer["firefox"], "webkit": n - fewer["webkit"]}
	if !maps.Equal(all, want) {
		t.Errorf("each time: got %v, want %v", all, want)
	}
	if first.suite != "go" {
		t.Errorf("begins with %s %s, not with the longest", first.suite, first.name)
	}
	if all, _ := count(options{whole: true}); all["firefox"] != n || all["webkit"] != n {
		t.Errorf("-whole: got %v for %d files", all, n)
	}
	if all, _ := count(options{files: []string{"server/e2e/look.test.mjs"}}); !maps.Equal(all, map[string]int{"chromium": 1, "firefox": 1, "webkit": 1}) {
		t.Errorf("a file that is named: got %v, want it in each engine", all)
	}
}
