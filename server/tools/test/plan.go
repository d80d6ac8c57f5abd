package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

var wasm = []string{"GOOS=js", "GOARCH=wasm"}

const (
	endToEnd = "server/e2e"
	// needNone is the folder of those tests that need no browser.
	needNone = "server/e2e/plain"
	// reporter has node write what read in node.go reads.
	reporter = "./server/e2e/lib/report.mjs"
)

// job is a process that runs tests, and tells of each as a line of JSON.
type job struct {
	// suite is what it is summed up under: go, wasm, node, or an engine.
	suite string
	name  string
	args  []string
	env   []string
	// read understands one line of what the process tells.
	read func(line []byte) (event, bool)
	// patience is how long it may take, on a machine that others load too.
	patience time.Duration
	// cost says which to begin with: the longest, so that none is left over at the end.
	cost int64
}

// plan lists the jobs in the order in which they begin.
func plan(o options) ([]job, error) {
	files := o.files
	var jobs []job
	if len(files) == 0 {
		var err error
		if jobs, err = goJobs(); err != nil {
			return nil, err
		}
		for _, folder := range []string{needNone, endToEnd} {
			found, err := filepath.Glob(filepath.Join(folder, "*.test.mjs"))
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("no tests in %s", folder)
			}
			files = append(files, found...)
		}
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		engines := o.engines
		if filepath.Clean(filepath.Dir(file)) == needNone {
			engines = []string{"node"}
		}
		for _, engine := range engines {
			if len(o.files) > 0 || o.whole || runsIn(engine, file) {
				jobs = append(jobs, nodeJob(engine, file, info.Size()))
			}
		}
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(b.cost, a.cost) })
	return jobs, nil
}

// besideChromium has the files that do not run in all engines each time, with those
// they do run in beside Chromium. All in all takes an hour and a half of two slow
// processors; here are the costliest, and those whose subject is the same in every
// engine: pages of the server's, words, files, what axe finds. -whole runs all.
var besideChromium = map[string][]string{
	"gate": {"firefox"}, "loader": {"firefox"}, "cookie": {"firefox"},
	"banner": {"webkit"}, "host-page": {"webkit"}, "charter": {"webkit"},
	"abilities": nil, "accessibility": nil, "admin": nil, "audit-peers": nil, "audited": nil, "bench": nil, "edge": nil, "export": nil, "folder": nil, "golden": nil,
	"languages": nil, "look": nil, "nothing": nil, "older": nil, "proof": nil, "refusal": nil, "stacks": nil, "tree": nil, "weight": nil,
}

// runsIn says whether a file runs in an engine each time.
func runsIn(engine, file string) bool {
	others, some := besideChromium[nameOf(file)]
	return !some || engine == "chromium" || engine == "node" || slices.Contains(others, engine)
}

func nameOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".test.mjs") }

// weight is what a test costs in an engine, compared with Chromium.
var weight = map[string]int64{"chromium": 2, "firefox": 4, "webkit": 4, "node": 1}

func nodeJob(engine, file string, size int64) job {
	return job{
		suite:    engine,
		name:     nameOf(file),
		args:     []string{"node", "--test-reporter=" + reporter, "--test-reporter-destination=/dev/fd/3", file},
		env:      []string{"TEMOIN_ENGINE=" + engine},
		read:     readNode,
		patience: 25 * time.Minute,
		cost:     size * max(weight[engine], 1),
	}
}

// goJobs begin first. What vet finds has been looked for.
func goJobs() ([]job, error) {
	const first = 1 << 40
	// One package at a time: browsers run beside them, and two processors that have
	// too much to do take three times as long for each thing.
	test := []string{"go", "test", "-json", "-vet=off", "-timeout=20m", "-p=1"}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	inNode := "-exec=" + filepath.Join(strings.TrimSpace(string(root)), "lib/wasm/go_js_wasm_exec")
	return []job{
		{suite: "go", name: "unit tests", args: append(test, "-race", "./..."), read: readGo(), patience: 45 * time.Minute, cost: first},
		{suite: "go", name: "unit tests of the release", args: slices.Concat(test[:1], []string{"-C", "server/tools/release"}, test[1:], []string{"./..."}), read: readGo(), patience: 20 * time.Minute, cost: first},
		{suite: "wasm", name: "unit tests", args: append(slices.Clone(test), inNode, "./app/..."), env: wasm, read: readGo(), patience: 10 * time.Minute, cost: first / 2},
	}, nil
}
