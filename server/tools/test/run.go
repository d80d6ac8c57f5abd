package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// result is what one job came to.
type result struct {
	job    job
	passed int
	failed []failure
	// skipped counts, by the reason.
	skipped map[string]int
	took    time.Duration
}

// failure is a test that failed, and the last of what it said.
type failure struct{ name, said string }

// runAll runs the jobs, so many at once, in their order, and prints how each ends.
func runAll(ctx context.Context, jobs []job, atOnce int, out io.Writer) summary {
	var (
		s       summary
		mutex   sync.Mutex
		waiting = make(chan job)
		workers sync.WaitGroup
	)
	for range atOnce {
		workers.Go(func() {
			for j := range waiting {
				r := j.run(ctx)
				mutex.Lock()
				s = append(s, r)
				fmt.Fprintf(out, "[%d/%d] ", len(s), len(jobs))
				r.print(out)
				mutex.Unlock()
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() == nil {
			waiting <- j
		}
	}
	close(waiting)
	workers.Wait()
	return s
}

// run runs the process to its end, and reads what it tells on file descriptor 3
// if that is where it was told to, else on its standard output.
func (j job) run(ctx context.Context) result {
	begun := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, j.patience, fmt.Errorf("not at its end after %s", j.patience))
	defer cancel()
	r := result{job: j, skipped: map[string]int{}}
	said := &tail{}
	if err := j.tell(ctx, said, r.count); err != nil && len(r.failed) == 0 {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		r.failed = append(r.failed, failure{fmt.Sprint(j.name, " as a whole: ", err), said.String()})
	}
	if r.passed+len(r.failed)+len(r.skipped) == 0 {
		r.failed = append(r.failed, failure{j.name + " as a whole: it holds no test", said.String()})
	}
	r.took = since(begun)
	return r
}

// tell starts the process and hands on what it tells of its tests.
func (j job) tell(ctx context.Context, said io.Writer, count func(event)) error {
	reading, writing, err := os.Pipe()
	if err != nil {
		return err
	}
	defer reading.Close()
	command := exec.CommandContext(ctx, j.args[0], j.args[1:]...)
	command.Env = append(os.Environ(), j.env...)
	command.Stdout, command.Stderr = said, said
	if j.suite == "go" || j.suite == "wasm" {
		command.Stdout = writing
	} else {
		command.ExtraFiles = []*os.File{writing}
	}
	// Whoever is told to stop takes the servers and browsers along that it started.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 20 * time.Second
	err = command.Start()
	writing.Close()
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewReader(reading)
		for {
			line, err := lines.ReadBytes('\n')
			if e, ok := j.read(line); ok {
				count(e)
			}
			if err != nil {
				return
			}
		}
	}()
	err = command.Wait()
	// A process that was left behind may hold the other end open.
	select {
	case <-done:
	case <-time.After(command.WaitDelay):
		reading.Close()
		<-done
	}
	return err
}

func (r *result) count(e event) {
	switch e.outcome {
	case passed:
		r.passed++
	case failed:
		r.failed = append(r.failed, failure{e.name, e.said})
	case skipped:
		r.skipped[e.said]++
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mutex sync.Mutex
	kept  []byte
}

const kept = 4000 // bytes

func (t *tail) Write(data []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, data...)
	if len(t.kept) > kept {
		t.kept = t.kept[len(t.kept)-kept:]
	}
	return len(data), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.kept)
}
