package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// summary is what all jobs came to, in the order in which they ended.
type summary []result

func (r result) print(out io.Writer) {
	fmt.Fprintf(out, "%s %s: %d passed, %d failed in %s\n", r.job.suite, r.job.name, r.passed, len(r.failed), r.took)
	r.printFailed(out)
}

func (r result) printFailed(out io.Writer) {
	for _, f := range r.failed {
		fmt.Fprintf(out, "    failed: %s %s: %s\n", r.job.suite, r.job.name, f.name)
		for line := range strings.Lines(strings.TrimSpace(f.said)) {
			fmt.Fprintf(out, "        %s\n", strings.TrimRight(line, "\n"))
		}
	}
}

// print says for each suite what it came to, what was skipped for what reason,
// and once more all that failed.
func (s summary) print(out io.Writer) {
	suites := map[string]summary{}
	for _, r := range s {
		suites[r.job.suite] = append(suites[r.job.suite], r)
	}
	fmt.Fprintln(out, "== all")
	for _, name := range slices.Sorted(maps.Keys(suites)) {
		fmt.Fprintf(out, "%s: %s\n", name, suites[name].total())
		reasons := map[string]int{}
		for _, r := range suites[name] {
			for reason, count := range r.skipped {
				reasons[reason] += count
			}
		}
		for _, reason := range slices.Sorted(maps.Keys(reasons)) {
			fmt.Fprintf(out, "    skipped: %d × %s\n", reasons[reason], reason)
		}
	}
	for _, r := range s {
		r.printFailed(out)
	}
}

func (s summary) counts() (passed, failed, skipped int) {
	for _, r := range s {
		passed += r.passed
		failed += len(r.failed)
		for _, count := range r.skipped {
			skipped += count
		}
	}
	return passed, failed, skipped
}

func (s summary) total() string {
	passed, failed, skipped := s.counts()
	return fmt.Sprintf("%d passed, %d failed, %d skipped", passed, failed, skipped)
}

// fault is nil if tests were run and none failed.
func (s summary) fault() error {
	passed, failed, _ := s.counts()
	switch {
	case failed > 0:
		return fmt.Errorf("%d failed", failed)
	case passed == 0:
		return errors.New("no test was run")
	}
	return nil
}
