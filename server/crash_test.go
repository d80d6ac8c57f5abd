package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"temoin.example/temoin/server/ledger"
	"temoin.example/temoin/server/receipt"
	"temoin.example/temoin/server/site"
	"temoin.example/temoin/server/tools/pgtest"
)

// childMode makes the test's own program a server, which a test may kill. Its clock is as
// far ahead as a file says.
const (
	childMode  = "TEMOIN_TEST_SERVER"
	childClock = "TEMOIN_TEST_CLOCK"
)

func TestMain(m *testing.M) {
	if os.Getenv(childMode) == "" {
		os.Exit(m.Run())
	}
	s, err := New(Config{
		Catalogue: "demo/rich.yaml",
		Store:     ledger.StoreConfig{Data: os.Getenv("TEMOIN_DATA"), Database: os.Getenv("TEMOIN_DATABASE"), Key: os.Getenv("TEMOIN_KEY")},
		Log:       slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Now:       func() time.Time { return time.Now().Add(aheadIn(os.Getenv(childClock))) },
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	front, err := Listen(s, FrontConfig{Addr: "127.0.0.1:0"})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(front.URL())
	front.Run(context.Background())
}

// aheadIn returns how far ahead a clock is, which a file says; without one it is right.
func aheadIn(file string) time.Duration {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	ahead, err := time.ParseDuration(string(text))
	if err != nil {
		panic(err)
	}
	return ahead
}

// child is a server in a process of its own, which comes back after each kill.
type child struct {
	t       *testing.T
	config  ledger.StoreConfig
	process *exec.Cmd
	url     atomic.Value // string
	shell   string       // what a shell runs before it becomes the server
	clock   string       // the file that says how far its clock is ahead, "" for none
}

func newChild(t *testing.T, config ledger.StoreConfig) *child {
	c := &child{t: t, config: config}
	c.start()
	t.Cleanup(c.kill)
	return c
}

func (c *child) start() {
	c.t.Helper()
	c.process = exec.Command("sh", "-c", c.shell+` exec "$0"`, os.Args[0])
	c.process.Env = append(os.Environ(), childMode+"=1", childClock+"="+c.clock,
		"TEMOIN_DATA="+c.config.Data, "TEMOIN_DATABASE="+c.config.Database, "TEMOIN_KEY="+c.config.Key)
	var log bytes.Buffer
	c.process.Stderr = &log
	out, err := c.process.StdoutPipe()
	if err == nil {
		err = c.process.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.process.Wait()
		c.t.Fatalf("the server did not start: %v\n%s", err, log.String())
	}
	c.url.Store(strings.TrimSpace(line))
}

func (c *child) kill() {
	c.process.Process.Kill()
	c.process.Wait()
}

// visitor reports choices as pages do: what is not acknowledged stays in the
// queue and is sent again, the oldest first.
type visitor struct {
	server *child
	client *http.Client
	make   func() report
	queue  []report
	acked  []string // ids that were answered 201 or 200
	kept   func()   // if there is one, is called after each
}

// send sends the oldest of the queue, or a new choice where it is empty.
func (v *visitor) send(ctx context.Context) {
	if len(v.queue) == 0 {
		v.queue = append(v.queue, v.make())
	}
	r, err := http.NewRequestWithContext(ctx, "POST", v.server.url.Load().(string)+"/api/consents", bytes.NewReader(v.queue[0].json()))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := v.client.Do(r)
	if err != nil {
		time.Sleep(5 * time.Millisecond) // the server is away
		return
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusCreated, http.StatusOK:
		v.acked = append(v.acked, v.queue[0].id())
		v.queue = v.queue[1:]
		if v.kept != nil {
			v.kept()
		}
	case http.StatusServiceUnavailable:
		time.Sleep(5 * time.Millisecond)
	default:
		panic(answer.Status)
	}
}

const visitors = 8

// newVisitors returns n visitors, each of one of the servers in turn.
func newVisitors(t *testing.T, servers []*child, n int) (all []*visitor) {
	t.Helper()
	b, err := site.New(mustReadDemo(t), site.Options{Dist: fakeDist(), Receipts: true})
	if err != nil {
		t.Fatal(err)
	}
	s := bare(Config{})
	s.site.Store(b)
	for i := range n {
		all = append(all, &visitor{server: servers[i%len(servers)], client: &http.Client{Timeout: 10 * time.Second}, make: s.accepted})
	}
	return all
}

// crashes has visitors report choices while kill is called times over, then
// lets them deliver what is left, and returns all that they made.
func crashes(t *testing.T, servers []*child, times int, kill func(round int)) (all []*visitor) {
	t.Helper()
	all = newVisitors(t, servers, visitors)
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for _, v := range all {
		group.Go(func() {
			for ctx.Err() == nil {
				v.send(t.Context())
			}
		})
	}
	for round := range times {
		time.Sleep(time.Duration(50+rand.IntN(150)) * time.Millisecond)
		kill(round)
	}
	cancel()
	group.Wait()
	deliver(t, all)
	return all
}

// deliver has visitors send what is left in their queues.
func deliver(t *testing.T, all []*visitor) {
	t.Helper()
	for _, v := range all {
		for deadline := time.Now().Add(30 * time.Second); len(v.queue) > 0; v.send(t.Context()) {
			if time.Now().After(deadline) {
				t.Fatalf("%d choices were never delivered", len(v.queue))
			}
		}
	}
}

// wholeLog checks that every choice that was acknowledged is in the log, once,
// and that the log is whole.
func wholeLog(t *testing.T, config ledger.StoreConfig, all []*visitor) {
	t.Helper()
	s, err := ledger.OpenStore(t.Context(), config, "", quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	count := 0
	for _, v := range all {
		for _, id := range v.acked {
			count++
			file, err := s.Find(t.Context(), id)
			if err != nil {
				t.Fatalf("a receipt that was acknowledged is not there: %v", err)
			}
			if count%50 == 0 { // each takes a proof; the log is verified whole below
				if err := file.Verify(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	v, err := s.Verify(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Faults) > 0 || v.Receipts != int64(count) {
		t.Errorf("got %d receipts and the faults %v, want %d and none", v.Receipts, v.Faults, count)
	}
	t.Logf("%d receipts acknowledged, all there", count)
}

// TestCrash_SQLite kills the server 20 times under load.
func TestCrash_SQLite(t *testing.T) {
	config := ledger.StoreConfig{Data: t.TempDir()}
	server := newChild(t, config)
	all := crashes(t, []*child{server}, 20, func(int) {
		server.kill()
		server.start()
	})
	server.kill()
	wholeLog(t, config, all)
}

// TestCrash_PostgreSQL kills two servers on one database in turn.
func TestCrash_PostgreSQL(t *testing.T) {
	cluster := pgtest.Start(t)
	servers, config := pair(t, cluster)
	all := crashes(t, servers, 20, func(round int) {
		servers[round%2].kill()
		servers[round%2].start()
	})
	wholeLog(t, config, all)
}

// TestCrash_Database kills the database itself beneath two servers.
func TestCrash_Database(t *testing.T) {
	cluster := pgtest.Start(t)
	servers, config := pair(t, cluster)
	all := crashes(t, servers, 3, func(int) {
		cluster.Kill()
		time.Sleep(100 * time.Millisecond)
		if err := cluster.Restart(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(500 * time.Millisecond)
	})
	wholeLog(t, config, all)
}

// pair returns two servers on one database, which share a key.
func pair(t *testing.T, cluster *pgtest.Cluster) ([]*child, ledger.StoreConfig) {
	t.Helper()
	return pairOn(t, cluster.Database(t))
}

func pairOn(t *testing.T, database string) ([]*child, ledger.StoreConfig) {
	t.Helper()
	config := ledger.StoreConfig{Data: t.TempDir(), Database: database}
	config.Key = config.Data + "/key"
	if _, err := receipt.LoadKey(config.Key, "data.rivemont.example"); err != nil {
		t.Fatal(err)
	}
	other := config
	other.Data = t.TempDir()
	return []*child{newChild(t, config), newChild(t, other)}, config
}
