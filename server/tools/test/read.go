package main

import (
	"encoding/json"
	"regexp"
	"strings"
)

type outcome int

const (
	passed outcome = iota
	failed
	skipped
)

// event says that a test has ended. said is why it failed or was skipped.
type event struct {
	outcome outcome
	name    string
	said    string
}

// readNode reads a line of server/e2e/lib/report.mjs.
func readNode(line []byte) (event, bool) {
	var told struct {
		Outcome string
		Name    string
		Said    string
	}
	if json.Unmarshal(line, &told) != nil {
		return event{}, false
	}
	outcome, known := map[string]outcome{"passed": passed, "failed": failed, "skipped": skipped}[told.Outcome]
	return event{outcome, told.Name, told.Said}, known
}

// readGo returns a reader of what go test -json tells. A package that fails for
// no test of its own, since it does not build or panics, counts as one that does.
func readGo() func([]byte) (event, bool) {
	said := map[string]string{} // by package and test
	broken := map[string]bool{} // packages with a test that failed
	return func(line []byte) (event, bool) {
		var told struct{ Action, Package, ImportPath, Test, Output, FailedBuild string }
		if json.Unmarshal(line, &told) != nil {
			return event{}, false
		}
		name := strings.TrimSuffix(told.Package+" "+told.Test, " ")
		switch told.Action {
		case "output":
			said[name] += told.Output
		case "build-output":
			said[told.ImportPath] += told.Output
		case "fail":
			if told.Test == "" && broken[told.Package] {
				break
			}
			broken[told.Package] = true
			return event{failed, name, said[told.FailedBuild] + said[name]}, true
		case "pass", "skip":
			if told.Test == "" {
				break
			}
			if told.Action == "pass" {
				delete(said, name)
				return event{passed, name, ""}, true
			}
			return event{skipped, name, reason(said[name])}, true
		}
		return event{}, false
	}
}

// noise is what go test says around a test's own words.
var noise = regexp.MustCompile(`(?m)^\s*(=== .*|--- SKIP.*|[\w-]+\.go:\d+: )`)

func reason(said string) string {
	return strings.Join(strings.Fields(noise.ReplaceAllString(said, "")), " ")
}
