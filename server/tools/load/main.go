// Command load measures how many receipts a server keeps, or how it bears a
// crowd: it starts the built program on the loopback, asks it for a bounded
// time, and prints rates and latencies. ./build.sh bench runs it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"temoin.example/temoin/app/consent"
	"temoin.example/temoin/server/tools/pgtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		stop()
		os.Exit(1)
	}
}

// options are how a load is made.
type options struct {
	program   string
	catalogue string
	postgres  bool
	duration  time.Duration
	workers   uint64
	crowd     uint64
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.StringVar(&o.program, "program", "bin/temoin", "the `file` of the built server")
	flags.StringVar(&o.catalogue, "catalogue", "server/demo/rich.yaml", "the `file` of the catalogue that it serves")
	flags.BoolVar(&o.postgres, "postgres", false, "on a PostgreSQL that is started for it, instead of SQLite")
	flags.DurationVar(&o.duration, "duration", 30*time.Second, "how long each load lasts")
	flags.Uint64Var(&o.workers, "workers", 128, "how many clients report at once in the first")
	flags.Uint64Var(&o.crowd, "crowd", 0, "instead, so many clients ask for temoin.js at once, each on a connection of its own")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "temoin-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	database := ""
	if o.postgres {
		cluster, err := pgtest.New()
		if err != nil {
			return err
		}
		defer cluster.Stop()
		database = cluster.URL()
	}
	s, err := start(ctx, o, dir, database)
	if err != nil {
		return err
	}
	defer s.stop()
	if o.crowd > 0 {
		return measureCrowd(o, s)
	}
	return measureReceipts(o, s)
}

// measureCrowd prints how long each of a crowd waits for temoin.js.
func measureCrowd(o options, s *server) error {
	target := vegeta.NewStaticTargeter(vegeta.Target{Method: "GET", URL: s.url + "/temoin.js", Header: http.Header{"Accept-Encoding": {"br"}}})
	m := attack(target, vegeta.Rate{}, o.duration, o.crowd)
	s.print(fmt.Sprintf("%d connections", o.crowd), "loaders", m)
	if m.Success < 1 {
		return fmt.Errorf("not every client had temoin.js: %v, %v", m.StatusCodes, m.Errors)
	}
	return nil
}

// measureReceipts prints what the server keeps as fast as it can, and at half of that.
func measureReceipts(o options, s *server) error {
	target, err := s.targeter()
	if err != nil {
		return err
	}
	attack(target, vegeta.Rate{Freq: 200, Per: time.Second}, 3*time.Second, o.workers) // warms up
	full := attack(target, vegeta.Rate{}, o.duration, o.workers)
	s.print("as fast as it goes", "receipts", full)
	half := attack(target, vegeta.Rate{Freq: int(full.Throughput / 2), Per: time.Second}, o.duration, 4*o.workers)
	s.print("at half of that", "receipts", half)
	if full.Success < 1 || half.Success < 1 {
		return fmt.Errorf("not every receipt was kept: %v, %v", full.StatusCodes, half.StatusCodes)
	}
	return nil
}

func attack(target vegeta.Targeter, rate vegeta.Rate, duration time.Duration, workers uint64) vegeta.Metrics {
	attacker := vegeta.NewAttacker(vegeta.Workers(workers), vegeta.MaxWorkers(workers), vegeta.KeepAlive(true),
		vegeta.Connections(int(workers)), vegeta.Timeout(10*time.Second))
	var m vegeta.Metrics
	for result := range attacker.Attack(target, rate, duration, "receipts") {
		m.Add(result)
	}
	m.Close()
	return m
}

// server is the program under load.
type server struct {
	process      *exec.Cmd
	url, metrics string
}

// start starts the program, which is killed when ctx is done.
func start(ctx context.Context, o options, dir, database string) (*server, error) {
	process := exec.CommandContext(ctx, o.program, "serve", "-addr", "127.0.0.1:0", "-catalogue", o.catalogue,
		"-data", dir, "-database", database, "-rate", "0", "-log", "warn", "-metrics-addr", "127.0.0.1:0")
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", o.program, err)
	}
	s := &server{process: process}
	lines := bufio.NewScanner(out)
	for s.metrics == "" && lines.Scan() { // the line of the metrics is the second
		switch words := strings.Fields(lines.Text()); {
		case s.url == "":
			s.url = words[len(words)-1]
		default:
			s.metrics = words[len(words)-1]
		}
	}
	if s.metrics == "" {
		return nil, fmt.Errorf("start %s: it does not say where it answers: %w", o.program, lines.Err())
	}
	return s, nil
}

func (s *server) stop() {
	s.process.Process.Signal(syscall.SIGTERM)
	s.process.Wait()
}

// print prints one load: how much of what was answered, how late, and in how much memory.
func (s *server) print(name, what string, m vegeta.Metrics) {
	memory, err := s.memory()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load: memory:", err)
	}
	fmt.Printf("%-20s %6.0f %s/s  p50 %6.1f ms  p99 %6.1f ms  max %6.1f ms  %4d MB  answers %v\n", name, m.Throughput, what,
		milliseconds(m.Latencies.P50), milliseconds(m.Latencies.P99), milliseconds(m.Latencies.Max), memory>>20, m.StatusCodes)
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

var residentMemory = regexp.MustCompile(`(?m)^process_resident_memory_bytes (\S+)$`)

// memory returns what the server holds of it, in bytes.
func (s *server) memory() (int64, error) {
	text, err := get(s.metrics)
	if err != nil {
		return 0, err
	}
	found := residentMemory.FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("no memory in /metrics")
	}
	bytes, err := strconv.ParseFloat(string(found[1]), 64)
	return int64(bytes), err
}

func (s *server) get(path string) ([]byte, error) { return get(s.url + path) }

func get(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}

var shownText = regexp.MustCompile(`\{"url":"[^"]*","text":"([0-9a-f]{16})"\}`)

// targeter returns what makes a new choice for each request.
func (s *server) targeter() (vegeta.Targeter, error) {
	loader, err := s.get("/temoin.js")
	if err != nil {
		return nil, err
	}
	text := shownText.FindSubmatch(loader)
	if text == nil {
		return nil, fmt.Errorf("the server keeps no receipts")
	}
	var catalogue struct{ Rev string }
	data, err := s.get("/temoin/catalogue.json")
	if err == nil {
		err = json.Unmarshal(data, &catalogue)
	}
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	return func(target *vegeta.Target) error {
		target.Method, target.URL, target.Header = http.MethodPost, s.url+"/api/consents", header
		target.Body = fmt.Appendf(nil, `{"record":{"v":1,"id":%q,"rev":%q,"at":%d,"choices":`+
			`{"necessary":true,"statistics":false,"third-party":false}},"how":"banner-refuse","gpc":false,"lang":"fr","text":%q}`,
			consent.NewID(), catalogue.Rev, time.Now().Unix(), text[1])
		return nil
	}, nil
}
